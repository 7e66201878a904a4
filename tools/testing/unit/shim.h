/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel functions that iommufd/lib/ uses, for user space. The Makefile
 * includes this header in every file and creates empty headers with the names
 * of the kernel's. rbtree and interval tree are the kernel's own.
 *
 * Allocations are counted and can be made to fail, see unit.h.
 */
#ifndef UNIT_SHIM_H
#define UNIT_SHIM_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t u64;
typedef uint32_t u32;
typedef unsigned int gfp_t;

#define GFP_KERNEL_ACCOUNT 0U
#define __GFP_NOWARN 1U
#define __GFP_NOFAIL 2U

void *unit_alloc(size_t nr, size_t size, gfp_t flags, bool zero);
void unit_free(const void *ptr);
void unit_warn(const char *what, const char *file, int line);

#define kzalloc_obj(p, flags) \
	((typeof(p) *)unit_alloc(1, sizeof(p), flags, true))
#define kmalloc_objs(p, nr, flags) \
	((typeof(p) *)unit_alloc(nr, sizeof(p), flags, false))
#define kzalloc_objs(p, nr, flags) \
	((typeof(p) *)unit_alloc(nr, sizeof(p), flags, true))
#define kvmalloc_objs(p, nr, flags) kmalloc_objs(p, nr, flags)
#define kvzalloc_objs(p, nr, flags) kzalloc_objs(p, nr, flags)
#define kfree(ptr) unit_free(ptr)
#define kvfree(ptr) unit_free(ptr)

#define BIT(nr) (1UL << (nr))
#define PAGE_SHIFT 12
#define PAGE_SIZE BIT(PAGE_SHIFT)

#define min(a, b)                   \
	({                          \
		typeof(a) _a = (a); \
		typeof(b) _b = (b); \
		_a < _b ? _a : _b;  \
	})
#define max(a, b)                   \
	({                          \
		typeof(a) _a = (a); \
		typeof(b) _b = (b); \
		_a > _b ? _a : _b;  \
	})
#define max3(a, b, c) max(max(a, b), c)
#define swap(a, b)                  \
	do {                        \
		typeof(a) _t = (a); \
		(a) = (b);          \
		(b) = _t;           \
	} while (0)
#define check_add_overflow(a, b, out) __builtin_add_overflow(a, b, out)

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return n == 1 ? 1 : 1UL << (64 - __builtin_clzl(n - 1));
}

#define WARN_ON(condition)                                         \
	({                                                         \
		bool _warn = (condition);                          \
		if (_warn)                                         \
			unit_warn(#condition, __FILE__, __LINE__); \
		_warn;                                             \
	})
#define WARN_ON_ONCE(condition) WARN_ON(condition)

#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))
#define cmpxchg(ptr, old, new) __sync_val_compare_and_swap(ptr, old, new)
#define rcu_assign_pointer(ptr, value) ((ptr) = (value))
#define rcu_dereference_raw(ptr) (ptr)

#define cond_resched() ((void)0)
#define sort(base, nr, size, cmp, swap) qsort(base, nr, size, cmp)

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define __aligned(n) __attribute__((aligned(n)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define __rcu
#define EXPORT_SYMBOL(sym)
#define EXPORT_SYMBOL_GPL(sym)

#endif /* UNIT_SHIM_H */
