// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random sequences of calls, most of which should succeed. Files that the
 * sequence has opened are recorded and used by later calls, and few arguments
 * are wrong.
 */
#include "gen.h"

#include <linux/vfio.h>
#include <stdbool.h>

#include "draft.h"
#include "gen_other.h"
#include "gen_state.h"
#include "harness.h"
#include "memory.h"

/* One sequence of this many is about a device of any kind */
#define OTHER_EACH 5
/*
 * One sequence of this many ends with the removal of a device, in so many calls
 */
#define REMOVE_EACH 16
#define REMOVE_CALLS 10

static __u64 pick_map_flags(struct gen *gen)
{
	const __u64 some[] = { 1, 2, 0, 4, 5, 7, 8, 0x80000000 };

	return gen_often(gen, 85) ? 3 : some[gen_below(gen, ARRAY_SIZE(some))];
}

/*
 * Do not map the last page of the address space: the end of that mapping is 0,
 * and the stable kernel's own container no longer finds other mappings then.
 */
static void gen_map(struct gen *gen)
{
	const __u64 at = gen_vaddr(gen);
	__u64 size = gen_size(gen);
	const __u64 flags = pick_map_flags(gen);
	const __u64 where = gen_iova(gen);

	if (where + size == 0)
		size += 0x1000;
	gen_add(gen, "map", 7, gen_container_fd(gen), at, where, size, flags,
		gen_argsz(gen, 32), gen_pointer(gen));
	gen->mapped[gen->nr_mapped % GEN_NR_MAPPED][0] = where;
	gen->mapped[gen->nr_mapped++ % GEN_NR_MAPPED][1] = size;
}

static __u64 pick_unmap_flags(struct gen *gen)
{
	const __u64 some[] = { 1, 2, 2, 2, 3, 4, 4, 5, 6, 8 };

	return gen_often(gen, 80) ? 0 : some[gen_below(gen, ARRAY_SIZE(some))];
}

static __u64 pick_unmap_size(struct gen *gen)
{
	if (gen_often(gen, 2))
		return 0x7ffffffffffff000;
	return gen_often(gen, 25) ? 0x1000 * N(GEN_IOVA_PAGES) : gen_size(gen);
}

static void gen_unmap(struct gen *gen)
{
	const __u64 flags = pick_unmap_flags(gen);
	bool all = (flags & VFIO_DMA_UNMAP_FLAG_ALL) && gen_often(gen, 90);
	__u64 size = flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP ? 48 : 24;
	const __u64 *old = gen_often(gen, 55) ? gen_recent(gen) : NULL;
	__u64 from = all ? 0 : gen_often(gen, 20) ? 0x100000 : gen_iova(gen);
	__u64 bytes = all ? 0 : pick_unmap_size(gen);

	if (old && !all) {
		from = old[0];
		bytes = old[1];
	}
	size = gen_argsz(gen, size);
	gen_add(gen, "unmap", 9, gen_container_fd(gen), from, bytes, flags,
		size, gen_pointer(gen), N(gen_often(gen, 90) ? 4096 : 8192),
		N(gen_often(gen, 90) ? 8 : 64), gen_pointer(gen));
}

static void gen_dirty(struct gen *gen)
{
	const __u64 some[] = { 0, 3, 5, 6, 8 };
	__u64 flags = 1U << gen_below(gen, 3);
	const __u64 size = gen_argsz(gen, flags == 4 ? 48 : 8);
	__u64 pages = 1 + gen_below(gen, GEN_IOVA_PAGES);
	const __u64 at = gen_often(gen, 50) ? 0x100000 : gen_iova(gen);
	const __u64 bytes = gen_often(gen, 50) ? 0x1000 * pages : gen_size(gen);

	if (gen_often(gen, 4))
		flags = some[gen_below(gen, ARRAY_SIZE(some))];
	gen_add(gen, "dirty", 9, gen_container_fd(gen), flags, at, bytes,
		N(gen_often(gen, 95) ? 4096 : 1U << gen_below(gen, 16)),
		N(gen_often(gen, 95) ? 8 : 1U << gen_below(gen, 10)), size,
		gen_pointer(gen), gen_pointer(gen));
}

