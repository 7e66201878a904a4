/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which pages of a backing are no RAM, and who may take them back.
 */
#ifndef IOMMUFD_BACKING_PFNMAP_H
#define IOMMUFD_BACKING_PFNMAP_H

struct backing;
struct backing_raw;
struct iommufd_lender;

int backing_raw_borrow(struct backing *backing, struct iommufd_lender *lender);
struct iommufd_lender *backing_raw_lender(const struct backing_raw *raw,
					  unsigned long pfn, unsigned long *nr);
void backing_raw_trim(const struct backing *backing);
void backing_raw_release(struct backing *backing);

#endif /* IOMMUFD_BACKING_PFNMAP_H */
