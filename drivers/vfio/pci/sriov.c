// SPDX-License-Identifier: GPL-2.0-only
/*
 * SR-IOV and the VF token. The driver of a physical function can disturb its
 * virtual functions and may see their data. Users of virtual functions trust a
 * driver in the kernel, but they have to agree to one in user space: both sides
 * present the same secret, the token.
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
 * struct vfio_pci_sriov - SR-IOV state of a physical function
 */
struct vfio_pci_sriov {
	/** @vdev: the physical function */
	struct vfio_pci_core_device *vdev;
	/** @nb: notified when virtual functions are added and bound */
	struct notifier_block nb;
	/**
	 * @enabled_item: in @sriov_enabled_pfs, protected by
	 * @sriov_enabled_lock
	 */
	struct list_head enabled_item;
	/** @lock: protects @token and @nr_users */
	struct mutex lock;
	/** @token: token that the users have to present; random at first */
	uuid_t token;
	/** @nr_users: number of open virtual functions */
	unsigned int nr_users;
};

/* Physical functions whose virtual functions were enabled by this driver */
static DEFINE_MUTEX(sriov_enabled_lock);
static LIST_HEAD(sriov_enabled_pfs);

/* Make virtual functions bind to the driver of their physical function */
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
		else
			pci_info(pf, "Captured SR-IOV VF %s driver_override\n",
				 pci_name(pdev));
	} else if (action == BUS_NOTIFY_BOUND_DRIVER) {
		drv = pci_dev_driver(pdev);
		if (drv && drv != pci_dev_driver(pf))
			pci_warn(
				pf,
				"VF %s bound to driver %s while PF bound to driver %s\n",
				pci_name(pdev), drv->name,
				pci_dev_driver(pf)->name);
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

/* Valid while this function is bound, as SR-IOV stays enabled */
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
 * vfio_pci_sriov_init() - set up the SR-IOV state of a function
 * @vdev: a device that is not registered yet
 *
 * Context: May sleep; from the driver's probe().
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
 * @vdev: an unregistered device with its virtual functions disabled
 *
 * Context: May sleep.
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
 * vfio_pci_sriov_open() - count a virtual function as open
 * @vdev: the device
 *
 * Context: Process context; the caller holds the set lock.
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
 * Context: Process context; the caller holds the set lock.
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
 * vfio_pci_parse_token() - find the token after the name of a device
 * @options: words separated by blanks, without the name
 * @token: set if there is a token
 * @found: set to whether there is a token
 *
 * Context: Any.
 * Return: 0, or -EINVAL if @options has anything else in it.
 */
int vfio_pci_parse_token(const char *options, uuid_t *token, bool *found)
{
	*found = false;
	for (;;) {
		while (*options == ' ')
			options++;
		if (!*options)
			return 0;
		if (*found || !strstarts(options, TOKEN_OPTION))
			return -EINVAL;

		options += strlen(TOKEN_OPTION);
		if (strlen(options) < UUID_STRING_LEN ||
		    uuid_parse(options, token))
			return -EINVAL;
		options += UUID_STRING_LEN;
		*found = true;
	}
}

static int sriov_refuse_token(struct vfio_pci_core_device *vdev,
			      const uuid_t *token)
{
	pci_info_ratelimited(vdev->pdev, "%s\n",
			     token ? "Incorrect VF token provided for device" :
				     "VF token required to access device");
	vfio_refuse(&vdev->vdev, REFUSAL_VF_TOKEN);
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

/* User space may set another token while no virtual function is in use */
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
 * vfio_pci_check_token() - check if a user may open a function
 * @vdev: a registered device
 * @token: token that user space presents, or NULL
 *
 * For a physical function that has no virtual function in use, @token becomes
 * the one to present.
 *
 * Context: May sleep.
 * Return: 0; -EACCES if the token is missing or wrong; -EINVAL for a token if
 * the function has none.
 */
int vfio_pci_check_token(struct vfio_pci_core_device *vdev, const uuid_t *token)
{
	if (vdev->sriov_pf)
		return sriov_check_vf_token(vdev, token);
	if (vdev->sriov)
		return sriov_check_pf_token(vdev, token);
	if (!token)
		return 0;

	pci_info_ratelimited(vdev->pdev, "VF token incorrectly provided, %s\n",
			     vdev->pdev->is_virtfn ?
				     "PF not bound to vfio-pci" :
				     "not a PF or VF");
	return -EINVAL;
}

/**
 * vfio_pci_feature_token() - VFIO_DEVICE_FEATURE_PCI_VF_TOKEN
 * @vdev: an open device
 * @flags: flags of the request
 * @arg: the token
 * @argsz: bytes at @arg
 *
 * The token cannot be read, because it may still be that of an earlier user.
 *
 * Context: May sleep.
 * Return: 0; -ENOTTY if this is not a physical function; -EINVAL; -EFAULT.
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

/* Returns false if the virtual functions are enabled already */
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

/* A suspended function has no virtual functions, so keep it awake */
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
 * Disabling waits until no virtual function is in use.
 *
 * Context: May sleep; the caller holds the device lock.
 * Return: @nr_virtfn; -EINVAL if virtual functions are enabled already or not
 * supported; or another negative errno.
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
