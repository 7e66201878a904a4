// SPDX-License-Identifier: GPL-2.0-only
/* An importer of dma-bufs and an exporter of BARs. See importer.h. */
#include "importer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "feature.h"
#include "sys.h"

#define IMPORTER_MODULE "../modules/dmabuf_importer/dmabuf_importer.ko"
#define IMPORTER_DEVICE "/dev/dmabuf_importer"

void exporter_open(struct exporter *exp, enum testdev which,
		   enum backend backend)
{
	exp->bdf = pci_need(which);
	exp->vdev = vdev_open(exp->bdf, backend);
	vdev_enable(exp->vdev, false);
	exp->start = pci_bar_start(exp->bdf, 0);
	exp->dmabuf =
		vdev_dmabuf(exp->vdev, VFIO_PCI_BAR0_REGION_INDEX, 0, PAGE);
}

/* Old kernels cannot map BARs as a scatter list. */
bool importer_can_map(void)
{
	return sys_kernel_has(CHANGE_DMABUF_PHYS);
}

int __importer_open(struct importer *imp, int dmabuf, const char *bdf,
		    unsigned int flags)
{
	unsigned int domain, bus, device, function;
	struct importer_attach arg = { .dmabuf_fd = dmabuf, .flags = flags };

	sys_load_module(IMPORTER_MODULE);
	ASSERT(sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &device, &function) ==
	       4);
	imp->fd = sys_open(IMPORTER_DEVICE, O_RDWR);
	imp->event = sys_eventfd();
	arg.event_fd = imp->event;
	arg.domain = domain;
	arg.bus = bus;
	arg.devfn = device << 3 | function;
	return __sys_ioctl(imp->fd, IMPORTER_ATTACH, &arg);
}

/* Attach the exporter itself: no topology forbids a device to reach itself. */
void importer_open_with(struct importer *imp, struct exporter *exp,
			unsigned int flags)
{
	ASSERT_RC(__importer_open(imp, exp->dmabuf, exp->bdf, flags), 0);
}

void importer_open(struct importer *imp, struct exporter *exp)
{
	importer_open_with(imp, exp, 0);
}

void importer_close(struct importer *imp)
{
	sys_close(imp->fd);
	sys_close(imp->event);
}

/* Attach and detach. Return: 0 or -errno of the attach. */
int importer_try_open(int dmabuf, const char *bdf, unsigned int flags)
{
	struct importer imp;
	int ret = __importer_open(&imp, dmabuf, bdf, flags);

	importer_close(&imp);
	return ret;
}

int __importer_ioctl(struct importer *imp, unsigned long cmd)
{
	return __sys_ioctl(imp->fd, cmd, NULL);
}

int __importer_map(struct importer *imp, struct importer_map *map)
{
	*map = (struct importer_map){};
	return __sys_ioctl(imp->fd, IMPORTER_MAP, map);
}

int importer_try_map(struct importer *imp)
{
	struct importer_map map;

	return __importer_map(imp, &map);
}

/* Map the page of @exp, if the kernel can, and check the address. */
void importer_map(struct importer *imp, struct exporter *exp)
{
	struct importer_map map;
	int ret = __importer_map(imp, &map);

	if (!importer_can_map()) {
		ASSERT_RC(ret, -EOPNOTSUPP);
		return;
	}
	ASSERT_RC(ret, 0);
	ASSERT_EQ(map.nr, 1);
	ASSERT_EQ(map.length, PAGE);
	ASSERT_EQ(map.entries[0].address, exp->start);
	ASSERT_EQ(map.entries[0].length, PAGE);
}

void importer_unmap(struct importer *imp)
{
	ASSERT_RC(__importer_ioctl(imp, IMPORTER_UNMAP),
		  importer_can_map() ? 0 : -EINVAL);
}

void importer_map_once(struct importer *imp, struct exporter *exp)
{
	importer_map(imp, exp);
	importer_unmap(imp);
}
