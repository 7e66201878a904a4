// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations of containers and groups. Above each stand its name and arguments
 * in text.
 */
#include "container_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "args.h"
#include "trace.h"

/** struct unmap_arg - argument of UNMAP_DMA */
struct unmap_arg {
	/** @unmap: the struct */
	struct vfio_iommu_type1_dma_unmap unmap;
	/** @bitmap: part that follows if the flags request a bitmap */
	struct vfio_bitmap bitmap;
};

/** struct dirty_arg - argument of DIRTY_PAGES */
struct dirty_arg {
	/** @dirty: the struct */
	struct vfio_iommu_type1_dirty_bitmap dirty;
	/** @get: part that follows if the flags request a bitmap */
	struct vfio_iommu_type1_dirty_bitmap_get get;
};

/* What "getdev" does to the name of the device; 0 leaves it as it is */
enum {
	NAME_EMPTY = 1,
	NAME_UNKNOWN,
	NAME_TOO_LONG,
	NAME_WITH_SPACE,
};

/* Bytes of a bitmap that the trace shows */
#define BITMAP_SHOWN 256U

static void trace_open_file(struct world *world, __u64 slot, const char *path,
			    int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	trace_ret(fd < 0 ? -errno : 0);
	world_keep(world, slot, fd);
}

/* open(f,flags) */
void op_open(struct world *world, const struct call *call)
{
	trace_open_file(world, call->arg[0], "/dev/vfio/vfio",
			(int)call->arg[1]);
}

/* close(f): any file */
void op_close(struct world *world, const struct call *call)
{
	int ret = close(world_fd(world, call->arg[0]));

	trace_ret(ret < 0 ? -errno : 0);
	world_close(world, call->arg[0]);
}

/* api(f,n) */
void op_api(struct world *world, const struct call *call)
{
	do_ioctl(world_fd(world, call->arg[0]), VFIO_GET_API_VERSION,
		 call->arg[1]);
}

/* ext(f,n) */
void op_ext(struct world *world, const struct call *call)
{
	do_ioctl(world_fd(world, call->arg[0]), VFIO_CHECK_EXTENSION,
		 call->arg[1]);
}

/* iommu(f,n) */
void op_iommu(struct world *world, const struct call *call)
{
	do_ioctl(world_fd(world, call->arg[0]), VFIO_SET_IOMMU, call->arg[1]);
}

/* info(f,argsz,p) */
void op_info(struct world *world, const struct call *call)
{
	struct vfio_iommu_type1_info info;

	memset(&info, 0xee, sizeof(info));
	info.argsz = (__u32)call->arg[1];
	do_struct(world_fd(world, call->arg[0]), VFIO_IOMMU_GET_INFO,
		  (enum ptr)call->arg[2], &info, sizeof(info));
}

/* map(f,v,iova,size,flags,argsz,p) */
void op_map(struct world *world, const struct call *call)
{
	const struct vfio_iommu_type1_dma_map map = {
		.argsz = (__u32)call->arg[5],
		.flags = (__u32)call->arg[4],
		.vaddr = call->arg[1],
		.iova = call->arg[2],
		.size = call->arg[3],
	};

	do_struct(world_fd(world, call->arg[0]), VFIO_IOMMU_MAP_DMA,
		  (enum ptr)call->arg[6], &map, sizeof(map));
}

/* Return the address for a bitmap. If it can be written, it is all zeros. */
static void *place_bitmap(enum ptr ptr)
{
	char *bits = memory_bitmap();

	if (ptr != PTR_OK && ptr != PTR_ODD)
		return memory_place(ptr, "", 1);
	memset(bits, 0, BITMAP_SHOWN + 1);
	return ptr == PTR_ODD ? bits + 1 : bits;
}

static void trace_bitmap(enum ptr ptr)
{
	const char *bits = memory_bitmap();
	size_t nr = BITMAP_SHOWN;

	if (ptr != PTR_OK && ptr != PTR_ODD)
		return;
	while (nr && !bits[nr - 1])
		nr--;
	trace_add(" bits:");
	trace_bytes(bits, nr);
}

/* unmap(f,iova,size,flags,argsz,p,bits_pgsize,bits_size,bits_p) */
void op_unmap(struct world *world, const struct call *call)
{
	struct unmap_arg arg = {
		.unmap.argsz = (__u32)call->arg[4],
		.unmap.flags = (__u32)call->arg[3],
		.unmap.iova = call->arg[1],
		.unmap.size = call->arg[2],
		.bitmap.pgsize = call->arg[6],
		.bitmap.size = call->arg[7],
	};
	bool bits = arg.unmap.flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP;
	enum ptr bits_ptr = (enum ptr)call->arg[8];

	if (bits)
		arg.bitmap.data = place_bitmap(bits_ptr);
	do_struct(world_fd(world, call->arg[0]), VFIO_IOMMU_UNMAP_DMA,
		  (enum ptr)call->arg[5], &arg,
		  bits ? sizeof(arg) : sizeof(arg.unmap));
	if (bits)
		trace_bitmap(bits_ptr);
}

