/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Creates, frees and updates what is observed of a context. All layers may use
 * it, because it lies below them.
 */
#ifndef IOMMUFD_STATS_H
#define IOMMUFD_STATS_H

#include "stats_type.h"

struct iommufd_stats *stats_create(void);
struct iommufd_stats *stats_get(struct iommufd_stats *stats);
void stats_put(struct iommufd_stats *stats);
void stats_refused(struct iommufd_stats *stats, u32 op, long ret);
void stats_wait_walks(struct iommufd_stats *stats);

#endif /* IOMMUFD_STATS_H */
