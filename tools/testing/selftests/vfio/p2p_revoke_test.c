// SPDX-License-Identifier: GPL-2.0-only
/*
 * A BAR that is mapped for DMA by its address: no device reaches it while its
 * own device does not answer, and again afterwards, without a call.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "edu.h"
#include "feature.h"
#include "harness.h"
#include "ioas.h"
#include "iommu_trace.h"
#include "mock.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define SET VFIO_DEVICE_FEATURE_SET
#define IOVA 0x10000000ULL
#define RAM_IOVA 0x20000000ULL
#define OTHER_IOVA 0x30000000ULL
/* The admin queue's sizes: the NVMe drive holds what is written to it. */
#define NVME_AQA 0x24
/* This register of edu reads as the inverse of what was written to it. */
#define EDU_LIVENESS 4

/** struct peers - one that does DMA, and one that is reached */
struct peers {
	/** @edu: the one that does DMA */
	struct edu *edu;
	/** @vdev: the one that is reached */
	struct vdev *vdev;
	/** @space: of the first */
	struct space *space;
	/** @ram: a page, mapped at RAM_IOVA */
	__u32 *ram;
	/** @index: the region of @vdev that is reached */
	unsigned int index;
	/** @bar: that, mapped by the CPU */
	char *bar;
	/** @size: bytes of @bar */
	size_t size;
	/** @word: where in it a word is that keeps what is written to it */
	unsigned int word;
	/** @last: the last value that was written to it */
	__u32 last;
};

static void map_bar(struct peers *p)
{
	p->bar = vdev_mmap(p->vdev, p->index, &p->size);
}

static void peers_open(struct peers *p, enum testdev which,
		       enum backend backend)
{
	const char *bdf = pci_need(which);

	*p = (struct peers){ .last = 0x1234500 };
	p->edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	p->space = p->edu->vdev->space;
	p->vdev = vdev_open_in(p->space, bdf);
	vdev_enable(p->vdev, false);
	if (which == TESTDEV_SHMEM)
		p->index = VFIO_PCI_BAR2_REGION_INDEX;
	if (which == TESTDEV_NVME)
		p->word = NVME_AQA;
	map_bar(p);
	mmio_write32(p->bar, p->word, p->last);
	p->ram = sys_mmap_anon(PAGE);
	space_map(p->space, p->ram, RAM_IOVA, PAGE);
}

/* By DMA of one device only */
static void poke(struct peers *p, __u64 iova, __u32 value)
{
	*p->ram = value;
	edu_load(p->edu, RAM_IOVA, 4);
	edu_store(p->edu, iova, 4);
}

static __u32 peek(struct peers *p, __u64 iova)
{
	*p->ram = 0x55555555;
	edu_load(p->edu, RAM_IOVA, 4);
	edu_load(p->edu, iova, 4);
	*p->ram = 0;
	edu_store(p->edu, RAM_IOVA, 4);
	return *p->ram;
}

static void check_reached_at(struct peers *p, __u64 iova)
{
	p->last++;
	poke(p, iova + p->word, p->last);
	ASSERT_EQ(mmio_read32(p->bar, p->word), p->last);
	p->last++;
	mmio_write32(p->bar, p->word, p->last);
	ASSERT_EQ(peek(p, iova + p->word), p->last);
}

static void check_reached(struct peers *p)
{
	check_reached_at(p, IOVA);
}

/* While the CPU can */
static void check_out_of_reach(struct peers *p, __u64 iova)
{
	mmio_write32(p->bar, p->word, p->last);
	poke(p, iova + p->word, ~p->last);
	ASSERT_EQ(mmio_read32(p->bar, p->word), p->last);
	ASSERT(peek(p, iova + p->word) != p->last);
}

static void check_trace(unsigned int unmaps, unsigned int maps)
{
	struct iommu_trace trace = iommu_trace_take(IOVA);

	ASSERT_EQ(trace.unmaps, unmaps);
	ASSERT_EQ(trace.maps, maps);
}

/*
 * With the BAR disabled by its user: if it is enabled behind his back, and that
 * of vfio-pci, it answers whoever has a way to it. Which nobody has.
 */
