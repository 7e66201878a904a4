// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU_IOAS_ALLOC, and the ioctls that change or query the mappings of an IOAS.
 */
#include <linux/capability.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/iommu.h>
#include <linux/limits.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/iommufd.h>

#include "ctx.h"
#include "ioas.h"
#include "iopt/iopt_copy.h"
#include "iopt/iopt_iova.h"
#include "iopt/iopt_phys.h"
#include "lib/range.h"
#include "observe/stats.h"
#include "pages/pages.h"
#include "ucmd.h"

/*
 * Maximum number of allowed ranges. They are sorted without rescheduling, and
 * no machine has that many holes in the IOVA that devices can use.
 */
#define MAX_ALLOWED SZ_64K

/**
 * ioas_alloc_ioctl() - implement IOMMU_IOAS_ALLOC
 * @ucmd: request with a struct iommu_ioas_alloc
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int ioas_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_alloc *cmd = ucmd->cmd;
	struct iommufd_ioas *ioas;
	int ret;

	if (cmd->flags)
		return -EOPNOTSUPP;

	ioas = ioas_create(ucmd->ictx, NULL);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	cmd->out_ioas_id = ioas->obj.id;
	ret = ucmd_respond(ucmd, sizeof(*cmd));
	if (ret) {
		object_abort(&ioas->obj);
		ioas_free(ioas);
		return ret;
	}
	object_publish(&ioas->obj);
	return 0;
}

static int ioas_put_ranges(struct iommu_iova_range __user *to,
			   const struct iova_range *ranges, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct iommu_iova_range range = {
			.start = ranges[i].first,
			.last = ranges[i].last,
		};

		if (copy_to_user(to + i, &range, sizeof(range)))
			return -EFAULT;
	}
	return 0;
}

static int ioas_report_ranges(struct iommu_ioas_iova_ranges *cmd,
			      struct iopt *iopt)
{
	struct iopt_usable usable;
	int ret;

	ret = iopt_get_usable(iopt, cmd->num_iovas, &usable);
	if (ret)
		return ret;
	ret = ioas_put_ranges(u64_to_user_ptr(cmd->allowed_iovas),
			      usable.ranges, usable.nr_listed);
	cmd->num_iovas = usable.nr;
	cmd->out_iova_alignment = usable.alignment;
	iopt_put_usable(&usable);
	return ret;
}

/**
 * ioas_iova_ranges_ioctl() - implement IOMMU_IOAS_IOVA_RANGES
 * @ucmd: request with a struct iommu_ioas_iova_ranges
 *
 * Context: May sleep.
 * Return: 0, -EMSGSIZE if the array of user space is too small for all ranges,
 * or another negative errno.
 */
int ioas_iova_ranges_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_iova_ranges *cmd = ucmd->cmd;
	u32 max = cmd->num_iovas;
	struct iommufd_ioas *ioas;
	int ret;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	ioas = ioas_get(ucmd->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	ret = ioas_report_ranges(cmd, ioas->iopt);
	if (!ret)
		ret = ucmd_respond(ucmd, sizeof(*cmd));
	if (!ret && cmd->num_iovas > max)
		ret = -EMSGSIZE;
	object_put(&ioas->obj);
	return ret;
}

static int ioas_get_range(struct iova_range *to,
			  const struct iommu_iova_range __user *from)
{
	struct iommu_iova_range range;

	if (copy_from_user(&range, from, sizeof(range)))
		return -EFAULT;
	return iova_range_from_user_bounds(range.start, range.last, to);
}

static struct iova_range *
ioas_get_ranges(const struct iommu_iova_range __user *from, u32 nr)
{
	struct iova_range *ranges;
	int ret;

	if (!nr)
		return NULL;
	if (nr > MAX_ALLOWED)
		return ERR_PTR(-E2BIG);
	ranges = kvmalloc_objs(*ranges, nr, GFP_KERNEL_ACCOUNT);
	if (!ranges)
		return ERR_PTR(-ENOMEM);
	for (u32 i = 0; i < nr; i++) {
		ret = ioas_get_range(&ranges[i], from + i);
		if (ret) {
			kvfree(ranges);
			return ERR_PTR(ret);
		}
		cond_resched();
	}
	return ranges;
}

