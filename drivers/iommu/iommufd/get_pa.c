// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <uapi/linux/iommufd.h>

#include "get_pa.h"
#include "ioas.h"
#include "iopt/iopt_phys.h"
#include "ucmd.h"

/**
 * get_pa_ioctl() - implement IOMMU_IOAS_NOIOMMU_GET_PA
 * @ucmd: request with a struct iommu_ioas_noiommu_get_pa
 *
 * Context: May sleep.
 * Return: 0; -EPERM without CAP_SYS_RAWIO, -EOPNOTSUPP for a reserved member
 * that is set, -EINVAL for a length of 0, -EOVERFLOW for an IOVA that cannot
 * exist, -ENOENT for an unknown IOAS, or an error of iopt_phys().
 */
int get_pa_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_noiommu_get_pa *cmd = ucmd->cmd;
	struct iommufd_ioas *ioas;
	int ret;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	if (!cmd->length)
		return -EINVAL;
	if (cmd->iova >= ULONG_MAX)
		return -EOVERFLOW;
	ioas = ioas_get(ucmd->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	ret = iopt_phys(&ioas->iopt, cmd->iova, &cmd->length, &cmd->out_phys);
	object_put(&ioas->obj);
	return ret ?: ucmd_respond(ucmd, sizeof(*cmd));
}
