/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One I/O address space: the areas mapped in it and the IOMMU domains that
 * translate it. Every domain holds every area.
 *
 * Locks, outermost first, for the whole driver:
 *
 *	container.lock
 *	container_dirty.lock
 *	iommufd_ctx.groups_lock, group lock
 *	iommufd_ctx.account_rwsem
 *	ioas lock, access lock
 *	iopt.domains_rwsem
 *	iopt.iova_rwsem; or the reservation lock of a dma-buf, then pages.lock
 *	fault_queue.lock, which who holds the group lock takes too
 *	mmap_lock of the process that owns the memory, or that pays; of any
 *		process where user memory is accessed
 *	the lock of a driver under which a process maps memory that it lends
 *	provider.lock
 *	iopt.users, then object_table.objects: the locks of the xarrays
 *	eventq.lock
 *
 * No other is taken with extension_lock held. No lock at all is held while a
 * user's unmap op is called.
 *
 * An area is PENDING while it is filled and DYING while it is unmapped; in both
 * it occupies its IOVA, and whoever brought it there owns it alone and works on
 * it without iova_rwsem. Pinning and mapping therefore block nobody but a
 * change of domains.
 *
 * A request that only looks at LIVE areas (reads memory through them, pins it
 * for the CPU, reads what is dirty) makes them busy instead, see iopt_range_query.h.
 * They stay what they are until it is done.
 */
#ifndef IOMMUFD_IOPT_H
#define IOMMUFD_IOPT_H

#include <linux/limits.h>
#include <linux/list.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "lib/iova_space.h"
#include "lib/range.h"
#include "pages/charge.h"

struct area;
struct dma_buf;
struct file;
struct iommu_domain;
struct iopt_user;

/** IOVA_RANGE_ALL - the range that covers every IOVA */
#define IOVA_RANGE_ALL ((const struct iova_range){ 0, ULONG_MAX })

/**
 * struct iopt_user_ops - how somebody who pins memory is asked to let go of it
 */
struct iopt_user_ops {
	/** @get: keep @user from going away; false where it does so already */
	bool (*get)(struct iopt_user *user);
	/** @put: undo @get */
	void (*put)(struct iopt_user *user);
	/**
	 * @unmap: a range is going to be unmapped, so unpin what was pinned
	 * there. Called without locks. May sleep.
	 */
	void (*unmap)(struct iopt_user *user, unsigned long iova,
		      unsigned long length);
};

/**
 * struct iopt_user - who reads, writes and pins memory by IOVA
 */
struct iopt_user {
	/** @ops: how to reach it */
	const struct iopt_user_ops *ops;
	/** @pins: it may pin, and wants mappings to be of whole pages */
	bool pins;
	/** @index: its place in &iopt.users */
	u32 index;
};

/**
 * struct iopt - an I/O address space
 */
struct iopt {
	/**
	 * @domains_rwsem: protects @domains, @small_pages, @users (which
	 * readers may walk without) and @nr_pinners. A request to map
	 * or unmap holds it for reading from beginning to end, so that who
	 * holds it for writing meets no area that is not LIVE.
	 */
	struct rw_semaphore domains_rwsem;
	/** @domains: list of struct iopt_domain */
	struct list_head domains;
	/** @small_pages: map no more than PAGE_SIZE at a time */
	bool small_pages;
	/** @users: of struct iopt_user */
	struct xarray users;
	/** @nr_pinners: users that may pin */
	unsigned int nr_pinners;
	/**
	 * @pgsizes: bitmap of the I/O page sizes that all of @domains have, in
	 * bytes, ULONG_MAX without any; written with @domains_rwsem held for
	 * writing, read without
	 */
	unsigned long pgsizes;

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
	/** @areas_seq: how often areas ceased to be PENDING, DYING, busy, pinned */
	unsigned int areas_seq;
	/** @areas_wq: woken when @areas_seq changes */
	wait_queue_head_t areas_wq;
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
 * struct iopt_map - a request to map memory
 */
struct iopt_map {
	/** @iova: where to map, or, if not @fixed, the IOVA that was chosen */
	u64 iova;
	/** @length: bytes */
	u64 length;
	/** @uaddr: address in the current process, or offset in the file or dma-buf */
	u64 uaddr;
	/** @prot: IOMMU_READ, IOMMU_WRITE, IOMMU_CACHE, for iommu_map() */
	int prot;
	/** @fixed: map at @iova and nowhere else */
	bool fixed;
	/** @small_pages: map no more than PAGE_SIZE at a time; not for copies */
	bool small_pages;
	/** @charge: where the memory is accounted; not for copies */
	enum charge_mode charge;
};

void iopt_init(struct iopt *iopt);
void iopt_destroy(struct iopt *iopt);

int iopt_map_areas(struct iopt *iopt, struct list_head *areas,
		   struct iopt_map *map);
int iopt_map_user(struct iopt *iopt, struct iopt_map *map);
int iopt_map_file(struct iopt *iopt, struct iopt_map *map, struct file *file);
int iopt_map_dmabuf(struct iopt *iopt, struct iopt_map *map,
		    struct dma_buf *dmabuf);
int iopt_unmap(struct iopt *iopt, const struct iova_range *range,
	       u64 *unmapped);
int iopt_unmap_all(struct iopt *iopt, u64 *unmapped);
void iopt_clear(struct iopt *iopt);
int iopt_wait_areas(struct iopt *iopt, unsigned int areas_seq,
		    unsigned long timeout);

#endif /* IOMMUFD_IOPT_H */
