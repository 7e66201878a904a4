// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls of the file of one device: its config space above all, where each
 * kind has other capabilities at other places, and what interrupts, features and
 * resets make of that.
 */
#include "gen_other.h"

#include <linux/vfio.h>

#include "harness.h"
#include "other.h"

static unsigned int below(struct draft *draft, unsigned int n)
{
	return draft_below(draft, n);
}

static bool often(struct draft *draft, unsigned int percent)
{
	return draft_often(draft, percent);
}

#define PICK(draft, of) ((of)[below(draft, ARRAY_SIZE(of))])

/* Anywhere in config space, but most often where something is. */
static __u64 register_of(struct draft *draft)
{
	static const __u64 header[] = { 0x04, 0x06, 0x0c, 0x0d, 0x10, 0x14,
					0x18, 0x1c, 0x20, 0x24, 0x30, 0x34,
					0x3c, 0x3d, 0x00, 0xfd, 0xfff };

	switch (below(draft, 10)) {
	case 0 ... 2:
		return PICK(draft, header);
	case 3 ... 6:
		return 0x40 + below(draft, 0xc0);
	case 7 ... 8:
		return 0x100 + 4 * N(below(draft, 0x80));
	default:
		return below(draft, 0x1008);
	}
}

static __u64 width_of(struct draft *draft)
{
	static const __u64 odd[] = { 3, 5, 8, 16, 0 };

	return often(draft, 93) ? 1U << below(draft, 3) : PICK(draft, odd);
}

static __u64 value_of(struct draft *draft)
{
	switch (below(draft, 4)) {
	case 0:
		return 0;
	case 1:
		return 0xffffffffffffffff;
	case 2:
		return 1ULL << below(draft, 32);
	default:
		return rng_next(&draft->rng);
	}
}

static void config_read(struct draft *draft)
{
	const __u64 at = register_of(draft);

	draft_add(draft, "cfg", 3, N(FD_OTHER), at,
		  often(draft, 80) ? width_of(draft) : N(256));
}

static void config_write(struct draft *draft)
{
	const __u64 at = register_of(draft);
	const __u64 width = width_of(draft);

	draft_add(draft, "cfgw", 4, N(FD_OTHER), at, width, value_of(draft));
	draft_add(draft, "cfg", 3, N(FD_OTHER), at & ~N(3), N(4));
}

/* Memory, I/O ports, bus mastering, no INTx: in any combination. */
static void command(struct draft *draft)
{
	static const __u64 some[] = { 0, 2, 3, 6, 7, 0x402, 0x407, 0x147 };

	draft_add(draft, "cfgw", 4, N(FD_OTHER), N(4), N(2), PICK(draft, some));
}

static void info(struct draft *draft)
{
	__u64 size;

	switch (below(draft, 4)) {
	case 0:
		size = draft_argsz(draft, 24);
		draft_add(draft, "dinfo", 3, N(FD_OTHER), size,
			  draft_pointer(draft));
		break;
	case 1:
		size = draft_argsz(draft, often(draft, 50) ? 32 : 256);
		draft_add(draft, "region", 4, N(FD_OTHER), N(below(draft, 12)),
			  size, draft_pointer(draft));
		break;
	case 2:
		size = draft_argsz(draft, 16);
		draft_add(draft, "irq", 4, N(FD_OTHER), N(below(draft, 7)),
			  size, draft_pointer(draft));
		break;
	case 3:
		draft_add(draft, "hotinfo", 3, N(FD_OTHER),
			  draft_argsz(draft, 256), draft_pointer(draft));
		break;
	}
}

static void interrupts(struct draft *draft)
{
	static const __u64 actions[] = { 0x24, 0x24, 0x24, 0x21, 0x21, 0x22,
					 0x09, 0x11, 0x0a, 0x12, 0x0c, 0x14,
					 0x25, 0x20, 0x38, 0x41, 0x04, 0 };
	static const __u64 files[] = { FD_EVENT0, FD_EVENT0, FD_EVENT1,
				       FD_EVENT1, FD_NONE,   FD_NULL };
	const __u64 flags = PICK(draft, actions);
	const __u64 index = below(draft, often(draft, 90) ? 3 : 7);
	const __u64 start = often(draft, 75) ? 0 : below(draft, 5);
	const __u64 count = often(draft, 70) ? N(1) : below(draft, 9);
	const __u64 file = PICK(draft, files);

	draft_add(draft, "irqs", 8, N(FD_OTHER), flags, index, start, count,
		  file, draft_argsz(draft, 52), draft_pointer(draft));
	draft_add(draft, "event", 1, N(FD_EVENT0));
	if (often(draft, 50))
		draft_add(draft, "event", 1, N(FD_EVENT1));
}

