// SPDX-License-Identifier: GPL-2.0-only
#include <pthread.h>

#include "pfn_table.h"
#include "unit.h"

#define LEAF_PAGES (PFN_SLOT_PAGES << PFN_LEAF_SHIFT)
#define MAX_PFN ((1UL << 45) - 1)

static unsigned long get(const struct pfn_table *table, unsigned long index)
{
	struct pfn_run run;

	if (!pfn_table_next_run(table, index, index + 1, &run))
		return PFN_NONE;
	EXPECT_EQ(index, run.index);
	EXPECT_EQ(1, run.nr);
	return run.pfn;
}

/* A table and, beside it, what should be in it, one word for each page */
struct model {
	struct pfn_table table;
	unsigned long *pfn;
	unsigned long nr;
};

static void model_init(struct model *model, unsigned long nr,
		       unsigned long first_page)
{
	unsigned long i;

	model->nr = nr;
	model->pfn = malloc(nr * sizeof(*model->pfn));
	for (i = 0; i < nr; i++)
		model->pfn[i] = PFN_NONE;
	EXPECT_EQ(0, pfn_table_init(&model->table, nr, first_page));
}

static void model_destroy(struct model *model)
{
	pfn_table_destroy(&model->table);
	free(model->pfn);
}

static void model_compare(const struct model *model, unsigned long index,
			  unsigned long end)
{
	for (; index < end && !unit_failed(); index++)
		EXPECT_EQ(model->pfn[index], get(&model->table, index));
}

static void model_set(struct model *model, unsigned long index,
		      unsigned long pfn, unsigned long nr)
{
	unsigned long i;

	EXPECT_EQ(0, pfn_table_set_run(&model->table, index, pfn, nr));
	for (i = 0; i < nr; i++)
		model->pfn[index + i] = pfn + i;
}

/* The same with each allocation failing in turn until none is left to fail */
static void model_set_failing(struct model *model, unsigned long index,
			      unsigned long pfn, unsigned long nr)
{
	unsigned long nth, i;
	int ret;

	for (nth = 1;; nth++) {
		unit_fail_nth_alloc(nth);
		ret = pfn_table_set_run(&model->table, index, pfn, nr);
		if (!unit_alloc_has_failed())
			break;
		EXPECT_EQ(-ENOMEM, ret);
		model_compare(model, index > 600 ? index - 600 : 0,
			      min(model->nr, index + nr + 600));
	}
	EXPECT_EQ(0, ret);
	for (i = 0; i < nr; i++)
		model->pfn[index + i] = pfn + i;
}

static void model_clear(struct model *model, unsigned long index,
			unsigned long end)
{
	pfn_table_clear(&model->table, index, end);
	for (; index < end; index++)
		model->pfn[index] = PFN_NONE;
}

static void model_next_run(const struct model *model, unsigned long index,
			   unsigned long end)
{
	struct pfn_run run = { 1, 2, 3 };
	unsigned long nr = 1;

	while (index < end && model->pfn[index] == PFN_NONE)
		index++;
	EXPECT_EQ(index < end,
		  pfn_table_next_run(&model->table, index, end, &run));
	if (index >= end) {
		EXPECT_EQ(2, run.pfn);
		return;
	}
	while (index + nr < end &&
	       model->pfn[index + nr] == model->pfn[index] + nr)
		nr++;
	EXPECT_EQ(index, run.index);
	EXPECT_EQ(model->pfn[index], run.pfn);
	EXPECT_EQ(nr, run.nr);
}

static void model_next_hole(const struct model *model, unsigned long index,
			    unsigned long end)
{
	unsigned long hole_index = 1, hole_end = 2, from = index, to;

	while (from < end && model->pfn[from] != PFN_NONE)
		from++;
	EXPECT_EQ(from < end, pfn_table_next_hole(&model->table, index, end,
						  &hole_index, &hole_end));
	if (from >= end) {
		EXPECT_EQ(1, hole_index);
		return;
	}
	for (to = from; to < end && model->pfn[to] == PFN_NONE;)
		to++;
	EXPECT_EQ(from, hole_index);
	EXPECT_EQ(to, hole_end);
}

