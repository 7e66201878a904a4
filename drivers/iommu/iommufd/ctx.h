/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The context of one open file of /dev/iommu or /dev/vfio/vfio.
 */
#ifndef IOMMUFD_CTX_H
#define IOMMUFD_CTX_H

#include <linux/iommufd.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>

#include "domain/msi_home.h"
#include "mmio.h"
#include "object.h"
#include "pages/charge.h"
#include "pages/dmabuf_table.h"

struct container;
struct dentry;
struct iommufd_extension;
struct file;
struct iommufd_ioas;
struct iommufd_stats;

/**
 * struct iommufd_ctx - the context of one open file
 */
struct iommufd_ctx {
	/** @objects: the objects that user space created */
	struct object_table objects;
	/** @mmio: the regions that can be mapped with mmap() of the file */
	struct mmio_table mmio;
	/** @dmabufs: the dma-bufs that are mapped, with a reference */
	struct dmabuf_table *dmabufs;
	/** @stats: what is observed of the context, with a reference */
	struct iommufd_stats *stats;
	/** @debugfs: the directory of the context in debugfs, or an ERR_PTR */
	struct dentry *debugfs;
	/** @file: the file; a reference to it is one to the context */
	struct file *file;
	/**
	 * @charge: how memory that IOMMU_IOAS_MAP pins is charged. Changes only
	 * while there are no objects.
	 */
	enum charge_mode charge;
	/**
	 * @account_rwsem: held for writing while the charge for all memory
	 * moves to another process, for reading while there are areas that are
	 * not mapped yet
	 */
	struct rw_semaphore account_rwsem;
	/**
	 * @groups_lock: protects @groups and the count in each, @compat_ioas,
	 * the creation of @container, and the addition of groups to it
	 */
	struct mutex groups_lock;
	/** @msi: the IOVA of the doorbells of interrupts */
	struct msi_space msi;
	/** @groups: list of struct iommufd_group */
	struct list_head groups;
	/**
	 * @container: the VFIO container, with a reference; NULL until the
	 * first group is to be added to it, then it does not change
	 */
	struct container *container;
	/**
	 * @extension: the ioctl of another module that the context has used,
	 * with a reference to the module; or NULL
	 */
	const struct iommufd_extension *extension;
	/**
	 * @compat_ioas: the IOAS that IOMMU_VFIO_IOAS has selected, or NULL.
	 * The ioctls of a container operate on it as long as @container has no
	 * groups; VFIO_SET_IOMMU attaches groups to it.
	 */
	struct iommufd_ioas *compat_ioas;
};

struct iommufd_ctx *ctx_alloc(struct file *file, enum charge_mode charge);
void ctx_free(struct iommufd_ctx *ictx);

#endif /* IOMMUFD_CTX_H */
