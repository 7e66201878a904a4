/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A request of user space, as passed to the handler of an ioctl.
 */
#ifndef IOMMUFD_UCMD_H
#define IOMMUFD_UCMD_H

#include <linux/minmax.h>
#include <linux/types.h>
#include <linux/uaccess.h>

struct iommufd_ctx;
struct iommufd_object;

/**
 * struct iommufd_ucmd - an ioctl in progress
 */
struct iommufd_ucmd {
	/** @ictx: the context */
	struct iommufd_ctx *ictx;
	/** @ubuffer: the structure of user space */
	void __user *ubuffer;
	/** @user_size: size in bytes that user space has set in the structure */
	u32 user_size;
	/** @cmd: the kernel's copy, extended by zeroes */
	void *cmd;
	/** @created: object that the handler has not published yet, or NULL */
	struct iommufd_object *created;
};

/**
 * struct ucmd_handler - handler of an ioctl
 */
struct ucmd_handler {
	/** @cmd: the complete ioctl number; 0 in gaps of the table */
	unsigned int cmd;
	/** @size: size in bytes of the structure in this kernel */
	u16 size;
	/** @min_size: size in bytes in the first kernel that had the ioctl */
	u16 min_size;
	/** @fn: the handler */
	int (*fn)(struct iommufd_ucmd *ucmd);
};

/**
 * ucmd_respond() - copy the structure back to user space
 * @ucmd: the request
 * @size: size in bytes of the kernel's structure
 *
 * Return: 0 or -EFAULT.
 */
static inline int ucmd_respond(const struct iommufd_ucmd *ucmd, size_t size)
{
	size = min_t(size_t, size, ucmd->user_size);
	return copy_to_user(ucmd->ubuffer, ucmd->cmd, size) ? -EFAULT : 0;
}

#endif /* IOMMUFD_UCMD_H */
