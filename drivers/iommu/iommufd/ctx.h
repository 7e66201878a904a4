/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What belongs to one open file of /dev/iommu or /dev/vfio/vfio.
 */
#ifndef IOMMUFD_CTX_H
#define IOMMUFD_CTX_H

#include <linux/iommufd.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>

#include "mmio.h"
#include "object.h"
#include "pages/charge.h"

struct container;
struct iommufd_extension;
struct file;
struct iommufd_ioas;

/**
 * struct iommufd_ctx - one open file
 */
struct iommufd_ctx {
	/** @objects: what user space made in it */
	struct object_table objects;
	/** @mmio: what can be mapped by the file */
	struct mmio_table mmio;
	/** @file: the file, whose references are the context's references */
	struct file *file;
	/**
	 * @charge: who pays for what IOMMU_IOAS_MAP pins. Changes only while
	 * there are no objects.
	 */
	enum charge_mode charge;
	/**
	 * @account_rwsem: held for writing while another process takes over all
	 * memory, for reading by who has memory that is mapped nowhere yet
	 */
	struct rw_semaphore account_rwsem;
	/**
	 * @groups_lock: protects @groups and the count in each, @compat_ioas,
	 * the making of @container, and how many use that
	 */
	struct mutex groups_lock;
	/** @groups: list of struct iommufd_group */
	struct list_head groups;
	/**
	 * @container: the VFIO container, NULL until a group was first to be
	 * put into it; then it stays for the life of the context
	 */
	struct container *container;
	/**
	 * @extension: the ioctl of another module that the context has used,
	 * with a reference to the module, or NULL
	 */
	const struct iommufd_extension *extension;
	/**
	 * @compat_ioas: what the ioctls of a container work on where user space
	 * has said so, else NULL. Then nobody uses @container.
	 */
	struct iommufd_ioas *compat_ioas;
};

struct iommufd_ctx *ctx_alloc(struct file *file, enum charge_mode charge);
void ctx_free(struct iommufd_ctx *ictx);

#endif /* IOMMUFD_CTX_H */
