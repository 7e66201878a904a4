/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An ioctl of /dev/iommu that another module serves.
 *
 * There is room for one. A context that has used it keeps the module that serves
 * it until the context is gone, so that objects which that module made in the
 * context can be destroyed.
 */
#ifndef IOMMUFD_EXTENSION_H
#define IOMMUFD_EXTENSION_H

#include "ucmd.h"

struct module;

/* A request of an extension is no longer than that. */
#define EXTENSION_MAX_SIZE 128

/**
 * struct iommufd_extension - the ioctl and who serves it
 */
struct iommufd_extension {
	/** @owner: the module */
	struct module *owner;
	/** @handler: the ioctl; of a number that iommufd does not serve */
	struct ucmd_handler handler;
};

int iommufd_extension_register(const struct iommufd_extension *ext);
void iommufd_extension_unregister(const struct iommufd_extension *ext);

const struct ucmd_handler *extension_find(const struct iommufd_extension **used,
					  unsigned int cmd);
void extension_release(const struct iommufd_extension *used);

#endif /* IOMMUFD_EXTENSION_H */
