// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking in a container of emulated devices: exactly the pages that
 * they pin and write are dirty. The same tests run on the kernel's own VFIO
 * ("vm run --stock").
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "dirty.h"
#include "harness.h"
#include "pci.h"
#include "sample.h"
#include "sys.h"
#include "vdev.h"

#define IOVA SAMPLE_IOVA
#define NR_PAGES SAMPLE_NR
#define DIRTY_BITS(first, nr) (((1ULL << (nr)) - 1) << (first))
#define DIRTY_ALL DIRTY_BITS(0, NR_PAGES)

/* Iterations of the threads */
#define RACE_ROUNDS 400

static __u64 page_iova(__u64 nr)
{
	return IOVA + nr * IOVA_PAGE;
}

static void write_byte(int fd, __u64 iova)
{
	char c = 1;

	ASSERT_RC(__sample_rw(fd, iova, &c, 1, VFIO_SAMPLE_WRITE), 0);
}

/* Pages that could not be reported are reported by the next call. */
TEST_OVER(bad_bitmap, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	__u64 *words = (__u64 *)(page_before_hole() + PAGE) - 1;
	char *mem = sys_mmap_anon(PAGE);
	int container = s.space->fd;

	space_map(s.space, mem, page_iova(64), PAGE);
	log_start(container);
	for (int i = 0; i < 2; i++) {
		write_byte(s.fd, page_iova(2));
		write_byte(s.fd, page_iova(64));
		ASSERT_RC(__log_get(container, IOVA, 64 + 64, BAD_PTR),
			  -EFAULT);
		/* The first word fits, the second does not. */
		ASSERT_RC(__log_get(container, IOVA, 64 + 64, words), -EFAULT);
		ASSERT_EQ(words[0], DIRTY_BITS(2, 1));
		ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), 0);
		ASSERT_EQ(log_word(container, page_iova(64), 1), 1);
		ASSERT_EQ(log_word(container, page_iova(64), 1), 0);
	}
	/* The bitmap is not written if nothing is mapped. */
	log_get(container, page_iova(128), 64, BAD_PTR);
	sample_tear_down(&s);
}

TEST_OVER(pinned_is_dirty, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int container = s.space->fd;

	sample_pin(s.fd, page_iova(7), 1);
	sample_unpin(s.fd, page_iova(7), 1);
	sample_pin(s.fd, page_iova(9), 1);
	log_start(container);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL),
			  DIRTY_BITS(9, 1));
	sample_pin(s.fd, page_iova(3), 2);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL),
			  DIRTY_BITS(9, 1) | DIRTY_BITS(3, 2));
	/* A page may have been written to until it was unpinned. */
	sample_unpin(s.fd, page_iova(3), 2);
	sample_unpin(s.fd, page_iova(9), 1);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL),
		  DIRTY_BITS(9, 1) | DIRTY_BITS(3, 2));
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), 0);
	/* Pinned and unpinned between two calls */
	sample_pin(s.fd, page_iova(0), 1);
	sample_unpin(s.fd, page_iova(0), 1);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), 1);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), 0);
	/*
	 * Starting a started log keeps it, stopping and starting it clears it.
	 */
	sample_pin(s.fd, page_iova(5), 1);
	write_byte(s.fd, page_iova(6));
	log_start(container);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), DIRTY_BITS(5, 2));
	write_byte(s.fd, page_iova(6));
	log_stop(container);
	write_byte(s.fd, page_iova(8));
	log_start(container);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), DIRTY_BITS(5, 1));
	sample_tear_down(&s);
}

TEST_OVER(pinned_twice, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int other = sample_open_in(s.space, 1);
	int container = s.space->fd;

	log_start(container);
	sample_pin(s.fd, page_iova(3), 2);
	sample_pin(other, page_iova(4), 2);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), DIRTY_BITS(3, 3));
	sample_unpin(s.fd, page_iova(3), 2);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), DIRTY_BITS(3, 3));
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), DIRTY_BITS(4, 2));
	sys_close(other);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), DIRTY_BITS(4, 2));
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), 0);
	sample_tear_down(&s);
}

