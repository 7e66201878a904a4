// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make KVM work on the AMD processor emulated by QEMU, which differs from a
 * real one in two respects (AMD64 Architecture Programmer's Manual, volume 2,
 * 15.20). Load this module after kvm_amd.
 *
 * EXITINTINFO in the VMCB describes the event that was being delivered at the
 * exit from the guest; it is meaningless if its valid bit is clear. After the
 * delivery of an exception QEMU clears only that bit and leaves the type. Newer
 * versions of KVM check only the type, and stop the guest if the next exit is
 * the first access to a page of an emulated device: "KVM internal error.
 * Suberror: 3". The module clears an invalid EXITINTINFO before KVM checks it.
 *
 * An interrupt that VMRUN injects through EVENTINJ is to be delivered once.
 * QEMU delivers it, but until the next event also keeps its vector as that of a
 * pending exception. If the processor is paused for another reason before that
 * event (a change of the memory map, another processor that needs exclusive
 * execution), the vector is delivered again as a fault, whether or not the
 * guest has interrupts enabled. The guest then waits for a lock that it holds
 * itself, or its firmware crashes. The module sends the processor an interrupt
 * before it enters the guest, so that the guest exits immediately, which is an
 * event, and is entered again with nothing to inject.
 */
#include <linux/kprobes.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <asm/svm.h>

/**
 * struct svm_vcpu - initial part of kvm_amd's struct vcpu_svm
 */
struct svm_vcpu {
	/** @vcpu: the processor, as the generic part of KVM defines it */
	struct kvm_vcpu vcpu;
	/** @vmcb: its VMCB */
	struct vmcb *vmcb;
};

/* For functions whose first argument is a struct kvm_vcpu */
static struct vmcb_control_area *qemu_svm_control_of(struct pt_regs *regs)
{
	struct kvm_vcpu *vcpu =
		(struct kvm_vcpu *)regs_get_kernel_argument(regs, 0);

	return &container_of(vcpu, struct svm_vcpu, vcpu)->vmcb->control;
}

/* int svm_check_emulate_instruction(struct kvm_vcpu *vcpu, ...) */
static int qemu_svm_before_check(struct kprobe *probe, struct pt_regs *regs)
{
	struct vmcb_control_area *control = qemu_svm_control_of(regs);

	if (!(control->exit_int_info & SVM_EXITINTINFO_VALID))
		control->exit_int_info = 0;
	return 0;
}

/* fastpath_t svm_vcpu_run(struct kvm_vcpu *vcpu, ...), interrupts disabled */
static int qemu_svm_before_run(struct kprobe *probe, struct pt_regs *regs)
{
	u32 event = qemu_svm_control_of(regs)->event_inj;

	if ((event & SVM_EVTINJ_VALID) &&
	    (event & SVM_EVTINJ_TYPE_MASK) == SVM_EVTINJ_TYPE_INTR)
		arch_smp_send_reschedule(smp_processor_id());
	return 0;
}

static struct kprobe qemu_svm_check_probe = {
	.symbol_name = "svm_check_emulate_instruction",
	.pre_handler = qemu_svm_before_check,
};

static struct kprobe qemu_svm_run_probe = {
	.symbol_name = "svm_vcpu_run",
	.pre_handler = qemu_svm_before_run,
};

static struct kprobe *qemu_svm_probes[] = { &qemu_svm_check_probe,
					    &qemu_svm_run_probe };

static int __init qemu_svm_init(void)
{
	return register_kprobes(qemu_svm_probes, ARRAY_SIZE(qemu_svm_probes));
}

static void __exit qemu_svm_exit(void)
{
	unregister_kprobes(qemu_svm_probes, ARRAY_SIZE(qemu_svm_probes));
}

module_init(qemu_svm_init);
module_exit(qemu_svm_exit);
MODULE_DESCRIPTION("KVM on QEMU's emulation of AMD-V, for tests");
MODULE_LICENSE("GPL");
