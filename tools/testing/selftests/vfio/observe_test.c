// SPDX-License-Identifier: GPL-2.0-only
/* What fdinfo, debugfs and trace events show of devices and containers. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "ioas.h"
#include "observe.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
#define MAP_RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

#define expect_ctx(fd, ...) fdinfo_expect(fd, "iommufd-refusal", __VA_ARGS__)
#define expect_dev(fd, ...) fdinfo_expect(fd, "vfio-refusal", __VA_ARGS__)

TEST(container_states)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int container = container_open(BACKEND_CONTAINER);
	char line[OBSERVE_LINE];
	struct vfio_iommu_type1_info info = { .argsz = sizeof(info) };
	int group;

	fdinfo_expect(container, "iommufd-interface", "container");
	fdinfo_expect(container, "iommufd-accounting", "process");
	fdinfo_expect(container, "container-type", "none");
	fdinfo_expect(container, "container-groups", "%s", "");

	ASSERT_RC(__container_set_iommu(container, VFIO_TYPE1v2_IOMMU),
		  -EINVAL);
	expect_ctx(container, "EINVAL set iommu: the container has no group");
	group = group_open(bdf);
	ASSERT_RC(__group_device(group, bdf), -EINVAL);
	expect_dev(group, "EINVAL get device: group %d is in no container",
		   pci_group(bdf));
	group_set_container(group, container);
	fdinfo_expect(container, "container-groups", "%d", pci_group(bdf));
	ASSERT_RC(__group_device(group, bdf), -EINVAL);
	expect_ctx(container,
		   "EINVAL get device: VFIO_SET_IOMMU has not been called");
	expect_dev(group,
		   "EINVAL get device: VFIO_SET_IOMMU has not been called");
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_GET_INFO, &info), -EINVAL);
	expect_ctx(container,
		   "EINVAL get info: VFIO_SET_IOMMU has not been called");
	container_set_iommu(container);
	fdinfo_expect(container, "container-type", "3");
	ASSERT_EQ(fdinfo_number(container, "container-mappings-left"),
		  container_dma_avail(container));
	ASSERT_RC(__container_set_iommu(container, VFIO_TYPE1v2_IOMMU),
		  -EINVAL);
	expect_ctx(container,
		   "EINVAL set iommu: VFIO_SET_IOMMU has been called before");
	ASSERT_RC(__group_open(bdf), -EBUSY);
	expect_dev(group, "EBUSY open: group %d is open already",
		   pci_group(bdf));
	ASSERT_RC(__group_device(group, "0000:ff:1f.7"), -ENODEV);
	expect_dev(
		group,
		"ENODEV get device: group %d has no device of this name that is bound to a VFIO driver",
		pci_group(bdf));
	ASSERT_RC(__group_set_container(group, container), -EINVAL);
	expect_dev(group,
		   "EINVAL set container: group %d is in a container already",
		   pci_group(bdf));
	ASSERT_RC(__group_unset_container(group), 0);
	fdinfo_expect(container, "container-type", "none");
	ASSERT(!fdinfo_line(container, "iommufd-ioas", 0, line));
}

TEST(container_of_two_groups)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	const char *other = pci_need(TESTDEV_EDU1);
	int container = container_open(BACKEND_CONTAINER);
	int group = group_open(bdf), group1 = group_open(other);

	group_set_container(group, container);
	ASSERT_RC(__container_set_iommu(container, VFIO_TYPE1_IOMMU), 0);
	fdinfo_expect(container, "container-type", "1");
	group_set_container(group1, container);
	/* the last one is the first */
	fdinfo_expect(container, "container-groups", "%d %d", pci_group(other),
		      pci_group(bdf));
	ASSERT_RC(__group_unset_container(group), 0);
	fdinfo_expect(container, "container-groups", "%d", pci_group(other));
	fdinfo_expect(container, "container-type", "1");
}

