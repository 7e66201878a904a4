// SPDX-License-Identifier: GPL-2.0-only
/*
 * An emulated device, driven by user space through a file descriptor.
 */
#include <linux/anon_inodes.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iommufd.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "test_abi.h"
#include "test_access.h"
#include "ucmd.h"

/* Maximum number of bytes pinned, read or written at once. */
#define MAX_LENGTH SZ_16M

/**
 * struct test_access - data of an open file
 */
struct test_access {
	/** @access: the device; set once, before the file is installed */
	struct iommufd_access *access;
	/** @pins: it may pin */
	bool pins;
	/**
	 * @lock: protects the members below; held while memory is pinned or
	 * unpinned, so that the unmap op finds each pin
	 */
	struct mutex lock;
	/** @pinned: list of struct pin */
	struct list_head pinned;
	/** @next_id: ID of the next pin */
	u32 next_id;
};

/**
 * struct pin - pinned memory
 */
struct pin {
	/** @entry: links into &test_access.pinned */
	struct list_head entry;
	/** @id: its ID for user space */
	u32 id;
	/** @iova: first byte */
	unsigned long iova;
	/** @length: bytes */
	unsigned long length;
};

static void test_access_unpin(struct test_access *tacc, struct pin *pin)
{
	lockdep_assert_held(&tacc->lock);

	list_del(&pin->entry);
	iommufd_access_unpin_pages(tacc->access, pin->iova, pin->length);
	kfree(pin);
}

static void test_access_unmap(void *data, unsigned long iova,
			      unsigned long length)
{
	struct test_access *tacc = data;
	unsigned long last = iova + (length - 1);
	struct pin *pin, *next;

	guard(mutex)(&tacc->lock);
	list_for_each_entry_safe(pin, next, &tacc->pinned, entry)
		if (pin->iova <= last && iova <= pin->iova + (pin->length - 1))
			test_access_unpin(tacc, pin);
}

static const struct iommufd_access_ops test_access_pinning_ops = {
	.needs_pin_pages = 1,
	.unmap = test_access_unmap,
};

static const struct iommufd_access_ops test_access_plain_ops = {
	.unmap = test_access_unmap,
};

static int test_access_release(struct inode *inode, struct file *file)
{
	struct test_access *tacc = file->private_data;

	if (tacc->access) {
		test_access_unmap(tacc, 0, ULONG_MAX);
		iommufd_access_destroy(tacc->access);
	}
	mutex_destroy(&tacc->lock);
	kfree(tacc);
	return 0;
}

static const struct file_operations test_access_fops = {
	.owner = THIS_MODULE,
	.release = test_access_release,
};

static struct file *test_access_fget(int fd)
{
	struct file *file = fget(fd);

	if (file && file->f_op == &test_access_fops)
		return file;
	if (file)
		fput(file);
	return ERR_PTR(-EBADFD);
}

static void test_access_fput(struct file *file)
{
	if (!IS_ERR_OR_NULL(file))
		fput(file);
}

DEFINE_FREE(test_access_file, struct file *, test_access_fput(_T))

static struct file *test_access_new_file(bool pins)
{
	struct test_access *tacc;
	struct file *file;

	tacc = kzalloc_obj(*tacc, GFP_KERNEL_ACCOUNT);
	if (!tacc)
		return ERR_PTR(-ENOMEM);
	tacc->pins = pins;
	mutex_init(&tacc->lock);
	INIT_LIST_HEAD(&tacc->pinned);
	file = anon_inode_getfile("[iommufd_mock_access]", &test_access_fops,
				  tacc, O_RDWR);
	if (IS_ERR(file))
		kfree(tacc);
	return file;
}

static int test_access_set_up(struct file *file, struct iommufd_ctx *ictx,
			      u32 ioas_id)
{
	struct test_access *tacc = file->private_data;
	struct iommufd_access *access;
	u32 id;

	access = iommufd_access_create(ictx,
				       tacc->pins ? &test_access_pinning_ops :
						    &test_access_plain_ops,
				       tacc, &id);
	if (IS_ERR(access))
		return PTR_ERR(access);
	tacc->access = access;
	return iommufd_access_attach(access, ioas_id);
}

