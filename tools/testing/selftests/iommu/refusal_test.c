// SPDX-License-Identifier: GPL-2.0-only
/* The reason of a refused call, in the fdinfo of /dev/iommu. */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "observe.h"
#include "pci.h"
#include "sys.h"

#define expect(fd, ...) fdinfo_expect(fd, "iommufd-refusal", __VA_ARGS__)

/* With the mock IOMMU, which may be loaded already. */
static int mock_open(void)
{
	mock_load();
	return iommufd_open();
}

TEST(nothing_was_refused)
{
	char line[OBSERVE_LINE];
	int fd = mock_open();

	ioas_alloc(fd);
	ASSERT_EQ(fdinfo_number(fd, "iommufd-refusals"), 0);
	ASSERT(!fdinfo_line(fd, "iommufd-refusal", 0, line));
}

TEST(overlap)
{
	char *buf = sys_mmap_anon(4 * PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);

	ioas_map_fixed(fd, ioas, buf, 0x10000, 2 * PAGE);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, 0x11000, 2 * PAGE, DMA_RW),
		  -EEXIST);
	expect(fd,
	       "EEXIST map: iova 0x11000 length 0x2000: overlaps area 0x10000-0x11fff");
	ASSERT_EQ(fdinfo_number(fd, "iommufd-refusals"), 1);
	/* a later success does not hide it */
	ioas_map_fixed(fd, ioas, buf, 0x20000, PAGE);
	ASSERT_EQ(fdinfo_number(fd, "iommufd-refusals"), 1);
}

TEST(reserved)
{
	struct iommu_test_cmd cmd = {
		.add_reserved = { .start = 0x40000, .length = 0x2000 },
	};
	char *buf = sys_mmap_anon(PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);

	ASSERT_RC(__mock_op(fd, IOMMU_TEST_OP_ADD_RESERVED, ioas, &cmd), 0);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, 0x41000, PAGE, DMA_RW),
		  -EINVAL);
	expect(fd,
	       "EINVAL map: iova 0x41000 length 0x1000: reserved by test (reserved window 0x40000-0x41fff)");
}

TEST(aperture)
{
	char *buf = sys_mmap_anon(PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;

	mock_dev(fd, ioas, 0, &dev);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, 0, PAGE, DMA_RW), -EINVAL);
	expect(fd,
	       "EINVAL map: iova 0x0 length 0x1000: outside of the aperture of the IOMMU (0x0-%#lx is not translated)",
	       MOCK_APERTURE_START - 1);
}

TEST(alignment)
{
	char *buf = sys_mmap_anon(2 * PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;

	mock_dev(fd, ioas, 0, &dev);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, 0x1000001, PAGE, DMA_RW),
		  -EINVAL);
	expect(fd,
	       "EINVAL map: iova 0x1000001 length 0x1000: iova 0x1000001 is not aligned to 0x800");
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf + 1, 0x1000000, PAGE, DMA_RW),
		  -EINVAL);
	expect(fd,
	       "EINVAL map: iova 0x1000000 length 0x1000: length 0x1000 or offset 0x1 of the memory is not aligned to 0x800");
}

TEST(arguments)
{
	char *buf = sys_mmap_anon(PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	__u64 iova;

	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, 0x1000, PAGE, 0), -EINVAL);
	expect(fd,
	       "EINVAL map: iova 0x1000 length 0x1000: neither read nor write access requested");
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, 0x1000, 0, DMA_RW), -EINVAL);
	expect(fd,
	       "EINVAL map: iova 0x1000 length 0x0: length 0x0 is not possible");
	ASSERT_RC(__ioas_map_fixed(fd, ioas + 7, buf, 0x1000, PAGE, DMA_RW),
		  -ENOENT);
	expect(fd, "ENOENT map: iova 0x1000 length 0x1000: no object has ID %u",
	       ioas + 7);
	ASSERT_RC(__ioas_map(fd, ioas, NULL, 1ULL << 63, DMA_RW, &iova),
		  -EOVERFLOW);
	expect(fd,
	       "EOVERFLOW map: iova 0x0 length 0x8000000000000000: length 0x8000000000000000 is not possible");
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, ~0ULL - PAGE + 1, 2 * PAGE,
				   DMA_RW),
		  -EOVERFLOW);
	expect(fd,
	       "EOVERFLOW map: iova 0xfffffffffffff000 length 0x2000: 0xfffffffffffff000 with length 0x2000 exceeds the address space");
	ASSERT_EQ(fdinfo_number(fd, "iommufd-refusals"), 5);
}

TEST(flags)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_READABLE | 0x100,
		.length = PAGE,
		.iova = 0x1000,
	};
	int fd = mock_open();

	cmd.ioas_id = ioas_alloc(fd);
	cmd.user_va = (uintptr_t)sys_mmap_anon(PAGE);
	ASSERT_RC(__sys_ioctl(fd, IOMMU_IOAS_MAP, &cmd), -EOPNOTSUPP);
	expect(fd,
	       "EOPNOTSUPP map: iova 0x1000 length 0x1000: unknown or contradictory flags %#x",
	       cmd.flags);
}

