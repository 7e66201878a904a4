// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts by eventfd: INTx, MSI, MSI-X, and the request to give back. */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edu.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define INTX VFIO_PCI_INTX_IRQ_INDEX
#define MSI VFIO_PCI_MSI_IRQ_INDEX
#define MSIX VFIO_PCI_MSIX_IRQ_INDEX
#define NONE VFIO_IRQ_SET_DATA_NONE
#define BOOL VFIO_IRQ_SET_DATA_BOOL
#define EVENTFD VFIO_IRQ_SET_DATA_EVENTFD
#define TRIGGER VFIO_IRQ_SET_ACTION_TRIGGER
#define MASK VFIO_IRQ_SET_ACTION_MASK
#define UNMASK VFIO_IRQ_SET_ACTION_UNMASK

TEST_OVER(msi, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd(), other = sys_eventfd();
	unsigned int i;

	vdev_irq_enable(edu->vdev, MSI, 0, &event, 1);
	for (i = 1; i <= 8; i++) {
		edu_raise(edu, i);
		sys_eventfd_wait(event);
		ASSERT_EQ(sys_eventfd_take(event), 1);
		ASSERT_EQ(edu_irq_status(edu), i);
		edu_ack(edu, i);
	}
	/* Another eventfd in its place gets what comes from now on. */
	vdev_irq_enable(edu->vdev, MSI, 0, &other, 1);
	edu_raise(edu, 1);
	sys_eventfd_wait(other);
	ASSERT_EQ(sys_eventfd_take(event), 0);
	vdev_irq_disable(edu->vdev, MSI);
	edu_close_with_space(edu);
}

TEST_OVER(intx, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();
	unsigned int i;

	vdev_irq_enable(edu->vdev, INTX, 0, &event, 1);
	for (i = 1; i <= 8; i++) {
		edu_raise(edu, i);
		sys_eventfd_wait(event);
		ASSERT_EQ(sys_eventfd_take(event), 1);
		edu_ack(edu, i);
		vdev_intx_unmask(edu->vdev);
	}
	ASSERT_EQ(sys_eventfd_take(event), 0);
	vdev_irq_disable(edu->vdev, INTX);
	edu_close_with_space(edu);
}

static int set_fd(struct vdev *vdev, unsigned int flags, unsigned int index,
		  int fd)
{
	return __vdev_set_irqs(vdev, EVENTFD | flags, index, 0, 1, &fd,
			       sizeof(fd));
}

/* While INTx is masked or disabled: what is raised is not heard of. */
static void raise_masked(struct edu *edu, int event, __u32 bits)
{
	edu_raise(edu, bits);
	ASSERT_EQ(edu_irq_status(edu), bits);
	ASSERT_EQ(sys_eventfd_take(event), 0);
}

/* INTx masks itself, and fires again if unmasked while it is asserted. */
TEST_OVER(intx_masks_itself, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();

	vdev_irq_enable(edu->vdev, INTX, 0, &event, 1);
	edu_raise(edu, 1);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	edu_ack(edu, 1);
	raise_masked(edu, event, 2);
	vdev_intx_unmask(edu->vdev);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	edu_ack(edu, 2);
	vdev_intx_unmask(edu->vdev);

	/* The user may mask it, too. */
	vdev_intx_mask(edu->vdev);
	raise_masked(edu, event, 4);
	vdev_intx_unmask(edu->vdev);
	sys_eventfd_wait(event);
	edu_ack(edu, 4);
	edu_close_with_space(edu);
}

/* An eventfd that unmasks INTx, as KVM signals it at the end of interrupt. */
TEST_OVER(intx_unmask_by_eventfd, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();
	int resample = sys_eventfd();
	uint64_t one = 1;
	unsigned int i;

	vdev_irq_enable(edu->vdev, INTX, 0, &event, 1);
	ASSERT_RC(set_fd(edu->vdev, UNMASK, INTX, resample), 0);
	for (i = 0; i < 8; i++) {
		edu_raise(edu, 1);
		sys_eventfd_wait(event);
		ASSERT_EQ(sys_eventfd_take(event), 1);
		edu_ack(edu, 1);
		ASSERT(write(resample, &one, sizeof(one)) == sizeof(one));
	}
	vdev_irq_disable(edu->vdev, INTX);
	edu_close_with_space(edu);
}