static void gen_info(struct gen *gen)
{
	const __u64 sizes[] = { 0, 8, 12, 15, 16, 20, 24, 64, 96, 120, 256 };

	gen_add(gen, "info", 3, gen_container_fd(gen),
		gen_often(gen, 70) ? N(256) :
				     sizes[gen_below(gen, ARRAY_SIZE(sizes))],
		gen_pointer(gen));
}

static void gen_ext(struct gen *gen)
{
	gen_add(gen, "ext", 2, gen_container_fd(gen), N(gen_below(gen, 13)));
}

static __u64 pick_type(struct gen *gen)
{
	if (gen_often(gen, 70))
		return VFIO_TYPE1v2_IOMMU;
	return gen_often(gen, 80) ? VFIO_TYPE1_IOMMU : N(gen_below(gen, 10));
}

static void gen_iommu(struct gen *gen)
{
	const __u64 which = gen_container_fd(gen);

	gen_add(gen, "iommu", 2, which, pick_type(gen));
}

static void gen_open(struct gen *gen)
{
	const __u64 which = gen_any_fd(gen, FD_CONTAINER0, NR_CONTAINERS);

	if (gen->open[which])
		return;
	gen_add(gen, "open", 1, which);
	gen->open[which] = true;
}

static void gen_gopen(struct gen *gen)
{
	const __u64 which = gen_any_fd(gen, FD_GROUP0, NR_GROUPS);

	if (gen->open[which] && gen_often(gen, 70))
		return;
	gen_add(gen, "gopen", 1, which);
	gen->open[which] = true;
}

/*
 * Attach no group after a fork: if it is the first group with an IOMMU, the
 * kernel's own container pins the memory of the caller at the addresses, not
 * that of the process that has mapped it.
 */
static void gen_set(struct gen *gen)
{
	const __u64 grp = gen_group_fd(gen);
	const __u64 cont = gen_often(gen, 96) ?
				   gen_container_fd(gen) :
				   gen_any_fd(gen, 0, NR_SHARED_FDS);

	if (gen->forked)
		return;
	gen_add(gen, "set", 3, grp, cont, gen_pointer(gen));
}

static void gen_unset(struct gen *gen)
{
	gen_add(gen, "unset", 1, gen_group_fd(gen));
}

static void gen_status(struct gen *gen)
{
	const __u64 which = gen_group_fd(gen);
	const __u64 size = gen_argsz(gen, 8);

	gen_add(gen, "status", 3, which, size, gen_pointer(gen));
}

/* Open a device of a group, or sometimes of another one. */
static void gen_getdev(struct gen *gen)
{
	static const __u64 of[NR_GROUPS] = { FD_DEVICE0, FD_DEVICE1, FD_DEVICE2,
					     FD_DEVICE4 };
	const __u64 grp = gen_group_fd(gen);
	__u64 dev = gen_any_fd(gen, FD_DEVICE0, NR_DEVICES);
	__u64 kind;

	if (grp - FD_GROUP0 < NR_GROUPS && gen_often(gen, 92))
		dev = of[grp - FD_GROUP0];
	if (grp - FD_GROUP0 >= NR_GROUPS || dev != of[grp - FD_GROUP0])
		gen->held = true;
	if (dev == FD_DEVICE2 && gen_often(gen, 50))
		dev = FD_DEVICE3;
	kind = gen_often(gen, 95) ? 0 : gen_below(gen, 5);
	gen_add(gen, "getdev", 4, grp, dev, kind, gen_pointer(gen));
	gen->open[dev] = true;
	if (gen_often(gen, 85))
		gen_add(gen, "cfgw", 4, dev, N(4), N(2), N(6));
}

