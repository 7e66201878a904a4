// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hardware page table: one IOMMU domain that holds an IOAS.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/lockdep.h>
#include <linux/slab.h>

#include "ctx.h"
#include "hwpt.h"
#include "ioas.h"
#include "iommu_core.h"
#include "iopt_domain.h"

/* What is left to undo once it is off its IOAS's list. */
static void hwpt_free(struct iommufd_hwpt *hwpt)
{
	iopt_remove_domain(&hwpt->ioas->iopt, &hwpt->iopt_domain);
	iommu_domain_free(hwpt->domain);
	object_unuse(&hwpt->ioas->obj);
	kfree(hwpt);
}

static void hwpt_destroy(struct iommufd_object *obj)
{
	struct iommufd_hwpt *hwpt = hwpt_of(obj);

	scoped_guard(mutex, &hwpt->ioas->lock)
		list_del(&hwpt->entry);
	hwpt_free(hwpt);
}

const struct object_ops hwpt_ops = {
	.destroy = hwpt_destroy,
};

/**
 * hwpt_get() - take a reference to an HWPT
 * @ictx: the context
 * @id: its ID
 *
 * Return: the HWPT, given back by object_put(), or -ENOENT.
 */
struct iommufd_hwpt *hwpt_get(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_object *obj = object_get(&ictx->objects, id, &hwpt_ops);

	return IS_ERR(obj) ? ERR_CAST(obj) : hwpt_of(obj);
}

static struct iommu_domain *new_domain(const struct hwpt_request *request)
{
	struct iommu_domain *domain;

	if (request->flags || request->data)
		domain = iommu_core_domain_alloc_flags(
			request->dev, request->flags, request->data);
	else
		domain = iommu_core_domain_alloc(request->dev);
	if (IS_ERR(domain))
		return domain;
	/* some drivers mark each entry, so this comes before anything is mapped */
	if (request->coherent && !iommu_core_enforce_coherency(domain)) {
		iommu_domain_free(domain);
		return ERR_PTR(-EINVAL);
	}
	return domain;
}

/**
 * hwpt_new() - make an HWPT that holds all of an IOAS
 * @ictx: the context
 * @ioas: the IOAS
 * @request: what it is to be like
 *
 * Context: may sleep; the caller holds @ioas's lock until it has called
 * object_publish() or hwpt_abort().
 * Return: the HWPT; -EOPNOTSUPP where the IOMMU cannot do what is requested,
 * another ERR_PTR.
 */
struct iommufd_hwpt *hwpt_new(struct iommufd_ctx *ictx,
			      struct iommufd_ioas *ioas,
			      const struct hwpt_request *request)
{
	struct iommufd_hwpt *hwpt;
	int ret;

	lockdep_assert_held(&ioas->lock);

	hwpt = kzalloc_obj(*hwpt, GFP_KERNEL_ACCOUNT);
	if (!hwpt)
		return ERR_PTR(-ENOMEM);
	ret = object_init(&ictx->objects, &hwpt->obj, &hwpt_ops);
	if (ret)
		goto err_free;
	hwpt->domain = new_domain(request);
	if (IS_ERR(hwpt->domain)) {
		ret = PTR_ERR(hwpt->domain);
		goto err_abort;
	}
	ret = iopt_add_domain(&ioas->iopt, &hwpt->iopt_domain, hwpt->domain);
	if (ret)
		goto err_domain;

	hwpt->ioas = ioas;
	hwpt->coherent = request->coherent;
	object_use(&ioas->obj);
	list_add_tail(&hwpt->entry, &ioas->hwpts);
	return hwpt;

err_domain:
	iommu_domain_free(hwpt->domain);
err_abort:
	object_abort(&hwpt->obj);
err_free:
	kfree(hwpt);
	return ERR_PTR(ret);
}

/**
 * hwpt_abort() - undo hwpt_new()
 * @hwpt: an HWPT that was not published
 *
 * Context: may sleep; the caller holds the lock of its IOAS.
 */
void hwpt_abort(struct iommufd_hwpt *hwpt)
{
	lockdep_assert_held(&hwpt->ioas->lock);

	list_del(&hwpt->entry);
	object_abort(&hwpt->obj);
	hwpt_free(hwpt);
}

/**
 * hwpt_unuse() - one device less is attached to an HWPT
 * @hwpt: the HWPT, which goes with the last device where it is automatic
 *
 * Context: may sleep; the caller holds no lock.
 */
void hwpt_unuse(struct iommufd_hwpt *hwpt)
{
	if (hwpt->automatic)
		object_unuse_destroy(&hwpt->obj);
	else
		object_unuse(&hwpt->obj);
}
