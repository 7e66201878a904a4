/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Up to 7.0, the notification that an importer must unmap is named move_notify,
 * and dma_buf_attach_revocable() is missing.
 */
#ifndef _COMPAT_LINUX_DMA_BUF_H
#define _COMPAT_LINUX_DMA_BUF_H

#include_next <linux/dma-buf.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
#define invalidate_mappings move_notify
#define dma_buf_invalidate_mappings dma_buf_move_notify

static inline bool dma_buf_attach_revocable(struct dma_buf_attachment *attach)
{
	return attach->importer_ops && attach->importer_ops->move_notify;
}
#endif

#endif /* _COMPAT_LINUX_DMA_BUF_H */
