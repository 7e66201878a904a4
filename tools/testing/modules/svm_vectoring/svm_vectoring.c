// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes KVM of newer kernels work on the AMD processor that QEMU emulates.
 *
 * EXITINTINFO of the VMCB says which event was being delivered when the guest
 * was left; with its valid bit clear it says nothing (AMD64 Architecture
 * Programmer's Manual, volume 2, 15.20). QEMU clears that bit alone where an
 * exception was delivered, and leaves the type. KVM looks at the type alone, and
 * where the next exit is the first access to a page of something that it emulates,
 * it stops the guest: "KVM internal error. Suberror: 3".
 *
 * Here what is not valid is cleared before KVM looks. Load it after kvm_amd.
 */
#include <linux/kprobes.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <asm/svm.h>

/**
 * struct svm_vcpu - how kvm_amd's struct vcpu_svm begins
 */
struct svm_vcpu {
	/** @vcpu: the processor, as the rest of KVM knows it */
	struct kvm_vcpu vcpu;
	/** @vmcb: its VMCB */
	struct vmcb *vmcb;
};

/* int svm_check_emulate_instruction(struct kvm_vcpu *vcpu, ...) */
static int before_check(struct kprobe *probe, struct pt_regs *regs)
{
	struct kvm_vcpu *vcpu =
		(struct kvm_vcpu *)regs_get_kernel_argument(regs, 0);
	struct vmcb *vmcb = container_of(vcpu, struct svm_vcpu, vcpu)->vmcb;

	if (!(vmcb->control.exit_int_info & SVM_EXITINTINFO_VALID))
		vmcb->control.exit_int_info = 0;
	return 0;
}

static struct kprobe check = {
	.symbol_name = "svm_check_emulate_instruction",
	.pre_handler = before_check,
};

static int __init svm_vectoring_init(void)
{
	return register_kprobe(&check);
}

static void __exit svm_vectoring_exit(void)
{
	unregister_kprobe(&check);
}

module_init(svm_vectoring_init);
module_exit(svm_vectoring_exit);
MODULE_DESCRIPTION("KVM on QEMU's emulation of AMD-V, for tests");
MODULE_LICENSE("GPL");
