/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The devices behind the mock IOMMU.
 *
 * These are platform devices without a driver, and the PCI functions of
 * mock_pci.c, each in a group of its own.
 */
#ifndef IOMMUFD_MOCK_DEVICE_H
#define IOMMUFD_MOCK_DEVICE_H

#include <linux/types.h>

struct device;
struct mock_device;
struct platform_device;

struct mock_device *mock_device_of(struct device *dev);

struct platform_device *mock_device_create(u32 flags);
void mock_device_destroy(struct platform_device *pdev);

int mock_device_adopt(struct device *dev, struct mock_device *mdev);

int mock_device_init(void);
void mock_device_exit(void);

#endif /* IOMMUFD_MOCK_DEVICE_H */
