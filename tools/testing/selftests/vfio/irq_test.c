// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts by eventfd: MSI, MSI-X, the error and request interrupts, and the
 * rules of VFIO_DEVICE_SET_IRQS. irq_intx_test has the masking of INTx.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>

#include "edu.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IRQ_INTX VFIO_PCI_INTX_IRQ_INDEX
#define IRQ_MSI VFIO_PCI_MSI_IRQ_INDEX
#define IRQ_MSIX VFIO_PCI_MSIX_IRQ_INDEX
#define DATA_NONE VFIO_IRQ_SET_DATA_NONE
#define DATA_BOOL VFIO_IRQ_SET_DATA_BOOL
#define DATA_EVENTFD VFIO_IRQ_SET_DATA_EVENTFD
#define ACTION_TRIGGER VFIO_IRQ_SET_ACTION_TRIGGER
#define ACTION_MASK VFIO_IRQ_SET_ACTION_MASK
#define ACTION_UNMASK VFIO_IRQ_SET_ACTION_UNMASK
/* Power state in the PM control register */
#define PM_D3HOT 3
/* A descriptor that is not open */
#define BAD_FD 9999
/* The size of the window for messages, as a mask */
#define MSI_ADDR_MASK 0xfff00000U
#define MSI_QSIZE_SHIFT 4

TEST_OVER(msi, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();
	int other = sys_eventfd();
	unsigned int i;

	vdev_irq_enable(edu->vdev, IRQ_MSI, 0, &event, 1);
	for (i = 1; i <= 8; i++) {
		edu_raise(edu, i);
		sys_eventfd_wait(event);
		ASSERT_EQ(sys_eventfd_take(event), 1);
		ASSERT_EQ(edu_irq_status(edu), i);
		edu_ack(edu, i);
	}
	/* A new eventfd replaces the previous one. */
	vdev_irq_enable(edu->vdev, IRQ_MSI, 0, &other, 1);
	edu_raise(edu, 1);
	sys_eventfd_wait(other);
	ASSERT_EQ(sys_eventfd_take(event), 0);
	vdev_irq_disable(edu->vdev, IRQ_MSI);
	edu_close_with_space(edu);
}

/*
 * The MSI-X table is out of reach in D3hot. Enabling the vectors writes it all
 * the same, and the device is back in D3hot afterwards.
 */
TEST_OVER(msix_in_d3hot, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	unsigned int ctrl = vdev_cfg_cap(vdev, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	unsigned int msix = vdev_cfg_cap(vdev, PCI_CAP_ID_MSIX);
	__u32 table = vdev_cfg_read(vdev, msix + PCI_MSIX_TABLE, 4);
	int events[2] = { sys_eventfd(), sys_eventfd() };
	volatile char *regs;
	unsigned int i;

	ASSERT(ctrl > PCI_PM_CTRL);
	vdev_enable(vdev, false);
	regs = vdev_mmap(vdev, table & PCI_MSIX_TABLE_BIR, NULL);
	regs += table & PCI_MSIX_TABLE_OFFSET;
	vdev_cfg_write(vdev, ctrl, 2, PM_D3HOT);
	vdev_irq_enable(vdev, IRQ_MSIX, 0, events, 2);
	ASSERT_EQ(vdev_cfg_read(vdev, ctrl, 2) & PCI_PM_CTRL_STATE_MASK,
		  PM_D3HOT);
	vdev_cfg_write(vdev, ctrl, 2, 0);
	for (i = 0; i < 2; i++) {
		const volatile char *entry = regs + i * PCI_MSIX_ENTRY_SIZE;

		ASSERT_EQ(mmio_read32(entry, PCI_MSIX_ENTRY_LOWER_ADDR) &
				  MSI_ADDR_MASK,
			  pci_msi_window(vdev->bdf).first);
		ASSERT_EQ(mmio_read32(entry, PCI_MSIX_ENTRY_VECTOR_CTRL) &
				  PCI_MSIX_ENTRY_CTRL_MASKBIT,
			  0);
	}
	vdev_cfg_write(vdev, ctrl, 2, PM_D3HOT);
	vdev_irq_disable(vdev, IRQ_MSIX);
	ASSERT_EQ(vdev_cfg_read(vdev, ctrl, 2) & PCI_PM_CTRL_STATE_MASK,
		  PM_D3HOT);
}

/* User space can trigger an interrupt without the device. */
static void check_loopback(struct vdev *vdev, unsigned int index)
{
	int event = sys_eventfd();
	__u8 no = 0;
	__u8 yes = 1;

	ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_TRIGGER, index, 0, 1,
				  NULL, 0),
		  -EINVAL);
	vdev_irq_enable(vdev, index, 0, &event, 1);
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_TRIGGER, index, 0, 1,
				  NULL, 0),
		  0);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_BOOL | ACTION_TRIGGER, index, 0, 1,
				  &no, 1),
		  0);
	ASSERT_EQ(sys_eventfd_take(event), 0);
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_BOOL | ACTION_TRIGGER, index, 0, 1,
				  &yes, 1),
		  0);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	vdev_irq_disable(vdev, index);
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_TRIGGER, index, 0, 1,
				  NULL, 0),
		  -EINVAL);
}

