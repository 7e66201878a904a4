// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random operations on an IOVA space beside a naive model, which has one entry
 * for each page of a window somewhere in the address space. Everything outside
 * of the window is reserved.
 */

#include "iova_space.h"
#include "iova_space_util.h"
#include "unit.h"

#define NR_PAGES 1024
#define NR_NODES 256
#define NR_OWNERS 4

struct model {
	struct iova_space space;
	unsigned long base;
	struct iova_node node[NR_NODES];
	bool in_use[NR_NODES];
	int user[NR_PAGES];
	unsigned int reserved[NR_PAGES][NR_OWNERS];
	bool allowed[NR_PAGES];
	bool allow_all;
	/* Its address is the owner of the reservations outside of the window */
	int outside;
};

static unsigned long model_iova(const struct model *model, unsigned long page)
{
	return model->base + page * PAGE_SIZE;
}

static struct iova_range model_range(const struct model *model,
				     unsigned long page, unsigned long nr)
{
	return (struct iova_range){ model_iova(model, page),
				    model_iova(model, page + nr) - 1 };
}

static bool model_reserved(const struct model *model, unsigned long page)
{
	int owner;

	for (owner = 0; owner < NR_OWNERS; owner++) {
		if (model->reserved[page][owner])
			return true;
	}
	return false;
}

static bool model_any(const struct model *model, unsigned long page,
		      unsigned long nr,
		      bool (*is)(const struct model *, unsigned long))
{
	for (; nr; nr--) {
		if (is(model, page++))
			return true;
	}
	return false;
}

static bool model_used(const struct model *model, unsigned long page)
{
	return model->user[page] >= 0;
}

static bool model_only_allowed(const struct model *model, unsigned long page)
{
	return !model->allow_all && model->allowed[page];
}

/* Tests whether automatic allocation must not use the page. */
static bool model_blocked(const struct model *model, unsigned long page)
{
	unsigned long iova = model_iova(model, page);

	return model_used(model, page) || model_reserved(model, page) ||
	       !(model->allow_all || model->allowed[page]) ||
	       iova < PAGE_SIZE || iova > ULONG_MAX - 2 * PAGE_SIZE + 1;
}

static void model_fill(struct model *model, unsigned long page,
		       unsigned long nr, int user)
{
	for (; nr; nr--)
		model->user[page++] = user;
}

static void model_compare(struct model *model)
{
	struct iova_range usable, range;
	unsigned long page = 0;
	struct iova_node *node;
	int user = -1;

	space_check(&model->space);
	for (page = 0; page < NR_PAGES && !unit_failed(); page++) {
		range = model_range(model, page, 1);
		node = iova_space_first_used(&model->space, &range);
		if (!node) {
			EXPECT_EQ(-1, model->user[page]);
			continue;
		}
		user = node - model->node;
		EXPECT_EQ(user, model->user[page]);
		if (!page || model->user[page - 1] != user)
			EXPECT_EQ(range.first, node->range.first);
		if (page == NR_PAGES - 1 || model->user[page + 1] != user)
			EXPECT_EQ(range.last, node->range.last);
	}
	page = 0;
	iova_space_for_each_usable(&model->space, usable) {
		for (;
		     page < NR_PAGES && model_iova(model, page) != usable.first;
		     page++)
			EXPECT(model_reserved(model, page));
		for (; page < NR_PAGES && !model_reserved(model, page); page++)
			;
		EXPECT_EQ(model_iova(model, page) - 1, usable.last);
		if (unit_failed())
			return;
	}
	for (; page < NR_PAGES; page++)
		EXPECT(model_reserved(model, page));
}

static void random_span(unsigned long *page, unsigned long *nr)
{
	unsigned long limit = 1 + (unit_random() % NR_PAGES >> unit_below(10));

	*page = unit_below(NR_PAGES);
	*nr = unit_between(1, min(limit, NR_PAGES - *page));
}

