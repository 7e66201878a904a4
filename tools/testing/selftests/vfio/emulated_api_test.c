// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the driver of a device that is software gets from a container that does
 * not allow all, or not all of the way. The same tests run on the kernel's own
 * VFIO.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "sample.h"
#include "sys.h"
#include "vdev.h"

#define IOVA SAMPLE_IOVA
/* Where there is nothing yet, behind and far from what is mapped. */
#define BEHIND (SAMPLE_IOVA + SAMPLE_NR * PAGE)
#define FAR GIB(1)

static int __write(struct sample_setup *s, __u64 iova, int byte, int size,
		   unsigned int how)
{
	char buf[2 * PAGE];

	memset(buf, byte, (size_t)size);
	return __sample_rw(s->fd, iova, buf, size, VFIO_SAMPLE_WRITE | how);
}

static int __read_from(struct sample_setup *s, __u64 iova, int size,
		       unsigned int how)
{
	char buf[2 * PAGE];

	return __sample_rw(s->fd, iova, buf, size, VFIO_SAMPLE_READ | how);
}

/* Who may not read may not write either, but may pin in order to. */
TEST_OVER(permissions, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	char *mem = sys_mmap_anon(2 * PAGE);
	unsigned int how;

	memset(mem, 1, 2 * PAGE);
	ASSERT_RC(__space_map(s.space, mem, FAR, PAGE, DMA_READ), 0);
	ASSERT_RC(__space_map(s.space, mem + PAGE, FAR + PAGE, PAGE, DMA_WRITE),
		  0);
	for (how = 0; how <= VFIO_SAMPLE_KTHREAD; how += VFIO_SAMPLE_KTHREAD) {
		ASSERT_RC(__write(&s, FAR, 2, 8, how), -EPERM);
		ASSERT_RC(__read_from(&s, FAR, 8, how), 0);
		ASSERT_RC(__write(&s, FAR + PAGE, 2, 8, how), -EPERM);
		ASSERT_RC(__read_from(&s, FAR + PAGE, 8, how), -EPERM);
	}
	ASSERT(is_byte(mem, 2 * PAGE, 1));
	ASSERT_RC(__sample_pin(s.fd, FAR, 1, VFIO_SAMPLE_READ), 1);
	ASSERT_RC(__sample_pin(s.fd, FAR, 1, VFIO_SAMPLE_WRITE), -EPERM);
	ASSERT_RC(__sample_pin(s.fd, FAR + PAGE, 1, VFIO_SAMPLE_WRITE), 1);
	ASSERT_RC(__sample_pin(s.fd, FAR + PAGE, 1, VFIO_SAMPLE_READ), -EPERM);
	ASSERT_RC(__sample_pin(s.fd, FAR + PAGE, 1, SAMPLE_RW), -EPERM);
	ASSERT_RC(__sample_pin(s.fd, FAR, 2, VFIO_SAMPLE_READ), -EPERM);
	sample_unpin(s.fd, FAR, 1);
	sample_unpin(s.fd, FAR + PAGE, 1);
	ASSERT_EQ(sys_pins_held(), 0);
	sample_tear_down(&s);
}

/* What lies before the mapping that is in the way is written. */
TEST_OVER(write_in_parts, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	char *last = s.mem + (SAMPLE_NR - 1) * PAGE;
	char *mem = sys_mmap_anon(PAGE);

	memset(s.mem, 0, SAMPLE_NR * PAGE);
	ASSERT_RC(__write(&s, BEHIND - 100, 1, 101, 0), -EINVAL);
	ASSERT(is_byte(last, PAGE - 100, 0));
	ASSERT(is_byte(last + PAGE - 100, 100, 1));
	ASSERT_RC(__read_from(&s, BEHIND - 100, 101, 0), -EINVAL);
	ASSERT_RC(__write(&s, IOVA - 1, 1, 8, 0), -EINVAL);
	ASSERT(is_byte(s.mem, 8, 0));

	ASSERT_RC(__space_map(s.space, mem, BEHIND, PAGE, DMA_READ), 0);
	ASSERT_RC(__write(&s, BEHIND - 100, 2, PAGE, 0), -EPERM);
	ASSERT(is_byte(last + PAGE - 100, 100, 2));
	ASSERT(is_byte(mem, PAGE, 0));
	ASSERT_RC(__write(&s, BEHIND - 100, 3, PAGE, VFIO_SAMPLE_KTHREAD),
		  -EPERM);
	ASSERT(is_byte(last + PAGE - 100, 100, 3));
	ASSERT(is_byte(mem, PAGE, 0));
	ASSERT_RC(__read_from(&s, BEHIND - 100, PAGE, 0), 0);

	space_unmap(s.space, BEHIND, PAGE);
	space_map(s.space, mem, BEHIND, PAGE);
	ASSERT_RC(__write(&s, BEHIND - 100, 4, PAGE, 0), 0);
	ASSERT(is_byte(last + PAGE - 100, 100, 4));
	ASSERT(is_byte(mem, PAGE - 100, 4));
	sys_munmap(mem, PAGE);
	ASSERT_RC(__write(&s, BEHIND - 100, 5, PAGE, 0), -EFAULT);
	ASSERT(is_byte(last + PAGE - 100, 100, 5));
	sample_tear_down(&s);
}

static void map_and_go(void *arg)
{
	struct sample_setup *s = arg;

	space_map(s->space, s->mem, FAR, PAGE);
}

/* Memory goes with its process, and that is told from a bad address. */
TEST_OVER(process_is_gone, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);

	child_expect(child_start(map_and_go, &s), RESULT_PASS);
	ASSERT_RC(__sample_pin(s.fd, FAR, 1, SAMPLE_RW), -ENODEV);
	ASSERT_RC(__sample_pin(s.fd, IOVA, 1, SAMPLE_RW), 1);
	ASSERT_RC(__write(&s, FAR, 1, 8, 0), -EPERM);
	ASSERT_RC(__write(&s, FAR, 1, 8, VFIO_SAMPLE_KTHREAD), -EPERM);
	ASSERT_RC(__read_from(&s, FAR, 8, VFIO_SAMPLE_KTHREAD), -EPERM);
	ASSERT_RC(__read_from(&s, FAR, 8, 0), -EPERM);
	sample_unpin(s.fd, IOVA, 1);
	space_unmap(s.space, FAR, PAGE);
	sample_tear_down(&s);
}
