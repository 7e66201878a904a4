// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capabilities of an open function: which ones are visible to the user, their
 * lengths, and the side effects of writes.
 */
#include <linux/bitfield.h>
#include <linux/unaligned.h>

#include "config.h"
#include "config_cap.h"
#include "power_state.h"

/* Links of extended capabilities are dword aligned */
#define ECAP_NEXT_MASK GENMASK(31, 20)

static int cap_read8(struct vfio_pci_core_device *vdev, unsigned int pos,
		     u8 *val)
{
	int ret = pci_read_config_byte(vdev->pdev, pos, val);

	return pcibios_err_to_errno(ret);
}

static int cap_read16(struct vfio_pci_core_device *vdev, unsigned int pos,
		      u16 *val)
{
	int ret = pci_read_config_word(vdev->pdev, pos, val);

	return pcibios_err_to_errno(ret);
}

static int cap_read32(struct vfio_pci_core_device *vdev, unsigned int pos,
		      u32 *val)
{
	int ret = pci_read_config_dword(vdev->pdev, pos, val);

	return pcibios_err_to_errno(ret);
}

/*
 * The state bits are read-only in the mask, because the PCI core knows the
 * delays and quirks of a change.
 */
static int cap_pm_ctrl_written(struct vfio_pci_core_device *vdev,
			       const struct vfio_pci_config_write *w)
{
	static const pci_power_t states[] = { PCI_D0, PCI_D1, PCI_D2,
					      PCI_D3hot };

	vfio_pci_user_power_state(vdev,
				  states[w->val & PCI_PM_CTRL_STATE_MASK]);
	vdev->config_ops->sync_intx(vdev);
	return 0;
}

static void cap_reset_function(struct vfio_pci_core_device *vdev)
{
	vfio_pci_reset_function(vdev);
	vdev->config_ops->sync_intx(vdev);
}

/*
 * The PCI core performs the handshake for an access to vital product data.
 * After an error, the user sees a handshake that does not complete.
 */
static int cap_vpd_addr_written(struct vfio_pci_core_device *vdev,
				const struct vfio_pci_config_write *w)
{
	u16 addr = vfio_pci_vconfig_get16(vdev, w->cap + PCI_VPD_ADDR);
	u8 *vdata = &vdev->vconfig[w->cap + PCI_VPD_DATA];
	unsigned int offset = addr & PCI_VPD_ADDR_MASK;
	u32 data = 0;

	if (addr & PCI_VPD_ADDR_F) {
		data = get_unaligned_le32(vdata);
		if (pci_write_vpd(vdev->pdev, offset, 4, &data) != 4)
			return 0;
	} else {
		if (pci_read_vpd(vdev->pdev, offset, 4, &data) < 0)
			return 0;
		put_unaligned_le32(data, vdata);
	}

	vfio_pci_vconfig_set16(vdev, w->cap + PCI_VPD_ADDR,
			       addr ^ PCI_VPD_ADDR_F);
	return 0;
}

static void cap_exp_flr(struct vfio_pci_core_device *vdev, unsigned int cap)
{
	u32 devcap;

	if (!cap_read32(vdev, cap + PCI_EXP_DEVCAP, &devcap) &&
	    (devcap & PCI_EXP_DEVCAP_FLR))
		cap_reset_function(vdev);
}

/*
 * The payload size stays as the host set it for the path. The read request size
 * is applied, but raised to the payload size, because a smaller one has a cost
 * and no benefit.
 */
static int cap_exp_devctl_written(struct vfio_pci_core_device *vdev,
				  const struct vfio_pci_config_write *w)
{
	unsigned int pos = w->cap + PCI_EXP_DEVCTL;
	u16 ctl = vfio_pci_vconfig_get16(vdev, pos);
	int readrq = 128 << FIELD_GET(PCI_EXP_DEVCTL_READRQ, ctl);

	if (ctl & PCI_EXP_DEVCTL_BCR_FLR) {
		vfio_pci_vconfig_set16(vdev, pos,
				       ctl & ~PCI_EXP_DEVCTL_BCR_FLR);
		cap_exp_flr(vdev, w->cap);
	}

	/* A reserved size changes nothing */
	readrq = max(readrq, pcie_get_mps(vdev->pdev));
	if (readrq != pcie_get_readrq(vdev->pdev))
		pcie_set_readrq(vdev->pdev, readrq);
	return 0;
}

