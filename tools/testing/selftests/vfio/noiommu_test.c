// SPDX-License-Identifier: GPL-2.0-only
/* Devices without an IOMMU; for "vm run --iommu none". */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/iommufd.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "observe.h"
#include "pci.h"
#include "sample.h"
#include "sys.h"
#include "vdev.h"

#define NOIOMMU_MODE "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"
/* Bit of TAINT_USER in /proc/sys/kernel/tainted */
#define TAINT_USER_BIT 6
#define IOVA 0x40000000ULL
/* An entry of /proc/self/pagemap: page is present, page frame number */
#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_PFN_MASK ((1ULL << 55) - 1)

static void noiommu_set_mode(bool on)
{
	ASSERT_RC(__sys_write_file(NOIOMMU_MODE, on ? "Y" : "N"), 0);
}

/* Bind a device to vfio-pci; return its PCI address. */
static const char *noiommu_bind(enum testdev which)
{
	const char *bdf = pci_need_noiommu(which);

	noiommu_set_mode(true);
	pci_bind(bdf);
	return bdf;
}

static void noiommu_group_path(const char *bdf, char *path, size_t size)
{
	snprintf(path, size, "/dev/vfio/noiommu-%d", pci_group(bdf));
}

static int noiommu_group_open(const char *bdf)
{
	char path[64];

	noiommu_group_path(bdf, path, sizeof(path));
	return sys_open(path, O_RDWR);
}

static bool is_tainted(void)
{
	unsigned long taint = 0;
	FILE *file = fopen("/proc/sys/kernel/tainted", "re");

	ASSERT(file);
	ASSERT_EQ(fscanf(file, "%lu", &taint), 1);
	fclose(file);
	return taint & (1UL << TAINT_USER_BIT);
}

/* This has to be the first test, because the taint is never cleared. */
TEST(only_if_asked_for)
{
	const char *bdf = pci_need_noiommu(TESTDEV_EDU0);
	int container = container_open(BACKEND_CONTAINER);
	char path[64];

	noiommu_set_mode(false);
	ASSERT(!is_tainted());
	ASSERT_RC(__container_extension(container, VFIO_NOIOMMU_IOMMU), 0);
	ASSERT_RC(__pci_bind_to(bdf, "vfio-pci"), -ENODEV);
	ASSERT(!is_tainted());

	noiommu_set_mode(true);
	ASSERT_RC(__container_extension(container, VFIO_NOIOMMU_IOMMU), 1);
	ASSERT_RC(__container_extension(container, VFIO_TYPE1v2_IOMMU), 1);
	pci_bind(bdf);
	ASSERT(is_tainted());
	noiommu_group_path(bdf, path, sizeof(path));
	ASSERT(!access(path, F_OK));
	pci_cdev_path(bdf, path, sizeof(path));
	ASSERT(strstr(path, "/dev/vfio/devices/noiommu-vfio"));
	ASSERT(!access(path, F_OK));

	/* Unbinding the driver removes all of it. */
	noiommu_group_path(bdf, path, sizeof(path));
	pci_unbind(bdf);
	ASSERT(access(path, F_OK));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group",
		 bdf);
	ASSERT(access(path, F_OK));
	sys_close(container);
}