/* Whether it was there to be taken, which is all there is in a table of a slot */
static bool model_take_single(struct model *model, unsigned long index,
			      unsigned long end)
{
	struct pfn_run run = { 1, 2, 3 };
	unsigned long first = 0, nr = 1, i;
	bool took, single;

	while (first < model->nr && model->pfn[first] == PFN_NONE)
		first++;
	while (first + nr < model->nr &&
	       model->pfn[first + nr] == model->pfn[first] + nr)
		nr++;
	single = model->table.nr_slots == 1 && index <= first &&
		 first + nr <= end;
	for (i = first + nr; i < model->nr; i++)
		single = single && model->pfn[i] == PFN_NONE;
	/* An array is not looked at, whatever is left in it */
	single = single && !unit_allocated_bytes();

	took = pfn_table_take_single(&model->table, index, end, &run);
	EXPECT_EQ(single, took);
	if (!took) {
		EXPECT(run.index == 1 && run.pfn == 2 && run.nr == 3);
		return false;
	}
	EXPECT_EQ(first, run.index);
	EXPECT_EQ(model->pfn[first], run.pfn);
	EXPECT_EQ(nr, run.nr);
	for (i = first; i < first + nr; i++)
		model->pfn[i] = PFN_NONE;
	return true;
}

/* All runs of [index, end), one after the other, starting with an empty page */
static void model_each_run(const struct model *model, unsigned long index,
			   unsigned long end)
{
	struct pfn_run run;
	unsigned long i, at = index;

	pfn_table_for_each_run(&model->table, run, index, end) {
		for (; at < run.index; at++)
			EXPECT_EQ(PFN_NONE, model->pfn[at]);
		for (i = 0; i < run.nr && !unit_failed(); i++)
			EXPECT_EQ(run.pfn + i, model->pfn[at++]);
		if (unit_failed())
			return;
	}
	for (; at < end; at++)
		EXPECT_EQ(PFN_NONE, model->pfn[at]);
}

static void bad_arguments(void)
{
	struct pfn_table table;

	EXPECT_EQ(-EINVAL, pfn_table_init(&table, 0, 0));
	EXPECT_EQ(-EINVAL, pfn_table_init(&table, ULONG_MAX, 0));
	EXPECT_EQ(0, pfn_table_init(&table, 10, ULONG_MAX));
	unit_expect_warnings(5);
	EXPECT_EQ(-EINVAL, pfn_table_set_run(&table, 0, 1, 0));
	EXPECT_EQ(-EINVAL, pfn_table_set_run(&table, 10, 1, 1));
	EXPECT_EQ(-EINVAL, pfn_table_set_run(&table, 9, 1, 2));
	EXPECT_EQ(-EINVAL, pfn_table_set_run(&table, 9, 1, ULONG_MAX));
	EXPECT_EQ(-EINVAL, pfn_table_set_run(&table, 0, MAX_PFN, 2));
	EXPECT_EQ(PFN_NONE, get(&table, 10));
	EXPECT_EQ(0, pfn_table_set_run(&table, 0, MAX_PFN, 1));
	EXPECT_EQ(MAX_PFN, get(&table, 0));
	pfn_table_clear(&table, 0, ULONG_MAX);
	EXPECT_EQ(PFN_NONE, get(&table, 0));
	pfn_table_destroy(&table);
}

/* Small maps are many: while contiguous they take no memory at all */
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

