/* SPDX-License-Identifier: GPL-2.0-only */
/* Error messages of programs, and what they mean. */
#ifndef IOMMUCTL_MESSAGES_H
#define IOMMUCTL_MESSAGES_H

#include <stdbool.h>

/**
 * struct message - an error message of a program
 * @program: the program that prints it
 * @pattern: its text; "*" stands for what varies
 * @meaning: what the program asked for and what was in the way
 * @fix: what helps, or NULL if that depends on the errno
 */
struct message {
	const char *program;
	const char *pattern;
	const char *meaning;
	const char *fix;
};

/* All messages; the last has no program. More exact ones precede others. */
extern const struct message messages[];

/* Return the first that the line contains, or NULL. */
const struct message *message_find(const char *line);

/* What an errno means when memory is mapped or a device is opened, or NULL. */
const char *message_errno(int number);

#endif
