/* SPDX-License-Identifier: GPL-2.0-only */
/* Finds the devices that "run" has created in the guest. */
#ifndef COMPAT_DIFF_HARDWARE_H
#define COMPAT_DIFF_HARDWARE_H

#include "world.h"

bool hardware_is_hda(const char *bdf);
void hardware_find(struct hardware *hardware, unsigned int worker);

#endif
