/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What edu_migration.c reports to an emulated IOMMU.
 */
#ifndef EDU_MIGRATION_WRITES_H
#define EDU_MIGRATION_WRITES_H

#include <linux/notifier.h>

/*
 * Called with the number of a page of 4 KiB, as the device sees memory, and the
 * struct device, after the device has written to the page.
 */
extern struct blocking_notifier_head edu_writes;

#endif /* EDU_MIGRATION_WRITES_H */
