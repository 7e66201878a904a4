// SPDX-License-Identifier: GPL-2.0-only
/*
 * Modules of the kernel's own that were built against its own vfio.ko: ours has
 * structures of another layout, so they must not load above it.
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
#define DRIVERS "../../../drivers/vfio/"

static int open_stock(const char *name)
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

static int __load(int fd, int flags)
{
	int rc = syscall(SYS_finit_module, fd, "", flags) ? -errno : 0;

	sys_close(fd);
	return rc;
}

static int kernel_log_end(void)
{
	int fd = sys_open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	ASSERT(lseek(fd, 0, SEEK_END) >= 0);
	return fd;
}

/* Has the kernel said since then that it will not have @module, and why? */
static bool log_refuses(int log, const char *module, const char *namespace)
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
		/* kernels with CONFIG_MODVERSIONS look at that before */
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

static void check_works(enum backend backend)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);

	edu_check_round_trip(edu, IOVA, 1);
	edu_close_with_space(edu);
}

static void check_refused(const char *file, const char *module,
			  const char *namespace)
{
	int fd = open_stock(file), log = kernel_log_end();
	char path[128];

	ASSERT_RC(__load(fd, MODULE_INIT_COMPRESSED_FILE), -EINVAL);
	ASSERT(log_refuses(log, module, namespace));
	snprintf(path, sizeof(path), "/sys/module/%s", module);
	ASSERT(access(path, F_OK));
}

/* With ours of that name out of the way, which comes back. */
static void check_refused_instead(const char *ours, const char *file,
				  const char *module, const char *namespace)
{
	int fd = __sys_open(ours, O_RDONLY);

	/* there is one, or ours stays */
	sys_close(open_stock(file));
	if (fd == -ENOENT)
		SKIP("not run where it was built");
	ASSERT(fd >= 0);
	ASSERT(!syscall(SYS_delete_module, module, O_NONBLOCK));
	check_refused(file, module, namespace);
	ASSERT_RC(__load(fd, 0), 0);
}

static void check_type1_refused(void)
{
	check_refused_instead(DRIVERS "vfio_iommu_type1.ko",
			      "vfio_iommu_type1.ko.xz", "vfio_iommu_type1",
			      "VFIO_NG");
}

/* What uses the symbols of vfio.ko */
TEST_OVER(stock_type1_is_refused, BACKENDS_ALL)
{
	check_works(backend);
	check_type1_refused();
	check_works(backend);
}

/* While a device is open, too */
TEST(refused_with_a_device_open)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);

	check_type1_refused();
	edu_close_with_space(edu);
}

/* What uses the symbols of vfio-pci-core.ko, as drivers for one device do */
TEST(stock_vfio_pci_is_refused)
{
	check_works(BACKEND_IOMMUFD);
	check_refused_instead(DRIVERS "pci/vfio-pci.ko", "pci/vfio-pci.ko.xz",
			      "vfio_pci", "VFIO_");
	check_works(BACKEND_IOMMUFD);
}

/* Those that are loaded are not loaded twice, whoever built the second. */
TEST(stock_modules_of_our_names)
{
	ASSERT_RC(__load(open_stock("vfio.ko.xz"), MODULE_INIT_COMPRESSED_FILE),
		  -EEXIST);
	ASSERT_RC(__load(open_stock("vfio_iommu_type1.ko.xz"),
			 MODULE_INIT_COMPRESSED_FILE),
		  -EEXIST);
	ASSERT_RC(__load(open_stock("pci/vfio-pci-core.ko.xz"),
			 MODULE_INIT_COMPRESSED_FILE),
		  -EEXIST);
	check_works(BACKEND_IOMMUFD);
}
