// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking of a container whose IOMMU does not track writes, and the
 * rules of its requests. The same tests run on the kernel's own VFIO ("vm run
 * --stock").
 */
#include <errno.h>
#include <string.h>

#include "container.h"
#include "dirty.h"
#include "harness.h"
#include "pci.h"
#include "sample.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
#define DIRTY_NR 16
#define DIRTY_BITS(first, nr) (((1ULL << (nr)) - 1) << (first))
#define DIRTY_ALL DIRTY_BITS(0, DIRTY_NR)
/* Content of a bitmap before a request */
#define DIRTY_JUNK 0x5a5a5a5a5a5a5a5aULL

#define LOG_START VFIO_IOMMU_DIRTY_PAGES_FLAG_START
#define LOG_STOP VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP
#define LOG_GET VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP

static __u64 page_at(__u64 nr)
{
	return IOVA + nr * IOVA_PAGE;
}

static int __send_flags(int container, __u32 argsz, __u32 flags)
{
	__u32 cmd[2] = { argsz, flags };

	return __sys_ioctl(container, VFIO_IOMMU_DIRTY_PAGES, cmd);
}

TEST_OVER(wrong_type, BACKENDS_LEGACY)
{
	int container = container_ready_as(backend, VFIO_TYPE1_IOMMU);
	char *mem = sys_mmap_anon(PAGE);
	struct log_unmap unmap;
	__u64 word;

	ASSERT_RC(__log_start(container), -EACCES);
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_DIRTY_PAGES, BAD_PTR),
		  -EACCES);
	container_map(container, mem, IOVA, PAGE);
	unmap = log_unmap_request(IOVA, 1, &word);
	ASSERT_RC(__log_unmap(container, &unmap), -EINVAL);
}

TEST_OVER(no_type, BACKENDS_LEGACY)
{
	int container = container_open(backend);
	int group = group_open(pci_need(TESTDEV_EDU0));

	group_set_container(group, container);
	ASSERT_RC(__log_start(container), -EINVAL);
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_DIRTY_PAGES, BAD_PTR),
		  -EINVAL);
}

TEST_OVER(flags, BACKENDS_LEGACY)
{
	static const __u32 bad[] = { 0,
				     8,
				     1U << 31,
				     LOG_START | LOG_STOP,
				     LOG_START | LOG_GET,
				     LOG_STOP | LOG_GET,
				     LOG_START | LOG_STOP | LOG_GET,
				     LOG_START | 8 };
	int container = container_ready(backend);

	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_DIRTY_PAGES, BAD_PTR),
		  -EFAULT);
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		ASSERT_RC(__send_flags(container, 48, bad[i]), -EINVAL);
	ASSERT_RC(__send_flags(container, 7, LOG_START), -EINVAL);
	ASSERT_RC(__send_flags(container, 0, LOG_STOP), -EINVAL);
	ASSERT_RC(__send_flags(container, 8, LOG_GET), -EINVAL);
	ASSERT_RC(__send_flags(container, 47, LOG_GET), -EINVAL);
	ASSERT_RC(__send_flags(container, 8, LOG_START), 0);
	ASSERT_RC(__send_flags(container, 1U << 31, LOG_STOP), 0);
}

TEST_OVER(start_and_stop, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	__u64 word;

	ASSERT_RC(__log_get(container, IOVA, 1, &word), -EINVAL);
	log_stop(container);
	log_start(container);
	log_get(container, IOVA, 1, &word);
	log_start(container);
	log_get(container, IOVA, 1, &word);
	log_stop(container);
	ASSERT_RC(__log_get(container, IOVA, 1, &word), -EINVAL);
	log_stop(container);
	log_start(container);
	log_get(container, IOVA, 1, &word);
}

static void check_log_get(int container, struct log_get get, int want)
{
	ASSERT_RC(__log_send(container, &get), want);
}

#define CHECK_BAD_GET(what, want)                      \
	do {                                           \
		struct log_get get = good;             \
		get.what;                              \
		check_log_get(container, get, (want)); \
	} while (0)

