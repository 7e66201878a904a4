// SPDX-License-Identifier: GPL-2.0-only
/* Work with real devices: attach one, open and close another one. */
#include <signal.h>
#include <string.h>

#include "backend.h"
#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "stress.h"
#include "sys.h"

static void stop_on_signal(int signal __attribute__((unused)))
{
	stress.stop = true;
}

/*
 * A real device reaches memory while it is mapped, and not once it is unmapped.
 */
static void check_dma(struct stress_worker *worker, struct space *space,
		      __u64 iova)
{
	struct edu *edu = worker->edu;
	unsigned int seed = stress_random(&worker->random);
	char *page = worker->memory;

	space_map(space, page, iova, 2 * PAGE);
	fill_pattern(page, PAGE, seed);
	memset(page + PAGE, 0, PAGE);
	edu_load(edu, iova, PAGE);
	edu_store(edu, iova + PAGE, PAGE);
	ASSERT(is_pattern(page + PAGE, PAGE, seed));
	space_unmap(space, iova, 2 * PAGE);
	memset(page, 0, 2 * PAGE);
	if (!stress_roll(worker, 16)) {
		edu_store(edu, iova, PAGE);
		ASSERT(is_byte(page, 2 * PAGE, 0));
	}
}

/* Attach a device to one of the shared address spaces after the other. */
void stress_move_cdev(struct stress_worker *worker)
{
	__u64 iova = STRESS_OWN_IOVA + worker->number * STRESS_OWN_SIZE;
	struct vdev *vdev = worker->edu->vdev;
	struct space *space = vdev->space;
	unsigned int rounds;

	for (rounds = 1 + stress_roll(worker, 8); rounds; rounds--) {
		if (!stress_roll(worker, 4))
			ASSERT_RC(__cdev_detach(vdev->fd), 0);
		space->ioas = stress_space(worker);
		ASSERT_RC(__cdev_attach(vdev->fd, space->ioas, NULL), 0);
		check_dma(worker, space, iova);
	}
}

/* Open a device over a random backend, use it and close it. */
static void use_device(struct stress_worker *worker)
{
	static const enum backend backends[] = {
		BACKEND_CONTAINER,
		BACKEND_SYMLINK,
		BACKEND_IOMMUFD,
	};
	struct space *space;
	unsigned int rounds;

	worker->edu =
		edu_open(pci_need(TESTDEV_EDU1),
			 backends[stress_roll(worker, ARRAY_SIZE(backends))]);
	space = worker->edu->vdev->space;
	for (rounds = 1 + stress_roll(worker, 16); rounds; rounds--) {
		struct stress_piece piece = stress_piece(worker);

		check_dma(worker, space, STRESS_OWN_IOVA);
		if (!STRESS_MAY_FAIL(
			    __space_map(space, stress.arena + piece.offset,
					STRESS_ARENA_IOVA + piece.offset,
					piece.size, DMA_RW)) &&
		    stress_roll(worker, 2))
			space_unmap(space, STRESS_ARENA_IOVA + piece.offset,
				    piece.size);
	}
	edu_close_with_space(worker->edu);
}

/*
 * Open, use and close a device until SIGTERM. Runs in a process of its own that
 * does not fork, because a child would keep the group open.
 */
void stress_open_devices(void *arg)
{
	struct stress_worker *worker = arg;

	signal(SIGTERM, stop_on_signal);
	while (!stress.stop)
		use_device(worker);
}
