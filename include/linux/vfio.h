/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interface of vfio.ko for drivers that pass devices to user space.
 *
 * Names and signatures are those of the kernel's own header, so that a driver
 * written for it compiles. The layout of the structs differs. All symbols are
 * exported in the namespace VFIO_NG, so that modules built against the other
 * layout cannot be loaded.
 */
#ifndef __LINUX_VFIO_H
#define __LINUX_VFIO_H

#include <linux/build_bug.h>
#include <linux/cdev.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/iommufd_refusal.h>
#include <linux/iova_bitmap.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/uuid.h>
#include <linux/xarray.h>
#include <uapi/linux/vfio.h>

struct dentry;
struct file;
struct inode;
struct iommufd_access;
struct iommufd_container_access;
struct iommufd_ctx;
struct iommufd_device;
struct kvm;
struct vfio_group;
struct rb_root_cached;
struct vfio_info_cap;
struct vfio_log_ops;
struct vfio_migration_ops;
struct virqfd;

/**
 * struct vfio_device_set - devices that are opened and reset as one
 *
 * A driver puts devices that share a reset into one set. If it does not assign
 * a set to a device, the device has a set of its own.
 */
struct vfio_device_set {
	/** @set_id: the set's identifier, chosen by the driver */
	void *set_id;
	/**
	 * @lock: held around open_device() and close_device() of each member;
	 * protects @device_list and the open_count of the members
	 */
	struct mutex lock;
	/** @device_list: members, by vfio_device.dev_set_list */
	struct list_head device_list;
	/** @device_count: number of members, protected by the set index lock */
	unsigned int device_count;
};

/**
 * struct vfio_device - a device that user space can open
 *
 * The first member of the driver's own struct, allocated by vfio_alloc_device()
 * and freed when the last reference to @device is dropped.
 */
struct vfio_device {
	/** @dev: the device that user space gets */
	struct device *dev;
	/** @ops: operations of the driver */
	const struct vfio_device_ops *ops;
	/**
	 * @mig_ops: migration, or NULL. The driver sets this, @log_ops and
	 * @migration_flags before it registers the device; they do not change
	 * afterwards.
	 */
	const struct vfio_migration_ops *mig_ops;
	/** @log_ops: logging of DMA, or NULL */
	const struct vfio_log_ops *log_ops;
	/** @migration_flags: VFIO_MIGRATION_*, the states that are supported */
	unsigned int migration_flags;
	/**
	 * @precopy_info_v2: the user knows the flags of struct
	 * vfio_precopy_info. Set by VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2
	 * until the device is closed.
	 */
	u8 precopy_info_v2;
	/**
	 * @debug_root: directory in debugfs, always NULL; a driver uses it if
	 * CONFIG_VFIO_DEBUGFS is set, which it is not in Debian's kernels
	 */
	struct dentry *debug_root;
	/** @group: its group, while the device is registered */
	struct vfio_group *group;
	/** @group_next: link in the group's list of devices */
	struct list_head group_next;
	/** @dev_set: its set */
	struct vfio_device_set *dev_set;
	/** @dev_set_list: link in @dev_set, protected by its lock */
	struct list_head dev_set_list;
	/**
	 * @kvm: virtual machine that the device is open for, or NULL. Does not
	 * change from open_device() to close_device().
	 */
	struct kvm *kvm;
	/**
	 * @container_id: identity of the container that the device is open
	 * through, or 0 without one; set from open_device() to close_device()
	 */
	u64 container_id;

	/* Private to vfio.ko, except @inode and @open_count */

