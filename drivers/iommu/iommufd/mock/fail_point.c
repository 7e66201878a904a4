// SPDX-License-Identifier: GPL-2.0-only
/*
 * Select the fail point that fails. Part of iommufd.ko in a build for tests.
 */
#include <linux/export.h>
#include <linux/sched.h>

#include "fail_point.h"

/* The task that has armed the points; other tasks only compare @task. */
static struct fail_points fail_points_armed;

/* Enabled while a test may arm points; costs nothing during measurements. */
DEFINE_STATIC_KEY_FALSE(fail_points_enabled);

/**
 * fail_point_reached() - record that the current task has reached a point
 * @name: name and position of the call
 *
 * Context: Any.
 * Return: true if the call is to fail.
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
 * fail_points_enable() - enable or disable the arming of points
 * @enable: true to enable
 *
 * Context: May sleep. The caller ensures that there is one user at a time.
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
 * fail_points_arm() - arm a point that the current task is going to reach
 * @nth: number of the point that fails, counted from 1; 0 to count only
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
 * fail_points_disarm() - disarm the points
 * @seen: set to what happened since fail_points_arm()
 *
 * Context: Any. In the task that armed the points.
 */
void fail_points_disarm(struct fail_points *seen)
{
	WRITE_ONCE(fail_points_armed.task, NULL);
	*seen = fail_points_armed;
}
EXPORT_SYMBOL_NS_GPL(fail_points_disarm, "IOMMUFD_MOCK");
