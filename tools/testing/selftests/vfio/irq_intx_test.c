// SPDX-License-Identifier: GPL-2.0-only
/* INTx by eventfd: masking by every means, and the INTx disable bit. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edu.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IRQ_INTX VFIO_PCI_INTX_IRQ_INDEX
#define IRQ_MSI VFIO_PCI_MSI_IRQ_INDEX
#define DATA_BOOL VFIO_IRQ_SET_DATA_BOOL
#define DATA_EVENTFD VFIO_IRQ_SET_DATA_EVENTFD
#define ACTION_TRIGGER VFIO_IRQ_SET_ACTION_TRIGGER
#define ACTION_MASK VFIO_IRQ_SET_ACTION_MASK
#define ACTION_UNMASK VFIO_IRQ_SET_ACTION_UNMASK
/* Power state in the PM control register */
#define PM_D3HOT 3
/* A descriptor that is not open */
#define BAD_FD 9999

TEST_OVER(intx, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();
	unsigned int i;

	vdev_irq_enable(edu->vdev, IRQ_INTX, 0, &event, 1);
	for (i = 1; i <= 8; i++) {
		edu_raise(edu, i);
		sys_eventfd_wait(event);
		ASSERT_EQ(sys_eventfd_take(event), 1);
		edu_ack(edu, i);
		vdev_intx_unmask(edu->vdev);
	}
	ASSERT_EQ(sys_eventfd_take(event), 0);
	vdev_irq_disable(edu->vdev, IRQ_INTX);
	edu_close_with_space(edu);
}

static int intx_set_eventfd(struct vdev *vdev, unsigned int action, int fd)
{
	return __vdev_set_irqs(vdev, DATA_EVENTFD | action, IRQ_INTX, 0, 1, &fd,
			       sizeof(fd));
}

/* Raise INTx while it is masked or disabled: it is not signaled. */
static void raise_while_masked(struct edu *edu, int event, __u32 bits)
{
	edu_raise(edu, bits);
	ASSERT_EQ(edu_irq_status(edu), bits);
	ASSERT_EQ(sys_eventfd_take(event), 0);
}

/* INTx is masked when it fires, and fires on unmask if it is asserted. */
TEST_OVER(intx_masks_itself, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();

	vdev_irq_enable(edu->vdev, IRQ_INTX, 0, &event, 1);
	edu_raise(edu, 1);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	edu_ack(edu, 1);
	raise_while_masked(edu, event, 2);
	vdev_intx_unmask(edu->vdev);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	edu_ack(edu, 2);
	vdev_intx_unmask(edu->vdev);

	/* User space can mask it, too. */
	vdev_intx_mask(edu->vdev);
	raise_while_masked(edu, event, 4);
	vdev_intx_unmask(edu->vdev);
	sys_eventfd_wait(event);
	edu_ack(edu, 4);
	edu_close_with_space(edu);
}

/* An eventfd unmasks INTx, as KVM signals it at the end of an interrupt. */
TEST_OVER(intx_unmask_by_eventfd, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();
	int resample = sys_eventfd();
	uint64_t one = 1;
	unsigned int i;

	vdev_irq_enable(edu->vdev, IRQ_INTX, 0, &event, 1);
	ASSERT_RC(intx_set_eventfd(edu->vdev, ACTION_UNMASK, resample), 0);
	for (i = 0; i < 8; i++) {
		edu_raise(edu, 1);
		sys_eventfd_wait(event);
		ASSERT_EQ(sys_eventfd_take(event), 1);
		edu_ack(edu, 1);
		ASSERT(write(resample, &one, sizeof(one)) == sizeof(one));
	}
	vdev_irq_disable(edu->vdev, IRQ_INTX);
	edu_close_with_space(edu);
}

/* INTx that is still asserted on unmask is signaled again at once. */
TEST_OVER(intx_unmask_while_asserted, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();
	int resample = sys_eventfd();
	const uint64_t one = 1;
	unsigned int i;

	vdev_irq_enable(edu->vdev, IRQ_INTX, 0, &event, 1);
	ASSERT_RC(intx_set_eventfd(edu->vdev, ACTION_UNMASK, resample), 0);
	edu_raise(edu, 1);
	for (i = 0; i < 8; i++) {
		sys_eventfd_wait(event);
		ASSERT_EQ(sys_eventfd_take(event), 1);
		ASSERT(write(resample, &one, sizeof(one)) == sizeof(one));
	}
	sys_eventfd_wait(event);
	edu_ack(edu, 1);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	ASSERT(write(resample, &one, sizeof(one)) == sizeof(one));
	edu_raise(edu, 2);
	sys_eventfd_wait(event);
	edu_ack(edu, 2);
	edu_close_with_space(edu);
}

