// SPDX-License-Identifier: GPL-2.0-only
/*
 * BARs as dma-bufs for importers that map a scatter list: attaching, mapping
 * and the lifetime of the dma-buf. The importer is dmabuf_importer.ko. On
 * kernels without peer-to-peer DMA it maps nothing, but it is notified all the
 * same.
 */
#include <errno.h>
#include <pthread.h>

#include "feature.h"
#include "harness.h"
#include "importer.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define BAR0 VFIO_PCI_BAR0_REGION_INDEX

/* A scatter list has an entry for each range, in the order of the ranges. */
TEST_OVER(ranges, BACKENDS_ALL)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 2 * PAGE, PAGE },
		{ 0, PAGE },
		{ 2 * PAGE, 2 * PAGE },
	};
	struct importer_map map;
	struct importer imp;
	struct exporter exp;
	unsigned int i;

	exporter_open(&exp, TESTDEV_NVME, backend);
	exp.dmabuf = (int)ASSERT_OK(__vdev_dmabuf(exp.vdev, BAR0, ranges, 3));
	importer_open(&imp, &exp);
	if (!importer_can_map()) {
		ASSERT_RC(__importer_map(&imp, &map), -EOPNOTSUPP);
		return;
	}
	ASSERT_RC(__importer_map(&imp, &map), 0);
	ASSERT_EQ(map.length, 4 * PAGE);
	ASSERT_EQ(map.nr, 3);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(map.entries[i].address, exp.start + ranges[i].offset);
		ASSERT_EQ(map.entries[i].length, ranges[i].length);
	}
	ASSERT_RC(importer_try_map(&imp), -EBUSY);
	importer_unmap(&imp);
	ASSERT_RC(__importer_ioctl(&imp, IMPORTER_UNMAP), -EINVAL);
	ASSERT_RC(__importer_map(&imp, &map), 0);
	ASSERT_EQ(map.length, 4 * PAGE);
	/* Closing the importer unmaps. */
	importer_close(&imp);
	vdev_set_memory(exp.vdev, false);
}

/* Two devices below the same bridge. */
TEST_OVER(neighbour, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_SHARED1);
	struct importer imp;
	struct exporter exp;

	exporter_open(&exp, TESTDEV_SHARED0, backend);
	ASSERT_RC(__importer_open(&imp, exp.dmabuf, bdf, 0), 0);
	importer_map_once(&imp, &exp);
}

TEST_OVER(attach_rules, BACKENDS_ALL)
{
	struct importer imp;
	struct exporter exp;

	exporter_open(&exp, TESTDEV_NVME, backend);
	ASSERT_RC(importer_try_open(exp.dmabuf, exp.bdf, 0), 0);
	ASSERT_RC(importer_try_open(exp.dmabuf, exp.bdf, IMPORTER_STATIC),
		  -EOPNOTSUPP);
	ASSERT_RC(importer_try_open(exp.dmabuf, exp.bdf, IMPORTER_NO_P2P),
		  -EOPNOTSUPP);
	if (sys_kernel_has(CHANGE_DMABUF_NOTIFY))
		ASSERT_RC(importer_try_open(exp.dmabuf, exp.bdf,
					    IMPORTER_NO_NOTIFY),
			  -EOPNOTSUPP);

	importer_open(&imp, &exp);
	vdev_set_memory(exp.vdev, false);
	ASSERT_RC(importer_try_open(exp.dmabuf, exp.bdf, 0), -ENODEV);
	ASSERT_RC(importer_try_open(exp.dmabuf, exp.bdf, IMPORTER_STATIC),
		  -EOPNOTSUPP);
	ASSERT_RC(importer_try_map(&imp), -ENODEV);
	exp.dmabuf = vdev_dmabuf(exp.vdev, BAR0, 0, PAGE);
	ASSERT_RC(importer_try_open(exp.dmabuf, exp.bdf, 0), -ENODEV);
	vdev_set_memory(exp.vdev, true);
	ASSERT_RC(importer_try_open(exp.dmabuf, exp.bdf, 0), 0);
	importer_map_once(&imp, &exp);
	/* Disabling memory notifies the importer, enabling it does not. */
	ASSERT_EQ(sys_eventfd_take(imp.event), 1);
}

/* A dma-buf stays revoked if its device is bound and opened again. */
TEST_OVER(outlives_the_device, BACKENDS_ALL)
{
	struct importer imp, next;
	struct exporter exp;
	int old;

	exporter_open(&exp, TESTDEV_NVME, backend);
	old = exp.dmabuf;
	importer_open(&imp, &exp);
	ASSERT_RC(__importer_ioctl(&imp, IMPORTER_PIN), 0);
	importer_map_once(&imp, &exp);
	vdev_close_with_space(exp.vdev);
	ASSERT_EQ(sys_eventfd_take(imp.event), 1);
	ASSERT_RC(importer_try_map(&imp), -ENODEV);
	pci_unbind(exp.bdf);
	ASSERT_RC(importer_try_map(&imp), -ENODEV);
	ASSERT_RC(importer_try_open(old, exp.bdf, 0), -ENODEV);

	exporter_open(&exp, TESTDEV_NVME, backend);
	ASSERT_RC(importer_try_map(&imp), -ENODEV);
	ASSERT_RC(importer_try_open(old, exp.bdf, 0), -ENODEV);
	importer_open(&next, &exp);
	importer_map_once(&next, &exp);
	ASSERT_RC(__importer_ioctl(&imp, IMPORTER_UNPIN), 0);
	importer_close(&imp);
	sys_close(old);
	importer_map_once(&next, &exp);
}

#define TOGGLE_ROUNDS 200

static void *toggle_memory(void *arg)
{
	struct vdev *vdev = arg;
	unsigned int i;

	for (i = 0; i < TOGGLE_ROUNDS; i++) {
		vdev_set_memory(vdev, false);
		vdev_set_memory(vdev, true);
	}
	return NULL;
}

/* A race with disabling memory never leaves the page mapped. */
TEST_OVER(map_against_disable, BACKENDS_ALL)
{
	unsigned int maps = 0, revoked = 0;
	struct importer imp;
	struct exporter exp;
	pthread_t thread;
	int ret;

	exporter_open(&exp, TESTDEV_NVME, backend);
	importer_open_with(&imp, &exp, IMPORTER_AT_ONCE);
	ASSERT(!pthread_create(&thread, NULL, toggle_memory, exp.vdev));
	while (pthread_tryjoin_np(thread, NULL)) {
		ret = importer_try_map(&imp);
		if (ret) {
			if (ret != -ENODEV)
				ASSERT_RC(ret,
					  importer_can_map() ? 0 : -EOPNOTSUPP);
			continue;
		}
		maps++;
		ret = __importer_ioctl(&imp, IMPORTER_UNMAP);
		if (ret)
			ASSERT_RC(ret, -EINVAL);
		revoked += ret != 0;
	}
	test_note("%u of %u maps were revoked", revoked, maps);
	ASSERT_EQ(sys_eventfd_take(imp.event), TOGGLE_ROUNDS);
	importer_map_once(&imp, &exp);
	vdev_set_memory(exp.vdev, false);
	ASSERT_RC(importer_try_map(&imp), -ENODEV);
}
