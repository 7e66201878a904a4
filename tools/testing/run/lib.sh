# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154
# Functions of the scripts that run real programs in the lab and check their
# data: the build, the drive whose content is checked, and the guests. Needs
# vm/lib.sh, and kernel and stock set from the options.

mib=$((1024 * 1024))
vm=$VM_DIR/vm

# Sets up the lab and builds for the job $1. Sets krel, work (a directory that
# is removed when the caller ends) and logs (a directory that the caller may
# remove).
prepare() {
	"$vm" setup --arch "$ARCH"
	krel=$(kernel_release "$kernel")
	mkdir -p "$CACHE"
	work=$(mktemp -d "$CACHE/run.XXXXXXXX")
	logs=$CACHE/logs/$1-$(date +%Y%m%d-%H%M%S)-$$
	mkdir -p "$logs" "$work/share"
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	say "building for $kernel"
	if ! "$vm" build --arch "$ARCH" --kernel "$kernel" ${stock:+--programs} \
		>"$logs/build" 2>&1; then
		tail -n 20 "$logs/build" >&2
		die "the build failed, see $logs/build"
	fi
}

# Creates the drive, $2 MiB in all. Its first $1 MiB are random, and their
# SHA-256 is $sum; guests write behind them.
make_disk() {
	disk=$work/disk
	head -c $(($1 * mib)) /dev/urandom >"$disk"
	sum=$(sha256sum <"$disk")
	sum=${sum%% *}
	truncate -s $(($2 * mib)) "$disk"
}

nvme_options() {
	# shellcheck disable=SC2054
	options=(--drive "file=$disk,if=none,id=disk,format=raw,cache=unsafe"
		--device nvme,serial=run,drive=disk)
}

# hub NUMBER NETDEV...: connects these netdevs to one wire.
hub() {
	local number=$1 name words=''

	shift
	for name; do
		words+=" -netdev hubport,id=$name,hubid=$number"
	done
	options+=(--qemu "${words# }")
}

# Prints $2 MiB of the drive from $1 MiB on.
written() {
	dd if="$disk" bs=1M skip="$1" count="$2" status=none
}

# Prints the $2 MiB that a nested guest writes as number $1: numbers, one per
# line.
nested_pattern() {
	local text

	text=$(seq "${1}000000" "${1}999999" | head -c $(($2 * mib)); echo x)
	printf %s "${text%x}"
}

# in_guest NAME LIMIT OPTION... -- COMMAND...: runs a command in a guest of the
# lab, with its output in the logs. Sets $why to the reason of a failure, or to
# nothing.
in_guest() {
	local name=$1 limit=$2 words=()

	shift 2
	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	why=
	started=$SECONDS
	"$vm" run --arch "$ARCH" --kernel "$kernel" ${stock:+--stock} --timeout "$limit" \
		--log "$logs/$name.console" "${words[@]}" -- "$@" \
		>"$logs/$name.out" 2>"$logs/$name.err" ||
		why="status $?, see $logs/$name.*"
	seconds=$((SECONDS - started))
}

# Prints the last value that the guest script has reported as $2 in the output
# of $1.
value() {
	sed -n "s/^$2 //p" "$logs/$1.out" | tail -n 1 | tr -d '\r'
}
