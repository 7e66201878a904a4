/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A description of memory that is mapped, for debugfs.
 */
#ifndef IOMMUFD_PAGES_INFO_H
#define IOMMUFD_PAGES_INFO_H

#include <linux/limits.h>
#include <linux/sched.h>
#include <linux/types.h>

struct pages;

/**
 * struct pages_info - a part of some memory, as pages_describe() finds it
 */
struct pages_info {
	/** @kind: word for the kind of memory */
	const char *kind;
	/** @file: path of the file that has the memory, in @path, or NULL */
	const char *file;
	/** @exporter: name of the exporter of a dma-buf, or empty */
	char exporter[32];
	/** @thp: share of huge pages in percent, -1 if nothing is pinned */
	int thp;
	/** @pid: process that is charged, in the initial namespace */
	pid_t pid;
	/** @comm: its name */
	char comm[TASK_COMM_LEN];
	/** @path: space for @file */
	char path[PATH_MAX];
};

int pages_describe(struct pages *pages, unsigned long offset,
		   unsigned long length, struct pages_info *info);

#endif /* IOMMUFD_PAGES_INFO_H */
