# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Functions that the situations of "guest" share. $mode, $ctl, $bdf and $work are set.
count=0 failed=0

result() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $mode: $2"
	else
		sed 's/^/# /' "$work/out"
		echo "not ok $count - $mode: $2"
		failed=1
	fi
}

# has TEXT...: each of them is in $work/out, which has no "!TEXT".
has() {
	local text bad=0

	for text; do
		if [[ $text == '!'* ]]; then
			! grep -qF -- "${text#!}" "$work/out" || {
				echo "# there is \"${text#!}\""
				bad=1
			}
		else
			grep -qF -- "$text" "$work/out" || {
				echo "# no \"$text\""
				bad=1
			}
		fi
	done
	return $bad
}

# expect NAME STATUS TEXT... -- ARGUMENT...: a call of iommuctl, by its status and
# output, both in text and as JSON, which has to be valid.
expect() {
	local name=$1 status=$2 texts=() bad=0 ret

	shift 2
	while [ "$1" != -- ]; do
		texts+=("$1")
		shift
	done
	shift
	"$ctl" "$@" >"$work/out" 2>&1
	ret=$?
	[ $ret = "$status" ] || {
		echo "# status $ret, not $status"
		bad=1
	}
	has "${texts[@]}" || bad=1
	"$ctl" "$1" --json "${@:2}" >"$work/json" 2>/dev/null
	[ $? = "$status" ] && python3 -m json.tool <"$work/json" >"$work/tool" || {
		echo "# --json is not valid or has another status"
		bad=1
	}
	result $bad "$name"
}

# refuse NAME TEXT ARGUMENT...: bad arguments get one line and status 2.
refuse() {
	local name=$1 text=$2 bad=0

	shift 2
	"$ctl" "$@" >"$work/stdout" 2>"$work/out"
	[ $? = 2 ] && [ ! -s "$work/stdout" ] && [ "$(wc -l <"$work/out")" = 1 ] &&
		has "iommuctl: " "$text" || bad=1
	result $bad "$name"
}

# start_qemu WORD...: returns when all devices are there, because commands are
# executed after that.
start_qemu() {
	coproc QEMU { exec qemu-system-x86_64 -name guest=lab,debug-threads=on \
		-S -M q35 -m 64 -nodefaults -display none -qmp stdio "$@" \
		2>"$work/qemu"; }
	printf '%s\n' '{"execute":"qmp_capabilities"}' >&"${QEMU[1]}"
	while read -r reply <&"${QEMU[0]}"; do
		[[ $reply != *'"return"'* ]] || return 0
	done
	return 1
}

stop_qemu() {
	printf '%s\n' '{"execute":"quit"}' >&"${QEMU[1]}"
	wait "$QEMU_PID"
}

# The options of QEMU for the device $1, or $bdf.
backend() {
	local device=${1-$bdf}

	case $mode in
	stock) echo -device "vfio-pci,host=$device" ;;
	*) echo -object iommufd,id=iommufd -device "vfio-pci,host=$device,iommufd=iommufd" ;;
	esac
}

# find_device CLASS [NTH]: prints the address of the NTH device, from 1, whose class
# begins so.
find_device() {
	local dev nth=${2-1}

	for dev in /sys/bus/pci/devices/*; do
		[[ $(cat "$dev/class") == "$1"* ]] || continue
		nth=$((nth - 1))
		[ $nth != 0 ] || {
			echo "${dev##*/}"
			return
		}
	done
}

# mount_tracing: makes tracefs available.
mount_tracing() {
	mountpoint -q /sys/kernel/tracing ||
		mount -t tracefs tracefs /sys/kernel/tracing
}