static int cap_af_ctrl_written(struct vfio_pci_core_device *vdev,
			       const struct vfio_pci_config_write *w)
{
	u8 *ctrl = &vdev->vconfig[w->cap + PCI_AF_CTRL];
	u8 cap;

	if (!(*ctrl & PCI_AF_CTRL_FLR))
		return 0;
	*ctrl &= ~PCI_AF_CTRL_FLR;

	if (!cap_read8(vdev, w->cap + PCI_AF_CAP, &cap) &&
	    (cap & PCI_AF_CAP_FLR) && (cap & PCI_AF_CAP_TP))
		cap_reset_function(vdev);
	return 0;
}

/* The ioctl enables MSI; the user may then choose the number of vectors */
static int cap_msi_flags_written(struct vfio_pci_core_device *vdev,
				 const struct vfio_pci_config_write *w)
{
	unsigned int pos = w->cap + PCI_MSI_FLAGS;
	u16 flags = vfio_pci_vconfig_get16(vdev, pos);

	/* Keep the state of MSI until the function is written */
	guard(mutex)(&vdev->igate);

	if (vdev->irq_type != VFIO_PCI_MSI_IRQ_INDEX)
		flags &= ~PCI_MSI_FLAGS_ENABLE;
	if (FIELD_GET(PCI_MSI_FLAGS_QSIZE, flags) > vdev->msi_qmax) {
		flags &= ~PCI_MSI_FLAGS_QSIZE;
		flags |= FIELD_PREP(PCI_MSI_FLAGS_QSIZE, vdev->msi_qmax);
	}

	vfio_pci_vconfig_set16(vdev, pos, flags);
	return pci_user_write_config_word(vdev->pdev, pos, flags);
}

static int cap_msi_len(struct vfio_pci_core_device *vdev, unsigned int pos,
		       const struct vfio_pci_rule **rule)
{
	u16 flags;
	int ret;

	ret = cap_read16(vdev, pos + PCI_MSI_FLAGS, &flags);
	if (ret)
		return ret;

	*rule = flags & PCI_MSI_FLAGS_64BIT ? &vfio_pci_rule_msi64 :
					      &vfio_pci_rule_msi32;
	return 10 + (flags & PCI_MSI_FLAGS_64BIT ? 4 : 0) +
	       (flags & PCI_MSI_FLAGS_MASKBIT ? 10 : 0);
}

static int cap_exp_len(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	bool link = pci_pcie_type(pdev) != PCI_EXP_TYPE_RC_END;

	if (FIELD_GET(PCI_EXP_FLAGS_VERS, pcie_caps_reg(pdev)) == 1)
		return link ? PCI_CAP_EXP_ENDPOINT_SIZEOF_V1 : PCI_EXP_LNKCAP;
	return link ? PCI_CAP_EXP_ENDPOINT_SIZEOF_V2 : PCI_EXP_LNKCAP2;
}

/* Get the length of a standard capability of variable length, or -errno */
static int cap_len(struct vfio_pci_core_device *vdev, u8 id, unsigned int pos,
		   const struct vfio_pci_rule **rule)
{
	int ret = 0, len = 0;
	u16 word = 0;
	u8 byte = 0;

	switch (id) {
	case PCI_CAP_ID_MSI:
		return cap_msi_len(vdev, pos, rule);
	case PCI_CAP_ID_EXP:
		return cap_exp_len(vdev);
	case PCI_CAP_ID_PCIX:
		ret = cap_read16(vdev, pos + PCI_X_CMD, &word);
		len = PCI_X_CMD_VERSION(word) ? PCI_CAP_PCIX_SIZEOF_V2 :
						PCI_CAP_PCIX_SIZEOF_V0;
		break;
	case PCI_CAP_ID_VNDR:
		ret = cap_read8(vdev, pos + PCI_CAP_FLAGS, &byte);
		len = byte;
		break;
	case PCI_CAP_ID_HT:
		ret = cap_read8(vdev, pos + 3, &byte);
		len = byte & HT_3BIT_CAP_MASK ? HT_CAP_SIZEOF_SHORT :
						HT_CAP_SIZEOF_LONG;
		break;
	case PCI_CAP_ID_SATA:
		ret = cap_read8(vdev, pos + PCI_SATA_REGS, &byte);
		byte &= PCI_SATA_REGS_MASK;
		len = byte == PCI_SATA_REGS_INLINE ? PCI_SATA_SIZEOF_LONG :
						     PCI_SATA_SIZEOF_SHORT;
		break;
	}
	return ret ?: len;
}

