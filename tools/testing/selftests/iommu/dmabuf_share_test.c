// SPDX-License-Identifier: GPL-2.0-only
/*
 * All mappings of a dma-buf in a context share one attachment, which is charged
 * to the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <pthread.h>
#include <unistd.h>

#include "dmabuf.h"
#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "sys.h"

#define NR_PAGES 16
#define SIZE (NR_PAGES * PAGE)
#define NR_MAPS 3000
#define NR_THREADS 4

/** struct context - a context with an IOAS, and a dma-buf to map in it */
struct context {
	/** @fd: /dev/iommu or /dev/vfio/vfio */
	int fd;
	/** @ioas: ID of the IOAS */
	__u32 ioas;
	/** @dmabuf: the dma-buf */
	int dmabuf;
	/** @before: attachments to all dma-bufs before the first map */
	unsigned int before;
};

static int ram(void)
{
	int memfd = dmabuf_memfd(SIZE, 0);
	int fd = dmabuf_of_memfd(memfd, 0, SIZE);

	sys_close(memfd);
	return fd;
}

/* Memory that stands for that of a device, and may be revoked */
static int device_memory(int fd)
{
	struct iommu_test_cmd cmd = {
		.dmabuf_get = { .length = SIZE, .open_flags = O_RDWR },
	};

	return ASSERT_OK(__mock_op(fd, IOMMU_TEST_OP_DMABUF_GET, 0, &cmd));
}

static void set_revoked(const struct context *ctx, bool revoked)
{
	struct iommu_test_cmd cmd = {
		.dmabuf_revoke = { ctx->dmabuf, revoked },
	};

	ASSERT_RC(__mock_op(ctx->fd, IOMMU_TEST_OP_DMABUF_REVOKE, 0, &cmd), 0);
}

static struct context context_open(const char *path)
{
	struct context ctx = { .fd = sys_open(path, O_RDWR) };

	ctx.ioas = ioas_alloc(ctx.fd);
	ctx.dmabuf = ram();
	ctx.before = dmabuf_attachments();
	return ctx;
}

static struct context context_of_device(void)
{
	struct context ctx = {};

	mock_load();
	ctx.fd = iommufd_open();
	ctx.ioas = ioas_alloc(ctx.fd);
	ctx.dmabuf = device_memory(ctx.fd);
	ctx.before = dmabuf_attachments();
	return ctx;
}

static unsigned int attached(const struct context *ctx)
{
	return dmabuf_attachments() - ctx->before;
}

static int map_page(const struct context *ctx, unsigned int page,
		    unsigned int prot, __u64 *iova)
{
	*iova = 0;
	return __ioas_map_file(ctx->fd, ctx->ioas, ctx->dmabuf,
			       page % NR_PAGES * PAGE, PAGE, prot, iova);
}

static void map_all(const struct context *ctx)
{
	unsigned int i;
	__u64 iova;

	for (i = 0; i < NR_MAPS; i++)
		ASSERT_RC(map_page(ctx, i, DMA_RW, &iova), 0);
}

static void unmap_all(const struct context *ctx)
{
	ASSERT_RC(__ioas_unmap(ctx->fd, ctx->ioas, 0, -1ULL, NULL), 0);
}

static void check_one_attachment(const struct context *ctx)
{
	struct context other = *ctx;
	__u64 iova;

	map_all(ctx);
	ASSERT_EQ(attached(ctx), 1);
	/* another kind of access, and another context */
	ASSERT_RC(map_page(ctx, 0, DMA_READ, &iova), 0);
	ASSERT_RC(map_page(ctx, 1, DMA_READ, &iova), 0);
	ASSERT_EQ(attached(ctx), 2);
	ioas_unmap(ctx->fd, ctx->ioas, iova, PAGE);
	ASSERT_EQ(attached(ctx), 2);
	other.fd = iommufd_open();
	other.ioas = ioas_alloc(other.fd);
	ASSERT_RC(map_page(&other, 0, DMA_RW, &iova), 0);
	ASSERT_EQ(attached(ctx), 3);
	sys_close(other.fd);
	ASSERT_EQ(attached(ctx), 2);
	unmap_all(ctx);
	ASSERT_EQ(attached(ctx), 0);
	ASSERT_RC(map_page(ctx, 0, DMA_RW, &iova), 0);
	ASSERT_EQ(attached(ctx), 1);
	sys_close(ctx->dmabuf);
	sys_close(ctx->fd);
	ASSERT_EQ(dmabuf_attachments(), ctx->before);
}

