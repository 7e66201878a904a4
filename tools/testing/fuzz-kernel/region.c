// SPDX-License-Identifier: GPL-2.0-only
/* The memory of a program, and the userfaultfd that serves parts of it. */
#include "region.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "basic.h"
#include "harness.h"
#include "program.h"
#include "resource.h"
#include "sys.h"
#include "test_abi.h"

#define REGION_BASE 0x100000000000UL
#define REGION_STEP (1UL << 30)
/* Arguments of calls: for each thread some pages, as enum place needs them */
#define ARGS_BASE (REGION_BASE + NR_REGIONS * REGION_STEP)
#define ARGS_STEP (16 * PAGE)
#define ARGS_UFFD_BASE (ARGS_BASE + REGION_STEP)

#define UFFD_DELAY_US 1000
#define SLOW_DELAY_US 20000

static int shm_file = -1;
static int uffd = -1;
static pthread_once_t uffd_once = PTHREAD_ONCE_INIT;
/* What the userfaultfd fills the arguments of each thread with */
static unsigned char uffd_args[NR_THREADS][PAGE];

static char *region_start(enum region region)
{
	return (char *)(REGION_BASE + region * REGION_STEP);
}

static void map_anon(void *at, size_t size)
{
	void *got = mmap(at, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	ASSERT(got == at);
}

static void map_shm(void *at, size_t offset, size_t size, int prot)
{
	void *got = mmap(at, size, prot, MAP_SHARED | MAP_FIXED, shm_file,
			 (off_t)offset);

	ASSERT(got == at);
}

static void fill_data(unsigned char *data)
{
	const struct iommu_hwpt_selftest hwpt[] = {
		{ .iotlb = 1, .pagetable_type = MOCK_IOMMUPT_DEFAULT },
		{},
		{ .pagetable_type = MOCK_IOMMUPT_HUGE },
	};
	const __u64 ranges[][2] = {
		{ 0x1000000, 0x7fffffff },
		{ 0x2000000, 0x2ffffff },
		{ 0x10000000, 0x1fffffff },
		{ 0x3000, 0xfff },
		{ 0, ~0ULL },
	};
	const struct iommu_hwpt_invalidate_selftest inv[] = {
		{ .iotlb_id = 1 },
		{ .flags = IOMMU_TEST_INVALIDATE_FLAG_ALL },
		{ .iotlb_id = 99 },
	};
	const struct iommu_viommu_invalidate_selftest vinv[] = {
		{ .vdev_id = 1, .cache_id = 1 },
		{ .flags = IOMMU_TEST_INVALIDATE_FLAG_ALL, .vdev_id = 0 },
		{ .vdev_id = 7 },
	};

	memcpy(data + DATA_HWPT, hwpt, sizeof(hwpt));
	memcpy(data + DATA_RANGES, ranges, sizeof(ranges));
	memcpy(data + DATA_INVALIDATE, inv, sizeof(inv));
	memcpy(data + DATA_VIOMMU_INVALIDATE, vinv, sizeof(vinv));
}

/**
 * regions_create() - map the regions, in the process that runs a program
 */
void regions_create(void)
{
	const size_t args = NR_THREADS * ARGS_STEP;

	shm_file = memfd_create("fuzz", MFD_CLOEXEC);
	ASSERT(shm_file >= 0);
	ASSERT(!ftruncate(shm_file, REGION_SHM_SIZE + args));
	map_anon(region_start(REGION_RAM), REGION_RAM_SIZE);
	madvise(region_start(REGION_RAM), REGION_RAM_SIZE, MADV_NOHUGEPAGE);
	map_anon(region_start(REGION_HUGE), REGION_RAM_SIZE);
	madvise(region_start(REGION_HUGE), REGION_RAM_SIZE, MADV_HUGEPAGE);
	map_shm(region_start(REGION_SHM), 0, REGION_SHM_SIZE,
		PROT_READ | PROT_WRITE);
	map_shm(region_start(REGION_RO), 0, REGION_SHM_SIZE, PROT_READ);
	map_anon(region_start(REGION_EDGE), PAGE);
	map_anon(region_start(REGION_DATA), PAGE);
	fill_data((unsigned char *)region_start(REGION_DATA));
	map_shm((void *)ARGS_BASE, REGION_SHM_SIZE, args,
		PROT_READ | PROT_WRITE);
}

int region_file(void)
{
	return shm_file;
}

static void uffd_register(void *at, size_t size)
{
	struct uffdio_register range = {
		.range = { .start = (unsigned long)at, .len = size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	map_anon(at, size);
	ASSERT_RC(__sys_ioctl(uffd, UFFDIO_REGISTER, &range), 0);
}

static bool in_region(unsigned long address, enum region region)
{
	return address - (unsigned long)region_start(region) < REGION_STEP;
}

static void uffd_fill(unsigned long page)
{
	struct uffdio_zeropage zero = { .range = { page, PAGE } };
	struct uffdio_copy copy = { .dst = page, .len = PAGE };
	unsigned long thread = (page - ARGS_UFFD_BASE) / PAGE;

	if (page < ARGS_UFFD_BASE) {
		ioctl(uffd, UFFDIO_ZEROPAGE, &zero);
		return;
	}
	copy.src = (unsigned long)uffd_args[thread % NR_THREADS];
	ioctl(uffd, UFFDIO_COPY, &copy);
}

static void uffd_serve(unsigned long address)
{
	unsigned long page = address & ~(PAGE - 1);
	struct uffdio_range range = { page, PAGE };

	if (in_region(page, REGION_GONE)) {
		usleep(UFFD_DELAY_US);
		munmap(region_start(REGION_GONE), REGION_UFFD_SIZE);
		ioctl(uffd, UFFDIO_WAKE, &range);
		return;
	}
	usleep(in_region(page, REGION_SLOW) ? SLOW_DELAY_US : UFFD_DELAY_US);
	uffd_fill(page);
}

static void *uffd_main(void *unused)
{
	struct uffd_msg msg;

	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg)) {
		if (msg.event == UFFD_EVENT_PAGEFAULT)
			uffd_serve(msg.arg.pagefault.address);
	}
	return NULL;
}

static void uffd_start(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	pthread_t thread;

	uffd = resource_hide((int)syscall(SYS_userfaultfd, O_CLOEXEC));
	ASSERT_RC(__sys_ioctl(uffd, UFFDIO_API, &api), 0);
	uffd_register(region_start(REGION_UFFD), REGION_UFFD_SIZE);
	uffd_register(region_start(REGION_SLOW), REGION_UFFD_SIZE);
	uffd_register(region_start(REGION_GONE), REGION_UFFD_SIZE);
	uffd_register((void *)ARGS_UFFD_BASE, NR_THREADS * PAGE);
	ASSERT(!pthread_create(&thread, NULL, uffd_main, NULL));
}

/**
 * region_address() - find the address that a pointer stands for
 * @ptr: value of a pointer
 *
 * Return: the address.
 */
unsigned long region_address(__u64 ptr)
{
	enum region region = ptr_region(ptr);
	__u32 offset = (__u32)ptr;

	switch (region) {
	case REGION_UFFD:
	case REGION_SLOW:
	case REGION_GONE:
		pthread_once(&uffd_once, uffd_start);
		break;
	case REGION_EDGE:
		return (unsigned long)region_start(region) + PAGE - offset;
	case REGION_ZERO:
		return offset;
	case REGION_KERNEL:
		return 0xffff888000000000UL + offset;
	case REGION_TOP:
		return -PAGE + offset;
	case REGION_MAP0:
	case REGION_MAP1:
	case REGION_MAP2:
	case REGION_MAP3:
		return resource_get(REF(TYPE_MAP, region - REGION_MAP0)) +
		       offset;
	default:
		break;
	}
	return (unsigned long)region_start(region) + offset;
}

/* Let the next access to the page of a thread wait for the userfaultfd. */
static void *place_uffd(unsigned int thread, const void *data, size_t size)
{
	char *page = (char *)ARGS_UFFD_BASE + thread * PAGE;

	pthread_once(&uffd_once, uffd_start);
	memcpy(uffd_args[thread], data, size);
	madvise(page, PAGE, MADV_DONTNEED);
	return page;
}

/**
 * region_place() - put the structure of a call into memory
 * @thread: number of the thread that makes the call
 * @place: kind of the memory
 * @data: the structure
 * @size: its size, at most a page
 *
 * Return: its address.
 */
void *region_place(unsigned int thread, enum place place, const void *data,
		   size_t size)
{
	char *page = (char *)ARGS_BASE + thread * ARGS_STEP;
	char *at = page;

	switch (place) {
	case PLACE_HOLE:
		return region_start(REGION_HOLE);
	case PLACE_UFFD:
		return place_uffd(thread, data, size);
	case PLACE_EDGE:
		at = page + PAGE - size;
		break;
	case PLACE_STRADDLE:
		at = page + PAGE - size / 8 * 4;
		break;
	default:
		break;
	}
	/* the second page is a hole for some, a second view of the first else */
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	memcpy(at, data,
	       at + size <= page + PAGE ? size : (size_t)(page + PAGE - at));
	if (place == PLACE_RO)
		mprotect(page, PAGE, PROT_READ);
	return at;
}

/* Access memory that may be unmapped. */
bool region_read(unsigned long address, void *buf, size_t size)
{
	struct iovec local = { buf, size }, remote = { (void *)address, size };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) ==
	       (ssize_t)size;
}

