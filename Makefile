# SPDX-License-Identifier: GPL-2.0-only
#
#   make [KERNEL=backports] [ARCH=arm64]
#                              modules and programs, built in the lab
#   make run [KERNEL=backports] [ARCH=arm64]
#                              the main job: real DMA by real programs
#   make check-qemu [KERNEL=backports] [T=pattern]
#                              QEMU and DPDK as users run them, live migration, QEMU
#                              that is killed at any step, checked
#   make check-iommuctl [T=pattern]
#                              iommuctl, with sanitizers, on directories like machines
#   make check-machine [T=pattern]
#                              the Debian packages, installed in systems and on a whole machine:
#                              firmware, GRUB, systemd, libvirt, DPDK
#   make deb                   the Debian packages, in build/deb
#   make kernels               the modules for all kernels that Debian has today, and a boot of each
#   make conformance [KERNEL=backports]
#                              the kernel's own tests: of iommufd, on a mock IOMMU; of VFIO, on a NIC.
#                              On every kernel, or on that one
#   make compat-diff [KERNEL=backports] [SEED=n] [COUNT=n]
#                              the container beside the kernel's own, call by call
#   make bench [KERNEL=backports]
#                              time and memory, against the kernel's own modules
#   make bench-scale [KERNEL=backports]
#                              growth of time and memory towards larger machines
#   make quick [T=subject] [BASE=commit] [KERNEL=backports]
#                              what was changed: checks of the source, unit tests, a build,
#                              the selftests of its subjects in one guest
#   make check [T=pattern]     every check; with T, those that match
#   make check-all             every check on every kernel, with the debug kernel, and
#                              long versions of those that draw random numbers
#   make check-debug           the tests on a kernel with sanitizers, which it builds
#   make fuzz [SECONDS=60] [T=pattern]
#                              each fuzzer of the parts that need no kernel
#   make fuzz-kernel [SECONDS=3600] [KERNEL=debug]
#                              programs of ioctls at random, in a guest with sanitizers
#   make coverage [KERNEL=backports] [T=pattern]
#                              which lines and branches of the modules the tests reach
#   make docs                  Documentation/ as pages, in build/docs
#   make compile_commands.json [KERNEL=backports]
#                              how each file is compiled, for editors
#   make modules KDIR=...      a native build against installed headers
#   make modules_install, modules_uninstall KDIR=...
#                              into the kernel's updates/, and out of it again
#   make clean

# Without KERNEL: what is done on every kernel, and what on one.
KERNELS := $(or $(KERNEL),$(shell scripts/kernels roles))
FUZZED := $(or $(KERNEL),debug)
KERNEL ?= stable
# For a kernel build, the environment may have ARCH=x86.
GUEST_ARCH := $(if $(filter arm64,$(ARCH)),arm64,amd64)
VM := tools/testing/vm/vm

all:
	$(VM) build --arch $(GUEST_ARCH) --kernel $(KERNEL)

run:
	tools/testing/run/run --arch $(GUEST_ARCH) --kernel $(KERNEL)

check-qemu:
	tools/testing/qemu/run --kernel $(KERNEL) --long $(if $(T),--only '$(T)')

conformance:
	set -e; for kernel in $(KERNELS); do \
		tools/testing/conformance/run --kernel $$kernel; \
		tools/testing/conformance/vfio --kernel $$kernel; \
	done

SEED ?= 1
COUNT ?= 20000
compat-diff:
	tools/testing/compat-diff/run --kernel $(KERNEL) --seed $(SEED) --count $(COUNT)

bench:
	tools/testing/bench/run --kernel $(KERNEL)

bench-scale:
	tools/testing/bench/scale --kernel $(KERNEL)

check:
	scripts/check '$(T)'

check-all:
	scripts/check --all '$(T)'

quick:
	scripts/quick --kernel $(KERNEL) $(if $(BASE),--base $(BASE)) $(T)

check-iommuctl:
	$(VM) exec -- make -s -C tools/testing/iommuctl check messages O=/tmp/iommuctl T=$(T)

deb:
	tools/testing/machine/deb

check-machine:
	tools/testing/machine/check '$(T)'

kernels:
	$(VM) kernels

coverage:
	tools/testing/coverage/run --kernel $(KERNEL) --to build/coverage $(if $(T),'$(T)')

docs:
	mkdir -p build
	$(VM) exec --kernel backports -- sh -c 'scripts/docs /tmp/docs >&2 && tar -C /tmp/docs -cf - .' \
		>build/docs.tar
	rm -rf build/docs && mkdir build/docs && tar -C build/docs -xf build/docs.tar && rm build/docs.tar
	@echo "see build/docs/index.html"

compile_commands.json: all
	scripts/compile-commands $$($(VM) build --kernel $(KERNEL) --where) \
		$$($(VM) exec --kernel $(KERNEL) --headers) $(CURDIR)

check-debug:
	scripts/check '$(T).*_debug$$'

FUZZ_SECONDS := $(or $(SECONDS),3600)
fuzz-kernel:
	tools/testing/fuzz-kernel/run --kernel $(FUZZED) --seconds $(FUZZ_SECONDS)

SECONDS ?= 60
fuzz:
	$(VM) exec --kernel backports -- make -s -C tools/testing/fuzz fuzz \
		SECONDS=$(SECONDS) T=$(T) KSRC=/usr/src/linux-source-backports

# The kernel that KDIR is for, and where it looks first for modules.
krel = $(shell $(MAKE) -s -C $(KDIR) kernelrelease)
updates = $(INSTALL_MOD_PATH)/lib/modules/$(krel)/updates/drivers

need_kdir:
	@test -n "$(KDIR)" || { echo "give KDIR=, such as KDIR=/lib/modules/\$$(uname -r)/build" >&2; exit 2; }

modules: need_kdir
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

# Debian's own key is not to be had: sign afterwards with one that you enrolled.
modules_install: need_kdir
	$(MAKE) -C $(KDIR) M=$(CURDIR) CONFIG_MODULE_SIG_ALL= modules_install
	depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(krel)

modules_uninstall: need_kdir
	rm -rf $(updates)/iommu/iommufd $(updates)/vfio
	depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $(krel)

clean:
	set -e; for kernel in $(KERNELS) debug; do $(VM) build --kernel $$kernel --clean; done
ifneq ($(KDIR),)
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean
endif

.PHONY: all run bench bench-scale deb kernels check-machine check-iommuctl check-qemu compat-diff conformance check check-all check-debug quick coverage docs fuzz fuzz-kernel \
	compile_commands.json need_kdir modules modules_install modules_uninstall clean
