// SPDX-License-Identifier: GPL-2.0-only
/* Traces: memory that processes share, and the text in it. */
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"

__thread struct trace *trace;

struct trace *trace_new(void)
{
	struct trace *new = mmap(NULL, sizeof(*new), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (new == MAP_FAILED)
		FAIL("no memory for a trace");
	return new;
}

/* Create a file for a trace, which can be passed to another program. */
int trace_file(void)
{
	int fd = memfd_create("trace", 0);

	if (fd < 0 || ftruncate(fd, sizeof(struct trace)))
		FAIL("no memory for a trace");
	return fd;
}

struct trace *trace_open(int fd)
{
	struct trace *new = mmap(NULL, sizeof(*new), PROT_READ | PROT_WRITE,
				 MAP_SHARED, fd, 0);

	if (new == MAP_FAILED)
		FAIL("no memory for a trace");
	return new;
}

void trace_clear(void)
{
	trace->len = 0;
	trace->nr_calls = 0;
	trace->nr_good = 0;
}

void trace_add(const char *fmt, ...)
{
	size_t avail = TRACE_SIZE - trace->len;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(trace->text + trace->len, avail, fmt, args);
	va_end(args);
	if (len > 0 && (size_t)len < avail)
		trace->len += (size_t)len;
}

void trace_bytes(const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *byte = bytes;

	if (TRACE_SIZE - trace->len < 2 * size + 1)
		return;
	for (size_t i = 0; i < size; i++) {
		trace->text[trace->len++] = digits[byte[i] >> 4];
		trace->text[trace->len++] = digits[byte[i] & 15];
	}
}

/* Add the result of a call: a value, or -errno. */
void trace_ret(long ret)
{
	trace->nr_calls++;
	trace->nr_good += ret >= 0;
	trace_add(" = %ld", ret);
}

__u64 trace_hash(void)
{
	__u64 hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < trace->len; i++)
		hash = (hash ^ (unsigned char)trace->text[i]) *
		       0x100000001b3ULL;
	return hash;
}
