// SPDX-License-Identifier: GPL-2.0-only
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

/* Where arguments lie: two pages, nothing, a page that is only read */
#define ARENA(nr) (0x4000000000ULL + (nr) * 0x10000ULL)
#define ARENA_SIZE (2 * PAGE)
#define ARENA_RO (3 * PAGE)
/* Where in it bitmaps are */
#define ARENA_BITMAP 0xc00
/* Bytes behind an argument that must be left alone, or that capabilities fill */
#define FILL 0xa5
#define FILLED 1024U

#define MARK 0x5aa55aa55aa55aa5ULL

/* The one of this thread */
static __thread char *arena = (char *)(uintptr_t)ARENA(0);

/** struct shape - a buffer whose pages are looked at */
struct shape {
	/** @buf: which */
	enum buf buf;
	/** @nr: pages */
	unsigned int nr;
};

static const struct shape marked[] = {
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

static unsigned char *page_of(enum buf buf, unsigned int nr)
{
	return (unsigned char *)(uintptr_t)(BUF_BASE(buf) + nr * PAGE);
}

static void mark_page(enum buf buf, unsigned int nr)
{
	unsigned char *page = page_of(buf, nr);
	__u32 word = HDA_WORD((unsigned int)buf * 16 + nr + 1);
	__u64 mark = MARK;

	memcpy(page + HDA_READ_OFFSET, &word, sizeof(word));
	memcpy(page + HDA_WRITE_OFFSET, &mark, sizeof(mark));
}

/* All pages that can be looked at get their tag. */
void memory_mark(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(marked); i++)
		for (unsigned int nr = 0; nr < marked[i].nr; nr++)
			mark_page(marked[i].buf, nr);
}

/* Threads that make calls at once have their arguments in different places. */
void memory_use_arena(unsigned int nr)
{
	const int anon = MAP_PRIVATE | MAP_ANONYMOUS;
	const int rw = PROT_READ | PROT_WRITE;

	arena = map_at(ARENA(nr), ARENA_SIZE, rw, anon, -1);
	map_at(ARENA(nr) + ARENA_RO, PAGE, rw, anon, -1);
}

/* Room for bits in the arena, behind any argument. */
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
	munmap(page_of(BUF_HOLE, 2), PAGE);
	/* missing where no page is left, which is the same everywhere */
	map_at(BUF_BASE(BUF_HUGETLB), MIB(2), rw, anon | MAP_HUGETLB, -1);
	map_file(BUF_PRIVATE, 4, MAP_PRIVATE);
	memory_mark();
	mprotect(page_of(BUF_RO, 0), 4 * PAGE, PROT_READ);
}

static void *place_ro(const void *data, size_t size)
{
	void *page = arena + ARENA_RO;

	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	memcpy(page, data, size);
	mprotect(page, PAGE, PROT_READ);
	return page;
}

static char *address_of(enum ptr ptr, size_t size)
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

/* How much of an argument, and of what lies behind it, can be looked at. */
size_t memory_readable(enum ptr ptr, size_t size)
{
	switch (ptr) {
	case PTR_OK:
	case PTR_ODD:
		return FILLED;
	case PTR_CUT:
		return size / 2;
	case PTR_END:
		return size;
	default:
		return 0;
	}
}

/* Put the argument of a call where @ptr says. */
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
		return (void *)(uintptr_t)0xffff888000000000ULL;
	case PTR_RO:
		return place_ro(data, size);
	default:
		break;
	}
	at = address_of(ptr, size);
	memset(at, FILL, readable);
	memcpy(at, data, size < readable ? size : readable);
	return at;
}

static sigjmp_buf fault;

static void on_fault(int sig)
{
	siglongjmp(fault, sig);
}

/* Say which pages a device has written to, and undo it. */
static void trace_page(enum buf buf, unsigned int nr)
{
	unsigned char *page = page_of(buf, nr);
	__u64 mark;

	memcpy(&mark, page + HDA_WRITE_OFFSET, sizeof(mark));
	if (mark == MARK)
		return;
	trace_add(" b%u+%u:%llx", buf, nr, mark);
	mark = MARK;
	memcpy(page + HDA_WRITE_OFFSET, &mark, sizeof(mark));
}

/* By itself, so that nothing here is in a register that a fault would undo. */
static __attribute__((noinline)) void try_page(enum buf buf, unsigned int nr)
{
	if (!sigsetjmp(fault, 0))
		trace_page(buf, nr);
}

/* Memory that a call has taken away, or made read-only, is passed over. */
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