/* All but the one by which ours may give up bus mastering: it would be missed. */
static void feature(struct draft *draft)
{
	const __u64 ops = 1 + below(draft, 7);
	const __u64 number = below(draft, 14);

	if (number == VFIO_DEVICE_FEATURE_BUS_MASTER)
		return;
	draft_add(draft, "feature", 4, N(FD_OTHER), ops << 16 | number,
		  draft_argsz(draft, 40), draft_pointer(draft));
}

static __u64 offset_of(struct draft *draft)
{
	static const __u64 edges[] = {
		0,	 1,	  4,	  0x10,		  0x3c,
		0x40,	 0xfc,	  0xff,	  0xffc,	  0x1000,
		0x1ffc,	 0x2000,  0x3000, 0x3ffe,	  0x1fffc,
		0x20000, 0xa0000, 0x3b0,  0xffffffffffULL
	};

	return PICK(draft, edges);
}

/* Not below 0x1000, where what starts things is: that it is heard is known. */
static void region(struct draft *draft)
{
	const __u64 index = below(draft, 10);
	const __u64 offset = offset_of(draft);

	switch (below(draft, 3)) {
	case 0:
		draft_add(draft, "rd", 4, N(FD_OTHER), index, offset,
			  width_of(draft));
		break;
	case 1:
		if (offset >= 0x1000 && index != 7)
			draft_add(draft, "wr", 4, N(FD_OTHER), index, offset,
				  width_of(draft));
		break;
	case 2:
		draft_add(draft, "touch", 3, N(FD_OTHER), index,
			  often(draft, 90) ? offset & ~N(0xfff) : offset);
		break;
	}
}

static void ioeventfd(struct draft *draft)
{
	static const __u64 flags[] = { 1, 2, 4, 8, 4, 4, 0, 3, 16 };

	draft_add(draft, "ioev", 5, N(FD_OTHER), N(below(draft, 10)),
		  offset_of(draft), PICK(draft, flags),
		  often(draft, 70) ? N(FD_EVENT1) : N(FD_NONE));
}

static void reset(struct draft *draft)
{
	if (often(draft, 60))
		draft_add(draft, "reset", 1, N(FD_OTHER));
	else
		draft_add(draft, "hotreset", 4, N(FD_OTHER),
			  N(often(draft, 80) ? 1 : below(draft, 3)),
			  N(FD_OTHER_GROUP), N(FD_OTHER_GROUP));
}

/* The last user goes, and a new one finds a fresh device. */
static void reopen(struct draft *draft)
{
	draft_add(draft, "close", 1, N(FD_OTHER));
	draft_add(draft, "getdev", 2, N(FD_OTHER_GROUP), N(FD_OTHER));
}

static const struct {
	void (*fn)(struct draft *draft);
	unsigned int weight;
} kinds[] = {
	{ config_read, 12 }, { config_write, 34 }, { command, 8 },
	{ info, 6 },	     { interrupts, 20 },   { feature, 8 },
	{ region, 14 },	     { ioeventfd, 3 },	   { reset, 4 },
	{ reopen, 3 },
};

static void one(struct draft *draft)
{
	unsigned int total = 0;
	unsigned int i;
	unsigned int pick;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		total += kinds[i].weight;
	pick = below(draft, total);
	for (i = 0; pick >= kinds[i].weight; i++)
		pick -= kinds[i].weight;
	kinds[i].fn(draft);
}

/* Fills @draft, up to its end. */
void gen_other(struct draft *draft)
{
	draft_add(draft, "other", 1, N(below(draft, NR_OTHERS)));
	draft_add(draft, "open", 1, N(FD_CONTAINER0));
	draft_add(draft, "gopen", 1, N(FD_OTHER_GROUP));
	draft_add(draft, "set", 2, N(FD_OTHER_GROUP), N(FD_CONTAINER0));
	draft_add(draft, "iommu", 2, N(FD_CONTAINER0), N(3));
	draft_add(draft, "getdev", 2, N(FD_OTHER_GROUP), N(FD_OTHER));
	if (often(draft, 80))
		draft_add(draft, "cfgw", 4, N(FD_OTHER), N(4), N(2), N(7));
	while (draft->nr < draft->end)
		one(draft);
}
