/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An importer of dma-bufs, implemented by dmabuf_importer.ko, and an exporter:
 * a device whose first page of BAR 0 is a dma-buf. A function that begins with
 * __ returns -errno, the one without it fails the test.
 */
#ifndef SELFTESTS_LIB_IMPORTER_H
#define SELFTESTS_LIB_IMPORTER_H

#include <linux/types.h>
#include <stdbool.h>

#include "../../modules/dmabuf_importer/importer_abi.h"
#include "harness.h"
#include "pci.h"
#include "vdev.h"

/** struct importer - an importer that is attached to a dma-buf */
struct importer {
	/** @fd: file of the module */
	int fd;
	/** @event: eventfd that counts the requests to unmap */
	int event;
};

/** struct exporter - a device that exports the first page of BAR 0 */
struct exporter {
	/** @bdf: its PCI address */
	const char *bdf;
	/** @vdev: the device */
	struct vdev *vdev;
	/** @dmabuf: the page */
	int dmabuf;
	/** @start: physical address of BAR 0 */
	__u64 start;
};

void exporter_open(struct exporter *exp, enum testdev which,
		   enum backend backend);

bool importer_can_map(void);
int __importer_open(struct importer *imp, int dmabuf, const char *bdf,
		    unsigned int flags);
void importer_open_with(struct importer *imp, struct exporter *exp,
			unsigned int flags);
void importer_open(struct importer *imp, struct exporter *exp);
void importer_close(struct importer *imp);
int importer_try_open(int dmabuf, const char *bdf, unsigned int flags);
int __importer_ioctl(struct importer *imp, unsigned long cmd);
int __importer_map(struct importer *imp, struct importer_map *map);
int importer_try_map(struct importer *imp);
void importer_map(struct importer *imp, struct exporter *exp);
void importer_unmap(struct importer *imp);
void importer_map_once(struct importer *imp, struct exporter *exp);

#endif
