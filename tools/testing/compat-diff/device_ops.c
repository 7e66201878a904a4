// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations of devices. Above each stand its name and arguments in text.
 */
#include "device_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "args.h"
#include "hda.h"
#include "pci.h"
#include "sample.h"
#include "sys.h"
#include "trace.h"

#define CONFIG_OFFSET ((__u64)VFIO_PCI_CONFIG_REGION_INDEX << 40)
/* Time in which a device that is removed must be requested from its user */
#define EVENT_MS_MAX 60000

/* dinfo(f,argsz,p) */
void op_dinfo(struct world *world, const struct call *call)
{
	struct vfio_device_info info;

	memset(&info, 0xee, sizeof(info));
	info.argsz = (__u32)call->arg[1];
	do_struct(world_fd(world, call->arg[0]), VFIO_DEVICE_GET_INFO,
		  (enum ptr)call->arg[2], &info, sizeof(info));
}

/* region(f,index,argsz,p) */
void op_region(struct world *world, const struct call *call)
{
	struct vfio_region_info info;

	memset(&info, 0xee, sizeof(info));
	info.argsz = (__u32)call->arg[2];
	info.index = (__u32)call->arg[1];
	do_struct(world_fd(world, call->arg[0]), VFIO_DEVICE_GET_REGION_INFO,
		  (enum ptr)call->arg[3], &info, sizeof(info));
}

/* irq(f,index,argsz,p) */
void op_irq(struct world *world, const struct call *call)
{
	struct vfio_irq_info info;

	memset(&info, 0xee, sizeof(info));
	info.argsz = (__u32)call->arg[2];
	info.index = (__u32)call->arg[1];
	do_struct(world_fd(world, call->arg[0]), VFIO_DEVICE_GET_IRQ_INFO,
		  (enum ptr)call->arg[3], &info, sizeof(info));
}

/*
 * irqs(f,flags,index,start,count,f,argsz,p): the same data for all interrupts
 */
void op_irqs(struct world *world, const struct call *call)
{
	struct {
		struct vfio_irq_set set;
		union {
			__s32 fds[8];
			__u8 bools[32];
		};
	} arg = {
		.set.argsz = (__u32)call->arg[6],
		.set.flags = (__u32)call->arg[1],
		.set.index = (__u32)call->arg[2],
		.set.start = (__u32)call->arg[3],
		.set.count = (__u32)call->arg[4],
	};
	int fd = world_fd(world, call->arg[5]);

	if (arg.set.flags & VFIO_IRQ_SET_DATA_BOOL)
		memset(arg.bools, 1, sizeof(arg.bools));
	else
		for (int i = 0; i < 8; i++)
			arg.fds[i] = fd;
	do_struct(world_fd(world, call->arg[0]), VFIO_DEVICE_SET_IRQS,
		  (enum ptr)call->arg[7], &arg, sizeof(arg));
}

/* event(f): read how often the eventfd was signalled */
void op_event(struct world *world, const struct call *call)
{
	uint64_t count = 0;

	if (read(world_fd(world, call->arg[0]), &count, sizeof(count)) < 0)
		count = 0;
	trace_add(" %llu", (unsigned long long)count);
}

static void engine_stopped(struct world *world, __u64 slot)
{
	if (slot >= FD_DEVICE0 && slot <= FD_DEVICE4)
		world->started[slot - FD_DEVICE0] = false;
}

/* reset(f) */
void op_reset(struct world *world, const struct call *call)
{
	do_ioctl(world_fd(world, call->arg[0]), VFIO_DEVICE_RESET, 0);
	engine_stopped(world, call->arg[0]);
}

/* feature(f,flags,argsz,p): flags include the number; the data is zeros */
void op_feature(struct world *world, const struct call *call)
{
	struct {
		struct vfio_device_feature feature;
		__u64 data[4];
	} arg = {
		.feature.argsz = (__u32)call->arg[2],
		.feature.flags = (__u32)call->arg[1],
	};

	do_struct(world_fd(world, call->arg[0]), VFIO_DEVICE_FEATURE,
		  (enum ptr)call->arg[3], &arg, sizeof(arg));
}

/* hotinfo(f,argsz,p) */
void op_hotinfo(struct world *world, const struct call *call)
{
	const struct vfio_pci_hot_reset_info info = {
		.argsz = (__u32)call->arg[1],
	};

	do_struct(world_fd(world, call->arg[0]),
		  VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, (enum ptr)call->arg[2],
		  &info, sizeof(info));
}

/* hotreset(f,count,f,f,argsz,p): with two files that prove ownership */
void op_hotreset(struct world *world, const struct call *call)
{
	struct {
		struct vfio_pci_hot_reset reset;
		__s32 fds[2];
	} arg = {
		.reset.argsz = (__u32)call->arg[4],
		.reset.count = (__u32)call->arg[1],
		.fds = { world_fd(world, call->arg[2]),
			 world_fd(world, call->arg[3]) },
	};

	do_struct(world_fd(world, call->arg[0]), VFIO_DEVICE_PCI_HOT_RESET,
		  (enum ptr)call->arg[5], &arg, sizeof(arg));
	for (__u64 slot = FD_DEVICE0; slot <= FD_DEVICE3; slot++)
		engine_stopped(world, slot);
}

