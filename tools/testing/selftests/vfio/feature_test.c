// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_DEVICE_FEATURE: its rules, and the features that need no more than it. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "edu.h"
#include "feature.h"
#include "harness.h"
#include "mock_pci.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define GET VFIO_DEVICE_FEATURE_GET
#define SET VFIO_DEVICE_FEATURE_SET
#define PROBE VFIO_DEVICE_FEATURE_PROBE
#define IOVA 0x10000000ULL

/** struct feature_rule - what a feature can do */
struct feature_rule {
	/** @feature: its number */
	__u32 feature;
	/** @op: GET or SET */
	__u32 op;
	/** @size: bytes of its data */
	size_t size;
};

static const struct feature_rule rules[] = {
	{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, SET, 0 },
	{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP, SET,
	  sizeof(struct vfio_device_low_power_entry_with_wakeup) },
	{ VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, SET, 0 },
	{ VFIO_DEVICE_FEATURE_BUS_MASTER, SET,
	  sizeof(struct vfio_device_feature_bus_master) },
	{ VFIO_DEVICE_FEATURE_DMA_BUF, GET,
	  sizeof(struct vfio_device_feature_dma_buf) },
	{ VFIO_DEVICE_FEATURE_PASID, GET,
	  sizeof(struct vfio_device_feature_pasid) },
};

/* Only the header of the struct is there: data would fault. */
static int bare(struct vdev *vdev, __u32 flags, __u32 argsz)
{
	struct vfio_device_feature *feature;
	char *pages = sys_mmap_anon(2 * PAGE);
	int rc;

	sys_munmap(pages + PAGE, PAGE);
	feature = (void *)(pages + PAGE - sizeof(*feature));
	feature->argsz = argsz;
	feature->flags = flags;
	rc = __sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, feature);
	sys_munmap(pages, PAGE);
	return rc;
}

static void check_rule(struct vdev *vdev, const struct feature_rule *rule)
{
	__u32 other = (GET | SET) & ~rule->op;
	__u32 f = rule->feature;

	test_note("feature %#x", f);
	ASSERT_RC(bare(vdev, f | PROBE, 8), 0);
	ASSERT_RC(bare(vdev, f | PROBE | rule->op, 8), 0);
	ASSERT_RC(bare(vdev, f | PROBE | other, 8), -EINVAL);
	ASSERT_RC(bare(vdev, f | PROBE | GET | SET, 8), -EINVAL);
	ASSERT_RC(bare(vdev, f | PROBE, 7), -EINVAL);
	ASSERT_RC(bare(vdev, f | PROBE | 1U << 19, 8), -EINVAL);
	ASSERT_RC(bare(vdev, f, 8 + rule->size), -EINVAL);
	ASSERT_RC(bare(vdev, f | other, 8 + rule->size), -EINVAL);
	ASSERT_RC(bare(vdev, f | GET | SET, 8 + rule->size), -EINVAL);
	if (rule->size) {
		ASSERT_RC(bare(vdev, f | rule->op, 7 + rule->size), -EINVAL);
		ASSERT_RC(bare(vdev, f | rule->op, 8 + rule->size), -EFAULT);
	}
}

TEST_OVER(probe_get_set, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		check_rule(vdev, &rules[i]);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, BAD_PTR), -EFAULT);
}

TEST_OVER(unknown_feature, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);

	ASSERT_RC(bare(vdev, VFIO_DEVICE_FEATURE_MASK | PROBE, 8), -ENOTTY);
	ASSERT_RC(bare(vdev, VFIO_DEVICE_FEATURE_MASK | GET, 8), -ENOTTY);
	ASSERT_RC(bare(vdev, 0xff00 | PROBE, 8), -ENOTTY);
}

static int set_master(struct vdev *vdev, __u32 op)
{
	struct vfio_device_feature_bus_master master = { .op = op };

	return __vdev_feature(vdev, VFIO_DEVICE_FEATURE_BUS_MASTER | SET,
			      &master, sizeof(master));
}

