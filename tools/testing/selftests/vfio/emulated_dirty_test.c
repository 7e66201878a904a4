// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is dirty in a container of devices that are software: what they pin and
 * write, and nothing else. The same tests run on the kernel's own VFIO ("vm run
 * --stock").
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "container.h"
#include "dirty.h"
#include "harness.h"
#include "pci.h"
#include "sample.h"
#include "sys.h"
#include "vdev.h"

#define IOVA SAMPLE_IOVA
#define NR SAMPLE_NR
#define BITS(first, nr) (((1ULL << (nr)) - 1) << (first))
#define ALL BITS(0, NR)

/* How often the threads do what they do. */
#define ROUNDS 400

static __u64 page_at(__u64 nr)
{
	return IOVA + nr * IOVA_PAGE;
}

static void write_byte(int fd, __u64 iova)
{
	char c = 1;

	ASSERT_RC(__sample_rw(fd, iova, &c, 1, VFIO_SAMPLE_WRITE), 0);
}

/* What could not be told is told the next time. */
TEST_OVER(bad_bitmap, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	__u64 *words = (__u64 *)(page_before_hole() + PAGE) - 1;
	char *mem = sys_mmap_anon(PAGE);
	int container = s.space->fd;

	space_map(s.space, mem, page_at(64), PAGE);
	log_start(container);
	for (int i = 0; i < 2; i++) {
		write_byte(s.fd, page_at(2));
		write_byte(s.fd, page_at(64));
		ASSERT_RC(__log_get(container, IOVA, 64 + 64, BAD_PTR),
			  -EFAULT);
		/* The first word fits, the second does not. */
		ASSERT_RC(__log_get(container, IOVA, 64 + 64, words), -EFAULT);
		ASSERT_EQ(words[0], BITS(2, 1));
		ASSERT_EQ(log_word(container, IOVA, ALL), 0);
		ASSERT_EQ(log_word(container, page_at(64), 1), 1);
		ASSERT_EQ(log_word(container, page_at(64), 1), 0);
	}
	/* Nothing is mapped, so nothing is written. */
	log_get(container, page_at(128), 64, BAD_PTR);
	sample_tear_down(&s);
}

TEST_OVER(pinned_is_dirty, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int container = s.space->fd;

	sample_pin(s.fd, page_at(7), 1);
	sample_unpin(s.fd, page_at(7), 1);
	sample_pin(s.fd, page_at(9), 1);
	log_start(container);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(log_word(container, IOVA, ALL), BITS(9, 1));
	sample_pin(s.fd, page_at(3), 2);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(log_word(container, IOVA, ALL),
			  BITS(9, 1) | BITS(3, 2));
	/* Up to the end it may have been written to. */
	sample_unpin(s.fd, page_at(3), 2);
	sample_unpin(s.fd, page_at(9), 1);
	ASSERT_EQ(log_word(container, IOVA, ALL), BITS(9, 1) | BITS(3, 2));
	ASSERT_EQ(log_word(container, IOVA, ALL), 0);
	/* Pinned in between only. */
	sample_pin(s.fd, page_at(0), 1);
	sample_unpin(s.fd, page_at(0), 1);
	ASSERT_EQ(log_word(container, IOVA, ALL), 1);
	ASSERT_EQ(log_word(container, IOVA, ALL), 0);
	/* To be asked to begin changes nothing, to begin anew does. */
	sample_pin(s.fd, page_at(5), 1);
	write_byte(s.fd, page_at(6));
	log_start(container);
	ASSERT_EQ(log_word(container, IOVA, ALL), BITS(5, 2));
	write_byte(s.fd, page_at(6));
	log_stop(container);
	write_byte(s.fd, page_at(8));
	log_start(container);
	ASSERT_EQ(log_word(container, IOVA, ALL), BITS(5, 1));
	sample_tear_down(&s);
}

TEST_OVER(pinned_twice, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int other = sample_open_in(s.space, 1);
	int container = s.space->fd;

	log_start(container);
	sample_pin(s.fd, page_at(3), 2);
	sample_pin(other, page_at(4), 2);
	ASSERT_EQ(log_word(container, IOVA, ALL), BITS(3, 3));
	sample_unpin(s.fd, page_at(3), 2);
	ASSERT_EQ(log_word(container, IOVA, ALL), BITS(3, 3));
	ASSERT_EQ(log_word(container, IOVA, ALL), BITS(4, 2));
	sys_close(other);
	ASSERT_EQ(log_word(container, IOVA, ALL), BITS(4, 2));
	ASSERT_EQ(log_word(container, IOVA, ALL), 0);
	sample_tear_down(&s);
}

/* What was pinned before it failed was pinned. */
TEST_OVER(pin_fails, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int container = s.space->fd;

	log_start(container);
	ASSERT_RC(__sample_pin(s.fd, page_at(NR - 2), 3, SAMPLE_RW), -EINVAL);
	ASSERT_EQ(log_word(container, IOVA, ALL), BITS(NR - 2, 2));
	ASSERT_EQ(log_word(container, IOVA, ALL), 0);
	sample_tear_down(&s);
}

