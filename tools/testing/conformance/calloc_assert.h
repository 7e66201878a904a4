/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A function that the VFIO tests of some stable releases call but do not define,
 * because a fix was backported without its prerequisite. A macro of the same name
 * replaces this one.
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