	/** @index: N in vfioN */
	unsigned int index;
	/** @device: vfioN in sysfs; its references keep this struct */
	struct device device;
	/** @cdev: /dev/vfio/devices/vfioN */
	struct cdev cdev;
	/** @refcount: number of files, plus one while registered */
	refcount_t refcount;
	/** @open_count: successful opens, protected by the lock of @dev_set */
	unsigned int open_count;
	/** @comp: completed when @refcount drops to zero */
	struct completion comp;
	/** @put_kvm: drop the reference to @kvm */
	void (*put_kvm)(struct kvm *kvm);
	/**
	 * @inode: inode through which all files of the device map, so that
	 * unmap_mapping_range() on it covers all mappings
	 */
	struct inode *inode;
	/** @iommufd_device: set while bound to an iommufd */
	struct iommufd_device *iommufd_device;
	/** @iommufd_access: the same for an emulated device */
	struct iommufd_access *iommufd_access;
	/** @container_access: the same while open through a container */
	struct iommufd_container_access *container_access;
	/**
	 * @attach_lock: protects the attachments of the device, below. Held while
	 * memory is pinned, which may wait for user space, so that no other
	 * device waits for it. Taken inside the lock of @dev_set.
	 */
	struct mutex attach_lock;
	/** @iommufd_attached: attached to an IOAS or HWPT of that iommufd */
	bool iommufd_attached;
	/** @pasids: attached PASIDs */
	struct xarray pasids;
	/** @noiommu: the device does DMA without an IOMMU */
	bool noiommu;
	/** @cdev_opened: bound through the device node, not through a group */
	bool cdev_opened;
	/** @refusals: calls on its files that were refused; see vfio_refuse() */
	struct iommufd_refusal_log refusals;
};

/**
 * struct vfio_device_ops - operations of a driver
 *
 * Operations with "set lock held" are called with the lock of the device's set.
 */
struct vfio_device_ops {
	/** @name: name of the driver */
	char *name;
	/** @init: initialize the driver's part of a new device; optional */
	int (*init)(struct vfio_device *vdev);
	/** @release: free what @init allocated; optional */
	void (*release)(struct vfio_device *vdev);
	/** @bind_iommufd: bind to an iommufd, return the ID; set lock held */
	int (*bind_iommufd)(struct vfio_device *vdev, struct iommufd_ctx *ictx,
			    u32 *out_device_id);
	/**
	 * @unbind_iommufd: undo @bind_iommufd, attachments included; set lock
	 * held
	 */
	void (*unbind_iommufd)(struct vfio_device *vdev);
	/**
	 * @attach_ioas: attach to an IOAS or HWPT, or replace the attachment,
	 * and set @pt_id to the ID of the HWPT; attach_lock held
	 */
	int (*attach_ioas)(struct vfio_device *vdev, u32 *pt_id);
	/**
	 * @detach_ioas: undo @attach_ioas, or do nothing if the device is not
	 * attached; attach_lock held
	 */
	void (*detach_ioas)(struct vfio_device *vdev);
	/**
	 * @pasid_attach_ioas: like @attach_ioas for one PASID of the device;
	 * optional, together with @pasid_detach_ioas; attach_lock held
	 */
	int (*pasid_attach_ioas)(struct vfio_device *vdev, u32 pasid,
				 u32 *pt_id);
	/**
	 * @pasid_detach_ioas: undo @pasid_attach_ioas, or do nothing if the
	 * PASID is not attached; attach_lock held
	 */
	void (*pasid_detach_ioas)(struct vfio_device *vdev, u32 pasid);
	/**
	 * @open_device: prepare for the first file with access; optional; set
	 * lock held
	 */
	int (*open_device)(struct vfio_device *vdev);
	/**
	 * @close_device: clean up after the last file with access; optional;
	 * set lock held
	 */
	void (*close_device)(struct vfio_device *vdev);
	/** @read: read(2) */
	ssize_t (*read)(struct vfio_device *vdev, char __user *buf,
			size_t count, loff_t *ppos);
	/** @write: write(2) */
	ssize_t (*write)(struct vfio_device *vdev, const char __user *buf,
			 size_t count, loff_t *ppos);
	/** @ioctl: ioctl(2), for commands that vfio.ko does not implement */
	long (*ioctl)(struct vfio_device *vdev, unsigned int cmd,
		      unsigned long arg);
	/**
	 * @get_region_info_caps: handle VFIO_DEVICE_GET_REGION_INFO: fill in
	 * @info for info->index and add capabilities to @caps, which vfio.ko
	 * copies to the user and frees
	 */
	int (*get_region_info_caps)(struct vfio_device *vdev,
				    struct vfio_region_info *info,
				    struct vfio_info_cap *caps);
	/** @mmap: mmap(2) */
	int (*mmap)(struct vfio_device *vdev, struct vm_area_struct *vma);
	/**
	 * @request: ask the user to close the device; @count is the number of
	 * requests before this one; optional
	 */
	void (*request)(struct vfio_device *vdev, unsigned int count);
	/**
	 * @match: test whether a name passed to VFIO_GROUP_GET_DEVICE_FD is
	 * that of this device. Returns a positive value if it is, 0 if not, or
	 * a negative errno to stop the search. Optional; the default is to
	 * compare the name of @vdev->dev.
	 */
	int (*match)(struct vfio_device *vdev, char *buf);
	/**
	 * @match_token_uuid: check the token of VFIO_DEVICE_BIND_IOMMUFD, NULL
	 * if the user gave none. Returns 0 or a negative errno; optional; set
	 * lock held.
	 */
	int (*match_token_uuid)(struct vfio_device *vdev, const uuid_t *uuid);
	/**
	 * @dma_unmap: unpin what vfio_pin_pages() has pinned in a range of IOVA
	 * that is about to be unmapped. Required for vfio_pin_pages(). Called
	 * without locks, also after close_device(); may sleep.
	 */
	void (*dma_unmap)(struct vfio_device *vdev, u64 iova, u64 length);
	/**
	 * @device_feature: handle VFIO_DEVICE_FEATURE. @flags and @argsz are
	 * arguments for vfio_check_feature(). Returns -ENOTTY for an unknown
	 * feature; optional.
	 */
	int (*device_feature)(struct vfio_device *device, u32 flags,
			      void __user *arg, size_t argsz);
};

