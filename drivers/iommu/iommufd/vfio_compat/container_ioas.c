// SPDX-License-Identifier: GPL-2.0-only
/*
 * The IOAS behind a container, and IOMMU_VFIO_IOAS, which reports or selects it.
 *
 * Either the container takes the I/O address space of the IOAS that is selected
 * when its type is set, or IOMMU_VFIO_IOAS_GET creates an IOAS for that of the
 * container. In both cases the container is a user of the IOAS until its last
 * group leaves. Each ABI unmaps what its own calls have mapped.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <uapi/linux/iommufd.h>

#include "container.h"
#include "container_ioas.h"
#include "container_space.h"
#include "ctx.h"
#include "ioas.h"
#include "observe/stats.h"
#include "ucmd.h"

/**
 * container_leave_ctx() - separate a container from its context
 * @container: the container of a context that is being closed, or NULL; the
 *	reference of the context is dropped
 *
 * The groups keep the container, and all that calls of either ABI have mapped.
 *
 * Context: May sleep.
 */
void container_leave_ctx(struct container *container)
{
	if (!container)
		return;
	scoped_guard(mutex, &container->lock)
		container_space_drop_ioas(&container->space);
	container_put(container);
}

/* The IOAS can be found from now on. It stays selected when the groups leave. */
static void container_publish_ioas(struct iommufd_ctx *ictx,
				   struct container *container,
				   struct iommufd_ioas *ioas)
{
	if (container_is_type1(container)) {
		WRITE_ONCE(ioas->iopt->id, ioas->obj.id);
		object_get_user(&ioas->obj);
		WRITE_ONCE(container->space.ioas, ioas);
	}
	guard(mutex)(&ictx->groups_lock);
	object_publish(&ioas->obj);
	if (!ictx->compat_ioas)
		ictx->compat_ioas = ioas;
}

/* Without a type, the IOAS is the one that VFIO_SET_IOMMU will take. */
static int container_create_ioas(struct iommufd_ctx *ictx,
				 struct container *container, u32 *id)
{
	struct iommufd_ioas *ioas;

	ioas = ioas_create(ictx, container_is_type1(container) ?
					 container->space.iopt :
					 NULL);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	*id = ioas->obj.id;
	container_publish_ioas(ictx, container, ioas);
	return 0;
}

static int container_selected_id(struct iommufd_ctx *ictx, u32 *id)
{
	struct iommufd_ioas *ioas = compat_ioas_get(ictx);

	if (!ioas)
		return -ENODEV;
	*id = ioas->obj.id;
	object_put(&ioas->obj);
	return 0;
}

static int container_ioas_id(struct iommufd_ctx *ictx,
			     struct container *container, u32 *id)
{
	lockdep_assert_held(&container->lock);

	if (container->space.ioas) {
		*id = container->space.ioas->obj.id;
		return 0;
	}
	if (!container_is_type1(container) && !container_selected_id(ictx, id))
		return 0;
	if (container->side != CONTAINER_WITH_IOMMU)
		return -ENODEV;
	return container_create_ioas(ictx, container, id);
}

static int vfio_ioas_get(struct iommufd_ucmd *ucmd)
{
	/* pairs with smp_store_release() in container_create() */
	struct container *container = smp_load_acquire(&ucmd->ictx->container);
	struct iommu_vfio_ioas *cmd = ucmd->cmd;
	int ret;

	if (!container) {
		ret = container_selected_id(ucmd->ictx, &cmd->ioas_id);
	} else {
		if (mutex_lock_killable(&container->lock))
			return -EINTR;
		ret = container_ioas_id(ucmd->ictx, container, &cmd->ioas_id);
		mutex_unlock(&container->lock);
	}
	return ret ?: ucmd_respond(ucmd, sizeof(*cmd));
}

/* The state may change meanwhile: the selection is then for the next type. */
static bool container_uses_other(struct container *container,
				 const struct iommufd_ioas *ioas)
{
	return container && container_is_type1(container) &&
	       READ_ONCE(container->space.ioas) != ioas;
}

static int vfio_ioas_set(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_ioas *ioas = ioas_get(ictx, id);
	int ret = 0;

	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	scoped_guard(mutex, &ictx->groups_lock) {
		if (container_uses_other(ictx->container, ioas)) {
			iommufd_refuse(&ictx->stats->refusals,
				       REFUSAL_OTHER_IOAS);
			ret = -EBUSY;
		} else {
			ictx->compat_ioas = ioas;
		}
	}
	object_put(&ioas->obj);
	return ret;
}

/**
 * vfio_ioas_ioctl() - IOMMU_VFIO_IOAS
 * @ucmd: request with a struct iommu_vfio_ioas
 *
 * The IOAS that is selected serves the ioctls of a container without groups, and
 * VFIO_SET_IOMMU attaches the groups to it. While groups are attached, it cannot
 * be destroyed and no other can be selected.
 *
 * Context: May sleep.
 * Return: 0; -ENODEV if none is selected and there are no groups with an IOMMU,
 * -ENOENT for an unknown ID, -EBUSY if groups are attached to another I/O
 * address space, -EINTR if the current process is being killed, another negative
 * errno.
 */
int vfio_ioas_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_vfio_ioas *cmd = ucmd->cmd;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	switch (cmd->op) {
	case IOMMU_VFIO_IOAS_GET:
		return vfio_ioas_get(ucmd);
	case IOMMU_VFIO_IOAS_SET:
		return vfio_ioas_set(ucmd->ictx, cmd->ioas_id);
	case IOMMU_VFIO_IOAS_CLEAR:
		scoped_guard(mutex, &ucmd->ictx->groups_lock)
			ucmd->ictx->compat_ioas = NULL;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}
