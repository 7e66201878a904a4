// SPDX-License-Identifier: GPL-2.0-only
/* The mock migration driver: binding, device states, transfers and DMA logs. */
#include "mock_migration.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "pci.h"
#include "sys.h"

#define MIG_MODULE "../modules/mock_migration/mock_migration.ko"
#define MIG_PARAMS "/sys/module/mock_migration/parameters/"
/* Descriptor in requests, to check that the kernel overwrites it */
#define UNUSED_FD 5

void mig_set_param(const char *name, unsigned int value)
{
	char path[128];
	char text[16];

	snprintf(path, sizeof(path), MIG_PARAMS "%s", name);
	snprintf(text, sizeof(text), "%u", value);
	ASSERT_RC(__sys_write_file(path, text), 0);
}

/*
 * Bind the NVMe controller to the driver, with the features of @flags. It lacks
 * the operation @missing, 1 to 6, or none if 0.
 */
int __mig_bind(unsigned int flags, unsigned int missing, const char **bdf)
{
	*bdf = pci_need_unbound(TESTDEV_NVME);
	sys_load_module(MIG_MODULE);
	pci_unbind(*bdf);
	mig_set_param("flags", flags);
	mig_set_param("missing", missing);
	mig_set_param("sparse", 0);
	return __pci_bind_to(*bdf, MIG_DRIVER);
}

struct vdev *mig_open_with(unsigned int flags, enum backend backend)
{
	struct vdev *vdev;
	const char *bdf;

	ASSERT_RC(__mig_bind(flags, 0, &bdf), 0);
	vdev = vdev_open(bdf, backend);
	vdev_enable(vdev, false);
	return vdev;
}

struct vdev *mig_open(enum backend backend)
{
	return mig_open_with(MIG_ALL_FLAGS, backend);
}

/* Reset the device and enable it again. */
void mig_reset(struct vdev *vdev)
{
	ASSERT_RC(__vdev_reset(vdev), 0);
	vdev_enable(vdev, false);
}

/* Copies @data back even if the call fails. */
int __mig_feature(struct vdev *vdev, __u32 flags, void *data, size_t size)
{
	__u32 buf[64] = { sizeof(struct vfio_device_feature) + size, flags };
	int ret;

	if (size)
		memcpy(buf + 2, data, size);
	ret = __sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, buf);
	if (size)
		memcpy(data, buf + 2, size);
	return ret;
}

unsigned int mig_get_state(struct vdev *vdev)
{
	struct vfio_device_feature_mig_state mig = { .data_fd = UNUSED_FD };

	ASSERT_RC(__mig_feature(vdev,
				MIG_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
				&mig, sizeof(mig)),
		  0);
	ASSERT_EQ(mig.data_fd, -1);
	return mig.device_state;
}

int __mig_set_state(struct vdev *vdev, unsigned int state, int *fd)
{
	struct vfio_device_feature_mig_state mig = { state, UNUSED_FD };
	int ret = __mig_feature(vdev,
				MIG_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
				&mig, sizeof(mig));

	*fd = mig.data_fd;
	return ret;
}

/* Return the descriptor of the data transfer, -1 if there is none. */
int mig_set_state(struct vdev *vdev, unsigned int state)
{
	int fd;

	ASSERT_RC(__mig_set_state(vdev, state, &fd), 0);
	ASSERT_EQ(mig_get_state(vdev), state);
	return fd;
}

void mig_set_state_without_file(struct vdev *vdev, unsigned int state)
{
	ASSERT_EQ(mig_set_state(vdev, state), -1);
}

long __mig_read(int fd, void *buf, size_t size)
{
	ssize_t ret = read(fd, buf, size);

	return ret < 0 ? -errno : ret;
}

long __mig_write(int fd, const void *buf, size_t size)
{
	ssize_t ret = write(fd, buf, size);

	return ret < 0 ? -errno : ret;
}

int __mig_log_start(struct vdev *vdev, __u64 page_size, __u32 nr,
		    const void *ranges,
		    struct vfio_device_feature_dma_logging_control *control)
{
	*control = (struct vfio_device_feature_dma_logging_control){
		.page_size = page_size,
		.num_ranges = nr,
		.ranges = (uintptr_t)ranges,
	};
	return __mig_feature(vdev,
			     MIG_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			     control, sizeof(*control));
}

int __mig_log(struct vdev *vdev, __u32 nr, const void *ranges)
{
	struct vfio_device_feature_dma_logging_control control;

	return __mig_log_start(vdev, PAGE, nr, ranges, &control);
}

int __mig_log_stop(struct vdev *vdev)
{
	return __mig_feature(
		vdev, MIG_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, NULL, 0);
}

int __mig_log_report(struct vdev *vdev, __u64 iova, __u64 length,
		     __u64 page_size, void *bitmap)
{
	struct vfio_device_feature_dma_logging_report report = {
		iova, length, page_size, (uintptr_t)bitmap
	};

	return __mig_feature(vdev,
			     MIG_GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
			     &report, sizeof(report));
}

/* Make the device write to memory. */
void mig_device_write(struct vdev *vdev, __u64 iova, __u64 length)
{
	struct mock_write write = { iova, length };

	ASSERT_RC(__mig_feature(vdev, MIG_SET | MOCK_FEATURE_WRITE, &write,
				sizeof(write)),
		  0);
}

bool mig_is_logging(struct vdev *vdev)
{
	__u64 bits;
	int ret = __mig_log_report(vdev, 0, PAGE, PAGE, &bits);

	if (ret)
		ASSERT_RC(ret, -EINVAL);
	return !ret;
}
