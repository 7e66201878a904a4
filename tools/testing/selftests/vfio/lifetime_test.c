// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that are killed, fork, exec or pass on their files while they have
 * memory mapped for DMA.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "edu.h"
#include "harness.h"
#include "nvme.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
#define IOVA2 0x40000000ULL
#define BIG_SIZE MIB(512)
/* Pages that may be pinned for other reasons meanwhile */
#define PINS_SLACK 1024
/* Size of a small mapping, in bytes and in pages */
#define SMALL_SIZE MIB(8)
#define SMALL_PAGES 2048

/** struct plan - arguments of a child, and a pipe to its parent */
struct plan {
	/** @backend: how the device is reached */
	enum backend backend;
	/** @bdf: PCI address of the device */
	const char *bdf;
	/** @edu: the device, if the parent has opened it */
	struct edu *edu;
	/** @ready: pipe to which the child writes a byte on start */
	int ready[2];
	/** @buf: memory of the parent */
	char *buf;
};

/* Start a child that reports when it has started. */
static pid_t plan_start(struct plan *plan, void (*fn)(void *arg))
{
	pid_t pid;

	if (pipe2(plan->ready, O_CLOEXEC))
		FAIL("pipe: %s", strerror(errno));
	pid = child_start(fn, plan);
	/* A read returns 0 if the child exits before it reports. */
	sys_close(plan->ready[1]);
	return pid;
}

static void plan_report(struct plan *plan)
{
	if (write(plan->ready[1], "r", 1) != 1)
		FAIL("write: %s", strerror(errno));
}

static void plan_wait_report(struct plan *plan)
{
	char byte;

	if (read(plan->ready[0], &byte, 1) != 1)
		FAIL("the child is gone");
}

static void plan_kill(struct plan *plan, pid_t pid)
{
	child_kill(pid);
	sys_close(plan->ready[0]);
}

static void plan_init(struct plan *plan, enum backend backend,
		      enum testdev which)
{
	memset(plan, 0, sizeof(*plan));
	plan->backend = backend;
	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	plan->bdf = pci_need(which);
	if (backend == BACKEND_IOMMUFD && !pci_has_cdev(plan->bdf))
		SKIP("%s has no device node", plan->bdf);
}

/* Check that nothing remains pinned and that the device can be opened. */
static void check_released(struct plan *plan, long long pins)
{
	struct edu *edu;

	ASSERT(sys_pins_held() < pins + PINS_SLACK);
	edu = edu_open(plan->bdf, plan->backend);
	edu_check_round_trip(edu, IOVA, 1);
	edu_close_with_space(edu);
}

static void map_forever(void *arg)
{
	struct plan *plan = arg;
	struct edu *edu = edu_open(plan->bdf, plan->backend);
	char *buf = sys_mmap_anon(BIG_SIZE);

	for (;;) {
		plan_report(plan);
		space_map(edu->vdev->space, buf, IOVA, BIG_SIZE);
		space_unmap(edu->vdev->space, IOVA, BIG_SIZE);
		/* Free the memory, so that each map takes equally long. */
		ASSERT(!madvise(buf, BIG_SIZE, MADV_DONTNEED));
	}
}

/* A task is killed while it maps, at many points of a long map. */
TEST_OVER(killed_in_map, BACKENDS_ALL)
{
	struct plan plan;
	unsigned int i;
	unsigned int j;

	plan_init(&plan, backend, TESTDEV_EDU0);
	for (i = 0; i < 6; i++) {
		long long pins = sys_pins_held();
		pid_t pid = plan_start(&plan, map_forever);

		plan_wait_report(&plan);
		for (j = 0; j < i * 200; j++)
			sched_yield();
		plan_kill(&plan, pid);
		check_released(&plan, pins);
	}
}

static void dma_forever(void *arg)
{
	struct plan *plan = arg;
	struct edu *edu = edu_open(plan->bdf, plan->backend);
	char *buf = sys_mmap_anon(MIB(16));

	space_map(edu->vdev->space, buf, IOVA, MIB(16));
	edu_dma_start_out(edu, IOVA, PAGE);
	plan_report(plan);
	for (;;) {
		edu_store(edu, IOVA, PAGE);
		edu_load(edu, IOVA, PAGE);
	}
}

TEST_OVER(killed_in_dma, BACKENDS_ALL)
{
	struct plan plan;
	unsigned int i;

	plan_init(&plan, backend, TESTDEV_EDU0);
	for (i = 0; i < 4; i++) {
		long long pins = sys_pins_held();
		pid_t pid = plan_start(&plan, dma_forever);

		plan_wait_report(&plan);
		plan_kill(&plan, pid);
		check_released(&plan, pins);
	}
}