TEST(one_attachment_to_ram)
{
	struct context ctx = context_open("/dev/iommu");

	check_one_attachment(&ctx);
}

TEST(one_attachment_to_device_memory)
{
	struct context ctx = context_of_device();

	check_one_attachment(&ctx);
}

/* A copy does not allow more than its source, even if the dma-buf is shared. */
TEST(access_of_copies)
{
	struct context ctx = context_open("/dev/iommu");
	__u64 rw, ro;

	ASSERT_RC(map_page(&ctx, 0, DMA_RW, &rw), 0);
	ASSERT_RC(map_page(&ctx, 0, DMA_READ, &ro), 0);
	ASSERT_RC(__ioas_copy(ctx.fd, ctx.ioas, ro, PAGE, ctx.ioas, GIB(1),
			      DMA_RW),
		  -EPERM);
	ASSERT_RC(__ioas_copy(ctx.fd, ctx.ioas, rw, PAGE, ctx.ioas, GIB(1),
			      DMA_RW),
		  0);
	sys_close(ctx.fd);
}

/* Memory that was revoked stays unmapped; memory that is back can be mapped. */
TEST(new_attachment_after_revocation)
{
	struct context ctx = context_of_device();
	__u64 old, iova;

	ASSERT_RC(map_page(&ctx, 0, DMA_RW, &old), 0);
	set_revoked(&ctx, true);
	ASSERT_RC(map_page(&ctx, 0, DMA_RW, &iova), -ENODEV);
	ASSERT_RC(map_page(&ctx, 0, DMA_RW, &iova), -ENODEV);
	ASSERT_EQ(attached(&ctx), 1);
	set_revoked(&ctx, false);
	map_all(&ctx);
	ASSERT_EQ(attached(&ctx), 2);
	ioas_unmap(ctx.fd, ctx.ioas, old, PAGE);
	ASSERT_EQ(attached(&ctx), 1);
	ASSERT_RC(map_page(&ctx, 0, DMA_RW, &iova), 0);
	ASSERT_EQ(attached(&ctx), 1);
	unmap_all(&ctx);
	ASSERT_EQ(attached(&ctx), 0);
}

/* All of the dma-buf is charged, with the first mapping of any of it. */
static void check_charge(const char *path, long long (*charged)(pid_t pid))
{
	struct context ctx = context_open(path);
	long long before = charged(getpid());
	__u64 first, second;

	ASSERT_RC(map_page(&ctx, 0, DMA_RW, &first), 0);
	ASSERT_EQ(charged(getpid()), before + SIZE);
	ASSERT_RC(map_page(&ctx, 1, DMA_RW, &second), 0);
	ASSERT_RC(__ioas_copy(ctx.fd, ctx.ioas, first, PAGE, ctx.ioas, GIB(1),
			      DMA_RW),
		  0);
	ASSERT_EQ(charged(getpid()), before + SIZE);
	ioas_unmap(ctx.fd, ctx.ioas, first, PAGE);
	ioas_unmap(ctx.fd, ctx.ioas, second, PAGE);
	ASSERT_EQ(charged(getpid()), before + SIZE);
	ioas_unmap(ctx.fd, ctx.ioas, GIB(1), PAGE);
	ASSERT_EQ(charged(getpid()), before);
	ASSERT_RC(map_page(&ctx, 0, DMA_RW, &first), 0);
	sys_close(ctx.fd);
	ASSERT_EQ(charged(getpid()), before);
}

TEST(charged_to_the_user)
{
	check_charge("/dev/iommu", sys_vm_pinned);
}

TEST(charged_to_the_process)
{
	check_charge("/dev/vfio/vfio", sys_vm_locked);
}

static void check_limit(const char *path)
{
	struct context ctx = context_open(path);
	int dmabuf = ctx.dmabuf;
	unsigned int i;
	__u64 iova;

	sys_drop_ipc_lock();
	sys_set_memlock(SIZE - PAGE);
	for (i = 0; i < 100; i++)
		ASSERT_RC(map_page(&ctx, i, DMA_RW, &iova), -ENOMEM);
	ASSERT_EQ(attached(&ctx), 0);
	sys_set_memlock(SIZE + PAGE);
	map_all(&ctx);
	ctx.dmabuf = ram();
	ASSERT_RC(map_page(&ctx, 0, DMA_RW, &iova), -ENOMEM);
	ASSERT_EQ(attached(&ctx), 1);
	unmap_all(&ctx);
	ASSERT_RC(map_page(&ctx, 0, DMA_RW, &iova), 0);
	ctx.dmabuf = dmabuf;
	ASSERT_RC(map_page(&ctx, 0, DMA_RW, &iova), -ENOMEM);
	unmap_all(&ctx);
	ASSERT_EQ(attached(&ctx), 0);
	ASSERT_RC(map_page(&ctx, 0, DMA_RW, &iova), 0);
}

