// SPDX-License-Identifier: GPL-2.0-only
/* Text from outside: made harmless, parsed strictly, printed for people. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static unsigned int utf8_length(unsigned char first)
{
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

/* Characters that are valid but reorder, hide or end the text around them. */
static bool utf8_harmful(uint32_t code)
{
	return (code >= 0x80 && code <= 0x9f) || code == 0xad ||
	       code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
	       (code >= 0xfff9 && code <= 0xfffb) || code >= 0xe0000;
}

/* Return the length of the character at @text if it may be printed, or 0. */
static unsigned int utf8_printable(const unsigned char *text, size_t len)
{
	static const uint32_t first_code[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int nr, i;
	uint32_t code;

	if (text[0] < 0x80)
		return text[0] >= 0x20 && text[0] != 0x7f;
	nr = utf8_length(text[0]);
	if (!nr || nr > len)
		return 0;
	code = text[0] & (0x7f >> nr);
	for (i = 1; i < nr; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < first_code[nr] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff) || utf8_harmful(code))
		return 0;
	return nr;
}

char *text_clean(struct pool *pool, const char *text, size_t len)
{
	const unsigned char *from = (const unsigned char *)text;
	char *copy = pool_alloc(pool, len * 4 + 1), *to = copy;
	size_t i = 0;

	while (i < len) {
		unsigned int nr = utf8_printable(from + i, len - i);

		if (nr) {
			memcpy(to, from + i, nr);
			to += nr;
			i += nr;
		} else {
			to += sprintf(to, "\\x%02x", from[i++]);
		}
	}
	return copy;
}

char *text_size(struct pool *pool, uint64_t bytes)
{
	static const char *const units[] = { "B",   "KiB", "MiB", "GiB",
					     "TiB", "PiB", "EiB" };
	unsigned int unit = 0;
	uint64_t size = 1;

	while (unit + 1 < ARRAY_SIZE(units) && bytes / size >= 1024) {
		size *= 1024;
		unit++;
	}
	if (bytes % size == 0)
		return pool_printf(pool, "%" PRIu64 " %s", bytes / size,
				   units[unit]);
	return pool_printf(pool, "%.1f %s", (double)bytes / size, units[unit]);
}

bool text_number(const char *text, int base, uint64_t max, uint64_t *value)
{
	char *end;

	if (!isxdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, &end, base);
	return !errno && end != text && !*end && *value <= max;
}

bool text_parse_size(const char *text, uint64_t *bytes)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	unsigned int shift = 0;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*bytes = strtoull(text, &end, 10);
	if (errno)
		return false;
	if (*end) {
		suffix = strchr(suffixes, toupper((unsigned char)*end));
		if (!suffix)
			return false;
		shift = 10 * (suffix - suffixes + 1);
		end++;
		if (!strcasecmp(end, "iB") || !strcasecmp(end, "B"))
			end = "";
	}
	if (*end || !*bytes || *bytes > UINT64_MAX >> shift)
		return false;
	*bytes <<= shift;
	return true;
}

/* Read up to @max hexadecimal digits; false if there are fewer than @min. */
static bool bdf_field(const char **text, unsigned int min, unsigned int max,
		      unsigned int *value)
{
	unsigned int nr = 0;

	*value = 0;
	while (nr < max && isxdigit((unsigned char)**text)) {
		char digit = tolower((unsigned char)**text);

		*value = *value << 4 |
			 (isdigit((unsigned char)digit) ? digit - '0' :
							  digit - 'a' + 10);
		(*text)++;
		nr++;
	}
	return nr >= min;
}

static size_t bdf_parse(const char *text, bool with_domain, char bdf[BDF_SIZE])
{
	unsigned int domain = 0, bus, device, function;
	const char *at = text;

	if (with_domain && (!bdf_field(&at, 4, 8, &domain) || *at++ != ':'))
		return 0;
	if (!bdf_field(&at, 2, 2, &bus) || *at++ != ':' ||
	    !bdf_field(&at, 2, 2, &device) || *at++ != '.' ||
	    !bdf_field(&at, 1, 1, &function))
		return 0;
	if (device > 31 || function > 7 || isxdigit((unsigned char)*at))
		return 0;
	snprintf(bdf, BDF_SIZE, "%04x:%02x:%02x.%x", domain, bus, device,
		 function);
	return at - text;
}

size_t text_bdf(const char *text, char bdf[BDF_SIZE])
{
	size_t len = bdf_parse(text, true, bdf);

	return len ? len : bdf_parse(text, false, bdf);
}

/* Find the value of the word @name, up to the next blank or quote. */
static const char *word_find(const char *line, const char *name, size_t *len)
{
	size_t name_len = strlen(name);
	const char *at = line, *end;

	while ((at = strstr(at, name))) {
		if ((at == line || at[-1] == ' ' || at[-1] == '\t') &&
		    at[name_len] == '=')
			break;
		at += name_len;
	}
	if (!at)
		return NULL;
	at += name_len + 1;
	if (*at == '"') {
		end = strchr(++at, '"');
		*len = end ? (size_t)(end - at) : strlen(at);
	} else {
		*len = strcspn(at, " \t");
	}
	return at;
}

char *text_word(struct pool *pool, const char *line, const char *name)
{
	const char *value;
	size_t len;

	value = word_find(line, name, &len);
	return value ? pool_strndup(pool, value, len) : NULL;
}

uint64_t text_word_number(const char *line, const char *name)
{
	const char *value;
	size_t len;

	value = word_find(line, name, &len);
	return value ? strtoull(value, NULL, 0) : 0;
}

char *text_join(struct pool *pool, const char *first, const char *separator,
		const char *second)
{
	if (!first || !*first)
		return pool_strdup(pool, second ? second : "");
	if (!second || !*second)
		return pool_strdup(pool, first);
	return pool_printf(pool, "%s%s%s", first, separator, second);
}

bool text_starts(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

bool text_ends(const char *text, const char *suffix)
{
	size_t len = strlen(text), suffix_len = strlen(suffix);

	return len >= suffix_len && !strcmp(text + len - suffix_len, suffix);
}