/* Pages that were pinned before the call failed are dirty. */
TEST_OVER(pin_fails, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int container = s.space->fd;

	log_start(container);
	ASSERT_RC(__sample_pin(s.fd, page_iova(NR_PAGES - 2), 3, SAMPLE_RW),
		  -EINVAL);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL),
		  DIRTY_BITS(NR_PAGES - 2, 2));
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), 0);
	sample_tear_down(&s);
}

TEST_OVER(written_is_dirty, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int container = s.space->fd;
	static char buf[3 * PAGE];

	log_start(container);
	ASSERT_RC(__sample_rw(s.fd, page_iova(1), buf, sizeof(buf), 0), 0);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), 0);
	write_byte(s.fd, page_iova(0));
	write_byte(s.fd, page_iova(NR_PAGES) - 1);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL),
		  1 | DIRTY_BITS(NR_PAGES - 1, 1));
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), 0);
	ASSERT_RC(__sample_rw(s.fd, page_iova(4) - 1, buf, 2,
			      VFIO_SAMPLE_WRITE),
		  0);
	ASSERT_RC(__sample_rw(s.fd, page_iova(8), buf, 3 * PAGE,
			      VFIO_SAMPLE_WRITE | VFIO_SAMPLE_KTHREAD),
		  0);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL),
		  DIRTY_BITS(3, 2) | DIRTY_BITS(8, 3));
	/* Across two mappings */
	space_map(s.space, s.mem, page_iova(NR_PAGES), PAGE);
	ASSERT_RC(__sample_rw(s.fd, page_iova(NR_PAGES) - 1, buf, 2,
			      VFIO_SAMPLE_WRITE),
		  0);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_BITS(0, NR_PAGES + 1)),
		  DIRTY_BITS(NR_PAGES - 1, 2));
	sample_tear_down(&s);
}

TEST_OVER(write_fails, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_WRITE);
	int container = s.space->fd;
	char c = 1;

	log_start(container);
	ASSERT_RC(__sample_rw(s.fd, IOVA, &c, 1, VFIO_SAMPLE_WRITE), -EPERM);
	ASSERT_RC(__sample_rw(s.fd, page_iova(NR_PAGES), &c, 1,
			      VFIO_SAMPLE_WRITE),
		  -EINVAL);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), 0);
	sample_tear_down(&s);
}

/* Bits in more words of the bitmap than the kernel writes at once. */
static void check_far_bits(struct sample_setup *s, unsigned int shift)
{
	static const unsigned int pages[] = { 0,    1,	  61,	62,
					      63,   64,	  65,	4030,
					      4095, 4096, 4097, 4099,
					      8190, 8191, 9998, 9999 };
	__u64 got[160] = {}, want[160] = {};
	__u64 iova = GIB(1) + shift * IOVA_PAGE;
	char *mem = sys_mmap_anon(10000 * PAGE);

	space_map(s->space, mem, iova, 10000 * PAGE);
	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++) {
		unsigned int bit = pages[i] + shift;

		write_byte(s->fd, iova + pages[i] * IOVA_PAGE);
		want[bit / 64] |= 1ULL << (bit % 64);
	}
	log_get(s->space->fd, GIB(1), 160 * 64, got);
	ASSERT(!memcmp(got, want, sizeof(got)));
	space_unmap(s->space, iova, 10000 * PAGE);
	sys_munmap(mem, 10000 * PAGE);
}

TEST_OVER(far_bits, BACKENDS_LEGACY)
{
	static const unsigned int shifts[] = { 0, 1, 37, 63, 64, 65, 200 };
	struct sample_setup s = sample_set_up(backend, DMA_RW);

	log_start(s.space->fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(shifts); i++)
		check_far_bits(&s, shifts[i]);
	sample_tear_down(&s);
}

