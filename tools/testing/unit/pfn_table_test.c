// SPDX-License-Identifier: GPL-2.0-only
/* Tests of the PFN table: directed tests, random operations, threads. */
#include <pthread.h>

#include "pfn_model.h"
#include "pfn_table.h"
#include "unit.h"

static void bad_arguments(void)
{
	const unsigned long pfns[2] = { 7, 9 };
	struct pfn_table table;

	EXPECT_EQ(-EINVAL, pfn_table_init(&table, 0, 0));
	EXPECT_EQ(-EINVAL, pfn_table_init(&table, ULONG_MAX, 0));
	EXPECT_EQ(0, pfn_table_init(&table, 10, ULONG_MAX));
	unit_expect_warnings(9);
	EXPECT_EQ(-EINVAL, pfn_table_set_run(&table, 0, 1, 0));
	EXPECT_EQ(-EINVAL, pfn_table_set_run(&table, 10, 1, 1));
	EXPECT_EQ(-EINVAL, pfn_table_set_run(&table, 9, 1, 2));
	EXPECT_EQ(-EINVAL, pfn_table_set_run(&table, 9, 1, ULONG_MAX));
	EXPECT_EQ(-EINVAL, pfn_table_set_run(&table, 0, MAX_PFN, 2));
	EXPECT_EQ(-EINVAL, pfn_table_set_pfns(&table, 0, pfns, 0));
	EXPECT_EQ(-EINVAL, pfn_table_set_pfns(&table, 10, pfns, 1));
	EXPECT_EQ(-EINVAL, pfn_table_set_pfns(&table, 9, pfns, 2));
	/* page 1 is the first of the second slot */
	EXPECT_EQ(-EINVAL, pfn_table_set_pfns(&table, 0, pfns, 2));
	EXPECT_EQ(0, unit_allocated_bytes());
	EXPECT_EQ(PFN_NONE, pfn_model_get(&table, 10));
	EXPECT_EQ(0, pfn_table_set_run(&table, 0, MAX_PFN, 1));
	EXPECT_EQ(MAX_PFN, pfn_model_get(&table, 0));
	pfn_table_clear(&table, 0, ULONG_MAX);
	EXPECT_EQ(PFN_NONE, pfn_model_get(&table, 0));
	pfn_table_destroy(&table);
}

/* A contiguous small backing needs no memory beside the table. */
static void small_costs_nothing(void)
{
	struct pfn_table table;
	struct pfn_run run;

	EXPECT_EQ(0, pfn_table_init(&table, 17, 300));
	EXPECT_EQ(0, pfn_table_set_run(&table, 5, 105, 4));
	EXPECT_EQ(0, pfn_table_set_run(&table, 9, 109, 8));
	EXPECT_EQ(0, pfn_table_set_run(&table, 0, 100, 5));
	EXPECT_EQ(0, unit_allocated_bytes());
	EXPECT(pfn_table_next_run(&table, 0, 17, &run));
	EXPECT_EQ(17, run.nr);
	EXPECT_EQ(0, pfn_table_set_run(&table, 3, 5, 1));
	EXPECT_EQ(17 * sizeof(u64), unit_allocated_bytes());
	EXPECT_EQ(0, pfn_table_set_run(&table, 0, 100, 17));
	EXPECT_EQ(0, unit_allocated_bytes());
	pfn_table_destroy(&table);
}

