// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stock modules of the kernel, which were built against the stock vfio.ko.
 * They must not load above this vfio.ko, because its structures have another
 * layout.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/module.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "edu.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
#define VFIO_MODULES "../../../drivers/vfio/"

static int stock_open(const char *name)
{
	struct utsname system;
	char path[512];
	int fd;

	ASSERT(!uname(&system));
	snprintf(path, sizeof(path), "/lib/modules/%s/kernel/drivers/vfio/%s",
		 system.release, name);
	fd = __sys_open(path, O_RDONLY);
	if (fd == -ENOENT)
		SKIP("no %s", path);
	ASSERT(fd >= 0);
	return fd;
}

static int __module_load(int fd, int flags)
{
	int ret = syscall(SYS_finit_module, fd, "", flags) ? -errno : 0;

	sys_close(fd);
	return ret;
}

static int klog_open_end(void)
{
	int fd = sys_open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	ASSERT(lseek(fd, 0, SEEK_END) >= 0);
	return fd;
}

/*
 * Check if the kernel has logged since @log was opened that it refuses @module
 * because of @namespace. Closes @log.
 */
static bool klog_has_refusal(int log, const char *module, const char *namespace)
{
	char line[2048], wanted[128];
	bool found = false;
	ssize_t got;

	snprintf(wanted, sizeof(wanted), "from namespace %s", namespace);
	for (;;) {
		got = read(log, line, sizeof(line) - 1);
		if (got < 0 && errno == EPIPE)
			continue;
		if (got < 0)
			break;
		line[got] = '\0';
		if (!strstr(line, module))
			continue;
		/* Kernels with CONFIG_MODVERSIONS check versions first. */
		if (strstr(line, wanted) ||
		    strstr(line, "disagrees about version of symbol vfio_")) {
			found = true;
			test_note("%s", strtok(strchr(line, ';') + 1, "\n"));
			break;
		}
	}
	sys_close(log);
	return found;
}

static void check_device_works(enum backend backend)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);

	edu_check_round_trip(edu, IOVA, 1);
	edu_close_with_space(edu);
}

static void check_stock_refused(const char *file, const char *module,
				const char *namespace)
{
	int fd = stock_open(file), log = klog_open_end();
	char path[128];

	ASSERT_RC(__module_load(fd, MODULE_INIT_COMPRESSED_FILE), -EINVAL);
	ASSERT(klog_has_refusal(log, module, namespace));
	snprintf(path, sizeof(path), "/sys/module/%s", module);
	ASSERT(access(path, F_OK));
}

/* Load the stock module in place of this project's, then restore that. */
static void check_stock_refused_as(const char *path, const char *file,
				   const char *module, const char *namespace)
{
	int fd = __sys_open(path, O_RDONLY);

	/* Skip before anything is unloaded, if there is no stock module. */
	sys_close(stock_open(file));
	if (fd == -ENOENT)
		SKIP("not run where it was built");
	ASSERT(fd >= 0);
	ASSERT(!syscall(SYS_delete_module, module, O_NONBLOCK));
	check_stock_refused(file, module, namespace);
	ASSERT_RC(__module_load(fd, 0), 0);
}

static void check_stock_type1_refused(void)
{
	check_stock_refused_as(VFIO_MODULES "vfio_iommu_type1.ko",
			       "vfio_iommu_type1.ko.xz", "vfio_iommu_type1",
			       "VFIO_NG");
}

/* A user of the symbols of vfio.ko */
TEST_OVER(stock_type1_is_refused, BACKENDS_ALL)
{
	check_device_works(backend);
	check_stock_type1_refused();
	check_device_works(backend);
}

/* The same while a device is open */
TEST(refused_with_a_device_open)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);

	check_stock_type1_refused();
	edu_close_with_space(edu);
}

/* A user of the symbols of vfio-pci-core.ko, as are variant drivers */
TEST(stock_vfio_pci_is_refused)
{
	check_device_works(BACKEND_IOMMUFD);
	check_stock_refused_as(VFIO_MODULES "pci/vfio-pci.ko",
			       "pci/vfio-pci.ko.xz", "vfio_pci", "VFIO_");
	check_device_works(BACKEND_IOMMUFD);
}

/* A stock module is not loaded beside this project's of the same name. */
TEST(stock_modules_of_our_names)
{
	ASSERT_RC(__module_load(stock_open("vfio.ko.xz"),
				MODULE_INIT_COMPRESSED_FILE),
		  -EEXIST);
	ASSERT_RC(__module_load(stock_open("vfio_iommu_type1.ko.xz"),
				MODULE_INIT_COMPRESSED_FILE),
		  -EEXIST);
	ASSERT_RC(__module_load(stock_open("pci/vfio-pci-core.ko.xz"),
				MODULE_INIT_COMPRESSED_FILE),
		  -EEXIST);
	check_device_works(BACKEND_IOMMUFD);
}
