// SPDX-License-Identifier: GPL-2.0-only
/*
 * A library to preload: kills the process after the call of ioctl() whose
 * number is in KILL_AT. Counted are the calls on files of VFIO and iommufd, and
 * those that hand such files to KVM. With KILL_COUNT the number of all calls is
 * written to that file when the process ends.
 */
#include <dlfcn.h>
#include <linux/ioctl.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned int count;

int ioctl(int fd, unsigned long request, ...)
{
	static int (*next)(int fd, unsigned long request, ...);
	static unsigned int kill_at;
	unsigned long arg;
	va_list args;
	int ret;

	va_start(args, request);
	arg = va_arg(args, unsigned long);
	va_end(args);
	if (!next) {
		const char *text = getenv("KILL_AT");

		kill_at = text ? atoi(text) : 0;
		next = (__typeof__(next))dlsym(RTLD_NEXT, "ioctl");
	}
	ret = next(fd, request, arg);
	if (_IOC_TYPE(request) != VFIO_TYPE && request != KVM_SET_DEVICE_ATTR)
		return ret;
	if (__sync_add_and_fetch(&count, 1) == kill_at)
		kill(getpid(), SIGKILL);
	return ret;
}

__attribute__((destructor)) static void killer_report(void)
{
	const char *path = getenv("KILL_COUNT");
	FILE *file = path ? fopen(path, "w") : NULL;

	if (!file)
		return;
	fprintf(file, "%u\n", count);
	fclose(file);
}
