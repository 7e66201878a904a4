// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOMMU domains of a container: a group joins an existing domain if its
 * IOMMU allows, otherwise it gets a new one.
 */
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/vfio_type1.h>
#include <uapi/linux/iommufd.h>

#include "domain.h"
#include "domain/iommu_core.h"
#include "iopt/iopt_domain.h"
#include "iopt/iopt_hold.h"
#include "iopt/iopt_iova.h"
#include "observe/stats.h"

static int domain_alloc_plain(struct device *dev, void *data)
{
	struct container_domain *cdom = data;

	cdom->domain = iommu_core_domain_alloc(dev);
	return 1;
}

static int domain_alloc_dirty(struct device *dev, void *data)
{
	struct iommu_domain **domain = data;

	*domain = iommu_core_domain_alloc_flags(
		dev, IOMMU_HWPT_ALLOC_DIRTY_TRACKING, NULL);
	return 1;
}

/* Any device of the group will do; the group keeps its devices. */
static int domain_alloc(struct container_domain *cdom,
			struct iommu_group *group)
{
	cdom->domain = ERR_PTR(-ENODEV);
	iommu_group_for_each_dev(group, cdom, domain_alloc_plain);
	return PTR_ERR_OR_ZERO(cdom->domain);
}

static struct container_domain *domain_create(struct container_space *space,
					      struct iommu_group *group)
{
	struct container_domain *cdom;
	int ret;

	cdom = kzalloc_obj(*cdom, GFP_KERNEL_ACCOUNT);
	if (!cdom)
		return ERR_PTR(-ENOMEM);
	ret = domain_alloc(cdom, group);
	if (ret)
		goto err_free;
	if (space->nesting)
		ret = type1_enable_nesting(cdom->domain);
	if (ret)
		goto err_domain;
	return cdom;

err_domain:
	iommu_domain_free(cdom->domain);
err_free:
	kfree(cdom);
	return ERR_PTR(ret);
}

static void domain_free(struct container_domain *cdom)
{
	iommu_domain_free(cdom->domain);
	kfree(cdom);
}

static bool domain_same_tables(const struct iommu_domain *a,
			       const struct iommu_domain *b)
{
	return a->ops == b->ops && a->pgsize_bitmap == b->pgsize_bitmap &&
	       a->geometry.aperture_start == b->geometry.aperture_start &&
	       a->geometry.aperture_end == b->geometry.aperture_end;
}

/*
 * Take a domain that can track dirty pages, unless it has other tables than a
 * plain one: some IOMMUs have a format without dirty bits that they prefer.
 * Programs would be given other IOVA and page sizes than natively, and slower
 * DMA, for a log that most of them never start. Some drivers know the tables
 * only after the attach.
 */
static void domain_prefer_dirty(struct container_domain *cdom,
				struct iommu_group *group)
{
	struct iommu_domain *plain = cdom->domain, *dirty = ERR_PTR(-ENODEV);

	iommu_group_for_each_dev(group, &dirty, domain_alloc_dirty);
	if (IS_ERR(dirty))
		return;
	if (!domain_same_tables(dirty, plain) ||
	    iommu_core_replace(dirty, group, NULL)) {
		iommu_domain_free(dirty);
		return;
	}
	iommu_domain_free(plain);
	cdom->domain = dirty;
	cdom->dirty = true;
}

static int domain_reserve_regions(struct container_space *space,
				  struct container_member *member)
{
	struct iommu_resv_region *region, *next;
	LIST_HEAD(regions);
	int ret;

	ret = iommu_get_group_resv_regions(member->group, &regions);
	if (!ret)
		ret = iopt_reserve_regions(space->iopt, &regions,
					   &member->owner);
	list_for_each_entry_safe(region, next, &regions, list)
		kfree(region);
	return ret;
}

/*
 * Reserve the IOVA that the group must not use and that its IOMMU cannot
 * address: the group may later share a domain with a larger aperture.
 */
static int domain_reserve(struct container_space *space,
			  struct container_member *member,
			  const struct iommu_domain *domain)
{
	int ret = domain_reserve_regions(space, member);

	return ret ?: iopt_reserve_outside(space->iopt, domain, &member->owner);
}

static int domain_replace(struct container_space *space,
			  struct container_member *member,
			  const struct container_domain *cdom)
{
	int ret;

	ret = iopt_stop_mapping(space->iopt);
	if (ret)
		return ret;
	ret = iommu_core_replace(cdom->domain, member->group, NULL);
	iopt_resume_mapping(space->iopt);
	return ret;
}