/* The table is taken as a whole or not at all, and only if it is one run. */
static void take_single(void)
{
	unsigned long skew;
	struct pfn_model model;

	for (skew = 0; skew < PFN_SLOT_PAGES; skew += 71) {
		pfn_model_init(&model, 15, skew);
		EXPECT(!pfn_model_take_single(&model, 0, 15));
		pfn_model_set(&model, 4, 104, 6);
		EXPECT(!pfn_model_take_single(&model, 5, 15));
		EXPECT(!pfn_model_take_single(&model, 0, 9));
		EXPECT(!pfn_model_take_single(&model, 5, 9));
		EXPECT(!pfn_model_take_single(&model, 10, 15));
		EXPECT(!pfn_model_take_single(&model, 0, 4));
		EXPECT(!pfn_model_take_single(&model, 4, 4));
		pfn_model_compare(&model, 0, model.nr);
		EXPECT(pfn_model_take_single(&model, 4, 10));
		pfn_model_compare(&model, 0, model.nr);
		EXPECT(!pfn_model_take_single(&model, 0, 15));
		pfn_model_set(&model, 0, MAX_PFN - 14, 15);
		EXPECT(pfn_model_take_single(&model, 0, 15));
		/* Two runs are stored as an array. */
		pfn_model_set(&model, 0, 100, 5);
		pfn_model_set(&model, 5, 7, 5);
		EXPECT(!pfn_model_take_single(&model, 0, 15));
		pfn_model_compare(&model, 0, model.nr);
		pfn_model_destroy(&model);
	}

	pfn_model_init(&model, 15, PFN_SLOT_PAGES - 5);
	pfn_model_set(&model, 0, 100, 5);
	EXPECT(!pfn_model_take_single(&model, 0, 15));
	pfn_model_compare(&model, 0, model.nr);
	pfn_model_destroy(&model);
}

/* A hole is not filled if the runs around it have matching page frames. */
static void holes_stay(void)
{
	struct pfn_model model;

	pfn_model_init(&model, 40, 17);
	pfn_model_set(&model, 10, 110, 10);
	pfn_model_set(&model, 0, 100, 9);
	pfn_model_compare(&model, 0, model.nr);
	pfn_model_clear(&model, 0, 10);
	pfn_model_set(&model, 21, 121, 4);
	pfn_model_compare(&model, 0, model.nr);
	pfn_model_destroy(&model);

	pfn_model_init(&model, 40, 17);
	pfn_model_set(&model, 10, 110, 10);
	pfn_model_set(&model, 21, 121, 4);
	pfn_model_compare(&model, 0, model.nr);
	pfn_model_destroy(&model);
}

static void huge_pages_cost_8_bytes(void)
{
	unsigned long nr = 1UL << (40 - PAGE_SHIFT), i;
	struct pfn_table table;
	struct pfn_run run;

	EXPECT_EQ(0, pfn_table_init(&table, nr, 1UL << 20));
	EXPECT_EQ(0, unit_allocated_bytes());
	for (i = 0; i < nr; i += PFN_SLOT_PAGES)
		EXPECT_EQ(0, pfn_table_set_run(&table, i, 4 * nr - 2 * i,
					       PFN_SLOT_PAGES));
	printf("# 1 TiB of huge pages: %zu bytes\n", unit_allocated_bytes());
	EXPECT(unit_allocated_bytes() <= (4 << 20) + (8 << 10));
	i = 0;
	pfn_table_for_each_run(&table, run, 0, nr) {
		EXPECT_EQ(i, run.index);
		EXPECT_EQ(4 * nr - 2 * i, run.pfn);
		EXPECT_EQ(PFN_SLOT_PAGES, run.nr);
		i += run.nr;
	}
	EXPECT_EQ(nr, i);

	/* A run may have any length. */
	EXPECT_EQ(0, pfn_table_set_run(&table, 0, 77, nr));
	EXPECT(pfn_table_next_run(&table, 1, nr - 1, &run));
	EXPECT_EQ(nr - 2, run.nr);
	EXPECT_EQ(78, run.pfn);
	pfn_table_destroy(&table);
}

/*
 * User space cannot make the kernel allocate memory by a large empty backing.
 */
static void empty_costs_nothing(void)
{
	unsigned long nr = ULONG_MAX >> (PFN_SLOT_SHIFT + 1), index, end;
	struct pfn_table table;
	struct pfn_run run;

	EXPECT_EQ(0, pfn_table_init(&table, nr, 0));
	EXPECT(!pfn_table_next_run(&table, 0, 1UL << 40, &run));
	EXPECT(pfn_table_next_hole(&table, 5, 1UL << 40, &index, &end));
	EXPECT_EQ(5, index);
	EXPECT_EQ(1UL << 40, end);
	pfn_table_clear(&table, 0, 1UL << 40);
	EXPECT_EQ(0, unit_allocated_bytes());
	pfn_table_destroy(&table);
}

