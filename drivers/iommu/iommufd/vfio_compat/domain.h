/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IOMMU domains of a container, of which there are as few as possible.
 */
#ifndef IOMMUFD_VFIO_COMPAT_DOMAIN_H
#define IOMMUFD_VFIO_COMPAT_DOMAIN_H

#include <linux/list.h>

#include "iopt/iopt.h"

struct iommu_domain;
struct iommu_group;
struct iommufd_ioas;
struct iommufd_type1_params;

/**
 * struct container_space - the mappings of a container, and its domains
 *
 * Protected by the container's lock.
 */
struct container_space {
	/**
	 * @iopt: the mappings, those of AREA_VFIO; with a reference while the
	 * container has a type of type1
	 */
	struct iopt *iopt;
	/**
	 * @ioas: the IOAS that has the same I/O address space, of which the
	 * container is a user; NULL if there is none, or after its context was
	 * closed; compared without the lock
	 */
	struct iommufd_ioas *ioas;
	/** @domains: list of struct container_domain */
	struct list_head domains;
	/** @params: parameters set by the administrator, from params_get() */
	const struct iommufd_type1_params *params;
	/** @nesting: enable nesting for the domains */
	bool nesting;
	/** @nr_emulated: groups of emulated devices, which use no domain */
	unsigned int nr_emulated;
	/** @had_domain: there has been a domain since the type was set */
	bool had_domain;
};

/**
 * struct container_domain - a domain of a container
 */
struct container_domain {
	/** @entry: links into &container_space.domains */
	struct list_head entry;
	/** @domain: the domain */
	struct iommu_domain *domain;
	/**
	 * @iopt_domain: entry in the domains of the container's address space
	 */
	struct iopt_domain iopt_domain;
	/** @coherent: the IOMMU enforces cache coherency */
	bool coherent;
	/** @dirty: the domain can track dirty pages */
	bool dirty;
	/** @tracking: it currently does; private to dirty.c */
	bool tracking;
	/** @nr_groups: number of groups attached to it */
	unsigned int nr_groups;
};

/**
 * struct container_member - a group as its container's domains see it
 */
struct container_member {
	/** @owner: owner of the IOVA reserved for the group */
	struct iopt_owner owner;
	/** @group: the group, whose DMA is claimed */
	struct iommu_group *group;
	/** @cdom: domain it is attached to; private to domain.c */
	struct container_domain *cdom;
};

int domain_attach(struct container_space *space,
		  struct container_member *member);
void domain_detach(struct container_space *space,
		   struct container_member *member);

#endif /* IOMMUFD_VFIO_COMPAT_DOMAIN_H */
