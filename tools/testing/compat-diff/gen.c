// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls, chosen so that most of them get somewhere: what a sequence has
 * opened so far is remembered, addresses are taken from a few that meet each
 * other, and only now and then is an argument wrong.
 */
#include "gen.h"

#include <linux/vfio.h>
#include <stdbool.h>
#include <string.h>

#include "draft.h"
#include "gen_other.h"
#include "harness.h"
#include "memory.h"

#define IOVA_PAGES 24
/* Mappings that are remembered */
#define NR_MAPPED 4
/* One in so many sequences is of the devices, not of the container */
#define OTHER_EACH 5
/* At the end of one in so many sequences a device goes, with so many calls */
#define GONE_EACH 16
#define GONE_CALLS 10

/** struct gen - a sequence in the making */
struct gen {
	/** @draft: the calls so far */
	struct draft draft;
	/** @open: which files are open, if all went well */
	bool open[NR_SHARED_FDS];
	/** @container: which container a group is in, -1 for none */
	int container[NR_GROUPS];
	/** @mapped: the last mappings, IOVA and bytes */
	__u64 mapped[NR_MAPPED][2];
	/** @forked: whether memory may be that of a process which has ended */
	bool forked;
	/** @nr_mapped: mappings made so far */
	unsigned int nr_mapped;
	/** @gone: a device is to go at the end */
	bool gone;
	/** @held: a device may have more users than the file it was opened as */
	bool held;
};

#define add(gen, ...) draft_add(&(gen)->draft, __VA_ARGS__)

static unsigned int below(struct gen *gen, unsigned int n)
{
	return draft_below(&gen->draft, n);
}

static bool often(struct gen *gen, unsigned int percent)
{
	return draft_often(&gen->draft, percent);
}

static __u64 any(struct gen *gen, unsigned int first, unsigned int nr)
{
	return first + below(gen, nr);
}

/* One of @nr files from @first on that is open, if one is; seldom any. */
static __u64 one_of(struct gen *gen, unsigned int first, unsigned int nr)
{
	unsigned int i = below(gen, nr);

	if (often(gen, 2))
		return any(gen, 0, NR_SHARED_FDS);
	for (unsigned int n = 0; n < nr; n++, i++) {
		if (gen->open[first + i % nr])
			return first + i % nr;
	}
	return first + i % nr;
}

static __u64 container(struct gen *gen)
{
	return one_of(gen, FD_CONTAINER0, NR_CONTAINERS);
}

static __u64 group(struct gen *gen)
{
	return one_of(gen, FD_GROUP0, NR_GROUPS);
}

static __u64 device(struct gen *gen)
{
	return one_of(gen, FD_DEVICE0, NR_DEVICES - 1);
}

static __u64 pointer(struct gen *gen)
{
	return draft_pointer(&gen->draft);
}

static __u64 argsz(struct gen *gen, __u64 right)
{
	return draft_argsz(&gen->draft, right);
}

/* Addresses that a few mappings share, and some at edges. */
static __u64 iova(struct gen *gen)
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

	if (often(gen, 90))
		return 0x100000 + 0x1000 * N(below(gen, IOVA_PAGES));
	return edges[below(gen, ARRAY_SIZE(edges))];
}

/*
 * None that is huge and fits: where nothing is pinned it can be mapped, and then
 * the kernel's own container takes forever when a group leaves.
 */
static __u64 length(struct gen *gen)
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

	if (often(gen, 93))
		return 0x1000 * N(1 + below(gen, often(gen, 70) ? 4 : 16));
	return odd[below(gen, ARRAY_SIZE(odd))];
}

static __u64 memory(struct gen *gen)
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
	unsigned int i = below(gen, often(gen, 60) ? 5 : ARRAY_SIZE(bufs));

	if (often(gen, 1))
		return below(gen, 2) ? 0xffffffffffffffff : 0xfffffffffffff000;
	if (often(gen, 2))
		return BUF_BASE(BUF_ANON) + below(gen, 4096);
	if (often(gen, 4))
		return BAR_BASE(below(gen, 2)) + 0x1000 * N(below(gen, 3));
	return BUF_BASE(bufs[i].buf) + 0x1000 * N(below(gen, bufs[i].pages));
}

/* One of the last mappings, if there is one. */
static const __u64 *recall(struct gen *gen)
{
	unsigned int nr = gen->nr_mapped < NR_MAPPED ? gen->nr_mapped :
						       NR_MAPPED;

	return nr ? gen->mapped[below(gen, nr)] : NULL;
}

