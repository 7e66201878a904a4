/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeping all memory of an I/O address space pinned until a domain maps it.
 */
#ifndef IOMMUFD_IOPT_HOLD_H
#define IOMMUFD_IOPT_HOLD_H

struct iopt;
struct list_head;

int iopt_hold_all(struct iopt *iopt, struct list_head *holds);
void iopt_release_all(struct list_head *holds);

#endif /* IOMMUFD_IOPT_HOLD_H */
