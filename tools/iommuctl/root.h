/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of the machine, below "/" or below the directory of --root. No path
 * leaves that directory, not even through symbolic links. Paths are relative to
 * it, without a slash at the start. Each file may vanish at any time.
 */
#ifndef IOMMUCTL_ROOT_H
#define IOMMUCTL_ROOT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include "pool.h"

/* At most this many bytes of a file are read; the rest is not needed. */
#define ROOT_FILE_MAX (1024 * 1024)

/* Return false with errno if @dir cannot be opened. */
bool root_set(const char *dir);

/* True if the files are those of the running machine. */
bool root_is_machine(void);

/* The directory itself, for libraries that open files on their own. */
const char *root_path(void);

int root_open(const char *path, int flags);

/* The bytes of a file, with a 0 behind them, or NULL. */
char *root_bytes(struct pool *pool, size_t *len, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The first line of a file, cleaned, or NULL. */
char *root_line(struct pool *pool, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The first line as a number (any base of strtoull), or @otherwise. */
int64_t root_number(struct pool *pool, int64_t otherwise, const char *format,
		    ...) __attribute__((format(printf, 3, 4)));

/* The target of a link, cleaned; the last part of it; or NULL. */
char *root_link(struct pool *pool, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *root_link_name(struct pool *pool, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

bool root_exists(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool root_stat(struct stat *stat, const char *path);

/*
 * Names in a directory, sorted, without "." and "..". They are as found: check
 * them before they become part of a path, clean them before they are printed.
 * Return false with errno if the directory cannot be read.
 */
bool root_names(struct pool *pool, char ***names, size_t *nr,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Those names that are decimal numbers of at most 31 bits, ascending. */
bool root_numbers(struct pool *pool, int **numbers, size_t *nr,
		  const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A file to be read line by line, or NULL. */
FILE *root_stream(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/*
 * Read the next line without its end, cut to the size of the buffer. Return
 * false at the end of the file.
 */
bool root_next(FILE *file, char *line, size_t size);

#endif
