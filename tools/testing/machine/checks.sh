# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034
# Functions of the cases and of the scripts that run in the booted machine.

NAMES="iommufd vfio vfio_iommu_type1 vfio-pci-core vfio-pci"
MODULES=/usr/libexec/iommufd-dkms/modules

# check TEXT COMMAND...: one line for the report.
check() {
	local text=$1

	shift
	if "$@"; then
		echo "PASS $text"
	else
		echo "FAIL $text"
	fi
}

fails() { ! "$@"; }
