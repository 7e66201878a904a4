/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Precedes the header of this name in the kernel's tools/include, whose part for
 * arm64 the guest tree does not have. The tests need barriers for memory that a
 * device writes and reads.
 */
#ifndef CONFORMANCE_ASM_BARRIER_H
#define CONFORMANCE_ASM_BARRIER_H

/* Order all accesses before it and all after it, as devices see them. */
static inline void mb(void)
{
	__asm__ volatile("dmb osh" : : : "memory");
}

/* Order reads before it and all accesses after it. */
static inline void rmb(void)
{
	__asm__ volatile("dmb oshld" : : : "memory");
}

/* Order writes before it and writes after it. */
static inline void wmb(void)
{
	__asm__ volatile("dmb oshst" : : : "memory");
}

#endif
