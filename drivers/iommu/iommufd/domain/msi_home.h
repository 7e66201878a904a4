/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Doorbells of message signalled interrupts, if the IOMMU translates the writes of
 * interrupts like other DMA (on Arm, not on x86).
 */
#ifndef IOMMUFD_MSI_HOME_H
#define IOMMUFD_MSI_HOME_H

#include <linux/mutex.h>
#include <linux/refcount.h>

#include "lib/range.h"

struct device;
struct iommu_domain;

/**
 * struct msi_space - the IOVA at which the domains of a context map doorbells
 */
struct msi_space {
	/** @lock: protects the members, and those of the homes */
	struct mutex lock;
	/** @window: the reserved IOVA; valid if there are homes */
	struct iova_range window;
	/** @slice_pages: pages of the window that each home gets */
	unsigned int slice_pages;
	/** @slices: bitmap of the slices that are in use */
	unsigned long slices;
};

/**
 * struct msi_home - a domain in which interrupts of devices are set up
 *
 * The kernel maps a doorbell into the domain to which a device is attached while
 * it allocates its interrupts, and the device keeps that IOVA. In any other domain
 * the same doorbell has to be at the same IOVA. Each home has a slice of the window
 * of its own, so that an IOVA means the same in all domains of a context.
 */
struct msi_home {
	/** @refs: the HWPT, and each device with interrupts from here */
	refcount_t refs;
	/** @space: the space */
	struct msi_space *space;
	/**
	 * @domain: freed with the home, because interrupts of older kernels
	 * point into it
	 */
	struct iommu_domain *domain;
	/** @slice: number of the slice */
	unsigned int slice;
};

void msi_space_init(struct msi_space *space);
void msi_space_destroy(struct msi_space *space);

struct msi_home *msi_home_create(struct msi_space *space,
				 const struct iova_range *window,
				 struct iommu_domain *domain);
void msi_home_put(struct msi_home *home);
bool msi_home_full(const struct msi_home *home);
int msi_home_copy(const struct msi_home *home, struct iommu_domain *domain);

#endif /* IOMMUFD_MSI_HOME_H */
