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

#include "iopt.h"
#include "object.h"

struct device;
struct iommu_domain;
struct iommufd_ctx;
struct iommufd_ioas;

/**
 * struct iommufd_hwpt - a hardware page table
 */
struct iommufd_hwpt {
	/** @obj: the ID */
	struct iommufd_object obj;
	/** @ioas: what it holds; it is a user of the IOAS */
	struct iommufd_ioas *ioas;
	/** @domain: the domain */
	struct iommu_domain *domain;
	/** @iopt_domain: place of @domain in the IOAS */
	struct iopt_domain iopt_domain;
	/** @entry: links into &iommufd_ioas.hwpts, empty until it is filled */
	struct list_head entry;
	/**
	 * @automatic: made to attach a device to its IOAS, and goes when the
	 * last device does
	 */
	bool automatic;
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

struct iommufd_hwpt *hwpt_new(struct iommufd_ctx *ictx,
			      struct iommufd_ioas *ioas, struct device *dev,
			      bool coherent);
int hwpt_fill(struct iommufd_hwpt *hwpt);
void hwpt_abort(struct iommufd_hwpt *hwpt);
void hwpt_unuse(struct iommufd_hwpt *hwpt);

#endif /* IOMMUFD_HWPT_H */
