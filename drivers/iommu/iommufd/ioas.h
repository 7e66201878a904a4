/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The object behind IOMMU_IOAS_ALLOC: an I/O address space with an ID.
 */
#ifndef IOMMUFD_IOAS_H
#define IOMMUFD_IOAS_H

#include <linux/container_of.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "iopt/iopt.h"
#include "object.h"

struct iommufd_ctx;
struct iommufd_ucmd;

/**
 * struct iommufd_ioas - an I/O address space
 */
struct iommufd_ioas {
	/** @obj: the ID */
	struct iommufd_object obj;
	/**
	 * @iopt: the mappings and the domains that have them, with a reference;
	 * those of a container if IOMMU_VFIO_IOAS connects the two
	 */
	struct iopt *iopt;
	/**
	 * @lock: protects @hwpts; held while an HWPT is filled, and while the
	 * last user of an automatic one leaves or another one joins
	 */
	struct mutex lock;
	/** @hwpts: list of struct iommufd_hwpt */
	struct list_head hwpts;
};

extern const struct object_ops ioas_ops;

/**
 * ioas_of() - get the IOAS of an object
 * @obj: an object of type &ioas_ops
 *
 * Return: the IOAS.
 */
static inline struct iommufd_ioas *ioas_of(struct iommufd_object *obj)
{
	return container_of(obj, struct iommufd_ioas, obj);
}

struct iommufd_ioas *ioas_create(struct iommufd_ctx *ictx, struct iopt *iopt);
void ioas_free(struct iommufd_ioas *ioas);
struct iommufd_ioas *ioas_get(struct iommufd_ctx *ictx, u32 id);

int ioas_alloc_ioctl(struct iommufd_ucmd *ucmd);
int ioas_iova_ranges_ioctl(struct iommufd_ucmd *ucmd);
int ioas_allow_iovas_ioctl(struct iommufd_ucmd *ucmd);
int ioas_map_ioctl(struct iommufd_ucmd *ucmd);
int ioas_map_file_ioctl(struct iommufd_ucmd *ucmd);
int ioas_copy_ioctl(struct iommufd_ucmd *ucmd);
int ioas_unmap_ioctl(struct iommufd_ucmd *ucmd);
int ioas_get_pa_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_IOAS_H */
