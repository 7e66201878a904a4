// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions that do not respond: their config space reads as ones, as if their
 * link were down. The bridge above forwards other bus numbers meanwhile.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "container.h"
#include "harness.h"
#include "ioas.h"
#include "klog.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

/* A bus number that the machine does not use */
#define UNUSED_BUS 0x7f
/* IDs of the e1000e, as read from PCI_VENDOR_ID */
#define E1000E_PCI_IDS 0x10d38086
#define E1000E_STATUS 0x08

/** struct lost - a function that does not respond */
struct lost {
	/** @bridge: the bridge above it */
	const char *bridge;
	/** @bus: number of its bus */
	unsigned int bus;
};

static struct lost lose(const char *bdf)
{
	struct lost lost = { .bridge = pci_bridge_above(bdf) };

	lost.bus = pci_read_config(lost.bridge, PCI_SECONDARY_BUS, 1);
	pci_write_config(lost.bridge, PCI_SECONDARY_BUS, 1, UNUSED_BUS);
	ASSERT_EQ(pci_read_config(bdf, PCI_VENDOR_ID, 4), ~0U);
	return lost;
}

static void find_again(const struct lost *lost)
{
	pci_write_config(lost->bridge, PCI_SECONDARY_BUS, 1, lost->bus);
}

static int __open_once(const char *bdf, enum backend backend)
{
	struct space *space = space_open(backend);
	__u32 id;
	int ret;
	int fd;

	if (backend == BACKEND_IOMMUFD) {
		fd = pci_open_cdev(bdf);
		ret = __cdev_bind(fd, space->fd, &id);
		sys_close(fd);
	} else {
		ret = __group_device(space_group_fd(space, bdf), bdf);
	}
	space_close(space);
	return ret;
}

static void read_bars(const char *bdf, unsigned int bars[PCI_STD_NUM_BARS])
{
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++)
		bars[i] = pci_read_config(bdf, PCI_BASE_ADDRESS_0 + 4 * i, 4);
}

static void check_bars(const char *bdf, const unsigned int *bars)
{
	unsigned int now[PCI_STD_NUM_BARS];

	read_bars(bdf, now);
	for (unsigned int i = 0; i < PCI_STD_NUM_BARS; i++)
		ASSERT_EQ(now[i], bars[i]);
}

/* The function works, with the BARs that it had before. */
static void check_works(const char *bdf, const unsigned int *bars,
			enum backend backend)
{
	struct vdev *vdev = vdev_open(bdf, backend);
	__u32 status;

	ASSERT_EQ(vdev_cfg_read(vdev, PCI_VENDOR_ID, 4), E1000E_PCI_IDS);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_INTERRUPT_PIN, 1), 1);
	check_bars(bdf, bars);
	vdev_enable(vdev, false);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, E1000E_STATUS, &status,
		   sizeof(status));
	ASSERT(status != ~0U);
	vdev_close_with_space(vdev);
	check_bars(bdf, bars);
}

TEST_OVER(inaccessible_is_not_opened, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_E1000E);
	unsigned int bars[PCI_STD_NUM_BARS];
	int log = klog_open();
	struct lost lost;

	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	read_bars(bdf, bars);
	lost = lose(bdf);
	for (unsigned int i = 0; i < 3; i++)
		ASSERT_RC(__open_once(bdf, backend), -EIO);
	find_again(&lost);
	ASSERT(klog_has(log, "does not respond, not opened"));
	check_works(bdf, bars, backend);
}

/*
 * The state of a function is not saved while it does not respond, nor is its
 * bus reset, which would clear its BARs.
 */
TEST_OVER(inaccessible_while_closed, BACKEND_IOMMUFD)
{
	const char *bdf = pci_need(TESTDEV_E1000E);
	unsigned int bars[PCI_STD_NUM_BARS];
	struct vdev *vdev;
	struct lost lost;

	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	read_bars(bdf, bars);
	vdev = vdev_open(bdf, backend);
	lost = lose(bdf);
	vdev_close_with_space(vdev);
	find_again(&lost);
	check_works(bdf, bars, backend);
}
