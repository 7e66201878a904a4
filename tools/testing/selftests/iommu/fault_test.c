// SPDX-License-Identifier: GPL-2.0-only
/* Page requests of a device: delivery, response, and removal of the device. */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "sys.h"
#include "uffd.h"

#define FAULT_ADDR 0x1000000ULL
/* Enough that freed requests are handed out again by the slab. */
#define NR_FAULTS 64

/** struct fault_env - a mock device whose page requests are delivered */
struct fault_env {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: ID of the IOAS */
	__u32 ioas;
	/** @dev: the device, attached to @hwpt */
	struct mock_dev dev;
	/** @queue: file of the fault queue */
	int queue;
	/** @queue_id: its ID */
	__u32 queue_id;
	/** @hwpt: ID of an HWPT that delivers to the queue */
	__u32 hwpt;
};

/* Whether the kernel was built with CONFIG_IOMMU_IOPF. Debian's for arm64 is not. */
static bool fault_has_requests(void)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	bool found = false;
	char line[256];

	ASSERT(file);
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, " iopf_queue_alloc\n");
	fclose(file);
	return found;
}

static void fault_queue(struct fault_env *env)
{
	struct iommu_fault_alloc cmd = { .size = sizeof(cmd) };

	if (!fault_has_requests())
		SKIP("this kernel has no page requests");
	ASSERT_RC(__sys_ioctl(env->fd, IOMMU_FAULT_QUEUE_ALLOC, &cmd), 0);
	env->queue_id = cmd.out_fault_id;
	env->queue = cmd.out_fault_fd;
	ASSERT_RC(fcntl(env->queue, F_SETFL, O_NONBLOCK), 0);
}

static __u32 fault_hwpt(const struct fault_env *env)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_HWPT_FAULT_ID_VALID,
		.dev_id = env->dev.idev,
		.pt_id = env->ioas,
		.fault_id = env->queue_id,
	};

	ASSERT_RC(__sys_ioctl(env->fd, IOMMU_HWPT_ALLOC, &cmd), 0);
	return cmd.out_hwpt_id;
}

static void fault_setup(struct fault_env *env)
{
	mock_load();
	env->fd = iommufd_open();
	env->ioas = ioas_alloc(env->fd);
	mock_dev(env->fd, env->ioas, 0, &env->dev);
	fault_queue(env);
	env->hwpt = fault_hwpt(env);
	ASSERT_RC(__mock_replace(env->fd, env->dev.stdev, env->hwpt), 0);
}

static int __fault_trigger(const struct fault_env *env, __u32 grpid)
{
	struct iommu_test_cmd cmd = {
		.trigger_iopf = {
			.dev_id = env->dev.idev,
			.pasid = 0,
			.grpid = grpid,
			.perm = IOMMU_PGFAULT_PERM_READ,
			.addr = FAULT_ADDR,
		},
	};

	return __mock_op(env->fd, IOMMU_TEST_OP_TRIGGER_IOPF, 0, &cmd);
}

/* Two devices of one group, moved together to an HWPT with a fault queue. */
static void fault_setup_group(struct fault_env *env, struct fault_env *second)
{
	mock_load();
	env->fd = iommufd_open();
	env->ioas = ioas_alloc(env->fd);
	mock_dev(env->fd, env->ioas, MOCK_FLAGS_DEVICE_GROUP, &env->dev);
	fault_queue(env);
	env->hwpt = fault_hwpt(env);
	*second = *env;
	mock_dev(env->fd, env->ioas, MOCK_FLAGS_DEVICE_GROUP, &second->dev);
	ASSERT_RC(__mock_replace(env->fd, env->dev.stdev, env->hwpt), 0);
}

static void fault_trigger(const struct fault_env *env, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		ASSERT_RC(__fault_trigger(env, i), 0);
}

static int fault_read(const struct fault_env *env,
		      struct iommu_hwpt_pgfault *fault)
{
	ssize_t size = read(env->queue, fault, sizeof(*fault));

	if (size < 0)
		return -errno;
	ASSERT(size == 0 || size == sizeof(*fault));
	return size > 0;
}

static int __fault_respond(const struct fault_env *env, __u32 cookie)
{
	const struct iommu_hwpt_page_response response = {
		.cookie = cookie,
		.code = IOMMUFD_PAGE_RESP_SUCCESS,
	};
	ssize_t size = write(env->queue, &response, sizeof(response));

	if (size < 0)
		return -errno;
	ASSERT_EQ((size_t)size, sizeof(response));
	return 0;
}