/* The guest is done, but the device is not: it is told at once. */
TEST_OVER(intx_unmask_while_asserted, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();
	int resample = sys_eventfd();
	const uint64_t one = 1;
	unsigned int i;

	vdev_irq_enable(edu->vdev, INTX, 0, &event, 1);
	ASSERT_RC(set_fd(edu->vdev, UNMASK, INTX, resample), 0);
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

/* One that masks it, until it is taken back. */
TEST_OVER(intx_mask_by_eventfd, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();
	int masker = sys_eventfd();
	const uint64_t one = 1;

	ASSERT_RC(set_fd(edu->vdev, MASK, INTX, masker), -EINVAL);
	vdev_irq_enable(edu->vdev, INTX, 0, &event, 1);
	ASSERT_RC(set_fd(edu->vdev, MASK, INTX, 9999), -EBADF);
	ASSERT_RC(set_fd(edu->vdev, MASK, INTX, masker), 0);
	ASSERT_RC(set_fd(edu->vdev, MASK, INTX, masker), -EBUSY);

	ASSERT(write(masker, &one, sizeof(one)) == sizeof(one));
	raise_masked(edu, event, 1);
	vdev_intx_unmask(edu->vdev);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	edu_ack(edu, 1);
	vdev_intx_unmask(edu->vdev);

	ASSERT_RC(set_fd(edu->vdev, MASK, INTX, -1), 0);
	ASSERT(write(masker, &one, sizeof(one)) == sizeof(one));
	edu_raise(edu, 2);
	sys_eventfd_wait(event);
	edu_ack(edu, 2);
	/* What listens is given up with the interrupt. */
	ASSERT_RC(set_fd(edu->vdev, MASK, INTX, masker), 0);
	vdev_irq_disable(edu->vdev, INTX);
	edu_close_with_space(edu);
}

/* With one byte that says whether to. */
TEST_OVER(intx_mask_by_bool, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();
	__u8 which = 0;

	vdev_irq_enable(edu->vdev, INTX, 0, &event, 1);
	ASSERT_RC(__vdev_set_irqs(edu->vdev, BOOL | MASK, INTX, 0, 1, &which,
				  1),
		  0);
	edu_raise(edu, 1);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	edu_ack(edu, 1);
	edu_raise(edu, 2);
	ASSERT_RC(__vdev_set_irqs(edu->vdev, BOOL | UNMASK, INTX, 0, 1, &which,
				  1),
		  0);
	ASSERT_EQ(edu_irq_status(edu), 2);
	ASSERT_EQ(sys_eventfd_take(event), 0);
	which = 1;
	ASSERT_RC(__vdev_set_irqs(edu->vdev, BOOL | UNMASK, INTX, 0, 1, &which,
				  1),
		  0);
	sys_eventfd_wait(event);
	edu_ack(edu, 2);
	vdev_intx_unmask(edu->vdev);
	ASSERT_EQ(sys_eventfd_take(event), 1);

	ASSERT_RC(__vdev_set_irqs(edu->vdev, BOOL | MASK, INTX, 0, 1, &which,
				  1),
		  0);
	raise_masked(edu, event, 4);
	edu_close_with_space(edu);
}

/* An eventfd that unmasks is one at a time, and can be taken back. */
TEST_OVER(intx_unmask_by_one, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();

	/* Nobody need hear of it. */
	ASSERT_RC(set_fd(vdev, TRIGGER, INTX, -1), 0);
	ASSERT_RC(set_fd(vdev, UNMASK, INTX, event), 0);
	ASSERT_RC(set_fd(vdev, UNMASK, INTX, event), -EBUSY);
	ASSERT_RC(set_fd(vdev, UNMASK, INTX, -1), 0);
	ASSERT_RC(set_fd(vdev, UNMASK, INTX, event), 0);
	vdev_irq_disable(vdev, INTX);
	ASSERT_RC(set_fd(vdev, TRIGGER, INTX, -2), 0);
	vdev_irq_disable(vdev, INTX);
}

/* A guest that polls disables INTx in the command register. */
TEST_OVER(intx_disabled_by_command, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	struct vdev *vdev = edu->vdev;
	__u32 command = vdev_cfg_read(vdev, PCI_COMMAND, 2);
	int event = sys_eventfd();

	ASSERT(!(command & PCI_COMMAND_INTX_DISABLE));
	vdev_irq_enable(vdev, INTX, 0, &event, 1);
	vdev_cfg_write(vdev, PCI_COMMAND, 2,
		       command | PCI_COMMAND_INTX_DISABLE);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_COMMAND, 2),
		  command | PCI_COMMAND_INTX_DISABLE);
	edu_raise(edu, 1);
	ASSERT_EQ(edu_irq_status(edu), 1);
	/* Unmasking is not what is missing. */
	vdev_intx_unmask(vdev);
	ASSERT_EQ(edu_irq_status(edu), 1);
	ASSERT_EQ(sys_eventfd_take(event), 0);
	/* The byte alone does as well. */
	vdev_cfg_write(vdev, PCI_COMMAND + 1, 1, command >> 8);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_COMMAND, 2), command);
	edu_ack(edu, 1);
	vdev_intx_unmask(vdev);

	/* So does it before INTx is in use. */
	vdev_irq_disable(vdev, INTX);
	vdev_cfg_write(vdev, PCI_COMMAND, 2,
		       command | PCI_COMMAND_INTX_DISABLE);
	vdev_irq_enable(vdev, INTX, 0, &event, 1);
	raise_masked(edu, event, 2);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, command);
	sys_eventfd_wait(event);
	edu_ack(edu, 2);
}

