/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copying of mappings, and cutting them in two.
 */
#ifndef IOMMUFD_IOPT_COPY_H
#define IOMMUFD_IOPT_COPY_H

#include <linux/types.h>

struct iopt;
struct iopt_map;
struct iova_range;
struct list_head;

int iopt_collect(struct iopt *iopt, const struct iova_range *range, int prot,
		 struct list_head *areas);
void iopt_discard(struct list_head *areas);
int iopt_cut(struct iopt *iopt, unsigned long iova);

#endif /* IOMMUFD_IOPT_COPY_H */
