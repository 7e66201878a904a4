// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations on the memory and the limits of the process. Above each stand its
 * name and arguments in text.
 */
#include "memory_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "hda.h"
#include "memory.h"
#include "sys.h"
#include "trace.h"

static void *arg_vaddr(const struct call *call, unsigned int nr)
{
	return (void *)(uintptr_t)call->arg[nr];
}

/* Tag of a page that "mark" has written to */
#define MARK_TAG 0xff

static void trace_errno(bool bad)
{
	trace_ret(bad ? -errno : 0);
}

/* locked: show the locked and pinned memory of the process in KiB */
void op_locked(struct world *world, const struct call *call)
{
	char buf[2048];
	char *line;
	ssize_t len;
	int fd;

	(void)world;
	(void)call;
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	len = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[len < 0 ? 0 : len] = '\0';
	line = strstr(buf, "VmLck:");
	trace_add(" %ld", line ? strtol(line + 6, NULL, 10) : -1);
	line = strstr(buf, "VmPin:");
	trace_add(" %ld", line ? strtol(line + 6, NULL, 10) : -1);
}

/* munmap(v,size) */
void op_munmap(struct world *world, const struct call *call)
{
	(void)world;
	trace_errno(munmap(arg_vaddr(call, 0), call->arg[1]));
}

/* mremap(v,size,v): move memory to another address */
void op_mremap(struct world *world, const struct call *call)
{
	(void)world;
	trace_errno(mremap(arg_vaddr(call, 0), call->arg[1], call->arg[1],
			   MREMAP_MAYMOVE | MREMAP_FIXED,
			   arg_vaddr(call, 2)) == MAP_FAILED);
}

/* newmem(v,size): map new anonymous memory, also in place of other memory */
void op_newmem(struct world *world, const struct call *call)
{
	(void)world;
	trace_errno(mmap(arg_vaddr(call, 0), call->arg[1],
			 PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			 0) == MAP_FAILED);
}

/* protect(v,size,prot) */
void op_protect(struct world *world, const struct call *call)
{
	(void)world;
	trace_errno(
		mprotect(arg_vaddr(call, 0), call->arg[1], (int)call->arg[2]));
}

/* dontneed(v,size) */
void op_dontneed(struct world *world, const struct call *call)
{
	(void)world;
	trace_errno(madvise(arg_vaddr(call, 0), call->arg[1], MADV_DONTNEED));
}

/*
 * mark(v): write another tag, which the device can read, to a page. The kernel
 * writes it, so that missing memory causes an error and not a signal.
 */
void op_mark(struct world *world, const struct call *call)
{
	const __u32 word = HDA_WORD(MARK_TAG);
	char *page = (char *)arg_vaddr(call, 0) - call->arg[0] % PAGE;
	int fds[2];

	(void)world;
	if (pipe(fds))
		return;
	trace_errno(write(fds[1], &word, sizeof(word)) < 0 ||
		    read(fds[0], page + HDA_READ_OFFSET, sizeof(word)) < 0);
	close(fds[0]);
	close(fds[1]);
}

/* mlock(v,size) */
void op_mlock(struct world *world, const struct call *call)
{
	(void)world;
	trace_errno(mlock(arg_vaddr(call, 0), call->arg[1]));
}

/* limit(bytes): set the limit of locked memory and drop CAP_IPC_LOCK */
void op_limit(struct world *world, const struct call *call)
{
	(void)world;
	sys_set_memlock(call->arg[0]);
	sys_drop_ipc_lock();
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* timer(us): raise a signal that is caught at this interval; 0 ends it */
void op_timer(struct world *world, const struct call *call)
{
	const struct sigaction action = { .sa_handler = on_alarm,
					  .sa_flags = SA_RESTART };
	const struct itimerval timer = {
		.it_interval.tv_usec = (long)call->arg[0],
		.it_value.tv_usec = (long)call->arg[0],
	};

	(void)world;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}
