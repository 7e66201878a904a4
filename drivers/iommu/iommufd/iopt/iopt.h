/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One I/O address space: the areas mapped in it and the IOMMU domains that
 * translate it. Every domain maps every area.
 *
 * Locks, outermost first, for the whole driver:
 *
 *	container.lock
 *	container_dirty.lock
 *	iommufd_ctx.groups_lock, group lock
 *	iommufd_ctx.account_rwsem
 *	ioas lock, access lock
 *	msi_space.lock
 *	iommufd_stats.walk_rwsem
 *	iopt.domains_rwsem
 *	iopt.iova_rwsem; or dmabuf_table.lock, then the reservation lock of a
 *		dma-buf, then pages.lock
 *	mmap_lock of the process that owns the memory, or that is charged for
 *		it; of any process if user memory is accessed
 *	the lock of a driver under which a process maps the memory of a P2P
 *		provider
 *	provider.lock
 *	iopt.tables_lock
 *	core_handle.lock, then fault_queue.lock; of the locks above, only those
 *		down to the group lock are held with them
 *	iopt.users, then object_table.objects: the locks of the xarrays
 *	eventq.lock
 *
 * No other lock is taken with extension_lock held. The unmap op of a user is
 * called without any lock.
 *
 * An area is PENDING while it is filled and DYING while it is unmapped. In both
 * states it occupies its IOVA, and the task that maps or unmaps it owns it
 * exclusively and works on it without iova_rwsem. Pinning and mapping therefore
 * block only changes of the set of domains. Memory is faulted in without any lock of
 * an I/O address space, see iopt_hold.c.
 *
 * A request that only uses LIVE areas (reads memory through them, pins it for
 * the CPU, reads dirty bits) makes them busy instead, see iopt_range.h. A busy
 * area stays LIVE until the request is done.
 */
#ifndef IOMMUFD_IOPT_H
#define IOMMUFD_IOPT_H

#include <linux/atomic.h>
#include <linux/iommufd_refusal.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "area.h"
#include "lib/iova_space.h"
#include "lib/range.h"
#include "pages/charge.h"

struct area;
struct iommu_domain;
struct iommufd_stats;
struct iopt_user;
struct pages_source;

/**
 * struct iopt_user_ops - ask a user that has memory pinned to unpin it
 */
struct iopt_user_ops {
	/**
	 * @get: take a reference to @user; false if @user is already being
	 * freed
	 */
	bool (*get)(struct iopt_user *user);
	/** @put: undo @get */
	void (*put)(struct iopt_user *user);
	/**
	 * @unmap: unpin what is pinned in a range that is about to be
	 * unmapped. Called without locks. May sleep.
	 */
	void (*unmap)(struct iopt_user *user, unsigned long iova,
		      unsigned long length);
};

/**
 * struct iopt_user - a driver that reads, writes and pins memory by IOVA
 */
struct iopt_user {
	/** @ops: callbacks into the user */
	const struct iopt_user_ops *ops;
	/** @can_pin: the user may pin, and needs mappings of whole pages */
	bool can_pin;
	/** @index: index in &iopt.users */
	u32 index;
};

/**
 * struct iopt - an I/O address space
 *
 * An IOAS and a container may share one. The areas of each ABI are occupied
 * IOVA to the other.
 */
struct iopt {
	/**
	 * @refs: one of the IOAS, one of the container that it belongs to, and
	 * one of each attach that faults its memory in
	 */
	refcount_t refs;
	/**
	 * @domains_rwsem: protects @domains, @small_pages, @users (which
	 * readers may walk without it) and @nr_pinners. A request to map or
	 * unmap holds it for reading from beginning to end, so that all areas
	 * are LIVE while it is held for writing.
	 */
	struct rw_semaphore domains_rwsem;
	/** @domains: list of struct iopt_domain */
	struct list_head domains;
	/** @nr_domains: number of @domains; read without the lock */
	unsigned int nr_domains;
	/** @small_pages: map no more than PAGE_SIZE at a time */
	bool small_pages;
	/** @users: struct iopt_user by index */
	struct xarray users;
	/** @nr_pinners: number of users that may pin */
	unsigned int nr_pinners;
	/**
	 * @pgsizes: bitmap of the I/O page sizes that all of @domains have, in
	 * bytes, ULONG_MAX without any; written with @domains_rwsem held for
	 * writing, read without it
	 */
	unsigned long pgsizes;
	/**
	 * @tables_lock: serializes what uses the page tables of @domains
	 * without @domains_rwsem: a driver that revokes memory of areas, or
	 * restores it, and a request that reads dirty bits. Both may free page
	 * tables, or walk them, at any time. Attaching a device takes it too.
	 */
	struct mutex tables_lock;

	/**
	 * @iova_rwsem: protects the members below and the state of each area.
	 * Never held while memory is pinned, mapped or flushed.
	 */
	struct rw_semaphore iova_rwsem;
	/** @space: used, reserved and allowed IOVA */
	struct iova_space space;
	/**
	 * @alignment: required alignment of IOVA, length and offset into a
	 * page, in bytes; written with @domains_rwsem held for writing too
	 */
	unsigned long alignment;
	/** @nr_areas: number of areas in any state; read without the lock too */
	unsigned int nr_areas;
	/** @nr_vfio: number of @nr_areas that are of AREA_VFIO; read likewise */
	unsigned int nr_vfio;
	/** @nr_vaddr_invalid: number of areas with &area.vaddr_invalid */
	unsigned int nr_vaddr_invalid;
	/** @nr_bytes: bytes of these areas; read without the lock too */
	u64 nr_bytes;
	/** @nr_pinned: bytes of areas that are pinned for the domains */
	atomic64_t nr_pinned;
	/** @stats: what is observed of the context, with a reference */
	struct iommufd_stats *stats;
	/**
	 * @id: ID of the IOAS, 0 for that of a container that has none; read
	 * without a lock
	 */
	u32 id;
	/**
	 * @areas_seq: incremented when areas are no longer PENDING, DYING, busy
	 * or pinned
	 */
	unsigned int areas_seq;
	/** @areas_wq: woken when @areas_seq changes */
	wait_queue_head_t areas_wq;
	/** @areas_map: the areas as a lock, for lockdep */
	struct lockdep_map areas_map;
};

