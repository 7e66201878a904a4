// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reason of a refused bind, attach or allocation of an object, in the fdinfo
 * of /dev/iommu.
 */
#include <errno.h>
#include <linux/iommufd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "observe.h"
#include "pci.h"
#include "sys.h"

#define PASID 7U
#define IOVA 0x1000000ULL

#define expect(fd, ...) fdinfo_expect(fd, "iommufd-refusal", __VA_ARGS__)

/* With the mock IOMMU, which may be loaded already. */
static int mock_open(void)
{
	mock_load();
	return iommufd_open();
}

static void expect_mock(int fd, const char *before, const char *after)
{
	char line[OBSERVE_LINE];
	size_t length = strlen(before);
	const char *at;

	fdinfo_need(fd, "iommufd-refusal", line);
	at = line + length;
	if (strncmp(line, before, length) ||
	    strncmp(at, "iommufd_mock", strlen("iommufd_mock")) ||
	    strcmp(at + strcspn(at, " "), after))
		FAIL("\"%s\" is not \"%siommufd_mock*%s\"", line, before,
		     after);
}

static void expect_device_refused(__u32 flags, const char *before,
				  const char *after)
{
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;

	ASSERT_RC(__mock_dev(fd, ioas, flags, &dev), -EINVAL);
	expect_mock(fd, before, after);
	fdinfo_expect(fd, "iommufd-objects", "ioas=1");
}

TEST(not_coherent)
{
	expect_device_refused(MOCK_FLAGS_DEVICE_NOT_COHERENT,
			      "EINVAL ioctl 0x3ba0: DMA of ",
			      " is not coherent");
}

/* A device without an IOMMU is not one without coherent DMA. */
TEST(no_group)
{
	expect_device_refused(MOCK_FLAGS_DEVICE_NO_IOMMU,
			      "EINVAL ioctl 0x3ba0: ", " is in no IOMMU group");
}

TEST(aperture_in_use)
{
	char *buf = sys_mmap_anon(PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;

	/* below the aperture */
	ioas_map_fixed(fd, ioas, buf, PAGE, PAGE);
	ASSERT_RC(__mock_dev(fd, ioas, 0, &dev), -EADDRINUSE);
	expect(fd,
	       "EADDRINUSE ioctl 0x3ba0: the IOMMU translates %#lx-%#lx only, but other IOVA is mapped or allowed",
	       MOCK_APERTURE_START, MOCK_APERTURE_LAST);
}

/* Memory is pinned by the first attach, when its process may have exited. */
TEST(process_exited)
{
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;
	pid_t child = fork();

	if (!child) {
		ioas_map_fixed(fd, ioas, sys_mmap_anon(PAGE), IOVA, PAGE);
		_exit(0);
	}
	child_expect(child, 0);
	ASSERT_RC(__mock_dev(fd, ioas, 0, &dev), -EFAULT);
	expect(fd, "EFAULT ioctl 0x3ba0: the process of the memory has exited");
}

static int __pasid_op(int fd, __u32 op, __u32 stdev, __u32 pt)
{
	struct iommu_test_cmd cmd = {
		.pasid_attach = {
			.pasid = PASID,
			.pt_id = pt,
		},
	};

	return __mock_op(fd, op, stdev, &cmd);
}

static __u32 hwpt_alloc_pasid(int fd, __u32 idev, __u32 ioas)
{
	__u32 id;

	ASSERT_RC(__hwpt_alloc(fd, idev, ioas, IOMMU_HWPT_ALLOC_PASID, &id), 0);
	return id;
}

TEST(pasid)
{
	const __u32 attach = IOMMU_TEST_OP_PASID_ATTACH;
	const __u32 replace = IOMMU_TEST_OP_PASID_REPLACE;
	struct mock_dev dev[2];
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd), plain, hwpt[2];
	char name[2][OBSERVE_NAME];

	for (unsigned int i = 0; i < 2; i++) {
		mock_dev(fd, ioas,
			 MOCK_FLAGS_DEVICE_GROUP | MOCK_FLAGS_DEVICE_PASID,
			 &dev[i]);
		fdinfo_device_name(fd, i, name[i]);
		hwpt[i] = hwpt_alloc_pasid(fd, dev[0].idev, ioas);
	}
	plain = hwpt_alloc(fd, dev[0].idev, ioas);
	ASSERT_RC(__pasid_op(fd, attach, dev[0].stdev, 1000), -ENOENT);
	expect(fd, "ENOENT ioctl 0x3ba0: no object has ID 1000");
	ASSERT_RC(__pasid_op(fd, attach, dev[0].stdev, ioas), -EINVAL);
	expect(fd,
	       "EINVAL ioctl 0x3ba0: HWPT %u was not allocated for PASIDs (IOMMU_HWPT_ALLOC_PASID)",
	       ioas);
	/* the HWPT of DMA without a PASID has to allow it, too */
	ASSERT_RC(__pasid_op(fd, attach, dev[0].stdev, hwpt[0]), -EINVAL);
	expect(fd,
	       "EINVAL ioctl 0x3ba0: HWPT %u was not allocated for PASIDs (IOMMU_HWPT_ALLOC_PASID)",
	       dev[0].hwpt);
	ASSERT_RC(__mock_replace(fd, dev[0].stdev, hwpt[0]), 0);
	ASSERT_RC(__pasid_op(fd, attach, dev[0].stdev, plain), -EINVAL);
	expect(fd,
	       "EINVAL ioctl 0x3ba0: HWPT %u was not allocated for PASIDs (IOMMU_HWPT_ALLOC_PASID)",
	       plain);
	ASSERT_RC(__pasid_op(fd, replace, dev[0].stdev, hwpt[1]), -EINVAL);
	expect(fd, "EINVAL ioctl 0x3ba0: PASID %u of %s is not attached", PASID,
	       name[0]);
	ASSERT_RC(__pasid_op(fd, attach, dev[0].stdev, hwpt[1]), 0);
	ASSERT_RC(__pasid_op(fd, attach, dev[0].stdev, hwpt[1]), -EBUSY);
	expect(fd, "EBUSY ioctl 0x3ba0: PASID %u of %s is attached", PASID,
	       name[0]);
	ASSERT_RC(__pasid_op(fd, attach, dev[1].stdev, hwpt[0]), -EINVAL);
	expect(fd,
	       "EINVAL ioctl 0x3ba0: PASID %u of the group of %s is attached to HWPT %u",
	       PASID, name[1], hwpt[1]);
	/* the PASID keeps the group from an HWPT without PASIDs */
	ASSERT_RC(__mock_replace(fd, dev[0].stdev, plain), -EINVAL);
	expect(fd, "EINVAL ioctl 0x3ba0: HWPT %u does not suit %s", plain,
	       name[0]);
	ASSERT_EQ(fdinfo_number(fd, "iommufd-refusals"), 8);
}

