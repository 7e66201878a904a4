// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages pinned by emulated devices that are unmapped, detached or left pinned
 * at exit, and their accounting. The same tests run on the kernel's own VFIO,
 * which supports the container only ("vm run --stock").
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
#define NR_PAGES SAMPLE_NR

/* Iterations of the threads */
#define RACE_ROUNDS 300

/*
 * The driver is requested to unpin the range of the mapping, but only if it has
 * pages pinned there.
 */
TEST_OVER(unmap_pinned, BACKENDS_ALL)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	char *mem = sys_mmap_anon(PAGE);
	struct vfio_sample_stats stats;
	char page[PAGE];

	space_map(s.space, mem, IOVA + NR_PAGES * PAGE, PAGE);
	sample_pin(s.fd, IOVA + PAGE, 2);
	sample_pin(s.fd, IOVA + 5 * PAGE, 1);
	space_unmap(s.space, IOVA + NR_PAGES * PAGE, PAGE);
	sample_stats(s.fd, &stats);
	ASSERT_EQ(stats.nr_unmaps, 0);
	ASSERT_EQ(stats.nr_pages, 3);

	space_unmap(s.space, IOVA, NR_PAGES * PAGE);
	sample_stats(s.fd, &stats);
	ASSERT_EQ(stats.nr_unmaps, 1);
	ASSERT_EQ(stats.iova, IOVA);
	ASSERT_EQ(stats.length, NR_PAGES * PAGE);
	ASSERT_EQ(stats.nr_pages, 0);
	ASSERT_EQ(sys_pins_held(), 0);

	/* The IOVA can be mapped again, to other memory. */
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

	sample_pin(s.fd, IOVA, NR_PAGES);
	ASSERT_RC(__container_unmap(s.space->fd, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL,
				    &unmapped),
		  0);
	ASSERT_EQ(unmapped, NR_PAGES * PAGE);
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
	space_unmap(s.space, IOVA, NR_PAGES * PAGE);
	ASSERT_EQ(sample_pinned(s.fd), 0);
	ASSERT_EQ(sample_pinned(other), 0);
	ASSERT_EQ(sys_pins_held(), 0);
	sys_close(other);
	sample_tear_down(&s);
}

/* If a driver does not unpin, its user gets an error. */
TEST_OVER(unmap_stubborn, BACKEND_CONTAINER | BACKEND_IOMMUFD)
{
	struct vfio_sample_stats stats;
	struct sample_setup s;

	if (sample_stock())
		SKIP("the kernel's own VFIO does not survive that");
	s = sample_set_up(backend, DMA_RW);
	sample_pin(s.fd, IOVA, 1);
	ASSERT_RC(__sys_ioctl_val(s.fd, VFIO_SAMPLE_STUBBORN, 1), 0);
	ASSERT_RC(__space_unmap(s.space, IOVA, NR_PAGES * PAGE, NULL),
		  -EDEADLK);
	sample_stats(s.fd, &stats);
	ASSERT(stats.nr_unmaps > 1);
	ASSERT_EQ(stats.nr_pages, 1);
	/* The mapping is unchanged. */
	sample_pin(s.fd, IOVA + PAGE, 1);
	ASSERT_RC(__sys_ioctl_val(s.fd, VFIO_SAMPLE_STUBBORN, 0), 0);
	space_unmap(s.space, IOVA, NR_PAGES * PAGE);
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
	/* An unknown ID changes nothing. */
	ASSERT_RC(__cdev_attach(s.fd, 0x7fffffff, NULL), -ENOENT);
	ASSERT_EQ(sample_pinned(s.fd), 4);
	/* Neither does attaching to the current IOAS. */
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

/* Mapping accounts no pages, pinning accounts each page once. */
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

	sample_pin(s.fd, IOVA, NR_PAGES);
	ASSERT_EQ(sys_pins_held(), NR_PAGES);
	sys_close(s.fd);
	ASSERT_EQ(sys_pins_held(), 0);
	s.fd = sample_open_in(s.space, 0);
	sample_pin(s.fd, IOVA, 1);
	sample_tear_down(&s);
	ASSERT_EQ(sys_pins_held(), 0);
}

/** struct pinner - a process that is killed while it has pages pinned */
struct pinner {
	/** @backend: backend to open the device by */
	enum backend backend;
	/** @ready: eventfd that is signaled when the pages are pinned */
	int ready;
};

static void pin_until_killed(void *arg)
{
	struct pinner *pinner = arg;
	struct sample_setup s = sample_set_up(pinner->backend, DMA_RW);

	sample_pin(s.fd, IOVA, NR_PAGES);
	ASSERT_EQ(write(pinner->ready, &(__u64){ 1 }, 8), 8);
	for (;;)
		pause();
}

TEST_OVER(process_death, BACKENDS_ALL)
{
	struct pinner pinner = { .backend = backend };
	struct sample_setup s;
	pid_t pid;

	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	sample_load();
	pinner.ready = sys_eventfd();
	pid = child_start(pin_until_killed, &pinner);
	sys_eventfd_wait(pinner.ready);
	ASSERT_EQ(sys_pins_held(), NR_PAGES);
	child_kill(pid);
	ASSERT_EQ(sys_pins_held(), 0);
	s = sample_set_up(backend, DMA_RW);
	sample_pin(s.fd, IOVA, NR_PAGES);
	sample_tear_down(&s);
}

/** struct mapper - a thread that unmaps and maps repeatedly */
struct mapper {
	/** @s: the mapping */
	struct sample_setup *s;
	/** @done: the thread has finished */
	bool done;
};

static void *map_and_unmap(void *arg)
{
	struct mapper *mapper = arg;
	struct sample_setup *s = mapper->s;

	for (int i = 0; i < RACE_ROUNDS; i++) {
		space_unmap(s->space, IOVA, NR_PAGES * PAGE);
		space_map(s->space, s->mem, IOVA, NR_PAGES * PAGE);
	}
	__atomic_store_n(&mapper->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* A race of pinning and unmapping never pins pages that are not mapped. */
TEST_OVER(pin_while_unmapped, BACKENDS_ALL)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	struct mapper mapper = { .s = &s };
	unsigned int pinned = 0;
	pthread_t thread;
	char page[PAGE];
	int ret;

	ASSERT(!pthread_create(&thread, NULL, map_and_unmap, &mapper));
	while (!__atomic_load_n(&mapper.done, __ATOMIC_ACQUIRE)) {
		ret = __sample_pin(s.fd, IOVA + PAGE, 3, SAMPLE_RW);
		ASSERT(ret == 3 || ret == -EINVAL || ret == -ENOENT);
		pinned += ret == 3;
		if (ret != 3)
			continue;
		/* The driver may have unpinned them on request meanwhile. */
		ret = __sample_unpin(s.fd, IOVA + PAGE, 3);
		ASSERT(!ret || ret == -ENXIO);
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
