// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device is closed while a request that names it waits for user memory, which
 * may take for ever.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "sys.h"
#include "uffd.h"

#define IOVA 0x10000000ULL

/** struct wait - a request in a thread, which waits for a page */
struct wait {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: an IOAS */
	__u32 ioas;
	/** @parent: an HWPT of @ioas that can be a nest parent */
	__u32 parent;
	/** @dev: the device that is closed, attached to @ioas */
	struct mock_dev dev;
	/** @page: the page of user memory */
	void *page;
	/** @uffd: userfaultfd that provides it, or allows to write to it */
	int uffd;
	/** @thread: the thread */
	pthread_t thread;
	/** @cmd: number of the request */
	unsigned long cmd;
	/** @arg: its structure */
	void *arg;
	/** @ret: its return value */
	int ret;
};

static void wait_setup(struct wait *wait)
{
	mock_load();
	*wait = (struct wait){ .fd = iommufd_open() };
	wait->ioas = ioas_alloc(wait->fd);
	mock_dev(wait->fd, wait->ioas, 0, &wait->dev);
	ASSERT_RC(__hwpt_alloc(wait->fd, wait->dev.idev, wait->ioas,
			       IOMMU_HWPT_ALLOC_NEST_PARENT, &wait->parent),
		  0);
	wait->page = sys_mmap_anon(PAGE);
}

static __u32 wait_viommu(const struct wait *wait)
{
	return mock_viommu(wait->fd, wait->dev.idev, wait->parent);
}

static void *wait_run(void *arg)
{
	struct wait *wait = arg;

	wait->ret = __sys_ioctl(wait->fd, wait->cmd, wait->arg);
	return NULL;
}

static void wait_start(struct wait *wait, unsigned long cmd, void *arg)
{
	wait->cmd = cmd;
	wait->arg = arg;
	ASSERT(!pthread_create(&wait->thread, NULL, wait_run, wait));
	uffd_wait(wait->uffd);
}

/* The request waits until it can access its data in the page. */
static void wait_for_data(struct wait *wait, unsigned long cmd, void *arg)
{
	wait->uffd = uffd_over(wait->page, PAGE);
	wait_start(wait, cmd, arg);
}

/* The request waits until it can write its results to the page. */
static void *wait_for_write(struct wait *wait, unsigned long cmd,
			    const void *arg, size_t size)
{
	memcpy(wait->page, arg, size);
	wait->uffd = uffd_protect(wait->page, PAGE);
	wait_start(wait, cmd, wait->page);
	return wait->page;
}

static void wait_close(const struct wait *wait)
{
	iommufd_destroy(wait->fd, wait->dev.stdev);
}

static int wait_end(struct wait *wait)
{
	if (wait->arg == wait->page)
		uffd_unprotect(wait->uffd, wait->page, PAGE);
	else
		uffd_fill(wait->uffd, wait->page, PAGE);
	ASSERT(!pthread_join(wait->thread, NULL));
	return wait->ret;
}

static struct iommu_hw_info wait_hw_info(const struct wait *wait)
{
	return (struct iommu_hw_info){
		.size = sizeof(struct iommu_hw_info),
		.dev_id = wait->dev.idev,
		.data_len = PAGE,
		.data_uptr = (uintptr_t)wait->page,
	};
}

TEST(hw_info_data)
{
	struct iommu_hw_info cmd;
	struct wait wait;

	wait_setup(&wait);
	cmd = wait_hw_info(&wait);
	wait_for_data(&wait, IOMMU_GET_HW_INFO, &cmd);
	wait_close(&wait);
	ASSERT_RC(wait_end(&wait), 0);
}

TEST(hw_info_results)
{
	struct iommu_hw_info cmd, *results;
	struct wait wait;

	wait_setup(&wait);
	cmd = wait_hw_info(&wait);
	cmd.data_len = 0;
	results = wait_for_write(&wait, IOMMU_GET_HW_INFO, &cmd, sizeof(cmd));
	wait_close(&wait);
	ASSERT_RC(wait_end(&wait), 0);
	ASSERT(results->data_len);
}

static struct iommu_hwpt_alloc wait_nested(const struct wait *wait)
{
	return (struct iommu_hwpt_alloc){
		.size = sizeof(struct iommu_hwpt_alloc),
		.dev_id = wait->dev.idev,
		.pt_id = wait->parent,
		.data_type = IOMMU_HWPT_DATA_SELFTEST,
		.data_len = sizeof(struct iommu_hwpt_selftest),
		.data_uptr = (uintptr_t)wait->page,
	};
}

/* The device is closed before its driver has the data: there is no HWPT. */
TEST(hwpt_data)
{
	struct iommu_hwpt_alloc cmd;
	struct wait wait;

	wait_setup(&wait);
	cmd = wait_nested(&wait);
	wait_for_data(&wait, IOMMU_HWPT_ALLOC, &cmd);
	wait_close(&wait);
	ASSERT_RC(wait_end(&wait), -ENOENT);
	iommufd_destroy(wait.fd, wait.parent);
}