static bool fault_readable(const struct fault_env *env)
{
	struct pollfd pollfd = { .fd = env->queue, .events = POLLIN };

	return ASSERT_OK(poll(&pollfd, 1, 0)) == 1;
}

/* Reads half of the requests, so that both of the queue's lists are in use. */
static __u32 fault_read_half(const struct fault_env *env)
{
	struct iommu_hwpt_pgfault fault;
	unsigned int i;

	for (i = 0; i < NR_FAULTS / 2; i++) {
		ASSERT_RC(fault_read(env, &fault), 1);
		ASSERT_EQ(fault.dev_id, env->dev.idev);
		ASSERT_EQ(fault.addr, FAULT_ADDR);
	}
	return fault.cookie;
}

/* No request is left, and the cookie of an earlier one is not valid. */
static void fault_expect_none(const struct fault_env *env, __u32 cookie)
{
	struct iommu_hwpt_pgfault fault;

	ASSERT(!fault_readable(env));
	ASSERT_RC(fault_read(env, &fault), 0);
	ASSERT_RC(__fault_respond(env, cookie), -EINVAL);
}

/* One request can be read and responded to. */
static void fault_expect_delivery(const struct fault_env *env)
{
	struct iommu_hwpt_pgfault fault;

	fault_trigger(env, 1);
	ASSERT(fault_readable(env));
	ASSERT_RC(fault_read(env, &fault), 1);
	ASSERT_RC(__fault_respond(env, fault.cookie), 0);
	ASSERT_RC(__fault_respond(env, fault.cookie), -EINVAL);
}

TEST(deliver_and_respond)
{
	struct iommu_hwpt_pgfault fault;
	struct fault_env env;
	unsigned int i;

	fault_setup(&env);
	fault_trigger(&env, NR_FAULTS);
	for (i = 0; i < NR_FAULTS; i++) {
		ASSERT_RC(fault_read(&env, &fault), 1);
		ASSERT_EQ(fault.grpid, i);
		ASSERT_RC(__fault_respond(&env, fault.cookie), 0);
	}
	fault_expect_none(&env, fault.cookie);
}

/* The driver of the IOMMU responds to what it still has when it is detached. */
TEST(detach_with_pending_requests)
{
	struct fault_env env;
	__u32 cookie;

	fault_setup(&env);
	fault_trigger(&env, NR_FAULTS);
	cookie = fault_read_half(&env);
	iommufd_destroy(env.fd, env.dev.stdev);
	fault_expect_none(&env, cookie);
	mock_dev(env.fd, env.ioas, 0, &env.dev);
	ASSERT_RC(__mock_replace(env.fd, env.dev.stdev, env.hwpt), 0);
	fault_expect_delivery(&env);
}

TEST(replace_by_plain_hwpt_with_pending_requests)
{
	struct fault_env env;
	__u32 cookie;

	fault_setup(&env);
	fault_trigger(&env, NR_FAULTS);
	cookie = fault_read_half(&env);
	ASSERT_RC(__mock_replace(env.fd, env.dev.stdev, env.ioas), 0);
	fault_expect_none(&env, cookie);
	ASSERT_RC(__mock_replace(env.fd, env.dev.stdev, env.hwpt), 0);
	fault_expect_delivery(&env);
}

TEST(replace_by_other_queue_with_pending_requests)
{
	struct fault_env env, other;
	__u32 cookie;

	fault_setup(&env);
	other = env;
	fault_queue(&other);
	other.hwpt = fault_hwpt(&other);
	fault_trigger(&env, NR_FAULTS);
	cookie = fault_read_half(&env);
	ASSERT_RC(__mock_replace(env.fd, env.dev.stdev, other.hwpt), 0);
	fault_expect_none(&env, cookie);
	fault_expect_delivery(&other);
	ASSERT(!fault_readable(&env));
}

/* A replacement that fails leaves the delivery of requests as it was. */
TEST(failed_replace_keeps_delivery)
{
	struct fault_env env;
	__u32 dirty;

	fault_setup(&env);
	iommufd_destroy(env.fd, env.dev.stdev);
	mock_dev(env.fd, env.ioas, 0, &env.dev);
	ASSERT_RC(__hwpt_alloc(env.fd, env.dev.idev, env.ioas,
			       IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &dirty),
		  0);
	iommufd_destroy(env.fd, env.dev.stdev);
	mock_dev(env.fd, env.ioas, MOCK_FLAGS_DEVICE_NO_DIRTY, &env.dev);
	ASSERT_RC(__mock_replace(env.fd, env.dev.stdev, env.hwpt), 0);
	ASSERT_RC(__mock_replace(env.fd, env.dev.stdev, dirty), -EINVAL);
	fault_expect_delivery(&env);
	ASSERT_RC(__mock_replace(env.fd, env.dev.stdev, 4711), -ENOENT);
	fault_expect_delivery(&env);
}

