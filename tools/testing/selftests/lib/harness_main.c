// SPDX-License-Identifier: GPL-2.0-only
/*
 * The main() of a test program. It is an object of its own in the library, so
 * that tools with their own main() can use the other objects.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

/* Time limit of a test, enough for an emulated CPU. */
enum { TEST_SECONDS_MAX = 300 };

static struct test *first_test;
static struct test **last_test = &first_test;

void test_register(struct test *test)
{
	*last_test = test;
	last_test = &test->next;
}

/*
 * Children of a test are killed when it ends, and this process inherits them.
 * Wait for them, so that they release their resources before the next test.
 */
static void reap_orphans(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static int run_one(const struct test *test, enum backend backend, char *reason,
		   size_t reason_size)
{
	ssize_t got;
	int status;
	int fds[2];
	pid_t pid;

	if (pipe(fds)) {
		perror("pipe");
		exit(RESULT_FAIL);
	}
	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(RESULT_FAIL);
	}
	if (!pid) {
		close(fds[0]);
		test_skip_to(fds[1]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(TEST_SECONDS_MAX);
		test->fn(backend);
		fflush(stdout);
		_exit(RESULT_PASS);
	}
	close(fds[1]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	reap_orphans();
	reason[0] = '\0';
	if (WIFEXITED(status) && WEXITSTATUS(status) == RESULT_SKIP) {
		got = read(fds[0], reason, reason_size - 1);
		reason[got > 0 ? got : 0] = '\0';
	}
	close(fds[0]);
	if (WIFSIGNALED(status)) {
		printf("# killed by signal %d%s\n", WTERMSIG(status),
		       WTERMSIG(status) == SIGALRM ? " (took too long)" : "");
		return RESULT_FAIL;
	}
	return WEXITSTATUS(status);
}

static bool is_selected(const char *name, int argc, char **argv)
{
	int i;

	if (argc < 2)
		return true;
	for (i = 1; i < argc; i++) {
		if (strstr(name, argv[i]))
			return true;
	}
	return false;
}

/** struct counts - how the tests of this program ended */
struct counts {
	/** @passed: number of tests that passed */
	unsigned int passed;
	/** @failed: number of tests that failed */
	unsigned int failed;
	/** @skipped: number of tests that could not be run here */
	unsigned int skipped;
};

static void run_and_count(const struct test *test, enum backend backend,
			  const char *name, struct counts *counts)
{
	unsigned int number =
		counts->passed + counts->failed + counts->skipped + 1;
	char reason[256];

	switch (run_one(test, backend, reason, sizeof(reason))) {
	case RESULT_PASS:
		printf("ok %u %s\n", number, name);
		counts->passed++;
		break;
	case RESULT_SKIP:
		printf("ok %u %s # SKIP %s\n", number, name, reason);
		counts->skipped++;
		break;
	default:
		printf("not ok %u %s\n", number, name);
		counts->failed++;
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	bool list = argc == 2 && !strcmp(argv[1], "-l");
	struct counts counts = {};
	const struct test *test;
	unsigned int bit;
	char name[128];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1)) {
		perror("PR_SET_CHILD_SUBREAPER");
		return RESULT_FAIL;
	}
	for (test = first_test; test; test = test->next) {
		for (bit = 0; bit < 3; bit++) {
			enum backend backend = test->backends & (1U << bit);

			if (test->backends ? !backend : bit)
				continue;
			snprintf(name, sizeof(name), "%s%s%s", test->name,
				 backend ? "." : "",
				 backend ? backend_name(backend) : "");
			if (list)
				puts(name);
			else if (is_selected(name, argc, argv))
				run_and_count(test, backend, name, &counts);
		}
	}
	if (list)
		return 0;
	printf("1..%u\n", counts.passed + counts.failed + counts.skipped);
	if (counts.failed)
		return RESULT_FAIL;
	return counts.passed || !counts.skipped ? RESULT_PASS : RESULT_SKIP;
}
