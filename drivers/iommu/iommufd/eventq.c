// SPDX-License-Identifier: GPL-2.0-only
/*
 * Event queues, which user space reads through a file of their own. The private
 * data of the file is the struct eventq.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iommufd.h>

#include "ctx.h"
#include "eventq.h"
#include "ucmd.h"

/**
 * eventq_init() - initialize a queue
 * @queue: the queue, zeroed
 * @ictx: the context
 * @ops: the type of the queue
 *
 * On success, the caller has to call eventq_publish(), or object_abort() if
 * that fails or is not called.
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int eventq_init(struct eventq *queue, struct iommufd_ctx *ictx,
		const struct object_ops *ops)
{
	queue->ictx = ictx;
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->news);
	init_waitqueue_head(&queue->wait);
	return object_init(&ictx->objects, &queue->obj, ops);
}

/* On success the file is a user of the queue and releases it when closed. */
static struct file *eventq_new_file(struct eventq *queue, const char *name,
				    const struct file_operations *fops)
{
	struct file *file;

	file = anon_inode_getfile(name, fops, queue, O_RDWR);
	if (IS_ERR(file))
		return file;
	object_get_user(&queue->obj);
	iommufd_ctx_get(queue->ictx);
	return file;
}

/**
 * eventq_publish() - make a queue reachable by its ID and by a file descriptor
 * @ucmd: the request to create it, with a structure that is complete but for
 *	  @out_fd
 * @queue: the queue, completely set up
 * @name: name of the file
 * @fops: operations of the file, with eventq_release()
 * @out_fd: member of the structure, set to the descriptor
 * @size: size of the structure in bytes
 *
 * Context: May sleep.
 * Return: 0, or a negative errno with the queue unpublished.
 */
int eventq_publish(struct iommufd_ucmd *ucmd, struct eventq *queue,
		   const char *name, const struct file_operations *fops,
		   u32 *out_fd, size_t size)
{
	struct file *file;
	int fd, ret;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	*out_fd = fd;
	ret = ucmd_respond(ucmd, size);
	if (ret)
		goto err_fd;
	/* last, because fput() would release the queue only later */
	file = eventq_new_file(queue, name, fops);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto err_fd;
	}
	object_publish(&queue->obj);
	fd_install(fd, file);
	return 0;

err_fd:
	put_unused_fd(fd);
	return ret;
}

/**
 * eventq_release() - release the queue of a closed file
 * @inode: ignored
 * @file: the file
 *
 * Context: May sleep.
 * Return: 0.
 */
int eventq_release(struct inode *inode, struct file *file)
{
	struct eventq *queue = file->private_data;
	struct iommufd_ctx *ictx = queue->ictx;

	object_put_user(&queue->obj);
	iommufd_ctx_put(ictx);
	return 0;
}
