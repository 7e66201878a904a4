/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moving the charge for all memory of a context to another process.
 */
#ifndef IOMMUFD_CHANGE_PROCESS_H
#define IOMMUFD_CHANGE_PROCESS_H

struct iommufd_ucmd;

int change_process_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_CHANGE_PROCESS_H */