static __u64 map_flags(struct gen *gen)
{
	const __u64 some[] = { 1, 2, 0, 4, 5, 7, 8, 0x80000000 };

	return often(gen, 85) ? 3 : some[below(gen, ARRAY_SIZE(some))];
}

/*
 * Not the last page of all: where it is mapped, the kernel's own container of
 * 6.12 no longer finds other mappings, as the end of that one becomes 0.
 */
static void gen_map(struct gen *gen)
{
	const __u64 at = memory(gen);
	__u64 size = length(gen);
	const __u64 flags = map_flags(gen);
	const __u64 where = iova(gen);

	if (where + size == 0)
		size += 0x1000;
	add(gen, "map", 7, container(gen), at, where, size, flags,
	    argsz(gen, 32), pointer(gen));
	gen->mapped[gen->nr_mapped % NR_MAPPED][0] = where;
	gen->mapped[gen->nr_mapped++ % NR_MAPPED][1] = size;
}

static __u64 unmap_flags(struct gen *gen)
{
	const __u64 some[] = { 1, 2, 2, 2, 3, 4, 4, 5, 6, 8 };

	return often(gen, 80) ? 0 : some[below(gen, ARRAY_SIZE(some))];
}

static __u64 unmap_length(struct gen *gen)
{
	if (often(gen, 2))
		return 0x7ffffffffffff000;
	return often(gen, 25) ? 0x1000 * N(IOVA_PAGES) : length(gen);
}

static void gen_unmap(struct gen *gen)
{
	const __u64 flags = unmap_flags(gen);
	bool all = (flags & VFIO_DMA_UNMAP_FLAG_ALL) && often(gen, 90);
	__u64 size = flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP ? 48 : 24;
	const __u64 *old = often(gen, 55) ? recall(gen) : NULL;
	__u64 from = all ? 0 : often(gen, 20) ? 0x100000 : iova(gen);
	__u64 bytes = all ? 0 : unmap_length(gen);

	if (old && !all) {
		from = old[0];
		bytes = old[1];
	}
	size = argsz(gen, size);
	add(gen, "unmap", 9, container(gen), from, bytes, flags, size,
	    pointer(gen), N(often(gen, 90) ? 4096 : 8192),
	    N(often(gen, 90) ? 8 : 64), pointer(gen));
}

static void gen_dirty(struct gen *gen)
{
	const __u64 some[] = { 0, 3, 5, 6, 8 };
	__u64 flags = 1U << below(gen, 3);
	const __u64 size = argsz(gen, flags == 4 ? 48 : 8);
	__u64 pages = 1 + below(gen, IOVA_PAGES);
	const __u64 at = often(gen, 50) ? 0x100000 : iova(gen);
	const __u64 bytes = often(gen, 50) ? 0x1000 * pages : length(gen);

	if (often(gen, 4))
		flags = some[below(gen, ARRAY_SIZE(some))];
	add(gen, "dirty", 9, container(gen), flags, at, bytes,
	    N(often(gen, 95) ? 4096 : 1U << below(gen, 16)),
	    N(often(gen, 95) ? 8 : 1U << below(gen, 10)), size, pointer(gen),
	    pointer(gen));
}

static void gen_info(struct gen *gen)
{
	const __u64 sizes[] = { 0, 8, 12, 15, 16, 20, 24, 64, 96, 120, 256 };

	add(gen, "info", 3, container(gen),
	    often(gen, 70) ? N(256) : sizes[below(gen, ARRAY_SIZE(sizes))],
	    pointer(gen));
}

static void gen_ext(struct gen *gen)
{
	add(gen, "ext", 2, container(gen), N(below(gen, 13)));
}

static __u64 type(struct gen *gen)
{
	if (often(gen, 70))
		return VFIO_TYPE1v2_IOMMU;
	return often(gen, 80) ? VFIO_TYPE1_IOMMU : N(below(gen, 10));
}

static void gen_iommu(struct gen *gen)
{
	const __u64 which = container(gen);

	add(gen, "iommu", 2, which, type(gen));
}

static void gen_open(struct gen *gen)
{
	const __u64 which = any(gen, FD_CONTAINER0, NR_CONTAINERS);

	if (gen->open[which])
		return;
	add(gen, "open", 1, which);
	gen->open[which] = true;
}

static void gen_gopen(struct gen *gen)
{
	const __u64 which = any(gen, FD_GROUP0, NR_GROUPS);

	if (gen->open[which] && often(gen, 70))
		return;
	add(gen, "gopen", 1, which);
	gen->open[which] = true;
}

static void put_in(struct gen *gen, __u64 grp, __u64 cont)
{
	if (grp - FD_GROUP0 < NR_GROUPS && cont < NR_CONTAINERS)
		gen->container[grp - FD_GROUP0] = (int)cont;
}

