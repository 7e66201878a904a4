// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver of the mock IOMMU: its domains, attachments, PASIDs and page
 * requests.
 */
#include <linux/cleanup.h>
#include <linux/container_of.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/iommu_driver.h>
#include <linux/iommufd.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd.h>

#include "fail_attr.h"
#include "mock_iommu.h"

static const struct iommu_domain_ops mock_paging_ops;
static const struct iommu_domain_ops mock_nested_ops;
static struct iommu_domain mock_blocked_domain;

/* The IOMMU, and the device that stands for its hardware. */
static struct iommu_device mock_iommu;
static struct platform_device *mock_hardware;

/* Queue for page requests of the devices. */
static struct iopf_queue *mock_iopf;

/**
 * mock_domain_of() - get the mock domain of a domain
 * @domain: any domain
 *
 * Return: the mock domain, or NULL if @domain is no paging domain of the mock
 * IOMMU.
 */
struct mock_domain *mock_domain_of(struct iommu_domain *domain)
{
	if (domain->ops != &mock_paging_ops)
		return NULL;
	return container_of(domain, struct mock_domain, domain);
}

/**
 * mock_nested_of() - get the nested mock domain of a domain
 * @domain: any domain
 *
 * Return: the nested mock domain, or NULL if @domain is no nested domain of the
 * mock IOMMU.
 */
struct mock_nested *mock_nested_of(struct iommu_domain *domain)
{
	if (domain->ops != &mock_nested_ops)
		return NULL;
	return container_of(domain, struct mock_nested, domain);
}

static int mock_check_dirty(const struct iommu_domain *domain,
			    const struct mock_device *mdev)
{
	bool unable = mdev->flags & MOCK_FLAGS_DEVICE_NO_DIRTY;

	return domain->dirty_ops && unable ? -EINVAL : 0;
}

static int mock_enable_iopf(struct device *dev,
			    const struct iommu_domain *domain)
{
	struct mock_device *mdev = dev_get_platdata(dev);
	int ret = 0;

	if (!domain->iopf_handler)
		return 0;
	if (!mdev->nr_iopf)
		ret = iopf_queue_add_device(mock_iopf, dev);
	if (!ret)
		mdev->nr_iopf++;
	return ret;
}

static void mock_disable_iopf(struct device *dev,
			      const struct iommu_domain *domain)
{
	struct mock_device *mdev = dev_get_platdata(dev);

	if (domain && domain->iopf_handler && !--mdev->nr_iopf)
		iopf_queue_remove_device(mock_iopf, dev);
}

/* Blocking never fails because it detaches a device. */
static bool mock_attach_should_fail(const struct iommu_domain *domain)
{
	return domain != &mock_blocked_domain && mock_should_fail();
}

/* A nested domain of a vIOMMU requires that the device has a virtual ID. */
static int mock_find_vdevice(struct iommu_domain *domain, struct device *dev,
			     struct iommufd_viommu **viommu,
			     unsigned long *vdev_id)
{
	const struct mock_nested *nested = mock_nested_of(domain);

	*viommu = nested ? nested->viommu : NULL;
	if (!*viommu)
		return 0;
	return iommufd_viommu_get_vdev_id(*viommu, dev, vdev_id);
}

static void mock_set_vdevice(struct mock_device *mdev,
			     struct iommufd_viommu *viommu,
			     unsigned long vdev_id)
{
	guard(rwsem_write)(&mdev->viommu_lock);
	mdev->viommu = viommu;
	mdev->vdev_id = vdev_id;
}

static void mock_attach_pt(struct iommu_domain *domain)
{
	struct mock_domain *mock = mock_domain_of(domain);

	if (mock && !mock->blank)
		mock_pt_attach(&mock->pt);
}

static int mock_attach_dev(struct iommu_domain *domain, struct device *dev,
			   struct iommu_domain *old)
{
	struct mock_device *mdev = dev_get_platdata(dev);
	struct iommufd_viommu *viommu;
	unsigned long vdev_id = 0;
	int ret = mock_check_dirty(domain, mdev);

	if (!ret)
		ret = mock_find_vdevice(domain, dev, &viommu, &vdev_id);
	if (!ret && mock_attach_should_fail(domain))
		ret = -ENOMEM;
	if (!ret)
		ret = mock_enable_iopf(dev, domain);
	if (ret)
		return ret;
	mock_attach_pt(domain);
	/* @old is not available on every kernel */
	mock_disable_iopf(dev, mdev->domain);
	mdev->domain = domain;
	mock_set_vdevice(mdev, viommu, vdev_id);
	return 0;
}

COMPAT_DEFINE_ATTACH_DEV(mock_attach_dev)

