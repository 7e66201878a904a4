// SPDX-License-Identifier: GPL-2.0-only
/* How "trace" joins events to calls and prints them, as strace would. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "ioctls.h"
#include "proc.h"
#include "root.h"
#include "text.h"
#include "trace.h"

#define TRACE_THREADS 1024

/**
 * struct trace_thread - a thread that was seen
 * @id: its number, 0 for an empty slot
 * @process: number of its process
 * @comm: name of its process
 * @path: file of the call that it is in
 * @cmd: ioctl that it is in
 * @held: the process has held the device of the filter
 * @started: when that began, 0 outside of a call
 * @reason: text of the refusal in that call, empty without one
 */
struct trace_thread {
	int id;
	int process;
	char comm[64];
	char path[64];
	unsigned int cmd;
	bool held;
	uint64_t started;
	char reason[512];
};

struct trace_view {
	struct trace_filter filter;
	struct trace_thread threads[TRACE_THREADS];
};

struct trace_view *trace_view_create(const struct trace_filter *filter)
{
	struct trace_view *view = calloc(1, sizeof(*view));

	if (view)
		view->filter = *filter;
	return view;
}

void trace_view_destroy(struct trace_view *view)
{
	free(view);
}

/* The process of a thread, from its status; itself if it has ended. */
static void trace_identify(struct trace_thread *thread)
{
	struct pool *pool = pool_create();
	char *text, *line;
	size_t len;

	thread->process = thread->id;
	text = root_bytes(pool, &len, "proc/%d/status", thread->id);
	while ((line = strsep(&text, "\n"))) {
		if (text_starts(line, "Tgid:\t"))
			thread->process = atoi(line + 6);
	}
	line = root_line(pool, "proc/%d/comm", thread->process);
	snprintf(thread->comm, sizeof(thread->comm), "%s", line ? line : "?");
	pool_destroy(pool);
}

/* Slots are reused by number; a thread that is overwritten is read anew. */
static struct trace_thread *trace_thread(struct trace_view *view, int id)
{
	struct trace_thread *thread =
		&view->threads[(unsigned int)id % TRACE_THREADS];

	if (thread->id != id || !thread->process) {
		memset(thread, 0, sizeof(*thread));
		thread->id = id;
		trace_identify(thread);
	}
	return thread;
}

static bool trace_holds_device(int pid, const char *bdf)
{
	struct pool *pool = pool_create();
	struct process *process = proc_read_one(pool, pid);
	struct pci_device *device = process ? pci_read_one(pool, bdf) : NULL;
	bool ret = device && proc_holds(process, device);

	pool_destroy(pool);
	return ret;
}

/* Events are read when they are history, so that a holder may have ended. */
static bool trace_wanted(const struct trace_view *view,
			 struct trace_thread *thread, const char *text)
{
	const struct trace_filter *filter = &view->filter;

	if (filter->pid)
		return thread->process == filter->pid;
	if (!*filter->bdf)
		return true;
	if (!thread->held)
		thread->held = (text && strstr(text, filter->bdf)) ||
			       trace_holds_device(thread->process, filter->bdf);
	return thread->held;
}

void trace_view_enter(struct trace_view *view, uint64_t ns, int thread_id,
		      int fd, unsigned int cmd)
{
	struct trace_thread *thread = trace_thread(view, thread_id);
	struct pool *pool = pool_create();
	char *path;

	/* The name may have changed by an exec since. */
	trace_identify(thread);
	path = root_link(pool, "proc/%d/fd/%d", thread->process, fd);
	snprintf(thread->path, sizeof(thread->path), "%s", path ? path : "?");
	thread->cmd = cmd;
	thread->started = ns;
	thread->reason[0] = '\0';
	pool_destroy(pool);
}

static void trace_print_time(uint64_t ns)
{
	printf("%" PRIu64 ".%06" PRIu64 " ", ns / 1000000000,
	       ns % 1000000000 / 1000);
}

