// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues in guest memory that hardware processes.
 *
 * The hardware uses physical addresses and no page tables, so the memory must
 * be contiguous and must not be unmapped.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd.h>

#include "ctx.h"
#include "hw_queue.h"
#include "hwpt.h"
#include "ioas.h"
#include "iopt/iopt_access.h"
#include "lib/range.h"
#include "ucmd.h"
#include "viommu.h"

static struct iopt *hw_queue_iopt(const struct iommufd_hw_queue *queue)
{
	return queue->viommu->hwpt->ioas->iopt;
}

/* The IOVA of the queue, extended to whole pages. */
static struct iova_range hw_queue_pages(const struct iommufd_hw_queue *queue)
{
	unsigned long last = queue->base_addr + (queue->length - 1);

	return (struct iova_range){
		.first = queue->base_addr & PAGE_MASK,
		.last = last | ~PAGE_MASK,
	};
}

static bool hw_queue_contiguous(struct page *const *pages, unsigned long nr)
{
	for (unsigned long i = 1; i < nr; i++)
		if (page_to_pfn(pages[i]) != page_to_pfn(pages[0]) + i)
			return false;
	return true;
}

static int hw_queue_lock_memory(struct iommufd_hw_queue *queue,
				phys_addr_t *base)
{
	const struct iova_range range = hw_queue_pages(queue);
	unsigned long nr = PFN_DOWN(range.last) - PFN_DOWN(range.first) + 1;
	struct page **pages;
	int ret;

	pages = kvzalloc_objs(*pages, nr, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!pages)
		return -ENOMEM;
	ret = iopt_lock(hw_queue_iopt(queue), &range, IOMMU_READ, pages);
	if (!ret && !hw_queue_contiguous(pages, nr)) {
		iopt_unlock(hw_queue_iopt(queue), &range);
		ret = -EFAULT;
	}
	if (!ret)
		*base = page_to_phys(pages[0]) +
			offset_in_page(queue->base_addr);
	kvfree(pages);
	return ret == -ESRCH ? -EFAULT : ret;
}

static void hw_queue_unlock_memory(struct iommufd_hw_queue *queue)
{
	const struct iova_range range = hw_queue_pages(queue);

	iopt_unlock(hw_queue_iopt(queue), &range);
}

static void hw_queue_free(struct iommufd_hw_queue *queue)
{
	object_put_user(&queue->viommu->obj);
	kfree(queue);
}

static void hw_queue_destroy(struct iommufd_object *obj)
{
	struct iommufd_hw_queue *queue =
		container_of(obj, struct iommufd_hw_queue, obj);

	if (queue->destroy)
		queue->destroy(queue);
	hw_queue_unlock_memory(queue);
	hw_queue_free(queue);
}

static const struct object_ops hw_queue_ops = {
	.name = "hw_queue",
	.destroy = hw_queue_destroy,
};

static size_t hw_queue_size(struct iommufd_viommu *viommu, u32 type)
{
	const struct iommufd_viommu_ops *ops = viommu->ops;
	size_t size;

	if (!ops->get_hw_queue_size || !ops->hw_queue_init_phys)
		return 0;
	size = ops->get_hw_queue_size(viommu, type);
	if (WARN_ON_ONCE(size && size < sizeof(struct iommufd_hw_queue)))
		return 0;
	return size;
}

static struct iommufd_hw_queue *
hw_queue_new(struct iommufd_viommu *viommu,
	     const struct iommu_hw_queue_alloc *cmd)
{
	size_t size = hw_queue_size(viommu, cmd->type);
	struct iommufd_hw_queue *queue;
	int ret;

	if (!size)
		return ERR_PTR(-EOPNOTSUPP);
	queue = kzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	ret = object_init(&viommu->ictx->objects, &queue->obj, &hw_queue_ops);
	if (ret) {
		kfree(queue);
		return ERR_PTR(ret);
	}
	queue->type = cmd->type;
	queue->base_addr = cmd->nesting_parent_iova;
	queue->length = cmd->length;
	queue->viommu = viommu;
	object_get_user(&viommu->obj);
	return queue;
}

static int hw_queue_alloc(struct iommufd_ucmd *ucmd,
			  struct iommufd_viommu *viommu)
{
	struct iommu_hw_queue_alloc *cmd = ucmd->cmd;
	struct iommufd_hw_queue *queue = hw_queue_new(viommu, cmd);
	phys_addr_t base;
	int ret;

	if (IS_ERR(queue))
		return PTR_ERR(queue);
	ret = hw_queue_lock_memory(queue, &base);
	if (ret)
		goto err_free;
	ret = viommu->ops->hw_queue_init_phys(queue, cmd->index, base);
	if (ret)
		goto err_unlock;
	cmd->out_hw_queue_id = queue->obj.id;
	ret = ucmd_respond(ucmd, sizeof(*cmd));
	if (ret)
		goto err_init;
	object_publish(&queue->obj);
	return 0;

err_init:
	if (queue->destroy)
		queue->destroy(queue);
err_unlock:
	hw_queue_unlock_memory(queue);
err_free:
	object_abort(&queue->obj);
	hw_queue_free(queue);
	return ret;
}

static int hw_queue_check(const struct iommu_hw_queue_alloc *cmd)
{
	struct iova_range range;

	if (cmd->flags || cmd->type == IOMMU_HW_QUEUE_TYPE_DEFAULT)
		return -EOPNOTSUPP;
	return iova_range_from_user(cmd->nesting_parent_iova, cmd->length,
				    &range);
}

/**
 * hw_queue_alloc_ioctl() - IOMMU_HW_QUEUE_ALLOC
 * @ucmd: with a struct iommu_hw_queue_alloc
 *
 * Return: 0 or a negative errno.
 */
int hw_queue_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	const struct iommu_hw_queue_alloc *cmd = ucmd->cmd;
	int ret = hw_queue_check(cmd);

	return ret ?: viommu_call(ucmd, cmd->viommu_id, hw_queue_alloc);
}

/**
 * iommufd_hw_queue_depend() - order the destruction of two queues
 * @dependent: the queue to be destroyed first; it may be in the course of its
 *	       creation
 * @depended: the queue to be destroyed afterwards, of the same vIOMMU, whose
 *	      destroy op has not been called
 *
 * On success, the destroy op of @dependent has to call
 * iommufd_hw_queue_undepend().
 *
 * Return: 0; -EINVAL if the queues are the same or of different vIOMMUs,
 * -ENOENT if @depended is still being created or is being destroyed.
 */
int iommufd_hw_queue_depend(struct iommufd_hw_queue *dependent,
			    struct iommufd_hw_queue *depended)
{
	if (WARN_ON_ONCE(dependent == depended ||
			 dependent->viommu != depended->viommu))
		return -EINVAL;
	return object_tryget_user(&depended->obj) ? 0 : -ENOENT;
}
EXPORT_SYMBOL_NS_GPL(iommufd_hw_queue_depend, "IOMMUFD_NG");

/**
 * iommufd_hw_queue_undepend() - undo iommufd_hw_queue_depend()
 * @dependent: the queue being destroyed
 * @depended: the queue on which it depends
 */
void iommufd_hw_queue_undepend(struct iommufd_hw_queue *dependent,
			       struct iommufd_hw_queue *depended)
{
	WARN_ON_ONCE(dependent->viommu != depended->viommu);
	object_put_user(&depended->obj);
}
EXPORT_SYMBOL_NS_GPL(iommufd_hw_queue_undepend, "IOMMUFD_NG");
