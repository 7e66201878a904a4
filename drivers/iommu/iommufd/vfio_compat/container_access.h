/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device that is software, in a container: it reaches what is mapped there by
 * the CPU. The calls are in linux/iommufd.h.
 *
 * As long as the device is open its group stays in the container, and what the
 * container is set to stays what it is. So none of this takes the container's
 * lock, which a request to unmap holds while it waits for the device to unpin.
 */
#ifndef IOMMUFD_VFIO_COMPAT_CONTAINER_ACCESS_H
#define IOMMUFD_VFIO_COMPAT_CONTAINER_ACCESS_H

#include <linux/completion.h>
#include <linux/refcount.h>

#include "iopt/iopt.h"

struct container;
struct iommufd_access_ops;

/**
 * struct iommufd_container_access - a device that is software, in a container
 */
struct iommufd_container_access {
	/** @user: its place in the container's address space */
	struct iopt_user user;
	/** @container: the container, which an open device keeps in place */
	struct container *container;
	/** @ops: of the driver */
	const struct iommufd_access_ops *ops;
	/** @data: for @ops */
	void *data;
	/** @refs: one while it is there, one for each call of the unmap op */
	refcount_t refs;
	/** @idle: completed when @refs comes to zero */
	struct completion idle;
};

#endif /* IOMMUFD_VFIO_COMPAT_CONTAINER_ACCESS_H */
