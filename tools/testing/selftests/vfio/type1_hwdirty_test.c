// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking of a container whose IOMMU tracks writes. On the machines of
 * the lab only the mock IOMMU does so.
 */
#include <errno.h>

#include "container.h"
#include "dirty.h"
#include "harness.h"
#include "mock.h"
#include "mock_pci.h"
#include "pci.h"
#include "sample.h"
#include "sys.h"
#include "vdev.h"

/* Vendor, device and class of a function */
#define MOCK_VENDOR 0x1af4
#define MOCK_DEVICE 0x4330
#define MOCK_CLASS 0x020000

/* The bit of a page in the first word of a bitmap, and those of all pages */
#define HWDIRTY_BIT(nr) (1ULL << (nr))
#define HWDIRTY_ALL (HWDIRTY_BIT(SAMPLE_NR) - 1)

static __u64 page_at(__u64 nr)
{
	return SAMPLE_IOVA + nr * IOVA_PAGE;
}

static int plug_function_as(struct mock_bus *bus, bool dirty_huge)
{
	struct mock_pci_image image;
	const char *bdf;

	mock_image(&image, MOCK_VENDOR, MOCK_DEVICE, MOCK_CLASS);
	image.dirty_huge = dirty_huge;
	bdf = mock_bus_plug(bus, &image);
	pci_bind(bdf);
	return group_open(bdf);
}

/* Plug a function that has a group of its own; return the open group. */
static int plug_function(struct mock_bus *bus)
{
	return plug_function_as(bus, false);
}

/** struct hwdirty - a container with one function and one mapping */
struct hwdirty {
	/** @bus: bus of the function, which is its first */
	struct mock_bus bus;
	/** @container: the container */
	int container;
	/** @group: group of the function */
	int group;
	/** @mem: SAMPLE_NR pages, mapped at SAMPLE_IOVA */
	char *mem;
};

static void hwdirty_open_as(struct hwdirty *r, bool dirty_huge,
			    enum backend backend)
{
	mock_bus_open(&r->bus);
	r->container = container_open(backend);
	r->group = plug_function_as(&r->bus, dirty_huge);
	group_set_container(r->group, r->container);
	container_set_iommu(r->container);
	r->mem = sys_mmap_anon(SAMPLE_NR * PAGE);
	container_map(r->container, r->mem, SAMPLE_IOVA, SAMPLE_NR * PAGE);
}

static void hwdirty_open(struct hwdirty *r, enum backend backend)
{
	hwdirty_open_as(r, false, backend);
}

static void hwdirty_write(struct hwdirty *r, unsigned int page)
{
	ASSERT_RC(__mock_bus_write(&r->bus, 0, page_at(page) + 100), 0);
}

TEST_OVER(exact, BACKENDS_LEGACY)
{
	struct hwdirty r;

	hwdirty_open(&r, backend);
	/* The IOMMU tracks no writes before the log is started. */
	ASSERT_RC(__mock_bus_write(&r.bus, 0, SAMPLE_IOVA), -EINVAL);
	log_start(r.container);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL), 0);
	hwdirty_write(&r, 3);
	hwdirty_write(&r, 15);
	log_start(r.container);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL),
		  HWDIRTY_BIT(3) | HWDIRTY_BIT(15));
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL), 0);
	/* Writes that were pending when the log ended are not in the next log. */
	hwdirty_write(&r, 4);
	log_stop(r.container);
	ASSERT_RC(__mock_bus_write(&r.bus, 0, SAMPLE_IOVA), -EINVAL);
	log_start(r.container);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL), 0);
}

TEST_OVER(mapped_later, BACKENDS_LEGACY)
{
	struct hwdirty r;

	hwdirty_open(&r, backend);
	log_start(r.container);
	container_map(r.container, r.mem, page_at(20), 2 * PAGE);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL), 0);
	hwdirty_write(&r, 21);
	hwdirty_write(&r, 0);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL),
		  HWDIRTY_BIT(0) | HWDIRTY_BIT(21));
	/* A new mapping in place of a dirty page is clean. */
	hwdirty_write(&r, 21);
	container_unmap(r.container, page_at(20), 2 * PAGE);
	container_map(r.container, r.mem, page_at(20), 2 * PAGE);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL), 0);
}

TEST_OVER(bad_bitmap, BACKENDS_LEGACY)
{
	struct hwdirty r;

	hwdirty_open(&r, backend);
	log_start(r.container);
	hwdirty_write(&r, 6);
	ASSERT_RC(__log_get(r.container, SAMPLE_IOVA, 64, BAD_PTR), -EFAULT);
	hwdirty_write(&r, 7);
	ASSERT_RC(__log_get(r.container, SAMPLE_IOVA, 64, BAD_PTR), -EFAULT);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL),
		  HWDIRTY_BIT(6) | HWDIRTY_BIT(7));
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL), 0);
}

/*
 * The device may write until the mapping is removed, after the bitmap was read:
 * all pages are reported as dirty.
 */
