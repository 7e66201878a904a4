// SPDX-License-Identifier: GPL-2.0-only
/* Findings about a device or the installation, with what fixes them. */
#include <stdio.h>

#include "finding.h"

static const char *const finding_levels[] = {
	[FINDING_OK] = "ok",	 [FINDING_NOTE] = "note",
	[FINDING_STEP] = "step", [FINDING_UNKNOWN] = "unknown",
	[FINDING_NO] = "no",
};

struct finding *finding_add(struct findings *findings, enum finding_level level,
			    const char *id, const char *format, ...)
{
	struct finding *finding;
	va_list args;

	finding = pool_add(findings->pool, &findings->list, &findings->nr,
			   sizeof(*finding));
	finding->level = level;
	finding->id = id;
	va_start(args, format);
	finding->text = pool_vprintf(findings->pool, format, args);
	va_end(args);
	return finding;
}

void finding_meaning(struct finding *finding, const char *meaning)
{
	finding->meaning = meaning;
}

void finding_fix(struct finding *finding, const char *fix)
{
	finding->fix = fix;
}

bool findings_have(const struct findings *findings, enum finding_level level)
{
	size_t i;

	for (i = 0; i < findings->nr; i++) {
		if (findings->list[i].level == level)
			return true;
	}
	return false;
}

void findings_print(const struct findings *findings, enum finding_level from)
{
	size_t i;

	for (i = 0; i < findings->nr; i++) {
		const struct finding *finding = &findings->list[i];

		if (finding->level < from)
			continue;
		printf("%-8s %s\n", finding_levels[finding->level],
		       finding->text);
		if (finding->meaning)
			printf("%-8s %s\n", "", finding->meaning);
		if (finding->fix)
			printf("%-8s fix: %s\n", "", finding->fix);
	}
}

void findings_doc(const struct findings *findings, struct json_object *object)
{
	struct json_object *array = doc_array(object, "findings"), *element;
	size_t i;

	for (i = 0; i < findings->nr; i++) {
		const struct finding *finding = &findings->list[i];

		element = doc_element(array);
		doc_string(element, "level", finding_levels[finding->level]);
		doc_string(element, "id", finding->id);
		doc_string(element, "text", finding->text);
		doc_string(element, "meaning", finding->meaning);
		doc_string(element, "fix", finding->fix);
	}
}
