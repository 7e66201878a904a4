/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations of devices. */
#ifndef COMPAT_DIFF_DEVICE_OPS_H
#define COMPAT_DIFF_DEVICE_OPS_H

#include "world.h"

void op_dinfo(struct world *world, const struct call *call);
void op_region(struct world *world, const struct call *call);
void op_irq(struct world *world, const struct call *call);
void op_irqs(struct world *world, const struct call *call);
void op_reset(struct world *world, const struct call *call);
void op_feature(struct world *world, const struct call *call);
void op_hotinfo(struct world *world, const struct call *call);
void op_hotreset(struct world *world, const struct call *call);
void op_cfg(struct world *world, const struct call *call);
void op_cfgw(struct world *world, const struct call *call);
void op_bar(struct world *world, const struct call *call);
void op_dma(struct world *world, const struct call *call);
void op_event(struct world *world, const struct call *call);
void op_pin(struct world *world, const struct call *call);
void op_unpin(struct world *world, const struct call *call);
void op_rw(struct world *world, const struct call *call);
void op_pins(struct world *world, const struct call *call);
void op_remove(struct world *world, const struct call *call);
void op_rescan(struct world *world, const struct call *call);

#endif
