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

#include <linux/build_bug.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/rwsem.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <linux/xarray.h>
#include <uapi/linux/iommufd.h>

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
struct iommufd_hwpt;
struct iommufd_p2p_provider;
struct iommufd_viommu_ops;
struct iommufd_viommu_provider;
struct module;
struct object_ops;
struct object_table;
struct page;
struct range;

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

struct iommufd_p2p_provider *
iommufd_p2p_provider_register(const struct range *ranges, unsigned int nr);
void iommufd_p2p_provider_unregister(struct iommufd_p2p_provider *provider);
void iommufd_p2p_provider_revoke(struct iommufd_p2p_provider *provider);
void iommufd_p2p_provider_restore(struct iommufd_p2p_provider *provider);

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

/**
 * struct iommufd_type1_params - how containers behave
 *
 * The values may change at any time.
 */
struct iommufd_type1_params {
	/** @owner: the module, which containers keep; NULL where it is iommufd */
	struct module *owner;
	/**
	 * @allow_unsafe_interrupts: accept groups that can raise any interrupt;
	 * looked at when a group is attached
	 */
	bool allow_unsafe_interrupts;
	/**
	 * @disable_hugepages: map no more than PAGE_SIZE at a time; looked at by
	 * each request to map
	 */
	bool disable_hugepages;
	/**
	 * @dma_entry_limit: most mappings of a container; looked at when it is
	 * set to its type
	 */
	unsigned int dma_entry_limit;
};

void iommufd_type1_register(const struct iommufd_type1_params *params);
void iommufd_type1_unregister(void);

/**
 * struct iommufd_object - what every object that has an ID embeds
 *
 * Its members are iommufd's.
 */
struct iommufd_object {
	/** @table: where its ID lives */
	struct object_table *table;
	/** @ops: its type */
	const struct object_ops *ops;
	/** @id: its ID */
	u32 id;
	/** @users: what depends on it for long */
	unsigned int users;
	/** @refs: requests that are working with it */
	atomic_t refs;
	/** @condemned: who is destroying it must not give up */
	bool condemned;
};

/**
 * struct iommufd_viommu - a guest's share of a physical IOMMU
 *
 * Embedded at the beginning of a structure of the provider's. Members other than
 * @ops are iommufd's to write.
 */
struct iommufd_viommu {
	/** @obj: the ID; HWPTs, vDEVICEs, queues and mmaps of it are users */
	struct iommufd_object obj;
	/** @ictx: the context */
	struct iommufd_ctx *ictx;
	/** @iommu_dev: the physical IOMMU */
	struct iommu_device *iommu_dev;
	/** @hwpt: the nest parent; it is a user of it */
	struct iommufd_hwpt *hwpt;
	/** @provider: who provides it, with a reference to the module */
	const struct iommufd_viommu_provider *provider;
	/** @ops: set by &iommufd_viommu_provider.viommu_init */
	const struct iommufd_viommu_ops *ops;
	/** @vdevs: virtual ID to struct iommufd_vdevice; has its own lock */
	struct xarray vdevs;
	/** @veventqs: list of struct veventq */
	struct list_head veventqs;
	/** @veventqs_rwsem: protects @veventqs */
	struct rw_semaphore veventqs_rwsem;
	/** @type: what kind of IOMMU the guest sees */
	enum iommu_viommu_type type;
};

/**
 * struct iommufd_vdevice - a device as a guest sees it
 *
 * Embedded at the beginning of a structure of the provider's if that says so.
 * Members other than @destroy are iommufd's to write.
 */
struct iommufd_vdevice {
	/** @obj: the ID */
	struct iommufd_object obj;
	/** @viommu: the vIOMMU; it is a user of it */
	struct iommufd_viommu *viommu;
	/** @idev: the device, with a reference */
	struct iommufd_device *idev;
	/** @virt_id: the guest's number for it, unique in @viommu */
	u64 virt_id;
	/**
	 * @destroy: undo &iommufd_viommu_ops.vdevice_init; NULL where there is
	 * nothing to undo
	 */
	void (*destroy)(struct iommufd_vdevice *vdev);
};

/**
 * struct iommufd_hw_queue - a queue in a guest's memory that hardware works on
 *
 * Embedded at the beginning of a structure of the provider's. Members other than
 * @destroy are iommufd's to write.
 */
struct iommufd_hw_queue {
	/** @obj: the ID */
	struct iommufd_object obj;
	/** @viommu: the vIOMMU; it is a user of it */
	struct iommufd_viommu *viommu;
	/** @base_addr: IOVA of the nest parent where it begins */
	u64 base_addr;
	/** @length: bytes */
	size_t length;
	/** @type: what kind of queue */
	enum iommu_hw_queue_type type;
	/**
	 * @destroy: undo &iommufd_viommu_ops.hw_queue_init_phys; NULL where
	 * there is nothing to undo
	 */
	void (*destroy)(struct iommufd_hw_queue *hw_queue);
};

/**
 * struct iommufd_viommu_ops - what a vIOMMU can do; all of it is optional
 */
