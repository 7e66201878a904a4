/* SPDX-License-Identifier: GPL-2.0-only */
/* Findings about a device or the installation, with what fixes them. */
#ifndef IOMMUCTL_FINDING_H
#define IOMMUCTL_FINDING_H

#include <stdbool.h>

#include "doc.h"
#include "pool.h"

enum finding_level {
	FINDING_OK,
	/* Worth knowing; nothing has to be done. */
	FINDING_NOTE,
	/* A step that remains and is known to work. */
	FINDING_STEP,
	/* Could not be decided, for instance without the rights to look. */
	FINDING_UNKNOWN,
	/* In the way. */
	FINDING_NO,
};

/**
 * struct finding - one of them
 * @level: how much it matters
 * @id: stable word for scripts
 * @text: what was found
 * @meaning: what follows from it, NULL if nothing does
 * @fix: a command or setting that changes it, or NULL
 */
struct finding {
	enum finding_level level;
	const char *id;
	char *text;
	const char *meaning;
	const char *fix;
};

struct findings {
	struct pool *pool;
	struct finding *list;
	size_t nr;
};

/* Add a finding, which the next one may move. */
struct finding *finding_add(struct findings *findings, enum finding_level level,
			    const char *id, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Set what follows from a finding, and what changes it. */
void finding_meaning(struct finding *finding, const char *meaning);
void finding_fix(struct finding *finding, const char *fix);

bool findings_have(const struct findings *findings, enum finding_level level);

/* Print those of at least this level. */
void findings_print(const struct findings *findings, enum finding_level from);
void findings_doc(const struct findings *findings, struct json_object *object);

#endif