static void nvme_forever(void *arg)
{
	struct plan *plan = arg;
	struct vdev *vdev = vdev_open(plan->bdf, plan->backend);
	char *buf = sys_mmap_anon(MIB(16));
	struct nvme *nvme;
	unsigned int i;

	space_map(vdev->space, buf, IOVA2, MIB(16));
	nvme = nvme_open(vdev, IOVA, VFIO_PCI_MSIX_IRQ_INDEX);
	for (i = 0; i < NVME_DEPTH; i++)
		nvme_start(nvme, false, i * nvme->max_bytes,
			   IOVA2 + i * nvme->max_bytes, nvme->max_bytes);
	plan_report(plan);
	for (;;)
		nvme_transfer(nvme, false, 0, IOVA2, MIB(16));
}

TEST_OVER(killed_in_nvme_io, BACKENDS_ALL)
{
	struct plan plan;
	struct vdev *vdev;
	struct nvme *nvme;
	unsigned int i;
	char *buf;

	plan_init(&plan, backend, TESTDEV_NVME);
	for (i = 0; i < 4; i++) {
		pid_t pid = plan_start(&plan, nvme_forever);

		plan_wait_report(&plan);
		plan_kill(&plan, pid);
	}
	vdev = vdev_open(plan.bdf, backend);
	buf = sys_mmap_anon(MIB(1));
	nvme = nvme_open(vdev, IOVA, VFIO_PCI_MSIX_IRQ_INDEX);
	space_map(vdev->space, buf, IOVA2, MIB(1));
	fill_pattern(buf, MIB(1), 2);
	nvme_transfer(nvme, true, 0, IOVA2, MIB(1));
	memset(buf, 0, MIB(1));
	nvme_transfer(nvme, false, 0, IOVA2, MIB(1));
	ASSERT(is_pattern(buf, MIB(1), 2));
	nvme_close(nvme);
	vdev_close_with_space(vdev);
}

static void use_inherited(void *arg)
{
	struct plan *plan = arg;
	char *own = sys_mmap_anon(PAGE);

	plan_report(plan);
	/* The parent closes its files meanwhile. */
	fill_pattern(own, PAGE, 3);
	space_map(plan->edu->vdev->space, own, IOVA2, PAGE);
	edu_load(plan->edu, IOVA2, PAGE);
	memset(own, 0, PAGE);
	edu_store(plan->edu, IOVA2, PAGE);
	ASSERT(is_pattern(own, PAGE, 3));
	/* The mapping of the parent remains. */
	edu_load(plan->edu, IOVA, PAGE);
	edu_store(plan->edu, IOVA2, PAGE);
	ASSERT(is_pattern(own, PAGE, 4));
	space_unmap(plan->edu->vdev->space, IOVA, PAGE);
}

/* A child uses the files that its parent has opened and then closed. */
TEST_OVER(inherited_by_fork, BACKENDS_ALL)
{
	struct plan plan;
	pid_t pid;

	plan_init(&plan, backend, TESTDEV_EDU0);
	plan.edu = edu_open(plan.bdf, backend);
	plan.buf = sys_mmap_anon(PAGE);
	fill_pattern(plan.buf, PAGE, 4);
	space_map(plan.edu->vdev->space, plan.buf, IOVA, PAGE);
	pid = plan_start(&plan, use_inherited);
	plan_wait_report(&plan);
	edu_close_with_space(plan.edu);
	child_expect(pid, 0);
	/* The mapping was charged to this process, and is removed. */
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	check_released(&plan, sys_pins_held());
}

static void write_copy(void *arg)
{
	struct plan *plan = arg;

	memset(plan->buf, 0x77, PAGE);
	ASSERT(is_byte(plan->buf, PAGE, 0x77));
}

/* Mapped pages remain with the parent: the child gets the copies. */
TEST_OVER(fork_keeps_pages_with_the_parent, BACKENDS_ALL)
{
	struct plan plan;

	plan_init(&plan, backend, TESTDEV_EDU0);
	plan.edu = edu_open(plan.bdf, backend);
	plan.buf = sys_mmap_anon(2 * PAGE);
	memset(plan.buf, 1, 2 * PAGE);
	space_map(plan.edu->vdev->space, plan.buf, IOVA, 2 * PAGE);
	child_expect(child_start(write_copy, &plan), 0);
	ASSERT(is_byte(plan.buf, 2 * PAGE, 1));
	fill_pattern(plan.buf, PAGE, 5);
	edu_load(plan.edu, IOVA, PAGE);
	edu_store(plan.edu, IOVA + PAGE, PAGE);
	ASSERT(is_pattern(plan.buf + PAGE, PAGE, 5));
	edu_close_with_space(plan.edu);
}

/* Pages remain pinned after the process that mapped them exits. */
static void map_and_exit(void *arg)
{
	struct plan *plan = arg;
	char *own = sys_mmap_anon(SMALL_SIZE);

	fill_pattern(own, PAGE, 6);
	space_map(plan->edu->vdev->space, own, IOVA, SMALL_SIZE);
}

