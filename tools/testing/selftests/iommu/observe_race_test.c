// SPDX-License-Identifier: GPL-2.0-only
/* Readers of fdinfo and debugfs while contexts and mappings change. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "observe.h"
#include "sys.h"

#define NR_STEPS 4000

/* With the mock IOMMU, which may be loaded already. */
static int mock_open(void)
{
	mock_load();
	return iommufd_open();
}

/* Read all of a file, @step bytes at a time, and return it. */
static char *read_by(const char *path, size_t step, size_t max)
{
	int file = sys_open(path, O_RDONLY);
	char *text = malloc(max + 1);
	size_t size = 0;
	ssize_t got;

	ASSERT(text);
	while ((got = read(file, text + size, step)) > 0) {
		size += got;
		ASSERT(size + step <= max);
	}
	if (got < 0)
		FAIL("%s: %s", path, strerror(errno));
	text[size] = 0;
	sys_close(file);
	return text;
}

/* One byte at a time gives the same text as all at once. */
TEST(tiny_reads)
{
	enum { NR = 300 };
	const size_t max = 1 << 20;
	char *buf = sys_mmap_anon(PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	char path[64];

	for (unsigned int i = 0; i < NR; i++)
		ioas_map_fixed(fd, ioas, buf, 0x100000 + i * 2 * PAGE, PAGE);
	ASSERT(!strcmp(read_by(areas_path(fd), 1, max),
		       read_by(areas_path(fd), 1 << 16, max)));
	ASSERT(!strcmp(read_by(areas_path(fd), 7, max),
		       read_by(areas_path(fd), 4096, max)));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	ASSERT(!strcmp(read_by(path, 1, max), read_by(path, 1 << 16, max)));
}

/* A read at any position, forwards or backwards, continues the same text. */
TEST(seek)
{
	char *buf = sys_mmap_anon(PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	char *all, part[512];
	ssize_t got;
	int file;

	for (unsigned int i = 0; i < 100; i++)
		ioas_map_fixed(fd, ioas, buf, 0x100000 + i * 2 * PAGE, PAGE);
	all = areas_read(fd);
	file = sys_open(areas_path(fd), O_RDONLY);
	for (size_t at = strlen(all) - 1; at > 600; at -= 577) {
		got = pread(file, part, sizeof(part), at);
		ASSERT(got > 0);
		ASSERT(!strncmp(part, all + at, got));
	}
	ASSERT_EQ(pread(file, part, sizeof(part), strlen(all)), 0);
	ASSERT_EQ(pread(file, part, sizeof(part), 1ULL << 40), 0);
}

TEST(no_areas)
{
	char *buf = sys_mmap_anon(PAGE);
	int fd = mock_open();
	__u32 first, second;

	ASSERT_EQ(strlen(areas_read(fd)), 0);
	first = ioas_alloc(fd);
	second = ioas_alloc(fd);
	ASSERT_EQ(strlen(areas_read(fd)), 0);
	fdinfo_expect(fd, "iommufd-ioas",
		      "id=%u areas=0 mapped=0 pinned=0 domains=0", first);
	/* an empty space before and behind one that is not */
	ioas_map_fixed(fd, second, buf, 0x100000, PAGE);
	ioas_alloc(fd);
	areas_expect(areas_read(fd), "ioas=%u iova=0x100000 length=0x1000 ",
		     second);
}

/* As many as containers allow; and the last byte of the address space. */
TEST(sixty_thousand_areas)
{
	enum { NR = 60000 };
	char *buf = sys_mmap_anon(PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	const char *at, *areas;
	unsigned int nr = 0;

	for (unsigned int i = 0; i < NR - 1; i++)
		ioas_map_fixed(fd, ioas, buf, 0x100000 + i * 2ULL * PAGE, PAGE);
	ioas_map_fixed(fd, ioas, buf, ~0ULL - PAGE + 1, PAGE);
	fdinfo_expect(fd, "iommufd-ioas",
		      "id=%u areas=%u mapped=%llu pinned=0 domains=0", ioas, NR,
		      (unsigned long long)NR * PAGE);
	areas = areas_read(fd);
	for (at = areas; (at = strchr(at, '\n')); at++)
		nr++;
	ASSERT_EQ(nr, NR);
	ASSERT(strstr(areas, "iova=0xfffffffffffff000 length=0x1000 "));
}

/** struct mapper - maps and unmaps until it is stopped */
struct mapper {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: ID of the IOAS */
	__u32 ioas;
	/** @stop: set to end it */
	int stop;
};

static void *map_until_stopped(void *arg)
{
	char *buf = sys_mmap_anon(4 * PAGE);
	struct mapper *mapper = arg;
	unsigned int i = 0;

	while (!__atomic_load_n(&mapper->stop, __ATOMIC_RELAXED)) {
		__u64 iova = 0x2000000 + i++ % 64 * 8 * PAGE;

		ioas_map_fixed(mapper->fd, mapper->ioas, buf, iova, 4 * PAGE);
		ioas_unmap(mapper->fd, mapper->ioas, iova, 4 * PAGE);
	}
	return NULL;
}

/* Each number is one that the IOAS had; pinned memory is charged memory. */
TEST(fdinfo_while_mappings_change)
{
	char *buf = sys_mmap_anon(PAGE);
	struct mapper mapper = { .fd = mock_open() };
	struct mock_dev dev;
	pthread_t thread;

	mapper.ioas = ioas_alloc(mapper.fd);
	mock_dev(mapper.fd, mapper.ioas, 0, &dev);
	ioas_map_fixed(mapper.fd, mapper.ioas, buf, 0x1000000, PAGE);
	ASSERT_RC(pthread_create(&thread, NULL, map_until_stopped, &mapper), 0);
	for (unsigned int i = 0; i < NR_STEPS; i++) {
		unsigned long long areas, mapped, pinned;
		char line[OBSERVE_LINE];
		int nr;

		fdinfo_need(mapper.fd, "iommufd-ioas", line);
		nr = sscanf(
			line,
			"id=%*u areas=%llu mapped=%llu pinned=%llu domains=1",
			&areas, &mapped, &pinned);
		ASSERT_EQ(nr, 3);
		ASSERT(areas == 1 || areas == 2);
		ASSERT(mapped == PAGE || mapped == 5 * PAGE);
		ASSERT(pinned == PAGE || pinned == 5 * PAGE);
		fdinfo_need(mapper.fd, "iommufd-charged", line);
		ASSERT(!strcmp(line, "4 kB") || !strcmp(line, "20 kB"));
		fdinfo_need(mapper.fd, "iommufd-device", line);
		fdinfo_expect(mapper.fd, "iommufd-hwpt",
			      "id=%u ioas=%u kind=auto devices=1 dirty=off",
			      dev.hwpt, mapper.ioas);
	}
	__atomic_store_n(&mapper.stop, 1, __ATOMIC_RELAXED);
	ASSERT_RC(pthread_join(thread, NULL), 0);
	fdinfo_expect(mapper.fd, "iommufd-ioas",
		      "id=%u areas=1 mapped=4096 pinned=4096 domains=1",
		      mapper.ioas);
	fdinfo_expect(mapper.fd, "iommufd-charged", "4 kB");
}

/* Each line is complete and describes a mapping that there was. */
TEST(areas_while_mappings_change)
{
	struct mapper mapper = { .fd = mock_open() };
	struct mock_dev dev;
	pthread_t thread;
	char want[256];

	mapper.ioas = ioas_alloc(mapper.fd);
	mock_dev(mapper.fd, mapper.ioas, 0, &dev);
	ASSERT_RC(pthread_create(&thread, NULL, map_until_stopped, &mapper), 0);
	for (unsigned int i = 0; i < NR_STEPS; i++) {
		char *areas = areas_read(mapper.fd), *line, *rest = areas;

		while ((line = strsep(&rest, "\n")) && *line) {
			unsigned long long iova;
			const char *at = strstr(line, "iova=");

			ASSERT(at);
			iova = strtoull(at + strlen("iova="), NULL, 16);
			/* the memory may be unpinned when it is described */
			snprintf(
				want, sizeof(want),
				"ioas=%u iova=%#llx length=0x4000 prot=rw kind=anon ",
				mapper.ioas, iova);
			if (strncmp(line, want, strlen(want)) ||
			    !strstr(line, "pinned=yes owner="))
				FAIL("\"%s\" is not \"%s\"", line, want);
		}
		free(areas);
	}
	__atomic_store_n(&mapper.stop, 1, __ATOMIC_RELAXED);
	ASSERT_RC(pthread_join(thread, NULL), 0);
	ASSERT_EQ(strlen(areas_read(mapper.fd)), 0);
}

/** struct reader - what a process reads without an end */
struct reader {
	/** @path: name of the file */
	char path[128];
	/** @step: bytes to read at a time */
	size_t step;
};

static void read_forever(void *arg)
{
	const struct reader *reader = arg;
	char buf[4096];

	for (;;) {
		int file = open(reader->path, O_RDONLY);

		while (file >= 0 && read(file, buf, reader->step) > 0)
			;
		close(file);
	}
}

/* A reader that is killed at any point leaves nothing behind. */
TEST(readers_are_killed)
{
	struct mapper mapper = { .fd = mock_open() };
	struct mock_dev dev;
	pthread_t thread;
	struct reader reader[2];

	mapper.ioas = ioas_alloc(mapper.fd);
	mock_dev(mapper.fd, mapper.ioas, 0, &dev);
	strcpy(reader[0].path, areas_path(mapper.fd));
	snprintf(reader[1].path, sizeof(reader[1].path), "/proc/%d/fdinfo/%d",
		 getpid(), mapper.fd);
	ASSERT_RC(pthread_create(&thread, NULL, map_until_stopped, &mapper), 0);
	for (unsigned int i = 0; i < 200; i++) {
		pid_t readers[2];

		for (unsigned int j = 0; j < 2; j++) {
			reader[j].step = i % 2 ? 1 : 4096;
			readers[j] = child_start(read_forever, &reader[j]);
		}
		for (unsigned int j = 0; j < 2; j++)
			child_kill(readers[j]);
	}
	__atomic_store_n(&mapper.stop, 1, __ATOMIC_RELAXED);
	ASSERT_RC(pthread_join(thread, NULL), 0);
	fdinfo_expect(mapper.fd, "iommufd-ioas",
		      "id=%u areas=0 mapped=0 pinned=0 domains=1", mapper.ioas);
	fdinfo_expect(mapper.fd, "iommufd-charged", "0 kB");
	iommufd_destroy(mapper.fd, dev.stdev);
	iommufd_destroy(mapper.fd, mapper.ioas);
}

static void read_all_fdinfo(void *path)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "while :; do cat %s/* >/dev/null 2>&1; done", (char *)path);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(1);
}

/* The descriptor of a context is closed and used anew while it is read. */
TEST(fdinfo_while_contexts_close)
{
	pid_t readers[2];
	char path[64];

	mock_load();
	snprintf(path, sizeof(path), "/proc/%d/fdinfo", getpid());
	for (unsigned int j = 0; j < 2; j++)
		readers[j] = child_start(read_all_fdinfo, path);
	for (unsigned int i = 0; i < 300; i++) {
		int fd = mock_open();
		__u32 ioas = ioas_alloc(fd);
		struct mock_dev dev;

		mock_dev(fd, ioas, 0, &dev);
		hwpt_alloc(fd, dev.idev, ioas);
		iommufd_destroy(fd, dev.stdev);
		mock_dev(fd, ioas, 0, &dev);
		sys_close(fd);
	}
	for (unsigned int j = 0; j < 2; j++)
		child_kill(readers[j]);
}
