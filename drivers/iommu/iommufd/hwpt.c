// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hardware page tables: an HWPT is one IOMMU domain, which maps an IOAS or is
 * nested in the domain of another HWPT.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd.h>

#include "ctx.h"
#include "domain/noiommu.h"
#include "fault.h"
#include "hwpt.h"
#include "ioas.h"
#include "iopt/iopt_domain.h"
#include "iopt/iopt_iova.h"
#include "observe/stats.h"

/* Devices may have interrupts whose doorbells are those of the domain. */
static void hwpt_free_domain(struct iommufd_hwpt *hwpt)
{
	struct msi_home *home = hwpt->msi_home;

	if (hwpt->msi_reserved)
		iopt_unreserve(hwpt->ioas->iopt, &hwpt->msi_owner);
	if (!home) {
		iommu_domain_free(hwpt->domain);
		return;
	}
	scoped_guard(mutex, &home->space->lock)
		msi_home_put(home);
}

static void hwpt_free(struct iommufd_hwpt *hwpt)
{
	struct iommufd_object *base = &hwpt->ioas->obj;

	if (hwpt->viommu)
		base = &hwpt->viommu->obj;
	else if (hwpt->parent)
		base = &hwpt->parent->obj;
	hwpt_free_domain(hwpt);
	if (hwpt->fault)
		object_put_user(&hwpt->fault->events.obj);
	object_put_user(base);
	kfree(hwpt);
}

static void hwpt_destroy(struct iommufd_object *obj)
{
	struct iommufd_hwpt *hwpt = hwpt_of(obj);

	if (!hwpt->parent) {
		guard(mutex)(&hwpt->ioas->lock);
		list_del(&hwpt->entry);
		iopt_remove_domain(hwpt->ioas->iopt, &hwpt->iopt_domain);
	}
	hwpt_free(hwpt);
}

const struct object_ops hwpt_ops = {
	.name = "hwpt",
	.destroy = hwpt_destroy,
};

/**
 * hwpt_get() - take a reference to an HWPT
 * @ictx: the context
 * @id: ID of the HWPT
 *
 * Return: the HWPT, to be released by object_put(), or -ENOENT.
 */
struct iommufd_hwpt *hwpt_get(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_object *obj = object_get(&ictx->objects, id, &hwpt_ops);

	if (IS_ERR(obj))
		iommufd_refuse(&ictx->stats->refusals, REFUSAL_NO_OBJECT, id);
	return IS_ERR(obj) ? ERR_CAST(obj) : hwpt_of(obj);
}

static struct iommu_domain *hwpt_new_domain(const struct hwpt_request *request)
{
	struct iommu_domain *domain;

	if (request->noiommu) {
		if (request->flags || request->data)
			return ERR_PTR(-EOPNOTSUPP);
		return noiommu_domain_alloc();
	}
	/*
	 * Prefer the allocation with flags: if a driver has both, the domain of
	 * the other one may take the format of the device's IOMMU only once it
	 * is attached.
	 */
	domain = iommu_core_domain_alloc_flags(request->dev, request->flags,
					       request->data);
	if (domain == ERR_PTR(-EOPNOTSUPP) && !request->flags && !request->data)
		domain = iommu_core_domain_alloc(request->dev);
	if (IS_ERR(domain))
		return domain;
	/* before anything is mapped, because some drivers mark each entry */
	if (request->coherent && !iommu_core_enforce_coherency(domain)) {
		iommu_domain_free(domain);
		return ERR_PTR(-EINVAL);
	}
	return domain;
}

static struct iommufd_hwpt *hwpt_new_object(struct iommufd_ctx *ictx,
					    const struct hwpt_request *request)
{
	struct iommufd_hwpt *hwpt;
	int ret;

	hwpt = kzalloc_obj(*hwpt, GFP_KERNEL_ACCOUNT);
	if (!hwpt)
		return ERR_PTR(-ENOMEM);
	ret = object_init(&ictx->objects, &hwpt->obj, &hwpt_ops);
	if (ret) {
		kfree(hwpt);
		return ERR_PTR(ret);
	}
	hwpt->nest_parent = request->flags & IOMMU_HWPT_ALLOC_NEST_PARENT;
	hwpt->pasid = request->flags & IOMMU_HWPT_ALLOC_PASID;
	hwpt->dirty = request->flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING;
	return hwpt;
}

