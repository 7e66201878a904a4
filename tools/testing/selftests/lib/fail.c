// SPDX-License-Identifier: GPL-2.0-only
/* Run a call until each of its fail points has failed. */
#include "fail.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend.h"
#include "ioas.h"

/** struct fail_footprint - resources in use, which a failure must not change */
struct fail_footprint {
	/** @pins: number of pinned pages in the whole system */
	long long pins;
	/** @locked: bytes charged to the process as locked */
	long long locked;
	/** @pinned: bytes charged to the process as pinned */
	long long pinned;
	/** @next_id: ID that the next object will get */
	__u32 next_id;
	/** @files: number of open files */
	unsigned int files;
};

static unsigned int fail_count_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int nr = 0;

	ASSERT(dir);
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}

static struct fail_footprint fail_take_footprint(const struct env *env)
{
	struct fail_footprint now = {
		.locked = sys_vm_locked(getpid()),
		.pinned = sys_vm_pinned(getpid()),
		.files = fail_count_files(),
		.pins = sys_pins_held(),
	};

	if (env->iommufd) {
		now.next_id = ioas_alloc(env->fd);
		iommufd_destroy(env->fd, now.next_id);
	}
	return now;
}

static void fail_compare(const struct fail_footprint *before,
			 const struct fail_footprint *now, const char *when)
{
	if (now->pins != before->pins)
		FAIL("%s: %lld pins instead of %lld", when, now->pins,
		     before->pins);
	if (now->locked != before->locked || now->pinned != before->pinned)
		FAIL("%s: charged %lld/%lld instead of %lld/%lld", when,
		     now->locked, now->pinned, before->locked, before->pinned);
	if (now->next_id != before->next_id)
		FAIL("%s: the next ID is %u instead of %u", when, now->next_id,
		     before->next_id);
	if (now->files != before->files)
		FAIL("%s: %u files instead of %u", when, now->files,
		     before->files);
}

static int fail_errno(const char *failed)
{
	static const struct {
		/* how the name of a call begins, and its errno on failure */
		const char *call;
		int err;
	} map[] = {
		{ "copy_", -EFAULT },
		{ "get_user", -EFAULT },
		{ "clear_user", -EFAULT },
		{ "fault_in_", -EFAULT },
		{ "pin_user_pages", -EFAULT },
		{ "fixup_user_fault", -EFAULT },
		{ "follow_pfnmap", -EFAULT },
		{ "get_unused_fd", -EMFILE },
		{ "fatal_signal", -EINTR },
		{ "mutex_lock_killable", -EINTR },
		{ "down_", -EINTR },
		{ "mmap_", -EINTR },
		{ "mapping_map_writable", -EPERM },
		{ "put_user", -EFAULT },
		{ "user_access_begin", -EFAULT },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(map); i++) {
		if (!strncmp(failed, map[i].call, strlen(map[i].call)))
			return map[i].err;
	}
	return -ENOMEM;
}

static void fail_undo(const struct scenario *scenario, struct env *env)
{
	if (scenario->check)
		scenario->check(env);
	if (scenario->undo)
		scenario->undo(env);
}

/* The call must succeed, and undoing it must restore the state before it. */
static void fail_call_and_undo(const struct scenario *scenario, struct env *env,
			       const struct fail_footprint *before,
			       const char *when)
{
	struct fail_footprint now;
	int ret = scenario->call(env);

	if (ret)
		FAIL("%s: the call gives %d", when, ret);
	fail_undo(scenario, env);
	now = fail_take_footprint(env);
	fail_compare(before, &now, when);
}

void fail_each(const struct scenario *scenario, bool iommufd)
{
	struct env env = {
		.fd = -1,
		.prot = DMA_RW,
		.size = FAIL_SMALL,
		.iommufd = iommufd,
	};
	struct fail_report report;
	struct fail_footprint before, now;
	unsigned int nth, survived = 0;
	char when[160];
	int ret;

	fail_open();
	if (iommufd) {
		env.fd = iommufd_open();
		env.ioas = ioas_alloc(env.fd);
		env.ioas2 = ioas_alloc(env.fd);
	}
	env.buf = sys_mmap_huge_aligned(FAIL_BIG);
	memset(env.buf, 1, FAIL_BIG);
	if (scenario->setup)
		scenario->setup(&env);
	before = fail_take_footprint(&env);
	fail_call_and_undo(scenario, &env, &before, "before all");
	for (nth = 1;; nth++) {
		fail_at(nth);
		ret = scenario->call(&env);
		fail_end(&report);
		snprintf(when, sizeof(when), "point %u, %s", nth,
			 report.failed);
		if (!strcmp(report.failed, "-"))
			break;
		if (getenv("FAIL_VERBOSE"))
			test_note("%s gives %d", when, ret);
		if (ret == 0) {
			survived++;
			fail_undo(scenario, &env);
		} else if (ret != fail_errno(report.failed)) {
			FAIL("%s: the call gives %d", when, ret);
		} else if (scenario->failed) {
			scenario->failed(&env, report.failed);
		}
		now = fail_take_footprint(&env);
		fail_compare(&before, &now, when);
		fail_call_and_undo(scenario, &env, &before, when);
	}
	ASSERT_RC(ret, 0);
	fail_undo(scenario, &env);
	test_note("%u points, %u without a consequence", nth - 1, survived);
	ASSERT(nth > 1);
}

int call_map(struct env *env)
{
	return __ioas_map_fixed(env->fd, env->ioas, env->buf, FAIL_IOVA,
				env->size, env->prot);
}

/* The memory to map has to be faulted in. */
void cool_buf(struct env *env)
{
	ASSERT(!madvise(env->buf, env->size, MADV_DONTNEED));
}

void undo_map(struct env *env)
{
	ioas_unmap(env->fd, env->ioas, FAIL_IOVA, env->size);
}

void check_mock(struct env *env)
{
	ASSERT_RC(__mock_check_map(env->fd, env->dev.hwpt, env->buf, FAIL_IOVA,
				   env->size),
		  0);
}

void setup_dev(struct env *env)
{
	mock_dev(env->fd, env->ioas, 0, &env->dev);
}

/* Attach a device and provide memory without contiguous page frames. */
void setup_dev_scattered(struct env *env)
{
	unsigned long at = FAIL_BIG;

	env->size = 16 * PAGE;
	ASSERT(!madvise(env->buf, FAIL_BIG, MADV_NOHUGEPAGE));
	ASSERT(!madvise(env->buf, FAIL_BIG, MADV_DONTNEED));
	while (at) {
		at -= PAGE;
		env->buf[at] = 1;
	}
	setup_dev(env);
}

void setup_dev_thp(struct env *env)
{
	env->size = FAIL_BIG;
	setup_dev(env);
}