static int test_access_create(struct iommufd_ucmd *ucmd, struct file *file)
{
	struct iommu_test_cmd *cmd = ucmd->cmd;
	int fd, ret;

	ret = test_access_set_up(file, ucmd->ictx, cmd->id);
	if (ret)
		return ret;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	cmd->create_access.out_access_fd = fd;
	ret = ucmd_respond(ucmd, sizeof(*cmd));
	if (ret)
		put_unused_fd(fd);
	else
		fd_install(fd, get_file(file));
	return ret;
}

/**
 * test_create_access() - IOMMU_TEST_OP_CREATE_ACCESS
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0 or a negative errno.
 */
int test_create_access(struct iommufd_ucmd *ucmd)
{
	const u32 pins = MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES;
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	struct file *file;
	int ret;

	if (cmd->create_access.flags & ~pins)
		return -EOPNOTSUPP;
	file = test_access_new_file(cmd->create_access.flags & pins);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = test_access_create(ucmd, file);
	fput(file);
	return ret;
}

/**
 * test_access_replace_ioas() - IOMMU_TEST_OP_ACCESS_REPLACE_IOAS
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0 or a negative errno.
 */
int test_access_replace_ioas(struct iommufd_ucmd *ucmd)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	struct file *file __free(test_access_file) = test_access_fget(cmd->id);
	struct test_access *tacc;

	if (IS_ERR(file))
		return PTR_ERR(file);
	tacc = file->private_data;
	return iommufd_access_replace(tacc->access,
				      cmd->access_replace_ioas.ioas_id);
}

/* Compare with the pages of the current process at an address. */
static int test_access_compare(unsigned long uaddr, struct page **pages,
			       unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++, uaddr += PAGE_SIZE) {
		struct page *page;
		int ret = get_user_pages_fast(uaddr, 1, 0, &page);

		if (ret < 0)
			return ret;
		if (ret != 1)
			return -EFAULT;
		put_page(page);
		if (page != pages[i])
			return -EBADE;
	}
	return 0;
}

static int test_access_respond(struct iommufd_ucmd *ucmd, struct page **pages,
			       unsigned long nr, const struct pin *pin)
{
	struct iommu_test_cmd *cmd = ucmd->cmd;
	unsigned long uaddr = cmd->access_pages.uptr;
	int ret = 0;

	if (uaddr)
		ret = test_access_compare(uaddr - offset_in_page(pin->iova),
					  pages, nr);
	if (ret)
		return ret;
	cmd->access_pages.out_access_pages_id = pin->id;
	return ucmd_respond(ucmd, sizeof(*cmd));
}

static int test_access_pin(struct iommufd_ucmd *ucmd, struct test_access *tacc,
			   struct page **pages, unsigned long nr)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	bool write = cmd->access_pages.flags & MOCK_FLAGS_ACCESS_WRITE;
	struct pin *pin;
	int ret;

	pin = kzalloc_obj(*pin, GFP_KERNEL_ACCOUNT);
	if (!pin)
		return -ENOMEM;
	pin->iova = cmd->access_pages.iova;
	pin->length = cmd->access_pages.length;

	guard(mutex)(&tacc->lock);
	ret = iommufd_access_pin_pages(
		tacc->access, pin->iova, pin->length, pages,
		write ? IOMMUFD_ACCESS_RW_WRITE : IOMMUFD_ACCESS_RW_READ);
	if (ret) {
		kfree(pin);
		return ret;
	}
	pin->id = tacc->next_id++;
	list_add_tail(&pin->entry, &tacc->pinned);
	ret = test_access_respond(ucmd, pages, nr, pin);
	if (ret)
		test_access_unpin(tacc, pin);
	return ret;
}

/**
 * test_access_pages() - IOMMU_TEST_OP_ACCESS_PAGES
 * @ucmd: request with a struct iommu_test_cmd
 *
 * MOCK_FLAGS_ACCESS_SYZ, with which the kernel's fuzzers specify an IOVA by the
 * number of a mapping, is not supported.
 *
 * Return: 0, -EBADE if other pages are mapped than expected, another negative
 * errno.
 */
