/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IOAS behind a container, by which one context serves both ABIs.
 */
#ifndef IOMMUFD_VFIO_COMPAT_CONTAINER_IOAS_H
#define IOMMUFD_VFIO_COMPAT_CONTAINER_IOAS_H

struct container;
struct iommufd_ctx;
struct iommufd_ucmd;

void container_leave_ctx(struct container *container);
int vfio_ioas_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_VFIO_COMPAT_CONTAINER_IOAS_H */
