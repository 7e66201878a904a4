# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Kernels that are not supported. They are the stock kernel under another name.

real=$(kernel_of stable)

# Adds kernel $1, and runs what its package runs.
add_kernel() {
	cp -a "/lib/modules/$real" "/lib/modules/$1"
	rm -rf "/lib/modules/$1/updates"
	for name in config vmlinuz System.map; do
		cp "/boot/$name-$real" "/boot/$name-$1"
	done
	mkdir -p "/lib/modules/$1/kernel/drivers/vfio"
	cp -a "/var/lib/dkms/iommufd/original_module/$real/x86_64/"*.ko.xz \
		"/lib/modules/$1/kernel/drivers/vfio/"
	if [ -n "${2-}" ]; then
		echo "$2" >>"/boot/config-$1"
		rm "/lib/modules/$1/build"
		cp -a "$(readlink -f "/lib/modules/$real/build")" "/lib/modules/$1/build"
		echo "$2" | tee -a "/lib/modules/$1/build/.config" \
			>>"/lib/modules/$1/build/include/config/auto.conf"
	fi
	depmod "$1"
	run-parts --exit-on-error --arg="$1" --arg="/boot/vmlinuz-$1" \
		/etc/kernel/postinst.d >/tmp/out 2>&1
}

untouched() {
	[ ! -e "/lib/modules/$1/updates" ] && ! modinfo -k "$1" iommufd 2>/dev/null &&
		[[ $(modinfo -k "$1" -F filename vfio) == */kernel/drivers/vfio/vfio.ko.xz ]]
}
