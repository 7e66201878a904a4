// SPDX-License-Identifier: GPL-2.0-only
/* The states of a container, and the calls that each of them permits. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
/* VFIO_TYPE1_NESTING_IOMMU, which newer headers do not define */
#define EXTENSION_NESTING 6

TEST_OVER(api_version, BACKENDS_LEGACY)
{
	int container = container_open(backend);

	ASSERT_RC(__sys_ioctl(container, VFIO_GET_API_VERSION, NULL),
		  VFIO_API_VERSION);
}

TEST_OVER(extensions, BACKENDS_LEGACY)
{
	int container = container_open(backend);
	int group = group_open(pci_need(TESTDEV_EDU0));
	bool nesting = !sys_kernel_has(CHANGE_TYPE1_NO_NESTING);
	unsigned int round;

	/* Without a group, with a group, and with an IOMMU type. */
	for (round = 0; round < 3; round++) {
		ASSERT_RC(__container_extension(container, VFIO_TYPE1v2_IOMMU),
			  1);
		ASSERT_RC(__container_extension(container, VFIO_UNMAP_ALL), 1);
		ASSERT_RC(__container_extension(container,
						VFIO_SPAPR_TCE_IOMMU),
			  0);
		ASSERT_RC(__container_extension(container, VFIO_EEH), 0);
		ASSERT_RC(__container_extension(container, EXTENSION_NESTING),
			  nesting);
		ASSERT_RC(__container_extension(container,
						VFIO_SPAPR_TCE_v2_IOMMU),
			  0);
		ASSERT_RC(__container_extension(container, VFIO_NOIOMMU_IOMMU),
			  0);
		ASSERT_RC(__container_extension(container, 0), 0);
		ASSERT_RC(__container_extension(container, 1000), 0);
		ASSERT_RC(__container_extension(container, ~0UL), 0);
		if (round < 2) {
			ASSERT_RC(__container_extension(container,
							VFIO_UPDATE_VADDR),
				  0);
			ASSERT_RC(__container_extension(container,
							VFIO_DMA_CC_IOMMU),
				  0);
		}
		if (round == 0)
			group_set_container(group, container);
		if (round == 1)
			container_set_iommu(container);
	}
}

TEST_OVER(set_iommu_wants_a_group, BACKENDS_LEGACY)
{
	int container = container_open(backend);

	/* Without an IOAS, /dev/iommu is not yet a container. */
	ASSERT_RC(__container_set_iommu(container, VFIO_TYPE1v2_IOMMU),
		  backend == BACKEND_SYMLINK ? -ENODEV : -EINVAL);
	ASSERT_RC(__container_set_iommu(container, 1000), -EINVAL);
}

TEST_OVER(set_iommu_unknown_type, BACKENDS_LEGACY)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int container = container_open(backend);
	int group = group_open(bdf);

	group_set_container(group, container);
	ASSERT_RC(__container_set_iommu(container, 0), -ENODEV);
	ASSERT_RC(__container_set_iommu(container, 1000), -ENODEV);
	ASSERT_RC(__container_set_iommu(container, VFIO_SPAPR_TCE_IOMMU),
		  -ENODEV);
	/* An extension that is supported, but is not an IOMMU type. */
	ASSERT_RC(__container_set_iommu(container, VFIO_UNMAP_ALL), -EINVAL);
	ASSERT_RC(__container_set_iommu(container, VFIO_NOIOMMU_IOMMU),
		  -ENODEV);
	/* The container is usable after these errors. */
	container_set_iommu(container);
	sys_close(group_device(group, bdf));
}

TEST_OVER(set_iommu_once, BACKENDS_LEGACY)
{
	int container = container_open(backend);
	int group = group_open(pci_need(TESTDEV_EDU0));

	group_set_container(group, container);
	container_set_iommu(container);
	ASSERT_RC(__container_set_iommu(container, VFIO_TYPE1v2_IOMMU),
		  -EINVAL);
	ASSERT_RC(__container_set_iommu(container, VFIO_TYPE1_IOMMU), -EINVAL);
	ASSERT_RC(__container_set_iommu(container, 1000), -EINVAL);
}

/* Without an IOMMU type, calls of the type fail. */
static void check_unset(int container)
{
	struct vfio_iommu_type1_info info = { .argsz = sizeof(info) };
	void *page = sys_mmap_anon(PAGE);

	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_GET_INFO, &info), -EINVAL);
	ASSERT_RC(__container_map(container, page, IOVA, PAGE, 3), -EINVAL);
	ASSERT_RC(__container_unmap(container, IOVA, PAGE, 0, NULL), -EINVAL);
	ASSERT_RC(__container_unmap(container, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL,
				    NULL),
		  -EINVAL);
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_GET_INFO, BAD_PTR),
		  -EINVAL);
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_MAP_DMA, BAD_PTR), -EINVAL);
	ASSERT_RC(__sys_ioctl(container, _IO(VFIO_TYPE, 250), NULL), -EINVAL);
	ASSERT_RC(__sys_ioctl(container, _IO('x', 255), NULL), -EINVAL);
	sys_munmap(page, PAGE);
}

