// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device that QEMU migrates, built for the kernel's own VFIO.
 */
#include "../edu_migration/edu_migration.c"
