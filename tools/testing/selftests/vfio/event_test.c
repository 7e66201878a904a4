// SPDX-License-Identifier: GPL-2.0-only
/* The trace events of devices, compared with what was done and counted. */
#include <errno.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "ioas.h"
#include "observe.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

/* enum iommufd_refusal_code, whose numbers do not change */
#define REFUSAL_GROUP_OPEN 47
#define REFUSAL_GROUP_CDEV 48
#define REFUSAL_REGION_RANGE 60
#define REFUSAL_NO_RESET 65

/* struct vfio_irq_set.flags */
#define TRIGGER_EVENTFD \
	(VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER)
#define TRIGGER_NONE (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER)
#define MASK_NONE (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK)
#define UNMASK_NONE (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK)

TEST_OVER(revoke_and_restore, BACKENDS_ALL)
{
	static const char *const wanted[] = { "iommufd/iommufd_revoke",
					      "iommufd/iommufd_restore", NULL };
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	struct vfio_region_info info;
	char *events;

	vdev_region(vdev, VFIO_PCI_BAR0_REGION_INDEX, &info);
	vdev_set_memory(vdev, true);
	events_begin(wanted);
	vdev_set_memory(vdev, false);
	vdev_set_memory(vdev, true);
	vdev_set_memory(vdev, true);
	events = events_take();
	events_expect(events, 1,
		      "iommufd_revoke: provider=%s start=%#llx length=%#llx\n",
		      vdev->bdf,
		      pci_bar_start(vdev->bdf, VFIO_PCI_BAR0_REGION_INDEX),
		      (unsigned long long)info.size);
	events_expect(events, 1,
		      "iommufd_restore: provider=%s start=%#llx length=%#llx\n",
		      vdev->bdf,
		      pci_bar_start(vdev->bdf, VFIO_PCI_BAR0_REGION_INDEX),
		      (unsigned long long)info.size);
	events_expect(events, 1, "iommufd_revoke: ");
	events_expect(events, 1, "iommufd_restore: ");
}

TEST_OVER(resets, BACKENDS_ALL)
{
	static const char *const systems[] = { "vfio_pci", NULL };
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_SHARED0), backend);
	struct vdev *nvme = vdev_open(pci_need(TESTDEV_NVME), backend);
	char *events;

	pci_need(TESTDEV_SHARED1);
	events_begin(systems);
	ASSERT_RC(__vdev_hot_reset(vdev), 0);
	ASSERT_RC(__vdev_reset(nvme), 0);
	ASSERT_RC(__vdev_reset(nvme), 0);
	events = events_take();
	events_expect(events, 1, "vfio_pci_hot_reset: device=%s ret=0\n",
		      vdev->bdf);
	events_expect(events, 1, "vfio_pci_hot_reset: ");
	events_expect(events, 2, "vfio_pci_reset: device=%s ret=0\n",
		      nvme->bdf);
	events_expect(events, 2, "vfio_pci_reset: ");
}

static void expect_set_irqs(const char *events, const struct vdev *vdev,
			    unsigned int index, __u32 flags, unsigned int count,
			    int ret)
{
	events_expect(
		events, 1,
		"vfio_pci_set_irqs: device=%s index=%u flags=%#x start=0 count=%u ret=%d\n",
		vdev->bdf, index, flags, count, ret);
}

TEST_OVER(set_irqs, BACKENDS_ALL)
{
	static const char *const wanted[] = { "vfio_pci/vfio_pci_set_irqs",
					      NULL };
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	int fds[2] = { sys_eventfd(), sys_eventfd() };
	char *events;

	events_begin(wanted);
	vdev_irq_enable(vdev, VFIO_PCI_INTX_IRQ_INDEX, 0, fds, 1);
	vdev_intx_mask(vdev);
	vdev_intx_unmask(vdev);
	vdev_irq_disable(vdev, VFIO_PCI_INTX_IRQ_INDEX);
	vdev_irq_enable(vdev, VFIO_PCI_MSIX_IRQ_INDEX, 0, fds, 2);
	/* a request for another kind fails while this one is set up */
	ASSERT_RC(__vdev_irq_enable(vdev, VFIO_PCI_INTX_IRQ_INDEX, 0, fds, 1),
		  -EINVAL);
	vdev_irq_disable(vdev, VFIO_PCI_MSIX_IRQ_INDEX);
	events = events_take();
	expect_set_irqs(events, vdev, VFIO_PCI_INTX_IRQ_INDEX, TRIGGER_EVENTFD,
			1, 0);
	expect_set_irqs(events, vdev, VFIO_PCI_INTX_IRQ_INDEX, MASK_NONE, 1, 0);
	expect_set_irqs(events, vdev, VFIO_PCI_INTX_IRQ_INDEX, UNMASK_NONE, 1,
			0);
	expect_set_irqs(events, vdev, VFIO_PCI_INTX_IRQ_INDEX, TRIGGER_NONE, 0,
			0);
	expect_set_irqs(events, vdev, VFIO_PCI_MSIX_IRQ_INDEX, TRIGGER_EVENTFD,
			2, 0);
	expect_set_irqs(events, vdev, VFIO_PCI_INTX_IRQ_INDEX, TRIGGER_EVENTFD,
			1, -22);
	expect_set_irqs(events, vdev, VFIO_PCI_MSIX_IRQ_INDEX, TRIGGER_NONE, 0,
			0);
	events_expect(events, 7, "vfio_pci_set_irqs: ");
}

