/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changes of the kernel that tests have to know: the first series with each of
 * them.
 */
#ifndef _COMPAT_CHANGES_H
#define _COMPAT_CHANGES_H

/* The series of a kernel as a number. */
#define KERNEL_SERIES(major, minor) ((major) << 8 | (minor))

/* The container has no nesting type, and dirty pages are reported to the end. */
#define CHANGE_TYPE1_NO_NESTING KERNEL_SERIES(6, 13)
#define CHANGE_TYPE1_DIRTY_TO_END KERNEL_SERIES(6, 13)
/* A range that wraps around is -EOVERFLOW, no longer -EINVAL. */
#define CHANGE_TYPE1_OVERFLOW KERNEL_SERIES(6, 13)
/* The IOMMU core can replace the domain of a PASID. */
#define CHANGE_PASID_REPLACE KERNEL_SERIES(6, 15)
/* A BAR can be mapped as a scatter list. */
#define CHANGE_DMABUF_PHYS KERNEL_SERIES(6, 19)
/* The container finds mappings below an end of 2^64. */
#define CHANGE_TYPE1_LAST_PAGE KERNEL_SERIES(7, 0)
/* An importer of a dma-buf must be able to unmap on demand. */
#define CHANGE_DMABUF_NOTIFY KERNEL_SERIES(7, 1)
/* VFIO_PCI_ERR_IRQ_INDEX exists for conventional PCI devices. */
#define CHANGE_PCI_ERR_IRQ KERNEL_SERIES(7, 3)

#endif /* _COMPAT_CHANGES_H */
