/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attaching devices: the one place that knows device, HWPT and IOAS together.
 *
 * Order of an attach: make the HWPT (which fills its domain), reserve what the
 * device needs of the IOVA, attach, publish. A device therefore never sees
 * half of the mappings, and nobody else an HWPT that fails.
 *
 * iommufd_device_attach(), iommufd_device_replace() and
 * iommufd_device_detach() are declared in linux/iommufd.h.
 */
#ifndef IOMMUFD_ATTACH_H
#define IOMMUFD_ATTACH_H

struct iommufd_ucmd;

int hwpt_alloc_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_ATTACH_H */