int test_access_pages(struct iommufd_ucmd *ucmd)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	struct test_access *tacc;
	struct page **pages;
	unsigned long nr;
	int ret;

	if (cmd->access_pages.length > MAX_LENGTH)
		return -ENOMEM;
	if (cmd->access_pages.flags & ~MOCK_FLAGS_ACCESS_WRITE)
		return -EOPNOTSUPP;

	struct file *file __free(test_access_file) = test_access_fget(cmd->id);

	if (IS_ERR(file))
		return PTR_ERR(file);
	tacc = file->private_data;
	if (!tacc->pins)
		return -EOPNOTSUPP;
	nr = PAGE_ALIGN(offset_in_page(cmd->access_pages.iova) +
			cmd->access_pages.length) /
	     PAGE_SIZE;
	pages = kvcalloc(nr, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;
	ret = test_access_pin(ucmd, tacc, pages, nr);
	kvfree(pages);
	return ret;
}

/**
 * test_destroy_access_pages() - IOMMU_TEST_OP_DESTROY_ACCESS_PAGES
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0, -ENOENT if there is no such pin, -EBADFD.
 */
int test_destroy_access_pages(struct iommufd_ucmd *ucmd)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	struct file *file __free(test_access_file) = test_access_fget(cmd->id);
	struct test_access *tacc;
	struct pin *pin;

	if (IS_ERR(file))
		return PTR_ERR(file);
	tacc = file->private_data;
	guard(mutex)(&tacc->lock);
	list_for_each_entry(pin, &tacc->pinned, entry) {
		if (pin->id != cmd->destroy_access_pages.access_pages_id)
			continue;
		test_access_unpin(tacc, pin);
		return 0;
	}
	return -ENOENT;
}

static unsigned int test_access_rw_flags(u32 flags)
{
	unsigned int ret = IOMMUFD_ACCESS_RW_READ;

	if (flags & MOCK_ACCESS_RW_WRITE)
		ret |= IOMMUFD_ACCESS_RW_WRITE;
	if (flags & MOCK_ACCESS_RW_SLOW_PATH)
		ret |= __IOMMUFD_ACCESS_RW_SLOW_PATH;
	return ret;
}

static int test_access_read_write(struct iommufd_access *access,
				  const struct iommu_test_cmd *cmd, void *buf)
{
	void __user *ubuf = u64_to_user_ptr(cmd->access_rw.uptr);
	bool write = cmd->access_rw.flags & MOCK_ACCESS_RW_WRITE;
	size_t length = cmd->access_rw.length;
	int ret;

	if (write && copy_from_user(buf, ubuf, length))
		return -EFAULT;
	ret = iommufd_access_rw(access, cmd->access_rw.iova, buf, length,
				test_access_rw_flags(cmd->access_rw.flags));
	if (!ret && !write && copy_to_user(ubuf, buf, length))
		ret = -EFAULT;
	return ret;
}

/**
 * test_access_rw() - IOMMU_TEST_OP_ACCESS_RW
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0 or a negative errno.
 */
int test_access_rw(struct iommufd_ucmd *ucmd)
{
	const u32 known = MOCK_ACCESS_RW_WRITE | MOCK_ACCESS_RW_SLOW_PATH;
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	struct test_access *tacc;
	void *buf;
	int ret;

	if (cmd->access_rw.length > MAX_LENGTH)
		return -ENOMEM;
	if (cmd->access_rw.flags & ~known)
		return -EOPNOTSUPP;

	struct file *file __free(test_access_file) = test_access_fget(cmd->id);

	if (IS_ERR(file))
		return PTR_ERR(file);
	tacc = file->private_data;
	buf = kvzalloc(cmd->access_rw.length, GFP_KERNEL_ACCOUNT);
	if (!buf)
		return -ENOMEM;
	ret = test_access_read_write(tacc->access, cmd, buf);
	kvfree(buf);
	return ret;
}
