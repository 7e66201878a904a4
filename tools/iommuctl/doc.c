// SPDX-License-Identifier: GPL-2.0-only
/* Documents for --json. */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "iommuctl.h"
#include "doc.h"

static struct json_object *doc_check(struct json_object *object)
{
	if (!object)
		errx(EXIT_FAULT, "out of memory");
	return object;
}

struct json_object *doc_new(void)
{
	return doc_check(json_object_new_object());
}

void doc_string(struct json_object *object, const char *key, const char *value)
{
	struct json_object *string = NULL;

	if (value)
		string = doc_check(json_object_new_string(value));
	json_object_object_add(object, key, string);
}

void doc_number(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key,
			       doc_check(json_object_new_uint64(value)));
}

void doc_signed(struct json_object *object, const char *key, int64_t value)
{
	json_object_object_add(object, key,
			       doc_check(json_object_new_int64(value)));
}

void doc_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key,
			       doc_check(json_object_new_boolean(value)));
}

struct json_object *doc_object(struct json_object *object, const char *key)
{
	struct json_object *child = doc_new();

	json_object_object_add(object, key, child);
	return child;
}

struct json_object *doc_array(struct json_object *object, const char *key)
{
	struct json_object *child = doc_check(json_object_new_array());

	json_object_object_add(object, key, child);
	return child;
}

struct json_object *doc_element(struct json_object *array)
{
	struct json_object *child = doc_new();

	json_object_array_add(array, child);
	return child;
}

void doc_add_string(struct json_object *array, const char *value)
{
	json_object_array_add(array, doc_check(json_object_new_string(value)));
}

void doc_words(struct json_object *object, const char *key, const char *words)
{
	struct json_object *array = doc_array(object, key);
	size_t len;

	while (words && *words) {
		len = strcspn(words, " ");
		if (len)
			json_object_array_add(
				array, doc_check(json_object_new_string_len(
					       words, len)));
		words += len;
		words += strspn(words, " ");
	}
}

void doc_print(struct json_object *object)
{
	puts(json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
				JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}
