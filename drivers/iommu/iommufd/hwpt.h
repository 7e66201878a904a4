/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hardware page table: one IOMMU domain that holds an IOAS.
 *
 * It never attaches itself to a device; see attach.h.
 */
#ifndef IOMMUFD_HWPT_H
#define IOMMUFD_HWPT_H

#include <linux/container_of.h>
#include <linux/list.h>

#include "domain/iommu_core.h"
#include "iopt/iopt.h"
#include "object.h"

struct device;
struct fault_queue;
struct iommu_domain;
struct iommu_user_data;
struct iommufd_ctx;
struct iommufd_ioas;
struct iommufd_viommu;

/**
 * struct iommufd_hwpt - a hardware page table
 */
struct iommufd_hwpt {
	/** @obj: the ID */
	struct iommufd_object obj;
	/**
	 * @ioas: what it holds, or for a nested one its parent; it is a user of
	 * the IOAS
	 */
	struct iommufd_ioas *ioas;
	/** @domain: the domain */
	struct iommu_domain *domain;
	/**
	 * @parent: where what comes out of a nested one is translated; it is a
	 * user of it. NULL for one that is not nested: only such a one is in
	 * its IOAS and on its list.
	 */
	struct iommufd_hwpt *parent;
	/**
	 * @viommu: where a nested one was made by a vIOMMU, that; it is a user of
	 * it rather than of @parent. Else NULL.
	 */
	struct iommufd_viommu *viommu;
	/** @fault: where page requests go; it is a user of it; or NULL */
	struct fault_queue *fault;
	/** @iopt_domain: place of @domain in the IOAS */
	struct iopt_domain iopt_domain;
	/** @entry: links into &iommufd_ioas.hwpts, empty until it is filled */
	struct list_head entry;
	/**
	 * @automatic: made to attach a device to its IOAS, and goes when the
	 * last device does
	 */
	bool automatic;
	/** @nest_parent: others may be nested in it */
	bool nest_parent;
	/** @pasid: it may be used together with PASIDs, and by one */
	bool pasid;
	/** @coherent: it makes all DMA coherent */
	bool coherent;
	/** @noiommu: it translates nothing, for devices behind no IOMMU */
	bool noiommu;
	/** @dirty: it can keep track of dirty pages */
	bool dirty;
	/** @tracking: it keeps track of dirty pages; under the IOAS's lock */
	bool tracking;
};

/**
 * struct hwpt_request - what an HWPT is to be like
 */
struct hwpt_request {
	/** @dev: a device that is going to be attached to it */
	struct device *dev;
	/** @coherent: keep devices from making incoherent requests */
	bool coherent;
	/** @noiommu: @dev is behind no IOMMU */
	bool noiommu;
	/** @flags: of IOMMU_HWPT_ALLOC */
	u32 flags;
	/** @data: for the driver of the IOMMU, or NULL */
	const struct iommu_user_data *data;
	/** @fault: where page requests go, or NULL */
	struct fault_queue *fault;
};

extern const struct object_ops hwpt_ops;

/**
 * hwpt_of() - the HWPT that an object is
 * @obj: an object of type &hwpt_ops
 *
 * Return: the HWPT.
 */
static inline struct iommufd_hwpt *hwpt_of(struct iommufd_object *obj)
{
	return container_of(obj, struct iommufd_hwpt, obj);
}

struct iommufd_hwpt *hwpt_get(struct iommufd_ctx *ictx, u32 id);
struct iommufd_hwpt *hwpt_new(struct iommufd_ctx *ictx,
			      struct iommufd_ioas *ioas,
			      const struct hwpt_request *request);
int hwpt_fill(struct iommufd_hwpt *hwpt);
struct iommufd_hwpt *hwpt_new_nested(struct iommufd_ctx *ictx,
				     struct iommufd_hwpt *parent,
				     const struct hwpt_request *request);
struct iommufd_hwpt *hwpt_new_on_viommu(struct iommufd_viommu *viommu,
					const struct hwpt_request *request);
struct fault_target hwpt_fault_target(const struct iommufd_hwpt *hwpt,
				      struct fault_source *source);
void hwpt_abort(struct iommufd_hwpt *hwpt);
void hwpt_put_user(struct iommufd_hwpt *hwpt);

#endif /* IOMMUFD_HWPT_H */
