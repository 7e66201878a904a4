/* SPDX-License-Identifier: GPL-2.0-only */
/* Text from outside: made harmless, parsed strictly, printed for people. */
#ifndef IOMMUCTL_TEXT_H
#define IOMMUCTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define BDF_SIZE sizeof("ffffffff:ff:1f.7")

/*
 * Return a copy of @text in which every byte that is not part of a printable
 * character of valid UTF-8 is replaced by \xNN, so that no name or message from
 * outside controls a terminal. The backslash itself stays as it is.
 */
char *text_clean(struct pool *pool, const char *text, size_t len);

/* "1.5 GiB"; exact if it is a multiple of the unit. */
char *text_size(struct pool *pool, uint64_t bytes);

/* Return false if @text as a whole is not a number in this range. */
bool text_number(const char *text, int base, uint64_t max, uint64_t *value);

/* A size with an optional suffix K, M, G or T, of powers of 1024. */
bool text_parse_size(const char *text, uint64_t *bytes);

/*
 * Parse DOMAIN:BUS:DEVICE.FUNCTION at the start of @text; the domain may be
 * missing. Return the number of characters used, 0 if there is no address.
 */
size_t text_bdf(const char *text, char bdf[BDF_SIZE]);

/* Return the value of the word NAME=VALUE in @line, NULL if it is missing. */
char *text_word(struct pool *pool, const char *line, const char *name);
uint64_t text_word_number(const char *line, const char *name);

/* Join with @separator; either may be NULL or empty. */
char *text_join(struct pool *pool, const char *first, const char *separator,
		const char *second);

bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);

#endif
