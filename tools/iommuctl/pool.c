// SPDX-License-Identifier: GPL-2.0-only
/* Memory of one snapshot of the machine, a list of blocks. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iommuctl.h"
#include "pool.h"

struct pool_block {
	struct pool_block *next;
	max_align_t data[];
};

struct pool {
	struct pool_block *blocks;
};

static void *pool_check(void *memory)
{
	if (!memory)
		errx(EXIT_FAULT, "out of memory");
	return memory;
}

struct pool *pool_create(void)
{
	return pool_check(calloc(1, sizeof(struct pool)));
}

void pool_destroy(struct pool *pool)
{
	struct pool_block *block, *next;

	for (block = pool->blocks; block; block = next) {
		next = block->next;
		free(block);
	}
	free(pool);
}

void *pool_alloc(struct pool *pool, size_t size)
{
	struct pool_block *block;

	block = pool_check(calloc(1, sizeof(*block) + size));
	block->next = pool->blocks;
	pool->blocks = block;
	return block->data;
}

char *pool_strndup(struct pool *pool, const char *text, size_t len)
{
	char *copy = pool_alloc(pool, len + 1);

	memcpy(copy, text, len);
	return copy;
}

char *pool_strdup(struct pool *pool, const char *text)
{
	return pool_strndup(pool, text, strlen(text));
}

char *pool_vprintf(struct pool *pool, const char *format, va_list args)
{
	char *text, *copy;
	int len;

	len = vasprintf(&text, format, args);
	pool_check(len < 0 ? NULL : text);
	copy = pool_strndup(pool, text, len);
	free(text);
	return copy;
}

char *pool_printf(struct pool *pool, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = pool_vprintf(pool, format, args);
	va_end(args);
	return text;
}

void *pool_add(struct pool *pool, void *array, size_t *nr, size_t size)
{
	void *old, *new;

	memcpy(&old, array, sizeof(old));
	/* The capacity is the next power of two, so that it need not be kept. */
	if (!(*nr & (*nr - 1))) {
		new = pool_alloc(pool, (*nr ? *nr * 2 : 1) * size);
		if (*nr)
			memcpy(new, old, *nr * size);
		memcpy(array, &new, sizeof(new));
		old = new;
	}
	return (char *)old + (*nr)++ * size;
}
