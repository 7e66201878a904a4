/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scatter lists of BARs came with 6.19, and can be had only with peer to peer
 * DMA in the kernel. Before, who wants one is refused.
 */
#ifndef _COMPAT_LINUX_DMA_BUF_MAPPING_H
#define _COMPAT_LINUX_DMA_BUF_MAPPING_H

#include <linux/dma-buf.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#include_next <linux/dma-buf-mapping.h>
#else
#include <linux/err.h>

struct p2pdma_provider;

struct phys_vec {
	phys_addr_t paddr;
	size_t len;
};

static inline struct sg_table *
dma_buf_phys_vec_to_sgt(struct dma_buf_attachment *attach,
			struct p2pdma_provider *provider,
			struct phys_vec *phys_vec, size_t nr_ranges,
			size_t size, enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline void dma_buf_free_sgt(struct dma_buf_attachment *attach,
				    struct sg_table *sgt,
				    enum dma_data_direction dir)
{
}
#endif

#endif /* _COMPAT_LINUX_DMA_BUF_MAPPING_H */
