// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compares the PFN table with an array of pieces. A new piece cuts its range
 * out of the others. Adjacent pieces are never merged.
 */
#include "fuzz.h"
#include "pfn_table.h"

#define MAX_OPS 64
#define MAX_PIECES (3 * MAX_OPS + 2)
#define LEAF_PAGES (PFN_SLOT_PAGES << PFN_LEAF_SHIFT)
#define MAX_PFN ((1UL << 45) - 1)
/* Limits the run time of an input */
#define MAX_RUN (2 * LEAF_PAGES)

struct piece {
	unsigned long index;
	unsigned long end;
	unsigned long pfn;
};

struct model {
	struct pfn_table table;
	unsigned int nr_pieces;
	struct piece pieces[MAX_PIECES];
};

static unsigned long model_get(const struct model *model, unsigned long index)
{
	unsigned int i;

	for (i = 0; i < model->nr_pieces; i++) {
		const struct piece *piece = &model->pieces[i];

		if (piece->index <= index && index < piece->end)
			return piece->pfn + (index - piece->index);
	}
	return PFN_NONE;
}

/*
 * Returns the next index above @index at which a piece begins or ends, or @end.
 */
static unsigned long model_next_edge(const struct model *model,
				     unsigned long index, unsigned long end)
{
	unsigned int i;

	for (i = 0; i < model->nr_pieces; i++) {
		const struct piece *piece = &model->pieces[i];

		if (piece->index > index)
			end = min(end, piece->index);
		if (piece->end > index)
			end = min(end, piece->end);
	}
	return end;
}

static void model_cut(struct model *model, unsigned long index,
		      unsigned long end)
{
	struct piece old[MAX_PIECES], piece;
	unsigned int nr = model->nr_pieces, i;

	memcpy(old, model->pieces, sizeof(old));
	model->nr_pieces = 0;
	for (i = 0; i < nr; i++) {
		piece = old[i];
		piece.end = min(piece.end, index);
		if (piece.index < piece.end)
			model->pieces[model->nr_pieces++] = piece;
		piece = old[i];
		if (piece.index < end) {
			piece.pfn += end - piece.index;
			piece.index = end;
		}
		if (piece.index < piece.end)
			model->pieces[model->nr_pieces++] = piece;
	}
}

static void check_run(const struct model *model, unsigned long index,
		      unsigned long end)
{
	struct pfn_run run = { .index = 1, .pfn = 2, .nr = 3 };
	bool found = pfn_table_next_run(&model->table, index, end, &run);
	unsigned long pfn, at;

	while (index < end && model_get(model, index) == PFN_NONE)
		index = model_next_edge(model, index, end);
	CHECK(found == (index < end));
	if (!found) {
		CHECK(run.index == 1 && run.pfn == 2 && run.nr == 3);
		return;
	}
	pfn = model_get(model, index);
	for (at = index; at < end; at = model_next_edge(model, at, end)) {
		if (model_get(model, at) != pfn + (at - index))
			break;
	}
	CHECK(run.index == index && run.pfn == pfn && run.nr == at - index);
}

static void check_hole(const struct model *model, unsigned long index,
		       unsigned long end)
{
	unsigned long hole = 1, hole_end = 2, at;
	bool found = pfn_table_next_hole(&model->table, index, end, &hole,
					 &hole_end);

	while (index < end && model_get(model, index) != PFN_NONE)
		index = model_next_edge(model, index, end);
	CHECK(found == (index < end));
	if (!found) {
		CHECK(hole == 1 && hole_end == 2);
		return;
	}
	for (at = index; at < end && model_get(model, at) == PFN_NONE;)
		at = model_next_edge(model, at, end);
	CHECK(hole == index && hole_end == at);
}

/* Compares all runs and holes of the table with the model. */
static void check_all(const struct model *model)
{
	unsigned long at = 0, end = model->table.nr_pages, next_pfn = PFN_NONE;
	struct pfn_run run;

	pfn_table_for_each_run(&model->table, run, 0, end) {
		CHECK(run.nr && run.index >= at);
		/*
		 * A run is as long as possible: it does not continue the last
		 * one.
		 */
		CHECK(run.index > at || run.pfn != next_pfn);
		next_pfn = run.pfn + run.nr;
		for (; at < run.index;
		     at = model_next_edge(model, at, run.index))
			CHECK(model_get(model, at) == PFN_NONE);
		for (; at < run.index + run.nr;
		     at = model_next_edge(model, at, run.index + run.nr))
			CHECK(model_get(model, at) ==
			      run.pfn + (at - run.index));
	}
	for (; at < end; at = model_next_edge(model, at, end))
		CHECK(model_get(model, at) == PFN_NONE);
}

/*
 * Returns an index close to the edge of a slot, a leaf, the table or a piece.
 */
static unsigned long any_index(const struct model *model, struct fuzz_input *in)
{
	unsigned int how = fuzz_byte(in), near = fuzz_byte(in);
	unsigned long nr = model->table.nr_pages, index = near;

	switch (how % 5) {
	case 0:
		break;
	case 1:
		index = PFN_SLOT_PAGES * (how / 5) - model->table.skew;
		index += near % 8 - 4;
		break;
	case 2:
		index = LEAF_PAGES * (how / 5) - model->table.skew;
		index += near % 8 - 4;
		break;
	case 3:
		index = nr - 1 - near;
		break;
	default:
		if (model->nr_pieces)
			index = model->pieces[how / 5 % model->nr_pieces].end +
				near % 8 - 4;
	}
	return index % nr;
}