/* Invalid requests return the same errno before a log is started. */
static void check_get_errnos(int container, const struct log_get *request,
			     int wrap)
{
	const struct log_get good = *request;

	CHECK_BAD_GET(size = 0, -EINVAL);
	CHECK_BAD_GET(size = PAGE - 1, -EINVAL);
	CHECK_BAD_GET(size += 1, -EINVAL);
	CHECK_BAD_GET(iova += 1, -EINVAL);
	CHECK_BAD_GET(iova += PAGE / 2, -EINVAL);
	CHECK_BAD_GET(iova = -IOVA_PAGE, wrap);
	CHECK_BAD_GET(size = -IOVA_PAGE, wrap);
	/* the kernel's own VFIO warns in its log */
	if (!sample_stock())
		CHECK_BAD_GET(bitmap.pgsize = 0, -EINVAL);
	CHECK_BAD_GET(bitmap.pgsize = 1, -EINVAL);
	CHECK_BAD_GET(bitmap.pgsize = PAGE / 2, -EINVAL);
	CHECK_BAD_GET(bitmap.pgsize = PAGE * 2, -EINVAL);
	CHECK_BAD_GET(bitmap.pgsize = PAGE * 3, -EINVAL);
	CHECK_BAD_GET(bitmap.pgsize = 1ULL << 63, -EINVAL);
	CHECK_BAD_GET(bitmap.size = 0, -EINVAL);
	CHECK_BAD_GET(bitmap.size = 1, -EINVAL);
	CHECK_BAD_GET(bitmap.size = 15, -EINVAL);
	CHECK_BAD_GET(bitmap.size = MIB(256) + 1, -EINVAL);
	CHECK_BAD_GET(bitmap.size = -1ULL, -EINVAL);
	CHECK_BAD_GET(bitmap.data = 1ULL << 63, -EINVAL);
	CHECK_BAD_GET(argsz = 47, -EINVAL);
}

TEST_OVER(get_errnos, BACKENDS_LEGACY)
{
	int wrap = sys_kernel_has(CHANGE_TYPE1_OVERFLOW) ? -EOVERFLOW : -EINVAL;
	char *mem = sys_mmap_anon(80 * PAGE);
	int container = container_ready(backend);
	static __u64 words[2];
	struct log_get good;

	container_map(container, mem, IOVA, 80 * PAGE);
	good = log_get_request(IOVA, 80, words);
	check_get_errnos(container, &good, wrap);
	ASSERT_RC(__log_send(container, &good), -EINVAL);
	log_start(container);
	check_get_errnos(container, &good, wrap);
	ASSERT_RC(__log_send(container, &good), 0);
	CHECK_BAD_GET(bitmap.size = MIB(256), 0);
	CHECK_BAD_GET(argsz = 1U << 31, 0);
	/* An address above all mappings is valid. */
	CHECK_BAD_GET(iova = GIB(64), 0);
	/* The highest page: nothing is mapped there. */
	CHECK_BAD_GET(iova = -80 * IOVA_PAGE,
		      sys_kernel_has(CHANGE_TYPE1_DIRTY_TO_END) ? 0 : -EINVAL);
}

static void check_partly_readable(int container, unsigned long cmd,
				  const void *request, size_t size)
{
	char *page = page_before_hole();

	for (size_t i = 1; i < size; i++) {
		char *at = page + PAGE - i;

		memcpy(at, request, i);
		ASSERT_RC(__sys_ioctl(container, cmd, at), -EFAULT);
	}
}

TEST_OVER(get_partly_readable, BACKENDS_LEGACY)
{
	struct log_get get = log_get_request(IOVA, 1, BAD_PTR);
	int container = container_ready(backend);

	log_start(container);
	check_partly_readable(container, VFIO_IOMMU_DIRTY_PAGES, &get,
			      sizeof(get));
}

TEST_OVER(get_cuts_a_mapping, BACKENDS_LEGACY)
{
	char *mem = sys_mmap_anon(8 * PAGE);
	int container = container_ready(backend);
	__u64 word = DIRTY_JUNK;

	container_map(container, mem, IOVA, 4 * PAGE);
	container_map(container, mem + 4 * PAGE, page_at(4), 4 * PAGE);
	log_start(container);
	ASSERT_RC(__log_get(container, page_at(1), 7, &word), -EINVAL);
	ASSERT_RC(__log_get(container, IOVA, 3, &word), -EINVAL);
	ASSERT_RC(__log_get(container, IOVA, 7, &word), -EINVAL);
	ASSERT_RC(__log_get(container, page_at(1), 1, &word), -EINVAL);
	ASSERT_RC(__log_get(container, IOVA - IOVA_PAGE, 2, &word), -EINVAL);
	ASSERT_RC(__log_get(container, page_at(7), 2, &word), -EINVAL);
	ASSERT_EQ(word, DIRTY_JUNK);
	log_get(container, IOVA, 4, &word);
	ASSERT_EQ(word, DIRTY_BITS(0, 4));
	log_get(container, IOVA, 8, &word);
	ASSERT_EQ(word, DIRTY_BITS(0, 8));
	/* A range with no mapping leaves the bitmap as it is. */
	word = DIRTY_JUNK;
	log_get(container, page_at(8), 64, &word);
	ASSERT_EQ(word, DIRTY_JUNK);
}

