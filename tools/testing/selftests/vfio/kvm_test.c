// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VFIO device of KVM: it accepts group and device files, and a device gets
 * the VM that its file was added to.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

/** struct vm - a KVM VM with a VFIO device */
struct vm {
	/** @fd: the VM */
	int fd;
	/** @vfio: the VFIO device, to which files are added */
	int vfio;
};

static struct vm vm_open(void)
{
	struct kvm_create_device create = { .type = KVM_DEV_TYPE_VFIO };
	struct vm vm;
	int kvm;

	if (system("modprobe -q kvm_amd || modprobe -q kvm_intel"))
		SKIP("no KVM");
	kvm = sys_open("/dev/kvm", O_RDWR);
	vm.fd = ASSERT_OK(__sys_ioctl_val(kvm, KVM_CREATE_VM, 0));
	sys_close(kvm);
	ASSERT_RC(__sys_ioctl(vm.fd, KVM_CREATE_DEVICE, &create), 0);
	vm.vfio = create.fd;
	return vm;
}

static void vm_close(struct vm vm)
{
	sys_close(vm.vfio);
	sys_close(vm.fd);
}

static int __vm_set_attr(struct vm vm, unsigned int attr, int file)
{
	struct kvm_device_attr req = {
		.group = KVM_DEV_VFIO_FILE,
		.attr = attr,
		.addr = (unsigned long)&file,
	};

	return __sys_ioctl(vm.vfio, KVM_SET_DEVICE_ATTR, &req);
}

static int __vm_add(struct vm vm, int file)
{
	return __vm_set_attr(vm, KVM_DEV_VFIO_FILE_ADD, file);
}

static int __vm_del(struct vm vm, int file)
{
	return __vm_set_attr(vm, KVM_DEV_VFIO_FILE_DEL, file);
}

static void check_add_and_del(int file)
{
	struct vm vm = vm_open();

	ASSERT_RC(__vm_del(vm, file), -ENOENT);
	ASSERT_RC(__vm_add(vm, file), 0);
	ASSERT_RC(__vm_add(vm, file), -EEXIST);
	ASSERT_RC(__vm_del(vm, file), 0);
	ASSERT_RC(__vm_del(vm, file), -ENOENT);
	/* The VM drops the remaining file when it is closed. */
	ASSERT_RC(__vm_add(vm, file), 0);
	vm_close(vm);
}

TEST(group_file)
{
	int group = group_open(pci_need(TESTDEV_EDU0));

	check_add_and_del(group);
	sys_close(group);
}

TEST(device_file)
{
	int fd = pci_open_cdev(pci_need(TESTDEV_EDU0));

	check_add_and_del(fd);
	sys_close(fd);
}

/* The file of a device that was opened by its group is accepted, too. */
TEST(device_file_of_a_group)
{
	struct vdev *vdev =
		vdev_open(pci_need(TESTDEV_EDU0), BACKEND_CONTAINER);
	struct vm vm = vm_open();

	ASSERT_RC(__vm_add(vm, vdev->fd), 0);
	vm_close(vm);
	vdev_close_with_space(vdev);
}

TEST(files_of_others)
{
	struct vm vm = vm_open();
	int null = sys_open("/dev/null", O_RDWR);
	int container = container_open(BACKEND_CONTAINER);

	ASSERT_RC(__vm_add(vm, null), -EINVAL);
	ASSERT_RC(__vm_add(vm, container), -EINVAL);
	ASSERT_RC(__vm_add(vm, -1), -EBADF);
	vm_close(vm);
}

static int file_to_add(struct space *space, const char *bdf, struct vdev *vdev)
{
	return space->backend == BACKEND_IOMMUFD ? vdev->fd :
						   space_group_fd(space, bdf);
}

/* The device is open before its file is added to the VM. */
TEST_OVER(device_opened_before, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct vdev *vdev = vdev_open(bdf, backend);
	struct vm vm = vm_open();
	int file = file_to_add(vdev->space, bdf, vdev);

	ASSERT_RC(__vm_add(vm, file), 0);
	vdev_enable(vdev, true);
	vm_close(vm);
	vdev_enable(vdev, false);
	vdev_close_with_space(vdev);
}

/* The VM of a device may be closed before the device. */
TEST_OVER(vm_ends_before_device, BACKENDS_LEGACY)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct space *space = space_open(backend);
	struct vm vm = vm_open();
	struct vdev *vdev;

	ASSERT_RC(__vm_add(vm, space_group_fd(space, bdf)), 0);
	vdev = vdev_open_in(space, bdf);
	vm_close(vm);
	vdev_enable(vdev, true);
	vdev_close_with_space(vdev);
}

TEST(vm_ends_before_bound_device)
{
	int fd = pci_open_cdev(pci_need(TESTDEV_EDU0));
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = iommufd_open(),
	};
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct vm vm = vm_open();

	ASSERT_RC(__vm_add(vm, fd), 0);
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind), 0);
	vm_close(vm);
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_GET_INFO, &info), 0);
	sys_close(fd);
	sys_close(bind.iommufd);
}

/* One device cannot serve two VMs, though KVM takes its file for both. */
TEST(two_vms)
{
	int group = group_open(pci_need(TESTDEV_EDU0));
	struct vm one = vm_open();
	struct vm two = vm_open();

	ASSERT_RC(__vm_add(one, group), 0);
	ASSERT_RC(__vm_add(two, group), 0);
	ASSERT_RC(__vm_del(one, group), 0);
	ASSERT_RC(__vm_del(two, group), 0);
	vm_close(two);
	vm_close(one);
	sys_close(group);
}
