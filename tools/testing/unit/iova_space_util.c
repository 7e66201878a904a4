// SPDX-License-Identifier: GPL-2.0-only
/* Functions that the tests of the IOVA space share. */
#include "iova_space_util.h"

#include "iova_tree_check.h"
#include "unit.h"

struct iova_fit space_fit(unsigned long length, unsigned long hint)
{
	return (struct iova_fit){ length, hint, PAGE_SIZE, HUGE_SIZE };
}

void space_release_all(struct iova_space *space)
{
	struct iova_node *node;

	while ((node = iova_space_first_used(space, &IOVA_RANGE_ALL)))
		iova_space_release(space, node);
	iova_space_destroy(space);
}

void space_check(const struct iova_space *space)
{
	EXPECT(iova_tree_is_consistent(&space->used));
}

int space_set_allowed(struct iova_space *space, const struct iova_range *ranges,
		      size_t nr)
{
	struct iova_range *copy = NULL;
	int ret;

	if (nr) {
		copy = kvmalloc_objs(*copy, nr, GFP_KERNEL_ACCOUNT);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, ranges, nr * sizeof(*copy));
	}
	ret = iova_space_sort_allowed(copy, &nr);
	if (!ret)
		ret = iova_space_set_allowed(space, &copy, nr);
	kvfree(copy);
	return ret;
}
