// SPDX-License-Identifier: GPL-2.0-only
/* An NVMe driver in user space: data written to a drive is read back. */
#include <string.h>

#include "harness.h"
#include "nvme.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define DRIVER_IOVA 0x10000000ULL
#define DATA_IOVA 0x40000000ULL
/* Pages of a scattered buffer */
#define NR_PAGES 64

static void write_and_read(enum backend backend, unsigned int irq_index)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	char *out = sys_mmap_anon(MIB(8));
	char *in = sys_mmap_huge_aligned(MIB(8));
	struct nvme *nvme;

	nvme = nvme_open(vdev, DRIVER_IOVA, irq_index);
	fill_pattern(out, MIB(8), irq_index + 1);
	ASSERT_RC(__space_map(vdev->space, out, DATA_IOVA, MIB(8), DMA_READ),
		  0);
	space_map(vdev->space, in, DATA_IOVA + MIB(8), MIB(8));
	nvme_transfer(nvme, true, MIB(16), DATA_IOVA, MIB(8));
	nvme_flush(nvme);
	nvme_transfer(nvme, false, MIB(16), DATA_IOVA + MIB(8), MIB(8));
	ASSERT(is_pattern(in, MIB(8), irq_index + 1));
	ASSERT(nvme->irqs_taken > 0);
	nvme_close(nvme);
	vdev_close_with_space(vdev);
}

TEST_OVER(msix, BACKENDS_ALL)
{
	write_and_read(backend, VFIO_PCI_MSIX_IRQ_INDEX);
}

TEST_OVER(intx, BACKENDS_ALL)
{
	write_and_read(backend, VFIO_PCI_INTX_IRQ_INDEX);
}

/* One transfer over many mappings of a page each. */
TEST_OVER(scattered_buffer, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	char *buf = sys_mmap_anon(MIB(1));
	struct nvme *nvme;
	unsigned int i;

	nvme = nvme_open(vdev, DRIVER_IOVA, VFIO_PCI_MSIX_IRQ_INDEX);
	/* Map the pages in reverse order. */
	for (i = 0; i < NR_PAGES; i++)
		space_map(vdev->space, buf + (NR_PAGES - 1 - i) * PAGE,
			  DATA_IOVA + i * PAGE, PAGE);
	for (i = 0; i < NR_PAGES; i++)
		fill_pattern(buf + (NR_PAGES - 1 - i) * PAGE, PAGE, i);
	nvme_transfer(nvme, true, 0, DATA_IOVA, NR_PAGES * PAGE);
	memset(buf, 0, MIB(1));
	/* Read each page back to the same page. */
	for (i = 0; i < NR_PAGES; i++) {
		nvme_transfer(nvme, false, i * PAGE, DATA_IOVA, PAGE);
		ASSERT(is_pattern(buf + (NR_PAGES - 1) * PAGE, PAGE, i));
	}
	nvme_close(nvme);
	vdev_close_with_space(vdev);
}
