// SPDX-License-Identifier: GPL-2.0-only
/* The state of /dev/iommu in fdinfo, compared with what was done. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "observe.h"
#include "sys.h"

/* With the mock IOMMU, which may be loaded already. */
static int mock_open(void)
{
	mock_load();
	return iommufd_open();
}

TEST(new_context)
{
	char line[OBSERVE_LINE];
	int fd = mock_open();
	int other = mock_open();

	ASSERT(fdinfo_number(fd, "iommufd-context") > 0);
	ASSERT(fdinfo_number(fd, "iommufd-context") !=
	       fdinfo_number(other, "iommufd-context"));
	fdinfo_expect(fd, "iommufd-interface", "iommu");
	fdinfo_expect(fd, "iommufd-accounting", "user");
	fdinfo_expect(fd, "iommufd-charged", "0 kB");
	fdinfo_expect(fd, "iommufd-objects", "%s", "");
	ASSERT(!fdinfo_line(fd, "iommufd-ioas", 0, line));
	ASSERT(!fdinfo_line(fd, "container-type", 0, line));
}

TEST(objects_and_mappings)
{
	char *buf = sys_mmap_anon(8 * PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	char line[OBSERVE_LINE];
	struct mock_dev dev;
	__u32 hwpt;

	ioas_map_fixed(fd, ioas, buf, 0x1000000, 4 * PAGE);
	ioas_map_fixed(fd, ioas, buf, 0x2000000, 8 * PAGE);
	fdinfo_expect(fd, "iommufd-objects", "ioas=1");
	fdinfo_expect(fd, "iommufd-ioas",
		      "id=%u areas=2 mapped=49152 pinned=0 domains=0", ioas);
	fdinfo_expect(fd, "iommufd-charged", "0 kB");

	mock_dev(fd, ioas, 0, &dev);
	fdinfo_expect(fd, "iommufd-ioas",
		      "id=%u areas=2 mapped=49152 pinned=49152 domains=1",
		      ioas);
	fdinfo_expect(fd, "iommufd-charged", "48 kB");
	fdinfo_expect(fd, "iommufd-hwpt",
		      "id=%u ioas=%u kind=auto devices=1 dirty=off", dev.hwpt,
		      ioas);
	fdinfo_need(fd, "iommufd-device", line);
	ASSERT_EQ(fdinfo_field(fd, "iommufd-device", "id"), dev.idev);
	ASSERT_EQ(fdinfo_field(fd, "iommufd-device", "hwpt"), dev.hwpt);
	ASSERT_EQ(fdinfo_field(fd, "iommufd-device", "ioas"), ioas);

	hwpt = hwpt_alloc(fd, dev.idev, ioas);
	ASSERT(fdinfo_line(fd, "iommufd-hwpt", 1, line));
	ASSERT(strstr(line, "kind=paging devices=0"));
	ASSERT_EQ(fdinfo_field(fd, "iommufd-ioas", "domains"), 2);
	ASSERT_RC(__mock_replace(fd, dev.stdev, hwpt), 0);
	/* the automatic one is destroyed with its last device */
	fdinfo_expect(fd, "iommufd-hwpt",
		      "id=%u ioas=%u kind=paging devices=1 dirty=off", hwpt,
		      ioas);
	ASSERT_EQ(fdinfo_field(fd, "iommufd-device", "hwpt"), hwpt);

	ioas_unmap(fd, ioas, 0x1000000, 4 * PAGE);
	fdinfo_expect(fd, "iommufd-ioas",
		      "id=%u areas=1 mapped=32768 pinned=32768 domains=1",
		      ioas);
	fdinfo_expect(fd, "iommufd-charged", "32 kB");
	iommufd_destroy(fd, dev.stdev);
	fdinfo_expect(fd, "iommufd-objects", "ioas=1 hwpt=1");
}

TEST(kinds_of_hwpts)
{
	const struct iommu_hwpt_selftest data = {};
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd), parent, nested, tracked;
	char line[OBSERVE_LINE], want[OBSERVE_LINE];
	struct mock_dev dev;

	mock_dev(fd, ioas, 0, &dev);
	ASSERT_RC(__hwpt_alloc(fd, dev.idev, ioas, IOMMU_HWPT_ALLOC_NEST_PARENT,
			       &parent),
		  0);
	ASSERT_RC(__mock_hwpt(fd, dev.idev, parent, 0, &data, &nested), 0);
	ASSERT_RC(__hwpt_alloc(fd, dev.idev, ioas,
			       IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &tracked),
		  0);
	ASSERT_RC(__hwpt_set_tracking(fd, tracked,
				      IOMMU_HWPT_DIRTY_TRACKING_ENABLE),
		  0);
	ASSERT(fdinfo_line(fd, "iommufd-hwpt", 2, line));
	snprintf(want, sizeof(want),
		 "id=%u ioas=%u kind=nested devices=0 dirty=off", nested, ioas);
	ASSERT(!strcmp(line, want));
	ASSERT(fdinfo_line(fd, "iommufd-hwpt", 3, line));
	snprintf(want, sizeof(want),
		 "id=%u ioas=%u kind=paging devices=0 dirty=on", tracked, ioas);
	ASSERT(!strcmp(line, want));
	ASSERT_RC(__hwpt_set_tracking(fd, tracked, 0), 0);
	ASSERT(fdinfo_line(fd, "iommufd-hwpt", 3, line));
	ASSERT(strstr(line, "dirty=off"));
	ASSERT_RC(__mock_replace(fd, dev.stdev, nested), 0);
	/* without the automatic HWPT, there is one less before it */
	ASSERT(fdinfo_line(fd, "iommufd-hwpt", 1, line));
	snprintf(want, sizeof(want),
		 "id=%u ioas=%u kind=nested devices=1 dirty=off", nested, ioas);
	ASSERT(!strcmp(line, want));
	ASSERT_EQ(fdinfo_field(fd, "iommufd-device", "hwpt"), nested);
	ASSERT_EQ(fdinfo_field(fd, "iommufd-device", "ioas"), ioas);
}