TEST(close_with_pending_requests)
{
	struct fault_env env;

	fault_setup(&env);
	fault_trigger(&env, NR_FAULTS);
	fault_read_half(&env);
	sys_close(env.fd);
	sys_close(env.queue);
}

TEST(close_queue_with_pending_requests)
{
	struct fault_env env;

	fault_setup(&env);
	fault_trigger(&env, NR_FAULTS);
	fault_read_half(&env);
	sys_close(env.queue);
	iommufd_destroy(env.fd, env.dev.stdev);
}

/** struct fault_reader - a thread that reads one page request */
struct fault_reader {
	/** @env: from which queue */
	const struct fault_env *env;
	/** @fault: where to, in memory that userfaultfd provides */
	struct iommu_hwpt_pgfault *fault;
};

static void *fault_reader_run(void *arg)
{
	struct fault_reader *reader = arg;

	ASSERT_RC(fault_read(reader->env, reader->fault), 1);
	return NULL;
}

/* A device is detached while a reader of its request waits for memory. */
TEST(detach_while_reader_waits)
{
	struct fault_reader reader = { .fault = sys_mmap_anon(PAGE) };
	int uffd = uffd_over(reader.fault, PAGE);
	struct fault_env env;
	pthread_t thread;

	fault_setup(&env);
	reader.env = &env;
	fault_trigger(&env, 1);
	ASSERT_EQ(pthread_create(&thread, NULL, fault_reader_run, &reader), 0);
	uffd_wait(uffd);
	iommufd_destroy(env.fd, env.dev.stdev);
	uffd_fill(uffd, reader.fault, PAGE);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	fault_expect_none(&env, reader.fault->cookie);
}

/* A request whose reader cannot be given it is delivered to the next one. */
TEST(unreadable_request_stays)
{
	struct iommu_hwpt_pgfault fault;
	struct fault_env env;

	fault_setup(&env);
	fault_trigger(&env, 2);
	ASSERT_RC(fault_read(&env, NULL), -EFAULT);
	ASSERT_RC(fault_read(&env, &fault), 1);
	ASSERT_EQ(fault.grpid, 0);
	ASSERT_RC(fault_read(&env, &fault), 1);
	ASSERT_EQ(fault.grpid, 1);
}

/** struct fault_source - a thread that triggers page requests */
struct fault_source {
	/** @env: for which device */
	const struct fault_env *env;
	/** @count: requests that were triggered */
	atomic_uint count;
	/** @stop: set to end it */
	atomic_bool stop;
};

static void *fault_source_run(void *arg)
{
	struct fault_source *source = arg;

	while (!source->stop) {
		ASSERT_RC(__fault_trigger(source->env, source->count), 0);
		source->count++;
	}
	return NULL;
}

/* Requests arrive all the time while the device moves between HWPTs. */
TEST(replace_while_requests_arrive)
{
	struct fault_source source = {};
	struct iommu_hwpt_pgfault fault;
	struct fault_env env;
	pthread_t thread;
	int i;

	fault_setup(&env);
	source.env = &env;
	ASSERT_EQ(pthread_create(&thread, NULL, fault_source_run, &source), 0);
	for (i = 0; i < 500; i++) {
		ASSERT_RC(__mock_replace(env.fd, env.dev.stdev, env.ioas), 0);
		ASSERT_RC(__mock_replace(env.fd, env.dev.stdev, env.hwpt), 0);
		while (fault_read(&env, &fault) == 1 && fault.grpid % 3)
			__fault_respond(&env, fault.cookie);
	}
	source.stop = true;
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	ASSERT(source.count > 0);
	ASSERT_RC(__mock_replace(env.fd, env.dev.stdev, env.ioas), 0);
	ASSERT(!fault_readable(&env));
}