static int ecap_vc_len(struct vfio_pci_core_device *vdev, unsigned int pos)
{
	unsigned int len = PCI_CAP_VC_BASE_SIZEOF;
	u32 cap1, cap2;
	int ret;

	ret = cap_read32(vdev, pos + PCI_VC_PORT_CAP1, &cap1);
	if (!ret)
		ret = cap_read32(vdev, pos + PCI_VC_PORT_CAP2, &cap2);
	if (ret)
		return ret;

	/* A table of 4-bit arbitration phases follows the VCs, if any */
	len += (1 + (cap1 & PCI_VC_CAP1_EVCC)) * PCI_CAP_VC_PER_VC_SIZEOF;
	if (cap2 & PCI_VC_CAP2_128_PHASE)
		return round_up(len, 16) + 64;
	if (cap2 & PCI_VC_CAP2_64_PHASE)
		return round_up(len, 16) + 32;
	if (cap2 & PCI_VC_CAP2_32_PHASE)
		return round_up(len, 16) + 16;
	return len;
}

static int ecap_acs_len(struct vfio_pci_core_device *vdev, unsigned int pos)
{
	u8 cap, bits;
	int ret;

	ret = cap_read8(vdev, pos + PCI_ACS_CAP, &cap);
	if (ret || !(cap & PCI_ACS_EC))
		return ret ?: 8;
	ret = cap_read8(vdev, pos + PCI_ACS_EGRESS_BITS, &bits);
	/* 0 means 256 */
	return ret ?: 8 + (bits ? round_up(bits, 32) : 256) / 8;
}

static int ecap_tph_len(struct vfio_pci_core_device *vdev, unsigned int pos)
{
	u32 cap;
	int ret;

	ret = cap_read32(vdev, pos + PCI_TPH_CAP, &cap);
	if (ret)
		return ret;
	if ((cap & PCI_TPH_CAP_LOC_MASK) != PCI_TPH_LOC_CAP)
		return PCI_TPH_BASE_SIZEOF;
	return PCI_TPH_BASE_SIZEOF +
	       2 * (FIELD_GET(PCI_TPH_CAP_ST_MASK, cap) + 1);
}

/* Get the length of an extended capability of variable length, or -errno */
static int ecap_len(struct vfio_pci_core_device *vdev, u16 id, unsigned int pos)
{
	int ret = 0, len = 0;
	u32 dword = 0;
	u8 byte = 0;

	switch (id) {
	case PCI_EXT_CAP_ID_VNDR:
		ret = cap_read32(vdev, pos + PCI_VNDR_HEADER, &dword);
		len = PCI_VNDR_HEADER_LEN(dword);
		break;
	case PCI_EXT_CAP_ID_DVSEC:
		ret = cap_read32(vdev, pos + PCI_DVSEC_HEADER1, &dword);
		len = PCI_DVSEC_HEADER1_LEN(dword);
		break;
	case PCI_EXT_CAP_ID_VC:
	case PCI_EXT_CAP_ID_VC9:
	case PCI_EXT_CAP_ID_MFVC:
		return ecap_vc_len(vdev, pos);
	case PCI_EXT_CAP_ID_ACS:
		return ecap_acs_len(vdev, pos);
	case PCI_EXT_CAP_ID_TPH:
		return ecap_tph_len(vdev, pos);
	case PCI_EXT_CAP_ID_REBAR:
		ret = cap_read8(vdev, pos + PCI_REBAR_CTRL, &byte);
		len = 4 + 8 * FIELD_GET(PCI_REBAR_CTRL_NBAR_MASK, byte);
		break;
	case PCI_EXT_CAP_ID_DPA:
		ret = cap_read8(vdev, pos + PCI_DPA_CAP, &byte);
		byte &= PCI_DPA_CAP_SUBSTATE_MASK;
		len = PCI_DPA_BASE_SIZEOF + byte + 1;
		break;
	}
	return ret ?: len;
}

/* Return the size of the registers that the hooks of a capability need */
static unsigned int cap_hook_size(u8 id)
{
	switch (id) {
	case PCI_CAP_ID_PM:
		return PCI_PM_SIZEOF;
	case PCI_CAP_ID_VPD:
		return PCI_CAP_VPD_SIZEOF;
	case PCI_CAP_ID_EXP:
		return PCI_EXP_DEVCTL + 2;
	case PCI_CAP_ID_AF:
		return PCI_CAP_AF_SIZEOF;
	default:
		return PCI_CAP_SIZEOF;
	}
}

