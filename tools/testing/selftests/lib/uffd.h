/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory whose readers or writers wait until the test lets them continue. */
#ifndef SELFTESTS_LIB_UFFD_H
#define SELFTESTS_LIB_UFFD_H

#include <stddef.h>

int uffd_over(void *mem, size_t size);
void uffd_wait(int fd);
void uffd_fill(int fd, void *mem, size_t size);
int uffd_protect(void *mem, size_t size);
void uffd_unprotect(int fd, void *mem, size_t size);

#endif /* SELFTESTS_LIB_UFFD_H */
