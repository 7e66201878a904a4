// SPDX-License-Identifier: GPL-2.0-only
/*
 * The context of one open file of /dev/iommu or /dev/vfio/vfio: creating and
 * freeing it, references to it.
 */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include "ctx.h"
#include "extension.h"
#include "observe/stats.h"

/**
 * ctx_alloc() - create a context
 * @file: the file, which lives as long as the context
 * @charge: how pinned memory is charged
 *
 * Context: May sleep.
 * Return: the context, or NULL if memory is short.
 */
struct iommufd_ctx *ctx_alloc(struct file *file, enum charge_mode charge)
{
	struct iommufd_ctx *ictx;

	ictx = kzalloc_obj(*ictx, GFP_KERNEL_ACCOUNT);
	if (!ictx)
		return NULL;
	ictx->stats = stats_create();
	if (!ictx->stats)
		goto err_free;
	ictx->dmabufs = dmabuf_table_create();
	if (!ictx->dmabufs)
		goto err_stats;
	object_table_init(&ictx->objects, ictx->stats);
	mmio_table_init(&ictx->mmio);
	ictx->file = file;
	ictx->charge = charge;
	init_rwsem(&ictx->account_rwsem);
	msi_space_init(&ictx->msi);
	mutex_init(&ictx->groups_lock);
	INIT_LIST_HEAD(&ictx->groups);
	return ictx;

err_stats:
	stats_put(ictx->stats);
err_free:
	kfree(ictx);
	return NULL;
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
	dmabuf_table_put(ictx->dmabufs);
	WARN_ON(!list_empty(&ictx->groups));
	extension_release(ictx->extension);
	msi_space_destroy(&ictx->msi);
	mutex_destroy(&ictx->groups_lock);
	stats_put(ictx->stats);
	kfree(ictx);
}

/**
 * iommufd_ctx_get() - take another reference to a context
 * @ictx: the context, to which the caller has a reference
 */
void iommufd_ctx_get(struct iommufd_ctx *ictx)
{
	get_file(ictx->file);
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_get, "IOMMUFD_NG");

/**
 * iommufd_ctx_put() - drop a reference to a context
 * @ictx: the context, which may be freed afterwards
 */
void iommufd_ctx_put(struct iommufd_ctx *ictx)
{
	fput(ictx->file);
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_put, "IOMMUFD_NG");

/**
 * iommufd_ctx_refusals() - get the log of refused calls of a context
 * @ictx: the context
 *
 * Context: Any.
 * Return: the log, which exists as long as @ictx.
 */
struct iommufd_refusal_log *iommufd_ctx_refusals(struct iommufd_ctx *ictx)
{
	return &ictx->stats->refusals;
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_refusals, "IOMMUFD_NG");

/**
 * iommufd_ctx_refused() - record the result of a call
 * @ictx: the context
 * @op: the call, see &iommufd_refusal.op
 * @ret: its result; nothing is recorded unless it refuses the call
 *
 * Context: May sleep.
 */
void iommufd_ctx_refused(struct iommufd_ctx *ictx, u32 op, long ret)
{
	stats_refused(ictx->stats, op, ret);
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_refused, "IOMMUFD_NG");

/**
 * iommufd_ctx_id() - get the number of a context
 * @ictx: the context
 *
 * Context: Any.
 * Return: a number that no other context ever has, and not 0.
 */
u64 iommufd_ctx_id(const struct iommufd_ctx *ictx)
{
	return ictx->stats->id;
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_id, "IOMMUFD_NG");
