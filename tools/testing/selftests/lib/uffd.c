// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.h"
#include "sys.h"
#include "uffd.h"

/* Whoever touches @mem, of which nothing is there yet, waits for uffd_fill(). */
int uffd_over(void *mem, size_t size)
{
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)mem, .len = size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	ASSERT(fd >= 0);
	ASSERT_RC(__sys_ioctl(fd, UFFDIO_API, &api), 0);
	ASSERT_RC(__sys_ioctl(fd, UFFDIO_REGISTER, &range), 0);
	return fd;
}

/* Returns once somebody waits for memory. */
void uffd_wait(int fd)
{
	struct uffd_msg msg;

	ASSERT_EQ(read(fd, &msg, sizeof(msg)), sizeof(msg));
	ASSERT_EQ(msg.event, UFFD_EVENT_PAGEFAULT);
}

/* With zeroes. */
void uffd_fill(int fd, void *mem, size_t size)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)mem, .len = size },
	};

	ASSERT_RC(__sys_ioctl(fd, UFFDIO_ZEROPAGE, &zero), 0);
}