TEST(container_mappings)
{
	char *buf = sys_mmap_anon(4 * PAGE);
	struct vdev *vdev =
		vdev_open(pci_need(TESTDEV_EDU0), BACKEND_CONTAINER);
	struct pci_window msi = pci_msi_window(vdev->bdf);
	int container = vdev->space->fd;
	char line[OBSERVE_LINE];
	unsigned int left = container_dma_avail(container);
	char *areas;

	container_map(container, buf, IOVA, 4 * PAGE);
	fdinfo_expect(container, "iommufd-ioas",
		      "id=0 areas=1 mapped=16384 pinned=16384 domains=1");
	fdinfo_expect(container, "iommufd-charged", "16 kB");
	ASSERT_EQ(fdinfo_number(container, "container-mappings-left"),
		  left - 1);
	areas = areas_read(container);
	areas_expect(
		areas,
		"ioas=0 iova=%#llx length=0x4000 prot=rw kind=anon thp=0 pinned=yes owner=%d/",
		IOVA, getpid());

	ASSERT_RC(__container_map(container, buf, IOVA + PAGE, PAGE, MAP_RW),
		  -EEXIST);
	expect_ctx(
		container,
		"EEXIST map: iova 0x10001000 length 0x1000: overlaps area 0x10000000-0x10003fff");
	ASSERT_RC(__container_map(container, buf, msi.first, PAGE, MAP_RW),
		  -EINVAL);
	expect_ctx(
		container,
		"EINVAL map: iova %#llx length 0x1000: reserved by group %d (MSI window %#llx-%#llx)",
		msi.first, pci_group(vdev->bdf), msi.first, msi.last);
	ASSERT_RC(__container_map(container, buf, 1ULL << 60, PAGE, MAP_RW),
		  -EINVAL);
	fdinfo_need(container, "iommufd-refusal", line);
	if (!strstr(line, ": outside of the aperture of the IOMMU ("))
		FAIL("%s", line);
	ASSERT_RC(__container_map(container, buf + 1, IOVA * 2, PAGE, MAP_RW),
		  -EINVAL);
	fdinfo_need(container, "iommufd-refusal", line);
	if (!strstr(line, " of the memory is not aligned to 0x1000"))
		FAIL("%s", line);
	ASSERT_RC(__container_unmap(container, IOVA, PAGE, 0, NULL), -EINVAL);
	expect_ctx(
		container,
		"EINVAL unmap: iova 0x10000000 length 0x1000: contains only a part of area 0x10000000-0x10003fff");
	sys_munmap(buf + 2 * PAGE, PAGE);
	ASSERT_RC(__container_map(container, buf, IOVA * 2, 4 * PAGE, MAP_RW),
		  -EFAULT);
	expect_ctx(
		container,
		"EFAULT map: iova 0x20000000 length 0x4000: no memory at %#llx that allows write access",
		(unsigned long long)(uintptr_t)buf + 2 * PAGE);
	sys_set_memlock(8 * PAGE);
	sys_drop_ipc_lock();
	buf = sys_mmap_anon(8 * PAGE);
	ASSERT_RC(__container_map(container, buf, IOVA * 2, 8 * PAGE, MAP_RW),
		  -ENOMEM);
	expect_ctx(
		container,
		"ENOMEM map: iova 0x20000000 length 0x8000: RLIMIT_MEMLOCK: 48 of 32 kB");
}

/* The limit is that of the container, which is read when its type is set. */
TEST(container_limit)
{
	const char *path =
		"/sys/module/vfio_iommu_type1/parameters/dma_entry_limit";
	char *buf = sys_mmap_anon(PAGE);
	struct vdev *vdev;
	int container;

	ASSERT_RC(__sys_write_file(path, "2"), 0);
	vdev = vdev_open(pci_need(TESTDEV_EDU0), BACKEND_CONTAINER);
	ASSERT_RC(__sys_write_file(path, "65535"), 0);
	container = vdev->space->fd;
	container_map(container, buf, IOVA, PAGE);
	container_map(container, buf, IOVA + PAGE, PAGE);
	fdinfo_expect(container, "container-mappings-left", "0");
	ASSERT_RC(__container_map(container, buf, IOVA * 2, PAGE, MAP_RW),
		  -ENOSPC);
	expect_ctx(
		container,
		"ENOSPC map: iova 0x20000000 length 0x1000: 2 of 2 mappings exist (dma_entry_limit)");
}