/* Leaves between two others that exist are missing. */
static void missing_leaves(void)
{
	unsigned long leaf = PFN_SLOT_PAGES * PFN_LEAF_SLOTS;
	unsigned long nr = 1UL << 38, index, end;
	struct pfn_table table;
	struct pfn_run run;

	EXPECT_EQ(0, pfn_table_init(&table, nr, 3));
	EXPECT_EQ(0, pfn_table_set_run(&table, 7, 107, 1));
	EXPECT_EQ(0, pfn_table_set_run(&table, nr - leaf, 5, leaf));
	EXPECT(pfn_table_next_hole(&table, 7, nr, &index, &end));
	EXPECT_EQ(8, index);
	EXPECT_EQ(nr - leaf, end);
	EXPECT(!pfn_table_next_hole(&table, end, nr, &index, &end));
	EXPECT(pfn_table_next_hole(&table, leaf, nr - leaf, &index, &end));
	EXPECT_EQ(leaf, index);
	EXPECT_EQ(nr - leaf, end);
	EXPECT(!pfn_table_next_run(&table, 8, nr - leaf, &run));
	EXPECT(pfn_table_next_run(&table, 8, nr, &run));
	EXPECT_EQ(nr - leaf, run.index);
	EXPECT_EQ(leaf, run.nr);
	pfn_table_clear(&table, 8, nr - 1);
	EXPECT(pfn_table_next_run(&table, 0, nr, &run));
	EXPECT_EQ(7, run.index);
	EXPECT(pfn_table_next_run(&table, 8, nr, &run));
	EXPECT_EQ(nr - 1, run.index);
	EXPECT_EQ(5 + leaf - 1, run.pfn);
	pfn_table_destroy(&table);
}

static void slot_end(void)
{
	struct pfn_table table;

	EXPECT_EQ(0, pfn_table_init(&table, 5000, 512 * 7 + 500));
	EXPECT_EQ(12, pfn_table_slot_end(&table, 0));
	EXPECT_EQ(12, pfn_table_slot_end(&table, 11));
	EXPECT_EQ(524, pfn_table_slot_end(&table, 12));
	EXPECT_EQ(524, pfn_table_slot_end(&table, 523));
}

/* Splitting a run works even if ordinary allocations fail. */
static void clear_never_fails(void)
{
	struct pfn_model model;

	pfn_model_init(&model, 3 * PFN_SLOT_PAGES, 100);
	pfn_model_set(&model, 0, 5000, 3 * PFN_SLOT_PAGES);
	unit_fail_nth_alloc(1);
	pfn_model_clear(&model, 50, 51);
	unit_fail_nth_alloc(1);
	pfn_model_clear(&model, PFN_SLOT_PAGES + 7, PFN_SLOT_PAGES + 9);
	unit_fail_nth_alloc(0);
	pfn_model_compare(&model, 0, model.nr);
	pfn_model_clear(&model, 0, model.nr);
	pfn_model_compare(&model, 0, model.nr);
	pfn_model_destroy(&model);
}

/* Pages are set and cleared one by one in random order. */
static void page_by_page(void)
{
	unsigned long nr = 2 * PFN_SLOT_PAGES, i, j, tmp;
	unsigned long order[2 * PFN_SLOT_PAGES];
	struct pfn_run run;
	struct pfn_model model;
	size_t empty;

	for (i = 0; i < nr; i++)
		order[i] = i;
	for (i = 0; i < nr; i++) {
		j = unit_between(i, nr - 1);
		tmp = order[i];
		order[i] = order[j];
		order[j] = tmp;
	}
	pfn_model_init(&model, nr, 200);
	pfn_model_set(&model, 0, 1, 1);
	pfn_model_clear(&model, 0, 1);
	empty = unit_allocated_bytes();
	for (i = 0; i < nr; i++)
		pfn_model_set(&model, order[i], 1000 + order[i], 1);
	pfn_model_compare(&model, 0, nr);
	EXPECT(pfn_table_next_run(&model.table, 0, nr, &run));
	EXPECT_EQ(nr, run.nr);
	for (i = 0; i < nr; i++)
		pfn_model_clear(&model, order[i], order[i] + 1);
	pfn_model_compare(&model, 0, nr);
	/* The array of a slot is freed with its last page. */
	EXPECT(unit_allocated_bytes() <=
	       empty + LEAF_PAGES / PFN_SLOT_PAGES * 8);
	pfn_model_destroy(&model);
}

