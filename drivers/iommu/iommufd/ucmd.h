/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One request of user space, as the handlers of the ioctls get it.
 */
#ifndef IOMMUFD_UCMD_H
#define IOMMUFD_UCMD_H

#include <linux/minmax.h>
#include <linux/types.h>
#include <linux/uaccess.h>

struct iommufd_ctx;

/**
 * struct iommufd_ucmd - an ioctl in progress
 */
struct iommufd_ucmd {
	/** @ictx: the context */
	struct iommufd_ctx *ictx;
	/** @ubuffer: where user space's structure is */
	void __user *ubuffer;
	/** @user_size: how many bytes user space says it has */
	u32 user_size;
	/** @cmd: the kernel's copy, completed with zeroes */
	void *cmd;
};

/**
 * struct ucmd_handler - what serves an ioctl
 */
struct ucmd_handler {
	/** @cmd: the whole ioctl number; 0 in gaps of the table */
	unsigned int cmd;
	/** @size: bytes of the structure as this kernel knows it */
	u16 size;
	/** @min_size: bytes that the first kernel with this ioctl knew */
	u16 min_size;
	/** @fn: the handler */
	int (*fn)(struct iommufd_ucmd *ucmd);
};

/**
 * ucmd_respond() - copy the structure back
 * @ucmd: the request
 * @size: bytes of the kernel's structure
 *
 * Return: 0 or -EFAULT.
 */
static inline int ucmd_respond(const struct iommufd_ucmd *ucmd, size_t size)
{
	size = min_t(size_t, size, ucmd->user_size);
	return copy_to_user(ucmd->ubuffer, ucmd->cmd, size) ? -EFAULT : 0;
}

#endif /* IOMMUFD_UCMD_H */
