// SPDX-License-Identifier: GPL-2.0-only
/*
 * Link between files and virtual machines: KVM links a file to a virtual
 * machine, and a device that is opened through the file takes a reference on
 * it.
 */
#include <linux/kvm_host.h>
#include <linux/lockdep.h>
#include <linux/module.h>

#include "kvm_link.h"

/**
 * vfio_kvm_link_init() - initialize an empty link
 * @link: the link
 *
 * Context: Any.
 */
void vfio_kvm_link_init(struct vfio_kvm_link *link)
{
	spin_lock_init(&link->lock);
	link->kvm = NULL;
}

/**
 * vfio_kvm_link_set() - link to another virtual machine
 * @link: the link
 * @kvm: the virtual machine, or NULL
 *
 * Devices that are open keep their present virtual machine.
 *
 * Context: Any.
 */
void vfio_kvm_link_set(struct vfio_kvm_link *link, struct kvm *kvm)
{
	spin_lock(&link->lock);
	link->kvm = kvm;
	spin_unlock(&link->lock);
}

/* KVM is a module that may be absent, so its functions are looked up by name */
static bool kvm_link_try_get(struct kvm *kvm)
{
	bool (*get)(struct kvm *kvm) = symbol_get(kvm_get_kvm_safe);
	bool got;

	if (!get)
		return false;
	got = get(kvm);
	symbol_put(kvm_get_kvm_safe);
	return got;
}

static void kvm_link_get_kvm(struct vfio_device *device, struct kvm *kvm)
{
	void (*put)(struct kvm *kvm) = symbol_get(kvm_put_kvm);

	if (!put)
		return;
	if (!kvm_link_try_get(kvm)) {
		symbol_put(kvm_put_kvm);
		return;
	}
	device->kvm = kvm;
	device->put_kvm = put;
}

/**
 * vfio_device_get_kvm() - take a reference on the linked virtual machine
 * @device: the device; @device->kvm is set, or stays NULL without a virtual
 *	machine
 * @link: the link of the file that opens the device
 *
 * Context: The caller holds dev_set->lock.
 */
void vfio_device_get_kvm(struct vfio_device *device, struct vfio_kvm_link *link)
{
	lockdep_assert_held(&device->dev_set->lock);

	spin_lock(&link->lock);
	if (link->kvm)
		kvm_link_get_kvm(device, link->kvm);
	spin_unlock(&link->lock);
}

/**
 * vfio_device_put_kvm() - undo vfio_device_get_kvm()
 * @device: the device; need not have a virtual machine
 *
 * Context: The caller holds dev_set->lock.
 */
void vfio_device_put_kvm(struct vfio_device *device)
{
	lockdep_assert_held(&device->dev_set->lock);

	if (!device->kvm)
		return;
	device->put_kvm(device->kvm);
	symbol_put(kvm_put_kvm);
	device->kvm = NULL;
	device->put_kvm = NULL;
}
