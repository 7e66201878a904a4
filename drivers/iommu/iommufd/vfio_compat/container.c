// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VFIO container: who is in it and what it is set to.
 */
#include <linux/bug.h>
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <linux/vfio_type1.h>
#include <uapi/linux/vfio.h>

#include "container.h"
#include "ctx.h"
#include "dirty.h"
#include "domain.h"
#include "iopt/iopt_domain.h"
#include "params.h"
#include "vaddr.h"

/*
 * Devices without an IOMMU may be given to user space. Whoever offers such
 * devices sets it.
 */
bool iommufd_noiommu;
EXPORT_SYMBOL_NS_GPL(iommufd_noiommu, "IOMMUFD_NG");

static struct container *container_create(struct iommufd_ctx *ictx)
{
	struct container *container;

	container = kzalloc_obj(*container, GFP_KERNEL_ACCOUNT);
	if (!container)
		return ERR_PTR(-ENOMEM);
	mutex_init(&container->lock);
	INIT_LIST_HEAD(&container->groups);
	INIT_LIST_HEAD(&container->space.domains);
	dirty_init(&container->dirty, &container->space);
	/* pairs with smp_load_acquire() in container_ioctl() */
	smp_store_release(&ictx->container, container);
	return container;
}

/* Made under a lock, and read without: once there, it stays. */
static struct container *container_enter(struct iommufd_ctx *ictx)
{
	struct container *container = ictx->container;

	lockdep_assert_held(&ictx->groups_lock);

	if (ictx->compat_ioas)
		return ERR_PTR(-EBUSY);
	if (!container)
		container = container_create(ictx);
	if (!IS_ERR(container))
		container->users++;
	return container;
}

static void container_leave(struct iommufd_ctx *ictx)
{
	guard(mutex)(&ictx->groups_lock);
	ictx->container->users--;
}

/**
 * container_free() - free a container
 * @container: one without groups, or NULL
 */
void container_free(struct container *container)
{
	if (!container)
		return;
	WARN_ON(!list_empty(&container->groups));
	dirty_destroy(&container->dirty);
	mutex_destroy(&container->lock);
	kfree(container);
}

static bool container_all_coherent(struct container *container)
{
	struct container_domain *cdom;

	guard(mutex)(&container->lock);
	if (!container_is_type1(container))
		return false;
	list_for_each_entry(cdom, &container->space.domains, entry)
		if (!cdom->coherent)
			return false;
	return true;
}

static bool container_can_update_vaddr(struct container *container)
{
	guard(mutex)(&container->lock);
	return container_is_type1(container) &&
	       vaddr_updatable(&container->space);
}

static bool container_known_type(unsigned long arg)
{
	return arg == VFIO_TYPE1_IOMMU || arg == VFIO_TYPE1v2_IOMMU ||
	       (TYPE1_NESTING && arg == __VFIO_RESERVED_TYPE1_NESTING_IOMMU);
}

/*
 * The groups that are there decide; without any, all is possible. Does not wait
 * for a mapping to be made, and so takes no lock.
 */
static bool container_side_allowed(struct container *container,
				   enum container_side side)
{
	enum container_side now;

	if (!container)
		return true;
	now = READ_ONCE(container->side);
	return now == CONTAINER_EMPTY || now == side;
}

/**
 * container_check_extension() - VFIO_CHECK_EXTENSION
 * @container: the container, NULL where no group was ever put in
 * @arg: what is asked about
 *
 * Return: 1 for yes, 0 for no.
 */
long container_check_extension(struct container *container, unsigned long arg)
{
	if (arg == VFIO_NOIOMMU_IOMMU)
		return READ_ONCE(iommufd_noiommu) &&
		       container_side_allowed(container,
					      CONTAINER_WITHOUT_IOMMU);
	if (!container_side_allowed(container, CONTAINER_WITH_IOMMU))
		return 0;
	if (arg == VFIO_DMA_CC_IOMMU)
		return container && container_all_coherent(container);
	if (arg == VFIO_UPDATE_VADDR)
		return container && container_can_update_vaddr(container);
	return container_known_type(arg) || arg == VFIO_UNMAP_ALL;
}

static void container_set_up(struct container *container, unsigned long arg)
{
	iopt_init(&container->space.iopt);
	container->space.params = params_get();
	container->limit = READ_ONCE(container->space.params->dma_entry_limit);
	container->space.nesting = arg == __VFIO_RESERVED_TYPE1_NESTING_IOMMU;
	container->space.had_domain = false;
}

