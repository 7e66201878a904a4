// SPDX-License-Identifier: GPL-2.0-only
/* The name and the file of each backend. */
#include "backend.h"

#include <unistd.h>

const char *backend_name(enum backend backend)
{
	switch (backend) {
	case BACKEND_CONTAINER:
		return "container";
	case BACKEND_SYMLINK:
		return "symlink";
	case BACKEND_IOMMUFD:
		return "iommufd";
	default:
		return "none";
	}
}

const char *backend_path(enum backend backend)
{
	return backend == BACKEND_CONTAINER ? "/dev/vfio/vfio" : "/dev/iommu";
}

/* Return whether the running kernel has the backend's file. */
bool backend_present(enum backend backend)
{
	return !access(backend_path(backend), R_OK | W_OK);
}