TEST_OVER(written_is_dirty, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int container = s.space->fd;
	static char buf[3 * PAGE];

	log_start(container);
	ASSERT_RC(__sample_rw(s.fd, page_at(1), buf, sizeof(buf), 0), 0);
	ASSERT_EQ(log_word(container, IOVA, ALL), 0);
	write_byte(s.fd, page_at(0));
	write_byte(s.fd, page_at(NR) - 1);
	ASSERT_EQ(log_word(container, IOVA, ALL), 1 | BITS(NR - 1, 1));
	ASSERT_EQ(log_word(container, IOVA, ALL), 0);
	ASSERT_RC(__sample_rw(s.fd, page_at(4) - 1, buf, 2, VFIO_SAMPLE_WRITE),
		  0);
	ASSERT_RC(__sample_rw(s.fd, page_at(8), buf, 3 * PAGE,
			      VFIO_SAMPLE_WRITE | VFIO_SAMPLE_KTHREAD),
		  0);
	ASSERT_EQ(log_word(container, IOVA, ALL), BITS(3, 2) | BITS(8, 3));
	/* Over the border of two mappings. */
	space_map(s.space, s.mem, page_at(NR), PAGE);
	ASSERT_RC(__sample_rw(s.fd, page_at(NR) - 1, buf, 2, VFIO_SAMPLE_WRITE),
		  0);
	ASSERT_EQ(log_word(container, IOVA, BITS(0, NR + 1)), BITS(NR - 1, 2));
	sample_tear_down(&s);
}

TEST_OVER(write_fails, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_WRITE);
	int container = s.space->fd;
	char c = 1;

	log_start(container);
	ASSERT_RC(__sample_rw(s.fd, IOVA, &c, 1, VFIO_SAMPLE_WRITE), -EPERM);
	ASSERT_RC(__sample_rw(s.fd, page_at(NR), &c, 1, VFIO_SAMPLE_WRITE),
		  -EINVAL);
	ASSERT_EQ(log_word(container, IOVA, ALL), 0);
	sample_tear_down(&s);
}

/* Bits at any distance, in more words than are written at once. */
static void check_far(struct sample_setup *s, unsigned int shift)
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
		check_far(&s, shifts[i]);
	sample_tear_down(&s);
}

/* A log is for so many pages of a mapping, whether it comes first or not. */
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

/* What is pinned up to now, or was written to, is told when it goes. */
TEST_OVER(unmap_pinned, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int container = s.space->fd;
	struct log_unmap unmap;
	__u64 word = 0;

	log_start(container);
	sample_pin(s.fd, page_at(3), 2);
	write_byte(s.fd, page_at(9));
	unmap = log_unmap_request(IOVA, NR, &word);
	ASSERT_RC(__log_unmap(container, &unmap), 0);
	ASSERT_EQ(unmap.size, NR * PAGE);
	ASSERT_EQ(word, BITS(3, 2) | BITS(9, 1));
	ASSERT_EQ(sample_pinned(s.fd), 0);
	ASSERT_EQ(sys_pins_held(), 0);
	/* What is mapped in its place was not written to. */
	space_map(s.space, s.mem, IOVA, NR * PAGE);
	ASSERT_EQ(log_word(container, IOVA, ALL), 0);
	write_byte(s.fd, page_at(9));
	space_unmap(s.space, IOVA, NR * PAGE);
	space_map(s.space, s.mem, IOVA, NR * PAGE);
	ASSERT_EQ(log_word(container, IOVA, ALL), 0);
	/* A bitmap that cannot be written keeps the mapping. */
	sample_pin(s.fd, page_at(5), 1);
	unmap = log_unmap_request(IOVA, NR, BAD_PTR);
	ASSERT_RC(__log_unmap(container, &unmap), -EFAULT);
	sample_pin(s.fd, page_at(6), 1);
	ASSERT_EQ(log_word(container, IOVA, ALL), BITS(5, 2));
	sample_tear_down(&s);
}

/* Groups that come and go. */

TEST_OVER(group_joins_and_leaves, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int group = group_open(pci_need(TESTDEV_EDU0));
	int container = s.space->fd;

	log_start(container);
	sample_pin(s.fd, page_at(2), 1);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(log_word(container, IOVA, ALL), BITS(2, 1));
		group_set_container(group, container);
		ASSERT_EQ(log_word(container, IOVA, ALL), ALL);
		ASSERT_EQ(log_word(container, IOVA, ALL), ALL);
		ASSERT_RC(__group_unset_container(group), 0);
		/* What it wrote last. */
		ASSERT_EQ(log_word(container, IOVA, ALL), ALL);
	}
	/* It was there, but is not asked about until after it left. */
	group_set_container(group, container);
	space_unmap(s.space, IOVA, NR * PAGE);
	space_map(s.space, s.mem, IOVA, NR * PAGE);
	ASSERT_RC(__group_unset_container(group), 0);
	space_map(s.space, s.mem, page_at(NR), PAGE);
	ASSERT_EQ(log_word(container, IOVA, BITS(0, NR + 1)), ALL);
	ASSERT_EQ(log_word(container, IOVA, BITS(0, NR + 1)), 0);
	sample_tear_down(&s);
}

