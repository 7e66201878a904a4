/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The domains that translate an I/O address space, and the alignment and page
 * sizes that follow from them.
 */
#ifndef IOMMUFD_IOPT_DOMAIN_H
#define IOMMUFD_IOPT_DOMAIN_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "iopt.h"

struct iommu_domain;

int iopt_add_domain(struct iopt *iopt, struct iopt_domain *entry,
		    struct iommu_domain *domain);
void iopt_remove_domain(struct iopt *iopt, struct iopt_domain *entry);
int iopt_stop_mapping(struct iopt *iopt);
void iopt_resume_mapping(struct iopt *iopt);
int iopt_set_small_pages(struct iopt *iopt, bool small_pages);

int iopt_check_alignment(const struct iopt *iopt, unsigned long alignment);
void iopt_update_alignment(struct iopt *iopt);

/**
 * iopt_pgsizes() - get the I/O page sizes that all domains have
 * @iopt: the I/O address space
 *
 * Context: Any.
 * Return: bitmap of sizes in bytes, ULONG_MAX without any domain.
 */
static inline unsigned long iopt_pgsizes(const struct iopt *iopt)
{
	return READ_ONCE(iopt->pgsizes);
}

#endif /* IOMMUFD_IOPT_DOMAIN_H */
