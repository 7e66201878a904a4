/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What vfio.ko offers to the drivers that hand devices to user space.
 *
 * Names and signatures are those of the kernel's own header, so that a driver
 * written for it compiles. The layout of the structs is ours: every symbol is
 * exported in the namespace VFIO_NG, which keeps modules built against the
 * other layout out.
 */
#ifndef __LINUX_VFIO_H
#define __LINUX_VFIO_H

#include <linux/build_bug.h>
#include <linux/cdev.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/iommu.h>
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
 * A driver puts devices that share a reset into one set. A device whose driver
 * names no set is alone in a set of its own.
 */
struct vfio_device_set {
	/** @set_id: what the driver named the set by */
	void *set_id;
	/**
	 * @lock: held around open_device() and close_device() of each member;
	 * protects @device_list and the open_count of the members
	 */
	struct mutex lock;
	/** @device_list: members, by vfio_device.dev_set_list */
	struct list_head device_list;
	/** @device_count: members, protected by the lock of the set index */
	unsigned int device_count;
};

/**
 * struct vfio_device - a device that user space can open
 *
 * Lives inside the driver's own struct, as its first member; allocated by
 * vfio_alloc_device() and freed when the last reference to @device goes.
 */
struct vfio_device {
	/** @dev: the device that is handed out */
	struct device *dev;
	/** @ops: what the driver does for it */
	const struct vfio_device_ops *ops;
	/**
	 * @mig_ops: migration, NULL where the device has none; this and the
	 * next two are set before the device is registered and stay
	 */
	const struct vfio_migration_ops *mig_ops;
	/** @log_ops: logging of DMA, NULL where the device has none */
	const struct vfio_log_ops *log_ops;
	/** @migration_flags: VFIO_MIGRATION_*, the states that there are */
	unsigned int migration_flags;
	/**
	 * @precopy_info_v2: user knows the flags of struct vfio_precopy_info;
	 * from VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2 until it is closed
	 */
	u8 precopy_info_v2;
	/** @group: its group; from registration until it is unregistered */
	struct vfio_group *group;
	/** @group_next: link in the group's list of devices */
	struct list_head group_next;
	/** @dev_set: the set that it is in */
	struct vfio_device_set *dev_set;
	/** @dev_set_list: link in @dev_set, protected by its lock */
	struct list_head dev_set_list;
	/**
	 * @kvm: virtual machine that the device is open for, or NULL. Stable
	 * from open_device() to close_device().
	 */
	struct kvm *kvm;

	/* The rest belongs to vfio.ko, but for @inode and @open_count */

	/** @index: N in vfioN */
	unsigned int index;
	/** @device: vfioN in sysfs; its reference count is our lifetime */
	struct device device;
	/** @cdev: /dev/vfio/devices/vfioN */
	struct cdev cdev;
	/** @refcount: files, plus one while registered */
	refcount_t refcount;
	/** @open_count: opens that passed, protected by the lock of @dev_set */
	unsigned int open_count;
	/** @comp: completed when @refcount comes to zero */
	struct completion comp;
	/** @put_kvm: gives the reference on @kvm back */
	void (*put_kvm)(struct kvm *kvm);
	/**
	 * @inode: every file of the device maps through this inode, so that
	 * unmap_mapping_range() on it reaches all of them
	 */
	struct inode *inode;
	/** @iommufd_device: set while bound to an iommufd */
	struct iommufd_device *iommufd_device;
	/** @iommufd_access: the same for a device that is software */
	struct iommufd_access *iommufd_access;
	/** @container_access: the same while open through a container */
	struct iommufd_container_access *container_access;
	/** @iommufd_attached: it is attached to what it is bound to */
	bool iommufd_attached;
	/** @pasids: its PASIDs that are attached; lock of the set */
	struct xarray pasids;
	/** @noiommu: it does DMA without an IOMMU */
	bool noiommu;
	/** @cdev_opened: bound through the device node, not through a group */
	bool cdev_opened;
};

/**
 * struct vfio_device_ops - what a driver implements
 *
 * Called with the lock of the device's set held where it says so.
 */
