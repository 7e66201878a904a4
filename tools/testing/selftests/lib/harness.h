/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small test harness.
 *
 * Each test runs in a child of its own, so that a failure, a crash or a hang of
 * one test cannot leave descriptors, mappings or locks behind for the next one.
 * Processes that a test has started are waited for, too. A test ends at its
 * first failed assertion. A test may be declared for a set of backends, and is
 * run once over each of them. Results are written to stdout as TAP; the exit
 * status is 0 if no test failed, 1 if one failed, 4 if all were skipped.
 * "PROGRAM -l" lists the tests, "PROGRAM PATTERN..." runs those whose name
 * contains one of the patterns.
 *
 * This is not the kselftest_harness.h of the kernel source, because the tests
 * build without that source and no file of it is copied into this repository.
 * Besides, assertions here work in every function and thread of a test process,
 * so that the functions of this library check what they do themselves. They
 * compare 64 bits in programs of 32 bits, too.
 */
#ifndef SELFTESTS_LIB_HARNESS_H
#define SELFTESTS_LIB_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "backend.h"

/* Exit status of the process of a test. */
enum { RESULT_PASS = 0, RESULT_FAIL = 1, RESULT_SKIP = 4 };

/** struct test - a test function and the backends it is run over */
struct test {
	/** @name: name to print */
	const char *name;
	/** @fn: the test function; returns if the test passed */
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

/* A test without a backend. */
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

/* End the process as failed or as skipped, with a reason. */
#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)
#define SKIP(...) test_skip(__VA_ARGS__)

#define ASSERT(cond)                                                         \
	do {                                                                 \
		if (!(cond))                                                 \
			test_fail(__FILE__, __LINE__, "%s is false", #cond); \
	} while (0)

/* @call returns 0 or more, or -errno; it must return exactly @want. */
#define ASSERT_RC(call, want) test_rc_(__FILE__, __LINE__, #call, call, want)
/* @call must not return an error; any other value is passed on. */
#define ASSERT_OK(call)                                                  \
	({                                                               \
		long long ok_ret_ = (call);                              \
		if (ok_ret_ < 0)                                         \
			test_rc_(__FILE__, __LINE__, #call, ok_ret_, 0); \
		ok_ret_;                                                 \
	})
#define ASSERT_EQ(got, want) test_eq_(__FILE__, __LINE__, #got, got, want)

pid_t child_start(void (*fn)(void *arg), void *arg);
void child_expect(pid_t pid, int status);
void child_kill(pid_t pid);
void child_wait_exit(pid_t pid);

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