/* A device behind the IOMMU may write to all mapped pages at any time. */
TEST_OVER(iommu_is_all_dirty, BACKENDS_LEGACY)
{
	char *mem = sys_mmap_anon(DIRTY_NR * PAGE);
	int container = container_ready(backend);
	__u64 maps = DIRTY_ALL;

	container_map(container, mem, IOVA, DIRTY_NR * PAGE);
	log_start(container);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(log_word(container, IOVA, maps), maps);
	/* Mappings that are added and removed change the bitmap. */
	container_map(container, mem, page_at(20), 2 * PAGE);
	maps |= DIRTY_BITS(20, 2);
	ASSERT_EQ(log_word(container, IOVA, maps), maps);
	container_unmap(container, IOVA, DIRTY_NR * PAGE);
	maps = DIRTY_BITS(20, 2);
	ASSERT_EQ(log_word(container, IOVA, maps), maps);
	container_map(container, mem, page_at(3), PAGE);
	maps |= DIRTY_BITS(3, 1);
	log_start(container);
	ASSERT_EQ(log_word(container, IOVA, maps), maps);
	ASSERT_RC(__container_unmap(container, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL,
				    NULL),
		  0);
	ASSERT_EQ(log_word(container, IOVA, 0), 0);
}

/*
 * Words without a mapping are left as they are. The words of a mapping are
 * overwritten, except that bits are added to its first word if the mapping
 * begins inside of it.
 */
TEST_OVER(words, BACKENDS_LEGACY)
{
	static const struct {
		unsigned int first, nr;
	} maps[] = { { 3, 70 }, { 73, 8 }, { 130, 1 }, { 256, 64 }, { 400, 3 } };
	char *mem = sys_mmap_anon(128 * PAGE);
	int container = container_ready(backend);
	__u64 got[10], want[10];

	for (unsigned int i = 0; i < ARRAY_SIZE(maps); i++)
		container_map(container, mem, page_at(maps[i].first),
			      maps[i].nr * PAGE);
	log_start(container);
	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++) {
		want[i] = DIRTY_JUNK;
		got[i] = DIRTY_JUNK;
	}
	want[0] = DIRTY_JUNK | ~DIRTY_BITS(0, 3);
	want[1] = DIRTY_BITS(0, 17);
	want[2] = DIRTY_JUNK | DIRTY_BITS(2, 1);
	want[4] = ~0ULL;
	want[6] = DIRTY_JUNK | DIRTY_BITS(400 - 6 * 64, 3);
	log_get(container, IOVA, 10 * 64, got);
	for (unsigned int i = 0; i < ARRAY_SIZE(want); i++)
		ASSERT_EQ(got[i], want[i]);
}

/* Unmap requests that return a bitmap. */

