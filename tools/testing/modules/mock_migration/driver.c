// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver on top of vfio-pci-core, like the drivers of real devices that can
 * be migrated. It binds to an NVMe controller, migrates a few of its registers,
 * and emulates the logging of DMA.
 */
#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/interval_tree.h>
#include <linux/iova_bitmap.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/vfio_pci_core.h>
#include <linux/xarray.h>

#include "mock_abi.h"
#include "transfer.h"

/* Offset of the doorbells, beyond the migrated registers */
#define DOORBELLS 0x1000

static unsigned int flags = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |
			    VFIO_MIGRATION_PRE_COPY;
module_param(flags, uint, 0644);
MODULE_PARM_DESC(flags, "VFIO_MIGRATION_* flags of devices bound later");

static unsigned int missing;
module_param(missing, uint, 0644);
MODULE_PARM_DESC(missing, "Op missing from devices bound later, 1 to 6");

static bool sparse;
module_param(sparse, bool, 0644);
MODULE_PARM_DESC(sparse, "Allow only the doorbells to be mapped");

static struct mock_device *to_mock(struct vfio_device *vdev)
{
	return container_of(vdev, struct mock_device, core.vdev);
}

static void mock_stop_logging(struct mock_device *mdev)
{
	mdev->logging = false;
	xa_destroy(&mdev->dirty);
}

/* Restore the initial state after a reset, and for the next user */
static void mock_restart(struct mock_device *mdev)
{
	mock_end_transfer(mdev);
	mock_stop_logging(mdev);
	mdev->state = VFIO_DEVICE_STATE_RUNNING;
	mdev->fail = VFIO_DEVICE_STATE_ERROR;
	mdev->steps.nr = 0;
}

static void mock_lock_device(struct mock_device *mdev)
{
	mutex_lock(&mdev->lock);
	if (test_and_clear_bit(0, &mdev->was_reset))
		mock_restart(mdev);
}

DEFINE_GUARD(mock_device, struct mock_device *, mock_lock_device(_T),
	     mutex_unlock(&_T->lock))

/* Returns a file if the step begins a transfer */
static struct file *mock_take_step(struct mock_device *mdev,
				   enum vfio_device_mig_state next)
{
	bool was_saving = mock_is_saving(mdev->state);
	struct file *filp = NULL;
	int ret = 0;

	if (mdev->fail == next) {
		mdev->fail = VFIO_DEVICE_STATE_ERROR;
		ret = -EIO;
	} else if (mdev->state == VFIO_DEVICE_STATE_RESUMING) {
		ret = mock_load_device(mdev);
	} else if (was_saving && next == VFIO_DEVICE_STATE_STOP_COPY) {
		ret = mock_end_precopy(mdev->file);
	} else if (next == VFIO_DEVICE_STATE_RESUMING ||
		   (mock_is_saving(next) && !was_saving)) {
		filp = mock_begin_transfer(mdev, next);
		ret = PTR_ERR_OR_ZERO(filp);
	}

	if (ret)
		next = VFIO_DEVICE_STATE_ERROR;
	if (!mock_is_saving(next) && next != VFIO_DEVICE_STATE_RESUMING)
		mock_end_transfer(mdev);
	mdev->state = next;
	if (mdev->steps.nr < MOCK_MAX_STEPS)
		mdev->steps.states[mdev->steps.nr++] = next;
	return ret ? ERR_PTR(ret) : filp;
}

static struct file *mock_set_state(struct vfio_device *vdev,
				   enum vfio_device_mig_state new_state)
{
	struct mock_device *mdev = to_mock(vdev);
	enum vfio_device_mig_state next;
	struct file *filp = NULL;
	int ret;

	guard(mock_device)(mdev);
	if (mdev->state == VFIO_DEVICE_STATE_ERROR)
		return ERR_PTR(-EIO);

	/* There is no path to the current state, but it must be valid */
	do {
		ret = vfio_mig_get_next_state(vdev, mdev->state, new_state,
					      &next);
		if (ret)
			return ERR_PTR(ret);
		if (next == mdev->state)
			return NULL;
		filp = mock_take_step(mdev, next);
	} while (!IS_ERR(filp) && mdev->state != new_state);
	return filp;
}

static int mock_get_state(struct vfio_device *vdev,
			  enum vfio_device_mig_state *state)
{
	struct mock_device *mdev = to_mock(vdev);

	guard(mock_device)(mdev);
	*state = mdev->state;
	return 0;
}

static int mock_get_data_size(struct vfio_device *vdev, unsigned long *length)
{
	struct mock_device *mdev = to_mock(vdev);

	guard(mock_device)(mdev);
	*length = sizeof(struct mock_record);
	return 0;
}