/* Returns a page frame, often one that continues an adjacent page. */
static unsigned long any_pfn(const struct model *model, unsigned long index,
			     unsigned long nr, struct fuzz_input *in)
{
	unsigned int how = fuzz_byte(in);
	unsigned long pfn = PFN_NONE;

	if (how % 4 == 0 && index)
		pfn = model_get(model, index - 1) + 1;
	else if (how % 4 == 1)
		pfn = model_get(model, index + nr) - nr;
	else if (how % 4 == 2)
		pfn = model_get(model, index);
	if (pfn > MAX_PFN || nr - 1 > MAX_PFN - pfn)
		pfn = how & 128 ? MAX_PFN - (nr - 1) - how % 8 : how * 16;
	return pfn;
}

static void op_set(struct model *model, unsigned long index, unsigned long nr,
		   struct fuzz_input *in)
{
	unsigned long pfn;
	int ret;

	nr = min(nr, MAX_RUN);
	pfn = any_pfn(model, index, nr, in);
	fuzz_fail_nth_alloc(fuzz_byte(in) % 8);
	ret = pfn_table_set_run(&model->table, index, pfn, nr);
	if (fuzz_alloc_has_failed()) {
		CHECK(ret == -ENOMEM);
		return;
	}
	CHECK(!ret);
	model_cut(model, index, index + nr);
	model->pieces[model->nr_pieces++] =
		(struct piece){ index, index + nr, pfn };
}

/* Two runs in one slot, which may form one */
static void op_set_pfns(struct model *model, unsigned long index,
			unsigned long nr, struct fuzz_input *in)
{
	unsigned long pfns[PFN_SLOT_PAGES], cut, first, second, i;
	int ret;

	nr = min(nr, pfn_table_slot_end(&model->table, index) - index);
	cut = fuzz_byte(in) * 2 % nr;
	first = any_pfn(model, index, nr, in);
	second = any_pfn(model, index + cut, nr - cut, in);
	for (i = 0; i < nr; i++)
		pfns[i] = i < cut ? first + i : second + i - cut;
	fuzz_fail_nth_alloc(fuzz_byte(in) % 8);
	ret = pfn_table_set_pfns(&model->table, index, pfns, nr);
	if (fuzz_alloc_has_failed()) {
		CHECK(ret == -ENOMEM);
		return;
	}
	CHECK(!ret);
	model_cut(model, index, index + nr);
	if (cut)
		model->pieces[model->nr_pieces++] =
			(struct piece){ index, index + cut, first };
	model->pieces[model->nr_pieces++] =
		(struct piece){ index + cut, index + nr, second };
}

static void op_clear(struct model *model, unsigned long index,
		     unsigned long end)
{
	pfn_table_clear(&model->table, index, end);
	model_cut(model, index, end);
	/* An empty table of one slot has no memory. */
	if (!model->nr_pieces && model->table.nr_slots == 1)
		CHECK(!fuzz_nr_allocs());
}

static void op_take_single(struct model *model, unsigned long index,
			   unsigned long end)
{
	struct pfn_run all = { .index = 1, .pfn = 2, .nr = 3 }, run = all;
	bool single, took;

	single = model->table.nr_slots == 1 && !fuzz_nr_allocs() &&
		 pfn_table_next_run(&model->table, 0, ULONG_MAX, &all) &&
		 index <= all.index && all.index + all.nr <= end;
	took = pfn_table_take_single(&model->table, index, end, &run);
	CHECK(took == single);
	if (took) {
		CHECK(run.index == all.index && run.pfn == all.pfn &&
		      run.nr == all.nr);
		model_cut(model, run.index, run.index + run.nr);
		CHECK(!model->nr_pieces);
	} else {
		CHECK(run.index == 1 && run.pfn == 2 && run.nr == 3);
	}
}

static void one_op(struct model *model, struct fuzz_input *in)
{
	unsigned int op = fuzz_byte(in);
	unsigned long index = any_index(model, in), end = any_index(model, in);

	if (end < index)
		swap(index, end);
	end++;
	switch (op % 8) {
	case 0:
	case 1:
	case 2:
		op_set(model, index, end - index, in);
		break;
	case 3:
		op_clear(model, index, op & 128 ? ULONG_MAX : end);
		break;
	case 4:
		op_clear(model, index, index + 1);
		break;
	case 5:
		if (op & 64)
			op_take_single(model, index, end);
		else if (op & 128)
			op_set_pfns(model, index, end - index, in);
		else
			op_set(model, index, 1, in);
		break;
	case 6:
		check_hole(model, index, end);
		break;
	default:
		check_run(model, index, end);
	}
}

void fuzz_one(struct fuzz_input *in)
{
	unsigned int size = fuzz_byte(in), skew = fuzz_below(in, 512), ops;
	unsigned long nr = 1 + fuzz_below(in, 4096);
	struct model model = {};

	if (size % 4 == 1)
		nr = 1 + nr % PFN_SLOT_PAGES;
	else if (size % 4 == 2)
		nr += size / 4 * (LEAF_PAGES - 2000);
	else if (size % 4 == 3)
		nr <<= size / 4 % 20;
	CHECK(!pfn_table_init(&model.table, nr, skew));
	CHECK(!fuzz_nr_allocs());
	for (ops = 0; ops < MAX_OPS && fuzz_more(in); ops++)
		one_op(&model, in);
	check_all(&model);
	check_hole(&model, 0, nr);
	pfn_table_destroy(&model.table);
}
