// SPDX-License-Identifier: GPL-2.0-only
/* Reads sequences from text. */
#include "script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "world.h"

#define MAX_MACROS 64

/** struct macro - a name that stands for calls */
struct macro {
	/** @name: name with the $ */
	char *name;
	/** @text: the calls */
	char *text;
};

static struct macro macros[MAX_MACROS];
static size_t nr_macros;

static char *copy_text(const char *start, size_t len)
{
	char *text = strndup(start, len);

	if (!text)
		FAIL("out of memory");
	return text;
}

/* Return a copy of @text with @len bytes at @at replaced; frees @text. */
static char *replace_at(char *text, char *at, size_t len, const char *by)
{
	char *new;

	if (asprintf(&new, "%.*s%s%s", (int)(at - text), text, by, at + len) <
	    0)
		FAIL("out of memory");
	free(text);
	return new;
}

static const char *find_macro(const char *name, size_t len)
{
	for (size_t i = 0; i < nr_macros; i++) {
		if (strlen(macros[i].name) == len &&
		    !strncmp(macros[i].name, name, len))
			return macros[i].text;
	}
	FAIL("%.*s stands for nothing", (int)len, name);
}

/* Replace all macros in @text. */
static char *expand_macros(char *text)
{
	char *at;

	while ((at = strchr(text, '$'))) {
		size_t len = strcspn(at, " \t\n");

		text = replace_at(text, at, len, find_macro(at, len));
	}
	return text;
}

static void define_macro(const char *line)
{
	size_t len = strcspn(line, " ");
	const char *text = strchr(line, '=');

	if (!text || nr_macros == MAX_MACROS)
		FAIL("bad line: %s", line);
	macros[nr_macros].name = copy_text(line, len);
	macros[nr_macros].text =
		expand_macros(copy_text(text + 1, strlen(text + 1)));
	nr_macros++;
}

static char *replace_all(char *text, char what, const char *by)
{
	char *at;

	while ((at = strchr(text, what)))
		text = replace_at(text, at, 1, by);
	return text;
}

static void add_script(struct scripts *scripts, char *name, char *text)
{
	struct script *new;

	new = realloc(scripts->script, (scripts->nr + 1) * sizeof(*new));
	if (!new)
		FAIL("out of memory");
	scripts->script = new;
	new[scripts->nr].name = name;
	new[scripts->nr].text = expand_macros(text);
	scripts->nr++;
}

/* Return a copy of @name with @by in place of the braces. */
static char *choose_word(const char *name, const char *open, const char *close,
			 const char *by)
{
	char *copy = copy_text(name, strlen(name));

	return replace_at(copy, copy + (open - name),
			  (size_t)(close + 1 - open), by);
}

/* Add one sequence for each of the alternatives in the name. */
static void add_variants(struct scripts *scripts, char *name, char *text,
			 char mark)
{
	char *open = strchr(name, '{');
	char *close;
	char *word;

	if (!open) {
		add_script(scripts, name, text);
		return;
	}
	close = strchr(open, '}');
	if (!close)
		FAIL("%s: a brace is open", name);
	for (word = open + 1; word < close;) {
		size_t len = strcspn(word, "|}");
		char *by = copy_text(word, len);

		add_variants(scripts, choose_word(name, open, close, by),
			     replace_all(strdup(text), mark, by), '%');
		free(by);
		word += len + 1;
	}
	free(name);
	free(text);
}

static void parse_line(struct scripts *scripts, const char *line)
{
	const char *text;

	if (line[0] == '\0' || line[0] == '#')
		return;
	if (line[0] == '$') {
		define_macro(line);
		return;
	}
	text = strchr(line, ':');
	if (!text)
		FAIL("bad line: %s", line);
	add_variants(scripts, copy_text(line, (size_t)(text - line)),
		     copy_text(text + 1, strlen(text + 1)), '@');
}

void scripts_read(struct scripts *scripts, const char *path)
{
	char *whole = strdup("");
	char *line = NULL;
	size_t size = 0;
	FILE *file;

	memset(scripts, 0, sizeof(*scripts));
	file = fopen(path, "re");
	if (!file)
		FAIL("%s: %s", path, strerror(errno));
	while (getline(&line, &size, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == ' ' || line[0] == '\t') {
			whole = replace_at(whole, whole + strlen(whole), 0,
					   line);
			continue;
		}
		parse_line(scripts, whole);
		free(whole);
		whole = strdup(line);
	}
	parse_line(scripts, whole);
	free(whole);
	free(line);
	fclose(file);
}

/* Parse a sequence into @calls, which has space for MAX_CALLS. */
unsigned int script_parse(const struct script *script, struct call *calls)
{
	const char *text = script->text;
	unsigned int nr = 0;

	for (;;) {
		text += strspn(text, " \t");
		if (!*text)
			return nr;
		if (nr == MAX_CALLS)
			FAIL("%s: too many calls", script->name);
		text = call_parse(text, &calls[nr++]);
		if (!text || (*text && !strchr(" \t", *text)))
			FAIL("%s: call %u is none that I know", script->name,
			     nr);
	}
}
