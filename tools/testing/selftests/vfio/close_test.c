// SPDX-License-Identifier: GPL-2.0-only
/* Every order in which the files and mappings of a device can be closed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
#define SIZE MIB(4)

/** enum part - the things that a user holds */
enum part { PART_SPACE, PART_GROUP, PART_DEVICE, PART_BAR, NR_PARTS };

/** struct held - a device in use, to be taken apart */
struct held {
	/** @edu: the device */
	struct edu *edu;
	/** @space: its address space */
	struct space *space;
	/** @buf: SIZE bytes, mapped at IOVA */
	char *buf;
	/** @open: which parts are still there */
	bool open[NR_PARTS];
};

static void hold(struct held *held, const char *bdf, enum backend backend,
		 char *buf)
{
	held->edu = edu_open(bdf, backend);
	held->space = held->edu->vdev->space;
	held->buf = buf;
	space_map(held->space, buf, IOVA, SIZE);
	memset(held->open, true, sizeof(held->open));
	held->open[PART_GROUP] = backend != BACKEND_IOMMUFD;
}

static void drop(struct held *held, enum part part)
{
	if (!held->open[part])
		return;
	held->open[part] = false;
	switch (part) {
	case PART_SPACE:
		sys_close(held->space->fd);
		break;
	case PART_GROUP:
		sys_close(held->space->groups->fd);
		break;
	case PART_DEVICE:
		sys_close(held->edu->vdev->fd);
		break;
	default:
		sys_munmap((void *)held->edu->regs, MIB(1));
	}
}

/* As long as the BAR is mapped, the device does what it did. */
static void check_dma(struct held *held, unsigned int seed)
{
	if (!held->open[PART_BAR])
		return;
	fill_pattern(held->buf, PAGE, seed);
	edu_load(held->edu, IOVA, PAGE);
	memset(held->buf + SIZE - PAGE, 0, PAGE);
	edu_store(held->edu, IOVA + SIZE - PAGE, PAGE);
	ASSERT(is_pattern(held->buf + SIZE - PAGE, PAGE, seed));
}

static void check_gone(const char *bdf, long long pins)
{
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT(sys_pins_held() < pins + (long long)(SIZE / PAGE));
	sys_close(group_open(bdf));
}

/** struct order_args - what the orders are tried on */
struct order_args {
	/** @bdf: the device */
	const char *bdf;
	/** @backend: the way to it */
	enum backend backend;
	/** @buf: SIZE bytes */
	char *buf;
	/** @pins: pages that others had pinned before */
	long long pins;
	/** @runs: orders tried so far */
	unsigned int runs;
	/** @fn: takes a device apart in the order given */
	void (*fn)(const enum part *order, struct order_args *args);
};

/* Call @fn with each order of NR_PARTS things. */
static void try_orders(struct order_args *args)
{
	enum part order[NR_PARTS];
	unsigned int code;
	unsigned int i;
	unsigned int used;

	for (code = 0; code < NR_PARTS * NR_PARTS * NR_PARTS * NR_PARTS;
	     code++) {
		used = 0;
		for (i = 0; i < NR_PARTS; i++) {
			order[i] = code >> (2 * i) & 3;
			used |= 1U << order[i];
		}
		if (used == (1U << NR_PARTS) - 1)
			args->fn(order, args);
	}
}

static void close_idle(const enum part *order, struct order_args *args)
{
	struct held held;
	unsigned int i;

	hold(&held, args->bdf, args->backend, args->buf);
	check_dma(&held, 1);
	for (i = 0; i < NR_PARTS; i++) {
		drop(&held, order[i]);
		check_dma(&held, i + 2);
	}
	check_gone(args->bdf, args->pins);
	args->runs++;
}

/* The engine is told to write, and all is closed before it is through. */
static void close_busy(const enum part *order, struct order_args *args)
{
	struct held held;
	unsigned int i;

	hold(&held, args->bdf, args->backend, args->buf);
	edu_dma_start_out(held.edu, IOVA, PAGE);
	for (i = 0; i < NR_PARTS; i++)
		drop(&held, order[i]);
	memset(args->buf, 0x5a, SIZE);
	check_gone(args->bdf, args->pins);
	args->runs++;
}

static void run_orders(enum backend backend, bool busy)
{
	struct order_args args = {
		.bdf = pci_need(TESTDEV_EDU0),
		.backend = backend,
		.buf = sys_mmap_anon(SIZE),
		.pins = sys_pins_held(),
		.fn = busy ? close_busy : close_idle,
	};

	try_orders(&args);
	ASSERT_EQ(args.runs, 24);
	/* When the last transfer has ended, nothing has reached us. */
	edu_close_with_space(edu_open(args.bdf, backend));
	if (busy)
		ASSERT(is_byte(args.buf, SIZE, 0x5a));
}

TEST_OVER(every_order, BACKENDS_ALL)
{
	run_orders(backend, false);
}

TEST_OVER(every_order_under_dma, BACKENDS_ALL)
{
	run_orders(backend, true);
}

/* Two devices of one group and one of another, in six orders. */
TEST_OVER(three_devices, BACKENDS_ALL)
{
	static const unsigned char orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 },
						   { 1, 0, 2 }, { 1, 2, 0 },
						   { 2, 0, 1 }, { 2, 1, 0 } };
	static const enum testdev which[] = { TESTDEV_SHARED0, TESTDEV_SHARED1,
					      TESTDEV_EDU0 };
	char *buf = sys_mmap_anon(PAGE);
	unsigned int i;
	unsigned int j;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		struct space *space = space_open(backend);
		struct edu *edus[3];

		for (j = 0; j < 3; j++)
			edus[j] = edu_open_in(space, pci_need(which[j]));
		space_map(space, buf, IOVA, PAGE);
		for (j = 0; j < 3; j++) {
			fill_pattern(buf, PAGE, i + j);
			edu_load(edus[orders[i][j]], IOVA, PAGE);
			edu_close(edus[orders[i][j]]);
		}
		space_close(space);
		ASSERT_EQ(sys_vm_locked(getpid()), 0);
	}
}

/* Files that were never used for anything. */
TEST_OVER(close_at_once, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct space *space;

	space = space_open(backend);
	space_close(space);
	space = space_open(backend);
	vdev_close(vdev_open_in(space, bdf));
	space_close(space);
	if (backend == BACKEND_IOMMUFD)
		return;
	sys_close(group_open(bdf));
	space = space_open(backend);
	space_group_fd(space, bdf);
	space_close(space);
}