TEST(limit_of_the_user)
{
	check_limit("/dev/iommu");
}

TEST(limit_of_the_process)
{
	check_limit("/dev/vfio/vfio");
}

/* Memory of a device is not RAM, so it is not charged. */
TEST(device_memory_without_a_limit)
{
	struct context ctx = context_of_device();

	sys_drop_ipc_lock();
	sys_set_memlock(0);
	map_all(&ctx);
	ASSERT_EQ(attached(&ctx), 1);
}

static int __change_process(int fd)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return __sys_ioctl(fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd);
}

static void take_over(void *arg)
{
	struct context *ctx = arg;

	sys_set_memlock(SIZE - PAGE);
	ASSERT_RC(__change_process(ctx->fd), -ENOMEM);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	sys_set_memlock(SIZE);
	ASSERT_RC(__change_process(ctx->fd), 0);
	ASSERT_EQ(sys_vm_locked(getpid()), SIZE);
	ASSERT_EQ(sys_vm_locked(getppid()), 0);
	unmap_all(ctx);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
}

TEST(another_process_takes_over)
{
	struct context ctx = context_open("/dev/vfio/vfio");
	__u64 iova;

	sys_drop_ipc_lock();
	sys_set_memlock(SIZE);
	ASSERT_RC(map_page(&ctx, 0, DMA_RW, &iova), 0);
	ASSERT_RC(map_page(&ctx, 1, DMA_RW, &iova), 0);
	child_expect(child_start(take_over, &ctx), 0);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(attached(&ctx), 0);
}

/* Map and unmap pages; the memory may be revoked meanwhile. */
static void *map_and_unmap(void *arg)
{
	const struct context *ctx = arg;
	unsigned int i;
	__u64 iova;
	int ret;

	for (i = 0; i < NR_MAPS / 2; i++) {
		ret = map_page(ctx, i, i % 3 ? DMA_RW : DMA_READ, &iova);
		if (ret)
			ASSERT_RC(ret, -ENODEV);
		else
			ioas_unmap(ctx->fd, ctx->ioas, iova, PAGE);
	}
	return NULL;
}

static void race(struct context *ctx, bool revoke)
{
	pthread_t threads[NR_THREADS];
	unsigned int i;

	for (i = 0; i < NR_THREADS; i++)
		ASSERT(!pthread_create(&threads[i], NULL, map_and_unmap, ctx));
	for (i = 0; revoke && i < NR_MAPS; i++)
		set_revoked(ctx, !(i % 2));
	for (i = 0; i < NR_THREADS; i++)
		ASSERT(!pthread_join(threads[i], NULL));
	ASSERT_EQ(attached(ctx), 0);
	ASSERT_EQ(sys_vm_pinned(getpid()), 0);
	map_all(ctx);
	ASSERT_EQ(attached(ctx), 1);
}

TEST(threads)
{
	struct context ctx = context_open("/dev/iommu");

	race(&ctx, false);
}

TEST(threads_and_revocation)
{
	struct context ctx = context_of_device();
	struct mock_dev dev;

	mock_dev(ctx.fd, ctx.ioas, 0, &dev);
	race(&ctx, true);
}

static void map_forever(void *arg)
{
	struct context own = *(const struct context *)arg;
	__u64 iova;

	own.fd = iommufd_open();
	own.ioas = ioas_alloc(own.fd);
	for (;;)
		ASSERT_RC(map_page(&own, 0, DMA_RW, &iova), 0);
}

TEST(killed)
{
	struct context ctx = context_open("/dev/iommu");
	unsigned int i;
	pid_t pid;

	for (i = 0; i < 20; i++) {
		pid = child_start(map_forever, &ctx);
		while (!attached(&ctx))
			;
		child_kill(pid);
		ASSERT_EQ(attached(&ctx), 0);
	}
}
