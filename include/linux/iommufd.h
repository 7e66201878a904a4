/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interface of iommufd.ko for drivers that pass devices to user space.
 *
 * An open file of /dev/iommu or /dev/vfio/vfio is a struct iommufd_ctx. Drivers
 * use it in one of two ways: device by device (iommufd_device_bind()), or group
 * by group as a VFIO container (iommufd_container_add_group()).
 *
 * All functions may sleep and are exported in the namespace IOMMUFD_NG. Their
 * documentation is at the definition.
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
struct inode;
struct iommu_group;
struct iommufd_access;
struct iommufd_container_access;
struct iommufd_container_group;
struct iommufd_ctx;
struct iommufd_device;
struct iommufd_hwpt;
struct iommufd_p2p_provider;
struct iommufd_refusal_log;
struct iommufd_viommu_ops;
struct iommufd_viommu_provider;
struct module;
struct object_ops;
struct object_table;
struct page;
struct range;
struct seq_file;

int iommufd_container_open(struct inode *inode, struct file *file);
int iommufd_file_release(struct inode *inode, struct file *file);
long iommufd_file_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

void iommufd_file_show_fdinfo(struct seq_file *m, struct file *file);

struct iommufd_ctx *iommufd_ctx_from_file(struct file *file);
struct iommufd_ctx *iommufd_ctx_from_fd(int fd);
void iommufd_ctx_get(struct iommufd_ctx *ictx);
void iommufd_ctx_put(struct iommufd_ctx *ictx);
u64 iommufd_ctx_id(const struct iommufd_ctx *ictx);
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

int iommufd_device_msi_begin(struct iommufd_device *idev);
void iommufd_device_msi_end(struct iommufd_device *idev);
void iommufd_device_msi_release(struct iommufd_device *idev);

struct iommufd_ctx *iommufd_device_to_ictx(struct iommufd_device *idev);
u32 iommufd_device_to_id(struct iommufd_device *idev);
void iommufd_device_attachment(const struct iommufd_device *idev, u32 *hwpt_id,
			       u32 *ioas_id);

/**
 * struct iommufd_access_ops - operations of the driver of an emulated device
 */
struct iommufd_access_ops {
	/** @needs_pin_pages: the driver calls iommufd_access_pin_pages() */
	u8 needs_pin_pages : 1;
	/**
	 * @unmap: unpin a range of IOVA. Nothing of it is pinned any more when
	 * @unmap returns. Called without locks; may sleep.
	 */
	void (*unmap)(void *data, unsigned long iova, unsigned long length);
};

