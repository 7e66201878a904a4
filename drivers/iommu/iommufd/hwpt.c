// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hardware page table: one IOMMU domain that holds an IOAS.
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

static void hwpt_free(struct iommufd_hwpt *hwpt)
{
	struct iommufd_object *base = &hwpt->ioas->obj;

	if (hwpt->viommu)
		base = &hwpt->viommu->obj;
	else if (hwpt->parent)
		base = &hwpt->parent->obj;
	iommu_domain_free(hwpt->domain);
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
		iopt_remove_domain(&hwpt->ioas->iopt, &hwpt->iopt_domain);
	}
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

	if (request->noiommu) {
		if (request->flags || request->data || request->fault)
			return ERR_PTR(-EOPNOTSUPP);
		return noiommu_domain_alloc();
	}
	/*
	 * Where a driver has both ways, what the other one makes may take the
	 * shape that the device's IOMMU needs only once it is attached.
	 */
	domain = iommu_core_domain_alloc_flags(request->dev, request->flags,
					       request->data);
	if (domain == ERR_PTR(-EOPNOTSUPP) && !request->flags && !request->data)
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

static struct iommufd_hwpt *new_object(struct iommufd_ctx *ictx,
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

static void set_fault(struct iommufd_hwpt *hwpt, struct fault_queue *fault)
{
	if (!fault)
		return;
	hwpt->fault = fault;
	object_get_user(&fault->events.obj);
	iommu_core_take_faults(hwpt->domain);
}

static void free_object(struct iommufd_hwpt *hwpt)
{
	object_abort(&hwpt->obj);
	kfree(hwpt);
}

/**
 * hwpt_new() - make an HWPT for an IOAS, with nothing mapped yet
 * @ictx: the context
 * @ioas: the IOAS
 * @request: what it is to be like
 *
 * Context: May sleep; the caller holds @ioas's lock until it has called
 * object_publish(), for which hwpt_fill() must have succeeded, or hwpt_abort().
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

	hwpt = new_object(ictx, request);
	if (IS_ERR(hwpt))
		return hwpt;
	hwpt->domain = new_domain(request);
	if (IS_ERR(hwpt->domain)) {
		ret = PTR_ERR(hwpt->domain);
		goto err_object;
	}
	set_fault(hwpt, request->fault);
	INIT_LIST_HEAD(&hwpt->entry);
	hwpt->ioas = ioas;
	hwpt->coherent = request->coherent;
	hwpt->noiommu = request->noiommu;
	object_get_user(&ioas->obj);
	return hwpt;

err_object:
	free_object(hwpt);
	return ERR_PTR(ret);
}

/**
 * hwpt_fill() - let a new HWPT hold all of its IOAS
 * @hwpt: an HWPT made by hwpt_new()
 *
 * Context: May sleep; the caller holds the lock of its IOAS.
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

/* Takes @domain, which may be an ERR_PTR. */
static struct iommufd_hwpt *new_nested(struct iommufd_ctx *ictx,
				       struct iommufd_hwpt *parent,
				       const struct hwpt_request *request,
				       struct iommu_domain *domain)
{
	struct iommufd_hwpt *hwpt;

	if (IS_ERR(domain))
		return ERR_CAST(domain);
	hwpt = new_object(ictx, request);
	if (IS_ERR(hwpt)) {
		iommu_domain_free(domain);
		return hwpt;
	}
	hwpt->domain = domain;
	INIT_LIST_HEAD(&hwpt->entry);
	set_fault(hwpt, request->fault);
	hwpt->ioas = parent->ioas;
	hwpt->coherent = parent->coherent;
	hwpt->parent = parent;
	return hwpt;
}

/**
 * hwpt_new_nested() - make an HWPT whose page table user space makes
 * @ictx: the context
 * @parent: translates what comes out of it
 * @request: what it is to be like
 *
 * Context: May sleep; object_publish() or hwpt_abort() follows.
 * Return: the HWPT or an ERR_PTR; -EINVAL where @parent cannot be one.
 */
struct iommufd_hwpt *hwpt_new_nested(struct iommufd_ctx *ictx,
				     struct iommufd_hwpt *parent,
				     const struct hwpt_request *request)
{
	struct iommu_domain *domain;
	struct iommufd_hwpt *hwpt;

	if (parent->parent || !parent->nest_parent)
		return ERR_PTR(-EINVAL);
	domain = iommu_core_domain_alloc_nested(request->dev, parent->domain,
						request->flags, request->data);
	hwpt = new_nested(ictx, parent, request, domain);
	if (!IS_ERR(hwpt))
		object_get_user(&parent->obj);
	return hwpt;
}

static struct iommu_domain *
new_domain_on_viommu(struct iommufd_viommu *viommu,
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
 * hwpt_new_on_viommu() - make an HWPT whose page table a guest makes
 * @viommu: its vIOMMU, whose nest parent translates what comes out of it
 * @request: what it is to be like; the device is behind @viommu
 *
 * Context: May sleep; object_publish() or hwpt_abort() follows.
 * Return: the HWPT or an ERR_PTR; -EOPNOTSUPP where @viommu does not do that.
 */
struct iommufd_hwpt *hwpt_new_on_viommu(struct iommufd_viommu *viommu,
					const struct hwpt_request *request)
{
	struct iommufd_hwpt *hwpt;

	hwpt = new_nested(viommu->ictx, viommu->hwpt, request,
			  new_domain_on_viommu(viommu, request));
	if (IS_ERR(hwpt))
		return hwpt;
	hwpt->viommu = viommu;
	object_get_user(&viommu->obj);
	return hwpt;
}

/**
 * hwpt_fault_target() - where do a device's page requests go?
 * @hwpt: the HWPT it is being attached to
 * @source: the device
 *
 * Return: that, for iommu_core_attach() and its like.
 */
struct fault_target hwpt_fault_target(const struct iommufd_hwpt *hwpt,
				      struct fault_source *source)
{
	return (struct fault_target){
		.sink = hwpt->fault ? &hwpt->fault->sink : NULL,
		.source = source,
	};
}

/**
 * hwpt_abort() - undo one of the functions above that make an HWPT
 * @hwpt: an HWPT that was not published, and to which nothing is attached
 *
 * Context: May sleep; the caller holds the lock of its IOAS, unless it is
 * nested.
 */
void hwpt_abort(struct iommufd_hwpt *hwpt)
{
	if (!hwpt->parent)
		lockdep_assert_held(&hwpt->ioas->lock);
	if (!list_empty(&hwpt->entry)) {
		list_del(&hwpt->entry);
		iopt_remove_domain(&hwpt->ioas->iopt, &hwpt->iopt_domain);
	}
	object_abort(&hwpt->obj);
	hwpt_free(hwpt);
}

/**
 * hwpt_put_user() - one device less is attached to an HWPT
 * @hwpt: the HWPT, which goes with the last device where it is automatic
 *
 * Context: May sleep; the caller holds no lock.
 */
void hwpt_put_user(struct iommufd_hwpt *hwpt)
{
	if (hwpt->automatic)
		object_put_user_destroy(&hwpt->obj);
	else
		object_put_user(&hwpt->obj);
}
