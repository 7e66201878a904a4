// SPDX-License-Identifier: GPL-2.0-only
/* PASIDs of a PCI function on a bus of iommufd_mock.ko, behind its IOMMU. */
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

#define WIDTH 8
#define PASID 7U

/** struct env - a function with PASIDs, bound and attached */
struct env {
	/** @bus: where it is */
	struct mock_bus bus;
	/** @iommufd: what it is bound to */
	int iommufd;
	/** @cdev: its file */
	int cdev;
	/** @dev: its ID */
	__u32 dev;
	/** @ioas: memory */
	__u32 ioas;
	/** @hwpt: two page tables over it, for PASIDs */
	__u32 hwpt[2];
};

static int __attach(struct env *env, __u32 pasid, __u32 *pt)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.flags = VFIO_DEVICE_ATTACH_PASID,
		.pt_id = *pt,
		.pasid = pasid,
	};
	int rc = __sys_ioctl(env->cdev, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);

	*pt = attach.pt_id;
	return rc;
}

static int attach(struct env *env, __u32 pasid, __u32 pt)
{
	return __attach(env, pasid, &pt);
}

static int detach(struct env *env, __u32 pasid)
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
	mock_image(&image, 0x1af4, 0x4330, 0x020000);
	mock_put16(image.config + PCI_STATUS, PCI_STATUS_CAP_LIST);
	image.config[PCI_CAPABILITY_LIST] = 0x40;
	image.config[0x40] = PCI_CAP_ID_EXP;
	mock_put16(image.config + 0x42, 2 | PCI_EXP_TYPE_RC_END << 4);
	mock_put32(image.config + 0x100, PCI_EXT_CAP_ID_PASID | 1 << 16);
	mock_put16(image.config + 0x100 + PCI_PASID_CAP, WIDTH << 8);
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
	ASSERT_RC(__attach(&env, PASID, &pt), 0);
	ASSERT_EQ(pt, env.hwpt[1]);
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[1]), -EBUSY);
	/* Another one, which does not mind the first. */
	ASSERT_RC(attach(&env, PASID + 1, env.hwpt[1]), 0);
	ASSERT_RC(detach(&env, PASID), 0);
	ASSERT_RC(detach(&env, PASID), 0);
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[1]), -EBUSY);
	ASSERT_RC(detach(&env, PASID + 1), 0);
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[1]), 0);
	/* What the device does without a PASID has stayed where it was. */
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[0]), -EBUSY);
}

TEST(attach_to_another)
{
	struct env env;

	env_open(&env);
	ASSERT_RC(attach(&env, PASID, env.hwpt[1]), 0);
	ASSERT_RC(attach(&env, PASID, env.hwpt[0]), 0);
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[1]), 0);
	/* It stays where it is when that fails. */
	ASSERT_RC(attach(&env, PASID, env.hwpt[1]), -ENOENT);
	ASSERT_RC(__cdev_detach(env.cdev), 0);
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[0]), -EBUSY);
	ASSERT_RC(detach(&env, PASID), 0);
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[0]), 0);
}

/* The end of the file is the end of all that it has attached. */
TEST(close_with_many)
{
	struct env env;

	env_open(&env);
	for (__u32 pasid = 1; pasid < 1 << WIDTH; pasid++)
		ASSERT_RC(attach(&env, pasid, env.hwpt[pasid % 2]), 0);
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
	/* All but the PASID is there. */
	out.flags = VFIO_DEVICE_DETACH_PASID;
	memcpy(cut, &out, 8);
	sys_munmap((char *)ro + PAGE, PAGE);
	ASSERT_RC(__sys_ioctl(env.cdev, VFIO_DEVICE_DETACH_IOMMUFD_PT, cut),
		  -EFAULT);
	ASSERT_RC(attach(&env, 1 << WIDTH, env.hwpt[1]), -EINVAL);
	ASSERT_RC(attach(&env, PASID, ~0U), -ENOENT);

	/* Where the answer cannot be written nothing is attached. */
	in.argsz = sizeof(in);
	*ro = in;
	ASSERT(!mprotect(ro, PAGE, PROT_READ));
	ASSERT_RC(__sys_ioctl(env.cdev, VFIO_DEVICE_ATTACH_IOMMUFD_PT, ro),
		  -EFAULT);
	ASSERT_RC(__iommufd_destroy(env.iommufd, env.hwpt[1]), 0);
}