/* dirty(f,flags,iova,size,pgsize,bits_size,argsz,p,bits_p) */
void op_dirty(struct world *world, const struct call *call)
{
	struct dirty_arg arg = {
		.dirty.argsz = (__u32)call->arg[6],
		.dirty.flags = (__u32)call->arg[1],
		.get.iova = call->arg[2],
		.get.size = call->arg[3],
		.get.bitmap.pgsize = call->arg[4],
		.get.bitmap.size = call->arg[5],
	};
	bool bits = arg.dirty.flags & VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP;
	enum ptr bits_ptr = (enum ptr)call->arg[8];

	if (bits)
		arg.get.bitmap.data = place_bitmap(bits_ptr);
	do_struct(world_fd(world, call->arg[0]), VFIO_IOMMU_DIRTY_PAGES,
		  (enum ptr)call->arg[7], &arg,
		  bits ? sizeof(arg) : sizeof(arg.dirty));
	if (bits)
		trace_bitmap(bits_ptr);
}

/* raw(f,cmd,p): an ioctl by its number, with zeros */
void op_raw(struct world *world, const struct call *call)
{
	static const char zeros[64];

	do_struct(world_fd(world, call->arg[0]), call->arg[1],
		  (enum ptr)call->arg[2], zeros, sizeof(zeros));
}

/* gopen(f,flags) */
void op_gopen(struct world *world, const struct call *call)
{
	char path[32];
	int group;

	if (call->arg[0] == FD_OTHER_GROUP)
		group = world->other.group;
	else if (call->arg[0] >= FD_GROUP0 && call->arg[0] <= FD_GROUP3)
		group = world->hardware.group[call->arg[0] - FD_GROUP0];
	else
		return;
	snprintf(path, sizeof(path), "/dev/vfio/%d", group);
	trace_open_file(world, call->arg[0], path, (int)call->arg[1]);
}

/* status(f,argsz,p) */
void op_status(struct world *world, const struct call *call)
{
	const struct vfio_group_status status = {
		.argsz = (__u32)call->arg[1],
		.flags = 0xeeeeeeee,
	};

	do_struct(world_fd(world, call->arg[0]), VFIO_GROUP_GET_STATUS,
		  (enum ptr)call->arg[2], &status, sizeof(status));
}

/* set(f,f,p) */
void op_set(struct world *world, const struct call *call)
{
	int fd = world_fd(world, call->arg[1]);

	do_struct(world_fd(world, call->arg[0]), VFIO_GROUP_SET_CONTAINER,
		  (enum ptr)call->arg[2], &fd, sizeof(fd));
}

/* unset(f) */
void op_unset(struct world *world, const struct call *call)
{
	do_ioctl(world_fd(world, call->arg[0]), VFIO_GROUP_UNSET_CONTAINER, 0);
}

static void device_name(const struct world *world, __u64 slot, char *buf,
			size_t size)
{
	if (slot == FD_OTHER)
		snprintf(buf, size, "%s", world->other.bdf);
	else if (slot == FD_DEVICE4)
		snprintf(buf, size, "vfio_sample.%u", world->hardware.sample);
	else
		snprintf(buf, size, "%s",
			 world->hardware.bdf[slot - FD_DEVICE0]);
}

/* getdev(f,f,kind,p): by the name of the device, or by a wrong one (kind) */
void op_getdev(struct world *world, const struct call *call)
{
	int group = world_fd(world, call->arg[0]);
	static char name[4200];
	enum ptr ptr = (enum ptr)call->arg[3];
	void *arg;
	int fd;

	if (call->arg[1] != FD_OTHER &&
	    (call->arg[1] < FD_DEVICE0 || call->arg[1] > FD_DEVICE4))
		return;
	device_name(world, call->arg[1], name, sizeof(name));
	switch (call->arg[2]) {
	case NAME_EMPTY:
		strcpy(name, "");
		break;
	case NAME_UNKNOWN:
		strcpy(name, "no such device");
		break;
	case NAME_TOO_LONG:
		memset(name, 'a', sizeof(name) - 1);
		name[sizeof(name) - 1] = '\0';
		break;
	case NAME_WITH_SPACE:
		strcat(name, " ");
		break;
	}
	arg = call->arg[2] == NAME_TOO_LONG ?
		      name :
		      memory_place(ptr, name, strlen(name) + 1);
	fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, arg);
	trace_ret(fd < 0 ? -errno : 0);
	world_keep(world, call->arg[1], fd);
}
