/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VFIO_UPDATE_VADDR: the memory of a container's mappings moves to another
 * address, or to another process that takes over the container. This lets a
 * virtual machine continue in a new QEMU while its devices keep running.
 */
#ifndef IOMMUFD_VFIO_COMPAT_VADDR_H
#define IOMMUFD_VFIO_COMPAT_VADDR_H

#include <linux/types.h>

struct container_space;
struct iova_range;

bool vaddr_updatable(const struct container_space *space);
int vaddr_check_attach(struct container_space *space);
int vaddr_invalidate(struct container_space *space,
		     const struct iova_range *range, bool by_first, u64 *bytes);
int vaddr_restore(struct container_space *space, const struct iova_range *range,
		  unsigned long vaddr);

#endif /* IOMMUFD_VFIO_COMPAT_VADDR_H */
