// SPDX-License-Identifier: GPL-2.0-only
#include "script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "world.h"

#define MAX_MACROS 64

/** struct macro - a name for calls */
struct macro {
	/** @name: with the $ */
	char *name;
	/** @text: what it stands for */
	char *text;
};

static struct macro macros[MAX_MACROS];
static size_t nr_macros;

static char *text_of(const char *start, size_t len)
{
	char *text = strndup(start, len);

	if (!text)
		FAIL("out of memory");
	return text;
}

/* @text with @len bytes at @at replaced; takes @text over. */
static char *replaced(char *text, char *at, size_t len, const char *by)
{
	char *new;

	if (asprintf(&new, "%.*s%s%s", (int)(at - text), text, by, at + len) <
	    0)
		FAIL("out of memory");
	free(text);
	return new;
}

static const char *macro_text(const char *name, size_t len)
{
	for (size_t i = 0; i < nr_macros; i++) {
		if (strlen(macros[i].name) == len &&
		    !strncmp(macros[i].name, name, len))
			return macros[i].text;
	}
	FAIL("%.*s stands for nothing", (int)len, name);
}

static char *expanded(char *text)
{
	char *at;

	while ((at = strchr(text, '$'))) {
		size_t len = strcspn(at, " \t\n");

		text = replaced(text, at, len, macro_text(at, len));
	}
	return text;
}

static void define(const char *line)
{
	size_t len = strcspn(line, " ");
	const char *text = strchr(line, '=');

	if (!text || nr_macros == MAX_MACROS)
		FAIL("bad line: %s", line);
	macros[nr_macros].name = text_of(line, len);
	macros[nr_macros].text = expanded(text_of(text + 1, strlen(text + 1)));
	nr_macros++;
}

static char *replace_all(char *text, char what, const char *by)
{
	char *at;

	while ((at = strchr(text, what)))
		text = replaced(text, at, 1, by);
	return text;
}

static void keep(struct scripts *scripts, char *name, char *text)
{
	struct script *new;

	new = realloc(scripts->script, (scripts->nr + 1) * sizeof(*new));
	if (!new)
		FAIL("out of memory");
	scripts->script = new;
	new[scripts->nr].name = name;
	new[scripts->nr].text = expanded(text);
	scripts->nr++;
}

/* @name with @by where it has alternatives. */
static char *with_word(const char *name, const char *open, const char *close,
		       const char *by)
{
	char *copy = text_of(name, strlen(name));

	return replaced(copy, copy + (open - name), (size_t)(close + 1 - open),
			by);
}

/* One sequence for each of the alternatives in the name. */
static void vary(struct scripts *scripts, char *name, char *text, char mark)
{
	char *open = strchr(name, '{');
	char *close;
	char *word;

	if (!open) {
		keep(scripts, name, text);
		return;
	}
	close = strchr(open, '}');
	if (!close)
		FAIL("%s: a brace is open", name);
	for (word = open + 1; word < close;) {
		size_t len = strcspn(word, "|}");
		char *by = text_of(word, len);

		vary(scripts, with_word(name, open, close, by),
		     replace_all(strdup(text), mark, by), '%');
		free(by);
		word += len + 1;
	}
	free(name);
	free(text);
}

static void take(struct scripts *scripts, const char *line)
{
	const char *text;

	if (line[0] == '\0' || line[0] == '#')
		return;
	if (line[0] == '$') {
		define(line);
		return;
	}
	text = strchr(line, ':');
	if (!text)
		FAIL("bad line: %s", line);
	vary(scripts, text_of(line, (size_t)(text - line)),
	     text_of(text + 1, strlen(text + 1)), '@');
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
			whole = replaced(whole, whole + strlen(whole), 0, line);
			continue;
		}
		take(scripts, whole);
		free(whole);
		whole = strdup(line);
	}
	take(scripts, whole);
	free(whole);
	free(line);
	fclose(file);
}

/* Fills @calls, MAX_CALLS of them at most. */
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
