// SPDX-License-Identifier: GPL-2.0-only
/* Compares the IOVA space with arrays of ranges that are searched linearly. */
#include "../unit/iova_tree_check.h"
#include "fuzz.h"
#include "iova_space.h"

#define MAX_OPS 96
#define NR_NODES 48
#define NR_RESERVED 32
#define NR_ALLOWED 8
#define NR_OWNERS 4

struct reservation {
	struct iova_range range;
	unsigned int owner;
};

struct model {
	struct iova_space space;
	struct iova_node nodes[NR_NODES];
	bool in_use[NR_NODES];
	/* Expected ranges of the nodes */
	struct iova_range used[NR_NODES];
	struct reservation reserved[NR_RESERVED];
	unsigned int nr_reserved;
	struct iova_range allowed[NR_ALLOWED];
	unsigned int nr_allowed;
	char owners[NR_OWNERS];
};

/* Limits of automatic allocation */
static const struct iova_range bounds = { PAGE_SIZE, ULONG_MAX - PAGE_SIZE };

static bool overlaps_used(const struct model *model,
			  const struct iova_range *range)
{
	unsigned int i;

	for (i = 0; i < NR_NODES; i++) {
		if (model->in_use[i] &&
		    iova_range_overlaps(&model->used[i], range))
			return true;
	}
	return false;
}

static bool overlaps_reserved(const struct model *model,
			      const struct iova_range *range)
{
	unsigned int i;

	for (i = 0; i < model->nr_reserved; i++) {
		if (iova_range_overlaps(&model->reserved[i].range, range))
			return true;
	}
	return false;
}

static bool overlaps_allowed(const struct model *model,
			     const struct iova_range *range)
{
	unsigned int i;

	for (i = 0; i < model->nr_allowed; i++) {
		if (iova_range_overlaps(&model->allowed[i], range))
			return true;
	}
	return false;
}

/* Tests whether automatic allocation may use the range between two edges. */
static bool is_avail(const struct model *model, const struct iova_range *range)
{
	return iova_range_overlaps(&bounds, range) &&
	       !overlaps_used(model, range) &&
	       !overlaps_reserved(model, range) &&
	       (!model->nr_allowed || overlaps_allowed(model, range));
}

static bool is_usable(const struct model *model, const struct iova_range *range)
{
	return !overlaps_reserved(model, range);
}

static void next_edge(const struct iova_range *range, unsigned long from,
		      unsigned long *last)
{
	if (range->first > from)
		*last = min(*last, range->first - 1);
	if (range->last >= from)
		*last = min(*last, range->last);
}

/* Returns the range from @from on that lies between two edges. */
static struct iova_range model_piece(const struct model *model,
				     unsigned long from)
{
	struct iova_range piece = { from, ULONG_MAX };
	unsigned int i;

	next_edge(&bounds, from, &piece.last);
	for (i = 0; i < NR_NODES; i++) {
		if (model->in_use[i])
			next_edge(&model->used[i], from, &piece.last);
	}
	for (i = 0; i < model->nr_reserved; i++)
		next_edge(&model->reserved[i].range, from, &piece.last);
	for (i = 0; i < model->nr_allowed; i++)
		next_edge(&model->allowed[i], from, &piece.last);
	return piece;
}

/*
 * Finds the lowest and largest range at or above @from for which @is is true.
 */
static bool model_next(const struct model *model, unsigned long from,
		       bool (*is)(const struct model *,
				  const struct iova_range *),
		       struct iova_range *found)
{
	struct iova_range piece;
	bool any = false;

	for (;;) {
		piece = model_piece(model, from);
		if (is(model, &piece)) {
			if (!any)
				found->first = piece.first;
			found->last = piece.last;
			any = true;
		} else if (any) {
			return true;
		}
		if (piece.last == ULONG_MAX)
			return any;
		from = piece.last + 1;
	}
}

static bool model_fits(const struct model *model, const struct iova_fit *fit,
		       unsigned long align)
{
	struct iova_range avail = { 0, 0 };
	bool more;

	for (more = model_next(model, 0, is_avail, &avail); more;
	     more = avail.last != ULONG_MAX &&
		    model_next(model, avail.last + 1, is_avail, &avail)) {
		unsigned long pad = (fit->hint - avail.first) & (align - 1);

		if (pad > avail.last - avail.first)
			continue;
		avail.first += pad;
		if (iova_range_holds(&avail, fit->length))
			return true;
	}
	return false;
}

