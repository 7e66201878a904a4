// SPDX-License-Identifier: GPL-2.0-only
/*
 * Races between requests that are meant to be made in turn. Either thread may
 * win. All errors must be among the documented ones, nothing may stay pinned,
 * and the device must work afterwards.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
#define RACE_SIZE MIB(4)
#define RACE_ROUNDS 150
#define RACE_ATTACH_ROUNDS 2000
#define RACE_MASTER_ROUNDS 1000

/** struct race - state shared by the two threads of a race */
struct race {
	/** @pins: number of pins before the race */
	long long pins;
	/** @edu: the device */
	struct edu *edu;
	/** @second: the second device of the race of two attachments */
	struct vdev *second;
	/** @space: address space of the device */
	struct space *space;
	/** @other: a second IOAS (BACKEND_IOMMUFD) */
	__u32 other;
	/** @buf: RACE_SIZE bytes of memory */
	char *buf;
	/** @start: barrier that the threads wait at before they run */
	pthread_barrier_t start;
	/** @wins: number of calls that succeeded */
	atomic_uint wins;
	/** @done: the thread with a fixed number of rounds has finished */
	atomic_bool done;
};

/** struct race_thread - a thread of a race */
struct race_thread {
	/** @race: the race */
	struct race *race;
	/** @fn: function that the thread runs */
	void (*fn)(struct race *race);
	/** @thread: handle of the thread */
	pthread_t thread;
};

static void *race_thread_run(void *arg)
{
	struct race_thread *thread = arg;

	pthread_barrier_wait(&thread->race->start);
	thread->fn(thread->race);
	return NULL;
}

/* Run two functions at the same time, until both have returned. */
static void race_run(struct race *race, void (*one)(struct race *race),
		     void (*two)(struct race *race))
{
	struct race_thread threads[] = { { race, one, 0 }, { race, two, 0 } };
	unsigned int i;

	race->done = false;
	race->wins = 0;
	pthread_barrier_init(&race->start, NULL, 2);
	for (i = 0; i < 2; i++) {
		if (pthread_create(&threads[i].thread, NULL, race_thread_run,
				   &threads[i]))
			FAIL("pthread_create");
	}
	for (i = 0; i < 2; i++)
		pthread_join(threads[i].thread, NULL);
	pthread_barrier_destroy(&race->start);
}

static void race_init(struct race *race, enum backend backend)
{
	memset(race, 0, sizeof(*race));
	race->pins = sys_pins_held();
	race->edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	race->space = race->edu->vdev->space;
	race->buf = sys_mmap_anon(RACE_SIZE);
	if (backend == BACKEND_IOMMUFD)
		race->other = ioas_alloc(race->space->fd);
}

/* Check that nothing stays pinned or charged and that the device does DMA. */
static void race_check(struct race *race)
{
	__space_unmap(race->space, IOVA, MIB(64), NULL);
	ASSERT(sys_pins_held() < race->pins + (long long)(RACE_SIZE / PAGE));
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	vdev_enable(race->edu->vdev, true);
	edu_check_round_trip(race->edu, IOVA, 1);
	edu_close_with_space(race->edu);
}

static void map_once(struct race *race)
{
	int ret = __space_map(race->space, race->buf, IOVA, RACE_SIZE, DMA_RW);

	if (!ret)
		race->wins++;
	else
		ASSERT_RC(ret, -EEXIST);
}

/* Exactly one of two requests for the same addresses succeeds. */
TEST_OVER(map_against_map, BACKENDS_ALL)
{
	struct race race;
	unsigned int i;

	race_init(&race, backend);
	for (i = 0; i < RACE_ROUNDS; i++) {
		race_run(&race, map_once, map_once);
		ASSERT_EQ(race.wins, 1);
		space_unmap(race.space, IOVA, RACE_SIZE);
	}
	race_check(&race);
}

static void unmap_once(struct race *race)
{
	__u64 unmapped = 0;
	int ret = __space_unmap(race->space, IOVA, RACE_SIZE, &unmapped);

	/* A mapping cannot be removed before the map request has returned. */
	if (ret)
		ASSERT(ret == -ENOENT || ret == -EBUSY);
	else
		ASSERT(unmapped == 0 || unmapped == RACE_SIZE);
	if (unmapped)
		race->wins++;
}

/* A mapping is unmapped exactly once, by either thread. */
TEST_OVER(unmap_against_unmap, BACKENDS_ALL)
{
	struct race race;
	unsigned int i;

	race_init(&race, backend);
	for (i = 0; i < RACE_ROUNDS; i++) {
		space_map(race.space, race.buf, IOVA, RACE_SIZE);
		race_run(&race, unmap_once, unmap_once);
		ASSERT_EQ(race.wins, 1);
	}
	race_check(&race);
}

