// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "noiommu.h"

static int map_pages(struct iommu_domain *domain, unsigned long iova,
		     phys_addr_t phys, size_t pgsize, size_t pgcount, int prot,
		     gfp_t gfp, size_t *mapped)
{
	*mapped = pgsize * pgcount;
	return 0;
}

static size_t unmap_pages(struct iommu_domain *domain, unsigned long iova,
			  size_t pgsize, size_t pgcount,
			  struct iommu_iotlb_gather *gather)
{
	return pgsize * pgcount;
}

static void free_domain(struct iommu_domain *domain)
{
	kfree(domain);
}

static const struct iommu_domain_ops noiommu_ops = {
	.map_pages = map_pages,
	.unmap_pages = unmap_pages,
	.free = free_domain,
};

/**
 * noiommu_domain_alloc() - make a domain that translates nothing
 *
 * It takes any IOVA, in pages of any size from PAGE_SIZE on.
 *
 * Context: May sleep.
 * Return: the domain, freed by iommu_domain_free(), or ERR_PTR(-ENOMEM).
 */
struct iommu_domain *noiommu_domain_alloc(void)
{
	struct iommu_domain *domain;

	domain = kzalloc_obj(*domain, GFP_KERNEL_ACCOUNT);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	domain->type = IOMMU_DOMAIN_UNMANAGED;
	domain->ops = &noiommu_ops;
	domain->pgsize_bitmap = PAGE_MASK;
	domain->geometry.aperture_end = ULONG_MAX;
	domain->geometry.force_aperture = true;
	return domain;
}

/**
 * is_noiommu_domain() - is it one that translates nothing?
 * @domain: any domain
 *
 * Context: Any.
 * Return: true for one by noiommu_domain_alloc().
 */
bool is_noiommu_domain(const struct iommu_domain *domain)
{
	return domain->ops == &noiommu_ops;
}
