/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queues in guest memory that hardware processes.
 */
#ifndef IOMMUFD_HW_QUEUE_H
#define IOMMUFD_HW_QUEUE_H

struct iommufd_ucmd;

int hw_queue_alloc_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_HW_QUEUE_H */