static void check_no_way(struct peers *p, __u64 iova)
{
	int config = pci_open_config(p->vdev->bdf);
	__u16 command;
	__u32 before;

	ASSERT(pread(config, &command, 2, PCI_COMMAND) == 2);
	ASSERT(!(command & PCI_COMMAND_MEMORY));
	command |= PCI_COMMAND_MEMORY;
	ASSERT(pwrite(config, &command, 2, PCI_COMMAND) == 2);
	poke(p, iova + p->word, ~p->last);
	before = peek(p, iova + p->word);
	command &= ~PCI_COMMAND_MEMORY;
	ASSERT(pwrite(config, &command, 2, PCI_COMMAND) == 2);
	sys_close(config);
	ASSERT(before != p->last);
	vdev_set_memory(p->vdev, true);
	ASSERT_EQ(mmio_read32(p->bar, p->word), p->last);
	vdev_set_memory(p->vdev, false);
}

static void lend(struct peers *p, enum testdev which, enum backend backend)
{
	peers_open(p, which, backend);
	iommu_trace_begin();
	space_map(p->space, p->bar, IOVA, PAGE);
	check_reached(p);
	check_trace(0, 1);
}

TEST_OVER(disabled, BACKENDS_ALL)
{
	struct peers p;
	unsigned int i;

	lend(&p, TESTDEV_SHMEM, backend);
	for (i = 0; i < 2; i++) {
		vdev_set_memory(p.vdev, false);
		check_trace(1, 0);
		check_no_way(&p, IOVA);
		vdev_set_memory(p.vdev, false);
		iommu_trace_take(IOVA);
		vdev_set_memory(p.vdev, true);
		check_trace(0, 1);
		check_reached(&p);
	}
	/* nothing changes, so nothing happens */
	vdev_set_memory(p.vdev, true);
	check_trace(0, 0);
	space_unmap(p.space, IOVA, PAGE);
	check_trace(1, 0);
	check_out_of_reach(&p, IOVA);
}

TEST_OVER(map_while_disabled, BACKENDS_ALL)
{
	struct peers p;

	peers_open(&p, TESTDEV_SHMEM, backend);
	vdev_set_memory(p.vdev, false);
	ASSERT_RC(__space_map(p.space, p.bar, IOVA, PAGE, DMA_RW), -EFAULT);
	vdev_set_memory(p.vdev, true);
	space_map(p.space, p.bar, IOVA, PAGE);
	check_reached(&p);
}

TEST_OVER(unmap_while_disabled, BACKENDS_ALL)
{
	__u64 unmapped = 0;
	struct peers p;

	lend(&p, TESTDEV_SHMEM, backend);
	space_map(p.space, p.bar, OTHER_IOVA, p.size);
	vdev_set_memory(p.vdev, false);
	ASSERT_RC(__space_unmap(p.space, IOVA, PAGE, &unmapped), 0);
	ASSERT_EQ(unmapped, PAGE);
	ASSERT_RC(__space_unmap(p.space, OTHER_IOVA, p.size, &unmapped), 0);
	ASSERT_EQ(unmapped, p.size);
	iommu_trace_take(IOVA);
	vdev_set_memory(p.vdev, true);
	check_trace(0, 0);
	check_out_of_reach(&p, IOVA);
	check_out_of_reach(&p, OTHER_IOVA);
	space_map(p.space, p.bar, IOVA, PAGE);
	check_reached(&p);
}

TEST_OVER(reset, BACKENDS_ALL)
{
	struct peers p;

	lend(&p, TESTDEV_NVME, backend);
	ASSERT_RC(__vdev_reset(p.vdev), 0);
	check_trace(1, 1);
	check_reached(&p);
	/* it stays disabled over the reset */
	vdev_set_memory(p.vdev, false);
	iommu_trace_take(IOVA);
	ASSERT_RC(__vdev_reset(p.vdev), 0);
	check_trace(0, 0);
	vdev_set_memory(p.vdev, true);
	check_reached(&p);
}

TEST_OVER(function_level_reset, BACKENDS_ALL)
{
	unsigned int exp;
	struct peers p;

	lend(&p, TESTDEV_NVME, backend);
	exp = vdev_cfg_cap(p.vdev, PCI_CAP_ID_EXP);
	ASSERT(exp);
	vdev_cfg_write(p.vdev, exp + PCI_EXP_DEVCTL, 2,
		       vdev_cfg_read(p.vdev, exp + PCI_EXP_DEVCTL, 2) |
			       PCI_EXP_DEVCTL_BCR_FLR);
	check_trace(1, 1);
	check_reached(&p);
}

