// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommuctl trace: calls as they happen. The events are read from a tracing
 * instance of its own, so that other users of tracing are not disturbed. The
 * ioctls are those of the system call events, which exist without our modules.
 */
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tracefs.h>
#include <unistd.h>

#include "iommuctl.h"
#include "pci.h"
#include "root.h"
#include "text.h"
#include "trace.h"
#include "trace_read.h"

/* All ioctls of VFIO and iommufd are of type ';' and have no size. */
#define TRACE_IOCTL_FILTER "cmd >= 0x3b00 && cmd < 0x3c00"

static const char *const trace_systems[] = { "iommufd", "vfio", "vfio_pci" };

struct trace {
	struct tep_handle *tep;
	struct tracefs_instance *instance;
	struct trace_view *view;
	/* IDs of the two system call events. */
	int enter;
	int exit;
};

static volatile sig_atomic_t trace_interrupted;

static void trace_handler(int signal)
{
	trace_interrupted = signal;
}

/* Enable what there is; without system call events there is nothing to show. */
static bool trace_enable(struct trace *trace)
{
	struct tep_event *event;
	size_t i;

	event = tep_find_event_by_name(trace->tep, "syscalls",
				       "sys_enter_ioctl");
	trace->enter = event ? event->id : -1;
	event = tep_find_event_by_name(trace->tep, "syscalls",
				       "sys_exit_ioctl");
	trace->exit = event ? event->id : -1;
	if (trace->enter < 0 || trace->exit < 0 ||
	    tracefs_event_file_write(trace->instance, "syscalls",
				     "sys_enter_ioctl", "filter",
				     TRACE_IOCTL_FILTER) < 0 ||
	    tracefs_event_enable(trace->instance, "syscalls",
				 "sys_exit_ioctl") < 0 ||
	    tracefs_event_enable(trace->instance, "syscalls",
				 "sys_enter_ioctl") < 0)
		return false;
	for (i = 0; i < ARRAY_SIZE(trace_systems); i++) {
		/* The kernel's own modules have few of these, or none. */
		if (tracefs_event_enable(trace->instance, trace_systems[i],
					 NULL) < 0)
			continue;
	}
	return true;
}

static uint64_t trace_field(struct tep_event *event, struct tep_record *record,
			    const char *name)
{
	unsigned long long value = 0;

	tep_get_field_val(NULL, event, name, record, &value, 1);
	return value;
}

static void trace_other(struct trace *trace, struct tep_event *event,
			struct tep_record *record, int thread)
{
	struct trace_seq seq;
	struct pool *pool;
	const char *text;
	int len;

	trace_seq_init(&seq);
	/* The reason of a refusal, which the parser may cut. */
	text = tep_get_field_raw(NULL, event, "text", record, &len, 0);
	if (!text) {
		tep_print_event(trace->tep, &seq, record, "%s", TEP_PRINT_INFO);
		trace_seq_terminate(&seq);
		text = seq.buffer;
		len = strlen(text);
	}
	pool = pool_create();
	trace_view_event(trace->view, record->ts, thread, event->system,
			 event->name,
			 text_clean(pool, text, strnlen(text, len)));
	pool_destroy(pool);
	trace_seq_destroy(&seq);
}

static void trace_record(struct tep_record *record, void *context)
{
	struct trace *trace = context;
	struct tep_event *event = tep_find_event_by_record(trace->tep, record);
	int thread = tep_data_pid(trace->tep, record);

	if (!event)
		return;
	if (event->id == trace->enter)
		trace_view_enter(trace->view, record->ts, thread,
				 trace_field(event, record, "fd"),
				 trace_field(event, record, "cmd"));
	else if (event->id == trace->exit)
		trace_view_exit(trace->view, record->ts, thread,
				trace_field(event, record, "ret"));
	else
		trace_other(trace, event, record, thread);
}

static int trace_follow(struct trace *trace, struct trace_reader *reader)
{
	struct timespec pause = { .tv_nsec = 50000000 };
	bool last;

	/* Events that precede the interruption are read after it. */
	do {
		last = trace_interrupted;
		if (last)
			tracefs_trace_off(trace->instance);
		if (!trace_reader_round(reader, last, trace_record, trace)) {
			warn("cannot read events");
			return EXIT_FAULT;
		}
		if (fflush(stdout))
			return EXIT_FAULT;
		if (!last)
			nanosleep(&pause, NULL);
	} while (!last);
	return EXIT_YES;
}

static int trace_run(struct trace *trace)
{
	struct sigaction action = { .sa_handler = trace_handler };
	struct trace_reader *reader;
	int status;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGPIPE, &action, NULL);
	if (!trace_enable(trace)) {
		warnx("the kernel has no events of system calls");
		return EXIT_FAULT;
	}
	reader = trace_reader_open(trace->instance);
	if (!reader) {
		warn("cannot read events");
		return EXIT_FAULT;
	}
	fputs("tracing, until interrupted\n", stderr);
	status = trace_follow(trace, reader);
	trace_reader_close(reader);
	return status;
}

static int trace_start(const struct trace_filter *filter)
{
	static const char *const systems[] = { "syscalls", "iommufd", "vfio",
					       "vfio_pci", NULL };
	struct trace trace = {};
	int status = EXIT_FAULT;
	char name[32];

	if (geteuid()) {
		warnx("only root may trace");
		return EXIT_FAULT;
	}
	/* Formats of events that are not wanted may be beyond the parser. */
	tep_set_loglevel(TEP_LOG_NONE);
	tracefs_set_loglevel(TEP_LOG_NONE);
	trace.view = trace_view_create(filter);
	trace.tep = tracefs_local_events_system(NULL, systems);
	snprintf(name, sizeof(name), "iommuctl-%d", getpid());
	trace.instance = tracefs_instance_create(name);
	if (!trace.view || !trace.tep || !trace.instance)
		warn("tracefs does not work");
	else
		status = trace_run(&trace);
	if (trace.instance) {
		tracefs_event_disable(trace.instance, NULL, NULL);
		tracefs_instance_destroy(trace.instance);
		tracefs_instance_free(trace.instance);
	}
	if (trace.tep)
		tep_free(trace.tep);
	if (trace.view)
		trace_view_destroy(trace.view);
	return status;
}

static int trace_usage(const char *problem, const char *subject)
{
	struct pool *pool = pool_create();

	fprintf(stderr, "iommuctl: %s: %s\n", problem,
		text_clean(pool, subject, strlen(subject)));
	pool_destroy(pool);
	return EXIT_USAGE;
}

int cmd_trace(const struct options *options)
{
	struct trace_filter filter = { .json = options->json };
	const char *subject = options->subject;
	char bdf[BDF_SIZE] = "";
	uint64_t pid;

	if (subject) {
		if (text_number(subject, 10, INT32_MAX, &pid) && pid)
			filter.pid = pid;
		else if (text_bdf(subject, bdf) != strlen(subject))
			return trace_usage("neither a PID nor a PCI address",
					   subject);
	}
	/* Nothing would be shown of them, however long one waits. */
	if (filter.pid && !root_exists("proc/%d", filter.pid))
		return trace_usage("no such process", subject);
	if (*bdf && !root_exists("sys/bus/pci/devices/%s", bdf))
		return trace_usage("no such device", subject);
	filter.bdf = bdf;
	return trace_start(&filter);
}
