/* SPDX-License-Identifier: GPL-2.0-only */
/* Ioctls as all kinds of calls make them. */
#ifndef COMPAT_DIFF_ARGS_H
#define COMPAT_DIFF_ARGS_H

#include <stddef.h>

#include "call.h"
#include "memory.h"

long do_ioctl(int fd, unsigned long cmd, unsigned long arg);
long do_struct(int fd, unsigned long cmd, enum ptr ptr, const void *data,
	       size_t size);
void trace_struct(enum ptr ptr, const void *placed, const void *data,
		  size_t size);

#endif
