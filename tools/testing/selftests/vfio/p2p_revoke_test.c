// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA mapping of a BAR is revoked while the BAR is disabled, and restored
 * afterwards. p2p_revoke_map_test changes the mapping meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "edu.h"
#include "feature.h"
#include "harness.h"
#include "ioas.h"
#include "iommu_trace.h"
#include "p2p.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define FEATURE_SET VFIO_DEVICE_FEATURE_SET
/* A register of edu that reads as the inverse of the value written to it */
#define EDU_LIVENESS 4
/* Power states in the PM control register */
#define PM_D0 0
#define PM_D3HOT 3

TEST_OVER(disabled, BACKENDS_ALL)
{
	struct p2p p;
	unsigned int i;

	p2p_open_and_map(&p, TESTDEV_SHMEM, backend);
	for (i = 0; i < 2; i++) {
		vdev_set_memory(p.vdev, false);
		p2p_check_trace(1, 0);
		p2p_check_revoked(&p, P2P_IOVA);
		vdev_set_memory(p.vdev, false);
		iommu_trace_take(P2P_IOVA);
		vdev_set_memory(p.vdev, true);
		p2p_check_trace(0, 1);
		p2p_check_reached(&p);
	}
	/* Nothing changes, so nothing is mapped or unmapped. */
	vdev_set_memory(p.vdev, true);
	p2p_check_trace(0, 0);
	space_unmap(p.space, P2P_IOVA, PAGE);
	p2p_check_trace(1, 0);
	p2p_check_not_reached(&p, P2P_IOVA);
}

TEST_OVER(map_while_disabled, BACKENDS_ALL)
{
	struct p2p p;

	p2p_open(&p, TESTDEV_SHMEM, backend);
	vdev_set_memory(p.vdev, false);
	ASSERT_RC(__space_map(p.space, p.bar, P2P_IOVA, PAGE, DMA_RW), -EFAULT);
	vdev_set_memory(p.vdev, true);
	space_map(p.space, p.bar, P2P_IOVA, PAGE);
	p2p_check_reached(&p);
}

TEST_OVER(unmap_while_disabled, BACKENDS_ALL)
{
	__u64 unmapped = 0;
	struct p2p p;

	p2p_open_and_map(&p, TESTDEV_SHMEM, backend);
	space_map(p.space, p.bar, P2P_OTHER_IOVA, p.size);
	vdev_set_memory(p.vdev, false);
	ASSERT_RC(__space_unmap(p.space, P2P_IOVA, PAGE, &unmapped), 0);
	ASSERT_EQ(unmapped, PAGE);
	ASSERT_RC(__space_unmap(p.space, P2P_OTHER_IOVA, p.size, &unmapped), 0);
	ASSERT_EQ(unmapped, p.size);
	iommu_trace_take(P2P_IOVA);
	vdev_set_memory(p.vdev, true);
	p2p_check_trace(0, 0);
	p2p_check_not_reached(&p, P2P_IOVA);
	p2p_check_not_reached(&p, P2P_OTHER_IOVA);
	space_map(p.space, p.bar, P2P_IOVA, PAGE);
	p2p_check_reached(&p);
}

TEST_OVER(reset, BACKENDS_ALL)
{
	struct p2p p;

	p2p_open_and_map(&p, TESTDEV_NVME, backend);
	ASSERT_RC(__vdev_reset(p.vdev), 0);
	p2p_check_trace(1, 1);
	p2p_check_reached(&p);
	/* The BAR remains disabled over the reset. */
	vdev_set_memory(p.vdev, false);
	iommu_trace_take(P2P_IOVA);
	ASSERT_RC(__vdev_reset(p.vdev), 0);
	p2p_check_trace(0, 0);
	vdev_set_memory(p.vdev, true);
	p2p_check_reached(&p);
}

TEST_OVER(function_level_reset, BACKENDS_ALL)
{
	unsigned int exp;
	struct p2p p;

	p2p_open_and_map(&p, TESTDEV_NVME, backend);
	exp = vdev_cfg_cap(p.vdev, PCI_CAP_ID_EXP);
	ASSERT(exp);
	vdev_cfg_write(p.vdev, exp + PCI_EXP_DEVCTL, 2,
		       vdev_cfg_read(p.vdev, exp + PCI_EXP_DEVCTL, 2) |
			       PCI_EXP_DEVCTL_BCR_FLR);
	p2p_check_trace(1, 1);
	p2p_check_reached(&p);
}

