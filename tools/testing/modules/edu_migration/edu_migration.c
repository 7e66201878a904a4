// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver on top of vfio-pci-core that makes the edu device of QEMU one that
 * can be migrated. The device copies memory by DMA, in the background, at the
 * request of registers that the driver adds to BAR 0. It logs what it writes.
 *
 * edu_abi.h describes the registers, which are the migrated state.
 */
#include <linux/anon_inodes.h>
#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/iova_bitmap.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/vfio_pci_core.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "edu_abi.h"
#include "edu_writes.h"

/* Registers of the device itself */
#define EDU_DMA_SRC 0x80
#define EDU_DMA_DST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_COMMAND 0x98
#define EDU_DMA_RUN 1
#define EDU_DMA_TO_MEMORY 2
#define EDU_BUFFER 0x40000

/* The device takes 0.1 s; the rest is for a busy machine */
#define EDU_TIMEOUT_US 40000000

static bool has_log = true;
module_param_named(log, has_log, bool, 0644);
MODULE_PARM_DESC(log, "Devices bound later log their DMA");

static bool lose_writes;
module_param_named(lose, lose_writes, bool, 0644);
MODULE_PARM_DESC(lose, "Break the log: do not report writes");

static bool lose_state;
module_param_named(forget, lose_state, bool, 0644);
MODULE_PARM_DESC(forget, "Break the transfer: do not load the count");

struct blocking_notifier_head edu_writes = BLOCKING_NOTIFIER_INIT(edu_writes);
EXPORT_SYMBOL_GPL(edu_writes);

/**
 * struct edu_file - file to read or write a state
 */
struct edu_file {
	/** @lock: protects the members */
	struct mutex lock;
	/** @edu: the device, NULL after the end of the transfer */
	struct edu_device *edu;
	/** @filp: the file */
	struct file *filp;
	/** @precopy: the device is running, so that the state is not final */
	bool precopy;
	/** @size: valid bytes of @states */
	size_t size;
	/** @pos: number of bytes read */
	size_t pos;
	/** @states: the data, of which the last one is loaded */
	struct edu_state states[2];
};

/**
 * struct edu_device - an edu device
 */
struct edu_device {
	/** @core: device of vfio-pci-core; must be the first member */
	struct vfio_pci_core_device core;
	/** @regs: while open, the registers of the device itself */
	void __iomem *regs;
	/** @copy: copies memory once */
	struct work_struct copy;
	/**
	 * @lock: protects the members below, and is held while the device does
	 * DMA; taken before the lock of a file
	 */
	struct mutex lock;
	/** @mig_state: state of the migration */
	enum vfio_device_mig_state mig_state;
	/** @state: the registers */
	struct edu_state state;
	/** @file: file of the current transfer, or NULL; holds a reference */
	struct edu_file *file;
	/** @logging: DMA is logged */
	bool logging;
	/** @dirty: written pages of 4 KiB */
	struct xarray dirty;
};

static struct edu_device *edu_from(struct vfio_device *vdev)
{
	return container_of(vdev, struct edu_device, core.vdev);
}

static bool edu_may_run(struct edu_device *edu)
{
	return edu->mig_state == VFIO_DEVICE_STATE_RUNNING ||
	       edu->mig_state == VFIO_DEVICE_STATE_PRE_COPY;
}

static int edu_dma(struct edu_device *edu, u64 src, u64 dst, u32 command)
{
	void __iomem *regs = edu->regs;
	u64 running;

	writeq(src, regs + EDU_DMA_SRC);
	writeq(dst, regs + EDU_DMA_DST);
	writeq(edu->state.length, regs + EDU_DMA_COUNT);
	writeq(command | EDU_DMA_RUN, regs + EDU_DMA_COMMAND);
	return readq_poll_timeout(regs + EDU_DMA_COMMAND, running,
				  !(running & EDU_DMA_RUN), 1000,
				  EDU_TIMEOUT_US);
}

static int edu_log(struct edu_device *edu)
{
	unsigned long page = edu->state.dst / SZ_4K;
	unsigned long last = (edu->state.dst + edu->state.length - 1) / SZ_4K;
	int ret = 0;

	for (; !lose_writes && page <= last && !ret; page++) {
		blocking_notifier_call_chain(&edu_writes, page,
					     &edu->core.pdev->dev);
		if (edu->logging)
			ret = xa_err(xa_store(&edu->dirty, page, xa_mk_value(1),
					      GFP_KERNEL));
	}
	return ret;
}

