// SPDX-License-Identifier: GPL-2.0-only
/* IOAS_MAP and IOAS_UNMAP, first without a device, then with one. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL

TEST(map_struct)
{
	char *page = sys_mmap_anon(PAGE);
	int fd = iommufd_open();
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		/* without FIXED_IOVA, so that it can be repeated */
		.flags = IOMMU_IOAS_MAP_READABLE,
		.ioas_id = ioas_alloc(fd),
		.user_va = (uintptr_t)page,
		.length = PAGE,
	};
	unsigned int bit;

	check_struct_sizes(fd, IOMMU_IOAS_MAP, &cmd, sizeof(cmd), sizeof(cmd),
			   0);
	cmd.__reserved = 1;
	ASSERT_RC(__sys_ioctl(fd, IOMMU_IOAS_MAP, &cmd), -EOPNOTSUPP);
	cmd.__reserved = 0;
	for (bit = 3; bit < 32; bit++) {
		cmd.flags = IOMMU_IOAS_MAP_READABLE | 1U << bit;
		ASSERT_RC(__sys_ioctl(fd, IOMMU_IOAS_MAP, &cmd), -EOPNOTSUPP);
	}
	cmd.flags = 0;
	ASSERT_RC(__sys_ioctl(fd, IOMMU_IOAS_MAP, &cmd), -EINVAL);
	cmd.flags = IOMMU_IOAS_MAP_FIXED_IOVA;
	ASSERT_RC(__sys_ioctl(fd, IOMMU_IOAS_MAP, &cmd), -EINVAL);
}

TEST(map_wrong_object)
{
	char *page = sys_mmap_anon(PAGE);
	int fd = iommufd_open();
	__u32 dead = ioas_alloc(fd);

	iommufd_destroy(fd, dead);
	ASSERT_RC(__ioas_map_fixed(fd, dead, page, IOVA, PAGE, DMA_RW),
		  -ENOENT);
	ASSERT_RC(__ioas_map_fixed(fd, 0, page, IOVA, PAGE, DMA_RW), -ENOENT);
	ASSERT_RC(__ioas_map_fixed(fd, ~0U, page, IOVA, PAGE, DMA_RW), -ENOENT);
	ASSERT_RC(__ioas_unmap(fd, dead, IOVA, PAGE, NULL), -ENOENT);
	ASSERT_RC(__ioas_unmap(fd, 0, IOVA, PAGE, NULL), -ENOENT);
}

TEST(map_overflow)
{
	char *page = sys_mmap_anon(PAGE);
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	__u64 iova;

	ASSERT_RC(__ioas_map_fixed(fd, ioas, page, IOVA, 0, DMA_RW), -EINVAL);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, page, UINT64_MAX, PAGE, DMA_RW),
		  -EOVERFLOW);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, page, IOVA, UINT64_MAX, DMA_RW),
		  -EOVERFLOW);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, page, -IOVA_PAGE, 2 * PAGE,
				   DMA_RW),
		  -EOVERFLOW);
	if (sizeof(void *) == sizeof(__u64))
		ASSERT_RC(__ioas_map_fixed(fd, ioas, (void *)-PAGE, IOVA,
					   2 * PAGE, DMA_RW),
			  -EOVERFLOW);
	/* the same up to the last byte of the address space */
	if (sizeof(void *) == sizeof(__u64))
		ASSERT_RC(__ioas_map_fixed(fd, ioas, (void *)-PAGE, IOVA, PAGE,
					   DMA_RW),
			  -EOVERFLOW);
	ASSERT_RC(__ioas_map(fd, ioas, page, UINT64_MAX, DMA_RW, &iova),
		  -EOVERFLOW);
	ASSERT_RC(__ioas_unmap(fd, ioas, 0, UINT64_MAX, NULL), 0);
}