static void check_used(const struct model *model,
		       const struct iova_range *range)
{
	unsigned int expected = 0, found = 0, i;
	unsigned long from = 0;
	struct iova_node *node;

	for (i = 0; i < NR_NODES; i++)
		expected += model->in_use[i] &&
			    iova_range_overlaps(&model->used[i], range);
	iova_space_for_each_used(&model->space, node, range) {
		i = node - model->nodes;
		CHECK(i < NR_NODES && model->in_use[i]);
		CHECK(node->range.first == model->used[i].first);
		CHECK(node->range.last == model->used[i].last);
		CHECK(iova_range_overlaps(&node->range, range));
		CHECK(!found++ || node->range.first >= from);
		from = node->range.last + 1;
	}
	CHECK(found == expected);
}

static void check_usable(struct model *model)
{
	struct iova_range usable, expected = { 0, 0 };
	unsigned long from = 0;
	bool more = true;

	iova_space_for_each_usable(&model->space, usable) {
		CHECK(more && model_next(model, from, is_usable, &expected));
		CHECK(usable.first == expected.first);
		CHECK(usable.last == expected.last);
		more = usable.last != ULONG_MAX;
		from = usable.last + 1;
	}
	CHECK(!more || !model_next(model, from, is_usable, &expected));
}

/* Compares all gaps of at least @size that end at or above @from. */
static void check_gaps(const struct model *model, unsigned long from,
		       unsigned long size)
{
	const struct rb_root *used = &model->space.used;
	struct iova_range above = { 0, ULONG_MAX };
	struct iova_node *node;
	struct iova_gap gap;
	bool more = iova_tree_first_gap(used, from, size, &gap);

	iova_space_for_each_used(&model->space, node, &IOVA_RANGE_ALL) {
		if (node->range.first > from &&
		    node->range.first - above.first >= size) {
			CHECK(more && gap.range.first == above.first);
			CHECK(gap.range.last == node->range.first - 1);
			CHECK(gap.above == node);
			more = iova_tree_next_gap(used, size, &gap);
		}
		above.first = node->range.last + 1;
		if (!above.first)
			break;
	}
	if ((above.first || !used->rb_node) && iova_range_holds(&above, size)) {
		CHECK(more && gap.range.first == above.first);
		CHECK(gap.range.last == ULONG_MAX && !gap.above);
		more = iova_tree_next_gap(used, size, &gap);
	}
	CHECK(!more);
}

static void check_all(struct model *model)
{
	CHECK(iova_tree_is_consistent(&model->space.used));
	check_used(model, &IOVA_RANGE_ALL);
	check_usable(model);
}

/* Returns an address: any, one close to either end, or close to a range. */
static unsigned long any_iova(const struct model *model, struct fuzz_input *in)
{
	unsigned int how = fuzz_byte(in), what = fuzz_byte(in);
	unsigned long iova = what;

	switch (how % 6) {
	case 0:
		return iova * PAGE_SIZE;
	case 1:
		return -1UL - iova * PAGE_SIZE;
	case 2:
		iova = model->used[what % NR_NODES].last;
		break;
	case 3:
		iova = model->used[what % NR_NODES].first;
		break;
	case 4:
		iova = model->reserved[what % NR_RESERVED].range.last;
		break;
	default:
		return fuzz_number(in);
	}
	return iova + (how / 6 % 4 - 1UL) +
	       (how / 24 % 2 ? PAGE_SIZE * (how / 48) : 0);
}

static struct iova_range any_range(const struct model *model,
				   struct fuzz_input *in)
{
	struct iova_range range = { any_iova(model, in), any_iova(model, in) };

	if (range.last < range.first)
		swap(range.first, range.last);
	return range;
}

/* Returns a node that is or is not in use, or NR_NODES if there is none. */
static unsigned int any_node(const struct model *model, bool in_use,
			     struct fuzz_input *in)
{
	unsigned int start = fuzz_byte(in), i;

	for (i = 0; i < NR_NODES; i++) {
		if (model->in_use[(start + i) % NR_NODES] == in_use)
			return (start + i) % NR_NODES;
	}
	return NR_NODES;
}

static void model_use(struct model *model, unsigned int i)
{
	model->in_use[i] = true;
	model->used[i] = model->nodes[i].range;
}

