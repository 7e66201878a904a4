// SPDX-License-Identifier: GPL-2.0-only
/*
 * BARs as dma-bufs for those who want a scatter list: who may have one, and that
 * whoever takes the memory away waits until it is given back. The importer is
 * dmabuf_importer.ko. Kernels without peer to peer DMA map nothing, but tell
 * importers all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../modules/dmabuf_importer/importer_abi.h"
#include "feature.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define MODULE "../modules/dmabuf_importer/dmabuf_importer.ko"
#define DEVICE "/dev/dmabuf_importer"
#define BAR0 VFIO_PCI_BAR0_REGION_INDEX
#define SET VFIO_DEVICE_FEATURE_SET

/* Scatter lists of BARs came with 6.19. */
static bool kernel_maps(void)
{
	return !sys_kernel_before(6, 19);
}

/** struct importer - who has attached to a dma-buf */
struct importer {
	/** @fd: of the module */
	int fd;
	/** @event: eventfd, counts how often it was told to unmap */
	int event;
};

static int __import(struct importer *imp, int dmabuf, const char *bdf,
		    unsigned int flags)
{
	unsigned int domain, bus, device, function;
	struct importer_attach arg = { .dmabuf_fd = dmabuf, .flags = flags };

	sys_load_module(MODULE);
	ASSERT(sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &device, &function) ==
	       4);
	imp->fd = sys_open(DEVICE, O_RDWR);
	imp->event = sys_eventfd();
	arg.event_fd = imp->event;
	arg.domain = domain;
	arg.bus = bus;
	arg.devfn = device << 3 | function;
	return __sys_ioctl(imp->fd, IMPORTER_ATTACH, &arg);
}

static void import_close(struct importer *imp)
{
	sys_close(imp->fd);
	sys_close(imp->event);
}

static int try_import(int dmabuf, const char *bdf, unsigned int flags)
{
	struct importer imp;
	int rc = __import(&imp, dmabuf, bdf, flags);

	import_close(&imp);
	return rc;
}

static int act(struct importer *imp, unsigned long cmd)
{
	return __sys_ioctl(imp->fd, cmd, NULL);
}

static int __map(struct importer *imp, struct importer_map *map)
{
	*map = (struct importer_map){};
	return __sys_ioctl(imp->fd, IMPORTER_MAP, map);
}

static int try_map(struct importer *imp)
{
	struct importer_map map;

	return __map(imp, &map);
}

static void unmap(struct importer *imp)
{
	ASSERT_RC(act(imp, IMPORTER_UNMAP), kernel_maps() ? 0 : -EINVAL);
}

/** struct lender - a device whose first page of BAR 0 is lent */
struct lender {
	/** @bdf: its PCI address */
	const char *bdf;
	/** @vdev: the device */
	struct vdev *vdev;
	/** @dmabuf: the page */
	int dmabuf;
	/** @start: where BAR 0 is */
	__u64 start;
};

static void lend(struct lender *l, enum testdev which, enum backend backend)
{
	l->bdf = pci_need(which);
	l->vdev = vdev_open(l->bdf, backend);
	vdev_enable(l->vdev, false);
	l->start = pci_bar_start(l->bdf, 0);
	l->dmabuf = vdev_dmabuf(l->vdev, BAR0, 0, PAGE);
}

/* A device is a peer of itself, which no topology forbids. */
static void import_with(struct importer *imp, struct lender *l,
			unsigned int flags)
{
	ASSERT_RC(__import(imp, l->dmabuf, l->bdf, flags), 0);
}

static void import(struct importer *imp, struct lender *l)
{
	import_with(imp, l, 0);
}

static void check_maps(struct importer *imp, struct lender *l)
{
	struct importer_map map;
	int rc = __map(imp, &map);

	if (!kernel_maps()) {
		ASSERT_RC(rc, -EOPNOTSUPP);
		return;
	}
	ASSERT_RC(rc, 0);
	ASSERT_EQ(map.nr, 1);
	ASSERT_EQ(map.length, PAGE);
	ASSERT_EQ(map.entries[0].address, l->start);
	ASSERT_EQ(map.entries[0].length, PAGE);
}

