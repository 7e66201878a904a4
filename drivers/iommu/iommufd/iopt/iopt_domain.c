// SPDX-License-Identifier: GPL-2.0-only
/*
 * The domains of an I/O address space: adding and removing them, which maps and
 * unmaps all areas, and the alignment that they require.
 */
#include <linux/cleanup.h>
#include <linux/iommu.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "area.h"
#include "domain/hwmap.h"
#include "iopt.h"
#include "iopt_domain.h"
#include "iopt_iova.h"

static unsigned long iopt_domain_min_page(const struct iommu_domain *domain)
{
	return domain->pgsize_bitmap & -domain->pgsize_bitmap;
}

static unsigned long iopt_current_alignment(const struct iopt *iopt)
{
	bool whole_pages = iopt->small_pages || iopt->nr_pinners;
	unsigned long alignment = whole_pages ? PAGE_SIZE : 1;
	const struct iopt_domain *entry;

	list_for_each_entry(entry, &iopt->domains, entry)
		alignment = max(alignment, iopt_domain_min_page(entry->domain));
	return alignment;
}

static unsigned long iopt_common_pgsizes(const struct iopt *iopt)
{
	const struct iopt_domain *entry;
	unsigned long pgsizes = ULONG_MAX;

	list_for_each_entry(entry, &iopt->domains, entry)
		pgsizes &= entry->domain->pgsize_bitmap;
	return pgsizes;
}

/**
 * iopt_update_alignment() - recompute the required alignment and page sizes
 * @iopt: domains_rwsem is held for writing; domains or users have changed
 *
 * Context: May sleep.
 */
void iopt_update_alignment(struct iopt *iopt)
{
	lockdep_assert_held_write(&iopt->domains_rwsem);

	guard(rwsem_write)(&iopt->iova_rwsem);
	iopt->alignment = iopt_current_alignment(iopt);
	WRITE_ONCE(iopt->pgsizes, iopt_common_pgsizes(iopt));
}

/**
 * iopt_check_alignment() - check that all mappings are aligned
 * @iopt: domains_rwsem is held for writing
 * @alignment: bytes, a power of two
 *
 * Context: May sleep.
 * Return: 0, -EADDRINUSE if one is not, -EINVAL if @alignment is larger than
 * PAGE_SIZE.
 */
int iopt_check_alignment(const struct iopt *iopt, unsigned long alignment)
{
	struct iova_node *node;

	lockdep_assert_held_write(&iopt->domains_rwsem);

	if (alignment > PAGE_SIZE)
		return -EINVAL;
	if (alignment <= iopt->alignment)
		return 0;
	iova_space_for_each_used(&iopt->space, node, &IOVA_RANGE_ALL) {
		if (!area_aligned(area_of(node), alignment))
			return -EADDRINUSE;
		cond_resched();
	}
	return 0;
}

/*
 * Unmap the areas below @stop (all if NULL) from one domain, and unpin them if
 * it was the last one.
 */
static void iopt_domain_unfill(struct iopt *iopt, struct iommu_domain *domain,
			       const struct iova_node *stop)
{
	struct hwmap_flush flush;
	struct iova_node *node;

	lockdep_assert_held_write(&iopt->domains_rwsem);

	hwmap_begin(&flush, domain);
	iova_space_for_each_used(&iopt->space, node, &IOVA_RANGE_ALL) {
		if (node == stop)
			break;
		area_unmap(area_of(node), &flush);
		cond_resched();
	}
	hwmap_end(&flush);
	if (!list_empty(&iopt->domains))
		return;
	iova_space_for_each_used(&iopt->space, node, &IOVA_RANGE_ALL) {
		if (node == stop)
			break;
		iopt_unpin_area(iopt, area_of(node));
		cond_resched();
	}
}

static int iopt_domain_fill_area(struct iopt *iopt, struct area *area,
				 struct iommu_domain *domain)
{
	bool first = list_empty(&iopt->domains);
	int ret;

	if (first) {
		ret = iopt_pin_area(iopt, area, true);
		if (ret)
			return ret;
	}
	ret = area_map(area, domain, &iopt->tables_lock, iopt->small_pages);
	if (ret && first)
		iopt_unpin_area(iopt, area);
	return ret;
}

static int iopt_domain_fill(struct iopt *iopt, struct iommu_domain *domain)
{
	struct iova_node *node;
	int ret;

	lockdep_assert_held_write(&iopt->domains_rwsem);

	iova_space_for_each_used(&iopt->space, node, &IOVA_RANGE_ALL) {
		ret = iopt_domain_fill_area(iopt, area_of(node), domain);
		if (ret) {
			iopt_domain_unfill(iopt, domain, node);
			return ret;
		}
		cond_resched();
	}
	return 0;
}

