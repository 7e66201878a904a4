/* SPDX-License-Identifier: GPL-2.0-only */
/* The interface between libFuzzer and a fuzzer. */
#ifndef FUZZ_KERNEL_FUZZ_H
#define FUZZ_KERNEL_FUZZ_H

#include <stddef.h>

#include "trace.h"

extern unsigned char counters[NR_COUNTERS];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
size_t LLVMFuzzerMutate(unsigned char *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(unsigned char *data, size_t size,
			       size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const unsigned char *data1, size_t size1,
				 const unsigned char *data2, size_t size2,
				 unsigned char *out, size_t max_size,
				 unsigned int seed);

#endif
