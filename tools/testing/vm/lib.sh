# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034
# Shared by the scripts of the lab: names, the cache and the guest tree.

PROJECT=iommufd-ng
RELEASE=trixie
VM_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
REPO=$(cd "$VM_DIR/../../.." && pwd -P)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/$PROJECT-vm
TREE_KEY=$(cat "$VM_DIR"/{packages,second-pass} "$REPO/compat/kernels" | sha256sum |
	cut -c1-16)
TREE=$CACHE/tree-$TREE_KEY
# The kernel that we build, beside the tree and laid out like it.
DEBUG_KEY=$(cat "$REPO/compat/kernels" "$VM_DIR"/{debug.config,debug-kernel} |
	sha256sum | cut -c1-16)
DEBUG=$CACHE/debug-$DEBUG_KEY
# Objects of two checkouts must not mix.
BUILDS=$CACHE/build-$(printf %s "$REPO" | sha256sum | cut -c1-16)
# The kernel that "vm kernels" looks at, laid out like the tree.
ARCHIVE=$BUILDS/archive-kernel
# The tree that the guest boots, and the one that builds for it and has QEMU: for amd64 the
# same. The programs that the lab itself needs are those of TREE.
ARCH=amd64
GUEST=$TREE
TOOLS=$TREE

say() { printf 'vm: %s\n' "$*" >&2; }

die() {
	say "$@"
	exit "${DIE_STATUS:-1}"
}

need_root() {
	[ "$(id -u)" = 0 ] || die "this needs root"
}

# Prints the directory of what is built for kernel $1. If VM_COVERAGE names one, modules are
# compiled to count which lines run, apart from others, and each guest leaves its counts
# in that directory.
build_dir() { printf '%s\n' "$BUILDS/$1${VM_COVERAGE:+-coverage}"; }

# From now on the guest is one of architecture $1.
use_arch() {
	local layer

	case $1 in
	amd64) return ;;
	arm64) ;;
	*) die "unknown architecture '$1', known are amd64 and arm64" ;;
	esac
	layer=$CACHE/$1-$(cat "$VM_DIR/$1"/{packages,setup,second-pass} \
		"$REPO/compat/kernels" | sha256sum | cut -c1-16)
	ARCH=$1 GUEST=$layer/guest TOOLS=$layer/tools BUILDS=$BUILDS/$1
}

# Each kernel for arm64 also exists with pages of 16 KiB.
check_kernel() {
	case $ARCH-$1 in
	arm64-*-16k) check_kernel "${1%-16k}" ;;
	arm64-debug | arm64-archive) die "there is no kernel '$1' for arm64" ;;
	*-debug | *-archive) ;;
	*)
		"$REPO/scripts/kernels" suite "$1" >/dev/null ||
			die "unknown kernel '$1', known are debug and:" \
				"$("$REPO/scripts/kernels" roles | tr '\n' ' ')"
		;;
	esac
}

# Below which directory the kernel of release $1 lies: in boot/ and in
# usr/lib/modules/.
kernel_home() {
	local home=$GUEST

	case $1 in
	*-debug) home=$DEBUG ;;
	*) [ -e "$GUEST/boot/vmlinuz-$1" ] || home=$ARCHIVE ;;
	esac
	printf '%s\n' "$home"
}

# The full release name of kernel $1. Setup has written down those of the tree.
kernel_release() {
	local found

	case $1 in
	debug) found=$(cd "$DEBUG/usr/lib/modules" && echo *-debug) ;;
	archive) found=$(cd "$ARCHIVE/usr/lib/modules" && ls) ;;
	*) found=$(sed -n "s/^$1 //p" "$GUEST/etc/lab-kernels") ;;
	esac
	[ -n "$found" ] || die "the guest tree has no kernel $1"
	printf '%s\n' "$found"
}

# Runs a program of the tree, or of tree $2, on the host with the tree's own
# libraries: no chroot, so that every path means what it means to the caller.
TREE_LIBS=/usr/lib/x86_64-linux-gnu
tree_program() {
	local tree=${2-$TREE}

	printf '%s\n' "$tree/usr/lib64/ld-linux-x86-64.so.2" --library-path \
		"$tree$TREE_LIBS:$tree$TREE_LIBS/pulseaudio" "$tree/usr/bin/$1"
}

# Makes initramfs $1: the script $2 as /init, a busybox, and modules $4... of
# kernel release $3 in /modules, with what they depend on; /modules/order
# has the order in which they load.
pack_initramfs() {
	local out=$1 init=$2 tree stage=$1.d name path file words

	tree=$(kernel_home "$3")/usr/lib/modules/$3
	shift 3
	mkdir -p "$stage"/{bin,dev,proc,sys,lower,upper,root,modules}
	cp "$GUEST/bin/busybox" "$stage/bin/"
	cp "$init" "$stage/init"
	for name; do
		# "MODULE: DEPENDENCY...", what is needed first stands last.
		sed -n "s|^\\([^:]*/$name\\.ko[^:]*\\):\\(.*\\)|\\1\\2|p" \
			"$tree/modules.dep" | tr ' ' '\n' | tac
	done | awk 'NF && !seen[$0]++' | while read -r path; do
		file=${path##*/}
		case $file in
		*.xz) xz -dc "$tree/$path" >"$stage/modules/${file%.xz}" ;;
		*) cp "$tree/$path" "$stage/modules/" ;;
		esac
		echo "${file%.xz}"
	done >"$stage/order"
	mv "$stage/order" "$stage/modules/"
	mapfile -t words < <(tree_program cpio)
	(cd "$stage" && find . | "${words[@]}" --quiet -o -H newc -R 0:0) |
		gzip -1 >"$out"
	rm -rf "$stage"
}

