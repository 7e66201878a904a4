/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hardware page tables: an HWPT is one IOMMU domain, which maps an IOAS or is
 * nested in the domain of another HWPT.
 *
 * attach.c and pasid.c attach devices to HWPTs.
 */
#ifndef IOMMUFD_HWPT_H
#define IOMMUFD_HWPT_H

#include <linux/atomic.h>
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
struct msi_home;
struct iommufd_viommu;

/**
 * struct iommufd_hwpt - a hardware page table
 */
struct iommufd_hwpt {
	/** @obj: the ID */
	struct iommufd_object obj;
	/**
	 * @ioas: the IOAS that it maps, with the HWPT as a user. For a nested
	 * HWPT the IOAS of @parent, of which it is not a user.
	 */
	struct iommufd_ioas *ioas;
	/** @domain: the domain */
	struct iommu_domain *domain;
	/**
	 * @parent: HWPT that translates the output of a nested one, with the
	 * nested one as a user unless @viommu is set. NULL if the HWPT is not
	 * nested; only then it is filled from @ioas and on its list.
	 */
	struct iommufd_hwpt *parent;
	/**
	 * @viommu: vIOMMU that created the nested HWPT, which is a user of it
	 * rather than of @parent; otherwise NULL
	 */
	struct iommufd_viommu *viommu;
	/** @fault: queue for page requests, with the HWPT as a user, or NULL */
	struct fault_queue *fault;
	/** @iopt_domain: links @domain into the IOAS */
	struct iopt_domain iopt_domain;
	/** @entry: links into &iommufd_ioas.hwpts, empty until hwpt_fill() */
	struct list_head entry;
	/**
	 * @automatic: created by attaching a device to the IOAS, and destroyed
	 * when the last device is detached
	 */
	bool automatic;
	/** @nest_parent: other HWPTs may be nested in this one */
	bool nest_parent;
	/** @pasid: a PASID, or a device with PASIDs, may be attached to it */
	bool pasid;
	/** @coherent: it forces all DMA to be coherent */
	bool coherent;
	/** @noiommu: it translates nothing, for devices behind no IOMMU */
	bool noiommu;
	/** @nr_devices: number of devices attached to it, PASIDs included */
	atomic_t nr_devices;
	/**
	 * @msi_home: the home that @domain is, which frees it, or NULL; under
	 * the lock of &iommufd_ctx.msi like the next two
	 */
	struct msi_home *msi_home;
	/** @msi_reserved: IOVA for doorbells is reserved in @ioas */
	bool msi_reserved;
	/** @msi_owner: owner of that IOVA */
	struct iopt_owner msi_owner;
	/** @dirty: it supports dirty tracking */
	bool dirty;
	/**
	 * @tracking: dirty tracking is enabled; written under the lock of the
	 * IOAS
	 */
	bool tracking;
};

/**
 * struct hwpt_request - required properties of a new HWPT
 */
struct hwpt_request {
	/** @dev: a device that is going to be attached to the HWPT */
	struct device *dev;
	/** @coherent: prevent devices from issuing incoherent requests */
	bool coherent;
	/** @noiommu: @dev is behind no IOMMU */
	bool noiommu;
	/** @flags: of IOMMU_HWPT_ALLOC */
	u32 flags;
	/** @data: data for the driver of the IOMMU, or NULL */
	const struct iommu_user_data *data;
};

extern const struct object_ops hwpt_ops;

/**
 * hwpt_of() - convert an object to its HWPT
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
void hwpt_set_fault(struct iommufd_hwpt *hwpt, struct fault_queue *fault);
struct fault_sink *hwpt_fault_sink(const struct iommufd_hwpt *hwpt);
void hwpt_abort(struct iommufd_hwpt *hwpt);
void hwpt_put_user(struct iommufd_hwpt *hwpt);

#endif /* IOMMUFD_HWPT_H */
