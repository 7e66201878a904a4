// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues that report events of a vIOMMU to user space.
 *
 * Events are numbered in the order in which they occur. An event is lost if the
 * queue is full, but takes a number all the same: user space notices the gap
 * when it reads the next event. If there is none, a header without data at the
 * end of the queue reports the loss.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/iommufd.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/iommufd.h>

#include "ctx.h"
#include "eventq.h"
#include "observe/stats.h"
#include "ucmd.h"
#include "veventq.h"
#include "viommu.h"

#define VEVENTQ_MAX_DEPTH BIT(19)

/**
 * struct vevent - an event that user space has not read yet
 */
struct vevent {
	/** @entry: links into &eventq.news */
	struct list_head entry;
	/** @header: the header that user space reads */
	struct iommufd_vevent_header header;
	/** @length: length of @data in bytes */
	size_t length;
	/** @data: payload, in the layout of the queue's type */
	u8 data[] __counted_by(length);
};

/**
 * struct veventq - events of one type
 */
struct veventq {
	/** @events: common part, with a list of struct vevent */
	struct eventq events;
	/** @viommu: the vIOMMU, with the queue as a user */
	struct iommufd_viommu *viommu;
	/** @entry: links into &iommufd_viommu.veventqs */
	struct list_head entry;
	/** @type: type of the events */
	u32 type;
	/** @depth: maximum of @num_waiting */
	u32 depth;
	/** @read_lock: held while user space reads */
	struct mutex read_lock;
	/**
	 * @num_waiting: number of events that wait to be read; this and the
	 * members below are protected by the lock of @events
	 */
	u32 num_waiting;
	/** @next: number of the next event */
	u32 next;
	/** @lost: the latest event was lost */
	bool lost;
	/** @lost_sequence: number of the latest event that was lost */
	u32 lost_sequence;
};

static struct veventq *veventq_of_file(const struct file *file)
{
	return container_of(file->private_data, struct veventq, events);
}

static void veventq_free(struct veventq *queue)
{
	struct vevent *event, *next;

	list_for_each_entry_safe(event, next, &queue->events.news, entry)
		kfree(event);
	object_put_user(&queue->viommu->obj);
	mutex_destroy(&queue->read_lock);
	kfree(queue);
}

/* No event is added to the queue afterwards. */
static void veventq_unlink(struct veventq *queue)
{
	guard(rwsem_write)(&queue->viommu->veventqs_rwsem);
	list_del(&queue->entry);
}

static void veventq_destroy(struct iommufd_object *obj)
{
	struct veventq *queue = container_of(obj, struct veventq, events.obj);

	veventq_unlink(queue);
	veventq_free(queue);
}

static const struct object_ops veventq_ops = {
	.name = "veventq",
	.destroy = veventq_destroy,
};

static struct veventq *veventq_find(struct iommufd_viommu *viommu, u32 type)
{
	struct veventq *queue;

	lockdep_assert_held(&viommu->veventqs_rwsem);

	list_for_each_entry(queue, &viommu->veventqs, entry)
		if (queue->type == type)
			return queue;
	return NULL;
}

/* Consumes @event, which is NULL if there was no memory for it. */
static void veventq_add(struct veventq *queue, struct vevent *event)
{
	struct eventq *events = &queue->events;
	u32 number;

	spin_lock(&events->lock);
	number = queue->next;
	queue->next = (number + 1) & INT_MAX;
	queue->lost = !event || queue->num_waiting == queue->depth;
	if (queue->lost) {
		queue->lost_sequence = number;
	} else {
		event->header.sequence = number;
		queue->num_waiting++;
		list_add_tail(&event->entry, &events->news);
		event = NULL;
	}
	spin_unlock(&events->lock);
	kfree(event);
	wake_up_interruptible(&events->wait);
}

/**
 * iommufd_viommu_report_event() - report an event of a vIOMMU to user space
 * @viommu: the vIOMMU
 * @type: type of the event
 * @event_data: payload, in the layout of @type
 * @data_len: length of the payload in bytes
 *
 * An event is lost if its queue is full or memory is short; user space can
 * detect that.
 *
 * Context: May sleep. Can be called by a threaded interrupt handler.
 * Return: 0, even if the queue was full; -EOPNOTSUPP if there is no queue for
 * @type, -ENOMEM, -EINVAL without a payload.
 */
int iommufd_viommu_report_event(struct iommufd_viommu *viommu,
				enum iommu_veventq_type type, void *event_data,
				size_t data_len)
{
	struct veventq *queue;
	struct vevent *event;
	int ret;

	if (WARN_ON_ONCE(!event_data || !data_len))
		return -EINVAL;
	guard(rwsem_read)(&viommu->veventqs_rwsem);
	queue = veventq_find(viommu, type);
	if (!queue)
		return -EOPNOTSUPP;
	/* an interrupt handler does not wait for memory */
	event = kzalloc(struct_size(event, data, data_len), GFP_NOWAIT);
	if (event) {
		event->length = data_len;
		memcpy(event->data, event_data, data_len);
	}
	ret = event ? 0 : -ENOMEM;
	veventq_add(queue, event);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_report_event, "IOMMUFD_NG");

static struct vevent *veventq_first(struct veventq *queue)
{
	struct vevent *event;

	spin_lock(&queue->events.lock);
	event = list_first_entry_or_null(&queue->events.news, struct vevent,
					 entry);
	spin_unlock(&queue->events.lock);
	return event;
}

