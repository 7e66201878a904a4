// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving the charge for all memory of a context to another process.
 */
#include <linux/errno.h>
#include <uapi/linux/iommufd.h>

#include "change_process.h"
#include "ctx.h"
#include "ioas.h"
#include "iopt/iopt_account.h"
#include "ucmd.h"

static int change_process_add(struct object_table *objects)
{
	struct iommufd_object *obj;
	u32 id = 0;
	int ret = 0;

	while (!ret && (obj = object_next(objects, id, &ioas_ops))) {
		ret = iopt_add_next_charge(ioas_of(obj)->iopt);
		id = obj->id + 1;
		object_put(obj);
	}
	return ret;
}

static void change_process_drop(struct object_table *objects, bool commit)
{
	struct iommufd_object *obj;
	u32 id = 0;

	while ((obj = object_next(objects, id, &ioas_ops))) {
		iopt_drop_next_charge(ioas_of(obj)->iopt, commit);
		id = obj->id + 1;
		object_put(obj);
	}
}

/**
 * change_process_ioctl() - implement IOMMU_IOAS_CHANGE_PROCESS
 * @ucmd: request with a struct iommu_ioas_change_process
 *
 * Charges the current process for all mapped memory. If that is not possible,
 * the charges stay as they were.
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: 0, -EINVAL if memory of a process or of a device is mapped, or
 * another negative errno.
 */
int change_process_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_change_process *cmd = ucmd->cmd;
	struct iommufd_ctx *ictx = ucmd->ictx;
	int ret;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if (down_write_killable(&ictx->account_rwsem))
		return -EINTR;
	ret = change_process_add(&ictx->objects);
	change_process_drop(&ictx->objects, !ret);
	up_write(&ictx->account_rwsem);
	return ret;
}