static void gen_close(struct gen *gen)
{
	const __u64 which = gen_any_fd(gen, FD_CONTAINER0, FD_DEVICE4 + 1);

	if (!gen->open[which])
		return;
	gen_add(gen, "close", 1, which);
	gen->open[which] = false;
}

static __u64 pick_dma_page(struct gen *gen)
{
	const __u64 *old = gen_often(gen, 80) ? gen_recent(gen) : NULL;
	__u64 pages = old ? old[1] / 0x1000 : 0;

	/* no DMA to interrupt addresses, which would raise interrupts */
	if (!pages || pages > 0x1000 || old[0] >= 0xf0000000)
		return 0x100000 + 0x1000 * N(gen_below(gen, GEN_IOVA_PAGES));
	return (old[0] & ~0xfffULL) +
	       0x1000 * N(gen_below(gen, (unsigned int)pages));
}

static void gen_dma(struct gen *gen)
{
	const __u64 in = pick_dma_page(gen);
	const __u64 out = gen_often(gen, 50) ? 0 : pick_dma_page(gen);

	gen_add(gen, "dma", 3, gen_device_fd(gen), in, out);
}

static void gen_device_info(struct gen *gen)
{
	const __u64 dev = gen_device_fd(gen);
	__u64 size;

	switch (gen_below(gen, 5)) {
	case 0:
		size = gen_argsz(gen, 24);
		gen_add(gen, "dinfo", 3, dev, size, gen_pointer(gen));
		break;
	case 1:
		size = gen_argsz(gen, 32);
		gen_add(gen, "region", 4, dev, N(gen_below(gen, 11)), size,
			gen_pointer(gen));
		break;
	case 2:
		size = gen_argsz(gen, 16);
		gen_add(gen, "irq", 4, dev, N(gen_below(gen, 7)), size,
			gen_pointer(gen));
		break;
	case 3:
		size = gen_argsz(gen, 40);
		gen_add(gen, "feature", 4, dev,
			(N(1 + gen_below(gen, 7)) << 16) | gen_below(gen, 14),
			size, gen_pointer(gen));
		break;
	case 4:
		gen_add(gen, "hotinfo", 3, dev, gen_argsz(gen, 256),
			gen_pointer(gen));
		break;
	}
}

static void gen_device(struct gen *gen)
{
	const __u64 dev = gen_device_fd(gen);
	const __u64 sets[] = { 0x09, 0x11, 0x21, 0x24, 0x22, 0x0a, 0x14, 0 };
	const __u64 offset = 4 * N(gen_below(gen, 64));

	switch (gen_below(gen, 6)) {
	case 0:
		gen_add(gen, "reset", 1, dev);
		break;
	case 1:
		gen_add(gen, "irqs", 6, dev,
			sets[gen_below(gen, ARRAY_SIZE(sets))],
			N(gen_below(gen, 6)), N(gen_below(gen, 20) == 0),
			N(gen_below(gen, 3)),
			gen_any_fd(gen, FD_EVENT0,
				   gen->remove	      ? 1 :
				   gen_often(gen, 90) ? 2 :
							4));
		gen_add(gen, "event", 1, N(FD_EVENT0));
		break;
	case 2:
		/* except for the BARs, whose addresses the host chooses */
		if (offset < 0x10 || offset >= 0x28)
			gen_add(gen, "cfg", 3, dev, offset,
				N(1U << gen_below(gen, 3)));
		break;
	case 3:
		gen_add(gen, "cfgw", 4, dev, N(4), N(2), N(gen_below(gen, 8)));
		break;
	case 4:
		gen->held = true;
		gen_add(gen, "bar", 4, dev, N(0),
			0x1000 * N(1 + gen_below(gen, 5)),
			N(gen_below(gen, 10) ? 0 : gen_below(gen, 10)));
		break;
	case 5:
		gen_add(gen, "hotreset", 4, dev, N(gen_below(gen, 3)),
			gen_group_fd(gen), gen_group_fd(gen));
		break;
	}
}

