// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copying of mappings, which creates new areas of the same memory, and cutting
 * them in two.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "area.h"
#include "iopt.h"
#include "iopt_copy.h"
#include "iopt_range.h"
#include "observe/stats.h"

/* Something may have been mapped since; then it is not found any more. */
static noinline __cold void iopt_refuse_unmapped(struct iopt *iopt,
						 const struct iova_range *range)
{
	unsigned long next = range->first;
	struct iova_node *node;

	guard(rwsem_read)(&iopt->iova_rwsem);
	iova_space_for_each_used(&iopt->space, node, range) {
		if (node->range.first > next || node->range.last >= range->last)
			break;
		next = node->range.last + 1;
		cond_resched();
	}
	iommufd_refuse(&iopt->stats->refusals, REFUSAL_NOT_MAPPED, next);
}

static int iopt_collect_areas(struct iopt *iopt, const struct iova_range *range,
			      int prot, struct list_head *areas)
{
	struct iova_range part, left = *range;
	struct area *from, *area;

	for (;;) {
		from = iopt_range_area(iopt, left.first);
		iova_range_intersect(&from->node.range, &left, &part);
		area = area_create(from->pages, area_offset(from, part.first),
				   iova_range_length(&part), prot);
		if (IS_ERR(area)) {
			if (area == ERR_PTR(-EPERM))
				iommufd_refuse(&iopt->stats->refusals,
					       REFUSAL_COPY_ACCESS, part.first,
					       part.last);
			return PTR_ERR(area);
		}
		list_add_tail(&area->entry, areas);
		if (part.last == range->last)
			return 0;
		left.first = part.last + 1;
		cond_resched();
	}
}

/**
 * iopt_collect() - create areas for the memory that a range maps
 * @iopt: the I/O address space
 * @range: IOVA, all of it mapped; may begin or end inside of a mapping
 * @prot: access that the new areas allow, independent of the old ones
 * @areas: an empty list; to be given to iopt_map_areas() or iopt_discard()
 *
 * Context: May sleep.
 * Return: 0, or with an empty list -ENOENT if part of @range is not mapped,
 * -EPERM if @prot has IOMMU_WRITE but devices may not write to some of the
 * memory, -ENOMEM.
 */
int iopt_collect(struct iopt *iopt, const struct iova_range *range, int prot,
		 struct list_head *areas)
{
	const struct iopt_range_query query = { .range = *range };
	int ret;

	might_sleep();
	ret = iopt_range_get(iopt, &query);
	if (ret == -ENOENT)
		iopt_refuse_unmapped(iopt, range);
	if (ret)
		return ret;
	ret = iopt_collect_areas(iopt, range, prot, areas);
	iopt_range_put(iopt, range, 0);
	if (ret)
		iopt_discard(areas);
	return ret;
}

/**
 * iopt_discard() - free areas that are not mapped
 * @areas: list of struct area, empty afterwards
 *
 * Context: May sleep.
 */
void iopt_discard(struct list_head *areas)
{
	struct area *area, *next;

	list_for_each_entry_safe(area, next, areas, entry) {
		list_del(&area->entry);
		area_destroy(area);
		cond_resched();
	}
}

/* Large I/O pages cannot be cut; with small_pages set, no mapping has any. */
static int iopt_check_cut(struct iopt *iopt, struct area *area,
			  unsigned long iova)
{
	lockdep_assert_held_write(&iopt->iova_rwsem);

	if (area->state != AREA_LIVE || area->busy)
		return -EAGAIN;
	if (area->num_accesses)
		return -EBUSY;
	if (area_is_revocable(area))
		return -EOPNOTSUPP;
	if (iova & (iopt->alignment - 1))
		return -EINVAL;
	if (!list_empty(&iopt->domains) && !iopt->small_pages)
		return -EINVAL;
	return 0;
}

/*
 * Sets @head if a mapping was cut, @tail being its upper part; both are busy
 * then. On -EAGAIN, try again once &iopt.areas_seq differs from @areas_seq.
 */
static int iopt_cut_area(struct iopt *iopt, unsigned long iova,
			 struct area *tail, struct area **head,
			 unsigned int *areas_seq)
{
	const struct iova_range at = { iova, iova };
	struct iova_node *node;
	int ret;

	lockdep_assert_held(&iopt->domains_rwsem);

	guard(rwsem_write)(&iopt->iova_rwsem);
	*areas_seq = iopt->areas_seq;
	node = iova_space_first_used(&iopt->space, &at);
	if (!node || node->range.first == iova)
		return 0;
	ret = iopt_check_cut(iopt, area_of(node), iova);
	if (ret)
		return ret;
	*head = area_of(node);
	iova_space_split(&iopt->space, node, iova, &tail->node);
	area_split(*head, tail);
	(*head)->busy++;
	tail->busy++;
	iopt_own_areas(iopt);
	iopt_count_area(iopt, tail, 1);
	return 0;
}

/*
 * Splitting the hold waits for tasks that pin in the same memory. Both areas
 * are busy meanwhile, so that only requests to unmap them wait too.
 */
static void iopt_finish_cut(struct iopt *iopt, struct area *head,
			    struct area *tail)
{
	const struct iova_range both = { head->node.range.first,
					 tail->node.range.last };

	area_split_hold(head, tail);
	iopt_range_put(iopt, &both, 0);
}

/* Sets @tail to NULL if it was used. */
static int iopt_try_cut(struct iopt *iopt, unsigned long iova,
			struct area **tail, unsigned int *areas_seq)
{
	struct area *head = NULL;
	int ret;

	if (down_read_killable(&iopt->domains_rwsem))
		return -EINTR;
	ret = iopt_cut_area(iopt, iova, *tail, &head, areas_seq);
	if (head) {
		iopt_finish_cut(iopt, head, *tail);
		*tail = NULL;
	}
	up_read(&iopt->domains_rwsem);
	return ret;
}

/**
 * iopt_cut() - cut the mapping that crosses an IOVA in two
 * @iopt: the I/O address space
 * @iova: first IOVA of the upper part; nothing changes if no mapping crosses it
 *
 * Waits for requests that map, unmap or use the mapping.
 *
 * Context: May sleep.
 * Return: 0, -EINVAL if @iova is not aligned or large I/O pages may be in use,
 * -EBUSY if the mapping is pinned, -EOPNOTSUPP if its memory can be revoked,
 * -ENOMEM, -EINTR if the current process is being killed.
 */
int iopt_cut(struct iopt *iopt, unsigned long iova)
{
	unsigned int areas_seq;
	struct area *tail;
	int ret;

	might_sleep();
	tail = kzalloc_obj(*tail, GFP_KERNEL_ACCOUNT);
	if (!tail)
		return -ENOMEM;
	for (;;) {
		ret = iopt_try_cut(iopt, iova, &tail, &areas_seq);
		if (ret != -EAGAIN)
			break;
		ret = iopt_wait_areas(iopt, areas_seq, MAX_SCHEDULE_TIMEOUT);
		if (ret)
			break;
	}
	kfree(tail);
	return ret;
}
