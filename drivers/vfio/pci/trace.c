// SPDX-License-Identifier: GPL-2.0-only
/* The trace events of vfio-pci-core. */
#include <linux/device.h>

#define CREATE_TRACE_POINTS
#include <trace/events/vfio_pci.h>
