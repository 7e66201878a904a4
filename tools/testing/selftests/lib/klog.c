// SPDX-License-Identifier: GPL-2.0-only
/* Messages in the kernel log. */
#include "klog.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "sys.h"

/* Open the log behind its last message. */
int klog_open(void)
{
	int log = sys_open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	ASSERT(lseek(log, 0, SEEK_END) >= 0);
	return log;
}

/* Read the log up to a message that contains @words; false if there is none. */
bool klog_has(int log, const char *words)
{
	char line[1024];
	ssize_t len;

	while ((len = read(log, line, sizeof(line) - 1)) > 0) {
		line[len] = 0;
		if (strstr(line, words))
			return true;
	}
	ASSERT(len < 0 && errno == EAGAIN);
	return false;
}
