// SPDX-License-Identifier: GPL-2.0-only
/* Virtual functions of a device that vfio-pci drives, and their token. */
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
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define SYSFS_PCI "/sys/bus/pci/devices"
#define PARAMETER "/sys/module/vfio_pci/parameters/enable_sriov"

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
	ASSERT_RC(__sys_write_file(PARAMETER, on ? "Y" : "N"), 0);
}

/* The physical function, without virtual ones, bound to vfio-pci. */
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

/* The first of two virtual functions of the physical one. */
static const char *need_vf(const char *pf)
{
	ASSERT_RC(__set_vfs(pf, 2), 0);
	return vf_of(pf, 0);
}

/* As the kernel has a UUID in memory: its digits in the order of the text. */
static void token_bytes(const char *text, __u8 *bytes)
{
	unsigned int i;

	for (i = 0; i < 16; i++) {
		text += *text == '-';
		ASSERT(sscanf(text, "%2hhx", &bytes[i]) == 1);
		text += 2;
	}
}

static int bind_with(struct vdev *vdev, const char *token)
{
	__u8 bytes[16];
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = vdev->space->fd,
	};
	char path[128];
	int rc;

	if (token) {
		token_bytes(token, bytes);
		bind.flags = VFIO_DEVICE_BIND_FLAG_TOKEN;
		bind.token_uuid_ptr = (uintptr_t)bytes;
	}
	pci_cdev_path(vdev->bdf, path, sizeof(path));
	vdev->fd = sys_open(path, O_RDWR);
	rc = __sys_ioctl(vdev->fd, VFIO_DEVICE_BIND_IOMMUFD, &bind);
	if (!rc)
		rc = __cdev_attach(vdev->fd, vdev->space->ioas, NULL);
	return rc;
}

static int open_named(struct vdev *vdev, const char *name)
{
	vdev->fd = __sys_ioctl(space_group_fd(vdev->space, vdev->bdf),
			       VFIO_GROUP_GET_DEVICE_FD, (void *)name);
	return vdev->fd < 0 ? vdev->fd : 0;
}

/* Open with a token, or without where it is NULL, in a space of its own. */
static int __open_with(const char *bdf, const char *token, enum backend backend,
		       struct vdev *vdev)
{
	char name[256];
	int rc;

	*vdev = (struct vdev){
		.bdf = bdf,
		.space = space_open(backend),
		.fd = -1,
	};
	if (backend == BACKEND_IOMMUFD) {
		rc = bind_with(vdev, token);
	} else {
		snprintf(name, sizeof(name), "%s%s%s", bdf,
			 token ? " vf_token=" : "", token ?: "");
		rc = open_named(vdev, name);
	}
	if (rc) {
		if (vdev->fd >= 0)
			sys_close(vdev->fd);
		space_close(vdev->space);
	}
	return rc;
}

static void open_with(const char *bdf, const char *token, enum backend backend,
		      struct vdev *vdev)
{
	ASSERT_RC(__open_with(bdf, token, backend, vdev), 0);
}

static void shut(struct vdev *vdev)
{
	sys_close(vdev->fd);
	space_close(vdev->space);
}

static int __feature(struct vdev *vdev, __u32 flags, const void *data,
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
	__u8 bytes[16];

	token_bytes(token, bytes);
	ASSERT_RC(__feature(vdev, VFIO_DEVICE_FEATURE_SET, bytes, 16), 0);
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
	/* All can be done again. */
	ASSERT_RC(__set_vfs(pf, 2), 0);
	ASSERT_RC(__set_vfs(pf, 0), 0);
}

