/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A test program is a list of functions and one call of unit_main(). Each test
 * prints "ok - NAME" or "not ok - NAME", and the program ends with
 * "N passed, N failed". A test also fails if it leaks memory or causes a WARN
 * that it did not announce.
 *
 * The environment variable SEED, or by default the clock, seeds the random
 * numbers. The seed is printed, and each test starts with it again. ROUNDS
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

/* Prints a message and marks the running test as failed; the test continues */
void unit_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* True once the running test has failed, so that long loops can end */
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

/* Random numbers: of any value, below @limit, from @low to @high inclusive */
unsigned long unit_random(void);
unsigned long unit_below(unsigned long limit);
unsigned long unit_between(unsigned long low, unsigned long high);
unsigned long unit_rounds(unsigned long normal);

/* Makes allocation @nth from now on fail, 1 for the next, 0 for none */
void unit_fail_nth_alloc(unsigned long nth);
/* Returns true if that happened, and disarms it */
bool unit_alloc_has_failed(void);
size_t unit_allocated_bytes(void);
/* Makes every allocation sleep, so that threads overtake each other in it */
void unit_slow_allocs(bool slow);

/* Announces that the running test will cause @nr more WARNs */
void unit_expect_warnings(unsigned int nr);

#endif /* UNIT_H */
