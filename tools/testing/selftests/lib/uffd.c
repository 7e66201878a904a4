// SPDX-License-Identifier: GPL-2.0-only
/* Memory managed by userfaultfd. */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"
#include "sys.h"
#include "uffd.h"

static int uffd_register(void *mem, size_t size, __u64 mode)
{
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)mem, .len = size },
		.mode = mode,
	};
	struct uffdio_api api = { .api = UFFD_API };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	ASSERT(fd >= 0);
	ASSERT_RC(__sys_ioctl(fd, UFFDIO_API, &api), 0);
	ASSERT_RC(__sys_ioctl(fd, UFFDIO_REGISTER, &range), 0);
	return fd;
}

/* Register @mem, without pages yet: each access waits for uffd_fill(). */
int uffd_over(void *mem, size_t size)
{
	return uffd_register(mem, size, UFFDIO_REGISTER_MODE_MISSING);
}

/* Wait until a thread waits for memory. */
void uffd_wait(int fd)
{
	struct uffd_msg msg;

	ASSERT_EQ(read(fd, &msg, sizeof(msg)), sizeof(msg));
	ASSERT_EQ(msg.event, UFFD_EVENT_PAGEFAULT);
}

/* Provide zeroed pages. */
void uffd_fill(int fd, void *mem, size_t size)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)mem, .len = size },
	};

	ASSERT_RC(__sys_ioctl(fd, UFFDIO_ZEROPAGE, &zero), 0);
}

static void uffd_set_protection(int fd, void *mem, size_t size, __u64 mode)
{
	struct uffdio_writeprotect cmd = {
		.range = { .start = (uintptr_t)mem, .len = size },
		.mode = mode,
	};

	ASSERT_RC(__sys_ioctl(fd, UFFDIO_WRITEPROTECT, &cmd), 0);
}

/* Write-protect the pages of @mem: each write waits for uffd_unprotect(). */
int uffd_protect(void *mem, size_t size)
{
	int fd = uffd_register(mem, size, UFFDIO_REGISTER_MODE_WP);

	uffd_set_protection(fd, mem, size, UFFDIO_WRITEPROTECT_MODE_WP);
	return fd;
}

void uffd_unprotect(int fd, void *mem, size_t size)
{
	uffd_set_protection(fd, mem, size, 0);
}