static int iopt_add_domain_locked(struct iopt *iopt, struct iopt_domain *entry)
{
	int ret;

	ret = iopt_check_alignment(iopt, iopt_domain_min_page(entry->domain));
	if (ret)
		return ret;
	ret = iopt_reserve_outside(iopt, entry->domain, &entry->owner);
	if (ret)
		return ret;
	ret = iopt_domain_fill(iopt, entry->domain);
	if (ret) {
		iopt_unreserve(iopt, &entry->owner);
		return ret;
	}
	list_add_tail(&entry->entry, &iopt->domains);
	WRITE_ONCE(iopt->nr_domains, iopt->nr_domains + 1);
	iopt_update_alignment(iopt);
	return 0;
}

/**
 * iopt_add_domain() - add a domain to an I/O address space
 * @iopt: the I/O address space
 * @entry: links @domain into @iopt until iopt_remove_domain()
 * @domain: a paging domain with nothing mapped
 *
 * Maps all areas in @domain, and reserves the IOVA outside of its aperture. Faults
 * no memory in, because many requests wait for a lock that is held meanwhile.
 *
 * Context: May sleep.
 * Return: 0, or with nothing changed -EADDRINUSE if IOVA outside of the
 * aperture is mapped or allowed, or a mapping is not aligned to the pages of
 * @domain; -EINVAL if those are larger than PAGE_SIZE, -EINTR if the current
 * process is being killed, -EAGAIN if memory has to be faulted in, for
 * iopt_hold_all(); or an error of pinning or mapping.
 */
int iopt_add_domain(struct iopt *iopt, struct iopt_domain *entry,
		    struct iommu_domain *domain)
{
	int ret;

	might_sleep();
	if (down_write_killable(&iopt->domains_rwsem))
		return -EINTR;
	entry->domain = domain;
	ret = iopt_add_domain_locked(iopt, entry);
	up_write(&iopt->domains_rwsem);
	return ret;
}

/**
 * iopt_remove_domain() - remove a domain from an I/O address space
 * @iopt: the I/O address space
 * @entry: as given to iopt_add_domain()
 *
 * Unmaps all areas from the domain, and unpins them if it was the last one.
 *
 * Context: May sleep.
 */
void iopt_remove_domain(struct iopt *iopt, struct iopt_domain *entry)
{
	might_sleep();
	guard(rwsem_write)(&iopt->domains_rwsem);
	list_del(&entry->entry);
	WRITE_ONCE(iopt->nr_domains, iopt->nr_domains - 1);
	iopt_domain_unfill(iopt, entry->domain, NULL);
	iopt_unreserve(iopt, &entry->owner);
	iopt_update_alignment(iopt);
}

/**
 * iopt_stop_mapping() - block all uses of the page tables of all domains
 * @iopt: the I/O address space
 *
 * To be held while a device is attached to one of the domains: some IOMMU
 * drivers change the shape of the page table then, and rely on it not being
 * used meanwhile. That includes revoking and restoring memory of a device, which
 * its driver does without a request. iopt_resume_mapping() has to follow.
 *
 * Context: May sleep.
 * Return: 0, or -EINTR if the current process is being killed.
 */
int iopt_stop_mapping(struct iopt *iopt)
{
	int ret;

	ret = down_write_killable(&iopt->domains_rwsem);
	if (ret)
		return ret;
	ret = mutex_lock_killable(&iopt->tables_lock);
	if (ret)
		up_write(&iopt->domains_rwsem);
	return ret;
}

/**
 * iopt_resume_mapping() - undo iopt_stop_mapping()
 * @iopt: the I/O address space
 *
 * Context: Process context.
 */
void iopt_resume_mapping(struct iopt *iopt)
{
	mutex_unlock(&iopt->tables_lock);
	up_write(&iopt->domains_rwsem);
}

static int iopt_check_small_pages(struct iopt *iopt)
{
	if (!list_empty(&iopt->domains) && iopt_nr_areas(iopt))
		return -EINVAL;
	return iopt_check_alignment(iopt, PAGE_SIZE);
}

/**
 * iopt_set_small_pages() - select small or large I/O pages
 * @iopt: the I/O address space
 * @small_pages: map no more than PAGE_SIZE at a time from now on
 *
 * Context: May sleep.
 * Return: 0; for small pages also -EINVAL if large ones may be in use,
 * -EADDRINUSE if some mapping is not aligned to PAGE_SIZE; -EINTR if the
 * current process is being killed.
 */
int iopt_set_small_pages(struct iopt *iopt, bool small_pages)
{
	int ret = 0;

	might_sleep();
	if (down_write_killable(&iopt->domains_rwsem))
		return -EINTR;
	if (small_pages && !iopt->small_pages)
		ret = iopt_check_small_pages(iopt);
	if (!ret) {
		iopt->small_pages = small_pages;
		iopt_update_alignment(iopt);
	}
	up_write(&iopt->domains_rwsem);
	return ret;
}
