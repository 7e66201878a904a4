// SPDX-License-Identifier: GPL-2.0-only
/* Attaching PASIDs of a PCI function behind the IOMMU of iommufd_mock.ko. */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/mman.h>

#include "harness.h"
#include "ioas.h"
#include "mock_pci.h"
#include "pci.h"
#include "sys.h"

#define PASID_WIDTH 8
#define PASID_MAX ((1U << PASID_WIDTH) - 1)
#define PASID 7U

#define PASID_VENDOR 0x1af4
#define PASID_DEVICE 0x4330
/* Offsets of the capabilities of the function */
#define EXP_OFFSET 0x40
#define PASID_OFFSET PCI_CFG_SPACE_SIZE
#define EXP_VERSION 2
#define EXP_TYPE_SHIFT 4
#define PASID_WIDTH_SHIFT 8

/** struct env - a function with PASIDs, bound and attached */
struct env {
	/** @bus: the bus of the function */
	struct mock_bus bus;
	/** @iommufd: the iommufd that the function is bound to */
	int iommufd;
	/** @cdev: the device file */
	int cdev;
	/** @dev: object ID of the device */
	__u32 dev;
	/** @ioas: object ID of the IOAS */
	__u32 ioas;
	/** @hwpt: object IDs of two HWPTs of @ioas, for PASIDs */
	__u32 hwpt[2];
};

static int __pasid_attach(struct env *env, __u32 pasid, __u32 *pt)
{
	struct vfio_device_attach_iommufd_pt req = {
		.argsz = sizeof(req),
		.flags = VFIO_DEVICE_ATTACH_PASID,
		.pt_id = *pt,
		.pasid = pasid,
	};
	int ret = __sys_ioctl(env->cdev, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &req);

	*pt = req.pt_id;
	return ret;
}

static int pasid_attach(struct env *env, __u32 pasid, __u32 pt)
{
	return __pasid_attach(env, pasid, &pt);
}

static int pasid_detach(struct env *env, __u32 pasid)
{
	struct vfio_device_detach_iommufd_pt req = {
		.argsz = sizeof(req),
		.flags = VFIO_DEVICE_DETACH_PASID,
		.pasid = pasid,
	};

	return __sys_ioctl(env->cdev, VFIO_DEVICE_DETACH_IOMMUFD_PT, &req);
}

static void env_open(struct env *env)
{
	struct mock_pci_image image;
	const char *bdf;
	char path[64];

	mock_bus_open(&env->bus);
	mock_image(&image, PASID_VENDOR, PASID_DEVICE, MOCK_CLASS_NETWORK);
	mock_put16(image.config + PCI_STATUS, PCI_STATUS_CAP_LIST);
	image.config[PCI_CAPABILITY_LIST] = EXP_OFFSET;
	image.config[EXP_OFFSET] = PCI_CAP_ID_EXP;
	mock_put16(image.config + EXP_OFFSET + PCI_EXP_FLAGS,
		   EXP_VERSION | PCI_EXP_TYPE_RC_END << EXP_TYPE_SHIFT);
	mock_put32(image.config + PASID_OFFSET, PCI_EXT_CAP_ID_PASID | 1 << 16);
	mock_put16(image.config + PASID_OFFSET + PCI_PASID_CAP,
		   PASID_WIDTH << PASID_WIDTH_SHIFT);
	bdf = mock_bus_plug(&env->bus, &image);
	pci_bind(bdf);
	pci_cdev_path(bdf, path, sizeof(path));
	env->cdev = sys_open(path, O_RDWR);
	env->iommufd = sys_open("/dev/iommu", O_RDWR);
	ASSERT_RC(__cdev_bind(env->cdev, env->iommufd, &env->dev), 0);
	env->ioas = ioas_alloc(env->iommufd);
	for (int i = 0; i < 2; i++)
		ASSERT_RC(__hwpt_alloc(env->iommufd, env->dev, env->ioas,
				       IOMMU_HWPT_ALLOC_PASID, &env->hwpt[i]),
			  0);
	ASSERT_RC(__cdev_attach(env->cdev, env->hwpt[0], NULL), 0);
}

