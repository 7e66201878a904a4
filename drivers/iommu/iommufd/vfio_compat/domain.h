/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The IOMMU domains of a container: as few as its groups can share.
 */
#ifndef IOMMUFD_VFIO_COMPAT_DOMAIN_H
#define IOMMUFD_VFIO_COMPAT_DOMAIN_H

#include "../iopt.h"

struct container;
struct iommu_domain;
struct iommufd_container_group;

/**
 * struct container_domain - one domain of a container
 */
struct container_domain {
	/** @entry: links into &container.domains */
	struct list_head entry;
	/** @domain: the domain */
	struct iommu_domain *domain;
	/** @iopt_domain: its place in the container's address space */
	struct iopt_domain iopt_domain;
	/** @coherent: it makes all DMA coherent */
	bool coherent;
	/** @nr_groups: groups attached to it */
	unsigned int nr_groups;
};

int domain_attach(struct container *container,
		  struct iommufd_container_group *cgrp);
void domain_detach(struct container *container,
		   struct iommufd_container_group *cgrp);

#endif /* IOMMUFD_VFIO_COMPAT_DOMAIN_H */