TEST_OVER(nothing_works_before_set_iommu, BACKENDS_LEGACY)
{
	int container = container_open(backend);
	int group = group_open(pci_need(TESTDEV_EDU0));

	if (backend == BACKEND_CONTAINER)
		check_unset(container);
	group_set_container(group, container);
	check_unset(container);
}

TEST_OVER(unknown_ioctl, BACKENDS_LEGACY)
{
	int container = container_open(backend);
	int group = group_open(pci_need(TESTDEV_EDU0));

	group_set_container(group, container);
	container_set_iommu(container);
	ASSERT_RC(__sys_ioctl(container, _IO(VFIO_TYPE, 250), NULL), -ENOTTY);
	ASSERT_RC(__sys_ioctl(container, VFIO_GROUP_GET_STATUS, NULL), -ENOTTY);
	ASSERT_RC(__sys_ioctl(container, _IO('x', 1), NULL), -ENOTTY);
}

/* Removing the last group removes mappings, pins, and the IOMMU type. */
TEST_OVER(last_group_leaves, BACKENDS_LEGACY)
{
	const char *bdf1 = pci_need(TESTDEV_EDU1);
	const char *bdf0 = pci_need(TESTDEV_EDU0);
	int container = container_open(backend);
	char *buf = sys_mmap_anon(MIB(16));
	long long pins = sys_pins_held();
	int group0 = group_open(bdf0);
	int group1 = group_open(bdf1);

	group_set_container(group0, container);
	container_set_iommu(container);
	group_set_container(group1, container);
	container_map(container, buf, IOVA, MIB(16));
	ASSERT(sys_pins_held() >= pins + 4096);
	ASSERT_RC(__group_unset_container(group0), 0);
	/* The other group remains, and so does the mapping. */
	ASSERT_RC(__container_map(container, buf, IOVA, MIB(16), 3), -EEXIST);
	ASSERT_RC(__group_unset_container(group1), 0);
	check_unset(container);
	ASSERT_RC(__container_set_iommu(container, VFIO_TYPE1v2_IOMMU),
		  -EINVAL);
	ASSERT(sys_pins_held() < pins + 4096);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);

	/* The container can be used again. */
	group_set_container(group1, container);
	container_set_iommu(container);
	container_map(container, buf, IOVA, MIB(16));
	sys_close(group_device(group1, bdf1));
}

/* A group added later has access to existing mappings. */
TEST_OVER(later_group_joins, BACKENDS_LEGACY)
{
	const char *bdf1 = pci_need(TESTDEV_EDU1);
	const char *bdf0 = pci_need(TESTDEV_EDU0);
	struct space *space = space_open(backend);
	char *buf = sys_mmap_anon(2 * PAGE);
	struct edu *edu1;

	space_group_fd(space, bdf0);
	space_map(space, buf, IOVA, 2 * PAGE);
	edu1 = edu_open_in(space, bdf1);
	fill_pattern(buf, PAGE, 1);
	edu_load(edu1, IOVA, PAGE);
	edu_store(edu1, IOVA + PAGE, PAGE);
	ASSERT(is_pattern(buf + PAGE, PAGE, 1));
	edu_close(edu1);
	space_close(space);
}

/* A group is attached when it is added, not when a device is opened. */
TEST_OVER(mappings_live_without_a_device, BACKENDS_LEGACY)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct space *space = space_open(backend);
	char *buf = sys_mmap_anon(MIB(16));
	long long pins = sys_pins_held();
	struct edu *edu;

	space_group_fd(space, bdf);
	space_map(space, buf, IOVA, MIB(16));
	ASSERT(sys_pins_held() >= pins + 4096);
	ASSERT_EQ(sys_vm_locked(getpid()), MIB(16));

	edu = edu_open_in(space, bdf);
	fill_pattern(buf, PAGE, 2);
	edu_load(edu, IOVA, PAGE);
	edu_close(edu);
	ASSERT(sys_pins_held() >= pins + 4096);
	ASSERT_EQ(sys_vm_locked(getpid()), MIB(16));

	edu = edu_open_in(space, bdf);
	memset(buf, 0, PAGE);
	edu_store(edu, IOVA + MIB(8), PAGE);
	ASSERT(is_pattern(buf + MIB(8), PAGE, 2));
	edu_close_with_space(edu);
	ASSERT(sys_pins_held() < pins + 4096);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
}

