/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that is charged to a memory control group. */
#ifndef SELFTESTS_LIB_MEMCG_H
#define SELFTESTS_LIB_MEMCG_H

void memcg_enter(void);
long long memcg_charged(void);
long long memcg_kernel_total(void);

#endif
