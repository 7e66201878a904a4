/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accounting of pinned memory against RLIMIT_MEMLOCK.
 *
 * The account to charge is fixed when memory is mapped. It does not change if a
 * request of another process pins the memory later, only if a process takes the
 * memory over explicitly. Memory is charged before it is pinned, except close
 * to the limit, and uncharged after it is unpinned. Neither requires the
 * charged process to be alive.
 */
#ifndef IOMMUFD_CHARGE_H
#define IOMMUFD_CHARGE_H

#include <linux/types.h>

struct iommufd_stats;
struct mm_struct;
struct task_struct;
struct user_struct;

/**
 * enum charge_mode - the counters and the limit for pinned pages
 */
enum charge_mode {
	/**
	 * @CHARGE_USER: one limit for all processes of a user, shared with
	 * io_uring and other users of locked_vm. The pages also show in VmPin
	 * of the process. With CAP_IPC_LOCK the user is not charged.
	 */
	CHARGE_USER,
	/**
	 * @CHARGE_MM: a limit for each process, counted in VmLck as VFIO has
	 * always done. With CAP_IPC_LOCK the pages are counted without a limit.
	 */
	CHARGE_MM,
	/**
	 * @CHARGE_PROCESS: the limit of CHARGE_MM, and the pages also show in
	 * VmPin; with CAP_IPC_LOCK they show only there. This is the meaning of
	 * IOMMU_OPTION_RLIMIT_MODE.
	 */
	CHARGE_PROCESS,
};

/**
 * struct charge - the account that is charged for pinned memory
 */
struct charge {
	/** @mode: the counters and the limit */
	enum charge_mode mode;
	/** @unlimited: the process had CAP_IPC_LOCK */
	bool unlimited;
	/** @stats: counts the charge of the context */
	struct iommufd_stats *stats;
	/** @mm: mm of the process, with a reference of mmgrab() */
	struct mm_struct *mm;
	/** @task: task whose limit applies, with a reference */
	struct task_struct *task;
	/** @user: user to charge, with a reference; only for CHARGE_USER */
	struct user_struct *user;
};

void charge_init(struct charge *charge, enum charge_mode mode,
		 struct iommufd_stats *stats);
void charge_destroy(struct charge *charge);
int charge_add(const struct charge *charge, unsigned long nr_pages);
void charge_sub(const struct charge *charge, unsigned long nr_pages);
unsigned long charge_avail(const struct charge *charge);
void charge_refuse(const struct charge *charge, unsigned long nr_pages);
void charge_warn(const struct charge *charge, bool by_driver);

#endif /* IOMMUFD_CHARGE_H */
