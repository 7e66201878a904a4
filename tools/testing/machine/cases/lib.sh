# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Functions of the cases, which run as root in a Debian system with the packages
# in /src/new and, of a higher version, in /src/next.

# shellcheck source=tools/testing/machine/checks.sh
. /src/checks.sh

# The release of the kernel of the stable release or of its backports, whichever $1
# is: the oldest and the newest that is installed.
kernel_of() {
	local dir order=

	[ "$1" = stable ] || order=-r
	for dir in /lib/modules/*/kernel; do
		dir=${dir%/kernel}
		echo "${dir##*/}"
	done | sort -V $order | head -n 1
}

# ours KERNEL: modprobe takes all five modules from updates/dkms.
ours() {
	local name

	for name in $NAMES; do
		[[ $(modinfo -k "$1" -F filename "$name") == */updates/dkms/* ]] || return
	done
}

# stock KERNEL: no module of ours, and the kernel's own in their place.
stock() {
	local name

	[ ! -e "/lib/modules/$1/updates" ] || return
	fails modinfo -k "$1" iommufd >/dev/null 2>&1 || return
	for name in ${NAMES#iommufd}; do
		[[ $(modinfo -k "$1" -F filename "$name") == */kernel/drivers/vfio/* ]] || return
		[ -z "$(modinfo -k "$1" -F version "$name" | grep '^[1-9]')" ] || return
	done
	(cd "/lib/modules/$1/kernel" && sha256sum --quiet -c "/root/stock-$1")
}

# Remembers the modules of kernel $1 as they are before an installation.
remember_stock() {
	(cd "/lib/modules/$1/kernel" &&
		find drivers/vfio -type f -print0 | sort -z | xargs -0 sha256sum) \
		>"/root/stock-$1"
}

# initramfs_has KERNEL PATTERN NUMBER: how many of its files match.
initramfs_has() {
	[ "$(lsinitramfs "/boot/initrd.img-$1" | grep -cE "$2")" = "$3" ]
}

early_binding() {
	echo "options vfio-pci ids=1b36:0010" >/etc/modprobe.d/vfio.conf
	echo "softdep nvme pre: vfio-pci" >>/etc/modprobe.d/vfio.conf
}