TEST_OVER(hot_reset, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_SHARED1);
	struct vdev *neighbour;
	struct p2p p;

	p2p_open(&p, TESTDEV_SHARED0, backend);
	neighbour = vdev_open_in(p.space, bdf);
	iommu_trace_begin();
	space_map(p.space, p.bar, P2P_IOVA, PAGE);
	p2p_check_trace(0, 1);
	/* The reset affects the other device as well. */
	ASSERT_RC(__vdev_hot_reset(neighbour), 0);
	p2p_check_trace(1, 1);
	p2p_write32(&p, P2P_IOVA + EDU_LIVENESS, 0x12345678);
	ASSERT_EQ(mmio_read32(p.bar, EDU_LIVENESS), (__u32)~0x12345678);
}

TEST_OVER(d3hot, BACKENDS_ALL)
{
	struct p2p p;
	unsigned int pm;

	p2p_open_and_map(&p, TESTDEV_NVME, backend);
	pm = vdev_cfg_cap(p.vdev, PCI_CAP_ID_PM);
	if (!pm)
		SKIP("no power management");
	vdev_cfg_write(p.vdev, pm + PCI_PM_CTRL, 2, PM_D3HOT);
	p2p_check_trace(1, 0);
	ASSERT_RC(__space_map(p.space, p.bar, P2P_OTHER_IOVA, PAGE, DMA_RW),
		  -EFAULT);
	vdev_cfg_write(p.vdev, pm + PCI_PM_CTRL, 2, PM_D0);
	p2p_check_trace(0, 1);
	p2p_check_reached(&p);
}

TEST_OVER(low_power, BACKENDS_ALL)
{
	struct vfio_device_low_power_entry_with_wakeup entry = {
		.wakeup_eventfd = sys_eventfd(),
	};
	struct p2p p;

	p2p_open_and_map(&p, TESTDEV_NVME, backend);
	ASSERT_RC(__vdev_feature(p.vdev,
				 FEATURE_SET |
					 VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
				 NULL, 0),
		  0);
	p2p_check_trace(1, 0);
	/* The mapping is not restored in low power, not even by a reset. */
	vdev_set_memory(p.vdev, true);
	ASSERT_RC(__vdev_reset(p.vdev), 0);
	p2p_check_trace(0, 0);
	ASSERT_RC(__vdev_feature(p.vdev,
				 FEATURE_SET |
					 VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
				 NULL, 0),
		  0);
	p2p_check_trace(0, 1);
	p2p_check_reached(&p);

	/* The mapping is restored by an access that ends low power. */
	ASSERT_RC(
		__vdev_feature(
			p.vdev,
			FEATURE_SET |
				VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
			&entry, sizeof(entry)),
		0);
	wait_runtime_status(p.vdev->bdf, "suspended");
	p2p_check_trace(1, 0);
	vdev_cfg_read(p.vdev, 0, 2);
	sys_eventfd_wait(entry.wakeup_eventfd);
	p2p_check_trace(0, 1);
	p2p_check_reached(&p);
}

/* What is mapped in a container is valid again when the device is. */
TEST_OVER(closed_in_a_container, BACKENDS_LEGACY)
{
	__u64 unmapped = 0;
	struct p2p p;
	const char *bdf;

	p2p_open_and_map(&p, TESTDEV_NVME, backend);
	bdf = p.vdev->bdf;
	for (unsigned int i = 0; i < 2; i++) {
		p2p_close_peer(&p);
		p2p_check_trace(1, 0);
		p2p_reopen_peer(&p, bdf);
		p2p_check_trace(0, 1);
		p2p_check_reached(&p);
	}
	space_map(p.space, p.bar, P2P_OTHER_IOVA, PAGE);
	p2p_check_reached_at(&p, P2P_OTHER_IOVA);
	ASSERT_RC(__space_unmap(p.space, P2P_IOVA, PAGE, &unmapped), 0);
	ASSERT_EQ(unmapped, PAGE);
	p2p_check_not_reached(&p, P2P_IOVA);
	p2p_check_reached_at(&p, P2P_OTHER_IOVA);
}

/* Open the peer through a container of its own, and close it. */
static void use_elsewhere(const char *bdf, enum backend backend)
{
	struct space *space = space_open(backend);
	struct vdev *vdev = vdev_open_in(space, bdf);

	vdev_set_memory(vdev, true);
	vdev_close(vdev);
	space_close(space);
}

