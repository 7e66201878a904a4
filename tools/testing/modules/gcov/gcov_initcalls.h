/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel/gcov as a part of a module: a module has one function that initializes it, so
 * the initcalls of the sources become functions which that one calls.
 */
#ifndef TEST_GCOV_INITCALLS_H
#define TEST_GCOV_INITCALLS_H

#include <linux/module.h>

int gcov_initcall_gcov_init(void);
int gcov_initcall_gcov_fs_init(void);

/* Each source has its own. */
#undef pr_fmt
#undef device_initcall
#define device_initcall(fn)                 \
	int __init gcov_initcall_##fn(void) \
	{                                   \
		return fn();                \
	}

#endif
