// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel memory that the mappings of a container charge to the memory control
 * group of the process. The same tests run on the kernel's own VFIO.
 */
#include "container.h"
#include "dirty.h"
#include "harness.h"
#include "memcg.h"
#include "sys.h"

#define IOVA 0x100000000ULL
#define NR_MAPPINGS 60000
/* Bytes for each mapping: 8 in a page table, the rest is for what is cached. */
#define MAX_CHARGE 24

static void check_charge(int container)
{
	char *mem = sys_mmap_anon(PAGE);
	long long before, charge;
	unsigned int i;

	mem[0] = 1;
	memcg_enter();
	before = memcg_charged();
	for (i = 0; i < NR_MAPPINGS; i++)
		container_map(container, mem, IOVA + i * IOVA_PAGE, PAGE);
	charge = memcg_charged() - before;
	test_note("%lld bytes are charged for each mapping",
		  charge / NR_MAPPINGS);
	if (charge > (long long)MAX_CHARGE * NR_MAPPINGS)
		FAIL("%lld bytes are charged", charge);
}

/* Little is charged, because the number of mappings is limited. */
TEST_OVER(one_page_mappings, BACKENDS_LEGACY)
{
	check_charge(container_ready(backend));
}

TEST_OVER(one_page_mappings_with_log, BACKENDS_LEGACY)
{
	int container = container_ready(backend);

	log_start(container);
	check_charge(container);
}
