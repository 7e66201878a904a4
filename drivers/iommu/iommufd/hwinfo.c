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

/**
 * struct hw_info_data - what the IOMMU driver reports
 */
struct hw_info_data {
	/** @buf: the data, to be freed by kfree() */
	void *buf;
	/** @len: length of @buf in bytes */
	u32 len;
};

/*
 * Fill the rest of a long buffer with zeroes, truncate the data for a short
 * one.
 */
static int hw_info_put_data(const struct iommu_hw_info *cmd,
			    const struct hw_info_data *data)
{
	void __user *to = u64_to_user_ptr(cmd->data_uptr);
	u32 part = min(cmd->data_len, data->len);

	if (part && copy_to_user(to, data->buf, part))
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

static int hw_info_fill(struct iommu_hw_info *cmd, struct device *dev,
			struct hw_info_data *data)
{
	u32 type = cmd->flags & IOMMU_HW_INFO_FLAG_INPUT_TYPE ?
			   cmd->in_data_type :
			   IOMMU_HW_INFO_TYPE_DEFAULT;

	if (dev->iommu->iommu_dev->ops->hw_info) {
		data->buf = compat_iommu_hw_info(dev, &data->len, &type);
		if (IS_ERR(data->buf))
			return PTR_ERR(data->buf);
	} else {
		type = IOMMU_HW_INFO_TYPE_NONE;
	}
	cmd->out_data_type = type;
	cmd->out_max_pasid_log2 =
		dev->iommu->max_pasids ? ilog2(dev->iommu->max_pasids) : 0;
	cmd->out_capabilities = hw_info_caps(dev);
	return 0;
}

static void hw_info_fill_none(struct iommu_hw_info *cmd)
{
	cmd->out_data_type = IOMMU_HW_INFO_TYPE_NONE;
	cmd->out_max_pasid_log2 = 0;
	cmd->out_capabilities = 0;
}

static int hw_info_get(struct iommufd_ucmd *ucmd, struct hw_info_data *data)
{
	struct iommu_hw_info *cmd = ucmd->cmd;
	struct iommufd_device *idev;
	int ret = 0;

	idev = device_get(ucmd->ictx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	if (idev->noiommu)
		hw_info_fill_none(cmd);
	else
		ret = hw_info_fill(cmd, idev->dev, data);
	object_put(&idev->obj);
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
	struct hw_info_data data = {};
	int ret;

	if (cmd->flags & ~IOMMU_HW_INFO_FLAG_INPUT_TYPE)
		return -EOPNOTSUPP;
	if (memchr_inv(cmd->__reserved, 0, sizeof(cmd->__reserved)))
		return -EOPNOTSUPP;
	ret = hw_info_get(ucmd, &data);
	if (ret)
		return ret;
	/* the device is released: its unbind must not wait for user memory */
	ret = hw_info_put_data(cmd, &data);
	kfree(data.buf);
	cmd->data_len = data.len;
	return ret ?: ucmd_respond(ucmd, sizeof(*cmd));
}
