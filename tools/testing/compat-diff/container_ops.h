/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations of containers and groups. */
#ifndef COMPAT_DIFF_CONTAINER_OPS_H
#define COMPAT_DIFF_CONTAINER_OPS_H

#include "world.h"

void op_open(struct world *world, const struct call *call);
void op_close(struct world *world, const struct call *call);
void op_api(struct world *world, const struct call *call);
void op_ext(struct world *world, const struct call *call);
void op_iommu(struct world *world, const struct call *call);
void op_info(struct world *world, const struct call *call);
void op_map(struct world *world, const struct call *call);
void op_unmap(struct world *world, const struct call *call);
void op_dirty(struct world *world, const struct call *call);
void op_raw(struct world *world, const struct call *call);

void op_gopen(struct world *world, const struct call *call);
void op_status(struct world *world, const struct call *call);
void op_set(struct world *world, const struct call *call);
void op_unset(struct world *world, const struct call *call);
void op_getdev(struct world *world, const struct call *call);

#endif
