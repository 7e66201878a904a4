// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel shows of open files: fdinfo, debugfs and trace events. */
#include "observe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "harness.h"
#include "sys.h"

#define TRACEFS "/sys/kernel/tracing"
#define DEBUGFS "/sys/kernel/debug"

/*
 * Find the line number @nth, from 0, that begins with @key, and return the rest
 * of it.
 */
bool fdinfo_line(int fd, const char *key, unsigned int nth,
		 char line[OBSERVE_LINE])
{
	char path[64], buf[OBSERVE_LINE];
	size_t length = strlen(key);
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	ASSERT(file);
	while (!found && fgets(buf, sizeof(buf), file)) {
		if (strncmp(buf, key, length) ||
		    strncmp(buf + length, ":\t", 2))
			continue;
		if (nth--)
			continue;
		buf[strcspn(buf, "\n")] = 0;
		strcpy(line, buf + length + 2);
		found = true;
	}
	fclose(file);
	return found;
}

void fdinfo_need(int fd, const char *key, char line[OBSERVE_LINE])
{
	if (!fdinfo_line(fd, key, 0, line))
		FAIL("fdinfo has no %s", key);
}

unsigned long long fdinfo_number(int fd, const char *key)
{
	char line[OBSERVE_LINE];

	fdinfo_need(fd, key, line);
	return strtoull(line, NULL, 0);
}

/* The number behind "FIELD=" in the first line of @key. */
unsigned long long fdinfo_field(int fd, const char *key, const char *field)
{
	char line[OBSERVE_LINE], word[64];
	const char *at;

	fdinfo_need(fd, key, line);
	snprintf(word, sizeof(word), "%s=", field);
	at = strstr(line, word);
	if (!at)
		FAIL("%s has no %s: %s", key, field, line);
	return strtoull(at + strlen(word), NULL, 0);
}

/* The first line of @key is exactly this. */
void fdinfo_expect(int fd, const char *key, const char *fmt, ...)
{
	char line[OBSERVE_LINE], want[OBSERVE_LINE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(want, sizeof(want), fmt, args);
	va_end(args);
	fdinfo_need(fd, key, line);
	if (strcmp(line, want))
		FAIL("%s is \"%s\", not \"%s\"", key, line, want);
}

/* The name of the device number @nth of a context, from 0. */
void fdinfo_device_name(int fd, unsigned int nth, char name[OBSERVE_NAME])
{
	char line[OBSERVE_LINE];
	const char *at;

	if (!fdinfo_line(fd, "iommufd-device", nth, line))
		FAIL("there is no device number %u", nth);
	at = strstr(line, "name=");
	ASSERT(at);
	at += strlen("name=");
	snprintf(name, OBSERVE_NAME, "%.*s", (int)strcspn(at, " "), at);
}

static char *observe_read(const char *path)
{
	size_t size = 0, max = 1 << 16;
	int fd = sys_open(path, O_RDONLY);
	char *text = malloc(max);
	ssize_t got;

	ASSERT(text);
	while ((got = read(fd, text + size, max - size - 1)) > 0) {
		size += got;
		if (max - size < 8192) {
			max *= 2;
			text = realloc(text, max);
			ASSERT(text);
		}
	}
	if (got < 0)
		FAIL("%s: %s", path, strerror(errno));
	sys_close(fd);
	text[size] = 0;
	return text;
}

/* Name of the file in debugfs that lists the areas of a context. */
char *areas_path(int fd)
{
	static char path[128];

	if (access(DEBUGFS "/iommufd", F_OK) &&
	    mount("debugfs", DEBUGFS, "debugfs", 0, NULL) && errno != EBUSY)
		SKIP("no debugfs: %s", strerror(errno));
	snprintf(path, sizeof(path), DEBUGFS "/iommufd/%llu/areas",
		 fdinfo_number(fd, "iommufd-context"));
	return path;
}

char *areas_read(int fd)
{
	return observe_read(areas_path(fd));
}

/* Find the line of a list of areas that begins with @start. */
bool areas_find(const char *areas, const char *start, char line[OBSERVE_LINE])
{
	size_t length;

	for (; *areas; areas += length + (areas[length] == '\n')) {
		length = strcspn(areas, "\n");
		if (strncmp(areas, start, strlen(start)))
			continue;
		snprintf(line, OBSERVE_LINE, "%.*s", (int)length, areas);
		return true;
	}
	return false;
}

/* A line must begin with the text. */
void areas_expect(const char *areas, const char *fmt, ...)
{
	char want[OBSERVE_LINE], line[OBSERVE_LINE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(want, sizeof(want), fmt, args);
	va_end(args);
	if (!areas_find(areas, want, line))
		FAIL("no \"%s\" in \"%s\"", want, areas);
}

static void events_set(const char *event, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), TRACEFS "/events/%s/enable", event);
	ASSERT_RC(__sys_write_file(path, value), 0);
}

/* Enable events, given as SYSTEM/EVENT or SYSTEM, up to a NULL. */
void events_begin(const char *const *events)
{
	if (access(TRACEFS "/trace", F_OK) &&
	    mount("tracefs", TRACEFS, "tracefs", 0, NULL))
		SKIP("no trace events: %s", strerror(errno));
	sys_close(sys_open(TRACEFS "/trace", O_WRONLY | O_TRUNC));
	for (; *events; events++)
		events_set(*events, "1");
}

/* Disable all events and return what they recorded. */
char *events_take(void)
{
	char *events;

	ASSERT_RC(__sys_write_file(TRACEFS "/events/enable", "0"), 0);
	events = observe_read(TRACEFS "/trace");
	sys_close(sys_open(TRACEFS "/trace", O_WRONLY | O_TRUNC));
	return events;
}

static unsigned int events_count(const char *events, const char *part)
{
	unsigned int nr = 0;

	for (; (events = strstr(events, part)); events++)
		nr++;
	return nr;
}

/* The text occurs at least once. */
void events_need(const char *events, const char *fmt, ...)
{
	char want[OBSERVE_LINE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(want, sizeof(want), fmt, args);
	va_end(args);
	if (!strstr(events, want))
		FAIL("no event \"%s\" in:\n%s", want, events);
}

/* The text occurs exactly @nr times. */
void events_expect(const char *events, unsigned int nr, const char *fmt, ...)
{
	char want[OBSERVE_LINE];
	unsigned int found;
	va_list args;

	va_start(args, fmt);
	vsnprintf(want, sizeof(want), fmt, args);
	va_end(args);
	found = events_count(events, want);
	if (found != nr)
		FAIL("%u events, not %u, \"%s\" in:\n%s", found, nr, want,
		     events);
}
