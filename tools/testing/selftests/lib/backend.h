/* SPDX-License-Identifier: GPL-2.0-only */
/* The ways by which a program reaches a device and maps memory for its DMA. */
#ifndef SELFTESTS_LIB_BACKEND_H
#define SELFTESTS_LIB_BACKEND_H

#include <stdbool.h>

/** enum backend - the ways by which a program reaches a device */
enum backend {
	/** @BACKEND_NONE: the test does not use a backend */
	BACKEND_NONE = 0,
	/** @BACKEND_CONTAINER: /dev/vfio/vfio and the group file */
	BACKEND_CONTAINER = 1,
	/** @BACKEND_SYMLINK: a link to /dev/iommu, and the group file */
	BACKEND_SYMLINK = 2,
	/** @BACKEND_IOMMUFD: /dev/iommu and the device's own node */
	BACKEND_IOMMUFD = 4,
};

#define BACKENDS_LEGACY (BACKEND_CONTAINER | BACKEND_SYMLINK)
#define BACKENDS_ALL (BACKENDS_LEGACY | BACKEND_IOMMUFD)

/* What the device may do with a mapping, the same bits in every backend. */
#define DMA_READ 1U
#define DMA_WRITE 2U
#define DMA_RW (DMA_READ | DMA_WRITE)

const char *backend_name(enum backend backend);
const char *backend_path(enum backend backend);
bool backend_present(enum backend backend);

#endif
