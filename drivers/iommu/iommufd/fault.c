// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues by which user space pending page requests of devices.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/iommufd.h>

#include "ctx.h"
#include "eventq.h"
#include "fault.h"
#include "observe/stats.h"
#include "ucmd.h"

static_assert((int)IOMMUFD_PAGE_RESP_SUCCESS == (int)IOMMU_PAGE_RESP_SUCCESS);
static_assert((int)IOMMUFD_PAGE_RESP_INVALID == (int)IOMMU_PAGE_RESP_INVALID);

static void fault_respond(struct iopf_group *group, u32 code)
{
	iopf_group_response(group, code);
	iopf_free_group(group);
}

static bool fault_matches(const struct iopf_group *group,
			  const struct iommu_attach_handle *handle,
			  const struct device *dev)
{
	return (!handle || group->attach_handle == handle) &&
	       (!dev || group->fault_param->dev == dev);
}

/*
 * Responds to the groups of @dev reported through @handle; NULL stands for any
 * of either.
 */
static void fault_refuse(struct fault_queue *queue,
			 const struct iommu_attach_handle *handle,
			 const struct device *dev)
{
	struct iopf_group *group, *next;
	unsigned long cookie;
	LIST_HEAD(refused);

	guard(mutex)(&queue->lock);
	scoped_guard(spinlock, &queue->events.lock) {
		list_for_each_entry_safe(group, next, &queue->events.news, node)
			if (fault_matches(group, handle, dev))
				list_move(&group->node, &refused);
	}
	list_for_each_entry_safe(group, next, &refused, node) {
		list_del(&group->node);
		fault_respond(group, IOMMU_PAGE_RESP_INVALID);
	}
	xa_for_each(&queue->pending, cookie, group) {
		if (!fault_matches(group, handle, dev))
			continue;
		xa_erase(&queue->pending, cookie);
		fault_respond(group, IOMMU_PAGE_RESP_INVALID);
	}
}

static struct fault_queue *fault_queue_of_sink(struct fault_sink *sink)
{
	return container_of(sink, struct fault_queue, sink);
}

/* Until a group is read, its cookie is the ID of its device. */
static void fault_sink_report(struct fault_sink *sink, struct iopf_group *group,
			      u32 dev_id)
{
	struct fault_queue *queue = fault_queue_of_sink(sink);

	group->cookie = dev_id;
	scoped_guard(spinlock, &queue->events.lock)
		list_add_tail(&group->node, &queue->events.news);
	wake_up_interruptible(&queue->events.wait);
}

static void fault_sink_detach(struct fault_sink *sink,
			      const struct iommu_attach_handle *handle,
			      const struct device *dev)
{
	fault_refuse(fault_queue_of_sink(sink), handle, dev);
}

static const struct fault_sink_ops fault_queue_sink_ops = {
	.report = fault_sink_report,
	.detach = fault_sink_detach,
};

static struct fault_queue *fault_queue_of_object(struct iommufd_object *obj)
{
	return container_of(obj, struct fault_queue, events.obj);
}

static struct fault_queue *fault_queue_of_file(const struct file *file)
{
	return container_of(file->private_data, struct fault_queue, events);
}

static void fault_queue_free(struct fault_queue *queue)
{
	xa_destroy(&queue->pending);
	mutex_destroy(&queue->lock);
	kfree(queue);
}

static void fault_destroy(struct iommufd_object *obj)
{
	struct fault_queue *queue = fault_queue_of_object(obj);

	fault_refuse(queue, NULL, NULL);
	fault_queue_free(queue);
}

static const struct object_ops fault_ops = {
	.name = "fault",
	.destroy = fault_destroy,
};

/**
 * fault_get() - take a reference to a fault queue
 * @ictx: context of the queue
 * @id: ID of the queue
 *
 * Return: the queue, to be released by object_put(), or ERR_PTR(-ENOENT).
 */
