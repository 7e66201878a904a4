/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands and what the command line gives them. */
#ifndef IOMMUCTL_H
#define IOMMUCTL_H

#include <stdbool.h>
#include <stdint.h>

/* Exit statuses, for scripts. */
enum {
	EXIT_YES = 0,
	EXIT_NO = 1,
	EXIT_USAGE = 2,
	/* The question could not be decided: a file, a library, memory. */
	EXIT_FAULT = 3,
};

/**
 * struct options - the command line
 * @subject: the word behind the command, NULL without one
 * @user: name given by --user, NULL without it
 * @memory: bytes given by --memory, 0 without it
 * @json: print one JSON document
 * @areas: list the mappings of each context
 * @watch: print again on changes, until interrupted
 */
struct options {
	const char *subject;
	const char *user;
	uint64_t memory;
	bool json;
	bool areas;
	bool watch;
};

/* Each returns an exit status. */
int cmd_list(const struct options *options);
int cmd_check(const struct options *options);
int cmd_show(const struct options *options);
int cmd_trace(const struct options *options);
int cmd_doctor(const struct options *options);
int cmd_why(const struct options *options);

#endif
