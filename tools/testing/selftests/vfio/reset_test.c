// SPDX-License-Identifier: GPL-2.0-only
/* Resets on request, through config space and at close, also during DMA. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "edu.h"
#include "harness.h"
#include "nvme.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define DRIVER_IOVA 0x10000000ULL
#define DATA_IOVA 0x40000000ULL
#define EDU_IOVA 0x10000000ULL
/* Interrupt mask register, which keeps its value until the next reset. */
#define NVME_INTMS 0x0c
/* Bits that are set in it */
#define NVME_INTMS_VALUE 0xf
/* Power state in PCI_PM_CTRL */
#define PM_D3HOT 3

TEST_OVER(flag_matches_reset, BACKENDS_ALL)
{
	enum testdev kinds[] = { TESTDEV_EDU0, TESTDEV_NVME, TESTDEV_E1000E };
	struct vfio_device_info info;
	unsigned int resettable = 0;
	struct vdev *vdev;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		vdev = vdev_open(pci_need(kinds[i]), backend);
		vdev_info(vdev, &info);
		if (info.flags & VFIO_DEVICE_FLAGS_RESET) {
			ASSERT_RC(__vdev_reset(vdev), 0);
			resettable++;
		} else {
			ASSERT_RC(__vdev_reset(vdev), -EINVAL);
		}
		vdev_close_with_space(vdev);
	}
	ASSERT(resettable >= 2);
}

static void set_intms(struct vdev *vdev)
{
	__u32 value = NVME_INTMS_VALUE;

	vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, NVME_INTMS, &value, 4);
	value = 0;
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, NVME_INTMS, &value, 4);
	ASSERT_EQ(value, NVME_INTMS_VALUE);
}

static void check_intms_reset(struct vdev *vdev)
{
	__u32 value;

	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, NVME_INTMS, &value, 4);
	ASSERT_EQ(value, 0);
}

/* A reset clears the registers; config space keeps the user's values. */
TEST_OVER(reset, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	__u32 command;

	vdev_enable(vdev, true);
	command = vdev_cfg_read(vdev, PCI_COMMAND, 2);
	set_intms(vdev);
	ASSERT_RC(__vdev_reset(vdev), 0);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_COMMAND, 2), command);
	check_intms_reset(vdev);
	set_intms(vdev);
}

/* A guest driver requests a function level reset through config space. */
TEST_OVER(reset_by_config_space, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	unsigned int exp = vdev_cfg_cap(vdev, PCI_CAP_ID_EXP);
	__u32 control;

	ASSERT(exp);
	ASSERT(vdev_cfg_read(vdev, exp + PCI_EXP_DEVCAP, 4) &
	       PCI_EXP_DEVCAP_FLR);
	vdev_enable(vdev, true);
	set_intms(vdev);
	control = vdev_cfg_read(vdev, exp + PCI_EXP_DEVCTL, 2);
	vdev_cfg_write(vdev, exp + PCI_EXP_DEVCTL, 2,
		       control | PCI_EXP_DEVCTL_BCR_FLR);
	ASSERT(!(vdev_cfg_read(vdev, exp + PCI_EXP_DEVCTL, 2) &
		 PCI_EXP_DEVCTL_BCR_FLR));
	check_intms_reset(vdev);
}

