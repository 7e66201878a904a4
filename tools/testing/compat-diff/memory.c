// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers for DMA, arguments of calls, and a trace of what devices have
 * written.
 */
#include "memory.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "hda.h"
#include "sys.h"
#include "trace.h"

/* Address for arguments: two pages, an unmapped one, and a read-only one */
#define ARENA(nr) (0x4000000000ULL + (nr) * 0x10000ULL)
#define ARENA_SIZE (2 * PAGE)
#define ARENA_RO (3 * PAGE)
/* Offset of bitmaps in it */
#define ARENA_BITMAP 0xc00
/*
 * Bytes that are filled at an argument's address. Calls must not write behind
 * the argument, except for capabilities.
 */
#define FILL_SIZE 1024U
/* An address in the kernel's half */
#define KERNEL_PTR 0xffff888000000000ULL

/* Content of the words of a page that devices write to */
#define MARK 0x5aa55aa55aa55aa5ULL

/* Arguments of this thread */
static __thread char *arena = (char *)(uintptr_t)ARENA(0);

/** struct marked - a buffer whose pages have tags and marks */
struct marked {
	/** @buf: the buffer */
	enum buf buf;
	/** @nr: number of pages */
	unsigned int nr;
};

static const struct marked marked[] = {
	{ BUF_ANON, 16 },
	{ BUF_SHARED, 8 },
	{ BUF_PRIVATE, 4 },
	{ BUF_RO, 4 },
};

static void *map_at(__u64 addr, size_t size, int prot, int flags, int fd)
{
	return mmap((void *)(uintptr_t)addr, size, prot, MAP_FIXED | flags, fd,
		    0);
}

static void map_file(enum buf buf, unsigned int nr, int flags)
{
	int fd = memfd_create("buffer", 0);

	if (fd < 0 || ftruncate(fd, (off_t)(nr * PAGE)))
		FAIL("no memory for a buffer");
	map_at(BUF_BASE(buf), nr * PAGE, PROT_READ | PROT_WRITE, flags, fd);
	close(fd);
}

static unsigned char *buf_page(enum buf buf, unsigned int nr)
{
	return (unsigned char *)(uintptr_t)(BUF_BASE(buf) + nr * PAGE);
}

static void mark_page(enum buf buf, unsigned int nr)
{
	unsigned char *page = buf_page(buf, nr);
	__u32 word = HDA_WORD((unsigned int)buf * 16 + nr + 1);
	__u64 mark = MARK;

	memcpy(page + HDA_READ_OFFSET, &word, sizeof(word));
	memcpy(page + HDA_WRITE_OFFSET, &mark, sizeof(mark));
}

/* Write the tags and the marks of all pages that have them. */
void memory_mark(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(marked); i++)
		for (unsigned int nr = 0; nr < marked[i].nr; nr++)
			mark_page(marked[i].buf, nr);
}

/*
 * Set up the arena of a thread: threads that make calls at once need their own.
 */
void memory_use_arena(unsigned int nr)
{
	const int anon = MAP_PRIVATE | MAP_ANONYMOUS;
	const int rw = PROT_READ | PROT_WRITE;

	arena = map_at(ARENA(nr), ARENA_SIZE, rw, anon, -1);
	map_at(ARENA(nr) + ARENA_RO, PAGE, rw, anon, -1);
}

/* Return the address for bitmaps in the arena, behind any argument. */
void *memory_bitmap(void)
{
	return arena + ARENA_BITMAP;
}