bool region_write(unsigned long address, const void *buf, size_t size)
{
	struct iovec local = { (void *)buf, size };
	struct iovec remote = { (void *)address, size };

	return process_vm_writev(getpid(), &local, 1, &remote, 1, 0) ==
	       (ssize_t)size;
}

/* Whether @address is in the regions, and not in the program's own memory */
static bool is_ours(unsigned long address, size_t size)
{
	return address >= REGION_BASE && size <= REGION_STEP &&
	       address + size <= ARGS_BASE;
}

static void touch(unsigned long address, size_t size)
{
	char byte = 1;

	for (size_t at = 0; at < size; at += PAGE) {
		if (!region_write(address + at, &byte, 1))
			break;
	}
}

/**
 * region_advise() - change memory
 * @address: an address in a region
 * @size: bytes
 * @advice: an enum advice
 */
void region_advise(unsigned long address, size_t size, unsigned int advice)
{
	void *at = (void *)(address & ~(PAGE - 1));

	size = (size + PAGE - 1) & ~(PAGE - 1);
	if (!is_ours((unsigned long)at, size) || !size)
		return;
	switch (advice % (ADVICE_TOUCH + 1)) {
	case ADVICE_DROP:
		madvise(at, size, MADV_DONTNEED);
		break;
	case ADVICE_UNMAP:
		munmap(at, size);
		break;
	case ADVICE_REPLACE:
		mmap(at, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	case ADVICE_READ_ONLY:
		mprotect(at, size, PROT_READ);
		break;
	case ADVICE_WRITABLE:
		mprotect(at, size, PROT_READ | PROT_WRITE);
		break;
	case ADVICE_SPLIT:
		madvise(at, size, MADV_NOHUGEPAGE);
		break;
	case ADVICE_COLLAPSE:
		madvise(at, size, MADV_COLLAPSE);
		break;
	case ADVICE_MOVE:
		mremap(at, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
		       region_start(REGION_HOLE) + 64 * PAGE);
		break;
	case ADVICE_PUNCH:
		fallocate(shm_file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  (off_t)(address % REGION_SHM_SIZE & ~(PAGE - 1)),
			  (off_t)size);
		break;
	case ADVICE_TOUCH:
		touch(address, size > REGION_RAM_SIZE ? REGION_RAM_SIZE : size);
		break;
	}
}