TEST(no_free_iova)
{
	struct iommu_iova_range range = { 0x100000, 0x101fff };
	char *buf = sys_mmap_anon(4 * PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	__u64 iova;

	ASSERT_RC(__ioas_allow(fd, ioas, &range, 1), 0);
	ASSERT_RC(__ioas_map(fd, ioas, buf, 4 * PAGE, DMA_RW, &iova), -ENOSPC);
	expect(fd,
	       "ENOSPC map: iova 0x0 length 0x4000: no free IOVA of 0x4000 bytes in the ranges that are allowed");
}

/* The page number 3 of 4 is missing. */
TEST(no_memory)
{
	char *buf = sys_mmap_anon(4 * PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;

	mock_dev(fd, ioas, 0, &dev);
	sys_munmap(buf + 2 * PAGE, PAGE);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, 0x1000000, 4 * PAGE, DMA_RW),
		  -EFAULT);
	expect(fd,
	       "EFAULT map: iova 0x1000000 length 0x4000: no memory at %#llx that allows write access",
	       (unsigned long long)(uintptr_t)buf + 2 * PAGE);
	ASSERT_RC(mprotect(buf, PAGE, PROT_READ), 0);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, 0x1000000, PAGE, DMA_RW),
		  -EFAULT);
	expect(fd,
	       "EFAULT map: iova 0x1000000 length 0x1000: no memory at %#llx that allows write access",
	       (unsigned long long)(uintptr_t)buf);
}

TEST(memlock)
{
	char *buf = sys_mmap_anon(64 * PAGE);
	__u64 mode = 1;
	int fd = mock_open();
	struct mock_dev dev;
	__u32 ioas;

	ASSERT_RC(__iommufd_option(fd, IOMMU_OPTION_RLIMIT_MODE,
				   IOMMU_OPTION_OP_SET, 0, &mode),
		  0);
	fdinfo_expect(fd, "iommufd-accounting", "process");
	ioas = ioas_alloc(fd);
	mock_dev(fd, ioas, 0, &dev);
	sys_set_memlock(16 * PAGE);
	sys_drop_ipc_lock();
	ioas_map_fixed(fd, ioas, buf, 0x1000000, 8 * PAGE);
	fdinfo_expect(fd, "iommufd-charged", "32 kB");
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf + 8 * PAGE, 0x2000000,
				   16 * PAGE, DMA_RW),
		  -ENOMEM);
	expect(fd,
	       "ENOMEM map: iova 0x2000000 length 0x10000: RLIMIT_MEMLOCK: 96 of 64 kB");
	fdinfo_expect(fd, "iommufd-charged", "32 kB");
}

TEST(files)
{
	int null = sys_open("/dev/null", O_RDWR);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;
	int memfd, readonly;
	char path[64];
	__u64 iova = 0;

	ASSERT_RC(__ioas_map_file(fd, ioas, null, 0, PAGE, DMA_RW, &iova),
		  -EINVAL);
	expect(fd,
	       "EINVAL map file: iova 0x0 length 0x1000: the file is neither shared memory, huge pages nor a dma-buf");
	memfd = ASSERT_OK(memfd_create("refusal", 0));
	ASSERT_RC(ftruncate(memfd, PAGE), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd);
	readonly = sys_open(path, O_RDONLY);
	ASSERT_RC(__ioas_map_file(fd, ioas, readonly, 0, PAGE, DMA_RW, &iova),
		  -EPERM);
	expect(fd,
	       "EPERM map file: iova 0x0 length 0x1000: the file was not opened for the access, or is sealed against it");
	ASSERT_RC(__ioas_map_file(fd, ioas, memfd, 1ULL << 63, PAGE, DMA_RW,
				  &iova),
		  -EINVAL);
	expect(fd,
	       "EINVAL map file: iova 0x0 length 0x1000: offset 0x8000000000000000 with length 0x1000 exceeds the file or dma-buf");
	/* the end of the file counts when it is pinned */
	mock_dev(fd, ioas, 0, &dev);
	ASSERT_RC(__ioas_map_file(fd, ioas, memfd, 0, 2 * PAGE, DMA_RW, &iova),
		  -EINVAL);
	expect(fd,
	       "EINVAL map file: iova 0x0 length 0x2000: offset 0x0 with length 0x2000 exceeds the file or dma-buf");
}

TEST(dmabuf)
{
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	__u64 iova = 0;
	int dmabuf;

	dmabuf = mock_dmabuf(fd, 2 * PAGE, O_RDWR);
	ASSERT_RC(__ioas_map_file(fd, ioas, dmabuf, PAGE, 2 * PAGE, DMA_READ,
				  &iova),
		  -EINVAL);
	expect(fd,
	       "EINVAL map file: iova 0x0 length 0x2000: offset 0x1000 with length 0x2000 exceeds the file or dma-buf");
}