TEST_OVER(container_rules, BACKENDS_LEGACY)
{
	const char *bdf = noiommu_bind(TESTDEV_EDU0);
	struct vfio_iommu_type1_info info = { .argsz = sizeof(info) };
	struct vfio_device_info dev = { .argsz = sizeof(dev) };
	char *mem = sys_mmap_anon(PAGE);
	int container = container_open(backend);
	int group = noiommu_group_open(bdf);
	int fd;

	ASSERT_EQ(group_flags(group), VFIO_GROUP_FLAGS_VIABLE);
	group_set_container(group, container);
	ASSERT_EQ(group_flags(group),
		  VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET);
	ASSERT_RC(__container_extension(container, VFIO_TYPE1_IOMMU), 0);
	ASSERT_RC(__container_extension(container, VFIO_UNMAP_ALL), 0);
	ASSERT_RC(__container_extension(container, VFIO_NOIOMMU_IOMMU), 1);
	ASSERT_RC(__container_map(container, mem, IOVA, PAGE, 3), -EINVAL);
	ASSERT_RC(__group_device(group, bdf), -EINVAL);
	ASSERT_RC(__container_set_iommu(container, VFIO_TYPE1_IOMMU), -ENODEV);
	ASSERT_RC(__container_set_iommu(container, VFIO_TYPE1v2_IOMMU),
		  -ENODEV);
	fdinfo_expect(
		container, "iommufd-refusal",
		"ENODEV set iommu: type 3 is unknown or does not suit the groups");
	noiommu_set_mode(false);
	ASSERT_RC(__container_set_iommu(container, VFIO_NOIOMMU_IOMMU),
		  -ENODEV);
	noiommu_set_mode(true);
	ASSERT_RC(__container_set_iommu(container, VFIO_NOIOMMU_IOMMU), 0);
	fdinfo_expect(container, "container-type", "8");
	ASSERT_RC(__container_set_iommu(container, VFIO_NOIOMMU_IOMMU),
		  -EINVAL);

	ASSERT_RC(__container_extension(container, VFIO_NOIOMMU_IOMMU), 1);
	ASSERT_RC(__container_extension(container, VFIO_TYPE1_IOMMU), 0);
	ASSERT_RC(__container_extension(container, VFIO_DMA_CC_IOMMU), 0);
	ASSERT_RC(__container_map(container, mem, IOVA, PAGE, 3), -ENOTTY);
	ASSERT_RC(__container_unmap(container, IOVA, PAGE, 0, NULL), -ENOTTY);
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_GET_INFO, &info), -ENOTTY);

	fd = group_device(group, bdf);
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_GET_INFO, &dev), 0);
	ASSERT(dev.flags & VFIO_DEVICE_FLAGS_PCI);
	ASSERT_RC(__group_unset_container(group), -EBUSY);
	sys_close(fd);
	ASSERT_RC(__group_unset_container(group), 0);
	/* The container is as before when it has no group. */
	ASSERT_RC(__container_extension(container, VFIO_TYPE1_IOMMU), 1);
	sys_close(group);
	sys_close(container);
}

/* A container is with or without an IOMMU. */
TEST_OVER(no_mixing, BACKENDS_LEGACY)
{
	const char *bdf = noiommu_bind(TESTDEV_EDU0);
	int container = container_open(backend);
	int group = noiommu_group_open(bdf);
	char path[64];
	int other;

	sample_load();
	snprintf(path, sizeof(path), "/dev/vfio/%d", sample_group(0));
	other = sys_open(path, O_RDWR);
	group_set_container(group, container);
	ASSERT_RC(__group_set_container(other, container), -EPERM);
	fdinfo_expect(
		container, "iommufd-refusal",
		"EPERM set container: groups with and without an IOMMU do not share a container");
	ASSERT_RC(__group_unset_container(group), 0);
	group_set_container(other, container);
	ASSERT_RC(__group_set_container(group, container), -EPERM);
	ASSERT_RC(__container_set_iommu(container, VFIO_NOIOMMU_IOMMU),
		  -ENODEV);
	container_set_iommu(container);
	ASSERT_RC(__group_set_container(group, container), -EPERM);
	sys_close(other);
	/* A second group without an IOMMU can be added later. */
	group_set_container(group, container);
	ASSERT_RC(__container_set_iommu(container, VFIO_NOIOMMU_IOMMU), 0);
	other = noiommu_group_open(noiommu_bind(TESTDEV_EDU1));
	group_set_container(other, container);
	sys_close(other);
	sys_close(group);
	sys_close(container);
}

static void expect_rawio(int fd, const char *key, const char *call)
{
	fdinfo_expect(
		fd, key,
		"EPERM %s: a group without an IOMMU requires CAP_SYS_RAWIO",
		call);
}

TEST_OVER(capability_group, BACKENDS_LEGACY)
{
	const char *bdf = noiommu_bind(TESTDEV_EDU0);
	int container = container_open(backend);
	int group = noiommu_group_open(bdf);
	int ready = noiommu_group_open(noiommu_bind(TESTDEV_EDU1));
	int other = container_open(backend);
	char path[64];

	group_set_container(ready, other);
	ASSERT_RC(__container_set_iommu(other, VFIO_NOIOMMU_IOMMU), 0);
	sys_drop_cap(CAP_SYS_RAWIO);
	ASSERT_RC(__group_set_container(group, container), -EPERM);
	expect_rawio(container, "iommufd-refusal", "set container");
	expect_rawio(group, "vfio-refusal", "set container");
	ASSERT_RC(__group_unset_container(ready), 0);
	/* not after it was closed, when it has no record */
	noiommu_group_path(bdf, path, sizeof(path));
	ASSERT_RC(__sys_open(path, O_RDWR), -EPERM);
	expect_rawio(group, "vfio-refusal", "open");
	sys_close(group);
	ASSERT_RC(__sys_open(path, O_RDWR), -EPERM);
}

