// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves pages from one account to another, and to another address of a process.
 */
#include <linux/cleanup.h>
#include <linux/cred.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "backing_user.h"
#include "pages.h"

static bool pages_charges_current(const struct charge *charge)
{
	return charge->mm == current->mm &&
	       (!charge->user || charge->user == current_user());
}

/* Takes over @next_charge, and sets it to NULL, unless it is not needed */
static int pages_add_next_charge_locked(struct pages *pages,
					struct charge **next_charge)
{
	int ret = 0;

	lockdep_assert_held(&pages->lock);

	if (pages->next_charge || pages_charges_current(&pages->charge))
		return 0;
	charge_init(*next_charge, pages->charge.mode, pages->charge.stats);
	if (pages->nr_charged)
		ret = charge_add(*next_charge, pages->nr_charged);
	if (ret) {
		if (ret == -ENOMEM)
			charge_refuse(*next_charge, pages->nr_charged);
		charge_destroy(*next_charge);
		return ret;
	}
	swap(pages->next_charge, *next_charge);
	return 0;
}

/**
 * pages_can_move() - test if pages can be charged to another process
 * @pages: the pages
 *
 * Context: Any.
 * Return: false for memory of a process, and for memory of a device, which is
 * not charged.
 */
bool pages_can_move(const struct pages *pages)
{
	const struct backing_ops *ops = pages->backing.ops;

	return !ops->of_process && !ops->of_device;
}

/**
 * pages_add_next_charge() - charge pages to the current process too
 * @pages: the pages
 *
 * Both accounts are charged until pages_drop_next_charge(). Does nothing if the
 * current process is charged already. Only one request at a time may do this.
 *
 * Context: May sleep. The current task has an mm.
 * Return: 0, -EINVAL if pages_can_move() is false, -ENOMEM, also if the limit
 * does not allow it, -EINTR if the current process is being killed.
 */
int pages_add_next_charge(struct pages *pages)
{
	struct charge *next_charge;
	int ret = -EINTR;

	if (!pages_can_move(pages))
		return -EINVAL;
	next_charge = kzalloc_obj(*next_charge, GFP_KERNEL_ACCOUNT);
	if (!next_charge)
		return -ENOMEM;
	if (!mutex_lock_killable(&pages->lock)) {
		ret = pages_add_next_charge_locked(pages, &next_charge);
		mutex_unlock(&pages->lock);
	}
	kfree(next_charge);
	return ret;
}

/**
 * pages_drop_next_charge() - charge pages to one account again
 * @pages: the pages; does nothing if they have no next account
 * @use_next: keep the next account rather than the previous one
 *
 * Context: May sleep.
 */
void pages_drop_next_charge(struct pages *pages, bool use_next)
{
	struct charge *next_charge;

	guard(mutex)(&pages->lock);
	next_charge = pages->next_charge;
	if (!next_charge)
		return;
	pages->next_charge = NULL;
	if (use_next)
		swap(*next_charge, pages->charge);
	if (pages->nr_charged)
		charge_sub(next_charge, pages->nr_charged);
	charge_destroy(next_charge);
	kfree(next_charge);
}

/**
 * pages_move() - move pages to an address of the current process
 * @pages: the pages
 * @start: the new address of page 0, a multiple of PAGE_SIZE
 *
 * Charges the current process instead of the previous one. Pinned pages stay
 * pinned. Memory that is not that of a process has no address to change.
 *
 * Context: May sleep. The current task has an mm.
 * Return: 0, or with nothing changed -ENOMEM, also if the limit does not allow
 * it, or -EINTR if the current process is being killed.
 */
int pages_move(struct pages *pages, unsigned long start)
{
	struct charge *next_charge;
	int ret = -EINTR;

	next_charge = kzalloc_obj(*next_charge, GFP_KERNEL_ACCOUNT);
	if (!next_charge)
		return -ENOMEM;
	if (!mutex_lock_killable(&pages->lock)) {
		ret = pages_add_next_charge_locked(pages, &next_charge);
		if (!ret && pages->backing.ops->of_process)
			backing_user_move(&pages->backing, start);
		mutex_unlock(&pages->lock);
	}
	if (!next_charge)
		pages_drop_next_charge(pages, true);
	kfree(next_charge);
	return ret;
}