/* A mapping never reaches the device of another user, nor after that. */
TEST_OVER(closed_and_opened_elsewhere, BACKENDS_LEGACY)
{
	struct space_group *group;
	struct p2p p;
	const char *bdf;

	p2p_open_and_map(&p, TESTDEV_NVME, backend);
	bdf = p.vdev->bdf;
	group = p.space->groups;
	p2p_close_peer(&p);
	p2p_check_trace(1, 0);
	sys_close(group->fd);
	p.space->groups = group->next;
	use_elsewhere(bdf, backend);
	p2p_reopen_peer(&p, bdf);
	p2p_check_trace(0, 0);
	p2p_check_not_reached(&p, P2P_IOVA);
}

/* A mapping does not reach the device if that is closed and opened again. */
TEST_OVER(closed, BACKEND_IOMMUFD)
{
	__u64 unmapped = 0;
	struct p2p p;
	const char *bdf;

	p2p_open_and_map(&p, TESTDEV_NVME, backend);
	bdf = p.vdev->bdf;
	p2p_close_peer(&p);
	p2p_check_trace(1, 0);
	p2p_reopen_peer(&p, bdf);
	p2p_check_trace(0, 0);
	p2p_check_not_reached(&p, P2P_IOVA);
	space_map(p.space, p.bar, P2P_OTHER_IOVA, PAGE);
	p2p_check_reached_at(&p, P2P_OTHER_IOVA);
	p2p_check_not_reached(&p, P2P_IOVA);
	ASSERT_RC(__vdev_reset(p.vdev), 0);
	p2p_check_reached_at(&p, P2P_OTHER_IOVA);
	p2p_check_not_reached(&p, P2P_IOVA);
	ASSERT_RC(__space_unmap(p.space, P2P_IOVA, PAGE, &unmapped), 0);
	ASSERT_EQ(unmapped, PAGE);
	space_map(p.space, p.bar, P2P_IOVA, PAGE);
	p2p_check_reached(&p);
}

/* A mapping in user space keeps the device open. */
TEST_OVER(closed_but_mapped, BACKENDS_ALL)
{
	struct p2p p;

	p2p_open_and_map(&p, TESTDEV_SHMEM, backend);
	sys_close(p.vdev->fd);
	p2p_check_trace(0, 0);
	p2p_check_reached(&p);
	sys_munmap(p.bar, p.size);
	p2p_check_trace(1, 0);
}

static void pci_rescan(void)
{
	ASSERT_RC(__sys_write_file("/sys/bus/pci/rescan", "1"), 0);
}

TEST_OVER(removed, BACKENDS_ALL)
{
	__u64 unmapped = 0;
	struct p2p p;
	char path[128];

	p2p_open_and_map(&p, TESTDEV_SHMEM, backend);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove",
		 p.vdev->bdf);
	p2p_close_peer(&p);
	ASSERT_RC(__sys_write_file(path, "1"), 0);
	p2p_check_trace(1, 0);
	pci_rescan();
	ASSERT_RC(__space_unmap(p.space, P2P_IOVA, PAGE, &unmapped), 0);
	ASSERT_EQ(unmapped, PAGE);
	p2p_check_trace(0, 0);
	/* The group of the open group file was removed. */
	if (backend != BACKEND_IOMMUFD)
		return;
	p2p_reopen_peer(&p, pci_need(TESTDEV_SHMEM));
	space_map(p.space, p.bar, P2P_IOVA, PAGE);
	p2p_check_reached(&p);
}

/** struct victim - a task that is killed with a BAR mapped */
struct victim {
	/** @backend: how the devices are reached */
	enum backend backend;
	/** @ready: eventfd that is signaled when the BAR is mapped */
	int ready;
	/** @decoding: whether the BAR is enabled when the task is killed */
	bool decoding;
};

static void map_forever(void *arg)
{
	struct victim *victim = arg;
	unsigned long long one = 1;
	struct p2p p;
	char *mixed;
	size_t size;

	p2p_open(&p, TESTDEV_SHMEM, victim->backend);
	mixed = p2p_mmap_mixed(&p, &size);
	space_map(p.space, mixed, P2P_IOVA, size);
	vdev_set_memory(p.vdev, victim->decoding);
	ASSERT(write(victim->ready, &one, sizeof(one)) == sizeof(one));
	for (;;)
		pause();
}

TEST_OVER(killed, BACKENDS_ALL)
{
	struct victim victim = { backend, sys_eventfd() };
	struct p2p p;
	unsigned int i;
	pid_t pid;

	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	for (i = 0; i < 2; i++) {
		victim.decoding = i;
		pid = child_start(map_forever, &victim);
		sys_eventfd_wait(victim.ready);
		sys_eventfd_take(victim.ready);
		child_kill(pid);
	}
	p2p_open_and_map(&p, TESTDEV_SHMEM, backend);
	vdev_set_memory(p.vdev, false);
	p2p_check_revoked(&p, P2P_IOVA);
	vdev_set_memory(p.vdev, true);
	p2p_check_reached(&p);
}

