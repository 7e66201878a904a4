// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated devices, which access memory by the CPU. The same tests run on the
 * kernel's own VFIO, which supports the container only ("vm run --stock").
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sample.h"
#include "sys.h"
#include "vdev.h"

#define IOVA SAMPLE_IOVA
#define NR_PAGES SAMPLE_NR
/* In the reserved range for message signaled interrupts of x86 */
#define IOVA_MSI 0xfee00000ULL

TEST_OVER(open_and_region, BACKENDS_ALL)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	struct space *space = space_open(backend);
	int fd = sample_open_in(space, 0);
	char buf[64];

	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_GET_INFO, &info), 0);
	ASSERT_EQ(info.num_regions, 1);
	fill_pattern(buf, sizeof(buf), 3);
	ASSERT_EQ(pwrite(fd, buf, sizeof(buf), 100), sizeof(buf));
	memset(buf, 0, sizeof(buf));
	ASSERT_EQ(pread(fd, buf, sizeof(buf), 100), sizeof(buf));
	ASSERT(is_pattern(buf, sizeof(buf), 3));
	ASSERT_EQ(pread(fd, buf, sizeof(buf), VFIO_SAMPLE_REGION_SIZE), 0);
	if (!sample_stock()) {
		struct vfio_region_info region = { .argsz = sizeof(region) };

		ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &region),
			  0);
		ASSERT_EQ(region.size, VFIO_SAMPLE_REGION_SIZE);
		region.index = 1;
		ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &region),
			  -EINVAL);
	}
	sys_close(fd);
	space_close(space);
}

TEST_OVER(interrupt, BACKENDS_ALL)
{
	char buf[sizeof(struct vfio_irq_set) + sizeof(int)];
	struct vfio_irq_set *set = (void *)buf;
	struct space *space = space_open(backend);
	int fd = sample_open_in(space, 0);
	int event = sys_eventfd();

	ASSERT_RC(__sys_ioctl(fd, VFIO_SAMPLE_RAISE, NULL), -ENXIO);
	set->argsz = sizeof(buf);
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = 0;
	set->start = 0;
	set->count = 1;
	memcpy(set->data, &event, sizeof(event));
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_SET_IRQS, set), 0);
	ASSERT_RC(__sys_ioctl(fd, VFIO_SAMPLE_RAISE, NULL), 0);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	sys_close(fd);
	space_close(space);
}

/* The driver and the user access the same memory. */
TEST_OVER(pin_and_reach, BACKENDS_ALL)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	char page[PAGE];

	sample_pin(s.fd, IOVA, NR_PAGES);
	ASSERT_EQ(sample_pinned(s.fd), NR_PAGES);
	for (int i = 0; i < NR_PAGES; i++) {
		sample_peek(s.fd, IOVA + i * PAGE, page, PAGE);
		ASSERT(!memcmp(page, s.mem + i * PAGE, PAGE));
	}
	fill_pattern(page, PAGE, 9);
	sample_poke(s.fd, IOVA + 5 * PAGE, page, PAGE);
	ASSERT(is_pattern(s.mem + 5 * PAGE, PAGE, 9));
	/* Pin the same pages again, and some of them a third time. */
	sample_pin(s.fd, IOVA, NR_PAGES);
	sample_pin(s.fd, IOVA + PAGE, 2);
	sample_unpin(s.fd, IOVA, NR_PAGES);
	sample_unpin(s.fd, IOVA, NR_PAGES);
	sample_peek(s.fd, IOVA + PAGE, page, PAGE);
	ASSERT(!memcmp(page, s.mem + PAGE, PAGE));
	sample_unpin(s.fd, IOVA + PAGE, 2);
	ASSERT_EQ(sample_pinned(s.fd), 0);
	sample_tear_down(&s);
	ASSERT_EQ(sys_pins_held(), 0);
}

/* An IOVA pins its page at any offset in the page. */
TEST_OVER(pin_unaligned, BACKENDS_ALL)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	char buf[16];

	sample_pin(s.fd, IOVA + PAGE + 100, 1);
	sample_peek(s.fd, IOVA + PAGE + 100, buf, sizeof(buf));
	ASSERT(!memcmp(buf, s.mem + PAGE + 100, sizeof(buf)));
	sample_unpin(s.fd, IOVA + PAGE + 100, 1);
	sample_tear_down(&s);
}