/*
 * Not after a fork: where it is the first group with an IOMMU, the kernel's own
 * container pins what the caller has at the addresses, whoever has mapped.
 */
static void gen_set(struct gen *gen)
{
	const __u64 grp = group(gen);
	const __u64 cont = often(gen, 96) ? container(gen) :
					    any(gen, 0, NR_SHARED_FDS);

	if (gen->forked)
		return;
	add(gen, "set", 3, grp, cont, pointer(gen));
	put_in(gen, grp, cont);
}

static void gen_unset(struct gen *gen)
{
	add(gen, "unset", 1, group(gen));
}

static void gen_status(struct gen *gen)
{
	const __u64 which = group(gen);
	const __u64 size = argsz(gen, 8);

	add(gen, "status", 3, which, size, pointer(gen));
}

/* A device of a group, or of another one. */
static void gen_getdev(struct gen *gen)
{
	static const __u64 of[NR_GROUPS] = { FD_DEVICE0, FD_DEVICE1, FD_DEVICE2,
					     FD_DEVICE4 };
	const __u64 grp = group(gen);
	__u64 dev = any(gen, FD_DEVICE0, NR_DEVICES);
	__u64 kind;

	if (grp - FD_GROUP0 < NR_GROUPS && often(gen, 92))
		dev = of[grp - FD_GROUP0];
	if (grp - FD_GROUP0 >= NR_GROUPS || dev != of[grp - FD_GROUP0])
		gen->held = true;
	if (dev == FD_DEVICE2 && often(gen, 50))
		dev = FD_DEVICE3;
	kind = often(gen, 95) ? 0 : below(gen, 5);
	add(gen, "getdev", 4, grp, dev, kind, pointer(gen));
	gen->open[dev] = true;
	if (often(gen, 85))
		add(gen, "cfgw", 4, dev, N(4), N(2), N(6));
}

static void gen_close(struct gen *gen)
{
	const __u64 which = any(gen, FD_CONTAINER0, FD_DEVICE4 + 1);

	if (!gen->open[which])
		return;
	add(gen, "close", 1, which);
	gen->open[which] = false;
}

static __u64 dma_page(struct gen *gen)
{
	const __u64 *old = often(gen, 80) ? recall(gen) : NULL;
	__u64 pages = old ? old[1] / 0x1000 : 0;

	/* writes to where interrupts are would be interrupts */
	if (!pages || pages > 0x1000 || old[0] >= 0xf0000000)
		return 0x100000 + 0x1000 * N(below(gen, IOVA_PAGES));
	return (old[0] & ~0xfffULL) +
	       0x1000 * N(below(gen, (unsigned int)pages));
}

static void gen_dma(struct gen *gen)
{
	const __u64 in = dma_page(gen);
	const __u64 out = often(gen, 50) ? 0 : dma_page(gen);

	add(gen, "dma", 3, device(gen), in, out);
}

static void gen_device_info(struct gen *gen)
{
	const __u64 dev = device(gen);
	__u64 size;

	switch (below(gen, 5)) {
	case 0:
		size = argsz(gen, 24);
		add(gen, "dinfo", 3, dev, size, pointer(gen));
		break;
	case 1:
		size = argsz(gen, 32);
		add(gen, "region", 4, dev, N(below(gen, 11)), size,
		    pointer(gen));
		break;
	case 2:
		size = argsz(gen, 16);
		add(gen, "irq", 4, dev, N(below(gen, 7)), size, pointer(gen));
		break;
	case 3:
		size = argsz(gen, 40);
		add(gen, "feature", 4, dev,
		    (N(1 + below(gen, 7)) << 16) | below(gen, 14), size,
		    pointer(gen));
		break;
	case 4:
		add(gen, "hotinfo", 3, dev, argsz(gen, 256), pointer(gen));
		break;
	}
}

