// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whoever drives a physical function can disturb its virtual functions and may
 * see their data. A user of a virtual function takes a driver in the kernel for
 * granted, but has to agree to a user: both know a secret, the token.
 */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/notifier.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "bar.h"
#include "intx.h"
#include "power_state.h"
#include "runtime_pm.h"
#include "sriov.h"

#define TOKEN_OPTION "vf_token="

/**
 * struct vfio_pci_sriov - what a physical function shares with its virtual ones
 */
struct vfio_pci_sriov {
	/** @vdev: the physical function */
	struct vfio_pci_core_device *vdev;
	/** @nb: tells of virtual functions that come up */
	struct notifier_block nb;
	/** @enabled_item: link in @sriov_enabled_pfs, protected by @sriov_enabled_lock */
	struct list_head enabled_item;
	/** @lock: protects @token and @nr_users */
	struct mutex lock;
	/** @token: what the users have to present; random at first */
	uuid_t token;
	/** @nr_users: virtual functions that are open */
	unsigned int nr_users;
};

/* Physical functions whose virtual functions were enabled through us */
static DEFINE_MUTEX(sriov_enabled_lock);
static LIST_HEAD(sriov_enabled_pfs);

/* Virtual functions go to the driver that the physical one is bound to */
static int sriov_bus_event(struct notifier_block *nb, unsigned long action,
			   void *data)
{
	struct vfio_pci_sriov *sriov =
		container_of(nb, struct vfio_pci_sriov, nb);
	struct pci_dev *pf = sriov->vdev->pdev;
	struct pci_dev *pdev = to_pci_dev(data);
	const struct pci_driver *drv;

	if (!pdev->is_virtfn || pci_physfn(pdev) != pf)
		return 0;

	if (action == BUS_NOTIFY_ADD_DEVICE) {
		if (device_set_driver_override(&pdev->dev,
					       sriov->vdev->vdev.ops->name))
			pci_warn(pdev, "any driver may take it\n");
	} else if (action == BUS_NOTIFY_BOUND_DRIVER) {
		drv = pci_dev_driver(pdev);
		if (drv && drv != pci_dev_driver(pf))
			pci_warn(pf, "%s is driven by %s\n", pci_name(pdev),
				 drv->name);
	}
	return 0;
}

static int sriov_init_pf(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_sriov *sriov;
	int ret;

	sriov = kzalloc_obj(*sriov, GFP_KERNEL);
	if (!sriov)
		return -ENOMEM;
	sriov->vdev = vdev;
	sriov->nb.notifier_call = sriov_bus_event;
	INIT_LIST_HEAD(&sriov->enabled_item);
	mutex_init(&sriov->lock);
	uuid_gen(&sriov->token);

	ret = bus_register_notifier(&pci_bus_type, &sriov->nb);
	if (ret) {
		kfree(sriov);
		return ret;
	}
	vdev->sriov = sriov;
	return 0;
}

/* It cannot be disabled while we are bound, so this stays right */
static struct vfio_pci_sriov *sriov_find_pf(struct pci_dev *physfn)
{
	struct vfio_pci_sriov *sriov;

	guard(mutex)(&sriov_enabled_lock);
	list_for_each_entry(sriov, &sriov_enabled_pfs, enabled_item) {
		if (sriov->vdev->pdev == physfn)
			return sriov;
	}
	return NULL;
}

/**
 * vfio_pci_sriov_init() - find out what part a function has in SR-IOV
 * @vdev: the device, not registered yet
 *
 * Context: Process context, may sleep; from the driver's probe().
 * Return: 0, -ENOMEM.
 */
int vfio_pci_sriov_init(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	if (pdev->is_virtfn)
		vdev->sriov_pf = sriov_find_pf(pci_physfn(pdev));
	return pdev->is_physfn ? sriov_init_pf(vdev) : 0;
}

/**
 * vfio_pci_sriov_destroy() - undo vfio_pci_sriov_init()
 * @vdev: the device, not registered any more, its virtual functions disabled
 *
 * Context: Process context, may sleep.
 */
