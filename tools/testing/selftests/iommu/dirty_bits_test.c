// SPDX-License-Identifier: GPL-2.0-only
/* Exact reports of dirty pages, by the mock IOMMU. */
#include <errno.h>
#include <linux/iommufd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "sys.h"
#include "uffd.h"

#define IOVA MIB(32)
#define HALF (MOCK_HUGE_PAGE_SIZE / 2)
#define BITS(size) ((size) / PAGE)
#define NO_CLEAR IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR

/** struct env - an HWPT with dirty tracking */
struct env {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: ID of the IOAS, with 2 MiB mapped at IOVA */
	__u32 ioas;
	/** @hwpt: ID of the HWPT, with large and small I/O pages */
	__u32 hwpt;
	/** @buf: memory of two huge pages, of which 2 MiB are mapped */
	char *buf;
};

static void *map_huge_pages(size_t size)
{
	void *buf =
		mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE,
		     -1, 0);

	if (buf == MAP_FAILED)
		SKIP("no huge pages");
	return buf;
}

/*
 * Map a large I/O page, and small ones after it, whose memory is not aligned
 * like their IOVA.
 */
static struct env open_env(__u32 flags)
{
	struct env env = { .fd = iommufd_open() };
	struct mock_dev dev;

	mock_load();
	env.buf = map_huge_pages(MIB(4));
	env.ioas = ioas_alloc(env.fd);
	ioas_map_fixed(env.fd, env.ioas, env.buf, IOVA, MIB(1));
	ioas_map_fixed(env.fd, env.ioas, env.buf + MIB(2) + PAGE, IOVA + MIB(1),
		       MIB(1));
	mock_dev(env.fd, env.ioas, 0, &dev);
	env.hwpt = mock_hwpt_huge(env.fd, dev.idev, env.ioas, flags);
	return env;
}

static struct env open_tracking(void)
{
	struct env env = open_env(IOMMU_HWPT_ALLOC_DIRTY_TRACKING);

	ASSERT_RC(__hwpt_set_tracking(env.fd, env.hwpt,
				      IOMMU_HWPT_DIRTY_TRACKING_ENABLE),
		  0);
	return env;
}

static void close_env(struct env *env)
{
	sys_close(env->fd);
	sys_munmap(env->buf, MIB(4));
}

/* Let a device write to the page at @offset. */
static void write_at(struct env *env, __u64 offset)
{
	unsigned char bit = 1;
	struct iommu_test_cmd cmd = {
		.dirty = {
			.iova = IOVA + offset,
			.length = PAGE,
			.page_size = PAGE,
			.uptr = (uintptr_t)&bit,
		},
	};

	ASSERT_RC(__mock_op(env->fd, IOMMU_TEST_OP_DIRTY, env->hwpt, &cmd), 0);
	ASSERT_EQ(cmd.dirty.out_nr_dirty, 1);
}

static int __get_dirty(struct env *env, __u64 offset, __u64 size,
		       __u64 page_size, __u32 flags, void *bitmap)
{
	return __hwpt_get_dirty(env->fd, env->hwpt, flags, IOVA + offset, size,
				page_size, bitmap);
}

/* Of the range, exactly [first, last) must be reported as dirty. */
static void expect(struct env *env, __u64 offset, __u64 size, __u32 flags,
		   __u64 first, __u64 last)
{
	unsigned char bitmap[BITS(MIB(2)) / 8] = {};
	unsigned int i;
	bool want, is;

	ASSERT_RC(__get_dirty(env, offset, size, PAGE, flags, bitmap), 0);
	for (i = 0; i < sizeof(bitmap) * 8; i++) {
		want = i >= BITS(first) && i < BITS(last);
		is = bitmap[i / 8] & 1 << i % 8;
		if (want != is)
			FAIL("%#llx + %#llx: page %u is %s", offset, size, i,
			     is ? "dirty" : "clean");
	}
}

TEST(large_page)
{
	struct env env = open_tracking();

	write_at(&env, PAGE);
	expect(&env, 0, MIB(2), NO_CLEAR, 0, MIB(1));
	expect(&env, 0, MIB(2), 0, 0, MIB(1));
	expect(&env, 0, MIB(2), 0, 0, 0);
	write_at(&env, HALF);
	expect(&env, 0, MIB(1), 0, 0, MIB(1));
	expect(&env, 0, MIB(2), 0, 0, 0);
	close_env(&env);
}

/* A request for part of a large page must not clear the rest of it. */
TEST(part_of_a_large_page)
{
	struct env env = open_tracking();

	write_at(&env, PAGE);
	expect(&env, 0, HALF, 0, 0, HALF);
	expect(&env, HALF, HALF, 0, 0, HALF);
	expect(&env, HALF, MIB(2) - HALF, 0, 0, HALF);
	expect(&env, PAGE, 2 * PAGE, 0, 0, 2 * PAGE);
	expect(&env, PAGE, MIB(1), 0, 0, MIB(1) - PAGE);
	expect(&env, 0, MIB(2), 0, 0, MIB(1));
	expect(&env, 0, MIB(2), 0, 0, 0);
	close_env(&env);
}