/* With a container, pages can be unpinned in parts. */
TEST_OVER(unpin_in_parts, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	char page[PAGE];

	sample_pin(s.fd, IOVA, NR_PAGES);
	sample_unpin(s.fd, IOVA, 3);
	ASSERT_EQ(sample_pinned(s.fd), NR_PAGES - 3);
	sample_peek(s.fd, IOVA + 3 * PAGE, page, PAGE);
	ASSERT(!memcmp(page, s.mem + 3 * PAGE, PAGE));
	sample_unpin(s.fd, IOVA + 3 * PAGE, NR_PAGES - 3);
	ASSERT_EQ(sys_pins_held(), 0);
	sample_tear_down(&s);
}

TEST_OVER(pin_errnos_container, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int wrap = sys_kernel_has(CHANGE_TYPE1_OVERFLOW) ? -EOVERFLOW : -EINVAL;
	char *mem = sys_mmap_anon(PAGE);
	char *big = sys_mmap_anon((SAMPLE_MAX_PIN + 1) * PAGE);

	ASSERT_RC(__sample_pin(s.fd, IOVA, 0, SAMPLE_RW), -EINVAL);
	ASSERT_RC(__sample_pin(s.fd, IOVA, 1, SAMPLE_RW | VFIO_SAMPLE_NO_ARRAY),
		  -EINVAL);
	ASSERT_RC(__sample_pin(s.fd, IOVA, -1, SAMPLE_RW), -E2BIG);
	space_map(s.space, big, GIB(1), (SAMPLE_MAX_PIN + 1) * PAGE);
	ASSERT_RC(__sample_pin(s.fd, GIB(1), SAMPLE_MAX_PIN + 1, SAMPLE_RW),
		  -E2BIG);
	sample_pin(s.fd, GIB(1), SAMPLE_MAX_PIN);
	sample_unpin(s.fd, GIB(1), SAMPLE_MAX_PIN);

	ASSERT_RC(__sample_pin(s.fd, IOVA - PAGE, 1, SAMPLE_RW), -EINVAL);
	ASSERT_RC(__sample_pin(s.fd, IOVA + NR_PAGES * PAGE, 1, SAMPLE_RW),
		  -EINVAL);
	ASSERT_RC(__sample_pin(s.fd, IOVA + PAGE, NR_PAGES, SAMPLE_RW),
		  -EINVAL);
	ASSERT_RC(__sample_pin(s.fd, -IOVA_PAGE, 2, SAMPLE_RW), wrap);
	ASSERT_RC(__sample_pin(s.fd, -1, 1, SAMPLE_RW), wrap);

	ASSERT_RC(__space_map(s.space, mem, IOVA + NR_PAGES * PAGE, PAGE,
			      DMA_READ),
		  0);
	ASSERT_RC(__sample_pin(s.fd, IOVA + NR_PAGES * PAGE, 1, SAMPLE_RW),
		  -EPERM);
	ASSERT_RC(__sample_pin(s.fd, IOVA + NR_PAGES * PAGE, 1,
			       VFIO_SAMPLE_WRITE),
		  -EPERM);
	ASSERT_RC(__sample_pin(s.fd, IOVA, NR_PAGES + 1, SAMPLE_RW), -EPERM);
	/* Across two mappings */
	ASSERT_RC(__sample_pin(s.fd, IOVA, NR_PAGES + 1, VFIO_SAMPLE_READ),
		  NR_PAGES + 1);
	sample_unpin(s.fd, IOVA, NR_PAGES + 1);
	/* Memory that the process unmapped after it was mapped. */
	sys_munmap(mem, PAGE);
	ASSERT_RC(__sample_pin(s.fd, IOVA + NR_PAGES * PAGE, 1,
			       VFIO_SAMPLE_READ),
		  -EFAULT);
	ASSERT_EQ(sys_pins_held(), 0);
	sample_tear_down(&s);
}