struct vfio_device_ops {
	/** @name: name of the driver */
	char *name;
	/** @init: sets up the driver's part of a fresh device; optional */
	int (*init)(struct vfio_device *vdev);
	/** @release: frees what @init made; optional */
	void (*release)(struct vfio_device *vdev);
	/** @bind_iommufd: binds to an iommufd, returns the ID; set lock held */
	int (*bind_iommufd)(struct vfio_device *vdev, struct iommufd_ctx *ictx,
			    u32 *out_device_id);
	/**
	 * @unbind_iommufd: undoes @bind_iommufd, attachments included; set lock
	 * held
	 */
	void (*unbind_iommufd)(struct vfio_device *vdev);
	/**
	 * @attach_ioas: attaches to an IOAS or HWPT, or moves over to it; gives
	 * the ID of the HWPT back; set lock held
	 */
	int (*attach_ioas)(struct vfio_device *vdev, u32 *pt_id);
	/**
	 * @detach_ioas: undoes @attach_ioas; harmless where there is nothing to
	 * undo; set lock held
	 */
	void (*detach_ioas)(struct vfio_device *vdev);
	/**
	 * @pasid_attach_ioas: the same for one PASID of the device; optional, and
	 * with it @pasid_detach_ioas
	 */
	int (*pasid_attach_ioas)(struct vfio_device *vdev, u32 pasid,
				 u32 *pt_id);
	/**
	 * @pasid_detach_ioas: undoes @pasid_attach_ioas; harmless where there is
	 * nothing to undo
	 */
	void (*pasid_detach_ioas)(struct vfio_device *vdev, u32 pasid);
	/** @open_device: first file gets access; optional; set lock held */
	int (*open_device)(struct vfio_device *vdev);
	/** @close_device: last file with access goes; optional; set lock held */
	void (*close_device)(struct vfio_device *vdev);
	/** @read: read(2) */
	ssize_t (*read)(struct vfio_device *vdev, char __user *buf,
			size_t count, loff_t *ppos);
	/** @write: write(2) */
	ssize_t (*write)(struct vfio_device *vdev, const char __user *buf,
			 size_t count, loff_t *ppos);
	/** @ioctl: ioctl(2), but for those that vfio.ko answers */
	long (*ioctl)(struct vfio_device *vdev, unsigned int cmd,
		      unsigned long arg);
	/**
	 * @get_region_info_caps: VFIO_DEVICE_GET_REGION_INFO: fills @info for
	 * info->index and appends capabilities; vfio.ko frees and copies them
	 */
	int (*get_region_info_caps)(struct vfio_device *vdev,
				    struct vfio_region_info *info,
				    struct vfio_info_cap *caps);
	/** @mmap: mmap(2) */
	int (*mmap)(struct vfio_device *vdev, struct vm_area_struct *vma);
	/**
	 * @request: asks the user to close the device; count goes up from 0;
	 * optional
	 */
	void (*request)(struct vfio_device *vdev, unsigned int count);
	/**
	 * @match: does a name passed to VFIO_GROUP_GET_DEVICE_FD mean this
	 * device: positive yes, 0 no, negative errno stops the search.
	 * Optional; without it the name of @vdev->dev is compared.
	 */
	int (*match)(struct vfio_device *vdev, char *buf);
	/**
	 * @match_token_uuid: does VFIO_DEVICE_BIND_IOMMUFD bring the right token
	 * (NULL: none came): 0 or -errno; optional; set lock held
	 */
	int (*match_token_uuid)(struct vfio_device *vdev, const uuid_t *uuid);
	/**
	 * @dma_unmap: a range of IOVA is going to be unmapped: unpin what
	 * vfio_pin_pages() has pinned there. Needed to pin. Called without
	 * locks, also after close_device(); may sleep.
	 */
	void (*dma_unmap)(struct vfio_device *vdev, u64 iova, u64 length);
	/**
	 * @device_feature: VFIO_DEVICE_FEATURE, -ENOTTY for an unknown one;
	 * optional. @flags and @argsz are for vfio_check_feature()
	 */
	int (*device_feature)(struct vfio_device *device, u32 flags,
			      void __user *arg, size_t argsz);
};

/**
 * struct vfio_migration_ops - what a driver implements for migration
 *
 * All of them. The driver has to serialize them, with one another and with
 * resets of the device, after which the state is VFIO_DEVICE_STATE_RUNNING.
 */
struct vfio_migration_ops {
	/**
	 * @migration_set_state: goes to a state, by the steps that
	 * vfio_mig_get_next_state() tells. Returns the file to move the data
	 * by, with a reference for the caller, where a transfer begins, NULL
	 * where none does, or ERR_PTR; leaving a transfer ends the file.
	 */
	struct file *(*migration_set_state)(
		struct vfio_device *device,
		enum vfio_device_mig_state new_state);
	/** @migration_get_state: tells the state */
	int (*migration_get_state)(struct vfio_device *device,
				   enum vfio_device_mig_state *curr_state);
	/** @migration_get_data_size: guesses the bytes that saving gives */
	int (*migration_get_data_size)(struct vfio_device *device,
				       unsigned long *stop_copy_length);
};

