/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations of devices of any kind. */
#ifndef COMPAT_DIFF_OTHER_OPS_H
#define COMPAT_DIFF_OTHER_OPS_H

#include "world.h"

void op_other(struct world *world, const struct call *call);
void op_cfgwalk(struct world *world, const struct call *call);
void op_rd(struct world *world, const struct call *call);
void op_wr(struct world *world, const struct call *call);
void op_touch(struct world *world, const struct call *call);
void op_ioev(struct world *world, const struct call *call);

#endif
