// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that are software: what they have pinned is unmapped, taken away or
 * left behind, and who pays. The same tests run on the kernel's own VFIO, which
 * has the container alone ("vm run --stock").
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "ioas.h"
#include "sample.h"
#include "sys.h"
#include "vdev.h"

#define IOVA SAMPLE_IOVA
#define NR SAMPLE_NR

/* How often the threads do what they do. */
#define ROUNDS 300

/* The driver is asked to unpin, for the mapping, and only where it has to. */
TEST_OVER(unmap_pinned, BACKENDS_ALL)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	char *mem = sys_mmap_anon(PAGE);
	struct vfio_sample_stats stats;
	char page[PAGE];

	space_map(s.space, mem, IOVA + NR * PAGE, PAGE);
	sample_pin(s.fd, IOVA + PAGE, 2);
	sample_pin(s.fd, IOVA + 5 * PAGE, 1);
	space_unmap(s.space, IOVA + NR * PAGE, PAGE);
	sample_stats(s.fd, &stats);
	ASSERT_EQ(stats.nr_unmaps, 0);
	ASSERT_EQ(stats.nr_pages, 3);

	space_unmap(s.space, IOVA, NR * PAGE);
	sample_stats(s.fd, &stats);
	ASSERT_EQ(stats.nr_unmaps, 1);
	ASSERT_EQ(stats.iova, IOVA);
	ASSERT_EQ(stats.length, NR * PAGE);
	ASSERT_EQ(stats.nr_pages, 0);
	ASSERT_EQ(sys_pins_held(), 0);

	/* The IOVA is free, and means other memory when it is mapped again. */
	space_map(s.space, mem, IOVA, PAGE);
	fill_pattern(mem, PAGE, 5);
	sample_pin(s.fd, IOVA, 1);
	sample_peek(s.fd, IOVA, page, PAGE);
	ASSERT(is_pattern(page, PAGE, 5));
	space_unmap(s.space, IOVA, PAGE);
	sample_tear_down(&s);
}

TEST_OVER(unmap_all_pinned, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	struct vfio_sample_stats stats;
	__u64 unmapped;

	sample_pin(s.fd, IOVA, NR);
	ASSERT_RC(__container_unmap(s.space->fd, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL,
				    &unmapped),
		  0);
	ASSERT_EQ(unmapped, NR * PAGE);
	sample_stats(s.fd, &stats);
	ASSERT_EQ(stats.nr_pages, 0);
	sample_tear_down(&s);
}

TEST_OVER(unmap_two_devices, BACKENDS_ALL)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int other = sample_open_in(s.space, 1);

	sample_pin(s.fd, IOVA, 2);
	sample_pin(other, IOVA + PAGE, 2);
	ASSERT_EQ(sys_pins_held(), 3);
	space_unmap(s.space, IOVA, NR * PAGE);
	ASSERT_EQ(sample_pinned(s.fd), 0);
	ASSERT_EQ(sample_pinned(other), 0);
	ASSERT_EQ(sys_pins_held(), 0);
	sys_close(other);
	sample_tear_down(&s);
}

/* A driver that does not unpin gets an error for its user. */
TEST_OVER(unmap_stubborn, BACKEND_CONTAINER | BACKEND_IOMMUFD)
{
	struct vfio_sample_stats stats;
	struct sample_setup s;

	if (sample_stock())
		SKIP("the kernel's own VFIO does not survive that");
	s = sample_set_up(backend, DMA_RW);
	sample_pin(s.fd, IOVA, 1);
	ASSERT_RC(__sys_ioctl_val(s.fd, VFIO_SAMPLE_STUBBORN, 1), 0);
	ASSERT_RC(__space_unmap(s.space, IOVA, NR * PAGE, NULL), -EDEADLK);
	sample_stats(s.fd, &stats);
	ASSERT(stats.nr_unmaps > 1);
	ASSERT_EQ(stats.nr_pages, 1);
	/* Nothing has changed. */
	sample_pin(s.fd, IOVA + PAGE, 1);
	ASSERT_RC(__sys_ioctl_val(s.fd, VFIO_SAMPLE_STUBBORN, 0), 0);
	space_unmap(s.space, IOVA, NR * PAGE);
	sample_tear_down(&s);
}