TEST_OVER(unmap_is_all_dirty, BACKENDS_LEGACY)
{
	struct log_unmap unmap;
	__u64 word = 0;
	struct hwdirty r;

	hwdirty_open(&r, backend);
	log_start(r.container);
	unmap = log_unmap_request(SAMPLE_IOVA, SAMPLE_NR, &word);
	ASSERT_RC(__log_unmap(r.container, &unmap), 0);
	ASSERT_EQ(word, HWDIRTY_ALL);
}

TEST_OVER(two_functions, BACKENDS_LEGACY)
{
	struct hwdirty r;
	int second;

	hwdirty_open(&r, backend);
	second = plug_function(&r.bus);
	log_start(r.container);
	hwdirty_write(&r, 1);
	group_set_container(second, r.container);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL),
		  HWDIRTY_BIT(1));
	ASSERT_RC(__mock_bus_write(&r.bus, 1, page_at(2)), 0);
	hwdirty_write(&r, 3);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL),
		  HWDIRTY_BIT(2) | HWDIRTY_BIT(3));
	/* The writes of a function that leaves are lost: all pages are dirty. */
	ASSERT_RC(__group_unset_container(second), 0);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL), HWDIRTY_ALL);
	hwdirty_write(&r, 5);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL),
		  HWDIRTY_BIT(5));
}

/* An IOMMU that does not track writes makes all pages dirty. */
TEST_OVER(joined_by_another_iommu, BACKENDS_LEGACY)
{
	struct hwdirty r;
	int edu;

	hwdirty_open(&r, backend);
	edu = group_open(pci_need(TESTDEV_EDU0));
	log_start(r.container);
	hwdirty_write(&r, 1);
	group_set_container(edu, r.container);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL), HWDIRTY_ALL);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL), HWDIRTY_ALL);
	ASSERT_RC(__mock_bus_write(&r.bus, 0, SAMPLE_IOVA), -EINVAL);
	ASSERT_RC(__group_unset_container(edu), 0);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL), HWDIRTY_ALL);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL), HWDIRTY_ALL);
	log_stop(r.container);
	log_start(r.container);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL), 0);
	hwdirty_write(&r, 1);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL),
		  HWDIRTY_BIT(1));

	/* A log that is started with such an IOMMU does not track writes either. */
	log_stop(r.container);
	group_set_container(edu, r.container);
	log_start(r.container);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL), HWDIRTY_ALL);
	ASSERT_RC(__mock_bus_write(&r.bus, 0, SAMPLE_IOVA), -EINVAL);
}

/*
 * If domains that track writes have other tables, the container has the domain
 * that any other user of the IOMMU gets, and the log has all pages.
 */
TEST_OVER(other_tables, BACKENDS_LEGACY)
{
	struct vfio_iommu_type1_info request = { .argsz = sizeof(request) };
	const struct vfio_iommu_type1_info_cap_iova_range *ranges;
	const struct vfio_iommu_type1_info *info;
	struct hwdirty r;

	hwdirty_open_as(&r, true, backend);
	info = info_buffer(r.container, VFIO_IOMMU_GET_INFO, &request,
			   sizeof(request));
	ranges = (const void *)info_cap(info, info->cap_offset,
					VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
	ASSERT_EQ(ranges->iova_ranges[ranges->nr_iovas - 1].end,
		  MOCK_APERTURE_LAST);
	log_start(r.container);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL), HWDIRTY_ALL);
	ASSERT_EQ(log_word(r.container, SAMPLE_IOVA, HWDIRTY_ALL), HWDIRTY_ALL);
	ASSERT_RC(__mock_bus_write(&r.bus, 0, SAMPLE_IOVA), -EINVAL);
}

/* The IOMMU and the driver of an emulated device both report dirty pages. */
TEST_OVER(with_emulated_device, BACKENDS_LEGACY)
{
	struct sample_setup s;
	struct mock_bus bus;
	int container, group;
	char c = 1;

	mock_bus_open(&bus);
	s = sample_set_up(backend, DMA_RW);
	container = s.space->fd;
	log_start(container);
	group = plug_function(&bus);
	sample_pin(s.fd, page_at(2), 1);
	group_set_container(group, container);
	ASSERT_RC(__mock_bus_write(&bus, 0, page_at(9)), 0);
	ASSERT_RC(__sample_rw(s.fd, page_at(4), &c, 1, VFIO_SAMPLE_WRITE), 0);
	ASSERT_EQ(log_word(container, SAMPLE_IOVA, HWDIRTY_ALL),
		  HWDIRTY_BIT(2) | HWDIRTY_BIT(4) | HWDIRTY_BIT(9));
	ASSERT_EQ(log_word(container, SAMPLE_IOVA, HWDIRTY_ALL),
		  HWDIRTY_BIT(2));
	ASSERT_RC(__mock_bus_write(&bus, 0, page_at(9)), 0);
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_EQ(log_word(container, SAMPLE_IOVA, HWDIRTY_ALL), HWDIRTY_ALL);
	ASSERT_EQ(log_word(container, SAMPLE_IOVA, HWDIRTY_ALL),
		  HWDIRTY_BIT(2));
	sample_tear_down(&s);
}
