// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry of exporters that provide the physical addresses of their
 * dma-bufs, found by the ops of a dma-buf.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/export.h>
#include <linux/iommufd.h>
#include <linux/mutex.h>

#include "dmabuf_exporter.h"

static LIST_HEAD(dmabuf_exporters);
/* Protects dmabuf_exporters */
static DEFINE_MUTEX(dmabuf_exporters_lock);

/**
 * iommufd_dmabuf_register() - register an exporter of dma-bufs
 * @exporter: the exporter, until iommufd_dmabuf_unregister()
 *
 * Memory of devices in its dma-bufs can be mapped from then on.
 *
 * Context: May sleep.
 */
void iommufd_dmabuf_register(struct iommufd_dmabuf_exporter *exporter)
{
	guard(mutex)(&dmabuf_exporters_lock);
	list_add(&exporter->entry, &dmabuf_exporters);
}
EXPORT_SYMBOL_NS_GPL(iommufd_dmabuf_register, "IOMMUFD_NG");

/**
 * iommufd_dmabuf_unregister() - undo iommufd_dmabuf_register()
 * @exporter: registered exporter, of which no dma-buf exists
 *
 * Context: May sleep.
 */
void iommufd_dmabuf_unregister(struct iommufd_dmabuf_exporter *exporter)
{
	guard(mutex)(&dmabuf_exporters_lock);
	list_del(&exporter->entry);
}
EXPORT_SYMBOL_NS_GPL(iommufd_dmabuf_unregister, "IOMMUFD_NG");

/**
 * dmabuf_exporter_find() - find the exporter of a dma-buf
 * @dmabuf: the dma-buf
 *
 * Context: May sleep.
 * Return: the exporter, valid as long as @dmabuf is, or NULL if it is not
 * registered.
 */
const struct iommufd_dmabuf_exporter *
dmabuf_exporter_find(const struct dma_buf *dmabuf)
{
	const struct iommufd_dmabuf_exporter *exporter;

	guard(mutex)(&dmabuf_exporters_lock);
	list_for_each_entry(exporter, &dmabuf_exporters, entry) {
		if (exporter->ops == dmabuf->ops)
			return exporter;
	}
	return NULL;
}
