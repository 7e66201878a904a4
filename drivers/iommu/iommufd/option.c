// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_OPTION: settings of a context and of its objects.
 */
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/rwsem.h>
#include <uapi/linux/iommufd.h>

#include "ctx.h"
#include "ioas.h"
#include "iopt/iopt_domain.h"
#include "option.h"
#include "ucmd.h"

static int option_set_rlimit_mode(struct iommufd_ctx *ictx, u64 val)
{
	if (!capable(CAP_SYS_RESOURCE))
		return -EPERM;
	/*
	 * An object that is created at the same time may use either mode: each
	 * charge records the mode that was used for it.
	 */
	if (!object_table_empty(&ictx->objects))
		return -EBUSY;
	if (val > 1)
		return -EINVAL;
	WRITE_ONCE(ictx->charge, val ? CHARGE_PROCESS : CHARGE_USER);
	return 0;
}

static int option_rlimit_mode(struct iommufd_ctx *ictx,
			      struct iommu_option *cmd)
{
	if (cmd->object_id)
		return -EOPNOTSUPP;
	switch (cmd->op) {
	case IOMMU_OPTION_OP_GET:
		cmd->val64 = READ_ONCE(ictx->charge) != CHARGE_USER;
		return 0;
	case IOMMU_OPTION_OP_SET:
		return option_set_rlimit_mode(ictx, cmd->val64);
	default:
		return -EOPNOTSUPP;
	}
}

static int option_get_huge_pages(struct iopt *iopt, u64 *val)
{
	if (down_read_killable(&iopt->domains_rwsem))
		return -EINTR;
	*val = !iopt->small_pages;
	up_read(&iopt->domains_rwsem);
	return 0;
}

static int option_ioas_huge_pages(struct iommufd_ioas *ioas,
				  struct iommu_option *cmd)
{
	switch (cmd->op) {
	case IOMMU_OPTION_OP_GET:
		return option_get_huge_pages(ioas->iopt, &cmd->val64);
	case IOMMU_OPTION_OP_SET:
		if (cmd->val64 > 1)
			return -EINVAL;
		return iopt_set_small_pages(ioas->iopt, !cmd->val64);
	default:
		return -EOPNOTSUPP;
	}
}

static int option_huge_pages(struct iommufd_ctx *ictx, struct iommu_option *cmd)
{
	struct iommufd_ioas *ioas = ioas_get(ictx, cmd->object_id);
	int ret;

	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	ret = option_ioas_huge_pages(ioas, cmd);
	object_put(&ioas->obj);
	return ret;
}

/**
 * option_ioctl() - implement IOMMU_OPTION
 * @ucmd: request with a struct iommu_option
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int option_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_option *cmd = ucmd->cmd;
	int ret;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	switch (cmd->option_id) {
	case IOMMU_OPTION_RLIMIT_MODE:
		ret = option_rlimit_mode(ucmd->ictx, cmd);
		break;
	case IOMMU_OPTION_HUGE_PAGES:
		ret = option_huge_pages(ucmd->ictx, cmd);
		break;
	default:
		ret = -EOPNOTSUPP;
	}
	return ret ?: ucmd_respond(ucmd, sizeof(*cmd));
}
