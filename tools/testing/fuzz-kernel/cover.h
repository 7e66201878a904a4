/* SPDX-License-Identifier: GPL-2.0-only */
/* Coverage of the kernel by KCOV, if it is there. */
#ifndef FUZZ_KERNEL_COVER_H
#define FUZZ_KERNEL_COVER_H

#include <stdbool.h>

bool cover_open(void);
void cover_start(unsigned int thread);
void cover_collect(unsigned int thread);

#endif
