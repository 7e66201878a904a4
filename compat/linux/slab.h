/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kzalloc_obj() and related macros are new in 7.0 and were backported to later
 * releases of 6.12.
 */
#ifndef _COMPAT_LINUX_SLAB_H
#define _COMPAT_LINUX_SLAB_H

#include_next <linux/slab.h>

#ifndef kzalloc_obj
#define kmalloc_obj(P, GFP) kmalloc(sizeof(typeof(P)), GFP)
#define kzalloc_obj(P, GFP) kzalloc(sizeof(typeof(P)), GFP)
#define kmalloc_objs(P, COUNT, GFP) kmalloc_array(COUNT, sizeof(typeof(P)), GFP)
#define kzalloc_objs(P, COUNT, GFP) kcalloc(COUNT, sizeof(typeof(P)), GFP)
#define kvzalloc_obj(P, GFP) kvzalloc(sizeof(typeof(P)), GFP)
#define kvmalloc_objs(P, COUNT, GFP) \
	kvmalloc_array(COUNT, sizeof(typeof(P)), GFP)
#define kvzalloc_objs(P, COUNT, GFP) kvcalloc(COUNT, sizeof(typeof(P)), GFP)
#endif

#endif /* _COMPAT_LINUX_SLAB_H */