/* Two importers, of which one has the page mapped. */
static void lend_to(struct lender *l, struct importer *holder,
		    struct importer *bystander, enum backend backend)
{
	lend(l, TESTDEV_NVME, backend);
	import(holder, l);
	import(bystander, l);
	check_maps(holder, l);
}

static void check_maps_again(struct importer *imp, struct lender *l)
{
	check_maps(imp, l);
	unmap(imp);
}

/* A scatter list has an entry for each range, in their order. */
TEST_OVER(ranges, BACKENDS_ALL)
{
	static const struct vfio_region_dma_range ranges[] = {
		{ 2 * PAGE, PAGE },
		{ 0, PAGE },
		{ 2 * PAGE, 2 * PAGE },
	};
	struct importer_map map;
	struct importer imp;
	struct lender l;
	unsigned int i;

	lend(&l, TESTDEV_NVME, backend);
	l.dmabuf = (int)ASSERT_OK(__vdev_dmabuf(l.vdev, BAR0, ranges, 3));
	import(&imp, &l);
	if (!kernel_maps()) {
		ASSERT_RC(__map(&imp, &map), -EOPNOTSUPP);
		return;
	}
	ASSERT_RC(__map(&imp, &map), 0);
	ASSERT_EQ(map.length, 4 * PAGE);
	ASSERT_EQ(map.nr, 3);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(map.entries[i].address, l.start + ranges[i].offset);
		ASSERT_EQ(map.entries[i].length, ranges[i].length);
	}
	ASSERT_RC(try_map(&imp), -EBUSY);
	unmap(&imp);
	ASSERT_RC(act(&imp, IMPORTER_UNMAP), -EINVAL);
	ASSERT_RC(__map(&imp, &map), 0);
	ASSERT_EQ(map.length, 4 * PAGE);
	/* The end of the importer unmaps. */
	import_close(&imp);
	vdev_set_memory(l.vdev, false);
}

/* Two devices with a bridge in common */
TEST_OVER(neighbour, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_SHARED1);
	struct importer imp;
	struct lender l;

	lend(&l, TESTDEV_SHARED0, backend);
	ASSERT_RC(__import(&imp, l.dmabuf, bdf, 0), 0);
	check_maps_again(&imp, &l);
}

TEST_OVER(who_may_attach, BACKENDS_ALL)
{
	struct importer imp;
	struct lender l;

	lend(&l, TESTDEV_NVME, backend);
	ASSERT_RC(try_import(l.dmabuf, l.bdf, 0), 0);
	ASSERT_RC(try_import(l.dmabuf, l.bdf, IMPORTER_STATIC), -EOPNOTSUPP);
	ASSERT_RC(try_import(l.dmabuf, l.bdf, IMPORTER_NO_P2P), -EOPNOTSUPP);
	if (!sys_kernel_before(7, 1))
		ASSERT_RC(try_import(l.dmabuf, l.bdf, IMPORTER_NO_NOTIFY),
			  -EOPNOTSUPP);

	import(&imp, &l);
	vdev_set_memory(l.vdev, false);
	ASSERT_RC(try_import(l.dmabuf, l.bdf, 0), -ENODEV);
	ASSERT_RC(try_import(l.dmabuf, l.bdf, IMPORTER_STATIC), -EOPNOTSUPP);
	ASSERT_RC(try_map(&imp), -ENODEV);
	l.dmabuf = vdev_dmabuf(l.vdev, BAR0, 0, PAGE);
	ASSERT_RC(try_import(l.dmabuf, l.bdf, 0), -ENODEV);
	vdev_set_memory(l.vdev, true);
	ASSERT_RC(try_import(l.dmabuf, l.bdf, 0), 0);
	check_maps_again(&imp, &l);
	/* Only what takes the memory away is told. */
	ASSERT_EQ(sys_eventfd_take(imp.event), 1);
}

/*
 * A call of another process, so that where a test fails the importer goes, and the
 * call comes back.
 */
struct call {
	/** @vdev: the device */
	struct vdev *vdev;
	/** @fn: the call */
	void (*fn)(struct vdev *vdev);
	/** @go: eventfd that lets it begin */
	int go;
	/** @done: eventfd that says it came back */
	int done;
	/** @pid: the process */
	pid_t pid;
};

static void signal_event(int fd)
{
	uint64_t one = 1;

	ASSERT(write(fd, &one, sizeof(one)) == sizeof(one));
}

