// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_GET_HW_INFO: properties of the IOMMU in front of a device.
 */
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/iommufd.h>

#include "ctx.h"
#include "device.h"
#include "domain/iommu_core.h"
#include "hwinfo.h"
#include "ucmd.h"

/*
 * Fill the rest of a long buffer with zeroes, truncate the data for a short
 * one.
 */
static int hw_info_put_data(const struct iommu_hw_info *cmd, const void *data,
			    u32 len)
{
	void __user *to = u64_to_user_ptr(cmd->data_uptr);
	u32 part = min(cmd->data_len, len);

	if (part && copy_to_user(to, data, part))
		return -EFAULT;
	if (part < cmd->data_len && clear_user(to + part, cmd->data_len - part))
		return -EFAULT;
	return 0;
}

/* A virtual function uses the PASID settings of its physical function. */
static u64 hw_info_pasid_caps(struct pci_dev *pdev)
{
	u64 caps = 0;
	u16 control;
	u16 pos;

	pdev = pci_physfn(pdev);
	pos = pci_find_ext_capability(pdev, PCI_EXT_CAP_ID_PASID);
	if (!pos || pci_read_config_word(pdev, pos + PCI_PASID_CTRL, &control))
		return 0;
	if (control & PCI_PASID_CTRL_EXEC)
		caps |= IOMMU_HW_CAP_PCI_PASID_EXEC;
	if (control & PCI_PASID_CTRL_PRIV)
		caps |= IOMMU_HW_CAP_PCI_PASID_PRIV;
	return caps;
}

/* Report what user space can use, which may be less than the hardware has. */
static u64 hw_info_caps(struct device *dev)
{
	u64 caps = 0;

	if (compat_iommu_ats_unusable(dev))
		caps |= IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED;
	if (iommu_core_dirty_capable(dev))
		caps |= IOMMU_HW_CAP_DIRTY_TRACKING;
	if (dev_is_pci(dev) && dev->iommu->max_pasids)
		caps |= hw_info_pasid_caps(to_pci_dev(dev));
	return caps;
}

static int hw_info_fill(struct iommu_hw_info *cmd, struct device *dev)
{
	u32 type = cmd->flags & IOMMU_HW_INFO_FLAG_INPUT_TYPE ?
			   cmd->in_data_type :
			   IOMMU_HW_INFO_TYPE_DEFAULT;
	void *data = NULL;
	u32 len = 0;
	int ret;

	if (dev->iommu->iommu_dev->ops->hw_info) {
		data = compat_iommu_hw_info(dev, &len, &type);
		if (IS_ERR(data))
			return PTR_ERR(data);
	} else {
		type = IOMMU_HW_INFO_TYPE_NONE;
	}
	ret = hw_info_put_data(cmd, data, len);
	kfree(data);
	cmd->data_len = len;
	cmd->out_data_type = type;
	cmd->out_max_pasid_log2 =
		dev->iommu->max_pasids ? ilog2(dev->iommu->max_pasids) : 0;
	cmd->out_capabilities = hw_info_caps(dev);
	return ret;
}

/* For a device without an IOMMU. */
static int hw_info_fill_none(struct iommu_hw_info *cmd)
{
	int ret = hw_info_put_data(cmd, NULL, 0);

	cmd->data_len = 0;
	cmd->out_data_type = IOMMU_HW_INFO_TYPE_NONE;
	cmd->out_max_pasid_log2 = 0;
	cmd->out_capabilities = 0;
	return ret;
}

/**
 * hw_info_ioctl() - IOMMU_GET_HW_INFO
 * @ucmd: with a struct iommu_hw_info
 *
 * Return: 0 or a negative errno.
 */
int hw_info_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_hw_info *cmd = ucmd->cmd;
	struct iommufd_device *idev;
	int ret;

	if (cmd->flags & ~IOMMU_HW_INFO_FLAG_INPUT_TYPE)
		return -EOPNOTSUPP;
	if (memchr_inv(cmd->__reserved, 0, sizeof(cmd->__reserved)))
		return -EOPNOTSUPP;
	idev = device_get(ucmd->ictx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	ret = idev->noiommu ? hw_info_fill_none(cmd) :
			      hw_info_fill(cmd, idev->dev);
	if (!ret)
		ret = ucmd_respond(ucmd, sizeof(*cmd));
	object_put(&idev->obj);
	return ret;
}