TEST(map_overlap)
{
	char *buf = sys_mmap_anon(16 * PAGE);
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	int first;
	int last;

	ioas_map_fixed(fd, ioas, buf, IOVA + 4 * PAGE, 4 * PAGE);
	for (first = 0; first < 12; first++) {
		for (last = first; last < 12; last++) {
			if (last < 4 || first > 7)
				continue;
			ASSERT_RC(__ioas_map_fixed(
					  fd, ioas, buf, IOVA + first * PAGE,
					  (last - first + 1) * PAGE, DMA_RW),
				  -EEXIST);
		}
	}
	ioas_map_fixed(fd, ioas, buf, IOVA, 4 * PAGE);
	ioas_map_fixed(fd, ioas, buf, IOVA + 8 * PAGE, 4 * PAGE);
}

/* Automatic addresses do not overlap, are not 0 and keep the alignment. */
TEST(map_automatic)
{
	char *buf = sys_mmap_huge_aligned(MIB(4));
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	__u64 iovas[64];
	unsigned int i;
	unsigned int j;

	for (i = 0; i < 64; i++) {
		iovas[i] = ioas_map(fd, ioas, buf, 4 * PAGE);
		ASSERT(iovas[i] && !(iovas[i] % PAGE));
		for (j = 0; j < i; j++)
			ASSERT(iovas[i] >= iovas[j] + 4 * PAGE ||
			       iovas[j] >= iovas[i] + 4 * PAGE);
	}
	/* aligned for huge pages of the IOMMU, too */
	ASSERT(!(ioas_map(fd, ioas, buf, MIB(4)) % MIB(2)));
	/* a hole is found and used again */
	ioas_unmap(fd, ioas, iovas[20], 4 * PAGE);
	iovas[20] = ioas_map(fd, ioas, buf, 4 * PAGE);
	ioas_unmap(fd, ioas, iovas[20], 4 * PAGE);
}

TEST(unmap_struct)
{
	int fd = iommufd_open();
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas_alloc(fd),
		.iova = IOVA,
		.length = PAGE,
	};

	check_struct_sizes(fd, IOMMU_IOAS_UNMAP, &cmd, sizeof(cmd), sizeof(cmd),
			   -ENOENT);
}

/* The unmapped size is written even if it equals the requested size. */
TEST(unmapped_size_is_written)
{
	struct iommu_ioas_unmap *cmd = sys_mmap_anon(PAGE);
	char *page = sys_mmap_anon(PAGE);
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);

	ioas_map_fixed(fd, ioas, page, IOVA, PAGE);
	cmd->size = sizeof(*cmd);
	cmd->ioas_id = ioas;
	cmd->iova = IOVA;
	cmd->length = PAGE;
	ASSERT(!mprotect(cmd, PAGE, PROT_READ));
	ASSERT_RC(__sys_ioctl(fd, IOMMU_IOAS_UNMAP, cmd), -EFAULT);
	ASSERT_RC(__sys_ioctl(fd, IOMMU_IOAS_UNMAP, cmd), -ENOENT);
	ASSERT_EQ(cmd->length, PAGE);
}

TEST(unmap_bad_ranges)
{
	char *buf = sys_mmap_anon(12 * PAGE);
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	__u64 unmapped;

	ASSERT_RC(__ioas_unmap(fd, ioas, IOVA, PAGE, NULL), -ENOENT);
	ioas_map_fixed(fd, ioas, buf, IOVA, 4 * PAGE);
	ioas_map_fixed(fd, ioas, buf, IOVA + 4 * PAGE, 4 * PAGE);
	ioas_map_fixed(fd, ioas, buf, IOVA + 8 * PAGE, 4 * PAGE);
	ASSERT_RC(__ioas_unmap(fd, ioas, IOVA, 0, NULL), -EINVAL);
	ASSERT_RC(__ioas_unmap(fd, ioas, UINT64_MAX, PAGE, NULL), -EOVERFLOW);
	ASSERT_RC(__ioas_unmap(fd, ioas, IOVA, UINT64_MAX, NULL), -EOVERFLOW);
	ASSERT_RC(__ioas_unmap(fd, ioas, IOVA, UINT64_MAX - PAGE, NULL),
		  -EOVERFLOW);
	/* a mapping is removed as a whole or not at all */
	ASSERT_RC(__ioas_unmap(fd, ioas, IOVA, PAGE, NULL), -ENOENT);
	ASSERT_RC(__ioas_unmap(fd, ioas, IOVA + PAGE, PAGE, NULL), -ENOENT);
	ASSERT_RC(__ioas_unmap(fd, ioas, IOVA + 3 * PAGE, 2 * PAGE, NULL),
		  -ENOENT);
	ASSERT_RC(__ioas_unmap(fd, ioas, IOVA, 9 * PAGE, NULL), -ENOENT);
	ASSERT_RC(__ioas_unmap(fd, ioas, IOVA + 16 * PAGE, PAGE, NULL),
		  -ENOENT);
	/* none of these calls has removed a mapping */
	ASSERT_RC(__ioas_unmap(fd, ioas, IOVA, 8 * PAGE, &unmapped), 0);
	ASSERT_EQ(unmapped, 8 * PAGE);
	/* a range may be larger than the mappings in it */
	ASSERT_RC(__ioas_unmap(fd, ioas, IOVA, 64 * PAGE, &unmapped), 0);
	ASSERT_EQ(unmapped, 4 * PAGE);
}