TEST(hwpt_data_without_close)
{
	struct iommu_hwpt_alloc cmd;
	struct wait wait;

	wait_setup(&wait);
	cmd = wait_nested(&wait);
	wait_for_data(&wait, IOMMU_HWPT_ALLOC, &cmd);
	ASSERT_RC(wait_end(&wait), 0);
	iommufd_destroy(wait.fd, cmd.out_hwpt_id);
}

TEST(hwpt_results)
{
	struct iommu_hwpt_alloc cmd = { .size = sizeof(cmd) }, *results;
	struct wait wait;

	wait_setup(&wait);
	cmd.dev_id = wait.dev.idev;
	cmd.pt_id = wait.ioas;
	results = wait_for_write(&wait, IOMMU_HWPT_ALLOC, &cmd, sizeof(cmd));
	/* this detaches it from the same IOAS */
	wait_close(&wait);
	ASSERT_RC(wait_end(&wait), 0);
	iommufd_destroy(wait.fd, results->out_hwpt_id);
}

/* The HWPT pins what is mapped, but does not need the device for that. */
TEST(hwpt_of_missing_memory)
{
	struct iommu_hwpt_alloc cmd = { .size = sizeof(cmd) };
	struct wait wait;

	wait_setup(&wait);
	cmd.dev_id = wait.dev.idev;
	cmd.pt_id = ioas_alloc(wait.fd);
	ioas_map_fixed(wait.fd, cmd.pt_id, wait.page, IOVA, PAGE);
	wait_for_data(&wait, IOMMU_HWPT_ALLOC, &cmd);
	wait_close(&wait);
	ASSERT_RC(wait_end(&wait), 0);
	iommufd_destroy(wait.fd, cmd.out_hwpt_id);
	iommufd_destroy(wait.fd, cmd.pt_id);
}

/* Maps @page: when it gets it, the IOAS has lost its domains meanwhile. */
static void wait_without_domains(struct wait *wait, unsigned long cmd,
				 void *arg)
{
	wait_for_data(wait, cmd, arg);
	wait_close(wait);
	iommufd_destroy(wait->fd, wait->parent);
	ASSERT_RC(wait_end(wait), 0);
	ioas_unmap(wait->fd, wait->ioas, IOVA, PAGE);
}

TEST(map_of_missing_memory)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.length = PAGE,
		.iova = IOVA,
	};
	struct wait wait;

	wait_setup(&wait);
	cmd.ioas_id = wait.ioas;
	cmd.user_va = (uintptr_t)wait.page;
	wait_without_domains(&wait, IOMMU_IOAS_MAP, &cmd);
}

TEST(copy_of_missing_memory)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE,
		.length = PAGE,
		.src_iova = IOVA,
		.dst_iova = IOVA,
	};
	struct wait wait;

	wait_setup(&wait);
	cmd.dst_ioas_id = wait.ioas;
	cmd.src_ioas_id = ioas_alloc(wait.fd);
	ioas_map_fixed(wait.fd, cmd.src_ioas_id, wait.page, IOVA, PAGE);
	wait_without_domains(&wait, IOMMU_IOAS_COPY, &cmd);
}

static struct iommu_viommu_alloc wait_viommu_alloc(const struct wait *wait)
{
	return (struct iommu_viommu_alloc){
		.size = sizeof(struct iommu_viommu_alloc),
		.type = IOMMU_VIOMMU_TYPE_SELFTEST,
		.dev_id = wait->dev.idev,
		.hwpt_id = wait->parent,
		.data_len = sizeof(struct iommu_viommu_selftest),
		.data_uptr = (uintptr_t)wait->page,
	};
}

TEST(viommu_data)
{
	struct iommu_viommu_alloc cmd;
	struct wait wait;

	wait_setup(&wait);
	cmd = wait_viommu_alloc(&wait);
	wait_for_data(&wait, IOMMU_VIOMMU_ALLOC, &cmd);
	wait_close(&wait);
	ASSERT_RC(wait_end(&wait), -ENOENT);
	iommufd_destroy(wait.fd, wait.parent);
}

/* The driver reads its data, but cannot write to it yet. */
TEST(viommu_data_write)
{
	struct iommu_viommu_selftest *data;
	struct iommu_viommu_alloc cmd;
	struct wait wait;

	wait_setup(&wait);
	data = wait.page;
	data->in_data = 0x1234;
	wait.uffd = uffd_protect(wait.page, PAGE);
	cmd = wait_viommu_alloc(&wait);
	wait_start(&wait, IOMMU_VIOMMU_ALLOC, &cmd);
	uffd_unprotect(wait.uffd, wait.page, PAGE);
	ASSERT(!pthread_join(wait.thread, NULL));
	ASSERT_RC(wait.ret, 0);
	ASSERT_EQ(data->out_data, 0x1234);
	iommufd_destroy(wait.fd, cmd.out_viommu_id);
}

TEST(viommu_results)
{
	struct iommu_viommu_alloc cmd;
	struct wait wait;

	wait_setup(&wait);
	cmd = wait_viommu_alloc(&wait);
	cmd.data_len = 0;
	wait_for_write(&wait, IOMMU_VIOMMU_ALLOC, &cmd, sizeof(cmd));
	wait_close(&wait);
	ASSERT_RC(wait_end(&wait), -ENOENT);
	iommufd_destroy(wait.fd, wait.parent);
}

