// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dispatch of ioctls to their handlers.
 */
#include <linux/errno.h>
#include <linux/uaccess.h>
#include <uapi/linux/iommufd.h>

#include "change_process.h"
#include "ctx.h"
#include "extension.h"
#include "fault.h"
#include "hwinfo.h"
#include "hwpt_ioctl.h"
#include "ioas.h"
#include "ioctl.h"
#include "observe/stats.h"
#include "option.h"
#include "ucmd.h"
#include "user_words.h"
#include "vfio_compat/container_ioas.h"
#include "vfio_compat/dispatch.h"
#include "viommu/hw_queue.h"
#include "viommu/vdevice.h"
#include "viommu/veventq.h"
#include "viommu/viommu.h"

/**
 * struct ioctl_in_use - why an object could not be destroyed
 */
struct ioctl_in_use {
	/** @id: ID of the object */
	u32 id;
	/** @found: there is such an object */
	bool found;
	/** @users: number of its users */
	unsigned int users;
	/** @refs: number of requests that use it */
	unsigned int refs;
};

static void ioctl_visit_in_use(struct iommufd_object *obj, void *data)
{
	struct ioctl_in_use *in_use = data;

	if (obj->id != in_use->id)
		return;
	in_use->found = true;
	in_use->users = obj->users;
	in_use->refs = atomic_read(&obj->refs);
}

static noinline __cold void ioctl_refuse_destroy(struct iommufd_ctx *ictx,
						 u32 id)
{
	struct ioctl_in_use in_use = { .id = id };
	u32 next = id;

	object_visit(&ictx->objects, &next, ioctl_visit_in_use, &in_use);
	if (in_use.found)
		iommufd_refuse(&ictx->stats->refusals, REFUSAL_OBJECT_IN_USE,
			       id, in_use.users, in_use.refs);
	else
		iommufd_refuse(&ictx->stats->refusals, REFUSAL_NO_OBJECT, id);
}

static int ioctl_destroy(struct iommufd_ucmd *ucmd)
{
	struct iommu_destroy *cmd = ucmd->cmd;

	int ret = object_destroy(&ucmd->ictx->objects, cmd->id);

	if (ret)
		ioctl_refuse_destroy(ucmd->ictx, cmd->id);
	return ret;
}

/**
 * union ucmd_buffer - buffer for any request that iommufd defines
 */
union ucmd_buffer {
	/** @destroy: IOMMU_DESTROY */
	struct iommu_destroy destroy;
	/** @hw_info: IOMMU_GET_HW_INFO */
	struct iommu_hw_info hw_info;
	/** @hwpt_alloc: IOMMU_HWPT_ALLOC */
	struct iommu_hwpt_alloc hwpt_alloc;
	/** @fault_alloc: IOMMU_FAULT_QUEUE_ALLOC */
	struct iommu_fault_alloc fault_alloc;
	/** @hwpt_invalidate: IOMMU_HWPT_INVALIDATE */
	struct iommu_hwpt_invalidate hwpt_invalidate;
	/** @set_dirty: IOMMU_HWPT_SET_DIRTY_TRACKING */
	struct iommu_hwpt_set_dirty_tracking set_dirty;
	/** @get_dirty: IOMMU_HWPT_GET_DIRTY_BITMAP */
	struct iommu_hwpt_get_dirty_bitmap get_dirty;
	/** @ioas_alloc: IOMMU_IOAS_ALLOC */
	struct iommu_ioas_alloc ioas_alloc;
	/** @allow_iovas: IOMMU_IOAS_ALLOW_IOVAS */
	struct iommu_ioas_allow_iovas allow_iovas;
	/** @iova_ranges: IOMMU_IOAS_IOVA_RANGES */
	struct iommu_ioas_iova_ranges iova_ranges;
	/** @map: IOMMU_IOAS_MAP */
	struct iommu_ioas_map map;
	/** @map_file: IOMMU_IOAS_MAP_FILE */
	struct iommu_ioas_map_file map_file;
	/** @copy: IOMMU_IOAS_COPY */
	struct iommu_ioas_copy copy;
	/** @unmap: IOMMU_IOAS_UNMAP */
	struct iommu_ioas_unmap unmap;
	/** @change_process: IOMMU_IOAS_CHANGE_PROCESS */
	struct iommu_ioas_change_process change_process;
	/** @vfio_ioas: IOMMU_VFIO_IOAS */
	struct iommu_vfio_ioas vfio_ioas;
	/** @option: IOMMU_OPTION */
	struct iommu_option option;
	/** @get_pa: IOMMU_IOAS_NOIOMMU_GET_PA */
	struct iommu_ioas_noiommu_get_pa get_pa;
	/** @viommu_alloc: IOMMU_VIOMMU_ALLOC */
	struct iommu_viommu_alloc viommu_alloc;
	/** @vdevice_alloc: IOMMU_VDEVICE_ALLOC */
	struct iommu_vdevice_alloc vdevice_alloc;
	/** @veventq_alloc: IOMMU_VEVENTQ_ALLOC */
	struct iommu_veventq_alloc veventq_alloc;
	/** @hw_queue_alloc: IOMMU_HW_QUEUE_ALLOC */
	struct iommu_hw_queue_alloc hw_queue_alloc;
};

