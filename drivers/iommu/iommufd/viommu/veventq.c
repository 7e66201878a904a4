// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues by which user space learns what happens to a vIOMMU.
 *
 * Events have numbers in the order in which they happen. An event that finds the
 * queue full is lost, but it has its number: user space sees the gap when it
 * reads the next one, or is told at the end of the queue, where there is none.
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

#include "eventq.h"
#include "ucmd.h"
#include "veventq.h"
#include "viommu.h"

#define MAX_DEPTH BIT(19)

/**
 * struct vevent - an event that user space has not read yet
 */
struct vevent {
	/** @entry: links into &eventq.news */
	struct list_head entry;
	/** @header: as user space gets it */
	struct iommufd_vevent_header header;
	/** @length: bytes of @data */
	size_t length;
	/** @data: what is to be told, in a layout that the queue's type names */
	u8 data[] __counted_by(length);
};

/**
 * struct veventq - events of one type
 */
struct veventq {
	/** @events: its news are struct vevent */
	struct eventq events;
	/** @viommu: whose events these are; it is a user of it */
	struct iommufd_viommu *viommu;
	/** @entry: links into &iommufd_viommu.veventqs */
	struct list_head entry;
	/** @type: of the events */
	u32 type;
	/** @depth: so many events can wait to be read */
	u32 depth;
	/** @read_lock: held while user space reads */
	struct mutex read_lock;
	/** @waiting: so many events do; the rest is under the lock of @events */
	u32 waiting;
	/** @next: number of the next event */
	u32 next;
	/** @lost: the latest event was lost */
	bool lost;
	/** @lost_number: the number that it had */
	u32 lost_number;
};

static struct veventq *queue_of_file(const struct file *file)
{
	return container_of(file->private_data, struct veventq, events);
}

static void free_queue(struct veventq *queue)
{
	struct vevent *event, *next;

	list_for_each_entry_safe(event, next, &queue->events.news, entry)
		kfree(event);
	object_put_user(&queue->viommu->obj);
	mutex_destroy(&queue->read_lock);
	kfree(queue);
}

/* No event comes to it afterwards. */
static void leave(struct veventq *queue)
{
	guard(rwsem_write)(&queue->viommu->veventqs_rwsem);
	list_del(&queue->entry);
}

static void veventq_destroy(struct iommufd_object *obj)
{
	struct veventq *queue = container_of(obj, struct veventq, events.obj);

	leave(queue);
	free_queue(queue);
}

static const struct object_ops veventq_ops = {
	.destroy = veventq_destroy,
};

static struct veventq *find_queue(struct iommufd_viommu *viommu, u32 type)
{
	struct veventq *queue;

	lockdep_assert_held(&viommu->veventqs_rwsem);
	list_for_each_entry(queue, &viommu->veventqs, entry)
		if (queue->type == type)
			return queue;
	return NULL;
}

/* Takes @event, which is NULL where there was no memory for it. */
static void add_event(struct veventq *queue, struct vevent *event)
{
	struct eventq *events = &queue->events;
	u32 number;

	spin_lock(&events->lock);
	number = queue->next;
	queue->next = (number + 1) & INT_MAX;
	queue->lost = !event || queue->waiting == queue->depth;
	if (queue->lost) {
		queue->lost_number = number;
	} else {
		event->header.sequence = number;
		queue->waiting++;
		list_add_tail(&event->entry, &events->news);
		event = NULL;
	}
	spin_unlock(&events->lock);
	kfree(event);
	wake_up_interruptible(&events->wait);
}

/**
 * iommufd_viommu_report_event() - tell user space what has happened
 * @viommu: to which vIOMMU
 * @type: of the event
 * @event_data: what is to be told, in the layout of @type
 * @data_len: bytes of that
 *
 * Context: May sleep; for a threaded interrupt handler.
 * Return: 0, also where the queue was full, of which user space is told;
 * -EOPNOTSUPP where there is no queue for it, -ENOMEM, -EINVAL without data.
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
	queue = find_queue(viommu, type);
	if (!queue)
		return -EOPNOTSUPP;
	/* a handler of interrupts does not wait for memory */
	event = kzalloc(struct_size(event, data, data_len), GFP_NOWAIT);
	if (event) {
		event->length = data_len;
		memcpy(event->data, event_data, data_len);
	}
	ret = event ? 0 : -ENOMEM;
	add_event(queue, event);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_report_event, "IOMMUFD_NG");

