// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameters of vfio_iommu_type1, as modprobe.d and sysfs know them. The
 * same tests run on the kernel's own VFIO.
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
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "klog.h"
#include "pci.h"
#include "sys.h"

#define MODULE "vfio_iommu_type1"
#define DIR "/sys/module/" MODULE
#define UNSAFE "allow_unsafe_interrupts"
#define SMALL "disable_hugepages"
#define LIMIT "dma_entry_limit"
#define IOVA 0x10000000ULL
#define RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)
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

	snprintf(path, sizeof(path), DIR "/parameters/%s", name);
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

	snprintf(path, sizeof(path), DIR "/parameters/%s", name);
	ASSERT(!stat(path, &st));
	ASSERT_EQ(st.st_mode & 07777, 0644);
	read_text(path, text, sizeof(text));
	if (strcmp(text, value))
		FAIL("%s is %s, want %s", name, text, value);
}

static long module_users(void)
{
	char text[32];

	read_text(DIR "/refcnt", text, sizeof(text));
	return strtol(text, NULL, 10);
}

static int new_container(enum backend backend, int *group)
{
	int container = container_open(backend);

	*group = group_open(pci_need(TESTDEV_EDU0));
	group_set_container(*group, container);
	return container;
}

static int ready(enum backend backend, int *group)
{
	int container = new_container(backend, group);

	container_set_iommu(container);
	return container;
}

static void done(int container, int group)
{
	sys_close(group);
	sys_close(container);
}

TEST(values)
{
	check_param(UNSAFE, "N");
	check_param(SMALL, "N");
	check_param(LIMIT, "65535");
	ASSERT_RC(__param_set(UNSAFE, "perhaps"), -EINVAL);
	ASSERT_RC(__param_set(SMALL, "2"), -EINVAL);
	ASSERT_RC(__param_set(LIMIT, "-1"), -EINVAL);
	ASSERT_RC(__param_set(LIMIT, "4294967296"), -ERANGE);
	check_param(LIMIT, "65535");
}

/* A container keeps the module from when it is set until its last group goes. */
TEST_OVER(module_in_use, BACKENDS_LEGACY)
{
	long users = module_users();
	int group, container = new_container(backend, &group);

	ASSERT_EQ(module_users(), users);
	container_set_iommu(container);
	ASSERT_EQ(module_users(), users + 1);
	ASSERT(syscall(SYS_delete_module, MODULE, O_NONBLOCK) &&
	       errno == EAGAIN);
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_EQ(module_users(), users);
	/* Nor does one keep it that could not be set. */
	group_set_container(group, container);
	ASSERT_RC(__container_set_iommu(container, VFIO_NOIOMMU_IOMMU),
		  -ENODEV);
	ASSERT_EQ(module_users(), users);
	done(container, group);
	ASSERT_EQ(module_users(), users);
}

/* The limit is that of the moment when the container is set to its type. */
TEST_OVER(limit, BACKENDS_LEGACY)
{
	char *page = sys_mmap_anon(PAGE);
	int group, container;

	param_set(LIMIT, "3");
	container = ready(backend, &group);
	param_set(LIMIT, "65535");
	ASSERT_EQ(container_dma_avail(container), 3);
	container_map(container, page, IOVA, PAGE);
	container_map(container, page, IOVA + PAGE, PAGE);
	container_map(container, page, IOVA + 2 * PAGE, PAGE);
	ASSERT_EQ(container_dma_avail(container), 0);
	ASSERT_RC(__container_map(container, page, IOVA + 3 * PAGE, PAGE, RW),
		  -ENOSPC);
	container_unmap(container, IOVA, PAGE);
	container_map(container, page, IOVA + 3 * PAGE, PAGE);
	/* Once more, and it is another one. */
	ASSERT_RC(__group_unset_container(group), 0);
	group_set_container(group, container);
	container_set_iommu(container);
	ASSERT_EQ(container_dma_avail(container), 65535);
	done(container, group);
}

TEST_OVER(limit_of_none_and_of_many, BACKENDS_LEGACY)
{
	char *page = sys_mmap_anon(PAGE);
	int group, container;

	param_set(LIMIT, "0");
	container = ready(backend, &group);
	param_set(LIMIT, "4294967295");
	ASSERT_EQ(container_dma_avail(container), 0);
	ASSERT_RC(__container_map(container, page, IOVA, PAGE, RW), -ENOSPC);
	done(container, group);
	container = ready(backend, &group);
	param_set(LIMIT, "65535");
	ASSERT_EQ(container_dma_avail(container), 4294967295U);
	container_map(container, page, IOVA, PAGE);
	ASSERT_EQ(container_dma_avail(container), 4294967294U);
	done(container, group);
}

/* Pages that IOMMU page tables take up, in the whole machine. */
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

/* Pages that it takes to map memory whose pages are huge. */
static long long cost(int container, const void *mem)
{
	long long before = table_pages(), after;

	container_map(container, mem, IOVA, HUGE_BYTES);
	after = table_pages();
	container_unmap(container, IOVA, HUGE_BYTES);
	return after - before;
}

/* The parameter holds for each request to map, in old containers too. */
TEST_OVER(no_huge_pages, BACKENDS_LEGACY)
{
	int group, container = ready(backend, &group);
	void *mem = mmap(NULL, HUGE_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	long long small;

	if (mem == MAP_FAILED)
		SKIP("no huge pages");
	/* The upper levels of the table are there from now on, or are not. */
	cost(container, mem);
	ASSERT(cost(container, mem) < 8);
	param_set(SMALL, "Y");
	small = cost(container, mem);
	param_set(SMALL, "N");
	ASSERT(small >= (long long)(HUGE_BYTES / MIB(2)));
	ASSERT(cost(container, mem) < 8);
	done(container, group);
}

/* Only where the machine does not remap interrupts. */
TEST_OVER(unsafe_interrupts, BACKENDS_LEGACY)
{
	int group, container = new_container(backend, &group);
	int log = klog_open();
	int rc;

	rc = __container_set_iommu(container, VFIO_TYPE1v2_IOMMU);
	if (!rc)
		SKIP("interrupts are isolated");
	ASSERT_RC(rc, -EPERM);
	ASSERT(klog_has(log, UNSAFE_LINE "No interrupt remapping support."));
	param_set(UNSAFE, "1");
	rc = __container_set_iommu(container, VFIO_TYPE1v2_IOMMU);
	param_set(UNSAFE, "0");
	ASSERT_RC(rc, 0);
	ASSERT(!klog_has(log, UNSAFE_LINE));
	/* What is attached stays, and the next one is refused. */
	container_map(container, sys_mmap_anon(PAGE), IOVA, PAGE);
	ASSERT_RC(__group_unset_container(group), 0);
	group_set_container(group, container);
	ASSERT_RC(__container_set_iommu(container, VFIO_TYPE1v2_IOMMU), -EPERM);
	done(container, group);
}