TEST(group_not_viable)
{
	const char *bdf = pci_need(TESTDEV_SHARED0);
	const char *other = pci_need(TESTDEV_SHARED1);
	int container = container_open(BACKEND_CONTAINER);
	int group;

	if (system("modprobe -q uio_pci_generic"))
		SKIP("no other driver for %s", other);
	pci_bind_to(other, "uio_pci_generic");
	group = group_open(bdf);
	ASSERT_RC(__group_set_container(group, container), -EPERM);
	expect_ctx(
		container,
		"EPERM set container: group %d is not viable: %s is bound to uio_pci_generic",
		pci_group(bdf), other);
	/* The driver must not stay: it shares its interrupt with other devices. */
	pci_bind(other);
}

/* A line of the kernel's own, with a blank instead of a tab */
static void expect_syspath(int fd, const char *bdf)
{
	char path[PATH_MAX], link[128], want[PATH_MAX + 64], line[PATH_MAX];
	bool found = false;
	FILE *file;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s", bdf);
	ASSERT(realpath(link, path));
	snprintf(want, sizeof(want), "vfio-device-syspath: %s\n", path);
	snprintf(link, sizeof(link), "/proc/self/fdinfo/%d", fd);
	file = fopen(link, "re");
	ASSERT(file);
	while (fgets(line, sizeof(line), file))
		found |= !strcmp(line, want);
	fclose(file);
	ASSERT(found);
}

TEST(device_by_group)
{
	struct vdev *vdev =
		vdev_open(pci_need(TESTDEV_EDU0), BACKEND_CONTAINER);
	char line[OBSERVE_LINE];

	fdinfo_expect(vdev->fd, "vfio-device", "%s", vdev->bdf);
	fdinfo_expect(vdev->fd, "vfio-group", "%d", pci_group(vdev->bdf));
	fdinfo_expect(vdev->fd, "vfio-interface", "group");
	expect_syspath(vdev->fd, vdev->bdf);
	ASSERT_EQ(fdinfo_number(vdev->fd, "vfio-context"),
		  fdinfo_number(vdev->space->fd, "iommufd-context"));
	ASSERT_EQ(fdinfo_number(vdev->fd, "vfio-refusals"), 0);
	ASSERT(!fdinfo_line(vdev->fd, "vfio-refusal", 0, line));
}

TEST(device_by_cdev)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int iommufd = iommufd_open();
	int other = iommufd_open();
	__u32 ioas = ioas_alloc(iommufd);
	int fd = pci_open_cdev(bdf);
	int second = pci_open_cdev(bdf);
	struct vfio_device_info info = { .argsz = sizeof(info) };
	char line[OBSERVE_LINE];
	__u32 id, hwpt;

	fdinfo_expect(fd, "vfio-device", "%s", bdf);
	fdinfo_expect(fd, "vfio-interface", "cdev");
	ASSERT(!fdinfo_line(fd, "vfio-context", 0, line));
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_GET_INFO, &info), -EINVAL);
	expect_dev(
		fd,
		"EINVAL get info: %s is not bound to an iommufd (VFIO_DEVICE_BIND_IOMMUFD)",
		bdf);
	ASSERT_RC(__cdev_bind(fd, iommufd, &id), 0);
	ASSERT_EQ(fdinfo_number(fd, "vfio-context"),
		  fdinfo_number(iommufd, "iommufd-context"));
	fdinfo_expect(fd, "vfio-object", "id=%u hwpt=0 ioas=0", id);
	ASSERT_RC(__cdev_bind(fd, iommufd, &id), -EINVAL);
	expect_dev(fd, "EINVAL bind: the file is bound already");
	ASSERT_RC(__cdev_bind(second, other, NULL), -EINVAL);
	expect_dev(fd, "EINVAL bind: %s is in use by another file", bdf);
	expect_ctx(other, "EINVAL bind: %s is in use by another file", bdf);
	ASSERT_RC(__cdev_attach(fd, 77, NULL), -ENOENT);
	expect_dev(fd, "ENOENT attach: to 77: no object has ID 77");
	expect_ctx(iommufd, "ENOENT attach: to 77: no object has ID 77");
	ASSERT_RC(__cdev_attach(fd, ioas, &hwpt), 0);
	fdinfo_expect(fd, "vfio-object", "id=%u hwpt=%u ioas=%u", id, hwpt,
		      ioas);
	fdinfo_expect(iommufd, "iommufd-device",
		      "id=%u name=%s hwpt=%u ioas=%u", id, bdf, hwpt, ioas);
	ASSERT_RC(__cdev_detach(fd), 0);
	fdinfo_expect(fd, "vfio-object", "id=%u hwpt=0 ioas=0", id);
	ASSERT_RC(__group_open(bdf), -EBUSY);
}

