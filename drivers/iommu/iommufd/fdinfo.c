// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a context, in /proc/PID/fdinfo. The format is documented in
 * Documentation/userspace-api/observing.rst; lines and fields are only added.
 *
 * Nothing here waits for a request, and nothing makes one fail: objects are not
 * referenced, and no lock is taken that is held while memory is pinned.
 */
#include <linux/array_size.h>
#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/string_choices.h>
#include <uapi/linux/vfio.h>

#include "ctx.h"
#include "device.h"
#include "fdinfo.h"
#include "hwpt.h"
#include "ioas.h"
#include "observe/stats.h"
#include "vfio_compat/container.h"

/* More than there are types of objects. */
#define FDINFO_TYPES 16

/**
 * struct fdinfo_count - number of objects of a type
 */
struct fdinfo_count {
	/** @ops: the type */
	const struct object_ops *ops;
	/** @nr: number of objects */
	unsigned int nr;
};

static void fdinfo_count_object(struct iommufd_object *obj, void *data)
{
	struct fdinfo_count *counts = data;

	for (size_t i = 0; i < FDINFO_TYPES; i++) {
		if (!counts[i].ops)
			counts[i].ops = obj->ops;
		if (counts[i].ops == obj->ops) {
			counts[i].nr++;
			return;
		}
	}
}

static void fdinfo_visit_all(struct iommufd_ctx *ictx,
			     void (*visit)(struct iommufd_object *obj,
					   void *data),
			     void *data)
{
	u32 id = 0;

	while (object_visit(&ictx->objects, &id, visit, data))
		cond_resched();
}

static void fdinfo_show_counts(struct seq_file *m, struct iommufd_ctx *ictx)
{
	struct fdinfo_count counts[FDINFO_TYPES] = {};

	fdinfo_visit_all(ictx, fdinfo_count_object, counts);
	seq_puts(m, "iommufd-objects:\t");
	for (size_t i = 0; i < FDINFO_TYPES && counts[i].ops; i++)
		seq_printf(m, "%s%s=%u", i ? " " : "", counts[i].ops->name,
			   counts[i].nr);
	seq_putc(m, '\n');
}

static void fdinfo_show_iopt(struct seq_file *m, const struct iopt *iopt)
{
	seq_printf(
		m,
		"iommufd-ioas:\tid=%u areas=%u mapped=%llu pinned=%llu domains=%u\n",
		iopt->id, READ_ONCE(iopt->nr_areas), READ_ONCE(iopt->nr_bytes),
		(u64)atomic64_read(&iopt->nr_pinned),
		READ_ONCE(iopt->nr_domains));
}

static void fdinfo_show_ioas(struct iommufd_object *obj, void *data)
{
	if (obj->ops == &ioas_ops)
		fdinfo_show_iopt(data, ioas_of(obj)->iopt);
}

static const char *fdinfo_hwpt_kind(const struct iommufd_hwpt *hwpt)
{
	if (hwpt->parent)
		return "nested";
	return hwpt->automatic ? "auto" : "paging";
}

static void fdinfo_show_hwpt(struct iommufd_object *obj, void *data)
{
	const struct iommufd_hwpt *hwpt;

	if (obj->ops != &hwpt_ops)
		return;
	hwpt = hwpt_of(obj);
	seq_printf(data,
		   "iommufd-hwpt:\tid=%u ioas=%u kind=%s devices=%d dirty=%s\n",
		   obj->id, hwpt->ioas->obj.id, fdinfo_hwpt_kind(hwpt),
		   atomic_read(&hwpt->nr_devices),
		   str_on_off(READ_ONCE(hwpt->tracking)));
}

static void fdinfo_show_device(struct iommufd_object *obj, void *data)
{
	const struct iommufd_device *idev;

	if (obj->ops != &device_ops)
		return;
	idev = device_of(obj);
	seq_printf(data, "iommufd-device:\tid=%u name=%s hwpt=%u ioas=%u\n",
		   obj->id, idev->owner.name, READ_ONCE(idev->hwpt_id),
		   READ_ONCE(idev->ioas_id));
}

static int fdinfo_container_type(const struct container *container)
{
	switch (READ_ONCE(container->state)) {
	case CONTAINER_TYPE1:
		return VFIO_TYPE1_IOMMU;
	case CONTAINER_TYPE1V2:
		return VFIO_TYPE1v2_IOMMU;
	case CONTAINER_NOIOMMU:
		return VFIO_NOIOMMU_IOMMU;
	default:
		return 0;
	}
}

static void fdinfo_show_groups(struct seq_file *m, struct container *container)
{
	const struct iommufd_container_group *cgrp;

	seq_puts(m, "container-groups:\t");
	scoped_guard(spinlock, &container->groups_spin)
		list_for_each_entry(cgrp, &container->groups, entry)
			seq_printf(m, "%s%d",
				   list_is_first(&cgrp->entry,
						 &container->groups) ?
					   "" :
					   " ",
				   iommu_group_id(cgrp->member.group));
	seq_putc(m, '\n');
}

/* With the lock held, the space of a container stays until it was shown. */
static void fdinfo_show_container(struct seq_file *m,
				  struct container *container)
{
	const struct iopt *iopt;

	guard(rwsem_read)(&container->stats->walk_rwsem);
	/* pairs with smp_store_release() in container_publish() */
	if (smp_load_acquire(&container->state) == CONTAINER_UNSET)
		seq_puts(m, "container-type:\tnone\n");
	else
		seq_printf(m, "container-type:\t%d\n",
			   fdinfo_container_type(container));
	fdinfo_show_groups(m, container);
	if (!container_is_type1(container))
		return;
	iopt = container->space.iopt;
	/* that of an IOAS has been shown already */
	if (!READ_ONCE(iopt->id))
		fdinfo_show_iopt(m, iopt);
	seq_printf(m, "container-mappings-left:\t%u\n",
		   container->limit -
			   min(container->limit, READ_ONCE(iopt->nr_vfio)));
}

/**
 * fdinfo_show() - print the state of a context
 * @m: the file to print to
 * @ictx: the context
 *
 * Context: May sleep.
 */
void fdinfo_show(struct seq_file *m, struct iommufd_ctx *ictx)
{
	bool container_file = iminor(file_inode(ictx->file)) == VFIO_MINOR;
	struct container *container;
	unsigned long charged;

	/* pairs with smp_store_release() in container_create() */
	container = smp_load_acquire(&ictx->container);
	charged = atomic_long_read(&ictx->stats->charged);
	seq_printf(m, "iommufd-context:\t%llu\n", ictx->stats->id);
	seq_printf(m, "iommufd-interface:\t%s\n",
		   container_file ? "container" : "iommu");
	seq_printf(m, "iommufd-accounting:\t%s\n",
		   READ_ONCE(ictx->charge) == CHARGE_USER ? "user" : "process");
	seq_printf(m, "iommufd-charged:\t%lu kB\n",
		   charged << (PAGE_SHIFT - 10));
	fdinfo_show_counts(m, ictx);
	fdinfo_visit_all(ictx, fdinfo_show_ioas, m);
	fdinfo_visit_all(ictx, fdinfo_show_hwpt, m);
	fdinfo_visit_all(ictx, fdinfo_show_device, m);
	if (container)
		fdinfo_show_container(m, container);
	else if (container_file)
		seq_puts(m, "container-type:\tnone\ncontainer-groups:\t\n");
	iommufd_refusal_show(&ictx->stats->refusals, m, "iommufd");
}
