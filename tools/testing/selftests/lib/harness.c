// SPDX-License-Identifier: GPL-2.0-only
/* Results of tests, assertions and child processes. */
#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int skip_fd = STDOUT_FILENO;

/* Write the reason for a later skip to @fd. */
void test_skip_to(int fd)
{
	skip_fd = fd;
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	dprintf(STDOUT_FILENO, "# %s:%d: ", file, line);
	va_start(args, fmt);
	vdprintf(STDOUT_FILENO, fmt, args);
	va_end(args);
	dprintf(STDOUT_FILENO, "\n");
	_exit(RESULT_FAIL);
}

void test_skip(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vdprintf(skip_fd, fmt, args);
	va_end(args);
	if (skip_fd == STDOUT_FILENO)
		dprintf(STDOUT_FILENO, "\n");
	fflush(stdout);
	_exit(RESULT_SKIP);
}

void test_note(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	dprintf(STDOUT_FILENO, "# ");
	va_start(args, fmt);
	vdprintf(STDOUT_FILENO, fmt, args);
	va_end(args);
	dprintf(STDOUT_FILENO, "\n");
}

static const char *rc_name(long long ret)
{
	const char *name = ret < 0 ? strerrorname_np((int)-ret) : NULL;

	return name ? name : "success";
}

void test_rc_(const char *file, int line, const char *what, long long got,
	      long long want)
{
	if (got != want)
		test_fail(file, line, "%s gives %lld (%s), want %lld (%s)",
			  what, got, rc_name(got), want, rc_name(want));
}

void test_eq_(const char *file, int line, const char *what,
	      unsigned long long got, unsigned long long want)
{
	if (got != want)
		test_fail(file, line, "%s is %#llx, want %#llx", what, got,
			  want);
}

/* Run @fn in a child that dies with this process. */
pid_t child_start(void (*fn)(void *arg), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		FAIL("fork: %s", strerror(errno));
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fn(arg);
	fflush(stdout);
	_exit(RESULT_PASS);
}

static int child_reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			FAIL("waitpid: %s", strerror(errno));
	}
	return status;
}

/* Wait for the child, which must exit with this status. */
void child_expect(pid_t pid, int want)
{
	int status = child_reap(pid);

	if (WIFSIGNALED(status))
		FAIL("child died of signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) == RESULT_SKIP && want != RESULT_SKIP)
		_exit(RESULT_SKIP);
	if (WEXITSTATUS(status) != want)
		FAIL("child exited with %d, want %d", WEXITSTATUS(status),
		     want);
}

/* Kill the child and wait for its end. */
void child_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	child_reap(pid);
}

/* Wait for the child, which may end in any way. */
void child_wait_exit(pid_t pid)
{
	child_reap(pid);
}
