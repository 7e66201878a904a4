// SPDX-License-Identifier: GPL-2.0-only
/* The trace events of contexts, compared with what was done and counted. */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

/* All devices of a group move, and each has an event. */
TEST(replace)
{
	static const char *const wanted[] = { "iommufd/iommufd_attach",
					      "iommufd/iommufd_replace",
					      "iommufd/iommufd_detach", NULL };
	char name[2][OBSERVE_NAME];
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev[2];
	unsigned long long ctx;
	char *events;
	__u32 hwpt;

	ctx = fdinfo_number(fd, "iommufd-context");
	events_begin(wanted);
	for (unsigned int i = 0; i < 2; i++) {
		mock_dev(fd, ioas, MOCK_FLAGS_DEVICE_GROUP, &dev[i]);
		fdinfo_device_name(fd, i, name[i]);
	}
	hwpt = hwpt_alloc(fd, dev[0].idev, ioas);
	ASSERT_RC(__mock_replace(fd, dev[1].stdev, hwpt), 0);
	/* it has no effect, and no event */
	ASSERT_RC(__mock_replace(fd, dev[0].stdev, hwpt), 0);
	iommufd_destroy(fd, dev[0].stdev);
	events = events_take();
	for (unsigned int i = 0; i < 2; i++) {
		events_expect(events, 1,
			      "iommufd_attach: ctx=%llu device=%s hwpt=%u\n",
			      ctx, name[i], dev[i].hwpt);
		events_expect(events, 1,
			      "iommufd_replace: ctx=%llu device=%s hwpt=%u\n",
			      ctx, name[i], hwpt);
	}
	events_expect(events, 1, "iommufd_detach: ctx=%llu device=%s hwpt=%u\n",
		      ctx, name[0], hwpt);
	events_expect(events, 2, "iommufd_attach: ");
	events_expect(events, 2, "iommufd_replace: ");
	events_expect(events, 1, "iommufd_detach: ");
}

/* The number of a dma-buf is that of its inode, which fdinfo shows as well. */
TEST(revoke_of_a_dmabuf)
{
	static const char *const wanted[] = { "iommufd/iommufd_revoke",
					      "iommufd/iommufd_restore", NULL };
	struct iommu_test_cmd revoke = { .dmabuf_revoke.revoked = 1 };
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;
	struct stat stat;
	char *events;
	__u64 iova = 0;
	int dmabuf;

	mock_dev(fd, ioas, 0, &dev);
	dmabuf = mock_dmabuf(fd, 4 * PAGE, O_RDWR);
	ASSERT_RC(fstat(dmabuf, &stat), 0);
	ASSERT_RC(__ioas_map_file(fd, ioas, dmabuf, 0, 4 * PAGE, DMA_RW, &iova),
		  0);
	revoke.dmabuf_revoke.dmabuf_fd = dmabuf;
	events_begin(wanted);
	ASSERT_RC(__mock_op(fd, IOMMU_TEST_OP_DMABUF_REVOKE, 0, &revoke), 0);
	events = events_take();
	events_expect(
		events, 1,
		"iommufd_revoke: provider=dmabuf/%llu start=0x0 length=0x4000\n",
		(unsigned long long)stat.st_ino);
	events_expect(events, 1, "iommufd_revoke: ");
	events_expect(events, 0, "iommufd_restore: ");
}

/* No event has the address of anything in the kernel. */
TEST(no_addresses)
{
	static const char *const systems[] = { "iommufd", NULL };
	char *buf = sys_mmap_anon(PAGE);
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;
	char *events;

	mock_dev(fd, ioas, 0, &dev);
	ioas_map_fixed(fd, ioas, buf, 0x1000000, PAGE);
	events_begin(systems);
	/* text that is not hashed would be that of the address itself */
	ASSERT_RC(__sys_write_file("/sys/kernel/tracing/options/hash-ptr", "0"),
		  0);
	ioas_unmap(fd, ioas, 0x1000000, PAGE);
	events = events_take();
	ASSERT_RC(__sys_write_file("/sys/kernel/tracing/options/hash-ptr", "1"),
		  0);
	events_expect(events, 1, "iommufd_flush: domain=00000000");
	events_expect(events, 0, "=ffff");
	events_expect(events, 0, "=0xffff8");
}

/** struct loop - what a thread has done */
struct loop {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: ID of the IOAS */
	__u32 ioas;
	/** @iova: IOVA that only this thread uses */
	__u64 iova;
	/** @maps: successful calls */
	unsigned int maps;
	/** @unmaps: successful calls */
	unsigned int unmaps;
	/** @refused: calls that were refused */
	unsigned int refused;
};

static void *map_and_count(void *arg)
{
	char *buf = sys_mmap_anon(PAGE);
	struct loop *loop = arg;
	__u64 unmapped;

	for (unsigned int i = 0; i < 400; i++) {
		if (__ioas_map_fixed(loop->fd, loop->ioas, buf, loop->iova,
				     PAGE, DMA_RW))
			loop->refused++;
		else
			loop->maps++;
		/* every third mapping stays, so that the next one is refused */
		if (i % 3 == 0)
			continue;
		if (__ioas_unmap(loop->fd, loop->ioas, loop->iova, PAGE,
				 &unmapped))
			loop->refused++;
		else
			loop->unmaps++;
	}
	return NULL;
}

TEST(counted_while_threads_map)
{
	static const char *const wanted[] = { "iommufd/iommufd_map",
					      "iommufd/iommufd_unmap",
					      "iommufd/iommufd_refused", NULL };
	int fd = mock_open();
	__u32 ioas = ioas_alloc(fd);
	struct loop loops[4], sum = {};
	pthread_t threads[4];
	unsigned long long ctx;
	char *events;
	unsigned int i;

	ctx = fdinfo_number(fd, "iommufd-context");
	events_begin(wanted);
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		loops[i] = (struct loop){
			.fd = fd,
			.ioas = ioas,
			.iova = 0x1000000 * (i + 1ULL),
		};
		ASSERT_RC(pthread_create(&threads[i], NULL, map_and_count,
					 &loops[i]),
			  0);
	}
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		ASSERT_RC(pthread_join(threads[i], NULL), 0);
		sum.maps += loops[i].maps;
		sum.unmaps += loops[i].unmaps;
		sum.refused += loops[i].refused;
	}
	events = events_take();
	ASSERT(sum.maps && sum.unmaps && sum.refused);
	events_expect(events, sum.maps, "iommufd_map: ctx=%llu ioas=%u ", ctx,
		      ioas);
	events_expect(events, sum.unmaps, "iommufd_unmap: ctx=%llu ioas=%u ",
		      ctx, ioas);
	events_expect(events, sum.refused,
		      "iommufd_refused: ctx=%llu op=0x3b85 error=-17 code=1 ",
		      ctx);
	ASSERT_EQ(fdinfo_number(fd, "iommufd-refusals"), sum.refused);
	fdinfo_expect(fd, "iommufd-ioas",
		      "id=%u areas=%u mapped=%lu pinned=0 domains=0", ioas,
		      sum.maps - sum.unmaps, (sum.maps - sum.unmaps) * PAGE);
}
