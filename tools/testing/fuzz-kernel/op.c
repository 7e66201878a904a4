// SPDX-License-Identifier: GPL-2.0-only
/* The list of all operations. */
#include "op.h"

#include <string.h>

#include "harness.h"

static const struct op_table *const tables[] = {
	&ops_basic, &ops_iommufd, &ops_mock, &ops_container, &ops_vfio,
};

unsigned int nr_ops(void)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		nr += tables[i]->nr;
	ASSERT(nr <= 256);
	return nr;
}

const struct op *op_at(unsigned int index)
{
	const struct op_table *const *table = tables;

	while (index >= (*table)->nr)
		index -= (*table++)->nr;
	return &(*table)->ops[index];
}

unsigned int op_index(const struct op *op)
{
	unsigned int first = 0;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		if (op >= tables[i]->ops && op < tables[i]->ops + tables[i]->nr)
			return first + (op - tables[i]->ops);
		first += tables[i]->nr;
	}
	FAIL("no operation");
}

const struct op *op_find(const char *name, size_t len)
{
	unsigned int nr = nr_ops();

	for (unsigned int i = 0; i < nr; i++) {
		const struct op *op = op_at(i);

		if (strlen(op->name) == len && !strncmp(op->name, name, len))
			return op;
	}
	return NULL;
}
