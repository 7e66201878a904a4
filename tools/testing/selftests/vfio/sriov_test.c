// SPDX-License-Identifier: GPL-2.0-only
/* Virtual functions of a physical function on vfio-pci, and their token. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "ioas.h"
#include "klog.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define SYSFS_PCI "/sys/bus/pci/devices"
#define SRIOV_PARAM "/sys/module/vfio_pci/parameters/enable_sriov"

/* IDs of a virtual function of TESTDEV_IGB */
#define IGBVF_VENDOR 0x8086
#define IGBVF_DEVICE 0x10ca
/* Power state in PCI_PM_CTRL */
#define PM_D3HOT 3
/* Bytes of a token */
#define TOKEN_SIZE 16

#define TOKEN_A "11111111-2222-3333-4444-555555555555"
#define TOKEN_B "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

static int __set_vfs(const char *pf, unsigned int nr)
{
	char path[PATH_MAX];
	char text[16];

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/sriov_numvfs", pf);
	snprintf(text, sizeof(text), "%u", nr);
	return __sys_write_file(path, text);
}

static void read_attr(const char *bdf, const char *name, char *buf, size_t size)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/%s", bdf, name);
	file = fopen(path, "re");
	ASSERT(file && fgets(buf, (int)size, file));
	fclose(file);
	buf[strcspn(buf, "\n")] = '\0';
}

static unsigned int nr_vfs(const char *pf)
{
	char buf[32];

	read_attr(pf, "sriov_numvfs", buf, sizeof(buf));
	return (unsigned int)atoi(buf);
}

static void enable_sriov(bool on)
{
	ASSERT_RC(__sys_write_file(SRIOV_PARAM, on ? "Y" : "N"), 0);
}

/* Bind the physical function to vfio-pci, with no virtual functions enabled. */
static const char *need_pf(void)
{
	const char *pf = pci_need_unbound(TESTDEV_IGB);

	if (nr_vfs(pf))
		ASSERT_RC(__set_vfs(pf, 0), 0);
	pci_bind(pf);
	enable_sriov(true);
	return pf;
}

static char *vf_of(const char *pf, unsigned int nr)
{
	char target[PATH_MAX];
	char path[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/virtfn%u", pf, nr);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		FAIL("%s has no virtual function %u", pf, nr);
	target[len] = '\0';
	return strdup(basename(target));
}

/* Enable two virtual functions; return the first. */
static const char *need_vf(const char *pf)
{
	ASSERT_RC(__set_vfs(pf, 2), 0);
	return vf_of(pf, 0);
}

/* Convert a UUID to binary, with the bytes in the order of the text. */
static void token_bytes(const char *text, __u8 *bytes)
{
	unsigned int i;

	for (i = 0; i < TOKEN_SIZE; i++) {
		text += *text == '-';
		ASSERT(sscanf(text, "%2hhx", &bytes[i]) == 1);
		text += 2;
	}
}

static int bind_with_token(struct vdev *vdev, const char *token)
{
	__u8 bytes[TOKEN_SIZE];
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = vdev->space->fd,
	};
	char path[128];
	int ret;

	if (token) {
		token_bytes(token, bytes);
		bind.flags = VFIO_DEVICE_BIND_FLAG_TOKEN;
		bind.token_uuid_ptr = (uintptr_t)bytes;
	}
	pci_cdev_path(vdev->bdf, path, sizeof(path));
	vdev->fd = sys_open(path, O_RDWR);
	ret = __sys_ioctl(vdev->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind);
	vdev->id = bind.out_devid;
	if (!ret)
		ret = __cdev_attach(vdev->fd, vdev->space->ioas, NULL);
	return ret;
}

static int open_named(struct vdev *vdev, const char *name)
{
	vdev->fd = __sys_ioctl(space_group_fd(vdev->space, vdev->bdf),
			       VFIO_GROUP_GET_DEVICE_FD, (void *)name);
	return vdev->fd < 0 ? vdev->fd : 0;
}

/* Open a device in its own address space; @token may be NULL. */
static int __open_with_token(const char *bdf, const char *token,
			     enum backend backend, struct vdev *vdev)
{
	char name[256];
	int ret;

	*vdev = (struct vdev){
		.bdf = bdf,
		.space = space_open(backend),
		.fd = -1,
	};
	if (backend == BACKEND_IOMMUFD) {
		ret = bind_with_token(vdev, token);
	} else {
		snprintf(name, sizeof(name), "%s%s%s", bdf,
			 token ? " vf_token=" : "", token ?: "");
		ret = open_named(vdev, name);
	}
	if (ret) {
		if (vdev->fd >= 0)
			sys_close(vdev->fd);
		space_close(vdev->space);
	}
	return ret;
}

