// SPDX-License-Identifier: GPL-2.0-only
/*
 * What belongs to one open file of /dev/iommu or /dev/vfio/vfio.
 */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include "ctx.h"
#include "extension.h"

/**
 * ctx_alloc() - make a context
 * @file: the file it lives as long as
 * @charge: who pays for pinned memory
 *
 * Context: May sleep.
 * Return: the context, or NULL where memory is short.
 */
struct iommufd_ctx *ctx_alloc(struct file *file, enum charge_mode charge)
{
	struct iommufd_ctx *ictx;

	ictx = kzalloc_obj(*ictx, GFP_KERNEL_ACCOUNT);
	if (!ictx)
		return NULL;
	object_table_init(&ictx->objects);
	mmio_table_init(&ictx->mmio);
	ictx->file = file;
	ictx->charge = charge;
	init_rwsem(&ictx->account_rwsem);
	mutex_init(&ictx->groups_lock);
	INIT_LIST_HEAD(&ictx->groups);
	return ictx;
}

/**
 * ctx_free() - destroy all objects of a context and the context
 * @ictx: a context without references
 *
 * Context: May sleep.
 */
void ctx_free(struct iommufd_ctx *ictx)
{
	object_table_destroy(&ictx->objects);
	mmio_table_destroy(&ictx->mmio);
	WARN_ON(!list_empty(&ictx->groups));
	extension_release(ictx->extension);
	mutex_destroy(&ictx->groups_lock);
	kfree(ictx);
}

/**
 * iommufd_ctx_get() - take one more reference to a context
 * @ictx: the context, to which the caller has a reference
 */
void iommufd_ctx_get(struct iommufd_ctx *ictx)
{
	get_file(ictx->file);
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_get, "IOMMUFD_NG");

/**
 * iommufd_ctx_put() - give a reference back
 * @ictx: the context
 */
void iommufd_ctx_put(struct iommufd_ctx *ictx)
{
	fput(ictx->file);
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_put, "IOMMUFD_NG");
