/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Event queues, which user space reads through a file of their own.
 */
#ifndef IOMMUFD_EVENTQ_H
#define IOMMUFD_EVENTQ_H

#include <linux/list.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "object.h"

struct file;
struct file_operations;
struct inode;
struct iommufd_ctx;
struct iommufd_ucmd;

/**
 * struct eventq - the common part of all types of event queues
 */
struct eventq {
	/** @obj: the ID, with the open file as a user */
	struct iommufd_object obj;
	/** @ictx: the context, to which the open file holds a reference */
	struct iommufd_ctx *ictx;
	/**
	 * @lock: protects @news and the related members of the containing
	 * structure; innermost lock
	 */
	spinlock_t lock;
	/** @news: events that user space has not read yet */
	struct list_head news;
	/** @wait: woken when an event is added to @news */
	wait_queue_head_t wait;
};

int eventq_init(struct eventq *queue, struct iommufd_ctx *ictx,
		const struct object_ops *ops);
int eventq_publish(struct iommufd_ucmd *ucmd, struct eventq *queue,
		   const char *name, const struct file_operations *fops,
		   u32 *out_fd, size_t size);
int eventq_release(struct inode *inode, struct file *file);

#endif /* IOMMUFD_EVENTQ_H */