static void cap_add_hooks(struct vfio_pci_core_device *vdev, u8 id,
			  unsigned int pos)
{
	u16 pmc;

	if (pos + cap_hook_size(id) > PCI_CFG_SPACE_SIZE)
		return;

	switch (id) {
	case PCI_CAP_ID_PM:
		pmc = vfio_pci_vconfig_get16(vdev, pos + PCI_PM_PMC);
		vfio_pci_vconfig_set16(vdev, pos + PCI_PM_PMC,
				       pmc & ~PCI_PM_CAP_PME_MASK);
		vfio_pci_vconfig_set16(vdev, pos + PCI_PM_CTRL, 0);
		vfio_pci_config_add_hook(vdev, pos, pos + PCI_PM_CTRL,
					 cap_pm_ctrl_written);
		break;
	case PCI_CAP_ID_VPD:
		/* The flag that starts a transfer is in the upper byte */
		vfio_pci_config_add_hook(vdev, pos, pos + PCI_VPD_ADDR + 1,
					 cap_vpd_addr_written);
		break;
	case PCI_CAP_ID_EXP:
		/* FLR and the read request size are in the upper byte */
		vfio_pci_config_add_hook(vdev, pos, pos + PCI_EXP_DEVCTL + 1,
					 cap_exp_devctl_written);
		break;
	case PCI_CAP_ID_AF:
		vfio_pci_config_add_hook(vdev, pos, pos + PCI_AF_CTRL,
					 cap_af_ctrl_written);
		break;
	case PCI_CAP_ID_MSI:
		vfio_pci_config_add_hook(vdev, pos, pos + PCI_MSI_FLAGS,
					 cap_msi_flags_written);
		break;
	}
}

/*
 * Return the offset of the first extended capability behind @pos, or a negative
 * errno. Their list may be in any order.
 */
static int ecap_next_start(struct vfio_pci_core_device *vdev, unsigned int pos)
{
	unsigned int size = vdev->pdev->cfg_size;
	unsigned int cap = PCI_CFG_SPACE_SIZE, end = size;
	int left = (size - PCI_CFG_SPACE_SIZE) / 8;
	u32 header;
	int ret = 0;

	while (!ret && cap >= PCI_CFG_SPACE_SIZE && cap <= size - 4 && left--) {
		if (cap > pos && cap < end)
			end = cap;
		ret = cap_read32(vdev, cap, &header);
		cap = ret ? 0 : PCI_EXT_CAP_NEXT(header);
	}
	return ret ?: end;
}

static unsigned int ecap_max_lanes(struct pci_dev *pdev)
{
	u32 cap = 0;

	pcie_capability_read_dword(pdev, PCI_EXP_LNKCAP, &cap);
	return FIELD_GET(PCI_EXP_LNKCAP_MLW, cap);
}

/* Keep the user from an extended capability, if its length is known */
static int ecap_hide(struct vfio_pci_core_device *vdev, unsigned int pos,
		     const struct vfio_pci_rule *rule)
{
	unsigned int len;
	int next;

	if (!rule->len)
		return 0;
	next = ecap_next_start(vdev, pos);
	if (next < 0)
		return next;

	len = rule->len + rule->per_lane * ecap_max_lanes(vdev->pdev);
	len = min_t(unsigned int, len, next - pos);
	vfio_pci_perm_paint(&vdev->config->perm, pos, len, 4, rule);
	return 0;
}

/* Set up a standard capability and find out whether the user sees it */
static int cap_init(struct vfio_pci_core_device *vdev, u8 id, unsigned int pos,
		    bool *visible)
{
	const struct vfio_pci_rule *rule = vfio_pci_rule_cap(id);
	int len = rule->len;
	int ret;

	*visible = false;
	if (rule->hidden) {
		pci_dbg(vdev->pdev, "%s: hiding cap %#x@%#x\n", __func__, id,
			pos);
		return 0;
	}
	if (len == VFIO_PCI_LEN_VARIES)
		len = cap_len(vdev, id, pos, &rule);
	if (len < 0)
		return len;
	/* A vendor's length may cover the header alone */
	if (len <= PCI_CAP_FLAGS)
		return 0;
	len = min_t(int, len, PCI_CFG_SPACE_SIZE - pos);

	vfio_pci_perm_paint(&vdev->config->perm, pos, len, PCI_CAP_FLAGS, rule);
	ret = vfio_pci_config_fill(vdev, pos, len);
	if (ret)
		return ret;
	cap_add_hooks(vdev, id, pos);
	*visible = true;
	return 0;
}

