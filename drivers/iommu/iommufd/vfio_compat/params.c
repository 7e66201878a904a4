// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/export.h>
#include <linux/iommufd.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include "params.h"

/*
 * Protects @params_registered, but not the values, which may change at any
 * time.
 */
static DEFINE_MUTEX(params_lock);
static const struct iommufd_type1_params *params_registered;

/**
 * iommufd_type1_register() - register parameters for containers
 * @params: the parameters, valid until iommufd_type1_unregister(); there is
 *	only one registration at a time
 *
 * Context: May sleep.
 */
void iommufd_type1_register(const struct iommufd_type1_params *params)
{
	guard(mutex)(&params_lock);
	WRITE_ONCE(params_registered, params);
}
EXPORT_SYMBOL_NS_GPL(iommufd_type1_register, "IOMMUFD_NG");

/**
 * iommufd_type1_unregister() - undo iommufd_type1_register()
 *
 * To be called when the module is removed, at which time no container holds it
 * any more.
 *
 * Context: May sleep.
 */
void iommufd_type1_unregister(void)
{
	guard(mutex)(&params_lock);
	WRITE_ONCE(params_registered, NULL);
}
EXPORT_SYMBOL_NS_GPL(iommufd_type1_unregister, "IOMMUFD_NG");

/**
 * params_available() - check whether parameters are registered
 *
 * Context: Any.
 * Return: true if they are.
 */
bool params_available(void)
{
	return READ_ONCE(params_registered);
}

/**
 * params_get() - get the parameters for a container
 *
 * Context: May sleep.
 * Return: the parameters, whose values may change at any time; to be released
 * by params_put(). NULL if none are registered.
 */
const struct iommufd_type1_params *params_get(void)
{
	guard(mutex)(&params_lock);
	if (params_registered && try_module_get(params_registered->owner))
		return params_registered;
	return NULL;
}

/**
 * params_put() - undo params_get()
 * @params: return value of params_get()
 *
 * Context: Any.
 */
void params_put(const struct iommufd_type1_params *params)
{
	module_put(params->owner);
}