/* The size of a mapping is limited while a log exists, in either order. */
TEST_OVER(too_large, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	const __u64 pages = 1ULL << 31;
	void *mem = (void *)PAGE;
	int container = s.space->fd;
	__u64 word;

	ASSERT_RC(__container_map(container, mem, GIB(1), pages * IOVA_PAGE, 3),
		  0);
	ASSERT_RC(__log_start(container), -EINVAL);
	ASSERT_RC(__log_get(container, IOVA, 64, &word), -EINVAL);
	container_unmap(container, GIB(1), pages * IOVA_PAGE);
	log_start(container);
	ASSERT_RC(__container_map(container, mem, GIB(1), pages * IOVA_PAGE, 3),
		  -EINVAL);
	ASSERT_RC(__container_map(container, mem, GIB(1), IOVA_PAGE, 3), 0);
	sample_tear_down(&s);
}

/* Unmapping reports pages that are still pinned or were written to. */
TEST_OVER(unmap_pinned, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int container = s.space->fd;
	struct log_unmap unmap;
	__u64 word = 0;

	log_start(container);
	sample_pin(s.fd, page_iova(3), 2);
	write_byte(s.fd, page_iova(9));
	unmap = log_unmap_request(IOVA, NR_PAGES, &word);
	ASSERT_RC(__log_unmap(container, &unmap), 0);
	ASSERT_EQ(unmap.size, NR_PAGES * PAGE);
	ASSERT_EQ(word, DIRTY_BITS(3, 2) | DIRTY_BITS(9, 1));
	ASSERT_EQ(sample_pinned(s.fd), 0);
	ASSERT_EQ(sys_pins_held(), 0);
	/* A new mapping at the same IOVA is clean. */
	space_map(s.space, s.mem, IOVA, NR_PAGES * PAGE);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), 0);
	write_byte(s.fd, page_iova(9));
	space_unmap(s.space, IOVA, NR_PAGES * PAGE);
	space_map(s.space, s.mem, IOVA, NR_PAGES * PAGE);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), 0);
	/* If the bitmap cannot be written, the mapping remains. */
	sample_pin(s.fd, page_iova(5), 1);
	unmap = log_unmap_request(IOVA, NR_PAGES, BAD_PTR);
	ASSERT_RC(__log_unmap(container, &unmap), -EFAULT);
	sample_pin(s.fd, page_iova(6), 1);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), DIRTY_BITS(5, 2));
	sample_tear_down(&s);
}

/* Groups that are added and removed. */

TEST_OVER(group_joins_and_leaves, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int group = group_open(pci_need(TESTDEV_EDU0));
	int container = s.space->fd;

	log_start(container);
	sample_pin(s.fd, page_iova(2), 1);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL),
			  DIRTY_BITS(2, 1));
		group_set_container(group, container);
		ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), DIRTY_ALL);
		ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), DIRTY_ALL);
		ASSERT_RC(__group_unset_container(group), 0);
		/* The last writes of the group. */
		ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), DIRTY_ALL);
	}
	/* The group is removed before the log is read. */
	group_set_container(group, container);
	space_unmap(s.space, IOVA, NR_PAGES * PAGE);
	space_map(s.space, s.mem, IOVA, NR_PAGES * PAGE);
	ASSERT_RC(__group_unset_container(group), 0);
	space_map(s.space, s.mem, page_iova(NR_PAGES), PAGE);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_BITS(0, NR_PAGES + 1)),
		  DIRTY_ALL);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_BITS(0, NR_PAGES + 1)), 0);
	sample_tear_down(&s);
}

/* A process can exit without stopping its log. */
TEST_OVER(close_without_stop, BACKENDS_LEGACY)
{
	struct sample_setup s;

	for (int i = 0; i < 2; i++) {
		s = sample_set_up(backend, DMA_RW);
		log_start(s.space->fd);
		sample_pin(s.fd, page_iova(2), 3);
		sample_tear_down(&s);
	}
}

/* Concurrent calls. */

/** struct workload - threads that use the same container */
struct workload {
	/** @s: the device and its mapping */
	struct sample_setup *s;
	/** @seen: pages reported as dirty */
	__u64 seen;
	/** @done: the threads are to return */
	bool done;
};

