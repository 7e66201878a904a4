// SPDX-License-Identifier: GPL-2.0-only
/* BARs as dma-bufs: one device reaches another, as long as that allows it. */
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
#define GET VFIO_DEVICE_FEATURE_GET
#define SET VFIO_DEVICE_FEATURE_SET
/* This register of edu reads as the inverse of what was written to it. */
#define EDU_LIVENESS 4
/* The NVMe's interrupt mask holds what is written to it until a reset. */
#define NVME_INTMS 0x0c
#define NVME_INTMC 0x10
#define RAM_IOVA 0x20000000ULL
#define IOVA 0x10000000ULL

static int map_rw(struct space *space, int dmabuf, __u64 start, __u64 iova,
		  __u64 size)
{
	return __ioas_map_file(space->fd, space->ioas, dmabuf, start, size,
			       DMA_RW, &iova);
}

static int create_raw(struct vdev *vdev,
		      struct vfio_device_feature_dma_buf *req, size_t size)
{
	return __vdev_feature(vdev, GET | VFIO_DEVICE_FEATURE_DMA_BUF, req,
			      size);
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

/* It says how large it is, and the CPU has the BAR itself to map. */
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
	/** @edu: the one that does DMA */
	struct edu *edu;
	/** @peer: the one that is reached */
	struct vdev *peer;
	/** @space: of both */
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

/* By DMA of one device only */
static __u32 peek(struct pair *pair, __u64 iova)
{
	*pair->ram = 0x55555555;
	edu_load(pair->edu, RAM_IOVA, 4);
	edu_load(pair->edu, iova, 4);
	*pair->ram = 0;
	edu_store(pair->edu, RAM_IOVA, 4);
	return *pair->ram;
}

static void poke(struct pair *pair, __u64 iova, __u32 value)
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
	poke(&pair, IOVA + EDU_LIVENESS, 0x12345678);
	ASSERT_EQ(bar_read(pair.peer, EDU_LIVENESS), (__u32)~0x12345678);
	ASSERT_EQ(peek(&pair, IOVA + EDU_LIVENESS), (__u32)~0x12345678);

	/* The mapping holds what it maps. */
	sys_close(fd);
	poke(&pair, IOVA + EDU_LIVENESS, 1);
	ASSERT_EQ(bar_read(pair.peer, EDU_LIVENESS), (__u32)~1);
	ioas_unmap(pair.space->fd, pair.space->ioas, IOVA, MIB(1));
	poke(&pair, IOVA + EDU_LIVENESS, 2);
	ASSERT_EQ(bar_read(pair.peer, EDU_LIVENESS), (__u32)~1);
}

/* Parts in an order of their own, and a mapping that starts inside. */
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
	poke(&pair, IOVA + PAGE + EDU_LIVENESS, 7);
	ASSERT_EQ(bar_read(pair.peer, EDU_LIVENESS), (__u32)~7);
	ASSERT_RC(map_rw(pair.space, fd, 0, IOVA + MIB(1), 4 * PAGE), 0);
	poke(&pair, IOVA + MIB(1) + 2 * PAGE + EDU_LIVENESS, 8);
	ASSERT_EQ(bar_read(pair.peer, EDU_LIVENESS), (__u32)~8);
	ASSERT_RC(map_rw(pair.space, fd, PAGE, IOVA + MIB(2), 4 * PAGE),
		  -EINVAL);
}

/** struct lender - a peer whose BAR is lent, and was mapped */
struct lender {
	/** @pair: it is the peer of this */
	struct pair pair;
	/** @fd: the dma-buf */
	int fd;
	/** @next: where it is mapped next */
	__u64 next;
};

static void check_lent(struct lender *l)
{
	__u32 all = ~0U;

	l->next += MIB(1);
	ASSERT_RC(map_rw(l->pair.space, l->fd, 0, l->next, PAGE), 0);
	vdev_pwrite(l->pair.peer, BAR0, NVME_INTMC, &all, 4);
	poke(&l->pair, l->next + NVME_INTMS, 0xf);
	ASSERT_EQ(bar_read(l->pair.peer, NVME_INTMS), 0xf);
}

/* What was mapped is gone, and stays so */
static void check_gone(struct lender *l)
{
	__u32 all = ~0U;

	vdev_pwrite(l->pair.peer, BAR0, NVME_INTMC, &all, 4);
	poke(&l->pair, l->next + NVME_INTMS, 0xf);
	ASSERT_EQ(bar_read(l->pair.peer, NVME_INTMS), 0);
}

static void check_revoked(struct lender *l)
{
	ASSERT_RC(map_rw(l->pair.space, l->fd, 0, l->next + MIB(1), PAGE),
		  -ENODEV);
}

static void lend(struct lender *l, enum backend backend)
{
	pair_open(&l->pair, TESTDEV_NVME, backend);
	l->fd = vdev_dmabuf(l->pair.peer, BAR0, 0, PAGE);
	l->next = IOVA;
	check_lent(l);
}

