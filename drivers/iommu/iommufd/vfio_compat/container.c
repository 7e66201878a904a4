// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO containers: their groups, and the type that VFIO_SET_IOMMU selects.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/lockdep.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <linux/vfio_type1.h>
#include <uapi/linux/vfio.h>

#include "container.h"
#include "container_space.h"
#include "ctx.h"
#include "dirty.h"
#include "domain.h"
#include "domain/iommu_core.h"
#include "iopt/iopt_domain.h"
#include "observe/stats.h"
#include "params.h"
#include "vaddr.h"

/*
 * Devices without an IOMMU may be given to user space. Set by the module that
 * offers such devices.
 */
bool iommufd_noiommu;
EXPORT_SYMBOL_NS_GPL(iommufd_noiommu, "IOMMUFD_NG");

static struct container *container_create(struct iommufd_ctx *ictx)
{
	static atomic64_t last_id;
	struct container *container;

	container = kzalloc_obj(*container, GFP_KERNEL_ACCOUNT);
	if (!container)
		return ERR_PTR(-ENOMEM);
	container->stats = stats_get(ictx->stats);
	refcount_set(&container->refs, 1);
	container->id = atomic64_inc_return(&last_id);
	mutex_init(&container->lock);
	spin_lock_init(&container->groups_spin);
	INIT_LIST_HEAD(&container->groups);
	INIT_LIST_HEAD(&container->space.domains);
	dirty_init(&container->dirty, &container->space);
	/* pairs with smp_load_acquire() in container_ioctl() */
	smp_store_release(&ictx->container, container);
	return container;
}

/*
 * Created under a lock, read without one: it stays until the context is freed.
 */
static struct container *container_enter(struct iommufd_ctx *ictx)
{
	struct container *container = ictx->container;

	lockdep_assert_held(&ictx->groups_lock);

	if (!container)
		container = container_create(ictx);
	if (!IS_ERR(container))
		refcount_inc(&container->refs);
	return container;
}

/**
 * container_put() - drop a reference to a container
 * @container: the container, freed with its last reference
 *
 * Context: May sleep.
 */
void container_put(struct container *container)
{
	if (!refcount_dec_and_test(&container->refs))
		return;
	WARN_ON(!list_empty(&container->groups));
	dirty_destroy(&container->dirty);
	mutex_destroy(&container->lock);
	stats_put(container->stats);
	kfree(container);
}

static bool container_all_coherent(struct container *container)
{
	struct container_domain *cdom;

	lockdep_assert_held(&container->lock);

	list_for_each_entry(cdom, &container->space.domains, entry)
		if (!cdom->coherent)
			return false;
	return true;
}

/* Extensions that depend on the groups and the type */
static long container_check_groups(struct container *container,
				   unsigned long arg)
{
	bool has = false;

	if (!container)
		return false;
	if (mutex_lock_killable(&container->lock))
		return -EINTR;
	if (container_is_type1(container))
		has = arg == VFIO_DMA_CC_IOMMU ?
			      container_all_coherent(container) :
			      vaddr_updatable(&container->space);
	mutex_unlock(&container->lock);
	return has;
}

static bool container_known_type(unsigned long arg)
{
	return arg == VFIO_TYPE1_IOMMU || arg == VFIO_TYPE1v2_IOMMU ||
	       (TYPE1_NESTING && arg == __VFIO_RESERVED_TYPE1_NESTING_IOMMU);
}

/*
 * The groups in the container decide; an empty one allows both sides. Lockless,
 * so that the caller does not wait for a mapping in progress.
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
 * container_known_extension() - check for a type or an extension of type1
 * @arg: the extension
 *
 * Return: true if it does not depend on the groups of a container.
 */
bool container_known_extension(unsigned long arg)
{
	return container_known_type(arg) || arg == VFIO_UNMAP_ALL;
}

