/* SPDX-License-Identifier: GPL-2.0-only */
/* Dma-bufs of RAM, and the attachments of iommufd to all dma-bufs. */
#ifndef SELFTESTS_LIB_DMABUF_H
#define SELFTESTS_LIB_DMABUF_H

#include <linux/types.h>
#include <stddef.h>

int dmabuf_need_node(const char *path);
int dmabuf_memfd(size_t size, unsigned int flags);
int dmabuf_of_memfd(int memfd, size_t offset, size_t size);
unsigned int dmabuf_attachments(void);

#endif /* SELFTESTS_LIB_DMABUF_H */