/** struct intx_run - a test of INTx, to be run in a process of its own */
struct intx_run {
	/** @test: what it does */
	void (*test)(enum backend backend);
	/** @backend: by which way */
	enum backend backend;
};

static void run_intx(void *arg)
{
	const struct intx_run *run = arg;

	run->test(run->backend);
}

/* The line is not shared then, or the kernel does not give it. */
static bool have_line(const char *bdf, enum backend backend)
{
	struct vdev *vdev = vdev_open(bdf, backend);
	int event = sys_eventfd();
	int rc = __vdev_irq_enable(vdev, INTX, 0, &event, 1);

	vdev_close_with_space(vdev);
	return !rc;
}

static void set_nointxmask(const char *bdf, const char *value)
{
	ASSERT_RC(__sys_write_file("/sys/module/vfio_pci/parameters/nointxmask",
				   value),
		  0);
	pci_unbind(bdf);
	pci_bind(bdf);
}

/* Masked at the interrupt controller, it all works as well. */
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
	bool ours;
	size_t i;

	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	set_nointxmask(bdf, "Y");
	ours = have_line(bdf, backend);
	for (i = 0; ours && i < ARRAY_SIZE(tests); i++) {
		int status;

		run.test = tests[i];
		ASSERT(waitpid(child_start(run_intx, &run), &status, 0) > 0);
		bad |= (status != 0) << i;
	}
	set_nointxmask(bdf, "N");
	if (!ours)
		SKIP("the interrupt line is shared");
	ASSERT_EQ(bad, 0);
}

static bool is_intx_disabled(const char *bdf)
{
	return pci_read_config(bdf, PCI_COMMAND, 2) & PCI_COMMAND_INTX_DISABLE;
}

