// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VFIO container: who is in it and what it is set to.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vfio_type1.h>
#include <uapi/linux/vfio.h>

#include "../ctx.h"
#include "../iopt_domain.h"
#include "container.h"
#include "domain.h"

static unsigned int dma_entry_limit __read_mostly = U16_MAX;
module_param(dma_entry_limit, uint, 0644);
MODULE_PARM_DESC(dma_entry_limit,
		 "most mappings of a container from now on (65535)");

static bool disable_hugepages;
module_param(disable_hugepages, bool, 0644);
MODULE_PARM_DESC(disable_hugepages,
		 "containers from now on map single pages only");

/* Made under a lock, and read without: once there, it stays. */
static struct container *container_get(struct iommufd_ctx *ictx)
{
	struct container *container;

	guard(mutex)(&ictx->groups_lock);
	if (ictx->compat_ioas)
		return ERR_PTR(-EBUSY);
	if (ictx->container)
		return ictx->container;
	container = kzalloc_obj(*container, GFP_KERNEL_ACCOUNT);
	if (!container)
		return ERR_PTR(-ENOMEM);
	mutex_init(&container->lock);
	INIT_LIST_HEAD(&container->groups);
	INIT_LIST_HEAD(&container->space.domains);
	/* pairs with smp_load_acquire() in container_ioctl() */
	smp_store_release(&ictx->container, container);
	return container;
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
	mutex_destroy(&container->lock);
	kfree(container);
}

static bool all_coherent(struct container *container)
{
	struct container_domain *cdom;

	guard(mutex)(&container->lock);
	if (container->state == CONTAINER_UNSET)
		return false;
	list_for_each_entry(cdom, &container->space.domains, entry)
		if (!cdom->coherent)
			return false;
	return true;
}

static bool is_type(unsigned long arg)
{
	return arg == VFIO_TYPE1_IOMMU || arg == VFIO_TYPE1v2_IOMMU ||
	       (TYPE1_NESTING && arg == __VFIO_RESERVED_TYPE1_NESTING_IOMMU);
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
	if (arg == VFIO_DMA_CC_IOMMU)
		return container && all_coherent(container);
	return is_type(arg) || arg == VFIO_UNMAP_ALL;
}

static int set_up(struct container *container, unsigned long arg)
{
	int ret;

	iopt_init(&container->space.iopt);
	ret = iopt_set_small_pages(&container->space.iopt, disable_hugepages);
	if (ret) {
		iopt_destroy(&container->space.iopt);
		return ret;
	}
	container->limit = dma_entry_limit;
	container->space.nesting = arg == __VFIO_RESERVED_TYPE1_NESTING_IOMMU;
	container->state = arg == VFIO_TYPE1_IOMMU ? CONTAINER_TYPE1 :
						     CONTAINER_TYPE1V2;
	return 0;
}

static void tear_down(struct container *container)
{
	WARN_ON(!list_empty(&container->space.domains));
	WRITE_ONCE(container->state, CONTAINER_UNSET);
	iopt_destroy(&container->space.iopt);
}

static int attach_groups(struct container *container)
{
	struct iommufd_container_group *cgrp;
	int ret;

	list_for_each_entry(cgrp, &container->groups, entry) {
		ret = domain_attach(&container->space, &cgrp->member);
		if (ret)
			goto err_detach;
	}
	return 0;

err_detach:
	list_for_each_entry_continue_reverse(cgrp, &container->groups, entry)
		domain_detach(&container->space, &cgrp->member);
	return ret;
}

