// SPDX-License-Identifier: GPL-2.0-only
/* Processes that die, fork, exec, or hand on what they have. */
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
#define BIG MIB(512)

/** struct plan - what a child is to do, and how it tells that it has begun */
struct plan {
	/** @backend: way to the device */
	enum backend backend;
	/** @bdf: the device */
	const char *bdf;
	/** @edu: the device, already open */
	struct edu *edu;
	/** @ready: pipe that the child writes a byte to */
	int ready[2];
	/** @buf: memory to use */
	char *buf;
};

/* Start a child that tells us when it has begun. */
static pid_t start(struct plan *plan, void (*fn)(void *arg))
{
	pid_t pid;

	if (pipe2(plan->ready, O_CLOEXEC))
		FAIL("pipe: %s", strerror(errno));
	pid = child_start(fn, plan);
	/* If the child ends before it has begun, this is how we see it. */
	sys_close(plan->ready[1]);
	return pid;
}

static void tell(struct plan *plan)
{
	if (write(plan->ready[1], "r", 1) != 1)
		FAIL("write: %s", strerror(errno));
}

static void wait_told(struct plan *plan)
{
	char byte;

	if (read(plan->ready[0], &byte, 1) != 1)
		FAIL("the child is gone");
}

static void stop(struct plan *plan, pid_t pid)
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

/* All is as before: nothing pinned, and the device is there for others. */
static void check_free(struct plan *plan, long long pins)
{
	struct edu *edu;

	ASSERT(sys_pins_held() < pins + 1024);
	edu = edu_open(plan->bdf, plan->backend);
	edu_check_round_trip(edu, IOVA, 1);
	edu_close_with_space(edu);
}

static void map_for_ever(void *arg)
{
	struct plan *plan = arg;
	struct edu *edu = edu_open(plan->bdf, plan->backend);
	char *buf = sys_mmap_anon(BIG);

	for (;;) {
		tell(plan);
		space_map(edu->vdev->space, buf, IOVA, BIG);
		space_unmap(edu->vdev->space, IOVA, BIG);
		/* Let go of the memory, so that each map is as long. */
		ASSERT(!madvise(buf, BIG, MADV_DONTNEED));
	}
}

/* Killed while it maps, at many points of a long map. */
TEST_OVER(killed_in_map, BACKENDS_ALL)
{
	struct plan plan;
	unsigned int i;
	unsigned int j;

	plan_init(&plan, backend, TESTDEV_EDU0);
	for (i = 0; i < 6; i++) {
		long long pins = sys_pins_held();
		pid_t pid = start(&plan, map_for_ever);

		wait_told(&plan);
		for (j = 0; j < i * 200; j++)
			sched_yield();
		stop(&plan, pid);
		check_free(&plan, pins);
	}
}

static void dma_for_ever(void *arg)
{
	struct plan *plan = arg;
	struct edu *edu = edu_open(plan->bdf, plan->backend);
	char *buf = sys_mmap_anon(MIB(16));

	space_map(edu->vdev->space, buf, IOVA, MIB(16));
	edu_dma_start_out(edu, IOVA, PAGE);
	tell(plan);
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
		pid_t pid = start(&plan, dma_for_ever);

		wait_told(&plan);
		stop(&plan, pid);
		check_free(&plan, pins);
	}
}

static void nvme_for_ever(void *arg)
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
	tell(plan);
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
		pid_t pid = start(&plan, nvme_for_ever);

		wait_told(&plan);
		stop(&plan, pid);
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

	tell(plan);
	/* The parent closes its side meanwhile, or has done so. */
	fill_pattern(own, PAGE, 3);
	space_map(plan->edu->vdev->space, own, IOVA2, PAGE);
	edu_load(plan->edu, IOVA2, PAGE);
	memset(own, 0, PAGE);
	edu_store(plan->edu, IOVA2, PAGE);
	ASSERT(is_pattern(own, PAGE, 3));
	/* What the parent mapped is there, too. */
	edu_load(plan->edu, IOVA, PAGE);
	edu_store(plan->edu, IOVA2, PAGE);
	ASSERT(is_pattern(own, PAGE, 4));
	space_unmap(plan->edu->vdev->space, IOVA, PAGE);
}

/* A child goes on with what its parent has opened and then closed. */
TEST_OVER(inherited_by_fork, BACKENDS_ALL)
{
	struct plan plan;
	pid_t pid;

	plan_init(&plan, backend, TESTDEV_EDU0);
	plan.edu = edu_open(plan.bdf, backend);
	plan.buf = sys_mmap_anon(PAGE);
	fill_pattern(plan.buf, PAGE, 4);
	space_map(plan.edu->vdev->space, plan.buf, IOVA, PAGE);
	pid = start(&plan, use_inherited);
	wait_told(&plan);
	edu_close_with_space(plan.edu);
	child_expect(pid, 0);
	/* The mapping was charged to us, who made it; it is gone. */
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	check_free(&plan, sys_pins_held());
}

static void write_copy(void *arg)
{
	struct plan *plan = arg;

	memset(plan->buf, 0x77, PAGE);
	ASSERT(is_byte(plan->buf, PAGE, 0x77));
}

/* Mapped pages stay with the parent: it is the child who gets copies. */
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

/* The process that mapped is gone; its pages are not. */
static void map_and_exit(void *arg)
{
	struct plan *plan = arg;
	char *own = sys_mmap_anon(MIB(8));

	fill_pattern(own, PAGE, 6);
	space_map(plan->edu->vdev->space, own, IOVA, MIB(8));
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
	ASSERT(sys_pins_held() >= pins + 2048);
	space_map(plan.edu->vdev->space, plan.buf, IOVA2, PAGE);
	edu_load(plan.edu, IOVA, PAGE);
	edu_store(plan.edu, IOVA2, PAGE);
	ASSERT(is_pattern(plan.buf, PAGE, 6));
	space_unmap(plan.edu->vdev->space, IOVA, MIB(8));
	ASSERT(sys_pins_held() < pins + 2048);
	edu_close_with_space(plan.edu);
}

/* Keep all files open across exec, in a program that knows nothing of them. */
static void exec_cat(void *arg)
{
	struct plan *plan = arg;
	struct edu *edu = edu_open(plan->bdf, plan->backend);
	char *buf = sys_mmap_anon(MIB(8));

	space_map(edu->vdev->space, buf, IOVA, MIB(8));
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
	/* One is the program's input, one closes by the exec, and tells. */
	if (pipe2(plan.ready, O_CLOEXEC) || pipe2(executed, O_CLOEXEC))
		FAIL("pipe: %s", strerror(errno));
	pins = sys_pins_held();
	pid = child_start(exec_cat, &plan);
	sys_close(executed[1]);
	ASSERT(read(executed[0], &byte, 1) == 0);
	/* The old program's memory is gone, its pages are pinned still. */
	ASSERT(sys_pins_held() >= pins + 2048);
	ASSERT_RC(__group_open(plan.bdf), -EBUSY);
	/* Its standard input ends, and so does the program. */
	sys_close(plan.ready[1]);
	child_expect(pid, 0);
	ASSERT(sys_pins_held() < pins + 2048);
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
	ASSERT(sys_pins_held() < pins + 1024);
	memset(buf, 0x5a, MIB(1));
	edu_store(edu, GIB(4), PAGE);
	ASSERT(is_byte(buf, MIB(1), 0x5a));
	edu_close_with_space(edu);
}

/* Small pages only, from memory that is no one's huge page. */
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
	ASSERT(sys_pins_held() < pins + 1024);
	edu_close_with_space(edu);
}