/* The memory of a device that no VFIO driver has. */
TEST(foreign_memory)
{
	const char *bdf = pci_need_unbound(TESTDEV_EDU1);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;
	char path[128];
	void *bar;
	int file;

	pci_unbind(bdf);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", bdf);
	file = sys_open(path, O_RDWR);
	bar = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT(bar != MAP_FAILED);
	mock_dev(fd, ioas, 0, &dev);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, bar, 0x1000000, PAGE, DMA_RW),
		  -EFAULT);
	expect(fd,
	       "EFAULT map: iova 0x1000000 length 0x1000: memory at %#llx is that of a driver that does not provide it for DMA (VM_PFNMAP)",
	       (unsigned long long)(uintptr_t)bar);
}

TEST(compat_ioas)
{
	struct vfio_iommu_type1_info info = { .argsz = sizeof(info) };
	int fd = mock_open();

	ASSERT_RC(__sys_ioctl(fd, VFIO_IOMMU_GET_INFO, &info), -ENODEV);
	expect(fd, "ENODEV get info: no IOAS is selected by IOMMU_VFIO_IOAS");
}

TEST(copy)
{
	char *buf = sys_mmap_anon(2 * PAGE);
	int fd = mock_open();
	__u32 from = ioas_alloc(fd), to = ioas_alloc(fd);

	ASSERT_RC(__ioas_map_fixed(fd, from, buf, 0x10000, PAGE, DMA_READ), 0);
	ASSERT_RC(__ioas_copy(fd, from, 0x10000, 2 * PAGE, to, 0x50000, DMA_RW),
		  -ENOENT);
	expect(fd,
	       "ENOENT copy: iova 0x50000 length 0x2000: nothing is mapped at 0x11000");
	ASSERT_RC(__ioas_copy(fd, from, 0x10000, PAGE, to, 0x50000, DMA_RW),
		  -EPERM);
	expect(fd,
	       "EPERM copy: iova 0x50000 length 0x1000: area 0x10000-0x10fff does not allow the access");
}

TEST(unmap)
{
	char *buf = sys_mmap_anon(2 * PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	__u64 unmapped;

	ioas_map_fixed(fd, ioas, buf, 0x10000, 2 * PAGE);
	ASSERT_RC(__ioas_unmap(fd, ioas, 0x10000, PAGE, &unmapped), -ENOENT);
	expect(fd,
	       "ENOENT unmap: iova 0x10000 length 0x1000: contains only a part of area 0x10000-0x11fff");
	ASSERT_RC(__ioas_unmap(fd, ioas, 0x70000, PAGE, &unmapped), -ENOENT);
	expect(fd,
	       "ENOENT unmap: iova 0x70000 length 0x1000: nothing is mapped at 0x70000");
}

TEST(destroy)
{
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;

	mock_dev(fd, ioas, 0, &dev);
	ASSERT_RC(__iommufd_destroy(fd, ioas), -EBUSY);
	expect(fd,
	       "EBUSY destroy: object %u: object %u has 1 users and 0 requests",
	       ioas, ioas);
	ASSERT_RC(__iommufd_destroy(fd, 1000), -ENOENT);
	expect(fd, "ENOENT destroy: object 1000: no object has ID 1000");
}

/* Commands of other subsystems, for instance those of a terminal, do not count. */
TEST(foreign_commands)
{
	char line[OBSERVE_LINE];
	int fd = mock_open();

	ASSERT(!isatty(fd));
	ASSERT_EQ(fdinfo_number(fd, "iommufd-refusals"), 0);
	ASSERT(!fdinfo_line(fd, "iommufd-refusal", 0, line));
	ASSERT_RC(__sys_ioctl(fd, _IO(IOMMUFD_TYPE, 0xf0), NULL), -ENOTTY);
	expect(fd, "ENOTTY ioctl 0x3bf0");
}

/* Each thread is refused for a reason of its own; no reason gets mixed up. */
static void *refused_in_a_loop(void *arg)
{
	const int *call = arg;
	char *buf = sys_mmap_anon(PAGE);

	for (int i = 0; i < 2000; i++) {
		if (call[1])
			__ioas_map_fixed(call[0], call[2], buf, 0x10000, PAGE,
					 DMA_RW);
		else
			__iommufd_destroy(call[0], 1000);
	}
	return NULL;
}

TEST(threads)
{
	static const char exists[] =
		"EEXIST map: iova 0x10000 length 0x1000: overlaps area 0x10000-0x10fff";
	static const char unknown[] =
		"ENOENT destroy: object 1000: no object has ID 1000";
	char *buf = sys_mmap_anon(PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	int calls[4][3];
	pthread_t threads[4];
	char line[OBSERVE_LINE];
	unsigned int i;

	ioas_map_fixed(fd, ioas, buf, 0x10000, PAGE);
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		calls[i][0] = fd;
		calls[i][1] = i % 2;
		calls[i][2] = ioas;
		ASSERT_RC(pthread_create(&threads[i], NULL, refused_in_a_loop,
					 calls[i]),
			  0);
	}
	for (i = 0; i < 500; i++) {
		if (!fdinfo_line(fd, "iommufd-refusal", 0, line))
			continue;
		if (strcmp(line, exists) && strcmp(line, unknown))
			FAIL("%s", line);
	}
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_RC(pthread_join(threads[i], NULL), 0);
	ASSERT_EQ(fdinfo_number(fd, "iommufd-refusals"), 8000);
}