TEST(config_writes)
{
	static const char *const wanted[] = { "vfio_pci/vfio_pci_config_write",
					      NULL };
	struct vdev *vdev =
		vdev_open(pci_need(TESTDEV_EDU0), BACKEND_CONTAINER);
	char *events;

	events_begin(wanted);
	vdev_cfg_write(vdev, 0x3c, 1, 0x5a);
	vdev_cfg_write(vdev, 4, 2, 2);
	vdev_cfg_read(vdev, 4, 2);
	events = events_take();
	events_expect(
		events, 1,
		"vfio_pci_config_write: device=%s offset=0x3c size=1 value=0x5a ret=0\n",
		vdev->bdf);
	events_expect(
		events, 1,
		"vfio_pci_config_write: device=%s offset=0x4 size=2 value=0x2 ret=0\n",
		vdev->bdf);
	events_expect(events, 2, "vfio_pci_config_write: ");
}

/* An open is recorded for the group even if no file of it is open. */
TEST(refused_opens)
{
	static const char *const systems[] = { "vfio", NULL };
	const char *bdf = pci_need(TESTDEV_EDU0);
	int iommufd = iommufd_open();
	int cdev = pci_open_cdev(bdf);
	char *events;
	int group;

	ASSERT_RC(__cdev_bind(cdev, iommufd, NULL), 0);
	events_begin(systems);
	ASSERT_RC(__group_open(bdf), -EBUSY);
	sys_close(cdev);
	group = group_open(bdf);
	ASSERT_RC(__group_open(bdf), -EBUSY);
	events = events_take();
	events_expect(
		events, 1,
		"vfio_refused: device=%d op=0x1 error=-16 code=%u text=EBUSY open: 1 devices of group %d are in use by their device nodes\n",
		pci_group(bdf), REFUSAL_GROUP_CDEV, pci_group(bdf));
	events_expect(
		events, 1,
		"vfio_refused: device=%d op=0x1 error=-16 code=%u text=EBUSY open: group %d is open already\n",
		pci_group(bdf), REFUSAL_GROUP_OPEN, pci_group(bdf));
	events_expect(events, 2, "vfio_refused: ");
	events_expect(
		events, 1,
		"vfio_device_close: device=%s interface=cdev open_count=0\n",
		bdf);
	sys_close(group);
}

TEST(refused_calls)
{
	static const char *const systems[] = { "vfio", NULL };
	struct vdev *vdev =
		vdev_open(pci_need(TESTDEV_EDU0), BACKEND_CONTAINER);
	struct vfio_region_info info;
	char byte[4], *events;
	unsigned long long size;

	vdev_region(vdev, VFIO_PCI_BAR0_REGION_INDEX, &info);
	size = info.size;
	vdev_set_memory(vdev, true);
	events_begin(systems);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, size, byte, 4),
		  -EINVAL);
	ASSERT_RC(__vdev_reset(vdev), -EINVAL);
	events = events_take();
	events_expect(
		events, 1,
		"vfio_refused: device=%s op=0x80000002 error=-22 code=%u text=EINVAL read: offset %#llx length 0x4: region 0 of %s has %#llx bytes, 0x4 bytes at %#llx requested\n",
		vdev->bdf, REFUSAL_REGION_RANGE, size, vdev->bdf, size, size);
	events_expect(
		events, 1,
		"vfio_refused: device=%s op=%#x error=-22 code=%u text=EINVAL reset: %s cannot be reset\n",
		vdev->bdf, (unsigned int)VFIO_DEVICE_RESET | 0x80000000U,
		REFUSAL_NO_RESET, vdev->bdf);
	events_expect(events, 2, "vfio_refused: ");
}
