// SPDX-License-Identifier: GPL-2.0-only
/*
 * Revocation of dma-bufs that are mapped by an importer: calls that disable the
 * BAR notify the importer and wait until it has unmapped. The importer is
 * dmabuf_importer.ko. On kernels without peer-to-peer DMA it maps nothing, but
 * it is notified all the same.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <sched.h>
#include <stdint.h>
#include <unistd.h>

#include "feature.h"
#include "harness.h"
#include "importer.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

/**
 * struct async_call - a call made by a child
 *
 * If the test fails, the importer is closed, so that the call returns.
 */
struct async_call {
	/** @vdev: the device */
	struct vdev *vdev;
	/** @fn: makes the call */
	void (*fn)(struct vdev *vdev);
	/** @start: eventfd that starts the call */
	int start;
	/** @done: eventfd that is signaled when the call has returned */
	int done;
	/** @pid: the child */
	pid_t pid;
};

static void signal_event(int fd)
{
	uint64_t one = 1;

	ASSERT(write(fd, &one, sizeof(one)) == sizeof(one));
}

static void call_run(void *arg)
{
	struct async_call *call = arg;

	sys_eventfd_wait(call->start);
	call->fn(call->vdev);
	signal_event(call->done);
}

static void call_prepare(struct async_call *call, struct vdev *vdev,
			 void (*fn)(struct vdev *vdev))
{
	*call = (struct async_call){ vdev, fn, sys_eventfd(), sys_eventfd() };
	call->pid = child_start(call_run, call);
}

static void call_begin(struct async_call *call, struct vdev *vdev,
		       void (*fn)(struct vdev *vdev))
{
	call_prepare(call, vdev, fn);
	signal_event(call->start);
}

static void call_check_waits(struct async_call *call)
{
	do {
		sched_yield();
		ASSERT_EQ(sys_eventfd_take(call->done), 0);
	} while (!sys_is_stuck(call->pid, "vfio_pci_dmabuf_"));
}

static void call_end(struct async_call *call)
{
	sys_eventfd_wait(call->done);
	child_expect(call->pid, RESULT_PASS);
	sys_close(call->start);
	sys_close(call->done);
}

/*
 * @call revokes the page, which is mapped by @holder only. Until @holder unmaps
 * it, @bystander cannot map it.
 */
static void check_revoked(struct async_call *call, struct exporter *exp,
			  struct importer *holder, struct importer *bystander)
{
	sys_eventfd_wait(holder->event);
	if (importer_can_map()) {
		call_check_waits(call);
		ASSERT_RC(importer_try_map(bystander), -ENODEV);
		ASSERT_RC(importer_try_open(exp->dmabuf, exp->bdf, 0), -ENODEV);
		importer_unmap(holder);
	}
	call_end(call);
	ASSERT_EQ(sys_eventfd_take(holder->event), 1);
	ASSERT_EQ(sys_eventfd_take(bystander->event), 1);
}

/*
 * Revoke the page by @revoke and restore access by @restore, twice. @restore is
 * NULL if @revoke also restores access.
 */
static void check_revoked_by(enum backend backend,
			     void (*revoke)(struct vdev *vdev),
			     void (*restore)(struct vdev *vdev))
{
	struct importer holder, bystander;
	struct exporter exp;
	struct async_call call;
	unsigned int i;

	exporter_open(&exp, TESTDEV_NVME, backend);
	importer_open(&holder, &exp);
	importer_open(&bystander, &exp);
	for (i = 0; i < 2; i++) {
		importer_map(&holder, &exp);
		call_begin(&call, exp.vdev, revoke);
		check_revoked(&call, &exp, &holder, &bystander);
		if (restore) {
			ASSERT_RC(importer_try_map(&holder), -ENODEV);
			ASSERT_RC(importer_try_map(&bystander), -ENODEV);
			restore(exp.vdev);
		}
		importer_map_once(&bystander, &exp);
		ASSERT_EQ(sys_eventfd_take(holder.event), 0);
	}
	importer_map(&holder, &exp);
}

static void disable_memory(struct vdev *vdev)
{
	vdev_set_memory(vdev, false);
}

static void enable_memory(struct vdev *vdev)
{
	vdev_set_memory(vdev, true);
}

