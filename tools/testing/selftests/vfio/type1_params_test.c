// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module parameters of vfio_iommu_type1. The same tests run on the kernel's own
 * VFIO.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "ioas.h"
#include "klog.h"
#include "observe.h"
#include "pci.h"
#include "sys.h"

#define TYPE1_MODULE "vfio_iommu_type1"
#define TYPE1_FILE "../../../drivers/vfio/vfio_iommu_type1.ko"
#define TYPE1_SYSFS "/sys/module/" TYPE1_MODULE
#define PARAM_UNSAFE "allow_unsafe_interrupts"
#define PARAM_NO_HUGE "disable_hugepages"
#define PARAM_LIMIT "dma_entry_limit"
#define IOVA 0x10000000ULL
#define MAP_RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)
#define HUGE_BYTES MIB(32)
#define UNSAFE_LINE "vfio_iommu_type1_attach_group: "

static void read_text(const char *path, char *text, size_t size)
{
	int fd = sys_open(path, O_RDONLY);
	ssize_t len = read(fd, text, size - 1);

	ASSERT(len > 0);
	text[len] = 0;
	text[strcspn(text, "\n")] = 0;
	sys_close(fd);
}

static int __param_set(const char *name, const char *value)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), TYPE1_SYSFS "/parameters/%s", name);
	return __sys_write_file(path, value);
}

static void param_set(const char *name, const char *value)
{
	ASSERT_RC(__param_set(name, value), 0);
}

static void check_param(const char *name, const char *value)
{
	char path[PATH_MAX], text[32];
	struct stat st;

	snprintf(path, sizeof(path), TYPE1_SYSFS "/parameters/%s", name);
	ASSERT(!stat(path, &st));
	ASSERT_EQ(st.st_mode & 07777, 0644);
	read_text(path, text, sizeof(text));
	if (strcmp(text, value))
		FAIL("%s is %s, want %s", name, text, value);
}

static long module_users(void)
{
	char text[32];

	read_text(TYPE1_SYSFS "/refcnt", text, sizeof(text));
	return strtol(text, NULL, 10);
}

static int new_container(enum backend backend, int *group)
{
	int container = container_open(backend);

	*group = group_open(pci_need(TESTDEV_EDU0));
	group_set_container(*group, container);
	return container;
}

static int new_type1(enum backend backend, int *group)
{
	int container = new_container(backend, group);

	container_set_iommu(container);
	return container;
}

static void close_all(int container, int group)
{
	sys_close(group);
	sys_close(container);
}

TEST(values)
{
	check_param(PARAM_UNSAFE, "N");
	check_param(PARAM_NO_HUGE, "N");
	check_param(PARAM_LIMIT, "65535");
	ASSERT_RC(__param_set(PARAM_UNSAFE, "perhaps"), -EINVAL);
	ASSERT_RC(__param_set(PARAM_NO_HUGE, "2"), -EINVAL);
	ASSERT_RC(__param_set(PARAM_LIMIT, "-1"), -EINVAL);
	ASSERT_RC(__param_set(PARAM_LIMIT, "4294967296"), -ERANGE);
	check_param(PARAM_LIMIT, "65535");
}

/* A container uses the module from SET_IOMMU until its last group leaves. */
TEST_OVER(module_in_use, BACKENDS_LEGACY)
{
	long users = module_users();
	int group, container = new_container(backend, &group);

	ASSERT_EQ(module_users(), users);
	container_set_iommu(container);
	ASSERT_EQ(module_users(), users + 1);
	ASSERT(syscall(SYS_delete_module, TYPE1_MODULE, O_NONBLOCK) &&
	       errno == EAGAIN);
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_EQ(module_users(), users);
	/* A failed SET_IOMMU does not use the module. */
	group_set_container(group, container);
	ASSERT_RC(__container_set_iommu(container, VFIO_NOIOMMU_IOMMU),
		  -ENODEV);
	ASSERT_EQ(module_users(), users);
	close_all(container, group);
	ASSERT_EQ(module_users(), users);
}

