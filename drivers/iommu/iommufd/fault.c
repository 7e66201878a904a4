// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues by which user space answers page requests of devices.
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
#include "ucmd.h"

static_assert((int)IOMMUFD_PAGE_RESP_SUCCESS == (int)IOMMU_PAGE_RESP_SUCCESS);
static_assert((int)IOMMUFD_PAGE_RESP_INVALID == (int)IOMMU_PAGE_RESP_INVALID);

static void answer(struct iopf_group *group, u32 code)
{
	iopf_group_response(group, code);
	iopf_free_group(group);
}

/* With @handle answers what came by it, with NULL all there is. */
static void refuse(struct fault_queue *queue,
		   const struct iommu_attach_handle *handle)
{
	struct iopf_group *group, *next;
	unsigned long cookie;
	LIST_HEAD(refused);

	guard(mutex)(&queue->lock);
	scoped_guard(spinlock, &queue->events.lock) {
		list_for_each_entry_safe(group, next, &queue->events.news, node)
			if (!handle || group->attach_handle == handle)
				list_move(&group->node, &refused);
	}
	list_for_each_entry_safe(group, next, &refused, node) {
		list_del(&group->node);
		answer(group, IOMMU_PAGE_RESP_INVALID);
	}
	xa_for_each(&queue->answers, cookie, group) {
		if (handle && group->attach_handle != handle)
			continue;
		xa_erase(&queue->answers, cookie);
		answer(group, IOMMU_PAGE_RESP_INVALID);
	}
}

static struct fault_queue *queue_of(struct fault_sink *sink)
{
	return container_of(sink, struct fault_queue, sink);
}

static void fault_sink_report(struct fault_sink *sink, struct iopf_group *group)
{
	struct fault_queue *queue = queue_of(sink);

	scoped_guard(spinlock, &queue->events.lock)
		list_add_tail(&group->node, &queue->events.news);
	wake_up_interruptible(&queue->events.wait);
}

static void fault_sink_detach(struct fault_sink *sink,
			      const struct iommu_attach_handle *handle)
{
	refuse(queue_of(sink), handle);
}

static const struct fault_sink_ops sink_ops = {
	.report = fault_sink_report,
	.detach = fault_sink_detach,
};

static struct fault_queue *queue_of_object(struct iommufd_object *obj)
{
	return container_of(obj, struct fault_queue, events.obj);
}

static struct fault_queue *queue_of_file(const struct file *file)
{
	return container_of(file->private_data, struct fault_queue, events);
}

static void free_queue(struct fault_queue *queue)
{
	xa_destroy(&queue->answers);
	mutex_destroy(&queue->lock);
	kfree(queue);
}

static void fault_destroy(struct iommufd_object *obj)
{
	struct fault_queue *queue = queue_of_object(obj);

	refuse(queue, NULL);
	free_queue(queue);
}

static const struct object_ops fault_ops = {
	.destroy = fault_destroy,
};

/**
 * fault_get() - take a reference to a fault queue
 * @ictx: the context
 * @id: its ID
 *
 * Return: the queue, given back by object_put(), or -ENOENT.
 */
struct fault_queue *fault_get(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_object *obj;

	obj = object_get(&ictx->objects, id, &fault_ops);
	return IS_ERR(obj) ? ERR_CAST(obj) : queue_of_object(obj);
}

static struct iopf_group *take_news(struct fault_queue *queue)
{
	struct iopf_group *group;

	spin_lock(&queue->events.lock);
	group = list_first_entry_or_null(&queue->events.news, struct iopf_group,
					 node);
	if (group)
		list_del(&group->node);
	spin_unlock(&queue->events.lock);
	return group;
}

static void put_back(struct fault_queue *queue, struct iopf_group *group)
{
	spin_lock(&queue->events.lock);
	list_add(&group->node, &queue->events.news);
	spin_unlock(&queue->events.lock);
}