static void op_use_fixed(struct model *model, struct fuzz_input *in)
{
	struct iova_range range = any_range(model, in);
	unsigned int i = any_node(model, false, in);
	int expected = 0, ret;

	if (i == NR_NODES)
		return;
	if (overlaps_reserved(model, &range))
		expected = -EINVAL;
	else if (overlaps_used(model, &range))
		expected = -EEXIST;
	ret = iova_space_use_fixed(&model->space, &model->nodes[i], &range);
	CHECK(ret == expected);
	if (ret)
		return;
	CHECK(model->nodes[i].range.first == range.first);
	CHECK(model->nodes[i].range.last == range.last);
	model_use(model, i);
}

static struct iova_fit any_fit(struct fuzz_input *in)
{
	unsigned int aligns = fuzz_byte(in);
	struct iova_fit fit = {
		.length = fuzz_number(in),
		.hint = fuzz_number(in),
		.min_align = 1UL << aligns % 16,
	};

	fit.max_align = fit.min_align << (aligns / 16 * 2);
	/* Mostly aligned as required */
	if (fuzz_byte(in) % 8) {
		fit.length &= -fit.min_align;
		fit.hint &= -fit.min_align;
	}
	return fit;
}

static int model_auto(const struct model *model, const struct iova_fit *fit,
		      unsigned long *align)
{
	unsigned long min_align = max(fit->min_align, PAGE_SIZE), natural;

	if (!fit->length || fit->length >= ULONG_MAX / 2)
		return -EOVERFLOW;
	if (fit->length % fit->min_align || fit->hint % fit->min_align)
		return -EINVAL;
	*align = min_align;
	while (*align < fit->length && *align < fit->max_align)
		*align *= 2;
	if (model_fits(model, fit, *align))
		return 0;
	natural = min_align;
	while (natural < *align && !(fit->hint % (natural * 2)))
		natural *= 2;
	*align = natural;
	return model_fits(model, fit, natural) ? 0 : -ENOSPC;
}

static void op_use_auto(struct model *model, struct fuzz_input *in)
{
	unsigned int i = any_node(model, false, in);
	struct iova_fit fit = any_fit(in);
	struct iova_range *found, piece;
	unsigned long align, at;
	int ret;

	if (i == NR_NODES)
		return;
	ret = iova_space_use_auto(&model->space, &model->nodes[i], &fit);
	CHECK(ret == model_auto(model, &fit, &align));
	if (ret)
		return;
	found = &model->nodes[i].range;
	CHECK(found->last - found->first == fit.length - 1);
	CHECK(!((found->first - fit.hint) & (align - 1)));
	for (at = found->first;; at = piece.last + 1) {
		piece = model_piece(model, at);
		CHECK(is_avail(model, &piece));
		if (piece.last >= found->last)
			break;
	}
	model_use(model, i);
}

static void op_release(struct model *model, struct fuzz_input *in)
{
	unsigned int i = any_node(model, true, in);

	if (i == NR_NODES)
		return;
	iova_space_release(&model->space, &model->nodes[i]);
	model->in_use[i] = false;
}

static void op_split(struct model *model, struct fuzz_input *in)
{
	unsigned int i = any_node(model, true, in);
	unsigned int tail = any_node(model, false, in);
	unsigned long at = fuzz_number(in), max_offset;

	if (i == NR_NODES || tail == NR_NODES)
		return;
	max_offset = model->used[i].last - model->used[i].first;
	if (!max_offset)
		return;
	at = model->used[i].first + 1 + at % max_offset;
	iova_space_split(&model->space, &model->nodes[i], at,
			 &model->nodes[tail]);
	CHECK(model->nodes[tail].range.first == at);
	CHECK(model->nodes[tail].range.last == model->used[i].last);
	model_use(model, i);
	model_use(model, tail);
	CHECK(model->used[i].last == at - 1);
}

static int model_reserve(const struct model *model,
			 const struct iova_range *range)
{
	return overlaps_used(model, range) || overlaps_allowed(model, range) ?
		       -EADDRINUSE :
		       0;
}

static void op_reserve(struct model *model, struct fuzz_input *in)
{
	struct iova_range range = any_range(model, in);
	unsigned int owner = fuzz_below(in, NR_OWNERS);
	int expected = model_reserve(model, &range), ret;

	if (model->nr_reserved == NR_RESERVED)
		return;
	fuzz_fail_nth_alloc(fuzz_byte(in) % 4);
	ret = iova_space_reserve(&model->space, &range, 0,
				 &model->owners[owner]);
	if (fuzz_alloc_has_failed())
		expected = expected ?: -ENOMEM;
	CHECK(ret == expected);
	if (!ret)
		model->reserved[model->nr_reserved++] =
			(struct reservation){ range, owner };
}

