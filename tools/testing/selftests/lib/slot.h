/* SPDX-License-Identifier: GPL-2.0-only */
/* Hot-plug slots, which are root ports of the machine. */
#ifndef SELFTESTS_LIB_SLOT_H
#define SELFTESTS_LIB_SLOT_H

#include "pci.h"

void slot_wait_until(bool (*condition)(const char *bdf), const char *bdf);
unsigned int slot_control(const char *bridge);
const char *slot_plug(int monitor, const char *port, const char *id,
		      enum testdev which);

#endif