static void edu_copy(struct work_struct *work)
{
	struct edu_device *edu = container_of(work, struct edu_device, copy);
	int ret;

	guard(mutex)(&edu->lock);
	if (!edu_may_run(edu) || edu->state.status != EDU_BUSY)
		return;
	ret = edu_dma(edu, edu->state.src, EDU_BUFFER, 0);
	if (!ret)
		ret = edu_dma(edu, EDU_BUFFER, edu->state.dst,
			      EDU_DMA_TO_MEMORY);
	if (!ret)
		ret = edu_log(edu);
	edu->state.count++;
	edu->state.status = ret ? EDU_FAILED : EDU_IDLE;
}

/* A copy that the user has requested begins, or continues on another device */
static void edu_kick(struct edu_device *edu)
{
	if (edu_may_run(edu) && edu->state.status == EDU_BUSY)
		queue_work(system_unbound_wq, &edu->copy);
}

static bool edu_is_saving(enum vfio_device_mig_state state)
{
	return state == VFIO_DEVICE_STATE_STOP_COPY ||
	       state == VFIO_DEVICE_STATE_PRE_COPY ||
	       state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
}

static void edu_file_add(struct edu_file *file)
{
	file->states[file->size / sizeof(*file->states)] = file->edu->state;
	file->size += sizeof(*file->states);
}

static ssize_t edu_file_read(struct file *filp, char __user *buf, size_t count,
			     loff_t *ppos)
{
	struct edu_file *file = filp->private_data;

	guard(mutex)(&file->lock);
	if (!file->edu)
		return -ENODEV;
	if (file->pos == file->size && file->precopy)
		return -ENOMSG;
	count = min(count, file->size - file->pos);
	if (copy_to_user(buf, (u8 *)file->states + file->pos, count))
		return -EFAULT;
	file->pos += count;
	return count;
}

static ssize_t edu_file_write(struct file *filp, const char __user *buf,
			      size_t count, loff_t *ppos)
{
	struct edu_file *file = filp->private_data;

	guard(mutex)(&file->lock);
	if (!file->edu)
		return -ENODEV;
	if (count > sizeof(file->states) - file->size)
		return -ENOSPC;
	if (copy_from_user((u8 *)file->states + file->size, buf, count))
		return -EFAULT;
	file->size += count;
	return count;
}

static long edu_file_ioctl(struct file *filp, unsigned int cmd,
			   unsigned long arg)
{
	struct edu_file *file = filp->private_data;
	struct vfio_precopy_info info;

	/* The VFIO of 6.12 has no vfio_check_precopy_ioctl(). */
	if (cmd != VFIO_MIG_GET_PRECOPY_INFO)
		return -ENOTTY;
	if (copy_from_user(&info, (void __user *)arg, sizeof(info)))
		return -EFAULT;
	if (info.argsz < sizeof(info))
		return -EINVAL;

	guard(mutex)(&file->lock);
	if (!file->edu)
		return -ENODEV;
	if (!file->precopy)
		return -EINVAL;
	info.initial_bytes = file->size - file->pos;
	info.dirty_bytes = 0;
	return copy_to_user((void __user *)arg, &info, sizeof(info)) ? -EFAULT :
								       0;
}

static int edu_file_release(struct inode *inode, struct file *filp)
{
	kfree(filp->private_data);
	return 0;
}

static const struct file_operations edu_file_fops = {
	.owner = THIS_MODULE,
	.read = edu_file_read,
	.write = edu_file_write,
	.unlocked_ioctl = edu_file_ioctl,
	.release = edu_file_release,
};

static void edu_file_end(struct edu_device *edu)
{
	struct edu_file *file = edu->file;

	if (!file)
		return;
	edu->file = NULL;
	scoped_guard(mutex, &file->lock)
		file->edu = NULL;
	fput(file->filp);
}

static struct file *edu_file_begin(struct edu_device *edu,
				   enum vfio_device_mig_state next)
{
	bool saving = edu_is_saving(next);
	struct edu_file *file __free(kfree) = NULL;
	struct file *filp;

	file = kzalloc_obj(*file, GFP_KERNEL_ACCOUNT);
	if (!file)
		return ERR_PTR(-ENOMEM);
	mutex_init(&file->lock);
	file->edu = edu;
	file->precopy = saving && next != VFIO_DEVICE_STATE_STOP_COPY;
	if (saving)
		edu_file_add(file);
	filp = anon_inode_getfile("edu-migration", &edu_file_fops, file,
				  saving ? O_RDONLY : O_WRONLY);
	if (IS_ERR(filp))
		return filp;
	file->filp = filp;
	edu->file = no_free_ptr(file);
	return get_file(filp);
}

static int edu_load(struct edu_device *edu)
{
	struct edu_file *file = edu->file;
	struct edu_state *last;

	guard(mutex)(&file->lock);
	if (!file->size || file->size % sizeof(*file->states))
		return -EINVAL;
	last = &file->states[file->size / sizeof(*file->states) - 1];
	if (last->magic != EDU_MAGIC)
		return -EINVAL;
	edu->state = *last;
	if (lose_state)
		edu->state.count = 0;
	return 0;
}