TEST(attach_over_a_mapping)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct pci_window msi = pci_msi_window(bdf);
	unsigned long long iova = msi.first + PAGE;
	char *buf = sys_mmap_anon(PAGE);
	int iommufd = iommufd_open();
	__u32 ioas = ioas_alloc(iommufd);
	int fd = pci_open_cdev(bdf);
	__u32 id;

	ioas_map_fixed(iommufd, ioas, buf, iova, PAGE);
	ASSERT_RC(__cdev_bind(fd, iommufd, &id), 0);
	ASSERT_RC(__cdev_attach(fd, ioas, NULL), -EADDRINUSE);
	expect_dev(
		fd,
		"EADDRINUSE attach: to %u: %s reserves %#llx-%#llx, in which %#llx-%#llx is mapped",
		ioas, bdf, msi.first, msi.last, iova, iova + PAGE - 1);
}

TEST(regions_and_interrupts)
{
	struct vdev *vdev =
		vdev_open(pci_need(TESTDEV_EDU0), BACKEND_CONTAINER);
	char line[OBSERVE_LINE], byte[8];
	struct vfio_region_info info;

	vdev_region(vdev, VFIO_PCI_BAR0_REGION_INDEX, &info);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, info.size,
			       byte, 4),
		  -EINVAL);
	fdinfo_need(vdev->fd, "vfio-refusal", line);
	if (!strstr(line, "EINVAL read: offset ") ||
	    !strstr(line, "region 0 of "))
		FAIL("%s", line);
	vdev_set_memory(vdev, false);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, 0, byte, 4),
		  -EIO);
	fdinfo_need(vdev->fd, "vfio-refusal", line);
	if (!strstr(line, "EIO read: offset 0x0 length 0x4: BAR 0 of "))
		FAIL("%s", line);
	ASSERT(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, vdev->fd, 0) ==
	       MAP_FAILED);
	expect_dev(
		vdev->fd,
		"EINVAL mmap: offset 0x0 length 0x1000: region 0 of %s cannot be mapped",
		vdev->bdf);
	ASSERT_RC(__vdev_set_irqs(vdev,
				  VFIO_IRQ_SET_DATA_NONE |
					  VFIO_IRQ_SET_ACTION_TRIGGER,
				  VFIO_PCI_MSI_IRQ_INDEX, 5, 3, NULL, 0),
		  -EINVAL);
	expect_dev(
		vdev->fd,
		"EINVAL set irqs: interrupts 5 to 8 of index 1 requested, %s has 1",
		vdev->bdf);
}

static void set_vfs(const char *pf, const char *nr)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs",
		 pf);
	ASSERT_RC(__sys_write_file(path, nr), 0);
}

TEST(vf_token)
{
	const char *pf = pci_need_unbound(TESTDEV_IGB);
	char path[128], target[256];
	int container, group;
	const char *vf;
	ssize_t length;

	pci_bind(pf);
	ASSERT_RC(__sys_write_file(
			  "/sys/module/vfio_pci/parameters/enable_sriov", "Y"),
		  0);
	set_vfs(pf, "1");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn0", pf);
	length = readlink(path, target, sizeof(target) - 1);
	ASSERT(length > 0);
	target[length] = 0;
	vf = strrchr(target, '/') + 1;
	container = container_open(BACKEND_CONTAINER);
	group = group_open(vf);
	group_set_container(group, container);
	container_set_iommu(container);
	ASSERT_RC(__group_device(group, vf), -EACCES);
	expect_dev(
		group,
		"EACCES get device: the token of the PF or VF of %s does not match",
		vf);
	sys_close(group);
	sys_close(container);
	set_vfs(pf, "0");
}

