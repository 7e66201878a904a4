/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What iommufd.ko offers to drivers that give devices to user space.
 *
 * A file of /dev/iommu or of /dev/vfio/vfio is a struct iommufd_ctx. A driver
 * reaches it in one of two ways: device by device (iommufd_device_bind()), or
 * group by group as a VFIO container (iommufd_container_add_group()).
 *
 * Everything here may sleep, is exported in the namespace IOMMUFD_NG, and is
 * described where it is defined.
 */
#ifndef __LINUX_IOMMUFD_H
#define __LINUX_IOMMUFD_H

#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/types.h>

struct device;
struct dma_buf_attachment;
struct dma_buf_ops;
struct file;
struct iommu_group;
struct iommufd_access;
struct iommufd_container_access;
struct iommufd_container_group;
struct iommufd_ctx;
struct iommufd_device;
struct page;

struct iommufd_ctx *iommufd_ctx_from_file(struct file *file);
struct iommufd_ctx *iommufd_ctx_from_fd(int fd);
void iommufd_ctx_get(struct iommufd_ctx *ictx);
void iommufd_ctx_put(struct iommufd_ctx *ictx);
bool iommufd_ctx_has_group(struct iommufd_ctx *ictx, struct iommu_group *group);

struct iommufd_device *iommufd_device_bind(struct iommufd_ctx *ictx,
					   struct device *dev, u32 *id);
struct iommufd_device *iommufd_device_bind_noiommu(struct iommufd_ctx *ictx,
						   struct device *dev, u32 *id);
void iommufd_device_unbind(struct iommufd_device *idev);

int iommufd_device_attach(struct iommufd_device *idev, ioasid_t pasid,
			  u32 *pt_id);
int iommufd_device_replace(struct iommufd_device *idev, ioasid_t pasid,
			   u32 *pt_id);
void iommufd_device_detach(struct iommufd_device *idev, ioasid_t pasid);

struct iommufd_ctx *iommufd_device_to_ictx(struct iommufd_device *idev);
u32 iommufd_device_to_id(struct iommufd_device *idev);

/**
 * struct iommufd_access_ops - what a driver of a software device must do
 */
struct iommufd_access_ops {
	/** @needs_pin_pages: it calls iommufd_access_pin_pages() */
	u8 needs_pin_pages : 1;
	/**
	 * @unmap: when it returns, nothing of a range of IOVA is pinned any
	 * more. Called without locks; may sleep.
	 */
	void (*unmap)(void *data, unsigned long iova, unsigned long length);
};

/* Flags of iommufd_access_pin_pages() and iommufd_access_rw() */
enum {
	IOMMUFD_ACCESS_RW_READ = 0,
	IOMMUFD_ACCESS_RW_WRITE = 1 << 0,
	/* the caller is a kernel thread */
	IOMMUFD_ACCESS_RW_KTHREAD = 1 << 1,
	/* for tests: do without shortcuts */
	__IOMMUFD_ACCESS_RW_SLOW_PATH = 1 << 2,
};

struct iommufd_access *
iommufd_access_create(struct iommufd_ctx *ictx,
		      const struct iommufd_access_ops *ops, void *data,
		      u32 *id);
void iommufd_access_destroy(struct iommufd_access *access);
int iommufd_access_attach(struct iommufd_access *access, u32 ioas_id);
int iommufd_access_replace(struct iommufd_access *access, u32 ioas_id);
void iommufd_access_detach(struct iommufd_access *access);
int iommufd_access_pin_pages(struct iommufd_access *access, unsigned long iova,
			     unsigned long length, struct page **out_pages,
			     unsigned int flags);
void iommufd_access_unpin_pages(struct iommufd_access *access,
				unsigned long iova, unsigned long length);
int iommufd_access_rw(struct iommufd_access *access, unsigned long iova,
		      void *data, size_t length, unsigned int flags);

/**
 * struct iommufd_dmabuf_range - where some of a dma-buf is
 */
struct iommufd_dmabuf_range {
	/** @start: physical address, a multiple of PAGE_SIZE */
	phys_addr_t start;
	/** @length: bytes, a multiple of PAGE_SIZE */
	size_t length;
};

/**
 * struct iommufd_dmabuf_exporter - how to map the dma-bufs of a driver
 *
 * The driver takes memory back by dma_buf_invalidate_mappings(); when that
 * returns no device reaches it, and it is gone for good from the mappings that
 * there were. Its dma-bufs have a pin op.
 */
struct iommufd_dmabuf_exporter {
	/** @ops: the dma-bufs are those with these; @ops's module is the owner */
	const struct dma_buf_ops *ops;
	/**
	 * @ranges: all of a dma-buf, in order; they do not change as long as it
	 * exists. Returns them and sets @nr, or ERR_PTR(-ENODEV) where it is
	 * revoked just now. The reservation lock is held.
	 */
	const struct iommufd_dmabuf_range *(*ranges)(
		struct dma_buf_attachment *attach, unsigned int *nr);
	/** @entry: iommufd's */
	struct list_head entry;
};

void iommufd_dmabuf_register(struct iommufd_dmabuf_exporter *exporter);
void iommufd_dmabuf_unregister(struct iommufd_dmabuf_exporter *exporter);

/**
 * enum iommufd_group_kind - what the devices of a group are
 */
enum iommufd_group_kind {
	/** @IOMMUFD_GROUP_PHYSICAL: they do DMA through an IOMMU */
	IOMMUFD_GROUP_PHYSICAL,
	/** @IOMMUFD_GROUP_EMULATED: software that reaches memory by the CPU */
	IOMMUFD_GROUP_EMULATED,
	/** @IOMMUFD_GROUP_NOIOMMU: they do DMA wherever they like */
	IOMMUFD_GROUP_NOIOMMU,
};

extern bool iommufd_noiommu;

struct iommufd_container_group *
iommufd_container_add_group(struct iommufd_ctx *ictx, struct iommu_group *group,
			    struct device *dev, enum iommufd_group_kind kind);
void iommufd_container_remove_group(struct iommufd_container_group *cgrp);
int iommufd_container_open_device(struct iommufd_container_group *cgrp);
void iommufd_container_close_device(struct iommufd_container_group *cgrp);

/* Most pages that iommufd_container_pin_pages() takes in one call */
#define IOMMUFD_CONTAINER_MAX_PIN (PAGE_SIZE / sizeof(unsigned long))

struct iommufd_container_access *
iommufd_container_access_create(struct iommufd_container_group *cgrp,
				const struct iommufd_access_ops *ops,
				void *data);
void iommufd_container_access_destroy(struct iommufd_container_access *access);
int iommufd_container_pin_pages(struct iommufd_container_access *access,
				unsigned long iova, int npage, int prot,
				struct page **pages);
void iommufd_container_unpin_pages(struct iommufd_container_access *access,
				   unsigned long iova, int npage);
int iommufd_container_rw(struct iommufd_container_access *access,
			 unsigned long iova, void *data, size_t length,
			 unsigned int flags);

#endif /* __LINUX_IOMMUFD_H */
