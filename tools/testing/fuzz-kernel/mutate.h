/* SPDX-License-Identifier: GPL-2.0-only */
/* Mutations of programs, as a whole and call by call. */
#ifndef FUZZ_KERNEL_MUTATE_H
#define FUZZ_KERNEL_MUTATE_H

#include "program.h"

void mutate(struct program *program, unsigned int seed);
void mutate_cross(struct program *program, const struct program *other,
		  unsigned int seed);

#endif
