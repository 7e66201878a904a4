// SPDX-License-Identifier: GPL-2.0-only
/* How values of each kind are drawn, printed and parsed. */
#include "kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "pick.h"
#include "region.h"

static const char *const type_names[] = {
	[TYPE_CTX] = "ctx",
	[TYPE_CONTAINER] = "container",
	[TYPE_GROUP] = "group",
	[TYPE_VFIO] = "vfio",
	[TYPE_ACCESS] = "access",
	[TYPE_FAULT_FD] = "faultfd",
	[TYPE_VEVENT_FD] = "veventfd",
	[TYPE_DMABUF] = "dmabuf",
	[TYPE_EVENT] = "event",
	[TYPE_FILE] = "file",
	[TYPE_BUS] = "bus",
	[TYPE_IOAS] = "ioas",
	[TYPE_HWPT] = "hwpt",
	[TYPE_STDEV] = "stdev",
	[TYPE_DEV] = "dev",
	[TYPE_FAULT] = "fault",
	[TYPE_VIOMMU] = "viommu",
	[TYPE_VDEVICE] = "vdevice",
	[TYPE_VEVENTQ] = "veventq",
	[TYPE_HWQ] = "hwq",
	[TYPE_PIN] = "pin",
	[TYPE_MAP] = "map",
};

static const char *const region_names[] = {
	[REGION_RAM] = "ram",	[REGION_HUGE] = "huge",
	[REGION_SHM] = "shm",	[REGION_RO] = "ro",
	[REGION_UFFD] = "uffd", [REGION_SLOW] = "slow",
	[REGION_GONE] = "gone", [REGION_DATA] = "data",
	[REGION_EDGE] = "edge", [REGION_HOLE] = "hole",
	[REGION_ZERO] = "zero", [REGION_KERNEL] = "kernel",
	[REGION_TOP] = "top",	[REGION_MAP0] = "map0",
	[REGION_MAP1] = "map1", [REGION_MAP2] = "map2",
	[REGION_MAP3] = "map3",
};

/* Slots that a reference is drawn from; the last is for surprises */
static const unsigned char slots[16] = { 0, 0, 0, 0, 0, 0, 0, 0,
					 1, 1, 1, 1, 2, 2, 3, 0 };

static const enum type pt_types[] = { TYPE_IOAS, TYPE_IOAS, TYPE_HWPT };

static enum type ref_pick_type(enum kind kind, unsigned int row)
{
	switch (kind) {
	case KIND_FD:
		return (enum type)(row % NR_FD_TYPES);
	case KIND_PT:
		return pt_types[row % ARRAY_SIZE(pt_types)];
	case KIND_OBJECT:
		return (enum type)(TYPE_IOAS + row % (TYPE_PIN - TYPE_IOAS));
	default:
		return (enum type)kind;
	}
}

static __u64 ref_pick(enum kind kind, unsigned int byte)
{
	unsigned int row = byte / 16;

	if (byte % 16 != 15)
		return REF(ref_pick_type(kind, row), slots[byte % 16]);
	if (row == 0)
		return REF_NUMBER(0);
	if (row == 1)
		return REF_NUMBER(-1);
	return REF(row * 3 % NR_TYPES, row % 2);
}

/**
 * kind_pick() - draw a value
 * @kind: its kind
 * @byte: a number below NR_PICKS; 0 is the most usual value
 *
 * Return: the value.
 */
__u64 kind_pick(enum kind kind, unsigned int byte)
{
	const struct pick_list *list;

	if (kind < NR_REF_KINDS)
		return ref_pick(kind, byte);
	list = &pick_lists[kind - NR_REF_KINDS];
	return list->picks[byte % list->nr].value;
}

/**
 * kind_find() - find the byte from which a value is drawn
 * @kind: its kind
 * @value: the value
 * @byte: set to the byte
 *
 * Return: false if there is none.
 */
