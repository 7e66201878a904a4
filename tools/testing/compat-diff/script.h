/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sequences as text, one per line: "NAME: CALL CALL ...". A line that begins
 * with white space continues the line before it, and a line that begins with #
 * is a comment. "$WORD = CALL ..." defines a macro, which "$WORD" then stands
 * for. "NAME_{A|B}: ... @ ..." defines one sequence for each of A and B, which
 * replace the @. If the name has a second pair of braces, its words replace the
 * %.
 */
#ifndef COMPAT_DIFF_SCRIPT_H
#define COMPAT_DIFF_SCRIPT_H

#include "call.h"

/** struct script - one sequence */
struct script {
	/** @name: name of the sequence */
	char *name;
	/** @text: calls of the sequence */
	char *text;
};

/** struct scripts - the sequences of a file */
struct scripts {
	/** @script: the sequences */
	struct script *script;
	/** @nr: number of sequences */
	size_t nr;
};

void scripts_read(struct scripts *scripts, const char *path);
unsigned int script_parse(const struct script *script, struct call *calls);

#endif