static struct vevent *first_event(struct veventq *queue)
{
	struct vevent *event;

	spin_lock(&queue->events.lock);
	event = list_first_entry_or_null(&queue->events.news, struct vevent,
					 entry);
	spin_unlock(&queue->events.lock);
	return event;
}

static ssize_t read_event(struct veventq *queue, struct vevent *event,
			  char __user *buf, size_t room)
{
	const size_t size = sizeof(event->header) + event->length;

	if (room < size)
		return -EINVAL;
	if (copy_to_user(buf, &event->header, sizeof(event->header)) ||
	    copy_to_user(buf + sizeof(event->header), event->data,
			 event->length))
		return -EFAULT;
	scoped_guard(spinlock, &queue->events.lock) {
		list_del(&event->entry);
		queue->waiting--;
	}
	kfree(event);
	return size;
}

static bool has_lost(struct veventq *queue,
		     struct iommufd_vevent_header *header)
{
	bool lost;

	spin_lock(&queue->events.lock);
	lost = queue->lost;
	header->sequence = queue->lost_number;
	spin_unlock(&queue->events.lock);
	header->flags = IOMMU_VEVENTQ_FLAG_LOST_EVENTS;
	return lost;
}

/* At the end of the queue, where no event shows the gap. */
static ssize_t read_lost(struct veventq *queue, char __user *buf, size_t room)
{
	struct iommufd_vevent_header header;

	if (!has_lost(queue, &header) || room < sizeof(header))
		return 0;
	if (copy_to_user(buf, &header, sizeof(header)))
		return -EFAULT;
	spin_lock(&queue->events.lock);
	if (queue->lost_number == header.sequence)
		queue->lost = false;
	spin_unlock(&queue->events.lock);
	return sizeof(header);
}

static ssize_t read_one(struct veventq *queue, char __user *buf, size_t room)
{
	struct vevent *event = first_event(queue);

	return event ? read_event(queue, event, buf, room) :
		       read_lost(queue, buf, room);
}

static ssize_t veventq_read(struct file *file, char __user *buf, size_t count,
			    loff_t *ppos)
{
	struct veventq *queue = queue_of_file(file);
	size_t done = 0;
	ssize_t ret;

	if (*ppos)
		return -ESPIPE;
	if (count < sizeof(struct iommufd_vevent_header))
		return -EINVAL;
	guard(mutex)(&queue->read_lock);
	do {
		ret = read_one(queue, buf + done, count - done);
		if (ret > 0)
			done += ret;
	} while (ret > 0);
	return done ?: ret;
}

static __poll_t veventq_poll(struct file *file, struct poll_table_struct *wait)
{
	struct veventq *queue = queue_of_file(file);
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

/* A vIOMMU has one queue of a type. */
static int join(struct veventq *queue)
{
	struct iommufd_viommu *viommu = queue->viommu;

	guard(rwsem_write)(&viommu->veventqs_rwsem);
	if (find_queue(viommu, queue->type))
		return -EEXIST;
	list_add_tail(&queue->entry, &viommu->veventqs);
	return 0;
}

static struct veventq *new_queue(struct iommufd_viommu *viommu,
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

static int alloc_on(struct iommufd_ucmd *ucmd, struct iommufd_viommu *viommu)
{
	struct iommu_veventq_alloc *cmd = ucmd->cmd;
	struct veventq *queue = new_queue(viommu, cmd);
	int ret;

	if (IS_ERR(queue))
		return PTR_ERR(queue);
	ret = join(queue);
	if (ret)
		goto err_free;
	cmd->out_veventq_id = queue->events.obj.id;
	ret = eventq_publish(ucmd, &queue->events, "[iommufd-viommu-event]",
			     &veventq_fops, &cmd->out_veventq_fd, sizeof(*cmd));
	if (ret)
		goto err_leave;
	return 0;

err_leave:
	leave(queue);
err_free:
	object_abort(&queue->events.obj);
	free_queue(queue);
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
	if (!cmd->veventq_depth || cmd->veventq_depth > MAX_DEPTH)
		return -EINVAL;
	return viommu_ask(ucmd, cmd->viommu_id, alloc_on);
}
