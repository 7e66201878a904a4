// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: view ROOT PID BDF JSON
 *
 * Feeds "iommuctl trace" with events that are read from standard input instead of
 * the ring buffer. PID is 0 and BDF "-" for no filter; JSON is 0 or 1. A line is
 *
 *   enter NS THREAD FD CMD
 *   exit NS THREAD RESULT
 *   event NS THREAD SYSTEM NAME TEXT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "root.h"
#include "trace.h"

static int view_line(struct trace_view *view, char *line)
{
	char system[64], name[64];
	int thread, fd, text = 0;
	unsigned int cmd;
	int64_t result;
	uint64_t ns;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "enter %" SCNu64 " %d %d %x", &ns, &thread, &fd,
		   &cmd) == 4)
		trace_view_enter(view, ns, thread, fd, cmd);
	else if (sscanf(line, "exit %" SCNu64 " %d %" SCNd64, &ns, &thread,
			&result) == 3)
		trace_view_exit(view, ns, thread, result);
	else if (sscanf(line, "event %" SCNu64 " %d %63s %63s %n", &ns, &thread,
			system, name, &text) == 4 &&
		 text)
		trace_view_event(view, ns, thread, system, name, line + text);
	else
		return 1;
	return 0;
}

int main(int argc, char **argv)
{
	struct trace_filter filter = {};
	struct trace_view *view;
	char line[4096];
	int bad = 0;

	if (argc != 5 || !root_set(argv[1])) {
		fputs("usage: view ROOT PID BDF JSON\n", stderr);
		return 2;
	}
	filter.pid = atoi(argv[2]);
	filter.bdf = strcmp(argv[3], "-") ? argv[3] : "";
	filter.json = atoi(argv[4]);
	view = trace_view_create(&filter);
	while (view && fgets(line, sizeof(line), stdin))
		bad |= view_line(view, line);
	trace_view_destroy(view);
	return bad;
}
