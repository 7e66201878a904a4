// SPDX-License-Identifier: GPL-2.0-only
/*
 * An ioctl of /dev/iommu that is implemented by another module. Part of
 * iommufd.ko in a build for tests.
 */
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include "extension.h"

/* Protects extension_registered and the first use by each context. */
static DEFINE_MUTEX(extension_lock);
static const struct iommufd_extension *extension_registered;

/**
 * iommufd_extension_register() - add an ioctl to /dev/iommu
 * @ext: the extension, valid until iommufd_extension_unregister()
 *
 * Context: May sleep.
 * Return: 0, -EBUSY if there is an extension already, -EINVAL if its structure
 * is too long.
 */
int iommufd_extension_register(const struct iommufd_extension *ext)
{
	if (ext->handler.size > EXTENSION_MAX_SIZE)
		return -EINVAL;
	guard(mutex)(&extension_lock);
	if (extension_registered)
		return -EBUSY;
	extension_registered = ext;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iommufd_extension_register, "IOMMUFD_MOCK");

/**
 * iommufd_extension_unregister() - undo iommufd_extension_register()
 * @ext: the extension
 *
 * To be called at module exit, when no context holds the module any more.
 *
 * Context: May sleep.
 */
void iommufd_extension_unregister(const struct iommufd_extension *ext)
{
	guard(mutex)(&extension_lock);
	if (extension_registered == ext)
		extension_registered = NULL;
}
EXPORT_SYMBOL_NS_GPL(iommufd_extension_unregister, "IOMMUFD_MOCK");

static const struct iommufd_extension *
extension_first_use(const struct iommufd_extension **used, unsigned int cmd)
{
	guard(mutex)(&extension_lock);
	if (*used)
		return *used;
	if (!extension_registered || extension_registered->handler.cmd != cmd ||
	    !try_module_get(extension_registered->owner))
		return NULL;
	/* pairs with extension_find(), which does not take the lock */
	smp_store_release(used, extension_registered);
	return extension_registered;
}

/**
 * extension_find() - find the handler of an ioctl that iommufd does not define
 * @used: extension that the context has used, or NULL; set by the first use
 * @cmd: number of the ioctl
 *
 * Context: May sleep.
 * Return: the handler, valid until extension_release(), or NULL.
 */
const struct ucmd_handler *extension_find(const struct iommufd_extension **used,
					  unsigned int cmd)
{
	const struct iommufd_extension *ext;

	/* pairs with extension_first_use() */
	ext = smp_load_acquire(used);
	if (!ext)
		ext = extension_first_use(used, cmd);
	return ext && ext->handler.cmd == cmd ? &ext->handler : NULL;
}

/**
 * extension_release() - release the module that a context has used
 * @used: extension that the context has used, or NULL; all objects of the
 *	  context have been destroyed
 */
void extension_release(const struct iommufd_extension *used)
{
	if (used)
		module_put(used->owner);
}