/**
 * container_check_extension() - VFIO_CHECK_EXTENSION
 * @container: the container, NULL if no group was ever added
 * @arg: the extension
 *
 * Return: 1 if it is supported, 0 if not, -EINTR if the current process is being
 * killed.
 */
long container_check_extension(struct container *container, unsigned long arg)
{
	if (arg == VFIO_NOIOMMU_IOMMU)
		return READ_ONCE(iommufd_noiommu) &&
		       container_side_allowed(container,
					      CONTAINER_WITHOUT_IOMMU);
	if (!container_side_allowed(container, CONTAINER_WITH_IOMMU) ||
	    !params_available())
		return 0;
	if (arg == VFIO_DMA_CC_IOMMU || arg == VFIO_UPDATE_VADDR)
		return container_check_groups(container, arg);
	return container_known_extension(arg);
}

static int container_set_up(struct iommufd_ctx *ictx,
			    struct container *container, unsigned long arg)
{
	int ret;

	container->space.params = params_get();
	if (!container->space.params)
		return -ENODEV;
	ret = container_space_take(&container->space, ictx);
	if (ret) {
		params_put(container->space.params);
		return ret;
	}
	container->limit = READ_ONCE(container->space.params->dma_entry_limit);
	container->space.nesting = arg == __VFIO_RESERVED_TYPE1_NESTING_IOMMU;
	container->space.had_domain = false;
	return 0;
}

static void container_tear_down(struct container *container)
{
	WARN_ON(!list_empty(&container->space.domains));
	dirty_stop(&container->dirty);
	iopt_clear_vfio(container->space.iopt);
	container_space_drop(&container->space);
	params_put(container->space.params);
}

static void container_unset(struct container *container)
{
	bool type1 = container_is_type1(container);

	WRITE_ONCE(container->state, CONTAINER_UNSET);
	stats_wait_walks(container->stats);
	if (type1)
		container_tear_down(container);
}

/*
 * Set up the container before its state is published: opening a device takes no
 * lock.
 */
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

/* Groups without an IOMMU are not attached: just record the type. */
static long container_set_noiommu(struct container *container,
				  unsigned long arg)
{
	struct iommufd_refusal_log *log = &container->stats->refusals;

	lockdep_assert_held(&container->lock);

	if (arg != VFIO_NOIOMMU_IOMMU || !READ_ONCE(iommufd_noiommu)) {
		iommufd_refuse(log, REFUSAL_UNKNOWN_TYPE, arg);
		return -ENODEV;
	}
	if (!capable(CAP_SYS_RAWIO)) {
		iommufd_refuse(log, REFUSAL_CAP_RAWIO);
		return -EPERM;
	}
	container_publish(container, CONTAINER_NOIOMMU);
	return 0;
}

/* The type1 driver reports this extension but rejects it as a type. */
static int container_type_errno(unsigned long arg)
{
	return arg == VFIO_UNMAP_ALL && params_available() ? -EINVAL : -ENODEV;
}

static long container_set_type1(struct iommufd_ctx *ictx,
				struct container *container, unsigned long arg)
{
	int ret;

	lockdep_assert_held(&container->lock);

	if (!container_known_type(arg)) {
		iommufd_refuse(&container->stats->refusals,
			       REFUSAL_UNKNOWN_TYPE, arg);
		return container_type_errno(arg);
	}
	ret = container_set_up(ictx, container, arg);
	if (ret)
		return ret;
	ret = container_attach_groups(container);
	if (ret)
		container_tear_down(container);
	else
		container_publish(container, arg == VFIO_TYPE1_IOMMU ?
						     CONTAINER_TYPE1 :
						     CONTAINER_TYPE1V2);
	return ret;
}

static int container_check_unset(const struct container *container)
{
	struct iommufd_refusal_log *log = &container->stats->refusals;

	if (list_empty(&container->groups))
		iommufd_refuse(log, REFUSAL_NO_CONTAINER_GROUP);
	else if (container->state != CONTAINER_UNSET)
		iommufd_refuse(log, REFUSAL_TYPE_SET);
	else
		return 0;
	return -EINVAL;
}

