// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compare mappings, pins and caches with the values that a test expects.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/overflow.h>

#include "ctx.h"
#include "hwpt.h"
#include "internals.h"
#include "ioas.h"
#include "mock_iommu.h"
#include "test_abi.h"
#include "test_map.h"
#include "ucmd.h"

/* Owner of regions that are reserved until the IOAS is destroyed. */
static const struct iopt_owner test_map_reserved_owner = { "test" };

/**
 * test_add_reserved() - IOMMU_TEST_OP_ADD_RESERVED
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0, -EADDRINUSE if part of the region is mapped, another negative
 * errno.
 */
int test_add_reserved(struct iommufd_ucmd *ucmd)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	struct iommu_resv_region region = {
		.start = cmd->add_reserved.start,
		.length = cmd->add_reserved.length,
		.type = IOMMU_RESV_RESERVED,
	};
	struct iommufd_ioas *ioas;
	LIST_HEAD(regions);
	u64 last;
	int ret;

	if (!region.length)
		return -EINVAL;
	if (check_add_overflow(cmd->add_reserved.start,
			       cmd->add_reserved.length - 1, &last))
		return -EOVERFLOW;
	ioas = iommufd_internals.ioas_get(ucmd->ictx, cmd->id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	list_add(&region.list, &regions);
	ret = iommufd_internals.iopt_reserve_regions(ioas->iopt, &regions,
						     &test_map_reserved_owner);
	iommufd_internals.object_put(&ioas->obj);
	return ret;
}

/* Get the page that the current process has at an address. */
static int test_map_user_page(unsigned long uaddr, struct page **page)
{
	int ret = get_user_pages_fast(uaddr & PAGE_MASK, 1, 0, page);

	if (ret < 0)
		return ret;
	return ret == 1 ? 0 : -EFAULT;
}

static int test_map_user_phys(unsigned long uaddr, phys_addr_t *phys)
{
	struct page *page;
	int ret = test_map_user_page(uaddr, &page);

	if (ret)
		return ret;
	*phys = page_to_phys(page) + offset_in_page(uaddr);
	put_page(page);
	return 0;
}

static int test_map_compare(struct mock_domain *mock, unsigned long iova,
			    unsigned long uaddr, unsigned long length)
{
	unsigned long step = min_t(unsigned long, PAGE_SIZE,
				   BIT(__ffs(mock->domain.pgsize_bitmap)));
	phys_addr_t expected, phys;
	unsigned long end;
	int ret;

	if ((iova | uaddr | length) % step ||
	    check_add_overflow(uaddr, length, &end))
		return -EINVAL;
	for (; uaddr < end; uaddr += step, iova += step) {
		ret = test_map_user_phys(uaddr, &expected);
		if (ret)
			return ret;
		if (!mock_pt_lookup(&mock->pt, iova, &phys) || phys != expected)
			return -EINVAL;
		cond_resched();
	}
	return 0;
}

static struct iommufd_hwpt *test_map_get_hwpt(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_object *obj;

	obj = iommufd_internals.object_get(&ictx->objects, id,
					   iommufd_internals.hwpt_ops);
	return IS_ERR(obj) ? ERR_CAST(obj) : hwpt_of(obj);
}

/**
 * test_md_check_map() - IOMMU_TEST_OP_MD_CHECK_MAP
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0, -EINVAL if other memory is mapped, another negative errno.
 */
int test_md_check_map(struct iommufd_ucmd *ucmd)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	struct iommufd_hwpt *hwpt = test_map_get_hwpt(ucmd->ictx, cmd->id);
	struct mock_domain *mock;
	int ret = -EINVAL;

	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	mock = mock_domain_of(hwpt->domain);
	if (mock)
		ret = test_map_compare(mock, cmd->check_map.iova,
				       cmd->check_map.uptr,
				       cmd->check_map.length);
	iommufd_internals.object_put(&hwpt->obj);
	return ret;
}

/*
 * Each pin adds GUP_PIN_COUNTING_BIAS to the reference count of the page, which
 * other references do not reach. Compound pages have a separate pin count.
 */
static bool test_map_has_pins(struct page *page, u32 pins)
{
	return PageCompound(page) ||
	       page_ref_count(page) / GUP_PIN_COUNTING_BIAS == pins;
}

/**
 * test_md_check_refs() - IOMMU_TEST_OP_MD_CHECK_REFS
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0, -EIO if the pin count differs from the expected one, another
 * negative errno.
 */
int test_md_check_refs(struct iommufd_ucmd *ucmd)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	unsigned long uaddr = cmd->check_refs.uptr;
	unsigned long end;
	int ret = 0;

	if (!PAGE_ALIGNED(uaddr | cmd->check_refs.length) ||
	    check_add_overflow(uaddr, cmd->check_refs.length, &end))
		return -EINVAL;
	for (; uaddr < end && !ret; uaddr += PAGE_SIZE) {
		struct page *page;

		ret = test_map_user_page(uaddr, &page);
		if (ret)
			break;
		if (!test_map_has_pins(page, cmd->check_refs.refs))
			ret = -EIO;
		put_page(page);
	}
	return ret;
}

/**
 * test_md_check_iotlb() - IOMMU_TEST_OP_MD_CHECK_IOTLB
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0, -EINVAL if the entry has another value, -ENOENT.
 */
int test_md_check_iotlb(struct iommufd_ucmd *ucmd)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	struct iommufd_hwpt *hwpt = test_map_get_hwpt(ucmd->ictx, cmd->id);
	u32 id = cmd->check_iotlb.id;
	struct mock_nested *nested;
	int ret = -EINVAL;

	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	nested = mock_nested_of(hwpt->domain);
	if (nested && id < ARRAY_SIZE(nested->iotlb) &&
	    nested->iotlb[id] == cmd->check_iotlb.iotlb)
		ret = 0;
	iommufd_internals.object_put(&hwpt->obj);
	return ret;
}
