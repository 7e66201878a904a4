// SPDX-License-Identifier: GPL-2.0-only
/*
 * The I/O address space of a container: a new one, or that of the IOAS that
 * IOMMU_VFIO_IOAS has selected.
 */
#include <linux/cleanup.h>
#include <linux/errno.h>

#include "container_space.h"
#include "ctx.h"
#include "domain.h"
#include "ioas.h"

/**
 * compat_ioas_get() - get the IOAS that IOMMU_VFIO_IOAS has selected
 * @ictx: the context
 *
 * Context: May sleep.
 * Return: the IOAS, to be released by object_put(), or NULL if none is selected.
 */
struct iommufd_ioas *compat_ioas_get(struct iommufd_ctx *ictx)
{
	guard(mutex)(&ictx->groups_lock);
	if (!ictx->compat_ioas || !object_tryget(&ictx->compat_ioas->obj))
		return NULL;
	return ictx->compat_ioas;
}

/* An IOAS that is being destroyed is not selected any more. */
static struct iommufd_ioas *container_space_selected(struct iommufd_ctx *ictx)
{
	guard(mutex)(&ictx->groups_lock);
	if (!ictx->compat_ioas || !object_tryget_user(&ictx->compat_ioas->obj))
		return NULL;
	return ictx->compat_ioas;
}

/**
 * container_space_take() - give a container its I/O address space
 * @space: without an I/O address space
 * @ictx: the context of the container
 *
 * It is that of the IOAS that is selected, or a new one.
 *
 * Context: May sleep; the caller holds the container's lock.
 * Return: 0 or -ENOMEM.
 */
int container_space_take(struct container_space *space,
			 struct iommufd_ctx *ictx)
{
	struct iommufd_ioas *ioas = container_space_selected(ictx);

	space->iopt = ioas ? iopt_get(ioas->iopt) : iopt_create(ictx->stats, 0);
	WRITE_ONCE(space->ioas, ioas);
	return space->iopt ? 0 : -ENOMEM;
}

/**
 * container_space_drop_ioas() - cease to be a user of an IOAS
 * @space: the space, which keeps its I/O address space; may have no IOAS
 *
 * Context: May sleep; the caller holds the container's lock.
 */
void container_space_drop_ioas(struct container_space *space)
{
	if (space->ioas)
		object_put_user(&space->ioas->obj);
	WRITE_ONCE(space->ioas, NULL);
}

/**
 * container_space_drop() - undo container_space_take()
 * @space: without domains and mappings
 *
 * Context: May sleep; the caller holds the container's lock.
 */
void container_space_drop(struct container_space *space)
{
	container_space_drop_ioas(space);
	iopt_put(space->iopt);
	space->iopt = NULL;
}
