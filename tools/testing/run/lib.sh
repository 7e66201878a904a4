# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154
# Shared by what runs real programs in the lab and judges what they moved: the
# build, the drive whose content is checked, the guests. Needs vm/lib.sh, and
# kernel and stock set as the options have it.

mib=$((1024 * 1024))
vm=$VM_DIR/vm

# Sets up the lab and builds. Sets krel, work (gone when the caller ends) and
# logs (there where the caller leaves it) for the job $1.
prepare() {
	"$vm" setup
	krel=$(kernel_release "$kernel")
	mkdir -p "$CACHE"
	work=$(mktemp -d "$CACHE/run.XXXXXXXX")
	logs=$CACHE/logs/$1-$(date +%Y%m%d-%H%M%S)-$$
	mkdir -p "$logs" "$work/share"
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	say "building for $kernel"
	if ! "$vm" build --kernel "$kernel" ${stock:+--programs} >"$logs/build" 2>&1; then
		tail -n 20 "$logs/build" >&2
		die "the build failed, see $logs/build"
	fi
}

# The drive: $1 MiB of noise, whose SHA-256 is $sum, and behind it room for
# what is written, $2 MiB in all.
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

# hub NUMBER NETDEV...: these netdevs sit on one wire.
hub() {
	local number=$1 name words=''

	shift
	for name; do
		words+=" -netdev hubport,id=$name,hubid=$number"
	done
	options+=(--qemu "${words# }")
}

# The $2 MiB at $1 MiB of the drive.
written() {
	dd if="$disk" bs=1M skip="$1" count="$2" status=none
}

# The $2 MiB that a nested guest writes as number $1: numbers, one a line.
nested_pattern() {
	local text

	text=$(seq "${1}000000" "${1}999999" | head -c $(($2 * mib)); echo x)
	printf %s "${text%x}"
}

# in_guest NAME LIMIT OPTION... -- COMMAND...: runs it in a guest of the lab;
# its output goes to the logs. Leaves the reason of a failure in $why.
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
	"$vm" run --kernel "$kernel" ${stock:+--stock} --timeout "$limit" \
		--log "$logs/$name.console" "${words[@]}" -- "$@" \
		>"$logs/$name.out" 2>"$logs/$name.err" ||
		why="status $?, see $logs/$name.*"
	seconds=$((SECONDS - started))
}

# The value that the guest script reported as $2 in the output of $1.
value() {
	sed -n "s/^$2 //p" "$logs/$1.out" | tail -n 1 | tr -d '\r'
}
