// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that do at one time what was meant to be done in turn. Which of them
 * wins is open; that all errors are among the documented ones, that nothing
 * stays pinned, and that the device works afterwards, is not.
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
#define SIZE MIB(4)
#define ROUNDS 150
#define ATTACHMENTS 2000
#define MASTERS 4000

/** struct race - what the threads fight about */
struct race {
	/** @pins: that were held before */
	long long pins;
	/** @edu: the device */
	struct edu *edu;
	/** @second: another device, where two attach */
	struct vdev *second;
	/** @space: its address space */
	struct space *space;
	/** @other: another IOAS (BACKEND_IOMMUFD) */
	__u32 other;
	/** @buf: SIZE bytes of memory */
	char *buf;
	/** @start: where all threads meet before they run */
	pthread_barrier_t start;
	/** @wins: successes of the calls that were made */
	atomic_uint wins;
	/** @done: the main contender is through */
	atomic_bool done;
};

/** struct runner - a thread */
struct runner {
	/** @race: what it takes part in */
	struct race *race;
	/** @fn: what it does */
	void (*fn)(struct race *race);
	/** @thread: itself */
	pthread_t thread;
};

static void *run(void *arg)
{
	struct runner *runner = arg;

	pthread_barrier_wait(&runner->race->start);
	runner->fn(runner->race);
	return NULL;
}

/* Run two functions at one time, until both have returned. */
static void contend(struct race *race, void (*one)(struct race *race),
		    void (*two)(struct race *race))
{
	struct runner runners[] = { { race, one, 0 }, { race, two, 0 } };
	unsigned int i;

	race->done = false;
	race->wins = 0;
	pthread_barrier_init(&race->start, NULL, 2);
	for (i = 0; i < 2; i++) {
		if (pthread_create(&runners[i].thread, NULL, run, &runners[i]))
			FAIL("pthread_create");
	}
	for (i = 0; i < 2; i++)
		pthread_join(runners[i].thread, NULL);
	pthread_barrier_destroy(&race->start);
}

static void race_init(struct race *race, enum backend backend)
{
	memset(race, 0, sizeof(*race));
	race->pins = sys_pins_held();
	race->edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	race->space = race->edu->vdev->space;
	race->buf = sys_mmap_anon(SIZE);
	if (backend == BACKEND_IOMMUFD)
		race->other = ioas_alloc(race->space->fd);
}

/* All is gone that was mapped, and the device does what it is told. */
static void race_check(struct race *race)
{
	__space_unmap(race->space, IOVA, MIB(64), NULL);
	ASSERT(sys_pins_held() < race->pins + (long long)(SIZE / PAGE));
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	vdev_enable(race->edu->vdev, true);
	edu_check_round_trip(race->edu, IOVA, 1);
	edu_close_with_space(race->edu);
}

static void map_once(struct race *race)
{
	int rc = __space_map(race->space, race->buf, IOVA, SIZE, DMA_RW);

	if (!rc)
		race->wins++;
	else
		ASSERT_RC(rc, -EEXIST);
}

/* One of two who want the same addresses gets them. */
TEST_OVER(map_against_map, BACKENDS_ALL)
{
	struct race race;
	unsigned int i;

	race_init(&race, backend);
	for (i = 0; i < ROUNDS; i++) {
		contend(&race, map_once, map_once);
		ASSERT_EQ(race.wins, 1);
		space_unmap(race.space, IOVA, SIZE);
	}
	race_check(&race);
}

static void unmap_once(struct race *race)
{
	__u64 unmapped = 0;
	int rc = __space_unmap(race->space, IOVA, SIZE, &unmapped);

	/* A map in progress cannot be taken away: that is for the caller. */
	if (rc)
		ASSERT(rc == -ENOENT || rc == -EBUSY);
	else
		ASSERT(unmapped == 0 || unmapped == SIZE);
	if (unmapped)
		race->wins++;
}

/* One mapping is unmapped once, by whoever it is. */
TEST_OVER(unmap_against_unmap, BACKENDS_ALL)
{
	struct race race;
	unsigned int i;

	race_init(&race, backend);
	for (i = 0; i < ROUNDS; i++) {
		space_map(race.space, race.buf, IOVA, SIZE);
		contend(&race, unmap_once, unmap_once);
		ASSERT_EQ(race.wins, 1);
	}
	race_check(&race);
}

TEST_OVER(map_against_unmap, BACKENDS_ALL)
{
	struct race race;
	unsigned int i;

	race_init(&race, backend);
	for (i = 0; i < ROUNDS; i++) {
		contend(&race, map_once, unmap_once);
		ASSERT(race.wins == 1 || race.wins == 2);
		if (race.wins == 1)
			space_unmap(race.space, IOVA, SIZE);
	}
	race_check(&race);
}

static void map_and_unmap(struct race *race)
{
	unsigned int i;
	int rc;

	for (i = 0; i < ROUNDS; i++) {
		rc = __space_map(race->space, race->buf, IOVA, SIZE, DMA_RW);
		if (!rc)
			space_unmap(race->space, IOVA, SIZE);
		else
			ASSERT_RC(rc, -EFAULT);
	}
	race->done = true;
}

