/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of /dev/vfio/N, by which user space adds the group to a container
 * and opens the group's devices.
 */
#ifndef __VFIO_GROUP_FILE_H
#define __VFIO_GROUP_FILE_H

#include <linux/fs.h>

struct vfio_group;

struct vfio_group *vfio_group_from_file(struct file *file);
int vfio_group_file_init(void);
void vfio_group_file_exit(void);

#endif /* __VFIO_GROUP_FILE_H */