/* Small pages behind a large page of which a request covers only the end. */
TEST(behind_a_part)
{
	struct env env = open_tracking();

	write_at(&env, MIB(1) + PAGE);
	expect(&env, HALF, MIB(2) - HALF, NO_CLEAR, HALF + PAGE,
	       HALF + 2 * PAGE);
	expect(&env, MIB(1) - PAGE, MIB(1) + PAGE, 0, 2 * PAGE, 3 * PAGE);
	expect(&env, 0, MIB(2), 0, 0, 0);
	write_at(&env, MIB(1) + PAGE);
	write_at(&env, HALF);
	expect(&env, HALF + PAGE, HALF, 0, 0, HALF - PAGE);
	expect(&env, MIB(1) + PAGE, 2 * PAGE, 0, 0, PAGE);
	expect(&env, MIB(1) + PAGE, 2 * PAGE, 0, 0, 0);
	expect(&env, 0, MIB(2), 0, 0, MIB(1));
	close_env(&env);
}

/* What is mapped is reported, wherever the range has holes. */
TEST(holes)
{
	struct env env = open_tracking();
	const __u64 island = MIB(1) + HALF;

	ioas_unmap(env.fd, env.ioas, IOVA + MIB(1), MIB(1));
	ioas_map_fixed(env.fd, env.ioas, env.buf + MIB(2), IOVA + island,
		       4 * PAGE);
	write_at(&env, island + PAGE);
	/* before it, behind it, and around it */
	expect(&env, MIB(1), MIB(1), NO_CLEAR, HALF + PAGE, HALF + 2 * PAGE);
	expect(&env, island, HALF, NO_CLEAR, PAGE, 2 * PAGE);
	expect(&env, island + PAGE, PAGE, NO_CLEAR, 0, PAGE);
	expect(&env, 0, MIB(2), NO_CLEAR, island + PAGE, island + 2 * PAGE);
	expect(&env, 0, MIB(2), 0, island + PAGE, island + 2 * PAGE);
	expect(&env, 0, MIB(2), 0, 0, 0);
	/* a large page followed by a hole */
	write_at(&env, PAGE);
	expect(&env, HALF, MIB(2), 0, 0, HALF);
	expect(&env, 0, MIB(1) + 4 * PAGE, 0, 0, MIB(1));
	expect(&env, 0, MIB(2), 0, 0, 0);
	/* nothing is mapped */
	expect(&env, MIB(1), HALF, 0, 0, 0);
	expect(&env, MIB(16), PAGE, 0, 0, 0);
	close_env(&env);
}

/* The bits of a hole stay as they are, and the range is checked as always. */
TEST(hole_in_detail)
{
	struct env env = open_tracking();
	unsigned char bytes[BITS(MIB(2)) / 8];

	ioas_unmap(env.fd, env.ioas, IOVA, MIB(1));
	memset(bytes, 0x5a, sizeof(bytes));
	write_at(&env, MIB(1));
	ASSERT_RC(__get_dirty(&env, 0, MIB(2), PAGE, 0, bytes), 0);
	ASSERT(is_byte(bytes, sizeof(bytes) / 2, 0x5a));
	ASSERT_EQ(bytes[sizeof(bytes) / 2], 0x5a | 1);
	ASSERT_RC(__get_dirty(&env, 0, 0, PAGE, 0, bytes), -EINVAL);
	ASSERT_RC(__get_dirty(&env, 1, PAGE, PAGE, 0, bytes), -EINVAL);
	ASSERT_RC(__get_dirty(&env, 0, PAGE + 1, PAGE, 0, bytes), -EINVAL);
	ASSERT_RC(__get_dirty(&env, PAGE, PAGE, 2 * PAGE, 0, bytes), -EINVAL);
	ASSERT_RC(__get_dirty(&env, 0, -IOVA + PAGE, PAGE, 0, bytes),
		  -EOVERFLOW);
	ASSERT_RC(__get_dirty(&env, MIB(1), PAGE, PAGE, 0, BAD_PTR), -EFAULT);
	close_env(&env);
}

/** struct bitmap_reader - a thread that reads the bitmap */
struct bitmap_reader {
	/** @env: of which HWPT */
	struct env *env;
	/** @bitmap: where to, in memory that userfaultfd provides */
	unsigned char *bitmap;
};

static void *bitmap_reader_run(void *arg)
{
	struct bitmap_reader *reader = arg;

	ASSERT_RC(__get_dirty(reader->env, 0, MIB(2), PAGE, 0, reader->bitmap),
		  0);
	return NULL;
}

/* A reader that waits for its memory stops no one who works with the IOAS. */
TEST(bitmap_not_there)
{
	struct env env = open_tracking();
	struct bitmap_reader reader = {
		.env = &env,
		.bitmap = sys_mmap_anon(PAGE),
	};
	int uffd = uffd_over(reader.bitmap, PAGE);
	struct mock_dev dev;
	pthread_t thread;

	write_at(&env, 0);
	ASSERT_EQ(pthread_create(&thread, NULL, bitmap_reader_run, &reader), 0);
	uffd_wait(uffd);
	mock_dev(env.fd, env.ioas, 0, &dev);
	iommufd_destroy(env.fd, mock_hwpt_huge(env.fd, dev.idev, env.ioas, 0));
	ASSERT_RC(__hwpt_set_tracking(env.fd, env.hwpt, 0), 0);
	iommufd_destroy(env.fd, dev.stdev);
	uffd_fill(uffd, reader.bitmap, PAGE);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	close_env(&env);
}