static int mock_log_start(struct vfio_device *vdev,
			  struct rb_root_cached *ranges, u32 nnodes,
			  u64 *page_size)
{
	struct mock_device *mdev = to_mock(vdev);
	struct interval_tree_node *node;
	unsigned int nr = 0;

	guard(mock_device)(mdev);
	if (mdev->logging)
		return -EBUSY;
	vfio_combine_iova_ranges(ranges, nnodes, MOCK_MAX_RANGES);
	for (node = interval_tree_iter_first(ranges, 0, ULONG_MAX); node;
	     node = interval_tree_iter_next(node, 0, ULONG_MAX)) {
		if (nr == MOCK_MAX_RANGES)
			return -EINVAL;
		mdev->first[nr] = node->start;
		mdev->last[nr++] = node->last;
	}
	mdev->nr_ranges = nr;
	mdev->logging = true;
	*page_size = SZ_4K;
	return 0;
}

static int mock_log_stop(struct vfio_device *vdev)
{
	struct mock_device *mdev = to_mock(vdev);

	guard(mock_device)(mdev);
	mock_stop_logging(mdev);
	return 0;
}

static int mock_log_read(struct vfio_device *vdev, unsigned long iova,
			 unsigned long length, struct iova_bitmap *dirty)
{
	struct mock_device *mdev = to_mock(vdev);
	unsigned long page;
	void *entry;

	guard(mock_device)(mdev);
	if (!mdev->logging)
		return -EINVAL;
	xa_for_each_range(&mdev->dirty, page, entry, iova / SZ_4K,
			  (iova + length - 1) / SZ_4K) {
		iova_bitmap_set(dirty, page * SZ_4K, SZ_4K);
		xa_erase(&mdev->dirty, page);
	}
	return 0;
}

static bool mock_is_logged(struct mock_device *mdev, unsigned long iova)
{
	unsigned int i;

	for (i = 0; i < mdev->nr_ranges; i++) {
		if (iova >= mdev->first[i] && iova <= mdev->last[i])
			return true;
	}
	return false;
}

static int mock_log_write(struct mock_device *mdev,
			  const struct mock_write *write)
{
	unsigned long page;
	int ret;

	if (!write->length)
		return -EINVAL;
	for (page = write->iova / SZ_4K;
	     page <= (write->iova + write->length - 1) / SZ_4K; page++) {
		if (!mdev->logging || !mock_is_logged(mdev, page * SZ_4K))
			continue;
		ret = xa_err(xa_store(&mdev->dirty, page, xa_mk_value(1),
				      GFP_KERNEL));
		if (ret)
			return ret;
	}
	return 0;
}

static int mock_get_steps(struct mock_device *mdev, u32 feature,
			  void __user *arg, size_t argsz)
{
	int ret;

	ret = vfio_check_feature(feature, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(mdev->steps));
	if (ret != 1)
		return ret;
	if (copy_to_user(arg, &mdev->steps, sizeof(mdev->steps)))
		return -EFAULT;
	mdev->steps.nr = 0;
	return 0;
}

static int mock_set_write(struct mock_device *mdev, u32 feature,
			  void __user *arg, size_t argsz)
{
	struct mock_write write;
	int ret;

	ret = vfio_check_feature(feature, argsz, VFIO_DEVICE_FEATURE_SET,
				 sizeof(write));
	if (ret != 1)
		return ret;
	if (copy_from_user(&write, arg, sizeof(write)))
		return -EFAULT;
	return mock_log_write(mdev, &write);
}

static int mock_set_fail(struct mock_device *mdev, u32 feature,
			 void __user *arg, size_t argsz)
{
	int ret;

	ret = vfio_check_feature(feature, argsz, VFIO_DEVICE_FEATURE_SET,
				 sizeof(mdev->fail));
	if (ret != 1)
		return ret;
	return copy_from_user(&mdev->fail, arg, sizeof(mdev->fail)) ? -EFAULT :
								      0;
}

static int mock_feature(struct vfio_device *vdev, u32 feature, void __user *arg,
			size_t argsz)
{
	struct mock_device *mdev = to_mock(vdev);

	guard(mock_device)(mdev);
	switch (feature & VFIO_DEVICE_FEATURE_MASK) {
	case MOCK_FEATURE_STEPS:
		return mock_get_steps(mdev, feature, arg, argsz);
	case MOCK_FEATURE_WRITE:
		return mock_set_write(mdev, feature, arg, argsz);
	case MOCK_FEATURE_FAIL:
		return mock_set_fail(mdev, feature, arg, argsz);
	default:
		return vfio_pci_core_ioctl_feature(vdev, feature, arg, argsz);
	}
}

static int mock_open_device(struct vfio_device *vdev)
{
	struct mock_device *mdev = to_mock(vdev);
	int ret;

	ret = vfio_pci_core_enable(&mdev->core);
	if (ret)
		return ret;
	vfio_pci_core_finish_enable(&mdev->core);
	return 0;
}

