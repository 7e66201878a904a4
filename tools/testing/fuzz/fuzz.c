// SPDX-License-Identifier: GPL-2.0-only
/* The entry point of the fuzzers, their input, and their allocator. */
#include "fuzz.h"

/* Larger allocations fail, as they do in the kernel. */
#define LARGEST_ALLOC (64UL << 20)

static size_t nr_allocs;
static unsigned int allocs_until_failure;
static bool alloc_has_failed;

void *unit_alloc(size_t nr, size_t size, gfp_t flags, bool zero)
{
	void *ptr;

	if (!(flags & __GFP_NOFAIL)) {
		if ((allocs_until_failure && !--allocs_until_failure) ||
		    nr > LARGEST_ALLOC / size) {
			alloc_has_failed = true;
			return NULL;
		}
	}
	ptr = calloc(nr, size);
	CHECK(ptr);
	if (!zero)
		memset(ptr, 0xa5, nr * size);
	nr_allocs++;
	return ptr;
}

void unit_free(const void *ptr)
{
	if (ptr)
		nr_allocs--;
	free((void *)ptr);
}

void unit_warn(const char *what, const char *file, int line)
{
	fuzz_die(what, file, line);
}

void fuzz_fail_nth_alloc(unsigned int nth)
{
	allocs_until_failure = nth;
	alloc_has_failed = false;
}

bool fuzz_alloc_has_failed(void)
{
	bool failed = alloc_has_failed;

	fuzz_fail_nth_alloc(0);
	return failed;
}

size_t fuzz_nr_allocs(void)
{
	return nr_allocs;
}

unsigned int fuzz_byte(struct fuzz_input *in)
{
	return fuzz_more(in) ? *in->at++ : 0;
}

unsigned int fuzz_below(struct fuzz_input *in, unsigned int limit)
{
	unsigned int value = fuzz_byte(in);

	if (limit > 256)
		value |= fuzz_byte(in) << 8;
	return value % limit;
}

unsigned long fuzz_number(struct fuzz_input *in)
{
	unsigned int how = fuzz_byte(in), i;
	unsigned long value = 0;

	switch (how % 4) {
	case 0:
		return fuzz_byte(in);
	case 1:
		return -1UL - fuzz_byte(in);
	case 2:
		/* Close to a power of two or a multiple of one */
		i = fuzz_byte(in);
		return ((how >> 2 | 1UL) << i % 64) + i / 64 - 1;
	default:
		for (i = 0; i < 8; i++)
			value = value << 8 | fuzz_byte(in);
		return value;
	}
}

void fuzz_die(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct fuzz_input in = { data, data + size };

	fuzz_fail_nth_alloc(0);
	fuzz_one(&in);
	if (fuzz_nr_allocs())
		fuzz_die("memory leaked", __FILE__, __LINE__);
	return 0;
}
