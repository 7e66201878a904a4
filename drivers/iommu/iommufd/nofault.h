/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to user memory that does not wait for it.
 *
 * Memory that userfaultfd or a file system has to provide may come never. A
 * request must not wait for it with a reference to an object that others wait
 * for (see object.h). Most requests copy in before they look up an object, and
 * copy out afterwards. This is not possible if the IOMMU driver accesses user
 * memory, nor if the ID of a new object has to be written with locks held. Such
 * a request runs with page faults disabled; if it misses a page, it is undone,
 * the memory is faulted in while nothing is held, and the request runs again.
 */
#ifndef IOMMUFD_NOFAULT_H
#define IOMMUFD_NOFAULT_H

#include <linux/types.h>

struct iommufd_ucmd;

int nofault_call(struct iommufd_ucmd *ucmd, u64 data_uptr, u32 data_len,
		 int (*fn)(struct iommufd_ucmd *ucmd));

#endif /* IOMMUFD_NOFAULT_H */