struct iommufd_viommu_ops {
	/** @destroy: undo &iommufd_viommu_provider.viommu_init */
	void (*destroy)(struct iommufd_viommu *viommu);
	/**
	 * @alloc_domain_nested: make a domain of type IOMMU_DOMAIN_NESTED; with
	 * the flags of IOMMU_HWPT_ALLOC. Returns it or an ERR_PTR.
	 */
	struct iommu_domain *(*alloc_domain_nested)(
		struct iommufd_viommu *viommu, u32 flags,
		const struct iommu_user_data *user_data);
	/**
	 * @cache_invalidate: forget what hardware has cached, request by
	 * request. Returns 0 or a negative errno, and always sets the number of
	 * entries in @array to how many were dealt with.
	 */
	int (*cache_invalidate)(struct iommufd_viommu *viommu,
				struct iommu_user_data_array *array);
	/**
	 * @vdevice_size: bytes of the provider's structure for a vDEVICE, see
	 * VDEVICE_STRUCT_SIZE(); 0 where it has none
	 */
	size_t vdevice_size;
	/**
	 * @vdevice_init: set up a new vDEVICE, of which the device cannot be
	 * unbound meanwhile. Required with @vdevice_size. Returns 0 or a
	 * negative errno.
	 */
	int (*vdevice_init)(struct iommufd_vdevice *vdev);
	/**
	 * @get_hw_queue_size: bytes of the provider's structure for a type of
	 * queue, see HW_QUEUE_STRUCT_SIZE(); 0 where it does not have that type
	 */
	size_t (*get_hw_queue_size)(struct iommufd_viommu *viommu,
				    enum iommu_hw_queue_type queue_type);
	/**
	 * @hw_queue_init_phys: set up a new queue that hardware reaches by the
	 * physical address @base_addr_pa. The memory is contiguous and stays
	 * there as long as the queue. Returns 0 or a negative errno.
	 */
	int (*hw_queue_init_phys)(struct iommufd_hw_queue *hw_queue, u32 index,
				  phys_addr_t base_addr_pa);
};

/**
 * struct iommufd_viommu_provider - who makes vIOMMUs of some physical IOMMUs
 *
 * The driver of an IOMMU cannot do so itself on a kernel that was built without
 * iommufd.
 */
struct iommufd_viommu_provider {
	/** @owner: the module; stays while there are vIOMMUs of it */
	struct module *owner;
	/** @iommu_ops: the physical IOMMUs are those with these */
	const struct iommu_ops *iommu_ops;
	/**
	 * @get_viommu_size: bytes of the provider's structure for a type of
	 * vIOMMU, see VIOMMU_STRUCT_SIZE(); 0 where it does not have that type
	 * for the IOMMU of @dev
	 */
	size_t (*get_viommu_size)(struct device *dev,
				  enum iommu_viommu_type type);
	/**
	 * @viommu_init: set up a new vIOMMU and its ops. @parent_domain belongs
	 * to the driver of the IOMMU. Returns 0 or a negative errno.
	 */
	int (*viommu_init)(struct iommufd_viommu *viommu,
			   struct iommu_domain *parent_domain,
			   const struct iommu_user_data *user_data);
	/** @entry: iommufd's */
	struct list_head entry;
};

#define __IOMMUFD_STRUCT_SIZE(_core, _struct, _member)                     \
	(sizeof(_struct) + BUILD_BUG_ON_ZERO(offsetof(_struct, _member)) + \
	 BUILD_BUG_ON_ZERO(                                                \
		 !__same_type(struct _core, typeof_member(_struct, _member))))

/* Bytes of a structure that begins with a struct iommufd_viommu, and so on. */
#define VIOMMU_STRUCT_SIZE(_struct, _member) \
	__IOMMUFD_STRUCT_SIZE(iommufd_viommu, _struct, _member)
#define VDEVICE_STRUCT_SIZE(_struct, _member) \
	__IOMMUFD_STRUCT_SIZE(iommufd_vdevice, _struct, _member)
#define HW_QUEUE_STRUCT_SIZE(_struct, _member) \
	__IOMMUFD_STRUCT_SIZE(iommufd_hw_queue, _struct, _member)

void iommufd_viommu_register(struct iommufd_viommu_provider *provider);
void iommufd_viommu_unregister(struct iommufd_viommu_provider *provider);

int iommufd_viommu_alloc_mmap(struct iommufd_viommu *viommu,
			      phys_addr_t mmio_addr, size_t length,
			      unsigned long *offset);
void iommufd_viommu_destroy_mmap(struct iommufd_viommu *viommu,
				 unsigned long offset);
struct device *iommufd_vdevice_to_device(struct iommufd_vdevice *vdev);
struct device *iommufd_viommu_find_dev(struct iommufd_viommu *viommu,
				       unsigned long vdev_id);
int iommufd_viommu_get_vdev_id(struct iommufd_viommu *viommu,
			       struct device *dev, unsigned long *vdev_id);
int iommufd_viommu_report_event(struct iommufd_viommu *viommu,
				enum iommu_veventq_type type, void *event_data,
				size_t data_len);
int iommufd_hw_queue_depend(struct iommufd_hw_queue *dependent,
			    struct iommufd_hw_queue *depended);
void iommufd_hw_queue_undepend(struct iommufd_hw_queue *dependent,
			       struct iommufd_hw_queue *depended);

struct iommufd_container_group *
iommufd_container_add_group(struct iommufd_ctx *ictx, struct iommu_group *group,
			    enum iommufd_group_kind kind);
void iommufd_container_remove_group(struct iommufd_container_group *cgrp);
int iommufd_container_check_open(struct iommufd_container_group *cgrp);

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
