/* SPDX-License-Identifier: GPL-2.0-only */
/* Arguments of operations on memory and processes. */
#ifndef FUZZ_KERNEL_BASIC_H
#define FUZZ_KERNEL_BASIC_H

/* enum advice - changes of memory */
enum advice {
	ADVICE_DROP,
	ADVICE_UNMAP,
	ADVICE_REPLACE,
	ADVICE_READ_ONLY,
	ADVICE_WRITABLE,
	ADVICE_SPLIT,
	ADVICE_COLLAPSE,
	ADVICE_MOVE,
	ADVICE_PUNCH,
	ADVICE_TOUCH,
};

/* enum fork_kind - what a child process does */
enum fork_kind {
	FORK_STAY,
	FORK_EXIT,
	FORK_CLOSE,
	/* makes the rest of the calls of its thread */
	FORK_REST,
	FORK_EXEC,
};

void report_wrong(const char *what);

#endif
