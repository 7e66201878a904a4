// SPDX-License-Identifier: GPL-2.0-only
/* The trace events of iommufd. */
#include "stats_type.h"

#define CREATE_TRACE_POINTS
#include <trace/events/iommufd.h>
