/* SPDX-License-Identifier: GPL-2.0-only */
/* Operations by which a process changes its own memory and limits. */
#ifndef COMPAT_DIFF_MEMORY_OPS_H
#define COMPAT_DIFF_MEMORY_OPS_H

#include "world.h"

void op_locked(struct world *world, const struct call *call);
void op_munmap(struct world *world, const struct call *call);
void op_mremap(struct world *world, const struct call *call);
void op_newmem(struct world *world, const struct call *call);
void op_protect(struct world *world, const struct call *call);
void op_dontneed(struct world *world, const struct call *call);
void op_mark(struct world *world, const struct call *call);
void op_mlock(struct world *world, const struct call *call);
void op_limit(struct world *world, const struct call *call);
void op_timer(struct world *world, const struct call *call);

#endif
