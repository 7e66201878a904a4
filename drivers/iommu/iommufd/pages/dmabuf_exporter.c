// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/export.h>
#include <linux/iommufd.h>
#include <linux/mutex.h>

#include "dmabuf_exporter.h"

static LIST_HEAD(exporters);
/* Protects the list. */
static DEFINE_MUTEX(exporters_lock);

/**
 * iommufd_dmabuf_register() - let dma-bufs be mapped
 * @exporter: how to learn where they are
 *
 * Context: May sleep.
 */
void iommufd_dmabuf_register(struct iommufd_dmabuf_exporter *exporter)
{
	guard(mutex)(&exporters_lock);
	list_add(&exporter->entry, &exporters);
}
EXPORT_SYMBOL_NS_GPL(iommufd_dmabuf_register, "IOMMUFD_NG");

/**
 * iommufd_dmabuf_unregister() - undo iommufd_dmabuf_register()
 * @exporter: given there; no dma-buf of it is left
 *
 * Context: May sleep.
 */
void iommufd_dmabuf_unregister(struct iommufd_dmabuf_exporter *exporter)
{
	guard(mutex)(&exporters_lock);
	list_del(&exporter->entry);
}
EXPORT_SYMBOL_NS_GPL(iommufd_dmabuf_unregister, "IOMMUFD_NG");

/**
 * dmabuf_exporter_find() - whose is a dma-buf?
 * @dmabuf: the dma-buf
 *
 * Context: May sleep.
 * Return: the exporter, valid as long as @dmabuf is, or NULL where it cannot
 * tell where in physical memory it is.
 */
const struct iommufd_dmabuf_exporter *
dmabuf_exporter_find(const struct dma_buf *dmabuf)
{
	const struct iommufd_dmabuf_exporter *exporter;

	guard(mutex)(&exporters_lock);
	list_for_each_entry(exporter, &exporters, entry) {
		if (exporter->ops == dmabuf->ops)
			return exporter;
	}
	return NULL;
}