static int __hot_reset(struct vdev *vdev)
{
	struct {
		struct vfio_pci_hot_reset reset;
		__s32 fd;
	} arg = { .reset.argsz = sizeof(arg) };

	if (vdev->space->backend != BACKEND_IOMMUFD) {
		arg.reset.count = 1;
		arg.fd = space_group_fd(vdev->space, vdev->bdf);
	}
	return __sys_ioctl(vdev->fd, VFIO_DEVICE_PCI_HOT_RESET, &arg);
}

TEST_OVER(hot_reset, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_SHARED1);
	struct vdev *neighbour;
	struct peers p;

	peers_open(&p, TESTDEV_SHARED0, backend);
	neighbour = vdev_open_in(p.space, bdf);
	iommu_trace_begin();
	space_map(p.space, p.bar, IOVA, PAGE);
	check_trace(0, 1);
	/* also of the other device that it hits */
	ASSERT_RC(__hot_reset(neighbour), 0);
	check_trace(1, 1);
	poke(&p, IOVA + EDU_LIVENESS, 0x12345678);
	ASSERT_EQ(mmio_read32(p.bar, EDU_LIVENESS), (__u32)~0x12345678);
}

TEST_OVER(d3hot, BACKENDS_ALL)
{
	struct peers p;
	unsigned int pm;

	lend(&p, TESTDEV_NVME, backend);
	pm = vdev_cfg_cap(p.vdev, PCI_CAP_ID_PM);
	if (!pm)
		SKIP("no power management");
	vdev_cfg_write(p.vdev, pm + PCI_PM_CTRL, 2, 3);
	check_trace(1, 0);
	ASSERT_RC(__space_map(p.space, p.bar, OTHER_IOVA, PAGE, DMA_RW),
		  -EFAULT);
	vdev_cfg_write(p.vdev, pm + PCI_PM_CTRL, 2, 0);
	check_trace(0, 1);
	check_reached(&p);
}

TEST_OVER(low_power, BACKENDS_ALL)
{
	struct vfio_device_low_power_entry_with_wakeup entry = {
		.wakeup_eventfd = sys_eventfd(),
	};
	struct peers p;

	lend(&p, TESTDEV_NVME, backend);
	ASSERT_RC(__vdev_feature(p.vdev,
				 SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
				 NULL, 0),
		  0);
	check_trace(1, 0);
	/* Not even for a moment, whatever is enabled meanwhile */
	vdev_set_memory(p.vdev, true);
	ASSERT_RC(__vdev_reset(p.vdev), 0);
	check_trace(0, 0);
	ASSERT_RC(__vdev_feature(p.vdev,
				 SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, NULL,
				 0),
		  0);
	check_trace(0, 1);
	check_reached(&p);

	/* What ends the sleep lends it again, too. */
	ASSERT_RC(__vdev_feature(
			  p.vdev,
			  SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
			  &entry, sizeof(entry)),
		  0);
	wait_runtime_status(p.vdev->bdf, "suspended");
	check_trace(1, 0);
	vdev_cfg_read(p.vdev, 0, 2);
	sys_eventfd_wait(entry.wakeup_eventfd);
	check_trace(0, 1);
	check_reached(&p);
}

static void close_peer(struct peers *p)
{
	sys_munmap(p->bar, p->size);
	vdev_close(p->vdev);
}

static void reopen_peer(struct peers *p, const char *bdf)
{
	p->vdev = vdev_open_in(p->space, bdf);
	vdev_enable(p->vdev, false);
	map_bar(p);
}

/* Who opens it next is not reached by what was mapped before. */
TEST_OVER(closed, BACKENDS_ALL)
{
	__u64 unmapped = 0;
	struct peers p;
	const char *bdf;

	lend(&p, TESTDEV_NVME, backend);
	bdf = p.vdev->bdf;
	close_peer(&p);
	check_trace(1, 0);
	reopen_peer(&p, bdf);
	check_trace(0, 0);
	check_out_of_reach(&p, IOVA);
	space_map(p.space, p.bar, OTHER_IOVA, PAGE);
	check_reached_at(&p, OTHER_IOVA);
	check_out_of_reach(&p, IOVA);
	ASSERT_RC(__vdev_reset(p.vdev), 0);
	check_reached_at(&p, OTHER_IOVA);
	check_out_of_reach(&p, IOVA);
	ASSERT_RC(__space_unmap(p.space, IOVA, PAGE, &unmapped), 0);
	ASSERT_EQ(unmapped, PAGE);
	space_map(p.space, p.bar, IOVA, PAGE);
	check_reached(&p);
}