/* Groups keep the container alive after its file is closed. */
TEST_OVER(container_file_closed_first, BACKENDS_LEGACY)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	struct space *space = edu->vdev->space;
	char *buf = sys_mmap_anon(2 * PAGE);

	space_map(space, buf, IOVA, 2 * PAGE);
	sys_close(space->fd);
	fill_pattern(buf, PAGE, 3);
	edu_load(edu, IOVA, PAGE);
	edu_store(edu, IOVA + PAGE, PAGE);
	ASSERT(is_pattern(buf + PAGE, PAGE, 3));
	edu_close(edu);
	sys_close(space->groups->fd);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
}

static void lock_file(int fd)
{
	struct flock lock = { .l_type = F_WRLCK };

	ASSERT(!flock(fd, LOCK_EX | LOCK_NB));
	ASSERT(!fcntl(fd, F_OFD_SETLK, &lock));
}

/*
 * A group references the container, not its open file: what happens when a file
 * is closed does not wait for the group.
 */
TEST_OVER(group_keeps_no_file, BACKENDS_LEGACY)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	struct space *space = edu->vdev->space;
	int notify = inotify_init1(IN_NONBLOCK), other;
	char *buf = sys_mmap_anon(2 * PAGE);
	struct inotify_event event;

	ASSERT(inotify_add_watch(notify, backend_path(backend),
				 IN_CLOSE_WRITE) >= 0);
	space_map(space, buf, IOVA, 2 * PAGE);
	lock_file(space->fd);
	ioas_alloc(space->fd);
	sys_close(space->fd);
	ASSERT_EQ(read(notify, &event, sizeof(event)), sizeof(event));
	ASSERT_EQ(event.mask, IN_CLOSE_WRITE);
	other = container_open(backend);
	lock_file(other);
	fill_pattern(buf, PAGE, 4);
	edu_load(edu, IOVA, PAGE);
	edu_store(edu, IOVA + PAGE, PAGE);
	ASSERT(is_pattern(buf + PAGE, PAGE, 4));
	edu_close(edu);
	/* The group leaves the container, which nothing else refers to. */
	ASSERT_RC(__group_unset_container(space->groups->fd), 0);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	group_set_container(space->groups->fd, other);
	container_set_iommu(other);
}

static void *close_file(void *fd)
{
	sys_close(*(int *)fd);
	return NULL;
}

/* The last reference may be that of the file or that of the group. */
TEST_OVER(file_and_group_closed_at_once, BACKENDS_LEGACY)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	char *page = sys_mmap_anon(PAGE);
	int container, group;
	pthread_t thread;

	for (unsigned int i = 0; i < 200; i++) {
		container = container_open(backend);
		group = group_open(bdf);
		group_set_container(group, container);
		container_set_iommu(container);
		container_map(container, page, IOVA, PAGE);
		ASSERT(!pthread_create(&thread, NULL, close_file, &container));
		sys_close(group);
		ASSERT(!pthread_join(thread, NULL));
	}
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
}

/* The file has no mmap, so that not even the old mapping is removed. */
TEST_OVER(no_mmap, BACKEND_CONTAINER)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_WRITE,
				     PROT_READ | PROT_WRITE, PROT_EXEC };
	int container = container_open(backend);
	char *page = sys_mmap_anon(PAGE);

	*page = 1;
	for (size_t i = 0; i < ARRAY_SIZE(prots); i++) {
		ASSERT(mmap(NULL, PAGE, prots[i], MAP_SHARED, container, 0) ==
		       MAP_FAILED);
		ASSERT_EQ(errno, ENODEV);
		ASSERT(mmap(page, PAGE, prots[i], MAP_PRIVATE | MAP_FIXED,
			    container, PAGE) == MAP_FAILED);
		ASSERT_EQ(errno, ENODEV);
	}
	ASSERT_EQ(*page, 1);
}

/* Two containers are independent. */
TEST_OVER(two_containers, BACKENDS_LEGACY)
{
	const char *bdf1 = pci_need(TESTDEV_EDU1);
	const char *bdf0 = pci_need(TESTDEV_EDU0);
	int container0 = container_open(backend);
	int container1 = container_open(backend);
	int group0 = group_open(bdf0);
	int group1 = group_open(bdf1);
	char *buf = sys_mmap_anon(PAGE);

	group_set_container(group0, container0);
	container_set_iommu(container0);
	if (backend == BACKEND_CONTAINER)
		check_unset(container1);
	group_set_container(group1, container1);
	container_set_iommu(container1);
	container_map(container0, buf, IOVA, PAGE);
	container_map(container1, buf, IOVA, PAGE);
	container_unmap(container0, IOVA, PAGE);
	ASSERT_RC(__container_map(container1, buf, IOVA, PAGE, 3), -EEXIST);
}