static void open_with_token(const char *bdf, const char *token,
			    enum backend backend, struct vdev *vdev)
{
	ASSERT_RC(__open_with_token(bdf, token, backend, vdev), 0);
}

static void close_with_space(struct vdev *vdev)
{
	sys_close(vdev->fd);
	space_close(vdev->space);
}

static int __token_feature(struct vdev *vdev, __u32 flags, const void *data,
			   size_t size)
{
	__u32 buf[2 + 8] = { 8 + size,
			     VFIO_DEVICE_FEATURE_PCI_VF_TOKEN | flags };

	if (data)
		memcpy(buf + 2, data, size);
	return __sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, buf);
}

static void set_token(struct vdev *vdev, const char *token)
{
	__u8 bytes[TOKEN_SIZE];

	token_bytes(token, bytes);
	ASSERT_RC(__token_feature(vdev, VFIO_DEVICE_FEATURE_SET, bytes, 16), 0);
}

TEST(parameter)
{
	const char *pf = need_pf();

	enable_sriov(false);
	ASSERT_RC(__set_vfs(pf, 1), -ENOENT);
	ASSERT_EQ(nr_vfs(pf), 0);
	enable_sriov(true);
	ASSERT_RC(__set_vfs(pf, 1), 0);
	ASSERT_EQ(nr_vfs(pf), 1);
	ASSERT_RC(__set_vfs(pf, 2), -EBUSY);
	ASSERT_RC(__set_vfs(pf, 0), 0);
	ASSERT_EQ(nr_vfs(pf), 0);
	ASSERT_RC(__set_vfs(pf, 1000), -ERANGE);
	/* Virtual functions can be enabled again. */
	ASSERT_RC(__set_vfs(pf, 2), 0);
	ASSERT_RC(__set_vfs(pf, 0), 0);
}

/* New virtual functions are bound to vfio-pci, not to their own driver. */
TEST(virtual_functions_are_captured)
{
	const char *pf = need_pf();
	int log = klog_open();
	unsigned int i;
	char buf[64];

	ASSERT_RC(__set_vfs(pf, 3), 0);
	for (i = 0; i < 3; i++) {
		const char *vf = vf_of(pf, i);

		read_attr(vf, "driver_override", buf, sizeof(buf));
		ASSERT(!strcmp(buf, "vfio-pci"));
		snprintf(buf, sizeof(buf),
			 "Captured SR-IOV VF %s driver_override", vf);
		ASSERT(klog_has(log, buf));
		/* The function is bound already. */
		snprintf(buf, sizeof(buf), SYSFS_PCI "/%s/driver/%s", vf, vf);
		ASSERT(!access(buf, F_OK));
		ASSERT(pci_group(vf) != pci_group(pf));
	}
	ASSERT_RC(__set_vfs(pf, 0), 0);
	ASSERT(!pci_exists(pf) || nr_vfs(pf) == 0);
}

TEST_OVER(token_of_virtual_function, BACKENDS_ALL)
{
	const char *pf = need_pf();
	const char *vf = need_vf(pf);
	struct vdev a, b, p;

	/* The initial token is random. */
	ASSERT_RC(__open_with_token(vf, NULL, backend, &a), -EACCES);
	ASSERT_RC(__open_with_token(vf, TOKEN_A, backend, &a), -EACCES);

	open_with_token(pf, NULL, backend, &p);
	set_token(&p, TOKEN_A);
	ASSERT_RC(__open_with_token(vf, NULL, backend, &a), -EACCES);
	ASSERT_RC(__open_with_token(vf, TOKEN_B, backend, &a), -EACCES);
	open_with_token(vf, TOKEN_A, backend, &a);
	open_with_token(vf_of(pf, 1), TOKEN_A, backend, &b);
	/* A new token applies to later opens only. */
	set_token(&p, TOKEN_B);
	close_with_space(&b);
	ASSERT_RC(__open_with_token(vf_of(pf, 1), TOKEN_A, backend, &b),
		  -EACCES);
	open_with_token(vf_of(pf, 1), TOKEN_B, backend, &b);
	close_with_space(&b);
	close_with_space(&a);
	close_with_space(&p);
	/* The token belongs to the device, not to the file. */
	open_with_token(vf, TOKEN_B, backend, &a);
	close_with_space(&a);
}