/* Whoever enables them does not hand them to a driver in the kernel. */
TEST(virtual_functions_are_captured)
{
	const char *pf = need_pf();
	unsigned int i;
	char buf[64];

	ASSERT_RC(__set_vfs(pf, 3), 0);
	for (i = 0; i < 3; i++) {
		const char *vf = vf_of(pf, i);

		read_attr(vf, "driver_override", buf, sizeof(buf));
		ASSERT(!strcmp(buf, "vfio-pci"));
		/* Bound already: there is nothing to do. */
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

	/* Nobody knows the first one. */
	ASSERT_RC(__open_with(vf, NULL, backend, &a), -EACCES);
	ASSERT_RC(__open_with(vf, TOKEN_A, backend, &a), -EACCES);

	open_with(pf, NULL, backend, &p);
	set_token(&p, TOKEN_A);
	ASSERT_RC(__open_with(vf, NULL, backend, &a), -EACCES);
	ASSERT_RC(__open_with(vf, TOKEN_B, backend, &a), -EACCES);
	open_with(vf, TOKEN_A, backend, &a);
	open_with(vf_of(pf, 1), TOKEN_A, backend, &b);
	/* A new one is for those who come then. */
	set_token(&p, TOKEN_B);
	shut(&b);
	ASSERT_RC(__open_with(vf_of(pf, 1), TOKEN_A, backend, &b), -EACCES);
	open_with(vf_of(pf, 1), TOKEN_B, backend, &b);
	shut(&b);
	shut(&a);
	shut(&p);
	/* It stays with the device, not with the file. */
	open_with(vf, TOKEN_B, backend, &a);
	shut(&a);
}

TEST_OVER(token_of_physical_function, BACKENDS_ALL)
{
	const char *pf = need_pf();
	const char *vf = need_vf(pf);
	struct vdev p, v;

	/* No virtual function is in use: what comes is the token. */
	open_with(pf, TOKEN_A, backend, &p);
	shut(&p);
	open_with(vf, TOKEN_A, backend, &v);
	ASSERT_RC(__open_with(pf, NULL, backend, &p), -EACCES);
	ASSERT_RC(__open_with(pf, TOKEN_B, backend, &p), -EACCES);
	open_with(pf, TOKEN_A, backend, &p);
	shut(&p);
	shut(&v);
	/* In use no more, so anybody may take it and change the token. */
	open_with(pf, NULL, backend, &p);
	shut(&p);
	open_with(pf, TOKEN_B, backend, &p);
	ASSERT_RC(__open_with(vf, TOKEN_A, backend, &v), -EACCES);
	open_with(vf, TOKEN_B, backend, &v);
	shut(&v);
	shut(&p);
}

TEST_OVER(token_where_none_is_wanted, BACKENDS_ALL)
{
	const char *edu = pci_need(TESTDEV_EDU0);
	struct vdev vdev;

	ASSERT_RC(__open_with(edu, TOKEN_A, backend, &vdev), -EINVAL);
	open_with(edu, NULL, backend, &vdev);
	shut(&vdev);
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
	shut(&vdev);
}

TEST_OVER(name_with_options, BACKENDS_LEGACY)
{
	static const struct {
		const char *options;
		int rc;
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
	int rc;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(name, sizeof(name), "%s%s", vdev.bdf,
			 cases[i].options);
		rc = open_named(&vdev, name);
		if (rc != cases[i].rc)
			FAIL("'%s': %d, not %d", name, rc, cases[i].rc);
		if (!rc)
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

	open_with(pf, TOKEN_A, backend, &p);
	ASSERT_RC(__feature(&p, probe, NULL, 0), 0);
	ASSERT_RC(__feature(&p, probe | set, NULL, 0), 0);
	ASSERT_RC(__feature(&p, probe | get, NULL, 0), -EINVAL);
	ASSERT_RC(__feature(&p, probe | get | set, NULL, 0), -EINVAL);
	ASSERT_RC(__feature(&p, get, bytes, 16), -EINVAL);
	ASSERT_RC(__feature(&p, get | set, bytes, 16), -EINVAL);
	ASSERT_RC(__feature(&p, 0, bytes, 16), -EINVAL);
	ASSERT_RC(__feature(&p, set, bytes, 15), -EINVAL);
	ASSERT_RC(__feature(&p, set | 1U << 30, bytes, 16), -EINVAL);
	/* None of that changed it. */
	open_with(vf, TOKEN_A, backend, &v);
	ASSERT_RC(__feature(&v, probe | set, NULL, 0), -ENOTTY);
	ASSERT_RC(__feature(&v, set, bytes, 16), -ENOTTY);
	shut(&v);
	ASSERT_RC(__feature(&p, set, bytes, 17), 0);
	open_with(vf, "00000000-0000-0000-0000-000000000000", backend, &v);
	shut(&v);
	shut(&p);

	open_with(pci_need(TESTDEV_EDU0), NULL, backend, &v);
	ASSERT_RC(__feature(&v, probe | set, NULL, 0), -ENOTTY);
	shut(&v);
}

TEST_OVER(virtual_function_works, BACKENDS_ALL)
{
	const char *pf = need_pf();
	const char *vf = need_vf(pf);
	struct vfio_irq_info irq;
	struct vdev p, v;
	__u32 value;

	open_with(pf, TOKEN_A, backend, &p);
	vdev_enable(&p, true);
	open_with(vf, TOKEN_A, backend, &v);
	/* These read as ones in a virtual function itself. */
	ASSERT_EQ(vdev_cfg_read(&v, PCI_VENDOR_ID, 2), 0x8086);
	ASSERT_EQ(vdev_cfg_read(&v, PCI_DEVICE_ID, 2), 0x10ca);
	ASSERT(vdev_cfg_read(&v, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
	vdev_irq_info(&v, VFIO_PCI_INTX_IRQ_INDEX, &irq);
	ASSERT_EQ(irq.count, 0);
	vdev_irq_info(&v, VFIO_PCI_MSIX_IRQ_INDEX, &irq);
	ASSERT_EQ(irq.count, 3);
	/* Its memory is there without an enable bit. */
	vdev_pread(&v, VFIO_PCI_BAR0_REGION_INDEX, 0, &value, 4);
	ASSERT_RC(__vdev_reset(&v), 0);
	vdev_pread(&v, VFIO_PCI_BAR0_REGION_INDEX, 0, &value, 4);
	shut(&v);
	shut(&p);
}

/* A function that sleeps has no virtual functions. */
TEST_OVER(physical_function_stays_awake, BACKENDS_ALL)
{
	const char *pf = need_pf();
	unsigned int pm;
	struct vdev p;

	open_with(pf, NULL, backend, &p);
	pm = vdev_cfg_cap(&p, PCI_CAP_ID_PM);
	if (!pm)
		SKIP("no power management");
	pm += PCI_PM_CTRL;
	vdev_cfg_write(&p, pm, 2, 3);
	ASSERT_EQ(vdev_cfg_read(&p, pm, 2) & PCI_PM_CTRL_STATE_MASK, 3);
	/* Enabling wakes it up. */
	ASSERT_RC(__set_vfs(pf, 1), 0);
	ASSERT_EQ(vdev_cfg_read(&p, pm, 2) & PCI_PM_CTRL_STATE_MASK, 0);
	vdev_cfg_write(&p, pm, 2, 3);
	ASSERT_EQ(vdev_cfg_read(&p, pm, 2) & PCI_PM_CTRL_STATE_MASK, 0);
	ASSERT_RC(__set_vfs(pf, 0), 0);
	vdev_cfg_write(&p, pm, 2, 3);
	ASSERT_EQ(vdev_cfg_read(&p, pm, 2) & PCI_PM_CTRL_STATE_MASK, 3);
	vdev_cfg_write(&p, pm, 2, 0);
	shut(&p);
}

/* A driver in the kernel is trusted, so there is no token. */
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
	ASSERT_RC(__open_with(vf, TOKEN_A, backend, &v), -EINVAL);
	open_with(vf, NULL, backend, &v);
	shut(&v);
	/* Its virtual functions stay, which we do not want to inherit. */
	pci_unbind(pf);
	ASSERT_RC(__pci_bind_to(pf, "vfio-pci"), -ENODEV);
	pci_bind_to(pf, "pci-pf-stub");
	ASSERT_RC(__set_vfs(pf, 0), 0);
	pci_bind(pf);
	open_with(pf, NULL, backend, &p);
	shut(&p);
}

/** struct order - what the administrator is told */
struct order {
	/** @pf: the physical function */
	const char *pf;
	/** @go: eventfd that says when */
	int go;
};

static void disable(void *arg)
{
	struct order *order = arg;

	sys_eventfd_wait(order->go);
	ASSERT_RC(__set_vfs(order->pf, 0), 0);
}

static void unbind(void *arg)
{
	struct order *order = arg;

	sys_eventfd_wait(order->go);
	pci_unbind(order->pf);
}

/* The user of the virtual function is asked, and all waits until he is done. */
static void take_away(void (*how)(void *arg), enum backend backend)
{
	struct order order = { need_pf(), sys_eventfd() };
	const char *vf = need_vf(order.pf);
	int event = sys_eventfd();
	struct vdev p, v;
	uint64_t one = 1;
	int status;
	pid_t pid;

	pid = child_start(how, &order);
	open_with(order.pf, TOKEN_A, backend, &p);
	open_with(vf, TOKEN_A, backend, &v);
	shut(&p);
	vdev_irq_enable(&v, VFIO_PCI_REQ_IRQ_INDEX, 0, &event, 1);
	ASSERT(write(order.go, &one, sizeof(one)) == sizeof(one));
	sys_eventfd_wait(event);
	ASSERT(waitpid(pid, &status, WNOHANG) == 0);
	ASSERT_EQ(vdev_cfg_read(&v, PCI_VENDOR_ID, 2), 0x8086);
	shut(&v);
	child_expect(pid, 0);
	ASSERT(!pci_exists(vf));
	ASSERT_EQ(nr_vfs(order.pf), 0);
	pci_bind(order.pf);
	open_with(order.pf, NULL, backend, &p);
	shut(&p);
}

TEST_OVER(disabled_while_in_use, BACKENDS_ALL)
{
	take_away(disable, backend);
}

TEST_OVER(unbound_while_in_use, BACKENDS_ALL)
{
	take_away(unbind, backend);
}