/* Each request is reported with the device that made it. */
TEST(second_device_of_a_group)
{
	struct iommu_hwpt_pgfault fault;
	struct fault_env env, second, third;
	unsigned int i;

	fault_setup_group(&env, &second);
	fault_trigger(&env, NR_FAULTS);
	fault_trigger(&second, NR_FAULTS);
	for (i = 0; i < NR_FAULTS; i++) {
		ASSERT_RC(fault_read(&env, &fault), 1);
		ASSERT_EQ(fault.dev_id, env.dev.idev);
	}
	for (i = 0; i < NR_FAULTS / 2; i++) {
		ASSERT_RC(fault_read(&env, &fault), 1);
		ASSERT_EQ(fault.dev_id, second.dev.idev);
	}
	ASSERT_RC(__fault_respond(&env, fault.cookie), 0);
	third = env;
	mock_dev(env.fd, env.hwpt, MOCK_FLAGS_DEVICE_GROUP, &third.dev);
	while (fault_read(&env, &fault) == 1)
		ASSERT_RC(__fault_respond(&env, fault.cookie), 0);
	fault_trigger(&third, 1);
	ASSERT_RC(fault_read(&env, &fault), 1);
	ASSERT_EQ(fault.dev_id, third.dev.idev);
}

/* Only the requests of a device that is detached are refused. */
TEST(detach_one_of_a_group)
{
	struct iommu_hwpt_pgfault fault;
	struct fault_env env, second;
	__u32 cookie;

	fault_setup_group(&env, &second);
	fault_trigger(&env, NR_FAULTS);
	cookie = fault_read_half(&env);
	fault_trigger(&second, 2);
	iommufd_destroy(env.fd, env.dev.stdev);
	ASSERT_RC(__fault_respond(&env, cookie), -EINVAL);
	ASSERT_RC(fault_read(&env, &fault), 1);
	ASSERT_EQ(fault.dev_id, second.dev.idev);
	ASSERT_RC(__fault_respond(&env, fault.cookie), 0);
	ASSERT_RC(fault_read(&env, &fault), 1);
	fault_expect_delivery(&second);
	/* the one that is read and not responded to */
	iommufd_destroy(env.fd, second.dev.stdev);
	fault_expect_none(&env, fault.cookie);
}

/* The requests of all devices follow the group, whichever device is named. */
TEST(replace_a_group_with_pending_requests)
{
	struct fault_env env, second, other;
	__u32 cookie;

	fault_setup_group(&env, &second);
	other = second;
	fault_queue(&other);
	other.hwpt = fault_hwpt(&other);
	fault_trigger(&second, NR_FAULTS);
	fault_trigger(&env, 1);
	cookie = fault_read_half(&second);
	ASSERT_RC(__mock_replace(env.fd, env.dev.stdev, other.hwpt), 0);
	fault_expect_none(&env, cookie);
	fault_expect_delivery(&other);
	other.dev = env.dev;
	fault_expect_delivery(&other);
	ASSERT_RC(__mock_replace(env.fd, second.dev.stdev, env.ioas), 0);
	ASSERT_RC(__mock_replace(env.fd, env.dev.stdev, env.hwpt), 0);
	fault_expect_delivery(&env);
	fault_expect_delivery(&second);
}

/* Requests arrive all the time while another device joins and leaves. */
TEST(group_changes_while_requests_arrive)
{
	struct iommu_hwpt_pgfault fault;
	struct fault_env env, second;
	struct fault_source source = {};
	pthread_t thread;
	int i;

	fault_setup_group(&env, &second);
	source.env = &env;
	ASSERT_EQ(pthread_create(&thread, NULL, fault_source_run, &source), 0);
	for (i = 0; i < 50; i++) {
		fault_trigger(&second, 2);
		iommufd_destroy(env.fd, second.dev.stdev);
		mock_dev(env.fd, env.hwpt, MOCK_FLAGS_DEVICE_GROUP,
			 &second.dev);
		while (fault_read(&env, &fault) == 1 && fault.grpid % 3)
			__fault_respond(&env, fault.cookie);
	}
	source.stop = true;
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	iommufd_destroy(env.fd, env.dev.stdev);
	iommufd_destroy(env.fd, second.dev.stdev);
	ASSERT(!fault_readable(&env));
}

TEST(close_a_group_with_pending_requests)
{
	struct fault_env env, second;

	fault_setup_group(&env, &second);
	fault_trigger(&env, NR_FAULTS);
	fault_trigger(&second, NR_FAULTS);
	fault_read_half(&env);
	sys_close(env.fd);
	sys_close(env.queue);
}