TEST_OVER(capability_later, BACKENDS_LEGACY)
{
	const char *bdf = noiommu_bind(TESTDEV_EDU0);
	const char *bdf1 = noiommu_bind(TESTDEV_EDU1);
	int container = container_open(backend);
	int other = container_open(backend);
	int group = noiommu_group_open(bdf);
	int group1 = noiommu_group_open(bdf1);

	group_set_container(group, container);
	group_set_container(group1, other);
	ASSERT_RC(__container_set_iommu(other, VFIO_NOIOMMU_IOMMU), 0);
	sys_drop_cap(CAP_SYS_RAWIO);
	ASSERT_RC(__container_set_iommu(container, VFIO_NOIOMMU_IOMMU), -EPERM);
	expect_rawio(container, "iommufd-refusal", "set iommu");
	ASSERT_RC(__group_device(group1, bdf1), -EPERM);
	expect_rawio(other, "iommufd-refusal", "get device");
	expect_rawio(group1, "vfio-refusal", "get device");
}

TEST(capability_cdev)
{
	struct iommu_ioas_noiommu_get_pa get = { .size = sizeof(get) };
	const char *bdf = noiommu_bind(TESTDEV_EDU0);
	int iommufd = iommufd_open();
	char path[64];

	pci_cdev_path(bdf, path, sizeof(path));
	sys_drop_cap(CAP_SYS_RAWIO);
	ASSERT_RC(__sys_open(path, O_RDWR), -EPERM);
	ASSERT_RC(__sys_ioctl(iommufd, IOMMU_IOAS_NOIOMMU_GET_PA, &get),
		  -EPERM);
}

static int ioas_get_pa(struct space *space, __u64 iova, __u64 *length,
		       __u64 *phys)
{
	struct iommu_ioas_noiommu_get_pa get = {
		.size = sizeof(get),
		.ioas_id = space->ioas,
		.iova = iova,
		.length = *length,
	};
	int ret = __sys_ioctl(space->fd, IOMMU_IOAS_NOIOMMU_GET_PA, &get);

	if (!ret)
		*length = get.length;
	*phys = get.out_phys;
	return ret;
}

/* Return the physical address of memory of this process. */
static __u64 virt_to_phys(const void *addr)
{
	int fd = sys_open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	ASSERT_EQ(pread(fd, &entry, sizeof(entry),
			(off_t)((uintptr_t)addr / PAGE * sizeof(entry))),
		  sizeof(entry));
	ASSERT(entry & PAGEMAP_PRESENT);
	sys_close(fd);
	return (entry & PAGEMAP_PFN_MASK) * PAGE + (uintptr_t)addr % PAGE;
}

TEST(get_pa)
{
	const char *bdf = noiommu_bind(TESTDEV_EDU0);
	struct space *space = space_open(BACKEND_IOMMUFD);
	char *mem = sys_mmap_anon(8 * PAGE);
	__u64 length, phys;
	struct vdev *vdev;

	fill_pattern(mem, 8 * PAGE, 1);
	space_map(space, mem, IOVA, 8 * PAGE);
	length = PAGE;
	ASSERT_RC(ioas_get_pa(space, IOVA, &length, &phys), -EOPNOTSUPP);
	ASSERT_EQ(sys_pins_held(), 0);

	vdev = vdev_open_in(space, bdf);
	ASSERT_EQ(sys_pins_held(), 8);
	for (int i = 0; i < 8; i++) {
		length = 1;
		ASSERT_RC(ioas_get_pa(space, IOVA + i * PAGE, &length, &phys),
			  0);
		ASSERT_EQ(length, 1);
		ASSERT_EQ(phys, virt_to_phys(mem + i * PAGE));
	}
	/* The length covers at least the page, at most the mapping. */
	length = ~0ULL;
	ASSERT_RC(ioas_get_pa(space, IOVA + 0x80, &length, &phys), 0);
	ASSERT_EQ(phys, virt_to_phys(mem + 0x80));
	ASSERT(length >= PAGE - 0x80 && length <= 8 * PAGE - 0x80);
	ASSERT_EQ((phys + length) % PAGE, 0);
	for (__u64 i = 0; i < length; i += PAGE)
		ASSERT_EQ(phys + i, virt_to_phys(mem + 0x80 + i));

	length = 8;
	ASSERT_RC(ioas_get_pa(space, IOVA + 8 * PAGE - 1, &length, &phys), 0);
	ASSERT_EQ(length, 1);
	vdev_close(vdev);
	ASSERT_EQ(sys_pins_held(), 0);
	length = PAGE;
	ASSERT_RC(ioas_get_pa(space, IOVA, &length, &phys), -EOPNOTSUPP);
	space_close(space);
}

