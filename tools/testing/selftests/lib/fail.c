// SPDX-License-Identifier: GPL-2.0-only
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

/** struct footprint - what a failure must not leave behind */
struct footprint {
	/** @pins: pages that are pinned, in the whole system */
	long long pins;
	/** @locked: bytes charged to the process as locked */
	long long locked;
	/** @pinned: bytes charged to the process as pinned */
	long long pinned;
	/** @next_id: the ID that the next object will get */
	__u32 next_id;
	/** @files: open descriptors */
	unsigned int files;
};

static unsigned int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int nr = 0;

	ASSERT(dir);
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}

static struct footprint footprint(const struct env *env)
{
	struct footprint now = {
		.locked = sys_vm_locked(getpid()),
		.pinned = sys_vm_pinned(getpid()),
		.files = open_files(),
		.pins = sys_pins_held(),
	};

	if (env->iommufd) {
		now.next_id = ioas_alloc(env->fd);
		iommufd_destroy(env->fd, now.next_id);
	}
	return now;
}

static void compare(const struct footprint *before, const struct footprint *now,
		    const char *when)
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

static int errno_of(const char *failed)
{
	static const struct {
		/* how the name of a call begins, and what its failure gives */
		const char *call;
		int rc;
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
			return map[i].rc;
	}
	return -ENOMEM;
}

static void undo(const struct scenario *scenario, struct env *env)
{
	if (scenario->check)
		scenario->check(env);
	if (scenario->undo)
		scenario->undo(env);
}

/* The call works, and everything that it made can be taken back. */
static void call_and_undo(const struct scenario *scenario, struct env *env,
			  const struct footprint *before, const char *when)
{
	struct footprint now;
	int rc = scenario->call(env);

	if (rc)
		FAIL("%s: the call gives %d", when, rc);
	undo(scenario, env);
	now = footprint(env);
	compare(before, &now, when);
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
	struct footprint before, now;
	unsigned int nth, survived = 0;
	char when[160];
	int rc;

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
	before = footprint(&env);
	call_and_undo(scenario, &env, &before, "before all");
	for (nth = 1;; nth++) {
		fail_at(nth);
		rc = scenario->call(&env);
		fail_end(&report);
		snprintf(when, sizeof(when), "point %u, %s", nth,
			 report.failed);
		if (!strcmp(report.failed, "-"))
			break;
		if (getenv("FAIL_VERBOSE"))
			test_note("%s gives %d", when, rc);
		if (rc == 0) {
			survived++;
			undo(scenario, &env);
		} else if (rc != errno_of(report.failed)) {
			FAIL("%s: the call gives %d", when, rc);
		} else if (scenario->failed) {
			scenario->failed(&env, report.failed);
		}
		now = footprint(&env);
		compare(&before, &now, when);
		call_and_undo(scenario, &env, &before, when);
	}
	ASSERT_RC(rc, 0);
	undo(scenario, &env);
	test_note("%u points, %u without a consequence", nth - 1, survived);
	ASSERT(nth > 1);
}

int call_map(struct env *env)
{
	return __ioas_map_fixed(env->fd, env->ioas, env->buf, FAIL_IOVA,
				env->size, env->prot);
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

/* Memory whose page frames do not follow one another. */
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