static void container_tear_down(struct container *container)
{
	WARN_ON(!list_empty(&container->space.domains));
	dirty_stop(&container->dirty);
	iopt_destroy(&container->space.iopt);
	params_put(container->space.params);
}

static void container_unset(struct container *container)
{
	bool type1 = container_is_type1(container);

	WRITE_ONCE(container->state, CONTAINER_UNSET);
	if (type1)
		container_tear_down(container);
}

/* Who finds it set finds it complete: opening a device takes no lock. */
static void container_publish(struct container *container,
			      enum container_state state)
{
	/* pairs with smp_load_acquire() in iommufd_container_check_open() */
	smp_store_release(&container->state, state);
}

static int container_attach(struct container *container,
			    struct iommufd_container_group *cgrp)
{
	int ret = vaddr_check_attach(&container->space);

	if (ret || cgrp->kind != IOMMUFD_GROUP_PHYSICAL)
		return ret;
	ret = domain_attach(&container->space, &cgrp->member);
	if (!ret)
		dirty_group_joined(&container->dirty);
	return ret;
}

static void container_detach(struct container *container,
			     struct iommufd_container_group *cgrp)
{
	if (cgrp->kind != IOMMUFD_GROUP_PHYSICAL)
		return;
	domain_detach(&container->space, &cgrp->member);
	dirty_group_left(&container->dirty);
}

static int container_attach_groups(struct container *container)
{
	struct iommufd_container_group *cgrp;
	int ret;

	list_for_each_entry(cgrp, &container->groups, entry) {
		ret = container_attach(container, cgrp);
		if (ret)
			goto err_detach;
	}
	return 0;

err_detach:
	list_for_each_entry_continue_reverse(cgrp, &container->groups, entry)
		container_detach(container, cgrp);
	return ret;
}

/* Nothing is attached: that the type is there is a formality. */
static long container_set_noiommu(struct container *container,
				  unsigned long arg)
{
	lockdep_assert_held(&container->lock);

	if (arg != VFIO_NOIOMMU_IOMMU || !READ_ONCE(iommufd_noiommu))
		return -ENODEV;
	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	container_publish(container, CONTAINER_NOIOMMU);
	return 0;
}

/* Programs see the type1 driver say yes to this extension, then reject it. */
static int container_type_errno(unsigned long arg)
{
	return arg == VFIO_UNMAP_ALL ? -EINVAL : -ENODEV;
}

/**
 * container_set_iommu() - VFIO_SET_IOMMU
 * @container: the container, NULL where no group was ever put in
 * @arg: the type
 *
 * Attaches the groups. There is no way back but to take all groups out.
 *
 * Return: 0, -EINVAL without a group, where it was done already or for
 * VFIO_UNMAP_ALL, -ENODEV for a type that is unknown or not that of the groups,
 * -EPERM for groups without an IOMMU where the caller does not have
 * CAP_SYS_RAWIO, an error of domain_attach().
 */
long container_set_iommu(struct container *container, unsigned long arg)
{
	int ret;

	if (!container)
		return -EINVAL;
	guard(mutex)(&container->lock);
	if (list_empty(&container->groups) ||
	    container->state != CONTAINER_UNSET)
		return -EINVAL;
	if (container->side == CONTAINER_WITHOUT_IOMMU)
		return container_set_noiommu(container, arg);
	if (!container_known_type(arg))
		return container_type_errno(arg);
	container_set_up(container, arg);
	ret = container_attach_groups(container);
	if (ret)
		container_tear_down(container);
	else
		container_publish(container, arg == VFIO_TYPE1_IOMMU ?
						     CONTAINER_TYPE1 :
						     CONTAINER_TYPE1V2);
	return ret;
}

/* The DMA of other kinds is not anybody's, or not to be stopped. */
static int container_claim_dma(struct iommufd_container_group *cgrp)
{
	if (cgrp->kind != IOMMUFD_GROUP_PHYSICAL)
		return 0;
	return iommu_group_claim_dma_owner(cgrp->member.group, cgrp);
}

static void container_release_dma(struct iommufd_container_group *cgrp)
{
	if (cgrp->kind == IOMMUFD_GROUP_PHYSICAL)
		iommu_group_release_dma_owner(cgrp->member.group);
}

static int container_add_locked(struct container *container,
				struct iommufd_container_group *cgrp)
{
	enum container_side side = cgrp->kind == IOMMUFD_GROUP_NOIOMMU ?
					   CONTAINER_WITHOUT_IOMMU :
					   CONTAINER_WITH_IOMMU;
	int ret;