TEST_OVER(detach, BACKEND_IOMMUFD)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	struct vfio_sample_stats stats;
	char c;

	sample_pin(s.fd, IOVA, 4);
	ASSERT_RC(__cdev_detach(s.fd), 0);
	sample_stats(s.fd, &stats);
	ASSERT_EQ(stats.nr_pages, 0);
	ASSERT_EQ(stats.nr_unmaps, 1);
	ASSERT_EQ(sys_pins_held(), 0);
	ASSERT_RC(__sample_pin(s.fd, IOVA, 1, SAMPLE_RW), -ENOENT);
	ASSERT_RC(__sample_rw(s.fd, IOVA, &c, 1, 0), -ENOENT);
	ASSERT_RC(__cdev_detach(s.fd), 0);
	ASSERT_RC(__cdev_attach(s.fd, s.space->ioas, NULL), 0);
	sample_pin(s.fd, IOVA, 1);
	sample_tear_down(&s);
	ASSERT_EQ(sys_pins_held(), 0);
}

TEST_OVER(move, BACKEND_IOMMUFD)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	char *mem = sys_mmap_anon(PAGE);
	__u32 ioas = ioas_alloc(s.space->fd);
	struct vfio_sample_stats stats;
	char page[PAGE];

	fill_pattern(mem, PAGE, 6);
	ioas_map_fixed(s.space->fd, ioas, mem, IOVA, PAGE);
	sample_pin(s.fd, IOVA, 4);
	/* Neither an unknown ID nor that of the device will do. */
	ASSERT_RC(__cdev_attach(s.fd, 0x7fffffff, NULL), -ENOENT);
	ASSERT_EQ(sample_pinned(s.fd), 4);
	/* To where it is already. */
	ASSERT_RC(__cdev_attach(s.fd, s.space->ioas, NULL), 0);
	ASSERT_EQ(sample_pinned(s.fd), 4);

	ASSERT_RC(__cdev_attach(s.fd, ioas, NULL), 0);
	sample_stats(s.fd, &stats);
	ASSERT_EQ(stats.nr_pages, 0);
	sample_pin(s.fd, IOVA, 1);
	sample_peek(s.fd, IOVA, page, PAGE);
	ASSERT(is_pattern(page, PAGE, 6));
	ASSERT_RC(__sample_pin(s.fd, IOVA + PAGE, 1, SAMPLE_RW), -ENOENT);
	iommufd_destroy(s.space->fd, s.space->ioas);
	ASSERT_RC(__iommufd_destroy(s.space->fd, ioas), -EBUSY);
	sample_tear_down(&s);
}

/* Nothing is pinned or paid for by mapping, and each page once by pinning. */
TEST_OVER(accounting, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int other = sample_open_in(s.space, 1);

	ASSERT_EQ(sys_pins_held(), 0);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	sample_pin(s.fd, IOVA, 4);
	ASSERT_EQ(sys_vm_locked(getpid()), 4 * PAGE);
	sample_pin(s.fd, IOVA, 4);
	sample_pin(other, IOVA + 2 * PAGE, 4);
	ASSERT_EQ(sys_vm_locked(getpid()), 6 * PAGE);
	ASSERT_EQ(sys_pins_held(), 6);
	sample_unpin(s.fd, IOVA, 4);
	ASSERT_EQ(sys_vm_locked(getpid()), 6 * PAGE);
	sample_unpin(s.fd, IOVA, 4);
	ASSERT_EQ(sys_vm_locked(getpid()), 4 * PAGE);
	sys_close(other);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	sample_tear_down(&s);
}