TEST_OVER(pin_errnos_iommufd, BACKEND_IOMMUFD)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	char *mem = sys_mmap_anon(PAGE);

	ASSERT_RC(__sample_pin(s.fd, IOVA, 0, SAMPLE_RW), -EINVAL);
	ASSERT_RC(__sample_pin(s.fd, IOVA, -1, SAMPLE_RW), -EINVAL);
	ASSERT_RC(__sample_pin(s.fd, IOVA, 1, SAMPLE_RW | VFIO_SAMPLE_NO_ARRAY),
		  -EINVAL);
	ASSERT_RC(__sample_pin(s.fd, IOVA - PAGE, 1, SAMPLE_RW), -ENOENT);
	ASSERT_RC(__sample_pin(s.fd, IOVA + PAGE, NR_PAGES, SAMPLE_RW),
		  -ENOENT);
	ASSERT_RC(__sample_pin(s.fd, -IOVA_PAGE, 2, SAMPLE_RW), -EOVERFLOW);
	ASSERT_RC(__space_map(s.space, mem, IOVA + NR_PAGES * PAGE, PAGE,
			      DMA_READ),
		  0);
	ASSERT_RC(__sample_pin(s.fd, IOVA + NR_PAGES * PAGE, 1, SAMPLE_RW),
		  -EPERM);
	ASSERT_RC(__sample_pin(s.fd, IOVA + NR_PAGES * PAGE, 1,
			       VFIO_SAMPLE_READ),
		  1);
	sample_unpin(s.fd, IOVA + NR_PAGES * PAGE, 1);
	ASSERT_EQ(sys_pins_held(), 0);
	sample_tear_down(&s);
	sys_munmap(mem, PAGE);
}

/* VFIO_TYPE1_IOMMU does not permit pinning, but permits reads and writes. */
TEST_OVER(type1_v1, BACKENDS_LEGACY)
{
	char *mem = sys_mmap_anon(PAGE);
	char name[] = "vfio_sample.0";
	int container, group, fd;
	char path[32];
	char c = 'x';

	container = container_open(backend);
	sample_load();
	snprintf(path, sizeof(path), "/dev/vfio/%d", sample_group(0));
	group = sys_open(path, O_RDWR);
	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), 0);
	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name), -EINVAL);
	ASSERT_RC(__container_set_iommu(container, VFIO_NOIOMMU_IOMMU),
		  -ENODEV);
	ASSERT_RC(__container_set_iommu(container, VFIO_TYPE1_IOMMU), 0);
	fd = ASSERT_OK(__sys_ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name));
	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_UNSET_CONTAINER, NULL), -EBUSY);
	container_map(container, mem, IOVA, PAGE);
	ASSERT_RC(__sample_pin(fd, IOVA, 1, SAMPLE_RW), -EACCES);
	ASSERT_RC(__sample_rw(fd, IOVA, &c, 1, VFIO_SAMPLE_WRITE), 0);
	ASSERT_EQ(mem[0], 'x');
	sys_close(fd);
	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_UNSET_CONTAINER, NULL), 0);
	sys_close(group);
	sys_close(container);
}

TEST_OVER(driver_cannot_unpin, BACKENDS_ALL)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	int fd = sample_open_in(s.space, VFIO_SAMPLE_PLAIN);
	char buf[8];

	ASSERT_RC(__sample_pin(fd, IOVA, 1, SAMPLE_RW), -EINVAL);
	ASSERT_RC(__sample_rw(fd, IOVA, buf, sizeof(buf), VFIO_SAMPLE_READ), 0);
	ASSERT(!memcmp(buf, s.mem, sizeof(buf)));
	sys_close(fd);
	sample_tear_down(&s);
}

static void rw_part(struct sample_setup *s, char *model, unsigned int offset,
		    unsigned int size, unsigned int flags)
{
	static char buf[NR_PAGES * PAGE];

	fill_pattern(buf, size, offset + size);
	ASSERT_RC(__sample_rw(s->fd, IOVA + offset, buf, (int)size,
			      VFIO_SAMPLE_WRITE | flags),
		  0);
	memcpy(model + offset, buf, size);
	memset(buf, 0, size);
	ASSERT_RC(__sample_rw(s->fd, IOVA + offset, buf, (int)size,
			      VFIO_SAMPLE_READ | flags),
		  0);
	ASSERT(is_pattern(buf, size, offset + size));
}

/* Accesses of any length at any offset change no other bytes. */
TEST_OVER(rw_anywhere, BACKENDS_ALL)
{
	static const unsigned int offsets[] = { 0,	  1,	       7,
						2048,	  PAGE - 1,    PAGE,
						PAGE + 1, 3 * PAGE - 5 };
	static const unsigned int sizes[] = { 1,	   2,	 9,
					      PAGE - 1,	   PAGE, PAGE + 1,
					      5 * PAGE + 3 };
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	static char model[NR_PAGES * PAGE];

	memcpy(model, s.mem, sizeof(model));
	for (unsigned int i = 0; i < ARRAY_SIZE(offsets); i++) {
		for (unsigned int j = 0; j < ARRAY_SIZE(sizes); j++) {
			rw_part(&s, model, offsets[i], sizes[j], 0);
			rw_part(&s, model, offsets[i] + 1, sizes[j],
				VFIO_SAMPLE_KTHREAD);
			ASSERT(!memcmp(model, s.mem, sizeof(model)));
		}
	}
	/* The same for memory that is partly pinned. */
	sample_pin(s.fd, IOVA + 2 * PAGE, 1);
	rw_part(&s, model, PAGE + 5, 3 * PAGE, 0);
	ASSERT(!memcmp(model, s.mem, sizeof(model)));
	ASSERT_EQ(sys_pins_held(), 1);
	sample_tear_down(&s);
}

