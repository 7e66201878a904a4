# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034
# Finds the Debian mirror of the host, for the scripts that build a Debian tree.
# The caller has sourced lib.sh.

# Prints "URI SUITE" for each entry of the host's sources, of either format.
host_sources() {
	local file

	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -e "$file" ] || continue
		sed -n 's/#.*//; s/\[[^]]*\]//; s/^deb[[:space:]]\+//p' "$file" |
			awk 'NF >= 2 { print $1, $2 }'
	done
	for file in /etc/apt/sources.list.d/*.sources; do
		[ -e "$file" ] || continue
		{ cat "$file"; echo; } | awk '
		function flush(  i, j) {
			if (!off && types ~ /(^| )deb( |$)/)
				for (i = 1; i <= nu; i++)
					for (j = 1; j <= ns; j++)
						print uri[i], suite[j]
			nu = ns = off = 0
			types = key = ""
		}
		/^#/ { next }
		/^[[:space:]]*$/ { flush(); next }
		/^[^[:space:]]/ {
			key = tolower($1)
			sub(/:.*/, "", key)
			sub(/^[^:]*:/, "")
		}
		key == "types" { types = types " " $0 }
		key == "enabled" && tolower($1) == "no" { off = 1 }
		key == "uris" { for (i = 1; i <= NF; i++) uri[++nu] = $i }
		key == "suites" { for (i = 1; i <= NF; i++) suite[++ns] = $i }
		END { flush() }'
	done
}

find_mirrors() {
	local uri suite

	mirror=${VM_MIRROR-} security=${VM_SECURITY_MIRROR-}
	while read -r uri suite; do
		case $suite in
		bullseye-security | bookworm-security | trixie-security | \
			forky-security | stable-security | testing-security)
			: "${security:=$uri}"
			;;
		bullseye | bookworm | trixie | forky | sid | stable | testing | \
			oldstable | unstable)
			# Third parties name their suites after ours.
			case $uri in
			*/debian | */debian/) : "${mirror:=$uri}" ;;
			esac
			;;
		esac
	done < <(host_sources)
	[ -n "$mirror" ] ||
		die "no Debian mirror in the host's apt sources: set VM_MIRROR"
}

# The host's way to the mirror (proxies, certificates) holds for the tree.
host_apt_options() {
	local line

	apt_options=()
	command -v apt-config >/dev/null || return 0
	while read -r line; do
		apt_options+=("--aptopt=$line")
	done < <(apt-config dump | grep -E \
		'^Acquire::([^ ]*Proxy[^ ]*|Check-Valid-Until|Retries|https::(CaInfo|Verify-[A-Za-z]*)) "[^"]+";$')
}

# sources_of SUITE...: prints the lines of sources.list for suites.
sources_of() {
	local key="signed-by=/usr/share/keyrings/debian-archive-keyring.gpg" suite

	for suite; do
		case $suite in
		*-security) echo "deb [$key] ${security:-$mirror} $suite main" ;;
		*) echo "deb [$key] $mirror $suite main" ;;
		esac
	done
}

sources_list() {
	sources_of "$RELEASE" "$RELEASE-backports" ${security:+"$RELEASE-security"}
}