TEST_OVER(loopback_all_kinds, BACKENDS_ALL)
{
	const char *nvme = pci_need(TESTDEV_NVME);
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);

	check_loopback(vdev, IRQ_INTX);
	check_loopback(vdev, IRQ_MSI);
	vdev_close_with_space(vdev);
	vdev = vdev_open(nvme, backend);
	check_loopback(vdev, IRQ_MSIX);
	check_loopback(vdev, IRQ_INTX);
	vdev_close_with_space(vdev);
}

/* The kinds of interrupts exclude each other. */
TEST_OVER(kinds_exclude_each_other, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();

	vdev_irq_enable(vdev, IRQ_INTX, 0, &event, 1);
	ASSERT_RC(__vdev_irq_enable(vdev, IRQ_MSI, 0, &event, 1), -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_TRIGGER, IRQ_MSI, 0,
				  0, NULL, 0),
		  -EINVAL);
	vdev_irq_disable(vdev, IRQ_INTX);
	vdev_irq_enable(vdev, IRQ_MSI, 0, &event, 1);
	ASSERT_RC(__vdev_irq_enable(vdev, IRQ_INTX, 0, &event, 1), -EINVAL);
	vdev_irq_disable(vdev, IRQ_MSI);
	vdev_irq_enable(vdev, IRQ_INTX, 0, &event, 1);
}

/* Return log2 of the number of vectors that are enabled in the function. */
static unsigned int msi_num_vectors_log2(struct vdev *vdev)
{
	unsigned int flags = vdev_cfg_cap(vdev, PCI_CAP_ID_MSI) + PCI_MSI_FLAGS;

	return (pci_read_config(vdev->bdf, flags, 2) & PCI_MSI_FLAGS_QSIZE) >>
	       MSI_QSIZE_SHIFT;
}

/*
 * The platform decides how many vectors there are. The ITS of Arm has as many for a
 * device as the first request was for.
 */
static void msi_enable_many(struct vdev *vdev, int *events, unsigned int nr)
{
	int ret = __vdev_irq_enable(vdev, IRQ_MSI, 0, events, nr);

	if (ret > 0)
		SKIP("no more than %d of %u vectors of MSI", ret, nr);
	ASSERT_RC(ret, 0);
}

TEST_OVER(msi_vectors_are_apart, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_XHCI), backend);
	unsigned int flags = vdev_cfg_cap(vdev, PCI_CAP_ID_MSI) + PCI_MSI_FLAGS;
	struct vfio_irq_info info;
	__u8 which[4] = { 0, 1, 0, 1 };
	int none = -1;
	int events[17];
	__u32 value;
	unsigned int i;

	vdev_irq_info(vdev, IRQ_MSI, &info);
	ASSERT_EQ(info.count, 16);
	ASSERT_EQ(info.flags, VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE);
	for (i = 0; i < ARRAY_SIZE(events); i++)
		events[i] = sys_eventfd();
	ASSERT_RC(__vdev_irq_enable(vdev, IRQ_MSI, 0, events, 17), -EINVAL);
	msi_enable_many(vdev, events, 4);
	ASSERT_EQ(msi_num_vectors_log2(vdev), 2);
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_BOOL | ACTION_TRIGGER, IRQ_MSI, 0,
				  4, which, 4),
		  0);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(sys_eventfd_take(events[i]), which[i]);

	/* The set of vectors is fixed: one can be disabled, but none added. */
	ASSERT_RC(__vdev_irq_enable(vdev, IRQ_MSI, 4, &events[4], 1), -EINVAL);
	ASSERT_RC(__vdev_irq_enable(vdev, IRQ_MSI, 1, &none, 1), 0);
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_TRIGGER, IRQ_MSI, 0,
				  4, NULL, 0),
		  0);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(sys_eventfd_take(events[i]), i != 1);

	/* A guest can use fewer vectors than there are, but not more. */
	value = vdev_cfg_read(vdev, flags, 2) & ~PCI_MSI_FLAGS_QSIZE;
	vdev_cfg_write(vdev, flags, 2, value | 1 << MSI_QSIZE_SHIFT);
	ASSERT_EQ(msi_num_vectors_log2(vdev), 1);
	vdev_cfg_write(vdev, flags, 2, value | 4 << MSI_QSIZE_SHIFT);
	ASSERT_EQ(msi_num_vectors_log2(vdev), 2);
	vdev_irq_disable(vdev, IRQ_MSI);

	/* Three vectors are allocated as four, the fourth cannot be used. */
	msi_enable_many(vdev, events, 3);
	ASSERT_RC(__vdev_irq_enable(vdev, IRQ_MSI, 3, &events[3], 1), -EINVAL);
	vdev_irq_disable(vdev, IRQ_MSI);
	msi_enable_many(vdev, events, 16);
	ASSERT_EQ(msi_num_vectors_log2(vdev), 4);
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_TRIGGER, IRQ_MSI, 15,
				  1, NULL, 0),
		  0);
	for (i = 0; i < 16; i++)
		ASSERT_EQ(sys_eventfd_take(events[i]), i == 15);
}

