// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the buffers of all processors in rounds. An event is delivered only if no
 * earlier one can be missing: those up to the latest event of a round are complete
 * after the next one, which began when all of them had been written.
 *
 * tracefs_iterate_raw_events() is not used: it holds events back until the buffer
 * of a processor is half full, and with buffer_percent set to 0 it may not return.
 */
#include <errno.h>
#include <event-parse.h>
#include <fcntl.h>
#include <kbuffer.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tracefs.h>
#include <unistd.h>

#include "trace_read.h"

/**
 * struct trace_reader - what was read and is not delivered yet
 * @kbuf: parser of a page of a buffer
 * @page: the page
 * @page_size: its bytes
 * @fds: the buffers, one of each processor; -1 for one that is missing
 * @nr_fds: number of processors
 * @records: events, each with a copy of its data
 * @nr_records: number of events
 * @max_records: number of events that @records has space for
 * @latest: time of the latest event that was read
 */
struct trace_reader {
	struct kbuffer *kbuf;
	void *page;
	size_t page_size;
	int *fds;
	int nr_fds;
	struct tep_record *records;
	size_t nr_records;
	size_t max_records;
	uint64_t latest;
};

struct trace_reader *trace_reader_open(struct tracefs_instance *instance)
{
	struct trace_reader *reader = calloc(1, sizeof(*reader));
	char name[64];
	int cpu;

	if (!reader)
		return NULL;
	reader->nr_fds = sysconf(_SC_NPROCESSORS_CONF);
	reader->page_size = sysconf(_SC_PAGESIZE);
	reader->kbuf = kbuffer_alloc(KBUFFER_LSIZE_SAME_AS_HOST,
				     KBUFFER_ENDIAN_SAME_AS_HOST);
	reader->page = malloc(reader->page_size);
	reader->fds = calloc(reader->nr_fds, sizeof(*reader->fds));
	if (!reader->kbuf || !reader->page || !reader->fds) {
		reader->nr_fds = 0;
		trace_reader_close(reader);
		return NULL;
	}
	for (cpu = 0; cpu < reader->nr_fds; cpu++) {
		snprintf(name, sizeof(name), "per_cpu/cpu%d/trace_pipe_raw",
			 cpu);
		reader->fds[cpu] = tracefs_instance_file_open(
			instance, name, O_RDONLY | O_NONBLOCK);
	}
	return reader;
}

static void trace_reader_drop(struct trace_reader *reader, size_t nr)
{
	size_t i;

	if (!nr)
		return;
	for (i = 0; i < nr; i++)
		free(reader->records[i].data);
	reader->nr_records -= nr;
	memmove(reader->records, reader->records + nr,
		reader->nr_records * sizeof(*reader->records));
}

void trace_reader_close(struct trace_reader *reader)
{
	int cpu;

	for (cpu = 0; cpu < reader->nr_fds; cpu++) {
		if (reader->fds[cpu] >= 0)
			close(reader->fds[cpu]);
	}
	trace_reader_drop(reader, reader->nr_records);
	free(reader->records);
	free(reader->fds);
	free(reader->page);
	if (reader->kbuf)
		kbuffer_free(reader->kbuf);
	free(reader);
}

static bool trace_reader_keep(struct trace_reader *reader, void *data,
			      uint64_t ns, int cpu)
{
	struct tep_record *record;
	size_t size = kbuffer_event_size(reader->kbuf);

	if (reader->nr_records == reader->max_records) {
		size_t max = reader->max_records * 2 + 256;

		record = reallocarray(reader->records, max, sizeof(*record));
		if (!record)
			return false;
		reader->records = record;
		reader->max_records = max;
	}
	record = &reader->records[reader->nr_records];
	*record = (struct tep_record){ .ts = ns, .size = size, .cpu = cpu };
	record->data = malloc(size);
	if (!record->data)
		return false;
	memcpy(record->data, data, size);
	reader->nr_records++;
	if (ns > reader->latest)
		reader->latest = ns;
	return true;
}

static bool trace_reader_fill(struct trace_reader *reader, int cpu)
{
	int fd = reader->fds[cpu];
	unsigned long long ns;
	ssize_t got;
	void *data;

	while ((got = read(fd, reader->page, reader->page_size)) > 0) {
		kbuffer_load_subbuffer(reader->kbuf, reader->page);
		while ((data = kbuffer_read_event(reader->kbuf, &ns))) {
			if (!trace_reader_keep(reader, data, ns, cpu))
				return false;
			kbuffer_next_event(reader->kbuf, NULL);
		}
	}
	return !got || errno == EAGAIN || errno == EINTR;
}

static int trace_reader_compare(const void *a, const void *b)
{
	const struct tep_record *left = a;
	const struct tep_record *right = b;

	return (left->ts > right->ts) - (left->ts < right->ts);
}

/* Returns false if memory is short or a buffer cannot be read. */
bool trace_reader_round(struct trace_reader *reader, bool last,
			trace_record_fn deliver, void *context)
{
	uint64_t complete = last ? UINT64_MAX : reader->latest;
	bool good = true;
	size_t nr = 0;
	int cpu;

	for (cpu = 0; cpu < reader->nr_fds && good; cpu++) {
		if (reader->fds[cpu] >= 0)
			good = trace_reader_fill(reader, cpu);
	}
	qsort(reader->records, reader->nr_records, sizeof(*reader->records),
	      trace_reader_compare);
	while (nr < reader->nr_records && reader->records[nr].ts <= complete)
		deliver(&reader->records[nr++], context);
	trace_reader_drop(reader, nr);
	return good;
}
