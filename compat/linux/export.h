/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EXPORT_SYMBOL_NS_GPL() takes the namespace as a string from 6.13 on.
 */
#ifndef _COMPAT_LINUX_EXPORT_H
#define _COMPAT_LINUX_EXPORT_H

#include_next <linux/export.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#undef EXPORT_SYMBOL_NS_GPL
#define EXPORT_SYMBOL_NS_GPL(sym, ns) __EXPORT_SYMBOL(sym, "GPL", ns)
#endif

#endif /* _COMPAT_LINUX_EXPORT_H */
