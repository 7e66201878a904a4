// SPDX-License-Identifier: GPL-2.0-only
/*
 * Physical addresses of mapped memory, for devices without an IOMMU.
 */
#include <linux/errno.h>
#include <linux/minmax.h>

#include "area.h"
#include "domain/noiommu.h"
#include "iopt.h"
#include "iopt_phys.h"
#include "iopt_range.h"

static bool iopt_has_noiommu_domain(const struct iopt *iopt)
{
	const struct iopt_domain *entry;

	lockdep_assert_held(&iopt->domains_rwsem);

	list_for_each_entry(entry, &iopt->domains, entry)
		if (is_noiommu_domain(entry->domain))
			return true;
	return false;
}

static int iopt_phys_locked(struct iopt *iopt, unsigned long iova, u64 *length,
			    u64 *phys)
{
	const struct iopt_range_query query = { .range = { iova, iova } };
	struct area *area;
	u64 last;
	int ret;

	lockdep_assert_held(&iopt->domains_rwsem);

	ret = iopt_range_get(iopt, &query);
	if (ret)
		return ret;
	area = iopt_range_area(iopt, iova);
	last = area->node.range.last - iova;
	if (iopt_has_noiommu_domain(iopt))
		ret = pages_phys(area->pages, area_offset(area, iova),
				 min(*length - 1, last) + 1, length, phys);
	else
		ret = -EOPNOTSUPP;
	iopt_range_put(iopt, &query.range, 0);
	return ret;
}

/**
 * iopt_phys() - get the physical address of an IOVA
 * @iopt: the I/O address space
 * @iova: the first byte
 * @length: maximum number of bytes, at least 1; set to the number of bytes of
 *	the same mapping that are physically contiguous
 * @phys: set to the physical address of the first byte
 *
 * The address is valid until the mapping is unmapped or the last domain is
 * removed.
 *
 * Context: May sleep.
 * Return: 0, -ENOENT if nothing is mapped, -EOPNOTSUPP if no device without an
 * IOMMU is attached, -EINVAL if the memory was revoked, -EINTR if the current
 * process is being killed.
 */
int iopt_phys(struct iopt *iopt, unsigned long iova, u64 *length, u64 *phys)
{
	int ret;

	might_sleep();
	if (down_read_killable(&iopt->domains_rwsem))
		return -EINTR;
	ret = iopt_phys_locked(iopt, iova, length, phys);
	up_read(&iopt->domains_rwsem);
	return ret;
}
