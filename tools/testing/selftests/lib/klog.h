/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages in the kernel log. */
#ifndef SELFTESTS_LIB_KLOG_H
#define SELFTESTS_LIB_KLOG_H

#include <stdbool.h>

int klog_open(void);
bool klog_has(int log, const char *words);

#endif
