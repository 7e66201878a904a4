// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_DEVICE_FEATURE: common rules, bus mastering and the PASID capability. */
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

#define FEATURE_GET VFIO_DEVICE_FEATURE_GET
#define FEATURE_SET VFIO_DEVICE_FEATURE_SET
#define FEATURE_PROBE VFIO_DEVICE_FEATURE_PROBE
/* A flag that is not defined */
#define FEATURE_FLAG_UNUSED (1U << 19)
/* Bytes of struct vfio_device_feature without its data */
#define FEATURE_HEADER sizeof(struct vfio_device_feature)

/* Offsets of the capabilities in the mock function */
#define EXP_AT 0x40
#define PASID_AT PCI_CFG_SPACE_SIZE
/* PCI_PASID_CAP: the width is the second byte. */
#define PASID_WIDTH(bits) ((bits) << 8)

#define IOVA 0x10000000ULL

/** struct feature_rule - the operation that a feature supports */
struct feature_rule {
	/** @feature: number of the feature */
	__u32 feature;
	/** @op: FEATURE_GET or FEATURE_SET */
	__u32 op;
	/** @size: size of the data in bytes */
	size_t size;
};

static const struct feature_rule feature_rules[] = {
	{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, FEATURE_SET, 0 },
	{ VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP, FEATURE_SET,
	  sizeof(struct vfio_device_low_power_entry_with_wakeup) },
	{ VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, FEATURE_SET, 0 },
	{ VFIO_DEVICE_FEATURE_BUS_MASTER, FEATURE_SET,
	  sizeof(struct vfio_device_feature_bus_master) },
	{ VFIO_DEVICE_FEATURE_DMA_BUF, FEATURE_GET,
	  sizeof(struct vfio_device_feature_dma_buf) },
	{ VFIO_DEVICE_FEATURE_PASID, FEATURE_GET,
	  sizeof(struct vfio_device_feature_pasid) },
};

/* Call with a header at the end of a page, so that access to data faults. */
static int feature_bare(struct vdev *vdev, __u32 flags, __u32 argsz)
{
	struct vfio_device_feature *feature;
	char *pages = sys_mmap_anon(2 * PAGE);
	int ret;

	sys_munmap(pages + PAGE, PAGE);
	feature = (void *)(pages + PAGE - sizeof(*feature));
	feature->argsz = argsz;
	feature->flags = flags;
	ret = __sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, feature);
	sys_munmap(pages, PAGE);
	return ret;
}

static void check_rule(struct vdev *vdev, const struct feature_rule *rule)
{
	__u32 other = (FEATURE_GET | FEATURE_SET) & ~rule->op;
	__u32 feature = rule->feature;

	test_note("feature %#x", feature);
	ASSERT_RC(feature_bare(vdev, feature | FEATURE_PROBE, FEATURE_HEADER),
		  0);
	ASSERT_RC(feature_bare(vdev, feature | FEATURE_PROBE | rule->op,
			       FEATURE_HEADER),
		  0);
	ASSERT_RC(feature_bare(vdev, feature | FEATURE_PROBE | other,
			       FEATURE_HEADER),
		  -EINVAL);
	ASSERT_RC(feature_bare(vdev,
			       feature | FEATURE_PROBE | FEATURE_GET |
				       FEATURE_SET,
			       FEATURE_HEADER),
		  -EINVAL);
	ASSERT_RC(feature_bare(vdev, feature | FEATURE_PROBE,
			       FEATURE_HEADER - 1),
		  -EINVAL);
	ASSERT_RC(feature_bare(vdev,
			       feature | FEATURE_PROBE | FEATURE_FLAG_UNUSED,
			       FEATURE_HEADER),
		  -EINVAL);
	ASSERT_RC(feature_bare(vdev, feature, FEATURE_HEADER + rule->size),
		  -EINVAL);
	ASSERT_RC(feature_bare(vdev, feature | other,
			       FEATURE_HEADER + rule->size),
		  -EINVAL);
	ASSERT_RC(feature_bare(vdev, feature | FEATURE_GET | FEATURE_SET,
			       FEATURE_HEADER + rule->size),
		  -EINVAL);
	if (rule->size) {
		ASSERT_RC(feature_bare(vdev, feature | rule->op,
				       FEATURE_HEADER - 1 + rule->size),
			  -EINVAL);
		ASSERT_RC(feature_bare(vdev, feature | rule->op,
				       FEATURE_HEADER + rule->size),
			  -EFAULT);
	}
}

