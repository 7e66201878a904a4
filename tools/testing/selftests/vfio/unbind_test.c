// SPDX-License-Identifier: GPL-2.0-only
/* The administrator unbinds a device from vfio-pci. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"
#include "edu.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL

static void check_works(const char *bdf, enum backend backend)
{
	struct edu *edu = edu_open(bdf, backend);

	edu_check_round_trip(edu, IOVA, 1);
	edu_close_with_space(edu);
}

TEST_OVER(idle_device, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	unsigned int i;

	for (i = 0; i < 4; i++) {
		check_works(bdf, backend);
		pci_unbind(bdf);
		ASSERT_RC(__group_open(bdf), -ENOENT);
		pci_bind(bdf);
	}
	check_works(bdf, backend);
}

/** struct order - an unbind that the administrator makes on a signal */
struct order {
	/** @bdf: the device to unbind */
	const char *bdf;
	/** @go: eventfd that starts the unbind */
	int go;
};

static void unbind_on_signal(void *arg)
{
	struct order *order = arg;

	sys_eventfd_wait(order->go);
	pci_unbind(order->bdf);
}

/* The unbind requests the device from its user and waits for the release. */
TEST_OVER(device_in_use, BACKENDS_ALL)
{
	struct order order = { pci_need(TESTDEV_EDU0), sys_eventfd() };
	const char *bdf = order.bdf;
	char *buf = sys_mmap_anon(2 * PAGE);
	int event = sys_eventfd();
	uint64_t one = 1;
	struct edu *edu;
	int status;
	pid_t pid;

	/* Fork first: a later child would share the files opened below. */
	pid = child_start(unbind_on_signal, &order);
	edu = edu_open(bdf, backend);
	space_map(edu->vdev->space, buf, IOVA, 2 * PAGE);
	vdev_irq_enable(edu->vdev, VFIO_PCI_REQ_IRQ_INDEX, 0, &event, 1);
	ASSERT(write(order.go, &one, sizeof(one)) == sizeof(one));
	sys_eventfd_wait(event);
	ASSERT(waitpid(pid, &status, WNOHANG) == 0);
	/* The device works until it is released. */
	fill_pattern(buf, PAGE, 2);
	edu_load(edu, IOVA, PAGE);
	edu_store(edu, IOVA + PAGE, PAGE);
	ASSERT(is_pattern(buf + PAGE, PAGE, 2));
	edu_close_with_space(edu);
	child_expect(pid, 0);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	pci_bind(bdf);
	check_works(bdf, backend);
}

/* A group file without a device behind it. */
TEST_OVER(group_without_device, BACKENDS_LEGACY)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int container = container_open(backend);
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char *buf = sys_mmap_anon(MIB(16));
	long long pins = sys_pins_held();
	int group = group_open(bdf);

	group_set_container(group, container);
	container_set_iommu(container);
	container_map(container, buf, IOVA, MIB(16));
	/* The group leaves the container when its last device is unbound. */
	pci_unbind(bdf);
	ASSERT(sys_pins_held() < pins + (long long)(MIB(16) / PAGE));
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_RC(__container_map(container, buf, IOVA, PAGE, 3), -EINVAL);
	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_GET_STATUS, &status), -ENODEV);
	ASSERT_RC(__group_set_container(group, container), -ENODEV);
	ASSERT_RC(__group_device(group, bdf), -ENODEV);
	sys_close(group);
	sys_close(container);
	pci_bind(bdf);
	check_works(bdf, backend);
}
