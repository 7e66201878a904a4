// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listeners on eventfds: call a driver back when user space signals an eventfd,
 * and stop when the driver or the closing of the eventfd asks for it.
 */
#include <linux/eventfd.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/kref.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "virqfd.h"

/**
 * struct virqfd - a listener on an eventfd
 *
 * The slot, a pointer of the driver, refers to it. The listener is retired when
 * the slot is cleared: by vfio_virqfd_disable() directly, and after the eventfd
 * is closed by a work item, because the wait queue's lock is held at that time.
 */
struct virqfd {
	/** @kref: one reference for the slot, one for each flush in progress */
	struct kref kref;
	/**
	 * @slot: the driver's pointer to this struct, protected by virqfd_lock
	 */
	struct virqfd **slot;
	/** @eventfd: the eventfd, with a reference */
	struct eventfd_ctx *eventfd;
	/** @wait: entry in the wait queue of @eventfd */
	wait_queue_entry_t wait;
	/** @pt: adds @wait to the wait queue */
	poll_table pt;
	/** @opaque: first argument of both callbacks */
	void *opaque;
	/** @data: second argument of both callbacks */
	void *data;
	/**
	 * @handler: called at once with interrupts off; true: call @thread too
	 */
	int (*handler)(void *opaque, void *data);
	/** @thread: called from a work item */
	void (*thread)(void *opaque, void *data);
	/** @inject: runs @thread */
	struct work_struct inject;
	/** @retire: retires the listener after the eventfd is closed */
	struct work_struct retire;
};

/* Protects all slots; taken inside of the wait queue's lock */
static DEFINE_SPINLOCK(virqfd_lock);

/* Runs the retire work items, so that they can be flushed */
static struct workqueue_struct *virqfd_wq;

static void virqfd_free(struct kref *kref)
{
	struct virqfd *virqfd = container_of(kref, struct virqfd, kref);

	eventfd_ctx_put(virqfd->eventfd);
	kfree(virqfd);
}

static void virqfd_put(struct virqfd *virqfd)
{
	kref_put(&virqfd->kref, virqfd_free);
}

/* No callback runs after this returns */
static void virqfd_retire(struct virqfd *virqfd)
{
	u64 count;

	eventfd_ctx_remove_wait_queue(virqfd->eventfd, &virqfd->wait, &count);
	flush_work(&virqfd->inject);
	virqfd_put(virqfd);
}

static void virqfd_retire_work(struct work_struct *work)
{
	virqfd_retire(container_of(work, struct virqfd, retire));
}

static void virqfd_inject_work(struct work_struct *work)
{
	struct virqfd *virqfd = container_of(work, struct virqfd, inject);

	virqfd->thread(virqfd->opaque, virqfd->data);
}

static void virqfd_signalled(struct virqfd *virqfd)
{
	if (virqfd->handler && !virqfd->handler(virqfd->opaque, virqfd->data))
		return;
	if (virqfd->thread)
		schedule_work(&virqfd->inject);
}

/* The eventfd is being closed; vfio_virqfd_disable() may have been first */
static void virqfd_hangup(struct virqfd *virqfd)
{
	unsigned long flags;

	spin_lock_irqsave(&virqfd_lock, flags);
	if (*virqfd->slot == virqfd) {
		*virqfd->slot = NULL;
		queue_work(virqfd_wq, &virqfd->retire);
	}
	spin_unlock_irqrestore(&virqfd_lock, flags);
}

/* Called with the lock of the eventfd's wait queue held, interrupts off */
static int virqfd_wakeup(wait_queue_entry_t *wait, unsigned int mode, int sync,
			 void *key)
{
	struct virqfd *virqfd = container_of(wait, struct virqfd, wait);
	__poll_t events = key_to_poll(key);
	u64 count;

	if (events & EPOLLIN) {
		eventfd_ctx_do_read(virqfd->eventfd, &count);
		virqfd_signalled(virqfd);
	}
	if (events & EPOLLHUP)
		virqfd_hangup(virqfd);
	return 0;
}

static void virqfd_queue_proc(struct file *file, wait_queue_head_t *wqh,
			      poll_table *pt)
{
	struct virqfd *virqfd = container_of(pt, struct virqfd, pt);

	add_wait_queue(wqh, &virqfd->wait);
}

/* Fill the slot. Returns false if it is in use. */
static bool virqfd_publish(struct virqfd *virqfd)
{
	bool vacant;

	spin_lock_irq(&virqfd_lock);
	vacant = !*virqfd->slot;
	if (vacant)
		*virqfd->slot = virqfd;
	spin_unlock_irq(&virqfd_lock);
	return vacant;
}

