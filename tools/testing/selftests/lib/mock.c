// SPDX-License-Identifier: GPL-2.0-only
/* The mock IOMMU and its fail points. */
#include "mock.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backend.h"
#include "harness.h"
#include "sys.h"

#define MOCK_MODULE "drivers/iommu/iommufd/mock/iommufd_mock.ko"

/*
 * Load the module unless it is loaded. The build directory is five levels above
 * the program.
 */
void mock_load(void)
{
	char self[PATH_MAX], path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *dir = self;
	unsigned int i;

	if (!backend_present(BACKEND_IOMMUFD))
		SKIP("no /dev/iommu");
	ASSERT(length > 0);
	self[length] = '\0';
	for (i = 0; i < 5; i++)
		dir = dirname(dir);
	ASSERT((size_t)snprintf(path, sizeof(path), "%s/" MOCK_MODULE, dir) <
	       sizeof(path));
	sys_load_module(path);
}

int __mock_unload(void)
{
	return syscall(SYS_delete_module, "iommufd_mock", 0) ? -errno : 0;
}

int __mock_op(int fd, __u32 op, __u32 id, struct iommu_test_cmd *cmd)
{
	cmd->size = sizeof(*cmd);
	cmd->op = op;
	cmd->id = id;
	return __sys_ioctl(fd, IOMMU_TEST_CMD, cmd);
}

int __mock_dev(int fd, __u32 pt, __u32 flags, struct mock_dev *dev)
{
	struct iommu_test_cmd cmd = { .mock_domain_flags.dev_flags = flags };
	int ret = __mock_op(fd, IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS, pt, &cmd);

	if (!ret)
		*dev = (struct mock_dev){
			.stdev = cmd.mock_domain_flags.out_stdev_id,
			.hwpt = cmd.mock_domain_flags.out_hwpt_id,
			.idev = cmd.mock_domain_flags.out_idev_id,
		};
	return ret;
}

void mock_dev(int fd, __u32 pt, __u32 flags, struct mock_dev *dev)
{
	ASSERT_RC(__mock_dev(fd, pt, flags, dev), 0);
}

int __mock_hwpt(int fd, __u32 idev, __u32 pt, __u32 flags,
		const struct iommu_hwpt_selftest *data, __u32 *id)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dev_id = idev,
		.pt_id = pt,
		.data_type = IOMMU_HWPT_DATA_SELFTEST,
		.data_len = sizeof(*data),
		.data_uptr = (uintptr_t)data,
	};
	int ret = __sys_ioctl(fd, IOMMU_HWPT_ALLOC, &cmd);

	if (!ret)
		*id = cmd.out_hwpt_id;
	return ret;
}

/* Its large I/O pages are of 2 MiB, and it reaches 56 bits of IOVA. */
__u32 mock_hwpt_huge(int fd, __u32 idev, __u32 pt, __u32 flags)
{
	const struct iommu_hwpt_selftest data = {
		.pagetable_type = MOCK_IOMMUPT_HUGE,
	};
	__u32 id = 0;

	ASSERT_RC(__mock_hwpt(fd, idev, pt, flags, &data, &id), 0);
	return id;
}

__u32 mock_viommu(int fd, __u32 idev, __u32 parent)
{
	struct iommu_viommu_alloc cmd = {
		.size = sizeof(cmd),
		.type = IOMMU_VIOMMU_TYPE_SELFTEST,
		.dev_id = idev,
		.hwpt_id = parent,
	};

	ASSERT_RC(__sys_ioctl(fd, IOMMU_VIOMMU_ALLOC, &cmd), 0);
	return cmd.out_viommu_id;
}

int __mock_replace(int fd, __u32 stdev, __u32 pt)
{
	struct iommu_test_cmd cmd = { .mock_domain_replace.pt_id = pt };

	return __mock_op(fd, IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE, stdev, &cmd);
}

/*
 * Return -EINVAL if a page of the range is not mapped to the memory at @vaddr.
 */
int __mock_check_map(int fd, __u32 hwpt, const void *vaddr, __u64 iova,
		     __u64 size)
{
	struct iommu_test_cmd cmd = {
		.check_map = {
			.iova = iova,
			.length = size,
			.uptr = (uintptr_t)vaddr,
		},
	};

	return __mock_op(fd, IOMMU_TEST_OP_MD_CHECK_MAP, hwpt, &cmd);
}

/* Create a dma-buf of memory that stands for a device's; returns its descriptor. */
int mock_dmabuf(int fd, __u32 length, __u32 flags)
{
	struct iommu_test_cmd cmd = {
		.dmabuf_get = { .length = length, .open_flags = flags },
	};

	return ASSERT_OK(__mock_op(fd, IOMMU_TEST_OP_DMABUF_GET, 0, &cmd));
}

/* Create an access; returns its file descriptor. */
int __mock_access(int fd, __u32 ioas, __u32 flags)
{
	struct iommu_test_cmd cmd = { .create_access.flags = flags };
	int ret = __mock_op(fd, IOMMU_TEST_OP_CREATE_ACCESS, ioas, &cmd);

	return ret ?: (int)cmd.create_access.out_access_fd;
}

/* The pages must be those at @vaddr, unless it is NULL. */
int __access_pin(int fd, int access, __u64 iova, __u64 size, const void *vaddr,
		 __u32 flags, __u32 *id)
{
	struct iommu_test_cmd cmd = {
		.access_pages = {
			.flags = flags,
			.iova = iova,
			.length = size,
			.uptr = (uintptr_t)vaddr,
		},
	};
	int ret = __mock_op(fd, IOMMU_TEST_OP_ACCESS_PAGES, access, &cmd);

	if (!ret)
		*id = cmd.access_pages.out_access_pages_id;
	return ret;
}

int __access_unpin(int fd, int access, __u32 id)
{
	struct iommu_test_cmd cmd = {
		.destroy_access_pages.access_pages_id = id,
	};

	return __mock_op(fd, IOMMU_TEST_OP_DESTROY_ACCESS_PAGES, access, &cmd);
}

int __access_rw(int fd, int access, __u64 iova, void *buf, __u64 size,
		__u32 flags)
{
	struct iommu_test_cmd cmd = {
		.access_rw = {
			.iova = iova,
			.length = size,
			.uptr = (uintptr_t)buf,
			.flags = flags,
		},
	};

	return __mock_op(fd, IOMMU_TEST_OP_ACCESS_RW, access, &cmd);
}

static int fail_fd = -1;

/* Reserve the fail points for this process until it exits. */
void fail_open(void)
{
	mock_load();
	fail_fd = sys_open("/dev/iommufd_fail_point", O_RDWR);
}

/* Let the @nth fail point that this thread reaches fail; 0 only counts them. */
void fail_at(unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	ASSERT_EQ(write(fail_fd, text, length), length);
}

/* End the fault injection and report the points since fail_at(). */
void fail_end(struct fail_report *report)
{
	char text[128];
	ssize_t got = read(fail_fd, text, sizeof(text) - 1);
	char *end;

	ASSERT(got > 0);
	/* without the newline */
	text[got - 1] = '\0';
	report->reached = strtoul(text, &end, 10);
	ASSERT(*end == ' ');
	snprintf(report->failed, sizeof(report->failed), "%s", end + 1);
}
