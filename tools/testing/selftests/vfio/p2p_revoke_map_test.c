// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA mappings of a BAR that are created, copied, attached, split or removed
 * while the BAR is disabled, or while another thread disables it.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "container.h"
#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "iommu_trace.h"
#include "mock.h"
#include "p2p.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

static void check_ram_reached(struct p2p *p, char *mixed, size_t size,
			      __u64 iova)
{
	size_t offsets[] = { 0, 3 * PAGE, size - PAGE };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		p2p_write32(p, iova + offsets[i], ~p->last - i);
		ASSERT_EQ(mmio_read32(mixed, offsets[i]), ~p->last - i);
	}
}

TEST_OVER(bar_between_ram, BACKENDS_ALL)
{
	long long pins = sys_pins_held();
	__u64 unmapped = 0;
	struct p2p p;
	unsigned int i;
	char *mixed;
	size_t size;

	p2p_open(&p, TESTDEV_SHMEM, backend);
	mixed = p2p_mmap_mixed(&p, &size);
	space_map(p.space, mixed, P2P_IOVA, size);
	for (i = 0; i < 2; i++) {
		p2p_check_reached_at(&p, P2P_IOVA + PAGE);
		p2p_check_reached_at(&p, P2P_IOVA + 4 * PAGE);
		check_ram_reached(&p, mixed, size, P2P_IOVA);
		vdev_set_memory(p.vdev, false);
		p2p_check_revoked(&p, P2P_IOVA + PAGE);
		p2p_check_revoked(&p, P2P_IOVA + 4 * PAGE);
		check_ram_reached(&p, mixed, size, P2P_IOVA);
		vdev_set_memory(p.vdev, true);
	}
	ASSERT_RC(__space_unmap(p.space, P2P_IOVA, size, &unmapped), 0);
	ASSERT_EQ(unmapped, size);
	space_map(p.space, mixed, P2P_IOVA, size);
	vdev_set_memory(p.vdev, false);
	ASSERT_RC(__space_unmap(p.space, P2P_IOVA, size, &unmapped), 0);
	ASSERT_EQ(unmapped, size);
	space_unmap(p.space, P2P_RAM_IOVA, PAGE);
	ASSERT_EQ(sys_pins_held(), pins);
}

/* A copy and its original are independent, in either order of unmapping. */
TEST_OVER(copied, BACKEND_IOMMUFD)
{
	struct p2p p;
	int fd;
	__u32 ioas;

	p2p_open_and_map(&p, TESTDEV_SHMEM, backend);
	fd = p.space->fd;
	ioas = p.space->ioas;
	ASSERT_RC(__ioas_copy(fd, ioas, P2P_IOVA, PAGE, ioas, P2P_OTHER_IOVA,
			      DMA_RW),
		  0);
	p2p_check_reached_at(&p, P2P_OTHER_IOVA);
	vdev_set_memory(p.vdev, false);
	p2p_check_revoked(&p, P2P_OTHER_IOVA);
	ASSERT_RC(__ioas_copy(fd, ioas, P2P_IOVA, PAGE, ioas,
			      P2P_OTHER_IOVA + MIB(1), DMA_RW),
		  0);
	p2p_check_revoked(&p, P2P_OTHER_IOVA + MIB(1));
	ioas_unmap(fd, ioas, P2P_IOVA, PAGE);
	vdev_set_memory(p.vdev, true);
	p2p_check_reached_at(&p, P2P_OTHER_IOVA);
	p2p_check_reached_at(&p, P2P_OTHER_IOVA + MIB(1));
	p2p_check_not_reached(&p, P2P_IOVA);
	ioas_unmap(fd, ioas, P2P_OTHER_IOVA, PAGE);
	p2p_check_reached_at(&p, P2P_OTHER_IOVA + MIB(1));
	vdev_set_memory(p.vdev, false);
	ioas_unmap(fd, ioas, P2P_OTHER_IOVA + MIB(1), PAGE);
}

/* A copy of a part of the mapping */
TEST_OVER(copied_in_part, BACKEND_IOMMUFD)
{
	struct p2p p;
	char *mixed;
	size_t size;

	p2p_open(&p, TESTDEV_SHMEM, backend);
	mixed = p2p_mmap_mixed(&p, &size);
	space_map(p.space, mixed, P2P_IOVA, size);
	/* The second page of the BAR, a page of RAM, two pages of the BAR */
	ASSERT_RC(__ioas_copy(p.space->fd, p.space->ioas, P2P_IOVA + 2 * PAGE,
			      4 * PAGE, p.space->ioas, P2P_OTHER_IOVA, DMA_RW),
		  0);
	space_unmap(p.space, P2P_IOVA, size);
	p2p_check_reached_at(&p, P2P_OTHER_IOVA + 2 * PAGE);
	vdev_set_memory(p.vdev, false);
	p2p_check_revoked(&p, P2P_OTHER_IOVA + 2 * PAGE);
	p2p_write32(&p, P2P_OTHER_IOVA + PAGE, 7);
	ASSERT_EQ(mmio_read32(mixed, 3 * PAGE), 7);
	vdev_set_memory(p.vdev, true);
	p2p_check_reached_at(&p, P2P_OTHER_IOVA + 2 * PAGE);
	p2p_write32(&p, P2P_OTHER_IOVA, 9);
	ASSERT_EQ(mmio_read32(p.bar, PAGE), 9);
}

