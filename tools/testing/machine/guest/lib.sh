# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Functions of the scripts that run in the machine.

# shellcheck source=tools/testing/machine/checks.sh
. ./checks.sh
NVME=0000:00:10.0

# Whether all five modules are loaded, from the files in updates/dkms.
ours_loaded() {
	local name

	for name in $NAMES; do
		[[ $(modinfo -F filename "$name") == */updates/dkms/* ]] || return
		[ "$(cat "/sys/module/${name//-/_}/srcversion")" = \
			"$(modinfo -F srcversion "$name")" ] || return
	done
}

# Whether systemd calls the boot complete, with no failed unit.
boot_is_fine() {
	systemctl list-units --failed --no-legend >/tmp/failed
	cat /tmp/failed
	[ ! -s /tmp/failed ]
}

# Whether vfio-pci was loaded in the initramfs.
vfio_before_root() {
	dmesg | awk '
		/vfio_pci: add/ && !root { early = 1 }
		/EXT4-fs .*mounted/ { root = 1 }
		END { exit !early }'
}

installed_kernels() { (cd /lib/modules && printf '%s\n' *) | sort -V; }

driver_of() { basename "$(readlink -f "/sys/bus/pci/devices/$1/driver")"; }

# Binds the device to an iommufd context through its node, and maps memory for it.
bind_and_map() {
	python3 - "$1" <<-'END'
	import ctypes, fcntl, glob, mmap, os, struct, sys
	node = glob.glob(f"/sys/bus/pci/devices/{sys.argv[1]}/vfio-dev/*")[0]
	device = os.open("/dev/vfio/devices/" + os.path.basename(node), os.O_RDWR)
	iommu = os.open("/dev/iommu", os.O_RDWR)
	bind = bytearray(struct.pack("=IIiI", 16, 0, iommu, 0))
	fcntl.ioctl(device, 0x3B76, bind)
	alloc = bytearray(struct.pack("=III", 12, 0, 0))
	fcntl.ioctl(iommu, 0x3B81, alloc)
	ioas = struct.unpack("=III", alloc)[2]
	attach = bytearray(struct.pack("=III", 12, 0, ioas))
	fcntl.ioctl(device, 0x3B77, attach)
	memory = mmap.mmap(-1, 1 << 20)
	address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
	fcntl.ioctl(iommu, 0x3B85, struct.pack("=IIIIQQQ", 40, 7, ioas, 0, address,
	                                       1 << 20, 1 << 30))
	END
}

# Unloads our modules, which are not in use, and loads the kernel's own in this boot.
use_stock() {
	modprobe -r vfio-pci vfio_iommu_type1 vfio iommufd || return
	dkms uninstall -m iommufd -v "$(cat /usr/src/iommufd-*/VERSION)" -k "$(uname -r)" ||
		return
	modprobe vfio-pci || return
	[[ $(modinfo -F filename vfio) == */kernel/drivers/vfio/* ]] &&
		[ "$(cat /sys/module/vfio/srcversion)" = "$(modinfo -F srcversion vfio)" ] &&
		[ ! -e /dev/iommu ]
}
