/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of VFIO and iommufd in the kernel log. */
#ifndef IOMMUCTL_KLOG_H
#define IOMMUCTL_KLOG_H

#include <stdbool.h>

#include "pool.h"

/**
 * struct klog - the last lines that matter
 * @lines: text, clean, oldest first
 * @nr: number of these, at most 10
 * @denied: this user may not read the log
 */
struct klog {
	char **lines;
	size_t nr;
	bool denied;
};

/* Find lines with this address or, if it is empty, with "vfio" or "iommufd". */
struct klog *klog_read(struct pool *pool, const char *bdf);

#endif
