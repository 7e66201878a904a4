/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who decides which bit of config space.
 *
 * Two masks cover the whole of a function's config space. A bit set in @virt
 * is answered from the virtual copy, a clear one by the function. A bit clear
 * in @write cannot be changed by the user. Rules say what the masks look like
 * where a capability stands; painting copies a rule into the masks.
 */
#ifndef __VFIO_PCI_CONFIG_PERM_H
#define __VFIO_PCI_CONFIG_PERM_H

#include <linux/types.h>

/* The length stands in the capability itself */
#define VFIO_PCI_LEN_VARIES 0xffff

/**
 * struct vfio_pci_field - one register of a capability that differs from
 * "read-only, answered by the function"
 */
struct vfio_pci_field {
	/** @off: from the start of the capability */
	u8 off;
	/** @bytes: 1, 2 or 4 */
	u8 bytes;
	/** @virt: bits answered from the virtual copy */
	u32 virt;
	/** @write: bits that the user may change */
	u32 write;
};

/**
 * struct vfio_pci_rule - how a user sees a capability
 */
struct vfio_pci_rule {
	/**
	 * @len: bytes, at most that many where @hidden, or
	 * VFIO_PCI_LEN_VARIES, or 0 for a capability whose length nobody
	 * knows, which implies @hidden
	 */
	u16 len;
	/** @per_lane: bytes more for each lane that the link may have */
	u8 per_lane;
	/**
	 * @hidden: left out of the chain; an extended capability is read-only
	 * then, a standard one is left alone
	 */
	bool hidden;
	/** @blank: reads as zero */
	bool blank;
	/** @raw: the body behind the header goes straight to the function */
	bool raw;
	/** @nr_fields: entries in @fields */
	u8 nr_fields;
	/** @fields: the registers that are special */
	const struct vfio_pci_field *fields;
};

/**
 * struct vfio_pci_perm - the masks of one function
 */
struct vfio_pci_perm {
	/** @virt: one byte a byte of config space */
	u8 *virt;
	/** @write: one byte a byte of config space */
	u8 *write;
};

/* The field tables of the MSI capability, which depend on its flags */
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
