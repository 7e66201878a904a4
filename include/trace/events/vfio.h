/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vfio

#if !defined(_TRACE_VFIO_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_VFIO_H

#include <linux/iommufd_refusal.h>
#include <linux/tracepoint.h>
#include <linux/types.h>

#include <linux/device.h>

/* clang-format off */

DECLARE_EVENT_CLASS(vfio_device,

	TP_PROTO(const struct device *dev, const char *interface,
		 unsigned int open_count),

	TP_ARGS(dev, interface, open_count),

	TP_STRUCT__entry(
		__string(name, dev_name(dev))
		__string(interface, interface)
		__field(unsigned int, open_count)
	),

	TP_fast_assign(
		__assign_str(name);
		__assign_str(interface);
		__entry->open_count = open_count;
	),

	TP_printk("device=%s interface=%s open_count=%u",
		  __get_str(name), __get_str(interface),
		  __entry->open_count)
);

DEFINE_EVENT(vfio_device, vfio_device_open,

	TP_PROTO(const struct device *dev, const char *interface,
		 unsigned int open_count),

	TP_ARGS(dev, interface, open_count)
);

DEFINE_EVENT(vfio_device, vfio_device_close,

	TP_PROTO(const struct device *dev, const char *interface,
		 unsigned int open_count),

	TP_ARGS(dev, interface, open_count)
);

TRACE_EVENT(vfio_refused,

	TP_PROTO(const struct device *dev, const struct iommufd_refusal *refusal),

	TP_ARGS(dev, refusal),

	TP_STRUCT__entry(
		__string(name, dev_name(dev))
		__field(int, error)
		__field(u32, op)
		__field(u32, code)
		__array(u64, args, IOMMUFD_REFUSAL_ARGS)
		__array(char, text, IOMMUFD_REFUSAL_TEXT)
	),

	TP_fast_assign(
		__assign_str(name);
		__entry->error = refusal->error;
		__entry->op = refusal->op;
		__entry->code = refusal->code;
		memcpy(__entry->args, refusal->args.arg,
		       sizeof(__entry->args));
		iommufd_refusal_text(refusal, __entry->text,
				     sizeof(__entry->text));
	),

	TP_printk("device=%s op=0x%x error=%d code=%u text=%s",
		  __get_str(name), __entry->op, __entry->error, __entry->code,
		  __entry->text)
);

#endif /* _TRACE_VFIO_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
