/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test program is a list of functions and one call of unit_main(). Each test
 * ends in one line, "ok - NAME" or "not ok - NAME", the program in
 * "N passed, N failed". What was allocated in a test and not freed, and
 * a WARN that the test did not ask for, make it fail.
 *
 * Random numbers come from the seed in the environment variable SEED or from
 * the clock; the seed is printed, each test begins with it anew. ROUNDS
 * multiplies the length of the random tests.
 */
#ifndef UNIT_H
#define UNIT_H

#include <stdio.h>

struct unit_test {
	const char *name;
	void (*run)(void);
};

int unit_main(const char *name, const struct unit_test *tests, size_t nr);

/* Prints, and fails the running test, which goes on */
void unit_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* True once the running test has failed: long loops end */
bool unit_failed(void);

#define EXPECT(condition)                                                \
	do {                                                             \
		if (!(condition))                                        \
			unit_fail(__FILE__, __LINE__, "%s", #condition); \
	} while (0)

#define EXPECT_EQ(expected, value)                                          \
	do {                                                                \
		unsigned long _e = (unsigned long)(expected);               \
		unsigned long _v = (unsigned long)(value);                  \
		if (_e != _v)                                               \
			unit_fail(__FILE__, __LINE__,                       \
				  "%s is %#lx (%ld), should be %#lx (%ld)", \
				  #value, _v, (long)_v, _e, (long)_e);      \
	} while (0)

/* Random numbers: any, below @limit, between @low and @high inclusive */
unsigned long unit_random(void);
unsigned long unit_below(unsigned long limit);
unsigned long unit_between(unsigned long low, unsigned long high);
unsigned long unit_rounds(unsigned long normal);

/* Allocation number @nth from now on fails, 1 being the next; 0 is never */
void unit_fail_nth_alloc(unsigned long nth);
/* True where that has happened; disarms */
bool unit_alloc_has_failed(void);
size_t unit_allocated_bytes(void);
/* Every allocation sleeps, so that threads overtake each other in it */
void unit_slow_allocs(bool slow);

/* The running test provokes this many more WARNs */
void unit_expect_warnings(unsigned int nr);

#endif /* UNIT_H */