static void run_call(void *arg)
{
	struct call *call = arg;

	sys_eventfd_wait(call->go);
	call->fn(call->vdev);
	signal_event(call->done);
}

static void call_prepare(struct call *call, struct vdev *vdev,
			 void (*fn)(struct vdev *vdev))
{
	*call = (struct call){ vdev, fn, sys_eventfd(), sys_eventfd() };
	call->pid = child_start(run_call, call);
}

static void call_begin(struct call *call, struct vdev *vdev,
		       void (*fn)(struct vdev *vdev))
{
	call_prepare(call, vdev, fn);
	signal_event(call->go);
}

static void check_waits(struct call *call)
{
	do {
		sched_yield();
		ASSERT_EQ(sys_eventfd_take(call->done), 0);
	} while (!sys_is_stuck(call->pid, "vfio_pci_dmabuf_"));
}

static void call_end(struct call *call)
{
	sys_eventfd_wait(call->done);
	child_expect(call->pid, RESULT_PASS);
	sys_close(call->go);
	sys_close(call->done);
}

/*
 * @call takes the page away, which @holder has mapped. @bystander has not, and does
 * not get it while that is waited for.
 */
static void check_holder(struct call *call, struct lender *l,
			 struct importer *holder, struct importer *bystander)
{
	sys_eventfd_wait(holder->event);
	if (kernel_maps()) {
		check_waits(call);
		ASSERT_RC(try_map(bystander), -ENODEV);
		ASSERT_RC(try_import(l->dmabuf, l->bdf, 0), -ENODEV);
		unmap(holder);
	}
	call_end(call);
	ASSERT_EQ(sys_eventfd_take(holder->event), 1);
	ASSERT_EQ(sys_eventfd_take(bystander->event), 1);
}

/*
 * Take the page away by @take and give it back by @give, which is NULL where @take
 * does that, too. Then once more.
 */
static void check_taken_by(enum backend backend,
			   void (*take)(struct vdev *vdev),
			   void (*give)(struct vdev *vdev))
{
	struct importer holder, bystander;
	struct lender l;
	struct call call;
	unsigned int i;

	lend(&l, TESTDEV_NVME, backend);
	import(&holder, &l);
	import(&bystander, &l);
	for (i = 0; i < 2; i++) {
		check_maps(&holder, &l);
		call_begin(&call, l.vdev, take);
		check_holder(&call, &l, &holder, &bystander);
		if (give) {
			ASSERT_RC(try_map(&holder), -ENODEV);
			ASSERT_RC(try_map(&bystander), -ENODEV);
			give(l.vdev);
		}
		check_maps_again(&bystander, &l);
		ASSERT_EQ(sys_eventfd_take(holder.event), 0);
	}
	check_maps(&holder, &l);
}

static void disable(struct vdev *vdev)
{
	vdev_set_memory(vdev, false);
}

static void enable(struct vdev *vdev)
{
	vdev_set_memory(vdev, true);
}

TEST_OVER(disable_waits, BACKENDS_ALL)
{
	check_taken_by(backend, disable, enable);
}

static void reset(struct vdev *vdev)
{
	ASSERT_RC(__vdev_reset(vdev), 0);
}

TEST_OVER(reset_waits, BACKENDS_ALL)
{
	check_taken_by(backend, reset, NULL);
}

static void set_power_state(struct vdev *vdev, unsigned int state)
{
	unsigned int pm = vdev_cfg_cap(vdev, PCI_CAP_ID_PM);

	ASSERT(pm);
	vdev_cfg_write(vdev, pm + PCI_PM_CTRL, 2, state);
}

static void enter_d3hot(struct vdev *vdev)
{
	set_power_state(vdev, 3);
}

static void leave_d3hot(struct vdev *vdev)
{
	set_power_state(vdev, 0);
}

TEST_OVER(d3hot_waits, BACKENDS_ALL)
{
	check_taken_by(backend, enter_d3hot, leave_d3hot);
}

static void enter_low_power(struct vdev *vdev)
{
	ASSERT_RC(__vdev_feature(vdev,
				 SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY,
				 NULL, 0),
		  0);
}

static void leave_low_power(struct vdev *vdev)
{
	ASSERT_RC(__vdev_feature(vdev, SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT,
				 NULL, 0),
		  0);
}

