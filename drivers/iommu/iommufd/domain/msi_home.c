// SPDX-License-Identifier: GPL-2.0-only
/*
 * The doorbells of interrupts in the domains of a context.
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "msi_home.h"

/**
 * msi_space_init() - initialize the space of a context
 * @space: the space
 */
void msi_space_init(struct msi_space *space)
{
	mutex_init(&space->lock);
	space->slices = 0;
}

/**
 * msi_space_destroy() - destroy the space of a context
 * @space: the space, without homes
 */
void msi_space_destroy(struct msi_space *space)
{
	WARN_ON(space->slices);
	mutex_destroy(&space->lock);
}

static unsigned long msi_home_iova(const struct msi_home *home, unsigned int nr)
{
	const struct msi_space *space = home->space;
	unsigned long page = home->slice * space->slice_pages + nr;

	return space->window.first + page * PAGE_SIZE;
}

static unsigned long msi_window_pages(const struct iova_range *window)
{
	return iova_range_length(window) / PAGE_SIZE;
}

/* As many slices as pages in each: 16 of 16 in 1 MiB of 4 KiB pages. */
static int msi_space_set_window(struct msi_space *space,
				const struct iova_range *window)
{
	unsigned long pages = msi_window_pages(window);

	if (space->slices)
		return space->window.first == window->first &&
				       space->window.last == window->last ?
			       0 :
			       -EOPNOTSUPP;
	if (!pages || !IS_ALIGNED(window->first, PAGE_SIZE))
		return -EOPNOTSUPP;
	space->window = *window;
	space->slice_pages = 1U << (ilog2(pages) / 2);
	return 0;
}

static unsigned int msi_space_nr_slices(const struct msi_space *space)
{
	unsigned long pages = msi_window_pages(&space->window);

	return min_t(unsigned long, pages / space->slice_pages, BITS_PER_LONG);
}

/* Remove the copies of doorbells of a former home with the same slice. */
static void msi_home_clear(const struct msi_home *home)
{
	unsigned int nr;

	for (nr = 0; nr < home->space->slice_pages; nr++) {
		unsigned long iova = msi_home_iova(home, nr);

		if (iommu_iova_to_phys(home->domain, iova))
			iommu_unmap(home->domain, iova, PAGE_SIZE);
	}
}

/**
 * msi_home_create() - let the kernel map doorbells into a domain
 * @space: the space of the context
 * @window: IOVA that the driver of the IOMMU reserves for doorbells
 * @domain: a paging domain that is not a home yet; it belongs to the home from
 *	    now on
 *
 * Context: May sleep. The caller holds the lock of @space.
 * Return: the home, with a reference for the caller; ERR_PTR(-ENOSPC) if there are
 * too many in the context, ERR_PTR(-EOPNOTSUPP) if others of the context have
 * another window, another ERR_PTR.
 */
struct msi_home *msi_home_create(struct msi_space *space,
				 const struct iova_range *window,
				 struct iommu_domain *domain)
{
	struct msi_home *home;
	unsigned int slice;
	int ret;

	lockdep_assert_held(&space->lock);

	ret = msi_space_set_window(space, window);
	if (ret)
		return ERR_PTR(ret);
	slice = ffz(space->slices);
	if (space->slices == ULONG_MAX || slice >= msi_space_nr_slices(space))
		return ERR_PTR(-ENOSPC);
	home = kzalloc_obj(*home, GFP_KERNEL_ACCOUNT);
	if (!home)
		return ERR_PTR(-ENOMEM);
	refcount_set(&home->refs, 1);
	home->space = space;
	home->domain = domain;
	home->slice = slice;
	msi_home_clear(home);
	ret = iommu_get_msi_cookie(domain, msi_home_iova(home, 0));
	if (ret) {
		kfree(home);
		return ERR_PTR(ret);
	}
	space->slices |= BIT(slice);
	return home;
}

/**
 * msi_home_put() - drop a reference to a home
 * @home: the home; with the last reference it is freed, and so is its domain
 *
 * Context: May sleep. The caller holds the lock of the space.
 */
void msi_home_put(struct msi_home *home)
{
	lockdep_assert_held(&home->space->lock);

	if (!refcount_dec_and_test(&home->refs))
		return;
	home->space->slices &= ~BIT(home->slice);
	iommu_domain_free(home->domain);
	kfree(home);
}

/**
 * msi_home_full() - check for room for another doorbell
 * @home: the home
 *
 * Context: The caller holds the lock of the space, and no interrupts are being
 * allocated.
 * Return: true if the kernel would map the next doorbell outside of the slice.
 */
bool msi_home_full(const struct msi_home *home)
{
	unsigned int last = home->space->slice_pages - 1;

	lockdep_assert_held(&home->space->lock);

	return iommu_iova_to_phys(home->domain, msi_home_iova(home, last));
}

/* An IOVA of a slice whose former home was freed is not in use any more. */
static int msi_home_map(struct iommu_domain *domain, unsigned long iova,
			phys_addr_t doorbell)
{
	phys_addr_t old = iommu_iova_to_phys(domain, iova);

	if (old == doorbell)
		return 0;
	if (old && iommu_unmap(domain, iova, PAGE_SIZE) != PAGE_SIZE)
		return -EINVAL;
	return iommu_map(domain, iova, doorbell, PAGE_SIZE,
			 IOMMU_WRITE | IOMMU_NOEXEC | IOMMU_MMIO,
			 GFP_KERNEL_ACCOUNT);
}

/**
 * msi_home_copy() - map the doorbells of a home in another domain
 * @home: the home
 * @domain: a paging domain, the window of which is reserved
 *
 * The kernel fills a slice from its first page on, without gaps.
 *
 * Context: May sleep. The caller holds the lock of the space, and no interrupts of
 * the devices that are going to use @domain are being allocated.
 * Return: 0 or a negative errno; what was mapped then stays.
 */
int msi_home_copy(const struct msi_home *home, struct iommu_domain *domain)
{
	unsigned int nr;
	int ret;

	lockdep_assert_held(&home->space->lock);

	for (nr = 0; nr < home->space->slice_pages; nr++) {
		unsigned long iova = msi_home_iova(home, nr);
		phys_addr_t doorbell = iommu_iova_to_phys(home->domain, iova);

		if (!doorbell)
			return 0;
		ret = msi_home_map(domain, iova, doorbell);
		if (ret)
			return ret;
	}
	return 0;
}