TEST_OVER(bus_master, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	char *mem = sys_mmap_anon(PAGE);
	struct vdev *vdev = edu->vdev;
	__u32 command;

	space_map(vdev->space, mem, IOVA, PAGE);
	fill_pattern(mem, 64, 1);
	edu_load(edu, IOVA, 64);
	command = vdev_cfg_read(vdev, PCI_COMMAND, 2);
	ASSERT(command & PCI_COMMAND_MASTER);

	ASSERT_RC(set_master(vdev, VFIO_DEVICE_FEATURE_CLEAR_MASTER), 0);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_COMMAND, 2),
		  command & ~PCI_COMMAND_MASTER);
	memset(mem, 0, 64);
	edu_store(edu, IOVA, 64);
	ASSERT(is_byte(mem, 64, 0));
	ASSERT_RC(set_master(vdev, VFIO_DEVICE_FEATURE_CLEAR_MASTER), 0);

	ASSERT_RC(set_master(vdev, VFIO_DEVICE_FEATURE_SET_MASTER), 0);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_COMMAND, 2), command);
	edu_store(edu, IOVA, 64);
	ASSERT(is_pattern(mem, 64, 1));

	ASSERT_RC(set_master(vdev, 2), -EINVAL);
	ASSERT_RC(set_master(vdev, ~0U), -EINVAL);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_COMMAND, 2), command);
	edu_close_with_space(edu);
}

/* None of the devices has the capability: a width of 0 and no more. */
TEST_OVER(no_pasid, BACKENDS_ALL)
{
	static const enum testdev devs[] = { TESTDEV_EDU0, TESTDEV_NVME };
	struct vfio_device_feature_pasid pasid;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(devs); i++) {
		struct vdev *vdev = vdev_open(pci_need(devs[i]), backend);

		memset(&pasid, 0x55, sizeof(pasid));
		ASSERT_RC(__vdev_feature(vdev, VFIO_DEVICE_FEATURE_PASID | GET,
					 &pasid, sizeof(pasid)),
			  0);
		ASSERT(is_byte(&pasid, sizeof(pasid), 0));
		vdev_close_with_space(vdev);
	}
}

static void check_pasid(struct mock_bus *bus, __u16 cap, bool enabled,
			__u32 capabilities, __u8 width, enum backend backend)
{
	struct vfio_device_feature_pasid pasid;
	struct mock_pci_image image;
	struct vdev *vdev;

	mock_image(&image, 0x1af4, 0x4342, 0x020000);
	image.config[PCI_CAPABILITY_LIST] = 0x40;
	mock_image_cap(&image, 0x40, PCI_CAP_ID_EXP, 0);
	mock_put16(image.config + 0x42, 2 | PCI_EXP_TYPE_RC_END << 4);
	mock_put32(image.config + 0x100, PCI_EXT_CAP_ID_PASID | 1 << 16);
	mock_put16(image.config + 0x100 + PCI_PASID_CAP, cap);
	image.pasid = enabled;
	vdev = mock_bus_vdev(bus, &image, backend);
	memset(&pasid, 0x55, sizeof(pasid));
	ASSERT_RC(__vdev_feature(vdev, VFIO_DEVICE_FEATURE_PASID | GET, &pasid,
				 sizeof(pasid)),
		  0);
	ASSERT_EQ(pasid.capabilities, capabilities);
	ASSERT_EQ(pasid.width, width);
	vdev_close_with_space(vdev);
}

TEST_OVER(pasid, BACKENDS_ALL)
{
	const __u16 exec = PCI_PASID_CAP_EXEC;
	const __u16 priv = PCI_PASID_CAP_PRIV;
	struct mock_bus bus;

	mock_bus_open(&bus);
	check_pasid(&bus, 8 << 8, true, 0, 8, backend);
	check_pasid(&bus, 16 << 8 | exec, true, VFIO_DEVICE_PASID_CAP_EXEC, 16,
		    backend);
	check_pasid(&bus, 19 << 8 | priv, true, VFIO_DEVICE_PASID_CAP_PRIV, 19,
		    backend);
	check_pasid(&bus, 20 << 8 | exec | priv, true,
		    VFIO_DEVICE_PASID_CAP_EXEC | VFIO_DEVICE_PASID_CAP_PRIV, 20,
		    backend);
	/* Not enabled is as good as not there. */
	check_pasid(&bus, 20 << 8 | exec | priv, false, 0, 0, backend);
}
