// SPDX-License-Identifier: GPL-2.0-only
/*
 * An ioctl of /dev/iommu that another module serves.
 */
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include "extension.h"

/* Protects @registered and the first use by each context. */
static DEFINE_MUTEX(extension_lock);
static const struct iommufd_extension *registered;

/**
 * iommufd_extension_register() - serve one more ioctl
 * @ext: what is served; stays valid until iommufd_extension_unregister()
 *
 * Context: May sleep.
 * Return: 0, -EBUSY where there is an extension already, -EINVAL where its
 * requests are too long.
 */
int iommufd_extension_register(const struct iommufd_extension *ext)
{
	if (ext->handler.size > EXTENSION_MAX_SIZE)
		return -EINVAL;
	guard(mutex)(&extension_lock);
	if (registered)
		return -EBUSY;
	registered = ext;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iommufd_extension_register, "IOMMUFD_MOCK");

/**
 * iommufd_extension_unregister() - undo iommufd_extension_register()
 * @ext: what was registered
 *
 * To be called when the module goes, which no context holds any more by then.
 *
 * Context: May sleep.
 */
void iommufd_extension_unregister(const struct iommufd_extension *ext)
{
	guard(mutex)(&extension_lock);
	if (registered == ext)
		registered = NULL;
}
EXPORT_SYMBOL_NS_GPL(iommufd_extension_unregister, "IOMMUFD_MOCK");

static const struct iommufd_extension *
first_use(const struct iommufd_extension **used, unsigned int cmd)
{
	guard(mutex)(&extension_lock);
	if (*used)
		return *used;
	if (!registered || registered->handler.cmd != cmd ||
	    !try_module_get(registered->owner))
		return NULL;
	/* pairs with extension_find(), which does without the lock */
	smp_store_release(used, registered);
	return registered;
}

/**
 * extension_find() - who serves an ioctl that iommufd does not know?
 * @used: the extension that the context has used, or NULL; set here
 * @cmd: the ioctl
 *
 * Context: May sleep.
 * Return: the handler, valid until extension_release(), or NULL.
 */
const struct ucmd_handler *extension_find(const struct iommufd_extension **used,
					  unsigned int cmd)
{
	const struct iommufd_extension *ext;

	/* pairs with first_use() */
	ext = smp_load_acquire(used);
	if (!ext)
		ext = first_use(used, cmd);
	return ext && ext->handler.cmd == cmd ? &ext->handler : NULL;
}

/**
 * extension_release() - let go of the module that a context used
 * @used: the extension that the context has used, or NULL; the context has no
 *	  objects any more
 */
void extension_release(const struct iommufd_extension *used)
{
	if (used)
		module_put(used->owner);
}