TEST(unmap_all)
{
	char *buf = sys_mmap_anon(4 * PAGE);
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	__u64 unmapped = 55;

	ASSERT_RC(__ioas_unmap(fd, ioas, 0, UINT64_MAX, &unmapped), 0);
	ASSERT_EQ(unmapped, 0);
	ioas_map_fixed(fd, ioas, buf, 0, PAGE);
	ioas_map_fixed(fd, ioas, buf, IOVA, 4 * PAGE);
	ioas_map_fixed(fd, ioas, buf, 1ULL << 50, 2 * PAGE);
	ASSERT_RC(__ioas_unmap(fd, ioas, 0, UINT64_MAX, &unmapped), 0);
	ASSERT_EQ(unmapped, 7 * PAGE);
	ioas_map_fixed(fd, ioas, buf, IOVA, 4 * PAGE);
}

/* With a device: ranges and alignment of its IOMMU, and pinned memory. */
TEST(map_with_a_device)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct iommu_iova_range ranges[16];
	struct pci_window msi = pci_msi_window(edu->vdev->bdf);
	__u32 ioas = edu->vdev->space->ioas;
	int fd = edu->vdev->space->fd;
	char *buf = sys_mmap_anon(2 * PAGE);
	__u32 nr = ARRAY_SIZE(ranges);
	__u64 alignment;
	unsigned int i;

	ASSERT_RC(__ioas_ranges(fd, ioas, ranges, &nr, &alignment), 0);
	ASSERT_EQ(alignment, PAGE);
	ASSERT(nr >= 2);
	for (i = 0; i < nr; i++) {
		ASSERT(ranges[i].start < ranges[i].last);
		ASSERT(ranges[i].last < msi.first ||
		       ranges[i].start > msi.last);
		if (i)
			ASSERT(ranges[i].start > ranges[i - 1].last);
		ioas_map_fixed(fd, ioas, buf, ranges[i].start, PAGE);
		ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, ranges[i].last + 1,
					   PAGE, DMA_RW),
			  -EINVAL);
	}
	nr = 1;
	ASSERT_RC(__ioas_ranges(fd, ioas, ranges, &nr, NULL), -EMSGSIZE);
	ASSERT(nr >= 2);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, IOVA + 8, PAGE, DMA_RW),
		  -EINVAL);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, IOVA, PAGE + 8, DMA_RW),
		  -EINVAL);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf + 8, IOVA, PAGE, DMA_RW),
		  -EINVAL);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, NULL, IOVA, PAGE, DMA_RW),
		  -EFAULT);
	edu_close_with_space(edu);
}

/* Automatic addresses avoid the reserved ranges of a device. */
TEST(automatic_with_a_device)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct pci_window msi = pci_msi_window(edu->vdev->bdf);
	struct iommu_iova_range range = { .start = msi.first - MIB(2),
					  .last = msi.last + MIB(3) };
	__u32 ioas = edu->vdev->space->ioas;
	int fd = edu->vdev->space->fd;
	char *buf = sys_mmap_anon(MIB(1));
	__u64 iova;
	unsigned int i;

	/* a range that includes a reserved one cannot be allowed */
	ASSERT_RC(__ioas_allow(fd, ioas, &range, 1), -EADDRINUSE);
	for (i = 0; i < 16; i++) {
		iova = ioas_map(fd, ioas, buf, MIB(1));
		ASSERT(iova + MIB(1) <= msi.first || iova > msi.last);
		fill_pattern(buf, PAGE, i);
		edu_load(edu, iova, PAGE);
		memset(buf, 0, PAGE);
		edu_store(edu, iova + PAGE, PAGE);
		ASSERT(is_pattern(buf + PAGE, PAGE, i));
	}
	edu_close_with_space(edu);
}

