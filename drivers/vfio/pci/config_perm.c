// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules for the capabilities that the PCI specifications define, and the masks
 * that result from them.
 */
#include <linux/kernel.h>
#include <linux/pci_regs.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "config_perm.h"

#define ALL8 0xffU
#define ALL16 0xffffU
#define ALL32 0xffffffffU

#define FIELDS(_table) .nr_fields = ARRAY_SIZE(_table), .fields = (_table)

static const struct vfio_pci_field perm_header_fields[] = {
	/* A VF returns ffff:ffff here */
	{ PCI_VENDOR_ID, 2, ALL16, 0 },
	{ PCI_DEVICE_ID, 2, ALL16, 0 },
	/* INTx Disable is virtual, because the host masks INTx with it */
	{ PCI_COMMAND, 2, PCI_COMMAND_INTX_DISABLE, ALL16 },
	{ PCI_STATUS, 2, PCI_STATUS_CAP_LIST, 0 },
	{ PCI_CACHE_LINE_SIZE, 1, 0, ALL8 },
	{ PCI_LATENCY_TIMER, 1, 0, ALL8 },
	{ PCI_BIST, 1, 0, ALL8 },
	{ PCI_CAPABILITY_LIST, 1, ALL8, 0 },
	{ PCI_INTERRUPT_LINE, 1, ALL8, ALL8 },
	{ PCI_INTERRUPT_PIN, 1, ALL8, 0 },
};

const struct vfio_pci_rule vfio_pci_rule_header = {
	.len = PCI_STD_HEADER_SIZEOF,
	FIELDS(perm_header_fields),
};

/* The host handles PME. The power state is changed by a hook. */
#define PM_PME (PCI_PM_CTRL_PME_ENABLE | PCI_PM_CTRL_PME_STATUS)

static const struct vfio_pci_field perm_pm_fields[] = {
	{ PCI_PM_PMC, 2, PCI_PM_CAP_PME_MASK, 0 },
	{ PCI_PM_CTRL, 4, PM_PME, ~(PM_PME | PCI_PM_CTRL_STATE_MASK) },
};

static const struct vfio_pci_field perm_vpd_fields[] = {
	{ PCI_VPD_ADDR, 2, ALL16, ALL16 },
	{ PCI_VPD_DATA, 4, ALL32, ALL32 },
};

static const struct vfio_pci_field perm_pcix_fields[] = {
	{ PCI_X_CMD, 2, 0, ALL16 },
	{ PCI_X_ECC_CSR, 4, 0, ALL32 },
};

/*
 * The host's settings for the whole path are not writable, nor is what could
 * confuse the IOMMU: phantom functions and ARI. Payload size, read request size
 * and FLR are virtual, and a hook handles writes to them.
 */
static const struct vfio_pci_field perm_exp_fields[] = {
	{ PCI_EXP_DEVCTL, 2,
	  PCI_EXP_DEVCTL_BCR_FLR | PCI_EXP_DEVCTL_PAYLOAD |
		  PCI_EXP_DEVCTL_READRQ,
	  ALL16 & ~PCI_EXP_DEVCTL_PHANTOM },
	{ PCI_EXP_DEVCTL2, 2, 0, ALL16 & ~PCI_EXP_DEVCTL2_ARI },
};

static const struct vfio_pci_field perm_af_fields[] = {
	{ PCI_AF_CTRL, 1, PCI_AF_CTRL_FLR, PCI_AF_CTRL_FLR },
};

/* Address and data are the host's: the user's interrupts signal eventfds */
static const struct vfio_pci_field perm_msi32_fields[] = {
	{ PCI_MSI_FLAGS, 1, ALL8, ALL8 },
	{ PCI_MSI_ADDRESS_LO, 4, ALL32, ALL32 },
	{ PCI_MSI_DATA_32, 2, ALL16, ALL16 },
	{ PCI_MSI_MASK_32, 4, 0, ALL32 },
	{ PCI_MSI_PENDING_32, 4, 0, ALL32 },
};

static const struct vfio_pci_field perm_msi64_fields[] = {
	{ PCI_MSI_FLAGS, 1, ALL8, ALL8 },
	{ PCI_MSI_ADDRESS_LO, 4, ALL32, ALL32 },
	{ PCI_MSI_ADDRESS_HI, 4, ALL32, ALL32 },
	{ PCI_MSI_DATA_64, 2, ALL16, ALL16 },
	{ PCI_MSI_MASK_64, 4, 0, ALL32 },
	{ PCI_MSI_PENDING_64, 4, 0, ALL32 },
};

