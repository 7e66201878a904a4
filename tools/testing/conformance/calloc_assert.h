/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the VFIO tests of 7.2 stable releases call and do not have: a fix of
 * theirs was taken over without what it builds on. A macro of the same name
 * takes the place of this.
 */
#ifndef CONFORMANCE_CALLOC_ASSERT_H
#define CONFORMANCE_CALLOC_ASSERT_H

#include <stdlib.h>

static inline void *calloc_assert(size_t nr, size_t size)
{
	void *memory = calloc(nr, size);

	if (!memory)
		abort();
	return memory;
}

#endif /* CONFORMANCE_CALLOC_ASSERT_H */