	lockdep_assert_held(&container->lock);

	if (!container_side_allowed(container, side))
		return -EPERM;
	ret = container_claim_dma(cgrp);
	if (ret)
		return ret;
	if (container_is_type1(container))
		ret = container_attach(container, cgrp);
	if (ret) {
		container_release_dma(cgrp);
		return ret;
	}
	WRITE_ONCE(container->side, side);
	container->space.nr_emulated += cgrp->kind == IOMMUFD_GROUP_EMULATED;
	list_add(&cgrp->entry, &container->groups);
	return 0;
}

/**
 * iommufd_container_add_group() - VFIO_GROUP_SET_CONTAINER
 * @ictx: the context; the group takes its own reference
 * @group: the group, to which the caller keeps a reference
 * @kind: what its devices are
 *
 * Whether the DMA of its devices is coherent, as it has to be, was looked at when
 * they were registered.
 *
 * Context: May sleep.
 * Return: the group in the container, given back by
 * iommufd_container_remove_group(); -EPERM for a group without an IOMMU where the
 * caller does not have CAP_SYS_RAWIO, or where there are groups with an IOMMU, or
 * for any other group where there are groups without; -EBUSY where
 * IOMMU_VFIO_IOAS has made the context something else, otherwise an error of
 * claiming the group or of attaching it.
 */
struct iommufd_container_group *
iommufd_container_add_group(struct iommufd_ctx *ictx, struct iommu_group *group,
			    enum iommufd_group_kind kind)
{
	struct iommufd_container_group *cgrp;
	struct container *container;
	int ret;

	if (kind == IOMMUFD_GROUP_NOIOMMU && !capable(CAP_SYS_RAWIO))
		return ERR_PTR(-EPERM);
	cgrp = kzalloc_obj(*cgrp, GFP_KERNEL_ACCOUNT);
	if (!cgrp)
		return ERR_PTR(-ENOMEM);
	scoped_guard(mutex, &ictx->groups_lock)
		container = container_enter(ictx);
	if (IS_ERR(container)) {
		kfree(cgrp);
		return ERR_CAST(container);
	}
	cgrp->kind = kind;
	cgrp->ictx = ictx;
	cgrp->member.group = group;
	scoped_guard(mutex, &container->lock)
		ret = container_add_locked(container, cgrp);
	if (ret) {
		container_leave(ictx);
		kfree(cgrp);
		return ERR_PTR(ret);
	}
	iommufd_ctx_get(ictx);
	return cgrp;
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_add_group, "IOMMUFD_NG");

/**
 * iommufd_container_remove_group() - take a group out of its container
 * @cgrp: the group, no device of which is open; gone afterwards
 *
 * With the last group all mappings go, and the container is unset.
 *
 * Context: May sleep.
 */
void iommufd_container_remove_group(struct iommufd_container_group *cgrp)
{
	struct iommufd_ctx *ictx = cgrp->ictx;
	struct container *container = ictx->container;

	scoped_guard(mutex, &container->lock) {
		container->space.nr_emulated -= cgrp->kind ==
						IOMMUFD_GROUP_EMULATED;
		if (container_is_type1(container))
			container_detach(container, cgrp);
		container_release_dma(cgrp);
		list_del(&cgrp->entry);
		if (list_empty(&container->groups)) {
			container_unset(container);
			WRITE_ONCE(container->side, CONTAINER_EMPTY);
		}
	}
	container_leave(ictx);
	kfree(cgrp);
	iommufd_ctx_put(ictx);
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_remove_group, "IOMMUFD_NG");

/**
 * iommufd_container_check_open() - may a device of a group be opened?
 * @cgrp: the group
 *
 * Does not wait for a request to map, which may take long: who opens a device
 * may hold up others that have nothing to do with the container.
 *
 * Context: Any.
 * Return: 0, after which the group must stay in the container until the device
 * is closed; -EINVAL where VFIO_SET_IOMMU is still to do, -EPERM where there is
 * no IOMMU and the caller does not have CAP_SYS_RAWIO.
 */
int iommufd_container_check_open(struct iommufd_container_group *cgrp)
{
	struct container *container = cgrp->ictx->container;

	/* pairs with smp_store_release() in publish() */
	if (smp_load_acquire(&container->state) == CONTAINER_UNSET)
		return -EINVAL;
	if (cgrp->kind == IOMMUFD_GROUP_NOIOMMU && !capable(CAP_SYS_RAWIO))
		return -EPERM;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_check_open, "IOMMUFD_NG");
