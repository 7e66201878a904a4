// SPDX-License-Identifier: GPL-2.0-only
/* The entry points of libFuzzer. $FUZZ_DIR is the directory for texts. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "mutate.h"
#include "supervise.h"
#include "trace.h"

/* Exit status: a finding, after which the guest is not to be trusted */
#define STATUS_FINDING 77

/* libFuzzer takes these for coverage. Not static: nothing here reads them. */
__attribute__((section(
	"__libfuzzer_extra_counters"))) unsigned char counters[NR_COUNTERS];

/* Programs are large */
static struct program program, other;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	supervise_init(getenv("FUZZ_DIR"), false);
	return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct outcome outcome;

	program_decode(&program, data, size);
	supervise_run(&program, &outcome);
	memcpy(counters, trace->counters, sizeof(counters));
	if (outcome.verdict != VERDICT_GOOD) {
		supervise_report(&program, &outcome);
		_exit(STATUS_FINDING);
	}
	return 0;
}

size_t LLVMFuzzerCustomMutator(unsigned char *data, size_t size,
			       size_t max_size, unsigned int seed)
{
	if (seed % 16 == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	program_decode(&program, data, size);
	mutate(&program, seed);
	return program_encode(&program, data, max_size);
}

size_t LLVMFuzzerCustomCrossOver(const unsigned char *data1, size_t size1,
				 const unsigned char *data2, size_t size2,
				 unsigned char *out, size_t max_size,
				 unsigned int seed)
{
	program_decode(&program, data1, size1);
	program_decode(&other, data2, size2);
	mutate_cross(&program, &other, seed);
	return program_encode(&program, out, max_size);
}