TEST_OVER(unmap_errnos, BACKENDS_LEGACY)
{
	int wrap = sys_kernel_has(CHANGE_TYPE1_OVERFLOW) ? -EOVERFLOW : -EINVAL;
	char *mem = sys_mmap_anon(4 * PAGE);
	int container = container_ready(backend);
	struct log_unmap good, bad;
	static __u64 word = DIRTY_JUNK;

	container_map(container, mem, IOVA, 4 * PAGE);
	good = log_unmap_request(IOVA, 4, &word);
	bad = good;
	ASSERT_RC(__log_unmap(container, &bad), -EINVAL);
	log_start(container);
#define CHECK_BAD_UNMAP(what, want)                              \
	do {                                                     \
		bad = good;                                      \
		bad.what;                                        \
		ASSERT_RC(__log_unmap(container, &bad), (want)); \
	} while (0)
	CHECK_BAD_UNMAP(flags |= VFIO_DMA_UNMAP_FLAG_ALL, -EINVAL);
	CHECK_BAD_UNMAP(flags |= VFIO_DMA_UNMAP_FLAG_VADDR, -EINVAL);
	CHECK_BAD_UNMAP(flags |= 8, -EINVAL);
	CHECK_BAD_UNMAP(argsz = 47, -EINVAL);
	CHECK_BAD_UNMAP(argsz = 24, -EINVAL);
	CHECK_BAD_UNMAP(size = 0, -EINVAL);
	CHECK_BAD_UNMAP(size += 1, -EINVAL);
	CHECK_BAD_UNMAP(iova += 1, -EINVAL);
	CHECK_BAD_UNMAP(iova = -2 * IOVA_PAGE, wrap);
	if (!sample_stock())
		CHECK_BAD_UNMAP(bitmap.pgsize = 0, -EINVAL);
	CHECK_BAD_UNMAP(bitmap.pgsize = PAGE / 2, -EINVAL);
	CHECK_BAD_UNMAP(bitmap.pgsize = PAGE * 2, -EINVAL);
	CHECK_BAD_UNMAP(bitmap.size = 0, -EINVAL);
	CHECK_BAD_UNMAP(bitmap.size = 7, -EINVAL);
	CHECK_BAD_UNMAP(bitmap.size = MIB(256) + 1, -EINVAL);
	CHECK_BAD_UNMAP(bitmap.data = 1ULL << 63, -EINVAL);
	CHECK_BAD_UNMAP(size = 3 * PAGE, -EINVAL);
	CHECK_BAD_UNMAP(iova += PAGE, -EINVAL);
	CHECK_BAD_UNMAP(bitmap.data = 8, -EFAULT);
	ASSERT_EQ(bad.size, 4 * PAGE);
	ASSERT_EQ(word, DIRTY_JUNK);
	ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), DIRTY_BITS(0, 4));
	ASSERT_RC(__log_unmap(container, &good), 0);
	ASSERT_EQ(good.size, 4 * PAGE);
	ASSERT_EQ(word, DIRTY_BITS(0, 4));
	ASSERT_RC(__log_unmap(container, &good), 0);
	ASSERT_EQ(good.size, 0);
}

TEST_OVER(unmap_partly_readable, BACKENDS_LEGACY)
{
	struct log_unmap unmap = log_unmap_request(IOVA, 1, BAD_PTR);
	int container = container_ready(backend);

	log_start(container);
	check_partly_readable(container, VFIO_IOMMU_UNMAP_DMA, &unmap,
			      sizeof(unmap));
}

/* A fault at the second word leaves the mapping of that word in place. */
TEST_OVER(unmap_in_part, BACKENDS_LEGACY)
{
	__u64 *words = (__u64 *)(page_before_hole() + PAGE) - 1;
	char *mem = sys_mmap_anon(2 * PAGE);
	int container = container_ready(backend);
	struct log_unmap unmap;
	__u64 rest[2] = {};

	container_map(container, mem, IOVA, 2 * PAGE);
	container_map(container, mem, page_at(64), 2 * PAGE);
	log_start(container);
	unmap = log_unmap_request(IOVA, 128, words);
	ASSERT_RC(__log_unmap(container, &unmap), -EFAULT);
	ASSERT_EQ(unmap.size, 128 * PAGE);
	ASSERT_EQ(words[0], DIRTY_BITS(0, 2));
	log_get(container, IOVA, 128, rest);
	ASSERT_EQ(rest[0], 0);
	ASSERT_EQ(rest[1], DIRTY_BITS(0, 2));
	ASSERT_RC(__container_map(container, mem, page_at(64), PAGE, 3),
		  -EEXIST);
	container_map(container, mem, IOVA, PAGE);
	unmap = log_unmap_request(IOVA, 128, rest);
	ASSERT_RC(__log_unmap(container, &unmap), 0);
	ASSERT_EQ(unmap.size, 3 * PAGE);
	ASSERT_EQ(rest[0], 1);
	ASSERT_EQ(rest[1], DIRTY_BITS(0, 2));
}

/* The log ends when the last group leaves the container. */
TEST_OVER(last_group_leaves, BACKENDS_LEGACY)
{
	char *mem = sys_mmap_anon(DIRTY_NR * PAGE);
	int group = group_open(pci_need(TESTDEV_EDU0));
	int container = container_open(backend);
	__u64 word;

	for (int i = 0; i < 2; i++) {
		group_set_container(group, container);
		container_set_iommu(container);
		ASSERT_RC(__log_get(container, IOVA, 64, &word), -EINVAL);
		container_map(container, mem, IOVA, DIRTY_NR * PAGE);
		log_start(container);
		ASSERT_EQ(log_word(container, IOVA, DIRTY_ALL), DIRTY_ALL);
		ASSERT_RC(__group_unset_container(group), 0);
	}
	ASSERT_EQ(sys_pins_held(), 0);
}
