/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOMMUFD_BACKING_IMPORT_H
#define IOMMUFD_BACKING_IMPORT_H

#include "backing.h"

struct device;
struct dma_buf;

int backing_import_start(void);
void backing_import_stop(void);
struct device *backing_import_device(void);
int backing_import_attach(struct backing *backing, struct dma_buf *dmabuf);

#endif /* IOMMUFD_BACKING_IMPORT_H */
