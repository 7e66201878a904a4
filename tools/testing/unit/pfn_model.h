/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PFN table under test beside a model of it, an array with one word for each
 * page. The functions compare the two.
 */
#ifndef PFN_MODEL_H
#define PFN_MODEL_H

#include "pfn_table.h"

#define LEAF_PAGES (PFN_SLOT_PAGES << PFN_LEAF_SHIFT)
#define MAX_PFN ((1UL << 45) - 1)

struct pfn_model {
	struct pfn_table table;
	/* Page frame of each page, or PFN_NONE */
	unsigned long *pfn;
	/* Number of pages */
	unsigned long nr;
};

/* Page frame of one page, or PFN_NONE */
unsigned long pfn_model_get(const struct pfn_table *table, unsigned long index);

void pfn_model_init(struct pfn_model *model, unsigned long nr,
		    unsigned long first_page);
void pfn_model_destroy(struct pfn_model *model);

/* Compares each page of [index, end) */
void pfn_model_compare(const struct pfn_model *model, unsigned long index,
		       unsigned long end);

void pfn_model_set(struct pfn_model *model, unsigned long index,
		   unsigned long pfn, unsigned long nr);
/* Like pfn_model_set(), after a failure of each allocation in turn */
void pfn_model_set_failing(struct pfn_model *model, unsigned long index,
			   unsigned long pfn, unsigned long nr);
/* Sets the pages of one slot, after a failure of each allocation in turn */
void pfn_model_set_pfns(struct pfn_model *model, unsigned long index,
			const unsigned long *pfns, unsigned long nr);
void pfn_model_clear(struct pfn_model *model, unsigned long index,
		     unsigned long end);
/* Returns whether a run was taken, which depends on the whole table */
bool pfn_model_take_single(struct pfn_model *model, unsigned long index,
			   unsigned long end);

void pfn_model_next_run(const struct pfn_model *model, unsigned long index,
			unsigned long end);
void pfn_model_next_hole(const struct pfn_model *model, unsigned long index,
			 unsigned long end);
/* Compares all runs of [index, end) and the holes between them */
void pfn_model_each_run(const struct pfn_model *model, unsigned long index,
			unsigned long end);

#endif /* PFN_MODEL_H */