const struct vfio_pci_rule vfio_pci_rule_msi32 = { FIELDS(perm_msi32_fields) };
const struct vfio_pci_rule vfio_pci_rule_msi64 = { FIELDS(perm_msi64_fields) };

static const struct vfio_pci_rule perm_cap_rules[] = {
	[PCI_CAP_ID_PM] = { .len = PCI_PM_SIZEOF, FIELDS(perm_pm_fields) },
	[PCI_CAP_ID_AGP] = { .len = PCI_AGP_SIZEOF },
	[PCI_CAP_ID_VPD] = { .len = PCI_CAP_VPD_SIZEOF,
			     FIELDS(perm_vpd_fields) },
	[PCI_CAP_ID_MSI] = { .len = VFIO_PCI_LEN_VARIES },
	[PCI_CAP_ID_PCIX] = { .len = VFIO_PCI_LEN_VARIES,
			      FIELDS(perm_pcix_fields) },
	[PCI_CAP_ID_HT] = { .len = VFIO_PCI_LEN_VARIES },
	[PCI_CAP_ID_VNDR] = { .len = VFIO_PCI_LEN_VARIES, .raw = true },
	[PCI_CAP_ID_EXP] = { .len = VFIO_PCI_LEN_VARIES,
			     FIELDS(perm_exp_fields) },
	[PCI_CAP_ID_MSIX] = { .len = PCI_CAP_MSIX_SIZEOF },
	[PCI_CAP_ID_SATA] = { .len = VFIO_PCI_LEN_VARIES },
	[PCI_CAP_ID_AF] = { .len = PCI_CAP_AF_SIZEOF, FIELDS(perm_af_fields) },
};

#define AER_UNCOR_BITS                                                         \
	(PCI_ERR_UNC_UND | PCI_ERR_UNC_DLP | PCI_ERR_UNC_SURPDN |              \
	 PCI_ERR_UNC_POISON_TLP | PCI_ERR_UNC_FCP | PCI_ERR_UNC_COMP_TIME |    \
	 PCI_ERR_UNC_COMP_ABORT | PCI_ERR_UNC_UNX_COMP | PCI_ERR_UNC_RX_OVER | \
	 PCI_ERR_UNC_MALF_TLP | PCI_ERR_UNC_ECRC | PCI_ERR_UNC_UNSUP |         \
	 PCI_ERR_UNC_ACSV | PCI_ERR_UNC_INTN | PCI_ERR_UNC_MCBTLP |            \
	 PCI_ERR_UNC_ATOMEG | PCI_ERR_UNC_TLPPRE)

#define AER_COR_BITS                                                           \
	(PCI_ERR_COR_RCVR | PCI_ERR_COR_BAD_TLP | PCI_ERR_COR_BAD_DLLP |       \
	 PCI_ERR_COR_REP_ROLL | PCI_ERR_COR_REP_TIMER | PCI_ERR_COR_ADV_NFAT | \
	 PCI_ERR_COR_INTERNAL | PCI_ERR_COR_LOG_OVER)

static const struct vfio_pci_field perm_aer_fields[] = {
	{ PCI_ERR_UNCOR_STATUS, 4, 0, AER_UNCOR_BITS },
	{ PCI_ERR_UNCOR_MASK, 4, 0, AER_UNCOR_BITS },
	{ PCI_ERR_UNCOR_SEVER, 4, 0, AER_UNCOR_BITS },
	{ PCI_ERR_COR_STATUS, 4, 0, AER_COR_BITS },
	{ PCI_ERR_COR_MASK, 4, 0, AER_COR_BITS },
	{ PCI_ERR_CAP, 4, 0, PCI_ERR_CAP_ECRC_GENE | PCI_ERR_CAP_ECRC_CHKE },
};

/* A write selects what the read-only data register shows */
static const struct vfio_pci_field perm_pwr_fields[] = {
	{ PCI_PWR_DSR, 1, 0, ALL8 },
};

#define HIDDEN .hidden = true, .blank = true