TEST_OVER(rw_errnos, BACKENDS_ALL)
{
	int missing = backend == BACKEND_IOMMUFD ? -ENOENT : -EINVAL;
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	char *mem = sys_mmap_anon(PAGE);
	char buf[16] = {};

	ASSERT_RC(__sample_rw(s.fd, IOVA, buf, 0, 0), -EINVAL);
	ASSERT_RC(__sample_rw(s.fd, IOVA - 1, buf, 1, 0), missing);
	ASSERT_RC(__sample_rw(s.fd, IOVA - 1, buf, 2, 0), missing);
	ASSERT_RC(__sample_rw(s.fd, IOVA + NR_PAGES * PAGE, buf, 1, 0),
		  missing);
	ASSERT_RC(__sample_rw(s.fd, IOVA + NR_PAGES * PAGE - 1, buf, 2, 0),
		  missing);
	ASSERT_RC(__space_map(s.space, mem, IOVA + NR_PAGES * PAGE, PAGE,
			      DMA_READ),
		  0);
	ASSERT_RC(__sample_rw(s.fd, IOVA + NR_PAGES * PAGE - 1, buf, 2, 0), 0);
	ASSERT_RC(__sample_rw(s.fd, IOVA + NR_PAGES * PAGE, buf, 2,
			      VFIO_SAMPLE_WRITE),
		  -EPERM);
	sys_munmap(mem, PAGE);
	ASSERT_RC(__sample_rw(s.fd, IOVA + NR_PAGES * PAGE, buf, 2, 0),
		  -EFAULT);
	sample_tear_down(&s);
}

/** struct child_rw - accesses by a child */
struct child_rw {
	/** @s: setup of the parent */
	struct sample_setup s;
	/** @want: expected result */
	int want;
};

static void rw_as_child(void *arg)
{
	struct child_rw *child = arg;
	struct sample_setup *s = &child->s;
	char buf[100];

	/* The mapping is of the memory of the parent, not of this copy. */
	memset(s->mem, 0, NR_PAGES * PAGE);
	memset(buf, 0x77, sizeof(buf));
	ASSERT_RC(__sample_rw(s->fd, IOVA + PAGE - 50, buf, sizeof(buf),
			      VFIO_SAMPLE_WRITE),
		  child->want);
	ASSERT(is_byte(s->mem, NR_PAGES * PAGE, 0));
	memset(buf, 0, sizeof(buf));
	ASSERT_RC(__sample_rw(s->fd, IOVA + PAGE - 50, buf, sizeof(buf), 0),
		  child->want);
	if (!child->want)
		ASSERT(is_byte(buf, sizeof(buf), 0x77));
}

/*
 * A container permits accesses by the process that has mapped the memory and by
 * kernel threads only.
 */
TEST_OVER(rw_by_another_process, BACKENDS_ALL)
{
	struct child_rw child = {
		.s = sample_set_up(backend, DMA_RW),
		.want = backend == BACKEND_IOMMUFD ? 0 : -EFAULT,
	};
	char buf[100];

	memcpy(buf, child.s.mem + PAGE - 50, sizeof(buf));
	child_expect(child_start(rw_as_child, &child), RESULT_PASS);
	/* The result is the same if the memory is pinned. */
	if (backend != BACKEND_IOMMUFD) {
		sample_pin(child.s.fd, IOVA, NR_PAGES);
		child_expect(child_start(rw_as_child, &child), RESULT_PASS);
		ASSERT(!memcmp(buf, child.s.mem + PAGE - 50, sizeof(buf)));
	} else {
		ASSERT(is_byte(child.s.mem + PAGE - 50, 100, 0x77));
	}
	sample_tear_down(&child.s);
}

