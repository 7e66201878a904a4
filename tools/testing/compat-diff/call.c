// SPDX-License-Identifier: GPL-2.0-only
/* Calls as text: parsing, printing, and the subjects that they belong to. */
#include "call.h"

#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "memory.h"
#include "ops.h"

/* In the order of enum fdslot. */
static const char *const fd_names[NR_FDS] = {
	"c0", "c1", "g0", "g1", "g2",  "g3",  "d0", "d1", "d2",
	"d3", "d4", "e0", "e1", "nul", "neg", "gx", "x",
};

/* In the order of enum ptr. */
static const char *const ptr_names[NR_PTRS] = {
	"ok", "null", "bad", "kernel", "ro", "cut", "end", "odd",
};

static const char *const subject_names[] = { "dirty", "vaddr", "p2p", "sample",
					     "bar_io" };

static int find_name(const char *const *names, int nr, const char *text,
		     size_t len)
{
	for (int i = 0; i < nr; i++) {
		if (strlen(names[i]) == len && !strncmp(names[i], text, len))
			return i;
	}
	return -1;
}

unsigned int subject_named(const char *name)
{
	int i = find_name(subject_names, (int)ARRAY_SIZE(subject_names), name,
			  strlen(name));

	return i < 0 ? 0 : 1U << i;
}

const struct op *op_find(const char *name, size_t len)
{
	for (size_t i = 0; i < nr_ops; i++) {
		if (strlen(ops[i].name) == len &&
		    !strncmp(ops[i].name, name, len))
			return &ops[i];
	}
	return NULL;
}

/* Parse "b1+0x2000", "r0", or a number. */
static bool parse_address(const char *text, char **end, __u64 *value)
{
	__u64 base;

	if (text[0] != 'b' && text[0] != 'r') {
		*value = strtoull(text, end, 0);
		return *end != text;
	}
	if (text[1] < '0' || text[1] > '9')
		return false;
	base = text[0] == 'b' ? BUF_BASE((unsigned int)(text[1] - '0')) :
				BAR_BASE((unsigned int)(text[1] - '0'));
	*end = (char *)text + 2;
	*value = base;
	if (**end == '+')
		*value += strtoull(*end + 1, end, 0);
	return true;
}

static bool parse_arg(char kind, const char *text, char **end, __u64 *value)
{
	size_t len = strcspn(text, ",)");
	int i;

	*end = (char *)text + len;
	switch (kind) {
	case 'f':
		i = find_name(fd_names, NR_FDS, text, len);
		break;
	case 'p':
		i = find_name(ptr_names, NR_PTRS, text, len);
		break;
	default:
		return parse_address(text, end, value) && **end &&
		       strchr(",)", **end);
	}
	*value = (__u64)i;
	return i >= 0;
}

/*
 * Parse the call at the beginning of @text. Returns the text behind it, or NULL
 * if @text does not begin with a call.
 */
const char *call_parse(const char *text, struct call *call)
{
	size_t len = strcspn(text, "( \t\n");
	unsigned int nr = 0;
	char *end;

	call->op = op_find(text, len);
	if (!call->op)
		return NULL;
	memcpy(call->arg, call->op->defaults, sizeof(call->arg));
	text += len;
	if (*text != '(')
		return call->op->needed ? NULL : text;
	do {
		text++;
		if (*text == ')' && !nr)
			break;
		if (!call->op->args[nr] ||
		    !parse_arg(call->op->args[nr], text, &end, &call->arg[nr]))
			return NULL;
		nr++;
		text = end;
	} while (*text == ',');
	if (*text != ')' || nr < call->op->needed)
		return NULL;
	return text + 1;
}

static int print_address(char *buf, size_t size, __u64 value)
{
	for (unsigned int n = 0; n < NR_BUFS; n++) {
		if (value >= BUF_BASE(n) && value < BUF_BASE(n + 1))
			return snprintf(buf, size, "b%u+%#llx", n,
					value - BUF_BASE(n));
	}
	for (unsigned int n = 0; n < NR_DEVICES; n++) {
		if (value >= BAR_BASE(n) && value < BAR_BASE(n + 1))
			return snprintf(buf, size, "r%u+%#llx", n,
					value - BAR_BASE(n));
	}
	return snprintf(buf, size, "%#llx", value);
}

static int print_arg(char *buf, size_t size, char kind, __u64 value)
{
	switch (kind) {
	case 'f':
		return snprintf(buf, size, "%s", fd_names[value]);
	case 'p':
		return snprintf(buf, size, "%s", ptr_names[value]);
	case 'v':
		return print_address(buf, size, value);
	default:
		return snprintf(buf, size, "%#llx", value);
	}
}

/*
 * Print a call as call_parse() reads it, without arguments at their defaults.
 */
void call_print(const struct call *call, char *buf, size_t size)
{
	const struct op *op = call->op;
	unsigned int nr = (unsigned int)strlen(op->args);
	size_t len;

	while (nr > op->needed && call->arg[nr - 1] == op->defaults[nr - 1])
		nr--;
	len = (size_t)snprintf(buf, size, "%s", op->name);
	for (unsigned int i = 0; i < nr && len < size; i++) {
		buf[len++] = i ? ',' : '(';
		len += (size_t)print_arg(buf + len, size - len, op->args[i],
					 call->arg[i]);
	}
	if (nr && len < size)
		snprintf(buf + len, size - len, ")");
}

static bool is_op(const struct call *call, const char *name)
{
	return !strcmp(call->op->name, name);
}

static bool is_bar(__u64 address)
{
	return address >= BAR_BASE(0) && address < BAR_BASE(NR_DEVICES);
}

/* Whether a call lets the kernel itself access a BAR. */
static bool is_bar_io(const struct call *call)
{
	return (is_op(call, "rd") || is_op(call, "wr") ||
		is_op(call, "ioev")) &&
	       call->arg[1] <= VFIO_PCI_BAR5_REGION_INDEX;
}

/* Return the subjects of a call. It is made only if the run has all of them. */
unsigned int call_subject(const struct call *call)
{
	unsigned int subject = 0;

	if (is_op(call, "map")) {
		if (call->arg[4] & VFIO_DMA_MAP_FLAG_VADDR)
			subject |= SUBJECT_VADDR;
		if (is_bar(call->arg[1]))
			subject |= SUBJECT_P2P;
	} else if (is_op(call, "unmap")) {
		if (call->arg[3] & VFIO_DMA_UNMAP_FLAG_VADDR)
			subject |= SUBJECT_VADDR;
		if (call->arg[3] & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP)
			subject |= SUBJECT_DIRTY;
	} else if (is_op(call, "dirty") ||
		   (is_op(call, "raw") &&
		    call->arg[1] == VFIO_IOMMU_DIRTY_PAGES)) {
		subject |= SUBJECT_DIRTY;
	} else if (is_op(call, "ext") && call->arg[1] == VFIO_UPDATE_VADDR) {
		subject |= SUBJECT_VADDR;
	} else if (is_op(call, "info")) {
		/* MIGRATION is among the capabilities */
		subject |= SUBJECT_DIRTY;
	} else if (is_bar_io(call)) {
		subject |= SUBJECT_BAR_IO;
	}
	for (unsigned int i = 0; call->op->args[i]; i++) {
		if (call->op->args[i] == 'f' &&
		    (call->arg[i] == FD_GROUP3 || call->arg[i] == FD_DEVICE4))
			subject |= SUBJECT_SAMPLE;
	}
	return subject;
}
