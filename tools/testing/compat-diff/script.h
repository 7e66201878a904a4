/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sequences as text: a line each, "NAME: CALL CALL ...". A line that begins with
 * white space goes on with the one before it, one that begins with # is a comment,
 * and "$WORD = CALL ..." gives a name to calls, which "$WORD" then stands for. In
 * "NAME_{A|B}: ... @ ..." there is a sequence for each of A and B, which stand
 * where @ is; where two are given, the second stands where % is.
 */
#ifndef COMPAT_DIFF_SCRIPT_H
#define COMPAT_DIFF_SCRIPT_H

#include "call.h"

/** struct script - one sequence */
struct script {
	/** @name: what it is called */
	char *name;
	/** @text: its calls */
	char *text;
};

/** struct scripts - all of a file */
struct scripts {
	/** @script: the sequences */
	struct script *script;
	/** @nr: how many */
	size_t nr;
};

void scripts_read(struct scripts *scripts, const char *path);
unsigned int script_parse(const struct script *script, struct call *calls);

#endif