static void gen_sample(struct gen *gen)
{
	const __u64 flags = 1 + gen_below(gen, 3);
	const __u64 dev = gen_often(gen, 97) ? FD_DEVICE4 : gen_device_fd(gen);
	const __u64 *old = gen_often(gen, 70) ? gen_recent(gen) : NULL;
	const __u64 at = old ? old[0] : gen_iova(gen);

	if (!gen->open[FD_DEVICE4] || gen->forked)
		return;
	switch (gen_below(gen, 4)) {
	case 0:
		gen_add(gen, "pin", 4, dev, at,
			N(gen_often(gen, 95) ? 1 + gen_below(gen, 4) : 513),
			flags);
		break;
	case 1:
		gen_add(gen, "unpin", 3, dev, at, N(1 + gen_below(gen, 3)));
		break;
	case 2:
		gen_add(gen, "rw", 4, dev, at + gen_below(gen, 16), N(8),
			N(2 * gen_below(gen, 2)));
		break;
	case 3:
		gen_add(gen, "pins", 1, dev);
		break;
	}
}

static void gen_own_memory(struct gen *gen)
{
	static const __u64 protections[] = { 0, 1, 3 };
	const __u64 at = gen_vaddr(gen) & ~0xfffULL;
	const __u64 size = 0x1000 * N(1 + gen_below(gen, 3));

	switch (gen_below(gen, 7)) {
	case 0:
		gen_add(gen, "munmap", 2, at, size);
		break;
	case 1:
		gen_add(gen, "mremap", 3, at, size,
			BUF_BASE(BUF_ANON) + 0x1000 * N(gen_below(gen, 16)));
		break;
	case 2:
		gen_add(gen, "newmem", 2, at, size);
		break;
	case 3:
		/* no memory that is writable but not readable */
		gen_add(gen, "protect", 3, at, size,
			protections[gen_below(gen, 3)]);
		break;
	case 4:
		gen_add(gen, "dontneed", 2, at, size);
		break;
	case 5:
		gen_add(gen, "mark", 1, at);
		break;
	case 6:
		gen_add(gen, "mlock", 2, at, size);
		break;
	}
}

static void gen_locked(struct gen *gen)
{
	gen_add(gen, "locked", 0);
}

static void gen_limit(struct gen *gen)
{
	gen_add(gen, "limit", 1, 0x1000 * N(gen_below(gen, 24)));
}

static void gen_raw(struct gen *gen)
{
	const __u64 which = gen_any_fd(gen, 0, FD_DEVICE4 + 1);
	/* ioctls of VFIO, except for those that the functions above make */
	const __u64 cmd = (';' << 8) | (118 + gen_below(gen, 20));

	gen_add(gen, "raw", 3, which, cmd, gen_pointer(gen));
}

static void gen_one(struct gen *gen);

static void gen_child(struct gen *gen)
{
	unsigned int nr = 1 + gen_below(gen, 4);

	gen->forked = true;
	gen_add(gen, "fork", 0);
	while (nr--)
		gen_one(gen);
	if (gen_often(gen, 10))
		gen_add(gen, "exec", 0);
	if (gen_often(gen, 30))
		gen_one(gen);
	if (gen_often(gen, 20))
		gen_add(gen, "die", 1, N(9));
	/* if "join" does not fit, the child plays the rest */
	if (!gen_add(gen, "join", 0))
		gen->held = true;
}

