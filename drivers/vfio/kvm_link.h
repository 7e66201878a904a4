/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual machine that KVM links to a file, and the reference on it that a
 * device holds while it is open.
 */
#ifndef __VFIO_KVM_LINK_H
#define __VFIO_KVM_LINK_H

#include <linux/spinlock.h>
#include <linux/vfio.h>

/**
 * struct vfio_kvm_link - link to a virtual machine
 */
struct vfio_kvm_link {
	/** @lock: protects @kvm, which KVM clears before it frees the struct */
	spinlock_t lock;
	/** @kvm: the virtual machine or NULL; no reference is held */
	struct kvm *kvm;
};

void vfio_kvm_link_init(struct vfio_kvm_link *link);
void vfio_kvm_link_set(struct vfio_kvm_link *link, struct kvm *kvm);
void vfio_device_get_kvm(struct vfio_device *device,
			 struct vfio_kvm_link *link);
void vfio_device_put_kvm(struct vfio_device *device);

#endif /* __VFIO_KVM_LINK_H */
