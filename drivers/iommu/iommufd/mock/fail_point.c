// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which point fails. A part of iommufd.ko in a build for tests.
 */
#include <linux/export.h>
#include <linux/sched.h>

#include "fail_point.h"

/* Whoever has armed the points; others only compare themselves with the task. */
static struct fail_points fail_points_armed;

/* On while somebody arms points, so that they cost a measurement nothing. */
DEFINE_STATIC_KEY_FALSE(fail_points_enabled);

/**
 * fail_point_reached() - a task comes by a point
 * @name: the call and where it is
 *
 * Context: Any.
 * Return: whether to fail.
 */
bool fail_point_reached(const char *name)
{
	if (READ_ONCE(fail_points_armed.task) != current || !in_task())
		return false;
	if (++fail_points_armed.reached != fail_points_armed.nth)
		return false;
	fail_points_armed.failed = name;
	return true;
}

/**
 * fail_points_enable() - let there be somebody who arms points
 * @enable: or nobody any more
 *
 * Context: May sleep. One user at a time, which is up to the caller.
 */
void fail_points_enable(bool enable)
{
	if (enable) {
		static_branch_enable(&fail_points_enabled);
		return;
	}
	static_branch_disable(&fail_points_enabled);
	WRITE_ONCE(fail_points_armed.task, NULL);
}
EXPORT_SYMBOL_NS_GPL(fail_points_enable, "IOMMUFD_MOCK");

/**
 * fail_points_arm() - let a point that the current task will reach fail
 * @nth: which one from now on, from 1; 0 to count only
 *
 * Context: Any. After fail_points_enable().
 */
void fail_points_arm(unsigned int nth)
{
	WRITE_ONCE(fail_points_armed.task, NULL);
	fail_points_armed = (struct fail_points){ .nth = nth };
	WRITE_ONCE(fail_points_armed.task, current);
}
EXPORT_SYMBOL_NS_GPL(fail_points_arm, "IOMMUFD_MOCK");

/**
 * fail_points_disarm() - fail no more
 * @seen: is told what happened since fail_points_arm()
 *
 * Context: Any. In the task that armed.
 */
void fail_points_disarm(struct fail_points *seen)
{
	WRITE_ONCE(fail_points_armed.task, NULL);
	*seen = fail_points_armed;
}
EXPORT_SYMBOL_NS_GPL(fail_points_disarm, "IOMMUFD_MOCK");