/* The mapping of the CPU is what keeps the device open. */
TEST_OVER(closed_but_mapped, BACKENDS_ALL)
{
	struct peers p;

	lend(&p, TESTDEV_SHMEM, backend);
	sys_close(p.vdev->fd);
	check_trace(0, 0);
	check_reached(&p);
	sys_munmap(p.bar, p.size);
	check_trace(1, 0);
}

static void rescan(void)
{
	ASSERT_RC(__sys_write_file("/sys/bus/pci/rescan", "1"), 0);
}

TEST_OVER(removed, BACKENDS_ALL)
{
	__u64 unmapped = 0;
	struct peers p;
	char path[128];

	lend(&p, TESTDEV_SHMEM, backend);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove",
		 p.vdev->bdf);
	close_peer(&p);
	ASSERT_RC(__sys_write_file(path, "1"), 0);
	check_trace(1, 0);
	rescan();
	ASSERT_RC(__space_unmap(p.space, IOVA, PAGE, &unmapped), 0);
	ASSERT_EQ(unmapped, PAGE);
	check_trace(0, 0);
	/* the group file is of a group that is not there any more */
	if (backend != BACKEND_IOMMUFD)
		return;
	reopen_peer(&p, pci_need(TESTDEV_SHMEM));
	space_map(p.space, p.bar, IOVA, PAGE);
	check_reached(&p);
}

/* RAM, the first two pages of the BAR, RAM, all the BAR, RAM */
static char *mix(struct peers *p, size_t *size)
{
	size_t first = PAGE, second = 4 * PAGE;
	struct vfio_region_info info;
	char *mixed;

	*size = 5 * PAGE + p->size;
	mixed = sys_mmap_anon(*size);
	vdev_region(p->vdev, p->index, &info);
	ASSERT(mmap(mixed + first, 2 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, p->vdev->fd,
		    (off_t)info.offset) != MAP_FAILED);
	ASSERT(mmap(mixed + second, p->size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, p->vdev->fd,
		    (off_t)info.offset) != MAP_FAILED);
	return mixed;
}

static void check_ram(struct peers *p, char *mixed, size_t size, __u64 iova)
{
	size_t places[] = { 0, 3 * PAGE, size - PAGE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		poke(p, iova + places[i], ~p->last - i);
		ASSERT_EQ(mmio_read32(mixed, places[i]), ~p->last - i);
	}
}

TEST_OVER(bar_between_ram, BACKENDS_ALL)
{
	long long pins = sys_pins_held();
	__u64 unmapped = 0;
	struct peers p;
	unsigned int i;
	char *mixed;
	size_t size;

	peers_open(&p, TESTDEV_SHMEM, backend);
	mixed = mix(&p, &size);
	space_map(p.space, mixed, IOVA, size);
	for (i = 0; i < 2; i++) {
		check_reached_at(&p, IOVA + PAGE);
		check_reached_at(&p, IOVA + 4 * PAGE);
		check_ram(&p, mixed, size, IOVA);
		vdev_set_memory(p.vdev, false);
		check_no_way(&p, IOVA + PAGE);
		check_no_way(&p, IOVA + 4 * PAGE);
		check_ram(&p, mixed, size, IOVA);
		vdev_set_memory(p.vdev, true);
	}
	ASSERT_RC(__space_unmap(p.space, IOVA, size, &unmapped), 0);
	ASSERT_EQ(unmapped, size);
	space_map(p.space, mixed, IOVA, size);
	vdev_set_memory(p.vdev, false);
	ASSERT_RC(__space_unmap(p.space, IOVA, size, &unmapped), 0);
	ASSERT_EQ(unmapped, size);
	space_unmap(p.space, RAM_IOVA, PAGE);
	ASSERT_EQ(sys_pins_held(), pins);
}