TEST_OVER(probe_get_set, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(feature_rules); i++)
		check_rule(vdev, &feature_rules[i]);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, BAD_PTR), -EFAULT);
}

TEST_OVER(unknown_feature, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);

	ASSERT_RC(feature_bare(vdev, VFIO_DEVICE_FEATURE_MASK | FEATURE_PROBE,
			       FEATURE_HEADER),
		  -ENOTTY);
	ASSERT_RC(feature_bare(vdev, VFIO_DEVICE_FEATURE_MASK | FEATURE_GET,
			       FEATURE_HEADER),
		  -ENOTTY);
	ASSERT_RC(feature_bare(vdev, 0xff00 | FEATURE_PROBE, FEATURE_HEADER),
		  -ENOTTY);
}

static int set_master(struct vdev *vdev, __u32 op)
{
	struct vfio_device_feature_bus_master master = { .op = op };

	return __vdev_feature(vdev,
			      VFIO_DEVICE_FEATURE_BUS_MASTER | FEATURE_SET,
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

/* A device without the capability reports a width of 0. */
TEST_OVER(no_pasid, BACKENDS_ALL)
{
	static const enum testdev devs[] = { TESTDEV_EDU0, TESTDEV_NVME };
	struct vfio_device_feature_pasid pasid;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(devs); i++) {
		struct vdev *vdev = vdev_open(pci_need(devs[i]), backend);

		memset(&pasid, 0x55, sizeof(pasid));
		ASSERT_RC(__vdev_feature(
				  vdev, VFIO_DEVICE_FEATURE_PASID | FEATURE_GET,
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

	mock_image(&image, 0x1af4, 0x4342, MOCK_CLASS_NETWORK);
	image.config[PCI_CAPABILITY_LIST] = EXP_AT;
	mock_image_cap(&image, EXP_AT, PCI_CAP_ID_EXP, 0);
	mock_put16(image.config + EXP_AT + PCI_EXP_FLAGS,
		   2 | PCI_EXP_TYPE_RC_END << 4);
	mock_put32(image.config + PASID_AT, PCI_EXT_CAP_ID_PASID | 1 << 16);
	mock_put16(image.config + PASID_AT + PCI_PASID_CAP, cap);
	image.pasid = enabled;
	vdev = mock_bus_vdev(bus, &image, backend);
	memset(&pasid, 0x55, sizeof(pasid));
	ASSERT_RC(__vdev_feature(vdev, VFIO_DEVICE_FEATURE_PASID | FEATURE_GET,
				 &pasid, sizeof(pasid)),
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
	check_pasid(&bus, PASID_WIDTH(8), true, 0, 8, backend);
	check_pasid(&bus, PASID_WIDTH(16) | exec, true,
		    VFIO_DEVICE_PASID_CAP_EXEC, 16, backend);
	check_pasid(&bus, PASID_WIDTH(19) | priv, true,
		    VFIO_DEVICE_PASID_CAP_PRIV, 19, backend);
	check_pasid(&bus, PASID_WIDTH(20) | exec | priv, true,
		    VFIO_DEVICE_PASID_CAP_EXEC | VFIO_DEVICE_PASID_CAP_PRIV, 20,
		    backend);
	/* A capability that is not enabled is reported as missing. */
	check_pasid(&bus, PASID_WIDTH(20) | exec | priv, false, 0, 0, backend);
}