TEST_OVER(map_against_unmap, BACKENDS_ALL)
{
	struct race race;
	unsigned int i;

	race_init(&race, backend);
	for (i = 0; i < RACE_ROUNDS; i++) {
		race_run(&race, map_once, unmap_once);
		ASSERT(race.wins == 1 || race.wins == 2);
		if (race.wins == 1)
			space_unmap(race.space, IOVA, RACE_SIZE);
	}
	race_check(&race);
}

static void map_and_unmap(struct race *race)
{
	unsigned int i;
	int ret;

	for (i = 0; i < RACE_ROUNDS; i++) {
		ret = __space_map(race->space, race->buf, IOVA, RACE_SIZE,
				  DMA_RW);
		if (!ret)
			space_unmap(race->space, IOVA, RACE_SIZE);
		else
			ASSERT_RC(ret, -EFAULT);
	}
	race->done = true;
}

/* Unmap, protect and replace the memory until the other thread is done. */
static void change_memory(struct race *race)
{
	char *half = race->buf + RACE_SIZE / 2;

	while (!race->done) {
		ASSERT(!mprotect(half, RACE_SIZE / 2, PROT_NONE));
		ASSERT(!mprotect(half, RACE_SIZE / 2, PROT_READ));
		ASSERT(!mprotect(half, RACE_SIZE / 2, PROT_READ | PROT_WRITE));
		ASSERT(!madvise(race->buf, RACE_SIZE, MADV_DONTNEED));
		ASSERT(mmap(half, RACE_SIZE / 2, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			    0) == half);
	}
}

TEST_OVER(map_against_munmap, BACKENDS_ALL)
{
	struct race race;

	race_init(&race, backend);
	race_run(&race, map_and_unmap, change_memory);
	race_check(&race);
}

static void dma_until_done(struct race *race)
{
	while (!race->done) {
		edu_store(race->edu, IOVA, PAGE);
		edu_load(race->edu, IOVA + RACE_SIZE - PAGE, PAGE);
	}
}

TEST_OVER(map_against_dma, BACKENDS_ALL)
{
	struct race race;

	race_init(&race, backend);
	race_run(&race, map_and_unmap, dma_until_done);
	race_check(&race);
}

/* Move the device between two address spaces, and detach it in between. */
static void change_space(struct race *race)
{
	int fd = race->edu->vdev->fd;

	while (!race->done) {
		ASSERT_RC(__cdev_attach(fd, race->other, NULL), 0);
		ASSERT_RC(__cdev_attach(fd, race->space->ioas, NULL), 0);
		ASSERT_RC(__cdev_detach(fd), 0);
		ASSERT_RC(__cdev_attach(fd, race->space->ioas, NULL), 0);
	}
}

TEST_OVER(map_against_attach, BACKEND_IOMMUFD)
{
	struct race race;

	race_init(&race, backend);
	ioas_map_fixed(race.space->fd, race.other, race.buf, IOVA, RACE_SIZE);
	race_run(&race, map_and_unmap, change_space);
	ioas_unmap(race.space->fd, race.other, IOVA, RACE_SIZE);
	race_check(&race);
}

static void fill_ioas(struct race *race)
{
	int ret;

	do {
		ret = __ioas_map_fixed(race->space->fd, race->other, race->buf,
				       IOVA, RACE_SIZE, DMA_RW);
		ASSERT(!ret || ret == -ENOENT || ret == -EEXIST);
	} while (ret != -ENOENT);
}

static void destroy_ioas(struct race *race)
{
	int ret;

	do {
		ret = __iommufd_destroy(race->space->fd, race->other);
		ASSERT(!ret || ret == -EBUSY);
	} while (ret);
}

/* An IOAS is destroyed while another thread maps memory in it. */
TEST_OVER(map_against_destroy, BACKEND_IOMMUFD)
{
	struct race race;
	unsigned int i;

	race_init(&race, backend);
	for (i = 0; i < RACE_ROUNDS; i++) {
		race_run(&race, fill_ioas, destroy_ioas);
		race.other = ioas_alloc(race.space->fd);
	}
	race_check(&race);
}

static void attach_and_detach(struct race *race, struct vdev *vdev)
{
	unsigned int i;

	for (i = 0; i < RACE_ATTACH_ROUNDS; i++) {
		ASSERT_RC(__cdev_attach(vdev->fd, race->other, NULL), 0);
		ASSERT_RC(__cdev_detach(vdev->fd), 0);
	}
}

static void attach_one(struct race *race)
{
	attach_and_detach(race, race->edu->vdev);
}

