// SPDX-License-Identifier: GPL-2.0-only
/* BARs as dma-bufs that are mapped for another device, and their revocation. */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "feature.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define BAR0 VFIO_PCI_BAR0_REGION_INDEX
/* edu: reads as the inverse of the value written. */
#define EDU_LIVENESS 4
/* NVMe: set and clear the interrupt mask, which is cleared by a reset. */
#define NVME_INTMS 0x0c
#define NVME_INTMC 0x10
#define RAM_IOVA 0x20000000ULL
#define RAM_POISON 0x55555555
#define IOVA 0x10000000ULL

/* Values of PCI_PM_CTRL_STATE_MASK */
enum { POWER_STATE_D0 = 0, POWER_STATE_D3HOT = 3 };

static int map_rw(struct space *space, int dmabuf, __u64 start, __u64 iova,
		  __u64 size)
{
	return __ioas_map_file(space->fd, space->ioas, dmabuf, start, size,
			       DMA_RW, &iova);
}

static int create_raw(struct vdev *vdev,
		      struct vfio_device_feature_dma_buf *req, size_t size)
{
	return __vdev_feature(
		vdev, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF,
		req, size);
}

static int create(struct vdev *vdev, unsigned int index, __u64 offset,
		  __u64 length)
{
	struct vfio_region_dma_range range = { offset, length };
	int fd = __vdev_dmabuf(vdev, index, &range, 1);

	if (fd >= 0)
		sys_close(fd);
	return fd >= 0 ? 0 : fd;
}

TEST_OVER(bad_input, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	struct vfio_region_dma_range ranges[2] = { { 0, PAGE },
						   { PAGE, PAGE } };
	struct {
		struct vfio_device_feature_dma_buf req;
		struct vfio_region_dma_range range;
	} one = { .req.nr_ranges = 1, .range.length = PAGE };
	int fd;

	vdev_enable(vdev, false);
	fd = create_raw(vdev, &one.req, sizeof(one));
	ASSERT_OK(fd);
	ASSERT_EQ(lseek(fd, 0, SEEK_END), PAGE);
	sys_close(fd);

	one.req.flags = 1;
	ASSERT_RC(create_raw(vdev, &one.req, sizeof(one)), -EINVAL);
	one.req.flags = 0;
	one.req.nr_ranges = 0;
	ASSERT_RC(create_raw(vdev, &one.req, sizeof(one)), -EINVAL);
	one.req.nr_ranges = ~0U;
	fd = create_raw(vdev, &one.req, sizeof(one));
	ASSERT(fd == -EFAULT || fd == -ENOMEM || fd == -EINVAL);

	ASSERT_RC(create(vdev, BAR0, 0, 0), -EINVAL);
	ASSERT_RC(create(vdev, BAR0, 1, PAGE), -EINVAL);
	ASSERT_RC(create(vdev, BAR0, 0, PAGE - 1), -EINVAL);
	ASSERT_RC(create(vdev, BAR0, 0, MIB(1) + PAGE), -EINVAL);
	ASSERT_RC(create(vdev, BAR0, MIB(1), PAGE), -EINVAL);
	ASSERT_RC(create(vdev, BAR0, MIB(1) - PAGE, 2 * PAGE), -EINVAL);
	ASSERT_RC(create(vdev, BAR0, -IOVA_PAGE, 2 * PAGE), -EOVERFLOW);
	ASSERT_RC(create(vdev, BAR0, -2 * IOVA_PAGE, PAGE), -EOVERFLOW);
	ASSERT_RC(create(vdev, BAR0, PAGE, -IOVA_PAGE), -EINVAL);
	ASSERT_RC(create(vdev, BAR0, MIB(1) - PAGE, PAGE), 0);
	ASSERT_RC(create(vdev, BAR0, 0, MIB(1)), 0);
	ranges[1].length = 0;
	ASSERT_RC(__vdev_dmabuf(vdev, BAR0, ranges, 2), -EINVAL);

	ASSERT_RC(create(vdev, VFIO_PCI_BAR1_REGION_INDEX, 0, PAGE), -ENODEV);
	ASSERT_RC(create(vdev, VFIO_PCI_ROM_REGION_INDEX, 0, PAGE), -ENODEV);
	ASSERT_RC(create(vdev, VFIO_PCI_CONFIG_REGION_INDEX, 0, PAGE), -ENODEV);
	ASSERT_RC(create(vdev, ~0U, 0, PAGE), -ENODEV);
}

TEST_OVER(no_io_ports, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);

	vdev_need_ports(vdev, VFIO_PCI_BAR2_REGION_INDEX);
	ASSERT_RC(create(vdev, VFIO_PCI_BAR2_REGION_INDEX, 0, PAGE), -EINVAL);
}