static void mock_close_device(struct vfio_device *vdev)
{
	struct mock_device *mdev = to_mock(vdev);

	scoped_guard(mock_device, mdev)
		mock_restart(mdev);
	vfio_pci_core_close_device(vdev);
}

static int mock_region_info(struct vfio_device *vdev,
			    struct vfio_region_info *info,
			    struct vfio_info_cap *caps)
{
	DEFINE_RAW_FLEX(struct vfio_region_info_cap_sparse_mmap, cap, areas, 1);
	int ret;

	ret = vfio_pci_ioctl_get_region_info(vdev, info, caps);
	if (ret || !sparse || info->index != VFIO_PCI_BAR0_REGION_INDEX)
		return ret;

	cap->header.id = VFIO_REGION_INFO_CAP_SPARSE_MMAP;
	cap->header.version = 1;
	cap->nr_areas = 1;
	cap->areas[0].offset = DOORBELLS;
	cap->areas[0].size = info->size - DOORBELLS;
	return vfio_info_add_capability(caps, &cap->header,
					struct_size(cap, areas, 1));
}

static int mock_mmap(struct vfio_device *vdev, struct vm_area_struct *vma)
{
	u64 pos = (u64)vma->vm_pgoff << PAGE_SHIFT;

	if (sparse && VFIO_PCI_OFFSET_TO_INDEX(pos) == 0 &&
	    (pos & VFIO_PCI_OFFSET_MASK) < DOORBELLS)
		return -EINVAL;
	return vfio_pci_core_mmap(vdev, vma);
}

static const struct vfio_migration_ops mock_mig_ops[] = {
	{ mock_set_state, mock_get_state, mock_get_data_size },
	{ NULL, mock_get_state, mock_get_data_size },
	{ mock_set_state, NULL, mock_get_data_size },
	{ mock_set_state, mock_get_state, NULL },
};

static const struct vfio_log_ops mock_log_ops[] = {
	{ mock_log_start, mock_log_stop, mock_log_read },
	{ NULL, mock_log_stop, mock_log_read },
	{ mock_log_start, NULL, mock_log_read },
	{ mock_log_start, mock_log_stop, NULL },
};

static int mock_init_dev(struct vfio_device *vdev)
{
	struct mock_device *mdev = to_mock(vdev);

	mutex_init(&mdev->lock);
	xa_init(&mdev->dirty);
	mdev->state = VFIO_DEVICE_STATE_RUNNING;
	vdev->migration_flags = flags;
	vdev->mig_ops = &mock_mig_ops[missing <= 3 ? missing : 0];
	vdev->log_ops = &mock_log_ops[missing > 3 ? min(missing - 3, 3) : 0];
	return vfio_pci_core_init_dev(vdev);
}

static const struct vfio_device_ops mock_ops = {
	.name = "mock-migration",
	.init = mock_init_dev,
	.release = vfio_pci_core_release_dev,
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
	.open_device = mock_open_device,
	.close_device = mock_close_device,
	.read = vfio_pci_core_read,
	.write = vfio_pci_core_write,
	.ioctl = vfio_pci_core_ioctl,
	.get_region_info_caps = mock_region_info,
	.mmap = mock_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
	.match_token_uuid = vfio_pci_core_match_token_uuid,
	.device_feature = mock_feature,
};

static int mock_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct mock_device *mdev;
	int ret;

	mdev = vfio_alloc_device(mock_device, core.vdev, &pdev->dev, &mock_ops);
	if (IS_ERR(mdev))
		return PTR_ERR(mdev);

	pci_set_drvdata(pdev, &mdev->core);
	ret = vfio_pci_core_register_device(&mdev->core);
	if (ret)
		vfio_put_device(&mdev->core.vdev);
	return ret;
}

static void mock_remove(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = pci_get_drvdata(pdev);

	vfio_pci_core_unregister_device(core);
	vfio_put_device(&core->vdev);
}

static void mock_reset_done(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = pci_get_drvdata(pdev);

	set_bit(0, &to_mock(&core->vdev)->was_reset);
}

static const struct pci_error_handlers mock_err_handler = {
	.error_detected = vfio_pci_core_aer_err_detected,
	.reset_done = mock_reset_done,
};

static const struct pci_device_id mock_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(0x1b36, 0x0010) },
	{}
};
MODULE_DEVICE_TABLE(pci, mock_ids);

static struct pci_driver mock_driver = {
	.name = "mock-migration",
	.id_table = mock_ids,
	.probe = mock_probe,
	.remove = mock_remove,
	.err_handler = &mock_err_handler,
	.driver_managed_dma = true,
};
module_pci_driver(mock_driver);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Migratable device for tests");
MODULE_IMPORT_NS("IOMMUFD_NG");
MODULE_IMPORT_NS("VFIO_NG");
MODULE_IMPORT_NS("VFIO_PCI_NG");