TEST_OVER(msix_vectors_are_apart, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	int none = -1;
	int events[4];
	unsigned int i;
	unsigned int j;

	for (i = 0; i < 4; i++)
		events[i] = sys_eventfd();
	vdev_irq_enable(vdev, IRQ_MSIX, 0, events, 4);
	for (i = 0; i < 4; i++) {
		ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_TRIGGER,
					  IRQ_MSIX, i, 1, NULL, 0),
			  0);
		for (j = 0; j < 4; j++)
			ASSERT_EQ(sys_eventfd_take(events[j]), i == j);
	}
	/* -1 disables one vector, the others remain enabled. */
	ASSERT_RC(__vdev_irq_enable(vdev, IRQ_MSIX, 1, &none, 1), 0);
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_TRIGGER, IRQ_MSIX, 0,
				  4, NULL, 0),
		  0);
	for (j = 0; j < 4; j++)
		ASSERT_EQ(sys_eventfd_take(events[j]), j != 1);
	vdev_irq_enable(vdev, IRQ_MSIX, 1, &events[1], 1);
	vdev_irq_disable(vdev, IRQ_MSIX);
}

/* A vector can be added after others were enabled. */
TEST_OVER(msix_grows, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	struct vfio_irq_info info;
	int event = sys_eventfd();
	int late = sys_eventfd();

	vdev_irq_info(vdev, IRQ_MSIX, &info);
	if (info.flags & VFIO_IRQ_INFO_NORESIZE)
		SKIP("vectors of this device cannot be added");
	vdev_irq_enable(vdev, IRQ_MSIX, 0, &event, 1);
	vdev_irq_enable(vdev, IRQ_MSIX, info.count - 1, &late, 1);
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_TRIGGER, IRQ_MSIX,
				  info.count - 1, 1, NULL, 0),
		  0);
	ASSERT_EQ(sys_eventfd_take(late), 1);
	ASSERT_EQ(sys_eventfd_take(event), 0);
	vdev_irq_disable(vdev, IRQ_MSIX);
}

TEST_OVER(request_and_error, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	unsigned int indices[] = { VFIO_PCI_REQ_IRQ_INDEX,
				   VFIO_PCI_ERR_IRQ_INDEX };
	int event = sys_eventfd();
	int none = -1;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		unsigned int index = indices[i];

		ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_TRIGGER,
					  index, 0, 1, NULL, 0),
			  -EINVAL);
		vdev_irq_enable(vdev, index, 0, &event, 1);
		ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_TRIGGER,
					  index, 0, 1, NULL, 0),
			  0);
		ASSERT_EQ(sys_eventfd_take(event), 1);
		ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_UNMASK,
					  index, 0, 1, NULL, 0),
			  -ENOTTY);
		ASSERT_RC(__vdev_irq_enable(vdev, index, 0, &none, 1), 0);
	}
}