static struct file *edu_step(struct edu_device *edu,
			     enum vfio_device_mig_state next)
{
	bool was_saving = edu_is_saving(edu->mig_state);
	struct file *filp = NULL;
	int ret = 0;

	if (edu->mig_state == VFIO_DEVICE_STATE_RESUMING) {
		ret = edu_load(edu);
	} else if (was_saving && next == VFIO_DEVICE_STATE_STOP_COPY) {
		guard(mutex)(&edu->file->lock);
		edu->file->precopy = false;
		edu_file_add(edu->file);
	} else if (next == VFIO_DEVICE_STATE_RESUMING ||
		   (edu_is_saving(next) && !was_saving)) {
		filp = edu_file_begin(edu, next);
		ret = PTR_ERR_OR_ZERO(filp);
	}
	if (ret)
		return ERR_PTR(ret);

	if (!edu_is_saving(next) && next != VFIO_DEVICE_STATE_RESUMING)
		edu_file_end(edu);
	edu->mig_state = next;
	edu_kick(edu);
	return filp;
}

static struct file *edu_set_state(struct vfio_device *vdev,
				  enum vfio_device_mig_state new_state)
{
	struct edu_device *edu = edu_from(vdev);
	enum vfio_device_mig_state next;
	struct file *filp = NULL;
	int ret;

	guard(mutex)(&edu->lock);
	while (!IS_ERR(filp) && edu->mig_state != new_state) {
		ret = vfio_mig_get_next_state(vdev, edu->mig_state, new_state,
					      &next);
		if (ret)
			return ERR_PTR(ret);
		filp = edu_step(edu, next);
	}
	return filp;
}

static int edu_get_state(struct vfio_device *vdev,
			 enum vfio_device_mig_state *state)
{
	struct edu_device *edu = edu_from(vdev);

	guard(mutex)(&edu->lock);
	*state = edu->mig_state;
	return 0;
}

static int edu_get_data_size(struct vfio_device *vdev, unsigned long *length)
{
	*length = sizeof(struct edu_state);
	return 0;
}

static const struct vfio_migration_ops edu_mig_ops = {
	.migration_set_state = edu_set_state,
	.migration_get_state = edu_get_state,
	.migration_get_data_size = edu_get_data_size,
};

/* Log of DMA. It covers all memory, so the ranges do not matter. */

static int edu_log_start(struct vfio_device *vdev,
			 struct rb_root_cached *ranges, u32 nnodes,
			 u64 *page_size)
{
	struct edu_device *edu = edu_from(vdev);

	guard(mutex)(&edu->lock);
	if (edu->logging)
		return -EBUSY;
	edu->logging = true;
	*page_size = SZ_4K;
	return 0;
}

static int edu_log_stop(struct vfio_device *vdev)
{
	struct edu_device *edu = edu_from(vdev);

	guard(mutex)(&edu->lock);
	edu->logging = false;
	xa_destroy(&edu->dirty);
	return 0;
}

static int edu_log_read(struct vfio_device *vdev, unsigned long iova,
			unsigned long length, struct iova_bitmap *dirty)
{
	struct edu_device *edu = edu_from(vdev);
	unsigned long page;
	void *entry;

	guard(mutex)(&edu->lock);
	if (!edu->logging)
		return -EINVAL;
	xa_for_each_range(&edu->dirty, page, entry, iova / SZ_4K,
			  (iova + length - 1) / SZ_4K) {
		iova_bitmap_set(dirty, page * SZ_4K, SZ_4K);
		xa_erase(&edu->dirty, page);
	}
	return 0;
}

static const struct vfio_log_ops edu_log_ops = {
	.log_start = edu_log_start,
	.log_stop = edu_log_stop,
	.log_read_and_clear = edu_log_read,
};

static bool edu_is_own(loff_t pos)
{
	u64 at = pos & VFIO_PCI_OFFSET_MASK;

	return VFIO_PCI_OFFSET_TO_INDEX(pos) == VFIO_PCI_BAR0_REGION_INDEX &&
	       at >= EDU_REGISTERS &&
	       at < EDU_REGISTERS + sizeof(struct edu_state);
}

static u32 *edu_register(struct edu_device *edu, loff_t pos, size_t count)
{
	u64 at = (pos & VFIO_PCI_OFFSET_MASK) - EDU_REGISTERS;

	if (at % sizeof(u32) || count != sizeof(u32))
		return NULL;
	return (u32 *)&edu->state + at / sizeof(u32);
}