TEST_OVER(limit, BACKENDS_LEGACY)
{
	struct sample_setup s;

	sys_set_memlock(4 * PAGE);
	sys_drop_ipc_lock();
	s = sample_set_up(backend, DMA_RW);
	ASSERT_RC(__sample_pin(s.fd, IOVA, 5, SAMPLE_RW), -ENOMEM);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
	sample_pin(s.fd, IOVA, 4);
	ASSERT_RC(__sample_pin(s.fd, IOVA + 4 * PAGE, 1, SAMPLE_RW), -ENOMEM);
	sample_pin(s.fd, IOVA + PAGE, 2);
	sample_tear_down(&s);
}

TEST_OVER(close_pinned, BACKENDS_ALL)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);

	sample_pin(s.fd, IOVA, NR);
	ASSERT_EQ(sys_pins_held(), NR);
	sys_close(s.fd);
	ASSERT_EQ(sys_pins_held(), 0);
	s.fd = sample_open_in(s.space, 0);
	sample_pin(s.fd, IOVA, 1);
	sample_tear_down(&s);
	ASSERT_EQ(sys_pins_held(), 0);
}

/** struct doomed - a process that is going to be killed */
struct doomed {
	/** @backend: how it reaches the device */
	enum backend backend;
	/** @ready: where it says that it is ready */
	int ready;
};

static void be_doomed(void *arg)
{
	struct doomed *doomed = arg;
	struct sample_setup s = sample_set_up(doomed->backend, DMA_RW);

	sample_pin(s.fd, IOVA, NR);
	ASSERT_EQ(write(doomed->ready, &(__u64){ 1 }, 8), 8);
	for (;;)
		pause();
}

TEST_OVER(process_death, BACKENDS_ALL)
{
	struct doomed doomed = { .backend = backend };
	struct sample_setup s;
	pid_t pid;

	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	sample_load();
	doomed.ready = sys_eventfd();
	pid = child_start(be_doomed, &doomed);
	sys_eventfd_wait(doomed.ready);
	ASSERT_EQ(sys_pins_held(), NR);
	child_kill(pid);
	ASSERT_EQ(sys_pins_held(), 0);
	s = sample_set_up(backend, DMA_RW);
	sample_pin(s.fd, IOVA, NR);
	sample_tear_down(&s);
}

/** struct mapper - a thread that maps and unmaps all the time */
struct mapper {
	/** @s: where */
	struct sample_setup *s;
	/** @done: it has done so often enough */
	bool done;
};

static void *map_and_unmap(void *arg)
{
	struct mapper *mapper = arg;
	struct sample_setup *s = mapper->s;

	for (int i = 0; i < ROUNDS; i++) {
		space_unmap(s->space, IOVA, NR * PAGE);
		space_map(s->space, s->mem, IOVA, NR * PAGE);
	}
	__atomic_store_n(&mapper->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Pinning meets a mapping that comes and goes, and never what is not there. */
TEST_OVER(pin_while_unmapped, BACKENDS_ALL)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	struct mapper mapper = { .s = &s };
	unsigned int pinned = 0;
	pthread_t thread;
	char page[PAGE];
	int rc;

	ASSERT(!pthread_create(&thread, NULL, map_and_unmap, &mapper));
	while (!__atomic_load_n(&mapper.done, __ATOMIC_ACQUIRE)) {
		rc = __sample_pin(s.fd, IOVA + PAGE, 3, SAMPLE_RW);
		ASSERT(rc == 3 || rc == -EINVAL || rc == -ENOENT);
		pinned += rc == 3;
		if (rc != 3)
			continue;
		/* By now it may have been unpinned on request. */
		rc = __sample_unpin(s.fd, IOVA + PAGE, 3);
		ASSERT(!rc || rc == -ENXIO);
	}
	ASSERT(!pthread_join(thread, NULL));
	ASSERT_EQ(sample_pinned(s.fd), 0);
	ASSERT_EQ(sys_pins_held(), 0);
	sample_pin(s.fd, IOVA, 1);
	sample_peek(s.fd, IOVA, page, PAGE);
	ASSERT(!memcmp(page, s.mem, PAGE));
	sample_tear_down(&s);
	test_note("%u times pinned", pinned);
}