/* All of it or nothing, and only where it is one run */
static void take_single(void)
{
	unsigned long skew;
	struct model model;

	for (skew = 0; skew < PFN_SLOT_PAGES; skew += 71) {
		model_init(&model, 15, skew);
		EXPECT(!model_take_single(&model, 0, 15));
		model_set(&model, 4, 104, 6);
		EXPECT(!model_take_single(&model, 5, 15));
		EXPECT(!model_take_single(&model, 0, 9));
		EXPECT(!model_take_single(&model, 5, 9));
		EXPECT(!model_take_single(&model, 10, 15));
		EXPECT(!model_take_single(&model, 0, 4));
		EXPECT(!model_take_single(&model, 4, 4));
		model_compare(&model, 0, model.nr);
		EXPECT(model_take_single(&model, 4, 10));
		model_compare(&model, 0, model.nr);
		EXPECT(!model_take_single(&model, 0, 15));
		model_set(&model, 0, MAX_PFN - 14, 15);
		EXPECT(model_take_single(&model, 0, 15));
		/* Two runs are an array */
		model_set(&model, 0, 100, 5);
		model_set(&model, 5, 7, 5);
		EXPECT(!model_take_single(&model, 0, 15));
		model_compare(&model, 0, model.nr);
		model_destroy(&model);
	}

	model_init(&model, 15, PFN_SLOT_PAGES - 5);
	model_set(&model, 0, 100, 5);
	EXPECT(!model_take_single(&model, 0, 15));
	model_compare(&model, 0, model.nr);
	model_destroy(&model);
}

/* Pages that would fit between two runs were not set all the same */
static void holes_stay(void)
{
	struct model model;

	model_init(&model, 40, 17);
	model_set(&model, 10, 110, 10);
	model_set(&model, 0, 100, 9);
	model_compare(&model, 0, model.nr);
	model_clear(&model, 0, 10);
	model_set(&model, 21, 121, 4);
	model_compare(&model, 0, model.nr);
	model_destroy(&model);

	model_init(&model, 40, 17);
	model_set(&model, 10, 110, 10);
	model_set(&model, 21, 121, 4);
	model_compare(&model, 0, model.nr);
	model_destroy(&model);
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

	/* One run is one run, however long */
	EXPECT_EQ(0, pfn_table_set_run(&table, 0, 77, nr));
	EXPECT(pfn_table_next_run(&table, 1, nr - 1, &run));
	EXPECT_EQ(nr - 2, run.nr);
	EXPECT_EQ(78, run.pfn);
	pfn_table_destroy(&table);
}

/* Nobody can make the kernel take memory by naming a large backing */
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

/* Between what is there lie leaves that are not */
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

/* Cutting a run must work when there is no memory to be had easily */
static void clear_never_fails(void)
{
	struct model model;

	model_init(&model, 3 * PFN_SLOT_PAGES, 100);
	model_set(&model, 0, 5000, 3 * PFN_SLOT_PAGES);
	unit_fail_nth_alloc(1);
	model_clear(&model, 50, 51);
	unit_fail_nth_alloc(1);
	model_clear(&model, PFN_SLOT_PAGES + 7, PFN_SLOT_PAGES + 9);
	unit_fail_nth_alloc(0);
	model_compare(&model, 0, model.nr);
	model_clear(&model, 0, model.nr);
	model_compare(&model, 0, model.nr);
	model_destroy(&model);
}

/* One page after the other, in a random order, set and cleared */
static void page_by_page(void)
{
	unsigned long nr = 2 * PFN_SLOT_PAGES, i, j, tmp;
	unsigned long order[2 * PFN_SLOT_PAGES];
	struct pfn_run run;
	struct model model;
	size_t empty;

	for (i = 0; i < nr; i++)
		order[i] = i;
	for (i = 0; i < nr; i++) {
		j = unit_between(i, nr - 1);
		tmp = order[i];
		order[i] = order[j];
		order[j] = tmp;
	}
	model_init(&model, nr, 200);
	model_set(&model, 0, 1, 1);
	model_clear(&model, 0, 1);
	empty = unit_allocated_bytes();
	for (i = 0; i < nr; i++)
		model_set(&model, order[i], 1000 + order[i], 1);
	model_compare(&model, 0, nr);
	EXPECT(pfn_table_next_run(&model.table, 0, nr, &run));
	EXPECT_EQ(nr, run.nr);
	for (i = 0; i < nr; i++)
		model_clear(&model, order[i], order[i] + 1);
	model_compare(&model, 0, nr);
	/* Slots without any page give their array back */
	EXPECT(unit_allocated_bytes() <=
	       empty + LEAF_PAGES / PFN_SLOT_PAGES * 8);
	model_destroy(&model);
}

