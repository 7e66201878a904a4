/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs programs, each in a process, and judges what the kernel makes of them. */
#ifndef FUZZ_KERNEL_SUPERVISE_H
#define FUZZ_KERNEL_SUPERVISE_H

#include "program.h"

/* enum verdict - whether the kernel did well */
enum verdict {
	VERDICT_GOOD,
	/* it has complained in its log */
	VERDICT_COMPLAINT,
	/* a process does not end, even if it is killed */
	VERDICT_HANG,
	/* pages are still pinned */
	VERDICT_PINS,
	/* a device cannot be bound to its driver again */
	VERDICT_DEVICE,
};

/** struct outcome - result of a program */
struct outcome {
	/** @verdict: whether the kernel did well */
	enum verdict verdict;
	/** @text: the reason, if not */
	char text[4096];
};

void supervise_init(const char *dir, bool strict);
void supervise_run(const struct program *program, struct outcome *outcome);
void supervise_report(const struct program *program,
		      const struct outcome *outcome);

#endif