TEST_OVER(low_power_waits, BACKENDS_ALL)
{
	check_taken_by(backend, enter_low_power, leave_low_power);
}

static void close_file(struct vdev *vdev)
{
	sys_close(vdev->fd);
}

TEST_OVER(close_waits, BACKENDS_ALL)
{
	struct importer holder, bystander;
	struct lender l;
	struct call call;

	lend_to(&l, &holder, &bystander, backend);
	/* The other process has the last descriptor. */
	call_prepare(&call, l.vdev, close_file);
	sys_close(l.vdev->fd);
	signal_event(call.go);
	check_holder(&call, &l, &holder, &bystander);
	ASSERT_RC(try_map(&holder), -ENODEV);
	ASSERT_RC(try_import(l.dmabuf, l.bdf, 0), -ENODEV);
}

/* Each of them is waited for. */
TEST_OVER(two_holders, BACKENDS_ALL)
{
	struct importer one, other;
	struct lender l;
	struct call call;

	lend_to(&l, &one, &other, backend);
	check_maps(&other, &l);
	call_begin(&call, l.vdev, disable);
	sys_eventfd_wait(one.event);
	sys_eventfd_wait(other.event);
	if (kernel_maps()) {
		check_waits(&call);
		unmap(&one);
		check_waits(&call);
		/* One that goes away gives back as well. */
		import_close(&other);
	}
	call_end(&call);
}

/* Each dma-buf of the device is taken away, one after the other. */
TEST_OVER(two_buffers, BACKENDS_ALL)
{
	struct importer one, other;
	struct lender l;
	struct call call;

	lend(&l, TESTDEV_NVME, backend);
	import(&one, &l);
	l.dmabuf = vdev_dmabuf(l.vdev, BAR0, 0, PAGE);
	import(&other, &l);
	check_maps(&one, &l);
	check_maps(&other, &l);
	call_begin(&call, l.vdev, disable);
	sys_eventfd_wait(one.event);
	if (kernel_maps()) {
		check_waits(&call);
		unmap(&one);
		sys_eventfd_wait(other.event);
		check_waits(&call);
		unmap(&other);
	}
	call_end(&call);
	ASSERT_RC(try_map(&one), -ENODEV);
	ASSERT_RC(try_map(&other), -ENODEV);
	enable(l.vdev);
	check_maps_again(&one, &l);
	check_maps_again(&other, &l);
}

/* Pinned or not, it is told, and who unmaps there and then is not waited for. */
TEST_OVER(unmaps_at_once, BACKENDS_ALL)
{
	struct importer imp;
	struct lender l;
	struct call call;
	unsigned int i;

	lend(&l, TESTDEV_NVME, backend);
	import_with(&imp, &l, IMPORTER_AT_ONCE);
	for (i = 0; i < 2; i++) {
		check_maps(&imp, &l);
		call_begin(&call, l.vdev, disable);
		call_end(&call);
		ASSERT_EQ(sys_eventfd_take(imp.event), 1);
		ASSERT_RC(act(&imp, IMPORTER_UNMAP), -EINVAL);
		ASSERT_RC(try_map(&imp), -ENODEV);
		enable(l.vdev);
		if (i == 0)
			ASSERT_RC(act(&imp, IMPORTER_PIN), 0);
	}
	ASSERT_RC(act(&imp, IMPORTER_UNPIN), 0);
}

/*
 * Two devices without a bridge in common: whether they reach each other is known of
 * some platforms only. Where it is not, nobody is waited for.
 */
TEST_OVER(stranger, BACKENDS_ALL)
{
	const char *bdf = pci_need_unbound(TESTDEV_EDU0);
	struct importer_map map;
	struct importer imp;
	struct lender l;
	struct call call;
	int rc;

	lend(&l, TESTDEV_NVME, backend);
	ASSERT_RC(__import(&imp, l.dmabuf, bdf, IMPORTER_AT_ONCE), 0);
	rc = __map(&imp, &map);
	if (rc)
		ASSERT_RC(rc, kernel_maps() ? -EINVAL : -EOPNOTSUPP);
	else
		ASSERT_EQ(map.length, PAGE);
	call_begin(&call, l.vdev, disable);
	call_end(&call);
	ASSERT_EQ(sys_eventfd_take(imp.event), 1);
	ASSERT_RC(act(&imp, IMPORTER_UNMAP), -EINVAL);
}