/* The PCI core lets INTx loose when MSI ends: it is the user's to say. */
TEST_OVER(intx_after_msi, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	__u32 command = vdev_cfg_read(vdev, PCI_COMMAND, 2);
	int event = sys_eventfd();

	vdev_cfg_write(vdev, PCI_COMMAND, 2,
		       command | PCI_COMMAND_INTX_DISABLE);
	vdev_irq_enable(vdev, MSI, 0, &event, 1);
	vdev_irq_disable(vdev, MSI);
	ASSERT(is_intx_disabled(vdev->bdf));
	vdev_cfg_write(vdev, PCI_COMMAND, 2, command);
	ASSERT(!is_intx_disabled(vdev->bdf));
	vdev_irq_enable(vdev, MSI, 0, &event, 1);
	ASSERT(is_intx_disabled(vdev->bdf));
	vdev_irq_disable(vdev, MSI);
	ASSERT(!is_intx_disabled(vdev->bdf));
}

/* e1000e: cause of interrupts, to set; mask, to set */
#define NIC_ICS 0xc8
#define NIC_IMS 0xd0
#define NIC_LINK_CHANGE 4

/* Writing the power state gives what config space was: not what it has become. */
TEST_OVER(intx_unmasked_in_d3hot, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	unsigned int ctrl = vdev_cfg_cap(vdev, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	int event = sys_eventfd();
	__u32 cause = NIC_LINK_CHANGE;

	vdev_enable(vdev, false);
	vdev_irq_enable(vdev, INTX, 0, &event, 1);
	vdev_intx_mask(vdev);
	vdev_cfg_write(vdev, ctrl, 2, 3);
	vdev_intx_unmask(vdev);
	vdev_cfg_write(vdev, ctrl, 2, 0);
	vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, NIC_IMS, &cause, 4);
	vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, NIC_ICS, &cause, 4);
	sys_eventfd_wait(event);
}

/* The vectors' addresses reach a table that is out of reach in D3hot. */
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
	vdev_cfg_write(vdev, ctrl, 2, 3);
	vdev_irq_enable(vdev, MSIX, 0, events, 2);
	ASSERT_EQ(vdev_cfg_read(vdev, ctrl, 2) & PCI_PM_CTRL_STATE_MASK, 3);
	vdev_cfg_write(vdev, ctrl, 2, 0);
	for (i = 0; i < 2; i++) {
		const volatile char *entry = regs + i * PCI_MSIX_ENTRY_SIZE;

		ASSERT_EQ(mmio_read32(entry, PCI_MSIX_ENTRY_LOWER_ADDR) >> 20,
			  0xfee);
		ASSERT_EQ(mmio_read32(entry, PCI_MSIX_ENTRY_VECTOR_CTRL) &
				  PCI_MSIX_ENTRY_CTRL_MASKBIT,
			  0);
	}
	vdev_cfg_write(vdev, ctrl, 2, 3);
	vdev_irq_disable(vdev, MSIX);
	ASSERT_EQ(vdev_cfg_read(vdev, ctrl, 2) & PCI_PM_CTRL_STATE_MASK, 3);
}

/* A user can try the path of an interrupt without the device. */
static void loopback(struct vdev *vdev, unsigned int index)
{
	int event = sys_eventfd();
	__u8 no = 0;
	__u8 yes = 1;

	ASSERT_RC(__vdev_set_irqs(vdev, NONE | TRIGGER, index, 0, 1, NULL, 0),
		  -EINVAL);
	vdev_irq_enable(vdev, index, 0, &event, 1);
	ASSERT_RC(__vdev_set_irqs(vdev, NONE | TRIGGER, index, 0, 1, NULL, 0),
		  0);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	ASSERT_RC(__vdev_set_irqs(vdev, BOOL | TRIGGER, index, 0, 1, &no, 1),
		  0);
	ASSERT_EQ(sys_eventfd_take(event), 0);
	ASSERT_RC(__vdev_set_irqs(vdev, BOOL | TRIGGER, index, 0, 1, &yes, 1),
		  0);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	vdev_irq_disable(vdev, index);
	ASSERT_RC(__vdev_set_irqs(vdev, NONE | TRIGGER, index, 0, 1, NULL, 0),
		  -EINVAL);
}

