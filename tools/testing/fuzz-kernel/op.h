/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations. Most are ioctls, described by a table: the ioctl, the size of its
 * structure, and for each argument its place in the structure. The first
 * argument of an ioctl is the file.
 */
#ifndef FUZZ_KERNEL_OP_H
#define FUZZ_KERNEL_OP_H

#include "kind.h"

#define MAX_ARGS 10

/* Places of a value that is not in the structure */
#define NOT_IN_STRUCT 0xffff
#define IS_RESULT 0xfffe

struct call;

/** struct field - an argument */
struct field {
	/** @offset: offset in the structure of an ioctl */
	__u16 offset;
	/** @size: bytes there */
	__u8 size;
	/** @kind: kind of the value, an enum kind */
	__u8 kind;
	/** @out: the call stores a value in the slot */
	bool out;
};

/** struct preset - a constant in the structure of an ioctl */
struct preset {
	/** @offset: offset in the structure */
	__u16 offset;
	/** @value: the constant, 32 bits */
	__u32 value;
};

/** struct op - an operation */
struct op {
	/** @name: name in text */
	const char *name;
	/** @cmd: number of the ioctl */
	unsigned long cmd;
	/** @size: bytes of its structure */
	size_t size;
	/** @presets: constants of the structure; offset 0 ends the list */
	struct preset presets[3];
	/** @fields: the arguments */
	struct field fields[MAX_ARGS];
	/** @nr_fields: number of arguments */
	unsigned int nr_fields;
	/** @waits: may wait for another call, without a limit */
	bool waits;
	/** @run: makes the call, if it is not an ioctl; -errno or a result */
	long (*run)(const struct call *call);
};

#define ARG(kind) { NOT_IN_STRUCT, 0, kind, false }
#define OUT(type) { IS_RESULT, 0, KIND_OF(type), true }
#define IN_STRUCT(type, member, kind, out)                                   \
	{ offsetof(struct type, member), sizeof(((struct type *)0)->member), \
	  kind, out }
#define FIELDS(...)                \
	.fields = { __VA_ARGS__ }, \
	.nr_fields =               \
		sizeof((struct field[]){ __VA_ARGS__ }) / sizeof(struct field)

const struct op *op_at(unsigned int index);
unsigned int op_index(const struct op *op);
unsigned int nr_ops(void);
const struct op *op_find(const char *name, size_t len);

/** struct op_table - operations of one subject */
struct op_table {
	/** @ops: the operations */
	const struct op *ops;
	/** @nr: their number */
	unsigned int nr;
};

extern const struct op_table ops_basic, ops_iommufd, ops_mock, ops_vfio,
	ops_container;

#endif