/* Two threads make the same call, so only one of them can succeed. */
static void gen_race(struct gen *gen)
{
	const __u64 which = gen_container_fd(gen);
	const __u64 at = BUF_BASE(BUF_ANON) + 0x1000 * N(gen_below(gen, 8));
	const __u64 where = gen_iova(gen);
	const __u64 size = 0x1000 * N(1 + gen_below(gen, 8));

	if (gen->draft.nr + 3 > gen->draft.end)
		return;
	gen_add(gen, "par", 1, N(2));
	if (gen_often(gen, 50)) {
		gen_add(gen, "map", 4, which, at, where, size);
		gen_add(gen, "map", 4, which, at, where, size);
	} else {
		gen_add(gen, "unmap", 3, which, where, size);
		gen_add(gen, "unmap", 3, which, where, size);
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
	pick = gen_below(gen, total);
	for (i = 0; pick >= kinds[i].weight; i++)
		pick -= kinds[i].weight;
	kinds[i].fn(gen);
}

/* Add the calls that nearly all programs begin with. */
static void gen_set_up(struct gen *gen)
{
	unsigned int grp = gen_below(gen, NR_GROUPS);

	gen_add(gen, "open", 1, N(FD_CONTAINER0));
	gen_add(gen, "gopen", 1, N(FD_GROUP0 + grp));
	gen_add(gen, "set", 2, N(FD_GROUP0 + grp), N(FD_CONTAINER0));
	gen->open[FD_CONTAINER0] = true;
	gen->open[FD_GROUP0 + grp] = true;
	if (gen_often(gen, 30)) {
		grp = (grp + 1 + gen_below(gen, NR_GROUPS - 1)) % NR_GROUPS;
		gen_add(gen, "gopen", 1, N(FD_GROUP0 + grp));
		gen_add(gen, "set", 2, N(FD_GROUP0 + grp), N(FD_CONTAINER0));
		gen->open[FD_GROUP0 + grp] = true;
	}
	gen_add(gen, "iommu", 2, N(FD_CONTAINER0), pick_type(gen));
	if (gen_often(gen, 75))
		gen_getdev(gen);
}

/* Add a call whose result is the same while a device waits for its release. */
static void gen_meanwhile(struct gen *gen)
{
	static void (*const fns[])(struct gen *gen) = {
		gen_map,    gen_unmap, gen_unmap,  gen_dma,	    gen_info,
		gen_locked, gen_dirty, gen_status, gen_device_info,
	};

	fns[gen_below(gen, ARRAY_SIZE(fns))](gen);
}

/* Remove a device, close it in response, and find it again. */
static void gen_remove(struct gen *gen)
{
	const unsigned int i = gen->open[FD_DEVICE0] ? 0 : 1;
	const __u64 dev = FD_DEVICE0 + i;

	gen->draft.end = GEN_CALLS;
	if (!gen->open[dev] || gen->held)
		return;
	gen_add(gen, "irqs", 6, dev, N(0x24), N(4), N(0), N(1), N(FD_EVENT1));
	gen_add(gen, "remove", 2, dev, N(FD_EVENT1));
	/* each adds one call, and four more follow */
	while (gen->draft.nr < GEN_CALLS - 4)
		gen_meanwhile(gen);
	gen_add(gen, "close", 1, dev);
	gen_add(gen, "close", 1, N(FD_GROUP0 + i));
	gen_add(gen, "rescan", 1, dev);
	gen_locked(gen);
}

static void gen_container(struct draft *draft, bool remove)
{
	struct gen gen = { .draft = *draft, .remove = remove };

	if (remove)
		gen.draft.end -= REMOVE_CALLS;
	if (gen_often(&gen, 93))
		gen_set_up(&gen);
	while (gen.draft.nr < gen.draft.end)
		gen_one(&gen);
	if (remove)
		gen_remove(&gen);
	while (gen.draft.nr < gen.draft.end)
		gen_one(&gen);
	*draft = gen.draft;
}

/* Generate sequence @nr in @calls, GEN_CALLS of them. */
unsigned int gen_sequence(__u64 seed, __u64 nr, struct call *calls)
{
	struct draft draft = {
		.rng.state = seed * 0x9e3779b97f4a7c15ULL + nr,
		.calls = calls,
		.end = GEN_CALLS,
	};

	/* mix the state, so that sequences with adjacent numbers are unrelated */
	draft.rng.state = rng_next(&draft.rng);
	if (nr % OTHER_EACH == OTHER_EACH - 1)
		gen_other(&draft);
	else
		gen_container(&draft, nr % REMOVE_EACH == REMOVE_EACH - 1);
	return draft.nr;
}