TEST(get_pa_huge)
{
	struct space *space = space_open(BACKEND_IOMMUFD);
	const char *bdf = noiommu_bind(TESTDEV_EDU0);
	struct vdev *vdev = vdev_open_in(space, bdf);
	__u64 length = MIB(4), phys;
	char *mem;

	mem = mmap(NULL, MIB(2), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (mem == MAP_FAILED)
		SKIP("no huge page");
	space_map(space, mem, IOVA, MIB(2));
	ASSERT_RC(ioas_get_pa(space, IOVA + PAGE, &length, &phys), 0);
	ASSERT_EQ(length, MIB(2) - PAGE);
	ASSERT_EQ(phys, virt_to_phys(mem + PAGE));
	length = 3 * PAGE;
	ASSERT_RC(ioas_get_pa(space, IOVA + PAGE, &length, &phys), 0);
	ASSERT_EQ(length, 3 * PAGE);
	vdev_close(vdev);
	space_close(space);
}

TEST(get_pa_errnos)
{
	struct space *space = space_open(BACKEND_IOMMUFD);
	const char *bdf = noiommu_bind(TESTDEV_EDU0);
	struct vdev *vdev = vdev_open_in(space, bdf);
	char *mem = sys_mmap_anon(PAGE);
	struct iommu_ioas_noiommu_get_pa get = {
		.size = sizeof(get),
		.ioas_id = space->ioas,
		.iova = IOVA,
		.length = PAGE,
	};
	struct iommu_ioas_noiommu_get_pa bad = get;
	unsigned long cmd = IOMMU_IOAS_NOIOMMU_GET_PA;

	ASSERT_RC(__sys_ioctl(space->fd, cmd, &get), -ENOENT);
	space_map(space, mem, IOVA, PAGE);
	check_struct_sizes(space->fd, cmd, &get, sizeof(get), sizeof(get), 0);
	bad.flags = 1;
	ASSERT_RC(__sys_ioctl(space->fd, cmd, &bad), -EOPNOTSUPP);
	bad = get;
	bad.__reserved = 1;
	ASSERT_RC(__sys_ioctl(space->fd, cmd, &bad), -EOPNOTSUPP);
	bad = get;
	bad.length = 0;
	ASSERT_RC(__sys_ioctl(space->fd, cmd, &bad), -EINVAL);
	bad = get;
	bad.iova = ~0ULL;
	ASSERT_RC(__sys_ioctl(space->fd, cmd, &bad), -EOVERFLOW);
	bad = get;
	bad.iova = IOVA - 1;
	ASSERT_RC(__sys_ioctl(space->fd, cmd, &bad), -ENOENT);
	bad = get;
	bad.ioas_id = vdev->id;
	ASSERT_RC(__sys_ioctl(space->fd, cmd, &bad), -ENOENT);
	space_unmap(space, IOVA, PAGE);
	ASSERT_RC(__sys_ioctl(space->fd, cmd, &get), -ENOENT);
	vdev_close(vdev);
	space_close(space);
}

/* The device does DMA to the addresses that GET_PA returns. */
TEST(dma)
{
	const char *bdf = noiommu_bind(TESTDEV_EDU0);
	struct space *space = space_open(BACKEND_IOMMUFD);
	struct edu *edu = edu_open_in(space, bdf);
	char *mem = sys_mmap_anon(2 * PAGE);
	__u64 length, to, from;

	fill_pattern(mem, PAGE, 4);
	space_map(space, mem, IOVA, 2 * PAGE);
	length = PAGE;
	ASSERT_RC(ioas_get_pa(space, IOVA, &length, &from), 0);
	ASSERT_RC(ioas_get_pa(space, IOVA + PAGE, &length, &to), 0);
	edu_load(edu, from, PAGE);
	edu_store(edu, to, PAGE);
	ASSERT(is_pattern(mem + PAGE, PAGE, 4));
	edu_close_with_space(edu);
}

TEST(hwpt)
{
	const char *bdf = noiommu_bind(TESTDEV_EDU0);
	struct space *space = space_open(BACKEND_IOMMUFD);
	struct vdev *vdev = vdev_open_in(space, bdf);
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.dev_id = vdev->id,
	};
	__u32 hwpt, ioas, id, attached;
	char *mem = sys_mmap_anon(PAGE);
	__u64 length = PAGE, phys;

	ASSERT_RC(__sys_ioctl(space->fd, IOMMU_GET_HW_INFO, &info), 0);
	ASSERT_EQ(info.out_data_type, IOMMU_HW_INFO_TYPE_NONE);
	ASSERT_EQ(info.out_capabilities, 0);
	ASSERT_RC(__hwpt_alloc(space->fd, vdev->id, space->ioas,
			       IOMMU_HWPT_ALLOC_NEST_PARENT, &id),
		  -EOPNOTSUPP);
	ASSERT_RC(__hwpt_alloc(space->fd, vdev->id, space->ioas,
			       IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &id),
		  -EOPNOTSUPP);

	/* Attach to another IOAS by an HWPT. */
	ioas = ioas_alloc(space->fd);
	hwpt = hwpt_alloc(space->fd, vdev->id, ioas);
	ioas_map_fixed(space->fd, ioas, mem, IOVA, PAGE);
	ASSERT_RC(__cdev_attach(vdev->fd, hwpt, &attached), 0);
	ASSERT_EQ(attached, hwpt);
	ASSERT_RC(ioas_get_pa(space, IOVA, &length, &phys), -ENOENT);
	space->ioas = ioas;
	ASSERT_RC(ioas_get_pa(space, IOVA, &length, &phys), 0);
	ASSERT_EQ(phys, virt_to_phys(mem));
	ASSERT_RC(__iommufd_destroy(space->fd, hwpt), -EBUSY);
	ASSERT_RC(__cdev_detach(vdev->fd), 0);
	iommufd_destroy(space->fd, hwpt);
	ASSERT_EQ(sys_pins_held(), 0);
	vdev_close(vdev);
	space_close(space);
}