static int model_spare_node(const struct model *model)
{
	int i = unit_below(NR_NODES), tries;

	for (tries = 0; tries < NR_NODES; tries++, i = (i + 1) % NR_NODES) {
		if (!model->in_use[i])
			return i;
	}
	return -1;
}

static void random_fixed(struct model *model)
{
	int expected = 0, i = model_spare_node(model);
	struct iova_range range;
	unsigned long page, nr;

	if (i < 0)
		return;
	random_span(&page, &nr);
	if (model_any(model, page, nr, model_reserved))
		expected = -EINVAL;
	else if (model_any(model, page, nr, model_used))
		expected = -EEXIST;
	range = model_range(model, page, nr);
	EXPECT_EQ(expected,
		  iova_space_use_fixed(&model->space, &model->node[i], &range));
	if (expected)
		return;
	model->in_use[i] = true;
	model_fill(model, page, nr, i);
}

/* Returns the lowest page that fits, or -1. */
static long model_find(const struct model *model, unsigned long nr,
		       unsigned long align, unsigned long hint)
{
	unsigned long page;

	for (page = 0; page + nr <= NR_PAGES; page++) {
		if (!((model_iova(model, page) - hint) & (align - 1)) &&
		    !model_any(model, page, nr, model_blocked))
			return page;
	}
	return -1;
}

static void random_auto(struct model *model)
{
	unsigned long nr = 1 + (unit_random() % 64 >> unit_below(7)), align;
	unsigned long hint = unit_random() >> 20 << PAGE_SHIFT, natural;
	struct iova_fit fit = space_fit(nr * PAGE_SIZE, hint);
	int i = model_spare_node(model), ret;
	long page;

	if (i < 0)
		return;
	fit.max_align = PAGE_SIZE << unit_below(8);
	align = min(roundup_pow_of_two(fit.length), fit.max_align);
	page = model_find(model, nr, align, hint);
	natural = min(align, hint ? hint & -hint : align);
	if (page < 0 && natural < align) {
		align = natural;
		page = model_find(model, nr, align, hint);
	}
	ret = iova_space_use_auto(&model->space, &model->node[i], &fit);
	EXPECT_EQ(page < 0 ? -ENOSPC : 0, ret);
	if (ret || page < 0)
		return;
	/* The search may skip the lowest fit of a larger alignment. */
	if (align == PAGE_SIZE)
		EXPECT_EQ(model_iova(model, page), model->node[i].range.first);
	EXPECT_EQ(model->node[i].range.first + fit.length - 1,
		  model->node[i].range.last);
	EXPECT_EQ(0, (model->node[i].range.first - hint) & (align - 1));
	page = (model->node[i].range.first - model->base) >> PAGE_SHIFT;
	EXPECT(page >= 0 && page + nr <= NR_PAGES);
	if (unit_failed())
		return;
	EXPECT(!model_any(model, page, nr, model_blocked));
	model->in_use[i] = true;
	model_fill(model, page, nr, i);
}

static int model_random_user(const struct model *model)
{
	return model->user[unit_below(NR_PAGES)];
}

static void random_release(struct model *model)
{
	int i = model_random_user(model);
	unsigned long page;

	if (i < 0)
		return;
	iova_space_release(&model->space, &model->node[i]);
	model->in_use[i] = false;
	for (page = 0; page < NR_PAGES; page++) {
		if (model->user[page] == i)
			model->user[page] = -1;
	}
}

static void random_split(struct model *model)
{
	int i = model_random_user(model), tail = model_spare_node(model);
	unsigned long first, nr, at;

	if (i < 0 || tail < 0)
		return;
	first = (model->node[i].range.first - model->base) >> PAGE_SHIFT;
	nr = iova_range_length(&model->node[i].range) >> PAGE_SHIFT;
	if (nr < 2)
		return;
	at = unit_between(first + 1, first + nr - 1);
	iova_space_split(&model->space, &model->node[i], model_iova(model, at),
			 &model->node[tail]);
	model->in_use[tail] = true;
	model_fill(model, at, first + nr - at, tail);
}