/* DMA to a BAR whose device does not decode memory */
TEST(bar_disabled)
{
	struct vdev *vdev =
		vdev_open(pci_need(TESTDEV_EDU0), BACKEND_CONTAINER);
	size_t size;
	void *bar = vdev_mmap(vdev, VFIO_PCI_BAR0_REGION_INDEX, &size);

	vdev_set_memory(vdev, false);
	ASSERT_RC(__container_map(vdev->space->fd, bar, IOVA, PAGE, MAP_RW),
		  -EFAULT);
	expect_ctx(
		vdev->space->fd,
		"EFAULT map: iova 0x10000000 length 0x1000: BAR 0 of %s is disabled",
		vdev->bdf);
}

TEST(areas_of_a_bar)
{
	struct vdev *vdev =
		vdev_open(pci_need(TESTDEV_EDU0), BACKEND_CONTAINER);
	size_t size;
	void *bar = vdev_mmap(vdev, VFIO_PCI_BAR0_REGION_INDEX, &size);

	vdev_set_memory(vdev, true);
	container_map(vdev->space->fd, bar, IOVA, PAGE);
	areas_expect(
		areas_read(vdev->space->fd),
		"ioas=0 iova=0x10000000 length=0x1000 prot=rw kind=bar thp=0 file=\"anon_inode:[vfio-device]\" pinned=yes owner=%d/",
		getpid());
}

static void read_forever(void *path)
{
	char buf[4096];

	for (;;) {
		int file = open(path, O_RDONLY);

		while (file >= 0 && read(file, buf, sizeof(buf)) > 0)
			;
		close(file);
	}
}

/*
 * The device is closed by the last close of its file, although the list of areas
 * has the name of that file.
 */
TEST(areas_hold_no_device)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int container = container_open(BACKEND_CONTAINER);
	struct vdev vdev = { .bdf = bdf };
	char path[128];
	pid_t reader;
	int group;
	size_t size;
	void *bar;

	strcpy(path, areas_path(container));
	/* before the device is opened, which the reader would inherit */
	reader = child_start(read_forever, path);
	group = group_open(bdf);
	for (unsigned int i = 0; i < 250; i++) {
		group_set_container(group, container);
		container_set_iommu(container);
		vdev.fd = group_device(group, bdf);
		vdev_set_memory(&vdev, true);
		bar = vdev_mmap(&vdev, VFIO_PCI_BAR0_REGION_INDEX, &size);
		container_map(container, bar, IOVA, PAGE);
		sys_munmap(bar, size);
		sys_close(vdev.fd);
		ASSERT_RC(__group_unset_container(group), 0);
	}
	child_kill(reader);
}

TEST(events)
{
	static const char *const systems[] = { "vfio", "vfio_pci", NULL };
	const char *bdf = pci_need(TESTDEV_EDU0);
	char *events, byte[4];
	struct vdev *vdev;

	events_begin(systems);
	vdev = vdev_open(bdf, BACKEND_CONTAINER);
	vdev_cfg_write(vdev, 4, 2, 2);
	__vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, 1ULL << 30, byte, 4);
	__vdev_reset(vdev);
	vdev_close(vdev);
	events = events_take();
	events_need(events,
		    "vfio_device_open: device=%s interface=group open_count=1",
		    bdf);
	events_need(
		events,
		"vfio_pci_config_write: device=%s offset=0x4 size=2 value=0x2 ret=0",
		bdf);
	events_need(
		events,
		"vfio_refused: device=%s op=0x80000002 error=-22 code=", bdf);
	events_need(events,
		    "vfio_device_close: device=%s interface=group open_count=0",
		    bdf);
}