/* The file has a size, but it cannot be mapped. */
TEST_OVER(file, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	int fd = vdev_dmabuf(vdev, BAR0, PAGE, 3 * PAGE);

	ASSERT_EQ(lseek(fd, 0, SEEK_END), 3 * PAGE);
	ASSERT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	ASSERT(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	ASSERT_EQ(errno, EINVAL);
}

/** struct pair - two devices in one address space, and memory for both */
struct pair {
	/** @edu: the device that does DMA */
	struct edu *edu;
	/** @peer: the device that exports its BAR */
	struct vdev *peer;
	/** @space: address space of both */
	struct space *space;
	/** @ram: a page, mapped at RAM_IOVA */
	__u32 *ram;
};

static void pair_open(struct pair *pair, enum testdev peer,
		      enum backend backend)
{
	const char *bdf = pci_need(peer);

	pair->edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	pair->space = pair->edu->vdev->space;
	pair->peer = vdev_open_in(pair->space, bdf);
	vdev_enable(pair->peer, false);
	pair->ram = sys_mmap_anon(PAGE);
	space_map(pair->space, pair->ram, RAM_IOVA, PAGE);
}

/* Read a register of the peer by DMA of the other device. */
static __u32 pair_read(struct pair *pair, __u64 iova)
{
	*pair->ram = RAM_POISON;
	edu_load(pair->edu, RAM_IOVA, 4);
	edu_load(pair->edu, iova, 4);
	*pair->ram = 0;
	edu_store(pair->edu, RAM_IOVA, 4);
	return *pair->ram;
}

static void pair_write(struct pair *pair, __u64 iova, __u32 value)
{
	*pair->ram = value;
	edu_load(pair->edu, RAM_IOVA, 4);
	edu_store(pair->edu, iova, 4);
}

static __u32 bar_read(struct vdev *vdev, __u64 pos)
{
	__u32 value;

	vdev_pread(vdev, BAR0, pos, &value, 4);
	return value;
}

TEST_OVER(reach_a_register, BACKEND_IOMMUFD)
{
	struct pair pair;
	int fd;

	pair_open(&pair, TESTDEV_EDU1, backend);
	fd = vdev_dmabuf(pair.peer, BAR0, 0, MIB(1));
	ASSERT_RC(map_rw(pair.space, fd, 0, IOVA, MIB(1)), 0);
	pair_write(&pair, IOVA + EDU_LIVENESS, 0x12345678);
	ASSERT_EQ(bar_read(pair.peer, EDU_LIVENESS), (__u32)~0x12345678);
	ASSERT_EQ(pair_read(&pair, IOVA + EDU_LIVENESS), (__u32)~0x12345678);

	/* The mapping has a reference to the dma-buf. */
	sys_close(fd);
	pair_write(&pair, IOVA + EDU_LIVENESS, 1);
	ASSERT_EQ(bar_read(pair.peer, EDU_LIVENESS), (__u32)~1);
	ioas_unmap(pair.space->fd, pair.space->ioas, IOVA, MIB(1));
	pair_write(&pair, IOVA + EDU_LIVENESS, 2);
	ASSERT_EQ(bar_read(pair.peer, EDU_LIVENESS), (__u32)~1);
}

/* Ranges in any order, and a mapping that starts within the dma-buf. */
TEST_OVER(ranges, BACKEND_IOMMUFD)
{
	struct vfio_region_dma_range ranges[] = {
		{ KIB(64), 2 * PAGE },
		{ 0, PAGE },
		{ KIB(128), PAGE },
	};
	struct pair pair;
	int fd;

	pair_open(&pair, TESTDEV_EDU1, backend);
	fd = (int)ASSERT_OK(__vdev_dmabuf(pair.peer, BAR0, ranges, 3));
	ASSERT_EQ(lseek(fd, 0, SEEK_END), 4 * PAGE);
	ASSERT_RC(map_rw(pair.space, fd, PAGE, IOVA, 3 * PAGE), 0);
	pair_write(&pair, IOVA + PAGE + EDU_LIVENESS, 7);
	ASSERT_EQ(bar_read(pair.peer, EDU_LIVENESS), (__u32)~7);
	ASSERT_RC(map_rw(pair.space, fd, 0, IOVA + MIB(1), 4 * PAGE), 0);
	pair_write(&pair, IOVA + MIB(1) + 2 * PAGE + EDU_LIVENESS, 8);
	ASSERT_EQ(bar_read(pair.peer, EDU_LIVENESS), (__u32)~8);
	ASSERT_RC(map_rw(pair.space, fd, PAGE, IOVA + MIB(2), 4 * PAGE),
		  -EINVAL);
}

/** struct bar_export - a dma-buf of a peer, and its mappings */
struct bar_export {
	/** @pair: the devices */
	struct pair pair;
	/** @fd: the dma-buf */
	int fd;
	/** @iova: IOVA of the last mapping */
	__u64 iova;
};

/* A new mapping of the dma-buf can be accessed. */
static void export_check_map(struct bar_export *exp)
{
	__u32 all = ~0U;

	exp->iova += MIB(1);
	ASSERT_RC(map_rw(exp->pair.space, exp->fd, 0, exp->iova, PAGE), 0);
	vdev_pwrite(exp->pair.peer, BAR0, NVME_INTMC, &all, 4);
	pair_write(&exp->pair, exp->iova + NVME_INTMS, 0xf);
	ASSERT_EQ(bar_read(exp->pair.peer, NVME_INTMS), 0xf);
}

/* The last mapping cannot be accessed any more. */
static void export_check_unmapped(struct bar_export *exp)
{
	__u32 all = ~0U;

	vdev_pwrite(exp->pair.peer, BAR0, NVME_INTMC, &all, 4);
	pair_write(&exp->pair, exp->iova + NVME_INTMS, 0xf);
	ASSERT_EQ(bar_read(exp->pair.peer, NVME_INTMS), 0);
}

/* The dma-buf cannot be mapped. */
static void export_check_revoked(struct bar_export *exp)
{
	ASSERT_RC(map_rw(exp->pair.space, exp->fd, 0, exp->iova + MIB(1), PAGE),
		  -ENODEV);
}

static void export_open(struct bar_export *exp, enum backend backend)
{
	pair_open(&exp->pair, TESTDEV_NVME, backend);
	exp->fd = vdev_dmabuf(exp->pair.peer, BAR0, 0, PAGE);
	exp->iova = IOVA;
	export_check_map(exp);
}

TEST_OVER(revoked_by_memory_disable, BACKEND_IOMMUFD)
{
	struct bar_export exp;
	__u64 unmapped;
	__u32 command;

	export_open(&exp, backend);
	command = vdev_cfg_read(exp.pair.peer, PCI_COMMAND, 2);
	vdev_cfg_write(exp.pair.peer, PCI_COMMAND, 2,
		       command & ~PCI_COMMAND_MEMORY);
	export_check_revoked(&exp);
	vdev_cfg_write(exp.pair.peer, PCI_COMMAND, 2, command);
	export_check_unmapped(&exp);
	export_check_map(&exp);
	/* The new mapping is revoked in the same way. */
	vdev_cfg_write(exp.pair.peer, PCI_COMMAND, 2,
		       command & ~PCI_COMMAND_MEMORY);
	vdev_cfg_write(exp.pair.peer, PCI_COMMAND, 2, command);
	export_check_unmapped(&exp);
	export_check_map(&exp);
	/* Revoked mappings can be removed. */
	ASSERT_RC(__ioas_unmap(exp.pair.space->fd, exp.pair.space->ioas, IOVA,
			       MIB(64), &unmapped),
		  0);
	ASSERT_EQ(unmapped, 3 * PAGE);
}

TEST_OVER(created_revoked, BACKEND_IOMMUFD)
{
	struct bar_export exp;
	__u32 command;

	export_open(&exp, backend);
	command = vdev_cfg_read(exp.pair.peer, PCI_COMMAND, 2);
	vdev_cfg_write(exp.pair.peer, PCI_COMMAND, 2,
		       command & ~PCI_COMMAND_MEMORY);
	exp.fd = vdev_dmabuf(exp.pair.peer, BAR0, 0, PAGE);
	export_check_revoked(&exp);
	vdev_cfg_write(exp.pair.peer, PCI_COMMAND, 2, command);
	export_check_map(&exp);
}

TEST_OVER(revoked_by_reset, BACKEND_IOMMUFD)
{
	struct bar_export exp;

	export_open(&exp, backend);
	ASSERT_RC(__vdev_reset(exp.pair.peer), 0);
	export_check_unmapped(&exp);
	export_check_map(&exp);
}

TEST_OVER(revoked_by_d3hot, BACKEND_IOMMUFD)
{
	struct bar_export exp;
	unsigned int pm;

	export_open(&exp, backend);
	pm = vdev_cfg_cap(exp.pair.peer, PCI_CAP_ID_PM);
	if (!pm)
		SKIP("no power management");
	vdev_cfg_write(exp.pair.peer, pm + PCI_PM_CTRL, 2, POWER_STATE_D3HOT);
	export_check_revoked(&exp);
	vdev_cfg_write(exp.pair.peer, pm + PCI_PM_CTRL, 2, POWER_STATE_D0);
	export_check_unmapped(&exp);
	export_check_map(&exp);
}

TEST_OVER(revoked_by_low_power, BACKEND_IOMMUFD)
{
	struct vfio_device_low_power_entry_with_wakeup entry = {
		.wakeup_eventfd = sys_eventfd(),
	};
	struct bar_export exp;

	export_open(&exp, backend);
	ASSERT_RC(__vdev_feature(exp.pair.peer,
				 VFIO_DEVICE_FEATURE_SET |
					 VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
				 NULL, 0),
		  0);
	export_check_revoked(&exp);
	/* Enabling memory and a reset do not end the revocation. */
	vdev_enable(exp.pair.peer, false);
	ASSERT_RC(__vdev_reset(exp.pair.peer), 0);
	export_check_revoked(&exp);
	ASSERT_RC(__vdev_feature(exp.pair.peer,
				 VFIO_DEVICE_FEATURE_SET |
					 VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
				 NULL, 0),
		  0);
	export_check_unmapped(&exp);
	export_check_map(&exp);

	/* An access that resumes the device ends the revocation as well. */
	ASSERT_RC(
		__vdev_feature(
			exp.pair.peer,
			VFIO_DEVICE_FEATURE_SET |
				VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
			&entry, sizeof(entry)),
		0);
	wait_runtime_status(exp.pair.peer->bdf, "suspended");
	export_check_revoked(&exp);
	vdev_cfg_read(exp.pair.peer, 0, 2);
	sys_eventfd_wait(entry.wakeup_eventfd);
	export_check_unmapped(&exp);
	export_check_map(&exp);
}

/* The dma-buf outlives the device without a reference to it. */
TEST_OVER(revoked_by_close, BACKEND_IOMMUFD)
{
	struct bar_export exp;
	const char *bdf;

	export_open(&exp, backend);
	bdf = exp.pair.peer->bdf;
	vdev_close(exp.pair.peer);
	export_check_revoked(&exp);
	pci_unbind(bdf);
	export_check_revoked(&exp);
	pci_bind(bdf);
	exp.pair.peer = vdev_open_in(exp.pair.space, bdf);
	vdev_enable(exp.pair.peer, false);
	export_check_revoked(&exp);
	export_check_unmapped(&exp);
	sys_close(exp.fd);
	exp.fd = vdev_dmabuf(exp.pair.peer, BAR0, 0, PAGE);
	export_check_map(&exp);
}

TEST_OVER(revoked_by_close_of_the_device_alone, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	int fd = vdev_dmabuf(vdev, BAR0, 0, PAGE);
	const char *bdf = vdev->bdf;

	vdev_close_with_space(vdev);
	pci_unbind(bdf);
	pci_bind(bdf);
	sys_close(fd);
}

/*
 * A dma-buf whose file is closed while its name in /proc is open: the dma-buf
 * still exists, but it has no file.
 */
TEST_OVER(held_by_its_name, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	int fd = vdev_dmabuf(vdev, BAR0, 0, PAGE);
	const char *bdf = vdev->bdf;
	char path[32];
	int name;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	name = sys_open(path, O_PATH);
	sys_close(fd);
	vdev_enable(vdev, false);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, 0);
	vdev_enable(vdev, false);
	ASSERT_RC(__vdev_reset(vdev), 0);
	vdev_close_with_space(vdev);
	/* The dma-buf has no reference to the device any more. */
	pci_unbind(bdf);
	pci_bind(bdf);
	sys_close(name);

	vdev = vdev_open(bdf, backend);
	fd = vdev_dmabuf(vdev, BAR0, 0, PAGE);
	name = sys_open(path, O_PATH);
	sys_close(fd);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, 0);
	sys_close(name);
	vdev_enable(vdev, false);
	vdev_close_with_space(vdev);
}

/* Closed dma-bufs are removed from the list of the device. */
TEST_OVER(many, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	int fds[64];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = vdev_dmabuf(vdev, BAR0, 0, PAGE);
	for (i = 0; i < ARRAY_SIZE(fds); i += 2)
		sys_close(fds[i]);
	vdev_enable(vdev, false);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, 0);
	for (i = 1; i < ARRAY_SIZE(fds); i += 4)
		sys_close(fds[i]);
	vdev_close_with_space(vdev);
	for (i = 3; i < ARRAY_SIZE(fds); i += 4)
		sys_close(fds[i]);
}
