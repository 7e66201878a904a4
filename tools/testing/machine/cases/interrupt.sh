# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Interrupts an installation: the copy of the third module kills DKMS and all that
# dpkg has started, so that no script can tidy up.
. /src/lib.sh

kernel=$(kernel_of stable)
remember_stock "$kernel"
mv /usr/bin/cp /usr/bin/cp.real
cat >/usr/bin/cp <<-'END'
	#!/bin/sh
	for last; do :; done
	case $last in
	*/updates/dkms/vfio_iommu_type1.ko*)
		pid=$PPID pids=
		until [ "$(cat "/proc/$pid/comm")" = dpkg ]; do
			pids="$pid $pids"
			pid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status")
		done
		# The uppermost first, so that none sees its child end.
		kill -KILL $pids
		;;
	esac
	exec /usr/bin/cp.real "$@"
END
chmod +x /usr/bin/cp
check "an interrupted installation fails" \
	fails apt-get install -y /src/new/iommufd-dkms_*.deb
mv -f /usr/bin/cp.real /usr/bin/cp
check "and leaves a mixture" test "$($MODULES status "$kernel")" = mixed
