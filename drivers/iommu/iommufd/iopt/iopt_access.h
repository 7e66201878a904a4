/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading, writing and pinning memory by IOVA, for emulated devices.
 */
#ifndef IOMMUFD_IOPT_ACCESS_H
#define IOMMUFD_IOPT_ACCESS_H

#include "lib/range.h"

struct iopt;
struct iopt_user;
struct page;

int iopt_add_user(struct iopt *iopt, struct iopt_user *user);
bool iopt_has_no_users(struct iopt *iopt);
void iopt_remove_user(struct iopt *iopt, struct iopt_user *user);

int iopt_pin(struct iopt *iopt, const struct iova_range *range, int prot,
	     struct page **out);
void iopt_unpin(struct iopt *iopt, const struct iova_range *range);
int iopt_lock(struct iopt *iopt, const struct iova_range *range, int prot,
	      struct page **out);
void iopt_unlock(struct iopt *iopt, const struct iova_range *range);
int iopt_copy_range(struct iopt *iopt, const struct iova_range *range,
		    void *data, unsigned int flags);
int iopt_rw(struct iopt *iopt, const struct iova_range *range, void *data,
	    unsigned int flags);

#endif /* IOMMUFD_IOPT_ACCESS_H */
