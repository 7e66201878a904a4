// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mappings of a context, from debugfs. There may be millions, so each line
 * is handled on its own.
 */
#include <stdio.h>
#include <string.h>

#include "areas.h"
#include "root.h"
#include "text.h"

/* A line has a path of a file, of at most 4096 bytes. */
#define AREAS_LINE_MAX 8192

static FILE *areas_open(int context)
{
	return root_stream("sys/kernel/debug/iommufd/%d/areas", context);
}

void areas_print(int context, unsigned int ioas, const char *indent)
{
	FILE *file = areas_open(context);
	struct pool *pool;
	char line[AREAS_LINE_MAX];

	if (!file) {
		printf("%sareas: debugfs cannot be read, run as root\n",
		       indent);
		return;
	}
	while (root_next(file, line, sizeof(line))) {
		if (text_word_number(line, "ioas") != ioas)
			continue;
		pool = pool_create();
		printf("%s%s\n", indent, text_clean(pool, line, strlen(line)));
		pool_destroy(pool);
	}
	fclose(file);
}

static void areas_doc_line(struct json_object *object, const char *line)
{
	static const char *const words[] = { "prot",  "kind",	  "thp",
					     "file",  "exporter", "pinned",
					     "owner", NULL };
	struct pool *pool = pool_create();
	char *value;
	size_t i;

	doc_number(object, "ioas", text_word_number(line, "ioas"));
	doc_number(object, "iova", text_word_number(line, "iova"));
	doc_number(object, "length", text_word_number(line, "length"));
	for (i = 0; words[i]; i++) {
		value = text_word(pool, line, words[i]);
		if (value)
			doc_string(object, words[i],
				   text_clean(pool, value, strlen(value)));
	}
	pool_destroy(pool);
}

void areas_doc(int context, struct json_object *array)
{
	FILE *file = areas_open(context);
	char line[AREAS_LINE_MAX];

	while (file && root_next(file, line, sizeof(line)))
		areas_doc_line(doc_element(array), line);
	if (file)
		fclose(file);
}