/* Sets some pages of a slot, in runs of any length. */
static void random_set_pfns(struct pfn_model *model, unsigned long index,
			    unsigned long pfn, unsigned long nr)
{
	unsigned long pfns[PFN_SLOT_PAGES], runs = unit_between(1, 50), i;

	nr = min(nr, pfn_table_slot_end(&model->table, index) - index);
	for (i = 0; i < nr; i++) {
		if (!unit_below(runs))
			pfn = unit_below(1UL << 30);
		pfns[i] = pfn + i;
	}
	pfn_model_set_pfns(model, index, pfns, nr);
}

static void random_op(struct pfn_model *model)
{
	unsigned long index = unit_below(model->nr), left = model->nr - index;
	unsigned long nr, near, pfn = unit_below(1UL << 30);

	switch (unit_below(4)) {
	case 0:
		nr = 1;
		break;
	case 1:
		nr = unit_between(1, min(left, 20UL));
		break;
	case 2:
		/* From one slot boundary to another */
		index = pfn_table_slot_end(&model->table, index);
		if (index >= model->nr)
			index = 0;
		left = model->nr - index;
		nr = min(left, unit_between(1, 3) * PFN_SLOT_PAGES);
		break;
	default:
		nr = unit_between(1, min(left, 4 * PFN_SLOT_PAGES));
	}
	/* Often choose a page frame that continues a page nearby. */
	near = index + unit_below(6) - 3 + unit_below(2) * nr;
	if (near < model->nr && unit_below(3) && model->pfn[near] != PFN_NONE &&
	    model->pfn[near] + index > near)
		pfn = model->pfn[near] + index - near;

	switch (unit_below(10)) {
	case 0:
	case 1:
	case 2:
		pfn_model_set(model, index, pfn, nr);
		break;
	case 9:
		random_set_pfns(model, index, pfn, nr);
		break;
	case 8:
		pfn_model_take_single(model, index, index + nr);
		break;
	case 3:
		pfn_model_set_failing(model, index, pfn, nr);
		break;
	case 4:
	case 5:
		pfn_model_clear(model, index, index + nr);
		break;
	case 6:
		pfn_model_next_run(model, index, index + nr);
		pfn_model_next_hole(model, index, index + nr);
		break;
	default:
		pfn_model_each_run(model, index, index + nr);
	}
	pfn_model_compare(model, index ? index - 1 : 0,
			  min(model->nr, index + nr + 1));
}

static void random_small(void)
{
	unsigned long rounds = unit_rounds(150), i;
	struct pfn_model model;

	while (rounds-- && !unit_failed()) {
		pfn_model_init(&model, unit_between(1, 5 * PFN_SLOT_PAGES),
			       unit_random());
		for (i = 0; i < 200 && !unit_failed(); i++)
			random_op(&model);
		pfn_model_each_run(&model, 0, model.nr);
		pfn_model_compare(&model, 0, model.nr);
		pfn_model_destroy(&model);
	}
}

static void random_large(void)
{
	unsigned long rounds = unit_rounds(3), i, index, nr;
	struct pfn_model model;

	while (rounds-- && !unit_failed()) {
		pfn_model_init(&model, unit_between(LEAF_PAGES, 3 * LEAF_PAGES),
			       unit_random());
		for (i = 0; i < 400 && !unit_failed(); i++) {
			random_op(&model);
			if (i % 40)
				continue;
			index = unit_below(model.nr);
			nr = unit_between(1, model.nr - index);
			if (unit_below(2))
				pfn_model_set(&model, index, index + i, nr);
			else
				pfn_model_clear(&model, index, index + nr);
		}
		pfn_model_each_run(&model, 0, model.nr);
		pfn_model_compare(&model, 0, model.nr);
		pfn_model_next_hole(&model, 0, model.nr);
		pfn_model_destroy(&model);
	}
}

