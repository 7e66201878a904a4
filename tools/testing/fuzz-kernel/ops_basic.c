// SPDX-License-Identifier: GPL-2.0-only
/* Operations on files, memory and processes. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "basic.h"
#include "exec.h"
#include "harness.h"
#include "op.h"
#include "pass.h"
#include "region.h"
#include "resource.h"
#include "sys.h"

#define MAX_TRANSFER (1UL << 20)
#define MAX_MAP (64UL << 20)
#define HUGE_FILE_SIZE (4L << 20)

/**
 * report_wrong() - log an error of the kernel
 * @what: what is wrong
 *
 * The log of the kernel is what supervise_run() checks.
 */
void report_wrong(const char *what)
{
	char line[128];

	snprintf(line, sizeof(line), "<4>fuzz: BUG: %s\n", what);
	__sys_write_file("/dev/kmsg", line);
}

static long or_errno(long ret)
{
	return ret < 0 ? -errno : ret;
}

static long store(__u64 ref, long ret)
{
	if (ret >= 0)
		resource_set(ref, ret);
	return ret;
}

/* The descriptor of an argument, -1 for those that programs must not use */
static int fd_of(__u64 ref)
{
	int fd = (int)resource_get(ref);

	return fd > 2 && !resource_is_hidden(fd) ? fd : -1;
}

static long open_ctx(const struct call *call)
{
	return store(call->arg[0], __sys_open("/dev/iommu", O_RDWR));
}

static long open_container(const struct call *call)
{
	return store(call->arg[0], __sys_open("/dev/vfio/vfio", O_RDWR));
}

static long open_event(const struct call *call)
{
	return store(call->arg[0],
		     or_errno(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));
}

static long open_file(const struct call *call)
{
	long fd = or_errno(memfd_create("file", MFD_CLOEXEC));

	if (fd >= 0 && ftruncate((int)fd, (off_t)(call->arg[1] % MAX_MAP)))
		return -errno;
	return store(call->arg[0], fd);
}

static long open_huge_file(const struct call *call)
{
	long fd = or_errno(memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB));

	if (fd >= 0 && ftruncate((int)fd, HUGE_FILE_SIZE))
		return -errno;
	return store(call->arg[0], fd);
}

static long open_shm(const struct call *call)
{
	return store(call->arg[0], or_errno(dup(region_file())));
}

static long do_close(const struct call *call)
{
	return or_errno(close(fd_of(call->arg[0])));
}

/* The copy has a type of its own: a file, say, that is a context. */
static long do_dup(const struct call *call)
{
	return store(call->arg[1],
		     or_errno(fcntl(fd_of(call->arg[0]), F_DUPFD_CLOEXEC, 3)));
}

/* Thread 0 reads only if there is something, so that others can continue. */
static bool may_block(const struct call *call)
{
	struct pollfd poller = { fd_of(call->arg[0]), POLLIN, 0 };

	return call->thread || poll(&poller, 1, 0) == 1;
}

static long do_read(const struct call *call)
{
	if (!may_block(call))
		return -EAGAIN;
	return or_errno(read(fd_of(call->arg[0]),
			     (void *)region_address(call->arg[1]),
			     call->arg[2] % MAX_TRANSFER));
}

static long do_write(const struct call *call)
{
	return or_errno(write(fd_of(call->arg[0]),
			      (void *)region_address(call->arg[1]),
			      call->arg[2] % MAX_TRANSFER));
}

static long do_poll(const struct call *call)
{
	struct pollfd poller = { fd_of(call->arg[0]), POLLIN | POLLOUT, 0 };

	return or_errno(poll(&poller, 1, 1));
}

static long do_truncate(const struct call *call)
{
	return or_errno(ftruncate(fd_of(call->arg[0]),
				  (off_t)(call->arg[1] % MAX_MAP)));
}

static long do_mmap(const struct call *call)
{
	static const int prots[] = { PROT_READ | PROT_WRITE, PROT_READ };
	void *at = mmap(NULL, call->arg[2] % MAX_MAP,
			prots[call->arg[4] % ARRAY_SIZE(prots)], MAP_SHARED,
			fd_of(call->arg[0]), (off_t)call->arg[3]);

	if (at == MAP_FAILED)
		return -errno;
	resource_set(call->arg[1], (unsigned long)at);
	return 0;
}

/* Map what the kernel has described in memory: an offset and a length. */
static long do_mmap_at(const struct call *call)
{
	__u64 what[2];
	void *at;

	if (!region_read(region_address(call->arg[2]), what, sizeof(what)))
		return -EFAULT;
	at = mmap(NULL, what[1] % MAX_MAP, PROT_READ | PROT_WRITE, MAP_SHARED,
		  fd_of(call->arg[0]), (off_t)what[0]);
	if (at == MAP_FAILED)
		return -errno;
	resource_set(call->arg[1], (unsigned long)at);
	return 0;
}

/* Only what do_mmap() has mapped, or nothing. */
static long do_munmap(const struct call *call)
{
	__u64 at = resource_get(call->arg[0]);

	if (ref_is_slot(call->arg[0]) && ref_type(call->arg[0]) == TYPE_MAP &&
	    at)
		return or_errno(munmap((void *)at, PAGE));
	return -EINVAL;
}

static long do_memory(const struct call *call)
{
	region_advise(region_address(call->arg[0]), call->arg[1], call->arg[2]);
	return 0;
}

static long do_put(const struct call *call)
{
	return region_write(region_address(call->arg[0]), &call->arg[1],
			    sizeof(call->arg[1])) ?
		       0 :
		       -EFAULT;
}