TEST_OVER(revoked_by_memory_disable, BACKEND_IOMMUFD)
{
	struct lender l;
	__u64 unmapped;
	__u32 command;

	lend(&l, backend);
	command = vdev_cfg_read(l.pair.peer, PCI_COMMAND, 2);
	vdev_cfg_write(l.pair.peer, PCI_COMMAND, 2,
		       command & ~PCI_COMMAND_MEMORY);
	check_revoked(&l);
	vdev_cfg_write(l.pair.peer, PCI_COMMAND, 2, command);
	check_gone(&l);
	check_lent(&l);
	/* Once more: it is as good as new. */
	vdev_cfg_write(l.pair.peer, PCI_COMMAND, 2,
		       command & ~PCI_COMMAND_MEMORY);
	vdev_cfg_write(l.pair.peer, PCI_COMMAND, 2, command);
	check_gone(&l);
	check_lent(&l);
	/* The mappings without anything behind them can be removed. */
	ASSERT_RC(__ioas_unmap(l.pair.space->fd, l.pair.space->ioas, IOVA,
			       MIB(64), &unmapped),
		  0);
	ASSERT_EQ(unmapped, 3 * PAGE);
}

TEST_OVER(born_revoked, BACKEND_IOMMUFD)
{
	struct lender l;
	__u32 command;

	lend(&l, backend);
	command = vdev_cfg_read(l.pair.peer, PCI_COMMAND, 2);
	vdev_cfg_write(l.pair.peer, PCI_COMMAND, 2,
		       command & ~PCI_COMMAND_MEMORY);
	l.fd = vdev_dmabuf(l.pair.peer, BAR0, 0, PAGE);
	check_revoked(&l);
	vdev_cfg_write(l.pair.peer, PCI_COMMAND, 2, command);
	check_lent(&l);
}

TEST_OVER(revoked_by_reset, BACKEND_IOMMUFD)
{
	struct lender l;

	lend(&l, backend);
	ASSERT_RC(__vdev_reset(l.pair.peer), 0);
	check_gone(&l);
	check_lent(&l);
}

TEST_OVER(revoked_by_d3hot, BACKEND_IOMMUFD)
{
	struct lender l;
	unsigned int pm;

	lend(&l, backend);
	pm = vdev_cfg_cap(l.pair.peer, PCI_CAP_ID_PM);
	if (!pm)
		SKIP("no power management");
	vdev_cfg_write(l.pair.peer, pm + PCI_PM_CTRL, 2, 3);
	check_revoked(&l);
	vdev_cfg_write(l.pair.peer, pm + PCI_PM_CTRL, 2, 0);
	check_gone(&l);
	check_lent(&l);
}

TEST_OVER(revoked_by_low_power, BACKEND_IOMMUFD)
{
	struct vfio_device_low_power_entry_with_wakeup entry = {
		.wakeup_eventfd = sys_eventfd(),
	};
	struct lender l;

	lend(&l, backend);
	ASSERT_RC(__vdev_feature(l.pair.peer,
				 SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
				 NULL, 0),
		  0);
	check_revoked(&l);
	/* Not even for a moment, whatever is enabled meanwhile */
	vdev_enable(l.pair.peer, false);
	ASSERT_RC(__vdev_reset(l.pair.peer), 0);
	check_revoked(&l);
	ASSERT_RC(__vdev_feature(l.pair.peer,
				 SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, NULL,
				 0),
		  0);
	check_gone(&l);
	check_lent(&l);

	/* What ends the sleep lends it again, too. */
	ASSERT_RC(__vdev_feature(
			  l.pair.peer,
			  SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP,
			  &entry, sizeof(entry)),
		  0);
	wait_runtime_status(l.pair.peer->bdf, "suspended");
	check_revoked(&l);
	vdev_cfg_read(l.pair.peer, 0, 2);
	sys_eventfd_wait(entry.wakeup_eventfd);
	check_gone(&l);
	check_lent(&l);
}

/* The dma-buf outlives the device, but holds nothing of it. */
TEST_OVER(revoked_by_close, BACKEND_IOMMUFD)
{
	struct lender l;
	const char *bdf;

	lend(&l, backend);
	bdf = l.pair.peer->bdf;
	vdev_close(l.pair.peer);
	check_revoked(&l);
	pci_unbind(bdf);
	check_revoked(&l);
	pci_bind(bdf);
	l.pair.peer = vdev_open_in(l.pair.space, bdf);
	vdev_enable(l.pair.peer, false);
	check_revoked(&l);
	check_gone(&l);
	sys_close(l.fd);
	l.fd = vdev_dmabuf(l.pair.peer, BAR0, 0, PAGE);
	check_lent(&l);
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
 * One that is closed, while its name in /proc is open: there is no file any more
 * but the dma-buf is still there.
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
	/* Nothing of the device is held any more. */
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

/* Those that were closed are forgotten. */
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