/* An eventfd masks INTx until it is removed. */
TEST_OVER(intx_mask_by_eventfd, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();
	int masker = sys_eventfd();
	const uint64_t one = 1;

	ASSERT_RC(intx_set_eventfd(edu->vdev, ACTION_MASK, masker), -EINVAL);
	vdev_irq_enable(edu->vdev, IRQ_INTX, 0, &event, 1);
	ASSERT_RC(intx_set_eventfd(edu->vdev, ACTION_MASK, BAD_FD), -EBADF);
	ASSERT_RC(intx_set_eventfd(edu->vdev, ACTION_MASK, masker), 0);
	ASSERT_RC(intx_set_eventfd(edu->vdev, ACTION_MASK, masker), -EBUSY);

	ASSERT(write(masker, &one, sizeof(one)) == sizeof(one));
	raise_while_masked(edu, event, 1);
	vdev_intx_unmask(edu->vdev);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	edu_ack(edu, 1);
	vdev_intx_unmask(edu->vdev);

	ASSERT_RC(intx_set_eventfd(edu->vdev, ACTION_MASK, -1), 0);
	ASSERT(write(masker, &one, sizeof(one)) == sizeof(one));
	edu_raise(edu, 2);
	sys_eventfd_wait(event);
	edu_ack(edu, 2);
	/* Disabling INTx removes the eventfd. */
	ASSERT_RC(intx_set_eventfd(edu->vdev, ACTION_MASK, masker), 0);
	vdev_irq_disable(edu->vdev, IRQ_INTX);
	edu_close_with_space(edu);
}

/* A byte of 1 masks or unmasks, a byte of 0 does nothing. */
TEST_OVER(intx_mask_by_bool, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();
	__u8 which = 0;

	vdev_irq_enable(edu->vdev, IRQ_INTX, 0, &event, 1);
	ASSERT_RC(__vdev_set_irqs(edu->vdev, DATA_BOOL | ACTION_MASK, IRQ_INTX,
				  0, 1, &which, 1),
		  0);
	edu_raise(edu, 1);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	edu_ack(edu, 1);
	edu_raise(edu, 2);
	ASSERT_RC(__vdev_set_irqs(edu->vdev, DATA_BOOL | ACTION_UNMASK,
				  IRQ_INTX, 0, 1, &which, 1),
		  0);
	ASSERT_EQ(edu_irq_status(edu), 2);
	ASSERT_EQ(sys_eventfd_take(event), 0);
	which = 1;
	ASSERT_RC(__vdev_set_irqs(edu->vdev, DATA_BOOL | ACTION_UNMASK,
				  IRQ_INTX, 0, 1, &which, 1),
		  0);
	sys_eventfd_wait(event);
	edu_ack(edu, 2);
	vdev_intx_unmask(edu->vdev);
	ASSERT_EQ(sys_eventfd_take(event), 1);

	ASSERT_RC(__vdev_set_irqs(edu->vdev, DATA_BOOL | ACTION_MASK, IRQ_INTX,
				  0, 1, &which, 1),
		  0);
	raise_while_masked(edu, event, 4);
	edu_close_with_space(edu);
}

/* There is one eventfd for unmasking at a time, and it can be removed. */
TEST_OVER(intx_unmask_by_one, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();

	/* INTx can be enabled without an eventfd to signal. */
	ASSERT_RC(intx_set_eventfd(vdev, ACTION_TRIGGER, -1), 0);
	ASSERT_RC(intx_set_eventfd(vdev, ACTION_UNMASK, event), 0);
	ASSERT_RC(intx_set_eventfd(vdev, ACTION_UNMASK, event), -EBUSY);
	ASSERT_RC(intx_set_eventfd(vdev, ACTION_UNMASK, -1), 0);
	ASSERT_RC(intx_set_eventfd(vdev, ACTION_UNMASK, event), 0);
	vdev_irq_disable(vdev, IRQ_INTX);
	ASSERT_RC(intx_set_eventfd(vdev, ACTION_TRIGGER, -2), 0);
	vdev_irq_disable(vdev, IRQ_INTX);
}

/* A guest that polls disables INTx in the command register. */
TEST_OVER(intx_disabled_by_command, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	struct vdev *vdev = edu->vdev;
	__u32 command = vdev_cfg_read(vdev, PCI_COMMAND, 2);
	int event = sys_eventfd();

	ASSERT(!(command & PCI_COMMAND_INTX_DISABLE));
	vdev_irq_enable(vdev, IRQ_INTX, 0, &event, 1);
	vdev_cfg_write(vdev, PCI_COMMAND, 2,
		       command | PCI_COMMAND_INTX_DISABLE);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_COMMAND, 2),
		  command | PCI_COMMAND_INTX_DISABLE);
	edu_raise(edu, 1);
	ASSERT_EQ(edu_irq_status(edu), 1);
	/* Unmasking does not undo the disable bit. */
	vdev_intx_unmask(vdev);
	ASSERT_EQ(edu_irq_status(edu), 1);
	ASSERT_EQ(sys_eventfd_take(event), 0);
	/* A write of the upper byte has the same effect. */
	vdev_cfg_write(vdev, PCI_COMMAND + 1, 1, command >> 8);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_COMMAND, 2), command);
	edu_ack(edu, 1);
	vdev_intx_unmask(vdev);

	/* The bit takes effect also if it is set before INTx is enabled. */
	vdev_irq_disable(vdev, IRQ_INTX);
	vdev_cfg_write(vdev, PCI_COMMAND, 2,
		       command | PCI_COMMAND_INTX_DISABLE);
	vdev_irq_enable(vdev, IRQ_INTX, 0, &event, 1);
	raise_while_masked(edu, event, 2);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, command);
	sys_eventfd_wait(event);
	edu_ack(edu, 2);
}