static void random_reserve(struct model *model)
{
	int owner = unit_below(NR_OWNERS), expected = 0, ret;
	struct iova_range range;
	unsigned long page, nr;

	random_span(&page, &nr);
	nr = min(nr, 60UL);
	range = model_range(model, page, nr);
	if (model_any(model, page, nr, model_used) ||
	    model_any(model, page, nr, model_only_allowed))
		expected = -EADDRINUSE;
	unit_fail_nth_alloc(unit_below(4));
	ret = iova_space_reserve(&model->space, &range, 0,
				 &model->reserved[0][owner]);
	if (unit_alloc_has_failed())
		expected = -ENOMEM;
	EXPECT_EQ(expected, ret);
	for (; nr && !ret; nr--)
		model->reserved[page++][owner]++;
}

static void random_unreserve(struct model *model)
{
	int owner = unit_below(NR_OWNERS);
	unsigned long page;

	iova_space_unreserve(&model->space, &model->reserved[0][owner]);
	for (page = 0; page < NR_PAGES; page++)
		model->reserved[page][owner] = 0;
}

static void random_allowed(struct model *model)
{
	unsigned long nr_ranges = unit_below(6), page, nr, i;
	int expected = 0, ret, overlap = 0, reserved = 0;
	struct iova_range ranges[6];
	bool allowed[NR_PAGES] = {};

	for (i = 0; i < nr_ranges; i++) {
		random_span(&page, &nr);
		ranges[i] = model_range(model, page, nr);
		for (; nr; nr--, page++) {
			overlap |= allowed[page];
			reserved |= model_reserved(model, page);
			allowed[page] = true;
		}
	}
	if (overlap)
		expected = -EINVAL;
	else if (reserved)
		expected = -EADDRINUSE;
	unit_fail_nth_alloc(unit_below(4));
	ret = space_set_allowed(&model->space, ranges, nr_ranges);
	if (unit_alloc_has_failed())
		expected = -ENOMEM;
	EXPECT_EQ(expected, ret);
	if (ret)
		return;
	memcpy(model->allowed, allowed, sizeof(allowed));
	model->allow_all = !nr_ranges;
}

static void model_init(struct model *model)
{
	static const unsigned long bases[] = {
		0,
		1UL << 40,
		3 * HUGE_SIZE + 5 * PAGE_SIZE,
		ULONG_MAX - NR_PAGES * PAGE_SIZE + 1,
	};
	struct iova_range window;
	unsigned long page;

	memset(model, 0, sizeof(*model));
	model->base = bases[unit_below(4)];
	model->allow_all = true;
	for (page = 0; page < NR_PAGES; page++)
		model->user[page] = -1;
	iova_space_init(&model->space);
	window = model_range(model, 0, NR_PAGES);
	EXPECT_EQ(0, iova_space_reserve_outside(&model->space, &window,
						&model->outside));
}

static void random_operations(void)
{
	unsigned long rounds = unit_rounds(150), i;
	unsigned int op, share;
	struct model model;

	while (rounds-- && !unit_failed()) {
		model_init(&model);
		share = unit_between(5, 60);
		for (i = 0; i < 800 && !unit_failed(); i++) {
			op = unit_below(100);
			if (op < share)
				random_auto(&model);
			else if (op < 60)
				random_release(&model);
			else if (op < 80)
				random_fixed(&model);
			else if (op < 90)
				random_split(&model);
			else if (op < 96)
				random_reserve(&model);
			else if (op < 98)
				random_unreserve(&model);
			else
				random_allowed(&model);
			if (i % 4 == 0)
				model_compare(&model);
		}
		model_compare(&model);
		space_release_all(&model.space);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "random operations", random_operations },
	};

	return unit_main("iova_space_random", tests,
			 sizeof(tests) / sizeof(*tests));
}