/*
 * Every second attachment of one PASID fails, so that tests can check how a
 * change is undone. The way back to the previous domain never fails: the IOMMU
 * core takes it if another device of the group has failed.
 */
static int mock_fail_reserved(const struct iommu_domain *domain,
			      const struct iommu_domain *old,
			      struct mock_device *mdev)
{
	bool undo = domain == mdev->undo;
	bool fail = mdev->fail_next && !undo;

	if (domain == &mock_blocked_domain)
		return 0;
	if (!undo)
		mdev->fail_next = !mdev->fail_next;
	mdev->undo = undo || fail ? NULL : old;
	return fail ? -ENOMEM : 0;
}

static int mock_set_dev_pasid(struct iommu_domain *domain, struct device *dev,
			      ioasid_t pasid, struct iommu_domain *old)
{
	struct mock_device *mdev = dev_get_platdata(dev);
	int ret = mock_check_dirty(domain, mdev);

	if (!ret && pasid == IOMMU_TEST_PASID_RESERVED)
		ret = mock_fail_reserved(domain, old, mdev);
	if (!ret && mock_attach_should_fail(domain))
		ret = -ENOMEM;
	if (!ret)
		ret = mock_enable_iopf(dev, domain);
	if (ret)
		return ret;
	mock_attach_pt(domain);
	mock_disable_iopf(dev, old);
	return 0;
}

COMPAT_DEFINE_SET_DEV_PASID(mock_set_dev_pasid)
COMPAT_DEFINE_REMOVE_PASID(mock_set_dev_pasid, &mock_blocked_domain)

static const struct iommu_domain_ops mock_blocked_ops = {
	.attach_dev = COMPAT_ATTACH_DEV(mock_attach_dev),
	.set_dev_pasid = COMPAT_SET_DEV_PASID(mock_set_dev_pasid),
};

static struct iommu_domain mock_blocked_domain = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &mock_blocked_ops,
};

static const struct iommu_domain_ops mock_paging_ops = {
	.attach_dev = COMPAT_ATTACH_DEV(mock_attach_dev),
	.set_dev_pasid = COMPAT_SET_DEV_PASID(mock_set_dev_pasid),
	.map_pages = mock_paging_map,
	.unmap_pages = mock_paging_unmap,
	.iova_to_phys = mock_paging_iova_to_phys,
	.free = mock_paging_free,
};

static int mock_get_user_config(struct iommu_hwpt_selftest *config,
				const struct iommu_user_data *data)
{
	if (data->type != IOMMU_HWPT_DATA_SELFTEST)
		return -EOPNOTSUPP;
	return iommu_copy_struct_from_user(config, data,
					   IOMMU_HWPT_DATA_SELFTEST, iotlb);
}

static int mock_domain_init(struct mock_domain *mock, u32 pagetable_type)
{
	struct iommu_domain *domain = &mock->domain;

	switch (pagetable_type) {
	case MOCK_IOMMUPT_DEFAULT:
		domain->pgsize_bitmap = MOCK_PAGE_SIZE;
		domain->geometry.aperture_start = MOCK_APERTURE_START;
		domain->geometry.aperture_end = MOCK_APERTURE_LAST;
		break;
	case MOCK_IOMMUPT_HUGE:
		/* iommufd also needs PAGE_SIZE to map small pages on request */
		domain->pgsize_bitmap = MOCK_HUGE_PAGE_SIZE | PAGE_SIZE;
		domain->geometry.aperture_end = BIT_ULL(56) - 1;
		break;
	case MOCK_IOMMUPT_BLANK:
		mock->blank = true;
		domain->pgsize_bitmap = PAGE_SIZE | SZ_2M | SZ_1G;
		domain->geometry.aperture_end = BIT_ULL(56) - 1;
		break;
	default:
		return -EOPNOTSUPP;
	}
	domain->geometry.force_aperture = true;
	domain->type = IOMMU_DOMAIN_UNMANAGED;
	domain->ops = &mock_paging_ops;
	mock_pt_init(&mock->pt);
	return 0;
}

