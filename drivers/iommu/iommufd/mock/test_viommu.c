// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vIOMMUs of the mock IOMMU: nested domains, caches of devices, hardware
 * queues and events.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

#include "device.h"
#include "internals.h"
#include "mock_device.h"
#include "mock_iommu.h"
#include "test_abi.h"
#include "test_viommu.h"
#include "ucmd.h"

/* Two pages stand for registers. */
#define REGISTERS_ORDER 1
#define REGISTERS_SIZE (PAGE_SIZE << REGISTERS_ORDER)

struct mock_hw_queue;

/**
 * struct mock_viommu - a vIOMMU
 */
struct mock_viommu {
	/** @core: the vIOMMU of iommufd */
	struct iommufd_viommu core;
	/** @parent: the nest parent */
	struct iommu_domain *parent;
	/** @registers: pages that user space can map, or NULL */
	u32 *registers;
	/** @mmap_offset: offset for mmap() of @registers */
	unsigned long mmap_offset;
	/** @lock: protects @queues */
	struct mutex lock;
	/** @queues: by index; each depends on the one before it */
	struct mock_hw_queue *queues[IOMMU_TEST_HW_QUEUE_MAX];
};

/**
 * struct mock_hw_queue - a queue that hardware would read
 */
struct mock_hw_queue {
	/** @core: the hardware queue of iommufd */
	struct iommufd_hw_queue core;
	/** @index: index of the queue in its vIOMMU */
	u32 index;
};

static struct mock_viommu *mock_viommu_of(struct iommufd_viommu *viommu)
{
	return container_of(viommu, struct mock_viommu, core);
}

static struct mock_hw_queue *mock_hw_queue_of(struct iommufd_hw_queue *queue)
{
	return container_of(queue, struct mock_hw_queue, core);
}

static void mock_viommu_remove_registers(struct mock_viommu *mock)
{
	if (!mock->registers)
		return;
	iommufd_viommu_destroy_mmap(&mock->core, mock->mmap_offset);
	free_pages((unsigned long)mock->registers, REGISTERS_ORDER);
}

static void mock_viommu_destroy(struct iommufd_viommu *viommu)
{
	struct mock_viommu *mock = mock_viommu_of(viommu);

	mock_viommu_remove_registers(mock);
	mutex_destroy(&mock->lock);
}

static struct iommu_domain *
mock_viommu_alloc_nested(struct iommufd_viommu *viommu, u32 flags,
			 const struct iommu_user_data *data)
{
	struct mock_nested *nested;

	if (flags & ~IOMMU_HWPT_ALLOC_PASID)
		return ERR_PTR(-EOPNOTSUPP);
	nested = mock_nested_alloc(data);
	if (IS_ERR(nested))
		return ERR_CAST(nested);
	nested->viommu = viommu;
	return &nested->domain;
}

static int
mock_viommu_clear_cache(struct iommufd_viommu *viommu,
			const struct iommu_viommu_invalidate_selftest *inv)
{
	struct mock_device *mdev;
	struct device *dev;
	int ret = -EINVAL;

	xa_lock(&viommu->vdevs);
	dev = iommufd_viommu_find_dev(viommu, inv->vdev_id);
	if (dev) {
		mdev = dev_get_platdata(dev);
		if (inv->flags & IOMMU_TEST_INVALIDATE_FLAG_ALL)
			memset(mdev->cache, 0, sizeof(mdev->cache));
		else
			mdev->cache[inv->cache_id] = 0;
		ret = 0;
	}
	xa_unlock(&viommu->vdevs);
	return ret;
}

static int
mock_viommu_invalidate_entry(struct iommufd_viommu *viommu,
			     const struct iommu_user_data_array *array, u32 i)
{
	struct iommu_viommu_invalidate_selftest inv;
	int ret;

	ret = iommu_copy_struct_from_user_array(
		&inv, array, IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST, i,
		cache_id);
	if (ret)
		return ret;
	if (inv.flags & ~IOMMU_TEST_INVALIDATE_FLAG_ALL)
		return -EOPNOTSUPP;
	if (inv.cache_id >= MOCK_DEV_CACHE_NUM)
		return -EINVAL;
	return mock_viommu_clear_cache(viommu, &inv);
}

static int mock_viommu_cache_invalidate(struct iommufd_viommu *viommu,
					struct iommu_user_data_array *array)
{
	int ret = 0;
	u32 done = 0;

	if (array->type != IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST)
		ret = -EINVAL;
	while (!ret && done < array->entry_num) {
		ret = mock_viommu_invalidate_entry(viommu, array, done);
		done += !ret;
	}
	array->entry_num = done;
	return ret;
}

static size_t mock_viommu_hw_queue_size(struct iommufd_viommu *viommu,
					enum iommu_hw_queue_type type)
{
	return (u32)type == IOMMU_HW_QUEUE_TYPE_SELFTEST ?
		       HW_QUEUE_STRUCT_SIZE(struct mock_hw_queue, core) :
		       0;
}

static void mock_hw_queue_destroy(struct iommufd_hw_queue *hw_queue)
{
	struct mock_viommu *mock = mock_viommu_of(hw_queue->viommu);
	struct mock_hw_queue *queue = mock_hw_queue_of(hw_queue);

	guard(mutex)(&mock->lock);
	mock->queues[queue->index] = NULL;
	if (queue->index)
		iommufd_hw_queue_undepend(
			hw_queue, &mock->queues[queue->index - 1]->core);
}

static int mock_hw_queue_add(struct mock_viommu *mock,
			     struct mock_hw_queue *queue)
{
	struct mock_hw_queue *before;
	int ret = 0;