/* A program that is done, or dies, does not end its log. */
TEST_OVER(close_without_stop, BACKENDS_LEGACY)
{
	struct sample_setup s;

	for (int i = 0; i < 2; i++) {
		s = sample_set_up(backend, DMA_RW);
		log_start(s.space->fd);
		sample_pin(s.fd, page_at(2), 3);
		sample_tear_down(&s);
	}
}

/* Everything at once. */

/** struct crowd - threads that do things to one container */
struct crowd {
	/** @s: the device, and what is mapped */
	struct sample_setup *s;
	/** @seen: what was told to be dirty */
	__u64 seen;
	/** @done: it is time to end */
	bool done;
};

static void *ask(void *arg)
{
	struct crowd *crowd = arg;

	while (!__atomic_load_n(&crowd->done, __ATOMIC_ACQUIRE))
		__atomic_or_fetch(&crowd->seen,
				  log_word(crowd->s->space->fd, IOVA, ALL),
				  __ATOMIC_RELAXED);
	return NULL;
}

/* Whoever asks at whatever time, in the end nothing was lost. */
TEST_OVER(nothing_is_lost, BACKEND_CONTAINER)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	struct crowd crowd = { .s = &s };
	pthread_t threads[2];

	log_start(s.space->fd);
	for (int round = 0; round < ROUNDS; round++) {
		crowd.seen = 0;
		crowd.done = false;
		for (int i = 0; i < 2; i++)
			ASSERT(!pthread_create(&threads[i], NULL, ask, &crowd));
		for (unsigned int i = 0; i < NR; i += 2) {
			write_byte(s.fd, page_at(i));
			sample_pin(s.fd, page_at(i + 1), 1);
			sample_unpin(s.fd, page_at(i + 1), 1);
		}
		__atomic_store_n(&crowd.done, true, __ATOMIC_RELEASE);
		for (int i = 0; i < 2; i++)
			ASSERT(!pthread_join(threads[i], NULL));
		crowd.seen |= log_word(s.space->fd, IOVA, ALL);
		ASSERT_EQ(crowd.seen, ALL);
	}
	sample_tear_down(&s);
}

static void *begin_and_end(void *arg)
{
	struct crowd *crowd = arg;
	int container = crowd->s->space->fd;
	__u64 word;
	int rc;

	while (!__atomic_load_n(&crowd->done, __ATOMIC_ACQUIRE)) {
		log_start(container);
		rc = __log_get(container, IOVA, 64, &word);
		ASSERT(!rc || rc == -EINVAL);
		log_stop(container);
	}
	return NULL;
}

static void *pin_and_write(void *arg)
{
	struct crowd *crowd = arg;
	int fd = crowd->s->fd, rc;
	char c = 1;

	while (!__atomic_load_n(&crowd->done, __ATOMIC_ACQUIRE)) {
		rc = __sample_rw(fd, page_at(3), &c, 1, VFIO_SAMPLE_WRITE);
		ASSERT(!rc || rc == -EINVAL);
		rc = __sample_pin(fd, page_at(5), 2, SAMPLE_RW);
		ASSERT(rc == 2 || rc == -EINVAL);
		if (rc == 2)
			__sample_unpin(fd, page_at(5), 2);
	}
	return NULL;
}

TEST_OVER(all_at_once, BACKEND_CONTAINER)
{
	static void *(*const works[])(void *) = { begin_and_end, pin_and_write,
						  begin_and_end };
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	struct crowd crowd = { .s = &s };
	pthread_t threads[ARRAY_SIZE(works)];
	struct log_unmap unmap;
	__u64 word;
	int rc;

	for (unsigned int i = 0; i < ARRAY_SIZE(works); i++)
		ASSERT(!pthread_create(&threads[i], NULL, works[i], &crowd));
	for (int i = 0; i < ROUNDS; i++) {
		unmap = log_unmap_request(IOVA, NR, &word);
		rc = __log_unmap(s.space->fd, &unmap);
		ASSERT(!rc || rc == -EINVAL);
		if (rc)
			space_unmap(s.space, IOVA, NR * PAGE);
		space_map(s.space, s.mem, IOVA, NR * PAGE);
	}
	__atomic_store_n(&crowd.done, true, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < ARRAY_SIZE(works); i++)
		ASSERT(!pthread_join(threads[i], NULL));
	sample_tear_down(&s);
}
