// SPDX-License-Identifier: GPL-2.0-only
#include "args.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "trace.h"

/* An ioctl, and in the trace what it gave. */
long do_ioctl(int fd, unsigned long cmd, unsigned long arg)
{
	long rc = ioctl(fd, cmd, arg);

	if (rc < 0)
		rc = -errno;
	trace_rc(rc);
	return rc;
}

/*
 * The bytes of an argument that are other than before, the first to the last of
 * them; what lies behind it was filled when it was placed.
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
		if (now[i] == (i < size ? before[i] : 0xa5))
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

/* An ioctl with a struct, and in the trace what became of that. */
long do_struct(int fd, unsigned long cmd, enum ptr ptr, const void *data,
	       size_t size)
{
	void *placed = memory_place(ptr, data, size);
	long rc = do_ioctl(fd, cmd, (unsigned long)placed);

	trace_struct(ptr, placed, data, size);
	return rc;
}