TEST_OVER(token_of_physical_function, BACKENDS_ALL)
{
	const char *pf = need_pf();
	const char *vf = need_vf(pf);
	struct vdev p, v;

	/* With no virtual function in use, an open may set the token. */
	open_with_token(pf, TOKEN_A, backend, &p);
	close_with_space(&p);
	open_with_token(vf, TOKEN_A, backend, &v);
	ASSERT_RC(__open_with_token(pf, NULL, backend, &p), -EACCES);
	ASSERT_RC(__open_with_token(pf, TOKEN_B, backend, &p), -EACCES);
	open_with_token(pf, TOKEN_A, backend, &p);
	close_with_space(&p);
	close_with_space(&v);
	/* No function is in use any more: the token may be changed again. */
	open_with_token(pf, NULL, backend, &p);
	close_with_space(&p);
	open_with_token(pf, TOKEN_B, backend, &p);
	ASSERT_RC(__open_with_token(vf, TOKEN_A, backend, &v), -EACCES);
	open_with_token(vf, TOKEN_B, backend, &v);
	close_with_space(&v);
	close_with_space(&p);
}

TEST_OVER(token_not_wanted, BACKENDS_ALL)
{
	const char *edu = pci_need(TESTDEV_EDU0);
	struct vdev vdev;

	ASSERT_RC(__open_with_token(edu, TOKEN_A, backend, &vdev), -EINVAL);
	open_with_token(edu, NULL, backend, &vdev);
	close_with_space(&vdev);
}

TEST_OVER(token_pointer, BACKEND_IOMMUFD)
{
	const char *pf = need_pf();
	struct vdev vdev = { .bdf = pf, .space = space_open(backend) };
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.flags = VFIO_DEVICE_BIND_FLAG_TOKEN,
		.iommufd = vdev.space->fd,
		.token_uuid_ptr = (uintptr_t)BAD_PTR,
	};

	vdev.fd = pci_open_cdev(pf);
	ASSERT_RC(__sys_ioctl(vdev.fd, VFIO_DEVICE_BIND_IOMMUFD, &bind),
		  -EFAULT);
	bind.flags = VFIO_DEVICE_BIND_FLAG_TOKEN << 1;
	ASSERT_RC(__sys_ioctl(vdev.fd, VFIO_DEVICE_BIND_IOMMUFD, &bind),
		  -EINVAL);
	bind.flags = 0;
	ASSERT_RC(__sys_ioctl(vdev.fd, VFIO_DEVICE_BIND_IOMMUFD, &bind), 0);
	close_with_space(&vdev);
}

TEST_OVER(name_with_options, BACKENDS_LEGACY)
{
	static const struct {
		const char *options;
		int ret;
	} cases[] = {
		{ "", 0 },
		{ " ", 0 },
		{ "   ", 0 },
		{ " vf_token=" TOKEN_A, 0 },
		{ "   vf_token=" TOKEN_A "  ", 0 },
		{ " vf_token=", -EINVAL },
		{ " vf_token", -EINVAL },
		{ " vf_token=1111", -EINVAL },
		{ " vf_token=1111111x-2222-3333-4444-555555555555", -EINVAL },
		{ " vf_token=" TOKEN_A " vf_token=" TOKEN_A, -EINVAL },
		{ " vf_token=" TOKEN_A "x", -EINVAL },
		{ " other=1", -EINVAL },
		{ "x", -ENODEV },
		{ "\tvf_token=" TOKEN_A, -ENODEV },
	};
	struct vdev vdev = { .bdf = need_pf(), .space = space_open(backend) };
	char name[256];
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(name, sizeof(name), "%s%s", vdev.bdf,
			 cases[i].options);
		ret = open_named(&vdev, name);
		if (ret != cases[i].ret)
			FAIL("'%s': %d, not %d", name, ret, cases[i].ret);
		if (!ret)
			sys_close(vdev.fd);
	}
	space_close(vdev.space);
}

