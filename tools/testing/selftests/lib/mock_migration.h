/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migration and DMA logging of the mock migration driver, bound to the NVMe
 * controller. A function that begins with __ returns -errno, the one without it
 * fails the test.
 */
#ifndef SELFTESTS_LIB_MOCK_MIGRATION_H
#define SELFTESTS_LIB_MOCK_MIGRATION_H

#include <linux/types.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stddef.h>

#include "../../modules/mock_migration/mock_abi.h"
#include "vdev.h"

#define MIG_DRIVER "mock-migration"

#define MIG_GET VFIO_DEVICE_FEATURE_GET
#define MIG_SET VFIO_DEVICE_FEATURE_SET
#define MIG_PROBE VFIO_DEVICE_FEATURE_PROBE

#define MIG_ALL_FLAGS                                    \
	(VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | \
	 VFIO_MIGRATION_PRE_COPY)

#define MIG_RUNNING VFIO_DEVICE_STATE_RUNNING
#define MIG_RUNNING_P2P VFIO_DEVICE_STATE_RUNNING_P2P
#define MIG_STOP VFIO_DEVICE_STATE_STOP
#define MIG_STOP_COPY VFIO_DEVICE_STATE_STOP_COPY
#define MIG_RESUMING VFIO_DEVICE_STATE_RESUMING
#define MIG_PRE_COPY VFIO_DEVICE_STATE_PRE_COPY
#define MIG_PRE_COPY_P2P VFIO_DEVICE_STATE_PRE_COPY_P2P
#define MIG_ERROR VFIO_DEVICE_STATE_ERROR

void mig_set_param(const char *name, unsigned int value);
int __mig_bind(unsigned int flags, unsigned int missing, const char **bdf);
struct vdev *mig_open_with(unsigned int flags, enum backend backend);
struct vdev *mig_open(enum backend backend);
void mig_reset(struct vdev *vdev);

int __mig_feature(struct vdev *vdev, __u32 flags, void *data, size_t size);
unsigned int mig_get_state(struct vdev *vdev);
int __mig_set_state(struct vdev *vdev, unsigned int state, int *fd);
int mig_set_state(struct vdev *vdev, unsigned int state);
void mig_set_state_without_file(struct vdev *vdev, unsigned int state);
long __mig_read(int fd, void *buf, size_t size);
long __mig_write(int fd, const void *buf, size_t size);

int __mig_log_start(struct vdev *vdev, __u64 page_size, __u32 nr,
		    const void *ranges,
		    struct vfio_device_feature_dma_logging_control *control);
int __mig_log(struct vdev *vdev, __u32 nr, const void *ranges);
int __mig_log_stop(struct vdev *vdev);
int __mig_log_report(struct vdev *vdev, __u64 iova, __u64 length,
		     __u64 page_size, void *bitmap);
bool mig_is_logging(struct vdev *vdev);
void mig_device_write(struct vdev *vdev, __u64 iova, __u64 length);

#endif
