/* SPDX-License-Identifier: GPL-2.0-only */
/* Documents for --json. A string that is NULL becomes null. */
#ifndef IOMMUCTL_DOC_H
#define IOMMUCTL_DOC_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

struct json_object *doc_new(void);
void doc_string(struct json_object *object, const char *key, const char *value);
void doc_number(struct json_object *object, const char *key, uint64_t value);
void doc_signed(struct json_object *object, const char *key, int64_t value);
void doc_bool(struct json_object *object, const char *key, bool value);

/* Add an empty object or array under a key, and an object to an array. */
struct json_object *doc_object(struct json_object *object, const char *key);
struct json_object *doc_array(struct json_object *object, const char *key);
struct json_object *doc_element(struct json_object *array);
void doc_add_string(struct json_object *array, const char *value);

/* Words that blanks separate, as an array of strings. */
void doc_words(struct json_object *object, const char *key, const char *words);

/* Print the document and free it. */
void doc_print(struct json_object *object);

#endif
