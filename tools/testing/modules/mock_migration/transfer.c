// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files by which the state of a device is saved and resumed.
 */
#include <linux/anon_inodes.h>
#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "transfer.h"

#define REG_AQA 0x24
#define REG_ASQ 0x28
#define REG_ACQ 0x30

#define MAX_RECORDS 16

/**
 * struct mock_file - file to read or write a state
 */
struct mock_file {
	/** @lock: protects the members */
	struct mutex lock;
	/** @mdev: the device, NULL after the end of the transfer */
	struct mock_device *mdev;
	/** @filp: the file */
	struct file *filp;
	/** @precopy: the device is running, so there may be more data later */
	bool precopy;
	/** @size: valid bytes of @records */
	size_t size;
	/** @initial: number of bytes to be read before STOP_COPY */
	size_t initial;
	/** @pos: number of bytes read */
	size_t pos;
	/** @records: the data, of which the last record is loaded */
	struct mock_record records[MAX_RECORDS];
};

static struct mock_record mock_read_device(struct mock_device *mdev)
{
	void __iomem *regs = mdev->core.barmap[0];

	return (struct mock_record){
		.magic = MOCK_MAGIC,
		.aqa = readl(regs + REG_AQA),
		.asq = readq(regs + REG_ASQ),
		.acq = readq(regs + REG_ACQ),
	};
}

static void mock_write_device(struct mock_device *mdev,
			      const struct mock_record *record)
{
	void __iomem *regs = mdev->core.barmap[0];

	writel(record->aqa, regs + REG_AQA);
	writeq(record->asq, regs + REG_ASQ);
	writeq(record->acq, regs + REG_ACQ);
}

static bool mock_file_is_live(struct mock_file *file)
{
	return file->mdev && !test_bit(0, &file->mdev->was_reset);
}

static struct mock_record *mock_last_record(struct mock_file *file)
{
	return &file->records[file->size / sizeof(*file->records) - 1];
}

static int mock_add_record(struct mock_file *file)
{
	if (file->size == sizeof(file->records))
		return -ENOSPC;
	file->size += sizeof(*file->records);
	*mock_last_record(file) = mock_read_device(file->mdev);
	return 0;
}

static bool mock_device_changed(struct mock_file *file)
{
	struct mock_record now = mock_read_device(file->mdev);

	return memcmp(&now, mock_last_record(file), sizeof(now));
}

static ssize_t mock_save_read(struct file *filp, char __user *buf, size_t count,
			      loff_t *ppos)
{
	struct mock_file *file = filp->private_data;
	int ret;

	guard(mutex)(&file->lock);
	if (!mock_file_is_live(file))
		return -ENODEV;
	if (file->pos == file->size && file->precopy) {
		if (!mock_device_changed(file))
			return -ENOMSG;
		ret = mock_add_record(file);
		if (ret)
			return ret;
	}

	count = min(count, file->size - file->pos);
	if (copy_to_user(buf, (u8 *)file->records + file->pos, count))
		return -EFAULT;
	file->pos += count;
	return count;
}

static long mock_save_ioctl(struct file *filp, unsigned int cmd,
			    unsigned long arg)
{
	const size_t size = sizeof(struct mock_record);
	struct mock_file *file = filp->private_data;
	struct vfio_precopy_info info;
	bool changed;
	int ret;

	guard(mutex)(&file->lock);
	if (!mock_file_is_live(file))
		return -ENODEV;
	ret = vfio_check_precopy_ioctl(&file->mdev->core.vdev, cmd, arg, &info);
	if (ret)
		return ret;
	if (!file->precopy)
		return -EINVAL;

	changed = mock_device_changed(file);
	if (changed && file->mdev->core.vdev.precopy_info_v2) {
		ret = mock_add_record(file);
		if (ret)
			return ret;
		file->initial = file->size;
		info.flags |= VFIO_PRECOPY_INFO_REINIT;
		changed = false;
	}
	info.initial_bytes = file->initial - min(file->initial, file->pos);
	info.dirty_bytes = file->size - max(file->initial, file->pos) +
			   (changed ? size : 0);
	return copy_to_user((void __user *)arg, &info, sizeof(info)) ? -EFAULT :
								       0;
}

