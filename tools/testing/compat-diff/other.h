/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices of many kinds. A sequence selects one of them as x. */
#ifndef COMPAT_DIFF_OTHER_H
#define COMPAT_DIFF_OTHER_H

/* Number of kinds that "run" creates; the argument of "other" is below it */
#define NR_OTHERS 20

/** struct other - a device that only one sequence uses at a time */
struct other {
	/** @bdf: address of the device */
	char bdf[16];
	/** @id: vendor and device */
	char id[16];
	/** @group: number of its IOMMU group */
	int group;
};

void others_find(void);
const struct other *other_get(unsigned int nr);
unsigned int other_owner(unsigned int nr);
int others_lock(void);

#endif