#define IOCTL_HANDLER(_cmd, _fn, _struct, _last)                      \
	[_IOC_NR(_cmd) - IOMMUFD_CMD_BASE] = {                        \
		.cmd = _cmd,                                          \
		.size = sizeof(struct _struct) +                      \
			BUILD_BUG_ON_ZERO(sizeof(struct _struct) >    \
					  sizeof(union ucmd_buffer)), \
		.min_size = offsetofend(struct _struct, _last),       \
		.fn = _fn,                                            \
	}

static const struct ucmd_handler ioctl_handlers[] = {
	IOCTL_HANDLER(IOMMU_DESTROY, ioctl_destroy, iommu_destroy, id),
	IOCTL_HANDLER(IOMMU_IOAS_ALLOC, ioas_alloc_ioctl, iommu_ioas_alloc,
		      out_ioas_id),
	IOCTL_HANDLER(IOMMU_IOAS_ALLOW_IOVAS, ioas_allow_iovas_ioctl,
		      iommu_ioas_allow_iovas, allowed_iovas),
	IOCTL_HANDLER(IOMMU_IOAS_IOVA_RANGES, ioas_iova_ranges_ioctl,
		      iommu_ioas_iova_ranges, out_iova_alignment),
	IOCTL_HANDLER(IOMMU_IOAS_MAP, ioas_map_ioctl, iommu_ioas_map, iova),
	IOCTL_HANDLER(IOMMU_IOAS_COPY, ioas_copy_ioctl, iommu_ioas_copy,
		      src_iova),
	IOCTL_HANDLER(IOMMU_IOAS_MAP_FILE, ioas_map_file_ioctl,
		      iommu_ioas_map_file, iova),
	IOCTL_HANDLER(IOMMU_IOAS_UNMAP, ioas_unmap_ioctl, iommu_ioas_unmap,
		      length),
	IOCTL_HANDLER(IOMMU_IOAS_CHANGE_PROCESS, change_process_ioctl,
		      iommu_ioas_change_process, __reserved),
	IOCTL_HANDLER(IOMMU_VFIO_IOAS, vfio_ioas_ioctl, iommu_vfio_ioas,
		      __reserved),
	IOCTL_HANDLER(IOMMU_OPTION, option_ioctl, iommu_option, val64),
	IOCTL_HANDLER(IOMMU_HWPT_ALLOC, hwpt_alloc_ioctl, iommu_hwpt_alloc,
		      __reserved),
	IOCTL_HANDLER(IOMMU_HWPT_SET_DIRTY_TRACKING, hwpt_set_dirty_ioctl,
		      iommu_hwpt_set_dirty_tracking, __reserved),
	IOCTL_HANDLER(IOMMU_HWPT_GET_DIRTY_BITMAP, hwpt_get_dirty_ioctl,
		      iommu_hwpt_get_dirty_bitmap, data),
	IOCTL_HANDLER(IOMMU_FAULT_QUEUE_ALLOC, fault_alloc_ioctl,
		      iommu_fault_alloc, out_fault_fd),
	IOCTL_HANDLER(IOMMU_HWPT_INVALIDATE, hwpt_invalidate_ioctl,
		      iommu_hwpt_invalidate, __reserved),
	IOCTL_HANDLER(IOMMU_VIOMMU_ALLOC, viommu_alloc_ioctl,
		      iommu_viommu_alloc, out_viommu_id),
	IOCTL_HANDLER(IOMMU_VDEVICE_ALLOC, vdevice_alloc_ioctl,
		      iommu_vdevice_alloc, virt_id),
	IOCTL_HANDLER(IOMMU_IOAS_NOIOMMU_GET_PA, ioas_get_pa_ioctl,
		      iommu_ioas_noiommu_get_pa, out_phys),
	IOCTL_HANDLER(IOMMU_VEVENTQ_ALLOC, veventq_alloc_ioctl,
		      iommu_veventq_alloc, out_veventq_fd),
	IOCTL_HANDLER(IOMMU_HW_QUEUE_ALLOC, hw_queue_alloc_ioctl,
		      iommu_hw_queue_alloc, length),
	IOCTL_HANDLER(IOMMU_GET_HW_INFO, hw_info_ioctl, iommu_hw_info,
		      __reserved),
};

/* Fast path: most programs pass a structure of the minimum size. */
static __always_inline bool
ioctl_fetch_min_size(struct iommufd_ucmd *ucmd,
		     const struct ucmd_handler *handler)
{
	const u32 *size = ucmd->cmd;

	if (!get_user_words(ucmd->cmd, ucmd->ubuffer, handler->min_size) ||
	    *size != handler->min_size)
		return false;
	ucmd->user_size = *size;
	if (handler->size > *size)
		memset(ucmd->cmd + *size, 0, handler->size - *size);
	return true;
}