	guard(mutex)(&mock->lock);
	if (mock->queues[queue->index])
		return -EEXIST;
	if (queue->index) {
		before = mock->queues[queue->index - 1];
		if (!before)
			return -EIO;
		ret = iommufd_hw_queue_depend(&queue->core, &before->core);
	}
	if (!ret)
		mock->queues[queue->index] = queue;
	return ret;
}

/* iommufd has to pass the address that the nest parent translates to. */
static int mock_hw_queue_init(struct iommufd_hw_queue *hw_queue, u32 index,
			      phys_addr_t base)
{
	struct mock_viommu *mock = mock_viommu_of(hw_queue->viommu);
	struct mock_hw_queue *queue = mock_hw_queue_of(hw_queue);
	int ret;

	if (index >= ARRAY_SIZE(mock->queues))
		return -EINVAL;
	if (WARN_ON(base !=
		    iommu_iova_to_phys(mock->parent, hw_queue->base_addr)))
		return -EFAULT;
	queue->index = index;
	ret = mock_hw_queue_add(mock, queue);
	if (!ret)
		hw_queue->destroy = mock_hw_queue_destroy;
	return ret;
}

static const struct iommufd_viommu_ops mock_viommu_ops = {
	.destroy = mock_viommu_destroy,
	.alloc_domain_nested = mock_viommu_alloc_nested,
	.cache_invalidate = mock_viommu_cache_invalidate,
	.get_hw_queue_size = mock_viommu_hw_queue_size,
	.hw_queue_init_phys = mock_hw_queue_init,
};

static size_t mock_viommu_size(struct device *dev, enum iommu_viommu_type type)
{
	return (u32)type == IOMMU_VIOMMU_TYPE_SELFTEST ?
		       VIOMMU_STRUCT_SIZE(struct mock_viommu, core) :
		       0;
}

static int mock_viommu_add_registers(struct mock_viommu *mock)
{
	int ret;

	mock->registers = (u32 *)__get_free_pages(
		GFP_KERNEL_ACCOUNT | __GFP_ZERO, REGISTERS_ORDER);
	if (!mock->registers)
		return -ENOMEM;
	ret = iommufd_viommu_alloc_mmap(&mock->core,
					virt_to_phys(mock->registers),
					REGISTERS_SIZE, &mock->mmap_offset);
	if (ret) {
		free_pages((unsigned long)mock->registers, REGISTERS_ORDER);
		mock->registers = NULL;
	}
	return ret;
}

static int mock_viommu_loop_back(struct mock_viommu *mock,
				 const struct iommu_user_data *user_data)
{
	struct iommu_viommu_selftest data;
	int ret;

	ret = iommu_copy_struct_from_user(&data, user_data,
					  IOMMU_VIOMMU_TYPE_SELFTEST, out_data);
	if (ret)
		return ret;
	ret = mock_viommu_add_registers(mock);
	if (ret)
		return ret;
	*mock->registers = data.in_data;
	data.out_data = data.in_data;
	data.out_mmap_offset = mock->mmap_offset;
	data.out_mmap_length = REGISTERS_SIZE;
	if (copy_to_user(user_data->uptr, &data,
			 min(sizeof(data), user_data->len))) {
		mock_viommu_remove_registers(mock);
		return -EFAULT;
	}
	return 0;
}

static int mock_viommu_init(struct iommufd_viommu *viommu,
			    struct iommu_domain *parent,
			    const struct iommu_user_data *data)
{
	struct mock_viommu *mock = mock_viommu_of(viommu);
	int ret = 0;

	if (data)
		ret = mock_viommu_loop_back(mock, data);
	if (ret)
		return ret;
	mutex_init(&mock->lock);
	mock->parent = parent;
	viommu->ops = &mock_viommu_ops;
	return 0;
}

static struct iommufd_viommu_provider mock_viommu_provider = {
	.owner = THIS_MODULE,
	.iommu_ops = &mock_iommu_ops,
	.get_viommu_size = mock_viommu_size,
	.viommu_init = mock_viommu_init,
};

static int mock_viommu_trigger(struct mock_device *mdev)
{
	struct iommu_viommu_event_selftest event;

	guard(rwsem_read)(&mdev->viommu_lock);
	if (!mdev->viommu)
		return -ENOENT;
	event.virt_id = mdev->vdev_id;
	return iommufd_viommu_report_event(mdev->viommu,
					   IOMMU_VEVENTQ_TYPE_SELFTEST, &event,
					   sizeof(event));
}

/**
 * test_trigger_vevent() - IOMMU_TEST_OP_TRIGGER_VEVENT
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0; -ENOENT also if the device is not attached through a vIOMMU,
 * -EINVAL if it is no mock device, -EOPNOTSUPP if the vIOMMU has no queue for
 * events.
 */
int test_trigger_vevent(struct iommufd_ucmd *ucmd)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	struct iommufd_device *idev;
	struct mock_device *mdev;
	int ret;

	idev = iommufd_internals.device_get(ucmd->ictx,
					    cmd->trigger_vevent.dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	mdev = mock_device_of(idev->dev);
	ret = mdev ? mock_viommu_trigger(mdev) : -EINVAL;
	iommufd_internals.object_put(&idev->obj);
	return ret;
}

/**
 * test_viommu_init() - register the provider of vIOMMUs
 *
 * Context: May sleep.
 */
void test_viommu_init(void)
{
	iommufd_viommu_register(&mock_viommu_provider);
}

/**
 * test_viommu_exit() - undo test_viommu_init()
 *
 * Context: May sleep.
 */
void test_viommu_exit(void)
{
	iommufd_viommu_unregister(&mock_viommu_provider);
}
