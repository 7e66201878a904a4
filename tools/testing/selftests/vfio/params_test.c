// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parameters of vfio-pci. power_test has disable_idle_d3, sriov_test enable_sriov.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edu.h"
#include "harness.h"
#include "mock_pci.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define INTX VFIO_PCI_INTX_IRQ_INDEX
#define DRIVERS "../../../drivers/vfio/"
#define VFIO_PCI DRIVERS "pci/vfio-pci.ko"
#define IOMMUFD "../../../drivers/iommu/iommufd/iommufd.ko"
/* Where the region would be, which nobody tells */
#define VGA_OFFSET ((off_t)VFIO_PCI_VGA_REGION_INDEX << 40)
#define NOINTXMASK "/sys/module/vfio_pci/parameters/nointxmask"

/* Bind anew, take an interrupt, and see how it was masked. */
static unsigned int command_when_masked(const char *bdf, enum backend backend)
{
	struct edu *edu;
	int event = sys_eventfd();
	unsigned int command;
	int rc;

	pci_unbind(bdf);
	pci_bind(bdf);
	edu = edu_open(bdf, backend);
	rc = __vdev_irq_enable(edu->vdev, INTX, 0, &event, 1);
	if (rc == -EBUSY) {
		ASSERT_RC(__sys_write_file(NOINTXMASK, "N"), 0);
		SKIP("the interrupt line is shared");
	}
	ASSERT_RC(rc, 0);
	edu_raise(edu, 1);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	command = pci_read_config(bdf, PCI_COMMAND, 2);
	edu_ack(edu, 1);
	vdev_intx_unmask(edu->vdev);
	edu_raise(edu, 2);
	sys_eventfd_wait(event);
	edu_ack(edu, 2);
	vdev_irq_disable(edu->vdev, INTX);
	edu_close_with_space(edu);
	return command;
}

TEST_OVER(nointxmask, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_EDU0);

	ASSERT(command_when_masked(bdf, backend) & PCI_COMMAND_INTX_DISABLE);
	ASSERT_RC(__sys_write_file(NOINTXMASK, "Y"), 0);
	ASSERT(!(command_when_masked(bdf, backend) & PCI_COMMAND_INTX_DISABLE));
	ASSERT_RC(__sys_write_file(NOINTXMASK, "N"), 0);
	ASSERT(command_when_masked(bdf, backend) & PCI_COMMAND_INTX_DISABLE);
}

/* The driver anew, as modprobe.d would have it loaded. */
static void reload(const char *params)
{
	int fd = __sys_open(VFIO_PCI, O_RDONLY);

	if (!backend_present(BACKEND_IOMMUFD))
		SKIP("not our modules");
	if (fd == -ENOENT)
		SKIP("not run where it was built");
	ASSERT_OK(fd);
	ASSERT(!syscall(SYS_delete_module, "vfio_pci", O_NONBLOCK));
	ASSERT(!syscall(SYS_finit_module, fd, params, 0));
	sys_close(fd);
}

static bool is_taken(const char *bdf)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/vfio-pci/%s", bdf);
	return !access(path, F_OK);
}

static void is_taken_with(void *arg)
{
	ASSERT(is_taken(arg));
}

static void is_free_with(void *arg)
{
	ASSERT(!is_taken(arg));
}

/* A check that fails must not leave its parameters to the next test. */
static void check_loaded(const char *params, void (*check)(void *arg),
			 const char *bdf)
{
	int status;
	pid_t pid;

	reload(params);
	pid = child_start(check, (void *)bdf);
	ASSERT(waitpid(pid, &status, 0) == pid);
	reload("");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != RESULT_PASS)
		FAIL("not with %s", params);
}

TEST(ids)
{
	struct mock_pci_image image;
	struct mock_bus bus;
	const char *bdf;

	pci_need(TESTDEV_EDU0);
	mock_bus_open(&bus);
	mock_image(&image, 0x1af4, 0x7f01, 0x020000);
	bdf = mock_bus_plug(&bus, &image);
	ASSERT(!is_taken(bdf));
	check_loaded("ids=1af4:7f01", is_taken_with, bdf);
	ASSERT(!is_taken(bdf));
	check_loaded("ids=1af4:7f02,1af4:7f01:0:0:020000:ffffff", is_taken_with,
		     bdf);
	check_loaded("ids=junk,,1af4:7f01", is_taken_with, bdf);
	check_loaded("ids=1af4:7f02", is_free_with, bdf);
	check_loaded("ids=1af4:7f01:1", is_free_with, bdf);
	check_loaded("ids=1af4:7f01:0:0:030000:ff0000", is_free_with, bdf);
}

static void bind_denied(void *arg)
{
	ASSERT_RC(__pci_bind_to(arg, "vfio-pci"), 0);
	ASSERT(is_taken(arg));
	pci_unbind(arg);
}

