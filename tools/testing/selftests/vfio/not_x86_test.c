// SPDX-License-Identifier: GPL-2.0-only
/* Regions that only machines with an x86 processor have. */
#include "harness.h"
#include "pci.h"
#include "vdev.h"

#define VGA_MEM 0xa0000U

/* The physical address of the legacy range has another meaning here. */
TEST_OVER(display_without_legacy_ranges, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_VGA), backend);
	struct vfio_device_info info;

	vdev_info(vdev, &info);
	ASSERT_EQ(info.num_regions, VFIO_PCI_NUM_REGIONS);
	vdev_enable(vdev, false);
	vdev_check_no_region(vdev, VFIO_PCI_VGA_REGION_INDEX, VGA_MEM);
	vdev_close_with_space(vdev);
}
