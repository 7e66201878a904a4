/* SPDX-License-Identifier: GPL-2.0-only */
/* Descriptors that are sent through a socket. */
#ifndef FUZZ_KERNEL_PASS_H
#define FUZZ_KERNEL_PASS_H

#include <linux/types.h>

int pass_fd(int sock, int fd, __u32 word);
int take_fd(int sock, __u32 *word, int ms);

#endif
