// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is dirty in a container whose IOMMU keeps track of it. Only the mock IOMMU
 * does so on the machines of the lab.
 */
#include <errno.h>

#include "container.h"
#include "dirty.h"
#include "harness.h"
#include "mock_pci.h"
#include "pci.h"
#include "sample.h"
#include "sys.h"
#include "vdev.h"

#define IOVA SAMPLE_IOVA
#define NR SAMPLE_NR
#define BIT(nr) (1ULL << (nr))
#define ALL (BIT(NR) - 1)

static __u64 page_at(__u64 nr)
{
	return IOVA + nr * IOVA_PAGE;
}

/* A function on the bus, the group of which it is all is to be opened. */
static int plug(struct mock_bus *bus)
{
	struct mock_pci_image image;
	const char *bdf;

	mock_image(&image, 0x1af4, 0x4330, 0x020000);
	bdf = mock_bus_plug(bus, &image);
	pci_bind(bdf);
	return group_open(bdf);
}

/** struct ready - a container with a function, and something mapped */
struct ready {
	/** @bus: the function is its first one */
	struct mock_bus bus;
	/** @container: the container */
	int container;
	/** @group: of the function */
	int group;
	/** @mem: NR pages, mapped at IOVA */
	char *mem;
};

static void get_ready(struct ready *r, enum backend backend)
{
	mock_bus_open(&r->bus);
	r->container = container_open(backend);
	r->group = plug(&r->bus);
	group_set_container(r->group, r->container);
	container_set_iommu(r->container);
	r->mem = sys_mmap_anon(NR * PAGE);
	container_map(r->container, r->mem, IOVA, NR * PAGE);
}

static void hw_write(struct ready *r, unsigned int page)
{
	ASSERT_RC(__mock_bus_write(&r->bus, 0, page_at(page) + 100), 0);
}

TEST_OVER(exact, BACKENDS_LEGACY)
{
	struct ready r;

	get_ready(&r, backend);
	/* Nobody keeps track yet. */
	ASSERT_RC(__mock_bus_write(&r.bus, 0, IOVA), -EINVAL);
	log_start(r.container);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), 0);
	hw_write(&r, 3);
	hw_write(&r, 15);
	log_start(r.container);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), BIT(3) | BIT(15));
	ASSERT_EQ(log_word(r.container, IOVA, ALL), 0);
	/* What was written when the log ended is not in the next one. */
	hw_write(&r, 4);
	log_stop(r.container);
	ASSERT_RC(__mock_bus_write(&r.bus, 0, IOVA), -EINVAL);
	log_start(r.container);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), 0);
}

TEST_OVER(mapped_later, BACKENDS_LEGACY)
{
	struct ready r;

	get_ready(&r, backend);
	log_start(r.container);
	container_map(r.container, r.mem, page_at(20), 2 * PAGE);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), 0);
	hw_write(&r, 21);
	hw_write(&r, 0);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), BIT(0) | BIT(21));
	/* What comes in the place of a page that was dirty is not. */
	hw_write(&r, 21);
	container_unmap(r.container, page_at(20), 2 * PAGE);
	container_map(r.container, r.mem, page_at(20), 2 * PAGE);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), 0);
}

TEST_OVER(bad_bitmap, BACKENDS_LEGACY)
{
	struct ready r;

	get_ready(&r, backend);
	log_start(r.container);
	hw_write(&r, 6);
	ASSERT_RC(__log_get(r.container, IOVA, 64, BAD_PTR), -EFAULT);
	hw_write(&r, 7);
	ASSERT_RC(__log_get(r.container, IOVA, 64, BAD_PTR), -EFAULT);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), BIT(6) | BIT(7));
	ASSERT_EQ(log_word(r.container, IOVA, ALL), 0);
}

/* It may be written to until it has gone, and nobody would know. */
TEST_OVER(unmap_is_all_dirty, BACKENDS_LEGACY)
{
	struct log_unmap unmap;
	__u64 word = 0;
	struct ready r;

	get_ready(&r, backend);
	log_start(r.container);
	unmap = log_unmap_request(IOVA, NR, &word);
	ASSERT_RC(__log_unmap(r.container, &unmap), 0);
	ASSERT_EQ(word, ALL);
}

TEST_OVER(two_functions, BACKENDS_LEGACY)
{
	struct ready r;
	int second;

	get_ready(&r, backend);
	second = plug(&r.bus);
	log_start(r.container);
	hw_write(&r, 1);
	group_set_container(second, r.container);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), BIT(1));
	ASSERT_RC(__mock_bus_write(&r.bus, 1, page_at(2)), 0);
	hw_write(&r, 3);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), BIT(2) | BIT(3));
	/* Who leaves takes along what it knew. */
	ASSERT_RC(__group_unset_container(second), 0);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), ALL);
	hw_write(&r, 5);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), BIT(5));
}

/* One that does not keep track makes the others' knowledge useless. */
TEST_OVER(joined_by_another_iommu, BACKENDS_LEGACY)
{
	struct ready r;
	int edu;

	get_ready(&r, backend);
	edu = group_open(pci_need(TESTDEV_EDU0));
	log_start(r.container);
	hw_write(&r, 1);
	group_set_container(edu, r.container);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), ALL);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), ALL);
	ASSERT_RC(__mock_bus_write(&r.bus, 0, IOVA), -EINVAL);
	ASSERT_RC(__group_unset_container(edu), 0);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), ALL);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), ALL);
	log_stop(r.container);
	log_start(r.container);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), 0);
	hw_write(&r, 1);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), BIT(1));

	/* Nor does a log begin with it. */
	log_stop(r.container);
	group_set_container(edu, r.container);
	log_start(r.container);
	ASSERT_EQ(log_word(r.container, IOVA, ALL), ALL);
	ASSERT_RC(__mock_bus_write(&r.bus, 0, IOVA), -EINVAL);
}

/* With a device that is software, both tell. */
TEST_OVER(with_software, BACKENDS_LEGACY)
{
	struct sample_setup s;
	struct mock_bus bus;
	int container, group;
	char c = 1;

	mock_bus_open(&bus);
	s = sample_set_up(backend, DMA_RW);
	container = s.space->fd;
	log_start(container);
	group = plug(&bus);
	sample_pin(s.fd, page_at(2), 1);
	group_set_container(group, container);
	ASSERT_RC(__mock_bus_write(&bus, 0, page_at(9)), 0);
	ASSERT_RC(__sample_rw(s.fd, page_at(4), &c, 1, VFIO_SAMPLE_WRITE), 0);
	ASSERT_EQ(log_word(container, IOVA, ALL), BIT(2) | BIT(4) | BIT(9));
	ASSERT_EQ(log_word(container, IOVA, ALL), BIT(2));
	ASSERT_RC(__mock_bus_write(&bus, 0, page_at(9)), 0);
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_EQ(log_word(container, IOVA, ALL), ALL);
	ASSERT_EQ(log_word(container, IOVA, ALL), BIT(2));
	sample_tear_down(&s);
}