# Lists the files of the checkout that belong to the source, NUL separated.
source_files() {
	if git -c safe.directory='*' -C "$REPO" rev-parse >/dev/null 2>&1; then
		git -c safe.directory='*' -C "$REPO" ls-files -z -co \
			--exclude-standard
	else
		(cd "$REPO" && find . -name .git -prune -o \
			! -type d -printf '%P\0')
	fi | sort -zu
}

# Copies the source to $1 and leaves products of earlier builds there as they
# are; a file that went out of the source since the last time is removed.
sync_source() {
	local to=$1 list=$1.files rsync

	mapfile -t rsync < <(tree_program rsync)
	mkdir -p "$to"
	source_files | while IFS= read -r -d '' f; do
		[ -L "$REPO/$f" ] || [ -e "$REPO/$f" ] && printf '%s\0' "$f"
	done >"$list.new"
	if [ -e "$list" ]; then
		comm -z23 "$list" "$list.new" | (cd "$to" && xargs -0r rm -f --)
	fi
	# A file may vanish while we read, by an editor.
	"${rsync[@]}" -lptD --from0 --ignore-missing-args \
		--files-from="$list.new" "$REPO/" "$to/" || [ $? = 24 ]
	mv "$list.new" "$list"
}

# in_root [OPTION...] TREE [NAME=VALUE...] COMMAND...: replaces this shell by a command
# that runs natively in a tree, with these variables. Its namespaces end with it.
#   --bind FROM:TO     shows a directory of the host in the tree
#   --bind-ro FROM:TO  the same, read-only
#   --frozen           the tree itself is read-only
#   --no-network       the command has no network
in_root() {
	local namespaces=(--mount --pid) mounts=() frozen='' tree

	while :; do
		case $1 in
		--bind | --bind-ro)
			mounts+=("$1" "${2%:*}" "${2##*:}")
			shift
			;;
		--frozen) frozen=1 ;;
		--no-network) namespaces+=(--net) ;;
		*) break ;;
		esac
		shift
	done
	tree=$1
	shift
	exec unshare "${namespaces[@]}" --fork --kill-child --propagation private \
		bash -c '
		set -e
		tree=$1 frozen=$2 count=$3
		shift 3
		mount --bind "$tree" "$tree"
		for ((; count > 0; count--)); do
			mkdir -p "$tree$3"
			mount --rbind "$2" "$tree$3"
			[ "$1" = --bind ] || mount -o remount,bind,ro "$tree$3"
			shift 3
		done
		[ -z "$frozen" ] || mount -o remount,bind,ro "$tree"
		mount -t proc proc "$tree/proc"
		mount --rbind /dev "$tree/dev"
		mount -t tmpfs tmpfs "$tree/tmp"
		mount -t tmpfs tmpfs "$tree/run"
		exec chroot "$tree" /usr/bin/env -i LC_ALL=C.UTF-8 HOME=/tmp \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
		in_root "$tree" "$frozen" $((${#mounts[@]} / 3)) "${mounts[@]}" "$@"
}

# Runs a command natively inside the tree that builds for the guest, with
# directory $1 as /src: nothing is left when it ends, except what ccache keeps of the
# compiler's output. If the caller's $kernel is "debug", /lib/modules is that
# kernel's. make takes the compiler for another architecture from the environment. The
# sources and headers of the kernel's own tests are those of the guest tree.
in_tree() {
	local binds=(--bind "$1:/src" --bind "$CACHE/ccache:/var/cache/ccache")
	local words=() from

	shift
	[ "${kernel-}" != debug ] || binds+=(--bind "$DEBUG/usr/lib/modules:/usr/lib/modules")
	if [ "$ARCH" != amd64 ]; then
		words+=("ARCH=$ARCH" CROSS_COMPILE=aarch64-linux-gnu-)
		for from in /usr/src/linux-source-backports /opt/linux-libc-dev; do
			binds+=(--bind-ro "$TREE$from:$from")
		done
	fi
	mkdir -p "$CACHE/ccache"
	in_root --frozen "${binds[@]}" "$TOOLS" PATH=/usr/lib/ccache:/usr/sbin:/usr/bin:/sbin:/bin \
		CCACHE_DIR=/var/cache/ccache TERM="${TERM:-dumb}" "${words[@]}" "$@"
}
