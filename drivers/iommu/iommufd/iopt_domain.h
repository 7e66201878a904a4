/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The domains that translate an I/O address space, and what they make of it.
 */
#ifndef IOMMUFD_IOPT_DOMAIN_H
#define IOMMUFD_IOPT_DOMAIN_H

#include <linux/types.h>

struct iommu_domain;
struct iopt;
struct iopt_domain;

int iopt_add_domain(struct iopt *iopt, struct iopt_domain *entry,
		    struct iommu_domain *domain);
void iopt_remove_domain(struct iopt *iopt, struct iopt_domain *entry);
int iopt_set_small_pages(struct iopt *iopt, bool small_pages);
unsigned long iopt_pgsizes(struct iopt *iopt);

int iopt_check_alignment(const struct iopt *iopt, unsigned long alignment);
void iopt_update_alignment(struct iopt *iopt);

#endif /* IOMMUFD_IOPT_DOMAIN_H */
