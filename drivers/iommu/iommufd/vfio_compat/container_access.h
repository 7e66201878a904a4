/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulated devices in a container, which reach its mappings through the CPU.
 * The calls are declared in linux/iommufd.h.
 *
 * While a device is open its group stays in the container and the type of the
 * container does not change. Therefore none of the calls takes the container's
 * lock, which VFIO_IOMMU_UNMAP_DMA holds while it waits for the device to
 * unpin.
 */
#ifndef IOMMUFD_VFIO_COMPAT_CONTAINER_ACCESS_H
#define IOMMUFD_VFIO_COMPAT_CONTAINER_ACCESS_H

#include <linux/completion.h>
#include <linux/refcount.h>

#include "iopt/iopt.h"

struct container;
struct iommufd_access_ops;

/**
 * struct iommufd_container_access - an emulated device in a container
 */
struct iommufd_container_access {
	/** @user: entry in the users of the container's address space */
	struct iopt_user user;
	/** @container: the container, which the open device keeps alive */
	struct container *container;
	/** @ops: driver callbacks */
	const struct iommufd_access_ops *ops;
	/** @data: passed to @ops */
	void *data;
	/**
	 * @refs: one until the access is destroyed, one for each running unmap
	 * op
	 */
	refcount_t refs;
	/** @idle: completed when @refs drops to zero */
	struct completion idle;
};

#endif /* IOMMUFD_VFIO_COMPAT_CONTAINER_ACCESS_H */