/**
 * vfio_virqfd_enable() - call back whenever an eventfd is signalled
 * @opaque: first argument of the callbacks
 * @handler: called at once with interrupts off; must not sleep; optional
 * @thread: called from a work item if @handler returned nonzero or is NULL;
 *	optional
 * @data: second argument of the callbacks
 * @pvirqfd: the slot, NULL when it is free; also set to NULL when user space
 *	closes the eventfd
 * @fd: the eventfd
 *
 * An eventfd that is signalled already causes a callback during this call.
 *
 * Context: May sleep. The caller serializes this and vfio_virqfd_disable() on
 * one slot.
 * Return: 0, -ENOMEM, -EBADF, -EINVAL if @fd is not an eventfd, or -EBUSY if
 * the slot is in use.
 */
int vfio_virqfd_enable(void *opaque, int (*handler)(void *, void *),
		       void (*thread)(void *, void *), void *data,
		       struct virqfd **pvirqfd, int fd)
{
	struct eventfd_ctx *eventfd;
	struct virqfd *virqfd;

	/* Held until return: no hangup before the listener is complete */
	CLASS(fd, f)(fd);
	if (fd_empty(f))
		return -EBADF;

	eventfd = eventfd_ctx_fileget(fd_file(f));
	if (IS_ERR(eventfd))
		return PTR_ERR(eventfd);

	virqfd = kzalloc_obj(*virqfd, GFP_KERNEL_ACCOUNT);
	if (!virqfd) {
		eventfd_ctx_put(eventfd);
		return -ENOMEM;
	}
	kref_init(&virqfd->kref);
	virqfd->slot = pvirqfd;
	virqfd->eventfd = eventfd;
	virqfd->opaque = opaque;
	virqfd->data = data;
	virqfd->handler = handler;
	virqfd->thread = thread;
	INIT_WORK(&virqfd->inject, virqfd_inject_work);
	INIT_WORK(&virqfd->retire, virqfd_retire_work);
	init_waitqueue_func_entry(&virqfd->wait, virqfd_wakeup);
	init_poll_funcptr(&virqfd->pt, virqfd_queue_proc);

	if (!virqfd_publish(virqfd)) {
		virqfd_put(virqfd);
		return -EBUSY;
	}

	if (vfs_poll(fd_file(f), &virqfd->pt) & EPOLLIN)
		virqfd_signalled(virqfd);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_virqfd_enable, "VFIO_NG");

/* Clear the slot and return the listener that it had, or NULL */
static struct virqfd *virqfd_unpublish(struct virqfd **slot)
{
	unsigned long flags;
	struct virqfd *virqfd;

	spin_lock_irqsave(&virqfd_lock, flags);
	virqfd = *slot;
	*slot = NULL;
	spin_unlock_irqrestore(&virqfd_lock, flags);
	return virqfd;
}

/**
 * vfio_virqfd_disable() - stop listening to an eventfd
 * @pvirqfd: the slot; may be NULL
 *
 * No callback runs after this returns, even if the eventfd has just been
 * closed.
 *
 * Context: May sleep. Not from a callback of the slot.
 */
void vfio_virqfd_disable(struct virqfd **pvirqfd)
{
	struct virqfd *virqfd = virqfd_unpublish(pvirqfd);

	if (virqfd)
		virqfd_retire(virqfd);
	flush_workqueue(virqfd_wq);
}
EXPORT_SYMBOL_NS_GPL(vfio_virqfd_disable, "VFIO_NG");

/**
 * vfio_virqfd_flush_thread() - wait for a thread callback in progress
 * @pvirqfd: the slot; may be NULL
 *
 * Context: May sleep. Not from a callback of the slot.
 */
void vfio_virqfd_flush_thread(struct virqfd **pvirqfd)
{
	unsigned long flags;
	struct virqfd *virqfd;

	spin_lock_irqsave(&virqfd_lock, flags);
	virqfd = *pvirqfd;
	if (virqfd)
		kref_get(&virqfd->kref);
	spin_unlock_irqrestore(&virqfd_lock, flags);

	if (virqfd) {
		flush_work(&virqfd->inject);
		virqfd_put(virqfd);
	}
	flush_workqueue(virqfd_wq);
}
EXPORT_SYMBOL_NS_GPL(vfio_virqfd_flush_thread, "VFIO_NG");

/**
 * vfio_virqfd_init() - allocate the workqueue
 *
 * Context: May sleep. At module load.
 * Return: 0, or -ENOMEM.
 */
int vfio_virqfd_init(void)
{
	virqfd_wq = alloc_workqueue("vfio-virqfd", WQ_UNBOUND, 0);
	return virqfd_wq ? 0 : -ENOMEM;
}

/**
 * vfio_virqfd_exit() - undo vfio_virqfd_init()
 *
 * Context: May sleep. At module unload.
 */
void vfio_virqfd_exit(void)
{
	destroy_workqueue(virqfd_wq);
}