TEST(attach_object)
{
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;

	mock_dev(fd, ioas, 0, &dev);
	ASSERT_RC(__mock_replace(fd, dev.stdev, dev.idev), -EINVAL);
	expect(fd,
	       "EINVAL ioctl 0x3ba0: object %u is neither an IOAS nor an HWPT",
	       dev.idev);
	ASSERT_RC(__mock_replace(fd, dev.stdev, 1000), -ENOENT);
	expect(fd, "ENOENT ioctl 0x3ba0: no object has ID 1000");
}

/** struct nest - a device with a vIOMMU */
struct nest {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: ID of the IOAS */
	__u32 ioas;
	/** @dev: the device */
	struct mock_dev dev;
	/** @parent: ID of the HWPT to nest in */
	__u32 parent;
	/** @viommu: ID of the vIOMMU */
	__u32 viommu;
};

static void nest_open(struct nest *nest)
{
	nest->fd = mock_open();
	nest->ioas = ioas_alloc(nest->fd);
	mock_dev(nest->fd, nest->ioas, 0, &nest->dev);
	ASSERT_RC(__hwpt_alloc(nest->fd, nest->dev.idev, nest->ioas,
			       IOMMU_HWPT_ALLOC_NEST_PARENT, &nest->parent),
		  0);
	nest->viommu = mock_viommu(nest->fd, nest->dev.idev, nest->parent);
}

static int __viommu_alloc(int fd, __u32 type, __u32 dev, __u32 hwpt)
{
	struct iommu_viommu_alloc cmd = {
		.size = sizeof(cmd),
		.type = type,
		.dev_id = dev,
		.hwpt_id = hwpt,
	};

	return __sys_ioctl(fd, IOMMU_VIOMMU_ALLOC, &cmd);
}

static int __vdevice_alloc(int fd, __u32 viommu, __u32 dev, __u64 virt_id,
			   __u32 *id)
{
	struct iommu_vdevice_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = viommu,
		.dev_id = dev,
		.virt_id = virt_id,
	};
	int ret = __sys_ioctl(fd, IOMMU_VDEVICE_ALLOC, &cmd);

	*id = cmd.out_vdevice_id;
	return ret;
}

TEST(viommu)
{
	char name[OBSERVE_NAME];
	struct nest nest;
	__u32 plain;

	nest_open(&nest);
	fdinfo_device_name(nest.fd, 0, name);
	plain = hwpt_alloc(nest.fd, nest.dev.idev, nest.ioas);
	ASSERT_RC(__viommu_alloc(nest.fd, 77, nest.dev.idev, nest.parent),
		  -EOPNOTSUPP);
	expect(nest.fd,
	       "EOPNOTSUPP alloc viommu: the IOMMU of %s has no vIOMMU of type 77",
	       name);
	ASSERT_RC(__viommu_alloc(nest.fd, IOMMU_VIOMMU_TYPE_SELFTEST,
				 nest.dev.idev, plain),
		  -EINVAL);
	expect(nest.fd,
	       "EINVAL alloc viommu: HWPT %u was not allocated to nest others in it (IOMMU_HWPT_ALLOC_NEST_PARENT)",
	       plain);
	ASSERT_RC(__viommu_alloc(nest.fd, IOMMU_VIOMMU_TYPE_SELFTEST, 1000,
				 nest.parent),
		  -ENOENT);
	expect(nest.fd, "ENOENT alloc viommu: no object has ID 1000");
	ASSERT_RC(__viommu_alloc(nest.fd, IOMMU_VIOMMU_TYPE_SELFTEST,
				 nest.dev.idev, 1001),
		  -ENOENT);
	expect(nest.fd, "ENOENT alloc viommu: no object has ID 1001");
}