/* cfg(f,offset,size): read config space */
void op_cfg(struct world *world, const struct call *call)
{
	unsigned char buf[256];
	size_t size = call->arg[2] < sizeof(buf) ? call->arg[2] : sizeof(buf);
	long ret;

	memset(buf, 0xa5, sizeof(buf));
	ret = pread(world_fd(world, call->arg[0]), buf, size,
		    (off_t)(CONFIG_OFFSET + call->arg[1]));
	trace_ret(ret < 0 ? -errno : ret);
	if (ret > 0) {
		trace_add(" ");
		trace_bytes(buf, (size_t)ret);
	}
}

/* cfgw(f,offset,size,value): write config space */
void op_cfgw(struct world *world, const struct call *call)
{
	__u64 value = call->arg[3];
	size_t size = call->arg[2] < 8 ? call->arg[2] : 8;
	long ret = pwrite(world_fd(world, call->arg[0]), &value, size,
			  (off_t)(CONFIG_OFFSET + call->arg[1]));

	trace_ret(ret < 0 ? -errno : ret);
}

/* bar(f,offset,size,index): map a BAR at the address that r0 to r4 stand for */
void op_bar(struct world *world, const struct call *call)
{
	__u64 slot = call->arg[0];
	void *at;

	if (slot < FD_DEVICE0 || slot > FD_DEVICE4)
		return;
	at = mmap((void *)(uintptr_t)BAR_BASE(slot - FD_DEVICE0), call->arg[2],
		  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		  world_fd(world, slot),
		  (off_t)((call->arg[3] << 40) + call->arg[1]));
	trace_ret(at == MAP_FAILED ? -errno : 0);
}

/*
 * dma(f,iova,iova): DMA from the first page to the second, 0 for the same page
 */
void op_dma(struct world *world, const struct call *call)
{
	int fd = world_fd(world, call->arg[0]);
	__u64 slot = call->arg[0] - FD_DEVICE0;
	__u64 out = call->arg[2] ? call->arg[2] : call->arg[1];

	if (slot >= NR_DEVICES - 1)
		return;
	if (!world->started[slot]) {
		if (hda_start(fd)) {
			trace_add(" no device");
			return;
		}
		world->started[slot] = true;
	}
	trace_ret(hda_probe(fd, call->arg[1], out));
	memory_trace_changes();
}

static long sample_ioctl(const struct world *world, const struct call *call,
			 unsigned long cmd, __u32 flags, void *data)
{
	struct vfio_sample_dma dma = {
		.iova = call->arg[1],
		.data = (uintptr_t)data,
		.count = (__s32)call->arg[2],
		.flags = flags,
	};

	return do_ioctl(world_fd(world, call->arg[0]), cmd,
			(unsigned long)&dma);
}

/* pin(f,iova,count,flags) */
void op_pin(struct world *world, const struct call *call)
{
	sample_ioctl(world, call, VFIO_SAMPLE_PIN, (__u32)call->arg[3], NULL);
}

/* unpin(f,iova,count) */
void op_unpin(struct world *world, const struct call *call)
{
	sample_ioctl(world, call, VFIO_SAMPLE_UNPIN, 0, NULL);
}

/* rw(f,iova,size,flags) */
void op_rw(struct world *world, const struct call *call)
{
	unsigned char buf[64];

	if (call->arg[2] > sizeof(buf))
		return;
	memset(buf, 0x3c, sizeof(buf));
	if (sample_ioctl(world, call, VFIO_SAMPLE_RW, (__u32)call->arg[3],
			 buf) >= 0) {
		trace_add(" ");
		trace_bytes(buf, call->arg[2]);
	}
	memory_trace_changes();
}

/* pins(f): show the driver's counters of pins and of unmap callbacks */
void op_pins(struct world *world, const struct call *call)
{
	struct vfio_sample_stats stats = {};

	do_ioctl(world_fd(world, call->arg[0]), VFIO_SAMPLE_STATS,
		 (unsigned long)&stats);
	trace_add(" ");
	trace_bytes(&stats, sizeof(stats));
}

static void write_file(const char *path, const char *text)
{
	int ret = __sys_write_file(path, text);

	trace_ret(ret);
}

/*
 * remove(f,f): remove a device; wait for its request event or for the removal
 */
void op_remove(struct world *world, const struct call *call)
{
	struct pollfd fds[] = {
		{ .fd = world_fd(world, call->arg[1]), .events = POLLIN },
		{ .events = POLLIN },
	};
	char path[64];

	if (call->arg[0] < FD_DEVICE0 || call->arg[0] > FD_DEVICE3)
		return;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove",
		 world->hardware.bdf[call->arg[0] - FD_DEVICE0]);
	world->remover = fork();
	if (!world->remover) {
		for (int i = 0; i < NR_FDS; i++) {
			if (world->fd[i] >= 0)
				close(world->fd[i]);
		}
		__sys_write_file(path, "1");
		_exit(0);
	}
	/* there is no event if the device is not open */
	fds[1].fd = pidfd_open(world->remover, 0);
	poll(fds, 2, fds[0].fd >= 0 ? EVENT_MS_MAX : -1);
	close(fds[1].fd);
}

/* rescan(f): wait until the device is removed, then find and bind it again */
void op_rescan(struct world *world, const struct call *call)
{
	__u64 slot = call->arg[0] - FD_DEVICE0;
	int lock;

	if (slot > 3)
		return;
	if (world->remover)
		waitpid(world->remover, NULL, 0);
	world->remover = 0;
	lock = others_lock();
	write_file("/sys/bus/pci/rescan", "1");
	close(lock);
	pci_bind(world->hardware.bdf[slot]);
	trace_add(" %s",
		  pci_exists(world->hardware.bdf[slot]) ? "back" : "lost");
}