/**
 * struct vfio_log_ops - what a driver implements for logging of DMA
 *
 * All of them. The user may call them in any order: the driver finds out
 * whether it is logging.
 */
struct vfio_log_ops {
	/**
	 * @log_start: log what is written to @nnodes @ranges, disjoint, struct
	 * interval_tree_node; the tree is gone afterwards. @page_size is what
	 * the user would like, and tells what it is.
	 */
	int (*log_start)(struct vfio_device *device,
			 struct rb_root_cached *ranges, u32 nnodes,
			 u64 *page_size);
	/** @log_stop: ends it; called without a user too */
	int (*log_stop)(struct vfio_device *device);
	/**
	 * @log_read_and_clear: sets in @dirty, by iova_bitmap_set(), what was
	 * written to in a range, and forgets it
	 */
	int (*log_read_and_clear)(struct vfio_device *device,
				  unsigned long iova, unsigned long length,
				  struct iova_bitmap *dirty);
};

/**
 * struct vfio_info_cap - a chain of capabilities under construction
 */
struct vfio_info_cap {
	/** @buf: the chain, offsets counted from here; kfree() it */
	struct vfio_info_cap_header *buf;
	/** @size: bytes in @buf */
	size_t size;
};

/**
 * vfio_check_feature() - check a VFIO_DEVICE_FEATURE request
 * @flags: what the device_feature op got
 * @argsz: what the device_feature op got
 * @supported_ops: VFIO_DEVICE_FEATURE_GET and/or _SET, what the feature can do
 * @minsz: bytes of data that the feature needs
 *
 * Context: Any.
 * Return: 1 where the request is to be carried out, otherwise what the op has
 * to return: 0 for a successful probe, -EINVAL.
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
 * vfio_check_precopy_ioctl() - check an ioctl of a file that data moves by
 * @vdev: the device
 * @cmd: command of the ioctl
 * @arg: its argument
 * @info: filled in from @arg
 *
 * Context: Process context, may sleep.
 * Return: 0 where VFIO_MIG_GET_PRECOPY_INFO is to be carried out; -ENOTTY:
 * another command, -EINVAL, -EFAULT.
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

	/* A user that does not know the flags gets them back as they were */
	if (READ_ONCE(vdev->precopy_info_v2))
		info->flags = 0;
	return 0;
}

/**
 * vfio_device_cdev_opened() - is the device in use through its device node
 * @device: the device
 *
 * Context: Caller holds the lock of the device's set.
 * Return: True from VFIO_DEVICE_BIND_IOMMUFD until that file is closed.
 */
static inline bool vfio_device_cdev_opened(struct vfio_device *device)
{
	return device->cdev_opened;
}

struct vfio_device *_vfio_alloc_device(size_t size, struct device *dev,
				       const struct vfio_device_ops *ops);

/**
 * vfio_alloc_device() - allocate a driver's device struct
 * @type: name of the driver's struct, without "struct"
 * @member: name of its struct vfio_device, which must come first
 * @dev: device that will be handed out
 * @ops: the driver's ops
 *
 * Context: Process context, may sleep.
 * Return: The struct, zeroed but for @member and what ops->init() set;
 * ERR_PTR on failure.
 */
#define vfio_alloc_device(type, member, dev, ops)                         \
	((struct type *)_vfio_alloc_device(                               \
		sizeof(struct type) +                                     \
			BUILD_BUG_ON_ZERO(offsetof(struct type, member)), \
		dev, ops))

/**
 * vfio_put_device() - drop the reference that vfio_alloc_device() gave
 * @device: the device
 *
 * Context: Process context, may sleep. The device may be gone afterwards.
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

/* For a device registered by vfio_register_emulated_iommu_dev() */
int vfio_iommufd_emulated_bind(struct vfio_device *vdev,
			       struct iommufd_ctx *ictx, u32 *out_device_id);
void vfio_iommufd_emulated_unbind(struct vfio_device *vdev);
int vfio_iommufd_emulated_attach_ioas(struct vfio_device *vdev, u32 *pt_id);
void vfio_iommufd_emulated_detach_ioas(struct vfio_device *vdev);

/* Most pages that vfio_pin_pages() takes in one call everywhere */
#define VFIO_PIN_PAGES_MAX_ENTRIES (PAGE_SIZE / sizeof(unsigned long))

int vfio_pin_pages(struct vfio_device *device, dma_addr_t iova, int npage,
		   int prot, struct page **pages);
void vfio_unpin_pages(struct vfio_device *device, dma_addr_t iova, int npage);
int vfio_dma_rw(struct vfio_device *device, dma_addr_t iova, void *data,
		size_t len, bool write);

/* Found by name at run time by KVM: these stay as they are */
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