static void hwpt_free_object(struct iommufd_hwpt *hwpt)
{
	object_abort(&hwpt->obj);
	kfree(hwpt);
}

/**
 * hwpt_new() - create an HWPT for an IOAS, with nothing mapped yet
 * @ictx: the context
 * @ioas: the IOAS
 * @request: required properties of the HWPT
 *
 * Context: May sleep. The caller has to call hwpt_fill() and object_publish(), or
 * hwpt_abort().
 * Return: the HWPT; -EOPNOTSUPP if the IOMMU cannot do what is requested,
 * another ERR_PTR.
 */
struct iommufd_hwpt *hwpt_new(struct iommufd_ctx *ictx,
			      struct iommufd_ioas *ioas,
			      const struct hwpt_request *request)
{
	struct iommufd_hwpt *hwpt;
	int ret;

	hwpt = hwpt_new_object(ictx, request);
	if (IS_ERR(hwpt))
		return hwpt;
	hwpt->domain = hwpt_new_domain(request);
	if (IS_ERR(hwpt->domain)) {
		ret = PTR_ERR(hwpt->domain);
		goto err_object;
	}
	INIT_LIST_HEAD(&hwpt->entry);
	hwpt->ioas = ioas;
	hwpt->coherent = request->coherent;
	hwpt->noiommu = request->noiommu;
	object_get_user(&ioas->obj);
	return hwpt;

err_object:
	hwpt_free_object(hwpt);
	return ERR_PTR(ret);
}

/**
 * hwpt_fill() - map everything that is in the IOAS into a new HWPT
 * @hwpt: an HWPT created by hwpt_new()
 *
 * Context: May sleep. The caller holds the lock of the IOAS.
 * Return: 0, or with nothing mapped an error of iopt_add_domain().
 */
int hwpt_fill(struct iommufd_hwpt *hwpt)
{
	struct iommufd_ioas *ioas = hwpt->ioas;
	int ret;

	lockdep_assert_held(&ioas->lock);

	ret = iopt_add_domain(ioas->iopt, &hwpt->iopt_domain, hwpt->domain);
	if (!ret)
		list_add_tail(&hwpt->entry, &ioas->hwpts);
	return ret;
}

/* Consumes @domain, which may be an ERR_PTR. */
static struct iommufd_hwpt *
hwpt_new_from_domain(struct iommufd_ctx *ictx, struct iommufd_hwpt *parent,
		     const struct hwpt_request *request,
		     struct iommu_domain *domain)
{
	struct iommufd_hwpt *hwpt;

	if (IS_ERR(domain))
		return ERR_CAST(domain);
	hwpt = hwpt_new_object(ictx, request);
	if (IS_ERR(hwpt)) {
		iommu_domain_free(domain);
		return hwpt;
	}
	hwpt->domain = domain;
	INIT_LIST_HEAD(&hwpt->entry);
	hwpt->ioas = parent->ioas;
	hwpt->coherent = parent->coherent;
	hwpt->parent = parent;
	return hwpt;
}

/**
 * hwpt_new_nested() - create an HWPT whose page table belongs to user space
 * @ictx: the context
 * @parent: HWPT that translates the output of the new one
 * @request: required properties of the HWPT
 *
 * Context: May sleep. The caller has to call object_publish() or hwpt_abort().
 * Return: the HWPT or an ERR_PTR; -EINVAL if nothing can be nested in @parent.
 */
struct iommufd_hwpt *hwpt_new_nested(struct iommufd_ctx *ictx,
				     struct iommufd_hwpt *parent,
				     const struct hwpt_request *request)
{
	struct iommu_domain *domain;
	struct iommufd_hwpt *hwpt;

	if (!parent->nest_parent) {
		iommufd_refuse(&ictx->stats->refusals, REFUSAL_NO_NEST_PARENT,
			       parent->obj.id);
		return ERR_PTR(-EINVAL);
	}
	domain = iommu_core_domain_alloc_nested(request->dev, parent->domain,
						request->flags, request->data);
	hwpt = hwpt_new_from_domain(ictx, parent, request, domain);
	if (!IS_ERR(hwpt))
		object_get_user(&parent->obj);
	return hwpt;
}

