# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The scripts of observing.rst, as they are printed there, sourced by "guest". Each
# runs a program whose calls are refused, and has to print why.
observing=Documentation/userspace-api/observing.rst
tests=tools/testing/selftests

# print_script NAME: the block of observing.rst with this name.
print_script() {
	awk -v name="$1" '
		$0 == "   :name: " name { inside = 1; next }
		inside && /^[^ ]/ { exit }
		inside { sub(/^   /, ""); print }' "$observing"
}

# run_script NAME COMMAND...
run_script() {
	print_script "$1" >"$work/script"
	[ -s "$work/script" ] || {
		echo "# observing.rst has no script $1"
		return 1
	}
	(cd /run && exec sh "$work/script" "${@:2}") >"$work/out" 2>&1
}

overlap="EEXIST map: iova 0x11000 length 0x2000: overlaps area 0x10000-0x11fff"
unbound="EINVAL get info: $bdf is not bound to an iommufd (VFIO_DEVICE_BIND_IOMMUFD)"

# A call on a context and one on a device.
cat >"$work/refused" <<END
#!/bin/sh
cd $PWD && $tests/iommu/refusal_test overlap && exec python3 - <<'EOF'
import fcntl
import os
import sys
name = os.listdir("/sys/bus/pci/devices/$bdf/vfio-dev")[0]
device = os.open("/dev/vfio/devices/" + name, os.O_RDWR)
try:
    # VFIO_DEVICE_GET_INFO
    fcntl.ioctl(device, 0x3b6b, bytearray([24]) + bytearray(23))
except OSError:
    sys.exit(0)
sys.exit(1)
EOF
END
chmod +x "$work/refused"

mount_tracing
tools/testing/vm/bind "$bdf" >/dev/null
for script in refused-perf refused-trace-cmd refused-bpftrace refused-tracefs; do
	begun=$SECONDS
	run_script $script "$work/refused" && has "$overlap" "$unbound"
	result $? "$script prints the refused calls"
	grep -hF -e "$overlap" -e "$unbound" "$work/out" | sed 's/^/# /'
	echo "# $script took $((SECONDS - begun)) s"
done

# mapped bytes: each program has its sum
run_script mapped-bpftrace "$PWD/$tests/iommu/refusal_test" overlap &&
	has "@mapped[refusal_test]: 12288"
result $? "mapped-bpftrace adds up what is mapped"

# Nothing stays enabled.
[ "$(cat /sys/kernel/tracing/events/iommufd/enable)" = 0 ] &&
	[ "$(cat /sys/kernel/tracing/events/vfio/enable)" = 0 ]
result $? "the scripts leave no event enabled"