/* Without a device that does DMA, all IOVAs can be mapped. */
TEST_OVER(info, BACKENDS_LEGACY)
{
	struct vfio_iommu_type1_info request = { .argsz = sizeof(request) };
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	struct vfio_iommu_type1_info *info;

	info = info_buffer(s.space->fd, VFIO_IOMMU_GET_INFO, &request,
			   sizeof(request));
	ASSERT_EQ(info->iova_pgsizes, -IOVA_PAGE);
	ASSERT(!info_cap(info, info->cap_offset,
			 VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE));
	ASSERT(info_cap(info, info->cap_offset,
			VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL));
	free(info);
	ASSERT_RC(__container_extension(s.space->fd, VFIO_DMA_CC_IOMMU), 1);
	ASSERT_RC(__container_extension(s.space->fd, VFIO_TYPE1v2_IOMMU), 1);
	space_map(s.space, s.mem, IOVA_MSI, PAGE);
	space_map(s.space, s.mem, -PAGE, PAGE);
	sample_tear_down(&s);
}

static bool has_ranges(int container)
{
	struct vfio_iommu_type1_info request = { .argsz = sizeof(request) };
	struct vfio_iommu_type1_info *info;
	bool has;

	info = info_buffer(container, VFIO_IOMMU_GET_INFO, &request,
			   sizeof(request));
	has = info_cap(info, info->cap_offset,
		       VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
	free(info);
	return has;
}

/*
 * Together with a device that does DMA, all memory is pinned, and each page is
 * accounted once.
 */
TEST_OVER(with_physical, BACKENDS_LEGACY)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	char page[PAGE];
	int group;

	sample_pin(s.fd, IOVA, 4);
	group = group_open(bdf);
	group_set_container(group, s.space->fd);
	ASSERT(has_ranges(s.space->fd));
	ASSERT_EQ(sys_vm_locked(getpid()), NR_PAGES * PAGE);
	sample_pin(s.fd, IOVA + 8 * PAGE, 2);
	ASSERT_EQ(sys_vm_locked(getpid()), NR_PAGES * PAGE);

	/* Mappings and pages pinned by the driver remain. */
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_EQ(sys_vm_locked(getpid()), 6 * PAGE);
	ASSERT_EQ(sys_pins_held(), 6);
	ASSERT(has_ranges(s.space->fd));
	sample_peek(s.fd, IOVA + 8 * PAGE, page, PAGE);
	ASSERT(!memcmp(page, s.mem + 8 * PAGE, PAGE));

	/* Now remove the emulated device first. */
	group_set_container(group, s.space->fd);
	sys_close(s.fd);
	sys_close(s.space->groups->fd);
	s.space->groups = NULL;
	ASSERT_EQ(sys_vm_locked(getpid()), NR_PAGES * PAGE);
	container_unmap(s.space->fd, IOVA, NR_PAGES * PAGE);
	ASSERT_EQ(sys_pins_held(), 0);
	sys_close(group);
	space_close(s.space);
}

/* An emulated device has a group of its own, which is viable. */
TEST_OVER(group_rules, BACKENDS_LEGACY)
{
	struct space *space = space_open(backend);
	struct space *other = space_open(backend);
	char name[] = "vfio_sample.1";
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[32];
	int group;

	sample_load();
	ASSERT(sample_group(0) != sample_group(1));
	snprintf(path, sizeof(path), "/dev/vfio/%d", sample_group(1));
	group = sys_open(path, O_RDWR);
	ASSERT_RC(__sys_open(path, O_RDWR), -EBUSY);
	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_GET_STATUS, &status), 0);
	ASSERT_EQ(status.flags, VFIO_GROUP_FLAGS_VIABLE);
	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_SET_CONTAINER, &space->fd), 0);
	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_SET_CONTAINER, &other->fd),
		  -EINVAL);
	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name), -EINVAL);
	ASSERT_RC(__container_set_iommu(space->fd, VFIO_TYPE1v2_IOMMU), 0);
	name[12] = '0';
	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name), -ENODEV);
	sys_close(group);
	space_close(space);
	space_close(other);
}

/*
 * Unloading the module removes its devices. The next test that needs them loads
 * it again.
 */
TEST(unload)
{
	char path[32];

	sample_load();
	snprintf(path, sizeof(path), "/dev/vfio/%d", sample_group(0));
	ASSERT(!access(path, F_OK));
	sample_unload();
	ASSERT(access(path, F_OK));
	ASSERT(access("/sys/module/vfio_sample", F_OK));
}
