// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices that are attached while a driver revokes and restores memory, which
 * is mapped in the same domain. The mock warns if its page table is used while
 * a device is attached.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "feature.h"
#include "harness.h"
#include "ioas.h"
#include "klog.h"
#include "mock.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define BAR2 VFIO_PCI_BAR2_REGION_INDEX
#define IOVA MIB(32)
#define OTHER_IOVA MIB(64)
#define WARNING "mock: "

enum { ROUNDS = 400 };

/** struct race - an address space, and a device whose memory is revoked */
struct race {
	/** @vdev: the device */
	struct vdev *vdev;
	/** @fd: context of the mock device */
	int fd;
	/** @ioas: the address space */
	__u32 ioas;
	/** @dev: the first device of the domain */
	struct mock_dev dev;
	/** @dmabuf: a page of the BAR, or -1 */
	int dmabuf;
	/** @ended: set after the last round */
	atomic_bool ended;
};

static void race_open(struct race *race)
{
	mock_load();
	race->vdev = vdev_open(pci_need(TESTDEV_SHMEM), BACKEND_IOMMUFD);
	vdev_enable(race->vdev, false);
	race->fd = iommufd_open();
	race->ioas = ioas_alloc(race->fd);
	race->dmabuf = -1;
	atomic_init(&race->ended, false);
	mock_dev(race->fd, race->ioas, 0, &race->dev);
}

static void *revoke_and_restore(void *arg)
{
	struct race *race = arg;
	__u64 iova = OTHER_IOVA;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		if (race->dmabuf >= 0)
			ASSERT_RC(__ioas_map_file(race->fd, race->ioas,
						  race->dmabuf, 0, PAGE, DMA_RW,
						  &iova),
				  0);
		vdev_set_memory(race->vdev, false);
		vdev_set_memory(race->vdev, true);
		if (race->dmabuf >= 0)
			ioas_unmap(race->fd, race->ioas, OTHER_IOVA, PAGE);
	}
	atomic_store(&race->ended, true);
	return NULL;
}

static void attach_and_detach(struct race *race)
{
	struct mock_dev dev;

	mock_dev(race->fd, race->dev.hwpt, 0, &dev);
	iommufd_destroy(race->fd, dev.stdev);
}

static void run_race(struct race *race, void (*fn)(struct race *race))
{
	int log = klog_open();
	pthread_t thread;

	ASSERT(!pthread_create(&thread, NULL, revoke_and_restore, race));
	while (!atomic_load(&race->ended))
		fn(race);
	ASSERT(!pthread_join(thread, NULL));
	ASSERT(!klog_has(log, WARNING));
}

TEST(bar)
{
	struct race race;

	race_open(&race);
	ioas_map_fixed(race.fd, race.ioas, vdev_mmap(race.vdev, BAR2, NULL),
		       IOVA, PAGE);
	run_race(&race, attach_and_detach);
}

TEST(dmabuf)
{
	struct race race;

	race_open(&race);
	race.dmabuf = vdev_dmabuf(race.vdev, BAR2, 0, PAGE);
	run_race(&race, attach_and_detach);
}

static void *read_dirty(void *arg)
{
	__u64 bitmap[MIB(16) / PAGE / 64];
	struct race *race = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		ASSERT_RC(__hwpt_get_dirty(race->fd, race->dev.hwpt, 0, IOVA,
					   MIB(16), PAGE, bitmap),
			  0);
	atomic_store(&race->ended, true);
	return NULL;
}

/* Dirty bits are read from the page table. */
TEST(dirty)
{
	int log = klog_open();
	pthread_t thread;
	struct race race;

	race_open(&race);
	ASSERT_RC(__hwpt_alloc(race.fd, race.dev.idev, race.ioas,
			       IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &race.dev.hwpt),
		  0);
	ASSERT_RC(__mock_replace(race.fd, race.dev.stdev, race.dev.hwpt), 0);
	ioas_map_fixed(race.fd, race.ioas, sys_mmap_anon(MIB(16)), IOVA,
		       MIB(16));
	ASSERT_RC(__hwpt_set_tracking(race.fd, race.dev.hwpt,
				      IOMMU_HWPT_DIRTY_TRACKING_ENABLE),
		  0);
	ASSERT(!pthread_create(&thread, NULL, read_dirty, &race));
	while (!atomic_load(&race.ended))
		attach_and_detach(&race);
	ASSERT(!pthread_join(thread, NULL));
	ASSERT(!klog_has(log, WARNING));
}
