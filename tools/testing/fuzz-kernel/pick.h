/* SPDX-License-Identifier: GPL-2.0-only */
/* Values that are worth trying, by their kind. */
#ifndef FUZZ_KERNEL_PICK_H
#define FUZZ_KERNEL_PICK_H

#include "kind.h"

/** struct pick - a value; in a list it may occur several times */
struct pick {
	/** @value: the value */
	__u64 value;
	/** @name: name of the number in text, or NULL */
	const char *name;
};

/** struct pick_list - the values of a kind, the most usual one first */
struct pick_list {
	/** @picks: the values */
	const struct pick *picks;
	/** @nr: their number, at most NR_PICKS */
	unsigned int nr;
};

extern const struct pick_list pick_lists[NR_KINDS - NR_REF_KINDS];

#endif
