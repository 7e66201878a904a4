/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small test harness.
 *
 * Each test runs in a child of its own, so that a failure, a crash or a hang
 * of one cannot leave descriptors, mappings or locks behind for the next. A
 * test fails at its first false assertion. Results go to stdout as TAP; the
 * program exits 0 where all passed, 1 where one failed, 4 where all were
 * skipped. "PROGRAM -l" lists the tests, "PROGRAM PATTERN..." runs those whose
 * name contains one of the patterns.
 */
#ifndef SELFTESTS_LIB_HARNESS_H
#define SELFTESTS_LIB_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "backend.h"

/* What a test's process tells its parent by its exit status. */
enum { RESULT_PASS = 0, RESULT_FAIL = 1, RESULT_SKIP = 4 };

/** struct test - one test function, with the backends it is run over */
struct test {
	/** @name: what is printed */
	const char *name;
	/** @fn: the test; returns where it passed */
	void (*fn)(enum backend backend);
	/** @backends: mask of enum backend, one run for each bit */
	unsigned int backends;
	/** @next: the test declared after this one */
	struct test *next;
};

void test_register(struct test *test);

#define TEST_DEFINE_(id, mask)                                       \
	static void id(enum backend backend);                        \
	__attribute__((constructor)) static void id##_register(void) \
	{                                                            \
		static struct test test = {                          \
			.name = #id,                                 \
			.fn = id,                                    \
			.backends = mask,                            \
		};                                                   \
		test_register(&test);                                \
	}                                                            \
	static void id(enum backend backend __attribute__((unused)))

/* A test that does without a backend. */
#define TEST(id) TEST_DEFINE_(id, BACKEND_NONE)
/* A test that is run once over each backend in @mask. */
#define TEST_OVER(id, mask) TEST_DEFINE_(id, mask)

__attribute__((noreturn, format(printf, 3, 4))) void
test_fail(const char *file, int line, const char *fmt, ...);
__attribute__((noreturn, format(printf, 1, 2))) void test_skip(const char *fmt,
							       ...);
__attribute__((format(printf, 1, 2))) void test_note(const char *fmt, ...);

void test_skip_to(int fd);

void test_rc_(const char *file, int line, const char *what, long long got,
	      long long want);
void test_eq_(const char *file, int line, const char *what,
	      unsigned long long got, unsigned long long want);

/* The process ends as failed, or as skipped with a reason. */
#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)
#define SKIP(...) test_skip(__VA_ARGS__)

#define ASSERT(cond)                                                         \
	do {                                                                 \
		if (!(cond))                                                 \
			test_fail(__FILE__, __LINE__, "%s is false", #cond); \
	} while (0)

/* @call gives 0 or more, or -errno; it must give exactly @want. */
#define ASSERT_RC(call, want) test_rc_(__FILE__, __LINE__, #call, call, want)
/* @call must succeed, whatever it returns. */
#define ASSERT_OK(call)                                                 \
	({                                                              \
		long long ok_rc_ = (call);                              \
		if (ok_rc_ < 0)                                         \
			test_rc_(__FILE__, __LINE__, #call, ok_rc_, 0); \
		ok_rc_;                                                 \
	})
#define ASSERT_EQ(got, want) test_eq_(__FILE__, __LINE__, #got, got, want)

pid_t child_start(void (*fn)(void *arg), void *arg);
void child_expect(pid_t pid, int status);
void child_kill(pid_t pid);
void child_wait_exit(pid_t pid);

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