/* A domain is attached, and one detached, while the mapping is revoked. */
TEST_OVER(another_domain, BACKEND_IOMMUFD)
{
	struct mock_dev dev, other;
	struct p2p p;
	__u32 hwpt;

	mock_load();
	p2p_open_and_map(&p, TESTDEV_SHMEM, backend);
	mock_dev(p.space->fd, p.space->ioas, 0, &other);
	vdev_set_memory(p.vdev, false);
	mock_dev(p.space->fd, p.space->ioas, 0, &dev);
	hwpt = hwpt_alloc(p.space->fd, p.edu->vdev->id, p.space->ioas);
	ASSERT_RC(__cdev_attach(p.edu->vdev->fd, hwpt, NULL), 0);
	p2p_check_revoked(&p, P2P_IOVA);
	vdev_set_memory(p.vdev, true);
	p2p_check_reached(&p);
	ASSERT_RC(__cdev_attach(p.edu->vdev->fd, p.space->ioas, NULL), 0);
	iommufd_destroy(p.space->fd, hwpt);
	p2p_check_reached(&p);
	iommufd_destroy(p.space->fd, dev.stdev);
	vdev_set_memory(p.vdev, false);
	iommufd_destroy(p.space->fd, other.stdev);
	vdev_set_memory(p.vdev, true);
	p2p_check_reached(&p);
}

/* The BAR is mapped before a device is attached. */
TEST_OVER(mapped_before_attach, BACKEND_IOMMUFD)
{
	struct p2p p;

	p2p_open(&p, TESTDEV_SHMEM, backend);
	iommu_trace_begin();
	ASSERT_RC(__cdev_detach(p.vdev->fd), 0);
	ASSERT_RC(__cdev_detach(p.edu->vdev->fd), 0);
	space_map(p.space, p.bar, P2P_IOVA, PAGE);
	vdev_set_memory(p.vdev, false);
	/* The attach has to pin the BAR, which is disabled. */
	ASSERT_RC(__cdev_attach(p.edu->vdev->fd, p.space->ioas, NULL), -EFAULT);
	vdev_set_memory(p.vdev, true);
	ASSERT_RC(__cdev_attach(p.edu->vdev->fd, p.space->ioas, NULL), 0);
	p2p_check_reached(&p);
	ASSERT_RC(__cdev_detach(p.edu->vdev->fd), 0);
	iommu_trace_take(P2P_IOVA);
	vdev_set_memory(p.vdev, false);
	vdev_set_memory(p.vdev, true);
	p2p_check_trace(0, 0);
}

/* Open the peer in another address space than that of the mapping. */
static void open_in_two_spaces(struct p2p *p, enum backend backend)
{
	p2p_open(p, TESTDEV_SHMEM, backend);
	p2p_close_peer(p);
	p->vdev = vdev_open(pci_need(TESTDEV_SHMEM), backend);
	vdev_enable(p->vdev, false);
	p2p_mmap_bar(p);
}

TEST_OVER(space_closed_while_disabled, BACKEND_IOMMUFD)
{
	struct p2p p;

	open_in_two_spaces(&p, backend);
	iommu_trace_begin();
	space_map(p.space, p.bar, P2P_IOVA, PAGE);
	p2p_check_reached(&p);
	vdev_set_memory(p.vdev, false);
	edu_close_with_space(p.edu);
	iommu_trace_take(P2P_IOVA);
	vdev_set_memory(p.vdev, true);
	p2p_check_trace(0, 0);
	p.edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	p.space = p.edu->vdev->space;
	space_map(p.space, p.ram, P2P_RAM_IOVA, PAGE);
	space_map(p.space, p.bar, P2P_IOVA, PAGE);
	p2p_check_reached(&p);
}

/** struct toggler - a thread that disables and enables a BAR */
struct toggler {
	/** @p2p: the devices */
	struct p2p *p2p;
	/** @barrier: waited for at the begin and the end of a round */
	pthread_barrier_t barrier;
};