/* A copy lives on its own, whichever of the two goes first. */
TEST_OVER(copied, BACKEND_IOMMUFD)
{
	struct peers p;
	int fd;
	__u32 ioas;

	lend(&p, TESTDEV_SHMEM, backend);
	fd = p.space->fd;
	ioas = p.space->ioas;
	ASSERT_RC(__ioas_copy(fd, ioas, IOVA, PAGE, ioas, OTHER_IOVA, DMA_RW),
		  0);
	check_reached_at(&p, OTHER_IOVA);
	vdev_set_memory(p.vdev, false);
	check_no_way(&p, OTHER_IOVA);
	ASSERT_RC(__ioas_copy(fd, ioas, IOVA, PAGE, ioas, OTHER_IOVA + MIB(1),
			      DMA_RW),
		  0);
	check_no_way(&p, OTHER_IOVA + MIB(1));
	ioas_unmap(fd, ioas, IOVA, PAGE);
	vdev_set_memory(p.vdev, true);
	check_reached_at(&p, OTHER_IOVA);
	check_reached_at(&p, OTHER_IOVA + MIB(1));
	check_out_of_reach(&p, IOVA);
	ioas_unmap(fd, ioas, OTHER_IOVA, PAGE);
	check_reached_at(&p, OTHER_IOVA + MIB(1));
	vdev_set_memory(p.vdev, false);
	ioas_unmap(fd, ioas, OTHER_IOVA + MIB(1), PAGE);
}

/* Part of what was mapped, from within a page frame on */
TEST_OVER(copied_in_part, BACKEND_IOMMUFD)
{
	struct peers p;
	char *mixed;
	size_t size;

	peers_open(&p, TESTDEV_SHMEM, backend);
	mixed = mix(&p, &size);
	space_map(p.space, mixed, IOVA, size);
	/* the second page of the first part of the BAR, RAM, two of the next */
	ASSERT_RC(__ioas_copy(p.space->fd, p.space->ioas, IOVA + 2 * PAGE,
			      4 * PAGE, p.space->ioas, OTHER_IOVA, DMA_RW),
		  0);
	space_unmap(p.space, IOVA, size);
	check_reached_at(&p, OTHER_IOVA + 2 * PAGE);
	vdev_set_memory(p.vdev, false);
	check_no_way(&p, OTHER_IOVA + 2 * PAGE);
	poke(&p, OTHER_IOVA + PAGE, 7);
	ASSERT_EQ(mmio_read32(mixed, 3 * PAGE), 7);
	vdev_set_memory(p.vdev, true);
	check_reached_at(&p, OTHER_IOVA + 2 * PAGE);
	poke(&p, OTHER_IOVA, 9);
	ASSERT_EQ(mmio_read32(p.bar, PAGE), 9);
}

/* A page table that comes while the BAR is out of reach, and one that goes */
TEST_OVER(another_domain, BACKEND_IOMMUFD)
{
	struct mock_dev dev, other;
	struct peers p;
	__u32 hwpt;

	mock_load();
	lend(&p, TESTDEV_SHMEM, backend);
	mock_dev(p.space->fd, p.space->ioas, 0, &other);
	vdev_set_memory(p.vdev, false);
	mock_dev(p.space->fd, p.space->ioas, 0, &dev);
	hwpt = hwpt_alloc(p.space->fd, p.edu->vdev->id, p.space->ioas);
	ASSERT_RC(__cdev_attach(p.edu->vdev->fd, hwpt, NULL), 0);
	check_no_way(&p, IOVA);
	vdev_set_memory(p.vdev, true);
	check_reached(&p);
	ASSERT_RC(__cdev_attach(p.edu->vdev->fd, p.space->ioas, NULL), 0);
	iommufd_destroy(p.space->fd, hwpt);
	check_reached(&p);
	iommufd_destroy(p.space->fd, dev.stdev);
	vdev_set_memory(p.vdev, false);
	iommufd_destroy(p.space->fd, other.stdev);
	vdev_set_memory(p.vdev, true);
	check_reached(&p);
}

/* Mapped when the device comes that does DMA */
TEST_OVER(mapped_before_the_device_comes, BACKEND_IOMMUFD)
{
	struct peers p;

	peers_open(&p, TESTDEV_SHMEM, backend);
	iommu_trace_begin();
	ASSERT_RC(__cdev_detach(p.vdev->fd), 0);
	ASSERT_RC(__cdev_detach(p.edu->vdev->fd), 0);
	space_map(p.space, p.bar, IOVA, PAGE);
	vdev_set_memory(p.vdev, false);
	/* to be pinned now, it would have to be there */
	ASSERT_RC(__cdev_attach(p.edu->vdev->fd, p.space->ioas, NULL), -EFAULT);
	vdev_set_memory(p.vdev, true);
	ASSERT_RC(__cdev_attach(p.edu->vdev->fd, p.space->ioas, NULL), 0);
	check_reached(&p);
	ASSERT_RC(__cdev_detach(p.edu->vdev->fd), 0);
	iommu_trace_take(IOVA);
	vdev_set_memory(p.vdev, false);
	vdev_set_memory(p.vdev, true);
	check_trace(0, 0);
}

