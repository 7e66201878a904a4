/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vfio_pci

#if !defined(_TRACE_VFIO_PCI_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_VFIO_PCI_H

#include <linux/tracepoint.h>
#include <linux/types.h>

#include <linux/device.h>

/* clang-format off */

DECLARE_EVENT_CLASS(vfio_pci_reset_class,

	TP_PROTO(const struct device *dev, int ret),

	TP_ARGS(dev, ret),

	TP_STRUCT__entry(
		__string(name, dev_name(dev))
		__field(int, ret)
	),

	TP_fast_assign(
		__assign_str(name);
		__entry->ret = ret;
	),

	TP_printk("device=%s ret=%d",
		  __get_str(name), __entry->ret)
);

DEFINE_EVENT(vfio_pci_reset_class, vfio_pci_reset,

	TP_PROTO(const struct device *dev, int ret),

	TP_ARGS(dev, ret)
);

DEFINE_EVENT(vfio_pci_reset_class, vfio_pci_hot_reset,

	TP_PROTO(const struct device *dev, int ret),

	TP_ARGS(dev, ret)
);

TRACE_EVENT(vfio_pci_set_irqs,

	TP_PROTO(const struct device *dev, u32 index, u32 flags, u32 start, u32 count,
		 int ret),

	TP_ARGS(dev, index, flags, start, count, ret),

	TP_STRUCT__entry(
		__string(name, dev_name(dev))
		__field(u32, index)
		__field(u32, flags)
		__field(u32, start)
		__field(u32, count)
		__field(int, ret)
	),

	TP_fast_assign(
		__assign_str(name);
		__entry->index = index;
		__entry->flags = flags;
		__entry->start = start;
		__entry->count = count;
		__entry->ret = ret;
	),

	TP_printk("device=%s index=%u flags=0x%x start=%u count=%u ret=%d",
		  __get_str(name), __entry->index, __entry->flags,
		  __entry->start, __entry->count, __entry->ret)
);

TRACE_EVENT(vfio_pci_config_write,

	TP_PROTO(const struct device *dev, u32 offset, u32 size, u32 value,
		 int ret),

	TP_ARGS(dev, offset, size, value, ret),

	TP_STRUCT__entry(
		__string(name, dev_name(dev))
		__field(u32, offset)
		__field(u32, size)
		__field(u32, value)
		__field(int, ret)
	),

	TP_fast_assign(
		__assign_str(name);
		__entry->offset = offset;
		__entry->size = size;
		__entry->value = value;
		__entry->ret = ret;
	),

	TP_printk("device=%s offset=0x%x size=%u value=0x%x ret=%d",
		  __get_str(name), __entry->offset, __entry->size,
		  __entry->value, __entry->ret)
);

#endif /* _TRACE_VFIO_PCI_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
