/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM iommufd

#if !defined(_TRACE_IOMMUFD_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_IOMMUFD_H

#include <linux/iommufd_refusal.h>
#include <linux/sprintf.h>
#include <linux/tracepoint.h>
#include <linux/types.h>

struct iommufd_stats;

/* Bytes of a hashed pointer as text, with its NUL */
#define IOMMUFD_TRACE_POINTER 20

/* clang-format off */

DECLARE_EVENT_CLASS(iommufd_object,

	TP_PROTO(const struct iommufd_stats *stats, u32 id, const char *type),

	TP_ARGS(stats, id, type),

	TP_STRUCT__entry(
		__field(u64, ctx)
		__field(u32, id)
		__string(type, type)
	),

	TP_fast_assign(
		__entry->ctx = stats->id;
		__entry->id = id;
		__assign_str(type);
	),

	TP_printk("ctx=%llu id=%u type=%s",
		  __entry->ctx, __entry->id, __get_str(type))
);

DEFINE_EVENT(iommufd_object, iommufd_object_create,

	TP_PROTO(const struct iommufd_stats *stats, u32 id, const char *type),

	TP_ARGS(stats, id, type)
);

DEFINE_EVENT(iommufd_object, iommufd_object_destroy,

	TP_PROTO(const struct iommufd_stats *stats, u32 id, const char *type),

	TP_ARGS(stats, id, type)
);

TRACE_EVENT(iommufd_map,

	TP_PROTO(const struct iommufd_stats *stats, u32 ioas, u64 iova, u64 length,
		 int prot),

	TP_ARGS(stats, ioas, iova, length, prot),

	TP_STRUCT__entry(
		__field(u64, ctx)
		__field(u64, iova)
		__field(u64, length)
		__field(u32, ioas)
		__field(int, prot)
	),

	TP_fast_assign(
		__entry->ctx = stats->id;
		__entry->iova = iova;
		__entry->length = length;
		__entry->ioas = ioas;
		__entry->prot = prot;
	),

	TP_printk("ctx=%llu ioas=%u iova=0x%llx length=0x%llx prot=%s",
		  __entry->ctx, __entry->ioas, __entry->iova, __entry->length,
		  __print_flags(__entry->prot, "|", { 1, "READ" },
				{ 2, "WRITE" }, { 4, "CACHE" },
				{ 16, "MMIO" }))
);

TRACE_EVENT(iommufd_unmap,

	TP_PROTO(const struct iommufd_stats *stats, u32 ioas, u64 iova, u64 length),

	TP_ARGS(stats, ioas, iova, length),

	TP_STRUCT__entry(
		__field(u64, ctx)
		__field(u64, iova)
		__field(u64, length)
		__field(u32, ioas)
	),

	TP_fast_assign(
		__entry->ctx = stats->id;
		__entry->iova = iova;
		__entry->length = length;
		__entry->ioas = ioas;
	),

	TP_printk("ctx=%llu ioas=%u iova=0x%llx length=0x%llx",
		  __entry->ctx, __entry->ioas, __entry->iova, __entry->length)
);

DECLARE_EVENT_CLASS(iommufd_pages,

	TP_PROTO(const struct iommufd_stats *stats, u64 start, u64 nr_pages),

	TP_ARGS(stats, start, nr_pages),

	TP_STRUCT__entry(
		__field(u64, ctx)
		__field(u64, start)
		__field(u64, nr_pages)
	),

	TP_fast_assign(
		__entry->ctx = stats->id;
		__entry->start = start;
		__entry->nr_pages = nr_pages;
	),

	TP_printk("ctx=%llu start=0x%llx nr_pages=%llu",
		  __entry->ctx, __entry->start, __entry->nr_pages)
);

DEFINE_EVENT(iommufd_pages, iommufd_pin,

	TP_PROTO(const struct iommufd_stats *stats, u64 start, u64 nr_pages),

	TP_ARGS(stats, start, nr_pages)
);

DEFINE_EVENT(iommufd_pages, iommufd_unpin,

	TP_PROTO(const struct iommufd_stats *stats, u64 start, u64 nr_pages),

	TP_ARGS(stats, start, nr_pages)
);

TRACE_EVENT(iommufd_charge,

	TP_PROTO(const struct iommufd_stats *stats, u64 nr_pages, int ret),

	TP_ARGS(stats, nr_pages, ret),

	TP_STRUCT__entry(
		__field(u64, ctx)
		__field(u64, nr_pages)
		__field(int, ret)
	),

	TP_fast_assign(
		__entry->ctx = stats->id;
		__entry->nr_pages = nr_pages;
		__entry->ret = ret;
	),

	TP_printk("ctx=%llu nr_pages=%llu ret=%d",
		  __entry->ctx, __entry->nr_pages, __entry->ret)
);

