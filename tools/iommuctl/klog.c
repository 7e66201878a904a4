// SPDX-License-Identifier: GPL-2.0-only
/* Lines of VFIO and iommufd in the kernel log, from /dev/kmsg. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "klog.h"
#include "root.h"
#include "text.h"

#define KLOG_LINES 10

/* A record is "PRIORITY,SEQUENCE,TIME,FLAGS;TEXT"; others continue one. */
static void klog_line(struct pool *pool, struct klog *log, const char *line,
		      const char *bdf)
{
	const char *text = strchr(line, ';');
	char *copy;

	if (*line == ' ' || !text)
		return;
	text++;
	if (*bdf ? !strstr(text, bdf) :
		   !strstr(text, "vfio") && !strstr(text, "iommufd"))
		return;
	copy = text_clean(pool, text, strlen(text));
	if (log->nr < KLOG_LINES) {
		log->lines[log->nr++] = copy;
		return;
	}
	memmove(log->lines, log->lines + 1,
		(KLOG_LINES - 1) * sizeof(*log->lines));
	log->lines[KLOG_LINES - 1] = copy;
}

struct klog *klog_read(struct pool *pool, const char *bdf)
{
	struct klog *log = pool_alloc(pool, sizeof(*log));
	char buf[65536], *rest, *line;
	size_t total = 0;
	ssize_t nr;
	int fd;

	log->lines = pool_alloc(pool, KLOG_LINES * sizeof(*log->lines));
	fd = root_open("dev/kmsg", O_RDONLY);
	if (fd < 0) {
		log->denied = errno == EPERM || errno == EACCES;
		return log;
	}
	/* Each read of the device returns one record. */
	while (total < 16 * ROOT_FILE_MAX) {
		nr = read(fd, buf, sizeof(buf) - 1);
		/* EPIPE: records were overwritten meanwhile. */
		if (nr < 0 && errno == EPIPE)
			continue;
		if (nr <= 0)
			break;
		total += nr;
		buf[nr] = '\0';
		rest = buf;
		while ((line = strsep(&rest, "\n")))
			klog_line(pool, log, line, bdf);
	}
	close(fd);
	return log;
}