void vfio_pci_sriov_destroy(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_sriov *sriov = vdev->sriov;

	if (!sriov)
		return;
	vdev->sriov = NULL;
	bus_unregister_notifier(&pci_bus_type, &sriov->nb);
	WARN_ON(sriov->nr_users);
	mutex_destroy(&sriov->lock);
	kfree(sriov);
}

/**
 * vfio_pci_sriov_open() - a function is in use from now on
 * @vdev: the device
 *
 * Context: Process context; set lock held.
 */
void vfio_pci_sriov_open(struct vfio_pci_core_device *vdev)
{
	if (!vdev->sriov_pf)
		return;
	guard(mutex)(&vdev->sriov_pf->lock);
	vdev->sriov_pf->nr_users++;
}

/**
 * vfio_pci_sriov_close() - undo vfio_pci_sriov_open()
 * @vdev: the device
 *
 * Context: Process context; set lock held.
 */
void vfio_pci_sriov_close(struct vfio_pci_core_device *vdev)
{
	if (!vdev->sriov_pf)
		return;
	guard(mutex)(&vdev->sriov_pf->lock);
	WARN_ON(!vdev->sriov_pf->nr_users);
	vdev->sriov_pf->nr_users--;
}

/**
 * vfio_pci_parse_token() - find the token in what follows a device's name
 * @options: words with blanks between them, the name cut off
 * @token: filled in where there is one
 *
 * Context: Any.
 * Return: 1 where there is a token, 0 where there is nothing, -EINVAL where
 * there is anything else.
 */
int vfio_pci_parse_token(const char *options, uuid_t *token)
{
	bool found = false;

	for (;;) {
		while (*options == ' ')
			options++;
		if (!*options)
			return found;
		if (found || !strstarts(options, TOKEN_OPTION))
			return -EINVAL;

		options += strlen(TOKEN_OPTION);
		if (strlen(options) < UUID_STRING_LEN ||
		    uuid_parse(options, token))
			return -EINVAL;
		options += UUID_STRING_LEN;
		found = true;
	}
}

static int sriov_refuse_token(struct vfio_pci_core_device *vdev,
			      const uuid_t *token)
{
	pci_info_ratelimited(vdev->pdev, "%s VF token\n",
			     token ? "wrong" : "cannot be opened without a");
	return -EACCES;
}

static int sriov_check_vf_token(struct vfio_pci_core_device *vdev,
				const uuid_t *token)
{
	struct vfio_pci_sriov *sriov = vdev->sriov_pf;

	guard(mutex)(&sriov->lock);
	if (!token || !uuid_equal(token, &sriov->token))
		return sriov_refuse_token(vdev, token);
	return 0;
}

/* With no virtual function in use the user may choose another token */
static int sriov_check_pf_token(struct vfio_pci_core_device *vdev,
				const uuid_t *token)
{
	struct vfio_pci_sriov *sriov = vdev->sriov;

	guard(mutex)(&sriov->lock);
	if (sriov->nr_users) {
		if (!token || !uuid_equal(token, &sriov->token))
			return sriov_refuse_token(vdev, token);
	} else if (token) {
		sriov->token = *token;
	}
	return 0;
}

/**
 * vfio_pci_check_token() - may a user open a function
 * @vdev: a registered device
 * @token: what the user presents, or NULL
 *
 * For a physical function none of whose virtual functions is in use @token
 * becomes the one to present.
 *
 * Context: Process context, may sleep.
 * Return: 0; -EACCES: no or the wrong token; -EINVAL: a token for a function
 * that knows none.
 */
int vfio_pci_check_token(struct vfio_pci_core_device *vdev, const uuid_t *token)
{
	if (vdev->sriov_pf)
		return sriov_check_vf_token(vdev, token);
	if (vdev->sriov)
		return sriov_check_pf_token(vdev, token);
	if (!token)
		return 0;

	pci_info_ratelimited(vdev->pdev, "has no VF token\n");
	return -EINVAL;
}

