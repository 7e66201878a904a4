/* SPDX-License-Identifier: GPL-2.0-only */
/* Random calls of a device of any kind. */
#ifndef COMPAT_DIFF_GEN_OTHER_H
#define COMPAT_DIFF_GEN_OTHER_H

#include "draft.h"

void gen_other(struct draft *draft);

#endif