/* A device in D3hot is put into D0 for the reset, and stays there. */
TEST_OVER(reset_in_d3hot, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	unsigned int exp = vdev_cfg_cap(vdev, PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL;
	unsigned int pm = vdev_cfg_cap(vdev, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	unsigned int way;
	__u32 command;

	vdev_enable(vdev, true);
	command = vdev_cfg_read(vdev, PCI_COMMAND, 2);
	for (way = 0; way < 2; way++) {
		set_intms(vdev);
		vdev_cfg_write(vdev, pm, 2, PM_D3HOT);
		if (way == 0)
			ASSERT_RC(__vdev_reset(vdev), 0);
		else
			vdev_cfg_write(vdev, exp, 2,
				       vdev_cfg_read(vdev, exp, 2) |
					       PCI_EXP_DEVCTL_BCR_FLR);
		ASSERT_EQ(vdev_cfg_read(vdev, pm, 2) & PCI_PM_CTRL_STATE_MASK,
			  0);
		ASSERT_EQ(vdev_cfg_read(vdev, PCI_COMMAND, 2), command);
		check_intms_reset(vdev);
	}
}

/* The device is reset before its next user opens it. */
TEST_OVER(reset_between_users, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_NVME);
	struct vdev *vdev = vdev_open(bdf, backend);

	vdev_enable(vdev, true);
	set_intms(vdev);
	vdev_close_with_space(vdev);
	vdev = vdev_open(bdf, backend);
	vdev_enable(vdev, false);
	check_intms_reset(vdev);
}

/* A mapping of the BAR can be accessed again after the reset. */
TEST_OVER(mmap_survives_reset, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	volatile void *regs = vdev_mmap(vdev, VFIO_PCI_BAR0_REGION_INDEX, NULL);

	vdev_enable(vdev, true);
	mmio_write32(regs, NVME_INTMS, NVME_INTMS_VALUE);
	ASSERT_EQ(mmio_read32(regs, NVME_INTMS), NVME_INTMS_VALUE);
	ASSERT_RC(__vdev_reset(vdev), 0);
	ASSERT_EQ(mmio_read32(regs, NVME_INTMS), 0);
}

/* Interrupts that were enabled before the reset are enabled after it. */
TEST_OVER(interrupts_survive_reset, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	int event = sys_eventfd();

	vdev_irq_enable(vdev, VFIO_PCI_MSIX_IRQ_INDEX, 0, &event, 1);
	ASSERT_RC(__vdev_reset(vdev), 0);
	ASSERT_RC(__vdev_set_irqs(vdev,
				  VFIO_IRQ_SET_DATA_NONE |
					  VFIO_IRQ_SET_ACTION_TRIGGER,
				  VFIO_PCI_MSIX_IRQ_INDEX, 0, 1, NULL, 0),
		  0);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	vdev_irq_disable(vdev, VFIO_PCI_MSIX_IRQ_INDEX);
}

static void start_many(struct nvme *nvme, size_t *size)
{
	unsigned int i;

	*size = nvme->max_bytes;
	for (i = 0; i < NVME_DEPTH; i++)
		nvme_start(nvme, false, i * *size, DATA_IOVA + i * *size,
			   *size);
}

static void check_nvme_works(struct vdev *vdev, char *buf)
{
	struct nvme *nvme =
		nvme_open(vdev, DRIVER_IOVA, VFIO_PCI_MSIX_IRQ_INDEX);

	fill_pattern(buf, MIB(1), 3);
	nvme_transfer(nvme, true, MIB(1), DATA_IOVA, MIB(1));
	memset(buf, 0, MIB(1));
	nvme_transfer(nvme, false, MIB(1), DATA_IOVA, MIB(1));
	ASSERT(is_pattern(buf, MIB(1), 3));
	nvme_close(nvme);
}

TEST_OVER(reset_under_dma, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	char *buf = sys_mmap_anon(MIB(16));
	struct nvme *nvme;
	unsigned int i;
	size_t size;

	for (i = 0; i < 4; i++) {
		space_map(vdev->space, buf, DATA_IOVA, MIB(16));
		nvme = nvme_open(vdev, DRIVER_IOVA, VFIO_PCI_MSIX_IRQ_INDEX);
		start_many(nvme, &size);
		ASSERT_RC(__vdev_reset(vdev), 0);
		/* The device has dropped its commands: it writes no more. */
		nvme_abandon(nvme);
		space_unmap(vdev->space, DATA_IOVA, MIB(16));
		memset(buf, 0x5a, MIB(16));
		ASSERT_RC(__vdev_reset(vdev), 0);
		ASSERT(is_byte(buf, MIB(16), 0x5a));
	}
	space_map(vdev->space, buf, DATA_IOVA, MIB(16));
	check_nvme_works(vdev, buf);
	vdev_close_with_space(vdev);
}

/* Memory is unmapped just before the device writes to it. */
TEST_OVER(unmap_under_dma, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	struct space *space = edu->vdev->space;
	char *buf = sys_mmap_anon(PAGE);
	unsigned int i;

	for (i = 0; i < 8; i++) {
		space_map(space, buf, EDU_IOVA, PAGE);
		edu_dma_start_out(edu, EDU_IOVA, PAGE);
		space_unmap(space, EDU_IOVA, PAGE);
		memset(buf, 0x5a, PAGE);
		edu_dma_wait(edu);
		ASSERT(is_byte(buf, PAGE, 0x5a));
	}
	edu_close_with_space(edu);
}

/* A device is closed during DMA. The next user finds it idle and usable. */
TEST_OVER(close_under_dma, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_NVME);
	char *buf = sys_mmap_anon(MIB(16));
	struct vdev *vdev;
	unsigned int i;
	size_t size;

	for (i = 0; i < 4; i++) {
		struct space *space = space_open(backend);
		struct nvme *nvme;

		vdev = vdev_open_in(space, bdf);
		space_map(space, buf, DATA_IOVA, MIB(16));
		nvme = nvme_open(vdev, DRIVER_IOVA, VFIO_PCI_MSIX_IRQ_INDEX);
		start_many(nvme, &size);
		sys_munmap((void *)nvme->regs, nvme->regs_size);
		vdev_close(vdev);
		space_close(space);
		memset(buf, 0x5a, MIB(16));
	}
	vdev = vdev_open(bdf, backend);
	ASSERT(is_byte(buf, MIB(16), 0x5a));
	space_map(vdev->space, buf, DATA_IOVA, MIB(16));
	check_nvme_works(vdev, buf);
	vdev_close_with_space(vdev);
}
