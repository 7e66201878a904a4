# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion of iommuctl for bash.

# Addresses of PCI devices, without starting the program.
_iommuctl_devices() {
	local path

	for path in /sys/bus/pci/devices/*:*; do
		echo "${path##*/}"
	done
}

_iommuctl_candidates() {
	case $1 in
	list | doctor | why) echo "--json --root --help" ;;
	check) echo "--json --root --user --memory --help $(_iommuctl_devices)" ;;
	show) echo "--json --root --areas --watch --help" ;;
	trace) echo "--json --help $(_iommuctl_devices)" ;;
	esac
}

# bash splits words at colons, which addresses contain: split at blanks instead.
_iommuctl() {
	local line=${COMP_LINE:0:COMP_POINT} word previous candidates words

	read -ra words <<<"$line"
	[[ $line != *' ' ]] || words+=('')
	word=${words[-1]}
	previous=${words[-2]}
	case $previous in
	--root) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
	--user) mapfile -t COMPREPLY < <(compgen -u -- "$word") ;;
	--memory) COMPREPLY=() ;;
	*)
		candidates="list check show trace doctor why --help --version"
		[ ${#words[@]} = 2 ] || candidates=$(_iommuctl_candidates "${words[1]}")
		mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$word")
		;;
	esac
	# Readline keeps the text before the last colon.
	COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*:}"}"}")
}

complete -F _iommuctl iommuctl