TEST_OVER(feature, BACKENDS_ALL)
{
	const __u32 get = VFIO_DEVICE_FEATURE_GET;
	const __u32 set = VFIO_DEVICE_FEATURE_SET;
	const __u32 probe = VFIO_DEVICE_FEATURE_PROBE;
	const char *pf = need_pf();
	const char *vf = need_vf(pf);
	struct vdev p, v;
	__u8 bytes[32] = {};

	open_with_token(pf, TOKEN_A, backend, &p);
	ASSERT_RC(__token_feature(&p, probe, NULL, 0), 0);
	ASSERT_RC(__token_feature(&p, probe | set, NULL, 0), 0);
	ASSERT_RC(__token_feature(&p, probe | get, NULL, 0), -EINVAL);
	ASSERT_RC(__token_feature(&p, probe | get | set, NULL, 0), -EINVAL);
	ASSERT_RC(__token_feature(&p, get, bytes, 16), -EINVAL);
	ASSERT_RC(__token_feature(&p, get | set, bytes, 16), -EINVAL);
	ASSERT_RC(__token_feature(&p, 0, bytes, 16), -EINVAL);
	ASSERT_RC(__token_feature(&p, set, bytes, 15), -EINVAL);
	ASSERT_RC(__token_feature(&p, set | 1U << 30, bytes, 16), -EINVAL);
	/* The failed requests did not change the token. */
	open_with_token(vf, TOKEN_A, backend, &v);
	ASSERT_RC(__token_feature(&v, probe | set, NULL, 0), -ENOTTY);
	ASSERT_RC(__token_feature(&v, set, bytes, 16), -ENOTTY);
	close_with_space(&v);
	ASSERT_RC(__token_feature(&p, set, bytes, 17), 0);
	open_with_token(vf, "00000000-0000-0000-0000-000000000000", backend,
			&v);
	close_with_space(&v);
	close_with_space(&p);

	open_with_token(pci_need(TESTDEV_EDU0), NULL, backend, &v);
	ASSERT_RC(__token_feature(&v, probe | set, NULL, 0), -ENOTTY);
	close_with_space(&v);
}