/*
 * Hidden are the capabilities that only the host may use: PASIDs, the link with
 * its power states, clock and encryption, which has another end, the size of
 * the BARs of virtual functions, the LEDs of the enclosure, and the mailboxes,
 * through which the identity of a function is queried. ATS and PRI are visible,
 * because a guest with an IOMMU of its own looks for them, but the host enables
 * them.
 */
static const struct vfio_pci_rule perm_ecap_rules[] = {
	[PCI_EXT_CAP_ID_ERR] = { .len = PCI_ERR_ROOT_COMMAND,
				 FIELDS(perm_aer_fields) },
	[PCI_EXT_CAP_ID_VC] = { .len = VFIO_PCI_LEN_VARIES },
	[PCI_EXT_CAP_ID_DSN] = { .len = PCI_EXT_CAP_DSN_SIZEOF },
	[PCI_EXT_CAP_ID_PWR] = { .len = PCI_EXT_CAP_PWR_SIZEOF,
				 FIELDS(perm_pwr_fields) },
	[PCI_EXT_CAP_ID_MFVC] = { .len = VFIO_PCI_LEN_VARIES },
	[PCI_EXT_CAP_ID_VC9] = { .len = VFIO_PCI_LEN_VARIES },
	[PCI_EXT_CAP_ID_VNDR] = { .len = VFIO_PCI_LEN_VARIES, .raw = true },
	[PCI_EXT_CAP_ID_ACS] = { .len = VFIO_PCI_LEN_VARIES },
	[PCI_EXT_CAP_ID_ARI] = { .len = PCI_EXT_CAP_ARI_SIZEOF },
	[PCI_EXT_CAP_ID_ATS] = { .len = PCI_EXT_CAP_ATS_SIZEOF },
	[PCI_EXT_CAP_ID_SRIOV] = { .len = PCI_EXT_CAP_SRIOV_SIZEOF },
	[PCI_EXT_CAP_ID_MCAST] = { .len = PCI_EXT_CAP_MCAST_ENDPOINT_SIZEOF },
	[PCI_EXT_CAP_ID_PRI] = { .len = PCI_EXT_CAP_PRI_SIZEOF },
	[PCI_EXT_CAP_ID_REBAR] = { .len = VFIO_PCI_LEN_VARIES },
	[PCI_EXT_CAP_ID_DPA] = { .len = VFIO_PCI_LEN_VARIES },
	[PCI_EXT_CAP_ID_TPH] = { .len = VFIO_PCI_LEN_VARIES },
	[PCI_EXT_CAP_ID_LTR] = { .len = PCI_EXT_CAP_LTR_SIZEOF },
	[PCI_EXT_CAP_ID_SECPCI] = { .len = 12, .per_lane = 2, HIDDEN },
	[PCI_EXT_CAP_ID_PASID] = { .len = PCI_EXT_CAP_PASID_SIZEOF, HIDDEN },
	[PCI_EXT_CAP_ID_L1SS] = { .len = 20, HIDDEN },
	[PCI_EXT_CAP_ID_PTM] = { .len = 12, HIDDEN },
	[PCI_EXT_CAP_ID_DVSEC] = { .len = VFIO_PCI_LEN_VARIES, .raw = true },
	/* Resizable BARs of virtual functions; not defined by all kernels */
	[0x24] = { .len = 52, HIDDEN },
	[PCI_EXT_CAP_ID_DLF] = { .len = 12, HIDDEN },
	[PCI_EXT_CAP_ID_PL_16GT] = { .len = 32, .per_lane = 1, HIDDEN },
	/* Lane margining; not all supported kernels define the ID */
	[0x27] = { .len = 8, .per_lane = 4, HIDDEN },
	[PCI_EXT_CAP_ID_NPEM] = { .len = 16, HIDDEN },
	[PCI_EXT_CAP_ID_PL_32GT] = { .len = 32, .per_lane = 1, HIDDEN },
	[PCI_EXT_CAP_ID_DOE] = { .len = 24, HIDDEN },
	/* Device 3, encryption and 64 GT/s; likewise not always defined */
	[0x2f] = { .len = 16, HIDDEN },
	[0x30] = { .len = PCI_CFG_SPACE_EXP_SIZE, HIDDEN },
	[0x31] = { .len = 32, .per_lane = 1, HIDDEN },
};