/**
 * container_set_iommu() - VFIO_SET_IOMMU
 * @ictx: the context
 * @arg: the type
 *
 * Attaches the groups, to the I/O address space of the IOAS that is selected, if
 * any. Only the removal of all groups reverts it.
 *
 * Return: 0; -EINVAL if there is no group, if a type is set already or for
 * VFIO_UNMAP_ALL; -ENODEV if the type is unknown or does not match the groups,
 * or if the module that has the parameters of type1 is not loaded; -EPERM for
 * groups without an IOMMU if the caller lacks CAP_SYS_RAWIO; -EINTR if the
 * current process is being killed; an error of domain_attach().
 */
long container_set_iommu(struct iommufd_ctx *ictx, unsigned long arg)
{
	/* pairs with smp_store_release() in container_create() */
	struct container *container = smp_load_acquire(&ictx->container);
	long ret;

	if (!container) {
		iommufd_refuse(&ictx->stats->refusals,
			       REFUSAL_NO_CONTAINER_GROUP);
		return -EINVAL;
	}
	if (mutex_lock_killable(&container->lock))
		return -EINTR;
	ret = container_check_unset(container);
	if (!ret)
		ret = container->side == CONTAINER_WITHOUT_IOMMU ?
			      container_set_noiommu(container, arg) :
			      container_set_type1(ictx, container, arg);
	mutex_unlock(&container->lock);
	return ret;
}

/* Groups of other kinds have no DMA, or DMA that cannot be blocked. */
static int container_claim_dma(struct iommufd_container_group *cgrp)
{
	int ret;

	if (cgrp->kind != IOMMUFD_GROUP_PHYSICAL)
		return 0;
	ret = iommu_group_claim_dma_owner(cgrp->member.group, cgrp);
	if (ret == -EBUSY || ret == -EPERM)
		iommu_core_refuse_claim(&cgrp->container->stats->refusals,
					cgrp->member.group);
	return ret;
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

	if (!container_side_allowed(container, side)) {
		iommufd_refuse(&container->stats->refusals,
			       REFUSAL_MIXED_NOIOMMU);
		return -EPERM;
	}
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
	scoped_guard(spinlock, &container->groups_spin)
		list_add(&cgrp->entry, &container->groups);
	return 0;
}

/**
 * iommufd_container_add_group() - VFIO_GROUP_SET_CONTAINER
 * @ictx: the context; the group references its container, not the context
 * @group: the group, to which the caller keeps a reference
 * @kind: kind of its devices
 *
 * DMA of the devices has to be coherent, which was checked when they were
 * registered.
 *
 * Context: May sleep.
 * Return: the group in the container, to be freed by
 * iommufd_container_remove_group(); -EPERM for a group without an IOMMU if the
 * caller lacks CAP_SYS_RAWIO or the container has groups with an IOMMU, and for
 * any other group if the container has groups without one; -EINTR if the current
 * process is being killed; an error of claiming or attaching the group.
 */
struct iommufd_container_group *
iommufd_container_add_group(struct iommufd_ctx *ictx, struct iommu_group *group,
			    enum iommufd_group_kind kind)
{
	struct iommufd_container_group *cgrp;
	struct container *container;
	int ret;

	if (kind == IOMMUFD_GROUP_NOIOMMU && !capable(CAP_SYS_RAWIO)) {
		iommufd_refuse(&ictx->stats->refusals, REFUSAL_CAP_RAWIO);
		return ERR_PTR(-EPERM);
	}
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
	cgrp->container = container;
	cgrp->member.group = group;
	snprintf(cgrp->member.owner.name, sizeof(cgrp->member.owner.name),
		 "group %d", iommu_group_id(group));
	ret = mutex_lock_killable(&container->lock);
	if (!ret) {
		ret = container_add_locked(container, cgrp);
		mutex_unlock(&container->lock);
	}
	if (ret) {
		container_put(container);
		kfree(cgrp);
		return ERR_PTR(ret);
	}
	return cgrp;
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_add_group, "IOMMUFD_NG");

