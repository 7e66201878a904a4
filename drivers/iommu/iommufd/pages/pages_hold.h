/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holds of pages for callers that have the pages locked.
 */
#ifndef IOMMUFD_PAGES_HOLD_H
#define IOMMUFD_PAGES_HOLD_H

#include <linux/errno.h>
#include <linux/types.h>

#include "pages.h"

int pages_hold_locked(struct pages *pages, struct pages_hold *hold,
		      unsigned long first, unsigned long end);
void pages_release_locked(struct pages *pages, struct pages_hold *hold);

/**
 * pages_limit_error() - convert and log the error of a limit
 * @pages: the pages
 * @ret: result of pages_hold_locked()
 * @by_driver: see charge_warn()
 *
 * Context: Process context.
 * Return: @ret, with -ENOMEM in place of -EDQUOT.
 */
static inline int pages_limit_error(const struct pages *pages, int ret,
				    bool by_driver)
{
	if (ret != -EDQUOT)
		return ret;
	charge_warn(&pages->charge, by_driver);
	return -ENOMEM;
}

#endif /* IOMMUFD_PAGES_HOLD_H */