/* Unmapped, but not done with */
TEST_OVER(waits_for_dma, BACKENDS_ALL)
{
	struct importer imp;
	struct lender l;
	struct call call;

	lend(&l, TESTDEV_NVME, backend);
	import_with(&imp, &l, IMPORTER_AT_ONCE);
	check_maps(&imp, &l);
	ASSERT_RC(act(&imp, IMPORTER_BEGIN_DMA), 0);
	call_begin(&call, l.vdev, disable);
	sys_eventfd_wait(imp.event);
	check_waits(&call);
	ASSERT_RC(act(&imp, IMPORTER_END_DMA), 0);
	call_end(&call);
	enable(l.vdev);
	/* What is done is not waited for. */
	check_maps(&imp, &l);
	call_begin(&call, l.vdev, disable);
	call_end(&call);
}

/* The device goes and comes back, which is nothing to the dma-buf. */
TEST_OVER(outlives_the_device, BACKENDS_ALL)
{
	struct importer imp, next;
	struct lender l;
	int old;

	lend(&l, TESTDEV_NVME, backend);
	old = l.dmabuf;
	import(&imp, &l);
	ASSERT_RC(act(&imp, IMPORTER_PIN), 0);
	check_maps_again(&imp, &l);
	vdev_close_with_space(l.vdev);
	ASSERT_EQ(sys_eventfd_take(imp.event), 1);
	ASSERT_RC(try_map(&imp), -ENODEV);
	pci_unbind(l.bdf);
	ASSERT_RC(try_map(&imp), -ENODEV);
	ASSERT_RC(try_import(old, l.bdf, 0), -ENODEV);

	lend(&l, TESTDEV_NVME, backend);
	ASSERT_RC(try_map(&imp), -ENODEV);
	ASSERT_RC(try_import(old, l.bdf, 0), -ENODEV);
	import(&next, &l);
	check_maps_again(&next, &l);
	ASSERT_RC(act(&imp, IMPORTER_UNPIN), 0);
	import_close(&imp);
	sys_close(old);
	check_maps_again(&next, &l);
}

/* The importer is all that holds the dma-buf. */
TEST_OVER(held_by_importer, BACKENDS_ALL)
{
	struct importer imp;
	struct lender l;
	struct call call;

	lend(&l, TESTDEV_NVME, backend);
	import_with(&imp, &l, IMPORTER_AT_ONCE);
	sys_close(l.dmabuf);
	check_maps(&imp, &l);
	call_begin(&call, l.vdev, disable);
	call_end(&call);
	ASSERT_EQ(sys_eventfd_take(imp.event), 1);
	enable(l.vdev);
	check_maps(&imp, &l);
	import_close(&imp);
	disable(l.vdev);
	enable(l.vdev);
}

enum { ROUNDS = 200 };

static void *blink(void *arg)
{
	struct vdev *vdev = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		disable(vdev);
		enable(vdev);
	}
	return NULL;
}

/* Whatever comes between, nothing is mapped that was taken away. */
TEST_OVER(map_against_disable, BACKENDS_ALL)
{
	unsigned int maps = 0, taken = 0;
	struct importer imp;
	struct lender l;
	pthread_t thread;
	int rc;

	lend(&l, TESTDEV_NVME, backend);
	import_with(&imp, &l, IMPORTER_AT_ONCE);
	ASSERT(!pthread_create(&thread, NULL, blink, l.vdev));
	while (pthread_tryjoin_np(thread, NULL)) {
		rc = try_map(&imp);
		if (rc) {
			if (rc != -ENODEV)
				ASSERT_RC(rc, kernel_maps() ? 0 : -EOPNOTSUPP);
			continue;
		}
		maps++;
		rc = act(&imp, IMPORTER_UNMAP);
		if (rc)
			ASSERT_RC(rc, -EINVAL);
		taken += rc != 0;
	}
	test_note("%u of %u maps were taken away", taken, maps);
	ASSERT_EQ(sys_eventfd_take(imp.event), ROUNDS);
	check_maps_again(&imp, &l);
	disable(l.vdev);
	ASSERT_RC(try_map(&imp), -ENODEV);
}
