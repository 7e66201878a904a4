/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RLIMIT_MEMLOCK: who pays for pinned memory, and how much is left.
 *
 * Who pays is fixed when memory is mapped and does not change when another
 * process later makes the memory be pinned; only where a process says that it
 * takes the memory over. Memory is charged before it is held, but for what comes
 * close to the limit, and uncharged after it was let go. Neither needs the payer
 * to be alive.
 */
#ifndef IOMMUFD_CHARGE_H
#define IOMMUFD_CHARGE_H

#include <linux/types.h>

struct mm_struct;
struct task_struct;
struct user_struct;

/**
 * enum charge_mode - where pinned pages are counted
 */
enum charge_mode {
	/**
	 * @CHARGE_USER: one limit for all processes of a user, as the rest of
	 * the kernel counts for io_uring and others. The pages also show in
	 * VmPin of the process. With CAP_IPC_LOCK the user is not charged.
	 */
	CHARGE_USER,
	/**
	 * @CHARGE_MM: a limit for each process, counted in VmLck as VFIO
	 * always did. With CAP_IPC_LOCK the pages count, but have no limit.
	 */
	CHARGE_MM,
	/**
	 * @CHARGE_PROCESS: the limit of CHARGE_MM, and the pages show in VmPin
	 * too; with CAP_IPC_LOCK only there. What IOMMU_OPTION_RLIMIT_MODE has
	 * always meant.
	 */
	CHARGE_PROCESS,
};

/**
 * struct charge - who pays for one request
 */
struct charge {
	/** @mode: where pages are counted */
	enum charge_mode mode;
	/** @unlimited: the payer had CAP_IPC_LOCK */
	bool unlimited;
	/** @mm: of the payer, a reference to the structure, not to its users */
	struct mm_struct *mm;
	/** @task: its limit applies, with a reference */
	struct task_struct *task;
	/** @user: of the payer, with a reference; NULL where it does not matter */
	struct user_struct *user;
};

void charge_init(struct charge *charge, enum charge_mode mode);
void charge_destroy(struct charge *charge);
int charge_add(const struct charge *charge, unsigned long nr_pages);
void charge_sub(const struct charge *charge, unsigned long nr_pages);
unsigned long charge_avail(const struct charge *charge);
void charge_warn(const struct charge *charge, bool by_driver);

#endif /* IOMMUFD_CHARGE_H */