static ssize_t edu_read(struct vfio_device *vdev, char __user *buf,
			size_t count, loff_t *ppos)
{
	struct edu_device *edu = edu_from(vdev);
	u32 *reg, value;

	if (!edu_is_own(*ppos))
		return vfio_pci_core_read(vdev, buf, count, ppos);
	reg = edu_register(edu, *ppos, count);
	if (!reg)
		return -EINVAL;
	/* Not under the lock, so that a poll does not wait for the DMA. */
	value = READ_ONCE(*reg);
	if (copy_to_user(buf, &value, sizeof(value)))
		return -EFAULT;
	*ppos += count;
	return count;
}

static ssize_t edu_write(struct vfio_device *vdev, const char __user *buf,
			 size_t count, loff_t *ppos)
{
	struct edu_device *edu = edu_from(vdev);
	u32 *reg, value;

	if (!edu_is_own(*ppos))
		return vfio_pci_core_write(vdev, buf, count, ppos);
	reg = edu_register(edu, *ppos, count);
	if (!reg)
		return -EINVAL;
	if (copy_from_user(&value, buf, sizeof(value)))
		return -EFAULT;

	guard(mutex)(&edu->lock);
	WRITE_ONCE(*reg, value);
	edu_kick(edu);
	*ppos += count;
	return count;
}

static void edu_restart(struct edu_device *edu)
{
	guard(mutex)(&edu->lock);
	edu_file_end(edu);
	edu->logging = false;
	xa_destroy(&edu->dirty);
	edu->mig_state = VFIO_DEVICE_STATE_RUNNING;
	edu->state = (struct edu_state){ .magic = EDU_MAGIC };
}

static int edu_open_device(struct vfio_device *vdev)
{
	struct edu_device *edu = edu_from(vdev);
	int ret;

	ret = vfio_pci_core_enable(&edu->core);
	if (ret)
		return ret;
	edu->regs = pci_iomap(edu->core.pdev, 0, EDU_BUFFER);
	if (!edu->regs) {
		vfio_pci_core_disable(&edu->core);
		return -ENOMEM;
	}
	edu_restart(edu);
	vfio_pci_core_finish_enable(&edu->core);
	/* Accesses to the registers must reach the driver. */
	edu->core.bar_mmap_supported[0] = false;
	return 0;
}

static void edu_close_device(struct vfio_device *vdev)
{
	struct edu_device *edu = edu_from(vdev);

	edu_restart(edu);
	cancel_work_sync(&edu->copy);
	pci_iounmap(edu->core.pdev, edu->regs);
	vfio_pci_core_close_device(vdev);
}

static int edu_init_dev(struct vfio_device *vdev)
{
	struct edu_device *edu = edu_from(vdev);

	mutex_init(&edu->lock);
	xa_init(&edu->dirty);
	INIT_WORK(&edu->copy, edu_copy);
	vdev->migration_flags = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |
				VFIO_MIGRATION_PRE_COPY;
	vdev->mig_ops = &edu_mig_ops;
	vdev->log_ops = has_log ? &edu_log_ops : NULL;
	return vfio_pci_core_init_dev(vdev);
}

static const struct vfio_device_ops edu_ops = {
	.name = "edu-migration",
	.init = edu_init_dev,
	.release = vfio_pci_core_release_dev,
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
	.open_device = edu_open_device,
	.close_device = edu_close_device,
	.read = edu_read,
	.write = edu_write,
	.ioctl = vfio_pci_core_ioctl,
#ifndef EDU_OLD_VFIO
	.get_region_info_caps = vfio_pci_ioctl_get_region_info,
	.match_token_uuid = vfio_pci_core_match_token_uuid,
#endif
	.mmap = vfio_pci_core_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
	.device_feature = vfio_pci_core_ioctl_feature,
};

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu_device *edu;
	int ret;

	edu = vfio_alloc_device(edu_device, core.vdev, &pdev->dev, &edu_ops);
	if (IS_ERR(edu))
		return PTR_ERR(edu);
	pci_set_drvdata(pdev, &edu->core);
	ret = vfio_pci_core_register_device(&edu->core);
	if (ret)
		vfio_put_device(&edu->core.vdev);
	return ret;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = pci_get_drvdata(pdev);

	vfio_pci_core_unregister_device(core);
	vfio_put_device(&core->vdev);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(0x1234, 0x11e8) },
	{}
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = "edu-migration",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
	.err_handler = &vfio_pci_core_err_handlers,
	.driver_managed_dma = true,
};
module_pci_driver(edu_driver);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A device that QEMU can migrate, for tests");
MODULE_IMPORT_NS("IOMMUFD_NG");
MODULE_IMPORT_NS("VFIO_NG");
MODULE_IMPORT_NS("VFIO_PCI_NG");
