// SPDX-License-Identifier: GPL-2.0-only
/* Ioctls with and without a struct, and what the trace shows of them. */
#include "args.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "trace.h"

/* Make an ioctl and add its return value to the trace. */
long do_ioctl(int fd, unsigned long cmd, unsigned long arg)
{
	long ret = ioctl(fd, cmd, arg);

	if (ret < 0)
		ret = -errno;
	trace_ret(ret);
	return ret;
}

/*
 * Add the bytes that the call has changed to the trace, from the first to the
 * last of them. memory_place() has filled the bytes behind the argument.
 */
void trace_struct(enum ptr ptr, const void *placed, const void *data,
		  size_t size)
{
	size_t readable = memory_readable(ptr, size);
	const unsigned char *now = placed;
	const unsigned char *before = data;
	size_t first = readable;
	size_t last = 0;

	for (size_t i = 0; i < readable; i++) {
		if (now[i] == (i < size ? before[i] : MEMORY_FILL))
			continue;
		if (first > i)
			first = i;
		last = i;
	}
	if (first > last || first == readable)
		return;
	trace_add(" @%zu:", first);
	trace_bytes(now + first, last + 1 - first);
}

/* Make an ioctl with a struct; add the changes of the struct to the trace. */
long do_struct(int fd, unsigned long cmd, enum ptr ptr, const void *data,
	       size_t size)
{
	void *placed = memory_place(ptr, data, size);
	long ret = do_ioctl(fd, cmd, (unsigned long)placed);

	trace_struct(ptr, placed, data, size);
	return ret;
}