static int ioctl_fetch_any(struct iommufd_ucmd *ucmd,
			   const struct ucmd_handler *handler)
{
	if (get_user(ucmd->user_size, (u32 __user *)ucmd->ubuffer))
		return -EFAULT;
	if (ucmd->user_size < handler->min_size)
		return -EINVAL;
	return copy_struct_from_user(ucmd->cmd, handler->size, ucmd->ubuffer,
				     ucmd->user_size);
}

static int ioctl_serve(const struct ucmd_handler *handler,
		       struct iommufd_ucmd *ucmd)
{
	int ret;

	if (!ioctl_fetch_min_size(ucmd, handler)) {
		ret = ioctl_fetch_any(ucmd, handler);
		if (ret)
			return ret;
	}
	return handler->fn(ucmd);
}

/* What was asked for, for the description of a refused request. */
static void ioctl_note_request(const struct iommufd_ucmd *ucmd,
			       unsigned int cmd)
{
	struct iommufd_refusal_log *log = &ucmd->ictx->stats->refusals;
	const union ucmd_buffer *buf = ucmd->cmd;

	switch (cmd) {
	case IOMMU_DESTROY:
		iommufd_refusal_ask(log, buf->destroy.id, 0);
		break;
	case IOMMU_IOAS_ALLOW_IOVAS:
		iommufd_refusal_ask(log, buf->allow_iovas.ioas_id, 0);
		break;
	case IOMMU_IOAS_MAP:
		iommufd_refusal_ask(log, buf->map.iova, buf->map.length);
		break;
	case IOMMU_IOAS_MAP_FILE:
		iommufd_refusal_ask(log, buf->map_file.iova,
				    buf->map_file.length);
		break;
	case IOMMU_IOAS_COPY:
		iommufd_refusal_ask(log, buf->copy.dst_iova, buf->copy.length);
		break;
	case IOMMU_IOAS_UNMAP:
		iommufd_refusal_ask(log, buf->unmap.iova, buf->unmap.length);
		break;
	}
}

static noinline __cold void ioctl_refused(const struct iommufd_ucmd *ucmd,
					  unsigned int cmd, int ret)
{
	if (ret < 0 && ucmd->user_size)
		ioctl_note_request(ucmd, cmd);
	stats_refused(ucmd->ictx->stats, cmd, ret);
}

/* noinline, so that a request has one of the two buffers on its stack only. */
static noinline long ioctl_own(struct iommufd_ctx *ictx,
			       const struct ucmd_handler *handler,
			       unsigned long arg)
{
	/* ioctl_serve() initializes as much as the handler uses */
	union ucmd_buffer buf;
	struct iommufd_ucmd ucmd = {
		.ictx = ictx,
		.ubuffer = (void __user *)arg,
		.cmd = &buf,
	};
	int ret = ioctl_serve(handler, &ucmd);

	if (iommufd_refusal_pending(&ictx->stats->refusals, ret))
		ioctl_refused(&ucmd, handler->cmd, ret);
	return ret;
}

static noinline long ioctl_extension(struct iommufd_ctx *ictx, unsigned int cmd,
				     unsigned long arg)
{
	const struct ucmd_handler *handler =
		extension_find(&ictx->extension, cmd);
	u64 buf[EXTENSION_MAX_SIZE / sizeof(u64)];
	struct iommufd_ucmd ucmd = {
		.ictx = ictx,
		.ubuffer = (void __user *)arg,
		.cmd = buf,
	};

	int ret;

	if (!handler)
		return container_ioctl(ictx, cmd, arg);
	ret = ioctl_serve(handler, &ucmd);
	if (iommufd_refusal_pending(&ictx->stats->refusals, ret))
		stats_refused(ictx->stats, cmd, ret);
	return ret;
}

/**
 * iommufd_ioctl() - dispatch an ioctl
 * @ictx: the context
 * @cmd: number of the ioctl
 * @arg: argument of the ioctl
 *
 * A structure that is longer than the one of this kernel must end in zeroes; a
 * shorter one is extended by zeroes.
 *
 * Context: May sleep.
 * Return: the result for user space.
 */
long iommufd_ioctl(struct iommufd_ctx *ictx, unsigned int cmd,
		   unsigned long arg)
{
	unsigned int nr = _IOC_NR(cmd);

	if (nr < IOMMUFD_CMD_BASE)
		return container_ioctl(ictx, cmd, arg);
	nr -= IOMMUFD_CMD_BASE;
	if (nr < ARRAY_SIZE(ioctl_handlers) && ioctl_handlers[nr].cmd == cmd)
		return ioctl_own(ictx, &ioctl_handlers[nr], arg);
	return ioctl_extension(ictx, cmd, arg);
}
