/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading the events of a tracing instance while they happen. */
#ifndef IOMMUCTL_TRACE_READ_H
#define IOMMUCTL_TRACE_READ_H

#include <stdbool.h>

struct tep_handle;
struct tep_record;
struct tracefs_instance;
struct trace_reader;

/* Called for each event, in the order of time. */
typedef void (*trace_record_fn)(struct tep_record *record, void *context);

struct trace_reader *trace_reader_open(struct tracefs_instance *instance);
void trace_reader_close(struct trace_reader *reader);
bool trace_reader_round(struct trace_reader *reader, bool last,
			trace_record_fn deliver, void *context);

#endif
