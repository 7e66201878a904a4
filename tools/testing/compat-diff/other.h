/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices of many kinds, of which a sequence picks one. */
#ifndef COMPAT_DIFF_OTHER_H
#define COMPAT_DIFF_OTHER_H

/* Kinds that "run" makes; sequences say which by a number below that */
#define NR_OTHERS 20

/** struct other - a device that a sequence has to itself */
struct other {
	/** @bdf: its address */
	char bdf[16];
	/** @id: vendor and device */
	char id[16];
	/** @group: the number of its IOMMU group */
	int group;
};

void others_find(void);
const struct other *other_get(unsigned int nr);
unsigned int other_owner(unsigned int nr);
int others_lock(void);

#endif
