// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets of functions that are being closed.
 *
 * The reset of a hot-plug slot waits for the lock of the slot. While a slot is
 * powered off, its driver holds this lock and waits for other slots that are
 * powered off. They may wait for other devices of the task whose close resets
 * this one. So a worker resets, and the close continues if the worker does not
 * get the lock in time.
 */
#include <linux/completion.h>
#include <linux/pm_runtime.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "slot_reset.h"

/* More than most devices need; a longer reset completes in the background */
#define SLOT_RESET_TIMEOUT (10 * HZ)

/**
 * struct slot_reset - a reset by a worker
 */
struct slot_reset {
	/** @work: runs @fn */
	struct work_struct work;
	/** @done: completed when @ret is set */
	struct completion done;
	/** @users: the worker and the close */
	refcount_t users;
	/** @pdev: the function, with a reference and kept awake */
	struct pci_dev *pdev;
	/** @fn: resets @pdev */
	int (*fn)(struct pci_dev *pdev);
	/** @ret: return value of @fn */
	int ret;
};

static struct workqueue_struct *slot_reset_wq;

static void slot_reset_put(struct slot_reset *reset)
{
	if (refcount_dec_and_test(&reset->users))
		kfree(reset);
}

static void slot_reset_work(struct work_struct *work)
{
	struct slot_reset *reset = container_of(work, struct slot_reset, work);
	struct pci_dev *pdev = reset->pdev;

	reset->ret = reset->fn(pdev);
	pm_runtime_put(&pdev->dev);
	pci_dev_put(pdev);
	complete(&reset->done);
	slot_reset_put(reset);
}

static struct slot_reset *slot_reset_start(struct pci_dev *pdev,
					   int (*fn)(struct pci_dev *pdev))
{
	struct slot_reset *reset;

	/* A close cannot fail */
	reset = kzalloc_obj(*reset, GFP_KERNEL | __GFP_NOFAIL);
	INIT_WORK(&reset->work, slot_reset_work);
	init_completion(&reset->done);
	refcount_set(&reset->users, 2);
	reset->pdev = pci_dev_get(pdev);
	reset->fn = fn;
	pm_runtime_get_noresume(&pdev->dev);
	queue_work(slot_reset_wq, &reset->work);
	return reset;
}

/**
 * vfio_pci_reset_at_close() - reset a function or its bus at close
 * @pdev: the function, resumed
 * @fn: does the reset, and only tries device locks
 *
 * @fn may be called by a worker, and may still run after the return. Meanwhile
 * it holds the device lock, so that the function cannot be opened.
 *
 * Context: May sleep. Does not wait for the lock of a hot-plug slot.
 * Return: Return value of @fn, or -ETIMEDOUT if @fn still runs.
 */
int vfio_pci_reset_at_close(struct pci_dev *pdev,
			    int (*fn)(struct pci_dev *pdev))
{
	struct slot_reset *reset;
	int ret = -ETIMEDOUT;

	if (pci_probe_reset_slot(pdev->slot))
		return fn(pdev);

	reset = slot_reset_start(pdev, fn);
	if (wait_for_completion_timeout(&reset->done, SLOT_RESET_TIMEOUT))
		ret = reset->ret;
	else
		pci_info(pdev, "closed before its reset is done\n");
	slot_reset_put(reset);
	return ret;
}

/**
 * vfio_pci_slot_reset_init() - allocate the workers
 *
 * Context: Process context, from module init.
 * Return: 0 or -ENOMEM.
 */
int vfio_pci_slot_reset_init(void)
{
	slot_reset_wq = alloc_workqueue("vfio-pci-reset", WQ_UNBOUND, 0);
	return slot_reset_wq ? 0 : -ENOMEM;
}

/**
 * vfio_pci_slot_reset_exit() - wait for the workers and free them
 *
 * Context: Process context, from module exit.
 */
void vfio_pci_slot_reset_exit(void)
{
	destroy_workqueue(slot_reset_wq);
}