/** struct intx_run - a test of INTx that runs in a child */
struct intx_run {
	/** @test: the test */
	void (*test)(enum backend backend);
	/** @backend: how the device is reached */
	enum backend backend;
};

static void intx_run_test(void *arg)
{
	const struct intx_run *run = arg;

	run->test(run->backend);
}

/* Check if the interrupt line can be requested exclusively. */
static bool is_line_exclusive(const char *bdf, enum backend backend)
{
	struct vdev *vdev = vdev_open(bdf, backend);
	int event = sys_eventfd();
	int ret = __vdev_irq_enable(vdev, IRQ_INTX, 0, &event, 1);

	vdev_close_with_space(vdev);
	return !ret;
}

static void bind_with_nointxmask(const char *bdf, const char *value)
{
	ASSERT_RC(__sys_write_file("/sys/module/vfio_pci/parameters/nointxmask",
				   value),
		  0);
	pci_unbind(bdf);
	pci_bind(bdf);
}

/* The same tests with INTx masked at the interrupt controller. */
TEST_OVER(intx_without_disable_bit, BACKENDS_ALL)
{
	static void (*const tests[])(enum backend backend) = {
		intx,
		intx_masks_itself,
		intx_unmask_by_eventfd,
		intx_mask_by_eventfd,
		intx_mask_by_bool,
		intx_unmask_while_asserted,
		intx_disabled_by_command,
	};
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct intx_run run = { .backend = backend };
	unsigned int bad = 0;
	bool exclusive;
	size_t i;

	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	bind_with_nointxmask(bdf, "Y");
	exclusive = is_line_exclusive(bdf, backend);
	for (i = 0; exclusive && i < ARRAY_SIZE(tests); i++) {
		int status;

		run.test = tests[i];
		ASSERT(waitpid(child_start(intx_run_test, &run), &status, 0) >
		       0);
		bad |= (status != 0) << i;
	}
	bind_with_nointxmask(bdf, "N");
	if (!exclusive)
		SKIP("the interrupt line is shared");
	ASSERT_EQ(bad, 0);
}

static bool is_intx_disabled(const char *bdf)
{
	return pci_read_config(bdf, PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE;
}

/*
 * The PCI core clears the INTx disable bit when MSI is disabled. The value that
 * user space has set is kept.
 */
TEST_OVER(intx_after_msi, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	__u32 command = vdev_cfg_read(vdev, PCI_COMMAND, 2);
	int event = sys_eventfd();

	vdev_cfg_write(vdev, PCI_COMMAND, 2,
		       command | PCI_COMMAND_INTX_DISABLE);
	vdev_irq_enable(vdev, IRQ_MSI, 0, &event, 1);
	vdev_irq_disable(vdev, IRQ_MSI);
	ASSERT(is_intx_disabled(vdev->bdf));
	vdev_cfg_write(vdev, PCI_COMMAND, 2, command);
	ASSERT(!is_intx_disabled(vdev->bdf));
	vdev_irq_enable(vdev, IRQ_MSI, 0, &event, 1);
	ASSERT(is_intx_disabled(vdev->bdf));
	vdev_irq_disable(vdev, IRQ_MSI);
	ASSERT(!is_intx_disabled(vdev->bdf));
}

/* Registers of e1000e: interrupt cause set, interrupt mask set */
#define E1000E_ICS 0xc8
#define E1000E_IMS 0xd0
#define E1000E_LINK_CHANGE 4

/*
 * The transition to D0 restores config space. It does not restore a mask that
 * was cleared in D3hot.
 */
TEST_OVER(intx_unmasked_in_d3hot, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	unsigned int ctrl = vdev_cfg_cap(vdev, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	int event = sys_eventfd();
	__u32 cause = E1000E_LINK_CHANGE;

	vdev_enable(vdev, false);
	vdev_irq_enable(vdev, IRQ_INTX, 0, &event, 1);
	vdev_intx_mask(vdev);
	vdev_cfg_write(vdev, ctrl, 2, PM_D3HOT);
	vdev_intx_unmask(vdev);
	vdev_cfg_write(vdev, ctrl, 2, 0);
	vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, E1000E_IMS, &cause, 4);
	vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, E1000E_ICS, &cause, 4);
	sys_eventfd_wait(event);
}
