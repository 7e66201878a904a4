/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IOMMU domains of a container: as few as its groups can share.
 */
#ifndef IOMMUFD_VFIO_COMPAT_DOMAIN_H
#define IOMMUFD_VFIO_COMPAT_DOMAIN_H

#include <linux/list.h>

#include "iopt/iopt.h"

struct iommu_domain;
struct iommu_group;
struct iommufd_type1_params;

/**
 * struct container_space - what is mapped in a container, and its domains
 *
 * The container's lock protects it.
 */
struct container_space {
	/** @iopt: the mappings */
	struct iopt iopt;
	/** @domains: list of struct container_domain */
	struct list_head domains;
	/** @params: what the administrator wants of it, by params_get() */
	const struct iommufd_type1_params *params;
	/** @nesting: domains are asked for the nesting property */
	bool nesting;
	/** @nr_emulated: groups that do without a domain */
	unsigned int nr_emulated;
	/** @had_domain: there was a domain since the container was set */
	bool had_domain;
};

/**
 * struct container_domain - one domain of a container
 */
struct container_domain {
	/** @entry: links into &container_space.domains */
	struct list_head entry;
	/** @domain: the domain */
	struct iommu_domain *domain;
	/** @iopt_domain: its place in the container's address space */
	struct iopt_domain iopt_domain;
	/** @coherent: it makes all DMA coherent */
	bool coherent;
	/** @dirty: it can keep track of what is written to */
	bool dirty;
	/** @tracking: it does; for dirty.c alone */
	bool tracking;
	/** @nr_groups: groups attached to it */
	unsigned int nr_groups;
};

/**
 * struct container_member - what the domains know of a group
 *
 * Its address owns the group's reservations of IOVA.
 */
struct container_member {
	/** @group: the group, whose DMA was claimed */
	struct iommu_group *group;
	/** @cdom: what it is attached to; for domain.c alone */
	struct container_domain *cdom;
};

int domain_attach(struct container_space *space,
		  struct container_member *member);
void domain_detach(struct container_space *space,
		   struct container_member *member);

#endif /* IOMMUFD_VFIO_COMPAT_DOMAIN_H */