/* The default of /dev/iommu is to charge the user. */
TEST(memlock_limit_by_user)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	__u32 ioas = edu->vdev->space->ioas;
	int fd = edu->vdev->space->fd;
	char *buf = sys_mmap_anon(MIB(4));
	long long pins = sys_pins_held();

	sys_set_memlock(MIB(2));
	ioas_map_fixed(fd, ioas, buf, IOVA, MIB(4));
	ioas_unmap(fd, ioas, IOVA, MIB(4));
	sys_drop_ipc_lock();
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, IOVA, MIB(4), DMA_RW),
		  -ENOMEM);
	ASSERT(sys_pins_held() < pins + 512);
	ioas_map_fixed(fd, ioas, buf, IOVA, MIB(2));
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, IOVA + MIB(4), PAGE, DMA_RW),
		  -ENOMEM);
	ioas_unmap(fd, ioas, IOVA, MIB(2));
	ioas_map_fixed(fd, ioas, buf, IOVA, MIB(2));
	edu_close_with_space(edu);
}

/*
 * Allocate an IOAS that charges the process, with a device, so that memory is
 * pinned.
 */
static __u32 open_by_process(int fd)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	__u64 mode = 1;
	__u32 ioas;
	int cdev;

	ASSERT_RC(__iommufd_option(fd, IOMMU_OPTION_RLIMIT_MODE,
				   IOMMU_OPTION_OP_SET, 0, &mode),
		  0);
	ioas = ioas_alloc(fd);
	cdev = pci_open_cdev(bdf);
	ASSERT_RC(__cdev_bind(cdev, fd, NULL), 0);
	ASSERT_RC(__cdev_attach(cdev, ioas, NULL), 0);
	return ioas;
}

/*
 * The other mode charges the process, as VFIO has always done, visible in
 * VmLck.
 */
TEST(memlock_by_process)
{
	int fd = iommufd_open();
	char *buf = sys_mmap_anon(MIB(4));
	__u32 ioas = open_by_process(fd);

	sys_set_memlock(MIB(2));
	sys_drop_ipc_lock();
	ioas_map_fixed(fd, ioas, buf, IOVA, MIB(1));
	ASSERT_EQ(sys_vm_locked(getpid()), MIB(1));
	ASSERT_EQ(sys_vm_pinned(getpid()), MIB(1));
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, IOVA + MIB(4), MIB(2),
				   DMA_RW),
		  -ENOMEM);
	ASSERT_EQ(sys_vm_locked(getpid()), MIB(1));
	ioas_unmap(fd, ioas, IOVA, MIB(1));
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_vm_pinned(getpid()), 0);
}

/* A process with CAP_IPC_LOCK is not charged, unlike in a container. */
TEST(no_memlock_by_process)
{
	int fd = iommufd_open();
	char *buf = sys_mmap_anon(MIB(1));
	__u32 ioas = open_by_process(fd);

	sys_set_memlock(0);
	ioas_map_fixed(fd, ioas, buf, IOVA, MIB(1));
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_vm_pinned(getpid()), MIB(1));
	/* unmap reverts the charge of the map, which was none */
	sys_drop_ipc_lock();
	ioas_unmap(fd, ioas, IOVA, MIB(1));
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_vm_pinned(getpid()), 0);
}

/* Memory is not pinned before a device is attached. */
TEST(no_device_no_pins)
{
	char *buf = sys_mmap_anon(MIB(16));
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	long long pins = sys_pins_held();

	ioas_map_fixed(fd, ioas, buf, IOVA, MIB(16));
	ASSERT(sys_pins_held() < pins + 4096);
	/* an IOAS can be destroyed with its mappings */
	iommufd_destroy(fd, ioas);
}