/* Move a group from the new domain to a compatible existing one. */
static bool domain_join(struct container_space *space,
			struct container_member *member,
			const struct container_domain *new)
{
	struct container_domain *cdom;

	list_for_each_entry(cdom, &space->domains, entry) {
		if (cdom->domain->ops != new->domain->ops ||
		    cdom->coherent != new->coherent)
			continue;
		if (domain_replace(space, member, cdom))
			continue;
		cdom->nr_groups++;
		member->cdom = cdom;
		return true;
	}
	return false;
}

/*
 * As natively, the lock of the container is held while memory is faulted in. Only
 * that of an IOAS that the container shares may wait for user space.
 */
static int domain_fault_and_fill(struct container_space *space,
				 struct container_domain *cdom)
{
	LIST_HEAD(holds);
	int ret;

	do {
		ret = iopt_add_domain(space->iopt, &cdom->iopt_domain,
				      cdom->domain);
	} while (ret == -EAGAIN && !(ret = iopt_hold_all(space->iopt, &holds)));
	iopt_release_all(&holds);
	return ret;
}

static int domain_fill(struct container_space *space,
		       struct container_domain *cdom, struct iommu_group *group)
{
	int ret;

	ret = domain_fault_and_fill(space, cdom);
	if (ret)
		return ret;
	ret = iommu_core_setup_msi(cdom->domain, group);
	if (ret)
		iopt_remove_domain(space->iopt, &cdom->iopt_domain);
	return ret;
}

static int domain_check_interrupts(const struct container_space *space,
				   struct iommu_group *group)
{
	if (READ_ONCE(space->params->allow_unsafe_interrupts) ||
	    iommu_group_has_isolated_msi(group))
		return 0;
	iommufd_refuse(&space->iopt->stats->refusals, REFUSAL_UNSAFE_INTERRUPTS,
		       iommu_group_id(group));

	/* Guides direct administrators to this message. */
	pr_warn_ratelimited(
		"%s: No interrupt remapping support.  Use the module param \"allow_unsafe_interrupts\" to enable VFIO IOMMU support on this platform\n",
		"vfio_iommu_type1_attach_group");
	return -EPERM;
}

/*
 * Called with the group attached to an empty domain, because only then the
 * IOMMU driver reports whether it can enforce coherency.
 */
static int domain_finish_attach(struct container_space *space,
				struct container_member *member,
				struct container_domain *cdom)
{
	int ret;

	ret = domain_check_interrupts(space, member->group);
	if (ret)
		return ret;
	cdom->coherent = iommu_core_enforce_coherency(cdom->domain);
	if (domain_join(space, member, cdom)) {
		domain_free(cdom);
		return 0;
	}
	ret = domain_fill(space, cdom, member->group);
	if (ret)
		return ret;
	cdom->nr_groups = 1;
	member->cdom = cdom;
	list_add(&cdom->entry, &space->domains);
	return 0;
}

/**
 * domain_attach() - attach a group to a domain with the mappings of its
 * container
 * @space: the mappings and the domains
 * @member: a group that is not attached
 *
 * Context: May sleep; the caller holds the container's lock.
 * Return: 0, -EINVAL if the group reserves IOVA that is mapped, -EPERM if its
 * interrupts are not isolated, another negative errno.
 */
int domain_attach(struct container_space *space,
		  struct container_member *member)
{
	struct container_domain *cdom;
	int ret;

	cdom = domain_create(space, member->group);
	if (IS_ERR(cdom))
		return PTR_ERR(cdom);
	ret = iommu_core_attach(cdom->domain, member->group, NULL);
	if (ret)
		goto err_free;
	if (!space->nesting)
		domain_prefer_dirty(cdom, member->group);
	ret = domain_reserve(space, member, cdom->domain);
	if (ret)
		goto err_unreserve;
	ret = domain_finish_attach(space, member, cdom);
	if (ret)
		goto err_unreserve;
	space->had_domain = true;
	return 0;

err_unreserve:
	iopt_unreserve(space->iopt, &member->owner);
	iommu_core_detach(cdom->domain, member->group);
err_free:
	domain_free(cdom);
	return ret == -EADDRINUSE ? -EINVAL : ret;
}

/**
 * domain_detach() - undo domain_attach()
 * @space: the mappings and the domains
 * @member: a group that is attached
 *
 * Removes all mappings of the container with the last domain, unless it has
 * groups of emulated devices.
 *
 * Context: May sleep; the caller holds the container's lock.
 */
void domain_detach(struct container_space *space,
		   struct container_member *member)
{
	struct container_domain *cdom = member->cdom;

	iommu_core_detach(cdom->domain, member->group);
	iopt_unreserve(space->iopt, &member->owner);
	member->cdom = NULL;
	if (--cdom->nr_groups)
		return;
	if (list_is_singular(&space->domains) && !space->nr_emulated)
		iopt_clear_vfio(space->iopt);
	iopt_remove_domain(space->iopt, &cdom->iopt_domain);
	list_del(&cdom->entry);
	domain_free(cdom);
}