TEST(destroyed_while_observed)
{
	char line[OBSERVE_LINE];
	int fd = mock_open();
	pid_t reader = fork();

	if (!reader) {
		for (;;)
			fdinfo_line(fd, "iommufd-refusals", 0, line);
	}
	/* a reader never makes the destruction of an object fail */
	for (int i = 0; i < 3000; i++)
		iommufd_destroy(fd, ioas_alloc(fd));
	child_kill(reader);
}

/* debugfs */

TEST(areas)
{
	int memfd = ASSERT_OK(memfd_create("ob \"serve", 0));
	char *buf = sys_mmap_anon(4 * PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd), second = ioas_alloc(fd);
	struct mock_dev dev;
	char *areas;
	__u64 iova = 0;

	areas = areas_read(fd);
	ASSERT_EQ(strlen(areas), 0);
	ASSERT_RC(ftruncate(memfd, 4 * PAGE), 0);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, 0x1000000, 4 * PAGE,
				   DMA_READ),
		  0);
	ASSERT_RC(__ioas_map_file(fd, second, memfd, 0, 2 * PAGE, DMA_RW,
				  &iova),
		  0);
	areas = areas_read(fd);
	areas_expect(
		areas,
		"ioas=%u iova=0x1000000 length=0x4000 prot=r kind=anon pinned=no owner=%d/",
		ioas, getpid());
	areas_expect(
		areas,
		"ioas=%u iova=%#llx length=0x2000 prot=rw kind=shmem file=\"/memfd:ob\\040\\042serve\\040(deleted)\" pinned=no owner=%d/",
		second, (unsigned long long)iova, getpid());
	mock_dev(fd, ioas, 0, &dev);
	areas = areas_read(fd);
	areas_expect(
		areas,
		"ioas=%u iova=0x1000000 length=0x4000 prot=r kind=anon thp=0 pinned=yes owner=%d/",
		ioas, getpid());
}

TEST(areas_of_other_memory)
{
	char self[256], *areas, *file, *anon = sys_mmap_anon(PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	ssize_t length;
	int dmabuf;
	__u64 iova = 0;

	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	ASSERT(length > 0);
	self[length] = 0;
	file = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE,
		    sys_open(self, O_RDONLY), 0);
	ASSERT(file != MAP_FAILED);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, file, 0x1000000, PAGE, DMA_READ),
		  0);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, anon, 0x2000000, PAGE, DMA_WRITE),
		  0);
	dmabuf = mock_dmabuf(fd, 2 * PAGE, O_RDWR);
	ASSERT_RC(__ioas_map_file(fd, ioas, dmabuf, 0, PAGE, DMA_RW, &iova), 0);
	areas = areas_read(fd);
	areas_expect(
		areas,
		"ioas=%u iova=0x1000000 length=0x1000 prot=r kind=file file=\"%s\" pinned=no owner=%d/",
		ioas, self, getpid());
	areas_expect(
		areas,
		"ioas=%u iova=0x2000000 length=0x1000 prot=w kind=anon pinned=no owner=%d/",
		ioas, getpid());
	areas_expect(
		areas,
		"ioas=%u iova=%#llx length=0x1000 prot=rw kind=dmabuf exporter=\"iommufd_mock\" pinned=no owner=%d/",
		ioas, (unsigned long long)iova, getpid());
	/* what is described is what is there now */
	sys_munmap(anon, PAGE);
	areas_expect(
		areas_read(fd),
		"ioas=%u iova=0x2000000 length=0x1000 prot=w kind=none pinned=no owner=%d/",
		ioas, getpid());
}