TEST(nested_hwpt)
{
	const struct iommu_hwpt_selftest data = {};
	struct nest nest;
	__u32 plain, id;

	nest_open(&nest);
	plain = hwpt_alloc(nest.fd, nest.dev.idev, nest.ioas);
	ASSERT_RC(__mock_hwpt(nest.fd, nest.dev.idev, plain, 0, &data, &id),
		  -EINVAL);
	expect(nest.fd,
	       "EINVAL alloc hwpt: HWPT %u was not allocated to nest others in it (IOMMU_HWPT_ALLOC_NEST_PARENT)",
	       plain);
	ASSERT_RC(__mock_hwpt(nest.fd, nest.dev.idev, 1000, 0, &data, &id),
		  -EINVAL);
	expect(nest.fd, "EINVAL alloc hwpt: no object has ID 1000");
}

TEST(vdevice)
{
	char name[OBSERVE_NAME];
	struct mock_dev other;
	struct nest nest;
	__u32 first, id;

	nest_open(&nest);
	fdinfo_device_name(nest.fd, 0, name);
	mock_dev(nest.fd, nest.ioas, 0, &other);
	ASSERT_RC(__vdevice_alloc(nest.fd, 1000, nest.dev.idev, 0x11, &id),
		  -ENOENT);
	expect(nest.fd, "ENOENT alloc vdevice: no object has ID 1000");
	ASSERT_RC(__vdevice_alloc(nest.fd, nest.viommu, nest.dev.idev, 0x11,
				  &first),
		  0);
	ASSERT_RC(__vdevice_alloc(nest.fd, nest.viommu, nest.dev.idev, 0x12,
				  &id),
		  -EEXIST);
	expect(nest.fd, "EEXIST alloc vdevice: %s has vDEVICE %u", name, first);
	ASSERT_RC(__vdevice_alloc(nest.fd, nest.viommu, other.idev, 0x11, &id),
		  -EEXIST);
	expect(nest.fd,
	       "EEXIST alloc vdevice: virtual ID 0x11 of vIOMMU %u is in use",
	       nest.viommu);
}

/* A device behind the IOMMU of the machine has no place in a mock vIOMMU. */
TEST(vdevice_of_another_iommu)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int cdev = pci_open_cdev(bdf);
	struct nest nest;
	__u32 dev, id;

	nest_open(&nest);
	ASSERT_RC(__cdev_bind(cdev, nest.fd, &dev), 0);
	ASSERT_RC(__vdevice_alloc(nest.fd, nest.viommu, dev, 1, &id), -EINVAL);
	expect(nest.fd,
	       "EINVAL alloc vdevice: %s is behind another IOMMU than vIOMMU %u",
	       bdf, nest.viommu);
}

TEST(queues)
{
	char *buf = sys_mmap_anon(2 * PAGE);
	struct iommu_veventq_alloc events = {
		.size = sizeof(events),
		.type = IOMMU_VEVENTQ_TYPE_SELFTEST,
		.veventq_depth = 4,
	};
	struct iommu_hw_queue_alloc queue = {
		.size = sizeof(queue),
		.type = IOMMU_HW_QUEUE_TYPE_SELFTEST,
		.nesting_parent_iova = IOVA,
		.length = PAGE,
	};
	struct nest nest;
	__u64 unmapped;

	nest_open(&nest);
	events.viommu_id = nest.viommu;
	ASSERT_RC(__sys_ioctl(nest.fd, IOMMU_VEVENTQ_ALLOC, &events), 0);
	ASSERT_RC(__sys_ioctl(nest.fd, IOMMU_VEVENTQ_ALLOC, &events), -EEXIST);
	expect(nest.fd,
	       "EEXIST alloc veventq: vIOMMU %u has an event queue of type %u",
	       nest.viommu, IOMMU_VEVENTQ_TYPE_SELFTEST);

	ioas_map_fixed(nest.fd, nest.ioas, buf, IOVA, 2 * PAGE);
	queue.viommu_id = nest.viommu;
	ASSERT_RC(__sys_ioctl(nest.fd, IOMMU_HW_QUEUE_ALLOC, &queue), 0);
	ASSERT_RC(__ioas_unmap(nest.fd, nest.ioas, IOVA, 2 * PAGE, &unmapped),
		  -EBUSY);
	expect(nest.fd,
	       "EBUSY unmap: iova 0x1000000 length 0x2000: area 0x1000000-0x1001fff is locked by a hardware queue");
}
