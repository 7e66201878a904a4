/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of all operations. */
#ifndef COMPAT_DIFF_OPS_H
#define COMPAT_DIFF_OPS_H

#include <stddef.h>

#include "call.h"

extern const struct op ops[];
extern const size_t nr_ops;

#endif