#define SETTER_WORDS 4

/** struct bit_setter - a thread that sets bits of the same bitmap */
struct bit_setter {
	/** @words: words of the bitmap; it owns all but the first and the last */
	_Atomic __u64 words[SETTER_WORDS];
	/** @rounds: number of times it has set its bits */
	_Atomic __u64 rounds;
	/** @lost: number of times that one of its words had changed */
	unsigned int lost;
	/** @stop: set to end it */
	atomic_bool stop;
};

#define NR_READS 500

static void *bit_setter_run(void *arg)
{
	struct bit_setter *setter = arg;
	__u64 round;

	for (round = 1; !setter->stop; round++) {
		setter->words[1] = round;
		setter->words[2] = round;
		setter->rounds = round;
		setter->lost += setter->words[1] != round;
		setter->lost += setter->words[2] != round;
	}
	return NULL;
}

/*
 * Only words with dirty bits are written: other threads may write the others.
 */
TEST(bits_of_others)
{
	struct bit_setter *setter;
	struct env env;
	pthread_t thread;
	unsigned int i;

	if (BITS(MIB(1)) / 64 != SETTER_WORDS)
		SKIP("the mapping has too few pages of this size");
	env = open_tracking();
	setter = sys_mmap_anon(sizeof(*setter));
	write_at(&env, MIB(1));
	write_at(&env, MIB(2) - PAGE);
	ASSERT(!pthread_create(&thread, NULL, bit_setter_run, setter));
	while (!setter->rounds)
		;
	for (i = 0; i < NR_READS; i++)
		ASSERT_RC(__get_dirty(&env, MIB(1), MIB(1), PAGE, NO_CLEAR,
				      setter->words),
			  0);
	setter->stop = true;
	ASSERT(!pthread_join(thread, NULL));
	ASSERT_EQ(setter->lost, 0);
	ASSERT_EQ(setter->words[0], 1);
	ASSERT_EQ(setter->words[3], 1ULL << 63);
	sys_munmap(setter, sizeof(*setter));
	close_env(&env);
}

/* A bitmap need not begin or end at the boundary of a word. */
TEST(bytes_of_others)
{
	struct env env = open_tracking();
	unsigned char bytes[16];

	memset(bytes, 0x5a, sizeof(bytes));
	write_at(&env, MIB(1) + 9 * PAGE);
	ASSERT_RC(__get_dirty(&env, MIB(1), 24 * PAGE, PAGE, 0, &bytes[3]), 0);
	ASSERT_EQ(bytes[4], 0x5a | 2);
	bytes[4] = 0x5a;
	ASSERT(is_byte(bytes, sizeof(bytes), 0x5a));
	close_env(&env);
}

/* A bitmap that cannot be written must not clear the dirty state. */
TEST(bad_bitmap)
{
	struct env env = open_tracking();
	char *page = sys_mmap_anon(2 * PAGE);

	sys_munmap(page + PAGE, PAGE);
	write_at(&env, 0);
	ASSERT_RC(__get_dirty(&env, 0, MIB(2), PAGE, 0, BAD_PTR), -EFAULT);
	ASSERT_RC(__get_dirty(&env, 0, MIB(2), PAGE, 0, page + PAGE - 8),
		  -EFAULT);
	ASSERT(!mprotect(page, PAGE, PROT_READ));
	ASSERT_RC(__get_dirty(&env, 0, MIB(2), PAGE, 0, page), -EFAULT);
	expect(&env, 0, MIB(2), 0, 0, MIB(1));
	sys_munmap(page, PAGE);
	close_env(&env);
}

/* A range is checked before the ability of the domain to track. */
TEST(range_before_ability)
{
	struct env env = open_env(0);
	__u64 word = 0;

	ASSERT_RC(__get_dirty(&env, 0, PAGE, PAGE, 0, &word), -EOPNOTSUPP);
	ASSERT_RC(__get_dirty(&env, -IOVA - PAGE, 2 * PAGE, PAGE, 0, &word),
		  -EOVERFLOW);
	ASSERT_RC(__get_dirty(&env, 1, PAGE, PAGE, 0, &word), -EINVAL);
	ASSERT_RC(__get_dirty(&env, 0, PAGE, 0, 0, &word), -EINVAL);
	ASSERT_RC(__get_dirty(&env, PAGE, PAGE, 2 * PAGE, 0, &word), -EINVAL);
	ASSERT_RC(__hwpt_set_tracking(env.fd, env.hwpt,
				      IOMMU_HWPT_DIRTY_TRACKING_ENABLE),
		  -EOPNOTSUPP);
	close_env(&env);
}