/* The group and the device node exclude each other. */
TEST(group_or_cdev)
{
	const char *bdf = noiommu_bind(TESTDEV_EDU0);
	int iommufd = iommufd_open();
	int group = noiommu_group_open(bdf);
	char path[64];
	__u32 id;
	int cdev;

	pci_cdev_path(bdf, path, sizeof(path));
	cdev = sys_open(path, O_RDWR);
	ASSERT_RC(__cdev_bind(cdev, iommufd, &id), -EBUSY);
	sys_close(group);
	ASSERT_RC(__cdev_bind(cdev, iommufd, &id), 0);
	noiommu_group_path(bdf, path, sizeof(path));
	ASSERT_RC(__sys_open(path, O_RDWR), -EBUSY);
	sys_close(cdev);
	sys_close(iommufd);
	sys_close(noiommu_group_open(bdf));
}

/* Interrupts do not depend on interrupt remapping. */
TEST(interrupt)
{
	const char *bdf = noiommu_bind(TESTDEV_EDU0);
	struct space *space = space_open(BACKEND_IOMMUFD);
	struct edu *edu = edu_open_in(space, bdf);
	int event = sys_eventfd();

	vdev_irq_enable(edu->vdev, VFIO_PCI_MSI_IRQ_INDEX, 0, &event, 1);
	edu_raise(edu, 1);
	sys_eventfd_wait(event);
	edu_ack(edu, 1);
	edu_close_with_space(edu);
}

/* An emulated device and one without an IOMMU share an IOAS. */
TEST(with_emulated_device)
{
	const char *bdf = noiommu_bind(TESTDEV_EDU0);
	struct space *space = space_open(BACKEND_IOMMUFD);
	int fd = sample_open_in(space, 0);
	char *mem = sys_mmap_anon(PAGE);
	__u64 length = PAGE, phys;
	struct vdev *vdev;

	space_map(space, mem, IOVA, PAGE);
	sample_pin(fd, IOVA, 1);
	ASSERT_RC(ioas_get_pa(space, IOVA, &length, &phys), -EOPNOTSUPP);
	vdev = vdev_open_in(space, bdf);
	ASSERT_RC(ioas_get_pa(space, IOVA, &length, &phys), 0);
	ASSERT_EQ(phys, virt_to_phys(mem));
	ASSERT_EQ(sys_pins_held(), 1);
	vdev_close(vdev);
	ASSERT_EQ(sys_pins_held(), 1);
	sys_close(fd);
	space_close(space);
}
