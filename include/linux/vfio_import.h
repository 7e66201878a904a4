/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Imports the namespaces of vfio.ko, vfio-pci-core.ko and iommufd.ko. A driver
 * that was written for the kernel's own VFIO includes this once, or is compiled
 * with "-include" and this file, and needs no other change.
 *
 * Compiled first, it must not include linux/module.h for MODULE_IMPORT_NS(): a
 * driver defines pr_fmt() before its first header.
 */
#ifndef __LINUX_VFIO_IMPORT_H
#define __LINUX_VFIO_IMPORT_H

static const char vfio_import_ns[] __used __section(".modinfo")
	__aligned(1) = "import_ns=IOMMUFD_NG\0"
		       "import_ns=VFIO_NG\0"
		       "import_ns=VFIO_PCI_NG";

#endif /* __LINUX_VFIO_IMPORT_H */