/**
 * struct iopt_owner - owner of reserved IOVA
 *
 * Embedded in the object that needs the reservation, and identified by its
 * address.
 */
struct iopt_owner {
	/** @name: name of a device, of a group or of the IOMMU */
	char name[IOMMUFD_REFUSAL_NAME];
};

/**
 * struct iopt_domain - a domain that translates an I/O address space
 *
 * Embedded in the object that owns the domain.
 */
struct iopt_domain {
	/** @owner: of the reserved IOVA */
	struct iopt_owner owner;
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
	/**
	 * @uaddr: address in the current process, or offset in the file or
	 * dma-buf
	 */
	u64 uaddr;
	/** @prot: IOMMU_READ, IOMMU_WRITE, IOMMU_CACHE, for iommu_map() */
	int prot;
	/** @fixed: map at @iova only */
	bool fixed;
	/** @abi: the calls that the mapping will belong to; not for copies */
	enum area_abi abi;
	/** @small_pages: map no more than PAGE_SIZE at a time; not for copies */
	bool small_pages;
	/** @charge: how the memory is charged; not for copies */
	enum charge_mode charge;
};

/* iopt.c */
struct iopt *iopt_create(struct iommufd_stats *stats, u32 id);
int iopt_map_areas(struct iopt *iopt, struct list_head *areas,
		   struct iopt_map *map);
int iopt_map(struct iopt *iopt, struct iopt_map *map,
	     struct pages_source *source);
void iopt_free_iova(struct iopt *iopt, const struct list_head *areas);
int iopt_pin_area(struct iopt *iopt, struct area *area, bool present);
int iopt_wait_areas(struct iopt *iopt, unsigned int areas_seq,
		    unsigned long timeout);

/* iopt_unmap.c */
int iopt_unmap(struct iopt *iopt, const struct iova_range *range,
	       enum area_abi abi, u64 *unmapped);
int iopt_unmap_all(struct iopt *iopt, enum area_abi abi, u64 *unmapped);
void iopt_clear_vfio(struct iopt *iopt);
void iopt_put(struct iopt *iopt);

/**
 * iopt_get() - take a reference to an I/O address space
 * @iopt: the I/O address space
 *
 * Context: Any.
 * Return: @iopt, to be released by iopt_put().
 */
static inline struct iopt *iopt_get(struct iopt *iopt)
{
	refcount_inc(&iopt->refs);
	return iopt;
}

/**
 * iopt_count_area() - count an area in or out
 * @iopt: the I/O address space
 * @area: the area
 * @count: 1 or -1
 *
 * Context: Any; the caller holds &iopt.iova_rwsem for writing.
 */
static inline void iopt_count_area(struct iopt *iopt, const struct area *area,
				   int count)
{
	WRITE_ONCE(iopt->nr_areas, iopt->nr_areas + count);
	if (area->abi == AREA_VFIO)
		WRITE_ONCE(iopt->nr_vfio, iopt->nr_vfio + count);
	if (area->vaddr_invalid)
		iopt->nr_vaddr_invalid += count;
}

/**
 * iopt_own_areas() - acquire areas, for lockdep
 * @iopt: the I/O address space
 *
 * To be called when areas have become PENDING, DYING or busy. It is as if a lock was
 * taken for reading, which iopt_wait_areas() takes for writing.
 *
 * Context: Any.
 */
static inline void iopt_own_areas(struct iopt *iopt)
{
	lock_map_acquire_read(&iopt->areas_map);
}

/**
 * iopt_disown_areas() - release areas, for lockdep
 * @iopt: the I/O address space
 *
 * Context: Any.
 */
static inline void iopt_disown_areas(struct iopt *iopt)
{
	lock_map_release(&iopt->areas_map);
}

/**
 * iopt_wake_areas() - wake the callers of iopt_wait_areas()
 * @iopt: the I/O address space, whose areas_seq has been incremented
 *
 * Context: Any.
 */
static inline void iopt_wake_areas(struct iopt *iopt)
{
	if (wq_has_sleeper(&iopt->areas_wq))
		wake_up_all(&iopt->areas_wq);
}

/**
 * iopt_unpin_area() - undo iopt_pin_area()
 * @iopt: the I/O address space
 * @area: unmapped from all domains, and flushed; need not be pinned
 *
 * Context: May sleep. The caller owns @area.
 */
static inline void iopt_unpin_area(struct iopt *iopt, struct area *area)
{
	if (!area->held)
		return;
	atomic64_sub(area->length, &iopt->nr_pinned);
	area_unpin(area);
}

/**
 * iopt_unpin_list() - undo iopt_pin_area() for a list of areas
 * @iopt: the I/O address space
 * @areas: list of struct area, each as for iopt_unpin_area()
 *
 * Context: May sleep. The caller owns the areas.
 */
static inline void iopt_unpin_list(struct iopt *iopt,
				   const struct list_head *areas)
{
	struct area *area;

	list_for_each_entry(area, areas, entry) {
		iopt_unpin_area(iopt, area);
		cond_resched_unless_last(area, areas);
	}
}

#endif /* IOMMUFD_IOPT_H */
