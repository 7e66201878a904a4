/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What belongs to one open file of /dev/iommu or /dev/vfio/vfio.
 */
#ifndef IOMMUFD_CTX_H
#define IOMMUFD_CTX_H

#include <linux/iommufd.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "charge.h"
#include "object.h"

struct container;
struct iommufd_extension;
struct file;

/**
 * struct iommufd_ctx - one open file
 */
struct iommufd_ctx {
	/** @objects: what user space made in it */
	struct object_table objects;
	/** @file: the file, whose references are the context's references */
	struct file *file;
	/**
	 * @charge: who pays for what IOMMU_IOAS_MAP pins. Changes only while
	 * there are no objects.
	 */
	enum charge_mode charge;
	/** @groups_lock: protects @groups and the count in each */
	struct mutex groups_lock;
	/** @groups: list of struct iommufd_group */
	struct list_head groups;
	/**
	 * @container: the VFIO container, NULL until a group was first put
	 * into it; then it stays for the life of the context
	 */
	struct container *container;
	/**
	 * @extension: the ioctl of another module that the context has used,
	 * with a reference to the module, or NULL
	 */
	const struct iommufd_extension *extension;
};

struct iommufd_ctx *ctx_alloc(struct file *file, enum charge_mode charge);
void ctx_free(struct iommufd_ctx *ictx);

#endif /* IOMMUFD_CTX_H */
