// SPDX-License-Identifier: GPL-2.0-only
/* Files of programs. */
#include "corpus.h"

#include <string.h>

/* Large, and used by one file at a time */
static struct program program;

static void end_program(const char *name, corpus_fn *fn, void *arg)
{
	if (program.nr)
		fn(name, &program, arg);
	memset(&program, 0, sizeof(program));
}

/**
 * corpus_read() - read a file of programs
 * @path: the file; text before the first name is a program without a name
 * @fn: called for each program
 * @arg: handed to @fn
 *
 * Return: false, after a message, if the file cannot be read.
 */
bool corpus_read(const char *path, corpus_fn *fn, void *arg)
{
	FILE *file = fopen(path, "re");
	unsigned int number = 0;
	char name[64] = "program";
	char next[64];
	char line[512];

	if (!file) {
		perror(path);
		return false;
	}
	memset(&program, 0, sizeof(program));
	while (fgets(line, sizeof(line), file)) {
		number++;
		if (sscanf(line, "program %63s", next) == 1) {
			end_program(name, fn, arg);
			memcpy(name, next, sizeof(name));
		} else if (!program_parse_line(&program, line)) {
			fprintf(stderr, "%s:%u: not a call: %s", path, number,
				line);
			fclose(file);
			return false;
		}
	}
	end_program(name, fn, arg);
	fclose(file);
	return true;
}