/* DMA takes long, so one round in DMA_ROUNDS does it; the others are traced. */
enum { ROUNDS = 40, TOGGLES = 6, DMA_ROUNDS = 8 };

static void *toggle_memory(void *arg)
{
	struct toggler *toggler = arg;
	unsigned int i, j;

	for (i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&toggler->barrier);
		for (j = 0; j < TOGGLES; j++) {
			vdev_set_memory(toggler->p2p->vdev, true);
			vdev_set_memory(toggler->p2p->vdev, false);
		}
		pthread_barrier_wait(&toggler->barrier);
	}
	return NULL;
}

/* Called with the BAR disabled and its mapping revoked. */
static void check_follows_device(struct p2p *p, bool dma)
{
	if (dma)
		p2p_check_revoked(p, P2P_IOVA);
	iommu_trace_take(P2P_IOVA);
	vdev_set_memory(p->vdev, true);
	p2p_check_trace(0, 1);
	if (dma)
		p2p_check_reached(p);
	vdev_set_memory(p->vdev, false);
	p2p_check_trace(1, 0);
}

/* A mapping that races with the device follows the device afterwards. */
TEST_OVER(map_against_disable, BACKENDS_ALL)
{
	struct toggler toggler;
	struct iommu_trace trace;
	unsigned int i, maps = 0;
	pthread_t thread;
	struct p2p p;
	int ret;

	p2p_open(&p, TESTDEV_SHMEM, backend);
	iommu_trace_begin();
	toggler.p2p = &p;
	ASSERT(!pthread_barrier_init(&toggler.barrier, NULL, 2));
	ASSERT(!pthread_create(&thread, NULL, toggle_memory, &toggler));
	for (i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&toggler.barrier);
		ret = __space_map(p.space, p.bar, P2P_IOVA, 4 * PAGE, DMA_RW);
		pthread_barrier_wait(&toggler.barrier);
		trace = iommu_trace_take(P2P_IOVA);
		ASSERT_EQ(trace.maps, trace.unmaps);
		if (ret) {
			ASSERT_RC(ret, -EFAULT);
			continue;
		}
		check_follows_device(&p, maps++ % DMA_ROUNDS == 0);
		space_unmap(p.space, P2P_IOVA, 4 * PAGE);
	}
	ASSERT(!pthread_join(thread, NULL));
	test_note("%u of %u were mapped", maps, ROUNDS);
}

/* Map and unmap all the time, without synchronization. */
static void *map_repeatedly(void *arg)
{
	struct p2p *p = arg;
	unsigned int i;

	for (i = 0; i < 20 * ROUNDS; i++) {
		if (!__space_map(p->space, p->bar, P2P_OTHER_IOVA, 4 * PAGE,
				 DMA_RW))
			space_unmap(p->space, P2P_OTHER_IOVA, 4 * PAGE);
	}
	return NULL;
}

TEST_OVER(unmap_against_disable, BACKENDS_ALL)
{
	struct p2p p;
	pthread_t thread;
	unsigned int i;

	p2p_open_and_map(&p, TESTDEV_SHMEM, backend);
	ASSERT(!pthread_create(&thread, NULL, map_repeatedly, &p));
	for (i = 0; i < 10 * ROUNDS; i++)
		vdev_set_memory(p.vdev, i & 1);
	ASSERT(!pthread_join(thread, NULL));
	vdev_set_memory(p.vdev, false);
	p2p_check_revoked(&p, P2P_IOVA);
	p2p_check_revoked(&p, P2P_OTHER_IOVA);
	vdev_set_memory(p.vdev, true);
	p2p_check_reached(&p);
	p2p_check_not_reached(&p, P2P_OTHER_IOVA);
}

/* A type1 v1 container splits mappings, but not those that can be revoked. */
TEST_OVER(cannot_be_cut, BACKEND_IOMMUFD)
{
	struct p2p p;

	p2p_open(&p, TESTDEV_SHMEM, backend);
	space_unmap(p.space, P2P_RAM_IOVA, PAGE);
	ASSERT_RC(__vfio_ioas(p.space->fd, IOMMU_VFIO_IOAS_SET, &p.space->ioas),
		  0);
	ASSERT_RC(__container_set_iommu(p.space->fd, VFIO_TYPE1_IOMMU), 0);
	space_map(p.space, p.bar, P2P_IOVA, 4 * PAGE);
	ASSERT_RC(__container_unmap(p.space->fd, P2P_IOVA + PAGE, PAGE, 0,
				    NULL),
		  -EOPNOTSUPP);
	ASSERT_RC(__container_unmap(p.space->fd, P2P_IOVA, 4 * PAGE, 0, NULL),
		  0);
}