/* Store a descriptor or an ID, for structures with arrays of them. */
static long do_put_ref(const struct call *call)
{
	__u32 value = resource_get(call->arg[1]);

	return region_write(region_address(call->arg[0]), &value,
			    sizeof(value)) ?
		       0 :
		       -EFAULT;
}

static void run_child(const struct call *call)
{
	char *const args[] = { "true", NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	switch (call->arg[0]) {
	case FORK_STAY:
		pause();
		break;
	case FORK_CLOSE:
		resources_close(false);
		break;
	case FORK_REST:
		exec_rest(call);
		break;
	case FORK_EXEC:
		execv("/bin/true", args);
		break;
	}
	_exit(0);
}

static long do_fork(const struct call *call)
{
	pid_t pid = fork();

	if (!pid)
		run_child(call);
	return or_errno(pid);
}

static int fail_file = -1;

/* One program at a time can open the file, and closing it disarms the points. */
static void open_fail_file(void)
{
	int fd = __sys_open("/dev/iommufd_fail_point", O_RDWR);

	if (fd >= 0)
		fail_file = resource_hide(fd);
}

/* Let a fail point of the calling thread fail, the nth from here. */
static long do_fail(const struct call *call)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char text[16];
	int len = snprintf(text, sizeof(text), "%u",
			   (unsigned int)(call->arg[0] % 100));

	pthread_once(&once, open_fail_file);
	return or_errno(write(fail_file, text, len));
}

/* Limit locked memory, which counts only without the capability. */
static long do_limit(const struct call *call)
{
	struct rlimit limit = { call->arg[0], RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		return -errno;
	sys_drop_cap(CAP_IPC_LOCK);
	return 0;
}

/* Let a descriptor be in flight, in a socket that is part of no program. */
static long do_send(const struct call *call)
{
	int fd = fd_of(call->arg[0]);
	int pair[2];
	long ret;

	if (fd < 0)
		return -EBADF;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	ret = pass_fd(pair[0], fd, 0);
	close(pair[0]);
	/* the other end stays open until the program ends */
	return ret;
}

static long do_signal(const struct call *call)
{
	exec_signal(call->arg[0]);
	return 0;
}

static long do_sleep(const struct call *call)
{
	return usleep(call->arg[0] % 50000);
}

static const struct op ops[] = {
	{ .name = "ctx", .run = open_ctx, FIELDS(OUT(TYPE_CTX)) },
	{ .name = "container",
	  .run = open_container,
	  FIELDS(OUT(TYPE_CONTAINER)) },
	{ .name = "event", .run = open_event, FIELDS(OUT(TYPE_EVENT)) },
	{ .name = "file",
	  .run = open_file,
	  FIELDS(OUT(TYPE_FILE), ARG(KIND_LEN)) },
	{ .name = "huge_file", .run = open_huge_file, FIELDS(OUT(TYPE_FILE)) },
	{ .name = "shm", .run = open_shm, FIELDS(OUT(TYPE_FILE)) },
	{ .name = "close", .run = do_close, FIELDS(ARG(KIND_FD)) },
	{ .name = "dup", .run = do_dup, FIELDS(ARG(KIND_FD), OUT(KIND_FD)) },
	{ .name = "read",
	  .run = do_read,
	  .waits = true,
	  FIELDS(ARG(KIND_FD), ARG(KIND_PTR), ARG(KIND_COUNT)) },
	{ .name = "write",
	  .run = do_write,
	  .waits = true,
	  FIELDS(ARG(KIND_FD), ARG(KIND_PTR), ARG(KIND_COUNT)) },
	{ .name = "poll", .run = do_poll, FIELDS(ARG(KIND_FD)) },
	{ .name = "truncate",
	  .run = do_truncate,
	  FIELDS(ARG(TYPE_FILE), ARG(KIND_LEN)) },
	{ .name = "mmap",
	  .run = do_mmap,
	  FIELDS(ARG(KIND_FD), OUT(TYPE_MAP), ARG(KIND_LEN), ARG(KIND_OFFSET),
		 ARG(KIND_NUM)) },
	{ .name = "mmap_at",
	  .run = do_mmap_at,
	  FIELDS(ARG(KIND_FD), OUT(TYPE_MAP), ARG(KIND_PTR)) },
	{ .name = "munmap", .run = do_munmap, FIELDS(ARG(TYPE_MAP)) },
	{ .name = "memory",
	  .run = do_memory,
	  FIELDS(ARG(KIND_PTR), ARG(KIND_LEN), ARG(KIND_ADVICE)) },
	{ .name = "put", .run = do_put, FIELDS(ARG(KIND_PTR), ARG(KIND_NUM)) },
	{ .name = "put_ref",
	  .run = do_put_ref,
	  FIELDS(ARG(KIND_PTR), ARG(KIND_FD)) },
	{ .name = "fork", .run = do_fork, FIELDS(ARG(KIND_FORK)) },
	{ .name = "fail", .run = do_fail, FIELDS(ARG(KIND_NTH)) },
	{ .name = "limit", .run = do_limit, FIELDS(ARG(KIND_LEN)) },
	{ .name = "send", .run = do_send, FIELDS(ARG(KIND_FD)) },
	{ .name = "signal", .run = do_signal, FIELDS(ARG(KIND_NUM)) },
	{ .name = "sleep", .run = do_sleep, FIELDS(ARG(KIND_LEN)) },
};

const struct op_table ops_basic = { ops, ARRAY_SIZE(ops) };
