// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOAS object: creating, finding and destroying it.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "ctx.h"
#include "ioas.h"
#include "observe/stats.h"

/**
 * ioas_free() - free an IOAS
 * @ioas: the IOAS, without an ID
 *
 * Context: May sleep.
 */
void ioas_free(struct iommufd_ioas *ioas)
{
	iopt_put(ioas->iopt);
	mutex_destroy(&ioas->lock);
	kfree(ioas);
}

static void ioas_destroy(struct iommufd_object *obj)
{
	struct iommufd_ioas *ioas = ioas_of(obj);
	struct iommufd_ctx *ictx =
		container_of(obj->table, struct iommufd_ctx, objects);

	scoped_guard(mutex, &ictx->groups_lock) {
		if (ictx->compat_ioas == ioas)
			ictx->compat_ioas = NULL;
	}
	stats_wait_walks(ictx->stats);
	ioas_free(ioas);
}

const struct object_ops ioas_ops = {
	.name = "ioas",
	.destroy = ioas_destroy,
};

/**
 * ioas_get() - look up an IOAS by its ID and take a reference
 * @ictx: the context
 * @id: the ID
 *
 * Return: the IOAS, released by object_put(), or ERR_PTR(-ENOENT).
 */
struct iommufd_ioas *ioas_get(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_object *obj = object_get(&ictx->objects, id, &ioas_ops);

	if (IS_ERR(obj))
		iommufd_refuse(&ictx->stats->refusals, REFUSAL_NO_OBJECT, id);
	return IS_ERR(obj) ? ERR_CAST(obj) : ioas_of(obj);
}

/**
 * ioas_create() - create an IOAS
 * @ictx: the context
 * @iopt: the I/O address space that it shares with a container, NULL for a new
 *	one
 *
 * Context: May sleep.
 * Return: the IOAS, not published yet, or an ERR_PTR.
 */
struct iommufd_ioas *ioas_create(struct iommufd_ctx *ictx, struct iopt *iopt)
{
	struct iommufd_ioas *ioas;
	int ret;

	ioas = kzalloc_obj(*ioas, GFP_KERNEL_ACCOUNT);
	if (!ioas)
		return ERR_PTR(-ENOMEM);
	ret = object_init(&ictx->objects, &ioas->obj, &ioas_ops);
	if (ret)
		goto err_free;
	ret = -ENOMEM;
	ioas->iopt = iopt ? iopt_get(iopt) :
			    iopt_create(ictx->stats, ioas->obj.id);
	if (!ioas->iopt)
		goto err_abort;
	mutex_init(&ioas->lock);
	INIT_LIST_HEAD(&ioas->hwpts);
	return ioas;

err_abort:
	object_abort(&ioas->obj);
err_free:
	kfree(ioas);
	return ERR_PTR(ret);
}
