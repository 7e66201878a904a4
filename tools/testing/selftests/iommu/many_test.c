// SPDX-License-Identifier: GPL-2.0-only
/*
 * Large numbers of mappings, pins and objects, removed all at once. Each test
 * takes seconds if the time per item does not grow with the number of items,
 * otherwise longer than the harness allows.
 */
#include "feature.h"
#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

/* IOVA of the memory that is copied, of copies upwards, of copies downwards */
#define IOVA MIB(32)
#define IOVA_UP MIB(64)
#define IOVA_DOWN MIB(512)

#define BAR2 VFIO_PCI_BAR2_REGION_INDEX

enum {
	NR_AREAS = 60000,
	NR_COPIES = 30000,
	NR_PINS = 20000,
	NR_OBJECTS = 4096
};

/** struct many - an address space with two domains */
struct many {
	/** @fd: context */
	int fd;
	/** @ioas: the address space */
	__u32 ioas;
	/** @devs: a device in each domain */
	struct mock_dev devs[2];
};

static void many_open(struct many *many)
{
	mock_load();
	many->fd = iommufd_open();
	many->ioas = ioas_alloc(many->fd);
	mock_dev(many->fd, many->ioas, 0, &many->devs[0]);
	mock_dev(many->fd, many->ioas, 0, &many->devs[1]);
	ASSERT_RC(__mock_replace(many->fd, many->devs[1].stdev,
				 hwpt_alloc(many->fd, many->devs[1].idev,
					    many->ioas)),
		  0);
}

static void copy(struct many *many, __u64 to)
{
	ASSERT_RC(__ioas_copy(many->fd, many->ioas, IOVA, PAGE, many->ioas, to,
			      DMA_RW),
		  0);
}

/* Copy the page at IOVA, so that either order of IOVA is that of some copies */
static void copy_up_and_down(struct many *many)
{
	unsigned int i;

	for (i = 0; i < NR_COPIES; i++) {
		copy(many, IOVA_UP + i * IOVA_PAGE);
		copy(many, IOVA_DOWN + (NR_COPIES - 1 - i) * IOVA_PAGE);
	}
}

static void unmap_all(struct many *many, __u64 nr_pages)
{
	__u64 unmapped = 0;

	ASSERT_RC(__ioas_unmap(many->fd, many->ioas, 0, ~0ULL, &unmapped), 0);
	ASSERT_EQ(unmapped, nr_pages * PAGE);
}

/* A page of a BAR, mapped by its address */
TEST(copies_of_bar)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_SHMEM), BACKEND_IOMMUFD);
	struct many many;

	vdev_enable(vdev, false);
	many_open(&many);
	ioas_map_fixed(many.fd, many.ioas, vdev_mmap(vdev, BAR2, NULL), IOVA,
		       PAGE);
	copy_up_and_down(&many);
	unmap_all(&many, 2 * NR_COPIES + 1);
}

/* The same as a dma-buf, and closed */
TEST(copies_of_dmabuf)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_SHMEM), BACKEND_IOMMUFD);
	__u64 iova = IOVA;
	struct many many;

	vdev_enable(vdev, false);
	many_open(&many);
	ASSERT_RC(__ioas_map_file(many.fd, many.ioas,
				  vdev_dmabuf(vdev, BAR2, 0, PAGE), 0, PAGE,
				  DMA_RW, &iova),
		  0);
	ASSERT_EQ(iova, IOVA);
	copy_up_and_down(&many);
	sys_close(many.fd);
}

/* Pins of a page that many mappings share */
TEST(pins)
{
	char *page = sys_mmap_anon(PAGE);
	struct many many;
	unsigned int i;
	int access;
	__u32 id;

	many_open(&many);
	ioas_map_fixed(many.fd, many.ioas, page, IOVA, PAGE);
	access = (int)ASSERT_OK(__mock_access(
		many.fd, many.ioas, MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES));
	copy_up_and_down(&many);
	for (i = 0; i < NR_PINS; i++)
		ASSERT_RC(__access_pin(many.fd, access, IOVA, PAGE, page, 0,
				       &id),
			  0);
	unmap_all(&many, 2 * NR_COPIES + 1);
	sys_close(access);
	sys_close(many.fd);
}

TEST(areas)
{
	long long pins = sys_pins_held();
	char *page = sys_mmap_anon(PAGE);
	struct many many;
	unsigned int i;

	many_open(&many);
	for (i = 0; i < NR_AREAS; i++)
		ioas_map_fixed(many.fd, many.ioas, page,
			       IOVA_UP + i * IOVA_PAGE, PAGE);
	sys_close(many.fd);
	ASSERT_EQ(sys_pins_held(), pins);
}

/* Address spaces, and domains of one of them */
TEST(objects)
{
	struct many many;
	unsigned int i;

	many_open(&many);
	for (i = 0; i < NR_OBJECTS; i++) {
		ioas_alloc(many.fd);
		hwpt_alloc(many.fd, many.devs[0].idev, many.ioas);
	}
	sys_close(many.fd);
}