static void gen_device(struct gen *gen)
{
	const __u64 dev = device(gen);
	const __u64 sets[] = { 0x09, 0x11, 0x21, 0x24, 0x22, 0x0a, 0x14, 0 };
	const __u64 offset = 4 * N(below(gen, 64));

	switch (below(gen, 6)) {
	case 0:
		add(gen, "reset", 1, dev);
		break;
	case 1:
		add(gen, "irqs", 6, dev, sets[below(gen, ARRAY_SIZE(sets))],
		    N(below(gen, 6)), N(below(gen, 20) == 0), N(below(gen, 3)),
		    any(gen, FD_EVENT0,
			gen->gone      ? 1 :
			often(gen, 90) ? 2 :
					 4));
		add(gen, "event", 1, N(FD_EVENT0));
		break;
	case 2:
		/* all but what the BARs are, which is the host's business */
		if (offset < 0x10 || offset >= 0x28)
			add(gen, "cfg", 3, dev, offset, N(1U << below(gen, 3)));
		break;
	case 3:
		add(gen, "cfgw", 4, dev, N(4), N(2), N(below(gen, 8)));
		break;
	case 4:
		gen->held = true;
		add(gen, "bar", 4, dev, N(0), 0x1000 * N(1 + below(gen, 5)),
		    N(below(gen, 10) ? 0 : below(gen, 10)));
		break;
	case 5:
		add(gen, "hotreset", 4, dev, N(below(gen, 3)), group(gen),
		    group(gen));
		break;
	}
}

static void gen_sample(struct gen *gen)
{
	const __u64 flags = 1 + below(gen, 3);
	const __u64 dev = often(gen, 97) ? FD_DEVICE4 : device(gen);
	const __u64 *old = often(gen, 70) ? recall(gen) : NULL;
	const __u64 at = old ? old[0] : iova(gen);

	if (!gen->open[FD_DEVICE4] || gen->forked)
		return;
	switch (below(gen, 4)) {
	case 0:
		add(gen, "pin", 4, dev, at,
		    N(often(gen, 95) ? 1 + below(gen, 4) : 513), flags);
		break;
	case 1:
		add(gen, "unpin", 3, dev, at, N(1 + below(gen, 3)));
		break;
	case 2:
		add(gen, "rw", 4, dev, at + below(gen, 16), N(8),
		    N(2 * below(gen, 2)));
		break;
	case 3:
		add(gen, "pins", 1, dev);
		break;
	}
}

static void gen_own_memory(struct gen *gen)
{
	static const __u64 protections[] = { 0, 1, 3 };
	const __u64 at = memory(gen) & ~0xfffULL;
	const __u64 size = 0x1000 * N(1 + below(gen, 3));

	switch (below(gen, 7)) {
	case 0:
		add(gen, "munmap", 2, at, size);
		break;
	case 1:
		add(gen, "mremap", 3, at, size,
		    BUF_BASE(BUF_ANON) + 0x1000 * N(below(gen, 16)));
		break;
	case 2:
		add(gen, "newmem", 2, at, size);
		break;
	case 3:
		/* all but what can be written but not read */
		add(gen, "protect", 3, at, size, protections[below(gen, 3)]);
		break;
	case 4:
		add(gen, "dontneed", 2, at, size);
		break;
	case 5:
		add(gen, "mark", 1, at);
		break;
	case 6:
		add(gen, "mlock", 2, at, size);
		break;
	}
}

static void gen_locked(struct gen *gen)
{
	add(gen, "locked", 0);
}

static void gen_limit(struct gen *gen)
{
	add(gen, "limit", 1, 0x1000 * N(below(gen, 24)));
}

static void gen_raw(struct gen *gen)
{
	const __u64 which = any(gen, 0, FD_DEVICE4 + 1);
	/* those of VFIO, but for those that have a call of their own above */
	const __u64 cmd = (';' << 8) | (118 + below(gen, 20));

	add(gen, "raw", 3, which, cmd, pointer(gen));
}

static void gen_one(struct gen *gen);

static void gen_child(struct gen *gen)
{
	unsigned int nr = 1 + below(gen, 4);

	gen->forked = true;
	add(gen, "fork", 0);
	while (nr--)
		gen_one(gen);
	if (often(gen, 10))
		add(gen, "exec", 0);
	if (often(gen, 30))
		gen_one(gen);
	if (often(gen, 20))
		add(gen, "die", 1, N(9));
	/* without that the child plays the rest */
	if (!add(gen, "join", 0))
		gen->held = true;
}

/* The same by two threads: one of them is too late. */
static void gen_race(struct gen *gen)
{
	const __u64 which = container(gen);
	const __u64 at = BUF_BASE(BUF_ANON) + 0x1000 * N(below(gen, 8));
	const __u64 where = iova(gen);
	const __u64 size = 0x1000 * N(1 + below(gen, 8));

	if (gen->draft.nr + 3 > gen->draft.end)
		return;
	add(gen, "par", 1, N(2));
	if (often(gen, 50)) {
		add(gen, "map", 4, which, at, where, size);
		add(gen, "map", 4, which, at, where, size);
	} else {
		add(gen, "unmap", 3, which, where, size);
		add(gen, "unmap", 3, which, where, size);
	}
}

