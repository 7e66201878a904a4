// SPDX-License-Identifier: GPL-2.0-only
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

/* Bytes that one call reads or writes at most */
#define IO_MAX 64U

static off_t in_region(__u64 index, __u64 offset)
{
	return (off_t)((index << 40) + offset);
}

/* other(n): the device x of this sequence, which has one at most */
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
 * cfgwalk(f,offset,size,width,value): each register of config space by itself,
 * what it is once it has been written, and then as it was.
 */
void op_cfgwalk(struct world *world, const struct call *call)
{
	const int fd = world_fd(world, call->arg[0]);
	const size_t width = call->arg[3] < 8 ? call->arg[3] : 8;
	const __u64 end = call->arg[1] + call->arg[2];

	for (__u64 at = call->arg[1]; width && at < end; at += width) {
		const off_t offset =
			in_region(VFIO_PCI_CONFIG_REGION_INDEX, at);
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

/* rd(f,index,offset,size): of a region, whose content is not compared */
void op_rd(struct world *world, const struct call *call)
{
	unsigned char buf[IO_MAX];
	const size_t size = call->arg[3] < IO_MAX ? call->arg[3] : IO_MAX;
	const long rc = pread(world_fd(world, call->arg[0]), buf, size,
			      in_region(call->arg[1], call->arg[2]));

	trace_rc(rc < 0 ? -errno : rc);
}

/* wr(f,index,offset,size): zeros to a region */
void op_wr(struct world *world, const struct call *call)
{
	static const unsigned char zeros[IO_MAX];
	const size_t size = call->arg[3] < IO_MAX ? call->arg[3] : IO_MAX;
	const long rc = pwrite(world_fd(world, call->arg[0]), zeros, size,
			       in_region(call->arg[1], call->arg[2]));

	trace_rc(rc < 0 ? -errno : rc);
}

static sigjmp_buf fault;

static void on_fault(int sig)
{
	siglongjmp(fault, sig);
}

/* By itself, so that nothing here is in a register that a fault would undo. */
static __attribute__((noinline)) int try_read(const volatile __u32 *at)
{
	int sig = sigsetjmp(fault, 0);

	if (!sig)
		(void)*at;
	return sig;
}

/* touch(f,index,offset): mmap of a page of a region, and a read from there */
void op_touch(struct world *world, const struct call *call)
{
	const struct sigaction catch = { .sa_handler = on_fault,
					 .sa_flags = SA_NODEFER };
	const struct sigaction leave = { .sa_handler = SIG_DFL };
	void *at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
			world_fd(world, call->arg[0]),
			in_region(call->arg[1], call->arg[2]));

	trace_rc(at == MAP_FAILED ? -errno : 0);
	if (at == MAP_FAILED)
		return;
	sigaction(SIGBUS, &catch, NULL);
	trace_add(" signal %d", try_read(at));
	sigaction(SIGBUS, &leave, NULL);
	munmap(at, PAGE);
}

/* ioev(f,index,offset,flags,f): zeros there whenever that is signalled */
void op_ioev(struct world *world, const struct call *call)
{
	const struct vfio_device_ioeventfd ioeventfd = {
		.argsz = sizeof(ioeventfd),
		.flags = (__u32)call->arg[3],
		.offset = (__u64)in_region(call->arg[1], call->arg[2]),
		.fd = world_fd(world, call->arg[4]),
	};

	do_struct(world_fd(world, call->arg[0]), VFIO_DEVICE_IOEVENTFD, PTR_OK,
		  &ioeventfd, sizeof(ioeventfd));
}
