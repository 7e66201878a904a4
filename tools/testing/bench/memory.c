// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory to map, allocated once so that all runs use the same page frames.
 */
#include <errno.h>
#include <linux/mman.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"
#include "sys.h"

/*
 * Coprime to the number of pages; adjacent pages are not allocated in
 * succession.
 */
#define SCATTER_STEP 4099

static void *small_pages(bool scattered)
{
	char *memory = sys_mmap_anon(bench_bulk_size);
	size_t nr = bench_bulk_size / PAGE;
	size_t step = scattered ? SCATTER_STEP : 1;
	size_t i;

	madvise(memory, bench_bulk_size, MADV_NOHUGEPAGE);
	for (i = 0; i < nr; i++)
		memory[i * step % nr * PAGE] = 1;
	return memory;
}

static void *large_pages(void)
{
	char *memory = sys_mmap_huge_aligned(bench_bulk_size);

	memset(memory, 1, bench_bulk_size);
	return memory;
}

static void *huge_pages(void)
{
	void *memory =
		mmap(NULL, bench_bulk_size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB,
		     -1, 0);

	if (memory == MAP_FAILED)
		FAIL("huge pages: %s", strerror(errno));
	memset(memory, 1, bench_bulk_size);
	return memory;
}

/* Return bench_bulk_size bytes of that kind, the same memory each time. */
void *bench_memory(enum memory kind)
{
	static void *memory[MEMORY_KINDS];

	if (memory[kind])
		return memory[kind];
	switch (kind) {
	case MEMORY_THP:
		memory[kind] = large_pages();
		break;
	case MEMORY_HUGETLB:
		memory[kind] = huge_pages();
		break;
	default:
		memory[kind] = small_pages(kind == MEMORY_SCATTERED);
	}
	return memory[kind];
}

/* Return FEW_PAGES small pages, the same memory each time. */
void *bench_few_pages(void)
{
	static char *memory;
	size_t i;

	if (memory)
		return memory;
	memory = sys_mmap_anon(FEW_PAGES * PAGE);
	madvise(memory, FEW_PAGES * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < FEW_PAGES; i++)
		memory[i * PAGE] = 1;
	return memory;
}

const char *bench_memory_name(enum memory kind)
{
	static const char *const names[MEMORY_KINDS] = {
		[MEMORY_4K] = "4k",
		[MEMORY_SCATTERED] = "scattered",
		[MEMORY_THP] = "thp",
		[MEMORY_HUGETLB] = "hugetlb",
	};

	return names[kind];
}
