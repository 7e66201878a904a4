/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exporters of dma-bufs that provide the physical addresses of their memory.
 */
#ifndef IOMMUFD_DMABUF_EXPORTER_H
#define IOMMUFD_DMABUF_EXPORTER_H

struct dma_buf;
struct iommufd_dmabuf_exporter;

const struct iommufd_dmabuf_exporter *
dmabuf_exporter_find(const struct dma_buf *dmabuf);

#endif /* IOMMUFD_DMABUF_EXPORTER_H */
