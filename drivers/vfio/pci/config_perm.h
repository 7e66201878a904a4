/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Permissions of config space, bit by bit.
 *
 * Two masks cover the config space of a function. A bit that is set in @virt is
 * read from the virtual copy, otherwise from the function. A bit that is clear
 * in @write cannot be changed by the user. A rule describes the masks of a
 * capability; painting copies the rule into the masks.
 */
#ifndef __VFIO_PCI_CONFIG_PERM_H
#define __VFIO_PCI_CONFIG_PERM_H

#include <linux/types.h>

/* The length depends on the capability's own registers */
#define VFIO_PCI_LEN_VARIES 0xffff

/**
 * struct vfio_pci_field - masks of a register in a capability
 *
 * Registers without such an entry are read-only and are read from the function.
 */
struct vfio_pci_field {
	/** @off: offset in the capability */
	u8 off;
	/** @bytes: size: 1, 2 or 4 */
	u8 bytes;
	/** @virt: bits that are read from the virtual copy */
	u32 virt;
	/** @write: bits that the user may change */
	u32 write;
};

/**
 * struct vfio_pci_rule - access of the user to a capability
 */
struct vfio_pci_rule {
	/**
	 * @len: size in bytes, the maximum size if @hidden,
	 * VFIO_PCI_LEN_VARIES, or 0 for a capability of unknown length, which
	 * implies @hidden
	 */
	u16 len;
	/** @per_lane: additional bytes for each lane that the link supports */
	u8 per_lane;
	/**
	 * @hidden: the chain skips the capability; an extended one with a @len
	 * is also read-only, any other stays accessible
	 */
	bool hidden;
	/** @blank: reads as zero */
	bool blank;
	/** @raw: the body after the header is passed through to the function */
	bool raw;
	/** @nr_fields: number of entries in @fields */
	u8 nr_fields;
	/** @fields: the registers with special masks */
	const struct vfio_pci_field *fields;
};

/**
 * struct vfio_pci_perm - the masks of one function
 */
struct vfio_pci_perm {
	/** @virt: one byte for each byte of config space */
	u8 *virt;
	/** @write: one byte for each byte of config space */
	u8 *write;
};

/* Rules of the MSI capability, which depend on its flags, and of the header */
extern const struct vfio_pci_rule vfio_pci_rule_msi32;
extern const struct vfio_pci_rule vfio_pci_rule_msi64;
extern const struct vfio_pci_rule vfio_pci_rule_header;

const struct vfio_pci_rule *vfio_pci_rule_cap(u8 id);
const struct vfio_pci_rule *vfio_pci_rule_ecap(u16 id);

int vfio_pci_perm_init(struct vfio_pci_perm *perm, unsigned int size);
void vfio_pci_perm_destroy(struct vfio_pci_perm *perm);
void vfio_pci_perm_set(struct vfio_pci_perm *perm, unsigned int pos,
		       unsigned int bytes, u32 virt, u32 write);
void vfio_pci_perm_fill(struct vfio_pci_perm *perm, unsigned int pos,
			unsigned int bytes, u8 virt, u8 write);
void vfio_pci_perm_paint(struct vfio_pci_perm *perm, unsigned int pos,
			 unsigned int len, unsigned int header,
			 const struct vfio_pci_rule *rule);

#endif /* __VFIO_PCI_CONFIG_PERM_H */