struct fault_queue *fault_get(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_object *obj;

	obj = object_get(&ictx->objects, id, &fault_ops);
	if (IS_ERR(obj))
		iommufd_refuse(&ictx->stats->refusals, REFUSAL_NO_OBJECT, id);
	return IS_ERR(obj) ? ERR_CAST(obj) : fault_queue_of_object(obj);
}

static struct iopf_group *fault_first(struct fault_queue *queue)
{
	struct iopf_group *group;

	spin_lock(&queue->events.lock);
	group = list_first_entry_or_null(&queue->events.news, struct iopf_group,
					 node);
	spin_unlock(&queue->events.lock);
	return group;
}

/* What user space reads of a group. @records has one for each request. */
static void fault_describe(const struct iopf_group *group, u32 dev_id,
			   struct iommu_hwpt_pgfault *records)
{
	const struct iopf_fault *fault;

	list_for_each_entry(fault, &group->faults, list) {
		const struct iommu_fault_page_request *prm = &fault->fault.prm;

		*records++ = (struct iommu_hwpt_pgfault){
			.flags = prm->flags,
			.dev_id = dev_id,
			.pasid = prm->pasid,
			.grpid = prm->grpid,
			.perm = prm->perm,
			.addr = prm->addr,
			.cookie = group->cookie,
		};
	}
}

/*
 * Moves the first group to the ones that wait for a response. Until it has been
 * copied to user space it can be moved back, unless the device was detached or
 * user space guessed the cookie.
 */
static int fault_take(struct fault_queue *queue, struct iopf_group *group,
		      struct iommu_hwpt_pgfault *records)
{
	u32 dev_id = group->cookie;
	int ret;

	lockdep_assert_held(&queue->lock);

	ret = xa_alloc(&queue->pending, &group->cookie, group, xa_limit_32b,
		       GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	fault_describe(group, dev_id, records);
	scoped_guard(spinlock, &queue->events.lock)
		list_del(&group->node);
	return 0;
}

static void fault_put_back(struct fault_queue *queue,
			   const struct iommu_hwpt_pgfault *record)
{
	struct iopf_group *group;

	guard(mutex)(&queue->lock);
	group = xa_erase(&queue->pending, record->cookie);
	if (!group)
		return;
	group->cookie = record->dev_id;
	spin_lock(&queue->events.lock);
	list_add(&group->node, &queue->events.news);
	spin_unlock(&queue->events.lock);
}

/**
 * struct fault_batch - one page request group on its way to user space
 */
struct fault_batch {
	/** @one: storage of @records for a group of one request */
	struct iommu_hwpt_pgfault one;
	/** @records: the requests of the group, in the format of user space */
	struct iommu_hwpt_pgfault *records;
	/** @size: bytes in @records, 0 if there was no group */
	size_t size;
};

static int fault_fill_batch(struct fault_queue *queue, size_t avail,
			    struct fault_batch *batch)
{
	struct iopf_group *group;
	int ret;