/**
 * ioas_allow_iovas_ioctl() - implement IOMMU_IOAS_ALLOW_IOVAS
 * @ucmd: request with a struct iommu_ioas_allow_iovas
 *
 * Context: May sleep.
 * Return: 0, -E2BIG for more than MAX_ALLOWED ranges, or another negative
 * errno.
 */
int ioas_allow_iovas_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_allow_iovas *cmd = ucmd->cmd;
	struct iova_range *ranges;
	struct iommufd_ioas *ioas;
	int ret;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	ioas = ioas_get(ucmd->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);

	ranges = ioas_get_ranges(u64_to_user_ptr(cmd->allowed_iovas),
				 cmd->num_iovas);
	if (IS_ERR(ranges)) {
		ret = PTR_ERR(ranges);
		goto out_put;
	}
	ret = iopt_set_allowed(ioas->iopt, &ranges, cmd->num_iovas);
	kvfree(ranges);
out_put:
	object_put(&ioas->obj);
	return ret;
}

/*
 * All mappings are coherent, because user space cannot clean caches. Devices
 * without coherent DMA cannot be bound.
 */
static int ioas_prot(u32 flags)
{
	int prot = IOMMU_CACHE;

	if (flags & IOMMU_IOAS_MAP_WRITEABLE)
		prot |= IOMMU_WRITE;
	if (flags & IOMMU_IOAS_MAP_READABLE)
		prot |= IOMMU_READ;
	return prot;
}

static const u32 ioas_map_access = IOMMU_IOAS_MAP_WRITEABLE |
				   IOMMU_IOAS_MAP_READABLE;

static int ioas_check_map(struct iommufd_ctx *ictx, u32 flags, u64 iova,
			  u64 length)
{
	struct iommufd_refusal_log *log = &ictx->stats->refusals;

	if (flags & ~(ioas_map_access | IOMMU_IOAS_MAP_FIXED_IOVA)) {
		iommufd_refuse(log, REFUSAL_FLAGS, flags);
		return -EOPNOTSUPP;
	}
	if (iova >= ULONG_MAX || length >= ULONG_MAX) {
		iommufd_refuse(log, REFUSAL_WRAP, iova, length);
		return -EOVERFLOW;
	}
	if (flags & ioas_map_access)
		return 0;
	iommufd_refuse(log, REFUSAL_NO_ACCESS);
	return -EINVAL;
}

static int ioas_init_map(const struct iommufd_ucmd *ucmd, u32 flags,
			 struct iopt_map *map)
{
	map->prot = ioas_prot(flags);
	map->fixed = flags & IOMMU_IOAS_MAP_FIXED_IOVA;
	map->charge = READ_ONCE(ucmd->ictx->charge);
	return ioas_check_map(ucmd->ictx, flags, map->iova, map->length);
}

/* Undo the mapping if its IOVA cannot be reported. */
static int ioas_respond_mapped(struct iommufd_ucmd *ucmd, size_t size,
			       struct iopt *iopt, const struct iopt_map *map)
{
	int ret = ucmd_respond(ucmd, size);
	struct iova_range mapped;
	u64 unmapped;

	if (ret && !iova_range_from_user(map->iova, map->length, &mapped))
		iopt_unmap(iopt, &mapped, AREA_IOMMUFD, &unmapped);
	return ret;
}

/* The pages may be mapped already, so the same holds as for ioas_copy(). */
static int ioas_map_dmabuf(struct iommufd_ctx *ictx, struct iopt *iopt,
			   struct iopt_map *map, struct dma_buf *dmabuf)
{
	struct pages_source source = {
		.dmabuf = dmabuf,
		.dmabufs = ictx->dmabufs,
	};
	int ret;

	if (down_read_killable(&ictx->account_rwsem))
		return -EINTR;
	ret = iopt_map(iopt, map, &source);
	up_read(&ictx->account_rwsem);
	return ret;
}

static int ioas_map_fd(struct iommufd_ctx *ictx, struct iopt *iopt,
		       struct iopt_map *map, int fd)
{
	struct dma_buf *dmabuf;
	struct file *file;
	int ret;

	if (!map->length)
		return -EINVAL;
	dmabuf = dma_buf_get(fd);
	if (!IS_ERR(dmabuf)) {
		ret = ioas_map_dmabuf(ictx, iopt, map, dmabuf);
		dma_buf_put(dmabuf);
		return ret;
	}
	file = fget(fd);
	if (!file)
		return -EBADF;
	ret = iopt_map(iopt, map, &(struct pages_source){ .file = file });
	fput(file);
	return ret;
}