TEST(areas_of_hugetlb)
{
	char *buf = mmap(NULL, MIB(2), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;

	if (buf == MAP_FAILED)
		SKIP("no huge pages are reserved");
	mock_dev(fd, ioas, 0, &dev);
	ioas_map_fixed(fd, ioas, buf, 0x1000000, MIB(2));
	areas_expect(
		areas_read(fd),
		"ioas=%u iova=0x1000000 length=0x200000 prot=rw kind=hugetlb thp=100 file=\"/anon_hugepage\\040(deleted)\" pinned=yes owner=%d/",
		ioas, getpid());
}

TEST(areas_of_huge_pages)
{
	char *buf = sys_mmap_huge_aligned(MIB(4));
	char line[OBSERVE_LINE], want[64];
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;

	if (madvise(buf, MIB(4), MADV_HUGEPAGE))
		SKIP("no transparent huge pages");
	memset(buf, 1, MIB(4));
	mock_dev(fd, ioas, 0, &dev);
	ioas_map_fixed(fd, ioas, buf, 0x1000000, MIB(4));
	snprintf(want, sizeof(want), "ioas=%u iova=0x1000000 ", ioas);
	ASSERT(areas_find(areas_read(fd), want, line));
	if (!strstr(line, " thp=100 "))
		FAIL("%s", line);
}

/* More lines than fit into one buffer, none twice and none missing. */
TEST(many_areas)
{
	enum { NR = 3000 };
	char *buf = sys_mmap_anon(PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	unsigned long long iova, last = 0;
	unsigned int nr = 0;
	const char *at;
	char *areas;

	for (unsigned int i = 0; i < NR; i++)
		ioas_map_fixed(fd, ioas, buf, 0x100000 + i * 2 * PAGE, PAGE);
	areas = areas_read(fd);
	for (at = areas; (at = strstr(at, " iova=")); at++, nr++) {
		iova = strtoull(at + strlen(" iova="), NULL, 16);
		ASSERT(iova > last);
		last = iova;
	}
	ASSERT_EQ(nr, NR);
}

static void *map_in_a_loop(void *arg)
{
	const int *call = arg;
	char *buf = sys_mmap_anon(PAGE);

	for (unsigned int i = 0; i < 20000; i++) {
		__u64 iova = 0x100000 + (i * 7919 % 4096) * 2 * PAGE;
		__u64 unmapped;

		if (__ioas_map_fixed(call[0], call[1], buf, iova, PAGE, DMA_RW))
			__ioas_unmap(call[0], call[1], iova, PAGE, &unmapped);
	}
	return NULL;
}

/* An area that stays is always listed, however the others change. */
TEST(areas_while_they_change)
{
	char line[OBSERVE_LINE], want[64];
	char *buf = sys_mmap_anon(PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	pthread_t threads[2];
	int call[2] = { fd, (int)ioas };
	unsigned int i;

	ioas_map_fixed(fd, ioas, buf, 0x800000, PAGE);
	ioas_map_fixed(fd, ioas, buf, 0x80000000, PAGE);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_RC(pthread_create(&threads[i], NULL, map_in_a_loop,
					 call),
			  0);
	for (i = 0; i < 20; i++) {
		char *areas = areas_read(fd);

		snprintf(want, sizeof(want), "ioas=%u iova=0x80000000 ", ioas);
		ASSERT(areas_find(areas, want, line));
		free(areas);
	}
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_RC(pthread_join(threads[i], NULL), 0);
}

/* A file that is open does not keep the context, nor does it see another. */
TEST(areas_after_close)
{
	char *buf = sys_mmap_anon(PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	char path[128], byte[512];
	int areas;

	ioas_map_fixed(fd, ioas, buf, 0x100000, PAGE);
	strcpy(path, areas_path(fd));
	areas = sys_open(path, O_RDONLY);
	ASSERT(read(areas, byte, sizeof(byte)) > 0);
	sys_close(fd);
	ASSERT(pread(areas, byte, sizeof(byte), 0) < 0);
	ASSERT_EQ(errno, EIO);
	ASSERT(access(path, F_OK) < 0);
	sys_close(areas);
}

/* A reader in a loop while contexts and address spaces are created and freed. */
TEST(areas_while_contexts_close)
{
	pid_t reader;

	mock_load();
	reader = fork();
	if (!reader) {
		for (;;)
			if (system("cat /sys/kernel/debug/iommufd/*/areas >/dev/null 2>&1"))
				continue;
	}
	for (int i = 0; i < 300; i++) {
		char *buf = sys_mmap_anon(PAGE);
		int fd = mock_open();
		__u32 ioas = ioas_alloc(fd);

		ioas_map_fixed(fd, ioas, buf, 0x100000, PAGE);
		iommufd_destroy(fd, ioas);
		ioas = ioas_alloc(fd);
		ioas_map_fixed(fd, ioas, buf, 0x100000, PAGE);
		sys_close(fd);
		sys_munmap(buf, PAGE);
	}
	child_kill(reader);
}

TEST(areas_are_for_root)
{
	int fd = mock_open();
	char path[128];

	strcpy(path, areas_path(fd));
	ASSERT_RC(setuid(65534), 0);
	ASSERT_RC(__sys_open(path, O_RDONLY), -EACCES);
}

/* trace events */

TEST(events)
{
	static const char *const systems[] = { "iommufd", NULL };
	char *buf = sys_mmap_anon(4 * PAGE);
	unsigned long long ctx;
	struct mock_dev dev;
	char *events;
	__u32 ioas;
	int fd;

	events_begin(systems);
	fd = mock_open();
	ctx = fdinfo_number(fd, "iommufd-context");
	ioas = ioas_alloc(fd);
	mock_dev(fd, ioas, 0, &dev);
	ioas_map_fixed(fd, ioas, buf, 0x1000000, 4 * PAGE);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf, 0x1000000, PAGE, DMA_RW),
		  -EEXIST);
	ioas_unmap(fd, ioas, 0x1000000, 4 * PAGE);
	iommufd_destroy(fd, dev.stdev);
	iommufd_destroy(fd, ioas);
	events = events_take();
	events_need(events, "iommufd_object_create: ctx=%llu id=%u type=ioas",
		    ctx, ioas);
	events_need(events, "iommufd_object_create: ctx=%llu id=%u type=device",
		    ctx, dev.idev);
	events_need(events, "iommufd_object_create: ctx=%llu id=%u type=hwpt",
		    ctx, dev.hwpt);
	events_need(events, "iommufd_attach: ctx=%llu device=", ctx);
	events_need(events, "iommufd_charge: ctx=%llu nr_pages=4 ret=0", ctx);
	events_need(events, "iommufd_pin: ctx=%llu start=%#llx nr_pages=4", ctx,
		    (unsigned long long)(uintptr_t)buf);
	events_need(
		events,
		"iommufd_map: ctx=%llu ioas=%u iova=0x1000000 length=0x4000 prot=READ|WRITE|CACHE",
		ctx, ioas);
	events_need(
		events,
		"iommufd_refused: ctx=%llu op=0x3b85 error=-17 code=1 text=",
		ctx);
	events_need(
		events,
		"EEXIST map: iova 0x1000000 length 0x1000: overlaps area 0x1000000-0x1003fff");
	events_need(events, "iommufd_flush: domain=");
	events_need(events, "iommufd_unpin: ctx=%llu start=%#llx nr_pages=4",
		    ctx, (unsigned long long)(uintptr_t)buf);
	events_need(events, "iommufd_uncharge: ctx=%llu nr_pages=4", ctx);
	events_need(
		events,
		"iommufd_unmap: ctx=%llu ioas=%u iova=0x1000000 length=0x4000",
		ctx, ioas);
	events_need(events, "iommufd_detach: ctx=%llu device=", ctx);
	events_need(events, "iommufd_object_destroy: ctx=%llu id=%u type=ioas",
		    ctx, ioas);
	events_expect(events, 1, "iommufd_map: ctx=%llu ", ctx);
}