static void trace_print_json(struct json_object *document)
{
	puts(json_object_to_json_string_ext(document,
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(document);
}

static struct json_object *trace_doc(uint64_t ns,
				     const struct trace_thread *thread)
{
	struct json_object *document = doc_new();

	doc_number(document, "ns", ns);
	doc_signed(document, "pid", thread->process);
	doc_signed(document, "tid", thread->id);
	doc_string(document, "command", thread->comm);
	return document;
}

/*
 * Some numbers have one name on a container and another on a device file. A file
 * that was closed before the event is read is not known.
 */
static void trace_name(const struct trace_thread *thread, char *name,
		       size_t size)
{
	const char *container = ioctl_find(thread->cmd, true);
	const char *device = ioctl_find(thread->cmd, false);

	if (!container)
		snprintf(name, size, "0x%x", thread->cmd);
	else if (!device || !strcmp(container, device) ||
		 !strcmp(thread->path, "/dev/vfio/vfio") ||
		 !strcmp(thread->path, "/dev/iommu"))
		snprintf(name, size, "%s", container);
	else if (strcmp(thread->path, "?"))
		snprintf(name, size, "%s", device);
	else
		snprintf(name, size, "%s or %s", container, device);
}

static void trace_print_call(const struct trace_view *view,
			     const struct trace_thread *thread, uint64_t ns,
			     int64_t result)
{
	struct json_object *document;
	const char *error = NULL;
	char name[128];

	trace_name(thread, name, sizeof(name));
	if (result < 0)
		error = errno_name(-result);
	if (view->filter.json) {
		document = trace_doc(thread->started, thread);
		doc_string(document, "ioctl", name);
		doc_string(document, "file", thread->path);
		doc_signed(document, "result", result);
		doc_string(document, "errno", error);
		doc_string(document, "reason",
			   *thread->reason ? thread->reason : NULL);
		doc_number(document, "duration_ns", ns - thread->started);
		trace_print_json(document);
		return;
	}
	trace_print_time(thread->started);
	printf("%s/%d ioctl(%s, %s) = ", thread->comm, thread->id, thread->path,
	       name);
	if (error)
		printf("-1 %s", error);
	else
		printf("%" PRId64, result);
	if (*thread->reason)
		printf(" (%s)", thread->reason);
	printf(" <%" PRIu64 ".%06" PRIu64 ">\n",
	       (ns - thread->started) / 1000000000,
	       (ns - thread->started) % 1000000000 / 1000);
}

void trace_view_exit(struct trace_view *view, uint64_t ns, int thread_id,
		     int64_t result)
{
	struct trace_thread *thread = trace_thread(view, thread_id);

	/* Other ioctls, and those that were running at the start. */
	if (!thread->started)
		return;
	if (trace_wanted(view, thread, thread->reason))
		trace_print_call(view, thread, ns, result);
	thread->started = 0;
}

/* The event has errno, call and reason; the call prints the errno itself. */
static void trace_refused(struct trace_thread *thread, const char *text)
{
	struct pool *pool = pool_create();
	char *reason = text_word(pool, text, "text");

	snprintf(thread->reason, sizeof(thread->reason), "%s",
		 reason ? reason : text);
	pool_destroy(pool);
}

void trace_view_event(struct trace_view *view, uint64_t ns, int thread_id,
		      const char *system, const char *name, const char *text)
{
	struct trace_thread *thread = trace_thread(view, thread_id);
	struct json_object *document;

	if (text_ends(name, "_refused"))
		trace_refused(thread, text);
	if (!trace_wanted(view, thread, text))
		return;
	if (view->filter.json) {
		document = trace_doc(ns, thread);
		doc_string(document, "system", system);
		doc_string(document, "event", name);
		doc_string(document, "text", text);
		trace_print_json(document);
		return;
	}
	trace_print_time(ns);
	printf("%s/%d   %s:%s %s\n", thread->comm, thread->id, system, name,
	       text);
}