static void random_op(struct model *model)
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
	/* Often such that it agrees with a page nearby, on either side */
	near = index + unit_below(6) - 3 + unit_below(2) * nr;
	if (near < model->nr && unit_below(3) && model->pfn[near] != PFN_NONE &&
	    model->pfn[near] + index > near)
		pfn = model->pfn[near] + index - near;

	switch (unit_below(9)) {
	case 0:
	case 1:
	case 2:
		model_set(model, index, pfn, nr);
		break;
	case 8:
		model_take_single(model, index, index + nr);
		break;
	case 3:
		model_set_failing(model, index, pfn, nr);
		break;
	case 4:
	case 5:
		model_clear(model, index, index + nr);
		break;
	case 6:
		model_next_run(model, index, index + nr);
		model_next_hole(model, index, index + nr);
		break;
	default:
		model_each_run(model, index, index + nr);
	}
	model_compare(model, index ? index - 1 : 0,
		      min(model->nr, index + nr + 1));
}

static void random_small(void)
{
	unsigned long rounds = unit_rounds(150), i;
	struct model model;

	while (rounds-- && !unit_failed()) {
		model_init(&model, unit_between(1, 5 * PFN_SLOT_PAGES),
			   unit_random());
		for (i = 0; i < 200 && !unit_failed(); i++)
			random_op(&model);
		model_each_run(&model, 0, model.nr);
		model_compare(&model, 0, model.nr);
		model_destroy(&model);
	}
}

static void random_large(void)
{
	unsigned long rounds = unit_rounds(3), i, index, nr;
	struct model model;

	while (rounds-- && !unit_failed()) {
		model_init(&model, unit_between(LEAF_PAGES, 3 * LEAF_PAGES),
			   unit_random());
		for (i = 0; i < 400 && !unit_failed(); i++) {
			random_op(&model);
			if (i % 40)
				continue;
			index = unit_below(model.nr);
			nr = unit_between(1, model.nr - index);
			if (unit_below(2))
				model_set(&model, index, index + i, nr);
			else
				model_clear(&model, index, index + nr);
		}
		model_each_run(&model, 0, model.nr);
		model_compare(&model, 0, model.nr);
		model_next_hole(&model, 0, model.nr);
		model_destroy(&model);
	}
}

#define NR_THREADS 4

static struct pfn_table shared_table;

/* Takes every fourth slot, so that all threads meet in every leaf */
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
			bad += get(&shared_table, i) != (slot & 16  ? i + 9 :
							 i == index ? PFN_NONE :
								      3 * i);
	}
	EXPECT_EQ(0, bad);
	pfn_table_destroy(&shared_table);
}

#define NR_MEETINGS 64

static pthread_barrier_t meeting;

static void *add_leaves(void *arg)
{
	unsigned long i;

	for (i = 0; i < NR_MEETINGS; i++) {
		pthread_barrier_wait(&meeting);
		pfn_table_set_run(&shared_table,
				  i * LEAF_PAGES +
					  (unsigned long)arg * PFN_SLOT_PAGES,
				  i, 1);
	}
	return NULL;
}

/* All threads need the same new leaf at the same time */
static void many_threads_new_leaves(void)
{
	unsigned long i, thread, bad = 0;
	pthread_t threads[NR_THREADS];

	EXPECT_EQ(0,
		  pfn_table_init(&shared_table, NR_MEETINGS * LEAF_PAGES, 0));
	unit_slow_allocs(true);
	pthread_barrier_init(&meeting, NULL, NR_THREADS);
	for (i = 0; i < NR_THREADS; i++)
		pthread_create(&threads[i], NULL, add_leaves, (void *)i);
	for (i = 0; i < NR_THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&meeting);
	unit_slow_allocs(false);
	for (i = 0; i < NR_MEETINGS; i++) {
		for (thread = 0; thread < NR_THREADS; thread++)
			bad += i !=
			       get(&shared_table,
				   i * LEAF_PAGES + thread * PFN_SLOT_PAGES);
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