static struct iommu_domain *
hwpt_new_viommu_domain(struct iommufd_viommu *viommu,
		       const struct hwpt_request *request)
{
	struct iommu_domain *domain;
	int ret;

	if (!viommu->ops->alloc_domain_nested)
		return ERR_PTR(-EOPNOTSUPP);
	domain = viommu->ops->alloc_domain_nested(viommu, request->flags,
						  request->data);
	if (IS_ERR(domain))
		return domain;
	ret = iommu_core_adopt_nested(request->dev, domain);
	if (ret) {
		iommu_domain_free(domain);
		return ERR_PTR(ret);
	}
	return domain;
}

/**
 * hwpt_new_on_viommu() - create an HWPT whose page table belongs to a guest
 * @viommu: vIOMMU of the guest, whose nest parent translates the output of the
 *	    new HWPT
 * @request: required properties of the HWPT; the device is behind @viommu
 *
 * Context: May sleep. The caller has to call object_publish() or hwpt_abort().
 * Return: the HWPT or an ERR_PTR; -EOPNOTSUPP if @viommu has no nested domains.
 */
struct iommufd_hwpt *hwpt_new_on_viommu(struct iommufd_viommu *viommu,
					const struct hwpt_request *request)
{
	struct iommufd_hwpt *hwpt;

	hwpt = hwpt_new_from_domain(viommu->ictx, viommu->hwpt, request,
				    hwpt_new_viommu_domain(viommu, request));
	if (IS_ERR(hwpt))
		return hwpt;
	hwpt->viommu = viommu;
	object_get_user(&viommu->obj);
	return hwpt;
}

/**
 * hwpt_set_fault() - deliver the page requests of a new HWPT
 * @hwpt: the HWPT, not published yet
 * @fault: queue for the page requests
 */
void hwpt_set_fault(struct iommufd_hwpt *hwpt, struct fault_queue *fault)
{
	hwpt->fault = fault;
	object_get_user(&fault->events.obj);
	iommu_core_take_faults(hwpt->domain);
}

/**
 * hwpt_fault_sink() - get the receiver of the page requests of an HWPT
 * @hwpt: the HWPT
 *
 * Return: the receiver, or NULL if it delivers none.
 */
struct fault_sink *hwpt_fault_sink(const struct iommufd_hwpt *hwpt)
{
	return hwpt->fault ? &hwpt->fault->sink : NULL;
}

/**
 * hwpt_abort() - free an HWPT that was not published
 * @hwpt: the HWPT, to which nothing is attached
 *
 * Context: May sleep. The caller holds the lock of the IOAS if hwpt_fill() was
 * successful.
 */
void hwpt_abort(struct iommufd_hwpt *hwpt)
{
	if (!list_empty(&hwpt->entry)) {
		lockdep_assert_held(&hwpt->ioas->lock);
		list_del(&hwpt->entry);
		iopt_remove_domain(hwpt->ioas->iopt, &hwpt->iopt_domain);
	}
	object_abort(&hwpt->obj);
	hwpt_free(hwpt);
}

/**
 * hwpt_put_user() - drop an attached device as a user of an HWPT
 * @hwpt: the HWPT; an automatic one is destroyed with its last user
 *
 * Context: May sleep. The caller holds no lock.
 */
void hwpt_put_user(struct iommufd_hwpt *hwpt)
{
	struct iommufd_ioas *ioas = hwpt->ioas;
	bool last;

	if (!hwpt->automatic) {
		object_put_user(&hwpt->obj);
		return;
	}
	/* another user may free the HWPT, and then the IOAS, before the unlock */
	object_get_user(&ioas->obj);
	scoped_guard(mutex, &ioas->lock)
		last = object_put_user_retire(&hwpt->obj);
	if (last)
		object_destroy_retired(&hwpt->obj);
	object_put_user(&ioas->obj);
}
