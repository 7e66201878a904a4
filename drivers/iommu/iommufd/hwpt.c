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

static void hwpt_free(struct iommufd_hwpt *hwpt)
{
	iommu_domain_free(hwpt->domain);
	object_unuse(&hwpt->ioas->obj);
	kfree(hwpt);
}

static void hwpt_destroy(struct iommufd_object *obj)
{
	struct iommufd_hwpt *hwpt = hwpt_of(obj);

	scoped_guard(mutex, &hwpt->ioas->lock)
		list_del(&hwpt->entry);
	iopt_remove_domain(&hwpt->ioas->iopt, &hwpt->iopt_domain);
	hwpt_free(hwpt);
}

const struct object_ops hwpt_ops = {
	.destroy = hwpt_destroy,
};

static struct iommu_domain *new_domain(struct device *dev, bool coherent)
{
	struct iommu_domain *domain = iommu_core_domain_alloc(dev);

	if (IS_ERR(domain))
		return domain;
	/* some drivers mark each entry, so this comes before anything is mapped */
	if (coherent && !iommu_core_enforce_coherency(domain)) {
		iommu_domain_free(domain);
		return ERR_PTR(-EINVAL);
	}
	return domain;
}

/**
 * hwpt_new() - make an HWPT for an IOAS, with nothing mapped yet
 * @ictx: the context
 * @ioas: the IOAS
 * @dev: a device that is going to be attached to it
 * @coherent: keep devices from making incoherent requests
 *
 * Context: may sleep; the caller holds @ioas's lock until it has called
 * object_publish(), for which hwpt_fill() must have succeeded, or hwpt_abort().
 * Return: the HWPT or an ERR_PTR.
 */
struct iommufd_hwpt *hwpt_new(struct iommufd_ctx *ictx,
			      struct iommufd_ioas *ioas, struct device *dev,
			      bool coherent)
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
	hwpt->domain = new_domain(dev, coherent);
	if (IS_ERR(hwpt->domain)) {
		ret = PTR_ERR(hwpt->domain);
		goto err_abort;
	}
	INIT_LIST_HEAD(&hwpt->entry);
	hwpt->ioas = ioas;
	object_use(&ioas->obj);
	return hwpt;

err_abort:
	object_abort(&hwpt->obj);
err_free:
	kfree(hwpt);
	return ERR_PTR(ret);
}

/**
 * hwpt_fill() - let a new HWPT hold all of its IOAS
 * @hwpt: an HWPT made by hwpt_new()
 *
 * Context: may sleep; the caller holds the lock of its IOAS.
 * Return: 0 or a negative errno, and nothing is mapped.
 */
int hwpt_fill(struct iommufd_hwpt *hwpt)
{
	struct iommufd_ioas *ioas = hwpt->ioas;
	int ret;

	lockdep_assert_held(&ioas->lock);

	ret = iopt_add_domain(&ioas->iopt, &hwpt->iopt_domain, hwpt->domain);
	if (!ret)
		list_add_tail(&hwpt->entry, &ioas->hwpts);
	return ret;
}

/**
 * hwpt_abort() - undo hwpt_new() and, where it was called, hwpt_fill()
 * @hwpt: an HWPT that was not published, and to which nothing is attached
 *
 * Context: may sleep; the caller holds the lock of its IOAS.
 */
void hwpt_abort(struct iommufd_hwpt *hwpt)
{
	lockdep_assert_held(&hwpt->ioas->lock);

	if (!list_empty(&hwpt->entry)) {
		list_del(&hwpt->entry);
		iopt_remove_domain(&hwpt->ioas->iopt, &hwpt->iopt_domain);
	}
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