bool kind_find(enum kind kind, __u64 value, unsigned int *byte)
{
	for (*byte = 0; *byte < NR_PICKS; (*byte)++) {
		if (kind_pick(kind, *byte) == value)
			return true;
	}
	return false;
}

/**
 * kind_normalize() - reduce a value to one that has a text
 * @kind: its kind
 * @value: any number
 *
 * Return: the value that has the same effect.
 */
__u64 kind_normalize(enum kind kind, __u64 value)
{
	if (kind < NR_REF_KINDS)
		return ref_is_slot(value) ?
			       REF(ref_type(value), ref_slot(value)) :
			       REF_NUMBER(value);
	if (kind == KIND_PTR || kind == KIND_DATA)
		return PTR(ptr_region(value), (__u32)value);
	return value;
}

static const char *number_name(enum kind kind, __u64 value)
{
	const struct pick_list *list = &pick_lists[kind - NR_REF_KINDS];

	for (unsigned int i = 0; i < list->nr; i++) {
		if (list->picks[i].name && list->picks[i].value == value)
			return list->picks[i].name;
	}
	return NULL;
}

int kind_print(enum kind kind, __u64 value, char *buf, size_t size)
{
	const char *name;

	if (kind < NR_REF_KINDS) {
		if (!ref_is_slot(value))
			return snprintf(buf, size, "#%#x", (__u32)value);
		return snprintf(buf, size, "%s%u", type_names[ref_type(value)],
				ref_slot(value));
	}
	if (kind == KIND_PTR || kind == KIND_DATA)
		return snprintf(buf, size, "%s+%#x",
				region_names[ptr_region(value)], (__u32)value);
	name = number_name(kind, value);
	if (name)
		return snprintf(buf, size, "%s", name);
	return snprintf(buf, size, "%#llx", value);
}

static bool parse_number(const char *text, const char *end, __u64 *value)
{
	char *stop;

	*value = strtoull(text, &stop, 0);
	return stop == end && text < end;
}

/* Return the index of the name that @text begins with, -1 if there is none. */
static int find_name(const char *const *names, unsigned int nr,
		     const char *text, size_t len)
{
	for (unsigned int i = 0; i < nr; i++) {
		if (strlen(names[i]) == len && !strncmp(names[i], text, len))
			return (int)i;
	}
	return -1;
}

static bool parse_ref(const char *text, size_t len, __u64 *value)
{
	int type;

	if (!len)
		return false;
	if (*text == '#') {
		if (!parse_number(text + 1, text + len, value))
			return false;
		*value = REF_NUMBER(*value);
		return true;
	}
	type = find_name(type_names, NR_TYPES, text, len - 1);
	if (type < 0 || text[len - 1] < '0' || text[len - 1] > '7')
		return false;
	*value = REF(type, text[len - 1] - '0');
	return true;
}

static bool parse_ptr(const char *text, size_t len, __u64 *value)
{
	const char *plus = memchr(text, '+', len);
	size_t name_len = plus ? (size_t)(plus - text) : len;
	int region = find_name(region_names, NR_REGIONS, text, name_len);
	__u64 offset = 0;

	if (region < 0)
		return false;
	if (plus && !parse_number(plus + 1, text + len, &offset))
		return false;
	*value = PTR(region, (__u32)offset);
	return true;
}

bool kind_parse(enum kind kind, const char *text, size_t len, __u64 *value)
{
	const struct pick_list *list;

	if (kind < NR_REF_KINDS)
		return parse_ref(text, len, value);
	if (kind == KIND_PTR || kind == KIND_DATA)
		return parse_ptr(text, len, value);
	list = &pick_lists[kind - NR_REF_KINDS];
	for (unsigned int i = 0; i < list->nr; i++) {
		const char *name = list->picks[i].name;

		if (name && strlen(name) == len && !strncmp(name, text, len)) {
			*value = list->picks[i].value;
			return true;
		}
	}
	return parse_number(text, text + len, value);
}