TEST(disable_denylist)
{
	struct mock_pci_image image;
	struct mock_bus bus;

	pci_need(TESTDEV_EDU0);
	mock_bus_open(&bus);
	mock_image(&image, 0x8086, 0x0435, 0x0b4000);
	check_loaded("disable_denylist=1", bind_denied,
		     mock_bus_plug(&bus, &image));
}

static void no_vga_region(void *arg)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_VGA_REGION_INDEX,
	};
	struct vdev *vdev;
	__u8 value;

	pci_bind(arg);
	vdev = vdev_open(arg, BACKEND_CONTAINER);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &info),
		  -EINVAL);
	ASSERT(pread(vdev->fd, &value, 1, VGA_OFFSET + 0x3c4) == -1);
	ASSERT_EQ(errno, EINVAL);
	vdev_close_with_space(vdev);
}

/* What the arbiter takes the display to decode: "io+mem", or "none". */
static bool decodes(const char *bdf, const char *what)
{
	char text[256], wanted[64];
	ssize_t len;
	int fd;

	fd = sys_open("/dev/vga_arbiter", O_RDWR);
	len = snprintf(text, sizeof(text), "target PCI:%s", bdf);
	ASSERT_EQ(write(fd, text, len), len);
	len = read(fd, text, sizeof(text) - 1);
	ASSERT(len > 0);
	sys_close(fd);
	text[len] = '\0';
	snprintf(wanted, sizeof(wanted), "PCI:%s,decodes=%s,", bdf, what);
	return strstr(text, wanted);
}

/* Nothing behind the bridge has a use for the ranges: it need not forward them. */
static void no_vga_decoded(void *arg)
{
	pci_bind(arg);
	ASSERT(decodes(arg, "none"));
	pci_unbind(arg);
	ASSERT(decodes(arg, "io+mem"));
}

TEST(disable_vga)
{
	const char *below = pci_need(TESTDEV_VGA_BELOW);

	if (!backend_present(BACKEND_CONTAINER))
		SKIP("no %s", backend_path(BACKEND_CONTAINER));
	ASSERT(decodes(below, "io+mem"));
	check_loaded("disable_vga=1", no_vga_region, pci_need(TESTDEV_VGA));
	check_loaded("disable_vga=1", no_vga_decoded, below);
}

#define MODULES 5
static const char *const ours[MODULES] = {
	DRIVERS "vfio.ko",
	DRIVERS "vfio_iommu_type1.ko",
	DRIVERS "pci/vfio-pci-core.ko",
	DRIVERS "pci/vfio-pci.ko",
	IOMMUFD,
};

static FILE *modinfo(const char *field, const char *path)
{
	char command[PATH_MAX + 32];
	FILE *out;

	snprintf(command, sizeof(command), "modinfo -F %s %s", field, path);
	out = popen(command, "re");
	ASSERT(out);
	return out;
}

/* Is there a line that begins with the first @len bytes of this one? */
static bool has_line(const char *field, const char *path, const char *wanted,
		     size_t len)
{
	FILE *out = modinfo(field, path);
	bool found = false;
	char line[1024];

	while (fgets(line, sizeof(line), out))
		found = found || !strncmp(line, wanted, len);
	ASSERT(!pclose(out));
	return found;
}

/* The kernel's own module of the same name, without the path of ours. */
static FILE *modinfo_stock(const char *field, const char *module)
{
	struct utsname system;
	char path[PATH_MAX];

	ASSERT(!uname(&system));
	snprintf(path, sizeof(path),
		 "/lib/modules/%s/kernel/drivers/vfio/%s.xz", system.release,
		 module + strlen(DRIVERS));
	if (access(path, F_OK) || access(module, F_OK))
		SKIP("not both %s and %s", module, path);
	return modinfo(field, path);
}

/* What describes a parameter need not be the same. */
static bool has_parm(const char *module, const char *line)
{
	return has_line("parm", module, line, strcspn(line, ":") + 1);
}

static bool some_has_alias(const char *module __attribute__((unused)),
			   const char *line)
{
	for (size_t i = 0; i < MODULES; i++)
		if (has_line("alias", ours[i], line, strlen(line)))
			return true;
	return false;
}

/* Each line of a stock module is one that @has finds in ours. */
static void compare_field(const char *field,
			  bool (*has)(const char *module, const char *line),
			  unsigned int least)
{
	unsigned int nr = 0;
	char line[1024];
	FILE *out;

	for (size_t i = 0; i < MODULES - 1; i++) {
		out = modinfo_stock(field, ours[i]);
		for (; fgets(line, sizeof(line), out); nr++)
			if (!has(ours[i], line))
				FAIL("%s: no %s %s", ours[i], field, line);
		ASSERT(!pclose(out));
	}
	ASSERT(nr >= least);
}

/* What modprobe.d sets for a module works with ours, too. */
TEST(parameters_of_the_stock_modules)
{
	compare_field("parm", has_parm, 9);
}

/* Whatever has one of them loaded finds the one of ours that is for it. */
TEST(aliases_of_the_stock_modules)
{
	compare_field("alias", some_has_alias, 3);
}
