/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Moving the charge for mapped memory to another process.
 */
#ifndef IOMMUFD_IOPT_ACCOUNT_H
#define IOMMUFD_IOPT_ACCOUNT_H

#include <linux/types.h>

struct iopt;

int iopt_add_next_charge(struct iopt *iopt);
void iopt_drop_next_charge(struct iopt *iopt, bool commit);

#endif /* IOMMUFD_IOPT_ACCOUNT_H */