	guard(mutex)(&queue->lock);
	group = fault_first(queue);
	batch->records = &batch->one;
	batch->size = 0;
	if (!group)
		return 0;
	if (avail / sizeof(batch->one) < group->fault_count)
		return -EINVAL;
	if (group->fault_count > 1)
		batch->records = kcalloc(group->fault_count, sizeof(batch->one),
					 GFP_KERNEL_ACCOUNT);
	if (!batch->records)
		return -ENOMEM;
	ret = fault_take(queue, group, batch->records);
	if (!ret)
		batch->size = group->fault_count * sizeof(batch->one);
	return ret;
}

/*
 * User space reads a group as a whole or not at all. No lock is held while its
 * memory is written to: that may take for ever, and to detach the device takes
 * the lock.
 */
static ssize_t fault_read_group(struct fault_queue *queue, char __user *buf,
				size_t avail)
{
	struct fault_batch batch;
	ssize_t ret;

	ret = fault_fill_batch(queue, avail, &batch);
	if (!ret)
		ret = batch.size;
	if (ret > 0 && copy_to_user(buf, batch.records, batch.size)) {
		fault_put_back(queue, batch.records);
		ret = -EFAULT;
	}
	if (batch.records != &batch.one)
		kfree(batch.records);
	return ret;
}

static ssize_t fault_read(struct file *file, char __user *buf, size_t count,
			  loff_t *ppos)
{
	struct fault_queue *queue = fault_queue_of_file(file);
	size_t done = 0;
	ssize_t ret;

	if (*ppos || count % sizeof(struct iommu_hwpt_pgfault))
		return -ESPIPE;
	do {
		ret = fault_read_group(queue, buf + done, count - done);
		if (ret > 0)
			done += ret;
	} while (ret > 0 && done < count);
	return done ?: ret;
}

static int fault_write_response(struct fault_queue *queue,
				const char __user *buf)
{
	struct iommu_hwpt_page_response response;
	struct iopf_group *group;

	if (copy_from_user(&response, buf, sizeof(response)))
		return -EFAULT;
	if (response.code != IOMMUFD_PAGE_RESP_SUCCESS &&
	    response.code != IOMMUFD_PAGE_RESP_INVALID)
		return -EINVAL;
	guard(mutex)(&queue->lock);
	group = xa_erase(&queue->pending, response.cookie);
	if (!group)
		return -EINVAL;
	fault_respond(group, response.code);
	return 0;
}

static ssize_t fault_write(struct file *file, const char __user *buf,
			   size_t count, loff_t *ppos)
{
	const size_t size = sizeof(struct iommu_hwpt_page_response);
	struct fault_queue *queue = fault_queue_of_file(file);
	size_t done;
	int ret = 0;

	if (*ppos || count % size)
		return -ESPIPE;
	for (done = 0; done < count; done += size) {
		ret = fault_write_response(queue, buf + done);
		if (ret)
			break;
	}
	return done ?: ret;
}

static __poll_t fault_poll(struct file *file, struct poll_table_struct *wait)
{
	struct fault_queue *queue = fault_queue_of_file(file);
	__poll_t events = EPOLLOUT;

	poll_wait(file, &queue->events.wait, wait);
	spin_lock(&queue->events.lock);
	if (!list_empty(&queue->events.news))
		events |= EPOLLIN | EPOLLRDNORM;
	spin_unlock(&queue->events.lock);
	return events;
}

static const struct file_operations fault_fops = {
	.owner = THIS_MODULE,
	.read = fault_read,
	.write = fault_write,
	.poll = fault_poll,
	.release = eventq_release,
};

static struct fault_queue *fault_queue_new(struct iommufd_ctx *ictx)
{
	struct fault_queue *queue;
	int ret;

	queue = kzalloc_obj(*queue, GFP_KERNEL_ACCOUNT);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	ret = eventq_init(&queue->events, ictx, &fault_ops);
	if (ret) {
		kfree(queue);
		return ERR_PTR(ret);
	}
	queue->sink.ops = &fault_queue_sink_ops;
	mutex_init(&queue->lock);
	xa_init_flags(&queue->pending, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	return queue;
}

/**
 * fault_alloc_ioctl() - serve IOMMU_FAULT_QUEUE_ALLOC
 * @ucmd: request with a struct iommu_fault_alloc
 *
 * Context: May sleep.
 * Return: 0, -EOPNOTSUPP for unknown flags, -ENOMEM, -EMFILE, -EFAULT.
 */
int fault_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_fault_alloc *cmd = ucmd->cmd;
	struct fault_queue *queue;
	int ret;

	if (cmd->flags)
		return -EOPNOTSUPP;
	queue = fault_queue_new(ucmd->ictx);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	cmd->out_fault_id = queue->events.obj.id;
	ret = eventq_publish(ucmd, &queue->events, "[iommufd-pgfault]",
			     &fault_fops, &cmd->out_fault_fd, sizeof(*cmd));
	if (ret) {
		object_abort(&queue->events.obj);
		fault_queue_free(queue);
	}
	return ret;
}