TRACE_EVENT(iommufd_uncharge,

	TP_PROTO(const struct iommufd_stats *stats, u64 nr_pages),

	TP_ARGS(stats, nr_pages),

	TP_STRUCT__entry(
		__field(u64, ctx)
		__field(u64, nr_pages)
	),

	TP_fast_assign(
		__entry->ctx = stats->id;
		__entry->nr_pages = nr_pages;
	),

	TP_printk("ctx=%llu nr_pages=%llu",
		  __entry->ctx, __entry->nr_pages)
);

DECLARE_EVENT_CLASS(iommufd_attachment,

	TP_PROTO(const struct iommufd_stats *stats, const char *device, u32 hwpt),

	TP_ARGS(stats, device, hwpt),

	TP_STRUCT__entry(
		__field(u64, ctx)
		__field(u32, hwpt)
		__string(device, device)
	),

	TP_fast_assign(
		__entry->ctx = stats->id;
		__entry->hwpt = hwpt;
		__assign_str(device);
	),

	TP_printk("ctx=%llu device=%s hwpt=%u",
		  __entry->ctx, __get_str(device), __entry->hwpt)
);

DEFINE_EVENT(iommufd_attachment, iommufd_attach,

	TP_PROTO(const struct iommufd_stats *stats, const char *device, u32 hwpt),

	TP_ARGS(stats, device, hwpt)
);

DEFINE_EVENT(iommufd_attachment, iommufd_replace,

	TP_PROTO(const struct iommufd_stats *stats, const char *device, u32 hwpt),

	TP_ARGS(stats, device, hwpt)
);

DEFINE_EVENT(iommufd_attachment, iommufd_detach,

	TP_PROTO(const struct iommufd_stats *stats, const char *device, u32 hwpt),

	TP_ARGS(stats, device, hwpt)
);

TRACE_EVENT(iommufd_flush,

	TP_PROTO(const void *domain, u64 length),

	TP_ARGS(domain, length),

	TP_STRUCT__entry(
		__array(char, domain, IOMMUFD_TRACE_POINTER)
		__field(u64, length)
	),

	/* the record has no raw address either */
	TP_fast_assign(
		snprintf(__entry->domain, sizeof(__entry->domain), "%p", domain);
		__entry->length = length;
	),

	TP_printk("domain=%s length=0x%llx",
		  __entry->domain, __entry->length)
);

DECLARE_EVENT_CLASS(iommufd_provider,

	TP_PROTO(const char *provider, u64 start, u64 length),

	TP_ARGS(provider, start, length),

	TP_STRUCT__entry(
		__string(provider, provider)
		__field(u64, start)
		__field(u64, length)
	),

	TP_fast_assign(
		__assign_str(provider);
		__entry->start = start;
		__entry->length = length;
	),

	TP_printk("provider=%s start=0x%llx length=0x%llx",
		  __get_str(provider), __entry->start, __entry->length)
);

DEFINE_EVENT(iommufd_provider, iommufd_revoke,

	TP_PROTO(const char *provider, u64 start, u64 length),

	TP_ARGS(provider, start, length)
);

DEFINE_EVENT(iommufd_provider, iommufd_restore,

	TP_PROTO(const char *provider, u64 start, u64 length),

	TP_ARGS(provider, start, length)
);

TRACE_EVENT(iommufd_refused,

	TP_PROTO(const struct iommufd_stats *stats, const struct iommufd_refusal *refusal),

	TP_ARGS(stats, refusal),

	TP_STRUCT__entry(
		__field(u64, ctx)
		__field(int, error)
		__field(u32, op)
		__field(u32, code)
		__array(u64, args, IOMMUFD_REFUSAL_ARGS)
		__array(char, text, IOMMUFD_REFUSAL_TEXT)
	),

	TP_fast_assign(
		__entry->ctx = stats->id;
		__entry->error = refusal->error;
		__entry->op = refusal->op;
		__entry->code = refusal->code;
		memcpy(__entry->args, refusal->args.arg,
		       sizeof(__entry->args));
		iommufd_refusal_text(refusal, __entry->text,
				     sizeof(__entry->text));
	),

	TP_printk("ctx=%llu op=0x%x error=%d code=%u text=%s",
		  __entry->ctx, __entry->op, __entry->error, __entry->code,
		  __entry->text)
);

#endif /* _TRACE_IOMMUFD_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
