// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dma-bufs that can be mapped and revoked.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/iommufd.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "test_abi.h"
#include "test_dmabuf.h"
#include "ucmd.h"

#define TEST_DMABUF_MAX_SIZE (512 * PAGE_SIZE)

/**
 * struct test_dmabuf - memory that stands for memory of a device
 */
struct test_dmabuf {
	/** @memory: the memory */
	void *memory;
	/** @range: its physical addresses */
	struct iommufd_dmabuf_range range;
	/** @revoked: protected by the reservation lock of the dma-buf */
	bool revoked;
};

static int test_dmabuf_pin(struct dma_buf_attachment *attach)
{
	return 0;
}

static void test_dmabuf_unpin(struct dma_buf_attachment *attach)
{
}

static struct sg_table *test_dmabuf_map(struct dma_buf_attachment *attach,
					enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static void test_dmabuf_unmap(struct dma_buf_attachment *attach,
			      struct sg_table *sgt, enum dma_data_direction dir)
{
}

static void test_dmabuf_free(struct test_dmabuf *test)
{
	free_pages_exact(test->memory, test->range.length);
	kfree(test);
}

static void test_dmabuf_release(struct dma_buf *dmabuf)
{
	test_dmabuf_free(dmabuf->priv);
}

static const struct dma_buf_ops test_dmabuf_ops = {
	.pin = test_dmabuf_pin,
	.unpin = test_dmabuf_unpin,
	.map_dma_buf = test_dmabuf_map,
	.unmap_dma_buf = test_dmabuf_unmap,
	.release = test_dmabuf_release,
};

static const struct iommufd_dmabuf_range *
test_dmabuf_ranges(struct dma_buf_attachment *attach, unsigned int *nr)
{
	const struct test_dmabuf *test = attach->dmabuf->priv;

	dma_resv_assert_held(attach->dmabuf->resv);
	if (test->revoked)
		return ERR_PTR(-ENODEV);
	*nr = 1;
	return &test->range;
}

static struct iommufd_dmabuf_exporter test_dmabuf_exporter = {
	.ops = &test_dmabuf_ops,
	.ranges = test_dmabuf_ranges,
};

static struct test_dmabuf *test_dmabuf_alloc(size_t length)
{
	struct test_dmabuf *test = kzalloc_obj(*test, GFP_KERNEL);

	if (!test)
		return NULL;
	test->memory = alloc_pages_exact(length, GFP_KERNEL | __GFP_ZERO);
	if (!test->memory) {
		kfree(test);
		return NULL;
	}
	test->range.start = virt_to_phys(test->memory);
	test->range.length = length;
	return test;
}

/**
 * test_dmabuf_get() - IOMMU_TEST_OP_DMABUF_GET
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: a file descriptor or a negative errno.
 */
int test_dmabuf_get(struct iommufd_ucmd *ucmd)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	unsigned int flags = cmd->dmabuf_get.open_flags;
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct test_dmabuf *test;
	struct dma_buf *dmabuf;
	int fd;

	if (!cmd->dmabuf_get.length ||
	    cmd->dmabuf_get.length > TEST_DMABUF_MAX_SIZE)
		return -EINVAL;
	test = test_dmabuf_alloc(PAGE_ALIGN(cmd->dmabuf_get.length));
	if (!test)
		return -ENOMEM;
	info.ops = &test_dmabuf_ops;
	info.size = test->range.length;
	info.flags = flags;
	info.priv = test;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		test_dmabuf_free(test);
		return PTR_ERR(dmabuf);
	}
	fd = dma_buf_fd(dmabuf, flags);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

/**
 * test_dmabuf_revoke() - IOMMU_TEST_OP_DMABUF_REVOKE
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0 or a negative errno.
 */
int test_dmabuf_revoke(struct iommufd_ucmd *ucmd)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	struct test_dmabuf *test;
	struct dma_buf *dmabuf;
	int ret = -EOPNOTSUPP;

	dmabuf = dma_buf_get(cmd->dmabuf_revoke.dmabuf_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	if (dmabuf->ops == &test_dmabuf_ops) {
		test = dmabuf->priv;
		dma_resv_lock(dmabuf->resv, NULL);
		test->revoked = cmd->dmabuf_revoke.revoked;
		dma_buf_invalidate_mappings(dmabuf);
		dma_resv_unlock(dmabuf->resv);
		ret = 0;
	}
	dma_buf_put(dmabuf);
	return ret;
}

/**
 * test_dmabuf_init() - register the exporter of the dma-bufs
 */
void test_dmabuf_init(void)
{
	iommufd_dmabuf_register(&test_dmabuf_exporter);
}

/**
 * test_dmabuf_exit() - undo test_dmabuf_init()
 */
void test_dmabuf_exit(void)
{
	iommufd_dmabuf_unregister(&test_dmabuf_exporter);
}