/* Memory goes away, changes its rights, and comes back, all the time. */
static void disturb_memory(struct race *race)
{
	char *half = race->buf + SIZE / 2;

	while (!race->done) {
		ASSERT(!mprotect(half, SIZE / 2, PROT_NONE));
		ASSERT(!mprotect(half, SIZE / 2, PROT_READ));
		ASSERT(!mprotect(half, SIZE / 2, PROT_READ | PROT_WRITE));
		ASSERT(!madvise(race->buf, SIZE, MADV_DONTNEED));
		ASSERT(mmap(half, SIZE / 2, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			    0) == half);
	}
}

TEST_OVER(map_against_munmap, BACKENDS_ALL)
{
	struct race race;

	race_init(&race, backend);
	contend(&race, map_and_unmap, disturb_memory);
	race_check(&race);
}

static void dma_all_the_time(struct race *race)
{
	while (!race->done) {
		edu_store(race->edu, IOVA, PAGE);
		edu_load(race->edu, IOVA + SIZE - PAGE, PAGE);
	}
}

TEST_OVER(map_against_dma, BACKENDS_ALL)
{
	struct race race;

	race_init(&race, backend);
	contend(&race, map_and_unmap, dma_all_the_time);
	race_check(&race);
}

/* The device goes from one space to another and to none, and back. */
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
	ioas_map_fixed(race.space->fd, race.other, race.buf, IOVA, SIZE);
	contend(&race, map_and_unmap, change_space);
	ioas_unmap(race.space->fd, race.other, IOVA, SIZE);
	race_check(&race);
}

static void fill_ioas(struct race *race)
{
	int rc;

	do {
		rc = __ioas_map_fixed(race->space->fd, race->other, race->buf,
				      IOVA, SIZE, DMA_RW);
		ASSERT(!rc || rc == -ENOENT || rc == -EEXIST);
	} while (rc != -ENOENT);
}

static void destroy_ioas(struct race *race)
{
	int rc;

	do {
		rc = __iommufd_destroy(race->space->fd, race->other);
		ASSERT(!rc || rc == -EBUSY);
	} while (rc);
}

/* An object that is destroyed while others use it. */
TEST_OVER(map_against_destroy, BACKEND_IOMMUFD)
{
	struct race race;
	unsigned int i;

	race_init(&race, backend);
	for (i = 0; i < ROUNDS; i++) {
		contend(&race, fill_ioas, destroy_ioas);
		race.other = ioas_alloc(race.space->fd);
	}
	race_check(&race);
}

static void attach_and_detach(struct race *race, struct vdev *vdev)
{
	unsigned int i;

	for (i = 0; i < ATTACHMENTS; i++) {
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

/* The page table of an address space goes with the last of its devices. */
TEST_OVER(attach_against_attach, BACKEND_IOMMUFD)
{
	struct race race;

	race_init(&race, backend);
	race.second = vdev_open_in(race.space, pci_need(TESTDEV_EDU1));
	ASSERT_RC(__cdev_detach(race.edu->vdev->fd), 0);
	ASSERT_RC(__cdev_detach(race.second->fd), 0);
	contend(&race, attach_one, attach_two);
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

	for (i = 0; i < ROUNDS; i++) {
		vdev_cfg_write(vdev, PCI_COMMAND, 2,
			       command & ~PCI_COMMAND_MEMORY);
		vdev_cfg_write(vdev, PCI_COMMAND, 2, command);
	}
	race->done = true;
}

static __thread sigjmp_buf no_bar;

static void on_sigbus(int signal)
{
	(void)signal;
	siglongjmp(no_bar, 1);
}

/* Registers are there, or there is a SIGBUS; but never what is not ours. */
static void touch_bar(struct race *race)
{
	volatile unsigned int reads = 0;

	while (!race->done) {
		if (sigsetjmp(no_bar, 1))
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
	contend(&race, toggle_decoding, touch_bar);
	race_check(&race);
}

static void rearm(struct race *race)
{
	struct vdev *vdev = race->edu->vdev;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
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
	contend(&race, rearm, raise_irqs);
	race_check(&race);
}

static void mask_intx(struct race *race)
{
	while (!race->done) {
		vdev_intx_mask(race->edu->vdev);
		vdev_intx_unmask(race->edu->vdev);
	}
}

/* Masking writes to the same register: what was switched off stays so. */
static void toggle_master(struct race *race)
{
	struct vdev *vdev = race->edu->vdev;
	__u32 command = vdev_cfg_read(vdev, PCI_COMMAND, 2);
	unsigned int i, again = 0;

	for (i = 0; i < MASTERS; i++) {
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
	contend(&race, toggle_master, mask_intx);
	vdev_irq_disable(race.edu->vdev, VFIO_PCI_INTX_IRQ_INDEX);
	race_check(&race);
}