/**
 * iommufd_container_remove_group() - remove a group from its container
 * @cgrp: the group, none of whose devices is open; freed by this call
 *
 * The removal of the last group removes all mappings and unsets the type.
 *
 * Context: May sleep.
 */
void iommufd_container_remove_group(struct iommufd_container_group *cgrp)
{
	struct container *container = cgrp->container;

	scoped_guard(mutex, &container->lock) {
		container->space.nr_emulated -= cgrp->kind ==
						IOMMUFD_GROUP_EMULATED;
		if (container_is_type1(container))
			container_detach(container, cgrp);
		container_release_dma(cgrp);
		scoped_guard(spinlock, &container->groups_spin)
			list_del(&cgrp->entry);
		if (list_empty(&container->groups)) {
			container_unset(container);
			WRITE_ONCE(container->side, CONTAINER_EMPTY);
		}
	}
	container_put(container);
	kfree(cgrp);
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_remove_group, "IOMMUFD_NG");

/**
 * iommufd_container_check_open() - check that devices of a group may be opened
 * @cgrp: the group
 *
 * Does not wait for a mapping in progress, which may take long: opening a
 * device may block tasks that have nothing to do with the container.
 *
 * Context: Any.
 * Return: 0, after which the group must stay in the container until the device
 * is closed; -EINVAL if no type is set by VFIO_SET_IOMMU, -EPERM for a group
 * without an IOMMU if the caller lacks CAP_SYS_RAWIO.
 */
int iommufd_container_check_open(struct iommufd_container_group *cgrp)
{
	struct container *container = cgrp->container;

	/* pairs with smp_store_release() in container_publish() */
	if (smp_load_acquire(&container->state) == CONTAINER_UNSET) {
		iommufd_refuse(&container->stats->refusals, REFUSAL_NO_TYPE);
		return -EINVAL;
	}
	if (cgrp->kind == IOMMUFD_GROUP_NOIOMMU && !capable(CAP_SYS_RAWIO)) {
		iommufd_refuse(&container->stats->refusals, REFUSAL_CAP_RAWIO);
		return -EPERM;
	}
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_check_open, "IOMMUFD_NG");

/**
 * iommufd_container_refusals() - get the log of refused calls of a container
 * @cgrp: a group in it
 *
 * Context: Any.
 * Return: the log, which exists as long as @cgrp.
 */
struct iommufd_refusal_log *
iommufd_container_refusals(const struct iommufd_container_group *cgrp)
{
	return &cgrp->container->stats->refusals;
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_refusals, "IOMMUFD_NG");

/**
 * iommufd_container_refused() - record the result of a call
 * @cgrp: a group in the container
 * @op: the call, see &iommufd_refusal.op
 * @ret: its result; nothing is recorded unless it refuses the call
 *
 * Context: May sleep.
 */
void iommufd_container_refused(struct iommufd_container_group *cgrp, u32 op,
			       long ret)
{
	stats_refused(cgrp->container->stats, op, ret);
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_refused, "IOMMUFD_NG");

/**
 * iommufd_container_ctx_id() - get the number of the context of a container
 * @cgrp: a group in it
 *
 * Context: Any.
 * Return: as iommufd_ctx_id(), even if the context has been closed.
 */
u64 iommufd_container_ctx_id(const struct iommufd_container_group *cgrp)
{
	return cgrp->container->stats->id;
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_ctx_id, "IOMMUFD_NG");

/**
 * iommufd_container_id() - get the identity of a container
 * @cgrp: a group in it
 *
 * Context: Any.
 * Return: a number that no other container ever has, and not 0.
 */
u64 iommufd_container_id(const struct iommufd_container_group *cgrp)
{
	return cgrp->container->id;
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_id, "IOMMUFD_NG");
