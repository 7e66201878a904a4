// SPDX-License-Identifier: GPL-2.0-only
/* The resources of a program. Threads share them without locks. */
#include "resource.h"

#include <fcntl.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"

/* Descriptors from here on are the fuzzer's own */
#define HIDDEN_FDS 900

static __u64 slots[NR_TYPES][NR_SLOTS];
/* Device of each descriptor of TYPE_VFIO */
static unsigned int devices[NR_SLOTS];

void resources_init(void)
{
	for (unsigned int type = 0; type < NR_TYPES; type++) {
		for (unsigned int i = 0; i < NR_SLOTS; i++)
			slots[type][i] = type < NR_FD_TYPES ? -1 : 0;
	}
}

/**
 * resource_get() - return the value that a reference stands for
 * @ref: the reference
 *
 * Return: a descriptor, an ID, an address, or any number.
 */
__u64 resource_get(__u64 ref)
{
	if (!ref_is_slot(ref))
		return (__u64)(int)ref;
	return __atomic_load_n(&slots[ref_type(ref)][ref_slot(ref)],
			       __ATOMIC_RELAXED);
}

/* A number is no slot, and is ignored. */
void resource_set(__u64 ref, __u64 value)
{
	if (ref_is_slot(ref))
		__atomic_store_n(&slots[ref_type(ref)][ref_slot(ref)], value,
				 __ATOMIC_RELAXED);
}

void resource_set_device(__u64 ref, unsigned int device)
{
	devices[ref_slot(ref)] = device;
}

unsigned int resource_device(__u64 ref)
{
	return ref_is_slot(ref) && ref_type(ref) == TYPE_VFIO ?
		       devices[ref_slot(ref)] :
		       NR_FUZZ_DEVICES;
}

void resources_close(bool backwards)
{
	const unsigned int nr = NR_FD_TYPES * NR_SLOTS;

	for (unsigned int i = 0; i < nr; i++) {
		unsigned int at = backwards ? nr - 1 - i : i;
		int fd = (int)resource_get(REF(at / NR_SLOTS, at % NR_SLOTS));

		if (fd > 2 && !resource_is_hidden(fd))
			close(fd);
	}
}

/**
 * resource_hide() - move a descriptor out of reach of programs
 * @fd: a descriptor of the fuzzer's own, which is closed
 *
 * Return: the new one.
 */
int resource_hide(int fd)
{
	int hidden = fcntl(fd, F_DUPFD_CLOEXEC, HIDDEN_FDS);

	ASSERT(fd >= 0 && hidden >= 0);
	close(fd);
	return hidden;
}

bool resource_is_hidden(int fd)
{
	return fd >= HIDDEN_FDS;
}