static int cap_init_all(struct vfio_pci_core_device *vdev)
{
	u8 *link = &vdev->vconfig[PCI_CAPABILITY_LIST];
	u16 status = vfio_pci_vconfig_get16(vdev, PCI_STATUS);
	int left = (PCI_CFG_SPACE_SIZE - PCI_STD_HEADER_SIZEOF) / 4;
	unsigned int found = 0;
	u8 pos, id, next;
	bool visible;
	int ret;

	/* The link is invalid then. Some devices have another number there. */
	if (!(status & PCI_STATUS_CAP_LIST))
		return 0;

	for (pos = *link & ~3; pos >= PCI_STD_HEADER_SIZEOF && left;
	     pos = next & ~3, left--) {
		ret = cap_read8(vdev, pos + PCI_CAP_LIST_ID, &id);
		if (!ret)
			ret = cap_read8(vdev, pos + PCI_CAP_LIST_NEXT, &next);
		if (!ret)
			ret = cap_init(vdev, id, pos, &visible);
		if (ret)
			return ret;
		if (!visible)
			continue;

		*link = pos;
		link = &vdev->vconfig[pos + PCI_CAP_LIST_NEXT];
		found++;
	}

	*link = 0;
	if (!found)
		vfio_pci_vconfig_set16(vdev, PCI_STATUS,
				       status & ~PCI_STATUS_CAP_LIST);
	return 0;
}

/* Set up an extended capability and find out whether the user sees it */
static int ecap_init(struct vfio_pci_core_device *vdev, u16 id,
		     unsigned int pos, bool *visible)
{
	const struct vfio_pci_rule *rule = vfio_pci_rule_ecap(id);
	int len = rule->len;
	int ret;

	*visible = false;
	if (rule->hidden) {
		pci_dbg(vdev->pdev, "%s: hiding ecap %#x@%#x\n", __func__, id,
			pos);
		return ecap_hide(vdev, pos, rule);
	}
	if (len == VFIO_PCI_LEN_VARIES)
		len = ecap_len(vdev, id, pos);
	if (len < 0)
		return len;
	if (len < PCI_CAP_SIZEOF)
		return 0;
	len = min_t(int, len, vdev->pdev->cfg_size - pos);

	vfio_pci_perm_paint(&vdev->config->perm, pos, len, 4, rule);
	ret = vfio_pci_config_fill(vdev, pos, len);
	*visible = !ret;
	return ret;
}

/*
 * The chain starts at a fixed offset. If the first capability is not visible,
 * an empty header with a link takes its place.
 */
static int ecap_init_all(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_perm *perm = &vdev->config->perm;
	unsigned int size = vdev->pdev->cfg_size;
	unsigned int pos = PCI_CFG_SPACE_SIZE;
	int left = (size - PCI_CFG_SPACE_SIZE) / 8;
	u8 *link = &vdev->vconfig[pos];
	bool visible;
	u32 header;
	int ret;

	if (size <= PCI_CFG_SPACE_SIZE)
		return 0;

	for (; pos >= PCI_CFG_SPACE_SIZE && pos <= size - 4 && left; left--) {
		ret = cap_read32(vdev, pos, &header);
		if (ret)
			return ret;
		if (!header || PCI_POSSIBLE_ERROR(header))
			break;

		ret = ecap_init(vdev, PCI_EXT_CAP_ID(header), pos, &visible);
		if (ret)
			return ret;

		if (pos == PCI_CFG_SPACE_SIZE) {
			vfio_pci_perm_fill(perm, pos, 4, 0xff, 0);
			put_unaligned_le32(
				visible ? header & ~ECAP_NEXT_MASK : 0, link);
		} else if (visible) {
			put_unaligned_le32(get_unaligned_le32(link) | pos << 20,
					   link);
			link = &vdev->vconfig[pos];
			put_unaligned_le32(header & ~ECAP_NEXT_MASK, link);
		}
		pos = PCI_EXT_CAP_NEXT(header);
		/* A link back to the head is broken and ends the chain */
		if (pos == PCI_CFG_SPACE_SIZE)
			break;
	}
	return 0;
}

/**
 * vfio_pci_config_init_caps() - set up the capabilities of a function
 * @vdev: a device that is being opened, after vfio_pci_config_init()
 *
 * Context: May sleep. The caller holds dev_set->lock.
 * Return: 0, or a negative errno.
 */
int vfio_pci_config_init_caps(struct vfio_pci_core_device *vdev)
{
	int ret = cap_init_all(vdev);

	return ret ?: ecap_init_all(vdev);
}