TEST_OVER(bad_header, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	struct vfio_irq_set set = { .argsz = sizeof(set) - 1,
				    .flags = DATA_NONE | ACTION_TRIGGER };
	__u32 flags = DATA_NONE | ACTION_TRIGGER;
	unsigned int bit;

	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_SET_IRQS, &set), -EINVAL);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_SET_IRQS, BAD_PTR),
		  -EFAULT);
	ASSERT_RC(__vdev_set_irqs(vdev, flags, VFIO_PCI_NUM_IRQS, 0, 1, NULL,
				  0),
		  -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, flags, ~0U, 0, 1, NULL, 0), -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, flags, IRQ_MSI, 1, 1, NULL, 0),
		  -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, flags, IRQ_MSI, 0, 2, NULL, 0),
		  -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, flags, IRQ_MSI, ~0U, 1, NULL, 0),
		  -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, flags, IRQ_MSI, 0, ~0U, NULL, 0),
		  -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, flags, IRQ_MSI, 1, ~0U, NULL, 0),
		  -EINVAL);
	/* edu has no MSI-X. */
	ASSERT_RC(__vdev_set_irqs(vdev, flags, IRQ_MSIX, 0, 1, NULL, 0),
		  -EINVAL);
	for (bit = 6; bit < 32; bit++)
		ASSERT_RC(__vdev_set_irqs(vdev, flags | 1U << bit, IRQ_MSI, 0,
					  1, NULL, 0),
			  -EINVAL);
	/* Exactly one kind of data and one action are required. */
	ASSERT_RC(__vdev_set_irqs(vdev, ACTION_TRIGGER, IRQ_MSI, 0, 1, NULL, 0),
		  -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | DATA_BOOL | ACTION_TRIGGER,
				  IRQ_MSI, 0, 1, NULL, 0),
		  -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE, IRQ_MSI, 0, 1, NULL, 0),
		  -ENOTTY);
	ASSERT_RC(__vdev_set_irqs(vdev,
				  DATA_NONE | ACTION_TRIGGER | ACTION_MASK,
				  IRQ_MSI, 0, 1, NULL, 0),
		  -ENOTTY);
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_MASK, IRQ_MSI, 0, 1,
				  NULL, 0),
		  -ENOTTY);
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_UNMASK, IRQ_MSI, 0,
				  1, NULL, 0),
		  -ENOTTY);
	/* INTx is not enabled, so it cannot be masked. */
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_MASK, IRQ_INTX, 0, 1,
				  NULL, 0),
		  -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, DATA_NONE | ACTION_UNMASK, IRQ_INTX, 0,
				  1, NULL, 0),
		  -EINVAL);
}

TEST_OVER(bad_data, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	int null = sys_open("/dev/null", O_RDWR);
	unsigned int indices[] = { IRQ_INTX, IRQ_MSI };
	int event = sys_eventfd();
	int none = -1;
	int bad = BAD_FD;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		unsigned int index = indices[i];

		ASSERT_RC(__vdev_set_irqs(vdev, DATA_EVENTFD | ACTION_TRIGGER,
					  index, 0, 1, &event,
					  sizeof(event) - 1),
			  -EINVAL);
		ASSERT_RC(__vdev_set_irqs(vdev, DATA_EVENTFD | ACTION_TRIGGER,
					  index, 0, 1, NULL, 0),
			  -EINVAL);
		ASSERT_RC(__vdev_irq_enable(vdev, index, 0, &bad, 1), -EBADF);
		ASSERT_RC(__vdev_irq_enable(vdev, index, 0, &null, 1), -EINVAL);
		ASSERT_RC(__vdev_irq_enable(vdev, index, 0, &vdev->fd, 1),
			  -EINVAL);
		/* None of these has enabled the interrupt. */
		vdev_irq_enable(vdev, index, 0, &event, 1);
		ASSERT_RC(__vdev_irq_enable(vdev, index, 0, &bad, 1), -EBADF);
		ASSERT_RC(__vdev_irq_enable(vdev, index, 0, &none, 1), 0);
		vdev_irq_disable(vdev, index);
	}
}

/* Enough rounds to notice a leak of vectors or of eventfds. */
TEST_OVER(many_rounds, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	unsigned int indices[] = { IRQ_MSI, IRQ_INTX };
	unsigned int i;

	for (i = 0; i < 300; i++) {
		unsigned int index = indices[i % 2];
		int event = sys_eventfd();

		vdev_irq_enable(edu->vdev, index, 0, &event, 1);
		edu_raise(edu, 1);
		sys_eventfd_wait(event);
		edu_ack(edu, 1);
		/* The eventfd may be closed while the interrupt is enabled. */
		sys_close(event);
		edu_raise(edu, 1);
		edu_ack(edu, 1);
		vdev_irq_disable(edu->vdev, index);
	}
	edu_close_with_space(edu);
}

/* The device is closed while its interrupt is enabled, and fires. */
TEST_OVER(close_while_armed, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	unsigned int indices[] = { IRQ_MSI, IRQ_INTX };
	unsigned int i;

	for (i = 0; i < 8; i++) {
		struct edu *edu = edu_open(bdf, backend);
		int event = sys_eventfd();

		vdev_irq_enable(edu->vdev, indices[i % 2], 0, &event, 1);
		edu_raise(edu, 1);
		edu_close_with_space(edu);
		sys_close(event);
	}
}