static int ioas_map_user(struct iopt *iopt, struct iopt_map *map)
{
	u64 end;

	if (check_add_overflow(map->uaddr, map->length, &end)) {
		iommufd_refuse(&iopt->stats->refusals, REFUSAL_WRAP, map->uaddr,
			       map->length);
		return -EOVERFLOW;
	}
	return iopt_map(iopt, map, &(struct pages_source){});
}

/*
 * Map memory of the file or dma-buf @fd, or of the current process if @fd is
 * NULL.
 * @iova points into the response of @size bytes.
 */
static int ioas_map_and_respond(struct iommufd_ucmd *ucmd, u32 ioas_id,
				struct iopt_map *map, const int *fd, u64 *iova,
				size_t size)
{
	struct iommufd_ioas *ioas = ioas_get(ucmd->ictx, ioas_id);
	int ret;

	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	if (fd)
		ret = ioas_map_fd(ucmd->ictx, ioas->iopt, map, *fd);
	else
		ret = ioas_map_user(ioas->iopt, map);
	if (!ret) {
		*iova = map->iova;
		ret = ioas_respond_mapped(ucmd, size, ioas->iopt, map);
	}
	object_put(&ioas->obj);
	return ret;
}

/**
 * ioas_map_ioctl() - implement IOMMU_IOAS_MAP
 * @ucmd: request with a struct iommu_ioas_map
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: 0 or a negative errno.
 */
int ioas_map_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_map *cmd = ucmd->cmd;
	struct iopt_map map = {
		.iova = cmd->iova,
		.length = cmd->length,
		.uaddr = cmd->user_va,
	};
	int ret;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	ret = ioas_init_map(ucmd, cmd->flags, &map);
	if (ret)
		return ret;
	return ioas_map_and_respond(ucmd, cmd->ioas_id, &map, NULL, &cmd->iova,
				    sizeof(*cmd));
}

/**
 * ioas_map_file_ioctl() - implement IOMMU_IOAS_MAP_FILE
 * @ucmd: request with a struct iommu_ioas_map_file
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: 0 or a negative errno.
 */
int ioas_map_file_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_map_file *cmd = ucmd->cmd;
	struct iopt_map map = {
		.iova = cmd->iova,
		.length = cmd->length,
		.uaddr = cmd->start,
	};
	int ret;

	ret = ioas_init_map(ucmd, cmd->flags, &map);
	if (ret)
		return ret;
	return ioas_map_and_respond(ucmd, cmd->ioas_id, &map, &cmd->fd,
				    &cmd->iova, sizeof(*cmd));
}

static int ioas_collect_areas(struct iommufd_ctx *ictx,
			      const struct iommu_ioas_copy *cmd,
			      struct list_head *areas)
{
	struct iommufd_ioas *ioas;
	struct iova_range range;
	int ret;

	ioas = ioas_get(ictx, cmd->src_ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	ret = iova_range_from_user(cmd->src_iova, cmd->length, &range);
	if (!ret)
		ret = iopt_collect(ioas->iopt, &range, ioas_prot(cmd->flags),
				   areas);
	object_put(&ioas->obj);
	return ret;
}

/* Called with account_rwsem held. On success, @to is set, with a reference. */
static int ioas_copy_locked(struct iommufd_ctx *ictx,
			    const struct iommu_ioas_copy *cmd,
			    struct iopt_map *map, struct iommufd_ioas **to)
{
	struct iommufd_ioas *ioas;
	LIST_HEAD(areas);
	int ret;

	ret = ioas_collect_areas(ictx, cmd, &areas);
	if (ret)
		return ret;
	ioas = ioas_get(ictx, cmd->dst_ioas_id);
	if (IS_ERR(ioas)) {
		iopt_discard(&areas);
		return PTR_ERR(ioas);
	}
	ret = iopt_map_areas(ioas->iopt, &areas, map);
	if (ret) {
		iopt_discard(&areas);
		object_put(&ioas->obj);
		return ret;
	}
	*to = ioas;
	return 0;
}

/*
 * No user can be asked to unpin with account_rwsem held, so it is released
 * before the response: if that fails, the copy is unmapped.
 */
static int ioas_copy(struct iommufd_ctx *ictx,
		     const struct iommu_ioas_copy *cmd, struct iopt_map *map,
		     struct iommufd_ioas **to)
{
	int ret;