static struct iommu_domain *
mock_alloc_paging(struct device *dev, u32 flags,
		  const struct iommu_user_data *data)
{
	const u32 known = IOMMU_HWPT_ALLOC_DIRTY_TRACKING |
			  IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_PASID;
	const struct mock_device *mdev = dev_get_platdata(dev);
	bool dirty = flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING;
	struct iommu_hwpt_selftest config = {};
	struct mock_domain *mock;
	int ret = 0;

	if (flags & ~known)
		return ERR_PTR(-EOPNOTSUPP);
	if (dirty && mdev->flags & MOCK_FLAGS_DEVICE_NO_DIRTY)
		return ERR_PTR(-EOPNOTSUPP);
	if (data && data->type != IOMMU_HWPT_DATA_NONE)
		ret = mock_get_user_config(&config, data);
	if (ret)
		return ERR_PTR(ret);
	if (dirty && mdev->dirty_huge)
		config.pagetable_type = MOCK_IOMMUPT_HUGE;

	mock = kzalloc_obj(*mock, GFP_KERNEL_ACCOUNT);
	if (!mock)
		return ERR_PTR(-ENOMEM);
	ret = mock_domain_init(mock, config.pagetable_type);
	if (ret) {
		kfree(mock);
		return ERR_PTR(ret);
	}
	if (dirty)
		mock->domain.dirty_ops = &mock_paging_dirty_ops;
	return &mock->domain;
}

static void mock_nested_free(struct iommu_domain *domain)
{
	kfree(mock_nested_of(domain));
}

static int
mock_nested_invalidate_one(struct mock_nested *nested,
			   const struct iommu_hwpt_invalidate_selftest *inv)
{
	if (inv->flags & ~IOMMU_TEST_INVALIDATE_FLAG_ALL)
		return -EOPNOTSUPP;
	if (inv->iotlb_id >= ARRAY_SIZE(nested->iotlb))
		return -EINVAL;
	if (inv->flags & IOMMU_TEST_INVALIDATE_FLAG_ALL)
		memset(nested->iotlb, 0, sizeof(nested->iotlb));
	else
		nested->iotlb[inv->iotlb_id] = 0;
	return 0;
}

static int
mock_nested_invalidate_entry(struct mock_nested *nested,
			     const struct iommu_user_data_array *array, u32 i)
{
	struct iommu_hwpt_invalidate_selftest inv;
	int ret;

	ret = iommu_copy_struct_from_user_array(
		&inv, array, IOMMU_HWPT_INVALIDATE_DATA_SELFTEST, i, iotlb_id);
	return ret ?: mock_nested_invalidate_one(nested, &inv);
}

static int mock_cache_invalidate_user(struct iommu_domain *domain,
				      struct iommu_user_data_array *array)
{
	struct mock_nested *nested = mock_nested_of(domain);
	int ret = 0;
	u32 done = 0;

	if (array->type != IOMMU_HWPT_INVALIDATE_DATA_SELFTEST)
		ret = -EINVAL;
	while (!ret && done < array->entry_num) {
		ret = mock_nested_invalidate_entry(nested, array, done);
		done += !ret;
	}
	array->entry_num = done;
	return ret;
}

static const struct iommu_domain_ops mock_nested_ops = {
	.attach_dev = COMPAT_ATTACH_DEV(mock_attach_dev),
	.set_dev_pasid = COMPAT_SET_DEV_PASID(mock_set_dev_pasid),
	.cache_invalidate_user = mock_cache_invalidate_user,
	.free = mock_nested_free,
};

/**
 * mock_nested_alloc() - allocate a nested domain
 * @data: struct iommu_hwpt_selftest of user space
 *
 * Context: May sleep.
 * Return: the domain or an ERR_PTR.
 */
struct mock_nested *mock_nested_alloc(const struct iommu_user_data *data)
{
	struct iommu_hwpt_selftest config;
	struct mock_nested *nested;
	int ret;

	ret = mock_get_user_config(&config, data);
	if (ret)
		return ERR_PTR(ret);
	nested = kzalloc_obj(*nested, GFP_KERNEL_ACCOUNT);
	if (!nested)
		return ERR_PTR(-ENOMEM);
	nested->domain.type = IOMMU_DOMAIN_NESTED;
	nested->domain.ops = &mock_nested_ops;
	for (size_t i = 0; i < ARRAY_SIZE(nested->iotlb); i++)
		nested->iotlb[i] = config.iotlb;
	return nested;
}

static struct iommu_domain *
mock_alloc_nested(struct device *dev, struct iommu_domain *parent, u32 flags,
		  const struct iommu_user_data *data)
{
	struct mock_nested *nested;

	if (flags & ~IOMMU_HWPT_ALLOC_PASID)
		return ERR_PTR(-EOPNOTSUPP);
	if (!mock_domain_of(parent))
		return ERR_PTR(-EINVAL);
	nested = mock_nested_alloc(data);
	return IS_ERR(nested) ? ERR_CAST(nested) : &nested->domain;
}

COMPAT_DEFINE_DOMAIN_ALLOC(mock_alloc_paging, mock_alloc_nested)

static void *mock_hw_info(struct device *dev, u32 *length,
			  enum iommu_hw_info_type *type)
{
	struct iommu_test_hw_info *info;