/**
 * struct vfio_migration_ops - operations of a driver that supports migration
 *
 * All are required. The driver serializes them with each other and with resets
 * of the device, after which the state is VFIO_DEVICE_STATE_RUNNING.
 */
struct vfio_migration_ops {
	/**
	 * @migration_set_state: change the state, by the steps that
	 * vfio_mig_get_next_state() returns. If a transfer begins, returns its
	 * file with a reference for the caller; otherwise NULL or an ERR_PTR. A
	 * state that ends the transfer also disables the file.
	 */
	struct file *(*migration_set_state)(
		struct vfio_device *device,
		enum vfio_device_mig_state new_state);
	/** @migration_get_state: report the state */
	int (*migration_get_state)(struct vfio_device *device,
				   enum vfio_device_mig_state *curr_state);
	/** @migration_get_data_size: estimate the bytes of the saved state */
	int (*migration_get_data_size)(struct vfio_device *device,
				       unsigned long *stop_copy_length);
};

/**
 * struct vfio_log_ops - operations of a driver that supports logging of DMA
 *
 * All are required. The user may call them in any order; the driver checks
 * whether logging is active.
 */
struct vfio_log_ops {
	/**
	 * @log_start: start to log writes to @ranges, a tree of @nnodes
	 * disjoint struct interval_tree_node that is only valid during the
	 * call. @page_size is the granularity that the user prefers; the driver
	 * sets it to the actual one.
	 */
	int (*log_start)(struct vfio_device *device,
			 struct rb_root_cached *ranges, u32 nnodes,
			 u64 *page_size);
	/**
	 * @log_stop: stop logging; also called without a request of the user
	 */
	int (*log_stop)(struct vfio_device *device);
	/**
	 * @log_read_and_clear: report the writes to a range by
	 * iova_bitmap_set() on @dirty, and clear them in the log
	 */
	int (*log_read_and_clear)(struct vfio_device *device,
				  unsigned long iova, unsigned long length,
				  struct iova_bitmap *dirty);
};

/**
 * struct vfio_info_cap - a chain of capabilities under construction
 */
struct vfio_info_cap {
	/** @buf: the chain; offsets begin here; freed by kfree() */
	struct vfio_info_cap_header *buf;
	/** @size: bytes in @buf */
	size_t size;
};