TEST_OVER(loopback_all_kinds, BACKENDS_ALL)
{
	const char *nvme = pci_need(TESTDEV_NVME);
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);

	loopback(vdev, INTX);
	loopback(vdev, MSI);
	vdev_close_with_space(vdev);
	vdev = vdev_open(nvme, backend);
	loopback(vdev, MSIX);
	loopback(vdev, INTX);
	vdev_close_with_space(vdev);
}

/* One kind at a time. */
TEST_OVER(kinds_exclude_each_other, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();

	vdev_irq_enable(vdev, INTX, 0, &event, 1);
	ASSERT_RC(__vdev_irq_enable(vdev, MSI, 0, &event, 1), -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, NONE | TRIGGER, MSI, 0, 0, NULL, 0),
		  -EINVAL);
	vdev_irq_disable(vdev, INTX);
	vdev_irq_enable(vdev, MSI, 0, &event, 1);
	ASSERT_RC(__vdev_irq_enable(vdev, INTX, 0, &event, 1), -EINVAL);
	vdev_irq_disable(vdev, MSI);
	vdev_irq_enable(vdev, INTX, 0, &event, 1);
}

/* How many vectors the function uses, as a power of two. */
static unsigned int msi_qsize(struct vdev *vdev)
{
	unsigned int flags = vdev_cfg_cap(vdev, PCI_CAP_ID_MSI) + PCI_MSI_FLAGS;

	return (pci_read_config(vdev->bdf, flags, 2) & PCI_MSI_FLAGS_QSIZE) >>
	       4;
}

TEST_OVER(msi_vectors_are_apart, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_XHCI), backend);
	unsigned int flags = vdev_cfg_cap(vdev, PCI_CAP_ID_MSI) + PCI_MSI_FLAGS;
	struct vfio_irq_info info;
	__u8 which[4] = { 0, 1, 0, 1 };
	int events[17];
	__u32 value;
	unsigned int i;

	vdev_irq_info(vdev, MSI, &info);
	ASSERT_EQ(info.count, 16);
	ASSERT_EQ(info.flags, VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE);
	for (i = 0; i < ARRAY_SIZE(events); i++)
		events[i] = sys_eventfd();
	ASSERT_RC(__vdev_irq_enable(vdev, MSI, 0, events, 17), -EINVAL);
	vdev_irq_enable(vdev, MSI, 0, events, 4);
	ASSERT_EQ(msi_qsize(vdev), 2);
	ASSERT_RC(__vdev_set_irqs(vdev, BOOL | TRIGGER, MSI, 0, 4, which, 4),
		  0);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(sys_eventfd_take(events[i]), which[i]);

	/* The set is what it was made: a vector can go, but none can come. */
	ASSERT_RC(__vdev_irq_enable(vdev, MSI, 4, &events[4], 1), -EINVAL);
	i = (unsigned int)-1;
	ASSERT_RC(__vdev_irq_enable(vdev, MSI, 1, (int *)&i, 1), 0);
	ASSERT_RC(__vdev_set_irqs(vdev, NONE | TRIGGER, MSI, 0, 4, NULL, 0), 0);
	for (i = 0; i < 4; i++)
		ASSERT_EQ(sys_eventfd_take(events[i]), i != 1);

	/* A guest may use fewer of them than there are, and no more. */
	value = vdev_cfg_read(vdev, flags, 2) & ~PCI_MSI_FLAGS_QSIZE;
	vdev_cfg_write(vdev, flags, 2, value | 1 << 4);
	ASSERT_EQ(msi_qsize(vdev), 1);
	vdev_cfg_write(vdev, flags, 2, value | 4 << 4);
	ASSERT_EQ(msi_qsize(vdev), 2);
	vdev_irq_disable(vdev, MSI);

	/* Three are made with room for a fourth, which nobody gets. */
	vdev_irq_enable(vdev, MSI, 0, events, 3);
	ASSERT_RC(__vdev_irq_enable(vdev, MSI, 3, &events[3], 1), -EINVAL);
	vdev_irq_disable(vdev, MSI);
	vdev_irq_enable(vdev, MSI, 0, events, 16);
	ASSERT_EQ(msi_qsize(vdev), 4);
	ASSERT_RC(__vdev_set_irqs(vdev, NONE | TRIGGER, MSI, 15, 1, NULL, 0),
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
	vdev_irq_enable(vdev, MSIX, 0, events, 4);
	for (i = 0; i < 4; i++) {
		ASSERT_RC(__vdev_set_irqs(vdev, NONE | TRIGGER, MSIX, i, 1,
					  NULL, 0),
			  0);
		for (j = 0; j < 4; j++)
			ASSERT_EQ(sys_eventfd_take(events[j]), i == j);
	}
	/* -1 takes one out, and the rest stays. */
	ASSERT_RC(__vdev_irq_enable(vdev, MSIX, 1, &none, 1), 0);
	ASSERT_RC(__vdev_set_irqs(vdev, NONE | TRIGGER, MSIX, 0, 4, NULL, 0),
		  0);
	for (j = 0; j < 4; j++)
		ASSERT_EQ(sys_eventfd_take(events[j]), j != 1);
	vdev_irq_enable(vdev, MSIX, 1, &events[1], 1);
	vdev_irq_disable(vdev, MSIX);
}