/**
 * container_set_iommu() - VFIO_SET_IOMMU
 * @container: the container, NULL where no group was ever put in
 * @arg: the type
 *
 * Attaches the groups. There is no way back but to take all groups out.
 *
 * Return: 0, -EINVAL without a group or where it was done already, -ENODEV for
 * an unknown type, an error of domain_attach().
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
	if (!is_type(arg))
		return -ENODEV;
	ret = set_up(container, arg);
	if (ret)
		return ret;
	ret = attach_groups(container);
	if (ret)
		tear_down(container);
	return ret;
}

static int add_locked(struct container *container,
		      struct iommufd_container_group *cgrp)
{
	int ret;

	lockdep_assert_held(&container->lock);

	ret = iommu_group_claim_dma_owner(cgrp->member.group, cgrp);
	if (ret)
		return ret;
	if (container->state != CONTAINER_UNSET)
		ret = domain_attach(&container->space, &cgrp->member);
	if (ret) {
		iommu_group_release_dma_owner(cgrp->member.group);
		return ret;
	}
	list_add(&cgrp->entry, &container->groups);
	return 0;
}

/**
 * iommufd_container_add_group() - VFIO_GROUP_SET_CONTAINER
 * @ictx: the context; the group takes its own reference
 * @group: the group, to which the caller keeps a reference
 * @dev: a device of it
 *
 * Context: may sleep.
 * Return: the group in the container, given back by
 * iommufd_container_remove_group(); -EINVAL where the DMA of its devices is not
 * coherent, -EBUSY where IOMMU_VFIO_IOAS has made the context something else,
 * otherwise an error of claiming the group or of attaching it.
 */
struct iommufd_container_group *
iommufd_container_add_group(struct iommufd_ctx *ictx, struct iommu_group *group,
			    struct device *dev)
{
	struct iommufd_container_group *cgrp;
	struct container *container;
	int ret;

	if (!device_iommu_capable(dev, IOMMU_CAP_CACHE_COHERENCY))
		return ERR_PTR(-EINVAL);
	container = container_get(ictx);
	if (IS_ERR(container))
		return ERR_CAST(container);
	cgrp = kzalloc_obj(*cgrp, GFP_KERNEL_ACCOUNT);
	if (!cgrp)
		return ERR_PTR(-ENOMEM);
	cgrp->ictx = ictx;
	cgrp->member.group = group;
	scoped_guard(mutex, &container->lock)
		ret = add_locked(container, cgrp);
	if (ret) {
		kfree(cgrp);
		return ERR_PTR(ret);
	}
	iommufd_ctx_get(ictx);
	return cgrp;
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_add_group, "IOMMUFD_NG");

/**
 * iommufd_container_remove_group() - take a group out of its container
 * @cgrp: the group, without open devices; gone afterwards
 *
 * With the last group all mappings go, and the container is unset.
 *
 * Context: may sleep.
 */
void iommufd_container_remove_group(struct iommufd_container_group *cgrp)
{
	struct iommufd_ctx *ictx = cgrp->ictx;
	struct container *container = ictx->container;

	scoped_guard(mutex, &container->lock) {
		WARN_ON(cgrp->open_devices);
		if (container->state != CONTAINER_UNSET)
			domain_detach(&container->space, &cgrp->member);
		iommu_group_release_dma_owner(cgrp->member.group);
		list_del(&cgrp->entry);
		if (list_empty(&container->groups) &&
		    container->state != CONTAINER_UNSET)
			tear_down(container);
	}
	kfree(cgrp);
	iommufd_ctx_put(ictx);
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_remove_group, "IOMMUFD_NG");

/**
 * iommufd_container_open_device() - may a device of a group be opened?
 * @cgrp: the group
 *
 * Context: may sleep.
 * Return: 0, after which the group must stay in the container until
 * iommufd_container_close_device(); -EINVAL where VFIO_SET_IOMMU is still to do.
 */
int iommufd_container_open_device(struct iommufd_container_group *cgrp)
{
	struct container *container = cgrp->ictx->container;

	guard(mutex)(&container->lock);
	if (container->state == CONTAINER_UNSET)
		return -EINVAL;
	cgrp->open_devices++;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_open_device, "IOMMUFD_NG");

/**
 * iommufd_container_close_device() - undo iommufd_container_open_device()
 * @cgrp: the group
 *
 * Context: may sleep.
 */
void iommufd_container_close_device(struct iommufd_container_group *cgrp)
{
	struct container *container = cgrp->ictx->container;

	guard(mutex)(&container->lock);
	WARN_ON(!cgrp->open_devices);
	cgrp->open_devices--;
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_close_device, "IOMMUFD_NG");
