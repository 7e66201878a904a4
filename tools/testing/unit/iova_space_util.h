/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions that the tests of the IOVA space share. */
#ifndef IOVA_SPACE_UTIL_H
#define IOVA_SPACE_UTIL_H

#include <stddef.h>

#include "iova_space.h"

#define HUGE_SIZE (2UL << 20)

/* Constraints of page alignment at least and of HUGE_SIZE at most */
struct iova_fit space_fit(unsigned long length, unsigned long hint);

/* Checks the order of the nodes and the gaps below them */
void space_check(const struct iova_space *space);

/* Sets a copy of @ranges, which may be in any order */
int space_set_allowed(struct iova_space *space, const struct iova_range *ranges,
		      size_t nr);

/* Releases all used ranges and destroys the space */
void space_release_all(struct iova_space *space);

#endif /* IOVA_SPACE_UTIL_H */
