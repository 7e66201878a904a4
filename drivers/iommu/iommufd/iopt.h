/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One I/O address space: the areas mapped in it and the IOMMU domains that
 * translate it. Every domain holds every area.
 *
 * Locks, outermost first, for the whole driver:
 *
 *	group lock
 *	ioas lock
 *	iopt.domains_rwsem
 *	iopt.iova_rwsem
 *	mmap_lock of the process that owns the memory
 *
 * An area is PENDING while it is filled and DYING while it is unmapped; in both
 * it occupies its IOVA, and whoever brought it there owns it alone and works on
 * it without iova_rwsem. Pinning and mapping therefore block nobody but a
 * change of domains.
 */
#ifndef IOMMUFD_IOPT_H
#define IOMMUFD_IOPT_H

#include <linux/list.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "charge.h"
#include "iova_space.h"

struct iommu_domain;

/**
 * struct iopt - an I/O address space
 */
struct iopt {
	/**
	 * @domains_rwsem: protects @domains and @small_pages. A request to map
	 * or unmap holds it for reading from beginning to end, so that who
	 * holds it for writing meets no area that is not LIVE.
	 */
	struct rw_semaphore domains_rwsem;
	/** @domains: list of struct iopt_domain */
	struct list_head domains;
	/** @small_pages: map no more than PAGE_SIZE at a time */
	bool small_pages;

	/**
	 * @iova_rwsem: protects the members below and the state of each area.
	 * Never held while memory is pinned, mapped or flushed.
	 */
	struct rw_semaphore iova_rwsem;
	/** @space: which IOVA is used, reserved, allowed */
	struct iova_space space;
	/**
	 * @alignment: bytes, what IOVA, length and offset into a page must be
	 * multiples of; written with @domains_rwsem held for writing too
	 */
	unsigned long alignment;
	/** @nr_areas: areas in any state */
	unsigned int nr_areas;
	/** @nr_settled: how often areas ceased to be PENDING or DYING */
	unsigned int nr_settled;
	/** @settled: woken when @nr_settled changes */
	wait_queue_head_t settled;
};

/**
 * struct iopt_domain - a domain's place in an I/O address space
 *
 * Embedded in the object that owns the domain. Its address also owns the
 * reservation of IOVA outside of the domain's aperture.
 */
struct iopt_domain {
	/** @entry: links into &iopt.domains */
	struct list_head entry;
	/** @domain: the domain */
	struct iommu_domain *domain;
};

/**
 * struct iopt_map - a request to map user memory
 */
struct iopt_map {
	/** @iova: where to map, or, if not @fixed, the IOVA that was chosen */
	u64 iova;
	/** @length: bytes */
	u64 length;
	/** @uaddr: address in the current process */
	u64 uaddr;
	/** @prot: IOMMU_READ, IOMMU_WRITE, IOMMU_CACHE, for iommu_map() */
	int prot;
	/** @fixed: map at @iova and nowhere else */
	bool fixed;
	/** @charge: where the memory is accounted */
	enum charge_mode charge;
};

void iopt_init(struct iopt *iopt);
void iopt_destroy(struct iopt *iopt);

int iopt_map_user(struct iopt *iopt, struct iopt_map *map);
int iopt_unmap(struct iopt *iopt, const struct iova_range *range,
	       u64 *unmapped);
int iopt_unmap_all(struct iopt *iopt, u64 *unmapped);
void iopt_clear(struct iopt *iopt);

int iopt_reserve_regions(struct iopt *iopt, const struct list_head *regions,
			 const void *owner);
void iopt_unreserve(struct iopt *iopt, const void *owner);
int iopt_set_allowed(struct iopt *iopt, const struct iova_range *ranges,
		     size_t nr);
size_t iopt_usable_ranges(struct iopt *iopt, struct iova_range *ranges,
			  size_t max, unsigned long *alignment);

bool iopt_first_area(struct iopt *iopt, const struct iova_range *within,
		     struct iova_range *area);
unsigned int iopt_nr_areas(struct iopt *iopt);

#endif /* IOMMUFD_IOPT_H */
