// SPDX-License-Identifier: GPL-2.0-only
/*
 * The runner of the unit tests, and the allocator that they inject errors in.
 */
#include <malloc.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

/* Far above the run time of any test */
#define TEST_TIMEOUT_SECONDS 300

static atomic_size_t allocated_bytes;
static unsigned long allocs_until_failure;
static bool alloc_has_failed;
static bool allocs_are_slow;
static unsigned int warnings_expected;
static unsigned int failures;
static u64 random_state;

void *unit_alloc(size_t nr, size_t size, gfp_t flags, bool zero)
{
	void *ptr;

	if (!(flags & __GFP_NOFAIL) && allocs_until_failure &&
	    !--allocs_until_failure) {
		alloc_has_failed = true;
		return NULL;
	}
	if (allocs_are_slow)
		usleep(200);
	ptr = calloc(nr, size);
	if (ptr && !zero)
		memset(ptr, 0xa5, nr * size);
	atomic_fetch_add(&allocated_bytes, malloc_usable_size(ptr));
	return ptr;
}

void unit_free(const void *ptr)
{
	atomic_fetch_sub(&allocated_bytes, malloc_usable_size((void *)ptr));
	free((void *)ptr);
}

void unit_warn(const char *what, const char *file, int line)
{
	if (warnings_expected)
		warnings_expected--;
	else
		unit_fail(file, line, "WARN: %s", what);
}

void unit_expect_warnings(unsigned int nr)
{
	warnings_expected += nr;
}

void unit_fail_nth_alloc(unsigned long nth)
{
	allocs_until_failure = nth;
	alloc_has_failed = false;
}

bool unit_alloc_has_failed(void)
{
	bool failed = alloc_has_failed;

	unit_fail_nth_alloc(0);
	return failed;
}

void unit_slow_allocs(bool slow)
{
	allocs_are_slow = slow;
}

size_t unit_allocated_bytes(void)
{
	return atomic_load(&allocated_bytes);
}

/* splitmix64, which works with any seed */
unsigned long unit_random(void)
{
	u64 z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

unsigned long unit_below(unsigned long limit)
{
	return unit_random() % limit;
}

unsigned long unit_between(unsigned long low, unsigned long high)
{
	return low + unit_below(high - low + 1);
}

unsigned long unit_rounds(unsigned long normal)
{
	const char *rounds = getenv("ROUNDS");

	return rounds ? normal * strtoul(rounds, NULL, 0) : normal;
}

void unit_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	if (failures++ >= 10)
		return;
	printf("# %s:%d: ", file, line);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
}

bool unit_failed(void)
{
	return failures;
}

static bool unit_run(const struct unit_test *test, u64 seed)
{
	size_t before = unit_allocated_bytes();

	failures = 0;
	random_state = seed;
	alarm(TEST_TIMEOUT_SECONDS);
	test->run();
	if (warnings_expected)
		unit_fail(test->name, 0,
			  "a WARN was expected and did not come");
	warnings_expected = 0;
	unit_fail_nth_alloc(0);
	if (!unit_failed() && unit_allocated_bytes() != before)
		unit_fail(test->name, 0, "%zd bytes leaked",
			  (ssize_t)(unit_allocated_bytes() - before));
	printf("%s - %s\n", unit_failed() ? "not ok" : "ok", test->name);
	return !unit_failed();
}

int unit_main(const char *name, const struct unit_test *tests, size_t nr)
{
	const char *given = getenv("SEED");
	u64 seed = given ? strtoull(given, NULL, 0) : (u64)time(NULL);
	size_t i, passed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# %s, SEED=%llu\n", name, (unsigned long long)seed);
	for (i = 0; i < nr; i++)
		passed += unit_run(&tests[i], seed);
	printf("%zu passed, %zu failed\n", passed, nr - passed);
	return passed != nr;
}
