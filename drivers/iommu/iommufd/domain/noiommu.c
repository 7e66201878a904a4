// SPDX-License-Identifier: GPL-2.0-only
/* A domain without translation, for devices that are behind no IOMMU. */
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "noiommu.h"

static int noiommu_map_pages(struct iommu_domain *domain, unsigned long iova,
			     phys_addr_t phys, size_t pgsize, size_t pgcount,
			     int prot, gfp_t gfp, size_t *mapped)
{
	*mapped = pgsize * pgcount;
	return 0;
}

static size_t noiommu_unmap_pages(struct iommu_domain *domain,
				  unsigned long iova, size_t pgsize,
				  size_t pgcount,
				  struct iommu_iotlb_gather *gather)
{
	return pgsize * pgcount;
}

static void noiommu_domain_free(struct iommu_domain *domain)
{
	kfree(domain);
}

static const struct iommu_domain_ops noiommu_domain_ops = {
	.map_pages = noiommu_map_pages,
	.unmap_pages = noiommu_unmap_pages,
	.free = noiommu_domain_free,
};

/**
 * noiommu_domain_alloc() - allocate a domain without translation
 *
 * The domain accepts any IOVA, in pages of any power of two from PAGE_SIZE on.
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
	domain->ops = &noiommu_domain_ops;
	domain->pgsize_bitmap = PAGE_MASK;
	domain->geometry.aperture_end = ULONG_MAX;
	domain->geometry.force_aperture = true;
	return domain;
}

/**
 * is_noiommu_domain() - test whether a domain is without translation
 * @domain: any domain
 *
 * Context: Any.
 * Return: true if noiommu_domain_alloc() allocated @domain.
 */
bool is_noiommu_domain(const struct iommu_domain *domain)
{
	return domain->ops == &noiommu_domain_ops;
}