/*
 * Some devices have registers in any place, even right behind the header of a
 * capability, and drivers that need them: the handover of an EHCI controller
 * from firmware is an example, the ports of some PCI Express cores another. So
 * an unknown capability stays accessible.
 */
static const struct vfio_pci_rule perm_unknown = { .hidden = true };

/**
 * vfio_pci_rule_cap() - get the rule of a standard capability
 * @id: capability ID
 *
 * Context: Any.
 * Return: The rule, which hides an unknown capability.
 */
const struct vfio_pci_rule *vfio_pci_rule_cap(u8 id)
{
	if (id >= ARRAY_SIZE(perm_cap_rules) || !perm_cap_rules[id].len)
		return &perm_unknown;
	return &perm_cap_rules[id];
}

/**
 * vfio_pci_rule_ecap() - get the rule of an extended capability
 * @id: extended capability ID
 *
 * Context: Any.
 * Return: The rule, which hides an unknown capability.
 */
const struct vfio_pci_rule *vfio_pci_rule_ecap(u16 id)
{
	if (id >= ARRAY_SIZE(perm_ecap_rules) || !perm_ecap_rules[id].len)
		return &perm_unknown;
	return &perm_ecap_rules[id];
}

/**
 * vfio_pci_perm_init() - allocate the masks of a function
 * @perm: masks to set up
 * @size: size of config space in bytes
 *
 * Accesses that no rule covers are passed to the function. Some devices have
 * registers in the gaps, which are the device's own affair, as its BARs are.
 *
 * Context: May sleep.
 * Return: 0, or -ENOMEM.
 */
int vfio_pci_perm_init(struct vfio_pci_perm *perm, unsigned int size)
{
	perm->virt = kzalloc(2 * size, GFP_KERNEL_ACCOUNT);
	if (!perm->virt)
		return -ENOMEM;

	perm->write = perm->virt + size;
	memset(perm->write, 0xff, size);
	return 0;
}

/**
 * vfio_pci_perm_destroy() - free the masks of a function
 * @perm: masks from vfio_pci_perm_init()
 *
 * Context: Any.
 */
void vfio_pci_perm_destroy(struct vfio_pci_perm *perm)
{
	kfree(perm->virt);
}

/**
 * vfio_pci_perm_set() - set the masks of one register
 * @perm: the masks
 * @pos: offset in config space
 * @bytes: size of the register
 * @virt: bits that are read from the virtual copy
 * @write: bits that the user may change
 *
 * Context: Any.
 */
void vfio_pci_perm_set(struct vfio_pci_perm *perm, unsigned int pos,
		       unsigned int bytes, u32 virt, u32 write)
{
	unsigned int i;

	for (i = 0; i < bytes; i++) {
		perm->virt[pos + i] = virt >> (8 * i);
		perm->write[pos + i] = write >> (8 * i);
	}
}

/**
 * vfio_pci_perm_fill() - set the masks of all bytes in a range
 * @perm: the masks
 * @pos: offset in config space
 * @bytes: size of the range
 * @virt: bits of a byte that are read from the virtual copy
 * @write: bits of a byte that the user may change
 *
 * Context: Any.
 */
void vfio_pci_perm_fill(struct vfio_pci_perm *perm, unsigned int pos,
			unsigned int bytes, u8 virt, u8 write)
{
	memset(perm->virt + pos, virt, bytes);
	memset(perm->write + pos, write, bytes);
}

/**
 * vfio_pci_perm_paint() - set the masks of a capability by its rule
 * @perm: the masks
 * @pos: offset of the capability
 * @len: its length, within config space
 * @header: size of the ID and link at its start, which are always virtual
 * @rule: its rule
 *
 * Context: Any.
 */
void vfio_pci_perm_paint(struct vfio_pci_perm *perm, unsigned int pos,
			 unsigned int len, unsigned int header,
			 const struct vfio_pci_rule *rule)
{
	const struct vfio_pci_field *field = rule->fields;
	unsigned int i;

	vfio_pci_perm_fill(perm, pos, len, rule->blank ? 0xff : 0,
			   rule->raw ? 0xff : 0);
	vfio_pci_perm_fill(perm, pos, min(header, len), 0xff, 0);

	for (i = 0; i < rule->nr_fields; i++, field++)
		if (field->off + field->bytes <= len)
			vfio_pci_perm_set(perm, pos + field->off, field->bytes,
					  field->virt, field->write);
}