/* Load the module again, ours from the build or the one of the system. */
static void load_type1(void)
{
	int fd = __sys_open(TYPE1_FILE, O_RDONLY);

	if (backend_present(BACKEND_IOMMUFD) && fd >= 0)
		ASSERT(!syscall(SYS_finit_module, fd, "", 0));
	else
		ASSERT(!system("modprobe " TYPE1_MODULE));
}

static void check_without_type1(void *arg)
{
	int container = *(int *)arg;

	ASSERT_RC(__container_extension(container, VFIO_TYPE1_IOMMU), 0);
	ASSERT_RC(__container_extension(container, VFIO_TYPE1v2_IOMMU), 0);
	ASSERT_RC(__container_extension(container, VFIO_UNMAP_ALL), 0);
	ASSERT_RC(__container_extension(container, VFIO_DMA_CC_IOMMU), 0);
	ASSERT_RC(__container_set_iommu(container, VFIO_TYPE1v2_IOMMU),
		  -ENODEV);
	ASSERT_RC(__container_set_iommu(container, VFIO_UNMAP_ALL), -ENODEV);
}

/* Without the module a container has no types, as if it implemented them. */
TEST_OVER(module_removed, BACKENDS_LEGACY)
{
	int group, container = new_container(backend, &group);
	int status;
	pid_t pid;

	ASSERT(!syscall(SYS_delete_module, TYPE1_MODULE, O_NONBLOCK));
	/* The child fails alone, so that the module is loaded again. */
	pid = child_start(check_without_type1, &container);
	ASSERT(waitpid(pid, &status, 0) == pid);
	load_type1();
	ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == RESULT_PASS);
	ASSERT_RC(__container_extension(container, VFIO_TYPE1v2_IOMMU), 1);
	container_set_iommu(container);
	close_all(container, group);
}

/* SET_IOMMU takes the limit. */
TEST_OVER(limit, BACKENDS_LEGACY)
{
	char *page = sys_mmap_anon(PAGE);
	int group, container;

	param_set(PARAM_LIMIT, "3");
	container = new_type1(backend, &group);
	param_set(PARAM_LIMIT, "65535");
	ASSERT_EQ(container_dma_avail(container), 3);
	container_map(container, page, IOVA, PAGE);
	container_map(container, page, IOVA + PAGE, PAGE);
	container_map(container, page, IOVA + 2 * PAGE, PAGE);
	ASSERT_EQ(container_dma_avail(container), 0);
	ASSERT_RC(__container_map(container, page, IOVA + 3 * PAGE, PAGE,
				  MAP_RW),
		  -ENOSPC);
	container_unmap(container, IOVA, PAGE);
	container_map(container, page, IOVA + 3 * PAGE, PAGE);
	/* The next SET_IOMMU takes the current limit. */
	ASSERT_RC(__group_unset_container(group), 0);
	group_set_container(group, container);
	container_set_iommu(container);
	ASSERT_EQ(container_dma_avail(container), 65535);
	close_all(container, group);
}

TEST_OVER(limit_of_none_and_of_many, BACKENDS_LEGACY)
{
	char *page = sys_mmap_anon(PAGE);
	int group, container;

	param_set(PARAM_LIMIT, "0");
	container = new_type1(backend, &group);
	param_set(PARAM_LIMIT, "4294967295");
	ASSERT_EQ(container_dma_avail(container), 0);
	ASSERT_RC(__container_map(container, page, IOVA, PAGE, MAP_RW),
		  -ENOSPC);
	close_all(container, group);
	container = new_type1(backend, &group);
	param_set(PARAM_LIMIT, "65535");
	ASSERT_EQ(container_dma_avail(container), 4294967295U);
	container_map(container, page, IOVA, PAGE);
	ASSERT_EQ(container_dma_avail(container), 4294967294U);
	close_all(container, group);
}

