# SPDX-License-Identifier: GPL-2.0-only
#
#   make [KERNEL=7.2]          modules and programs, built in the lab
#   make run [KERNEL=7.2]      the main job: real DMA by real programs
#   make conformance          the kernel's own tests of iommufd, on a mock IOMMU
#   make check [T=pattern]     every check; with T, those that match
#   make modules KDIR=...      a native build against installed headers
#   make clean

KERNEL ?= 6.12
VM := tools/testing/vm/vm

all:
	$(VM) build --kernel $(KERNEL)

run:
	tools/testing/run/run --kernel $(KERNEL)

conformance:
	tools/testing/conformance/run --kernel $(KERNEL)

check:
	scripts/check $(T)

modules modules_install:
	@test -n "$(KDIR)" || { echo "give KDIR=, such as KDIR=/lib/modules/\$$(uname -r)/build" >&2; exit 2; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) $@

clean:
	$(VM) build --kernel 6.12 --clean
	$(VM) build --kernel 7.2 --clean
ifneq ($(KDIR),)
	$(MAKE) -C $(KDIR) M=$(CURDIR) clean
endif

.PHONY: all run conformance check modules modules_install clean