static void attach_two(struct race *race)
{
	attach_and_detach(race, race->second);
}

/* The page table of an IOAS is freed when its last device is detached. */
TEST_OVER(attach_against_attach, BACKEND_IOMMUFD)
{
	struct race race;

	race_init(&race, backend);
	race.second = vdev_open_in(race.space, pci_need(TESTDEV_EDU1));
	ASSERT_RC(__cdev_detach(race.edu->vdev->fd), 0);
	ASSERT_RC(__cdev_detach(race.second->fd), 0);
	race_run(&race, attach_one, attach_two);
	iommufd_destroy(race.space->fd, race.other);
	vdev_close(race.second);
	ASSERT_RC(__cdev_attach(race.edu->vdev->fd, race.space->ioas, NULL), 0);
	race_check(&race);
}

static void toggle_decoding(struct race *race)
{
	struct vdev *vdev = race->edu->vdev;
	__u32 command = vdev_cfg_read(vdev, PCI_COMMAND, 2);
	unsigned int i;

	for (i = 0; i < RACE_ROUNDS; i++) {
		vdev_cfg_write(vdev, PCI_COMMAND, 2,
			       command & ~PCI_COMMAND_MEMORY);
		vdev_cfg_write(vdev, PCI_COMMAND, 2, command);
	}
	race->done = true;
}

static __thread sigjmp_buf sigbus_env;

static void on_sigbus(int signal)
{
	(void)signal;
	siglongjmp(sigbus_env, 1);
}

/* A read returns the device's register or raises SIGBUS, never other data. */
static void touch_bar(struct race *race)
{
	volatile unsigned int reads = 0;

	while (!race->done) {
		if (sigsetjmp(sigbus_env, 1))
			continue;
		ASSERT_EQ(mmio_read32(race->edu->regs, 0) & 0xff, 0xed);
		reads++;
	}
}

TEST_OVER(mmap_against_decoding, BACKENDS_ALL)
{
	struct sigaction action = { .sa_handler = on_sigbus };
	struct race race;

	race_init(&race, backend);
	ASSERT(!sigaction(SIGBUS, &action, NULL));
	race_run(&race, toggle_decoding, touch_bar);
	race_check(&race);
}

static void rearm_irqs(struct race *race)
{
	struct vdev *vdev = race->edu->vdev;
	unsigned int i;

	for (i = 0; i < RACE_ROUNDS; i++) {
		int event = sys_eventfd();

		vdev_irq_enable(vdev, VFIO_PCI_MSI_IRQ_INDEX, 0, &event, 1);
		sys_close(event);
		vdev_irq_disable(vdev, VFIO_PCI_MSI_IRQ_INDEX);
	}
	race->done = true;
}

static void raise_irqs(struct race *race)
{
	while (!race->done) {
		edu_raise(race->edu, 1);
		edu_ack(race->edu, 1);
	}
}

TEST_OVER(set_irqs_against_interrupts, BACKENDS_ALL)
{
	struct race race;

	race_init(&race, backend);
	race_run(&race, rearm_irqs, raise_irqs);
	race_check(&race);
}

static void mask_intx(struct race *race)
{
	while (!race->done) {
		vdev_intx_mask(race->edu->vdev);
		vdev_intx_unmask(race->edu->vdev);
	}
}

/*
 * Masking INTx writes to the command register as well. It must not set the bus
 * master bit again after that was cleared.
 */
static void toggle_master(struct race *race)
{
	struct vdev *vdev = race->edu->vdev;
	__u32 command = vdev_cfg_read(vdev, PCI_COMMAND, 2);
	unsigned int i, again = 0;

	for (i = 0; i < RACE_MASTER_ROUNDS; i++) {
		vdev_cfg_write(vdev, PCI_COMMAND, 2,
			       command | PCI_COMMAND_MASTER);
		vdev_cfg_write(vdev, PCI_COMMAND, 2,
			       command & ~PCI_COMMAND_MASTER);
		again += !!(vdev_cfg_read(vdev, PCI_COMMAND, 2) &
			    PCI_COMMAND_MASTER);
	}
	race->done = true;
	ASSERT_EQ(again, 0);
}

TEST_OVER(mask_against_master, BACKENDS_ALL)
{
	int event = sys_eventfd();
	struct race race;

	race_init(&race, backend);
	vdev_irq_enable(race.edu->vdev, VFIO_PCI_INTX_IRQ_INDEX, 0, &event, 1);
	race_run(&race, toggle_master, mask_intx);
	vdev_irq_disable(race.edu->vdev, VFIO_PCI_INTX_IRQ_INDEX);
	race_check(&race);
}