TEST(attach_and_detach)
{
	struct env env;
	__u32 pt;

	env_open(&env);
	pt = env.hwpt[1];
	ASSERT_RC(__pasid_attach(&env, PASID, &pt), 0);
	ASSERT_EQ(pt, env.hwpt[1]);
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[1]), -EBUSY);
	/* A second PASID does not affect the first. */
	ASSERT_RC(pasid_attach(&env, PASID + 1, env.hwpt[1]), 0);
	ASSERT_RC(pasid_detach(&env, PASID), 0);
	ASSERT_RC(pasid_detach(&env, PASID), 0);
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[1]), -EBUSY);
	ASSERT_RC(pasid_detach(&env, PASID + 1), 0);
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[1]), 0);
	/* The device itself remains attached. */
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[0]), -EBUSY);
}

TEST(attach_to_another)
{
	struct env env;

	env_open(&env);
	ASSERT_RC(pasid_attach(&env, PASID, env.hwpt[1]), 0);
	ASSERT_RC(pasid_attach(&env, PASID, env.hwpt[0]), 0);
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[1]), 0);
	/* The PASID remains attached if the attach fails. */
	ASSERT_RC(pasid_attach(&env, PASID, env.hwpt[1]), -ENOENT);
	ASSERT_RC(__cdev_detach(env.cdev), 0);
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[0]), -EBUSY);
	ASSERT_RC(pasid_detach(&env, PASID), 0);
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[0]), 0);
}

/* Closing the device file detaches all PASIDs. */
TEST(close_with_many)
{
	struct env env;

	env_open(&env);
	for (__u32 pasid = 1; pasid <= PASID_MAX; pasid++)
		ASSERT_RC(pasid_attach(&env, pasid, env.hwpt[pasid % 2]), 0);
	sys_close(env.cdev);
	for (int i = 0; i < 2; i++)
		ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[i]), 0);
}

TEST(bad_input)
{
	struct vfio_device_attach_iommufd_pt *ro = sys_mmap_anon(2 * PAGE);
	void *cut = (char *)ro + PAGE - 8;
	struct vfio_device_attach_iommufd_pt in;
	struct vfio_device_detach_iommufd_pt out = {
		.argsz = 8,
		.flags = VFIO_DEVICE_DETACH_PASID,
	};
	struct env env;

	env_open(&env);
	in = (struct vfio_device_attach_iommufd_pt){
		.argsz = 12,
		.flags = VFIO_DEVICE_ATTACH_PASID,
		.pt_id = env.hwpt[1],
		.pasid = PASID,
	};
	ASSERT_RC(__sys_ioctl(env.cdev, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &in),
		  -EINVAL);
	ASSERT_RC(__sys_ioctl(env.cdev, VFIO_DEVICE_DETACH_IOMMUFD_PT, &out),
		  -EINVAL);
	out.argsz = 12;
	out.flags = 2;
	ASSERT_RC(__sys_ioctl(env.cdev, VFIO_DEVICE_DETACH_IOMMUFD_PT, &out),
		  -EINVAL);
	/* The page with the PASID is not mapped. */
	out.flags = VFIO_DEVICE_DETACH_PASID;
	memcpy(cut, &out, 8);
	sys_munmap((char *)ro + PAGE, PAGE);
	ASSERT_RC(__sys_ioctl(env.cdev, VFIO_DEVICE_DETACH_IOMMUFD_PT, cut),
		  -EFAULT);
	ASSERT_RC(pasid_attach(&env, PASID_MAX + 1, env.hwpt[1]), -EINVAL);
	ASSERT_RC(pasid_attach(&env, PASID, ~0U), -ENOENT);

	/* Nothing is attached if the result cannot be written. */
	in.argsz = sizeof(in);
	*ro = in;
	ASSERT(!mprotect(ro, PAGE, PROT_READ));
	ASSERT_RC(__sys_ioctl(env.cdev, VFIO_DEVICE_ATTACH_IOMMUFD_PT, ro),
		  -EFAULT);
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[1]), 0);
}
