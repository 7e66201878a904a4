// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run the stress program for a few seconds; "stress --seconds N" runs longer.
 */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "mock.h"
#include "pci.h"

static void run_stress(void *arg)
{
	char *path = arg;

	execl(path, path, "--seconds", "5", NULL);
	_exit(127);
}

TEST(some_seconds)
{
	char self[PATH_MAX], path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	ASSERT(length > 0);
	self[length] = '\0';
	pci_need(TESTDEV_EDU0);
	pci_need(TESTDEV_EDU1);
	mock_load();
	ASSERT((size_t)snprintf(path, sizeof(path), "%s/stress",
				dirname(self)) < sizeof(path));
	child_expect(child_start(run_stress, path), RESULT_PASS);
}