static const struct {
	void (*fn)(struct gen *gen);
	unsigned int weight;
} kinds[] = {
	{ gen_map, 260 },   { gen_unmap, 170 },	     { gen_dma, 120 },
	{ gen_info, 30 },   { gen_ext, 15 },	     { gen_iommu, 15 },
	{ gen_open, 8 },    { gen_gopen, 20 },	     { gen_set, 25 },
	{ gen_unset, 10 },  { gen_status, 12 },	     { gen_getdev, 20 },
	{ gen_close, 22 },  { gen_device_info, 35 }, { gen_device, 30 },
	{ gen_sample, 50 }, { gen_own_memory, 55 },  { gen_locked, 25 },
	{ gen_limit, 6 },   { gen_raw, 8 },	     { gen_dirty, 50 },
	{ gen_child, 10 },  { gen_race, 8 },
};

static void gen_one(struct gen *gen)
{
	unsigned int total = 0;
	unsigned int pick;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		total += kinds[i].weight;
	pick = below(gen, total);
	for (i = 0; pick >= kinds[i].weight; i++)
		pick -= kinds[i].weight;
	kinds[i].fn(gen);
}

/* What nearly all programs begin with. */
static void gen_set_up(struct gen *gen)
{
	unsigned int grp = below(gen, NR_GROUPS);

	add(gen, "open", 1, N(FD_CONTAINER0));
	add(gen, "gopen", 1, N(FD_GROUP0 + grp));
	add(gen, "set", 2, N(FD_GROUP0 + grp), N(FD_CONTAINER0));
	gen->open[FD_CONTAINER0] = true;
	gen->open[FD_GROUP0 + grp] = true;
	if (often(gen, 30)) {
		grp = (grp + 1 + below(gen, NR_GROUPS - 1)) % NR_GROUPS;
		add(gen, "gopen", 1, N(FD_GROUP0 + grp));
		add(gen, "set", 2, N(FD_GROUP0 + grp), N(FD_CONTAINER0));
		gen->open[FD_GROUP0 + grp] = true;
	}
	add(gen, "iommu", 2, N(FD_CONTAINER0), type(gen));
	if (often(gen, 75))
		gen_getdev(gen);
}

/* What can be done while a device waits to be given up, with the same outcome. */
static void gen_meanwhile(struct gen *gen)
{
	static void (*const fns[])(struct gen *gen) = {
		gen_map,    gen_unmap, gen_unmap,  gen_dma,	    gen_info,
		gen_locked, gen_dirty, gen_status, gen_device_info,
	};

	fns[below(gen, ARRAY_SIZE(fns))](gen);
}

/* The host takes a device away, which is closed for that, and it comes back. */
static void gen_gone(struct gen *gen)
{
	const unsigned int i = gen->open[FD_DEVICE0] ? 0 : 1;
	const __u64 dev = FD_DEVICE0 + i;

	gen->draft.end = GEN_CALLS;
	if (!gen->open[dev] || gen->held)
		return;
	add(gen, "irqs", 6, dev, N(0x24), N(4), N(0), N(1), N(FD_EVENT1));
	add(gen, "remove", 2, dev, N(FD_EVENT1));
	/* each of which is one call, and four follow */
	while (gen->draft.nr < GEN_CALLS - 4)
		gen_meanwhile(gen);
	add(gen, "close", 1, dev);
	add(gen, "close", 1, N(FD_GROUP0 + i));
	add(gen, "rescan", 1, dev);
	gen_locked(gen);
}

static void gen_container(struct draft *draft, bool gone)
{
	struct gen gen = { .draft = *draft, .gone = gone };

	if (gone)
		gen.draft.end -= GONE_CALLS;
	if (often(&gen, 93))
		gen_set_up(&gen);
	while (gen.draft.nr < gen.draft.end)
		gen_one(&gen);
	if (gone)
		gen_gone(&gen);
	while (gen.draft.nr < gen.draft.end)
		gen_one(&gen);
	*draft = gen.draft;
}

/* Fills @calls, GEN_CALLS of them. */
unsigned int gen_sequence(__u64 seed, __u64 nr, struct call *calls)
{
	struct draft draft = {
		.rng.state = seed * 0x9e3779b97f4a7c15ULL + nr,
		.calls = calls,
		.end = GEN_CALLS,
	};

	/* neighbours are to have nothing in common */
	draft.rng.state = rng_next(&draft.rng);
	if (nr % OTHER_EACH == OTHER_EACH - 1)
		gen_other(&draft);
	else
		gen_container(&draft, nr % GONE_EACH == GONE_EACH - 1);
	return draft.nr;
}
