/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mock IOMMU and its domains.
 *
 * To the IOMMU core it is an IOMMU like any other, in addition to that of the
 * machine.
 */
#ifndef IOMMUFD_MOCK_IOMMU_H
#define IOMMUFD_MOCK_IOMMU_H

#include <linux/iommu.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include "mock_paging.h"
#include "test_abi.h"

#define MOCK_DEVICE_NAME "iommufd_mock"

struct iommufd_viommu;

/**
 * struct mock_device - a device behind the mock IOMMU
 */
struct mock_device {
	/** @flags: MOCK_FLAGS_DEVICE_ */
	u32 flags;
	/** @peer: a device of the group to join, or NULL; while it is probed */
	struct device *peer;
	/** @dirty_huge: domains that track dirty pages have huge tables */
	bool dirty_huge;
	/** @cache: a cache of the device, invalidated through a vIOMMU */
	u32 cache[MOCK_DEV_CACHE_NUM];
	/** @domain: domain it is attached to, protected by the group's lock */
	struct iommu_domain *domain;
	/**
	 * @nr_iopf: number of attachments to domains that handle page requests
	 */
	unsigned int nr_iopf;
	/**
	 * @viommu_lock: protects the two members below, and keeps the vIOMMU
	 * alive while they are read
	 */
	struct rw_semaphore viommu_lock;
	/** @viommu: vIOMMU of the nested domain it is attached to, or NULL */
	struct iommufd_viommu *viommu;
	/** @vdev_id: virtual ID of the device in @viommu */
	unsigned long vdev_id;
	/**
	 * @fail_next: the next attachment of IOMMU_TEST_PASID_RESERVED fails
	 */
	bool fail_next;
	/**
	 * @undo: domain from which this PASID was moved last, only compared; NULL
	 * if it was not moved
	 */
	const struct iommu_domain *undo;
};

/**
 * struct mock_nested - a domain nested in a paging domain
 */
struct mock_nested {
	/** @domain: the domain of the IOMMU core */
	struct iommu_domain domain;
	/** @iotlb: a cache, invalidated by user space */
	u32 iotlb[MOCK_NESTED_DOMAIN_IOTLB_NUM];
	/** @viommu: the vIOMMU that allocated it, or NULL */
	struct iommufd_viommu *viommu;
};

extern const struct iommu_ops mock_iommu_ops;

struct mock_domain *mock_domain_of(struct iommu_domain *domain);
struct mock_nested *mock_nested_of(struct iommu_domain *domain);

struct mock_nested *mock_nested_alloc(const struct iommu_user_data *data);

struct device *mock_iommu_hardware(void);

int mock_iommu_init(void);
void mock_iommu_exit(void);

#endif /* IOMMUFD_MOCK_IOMMU_H */
