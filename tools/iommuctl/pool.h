/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of one snapshot of the machine: allocated in pieces, freed at once. */
#ifndef IOMMUCTL_POOL_H
#define IOMMUCTL_POOL_H

#include <stdarg.h>
#include <stddef.h>

struct pool;

/* Every function below ends the program if memory is exhausted. */
struct pool *pool_create(void);
void pool_destroy(struct pool *pool);

/* Allocate @size bytes, zeroed and aligned for any type. */
void *pool_alloc(struct pool *pool, size_t size);
char *pool_strndup(struct pool *pool, const char *text, size_t len);
char *pool_strdup(struct pool *pool, const char *text);
char *pool_printf(struct pool *pool, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *pool_vprintf(struct pool *pool, const char *format, va_list args);

/*
 * Add a zeroed element of @size bytes to the array of *@nr elements that
 * @array, the address of a pointer, refers to. Return the element, which moves
 * when further ones are added.
 */
void *pool_add(struct pool *pool, void *array, size_t *nr, size_t size);

#endif
