// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random arguments. Files are open ones, addresses are a few that overlap, and
 * a few arguments are wrong.
 */
#include "gen_state.h"

#include "harness.h"
#include "memory.h"

unsigned int gen_below(struct gen *gen, unsigned int n)
{
	return draft_below(&gen->draft, n);
}

bool gen_often(struct gen *gen, unsigned int percent)
{
	return draft_often(&gen->draft, percent);
}

__u64 gen_any_fd(struct gen *gen, unsigned int first, unsigned int nr)
{
	return first + gen_below(gen, nr);
}

/*
 * Return one of @nr files from @first on, an open one if possible. Sometimes
 * return any other file.
 */
static __u64 gen_open_fd(struct gen *gen, unsigned int first, unsigned int nr)
{
	unsigned int i = gen_below(gen, nr);

	if (gen_often(gen, 2))
		return gen_any_fd(gen, 0, NR_SHARED_FDS);
	for (unsigned int n = 0; n < nr; n++, i++) {
		if (gen->open[first + i % nr])
			return first + i % nr;
	}
	return first + i % nr;
}

__u64 gen_container_fd(struct gen *gen)
{
	return gen_open_fd(gen, FD_CONTAINER0, NR_CONTAINERS);
}

__u64 gen_group_fd(struct gen *gen)
{
	return gen_open_fd(gen, FD_GROUP0, NR_GROUPS);
}

__u64 gen_device_fd(struct gen *gen)
{
	return gen_open_fd(gen, FD_DEVICE0, NR_DEVICES - 1);
}

__u64 gen_pointer(struct gen *gen)
{
	return draft_pointer(&gen->draft);
}

__u64 gen_argsz(struct gen *gen, __u64 right)
{
	return draft_argsz(&gen->draft, right);
}

/* Return one of a few addresses, so that mappings overlap, or an edge case. */
__u64 gen_iova(struct gen *gen)
{
	const __u64 edges[] = {
		0,
		0xfee00000,
		0xfedff000,
		0xfeeff000,
		0xfef00000,
		0x7ffffff000,
		0x8000000000,
		0xfffffffff000,
		0x1000000000000,
		0xfffffffffffff000,
		0xffffffffffffffff,
		0x100800,
		0x100001,
		0x40000000,
		0x40200000,
	};

	if (gen_often(gen, 90))
		return 0x100000 + 0x1000 * N(gen_below(gen, GEN_IOVA_PAGES));
	return edges[gen_below(gen, ARRAY_SIZE(edges))];
}

/*
 * Return a size. None is both huge and valid: such a mapping is possible if
 * nothing is pinned, and then the kernel's own container takes too long when a
 * group leaves.
 */
__u64 gen_size(struct gen *gen)
{
	const __u64 odd[] = { 0,
			      1,
			      0x800,
			      0x1001,
			      0x10000,
			      0x100000,
			      0x200000,
			      0xfffffffffffff000,
			      0xffffffffffffffff };

	if (gen_often(gen, 93))
		return 0x1000 *
		       N(1 + gen_below(gen, gen_often(gen, 70) ? 4 : 16));
	return odd[gen_below(gen, ARRAY_SIZE(odd))];
}

__u64 gen_vaddr(struct gen *gen)
{
	static const struct {
		enum buf buf;
		unsigned int pages;
	} bufs[] = {
		{ BUF_ANON, 16 },   { BUF_ANON, 16 },	{ BUF_ANON, 16 },
		{ BUF_SHARED, 8 },  { BUF_PRIVATE, 4 }, { BUF_RO, 4 },
		{ BUF_HOLE, 4 },    { BUF_HUGE, 8 },	{ BUF_NONE, 4 },
		{ BUF_HUGETLB, 8 }, { BUF_FREE, 2 },
	};
	unsigned int i =
		gen_below(gen, gen_often(gen, 60) ? 5 : ARRAY_SIZE(bufs));

	if (gen_often(gen, 1))
		return gen_below(gen, 2) ? 0xffffffffffffffff :
					   0xfffffffffffff000;
	if (gen_often(gen, 2))
		return BUF_BASE(BUF_ANON) + gen_below(gen, 4096);
	if (gen_often(gen, 4))
		return BAR_BASE(gen_below(gen, 2)) +
		       0x1000 * N(gen_below(gen, 3));
	return BUF_BASE(bufs[i].buf) +
	       0x1000 * N(gen_below(gen, bufs[i].pages));
}

/* Return one of the last mappings, or NULL. */
const __u64 *gen_recent(struct gen *gen)
{
	unsigned int nr = gen->nr_mapped < GEN_NR_MAPPED ? gen->nr_mapped :
							   GEN_NR_MAPPED;

	return nr ? gen->mapped[gen_below(gen, nr)] : NULL;
}
