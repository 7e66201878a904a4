// SPDX-License-Identifier: GPL-2.0-only
/* System calls, files in /proc, eventfds and patterns in memory. */
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "harness.h"

/* Time limit for an event, enough for the slowest machine. */
enum { SYS_EVENT_MS_MAX = 60000 };

/* Return whether the processor is of the x86 family, for programs of 32 bits, too. */
bool sys_is_x86(void)
{
	struct utsname system;

	ASSERT(!uname(&system));
	return strstr(system.machine, "86");
}

int __sys_ioctl(int fd, unsigned long cmd, void *arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

int __sys_ioctl_val(int fd, unsigned long cmd, unsigned long arg)
{
	int ret = ioctl(fd, cmd, arg);

	return ret < 0 ? -errno : ret;
}

int __sys_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int sys_open(const char *path, int flags)
{
	int fd = __sys_open(path, flags);

	if (fd < 0)
		FAIL("open %s: %s", path, strerror(-fd));
	return fd;
}

void sys_close(int fd)
{
	if (close(fd))
		FAIL("close(%d): %s", fd, strerror(errno));
}

/* Allocate zeroed memory, to be freed by free(). */
void *sys_zalloc(size_t size)
{
	void *mem = calloc(1, size);

	if (!mem)
		FAIL("out of memory");
	return mem;
}

void *sys_mmap_anon(size_t size)
{
	void *addr = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (addr == MAP_FAILED)
		FAIL("mmap of %zu bytes: %s", size, strerror(errno));
	return addr;
}

/* Allocate memory that may be backed by huge pages: aligned to 2 MiB. */
void *sys_mmap_huge_aligned(size_t size)
{
	char *addr = sys_mmap_anon(size + MIB(2));
	uintptr_t start = ((uintptr_t)addr + MIB(2) - 1) & ~(MIB(2) - 1);
	size_t head = start - (uintptr_t)addr;

	if (head)
		sys_munmap(addr, head);
	if (MIB(2) - head)
		sys_munmap((char *)start + size, MIB(2) - head);
	madvise((void *)start, size, MADV_HUGEPAGE);
	return (void *)start;
}

void sys_munmap(void *addr, size_t size)
{
	if (munmap(addr, size))
		FAIL("munmap: %s", strerror(errno));
}

/*
 * Load a module unless it is loaded. Skips the test if there is no such file.
 */
void sys_load_module(const char *path)
{
	int fd = __sys_open(path, O_RDONLY);

	if (fd < 0)
		SKIP("no %s", path);
	if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
		FAIL("%s does not load: %s", path, strerror(errno));
	sys_close(fd);
}

int __sys_write_file(const char *path, const char *text)
{
	int fd = __sys_open(path, O_WRONLY);
	int ret = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* Return the number that follows @key at the start of a line of @path. */
long long sys_read_number(const char *path, const char *key)
{
	size_t key_len = strlen(key);
	long long number = -1;
	char line[256];
	FILE *file;

	file = fopen(path, "re");
	if (!file)
		FAIL("open %s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, key, key_len))
			number = strtoll(line + key_len, NULL, 0);
	}
	fclose(file);
	if (number < 0)
		FAIL("%s has no line %s", path, key);
	return number;
}

/* Return the memory charged as locked to process @pid, in bytes. */
long long sys_vm_locked(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return sys_read_number(path, "VmLck:") * 1024;
}

/* Return the memory charged as pinned to process @pid, in bytes. */
long long sys_vm_pinned(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return sys_read_number(path, "VmPin:") * 1024;
}

/* Add up what each CPU has counted in /proc/vmstat and /proc/meminfo. */
void sys_refresh_stat(void)
{
	int ret = __sys_write_file("/proc/sys/vm/stat_refresh", "1");

	if (ret)
		FAIL("stat_refresh: %s", strerror(-ret));
}

/* Return the number of pages of the whole machine that are pinned for DMA. */
long long sys_pins_held(void)
{
	sys_refresh_stat();
	return sys_read_number("/proc/vmstat", "nr_foll_pin_acquired ") -
	       sys_read_number("/proc/vmstat", "nr_foll_pin_released ");
}

void sys_set_memlock(unsigned long long bytes)
{
	struct rlimit limit = { .rlim_cur = bytes, .rlim_max = bytes };

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		FAIL("setrlimit: %s", strerror(errno));
}

void sys_drop_cap(unsigned int cap)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		FAIL("capget: %s", strerror(errno));
	data[cap / 32].effective &= ~(1U << (cap % 32));
	if (syscall(SYS_capset, &header, data))
		FAIL("capset: %s", strerror(errno));
}

/* Without this capability RLIMIT_MEMLOCK limits root, too. */
void sys_drop_ipc_lock(void)
{
	sys_drop_cap(CAP_IPC_LOCK);
}

/*
 * Return whether the running kernel has a change, CHANGE_* in compat/changes.h.
 * Some errnos of the container follow those of the running kernel's own container.
 */
bool sys_kernel_has(int change)
{
	struct utsname uts;
	int major;
	int minor;

	if (uname(&uts) || sscanf(uts.release, "%d.%d", &major, &minor) != 2)
		FAIL("cannot tell the kernel's release");
	return KERNEL_SERIES(major, minor) >= change;
}

int sys_eventfd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		FAIL("eventfd: %s", strerror(errno));
	return fd;
}

/* Wait until the eventfd is signalled. Its count is not reset. */
void sys_eventfd_wait(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	if (poll(&pollfd, 1, SYS_EVENT_MS_MAX) != 1)
		FAIL("no event came");
}

/* Read and reset the eventfd's count; 0 if it was not signalled. */
unsigned long long sys_eventfd_take(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) == sizeof(count))
		return count;
	if (errno != EAGAIN)
		FAIL("read from an eventfd: %s", strerror(errno));
	return 0;
}

static unsigned char sys_pattern_byte(size_t i, unsigned int seed)
{
	return (unsigned char)((i * 167) ^ (i >> 8) ^ (i >> 16) ^ (seed * 29));
}

void fill_pattern(void *buf, size_t size, unsigned int seed)
{
	unsigned char *bytes = buf;
	size_t i;

	for (i = 0; i < size; i++)
		bytes[i] = sys_pattern_byte(i, seed);
}

bool is_pattern(const void *buf, size_t size, unsigned int seed)
{
	const unsigned char *bytes = buf;
	size_t i;

	for (i = 0; i < size; i++) {
		if (bytes[i] != sys_pattern_byte(i, seed))
			return false;
	}
	return true;
}

bool is_byte(const void *buf, size_t size, unsigned char byte)
{
	const unsigned char *bytes = buf;
	size_t i;

	for (i = 0; i < size; i++) {
		if (bytes[i] != byte)
			return false;
	}
	return true;
}

/*
 * Return whether a process or thread sleeps uninterruptibly in the kernel, with
 * @function in its stack.
 */
bool sys_is_stuck(pid_t task, const char *function)
{
	char path[64], state, stack[4096];
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/stat", task);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(file);
	if (state != 'D')
		return false;

	snprintf(path, sizeof(path), "/proc/%d/stack", task);
	file = fopen(path, "re");
	ASSERT(file);
	len = fread(stack, 1, sizeof(stack) - 1, file);
	fclose(file);
	stack[len] = '\0';
	return strstr(stack, function);
}
