// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations of devices of any kind. Above each stand its name and arguments in
 * text.
 */
#include "other_ops.h"

#include <errno.h>
#include <linux/vfio.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "args.h"
#include "sys.h"
#include "trace.h"

/* Maximum bytes of a read or write */
#define IO_MAX 64U

static off_t region_offset(__u64 index, __u64 offset)
{
	return (off_t)((index << 40) + offset);
}

/* other(n): select the device x of this sequence; used once at most */
void op_other(struct world *world, const struct call *call)
{
	const struct other *other = other_get((unsigned int)call->arg[0]);

	if (!other) {
		trace_add(" none");
		return;
	}
	world->other = *other;
	trace_add(" %s", other->id);
}

/*
 * cfgwalk(f,offset,size,width,value): for each register of config space in
 * turn, write the value, show the register, and restore it.
 */
void op_cfgwalk(struct world *world, const struct call *call)
{
	const int fd = world_fd(world, call->arg[0]);
	const size_t width = call->arg[3] < 8 ? call->arg[3] : 8;
	const __u64 end = call->arg[1] + call->arg[2];

	for (__u64 at = call->arg[1]; width && at < end; at += width) {
		const off_t offset =
			region_offset(VFIO_PCI_CONFIG_REGION_INDEX, at);
		__u64 before = 0;
		__u64 after = 0;

		if (pread(fd, &before, width, offset) != (ssize_t)width ||
		    pwrite(fd, &call->arg[4], width, offset) !=
			    (ssize_t)width ||
		    pread(fd, &after, width, offset) != (ssize_t)width)
			trace_add(" error %d", errno);
		if (pwrite(fd, &before, width, offset) != (ssize_t)width)
			trace_add(" error %d", errno);
		trace_add(" ");
		trace_bytes(&after, width);
	}
}

/* rd(f,index,offset,size): read a region; the content is not compared */
void op_rd(struct world *world, const struct call *call)
{
	unsigned char buf[IO_MAX];
	const size_t size = call->arg[3] < IO_MAX ? call->arg[3] : IO_MAX;
	const long ret = pread(world_fd(world, call->arg[0]), buf, size,
			       region_offset(call->arg[1], call->arg[2]));

	trace_ret(ret < 0 ? -errno : ret);
}

/* wr(f,index,offset,size): write zeros to a region */
void op_wr(struct world *world, const struct call *call)
{
	static const unsigned char zeros[IO_MAX];
	const size_t size = call->arg[3] < IO_MAX ? call->arg[3] : IO_MAX;
	const long ret = pwrite(world_fd(world, call->arg[0]), zeros, size,
				region_offset(call->arg[1], call->arg[2]));

	trace_ret(ret < 0 ? -errno : ret);
}

static sigjmp_buf fault_env;

static void on_fault(int sig)
{
	siglongjmp(fault_env, sig);
}

/* Not inlined, so that no variable of the caller is lost by the long jump. */
static __attribute__((noinline)) int try_read(const volatile __u32 *at)
{
	int sig = sigsetjmp(fault_env, 0);

	if (!sig)
		(void)*at;
	return sig;
}

/* touch(f,index,offset): map a page of a region and read from it */
void op_touch(struct world *world, const struct call *call)
{
	const struct sigaction catch = { .sa_handler = on_fault,
					 .sa_flags = SA_NODEFER };
	const struct sigaction restore = { .sa_handler = SIG_DFL };
	void *at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
			world_fd(world, call->arg[0]),
			region_offset(call->arg[1], call->arg[2]));

	trace_ret(at == MAP_FAILED ? -errno : 0);
	if (at == MAP_FAILED)
		return;
	sigaction(SIGBUS, &catch, NULL);
	trace_add(" signal %d", try_read(at));
	sigaction(SIGBUS, &restore, NULL);
	munmap(at, PAGE);
}

/*
 * ioev(f,index,offset,flags,f): write zeros whenever the eventfd is signalled
 */
void op_ioev(struct world *world, const struct call *call)
{
	const struct vfio_device_ioeventfd ioeventfd = {
		.argsz = sizeof(ioeventfd),
		.flags = (__u32)call->arg[3],
		.offset = (__u64)region_offset(call->arg[1], call->arg[2]),
		.fd = world_fd(world, call->arg[4]),
	};

	do_struct(world_fd(world, call->arg[0]), VFIO_DEVICE_IOEVENTFD, PTR_OK,
		  &ioeventfd, sizeof(ioeventfd));
}
