// SPDX-License-Identifier: GPL-2.0-only
/* QEMU's monitor, by a virtio port. */
#include "monitor.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "sys.h"

#define MONITOR_PORTS "/sys/class/virtio-ports"
#define MONITOR_PORT_NAME "monitor"
#define MONITOR_MS_MAX 60000

static bool monitor_is_port(const char *port)
{
	char path[512];
	char name[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), MONITOR_PORTS "/%s/name", port);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	return !strcmp(name, MONITOR_PORT_NAME "\n");
}

static int monitor_open_port(void)
{
	struct dirent *entry;
	char path[512];
	int fd = -1;
	DIR *dir;

	dir = opendir(MONITOR_PORTS);
	if (!dir)
		return -1;
	while (fd < 0 && (entry = readdir(dir))) {
		if (!monitor_is_port(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = sys_open(path, O_RDWR);
	}
	closedir(dir);
	return fd;
}

static char monitor_read_char(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	char c;

	if (poll(&pollfd, 1, MONITOR_MS_MAX) != 1 || read(fd, &c, 1) != 1)
		FAIL("QEMU does not answer");
	return c;
}

/* Read a line of JSON: a response, an event, or the greeting. */
static void monitor_read_line(int fd, char *buf, size_t size)
{
	size_t len = 0;
	char c;

	while ((c = monitor_read_char(fd)) != '\n') {
		if (len + 1 < size)
			buf[len++] = c;
	}
	buf[len] = '\0';
}

/* Run a command and skip responses to earlier commands. */
static bool monitor_send(int fd, const char *command, const char *arguments,
			 char *answer, size_t size)
{
	static unsigned int nr;
	char text[512];
	char id[64];
	int len;

	snprintf(id, sizeof(id), "\"id\": \"%d-%u\"", getpid(), nr++);
	len = snprintf(text, sizeof(text), "{\"execute\": \"%s\", %s%s%s %s}\n",
		       command, arguments ? "\"arguments\": {" : "",
		       arguments ?: "", arguments ? "}," : "", id);
	if (write(fd, text, (size_t)len) != len)
		FAIL("cannot write to QEMU's monitor");
	do {
		monitor_read_line(fd, answer, size);
	} while (!strstr(answer, id));
	return strstr(answer, "\"return\"");
}

/* Open the monitor. Skips the test if the guest has none. */
int monitor_need(void)
{
	char answer[512];
	int fd = monitor_open_port();

	if (fd < 0)
		SKIP("no monitor");
	/* all but the first call since the start of QEMU fail, which is fine */
	monitor_send(fd, "qmp_capabilities", NULL, answer, sizeof(answer));
	return fd;
}

/* Run a command; @arguments are members of a JSON object. */
void monitor_run(int fd, const char *command, const char *arguments)
{
	char answer[512];

	if (!monitor_send(fd, command, arguments, answer, sizeof(answer)))
		FAIL("%s: %s", command, answer);
}

/*
 * Wait for an event. A command discards the events that precede its response.
 */
void monitor_wait_event(int fd, const char *event)
{
	char line[512];

	do {
		monitor_read_line(fd, line, sizeof(line));
	} while (!strstr(line, event));
}
