/* SPDX-License-Identifier: GPL-2.0-only */
/* The mappings of a context, from debugfs, which only root may read. */
#ifndef IOMMUCTL_AREAS_H
#define IOMMUCTL_AREAS_H

#include "doc.h"

/* Print those of an IOAS, each line behind @indent. */
void areas_print(int context, unsigned int ioas, const char *indent);

/* Add those of all IOAS to an array. */
void areas_doc(int context, struct json_object *array);

#endif