/* Flags of iommufd_access_pin_pages() and iommufd_access_rw() */
enum {
	IOMMUFD_ACCESS_RW_READ = 0,
	IOMMUFD_ACCESS_RW_WRITE = 1 << 0,
	/* The caller is a kernel thread. */
	IOMMUFD_ACCESS_RW_KTHREAD = 1 << 1,
	/* Skip the fast paths; for tests. */
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
u32 iommufd_access_ioas_id(const struct iommufd_access *access);
int iommufd_access_pin_pages(struct iommufd_access *access, unsigned long iova,
			     unsigned long length, struct page **out_pages,
			     unsigned int flags);
void iommufd_access_unpin_pages(struct iommufd_access *access,
				unsigned long iova, unsigned long length);
int iommufd_access_rw(struct iommufd_access *access, unsigned long iova,
		      void *data, size_t length, unsigned int flags);

/**
 * struct iommufd_dmabuf_range - a physically contiguous part of a dma-buf
 */
struct iommufd_dmabuf_range {
	/** @start: physical address, a multiple of PAGE_SIZE */
	phys_addr_t start;
	/** @length: bytes, a multiple of PAGE_SIZE */
	size_t length;
};

/**
 * struct iommufd_dmabuf_exporter - an exporter whose dma-bufs can be mapped
 *
 * The exporter revokes memory by dma_buf_invalidate_mappings(). When that
 * returns, no device can access the memory, and it never reappears in mappings
 * that existed before. The dma-bufs must have a pin op.
 */
struct iommufd_dmabuf_exporter {
	/** @ops: ops of its dma-bufs, in the module that exports them */
	const struct dma_buf_ops *ops;
	/**
	 * @ranges: return all ranges of a dma-buf in order and set @nr, or
	 * return ERR_PTR(-ENODEV) while the dma-buf is revoked. The ranges do
	 * not change during the lifetime of the dma-buf. The reservation lock
	 * is held.
	 */
	const struct iommufd_dmabuf_range *(*ranges)(
		struct dma_buf_attachment *attach, unsigned int *nr);
	/** @entry: private to iommufd */
	struct list_head entry;
};

void iommufd_dmabuf_register(struct iommufd_dmabuf_exporter *exporter);
void iommufd_dmabuf_unregister(struct iommufd_dmabuf_exporter *exporter);

/** IOMMUFD_P2P_PROVIDER_NAME - bytes of the name of a provider, with its NUL */
#define IOMMUFD_P2P_PROVIDER_NAME 32

struct iommufd_p2p_provider *
iommufd_p2p_provider_register(const char *name, const struct range *ranges,
			      unsigned int nr);
void iommufd_p2p_provider_unregister(struct iommufd_p2p_provider *provider);
void iommufd_p2p_provider_suspend(struct iommufd_p2p_provider *provider);
void iommufd_p2p_provider_resume(struct iommufd_p2p_provider *provider);
void iommufd_p2p_provider_revoke(struct iommufd_p2p_provider *provider);
void iommufd_p2p_provider_restore(struct iommufd_p2p_provider *provider);

/**
 * enum iommufd_group_kind - kinds of groups, by the DMA of their devices
 */
enum iommufd_group_kind {
	/** @IOMMUFD_GROUP_PHYSICAL: devices with DMA through an IOMMU */
	IOMMUFD_GROUP_PHYSICAL,
	/** @IOMMUFD_GROUP_EMULATED: emulated devices, which use the CPU */
	IOMMUFD_GROUP_EMULATED,
	/** @IOMMUFD_GROUP_NOIOMMU: devices with unrestricted DMA */
	IOMMUFD_GROUP_NOIOMMU,
};

extern bool iommufd_noiommu;

/**
 * struct iommufd_type1_params - parameters of type1 containers
 *
 * The values may change at any time.
 */
struct iommufd_type1_params {
	/** @owner: module that containers pin */
	struct module *owner;
	/**
	 * @allow_unsafe_interrupts: accept groups that can raise any interrupt;
	 * read when a group is attached
	 */
	bool allow_unsafe_interrupts;
	/**
	 * @disable_hugepages: map no more than PAGE_SIZE at a time; read by
	 * each request to map
	 */
	bool disable_hugepages;
	/**
	 * @dma_entry_limit: maximum mappings of a container; read when the type
	 * of the container is set
	 */
	unsigned int dma_entry_limit;
};

void iommufd_type1_register(const struct iommufd_type1_params *params);
void iommufd_type1_unregister(void);

/**
 * struct iommufd_object - base of every object that has an ID
 *
 * All members are private to iommufd.
 */
struct iommufd_object {
	/** @table: table that holds the ID */
	struct object_table *table;
	/** @ops: operations of the object's type */
	const struct object_ops *ops;
	/** @id: the ID */
	u32 id;
	/**
	 * @users: objects and other long-term users that depend on this one.
	 * No refcount_t, because the lock of the table protects it: whether an
	 * object is in use is decided by both counts at once.
	 */
	unsigned int users;
	/**
	 * @refs: requests that are using the object right now. No refcount_t,
	 * because it is 0 most of the time; raised under the lock of the table.
	 */
	atomic_t refs;
};

/**
 * struct iommufd_viommu - a guest's share of a physical IOMMU
 *
 * First member of a structure of the provider. Only iommufd writes the members,
 * except @ops.
 */
struct iommufd_viommu {
	/** @obj: the object, used by its HWPTs, vDEVICEs, queues and mmaps */
	struct iommufd_object obj;
	/** @ictx: the context */
	struct iommufd_ctx *ictx;
	/** @iommu_dev: the physical IOMMU */
	struct iommu_device *iommu_dev;
	/** @hwpt: the nest parent; the vIOMMU is one of its users */
	struct iommufd_hwpt *hwpt;
	/** @provider: the provider, with a reference to its module */
	const struct iommufd_viommu_provider *provider;
	/** @ops: set by &iommufd_viommu_provider.viommu_init */
	const struct iommufd_viommu_ops *ops;
	/** @vdevs: virtual ID to struct iommufd_vdevice; has its own lock */
	struct xarray vdevs;
	/** @veventqs: list of struct veventq */
	struct list_head veventqs;
	/** @veventqs_rwsem: protects @veventqs */
	struct rw_semaphore veventqs_rwsem;
	/** @type: type of the IOMMU that the guest sees */
	enum iommu_viommu_type type;
};

/**
 * struct iommufd_vdevice - a device as a guest sees it
 *
 * First member of a structure of the provider if
 * &iommufd_viommu_ops.vdevice_size is not 0. Only iommufd writes the members,
 * except @destroy.
 */
struct iommufd_vdevice {
	/** @obj: the object */
	struct iommufd_object obj;
	/** @viommu: the vIOMMU; the vDEVICE is one of its users */
	struct iommufd_viommu *viommu;
	/** @idev: the device, with a reference */
	struct iommufd_device *idev;
	/** @virt_id: the guest's ID of the device, unique in @viommu */
	u64 virt_id;
	/** @destroy: undo &iommufd_viommu_ops.vdevice_init, or NULL */
	void (*destroy)(struct iommufd_vdevice *vdev);
};

/**
 * struct iommufd_hw_queue - a queue in guest memory that hardware processes
 *
 * First member of a structure of the provider. Only iommufd writes the members,
 * except @destroy.
 */
struct iommufd_hw_queue {
	/** @obj: the object */
	struct iommufd_object obj;
	/** @viommu: the vIOMMU; the queue is one of its users */
	struct iommufd_viommu *viommu;
	/** @base_addr: first IOVA, in the nest parent */
	u64 base_addr;
	/** @length: bytes */
	size_t length;
	/** @type: type of the queue */
	enum iommu_hw_queue_type type;
	/** @destroy: undo &iommufd_viommu_ops.hw_queue_init_phys, or NULL */
	void (*destroy)(struct iommufd_hw_queue *hw_queue);
};

/**
 * struct iommufd_viommu_ops - operations of a vIOMMU, all of them optional
 */
struct iommufd_viommu_ops {
	/** @destroy: undo &iommufd_viommu_provider.viommu_init */
	void (*destroy)(struct iommufd_viommu *viommu);
	/**
	 * @alloc_domain_nested: allocate a domain of type IOMMU_DOMAIN_NESTED
	 * with the flags of IOMMU_HWPT_ALLOC. Returns the domain or an ERR_PTR.
	 */
	struct iommu_domain *(*alloc_domain_nested)(
		struct iommufd_viommu *viommu, u32 flags,
		const struct iommu_user_data *user_data);
	/**
	 * @cache_invalidate: invalidate hardware caches as the requests in
	 * @array ask for, in their order. Returns 0 or a negative errno, and
	 * always sets the number of entries in @array to the number of requests
	 * that were handled.
	 */
	int (*cache_invalidate)(struct iommufd_viommu *viommu,
				struct iommu_user_data_array *array);
	/**
	 * @vdevice_size: bytes of the provider's structure for a vDEVICE, see
	 * VDEVICE_STRUCT_SIZE(), or 0 if there is none
	 */
	size_t vdevice_size;
	/**
	 * @vdevice_init: initialize a new vDEVICE. Its device cannot be unbound
	 * meanwhile. Required with @vdevice_size. Returns 0 or a negative
	 * errno.
	 */
	int (*vdevice_init)(struct iommufd_vdevice *vdev);
	/**
	 * @get_hw_queue_size: return the bytes of the provider's structure for
	 * a type of queue, see HW_QUEUE_STRUCT_SIZE(), or 0 if the type is not
	 * supported
	 */
	size_t (*get_hw_queue_size)(struct iommufd_viommu *viommu,
				    enum iommu_hw_queue_type queue_type);
	/**
	 * @hw_queue_init_phys: initialize a new queue that hardware accesses at
	 * the physical address @base_addr_pa. The memory is contiguous and
	 * stays pinned during the lifetime of the queue. Returns 0 or a
	 * negative errno.
	 */
	int (*hw_queue_init_phys)(struct iommufd_hw_queue *hw_queue, u32 index,
				  phys_addr_t base_addr_pa);
};

/**
 * struct iommufd_viommu_provider - provider of vIOMMUs for some physical IOMMUs
 *
 * The driver of an IOMMU cannot provide vIOMMUs itself on a kernel that was
 * built without iommufd.
 */
struct iommufd_viommu_provider {
	/** @owner: module that cannot be unloaded while vIOMMUs of it exist */
	struct module *owner;
	/** @iommu_ops: ops of the physical IOMMUs */
	const struct iommu_ops *iommu_ops;
	/**
	 * @get_viommu_size: return the bytes of the provider's structure for a
	 * type of vIOMMU, see VIOMMU_STRUCT_SIZE(), or 0 if the type is not
	 * supported by the IOMMU of @dev
	 */
	size_t (*get_viommu_size)(struct device *dev,
				  enum iommu_viommu_type type);
	/**
	 * @viommu_init: initialize a new vIOMMU and its ops. @parent_domain is
	 * a domain of the IOMMU driver. Returns 0 or a negative errno.
	 */
	int (*viommu_init)(struct iommufd_viommu *viommu,
			   struct iommu_domain *parent_domain,
			   const struct iommu_user_data *user_data);
	/** @entry: private to iommufd */
	struct list_head entry;
};

#define __IOMMUFD_STRUCT_SIZE(_core, _struct, _member)                     \
	(sizeof(_struct) + BUILD_BUG_ON_ZERO(offsetof(_struct, _member)) + \
	 BUILD_BUG_ON_ZERO(                                                \
		 !__same_type(struct _core, typeof_member(_struct, _member))))

/* Size of a structure whose first member is a struct iommufd_viommu etc. */
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
struct iommufd_refusal_log *
iommufd_container_refusals(const struct iommufd_container_group *cgrp);
u64 iommufd_container_ctx_id(const struct iommufd_container_group *cgrp);
void iommufd_container_refused(struct iommufd_container_group *cgrp, u32 op,
			       long ret);
u64 iommufd_container_id(const struct iommufd_container_group *cgrp);

/* Maximum number of pages of one call of iommufd_container_pin_pages() */
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
