/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of a context, in /proc/PID/fdinfo.
 */
#ifndef IOMMUFD_FDINFO_H
#define IOMMUFD_FDINFO_H

struct iommufd_ctx;
struct seq_file;

void fdinfo_show(struct seq_file *m, struct iommufd_ctx *ictx);

#endif /* IOMMUFD_FDINFO_H */
