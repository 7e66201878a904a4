/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dma_buf_phys_vec_to_sgt(), which makes scatter lists of BARs, is new in 6.19
 * and requires peer to peer DMA in the kernel. On older kernels it fails.
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
