// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sample devices, built for the kernel's own VFIO.
 */
#include "../vfio_sample/vfio_sample.c"