/* A vector that nobody thought of at first. */
TEST_OVER(msix_grows, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	struct vfio_irq_info info;
	int event = sys_eventfd();
	int late = sys_eventfd();

	vdev_irq_info(vdev, MSIX, &info);
	if (info.flags & VFIO_IRQ_INFO_NORESIZE)
		SKIP("vectors of this device cannot be added");
	vdev_irq_enable(vdev, MSIX, 0, &event, 1);
	vdev_irq_enable(vdev, MSIX, info.count - 1, &late, 1);
	ASSERT_RC(__vdev_set_irqs(vdev, NONE | TRIGGER, MSIX, info.count - 1, 1,
				  NULL, 0),
		  0);
	ASSERT_EQ(sys_eventfd_take(late), 1);
	ASSERT_EQ(sys_eventfd_take(event), 0);
	vdev_irq_disable(vdev, MSIX);
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

		ASSERT_RC(__vdev_set_irqs(vdev, NONE | TRIGGER, index, 0, 1,
					  NULL, 0),
			  -EINVAL);
		vdev_irq_enable(vdev, index, 0, &event, 1);
		ASSERT_RC(__vdev_set_irqs(vdev, NONE | TRIGGER, index, 0, 1,
					  NULL, 0),
			  0);
		ASSERT_EQ(sys_eventfd_take(event), 1);
		ASSERT_RC(__vdev_set_irqs(vdev, NONE | UNMASK, index, 0, 1,
					  NULL, 0),
			  -ENOTTY);
		ASSERT_RC(__vdev_irq_enable(vdev, index, 0, &none, 1), 0);
	}
}

