/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VFIO container: groups that share an I/O address space of type1.
 *
 * A context becomes a container when the first group is added. Adding a group
 * claims its DMA. The group is attached at that time if VFIO_SET_IOMMU has been
 * called, otherwise by VFIO_SET_IOMMU. Mappings apply to all groups and are
 * removed with the last group.
 */
#ifndef IOMMUFD_VFIO_COMPAT_CONTAINER_H
#define IOMMUFD_VFIO_COMPAT_CONTAINER_H

#include <linux/iommufd.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>

#include "dirty.h"
#include "domain.h"

struct iommu_group;
struct iommufd_ctx;
struct iommufd_stats;

/**
 * enum container_state - the type selected by VFIO_SET_IOMMU
 */
enum container_state {
	/** @CONTAINER_UNSET: no type yet, or no group is left */
	CONTAINER_UNSET,
	/**
	 * @CONTAINER_TYPE1: type1, unmaps each mapping whose first IOVA is in
	 * the range
	 */
	CONTAINER_TYPE1,
	/** @CONTAINER_TYPE1V2: type1, refuses to unmap part of a mapping */
	CONTAINER_TYPE1V2,
	/** @CONTAINER_NOIOMMU: no mappings */
	CONTAINER_NOIOMMU,
};

/**
 * enum container_side - groups with or without an IOMMU
 */
enum container_side {
	/** @CONTAINER_EMPTY: no group */
	CONTAINER_EMPTY,
	/**
	 * @CONTAINER_WITH_IOMMU: groups with an IOMMU, or of emulated devices
	 */
	CONTAINER_WITH_IOMMU,
	/** @CONTAINER_WITHOUT_IOMMU: groups without an IOMMU */
	CONTAINER_WITHOUT_IOMMU,
};

/**
 * struct container - a VFIO container
 */
struct container {
	/**
	 * @lock: protects all members but @refs; held through each request,
	 * including the mapping of memory, so that requests are served in order
	 * as type1 always did. User space may be waited for with it held, so
	 * every request that can fail waits for it killably.
	 */
	struct mutex lock;
	/**
	 * @refs: one of the context, which creates the container, and one of
	 * each group in it, being added or being removed. Groups stay in the
	 * container after its file was closed.
	 */
	refcount_t refs;
	/** @stats: what is observed of the context, with a reference */
	struct iommufd_stats *stats;
	/** @id: never that of another container, and not 0; set once */
	u64 id;
	/** @state: type selected by VFIO_SET_IOMMU; read without the lock */
	enum container_state state;
	/** @limit: maximum number of mappings */
	unsigned int limit;
	/**
	 * @groups_spin: held while @groups changes, so that they can be listed
	 * without @lock
	 */
	spinlock_t groups_spin;
	/** @groups: list of struct iommufd_container_group */
	struct list_head groups;
	/** @side: kind of its groups; read without the lock */
	enum container_side side;
	/** @space: the mappings; valid only while @state is a type1 */
	struct container_space space;
	/** @dirty: log of dirty pages */
	struct container_dirty dirty;
};

/**
 * struct iommufd_container_group - a group in a container
 *
 * Its address is the owner of the group's DMA if @kind is
 * IOMMUFD_GROUP_PHYSICAL.
 */
struct iommufd_container_group {
	/** @entry: links into &container.groups */
	struct list_head entry;
	/** @kind: kind of its devices */
	enum iommufd_group_kind kind;
	/** @container: the container, with a reference */
	struct container *container;
	/**
	 * @member: the group, to which the owner of this structure has a
	 * reference; a physical group is attached while the container has a
	 * type
	 */
	struct container_member member;
};

/**
 * container_has_groups() - check whether a container has groups
 * @container: the container, or NULL
 *
 * Context: Any.
 * Return: true if it has groups, at least one of which may be leaving.
 */
static inline bool container_has_groups(const struct container *container)
{
	return container && READ_ONCE(container->side) != CONTAINER_EMPTY;
}

/**
 * container_is_type1() - check whether a container can have mappings
 * @container: the container
 *
 * Return: true if its type is one of the types of type1.
 */
static inline bool container_is_type1(const struct container *container)
{
	enum container_state state = READ_ONCE(container->state);

	return state == CONTAINER_TYPE1 || state == CONTAINER_TYPE1V2;
}

bool container_known_extension(unsigned long arg);
long container_check_extension(struct container *container, unsigned long arg);
long container_set_iommu(struct iommufd_ctx *ictx, unsigned long arg);
void container_put(struct container *container);

#endif /* IOMMUFD_VFIO_COMPAT_CONTAINER_H */
