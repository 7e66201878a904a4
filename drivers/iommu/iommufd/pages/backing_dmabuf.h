/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOMMUFD_BACKING_DMABUF_H
#define IOMMUFD_BACKING_DMABUF_H

#include "backing.h"

struct dma_buf;
struct iommufd_dmabuf_exporter;

int backing_dmabuf_init(struct backing *backing, struct dma_buf *dmabuf,
			const struct iommufd_dmabuf_exporter *exporter,
			bool writable, void (*revoke)(struct backing *backing));

#endif /* IOMMUFD_BACKING_DMABUF_H */
