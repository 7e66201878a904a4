/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An ioctl of /dev/iommu that is implemented by another module: the mock, in a
 * build for tests.
 *
 * There is at most one. A context that has used it holds a reference to the
 * module until the context is freed, so that objects which the module has
 * created in the context can be destroyed.
 */
#ifndef IOMMUFD_EXTENSION_H
#define IOMMUFD_EXTENSION_H

#include "ucmd.h"

struct module;

/* Maximum size in bytes of the structure of an extension */
#define EXTENSION_MAX_SIZE 128

/**
 * struct iommufd_extension - an ioctl and the module that implements it
 */
struct iommufd_extension {
	/** @owner: the module */
	struct module *owner;
	/** @handler: the ioctl, with a number that iommufd does not define */
	struct ucmd_handler handler;
};

int iommufd_extension_register(const struct iommufd_extension *ext);
void iommufd_extension_unregister(const struct iommufd_extension *ext);

/* Without the mock there are no extensions. */
#ifdef IOMMUFD_MOCK
const struct ucmd_handler *extension_find(const struct iommufd_extension **used,
					  unsigned int cmd);
void extension_release(const struct iommufd_extension *used);
#else
static inline const struct ucmd_handler *
extension_find(const struct iommufd_extension **used, unsigned int cmd)
{
	return NULL;
}

static inline void extension_release(const struct iommufd_extension *used)
{
}
#endif

#endif /* IOMMUFD_EXTENSION_H */