	if (down_read_killable(&ictx->account_rwsem))
		return -EINTR;
	ret = ioas_copy_locked(ictx, cmd, map, to);
	up_read(&ictx->account_rwsem);
	return ret;
}

/**
 * ioas_copy_ioctl() - implement IOMMU_IOAS_COPY
 * @ucmd: request with a struct iommu_ioas_copy
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int ioas_copy_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_copy *cmd = ucmd->cmd;
	struct iopt_map map = {
		.iova = cmd->dst_iova,
		.length = cmd->length,
		.fixed = cmd->flags & IOMMU_IOAS_MAP_FIXED_IOVA,
	};
	struct iommufd_ioas *to;
	int ret;

	ret = ioas_check_map(ucmd->ictx, cmd->flags,
			     max(cmd->src_iova, cmd->dst_iova), cmd->length);
	if (ret)
		return ret;
	ret = ioas_copy(ucmd->ictx, cmd, &map, &to);
	if (ret)
		return ret;
	cmd->dst_iova = map.iova;
	ret = ioas_respond_mapped(ucmd, sizeof(*cmd), to->iopt, &map);
	object_put(&to->obj);
	return ret;
}

static int ioas_unmap(struct iopt *iopt, u64 iova, u64 length, u64 *unmapped)
{
	struct iova_range range;
	int ret;

	if (iova == 0 && length == U64_MAX)
		return iopt_unmap_all(iopt, AREA_IOMMUFD, unmapped);
	if (iova >= ULONG_MAX || length >= ULONG_MAX)
		return -EOVERFLOW;
	ret = iova_range_from_user(iova, length, &range);
	if (!ret)
		ret = iopt_unmap(iopt, &range, AREA_IOMMUFD, unmapped);
	if (!ret && !*unmapped) {
		iommufd_refuse(&iopt->stats->refusals, REFUSAL_NOT_MAPPED,
			       iova);
		return -ENOENT;
	}
	return ret;
}

/**
 * ioas_unmap_ioctl() - implement IOMMU_IOAS_UNMAP
 * @ucmd: request with a struct iommu_ioas_unmap
 *
 * Context: May sleep.
 * Return: 0, -ENOENT if nothing is mapped or only a part of a mapping would be
 * unmapped, or another negative errno.
 */
int ioas_unmap_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_unmap __user *reply = ucmd->ubuffer;
	struct iommu_ioas_unmap *cmd = ucmd->cmd;
	struct iommufd_ioas *ioas;
	u64 unmapped = 0;
	int ret;

	ioas = ioas_get(ucmd->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	ret = ioas_unmap(ioas->iopt, cmd->iova, cmd->length, &unmapped);
	if (!ret && put_user(unmapped, &reply->length))
		ret = -EFAULT;
	object_put(&ioas->obj);
	return ret;
}

/**
 * ioas_get_pa_ioctl() - implement IOMMU_IOAS_NOIOMMU_GET_PA
 * @ucmd: request with a struct iommu_ioas_noiommu_get_pa
 *
 * Context: May sleep.
 * Return: 0; -EPERM without CAP_SYS_RAWIO, -EOPNOTSUPP for a reserved member
 * that is set, -EINVAL for a length of 0, -EOVERFLOW for an IOVA that cannot
 * exist, -ENOENT for an unknown IOAS, or an error of iopt_phys().
 */
int ioas_get_pa_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_ioas_noiommu_get_pa *cmd = ucmd->cmd;
	struct iommufd_ioas *ioas;
	int ret;

	if (!capable(CAP_SYS_RAWIO))
		return -EPERM;
	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	if (!cmd->length)
		return -EINVAL;
	if (cmd->iova >= ULONG_MAX)
		return -EOVERFLOW;
	ioas = ioas_get(ucmd->ictx, cmd->ioas_id);
	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	ret = iopt_phys(ioas->iopt, cmd->iova, &cmd->length, &cmd->out_phys);
	object_put(&ioas->obj);
	return ret ?: ucmd_respond(ucmd, sizeof(*cmd));
}