static void *read_log(void *arg)
{
	struct workload *work = arg;

	while (!__atomic_load_n(&work->done, __ATOMIC_ACQUIRE))
		__atomic_or_fetch(&work->seen,
				  log_word(work->s->space->fd, IOVA, DIRTY_ALL),
				  __ATOMIC_RELAXED);
	return NULL;
}

/* Concurrent readers of the log report every page between them. */
TEST_OVER(nothing_is_lost, BACKEND_CONTAINER)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	struct workload work = { .s = &s };
	pthread_t threads[2];

	log_start(s.space->fd);
	for (int round = 0; round < RACE_ROUNDS; round++) {
		work.seen = 0;
		work.done = false;
		for (int i = 0; i < 2; i++)
			ASSERT(!pthread_create(&threads[i], NULL, read_log,
					       &work));
		for (unsigned int i = 0; i < NR_PAGES; i += 2) {
			write_byte(s.fd, page_iova(i));
			sample_pin(s.fd, page_iova(i + 1), 1);
			sample_unpin(s.fd, page_iova(i + 1), 1);
		}
		__atomic_store_n(&work.done, true, __ATOMIC_RELEASE);
		for (int i = 0; i < 2; i++)
			ASSERT(!pthread_join(threads[i], NULL));
		work.seen |= log_word(s.space->fd, IOVA, DIRTY_ALL);
		ASSERT_EQ(work.seen, DIRTY_ALL);
	}
	sample_tear_down(&s);
}

static void *start_and_stop_log(void *arg)
{
	struct workload *work = arg;
	int container = work->s->space->fd;
	__u64 word;
	int ret;

	while (!__atomic_load_n(&work->done, __ATOMIC_ACQUIRE)) {
		log_start(container);
		ret = __log_get(container, IOVA, 64, &word);
		ASSERT(!ret || ret == -EINVAL);
		log_stop(container);
	}
	return NULL;
}

static void *pin_and_write(void *arg)
{
	struct workload *work = arg;
	int fd = work->s->fd, ret;
	char c = 1;

	while (!__atomic_load_n(&work->done, __ATOMIC_ACQUIRE)) {
		ret = __sample_rw(fd, page_iova(3), &c, 1, VFIO_SAMPLE_WRITE);
		ASSERT(!ret || ret == -EINVAL);
		ret = __sample_pin(fd, page_iova(5), 2, SAMPLE_RW);
		ASSERT(ret == 2 || ret == -EINVAL);
		if (ret == 2)
			__sample_unpin(fd, page_iova(5), 2);
	}
	return NULL;
}

TEST_OVER(all_at_once, BACKEND_CONTAINER)
{
	static void *(*const functions[])(void *) = { start_and_stop_log,
						      pin_and_write,
						      start_and_stop_log };
	pthread_t threads[ARRAY_SIZE(functions)];
	struct log_unmap unmap;
	struct sample_setup s;
	struct workload work = { .s = &s };
	__u64 word;
	int ret;

	/* It copies from a bitmap of no pages: BUG in mm/usercopy.c. */
	if (access("/sys/module/iommufd", F_OK))
		SKIP("new kernels' own VFIO may crash here");
	s = sample_set_up(backend, DMA_RW);
	for (unsigned int i = 0; i < ARRAY_SIZE(functions); i++)
		ASSERT(!pthread_create(&threads[i], NULL, functions[i], &work));
	for (int i = 0; i < RACE_ROUNDS; i++) {
		unmap = log_unmap_request(IOVA, NR_PAGES, &word);
		ret = __log_unmap(s.space->fd, &unmap);
		ASSERT(!ret || ret == -EINVAL);
		if (ret)
			space_unmap(s.space, IOVA, NR_PAGES * PAGE);
		space_map(s.space, s.mem, IOVA, NR_PAGES * PAGE);
	}
	__atomic_store_n(&work.done, true, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < ARRAY_SIZE(functions); i++)
		ASSERT(!pthread_join(threads[i], NULL));
	sample_tear_down(&s);
}
