/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VFIO container: groups that share an I/O address space of type1.
 *
 * A context becomes a container when the first group is put into it. A group's
 * DMA is claimed when it is put in; it is attached then, if VFIO_SET_IOMMU has
 * been done, or by VFIO_SET_IOMMU. What is mapped is mapped for all groups, and
 * goes when the last one leaves.
 */
#ifndef IOMMUFD_VFIO_COMPAT_CONTAINER_H
#define IOMMUFD_VFIO_COMPAT_CONTAINER_H

#include <linux/iommufd.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "dirty.h"
#include "domain.h"

struct iommu_group;
struct iommufd_ctx;

/**
 * enum container_state - what VFIO_SET_IOMMU has made of a container
 */
enum container_state {
	/** @CONTAINER_UNSET: nothing yet, or no group is left */
	CONTAINER_UNSET,
	/** @CONTAINER_TYPE1: type1 whose unmap goes by first IOVAs */
	CONTAINER_TYPE1,
	/** @CONTAINER_TYPE1V2: type1 whose unmap cuts no mapping */
	CONTAINER_TYPE1V2,
	/** @CONTAINER_NOIOMMU: nothing can be mapped */
	CONTAINER_NOIOMMU,
};

/**
 * enum container_side - what kind of groups a container has
 */
enum container_side {
	/** @CONTAINER_EMPTY: no group */
	CONTAINER_EMPTY,
	/** @CONTAINER_WITH_IOMMU: groups with an IOMMU, or of software */
	CONTAINER_WITH_IOMMU,
	/** @CONTAINER_WITHOUT_IOMMU: groups that have none */
	CONTAINER_WITHOUT_IOMMU,
};

/**
 * struct container - a VFIO container
 */
struct container {
	/**
	 * @lock: protects all members but @users; held through each request,
	 * mapping included, so that requests are answered in order as they
	 * always were
	 */
	struct mutex lock;
	/**
	 * @users: groups in it, coming or going; &iommufd_ctx.groups_lock
	 * protects it
	 */
	unsigned int users;
	/** @state: what VFIO_SET_IOMMU has made of it; read without the lock */
	enum container_state state;
	/** @limit: how many mappings there may be */
	unsigned int limit;
	/** @groups: list of struct iommufd_container_group */
	struct list_head groups;
	/** @side: what kind of groups it has; read without the lock */
	enum container_side side;
	/** @space: the mappings; nothing while @state is not that of a type1 */
	struct container_space space;
	/** @dirty: what was written to */
	struct container_dirty dirty;
};

/**
 * struct iommufd_container_group - a group in a container
 *
 * Its address owns the group's DMA, where it is &IOMMUFD_GROUP_PHYSICAL.
 */
struct iommufd_container_group {
	/** @entry: links into &container.groups */
	struct list_head entry;
	/** @kind: what its devices are */
	enum iommufd_group_kind kind;
	/** @ictx: the context, with a reference */
	struct iommufd_ctx *ictx;
	/**
	 * @member: the group, to which the owner of this has a reference;
	 * attached while the container is set, if it is physical
	 */
	struct container_member member;
};

/**
 * container_is_type1() - can there be mappings?
 * @container: the container
 *
 * Return: true where it is set to one of the types of type1.
 */
static inline bool container_is_type1(const struct container *container)
{
	enum container_state state = READ_ONCE(container->state);

	return state == CONTAINER_TYPE1 || state == CONTAINER_TYPE1V2;
}

long container_check_extension(struct container *container, unsigned long arg);
long container_set_iommu(struct container *container, unsigned long arg);
void container_free(struct container *container);

#endif /* IOMMUFD_VFIO_COMPAT_CONTAINER_H */
