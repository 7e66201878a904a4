// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parameters of vfio-pci, and a comparison of the parameters and aliases of all
 * modules with the stock ones. power_test has disable_idle_d3, sriov_test
 * enable_sriov.
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

#include "container.h"
#include "edu.h"
#include "harness.h"
#include "klog.h"
#include "mock_pci.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IRQ_INTX VFIO_PCI_INTX_IRQ_INDEX
#define VENDOR_INTEL 0x8086
#define VENDOR_TEST 0x1af4
#define DEVICE_TEST 0x7f01
/* A device on the denylist */
#define DEVICE_DENIED 0x0435
#define CLASS_COPROCESSOR 0x0b4000
#define VFIO_MODULES "../../../drivers/vfio/"
#define VFIO_PCI_MODULE VFIO_MODULES "pci/vfio-pci.ko"
#define IOMMUFD_MODULE "../../../drivers/iommu/iommufd/iommufd.ko"
/* Offset that the VGA region has if it exists, and its sequencer port */
#define VGA_OFFSET ((off_t)VFIO_PCI_VGA_REGION_INDEX << 40)
#define VGA_SEQUENCER 0x3c4
#define NOINTXMASK "/sys/module/vfio_pci/parameters/nointxmask"

/*
 * Bind the device again and trigger INTx; return the value of the command
 * register while the interrupt is masked.
 */
static unsigned int command_when_masked(const char *bdf, enum backend backend)
{
	struct edu *edu;
	int event = sys_eventfd();
	unsigned int command;
	int ret;

	pci_unbind(bdf);
	pci_bind(bdf);
	edu = edu_open(bdf, backend);
	ret = __vdev_irq_enable(edu->vdev, IRQ_INTX, 0, &event, 1);
	if (ret == -EBUSY) {
		ASSERT_RC(__sys_write_file(NOINTXMASK, "N"), 0);
		SKIP("the interrupt line is shared");
	}
	ASSERT_RC(ret, 0);
	edu_raise(edu, 1);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	command = pci_read_config(bdf, PCI_COMMAND, 2);
	edu_ack(edu, 1);
	vdev_intx_unmask(edu->vdev);
	edu_raise(edu, 2);
	sys_eventfd_wait(event);
	edu_ack(edu, 2);
	vdev_irq_disable(edu->vdev, IRQ_INTX);
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

/* Load the driver again with parameters, as modprobe.d would set them. */
static void module_reload(const char *params)
{
	int fd = __sys_open(VFIO_PCI_MODULE, O_RDONLY);

	if (!backend_present(BACKEND_IOMMUFD))
		SKIP("not our modules");
	if (fd == -ENOENT)
		SKIP("not run where it was built");
	ASSERT_OK(fd);
	ASSERT(!syscall(SYS_delete_module, "vfio_pci", O_NONBLOCK));
	ASSERT(!syscall(SYS_finit_module, fd, params, 0));
	sys_close(fd);
}

static bool is_bound(const char *bdf)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/vfio-pci/%s", bdf);
	return !access(path, F_OK);
}

static void check_bound(void *arg)
{
	ASSERT(is_bound(arg));
}

static void check_not_bound(void *arg)
{
	ASSERT(!is_bound(arg));
}

/*
 * Run @check in a child with @params set. The child fails alone, so that the
 * parameters are always reset for the next test.
 */
static void check_with_params(const char *params, void (*check)(void *arg),
			      const char *bdf)
{
	int status;
	pid_t pid;

	module_reload(params);
	pid = child_start(check, (void *)bdf);
	ASSERT(waitpid(pid, &status, 0) == pid);
	module_reload("");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != RESULT_PASS)
		FAIL("not with %s", params);
}

TEST(ids)
{
	struct mock_pci_image image;
	struct mock_bus bus;
	const char *bdf;
	int log;

	pci_need(TESTDEV_EDU0);
	mock_bus_open(&bus);
	mock_image(&image, VENDOR_TEST, DEVICE_TEST, MOCK_CLASS_NETWORK);
	bdf = mock_bus_plug(&bus, &image);
	ASSERT(!is_bound(bdf));
	log = klog_open();
	check_with_params("ids=1af4:7f01", check_bound, bdf);
	ASSERT(klog_has(
		log,
		"vfio_pci: add [1af4:7f01[ffffffff:ffffffff]] class 0x000000/00000000"));
	ASSERT(!is_bound(bdf));
	check_with_params("ids=1af4:7f02,1af4:7f01:0:0:020000:ffffff",
			  check_bound, bdf);
	ASSERT(klog_has(
		log,
		"vfio_pci: add [1af4:7f01[0000:0000]] class 0x020000/00ffffff"));
	check_with_params("ids=junk,,1af4:7f01", check_bound, bdf);
	ASSERT(klog_has(log, "vfio_pci: invalid id string \"junk\""));
	check_with_params("ids=1af4:7f02", check_not_bound, bdf);
	check_with_params("ids=1af4:7f01:1", check_not_bound, bdf);
	check_with_params("ids=1af4:7f01:0:0:030000:ff0000", check_not_bound,
			  bdf);
}

static void check_bind_denied(void *arg)
{
	ASSERT_RC(__pci_bind_to(arg, "vfio-pci"), 0);
	ASSERT(is_bound(arg));
	pci_unbind(arg);
}