TEST_OVER(virtual_function_works, BACKENDS_ALL)
{
	const char *pf = need_pf();
	const char *vf = need_vf(pf);
	struct vfio_irq_info irq;
	struct vdev p, v;
	__u32 value;

	open_with_token(pf, TOKEN_A, backend, &p);
	vdev_enable(&p, true);
	open_with_token(vf, TOKEN_A, backend, &v);
	/* The hardware returns all ones for the IDs of a virtual function. */
	ASSERT_EQ(vdev_cfg_read(&v, PCI_VENDOR_ID, 2), IGBVF_VENDOR);
	ASSERT_EQ(vdev_cfg_read(&v, PCI_DEVICE_ID, 2), IGBVF_DEVICE);
	ASSERT(vdev_cfg_read(&v, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
	vdev_irq_info(&v, VFIO_PCI_INTX_IRQ_INDEX, &irq);
	ASSERT_EQ(irq.count, 0);
	vdev_irq_info(&v, VFIO_PCI_MSIX_IRQ_INDEX, &irq);
	ASSERT_EQ(irq.count, 3);
	/* A virtual function decodes memory without an enable bit. */
	vdev_pread(&v, VFIO_PCI_BAR0_REGION_INDEX, 0, &value, 4);
	ASSERT_RC(__vdev_reset(&v), 0);
	vdev_pread(&v, VFIO_PCI_BAR0_REGION_INDEX, 0, &value, 4);
	close_with_space(&v);
	close_with_space(&p);
}

/* A function in D3hot has no virtual functions. */
TEST_OVER(physical_function_stays_awake, BACKENDS_ALL)
{
	const char *pf = need_pf();
	unsigned int pm;
	struct vdev p;

	open_with_token(pf, NULL, backend, &p);
	pm = vdev_cfg_cap(&p, PCI_CAP_ID_PM);
	if (!pm)
		SKIP("no power management");
	pm += PCI_PM_CTRL;
	vdev_cfg_write(&p, pm, 2, PM_D3HOT);
	ASSERT_EQ(vdev_cfg_read(&p, pm, 2) & PCI_PM_CTRL_STATE_MASK, PM_D3HOT);
	/* Enabling virtual functions puts it into D0. */
	ASSERT_RC(__set_vfs(pf, 1), 0);
	ASSERT_EQ(vdev_cfg_read(&p, pm, 2) & PCI_PM_CTRL_STATE_MASK, 0);
	vdev_cfg_write(&p, pm, 2, PM_D3HOT);
	ASSERT_EQ(vdev_cfg_read(&p, pm, 2) & PCI_PM_CTRL_STATE_MASK, 0);
	ASSERT_RC(__set_vfs(pf, 0), 0);
	vdev_cfg_write(&p, pm, 2, PM_D3HOT);
	ASSERT_EQ(vdev_cfg_read(&p, pm, 2) & PCI_PM_CTRL_STATE_MASK, PM_D3HOT);
	vdev_cfg_write(&p, pm, 2, 0);
	close_with_space(&p);
}

/* A driver in the kernel is trusted, so no token is needed. */
TEST_OVER(physical_function_of_another_driver, BACKENDS_ALL)
{
	const char *pf = need_pf();
	struct vdev v, p;
	const char *vf;

	if (system("modprobe -q pci-pf-stub"))
		SKIP("no pci-pf-stub");
	pci_bind_to(pf, "pci-pf-stub");
	vf = need_vf(pf);
	pci_bind(vf);
	ASSERT_RC(__open_with_token(vf, TOKEN_A, backend, &v), -EINVAL);
	open_with_token(vf, NULL, backend, &v);
	close_with_space(&v);
	/* vfio-pci does not take over a function with virtual functions enabled. */
	pci_unbind(pf);
	ASSERT_RC(__pci_bind_to(pf, "vfio-pci"), -ENODEV);
	pci_bind_to(pf, "pci-pf-stub");
	ASSERT_RC(__set_vfs(pf, 0), 0);
	pci_bind(pf);
	open_with_token(pf, NULL, backend, &p);
	close_with_space(&p);
}

/** struct order - a change that the administrator makes on a signal */
struct order {
	/** @pf: the physical function */
	const char *pf;
	/** @go: eventfd that starts the change */
	int go;
};

static void disable_vfs(void *arg)
{
	struct order *order = arg;

	sys_eventfd_wait(order->go);
	ASSERT_RC(__set_vfs(order->pf, 0), 0);
}

static void unbind_pf(void *arg)
{
	struct order *order = arg;

	sys_eventfd_wait(order->go);
	pci_unbind(order->pf);
}

/* The change waits until the user of the virtual function has released it. */
static void remove_vfs(void (*how)(void *arg), enum backend backend)
{
	struct order order = { need_pf(), sys_eventfd() };
	const char *vf = need_vf(order.pf);
	int event = sys_eventfd();
	struct vdev p, v;
	uint64_t one = 1;
	int status;
	pid_t pid;

	pid = child_start(how, &order);
	open_with_token(order.pf, TOKEN_A, backend, &p);
	open_with_token(vf, TOKEN_A, backend, &v);
	close_with_space(&p);
	vdev_irq_enable(&v, VFIO_PCI_REQ_IRQ_INDEX, 0, &event, 1);
	ASSERT(write(order.go, &one, sizeof(one)) == sizeof(one));
	sys_eventfd_wait(event);
	ASSERT(waitpid(pid, &status, WNOHANG) == 0);
	ASSERT_EQ(vdev_cfg_read(&v, PCI_VENDOR_ID, 2), IGBVF_VENDOR);
	close_with_space(&v);
	child_expect(pid, 0);
	ASSERT(!pci_exists(vf));
	ASSERT_EQ(nr_vfs(order.pf), 0);
	pci_bind(order.pf);
	open_with_token(order.pf, NULL, backend, &p);
	close_with_space(&p);
}

TEST_OVER(disabled_while_in_use, BACKENDS_ALL)
{
	remove_vfs(disable_vfs, backend);
}

TEST_OVER(unbound_while_in_use, BACKENDS_ALL)
{
	remove_vfs(unbind_pf, backend);
}

static int __attach_with_fault_queue(struct vdev *vdev)
{
	struct iommu_fault_alloc queue = { .size = sizeof(queue) };
	struct iommu_hwpt_alloc hwpt = {
		.size = sizeof(hwpt),
		.flags = IOMMU_HWPT_FAULT_ID_VALID,
		.dev_id = vdev->id,
		.pt_id = vdev->space->ioas,
	};
	int fd = vdev->space->fd;

	ASSERT_RC(__sys_ioctl(fd, IOMMU_FAULT_QUEUE_ALLOC, &queue), 0);
	hwpt.fault_id = queue.out_fault_id;
	ASSERT_RC(__sys_ioctl(fd, IOMMU_HWPT_ALLOC, &hwpt), 0);
	return __cdev_attach(vdev->fd, hwpt.out_hwpt_id, NULL);
}

/*
 * A virtual function is treated like its physical function, unless that has page
 * requests to share.
 */
TEST_OVER(fault_queue_of_virtual_function, BACKEND_IOMMUFD)
{
	const char *pf = need_pf();
	const char *vf = need_vf(pf);
	struct vdev p, v;

	/* The token stays: not the one that the first test takes for unknown */
	open_with_token(pf, TOKEN_B, backend, &p);
	open_with_token(vf, TOKEN_B, backend, &v);
	ASSERT_RC(__attach_with_fault_queue(&v), __attach_with_fault_queue(&p));
	close_with_space(&v);
	close_with_space(&p);
}