TEST_OVER(bad_header, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	struct vfio_irq_set set = { .argsz = sizeof(set) - 1,
				    .flags = NONE | TRIGGER };
	__u32 flags = NONE | TRIGGER;
	unsigned int bit;

	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_SET_IRQS, &set), -EINVAL);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_SET_IRQS, BAD_PTR),
		  -EFAULT);
	ASSERT_RC(__vdev_set_irqs(vdev, flags, VFIO_PCI_NUM_IRQS, 0, 1, NULL,
				  0),
		  -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, flags, ~0U, 0, 1, NULL, 0), -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, flags, MSI, 1, 1, NULL, 0), -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, flags, MSI, 0, 2, NULL, 0), -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, flags, MSI, ~0U, 1, NULL, 0), -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, flags, MSI, 0, ~0U, NULL, 0), -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, flags, MSI, 1, ~0U, NULL, 0), -EINVAL);
	/* edu has no MSI-X at all. */
	ASSERT_RC(__vdev_set_irqs(vdev, flags, MSIX, 0, 1, NULL, 0), -EINVAL);
	for (bit = 6; bit < 32; bit++)
		ASSERT_RC(__vdev_set_irqs(vdev, flags | 1U << bit, MSI, 0, 1,
					  NULL, 0),
			  -EINVAL);
	/* One kind of data, and one action. */
	ASSERT_RC(__vdev_set_irqs(vdev, TRIGGER, MSI, 0, 1, NULL, 0), -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, NONE | BOOL | TRIGGER, MSI, 0, 1, NULL,
				  0),
		  -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, NONE, MSI, 0, 1, NULL, 0), -ENOTTY);
	ASSERT_RC(__vdev_set_irqs(vdev, NONE | TRIGGER | MASK, MSI, 0, 1, NULL,
				  0),
		  -ENOTTY);
	ASSERT_RC(__vdev_set_irqs(vdev, NONE | MASK, MSI, 0, 1, NULL, 0),
		  -ENOTTY);
	ASSERT_RC(__vdev_set_irqs(vdev, NONE | UNMASK, MSI, 0, 1, NULL, 0),
		  -ENOTTY);
	/* Nothing is enabled that could be masked. */
	ASSERT_RC(__vdev_set_irqs(vdev, NONE | MASK, INTX, 0, 1, NULL, 0),
		  -EINVAL);
	ASSERT_RC(__vdev_set_irqs(vdev, NONE | UNMASK, INTX, 0, 1, NULL, 0),
		  -EINVAL);
}

TEST_OVER(bad_data, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	int null = sys_open("/dev/null", O_RDWR);
	unsigned int indices[] = { INTX, MSI };
	int event = sys_eventfd();
	int none = -1;
	int bad = 9999;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(indices); i++) {
		unsigned int index = indices[i];

		ASSERT_RC(__vdev_set_irqs(vdev, EVENTFD | TRIGGER, index, 0, 1,
					  &event, sizeof(event) - 1),
			  -EINVAL);
		ASSERT_RC(__vdev_set_irqs(vdev, EVENTFD | TRIGGER, index, 0, 1,
					  NULL, 0),
			  -EINVAL);
		ASSERT_RC(__vdev_irq_enable(vdev, index, 0, &bad, 1), -EBADF);
		ASSERT_RC(__vdev_irq_enable(vdev, index, 0, &null, 1), -EINVAL);
		ASSERT_RC(__vdev_irq_enable(vdev, index, 0, &vdev->fd, 1),
			  -EINVAL);
		/* None of these has left the kind in use. */
		vdev_irq_enable(vdev, index, 0, &event, 1);
		ASSERT_RC(__vdev_irq_enable(vdev, index, 0, &bad, 1), -EBADF);
		ASSERT_RC(__vdev_irq_enable(vdev, index, 0, &none, 1), 0);
		vdev_irq_disable(vdev, index);
	}
}

/* Enough rounds for a leak of vectors or of eventfds to show. */
TEST_OVER(many_rounds, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	unsigned int indices[] = { MSI, INTX };
	unsigned int i;

	for (i = 0; i < 300; i++) {
		unsigned int index = indices[i % 2];
		int event = sys_eventfd();

		vdev_irq_enable(edu->vdev, index, 0, &event, 1);
		edu_raise(edu, 1);
		sys_eventfd_wait(event);
		edu_ack(edu, 1);
		/* The file may be closed while the interrupt is armed. */
		sys_close(event);
		edu_raise(edu, 1);
		edu_ack(edu, 1);
		vdev_irq_disable(edu->vdev, index);
	}
	edu_close_with_space(edu);
}

/* The device is closed while its interrupts are armed, and firing. */
TEST_OVER(close_while_armed, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	unsigned int indices[] = { MSI, INTX };
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
