// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of a device that moves between domains while they are enabled. If the
 * IOMMU translates the messages (an SMMU), their doorbell has to move along.
 */
#include <errno.h>

#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IRQ_MSI VFIO_PCI_MSI_IRQ_INDEX
/* The window of x86 is one of the hardware, in which no domain maps anything. */
#define MSI_HARDWARE 0xfee00000ULL
/* As many domains may have allocated interrupts that are still in use. */
#define NR_HOMES 16

static void check_interrupt(struct edu *edu, int event)
{
	edu_raise(edu, 1);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	edu_ack(edu, 1);
}

static void attach(struct edu *edu, __u32 pt)
{
	ASSERT_RC(__cdev_attach(edu->vdev->fd, pt, NULL), 0);
}

TEST(replace)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	int event = sys_eventfd();
	__u32 other = ioas_alloc(space->fd);
	unsigned int i;

	vdev_irq_enable(edu->vdev, IRQ_MSI, 0, &event, 1);
	check_interrupt(edu, event);
	for (i = 0; i < 3; i++) {
		attach(edu, other);
		check_interrupt(edu, event);
		attach(edu, space->ioas);
		check_interrupt(edu, event);
	}
	/* An eventfd that is set anew composes the message anew. */
	attach(edu, other);
	vdev_irq_enable(edu->vdev, IRQ_MSI, 0, &event, 1);
	check_interrupt(edu, event);
	vdev_irq_disable(edu->vdev, IRQ_MSI);
	vdev_irq_enable(edu->vdev, IRQ_MSI, 0, &event, 1);
	check_interrupt(edu, event);
	edu_close_with_space(edu);
}

TEST(detach_and_attach)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	int event = sys_eventfd();
	__u32 other = ioas_alloc(space->fd);

	vdev_irq_enable(edu->vdev, IRQ_MSI, 0, &event, 1);
	check_interrupt(edu, event);
	ASSERT_RC(__cdev_detach(edu->vdev->fd), 0);
	attach(edu, other);
	check_interrupt(edu, event);
	ASSERT_RC(__cdev_detach(edu->vdev->fd), 0);
	attach(edu, space->ioas);
	check_interrupt(edu, event);
	edu_close_with_space(edu);
}

/* The interrupts outlive the HWPT and the IOAS in which they were allocated. */
TEST(former_domain_is_gone)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct vdev *vdev = edu->vdev;
	int fd = vdev->space->fd;
	int event = sys_eventfd();
	__u32 from = ioas_alloc(fd);
	__u32 hwpt = hwpt_alloc(fd, vdev->id, from);
	unsigned int i;

	attach(edu, hwpt);
	vdev_irq_enable(vdev, IRQ_MSI, 0, &event, 1);
	check_interrupt(edu, event);
	attach(edu, vdev->space->ioas);
	iommufd_destroy(fd, hwpt);
	iommufd_destroy(fd, from);
	check_interrupt(edu, event);
	for (i = 0; i < 2 * NR_HOMES; i++) {
		__u32 ioas = ioas_alloc(fd);

		attach(edu, ioas);
		vdev_irq_enable(vdev, IRQ_MSI, 0, &event, 1);
		check_interrupt(edu, event);
		attach(edu, vdev->space->ioas);
		iommufd_destroy(fd, ioas);
	}
	/* Homes end with the interrupts, too. */
	for (i = 0; i < 2 * NR_HOMES; i++) {
		__u32 ioas = ioas_alloc(fd);

		vdev_irq_disable(vdev, IRQ_MSI);
		attach(edu, ioas);
		vdev_irq_enable(vdev, IRQ_MSI, 0, &event, 1);
		attach(edu, vdev->space->ioas);
		check_interrupt(edu, event);
		iommufd_destroy(fd, ioas);
	}
	edu_close_with_space(edu);
}

/* Two devices whose interrupts were allocated in different domains change places. */
TEST(two_devices)
{
	struct space *space = space_open(BACKEND_IOMMUFD);
	struct edu *first = edu_open_in(space, pci_need(TESTDEV_EDU0));
	struct edu *second = edu_open_in(space, pci_need(TESTDEV_EDU1));
	int events[2] = { sys_eventfd(), sys_eventfd() };
	__u32 other = ioas_alloc(space->fd);

	attach(second, other);
	vdev_irq_enable(first->vdev, IRQ_MSI, 0, &events[0], 1);
	vdev_irq_enable(second->vdev, IRQ_MSI, 0, &events[1], 1);
	attach(first, other);
	check_interrupt(first, events[0]);
	check_interrupt(second, events[1]);
	attach(second, space->ioas);
	check_interrupt(first, events[0]);
	check_interrupt(second, events[1]);
	edu_close(first);
	check_interrupt(second, events[1]);
	edu_close_with_space(second);
}

/* The window stays reserved in an HWPT with a doorbell, without a device. */
TEST(window_stays_reserved)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct pci_window msi = pci_msi_window(edu->vdev->bdf);
	struct vdev *vdev = edu->vdev;
	int fd = vdev->space->fd;
	char *buf = sys_mmap_anon(PAGE);
	int event = sys_eventfd();
	__u32 ioas = ioas_alloc(fd);
	__u32 hwpt = hwpt_alloc(fd, vdev->id, ioas);

	attach(edu, hwpt);
	vdev_irq_enable(vdev, IRQ_MSI, 0, &event, 1);
	check_interrupt(edu, event);
	attach(edu, vdev->space->ioas);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, msi.first, PAGE, DMA_RW),
		  msi.first == MSI_HARDWARE ? 0 : -EINVAL);
	check_interrupt(edu, event);
	edu_close_with_space(edu);
}