static ssize_t mock_resume_write(struct file *filp, const char __user *buf,
				 size_t count, loff_t *ppos)
{
	struct mock_file *file = filp->private_data;

	guard(mutex)(&file->lock);
	if (!mock_file_is_live(file))
		return -ENODEV;
	if (count > sizeof(file->records) - file->size)
		return -ENOSPC;
	if (copy_from_user((u8 *)file->records + file->size, buf, count))
		return -EFAULT;
	file->size += count;
	return count;
}

static int mock_file_release(struct inode *inode, struct file *filp)
{
	kfree(filp->private_data);
	return 0;
}

static const struct file_operations mock_save_fops = {
	.owner = THIS_MODULE,
	.read = mock_save_read,
	.unlocked_ioctl = mock_save_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.release = mock_file_release,
};

static const struct file_operations mock_resume_fops = {
	.owner = THIS_MODULE,
	.write = mock_resume_write,
	.release = mock_file_release,
};

/**
 * mock_is_saving() - check whether a state of the device is being saved
 * @state: state of the migration
 *
 * Return: true in a state in which user space can read from a file.
 */
bool mock_is_saving(enum vfio_device_mig_state state)
{
	return state == VFIO_DEVICE_STATE_STOP_COPY ||
	       state == VFIO_DEVICE_STATE_PRE_COPY ||
	       state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
}

/**
 * mock_begin_transfer() - create a file to read or write the state
 * @mdev: the device, without a file
 * @next: state that the device is entering
 *
 * Context: May sleep; the caller holds the lock of the device.
 * Return: the file, with a reference for the caller and one for the device, or
 * an ERR_PTR.
 */
struct file *mock_begin_transfer(struct mock_device *mdev,
				 enum vfio_device_mig_state next)
{
	bool saving = mock_is_saving(next);
	struct mock_file *file;

	file = kzalloc_obj(*file, GFP_KERNEL_ACCOUNT);
	if (!file)
		return ERR_PTR(-ENOMEM);
	mutex_init(&file->lock);
	file->mdev = mdev;
	file->precopy = saving && next != VFIO_DEVICE_STATE_STOP_COPY;
	if (saving)
		mock_add_record(file);
	file->initial = file->size;
	file->filp = anon_inode_getfile(
		"mock-migration", saving ? &mock_save_fops : &mock_resume_fops,
		file, saving ? O_RDONLY : O_WRONLY);
	if (IS_ERR(file->filp)) {
		struct file *error = file->filp;

		kfree(file);
		return error;
	}
	mdev->file = file;
	return get_file(file->filp);
}

/**
 * mock_end_transfer() - disconnect the file from the device
 * @mdev: the device, with or without a file
 *
 * Context: May sleep; the caller holds the lock of the device.
 */
void mock_end_transfer(struct mock_device *mdev)
{
	struct mock_file *file = mdev->file;

	if (!file)
		return;
	mdev->file = NULL;
	scoped_guard(mutex, &file->lock)
		file->mdev = NULL;
	fput(file->filp);
}

/**
 * mock_end_precopy() - add the final record, which ends the precopy phase
 * @file: file of the transfer
 *
 * Context: May sleep; the caller holds the lock of the device.
 * Return: 0 or -ENOSPC.
 */
int mock_end_precopy(struct mock_file *file)
{
	guard(mutex)(&file->lock);
	file->precopy = false;
	return mock_add_record(file);
}

/**
 * mock_load_device() - load the state that was written to the file
 * @mdev: the device, with a file
 *
 * Context: May sleep; the caller holds the lock of the device.
 * Return: 0, also if nothing was written, or -EINVAL for bad data.
 */
int mock_load_device(struct mock_device *mdev)
{
	struct mock_file *file = mdev->file;

	guard(mutex)(&file->lock);
	if (!file->size)
		return 0;
	if (file->size % sizeof(*file->records) ||
	    mock_last_record(file)->magic != MOCK_MAGIC)
		return -EINVAL;
	mock_write_device(mdev, mock_last_record(file));
	return 0;
}
