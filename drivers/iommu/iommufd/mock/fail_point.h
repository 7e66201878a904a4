/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Points at which iommufd.ko fails at the request of a test.
 *
 * A build for tests has a point at every call that may fail. fail_calls.h adds
 * them, so that the sources do not mention them. Other builds have none.
 */
#ifndef IOMMUFD_MOCK_FAIL_POINT_H
#define IOMMUFD_MOCK_FAIL_POINT_H

#include <linux/compiler.h>
#include <linux/jump_label.h>
#include <linux/stringify.h>
#include <linux/types.h>

/* sparse does not define it */
#ifdef __CHECKER__
#define __FILE_NAME__ __FILE__
#endif

struct task_struct;

/**
 * struct fail_points - state of the armed points
 */
struct fail_points {
	/** @task: task whose calls are counted */
	const struct task_struct *task;
	/** @nth: number of the point that fails, from 1; 0 for none */
	unsigned int nth;
	/** @reached: number of points reached */
	unsigned int reached;
	/** @failed: the point that failed, "CALL FILE:LINE"; NULL for none */
	const char *failed;
};

DECLARE_STATIC_KEY_FALSE(fail_points_enabled);

bool fail_point_reached(const char *name);
void fail_points_enable(bool enable);
void fail_points_arm(unsigned int nth);
void fail_points_disarm(struct fail_points *seen);

/*
 * Whether the call is to fail. "modinfo -F fail_point" lists all points of a
 * module; the section it reads is not kept in memory.
 */
#define fail_point_(name, unique)                                   \
	({                                                          \
		static const char unique[] __used __aligned(1)      \
			__section(".modinfo") = "fail_point=" name; \
		static_branch_unlikely(&fail_points_enabled) &&     \
			fail_point_reached(name);                   \
	})
#define fail_point(call)                                              \
	fail_point_(call " " __FILE_NAME__ ":" __stringify(__LINE__), \
		    __UNIQUE_ID(fail_point))

#endif /* IOMMUFD_MOCK_FAIL_POINT_H */
