/* SPDX-License-Identifier: GPL-2.0-only */
/* The resources of a program: tables of descriptors and IDs. */
#ifndef FUZZ_KERNEL_RESOURCE_H
#define FUZZ_KERNEL_RESOURCE_H

#include "kind.h"

void resources_init(void);
__u64 resource_get(__u64 ref);
void resource_set(__u64 ref, __u64 value);
void resource_set_device(__u64 ref, unsigned int device);
unsigned int resource_device(__u64 ref);
void resources_close(bool backwards);
int resource_hide(int fd);
bool resource_is_hidden(int fd);

#endif
