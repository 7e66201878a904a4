// SPDX-License-Identifier: GPL-2.0-only
/*
 * Charges pinned pages to a user or to a process, within RLIMIT_MEMLOCK.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/ratelimit.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/user.h>
#include <linux/sizes.h>
#include <trace/events/iommufd.h>

#include "charge.h"
#include "observe/stats.h"

/**
 * charge_init() - prepare to charge the current process
 * @charge: account to initialize
 * @mode: the counters and the limit to use
 * @stats: counts the charge of the context; outlives @charge
 *
 * Context: Process context. The current task has an mm.
 */
void charge_init(struct charge *charge, enum charge_mode mode,
		 struct iommufd_stats *stats)
{
	mmgrab(current->mm);
	*charge = (struct charge){
		.mode = mode,
		.stats = stats,
		.unlimited = capable(CAP_IPC_LOCK),
		.mm = current->mm,
		.task = get_task_struct(current->group_leader),
		.user = mode == CHARGE_USER ? get_uid(current_user()) : NULL,
	};
}

/**
 * charge_destroy() - undo charge_init()
 * @charge: account with nothing charged to it
 *
 * Context: Process context.
 */
void charge_destroy(struct charge *charge)
{
	if (charge->user)
		free_uid(charge->user);
	put_task_struct(charge->task);
	mmdrop(charge->mm);
}

static unsigned long charge_limit(const struct charge *charge)
{
	return task_rlimit(charge->task, RLIMIT_MEMLOCK);
}

static int charge_try_user(const struct charge *charge, unsigned long nr_pages)
{
	unsigned long limit = charge_limit(charge) >> PAGE_SHIFT;
	atomic_long_t *locked = &charge->user->locked_vm;
	long old = atomic_long_read(locked);

	do {
		if (nr_pages > limit || old > limit - nr_pages)
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(locked, &old, old + nr_pages));
	return 0;
}

static int charge_user_add(const struct charge *charge, unsigned long nr_pages)
{
	int ret = charge->unlimited ? 0 : charge_try_user(charge, nr_pages);

	if (!ret)
		atomic64_add(nr_pages, &charge->mm->pinned_vm);
	return ret;
}

static void charge_user_sub(const struct charge *charge, unsigned long nr_pages)
{
	atomic64_sub(nr_pages, &charge->mm->pinned_vm);
	if (!charge->unlimited)
		atomic_long_sub(nr_pages, &charge->user->locked_vm);
}

/* VFIO counts pages without a limit, too. */
static bool charge_counts_locked(const struct charge *charge)
{
	return charge->mode == CHARGE_MM || !charge->unlimited;
}

static int charge_add_locked(const struct charge *charge,
			     unsigned long nr_pages)
{
	int ret;

	if (mmap_write_lock_killable(charge->mm))
		return -EINTR;
	ret = __account_locked_vm(charge->mm, nr_pages, true, charge->task,
				  charge->unlimited);
	mmap_write_unlock(charge->mm);
	return ret;
}

static int charge_mm_add(const struct charge *charge, unsigned long nr_pages)
{
	int ret = charge_counts_locked(charge) ?
			  charge_add_locked(charge, nr_pages) :
			  0;

	if (!ret && charge->mode == CHARGE_PROCESS)
		atomic64_add(nr_pages, &charge->mm->pinned_vm);
	return ret;
}

static void charge_mm_sub(const struct charge *charge, unsigned long nr_pages)
{
	if (charge->mode == CHARGE_PROCESS)
		atomic64_sub(nr_pages, &charge->mm->pinned_vm);
	if (!charge_counts_locked(charge))
		return;
	mmap_write_lock(charge->mm);
	__account_locked_vm(charge->mm, nr_pages, false, charge->task, true);
	mmap_write_unlock(charge->mm);
}

/**
 * charge_add() - charge for pages about to be pinned
 * @charge: account to charge
 * @nr_pages: number of pages of PAGE_SIZE
 *
 * Context: May sleep. Takes mmap_lock of the charged process.
 * Return: 0, -ENOMEM if the limit does not allow it, -EINTR if the current
 * process is being killed.
 */
int charge_add(const struct charge *charge, unsigned long nr_pages)
{
	int ret = charge->mode == CHARGE_USER ?
			  charge_user_add(charge, nr_pages) :
			  charge_mm_add(charge, nr_pages);

	if (!ret)
		atomic_long_add(nr_pages, &charge->stats->charged);
	trace_iommufd_charge(charge->stats, nr_pages, ret);
	return ret;
}

/**
 * charge_sub() - undo charge_add()
 * @charge: account that was charged
 * @nr_pages: number of pages of PAGE_SIZE
 *
 * Context: May sleep. Takes mmap_lock of the charged process.
 */
void charge_sub(const struct charge *charge, unsigned long nr_pages)
{
	atomic_long_sub(nr_pages, &charge->stats->charged);
	trace_iommufd_uncharge(charge->stats, nr_pages);
	if (charge->mode == CHARGE_USER)
		charge_user_sub(charge, nr_pages);
	else
		charge_mm_sub(charge, nr_pages);
}

static unsigned long charge_used(const struct charge *charge)
{
	if (charge->mode == CHARGE_USER)
		return atomic_long_read(&charge->user->locked_vm);
	return READ_ONCE(charge->mm->locked_vm);
}

/**
 * charge_avail() - get the number of pages that can still be charged
 * @charge: the account
 *
 * The number may be lower by the time charge_add() is called.
 *
 * Context: Process context.
 * Return: number of pages of PAGE_SIZE that the limit allows.
 */
unsigned long charge_avail(const struct charge *charge)
{
	unsigned long limit = charge_limit(charge) >> PAGE_SHIFT;

	if (charge->unlimited)
		return ULONG_MAX;
	return limit - min(limit, charge_used(charge));
}

/**
 * charge_refuse() - note that memory could not be charged, as the reason
 * @charge: account whose limit does not allow it
 * @nr_pages: number of pages of PAGE_SIZE that were to be charged
 *
 * Context: Process context.
 */
void charge_refuse(const struct charge *charge, unsigned long nr_pages)
{
	unsigned long kilobytes = PAGE_SIZE / SZ_1K;

	iommufd_refuse(&charge->stats->refusals, REFUSAL_MEMLOCK,
		       (charge_used(charge) + nr_pages) * kilobytes,
		       charge_limit(charge) / SZ_1K);
}

/**
 * charge_warn() - log that memory could not be charged
 * @charge: account whose limit does not allow it
 * @by_driver: a driver wanted to pin the memory, rather than user space to map
 *	it
 *
 * The messages are those of VFIO, because administrators search their logs for
 * them. There has never been a message for the limit of a user.
 *
 * Context: Process context.
 */
void charge_warn(const struct charge *charge, bool by_driver)
{
	/* for all users: a program may try again for each piece of its memory */
	static DEFINE_RATELIMIT_STATE(limited, 5 * HZ, 100);
	unsigned long limit = charge_limit(charge);

	if (charge->mode == CHARGE_USER || !__ratelimit(&limited))
		return;
	if (by_driver)
		pr_warn("%s: Task %s (%d) RLIMIT_MEMLOCK (%ld) exceeded\n",
			"vfio_pin_page_external", charge->task->comm,
			task_pid_nr(charge->task), limit);
	else
		pr_warn("%s: RLIMIT_MEMLOCK (%ld) exceeded\n",
			"vfio_pin_pages_remote", limit & PAGE_MASK);
}
