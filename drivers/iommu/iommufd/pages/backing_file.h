/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOMMUFD_BACKING_FILE_H
#define IOMMUFD_BACKING_FILE_H

#include "backing.h"

int backing_file_init(struct backing *backing, struct file *file,
		      unsigned long start, unsigned long nr_pages,
		      bool writable);

#endif /* IOMMUFD_BACKING_FILE_H */