TEST_OVER(disable_waits, BACKENDS_ALL)
{
	check_revoked_by(backend, disable_memory, enable_memory);
}

static void reset_device(struct vdev *vdev)
{
	ASSERT_RC(__vdev_reset(vdev), 0);
}

TEST_OVER(reset_waits, BACKENDS_ALL)
{
	check_revoked_by(backend, reset_device, NULL);
}

/* Values of PCI_PM_CTRL_STATE_MASK */
enum { POWER_STATE_D0 = 0, POWER_STATE_D3HOT = 3 };

static void set_power_state(struct vdev *vdev, unsigned int state)
{
	unsigned int pm = vdev_cfg_cap(vdev, PCI_CAP_ID_PM);

	ASSERT(pm);
	vdev_cfg_write(vdev, pm + PCI_PM_CTRL, 2, state);
}

static void enter_d3hot(struct vdev *vdev)
{
	set_power_state(vdev, POWER_STATE_D3HOT);
}

static void leave_d3hot(struct vdev *vdev)
{
	set_power_state(vdev, POWER_STATE_D0);
}

TEST_OVER(d3hot_waits, BACKENDS_ALL)
{
	check_revoked_by(backend, enter_d3hot, leave_d3hot);
}

static void enter_low_power(struct vdev *vdev)
{
	ASSERT_RC(__vdev_feature(vdev,
				 VFIO_DEVICE_FEATURE_SET |
					 VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
				 NULL, 0),
		  0);
}

static void leave_low_power(struct vdev *vdev)
{
	ASSERT_RC(__vdev_feature(vdev,
				 VFIO_DEVICE_FEATURE_SET |
					 VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
				 NULL, 0),
		  0);
}

TEST_OVER(low_power_waits, BACKENDS_ALL)
{
	check_revoked_by(backend, enter_low_power, leave_low_power);
}

static void close_file(struct vdev *vdev)
{
	sys_close(vdev->fd);
}

/* Open two importers and let @holder map the page. */
static void open_two_importers(struct exporter *exp, struct importer *holder,
			       struct importer *bystander, enum backend backend)
{
	exporter_open(exp, TESTDEV_NVME, backend);
	importer_open(holder, exp);
	importer_open(bystander, exp);
	importer_map(holder, exp);
}

TEST_OVER(close_waits, BACKENDS_ALL)
{
	struct importer holder, bystander;
	struct exporter exp;
	struct async_call call;

	open_two_importers(&exp, &holder, &bystander, backend);
	/* The child has the last descriptor. */
	call_prepare(&call, exp.vdev, close_file);
	sys_close(exp.vdev->fd);
	signal_event(call.start);
	check_revoked(&call, &exp, &holder, &bystander);
	ASSERT_RC(importer_try_map(&holder), -ENODEV);
	ASSERT_RC(importer_try_open(exp.dmabuf, exp.bdf, 0), -ENODEV);
}

/* The call waits for each importer. */
TEST_OVER(two_holders, BACKENDS_ALL)
{
	struct importer one, other;
	struct exporter exp;
	struct async_call call;

	open_two_importers(&exp, &one, &other, backend);
	importer_map(&other, &exp);
	call_begin(&call, exp.vdev, disable_memory);
	sys_eventfd_wait(one.event);
	sys_eventfd_wait(other.event);
	if (importer_can_map()) {
		call_check_waits(&call);
		importer_unmap(&one);
		call_check_waits(&call);
		/* Closing an importer unmaps as well. */
		importer_close(&other);
	}
	call_end(&call);
}

/* The dma-bufs of the device are revoked one after the other. */
TEST_OVER(two_buffers, BACKENDS_ALL)
{
	struct importer one, other;
	struct exporter exp;
	struct async_call call;

	exporter_open(&exp, TESTDEV_NVME, backend);
	importer_open(&one, &exp);
	exp.dmabuf = vdev_dmabuf(exp.vdev, VFIO_PCI_BAR0_REGION_INDEX, 0, PAGE);
	importer_open(&other, &exp);
	importer_map(&one, &exp);
	importer_map(&other, &exp);
	call_begin(&call, exp.vdev, disable_memory);
	sys_eventfd_wait(one.event);
	if (importer_can_map()) {
		call_check_waits(&call);
		importer_unmap(&one);
		sys_eventfd_wait(other.event);
		call_check_waits(&call);
		importer_unmap(&other);
	}
	call_end(&call);
	ASSERT_RC(importer_try_map(&one), -ENODEV);
	ASSERT_RC(importer_try_map(&other), -ENODEV);
	enable_memory(exp.vdev);
	importer_map_once(&one, &exp);
	importer_map_once(&other, &exp);
}