TEST_OVER(mapper_dies_mapping_stays, BACKENDS_ALL)
{
	struct plan plan;
	long long pins;

	plan_init(&plan, backend, TESTDEV_EDU0);
	plan.edu = edu_open(plan.bdf, backend);
	plan.buf = sys_mmap_anon(PAGE);
	pins = sys_pins_held();
	child_expect(child_start(map_and_exit, &plan), 0);
	ASSERT(sys_pins_held() >= pins + SMALL_PAGES);
	space_map(plan.edu->vdev->space, plan.buf, IOVA2, PAGE);
	edu_load(plan.edu, IOVA, PAGE);
	edu_store(plan.edu, IOVA2, PAGE);
	ASSERT(is_pattern(plan.buf, PAGE, 6));
	space_unmap(plan.edu->vdev->space, IOVA, SMALL_SIZE);
	ASSERT(sys_pins_held() < pins + SMALL_PAGES);
	edu_close_with_space(plan.edu);
}

/* Keep all files open across exec, in a program that does not use them. */
static void exec_cat(void *arg)
{
	struct plan *plan = arg;
	struct edu *edu = edu_open(plan->bdf, plan->backend);
	char *buf = sys_mmap_anon(SMALL_SIZE);

	space_map(edu->vdev->space, buf, IOVA, SMALL_SIZE);
	fcntl(edu->vdev->fd, F_SETFD, 0);
	fcntl(edu->vdev->space->fd, F_SETFD, 0);
	if (edu->vdev->space->groups)
		fcntl(edu->vdev->space->groups->fd, F_SETFD, 0);
	dup2(plan->ready[0], STDIN_FILENO);
	execl("/bin/cat", "cat", NULL);
	FAIL("exec: %s", strerror(errno));
}

TEST_OVER(files_survive_exec, BACKENDS_ALL)
{
	struct plan plan;
	int executed[2];
	long long pins;
	char byte;
	pid_t pid;

	plan_init(&plan, backend, TESTDEV_EDU0);
	/* One pipe is the program's input, the exec closes the other. */
	if (pipe2(plan.ready, O_CLOEXEC) || pipe2(executed, O_CLOEXEC))
		FAIL("pipe: %s", strerror(errno));
	pins = sys_pins_held();
	pid = child_start(exec_cat, &plan);
	sys_close(executed[1]);
	ASSERT(read(executed[0], &byte, 1) == 0);
	/* The memory of the old program is freed, but remains pinned. */
	ASSERT(sys_pins_held() >= pins + SMALL_PAGES);
	ASSERT_RC(__group_open(plan.bdf), -EBUSY);
	/* The program exits at the end of its input. */
	sys_close(plan.ready[1]);
	child_expect(pid, 0);
	ASSERT(sys_pins_held() < pins + SMALL_PAGES);
	sys_close(group_open(plan.bdf));
}

TEST_OVER(large_map, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	struct space *space = edu->vdev->space;
	size_t size = GIB(1);
	char *buf = sys_mmap_huge_aligned(size);
	long long pins = sys_pins_held();

	space_map(space, buf, GIB(4), size);
	ASSERT(sys_pins_held() >= pins + (long long)(size / PAGE));
	fill_pattern(buf + size - PAGE, PAGE, 7);
	edu_load(edu, GIB(4) + size - PAGE, PAGE);
	edu_store(edu, GIB(4) + size / 2 + PAGE, PAGE);
	ASSERT(is_pattern(buf + size / 2 + PAGE, PAGE, 7));
	space_unmap(space, GIB(4), size);
	ASSERT(sys_pins_held() < pins + PINS_SLACK);
	memset(buf, 0x5a, MIB(1));
	edu_store(edu, GIB(4), PAGE);
	ASSERT(is_byte(buf, MIB(1), 0x5a));
	edu_close_with_space(edu);
}

/* Memory without huge pages */
TEST_OVER(large_map_of_small_pages, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	struct space *space = edu->vdev->space;
	char *buf = sys_mmap_anon(MIB(256));
	long long pins = sys_pins_held();

	ASSERT(!madvise(buf, MIB(256), MADV_NOHUGEPAGE));
	space_map(space, buf, IOVA, MIB(256));
	fill_pattern(buf + MIB(200), PAGE, 8);
	edu_load(edu, IOVA + MIB(200), PAGE);
	edu_store(edu, IOVA + MIB(100), PAGE);
	ASSERT(is_pattern(buf + MIB(100), PAGE, 8));
	space_unmap(space, IOVA, MIB(256));
	ASSERT(sys_pins_held() < pins + PINS_SLACK);
	edu_close_with_space(edu);
}
