/* SPDX-License-Identifier: GPL-2.0-only */
/* The process that runs a program. */
#ifndef FUZZ_KERNEL_EXEC_H
#define FUZZ_KERNEL_EXEC_H

#include "program.h"

void exec_program(const struct program *program) __attribute__((noreturn));
void exec_signal(unsigned int thread);
void exec_wait(void);
void exec_rest(const struct call *call) __attribute__((noreturn));

#endif