static void op_reserve_outside(struct model *model, struct fuzz_input *in)
{
	struct iova_range range = any_range(model, in);
	unsigned int owner = fuzz_below(in, NR_OWNERS);
	struct reservation outside[2];
	unsigned int nr = 0, i;
	int expected = 0, ret;

	if (model->nr_reserved + 2 > NR_RESERVED)
		return;
	if (range.first)
		outside[nr++] =
			(struct reservation){ { 0, range.first - 1 }, owner };
	if (range.last != ULONG_MAX)
		outside[nr++] =
			(struct reservation){ { range.last + 1, ULONG_MAX },
					      owner };
	fuzz_fail_nth_alloc(fuzz_byte(in) % 4);
	ret = iova_space_reserve_outside(&model->space, &range,
					 &model->owners[owner]);
	for (i = 0; i < nr; i++)
		expected = expected ?: model_reserve(model, &outside[i].range);
	if (fuzz_alloc_has_failed())
		CHECK(ret == -ENOMEM || (expected && ret == expected));
	else
		CHECK(ret == expected);
	for (i = 0; i < nr && !ret; i++)
		model->reserved[model->nr_reserved++] = outside[i];
}

static void op_unreserve(struct model *model, struct fuzz_input *in)
{
	unsigned int owner = fuzz_below(in, NR_OWNERS), i, kept = 0;

	iova_space_unreserve(&model->space, &model->owners[owner]);
	for (i = 0; i < model->nr_reserved; i++) {
		if (model->reserved[i].owner != owner)
			model->reserved[kept++] = model->reserved[i];
	}
	model->nr_reserved = kept;
}

static bool overlap_each_other(const struct iova_range *ranges, unsigned int nr)
{
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		for (j = 0; j < i; j++) {
			if (iova_range_overlaps(&ranges[i], &ranges[j]))
				return true;
		}
	}
	return false;
}

static void op_set_allowed(struct model *model, struct fuzz_input *in)
{
	unsigned int nr = fuzz_below(in, NR_ALLOWED + 1), i;
	struct iova_range ranges[NR_ALLOWED], *copy = NULL;
	int expected = 0, ret;
	size_t nr_sorted = nr;

	for (i = 0; i < nr; i++)
		ranges[i] = any_range(model, in);
	if (nr) {
		copy = kvmalloc_objs(*copy, nr, GFP_KERNEL_ACCOUNT);
		memcpy(copy, ranges, nr * sizeof(*copy));
	}
	ret = iova_space_sort_allowed(copy, &nr_sorted);
	CHECK(ret == (overlap_each_other(ranges, nr) ? -EINVAL : 0));
	if (!ret) {
		for (i = 0; i < nr; i++)
			if (overlaps_reserved(model, &ranges[i]))
				expected = -EADDRINUSE;
		ret = iova_space_set_allowed(&model->space, &copy, nr_sorted);
		CHECK(ret == expected);
	}
	kvfree(copy);
	if (ret)
		return;
	memcpy(model->allowed, ranges, sizeof(ranges));
	model->nr_allowed = nr;
}

static void op_query(struct model *model, struct fuzz_input *in)
{
	struct iova_range range = any_range(model, in);
	unsigned long size = fuzz_number(in);

	check_used(model, &range);
	check_gaps(model, range.first, size ? size : 1);
}

static void one_op(struct model *model, struct fuzz_input *in)
{
	static void (*const ops[])(struct model *, struct fuzz_input *) = {
		op_use_fixed,	    op_use_fixed, op_use_auto,	  op_use_auto,
		op_release,	    op_release,	  op_split,	  op_reserve,
		op_reserve_outside, op_unreserve, op_set_allowed, op_query,
	};

	ops[fuzz_below(in, sizeof(ops) / sizeof(*ops))](model, in);
}

void fuzz_one(struct fuzz_input *in)
{
	struct model model = {};
	struct iova_node *node;
	unsigned int ops;

	iova_space_init(&model.space);
	for (ops = 0; ops < MAX_OPS && fuzz_more(in); ops++) {
		one_op(&model, in);
		check_all(&model);
	}
	while ((node = iova_space_first_used(&model.space, &IOVA_RANGE_ALL)))
		iova_space_release(&model.space, node);
	iova_space_destroy(&model.space);
}
