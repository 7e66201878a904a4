// SPDX-License-Identifier: GPL-2.0-only
/*
 * Results that the driver of an emulated device gets from a container if it
 * does not permit an access, or only a part of it. The same tests run on the
 * kernel's own VFIO.
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
/* IOVAs that are not mapped: after the mapping, and far away */
#define IOVA_AFTER (SAMPLE_IOVA + SAMPLE_NR * PAGE)
#define IOVA_FAR GIB(1)

static int __fill(struct sample_setup *s, __u64 iova, int byte, int size,
		  unsigned int flags)
{
	char buf[2 * PAGE];

	memset(buf, byte, (size_t)size);
	return __sample_rw(s->fd, iova, buf, size, VFIO_SAMPLE_WRITE | flags);
}

static int __read_discard(struct sample_setup *s, __u64 iova, int size,
			  unsigned int flags)
{
	char buf[2 * PAGE];

	return __sample_rw(s->fd, iova, buf, size, VFIO_SAMPLE_READ | flags);
}

/*
 * Writing requires a mapping for reading as well, pinning for writing does not.
 */
TEST_OVER(permissions, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	char *mem = sys_mmap_anon(2 * PAGE);
	unsigned int flags;

	memset(mem, 1, 2 * PAGE);
	ASSERT_RC(__space_map(s.space, mem, IOVA_FAR, PAGE, DMA_READ), 0);
	ASSERT_RC(__space_map(s.space, mem + PAGE, IOVA_FAR + PAGE, PAGE,
			      DMA_WRITE),
		  0);
	for (flags = 0; flags <= VFIO_SAMPLE_KTHREAD;
	     flags += VFIO_SAMPLE_KTHREAD) {
		ASSERT_RC(__fill(&s, IOVA_FAR, 2, 8, flags), -EPERM);
		ASSERT_RC(__read_discard(&s, IOVA_FAR, 8, flags), 0);
		ASSERT_RC(__fill(&s, IOVA_FAR + PAGE, 2, 8, flags), -EPERM);
		ASSERT_RC(__read_discard(&s, IOVA_FAR + PAGE, 8, flags),
			  -EPERM);
	}
	ASSERT(is_byte(mem, 2 * PAGE, 1));
	ASSERT_RC(__sample_pin(s.fd, IOVA_FAR, 1, VFIO_SAMPLE_READ), 1);
	ASSERT_RC(__sample_pin(s.fd, IOVA_FAR, 1, VFIO_SAMPLE_WRITE), -EPERM);
	ASSERT_RC(__sample_pin(s.fd, IOVA_FAR + PAGE, 1, VFIO_SAMPLE_WRITE), 1);
	ASSERT_RC(__sample_pin(s.fd, IOVA_FAR + PAGE, 1, VFIO_SAMPLE_READ),
		  -EPERM);
	ASSERT_RC(__sample_pin(s.fd, IOVA_FAR + PAGE, 1, SAMPLE_RW), -EPERM);
	ASSERT_RC(__sample_pin(s.fd, IOVA_FAR, 2, VFIO_SAMPLE_READ), -EPERM);
	sample_unpin(s.fd, IOVA_FAR, 1);
	sample_unpin(s.fd, IOVA_FAR + PAGE, 1);
	ASSERT_EQ(sys_pins_held(), 0);
	sample_tear_down(&s);
}

/* A write is done up to the mapping that does not permit it. */
TEST_OVER(write_in_parts, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	char *last = s.mem + (SAMPLE_NR - 1) * PAGE;
	char *mem = sys_mmap_anon(PAGE);

	memset(s.mem, 0, SAMPLE_NR * PAGE);
	ASSERT_RC(__fill(&s, IOVA_AFTER - 100, 1, 101, 0), -EINVAL);
	ASSERT(is_byte(last, PAGE - 100, 0));
	ASSERT(is_byte(last + PAGE - 100, 100, 1));
	ASSERT_RC(__read_discard(&s, IOVA_AFTER - 100, 101, 0), -EINVAL);
	ASSERT_RC(__fill(&s, IOVA - 1, 1, 8, 0), -EINVAL);
	ASSERT(is_byte(s.mem, 8, 0));

	ASSERT_RC(__space_map(s.space, mem, IOVA_AFTER, PAGE, DMA_READ), 0);
	ASSERT_RC(__fill(&s, IOVA_AFTER - 100, 2, PAGE, 0), -EPERM);
	ASSERT(is_byte(last + PAGE - 100, 100, 2));
	ASSERT(is_byte(mem, PAGE, 0));
	ASSERT_RC(__fill(&s, IOVA_AFTER - 100, 3, PAGE, VFIO_SAMPLE_KTHREAD),
		  -EPERM);
	ASSERT(is_byte(last + PAGE - 100, 100, 3));
	ASSERT(is_byte(mem, PAGE, 0));
	ASSERT_RC(__read_discard(&s, IOVA_AFTER - 100, PAGE, 0), 0);

	space_unmap(s.space, IOVA_AFTER, PAGE);
	space_map(s.space, mem, IOVA_AFTER, PAGE);
	ASSERT_RC(__fill(&s, IOVA_AFTER - 100, 4, PAGE, 0), 0);
	ASSERT(is_byte(last + PAGE - 100, 100, 4));
	ASSERT(is_byte(mem, PAGE - 100, 4));
	sys_munmap(mem, PAGE);
	ASSERT_RC(__fill(&s, IOVA_AFTER - 100, 5, PAGE, 0), -EFAULT);
	ASSERT(is_byte(last + PAGE - 100, 100, 5));
	sample_tear_down(&s);
}

static void map_and_exit(void *arg)
{
	struct sample_setup *s = arg;

	space_map(s->space, s->mem, IOVA_FAR, PAGE);
}

/* The memory of a process that has exited has an errno of its own. */
TEST_OVER(process_has_exited, BACKENDS_LEGACY)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);

	child_expect(child_start(map_and_exit, &s), RESULT_PASS);
	ASSERT_RC(__sample_pin(s.fd, IOVA_FAR, 1, SAMPLE_RW), -ENODEV);
	ASSERT_RC(__sample_pin(s.fd, IOVA, 1, SAMPLE_RW), 1);
	ASSERT_RC(__fill(&s, IOVA_FAR, 1, 8, 0), -EPERM);
	ASSERT_RC(__fill(&s, IOVA_FAR, 1, 8, VFIO_SAMPLE_KTHREAD), -EPERM);
	ASSERT_RC(__read_discard(&s, IOVA_FAR, 8, VFIO_SAMPLE_KTHREAD), -EPERM);
	ASSERT_RC(__read_discard(&s, IOVA_FAR, 8, 0), -EPERM);
	sample_unpin(s.fd, IOVA, 1);
	space_unmap(s.space, IOVA_FAR, PAGE);
	sample_tear_down(&s);
}