/*
 * An importer is notified whether or not it has pinned the dma-buf. If it
 * unmaps in the notification, the call does not wait.
 */
TEST_OVER(unmaps_at_once, BACKENDS_ALL)
{
	struct importer imp;
	struct exporter exp;
	struct async_call call;
	unsigned int i;

	exporter_open(&exp, TESTDEV_NVME, backend);
	importer_open_with(&imp, &exp, IMPORTER_AT_ONCE);
	for (i = 0; i < 2; i++) {
		importer_map(&imp, &exp);
		call_begin(&call, exp.vdev, disable_memory);
		call_end(&call);
		ASSERT_EQ(sys_eventfd_take(imp.event), 1);
		ASSERT_RC(__importer_ioctl(&imp, IMPORTER_UNMAP), -EINVAL);
		ASSERT_RC(importer_try_map(&imp), -ENODEV);
		enable_memory(exp.vdev);
		if (i == 0)
			ASSERT_RC(__importer_ioctl(&imp, IMPORTER_PIN), 0);
	}
	ASSERT_RC(__importer_ioctl(&imp, IMPORTER_UNPIN), 0);
}

/*
 * Two devices without a common bridge: only on some platforms is it known that
 * they can reach each other. If mapping fails, there is nothing to wait for.
 */
TEST_OVER(stranger, BACKENDS_ALL)
{
	const char *bdf = pci_need_unbound(TESTDEV_EDU0);
	struct importer_map map;
	struct importer imp;
	struct exporter exp;
	struct async_call call;
	int ret;

	exporter_open(&exp, TESTDEV_NVME, backend);
	ASSERT_RC(__importer_open(&imp, exp.dmabuf, bdf, IMPORTER_AT_ONCE), 0);
	ret = __importer_map(&imp, &map);
	if (ret)
		ASSERT_RC(ret, importer_can_map() ? -EINVAL : -EOPNOTSUPP);
	else
		ASSERT_EQ(map.length, PAGE);
	call_begin(&call, exp.vdev, disable_memory);
	call_end(&call);
	ASSERT_EQ(sys_eventfd_take(imp.event), 1);
	ASSERT_RC(__importer_ioctl(&imp, IMPORTER_UNMAP), -EINVAL);
}

/* An unmapped importer that has DMA in progress. */
TEST_OVER(waits_for_dma, BACKENDS_ALL)
{
	struct importer imp;
	struct exporter exp;
	struct async_call call;

	exporter_open(&exp, TESTDEV_NVME, backend);
	importer_open_with(&imp, &exp, IMPORTER_AT_ONCE);
	importer_map(&imp, &exp);
	ASSERT_RC(__importer_ioctl(&imp, IMPORTER_BEGIN_DMA), 0);
	call_begin(&call, exp.vdev, disable_memory);
	sys_eventfd_wait(imp.event);
	call_check_waits(&call);
	ASSERT_RC(__importer_ioctl(&imp, IMPORTER_END_DMA), 0);
	call_end(&call);
	enable_memory(exp.vdev);
	/* The call does not wait for DMA that is complete. */
	importer_map(&imp, &exp);
	call_begin(&call, exp.vdev, disable_memory);
	call_end(&call);
}

/* The importer has the last reference to the dma-buf. */
TEST_OVER(held_by_importer, BACKENDS_ALL)
{
	struct importer imp;
	struct exporter exp;
	struct async_call call;

	exporter_open(&exp, TESTDEV_NVME, backend);
	importer_open_with(&imp, &exp, IMPORTER_AT_ONCE);
	sys_close(exp.dmabuf);
	importer_map(&imp, &exp);
	call_begin(&call, exp.vdev, disable_memory);
	call_end(&call);
	ASSERT_EQ(sys_eventfd_take(imp.event), 1);
	enable_memory(exp.vdev);
	importer_map(&imp, &exp);
	importer_close(&imp);
	disable_memory(exp.vdev);
	enable_memory(exp.vdev);
}
