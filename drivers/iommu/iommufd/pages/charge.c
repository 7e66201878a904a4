// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/user.h>

#include "charge.h"

/**
 * charge_init() - let the current process pay
 * @charge: to be initialized
 * @mode: where pages will be counted
 *
 * Context: Process context of a process with an mm.
 */
void charge_init(struct charge *charge, enum charge_mode mode)
{
	mmgrab(current->mm);
	*charge = (struct charge){
		.mode = mode,
		.unlimited = capable(CAP_IPC_LOCK),
		.mm = current->mm,
		.task = get_task_struct(current->group_leader),
		.user = mode == CHARGE_USER ? get_uid(current_user()) : NULL,
	};
}

/**
 * charge_destroy() - forget who pays
 * @charge: with everything uncharged
 *
 * Context: Any process context.
 */
void charge_destroy(struct charge *charge)
{
	if (charge->user)
		free_uid(charge->user);
	put_task_struct(charge->task);
	mmdrop(charge->mm);
}

static unsigned long limit_bytes(const struct charge *charge)
{
	return task_rlimit(charge->task, RLIMIT_MEMLOCK);
}

static int add_to_user(const struct charge *charge, unsigned long nr_pages)
{
	unsigned long limit = limit_bytes(charge) >> PAGE_SHIFT;
	atomic_long_t *locked = &charge->user->locked_vm;
	long old = atomic_long_read(locked);

	do {
		if (nr_pages > limit || old > limit - nr_pages)
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(locked, &old, old + nr_pages));
	return 0;
}

static int user_add(const struct charge *charge, unsigned long nr_pages)
{
	int ret = charge->unlimited ? 0 : add_to_user(charge, nr_pages);

	if (!ret)
		atomic64_add(nr_pages, &charge->mm->pinned_vm);
	return ret;
}

static void user_sub(const struct charge *charge, unsigned long nr_pages)
{
	atomic64_sub(nr_pages, &charge->mm->pinned_vm);
	if (!charge->unlimited)
		atomic_long_sub(nr_pages, &charge->user->locked_vm);
}

/* VFIO counts what has no limit, too. */
static bool counts_locked(const struct charge *charge)
{
	return charge->mode == CHARGE_MM || !charge->unlimited;
}

static int add_locked(const struct charge *charge, unsigned long nr_pages)
{
	int ret;

	if (mmap_write_lock_killable(charge->mm))
		return -EINTR;
	ret = __account_locked_vm(charge->mm, nr_pages, true, charge->task,
				  charge->unlimited);
	mmap_write_unlock(charge->mm);
	return ret;
}

static int mm_add(const struct charge *charge, unsigned long nr_pages)
{
	int ret = counts_locked(charge) ? add_locked(charge, nr_pages) : 0;

	if (!ret && charge->mode == CHARGE_PROCESS)
		atomic64_add(nr_pages, &charge->mm->pinned_vm);
	return ret;
}

static void mm_sub(const struct charge *charge, unsigned long nr_pages)
{
	if (charge->mode == CHARGE_PROCESS)
		atomic64_sub(nr_pages, &charge->mm->pinned_vm);
	if (!counts_locked(charge))
		return;
	mmap_write_lock(charge->mm);
	__account_locked_vm(charge->mm, nr_pages, false, charge->task, true);
	mmap_write_unlock(charge->mm);
}

/**
 * charge_add() - charge for pages about to be pinned
 * @charge: who pays
 * @nr_pages: of PAGE_SIZE
 *
 * Context: May sleep. Takes mmap_lock of the payer.
 * Return: 0, -ENOMEM where the limit does not allow it, -EINTR where the
 * current process is being killed.
 */
int charge_add(const struct charge *charge, unsigned long nr_pages)
{
	if (charge->mode == CHARGE_USER)
		return user_add(charge, nr_pages);
	return mm_add(charge, nr_pages);
}

/**
 * charge_sub() - give back what charge_add() took
 * @charge: who paid
 * @nr_pages: of PAGE_SIZE
 *
 * Context: May sleep. Takes mmap_lock of the payer.
 */
void charge_sub(const struct charge *charge, unsigned long nr_pages)
{
	if (charge->mode == CHARGE_USER)
		user_sub(charge, nr_pages);
	else
		mm_sub(charge, nr_pages);
}

/**
 * charge_avail() - for how many more pages is there room?
 * @charge: who pays
 *
 * It may be less by the time of charge_add().
 *
 * Context: Any process context.
 * Return: number of pages of PAGE_SIZE that the limit allows.
 */
unsigned long charge_avail(const struct charge *charge)
{
	unsigned long limit = limit_bytes(charge) >> PAGE_SHIFT;
	unsigned long used;

	if (charge->unlimited)
		return ULONG_MAX;
	if (charge->mode == CHARGE_USER)
		used = atomic_long_read(&charge->user->locked_vm);
	else
		used = READ_ONCE(charge->mm->locked_vm);
	return limit - min(limit, used);
}

/**
 * charge_warn() - say in the log that memory could not be charged
 * @charge: whose limit was in the way
 * @by_driver: it was to be pinned for a driver rather than mapped
 *
 * Administrators search their logs for the words that VFIO always had for that.
 * The limit of a user never had any.
 *
 * Context: Any process context.
 */
void charge_warn(const struct charge *charge, bool by_driver)
{
	unsigned long limit = limit_bytes(charge);

	if (charge->mode == CHARGE_USER)
		return;
	if (by_driver)
		pr_warn("%s: Task %s (%d) RLIMIT_MEMLOCK (%ld) exceeded\n",
			"vfio_pin_page_external", charge->task->comm,
			task_pid_nr(charge->task), limit);
	else
		pr_warn("%s: RLIMIT_MEMLOCK (%ld) exceeded\n",
			"vfio_pin_pages_remote", limit & PAGE_MASK);
}
