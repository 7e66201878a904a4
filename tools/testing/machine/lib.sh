# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034
# Shared by the scripts that build and test the Debian package.

MACHINE_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=tools/testing/vm/lib.sh
. "$MACHINE_DIR/../vm/lib.sh"

# The key of a tree: of what the lines with these keywords name.
machine_key() {
	grep -E "^($1) " "$MACHINE_DIR/packages" | sha256sum | cut -c1-16
}
# Builds the package and disk images.
WORKSHOP=$CACHE/workshop-$(machine_key workshop)
# A Debian system without our package.
BASE=$CACHE/machine-$(machine_key 'machine|update|dracut')
# Layers over it with programs that drive devices: those of the release, then those
# of its backports.
PROGRAMS=$CACHE/programs-$(machine_key 'machine|update|dracut|programs')
NEWER=$CACHE/newer-$(machine_key 'machine|update|dracut|programs|newer')
# A layer with the kernel of cloud images.
CLOUD=$CACHE/cloud-$(machine_key 'machine|update|dracut|cloud')
# A layer over the workshop with compilers for arm64 and an emulator of its programs, and
# a Debian system for arm64.
CROSS=$CACHE/cross-$(machine_key 'workshop|cross')
BASE_ARM64=$CACHE/machine-arm64-$(machine_key machine-arm64)
# The packages of this checkout.
DEBS=$BUILDS/debs

# The words after a keyword of the package file.
machine_packages() {
	sed -n "s/^$1 //p" "$MACHINE_DIR/packages" | tr '\n' ' '
}

# lower_of NAME: prints the trees of a system for with_overlay.
lower_of() {
	case $1 in
	base) echo "$BASE" ;;
	programs) echo "$PROGRAMS:$BASE" ;;
	newer) echo "$NEWER:$PROGRAMS:$BASE" ;;
	cloud) echo "$CLOUD:$BASE" ;;
	*) die "unknown system '$1'" ;;
	esac
}

# in_system [--network] TREE DIRECTORY COMMAND...: runs a command natively in a tree,
# with the directory as /src. Changes to the tree last.
in_system() {
	local options=(--no-network)

	if [ "$1" = --network ]; then
		options=()
		shift
	fi
	in_root "${options[@]}" --bind "$2:/src" "$1" HOME=/root TERM=dumb \
		CCACHE_DIR=/src/ccache DEBIAN_FRONTEND=noninteractive \
		DEBIAN_KERNEL_USE_CCACHE="${DEBIAN_KERNEL_USE_CCACHE-}" "${@:3}"
}

# with_ccache DIRECTORY COMMAND...: runs a command with the cache of compiled
# objects in DIRECTORY/ccache, which in_system makes /src/ccache.
with_ccache() {
	mkdir -p "$CACHE/ccache-dkms" "$1/ccache"
	export DEBIAN_KERNEL_USE_CCACHE=1
	unshare --mount --propagation private bash -ec '
		mount --bind "$1" "$2/ccache"
		shift 2
		exec "$@"' with_ccache "$CACHE/ccache-dkms" "$@"
}

# with_overlay DIRECTORY LOWER COMMAND...: runs a command with DIRECTORY/root as a
# writable view of the trees in LOWER, separated by colons, the uppermost first.
# Changes are stored in DIRECTORY/upper.
with_overlay() {
	mkdir -p "$1"/{upper,work,root}
	unshare --mount --propagation private bash -c '
		set -e
		dir=$1 lower=$2
		shift 2
		mount -t overlay overlay "$dir/root" \
			-o "lowerdir=$lower,upperdir=$dir/upper,workdir=$dir/work"
		exec "$@"' with_overlay "$@"
}

# in_overlay DIRECTORY LOWER SOURCE COMMAND...: runs a command in such a view, with
# SOURCE as /src and the cache of compiled objects.
in_overlay() {
	with_ccache "$3" bash -c '. "$1" && with_overlay "$2" "$3" bash -c "
		. \"\$1\" && in_system \"\${@:2}\"" in_system "$1" "$2/root" "${@:4}"' \
		in_overlay "$MACHINE_DIR/lib.sh" "$@"
}

# with_arm64 COMMAND...: runs a command as root of a user namespace in which programs of
# arm64 run by an emulator, that of the tree CROSS. A registration in the host's own
# namespace would outlive us, and concern all of the host.
with_arm64() {
	local pid own

	own=$(readlink /proc/self/ns/user)
	# shellcheck disable=SC2016
	unshare --user --mount --pid --fork --kill-child --propagation private bash -ec '
		until read -r _ </proc/self/uid_map; do
			:
		done
		mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || {
			echo "programs of arm64 need a host with Linux 6.7 or newer" >&2
			exit 1
		}
		magic="\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
		mask="\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff"
		mask+="\xfe\xff\xff\xff"
		echo ":aarch64:M::$magic:$mask:$1:F" >/proc/sys/fs/binfmt_misc/register
		shift
		exec "$@"' with_arm64 "$CROSS/usr/bin/qemu-aarch64" "$@" &
	pid=$!
	# Once it has its namespace, all users of the host are mapped.
	while [ "$(readlink "/proc/$pid/ns/user")" = "$own" ]; do
		:
	done
	echo "0 0 4294967295" >"/proc/$pid/gid_map"
	echo "0 0 4294967295" >"/proc/$pid/uid_map"
	wait "$pid"
}

# record NAME SECONDS RESULT: adds a line to the table that the caller prints.
record() {
	[ -z "${MACHINE_RESULTS-}" ] ||
		printf '%-26s %-8s %7s\n' "$1" "$3" "$2" >>"$MACHINE_RESULTS"
}