/** struct foreign - a BAR that is mapped through sysfs */
struct foreign {
	/** @bdf: PCI address of the device, which has no driver */
	const char *bdf;
	/** @config: its config space */
	int config;
	/** @bar: the BAR, mapped in user space */
	char *bar;
};

static void foreign_set_memory(struct foreign *foreign, bool on)
{
	__u16 command;

	ASSERT(pread(foreign->config, &command, 2, PCI_COMMAND) == 2);
	command &= ~PCI_COMMAND_MEMORY;
	if (on)
		command |= PCI_COMMAND_MEMORY;
	ASSERT(pwrite(foreign->config, &command, 2, PCI_COMMAND) == 2);
}

static void foreign_open(struct foreign *foreign)
{
	char path[128];
	int fd;

	foreign->bdf = pci_need(TESTDEV_SHMEM);
	pci_unbind(foreign->bdf);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource2",
		 foreign->bdf);
	foreign->config = pci_open_config(foreign->bdf);
	foreign_set_memory(foreign, true);
	fd = __sys_open(path, O_RDWR);
	if (fd < 0)
		SKIP("%s: %s", path, strerror(-fd));
	foreign->bar =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (foreign->bar == MAP_FAILED)
		SKIP("mmap of %s: %s", path, strerror(errno));
	sys_close(fd);
}

/* A container maps a BAR of a device without VFIO, and never revokes it. */
TEST_OVER(foreign, BACKENDS_LEGACY)
{
	struct p2p p = { .last = 1 };
	struct foreign foreign;

	p.edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	p.space = p.edu->vdev->space;
	p.ram = sys_mmap_anon(PAGE);
	space_map(p.space, p.ram, P2P_RAM_IOVA, PAGE);
	foreign_open(&foreign);
	p.bar = foreign.bar;
	iommu_trace_begin();
	space_map(p.space, p.bar, P2P_IOVA, PAGE);
	p2p_check_reached(&p);
	p2p_check_trace(0, 1);
	foreign_set_memory(&foreign, false);
	foreign_set_memory(&foreign, true);
	p2p_check_trace(0, 0);
	p2p_check_reached(&p);
	space_unmap(p.space, P2P_IOVA, PAGE);
	p2p_check_not_reached(&p, P2P_IOVA);
	pci_bind(foreign.bdf);
}

/* Set an IOAS for VFIO_IOMMU_MAP_DMA, and map by that ioctl. */
static int __map_by_compat(struct space *space, const void *vaddr, __u64 iova,
			   __u64 size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (unsigned long)vaddr,
		.iova = iova,
		.size = size,
	};

	ASSERT_RC(__vfio_ioas(space->fd, IOMMU_VFIO_IOAS_SET, &space->ioas), 0);
	return __sys_ioctl(space->fd, VFIO_IOMMU_MAP_DMA, &map);
}

/* An IOAS maps no memory that cannot be revoked. */
TEST(foreign_is_refused)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	struct foreign foreign;
	long long pins;
	char *mixed;
	__u32 later;

	foreign_open(&foreign);
	/* nothing is looked up before there is a device */
	later = ioas_alloc(space->fd);
	ioas_map(space->fd, later, foreign.bar, PAGE);
	ASSERT_RC(__cdev_attach(edu->vdev->fd, later, NULL), -EFAULT);

	pins = sys_pins_held();
	ASSERT_RC(__space_map(space, foreign.bar, P2P_IOVA, PAGE, DMA_RW),
		  -EFAULT);
	ASSERT_RC(__space_map(space, foreign.bar, P2P_IOVA, PAGE, DMA_READ),
		  -EFAULT);
	ASSERT_RC(__map_by_compat(space, foreign.bar, P2P_IOVA, PAGE), -EFAULT);
	mixed = sys_mmap_anon(3 * PAGE);
	ASSERT(mremap(foreign.bar, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		      mixed + PAGE) == mixed + PAGE);
	ASSERT_RC(__space_map(space, mixed, P2P_IOVA, 3 * PAGE, DMA_RW),
		  -EFAULT);
	ASSERT_EQ(sys_pins_held(), pins);
	space_map(space, mixed, P2P_IOVA, PAGE);
	space_map(space, mixed + 2 * PAGE, P2P_OTHER_IOVA, PAGE);
	pci_bind(foreign.bdf);
}