TEST(disable_denylist)
{
	struct mock_pci_image image;
	struct mock_bus bus;

	pci_need(TESTDEV_EDU0);
	mock_bus_open(&bus);
	mock_image(&image, VENDOR_INTEL, DEVICE_DENIED, CLASS_COPROCESSOR);
	check_with_params("disable_denylist=1", check_bind_denied,
			  mock_bus_plug(&bus, &image));
}

static void check_no_vga_region(void *arg)
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
	ASSERT(pread(vdev->fd, &value, 1, VGA_OFFSET + VGA_SEQUENCER) == -1);
	ASSERT_EQ(errno, EINVAL);
	vdev_close_with_space(vdev);
}

/* Check if the VGA arbiter has a display decode @what: "io+mem", or "none". */
static bool vga_decodes(const char *bdf, const char *what)
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

/* The bridge need not forward VGA ranges that no device behind it uses. */
static void check_no_vga_decoded(void *arg)
{
	pci_bind(arg);
	ASSERT(vga_decodes(arg, "none"));
	pci_unbind(arg);
	ASSERT(vga_decodes(arg, "io+mem"));
}

TEST(disable_vga)
{
	const char *below = pci_need(TESTDEV_VGA_BELOW);

	if (!backend_present(BACKEND_CONTAINER))
		SKIP("no %s", backend_path(BACKEND_CONTAINER));
	ASSERT(vga_decodes(below, "io+mem"));
	check_with_params("disable_vga=1", check_no_vga_region,
			  pci_need(TESTDEV_VGA));
	check_with_params("disable_vga=1", check_no_vga_decoded, below);
}

#define NR_MODULES 5
static const char *const module_paths[NR_MODULES] = {
	VFIO_MODULES "vfio.ko",
	VFIO_MODULES "vfio_iommu_type1.ko",
	VFIO_MODULES "pci/vfio-pci-core.ko",
	VFIO_MODULES "pci/vfio-pci.ko",
	IOMMUFD_MODULE,
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

/* Check if a line begins with the first @len bytes of @wanted. */
static bool modinfo_has_line(const char *field, const char *path,
			     const char *wanted, size_t len)
{
	FILE *out = modinfo(field, path);
	bool found = false;
	char line[1024];

	while (fgets(line, sizeof(line), out))
		found = found || !strncmp(line, wanted, len);
	ASSERT(!pclose(out));
	return found;
}

/* Run modinfo on the stock module that @module replaces. */
static FILE *modinfo_stock(const char *field, const char *module)
{
	struct utsname system;
	char path[PATH_MAX];

	ASSERT(!uname(&system));
	snprintf(path, sizeof(path),
		 "/lib/modules/%s/kernel/drivers/vfio/%s.xz", system.release,
		 module + strlen(VFIO_MODULES));
	if (access(path, F_OK) || access(module, F_OK))
		SKIP("not both %s and %s", module, path);
	return modinfo(field, path);
}

/* The description of a parameter may differ. */
static bool has_parameter(const char *module, const char *line)
{
	return modinfo_has_line("parm", module, line, strcspn(line, ":") + 1);
}

static bool has_alias(const char *module, const char *line)
{
	return modinfo_has_line("alias", module, line, strlen(line));
}

/* Check that @has finds each line of the stock modules, at least @min. */
static void compare_modinfo(const char *field,
			    bool (*has)(const char *module, const char *line),
			    unsigned int min)
{
	unsigned int nr = 0;
	char line[1024];
	FILE *out;

	for (size_t i = 0; i < NR_MODULES - 1; i++) {
		out = modinfo_stock(field, module_paths[i]);
		for (; fgets(line, sizeof(line), out); nr++)
			if (!has(module_paths[i], line))
				FAIL("%s: no %s %s", module_paths[i], field,
				     line);
		ASSERT(!pclose(out));
	}
	ASSERT(nr >= min);
}

/*
 * Parameters that modprobe.d sets for the stock modules exist here, too. They have one
 * more, disable_vga, on x86.
 */
TEST(parameters_of_the_stock_modules)
{
	compare_modinfo("parm", has_parameter, 8);
}

/* A load request by an alias of a stock module finds the one of that name. */
TEST(aliases_of_the_stock_modules)
{
	compare_modinfo("alias", has_alias, 3);
}

static long module_users(const char *module)
{
	char path[PATH_MAX];
	long users = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	file = fopen(path, "re");
	ASSERT(file);
	ASSERT_EQ(fscanf(file, "%ld", &users), 1);
	fclose(file);
	return users;
}

/* The container belongs to the module vfio, which it keeps loaded. */
TEST_OVER(container_uses_vfio, BACKEND_CONTAINER)
{
	long users = module_users("vfio");
	int container = container_open(backend);

	ASSERT_EQ(module_users("vfio"), users + 1);
	sys_close(container);
	ASSERT_EQ(module_users("vfio"), users);
}

/* Guides name this line as the sign that the module is loaded. */
TEST(version_in_the_log)
{
	int log = klog_open();

	if (!backend_present(BACKEND_CONTAINER))
		SKIP("no %s", backend_path(BACKEND_CONTAINER));
	ASSERT(!lseek(log, 0, SEEK_SET));
	ASSERT(klog_has(log, "VFIO - User Level meta-driver version: "));
}