static int copy_group(const struct iopf_group *group, char __user *buf)
{
	const struct iopf_fault *fault;

	list_for_each_entry(fault, &group->faults, list) {
		const struct iommu_fault_page_request *prm = &fault->fault.prm;
		const struct iommu_hwpt_pgfault data = {
			.flags = prm->flags,
			.dev_id = iommu_core_fault_device(group),
			.pasid = prm->pasid,
			.grpid = prm->grpid,
			.perm = prm->perm,
			.addr = prm->addr,
			.cookie = group->cookie,
		};

		if (copy_to_user(buf, &data, sizeof(data)))
			return -EFAULT;
		buf += sizeof(data);
	}
	return 0;
}

static int deliver(struct fault_queue *queue, struct iopf_group *group,
		   char __user *buf)
{
	int ret;

	ret = xa_alloc(&queue->answers, &group->cookie, group, xa_limit_32b,
		       GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	ret = copy_group(group, buf);
	if (ret)
		xa_erase(&queue->answers, group->cookie);
	return ret;
}

/* What is requested together is read together or not at all. */
static ssize_t read_one(struct fault_queue *queue, char __user *buf,
			size_t room)
{
	struct iopf_group *group = take_news(queue);
	size_t size;
	int ret;

	if (!group)
		return 0;
	size = group->fault_count * sizeof(struct iommu_hwpt_pgfault);
	ret = size > room ? -EINVAL : deliver(queue, group, buf);
	if (ret)
		put_back(queue, group);
	return ret ?: size;
}

static ssize_t fault_read(struct file *file, char __user *buf, size_t count,
			  loff_t *ppos)
{
	struct fault_queue *queue = queue_of_file(file);
	size_t done = 0;
	ssize_t ret;

	if (*ppos || count % sizeof(struct iommu_hwpt_pgfault))
		return -ESPIPE;
	guard(mutex)(&queue->lock);
	do {
		ret = read_one(queue, buf + done, count - done);
		if (ret > 0)
			done += ret;
	} while (ret > 0 && done < count);
	return done ?: ret;
}

static int write_one(struct fault_queue *queue, const char __user *buf)
{
	struct iommu_hwpt_page_response response;
	struct iopf_group *group;

	if (copy_from_user(&response, buf, sizeof(response)))
		return -EFAULT;
	if (response.code != IOMMUFD_PAGE_RESP_SUCCESS &&
	    response.code != IOMMUFD_PAGE_RESP_INVALID)
		return -EINVAL;
	group = xa_erase(&queue->answers, response.cookie);
	if (!group)
		return -EINVAL;
	answer(group, response.code);
	return 0;
}

static ssize_t fault_write(struct file *file, const char __user *buf,
			   size_t count, loff_t *ppos)
{
	const size_t size = sizeof(struct iommu_hwpt_page_response);
	struct fault_queue *queue = queue_of_file(file);
	size_t done;
	int ret = 0;

	if (*ppos || count % size)
		return -ESPIPE;
	guard(mutex)(&queue->lock);
	for (done = 0; done < count; done += size) {
		ret = write_one(queue, buf + done);
		if (ret)
			break;
	}
	return done ?: ret;
}

static __poll_t fault_poll(struct file *file, struct poll_table_struct *wait)
{
	struct fault_queue *queue = queue_of_file(file);
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

static struct fault_queue *new_queue(struct iommufd_ctx *ictx)
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
	queue->sink.ops = &sink_ops;
	mutex_init(&queue->lock);
	xa_init_flags(&queue->answers, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	return queue;
}

/**
 * fault_alloc_ioctl() - IOMMU_FAULT_QUEUE_ALLOC
 * @ucmd: with a struct iommu_fault_alloc
 *
 * Return: 0 or a negative errno.
 */
int fault_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_fault_alloc *cmd = ucmd->cmd;
	struct fault_queue *queue;
	int ret;

	if (cmd->flags)
		return -EOPNOTSUPP;
	queue = new_queue(ucmd->ictx);
	if (IS_ERR(queue))
		return PTR_ERR(queue);
	cmd->out_fault_id = queue->events.obj.id;
	ret = eventq_publish(ucmd, &queue->events, "[iommufd-pgfault]",
			     &fault_fops, &cmd->out_fault_fd, sizeof(*cmd));
	if (ret) {
		object_abort(&queue->events.obj);
		free_queue(queue);
	}
	return ret;
}
