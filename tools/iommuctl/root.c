// SPDX-License-Identifier: GPL-2.0-only
/* Files of the machine, below "/" or below the directory of --root. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "root.h"
#include "text.h"

static int root_fd = -1;
static bool root_machine;
static char root_dir[4096];

bool root_set(const char *dir)
{
	if (strlen(dir) >= sizeof(root_dir)) {
		errno = ENAMETOOLONG;
		return false;
	}
	root_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return false;
	root_machine = !strcmp(dir, "/");
	strcpy(root_dir, root_machine ? "" : dir);
	return true;
}

bool root_is_machine(void)
{
	return root_machine;
}

const char *root_path(void)
{
	return root_dir;
}

/* O_NONBLOCK, because a FIFO in the place of a file must not block. */
int root_open(const char *path, int flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};

	if (flags & O_PATH)
		how.flags = flags | O_CLOEXEC;
	return syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
}

static int root_vopen(int flags, const char *format, va_list args)
{
	char path[4096];
	int len;

	len = vsnprintf(path, sizeof(path), format, args);
	if (len < 0 || (size_t)len >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return root_open(path, flags);
}

/* Open a regular file; a FIFO or a device in its place is not read. */
static int root_vopen_file(const char *format, va_list args)
{
	struct stat stat;
	int fd;

	fd = root_vopen(O_RDONLY, format, args);
	if (fd >= 0 && (fstat(fd, &stat) || !S_ISREG(stat.st_mode))) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

static char *root_vbytes(struct pool *pool, size_t max, size_t *len,
			 const char *format, va_list args)
{
	size_t size = max < 4096 ? max : 4096, used = 0;
	char *buf, *copy;
	ssize_t nr = 0;
	int fd;

	fd = root_vopen_file(format, args);
	if (fd < 0)
		return NULL;
	/* Files of sysfs and procfs report no size. */
	buf = pool_alloc(pool, size + 1);
	while (used < max) {
		if (used == size) {
			size = size * 2 < max ? size * 2 : max;
			copy = pool_alloc(pool, size + 1);
			memcpy(copy, buf, used);
			buf = copy;
		}
		nr = read(fd, buf + used, size - used);
		if (nr < 0 && errno == EINTR)
			continue;
		if (nr <= 0)
			break;
		used += nr;
	}
	close(fd);
	if (nr < 0 && !used)
		return NULL;
	buf[used] = '\0';
	*len = used;
	return buf;
}

char *root_bytes(struct pool *pool, size_t *len, const char *format, ...)
{
	va_list args;
	char *bytes;

	va_start(args, format);
	bytes = root_vbytes(pool, ROOT_FILE_MAX, len, format, args);
	va_end(args);
	return bytes;
}

static char *root_vline(struct pool *pool, const char *format, va_list args)
{
	size_t len;
	char *bytes;

	bytes = root_vbytes(pool, 4096, &len, format, args);
	if (!bytes)
		return NULL;
	len = strcspn(bytes, "\n");
	while (len && (bytes[len - 1] == ' ' || bytes[len - 1] == '\t'))
		len--;
	return text_clean(pool, bytes, len);
}

char *root_line(struct pool *pool, const char *format, ...)
{
	va_list args;
	char *line;

	va_start(args, format);
	line = root_vline(pool, format, args);
	va_end(args);
	return line;
}

int64_t root_number(struct pool *pool, int64_t otherwise, const char *format,
		    ...)
{
	va_list args;
	int64_t value;
	char *line, *end;

	va_start(args, format);
	line = root_vline(pool, format, args);
	va_end(args);
	if (!line || !*line)
		return otherwise;
	errno = 0;
	value = strtoll(line, &end, 0);
	return errno || *end ? otherwise : value;
}

static char *root_vlink(struct pool *pool, bool name_only, const char *format,
			va_list args)
{
	char target[4096], *name = target;
	ssize_t len;
	int fd;

	fd = root_vopen(O_PATH | O_NOFOLLOW, format, args);
	if (fd < 0)
		return NULL;
	len = readlinkat(fd, "", target, sizeof(target) - 1);
	close(fd);
	if (len <= 0)
		return NULL;
	target[len] = '\0';
	if (name_only && strrchr(target, '/'))
		name = strrchr(target, '/') + 1;
	return text_clean(pool, name, strlen(name));
}

char *root_link(struct pool *pool, const char *format, ...)
{
	va_list args;
	char *target;

	va_start(args, format);
	target = root_vlink(pool, false, format, args);
	va_end(args);
	return target;
}

char *root_link_name(struct pool *pool, const char *format, ...)
{
	va_list args;
	char *target;

	va_start(args, format);
	target = root_vlink(pool, true, format, args);
	va_end(args);
	return target;
}

bool root_exists(const char *format, ...)
{
	va_list args;
	int fd;

	va_start(args, format);
	fd = root_vopen(O_PATH, format, args);
	va_end(args);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool root_stat(struct stat *stat, const char *path)
{
	int fd = root_open(path, O_PATH), ret;

	if (fd < 0)
		return false;
	ret = fstat(fd, stat);
	close(fd);
	return !ret;
}

static int root_compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool root_vnames(struct pool *pool, char ***names, size_t *nr,
			const char *format, va_list args)
{
	struct dirent *entry;
	DIR *dir;
	int fd;

	*names = NULL;
	*nr = 0;
	fd = root_vopen(O_RDONLY | O_DIRECTORY, format, args);
	if (fd < 0)
		return false;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return false;
	}
	while ((entry = readdir(dir))) {
		char **name;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		name = pool_add(pool, names, nr, sizeof(**names));
		*name = pool_strdup(pool, entry->d_name);
	}
	closedir(dir);
	if (*nr)
		qsort(*names, *nr, sizeof(**names), root_compare_names);
	return true;
}

bool root_names(struct pool *pool, char ***names, size_t *nr,
		const char *format, ...)
{
	va_list args;
	bool ret;

	va_start(args, format);
	ret = root_vnames(pool, names, nr, format, args);
	va_end(args);
	return ret;
}

static int root_compare_numbers(const void *a, const void *b)
{
	int first = *(const int *)a, second = *(const int *)b;

	return (first > second) - (first < second);
}

bool root_numbers(struct pool *pool, int **numbers, size_t *nr,
		  const char *format, ...)
{
	size_t nr_names, i;
	uint64_t value;
	va_list args;
	char **names;
	bool ret;

	*numbers = NULL;
	*nr = 0;
	va_start(args, format);
	ret = root_vnames(pool, &names, &nr_names, format, args);
	va_end(args);
	for (i = 0; i < nr_names; i++) {
		int *number;

		if (!isdigit((unsigned char)names[i][0]) ||
		    !text_number(names[i], 10, INT32_MAX, &value))
			continue;
		number = pool_add(pool, numbers, nr, sizeof(**numbers));
		*number = value;
	}
	if (*nr)
		qsort(*numbers, *nr, sizeof(**numbers), root_compare_numbers);
	return ret;
}

FILE *root_stream(const char *format, ...)
{
	va_list args;
	FILE *file;
	int fd;

	va_start(args, format);
	fd = root_vopen_file(format, args);
	va_end(args);
	if (fd < 0)
		return NULL;
	file = fdopen(fd, "r");
	if (!file)
		close(fd);
	return file;
}

bool root_next(FILE *file, char *line, size_t size)
{
	size_t len;
	int c;

	if (!fgets(line, size, file))
		return false;
	len = strlen(line);
	if (len && line[len - 1] == '\n') {
		line[len - 1] = '\0';
		return true;
	}
	while ((c = getc(file)) != EOF && c != '\n')
		continue;
	return true;
}
