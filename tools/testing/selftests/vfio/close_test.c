// SPDX-License-Identifier: GPL-2.0-only
/* Close the files and unmap the BAR of a device, in every order. */
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
#define BUF_SIZE MIB(4)

/** enum part - what keeps a device open */
enum part { PART_SPACE, PART_GROUP, PART_DEVICE, PART_BAR, NR_PARTS };

/** struct user - a user of a device */
struct user {
	/** @edu: the device */
	struct edu *edu;
	/** @space: its address space */
	struct space *space;
	/** @buf: buffer of BUF_SIZE bytes, mapped at IOVA */
	char *buf;
	/** @open: parts that are not yet closed */
	bool open[NR_PARTS];
};

static void user_open(struct user *user, const char *bdf, enum backend backend,
		      char *buf)
{
	user->edu = edu_open(bdf, backend);
	user->space = user->edu->vdev->space;
	user->buf = buf;
	space_map(user->space, buf, IOVA, BUF_SIZE);
	memset(user->open, true, sizeof(user->open));
	user->open[PART_GROUP] = backend != BACKEND_IOMMUFD;
}

static void user_close_part(struct user *user, enum part part)
{
	if (!user->open[part])
		return;
	user->open[part] = false;
	switch (part) {
	case PART_SPACE:
		sys_close(user->space->fd);
		break;
	case PART_GROUP:
		sys_close(user->space->groups->fd);
		break;
	case PART_DEVICE:
		sys_close(user->edu->vdev->fd);
		break;
	default:
		sys_munmap((void *)user->edu->regs, MIB(1));
	}
}

/* DMA works as long as the BAR is mapped. */
static void user_check_dma(struct user *user, unsigned int seed)
{
	if (!user->open[PART_BAR])
		return;
	fill_pattern(user->buf, PAGE, seed);
	edu_load(user->edu, IOVA, PAGE);
	memset(user->buf + BUF_SIZE - PAGE, 0, PAGE);
	edu_store(user->edu, IOVA + BUF_SIZE - PAGE, PAGE);
	ASSERT(is_pattern(user->buf + BUF_SIZE - PAGE, PAGE, seed));
}

static void check_released(const char *bdf, long long pins)
{
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT(sys_pins_held() < pins + (long long)(BUF_SIZE / PAGE));
	sys_close(group_open(bdf));
}

/** struct order_args - arguments of a test of all orders */
struct order_args {
	/** @bdf: the device */
	const char *bdf;
	/** @backend: backend to open it by */
	enum backend backend;
	/** @buf: buffer of BUF_SIZE bytes */
	char *buf;
	/** @pins: number of pages that were pinned before */
	long long pins;
	/** @runs: number of orders so far */
	unsigned int runs;
	/** @fn: opens a device and closes its parts in @order */
	void (*fn)(const enum part *order, struct order_args *args);
};

/* Call args->fn for each permutation of the parts. */
static void permute_parts(struct order_args *args)
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
	struct user user;
	unsigned int i;

	user_open(&user, args->bdf, args->backend, args->buf);
	user_check_dma(&user, 1);
	for (i = 0; i < NR_PARTS; i++) {
		user_close_part(&user, order[i]);
		user_check_dma(&user, i + 2);
	}
	check_released(args->bdf, args->pins);
	args->runs++;
}

/* Close everything while a write by the DMA engine is in progress. */
static void close_busy(const enum part *order, struct order_args *args)
{
	struct user user;
	unsigned int i;

	user_open(&user, args->bdf, args->backend, args->buf);
	edu_dma_start_out(user.edu, IOVA, PAGE);
	for (i = 0; i < NR_PARTS; i++)
		user_close_part(&user, order[i]);
	memset(args->buf, 0x5a, BUF_SIZE);
	check_released(args->bdf, args->pins);
	args->runs++;
}

static void run_orders(enum backend backend, bool busy)
{
	struct order_args args = {
		.bdf = pci_need(TESTDEV_EDU0),
		.backend = backend,
		.buf = sys_mmap_anon(BUF_SIZE),
		.pins = sys_pins_held(),
		.fn = busy ? close_busy : close_idle,
	};

	permute_parts(&args);
	ASSERT_EQ(args.runs, 24);
	/*
	 * Opening the device waits for the last transfer. It must not arrive.
	 */
	edu_close_with_space(edu_open(args.bdf, backend));
	if (busy)
		ASSERT(is_byte(args.buf, BUF_SIZE, 0x5a));
}

TEST_OVER(every_order, BACKENDS_ALL)
{
	run_orders(backend, false);
}

TEST_OVER(every_order_under_dma, BACKENDS_ALL)
{
	run_orders(backend, true);
}

/* Two devices of one group and one of another, closed in six orders. */
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

/* Files that are closed without being used. */
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
