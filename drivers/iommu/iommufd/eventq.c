// SPDX-License-Identifier: GPL-2.0-only
/*
 * A queue of events that user space reads from a file of its own.
 *
 * The file's private data is the struct eventq.
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
 * eventq_init() - set up a new queue
 * @queue: zeroed
 * @ictx: the context
 * @ops: its type
 *
 * Context: May sleep.
 * Return: 0, after which either eventq_publish() succeeds or object_abort()
 * follows; or a negative errno.
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

/* The file has its share of the queue from here on, whatever comes of it. */
static struct file *new_file(struct eventq *queue, const char *name,
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
 * @ucmd: the request to make it; its structure is complete but for @out_fd
 * @queue: completely set up
 * @name: of the file
 * @fops: of the file, with eventq_release()
 * @out_fd: in the structure, set to the descriptor
 * @size: bytes of the structure
 *
 * Context: May sleep.
 * Return: 0, or a negative errno and nobody has seen the queue.
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
	/* last of all, because a file goes only after its last reference */
	file = new_file(queue, name, fops);
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
 * eventq_release() - the file is closed
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