	if (*type != IOMMU_HW_INFO_TYPE_DEFAULT &&
	    *type != IOMMU_HW_INFO_TYPE_SELFTEST)
		return ERR_PTR(-EOPNOTSUPP);
	info = kzalloc_obj(*info, GFP_KERNEL_ACCOUNT);
	if (!info)
		return ERR_PTR(-ENOMEM);
	info->test_reg = IOMMU_HW_INFO_SELFTEST_REGVAL;
	*length = sizeof(*info);
	*type = IOMMU_HW_INFO_TYPE_SELFTEST;
	return info;
}

static bool mock_device_capable(struct device *dev, enum iommu_cap cap)
{
	const struct mock_device *mdev = dev_get_platdata(dev);

	switch (cap) {
	case IOMMU_CAP_CACHE_COHERENCY:
		return !(mdev->flags & MOCK_FLAGS_DEVICE_NOT_COHERENT);
	case IOMMU_CAP_DIRTY_TRACKING:
		return !(mdev->flags & MOCK_FLAGS_DEVICE_NO_DIRTY);
	default:
		return false;
	}
}

static struct iommu_device *mock_probe_device(struct device *dev)
{
	return dev_get_platdata(dev) ? &mock_iommu : ERR_PTR(-ENODEV);
}

static struct iommu_group *mock_device_group(struct device *dev)
{
	const struct mock_device *mdev = dev_get_platdata(dev);

	return mdev->peer ? iommu_group_get(mdev->peer) :
			    generic_device_group(dev);
}

/* No device waits for the response. */
static void mock_page_response(struct device *dev, struct iopf_fault *evt,
			       struct iommu_page_response *msg)
{
}

const struct iommu_ops mock_iommu_ops = {
	.owner = THIS_MODULE,
	.default_domain = &mock_blocked_domain,
	.blocked_domain = &mock_blocked_domain,
	.release_domain = &mock_blocked_domain,
	.capable = mock_device_capable,
	.hw_info = mock_hw_info,
	COMPAT_DOMAIN_ALLOC_OPS(mock_alloc_paging, mock_alloc_nested),
	COMPAT_REMOVE_PASID_OPS(mock_set_dev_pasid).probe_device =
		mock_probe_device,
	.device_group = mock_device_group,
	.page_response = mock_page_response,
	COMPAT_IOPF_OPS.user_pasid_table = true,
};

/**
 * mock_iommu_hardware() - get the device that stands for the IOMMU hardware
 *
 * Return: the device, which lives as long as the IOMMU.
 */
struct device *mock_iommu_hardware(void)
{
	return &mock_hardware->dev;
}

static int mock_create_hardware(void)
{
	/* without properties it would have no fwnode for the core to find */
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_BOOL(MOCK_DEVICE_NAME),
		{},
	};
	const struct platform_device_info info = {
		.name = MOCK_DEVICE_NAME "_iommu",
		.id = PLATFORM_DEVID_NONE,
		.properties = properties,
	};

	mock_hardware = platform_device_register_full(&info);
	return PTR_ERR_OR_ZERO(mock_hardware);
}

/**
 * mock_iommu_init() - add the IOMMU to the system
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int mock_iommu_init(void)
{
	int ret;

	/* Without page requests in the kernel there is no queue to add devices to */
	mock_iopf = iopf_queue_alloc(MOCK_DEVICE_NAME);
	if (!mock_iopf && IS_ENABLED(CONFIG_IOMMU_IOPF))
		return -ENOMEM;
	ret = mock_create_hardware();
	if (ret)
		goto err_iopf;
	mock_iommu.max_pasids = 1 << MOCK_PASID_WIDTH;
	ret = iommu_device_sysfs_add(&mock_iommu, &mock_hardware->dev, NULL,
				     MOCK_DEVICE_NAME "_iommu");
	if (ret)
		goto err_hardware;
	ret = iommu_device_register(&mock_iommu, &mock_iommu_ops,
				    &mock_hardware->dev);
	if (ret)
		goto err_sysfs;
	return 0;

err_sysfs:
	iommu_device_sysfs_remove(&mock_iommu);
err_hardware:
	platform_device_unregister(mock_hardware);
err_iopf:
	iopf_queue_free(mock_iopf);
	return ret;
}

/**
 * mock_iommu_exit() - undo mock_iommu_init()
 *
 * The core holds the module while there are devices.
 *
 * Context: May sleep.
 */
void mock_iommu_exit(void)
{
	iommu_device_unregister(&mock_iommu);
	iommu_device_sysfs_remove(&mock_iommu);
	platform_device_unregister(mock_hardware);
	iopf_queue_free(mock_iopf);
}
