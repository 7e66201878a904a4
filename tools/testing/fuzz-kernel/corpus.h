/* SPDX-License-Identifier: GPL-2.0-only */
/* Files of programs. Each program begins with a line "program NAME". */
#ifndef FUZZ_KERNEL_CORPUS_H
#define FUZZ_KERNEL_CORPUS_H

#include "program.h"

typedef void corpus_fn(const char *name, const struct program *program,
		       void *arg);

bool corpus_read(const char *path, corpus_fn *fn, void *arg);

#endif