/* The pages of all IOMMU page tables in the machine. */
static long long table_pages(void)
{
	long long pages = -1;
	char line[128];
	FILE *file;

	ASSERT_RC(__sys_write_file("/proc/sys/vm/stat_refresh", "1"), 0);
	file = fopen("/proc/vmstat", "re");
	ASSERT(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "nr_iommu_pages %lld", &pages);
	fclose(file);
	if (pages < 0)
		SKIP("the kernel does not count the pages of IOMMU tables");
	return pages;
}

/* The page table pages that a mapping of @mem, which is huge pages, takes. */
static long long table_pages_for(int container, const void *mem)
{
	long long before = table_pages(), after;

	container_map(container, mem, IOVA, HUGE_BYTES);
	after = table_pages();
	container_unmap(container, IOVA, HUGE_BYTES);
	return after - before;
}

/* Each map request checks the parameter, in existing containers too. */
TEST_OVER(no_huge_pages, BACKENDS_LEGACY)
{
	int group, container = new_type1(backend, &group);
	void *mem = mmap(NULL, HUGE_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	long long small;

	if (mem == MAP_FAILED)
		SKIP("no huge pages");
	/* Upper levels of the table that are kept are allocated now. */
	table_pages_for(container, mem);
	ASSERT(table_pages_for(container, mem) < 8);
	param_set(PARAM_NO_HUGE, "Y");
	small = table_pages_for(container, mem);
	param_set(PARAM_NO_HUGE, "N");
	ASSERT(small >= (long long)(HUGE_BYTES / MIB(2)));
	ASSERT(table_pages_for(container, mem) < 8);
	close_all(container, group);
}

static void expect_unsafe(int fd, const char *key, const char *call)
{
	/* the kernel's own VFIO has no reasons */
	if (!backend_present(BACKEND_IOMMUFD))
		return;
	fdinfo_expect(
		fd, key,
		"EPERM %s: interrupts of group %d are not isolated (no interrupt remapping, see allow_unsafe_interrupts)",
		call, pci_group(pci_need(TESTDEV_EDU0)));
}

/* Needs a machine that does not remap interrupts. */
TEST_OVER(unsafe_interrupts, BACKENDS_LEGACY)
{
	int group, container = new_container(backend, &group);
	int log = klog_open();
	int ret;

	ret = __container_set_iommu(container, VFIO_TYPE1v2_IOMMU);
	if (!ret)
		SKIP("interrupts are isolated");
	ASSERT_RC(ret, -EPERM);
	expect_unsafe(container, "iommufd-refusal", "set iommu");
	ASSERT(klog_has(log, UNSAFE_LINE "No interrupt remapping support."));
	param_set(PARAM_UNSAFE, "1");
	ret = __container_set_iommu(container, VFIO_TYPE1v2_IOMMU);
	param_set(PARAM_UNSAFE, "0");
	ASSERT_RC(ret, 0);
	ASSERT(!klog_has(log, UNSAFE_LINE));
	/* The attached group keeps working; attaching the next one fails. */
	container_map(container, sys_mmap_anon(PAGE), IOVA, PAGE);
	ASSERT_RC(__group_unset_container(group), 0);
	group_set_container(group, container);
	ASSERT_RC(__container_set_iommu(container, VFIO_TYPE1v2_IOMMU), -EPERM);
	close_all(container, group);
}

/* The same for device nodes; this parameter is one of iommufd. */
TEST(unsafe_interrupts_of_a_node)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int iommufd, cdev, ret;

	if (!backend_present(BACKEND_IOMMUFD))
		SKIP("no /dev/iommu");
	iommufd = iommufd_open();
	cdev = pci_open_cdev(bdf);
	ret = __cdev_bind(cdev, iommufd, NULL);
	if (!ret)
		SKIP("interrupts are isolated");
	ASSERT_RC(ret, -EPERM);
	expect_unsafe(iommufd, "iommufd-refusal", "bind");
	expect_unsafe(cdev, "vfio-refusal", "bind");
	fdinfo_expect(iommufd, "iommufd-objects", "%s", "");
}
