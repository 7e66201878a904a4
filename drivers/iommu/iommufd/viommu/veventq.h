/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queues that report events of a vIOMMU to user space.
 */
#ifndef IOMMUFD_VEVENTQ_H
#define IOMMUFD_VEVENTQ_H

struct iommufd_ucmd;

int veventq_alloc_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_VEVENTQ_H */
