// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls of one device of any kind. Most access its config space, because
 * the capabilities and their offsets differ between the kinds. Others are about
 * interrupts, features and resets, which change config space.
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

/* A random element of an array */
#define PICK(draft, array) ((array)[below(draft, ARRAY_SIZE(array))])

/* Return an offset in config space, most often that of a register. */
static __u64 pick_register(struct draft *draft)
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

static __u64 pick_width(struct draft *draft)
{
	static const __u64 odd[] = { 3, 5, 8, 16, 0 };

	return often(draft, 93) ? 1U << below(draft, 3) : PICK(draft, odd);
}

static __u64 pick_value(struct draft *draft)
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

static void other_cfg_read(struct draft *draft)
{
	const __u64 at = pick_register(draft);

	draft_add(draft, "cfg", 3, N(FD_OTHER), at,
		  often(draft, 80) ? pick_width(draft) : N(256));
}

static void other_cfg_write(struct draft *draft)
{
	const __u64 at = pick_register(draft);
	const __u64 width = pick_width(draft);

	draft_add(draft, "cfgw", 4, N(FD_OTHER), at, width, pick_value(draft));
	draft_add(draft, "cfg", 3, N(FD_OTHER), at & ~N(3), N(4));
}

/* Enable or disable memory, I/O ports, bus mastering and INTx. */
static void other_command(struct draft *draft)
{
	static const __u64 some[] = { 0, 2, 3, 6, 7, 0x402, 0x407, 0x147 };

	draft_add(draft, "cfgw", 4, N(FD_OTHER), N(4), N(2), PICK(draft, some));
}

static void other_info(struct draft *draft)
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

static void other_irqs(struct draft *draft)
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

/* Leave out BUS_MASTER, because only ours may turn bus mastering off. */
static void other_feature(struct draft *draft)
{
	const __u64 ops = 1 + below(draft, 7);
	const __u64 number = below(draft, 14);

	if (number == VFIO_DEVICE_FEATURE_BUS_MASTER)
		return;
	draft_add(draft, "feature", 4, N(FD_OTHER), ops << 16 | number,
		  draft_argsz(draft, 40), draft_pointer(draft));
}

static __u64 pick_offset(struct draft *draft)
{
	static const __u64 edges[] = {
		0,	 1,	  4,	  0x10,		  0x3c,
		0x40,	 0xfc,	  0xff,	  0xffc,	  0x1000,
		0x1ffc,	 0x2000,  0x3000, 0x3ffe,	  0x1fffc,
		0x20000, 0xa0000, 0x3b0,  0xffffffffffULL
	};

	return PICK(draft, edges);
}

/*
 * Write no register below 0x1000, so that no activity of the device is started.
 */
static void other_region(struct draft *draft)
{
	const __u64 index = below(draft, 10);
	const __u64 offset = pick_offset(draft);

	switch (below(draft, 3)) {
	case 0:
		draft_add(draft, "rd", 4, N(FD_OTHER), index, offset,
			  pick_width(draft));
		break;
	case 1:
		if (offset >= 0x1000 && index != 7)
			draft_add(draft, "wr", 4, N(FD_OTHER), index, offset,
				  pick_width(draft));
		break;
	case 2:
		draft_add(draft, "touch", 3, N(FD_OTHER), index,
			  often(draft, 90) ? offset & ~N(0xfff) : offset);
		break;
	}
}

static void other_ioeventfd(struct draft *draft)
{
	static const __u64 flags[] = { 1, 2, 4, 8, 4, 4, 0, 3, 16 };

	draft_add(draft, "ioev", 5, N(FD_OTHER), N(below(draft, 10)),
		  pick_offset(draft), PICK(draft, flags),
		  often(draft, 70) ? N(FD_EVENT1) : N(FD_NONE));
}

static void other_reset(struct draft *draft)
{
	if (often(draft, 60))
		draft_add(draft, "reset", 1, N(FD_OTHER));
	else
		draft_add(draft, "hotreset", 4, N(FD_OTHER),
			  N(often(draft, 80) ? 1 : below(draft, 3)),
			  N(FD_OTHER_GROUP), N(FD_OTHER_GROUP));
}

/* Close and open the device, which resets it. */
static void other_reopen(struct draft *draft)
{
	draft_add(draft, "close", 1, N(FD_OTHER));
	draft_add(draft, "getdev", 2, N(FD_OTHER_GROUP), N(FD_OTHER));
}

static const struct {
	void (*fn)(struct draft *draft);
	unsigned int weight;
} kinds[] = {
	{ other_cfg_read, 12 }, { other_cfg_write, 34 }, { other_command, 8 },
	{ other_info, 6 },	{ other_irqs, 20 },	 { other_feature, 8 },
	{ other_region, 14 },	{ other_ioeventfd, 3 },	 { other_reset, 4 },
	{ other_reopen, 3 },
};

static void other_one(struct draft *draft)
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

/* Fill @draft with a sequence about one device. */
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
		other_one(draft);
}