/* The lender is in another address space than the mapping. */
static void open_apart(struct peers *p, enum backend backend)
{
	peers_open(p, TESTDEV_SHMEM, backend);
	close_peer(p);
	p->vdev = vdev_open(pci_need(TESTDEV_SHMEM), backend);
	vdev_enable(p->vdev, false);
	map_bar(p);
}

TEST_OVER(space_goes_while_disabled, BACKEND_IOMMUFD)
{
	struct peers p;

	open_apart(&p, backend);
	iommu_trace_begin();
	space_map(p.space, p.bar, IOVA, PAGE);
	check_reached(&p);
	vdev_set_memory(p.vdev, false);
	edu_close_with_space(p.edu);
	iommu_trace_take(IOVA);
	vdev_set_memory(p.vdev, true);
	check_trace(0, 0);
	p.edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	p.space = p.edu->vdev->space;
	space_map(p.space, p.ram, RAM_IOVA, PAGE);
	space_map(p.space, p.bar, IOVA, PAGE);
	check_reached(&p);
}

/** struct victim - who is killed with a BAR mapped */
struct victim {
	/** @backend: his way to the devices */
	enum backend backend;
	/** @ready: eventfd that says he is */
	int ready;
	/** @decoding: as he leaves it */
	bool decoding;
};

static void lend_for_ever(void *arg)
{
	struct victim *victim = arg;
	unsigned long long one = 1;
	struct peers p;
	char *mixed;
	size_t size;

	peers_open(&p, TESTDEV_SHMEM, victim->backend);
	mixed = mix(&p, &size);
	space_map(p.space, mixed, IOVA, size);
	vdev_set_memory(p.vdev, victim->decoding);
	ASSERT(write(victim->ready, &one, sizeof(one)) == sizeof(one));
	for (;;)
		pause();
}

TEST_OVER(killed, BACKENDS_ALL)
{
	struct victim victim = { backend, sys_eventfd() };
	struct peers p;
	unsigned int i;
	pid_t pid;

	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	for (i = 0; i < 2; i++) {
		victim.decoding = i;
		pid = child_start(lend_for_ever, &victim);
		sys_eventfd_wait(victim.ready);
		sys_eventfd_take(victim.ready);
		child_kill(pid);
	}
	lend(&p, TESTDEV_SHMEM, backend);
	vdev_set_memory(p.vdev, false);
	check_no_way(&p, IOVA);
	vdev_set_memory(p.vdev, true);
	check_reached(&p);
}

/* What nobody lends is mapped once and for all, as it ever was. */
TEST_OVER(foreign, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_SHMEM);
	struct peers p = { .last = 1 };
	char path[128];
	__u16 command;
	int config;
	int fd;

	p.edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	p.space = p.edu->vdev->space;
	p.ram = sys_mmap_anon(PAGE);
	space_map(p.space, p.ram, RAM_IOVA, PAGE);
	pci_unbind(bdf);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource2", bdf);
	config = pci_open_config(bdf);
	ASSERT(pread(config, &command, 2, PCI_COMMAND) == 2);
	command |= PCI_COMMAND_MEMORY;
	ASSERT(pwrite(config, &command, 2, PCI_COMMAND) == 2);
	fd = __sys_open(path, O_RDWR);
	if (fd < 0)
		SKIP("%s: %s", path, strerror(-fd));
	p.bar = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p.bar == MAP_FAILED)
		SKIP("mmap of %s: %s", path, strerror(errno));
	iommu_trace_begin();
	space_map(p.space, p.bar, IOVA, PAGE);
	check_reached(&p);
	check_trace(0, 1);
	command &= ~PCI_COMMAND_MEMORY;
	ASSERT(pwrite(config, &command, 2, PCI_COMMAND) == 2);
	command |= PCI_COMMAND_MEMORY;
	ASSERT(pwrite(config, &command, 2, PCI_COMMAND) == 2);
	check_trace(0, 0);
	check_reached(&p);
	space_unmap(p.space, IOVA, PAGE);
	check_out_of_reach(&p, IOVA);
	pci_bind(bdf);
}

