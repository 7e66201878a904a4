/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer is a function fuzz_one(). It makes decisions by the bytes of an
 * input until none are left, and compares the code under test with a model that
 * is simple enough to be obviously correct.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>

/* The rest of the input; all bytes past its end are 0 */
struct fuzz_input {
	const unsigned char *at;
	const unsigned char *end;
};

/* The fuzzer; returns when the input is used up */
void fuzz_one(struct fuzz_input *in);

/* Called by libFuzzer */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static inline bool fuzz_more(const struct fuzz_input *in)
{
	return in->at < in->end;
}

unsigned int fuzz_byte(struct fuzz_input *in);
/* A number below @limit, which is at most 65536 */
unsigned int fuzz_below(struct fuzz_input *in, unsigned int limit);
/* Any number, often an edge case: close to a power of two or to either end */
unsigned long fuzz_number(struct fuzz_input *in);

/* Makes allocation @nth from now on fail, 1 for the next, 0 for none */
void fuzz_fail_nth_alloc(unsigned int nth);
/* Returns true if that happened, and disarms it */
bool fuzz_alloc_has_failed(void);
/* Number of allocations that were not freed */
size_t fuzz_nr_allocs(void);

void fuzz_die(const char *what, const char *file, int line)
	__attribute__((noreturn));

#define CHECK(condition)                                          \
	do {                                                      \
		if (!(condition))                                 \
			fuzz_die(#condition, __FILE__, __LINE__); \
	} while (0)

#endif /* FUZZ_H */
