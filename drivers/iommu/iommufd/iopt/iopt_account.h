/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who pays for the memory that is mapped, when that changes.
 */
#ifndef IOMMUFD_IOPT_ACCOUNT_H
#define IOMMUFD_IOPT_ACCOUNT_H

#include <linux/types.h>

struct iopt;

int iopt_add_next_charge(struct iopt *iopt);
void iopt_drop_next_charge(struct iopt *iopt, bool pays);

#endif /* IOMMUFD_IOPT_ACCOUNT_H */