/**
 * vfio_check_feature() - check a VFIO_DEVICE_FEATURE request
 * @flags: argument of the device_feature op
 * @argsz: argument of the device_feature op
 * @supported_ops: VFIO_DEVICE_FEATURE_GET and _SET, as the feature supports
 * them
 * @minsz: bytes of data that the feature requires
 *
 * Context: Any.
 * Return: 1 if the op is to carry out the request. Otherwise the value that the
 * op returns: 0 for a successful probe, or -EINVAL.
 */
static inline int vfio_check_feature(u32 flags, size_t argsz, u32 supported_ops,
				     size_t minsz)
{
	u32 ops = flags & (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET);

	if (ops & ~supported_ops)
		return -EINVAL;
	if (flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	return ops && argsz >= minsz ? 1 : -EINVAL;
}

/**
 * vfio_check_precopy_ioctl() - check an ioctl of the file of a transfer
 * @vdev: the device
 * @cmd: command of the ioctl
 * @arg: its argument
 * @info: filled in from @arg
 *
 * Context: May sleep.
 * Return: 0 if the caller is to carry out VFIO_MIG_GET_PRECOPY_INFO, -ENOTTY
 * for another command, -EINVAL, -EFAULT.
 */
static inline int vfio_check_precopy_ioctl(struct vfio_device *vdev,
					   unsigned int cmd, unsigned long arg,
					   struct vfio_precopy_info *info)
{
	if (cmd != VFIO_MIG_GET_PRECOPY_INFO)
		return -ENOTTY;
	if (copy_from_user(info, (void __user *)arg, sizeof(*info)))
		return -EFAULT;
	if (info->argsz < sizeof(*info))
		return -EINVAL;

	/* Leave the flags as they are for a user that does not know them. */
	if (READ_ONCE(vdev->precopy_info_v2))
		info->flags = 0;
	return 0;
}

/**
 * vfio_device_cdev_opened() - test whether a device is bound by its device node
 * @device: the device
 *
 * Context: Any. The caller holds the lock of the device's set.
 * Return: true from VFIO_DEVICE_BIND_IOMMUFD until that file is closed.
 */
static inline bool vfio_device_cdev_opened(struct vfio_device *device)
{
	return device->cdev_opened;
}

/**
 * vfio_refuse() - note the reason for which a call on a device is refused
 * @vdev: the device, which the reason names
 * @code: enum iommufd_refusal_code
 * @...: up to IOMMUFD_REFUSAL_ARGS numbers
 *
 * Context: Any but interrupts.
 */
#define vfio_refuse(vdev, code, ...)                                        \
	iommufd_refuse_name(&(vdev)->refusals, code, dev_name((vdev)->dev), \
			    NULL, __VA_ARGS__)

struct vfio_device *_vfio_alloc_device(size_t size, struct device *dev,
				       const struct vfio_device_ops *ops);

/**
 * vfio_alloc_device() - allocate a driver's device struct
 * @type: name of the driver's struct, without "struct"
 * @member: name of its struct vfio_device, which must be the first member
 * @dev: device that user space will get
 * @ops: the driver's ops
 *
 * Context: May sleep.
 * Return: the struct, zeroed except for @member and what ops->init() set, or an
 * ERR_PTR.
 */
#define vfio_alloc_device(type, member, dev, ops)                         \
	((struct type *)_vfio_alloc_device(                               \
		sizeof(struct type) +                                     \
			BUILD_BUG_ON_ZERO(offsetof(struct type, member)), \
		dev, ops))

/**
 * vfio_put_device() - drop the reference of vfio_alloc_device()
 * @device: the device, which may be freed
 *
 * Context: May sleep.
 */
static inline void vfio_put_device(struct vfio_device *device)
{
	put_device(&device->device);
}

int vfio_register_group_dev(struct vfio_device *device);
int vfio_register_emulated_iommu_dev(struct vfio_device *device);
void vfio_unregister_group_dev(struct vfio_device *device);
bool vfio_device_try_get_registration(struct vfio_device *device);
void vfio_device_put_registration(struct vfio_device *device);
struct iommufd_refusal_log *
vfio_device_dma_refusals(struct vfio_device *device);

int vfio_assign_device_set(struct vfio_device *device, void *set_id);
unsigned int vfio_device_set_open_count(struct vfio_device_set *dev_set);
struct vfio_device *vfio_find_device_in_devset(struct vfio_device_set *dev_set,
					       struct device *dev);

int vfio_mig_get_next_state(struct vfio_device *device,
			    enum vfio_device_mig_state cur_fsm,
			    enum vfio_device_mig_state new_fsm,
			    enum vfio_device_mig_state *next_fsm);
void vfio_combine_iova_ranges(struct rb_root_cached *root, u32 cur_nodes,
			      u32 req_nodes);

struct iommufd_ctx *vfio_iommufd_device_ictx(struct vfio_device *vdev);
int vfio_iommufd_get_dev_id(struct vfio_device *vdev, struct iommufd_ctx *ictx);
int vfio_iommufd_physical_bind(struct vfio_device *vdev,
			       struct iommufd_ctx *ictx, u32 *out_device_id);
void vfio_iommufd_physical_unbind(struct vfio_device *vdev);
int vfio_iommufd_physical_attach_ioas(struct vfio_device *vdev, u32 *pt_id);
void vfio_iommufd_physical_detach_ioas(struct vfio_device *vdev);
int vfio_iommufd_physical_pasid_attach_ioas(struct vfio_device *vdev, u32 pasid,
					    u32 *pt_id);
void vfio_iommufd_physical_pasid_detach_ioas(struct vfio_device *vdev,
					     u32 pasid);

/* For devices registered by vfio_register_emulated_iommu_dev() */
int vfio_iommufd_emulated_bind(struct vfio_device *vdev,
			       struct iommufd_ctx *ictx, u32 *out_device_id);
void vfio_iommufd_emulated_unbind(struct vfio_device *vdev);
int vfio_iommufd_emulated_attach_ioas(struct vfio_device *vdev, u32 *pt_id);
void vfio_iommufd_emulated_detach_ioas(struct vfio_device *vdev);

/* Number of pages that one call of vfio_pin_pages() always accepts */
#define VFIO_PIN_PAGES_MAX_ENTRIES (PAGE_SIZE / sizeof(unsigned long))

int vfio_pin_pages(struct vfio_device *device, dma_addr_t iova, int npage,
		   int prot, struct page **pages);
void vfio_unpin_pages(struct vfio_device *device, dma_addr_t iova, int npage);
int vfio_dma_rw(struct vfio_device *device, dma_addr_t iova, void *data,
		size_t len, bool write);

/* KVM looks these up by name at run time, so they must not be renamed. */
bool vfio_file_is_valid(struct file *file);
bool vfio_file_enforced_coherent(struct file *file);
void vfio_file_set_kvm(struct file *file, struct kvm *kvm);
struct iommu_group *vfio_file_iommu_group(struct file *file);
bool vfio_file_is_group(struct file *file);
bool vfio_file_has_dev(struct file *file, struct vfio_device *device);

struct vfio_info_cap_header *
vfio_info_cap_add(struct vfio_info_cap *caps, size_t size, u16 id, u16 version);
void vfio_info_cap_shift(struct vfio_info_cap *caps, size_t offset);
int vfio_info_add_capability(struct vfio_info_cap *caps,
			     struct vfio_info_cap_header *cap, size_t size);
int vfio_set_irqs_validate_and_prepare(struct vfio_irq_set *hdr, int num_irqs,
				       int max_irq_type, size_t *data_size);

int vfio_virqfd_enable(void *opaque, int (*handler)(void *, void *),
		       void (*thread)(void *, void *), void *data,
		       struct virqfd **pvirqfd, int fd);
void vfio_virqfd_disable(struct virqfd **pvirqfd);
void vfio_virqfd_flush_thread(struct virqfd **pvirqfd);

#endif /* __LINUX_VFIO_H */
