// SPDX-License-Identifier: GPL-2.0-only
/* A PFN table under test beside an array with one word for each page. */
#include "pfn_model.h"
#include "unit.h"

unsigned long pfn_model_get(const struct pfn_table *table, unsigned long index)
{
	struct pfn_run run;

	if (!pfn_table_next_run(table, index, index + 1, &run))
		return PFN_NONE;
	EXPECT_EQ(index, run.index);
	EXPECT_EQ(1, run.nr);
	return run.pfn;
}

void pfn_model_init(struct pfn_model *model, unsigned long nr,
		    unsigned long first_page)
{
	unsigned long i;

	model->nr = nr;
	model->pfn = malloc(nr * sizeof(*model->pfn));
	for (i = 0; i < nr; i++)
		model->pfn[i] = PFN_NONE;
	EXPECT_EQ(0, pfn_table_init(&model->table, nr, first_page));
}

void pfn_model_destroy(struct pfn_model *model)
{
	pfn_table_destroy(&model->table);
	free(model->pfn);
}

void pfn_model_compare(const struct pfn_model *model, unsigned long index,
		       unsigned long end)
{
	for (; index < end && !unit_failed(); index++)
		EXPECT_EQ(model->pfn[index],
			  pfn_model_get(&model->table, index));
}

void pfn_model_set(struct pfn_model *model, unsigned long index,
		   unsigned long pfn, unsigned long nr)
{
	unsigned long i;

	EXPECT_EQ(0, pfn_table_set_run(&model->table, index, pfn, nr));
	for (i = 0; i < nr; i++)
		model->pfn[index + i] = pfn + i;
}

/* A call that could not allocate memory changes nothing, also around the pages. */
static void pfn_model_expect_unset(const struct pfn_model *model,
				   unsigned long index, unsigned long nr,
				   int ret)
{
	EXPECT_EQ(-ENOMEM, ret);
	pfn_model_compare(model, index > 600 ? index - 600 : 0,
			  min(model->nr, index + nr + 600));
}

void pfn_model_set_failing(struct pfn_model *model, unsigned long index,
			   unsigned long pfn, unsigned long nr)
{
	unsigned long nth, i;
	int ret;

	for (nth = 1;; nth++) {
		unit_fail_nth_alloc(nth);
		ret = pfn_table_set_run(&model->table, index, pfn, nr);
		if (!unit_alloc_has_failed())
			break;
		pfn_model_expect_unset(model, index, nr, ret);
	}
	EXPECT_EQ(0, ret);
	for (i = 0; i < nr; i++)
		model->pfn[index + i] = pfn + i;
}

void pfn_model_set_pfns(struct pfn_model *model, unsigned long index,
			const unsigned long *pfns, unsigned long nr)
{
	unsigned long nth, i;
	int ret;

	for (nth = 1;; nth++) {
		unit_fail_nth_alloc(nth);
		ret = pfn_table_set_pfns(&model->table, index, pfns, nr);
		if (!unit_alloc_has_failed())
			break;
		pfn_model_expect_unset(model, index, nr, ret);
	}
	EXPECT_EQ(0, ret);
	for (i = 0; i < nr; i++)
		model->pfn[index + i] = pfns[i];
}

void pfn_model_clear(struct pfn_model *model, unsigned long index,
		     unsigned long end)
{
	pfn_table_clear(&model->table, index, end);
	for (; index < end; index++)
		model->pfn[index] = PFN_NONE;
}

void pfn_model_next_run(const struct pfn_model *model, unsigned long index,
			unsigned long end)
{
	struct pfn_run run = { .index = 1, .pfn = 2, .nr = 3 };
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

void pfn_model_next_hole(const struct pfn_model *model, unsigned long index,
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

bool pfn_model_take_single(struct pfn_model *model, unsigned long index,
			   unsigned long end)
{
	struct pfn_run run = { .index = 1, .pfn = 2, .nr = 3 };
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
	/* A slot with an array is never taken, even if it holds one run. */
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

void pfn_model_each_run(const struct pfn_model *model, unsigned long index,
			unsigned long end)
{
	struct pfn_run run;
	unsigned long i, at = index;

	pfn_table_for_each_run(&model->table, run, index, end) {
		if (at == run.index && at > index)
			EXPECT(run.pfn != model->pfn[at - 1] + 1);
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