#define NR_THREADS 4

static struct pfn_table shared_table;

/* Each thread fills every fourth slot, so that all threads use each leaf. */
static void *fill_slots(void *arg)
{
	unsigned long first = (unsigned long)arg, index = 0, end, slot, i;

	for (slot = 0; index < shared_table.nr_pages; slot++, index = end) {
		end = min(pfn_table_slot_end(&shared_table, index),
			  shared_table.nr_pages);
		if (slot % NR_THREADS != first)
			continue;
		if (slot & 16) {
			pfn_table_set_run(&shared_table, index, index + 9,
					  end - index);
			continue;
		}
		for (i = index; i < end; i++)
			pfn_table_set_run(&shared_table, i, 3 * i, 1);
		pfn_table_clear(&shared_table, index, index + 1);
	}
	return NULL;
}

static void many_threads(void)
{
	unsigned long i, index = 0, end, slot, bad = 0;
	pthread_t threads[NR_THREADS];

	EXPECT_EQ(0, pfn_table_init(&shared_table, 2 * LEAF_PAGES + 99, 300));
	for (i = 0; i < NR_THREADS; i++)
		pthread_create(&threads[i], NULL, fill_slots, (void *)i);
	for (i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	for (slot = 0; index < shared_table.nr_pages; slot++, index = end) {
		end = min(pfn_table_slot_end(&shared_table, index),
			  shared_table.nr_pages);
		for (i = index; i < end; i++)
			bad += pfn_model_get(&shared_table, i) !=
			       (slot & 16  ? i + 9 :
				i == index ? PFN_NONE :
					     3 * i);
	}
	EXPECT_EQ(0, bad);
	pfn_table_destroy(&shared_table);
}

#define NR_NEW_LEAVES 64

static pthread_barrier_t leaf_barrier;

static void *add_leaves(void *arg)
{
	unsigned long i;

	for (i = 0; i < NR_NEW_LEAVES; i++) {
		pthread_barrier_wait(&leaf_barrier);
		pfn_table_set_run(&shared_table,
				  i * LEAF_PAGES +
					  (unsigned long)arg * PFN_SLOT_PAGES,
				  i, 1);
	}
	return NULL;
}

/* All threads add the same new leaf at the same time. */
static void many_threads_new_leaves(void)
{
	unsigned long i, thread, bad = 0;
	pthread_t threads[NR_THREADS];

	EXPECT_EQ(0,
		  pfn_table_init(&shared_table, NR_NEW_LEAVES * LEAF_PAGES, 0));
	unit_slow_allocs(true);
	pthread_barrier_init(&leaf_barrier, NULL, NR_THREADS);
	for (i = 0; i < NR_THREADS; i++)
		pthread_create(&threads[i], NULL, add_leaves, (void *)i);
	for (i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&leaf_barrier);
	unit_slow_allocs(false);
	for (i = 0; i < NR_NEW_LEAVES; i++) {
		for (thread = 0; thread < NR_THREADS; thread++)
			bad += i !=
			       pfn_model_get(&shared_table,
					     i * LEAF_PAGES +
						     thread * PFN_SLOT_PAGES);
	}
	EXPECT_EQ(0, bad);
	pfn_table_destroy(&shared_table);
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "bad arguments", bad_arguments },
		{ "a small contiguous backing takes no memory",
		  small_costs_nothing },
		{ "a single run is taken whole or not", take_single },
		{ "holes stay", holes_stay },
		{ "1 TiB of huge pages takes 4 MiB", huge_pages_cost_8_bytes },
		{ "an empty table takes no memory", empty_costs_nothing },
		{ "leaves that are missing in between", missing_leaves },
		{ "slot boundaries", slot_end },
		{ "clear never fails", clear_never_fails },
		{ "page by page in random order", page_by_page },
		{ "random operations, small tables", random_small },
		{ "random operations, several leaves", random_large },
		{ "threads on different slots", many_threads },
		{ "threads in need of the same leaf", many_threads_new_leaves },
	};

	return unit_main("pfn_table", tests, sizeof(tests) / sizeof(*tests));
}