void memory_init(void)
{
	const int anon = MAP_PRIVATE | MAP_ANONYMOUS;
	const int rw = PROT_READ | PROT_WRITE;

	memory_use_arena(0);
	map_at(BUF_BASE(BUF_ANON), 16 * PAGE, rw, anon, -1);
	map_at(BUF_BASE(BUF_HUGE), MIB(4), rw, anon, -1);
	madvise((void *)(uintptr_t)BUF_BASE(BUF_HUGE), MIB(4), MADV_HUGEPAGE);
	map_at(BUF_BASE(BUF_RO), 4 * PAGE, rw, anon, -1);
	map_file(BUF_SHARED, 8, MAP_SHARED);
	map_at(BUF_BASE(BUF_NONE), 4 * PAGE, PROT_NONE, anon, -1);
	map_at(BUF_BASE(BUF_HOLE), 4 * PAGE, rw, anon, -1);
	munmap(buf_page(BUF_HOLE, 2), PAGE);
	/* fails if no huge page is left, on both sides alike */
	map_at(BUF_BASE(BUF_HUGETLB), MIB(2), rw, anon | MAP_HUGETLB, -1);
	map_file(BUF_PRIVATE, 4, MAP_PRIVATE);
	memory_mark();
	mprotect(buf_page(BUF_RO, 0), 4 * PAGE, PROT_READ);
}

static void *place_ro(const void *data, size_t size)
{
	void *page = arena + ARENA_RO;

	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	memcpy(page, data, size);
	mprotect(page, PAGE, PROT_READ);
	return page;
}

static char *arg_address(enum ptr ptr, size_t size)
{
	switch (ptr) {
	case PTR_CUT:
		return arena + ARENA_SIZE - size / 2;
	case PTR_END:
		return arena + ARENA_SIZE - size;
	case PTR_ODD:
		return arena + 1;
	default:
		return arena;
	}
}

/* Return the bytes that can be read at an argument's address. */
size_t memory_readable(enum ptr ptr, size_t size)
{
	switch (ptr) {
	case PTR_OK:
	case PTR_ODD:
		return FILL_SIZE;
	case PTR_CUT:
		return size / 2;
	case PTR_END:
		return size;
	default:
		return 0;
	}
}

/* Copy the argument of a call to the placement @ptr; return its address. */
void *memory_place(enum ptr ptr, const void *data, size_t size)
{
	size_t readable = memory_readable(ptr, size);
	char *at;

	switch (ptr) {
	case PTR_NULL:
		return NULL;
	case PTR_BAD:
		return BAD_PTR;
	case PTR_KERNEL:
		return (void *)(uintptr_t)KERNEL_PTR;
	case PTR_RO:
		return place_ro(data, size);
	default:
		break;
	}
	at = arg_address(ptr, size);
	memset(at, MEMORY_FILL, readable);
	memcpy(at, data, size < readable ? size : readable);
	return at;
}

static sigjmp_buf fault_env;

static void on_fault(int sig)
{
	siglongjmp(fault_env, sig);
}

/*
 * If a device has written to a page, add that to the trace and restore the
 * mark.
 */
static void trace_page(enum buf buf, unsigned int nr)
{
	unsigned char *page = buf_page(buf, nr);
	__u64 mark;

	memcpy(&mark, page + HDA_WRITE_OFFSET, sizeof(mark));
	if (mark == MARK)
		return;
	trace_add(" b%u+%u:%llx", buf, nr, mark);
	mark = MARK;
	memcpy(page + HDA_WRITE_OFFSET, &mark, sizeof(mark));
}

/* Not inlined, so that no variable of the caller is lost by the long jump. */
static __attribute__((noinline)) void try_page(enum buf buf, unsigned int nr)
{
	if (!sigsetjmp(fault_env, 0))
		trace_page(buf, nr);
}

/*
 * Add all pages that devices have changed to the trace. Memory that a call has
 * unmapped or made read-only is skipped.
 */
void memory_trace_changes(void)
{
	const struct sigaction catch = { .sa_handler = on_fault,
					 .sa_flags = SA_NODEFER };
	const struct sigaction ignore = { .sa_handler = SIG_DFL };

	sigaction(SIGSEGV, &catch, NULL);
	sigaction(SIGBUS, &catch, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(marked); i++)
		for (unsigned int nr = 0; nr < marked[i].nr; nr++)
			try_page(marked[i].buf, nr);
	sigaction(SIGSEGV, &ignore, NULL);
	sigaction(SIGBUS, &ignore, NULL);
}
