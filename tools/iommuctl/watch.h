/* SPDX-License-Identifier: GPL-2.0-only */
/* Waiting for the next refresh. */
#ifndef IOMMUCTL_WATCH_H
#define IOMMUCTL_WATCH_H

#include <stdbool.h>

struct watch;

struct watch *watch_start(void);

/* Wait for a change of a device, at most two seconds; false if interrupted. */
bool watch_wait(struct watch *watch);
void watch_end(struct watch *watch);

#endif
