// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices behind the mock IOMMU: platform devices created for tests, and
 * devices of other kinds that are put behind it.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/irqdomain.h>
#include <linux/lockdep.h>
#include <linux/notifier.h>
#include <linux/platform_device.h>
#include <linux/property.h>

#include "mock_device.h"
#include "mock_iommu.h"

#define DEVICE_FLAGS                                                \
	(MOCK_FLAGS_DEVICE_NO_DIRTY | MOCK_FLAGS_DEVICE_PASID |     \
	 MOCK_FLAGS_DEVICE_GROUP | MOCK_FLAGS_DEVICE_NOT_COHERENT | \
	 MOCK_FLAGS_DEVICE_NO_IOMMU)

/*
 * Marks interrupts of the devices as isolated, like interrupt remapping does
 * for PCI devices. The devices have no interrupts.
 */
static struct irq_domain *mock_msi;

static bool mock_device_is_ours(const struct device *dev)
{
	return dev_is_platform(dev) && dev->parent == mock_iommu_hardware();
}

/**
 * mock_device_of() - get the mock device of a device
 * @dev: any device
 *
 * Return: the mock device, or NULL if @dev is not one.
 */
struct mock_device *mock_device_of(struct device *dev)
{
	if (!device_iommu_mapped(dev) || !mock_device_is_ours(dev))
		return NULL;
	return dev_get_platdata(dev);
}

/*
 * The core asserts that its lock for probing is held, but no module can take
 * that lock. It is not needed, because no other task can reach a device before
 * it is added; hence lockdep is turned off.
 */
static int mock_device_set_iommu(struct device *dev)
{
	int ret;

	lockdep_off();
	ret = iommu_fwspec_init(dev, dev_fwnode(mock_iommu_hardware()));
	lockdep_on();
	return ret;
}

static void mock_device_fill_cache(struct mock_device *mdev)
{
	for (size_t i = 0; i < ARRAY_SIZE(mdev->cache); i++)
		mdev->cache[i] = IOMMU_TEST_DEV_CACHE_DEFAULT;
}

/**
 * mock_device_adopt() - put a device of another kind behind the IOMMU
 * @dev: a device without platform data that the IOMMU core has not probed yet
 * @mdev: zeroed, lives as long as the device
 *
 * Context: May sleep; called by a notifier of the device's bus with a higher
 * priority than that of the core, which frees the resources taken here when the
 * device is removed.
 * Return: 0 or a negative errno.
 */
int mock_device_adopt(struct device *dev, struct mock_device *mdev)
{
	mock_device_fill_cache(mdev);
	init_rwsem(&mdev->viommu_lock);
	dev->platform_data = mdev;
	dev_set_msi_domain(dev, mock_msi);
	return mock_device_set_iommu(dev);
}

/* Not earlier, because a device that is never added would leak the fwspec. */
static int mock_device_added(struct notifier_block *nb, unsigned long action,
			     void *data)
{
	const struct mock_device *mdev;

	if (action != BUS_NOTIFY_ADD_DEVICE || !mock_device_is_ours(data))
		return NOTIFY_DONE;
	mdev = dev_get_platdata(data);
	if (mdev->flags & MOCK_FLAGS_DEVICE_NO_IOMMU)
		return NOTIFY_DONE;
	return notifier_from_errno(mock_device_set_iommu(data));
}

static struct notifier_block mock_device_notifier = {
	.notifier_call = mock_device_added,
	.priority = 1,
};

static struct mock_device *mock_device_platdata(struct platform_device *pdev)
{
	return dev_get_platdata(&pdev->dev);
}

static int mock_device_find_peer(struct device *dev, void *peer)
{
	const struct mock_device *mdev = mock_device_of(dev);

	if (!mdev || !(mdev->flags & MOCK_FLAGS_DEVICE_GROUP))
		return 0;
	*(struct device **)peer = get_device(dev);
	return 1;
}

/* The group that the device joins exists as long as its peer. */
static int mock_device_add(struct platform_device *pdev)
{
	struct mock_device *mdev = mock_device_platdata(pdev);
	int ret;

	if (mdev->flags & MOCK_FLAGS_DEVICE_GROUP)
		device_for_each_child(mock_iommu_hardware(), &mdev->peer,
				      mock_device_find_peer);
	ret = platform_device_add(pdev);
	put_device(mdev->peer);
	mdev->peer = NULL;
	return ret;
}

static int mock_device_prepare(struct platform_device *pdev, u32 flags)
{
	struct mock_device mdev = { .flags = flags };
	int ret;

	mock_device_fill_cache(&mdev);
	ret = platform_device_add_data(pdev, &mdev, sizeof(mdev));
	if (ret)
		return ret;
	init_rwsem(&mock_device_platdata(pdev)->viommu_lock);
	pdev->dev.parent = mock_iommu_hardware();
	dev_set_msi_domain(&pdev->dev, mock_msi);
	return 0;
}

/**
 * mock_device_create() - create a device
 * @flags: MOCK_FLAGS_DEVICE_
 *
 * Context: May sleep.
 * Return: the device, behind the mock IOMMU unless @flags say otherwise, or an
 * ERR_PTR.
 */
struct platform_device *mock_device_create(u32 flags)
{
	struct platform_device *pdev;
	int ret;

	if (flags & ~DEVICE_FLAGS)
		return ERR_PTR(-EINVAL);
	pdev = platform_device_alloc(MOCK_DEVICE_NAME, PLATFORM_DEVID_AUTO);
	if (!pdev)
		return ERR_PTR(-ENOMEM);
	ret = mock_device_prepare(pdev, flags);
	if (!ret)
		ret = mock_device_add(pdev);
	if (ret) {
		platform_device_put(pdev);
		return ERR_PTR(ret);
	}
	if (!(flags & MOCK_FLAGS_DEVICE_NO_IOMMU) &&
	    !device_iommu_mapped(&pdev->dev)) {
		platform_device_unregister(pdev);
		return ERR_PTR(-ENODEV);
	}
	/*
	 * Not set by a property, as for other platform devices, because the
	 * kernel releases the software node of the property even if it could
	 * not be allocated.
	 */
	if (flags & MOCK_FLAGS_DEVICE_PASID && pdev->dev.iommu)
		pdev->dev.iommu->max_pasids = 1 << MOCK_PASID_WIDTH;
	return pdev;
}

/**
 * mock_device_destroy() - undo mock_device_create()
 * @pdev: the device
 *
 * Context: May sleep.
 */
void mock_device_destroy(struct platform_device *pdev)
{
	platform_device_unregister(pdev);
}

static const struct irq_domain_ops mock_msi_ops = {};

/**
 * mock_device_init() - allow devices to be created
 *
 * Context: May sleep; after mock_iommu_init().
 * Return: 0 or a negative errno.
 */
int mock_device_init(void)
{
	int ret;

	mock_msi = irq_domain_create_simple(NULL, 0, 0, &mock_msi_ops, NULL);
	if (!mock_msi)
		return -ENOMEM;
	mock_msi->flags |= IRQ_DOMAIN_FLAG_ISOLATED_MSI;
	ret = bus_register_notifier(&platform_bus_type, &mock_device_notifier);
	if (ret)
		irq_domain_remove(mock_msi);
	return ret;
}

/**
 * mock_device_exit() - undo mock_device_init()
 *
 * Context: May sleep; all devices have been destroyed.
 */
void mock_device_exit(void)
{
	bus_unregister_notifier(&platform_bus_type, &mock_device_notifier);
	irq_domain_remove(mock_msi);
}
