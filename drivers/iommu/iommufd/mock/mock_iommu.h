/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mock IOMMU and its domains.
 *
 * To the IOMMU core it is an IOMMU like any other, beside the machine's own
 * one.
 */
#ifndef IOMMUFD_MOCK_IOMMU_H
#define IOMMUFD_MOCK_IOMMU_H

#include <linux/iommu.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include "mock_pt.h"
#include "test_abi.h"

#define MOCK_DEVICE_NAME "iommufd_mock"

struct iommufd_viommu;

/**
 * struct mock_device - what there is to know about a device
 */
struct mock_device {
	/** @flags: MOCK_FLAGS_DEVICE_ */
	u32 flags;
	/** @cache: a cache in the device that a vIOMMU invalidates */
	u32 cache[MOCK_DEV_CACHE_NUM];
	/**
	 * @iopf_lock: held for writing by who attaches or detaches the device,
	 * for reading while it reports a page request, so that there is none
	 * on its way when what it is reported by goes
	 */
	struct rw_semaphore iopf_lock;
	/** @domain: what it is attached to, under the group's lock */
	struct iommu_domain *domain;
	/** @nr_iopf: how many domains that take page requests it is attached to */
	unsigned int nr_iopf;
	/**
	 * @viommu_lock: protects the two below, and keeps the vIOMMU from going
	 * while they are read
	 */
	struct rw_semaphore viommu_lock;
	/** @viommu: whose nested domain it is attached to, or NULL */
	struct iommufd_viommu *viommu;
	/** @vdev_id: the guest's number of it there */
	unsigned long vdev_id;
	/** @fail_next: the next attaching of IOMMU_TEST_PASID_RESERVED fails */
	bool fail_next;
};

/**
 * struct mock_domain - a paging domain
 */
struct mock_domain {
	/** @domain: as the IOMMU core knows it */
	struct iommu_domain domain;
	/** @pt: what is mapped */
	struct mock_pt pt;
	/** @dirty_tracking: dirty pages are being tracked */
	bool dirty_tracking;
};

/**
 * struct mock_nested - a domain nested in a paging domain
 */
struct mock_nested {
	/** @domain: as the IOMMU core knows it */
	struct iommu_domain domain;
	/** @iotlb: a cache that user space invalidates */
	u32 iotlb[MOCK_NESTED_DOMAIN_IOTLB_NUM];
	/** @viommu: the vIOMMU that made it, or NULL */
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