/** struct hammer - a thread that disables and enables a BAR */
struct hammer {
	/** @peers: whose */
	struct peers *peers;
	/** @barrier: where a round begins and ends */
	pthread_barrier_t barrier;
};

enum { ROUNDS = 40, BLOWS = 6 };

static void *swing(void *arg)
{
	struct hammer *hammer = arg;
	unsigned int i, j;

	for (i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&hammer->barrier);
		for (j = 0; j < BLOWS; j++) {
			vdev_set_memory(hammer->peers->vdev, true);
			vdev_set_memory(hammer->peers->vdev, false);
		}
		pthread_barrier_wait(&hammer->barrier);
	}
	return NULL;
}

/* Whatever comes between: what is mapped follows the device from then on. */
TEST_OVER(map_against_disable, BACKENDS_ALL)
{
	struct hammer hammer;
	unsigned int i, maps = 0;
	pthread_t thread;
	struct peers p;
	int rc;

	peers_open(&p, TESTDEV_SHMEM, backend);
	hammer.peers = &p;
	ASSERT(!pthread_barrier_init(&hammer.barrier, NULL, 2));
	ASSERT(!pthread_create(&thread, NULL, swing, &hammer));
	for (i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&hammer.barrier);
		rc = __space_map(p.space, p.bar, IOVA, 4 * PAGE, DMA_RW);
		pthread_barrier_wait(&hammer.barrier);
		if (rc)
			ASSERT_RC(rc, -EFAULT);
		check_no_way(&p, IOVA);
		if (rc)
			continue;
		maps++;
		vdev_set_memory(p.vdev, true);
		check_reached(&p);
		vdev_set_memory(p.vdev, false);
		space_unmap(p.space, IOVA, 4 * PAGE);
	}
	ASSERT(!pthread_join(thread, NULL));
	test_note("%u of %u were mapped", maps, ROUNDS);
}

/* Mapped, unmapped and copied all the time, with nothing to agree on */
static void *map_all_the_time(void *arg)
{
	struct peers *p = arg;
	unsigned int i;

	for (i = 0; i < 20 * ROUNDS; i++) {
		if (!__space_map(p->space, p->bar, OTHER_IOVA, 4 * PAGE,
				 DMA_RW))
			space_unmap(p->space, OTHER_IOVA, 4 * PAGE);
	}
	return NULL;
}

TEST_OVER(unmap_against_disable, BACKENDS_ALL)
{
	struct peers p;
	pthread_t thread;
	unsigned int i;

	lend(&p, TESTDEV_SHMEM, backend);
	ASSERT(!pthread_create(&thread, NULL, map_all_the_time, &p));
	for (i = 0; i < 10 * ROUNDS; i++)
		vdev_set_memory(p.vdev, i & 1);
	ASSERT(!pthread_join(thread, NULL));
	vdev_set_memory(p.vdev, false);
	check_no_way(&p, IOVA);
	check_no_way(&p, OTHER_IOVA);
	vdev_set_memory(p.vdev, true);
	check_reached(&p);
	check_out_of_reach(&p, OTHER_IOVA);
}

/* Where small pages are there to be cut: not what may be taken back. */
TEST_OVER(cannot_be_cut, BACKEND_IOMMUFD)
{
	struct peers p;
	struct iommu_vfio_ioas name = {
		.size = sizeof(name),
		.op = IOMMU_VFIO_IOAS_SET,
	};

	peers_open(&p, TESTDEV_SHMEM, backend);
	space_unmap(p.space, RAM_IOVA, PAGE);
	name.ioas_id = p.space->ioas;
	ASSERT_RC(__sys_ioctl(p.space->fd, IOMMU_VFIO_IOAS, &name), 0);
	ASSERT_RC(__container_set_iommu(p.space->fd, VFIO_TYPE1_IOMMU), 0);
	space_map(p.space, p.bar, IOVA, 4 * PAGE);
	ASSERT_RC(__container_unmap(p.space->fd, IOVA + PAGE, PAGE, 0, NULL),
		  -EOPNOTSUPP);
	ASSERT_RC(__container_unmap(p.space->fd, IOVA, 4 * PAGE, 0, NULL), 0);
}