TEST(vdevice_results)
{
	struct iommu_vdevice_alloc cmd = { .size = sizeof(cmd) };
	struct wait wait;

	wait_setup(&wait);
	cmd.dev_id = wait.dev.idev;
	cmd.viommu_id = wait_viommu(&wait);
	wait_for_write(&wait, IOMMU_VDEVICE_ALLOC, &cmd, sizeof(cmd));
	/* the lock of the group is not held */
	ASSERT_RC(__mock_replace(wait.fd, wait.dev.stdev, wait.parent), 0);
	wait_close(&wait);
	ASSERT_RC(wait_end(&wait), -ENOENT);
	iommufd_destroy(wait.fd, cmd.viommu_id);
}

/* Nothing is left of a request whose results cannot be written. */
TEST(unwritable_results)
{
	struct iommu_vdevice_alloc vdevice = { .size = sizeof(vdevice) };
	struct iommu_viommu_alloc viommu;
	struct iommu_hwpt_alloc hwpt = { .size = sizeof(hwpt) };
	struct wait wait;

	wait_setup(&wait);
	hwpt.dev_id = wait.dev.idev;
	hwpt.pt_id = wait.ioas;
	memcpy(wait.page, &hwpt, sizeof(hwpt));
	ASSERT(!mprotect(wait.page, PAGE, PROT_READ));
	ASSERT_RC(__sys_ioctl(wait.fd, IOMMU_HWPT_ALLOC, wait.page), -EFAULT);
	ASSERT(!mprotect(wait.page, PAGE, PROT_READ | PROT_WRITE));

	viommu = wait_viommu_alloc(&wait);
	viommu.data_len = 0;
	memcpy(wait.page, &viommu, sizeof(viommu));
	ASSERT(!mprotect(wait.page, PAGE, PROT_READ));
	ASSERT_RC(__sys_ioctl(wait.fd, IOMMU_VIOMMU_ALLOC, wait.page), -EFAULT);
	ASSERT(!mprotect(wait.page, PAGE, PROT_READ | PROT_WRITE));

	vdevice.dev_id = wait.dev.idev;
	vdevice.viommu_id = wait_viommu(&wait);
	memcpy(wait.page, &vdevice, sizeof(vdevice));
	ASSERT(!mprotect(wait.page, PAGE, PROT_READ));
	ASSERT_RC(__sys_ioctl(wait.fd, IOMMU_VDEVICE_ALLOC, wait.page),
		  -EFAULT);
	/* no user is left */
	iommufd_destroy(wait.fd, vdevice.viommu_id);
	iommufd_destroy(wait.fd, wait.parent);
	iommufd_destroy(wait.fd, wait.dev.stdev);
	iommufd_destroy(wait.fd, wait.ioas);
}

#define JOIN_ROUNDS 200

/** struct join - a thread that attaches devices to what others attach to */
struct join {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: ID of the IOAS */
	__u32 ioas;
	/** @hwpt: ID of the HWPT that the IOAS had last */
	atomic_uint hwpt;
	/** @stop: set to end the thread */
	atomic_bool stop;
};

/* A thread may be looking at the ID for what had it before. */
static void join_leave(const struct join *join, const struct mock_dev *dev)
{
	int ret;

	do
		ret = __iommufd_destroy(join->fd, dev->stdev);
	while (ret == -EBUSY);
	ASSERT_RC(ret, 0);
}

static void *join_run(void *arg)
{
	struct join *join = arg;
	struct mock_dev dev;
	bool by_id = false;
	int ret;

	while (!join->stop) {
		by_id = !by_id;
		ret = __mock_dev(join->fd, by_id ? join->hwpt : join->ioas, 0,
				 &dev);
		/* the ID may be free, or that of another object meanwhile */
		ASSERT(!ret || (by_id && (ret == -ENOENT || ret == -EINVAL)));
		if (!ret)
			join_leave(join, &dev);
	}
	return NULL;
}

/*
 * A device is attached to the HWPT of an IOAS, by the ID of either, while the
 * last other device leaves it. In the end nothing is left.
 */
TEST(attach_while_last_device_leaves)
{
	struct join join = {};
	struct mock_dev dev;
	pthread_t thread;
	int round;

	mock_load();
	join.fd = iommufd_open();
	join.ioas = ioas_alloc(join.fd);
	mock_dev(join.fd, join.ioas, 0, &dev);
	join.hwpt = dev.hwpt;
	ASSERT(!pthread_create(&thread, NULL, join_run, &join));
	for (round = 0; round < JOIN_ROUNDS; round++) {
		join_leave(&join, &dev);
		mock_dev(join.fd, join.ioas, 0, &dev);
		join.hwpt = dev.hwpt;
	}
	join.stop = true;
	ASSERT(!pthread_join(thread, NULL));
	iommufd_destroy(join.fd, dev.stdev);
	ASSERT_RC(__iommufd_destroy(join.fd, dev.hwpt), -ENOENT);
	iommufd_destroy(join.fd, join.ioas);
}
