/* SPDX-License-Identifier: GPL-2.0-only */
/* How "trace" joins events to calls and prints them. */
#ifndef IOMMUCTL_TRACE_H
#define IOMMUCTL_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "pool.h"

struct trace_view;

/**
 * struct trace_filter - what is wanted
 * @pid: a process, 0 for all
 * @bdf: a device, empty for all
 * @json: print one JSON document a line
 */
struct trace_filter {
	int pid;
	const char *bdf;
	bool json;
};

struct trace_view *trace_view_create(const struct trace_filter *filter);
void trace_view_destroy(struct trace_view *view);

/* Events in the order of time; @ns is a clock, @thread the current task. */
void trace_view_enter(struct trace_view *view, uint64_t ns, int thread, int fd,
		      unsigned int cmd);
void trace_view_exit(struct trace_view *view, uint64_t ns, int thread,
		     int64_t result);
void trace_view_event(struct trace_view *view, uint64_t ns, int thread,
		      const char *system, const char *name, const char *text);

#endif
