/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A fuzzer is a function fuzz_one() that takes the bytes of an input for
 * decisions until there are none left, and compares what the code under test
 * does with a model so naive that it can be seen to be right.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdio.h>

/* What is left of the input; behind its end all bytes are 0 */
struct fuzz_input {
	const unsigned char *at;
	const unsigned char *end;
};

/* The fuzzer: returns when the input is used up */
void fuzz_one(struct fuzz_input *in);

/* What libFuzzer calls */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static inline bool fuzz_more(const struct fuzz_input *in)
{
	return in->at < in->end;
}

unsigned int fuzz_byte(struct fuzz_input *in);
/* A number below @limit, which is 65536 at most */
unsigned int fuzz_below(struct fuzz_input *in, unsigned int limit);
/* Any number, often one where something changes: powers of two, both ends */
unsigned long fuzz_number(struct fuzz_input *in);

/* Allocation number @nth from now on fails, 1 being the next; 0 is never */
void fuzz_fail_nth_alloc(unsigned int nth);
/* True where that has happened; disarms */
bool fuzz_alloc_has_failed(void);
/* What is allocated and not freed */
size_t fuzz_nr_allocs(void);

void fuzz_die(const char *what, const char *file, int line)
	__attribute__((noreturn));

#define CHECK(condition)                                          \
	do {                                                      \
		if (!(condition))                                 \
			fuzz_die(#condition, __FILE__, __LINE__); \
	} while (0)

#endif /* FUZZ_H */