/**
 * vfio_pci_feature_token() - VFIO_DEVICE_FEATURE_PCI_VF_TOKEN
 * @vdev: an open device
 * @flags: of the request
 * @arg: the token
 * @argsz: bytes at @arg
 *
 * Cannot be read, as it may still be that of an earlier user.
 *
 * Context: Process context, may sleep.
 * Return: 0, -ENOTTY: no physical function, -EINVAL, -EFAULT.
 */
int vfio_pci_feature_token(struct vfio_pci_core_device *vdev, u32 flags,
			   void __user *arg, size_t argsz)
{
	uuid_t token;
	int ret;

	if (!vdev->sriov)
		return -ENOTTY;
	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET,
				 sizeof(token));
	if (ret != 1)
		return ret;
	if (copy_from_user(&token, arg, sizeof(token)))
		return -EFAULT;

	guard(mutex)(&vdev->sriov->lock);
	vdev->sriov->token = token;
	return 0;
}

/* False where another caller has enabled them and not disabled them yet */
static bool sriov_add_pf(struct vfio_pci_sriov *sriov)
{
	guard(mutex)(&sriov_enabled_lock);
	if (!list_empty(&sriov->enabled_item))
		return false;
	list_add_tail(&sriov->enabled_item, &sriov_enabled_pfs);
	return true;
}

static void sriov_del_pf(struct vfio_pci_sriov *sriov)
{
	guard(mutex)(&sriov_enabled_lock);
	list_del_init(&sriov->enabled_item);
}

/* A function that sleeps has no virtual functions, so it is to stay awake */
static int sriov_resume_pf(struct vfio_pci_core_device *vdev)
{
	int ret;

	ret = vfio_pci_runtime_get(vdev);
	if (ret)
		return ret;

	down_write(&vdev->memory_lock);
	vfio_pci_set_power_state(vdev, PCI_D0);
	vdev->sriov_active = true;
	vfio_pci_unlock_memory(vdev);
	vfio_pci_intx_sync(vdev);
	return 0;
}

static void sriov_release_pf(struct vfio_pci_core_device *vdev)
{
	scoped_guard(rwsem_write, &vdev->memory_lock)
		vdev->sriov_active = false;
	pm_runtime_put(&vdev->pdev->dev);
}

static int sriov_enable_vfs(struct vfio_pci_core_device *vdev, int nr_virtfn)
{
	int ret;

	if (!sriov_add_pf(vdev->sriov))
		return -EINVAL;
	ret = sriov_resume_pf(vdev);
	if (ret)
		goto err_unlist;
	ret = pci_enable_sriov(vdev->pdev, nr_virtfn);
	if (ret)
		goto err_release;
	return nr_virtfn;

err_release:
	sriov_release_pf(vdev);
err_unlist:
	sriov_del_pf(vdev->sriov);
	return ret;
}

/**
 * vfio_pci_core_sriov_configure() - pci_driver.sriov_configure
 * @vdev: the device
 * @nr_virtfn: virtual functions to enable, 0 to disable them
 *
 * Disabling waits until nobody uses them.
 *
 * Context: Process context, may sleep; device lock held.
 * Return: @nr_virtfn; -EINVAL: some are enabled, or none can be; another
 * negative errno.
 */
int vfio_pci_core_sriov_configure(struct vfio_pci_core_device *vdev,
				  int nr_virtfn)
{
	device_lock_assert(&vdev->pdev->dev);

	if (!vdev->sriov)
		return nr_virtfn ? -EINVAL : 0;
	if (nr_virtfn)
		return sriov_enable_vfs(vdev, nr_virtfn);

	if (pci_num_vf(vdev->pdev)) {
		pci_disable_sriov(vdev->pdev);
		sriov_release_pf(vdev);
		sriov_del_pf(vdev->sriov);
	}
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_sriov_configure, "VFIO_PCI_NG");
