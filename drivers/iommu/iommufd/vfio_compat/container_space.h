/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The I/O address space of a container: a new one, or that of an IOAS.
 */
#ifndef IOMMUFD_VFIO_COMPAT_CONTAINER_SPACE_H
#define IOMMUFD_VFIO_COMPAT_CONTAINER_SPACE_H

struct container_space;
struct iommufd_ctx;
struct iommufd_ioas;

struct iommufd_ioas *compat_ioas_get(struct iommufd_ctx *ictx);
int container_space_take(struct container_space *space,
			 struct iommufd_ctx *ictx);
void container_space_drop(struct container_space *space);
void container_space_drop_ioas(struct container_space *space);

#endif /* IOMMUFD_VFIO_COMPAT_CONTAINER_SPACE_H */