static ssize_t veventq_read_event(struct veventq *queue, struct vevent *event,
				  char __user *buf, size_t count)
{
	const size_t size = sizeof(event->header) + event->length;

	if (count < size)
		return -EINVAL;
	if (copy_to_user(buf, &event->header, sizeof(event->header)) ||
	    copy_to_user(buf + sizeof(event->header), event->data,
			 event->length))
		return -EFAULT;
	scoped_guard(spinlock, &queue->events.lock) {
		list_del(&event->entry);
		queue->num_waiting--;
	}
	kfree(event);
	return size;
}

static bool veventq_has_lost(struct veventq *queue,
			     struct iommufd_vevent_header *header)
{
	bool lost;

	spin_lock(&queue->events.lock);
	lost = queue->lost;
	header->sequence = queue->lost_sequence;
	spin_unlock(&queue->events.lock);
	header->flags = IOMMU_VEVENTQ_FLAG_LOST_EVENTS;
	return lost;
}

/* Report a loss at the end of the queue: no later event shows the gap. */
static ssize_t veventq_read_lost(struct veventq *queue, char __user *buf,
				 size_t count)
{
	struct iommufd_vevent_header header;

	if (!veventq_has_lost(queue, &header) || count < sizeof(header))
		return 0;
	if (copy_to_user(buf, &header, sizeof(header)))
		return -EFAULT;
	spin_lock(&queue->events.lock);
	if (queue->lost_sequence == header.sequence)
		queue->lost = false;
	spin_unlock(&queue->events.lock);
	return sizeof(header);
}

static ssize_t veventq_read_one(struct veventq *queue, char __user *buf,
				size_t count)
{
	struct vevent *event = veventq_first(queue);

	return event ? veventq_read_event(queue, event, buf, count) :
		       veventq_read_lost(queue, buf, count);
}

static ssize_t veventq_read(struct file *file, char __user *buf, size_t count,
			    loff_t *ppos)
{
	struct veventq *queue = veventq_of_file(file);
	size_t done = 0;
	ssize_t ret;

	if (*ppos)
		return -ESPIPE;
	if (count < sizeof(struct iommufd_vevent_header))
		return -EINVAL;
	/* another reader may hold it while its memory is written to */
	if (mutex_lock_killable(&queue->read_lock))
		return -EINTR;
	do {
		ret = veventq_read_one(queue, buf + done, count - done);
		if (ret > 0)
			done += ret;
	} while (ret > 0);
	mutex_unlock(&queue->read_lock);
	return done ?: ret;
}

static __poll_t veventq_poll(struct file *file, struct poll_table_struct *wait)
{
	struct veventq *queue = veventq_of_file(file);
	__poll_t events = 0;

	poll_wait(file, &queue->events.wait, wait);
	spin_lock(&queue->events.lock);
	if (queue->lost || !list_empty(&queue->events.news))
		events = EPOLLIN | EPOLLRDNORM;
	spin_unlock(&queue->events.lock);
	return events;
}

static const struct file_operations veventq_fops = {
	.owner = THIS_MODULE,
	.read = veventq_read,
	.poll = veventq_poll,
	.release = eventq_release,
};

/* A vIOMMU has at most one queue of each type. */
static int veventq_link(struct veventq *queue)
{
	struct iommufd_viommu *viommu = queue->viommu;

	guard(rwsem_write)(&viommu->veventqs_rwsem);
	if (veventq_find(viommu, queue->type)) {
		iommufd_refuse(&viommu->ictx->stats->refusals,
			       REFUSAL_VEVENTQ_EXISTS, viommu->obj.id,
			       queue->type);
		return -EEXIST;
	}
	list_add_tail(&queue->entry, &viommu->veventqs);
	return 0;
}

static struct veventq *veventq_new(struct iommufd_viommu *viommu,
				   const struct iommu_veventq_alloc *cmd)
{
	struct veventq *queue;
	int ret;

	queue = kzalloc_obj(*queue, GFP_KERNEL_ACCOUNT);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	ret = eventq_init(&queue->events, viommu->ictx, &veventq_ops);
	if (ret) {
		kfree(queue);
		return ERR_PTR(ret);
	}
	mutex_init(&queue->read_lock);
	queue->type = cmd->type;
	queue->depth = cmd->veventq_depth;
	queue->viommu = viommu;
	object_get_user(&viommu->obj);
	return queue;
}

static int veventq_alloc(struct iommufd_ucmd *ucmd,
			 struct iommufd_viommu *viommu)
{
	struct iommu_veventq_alloc *cmd = ucmd->cmd;
	struct veventq *queue = veventq_new(viommu, cmd);
	int ret;

	if (IS_ERR(queue))
		return PTR_ERR(queue);
	ret = veventq_link(queue);
	if (ret)
		goto err_free;
	cmd->out_veventq_id = queue->events.obj.id;
	ret = eventq_publish(ucmd, &queue->events, "[iommufd-viommu-event]",
			     &veventq_fops, &cmd->out_veventq_fd, sizeof(*cmd));
	if (ret)
		goto err_leave;
	return 0;

err_leave:
	veventq_unlink(queue);
err_free:
	object_abort(&queue->events.obj);
	veventq_free(queue);
	return ret;
}

/**
 * veventq_alloc_ioctl() - IOMMU_VEVENTQ_ALLOC
 * @ucmd: with a struct iommu_veventq_alloc
 *
 * Return: 0 or a negative errno.
 */
int veventq_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	const struct iommu_veventq_alloc *cmd = ucmd->cmd;

	if (cmd->flags || cmd->__reserved ||
	    cmd->type == IOMMU_VEVENTQ_TYPE_DEFAULT)
		return -EOPNOTSUPP;
	if (!cmd->veventq_depth || cmd->veventq_depth > VEVENTQ_MAX_DEPTH)
		return -EINVAL;
	return viommu_call(ucmd, cmd->viommu_id, veventq_alloc);
}
