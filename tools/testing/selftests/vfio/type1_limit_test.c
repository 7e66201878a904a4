// SPDX-License-Identifier: GPL-2.0-only
/*
 * RLIMIT_MEMLOCK in a container: what counts, when it matters, and what the log
 * says. The same tests run on the kernel's own VFIO.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "klog.h"
#include "pci.h"
#include "sample.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
#define RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)
/* The limit, in pages, and memory that is more than that. */
#define MOST 16
#define NR 64

#define MAP_LINE "vfio_pin_pages_remote: RLIMIT_MEMLOCK "
#define PIN_LINE "vfio_pin_page_external: Task who pays "

static void limit_to(unsigned long long bytes)
{
	sys_drop_ipc_lock();
	sys_set_memlock(bytes);
}

static void expect(int container, char *mem, int bad, int want)
{
	int rc;

	ASSERT(!mprotect(mem + bad * PAGE, PAGE, PROT_NONE));
	rc = __container_map(container, mem, IOVA, NR * PAGE, RW);
	ASSERT(!mprotect(mem + bad * PAGE, PAGE, PROT_READ | PROT_WRITE));
	if (rc != want)
		FAIL("with page %d bad it gives %d, want %d", bad, rc, want);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
}

/* What is wrong with the memory is said where the limit is not reached before. */
TEST_OVER(bad_memory_or_too_much, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = sys_mmap_anon(NR * PAGE);

	limit_to(MOST * PAGE);
	memset(mem, 1, NR * PAGE);
	expect(container, mem, 0, -EFAULT);
	expect(container, mem, 1, -EFAULT);
	expect(container, mem, MOST - 1, -EFAULT);
	expect(container, mem, MOST, -EFAULT);
	expect(container, mem, MOST + 1, -ENOMEM);
	expect(container, mem, NR - 1, -ENOMEM);
	/* What is mapped already counts. */
	container_map(container, mem, IOVA + NR * PAGE, 4 * PAGE);
	ASSERT(!mprotect(mem + (MOST - 4) * PAGE, PAGE, PROT_NONE));
	ASSERT_RC(__container_map(container, mem, IOVA, NR * PAGE, RW),
		  -EFAULT);
	ASSERT(!mprotect(mem + (MOST - 4) * PAGE, PAGE,
			 PROT_READ | PROT_WRITE));
	ASSERT(!mprotect(mem + (MOST - 3) * PAGE, PAGE, PROT_NONE));
	ASSERT_RC(__container_map(container, mem, IOVA, NR * PAGE, RW),
		  -ENOMEM);
	ASSERT_EQ(sys_vm_locked(getpid()), 4 * PAGE);
	container_map(container, mem, IOVA, (MOST - 4) * PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), MOST * PAGE);
}

TEST_OVER(to_the_page, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = sys_mmap_anon(NR * PAGE);

	/* What is left of a page does not count. */
	limit_to(MOST * PAGE + PAGE - 1);
	ASSERT_RC(__container_map(container, mem, IOVA, (MOST + 1) * PAGE, RW),
		  -ENOMEM);
	container_map(container, mem, IOVA, MOST * PAGE);
	ASSERT_RC(__container_map(container, mem, IOVA + NR * PAGE, PAGE, RW),
		  -ENOMEM);
	container_unmap(container, IOVA, MOST * PAGE);
	/* A page that is mapped twice counts twice. */
	container_map(container, mem, IOVA, MOST * PAGE / 2);
	container_map(container, mem, IOVA + NR * PAGE, MOST * PAGE / 2);
	ASSERT_EQ(sys_vm_locked(getpid()), MOST * PAGE);
	ASSERT_RC(__container_map(container, mem, IOVA + 2 * NR * PAGE, PAGE,
				  RW),
		  -ENOMEM);
}

/* The capability lifts the limit, and memory counts nevertheless. */
TEST_OVER(capability, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = sys_mmap_anon(NR * PAGE);

	sys_set_memlock(0);
	container_map(container, mem, IOVA, NR * PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), NR * PAGE);
	ASSERT_EQ(sys_vm_pinned(getpid()), 0);
	sys_drop_ipc_lock();
	ASSERT_RC(__container_map(container, mem, IOVA + NR * PAGE, PAGE, RW),
		  -ENOMEM);
	sys_set_memlock((NR + 1) * PAGE);
	container_map(container, mem, IOVA + NR * PAGE, PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), (NR + 1) * PAGE);
	container_unmap(container, IOVA, (NR + 1) * PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
}

/* Administrators search for this. */
TEST_OVER(log_line, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = sys_mmap_anon(NR * PAGE);
	int log = klog_open();

	limit_to(MOST * PAGE + 100);
	container_map(container, mem, IOVA, MOST * PAGE);
	container_unmap(container, IOVA, MOST * PAGE);
	ASSERT_RC(__container_map(container, NULL, IOVA, NR * PAGE, RW),
		  -EFAULT);
	ASSERT(!klog_has(log, "RLIMIT_MEMLOCK"));
	ASSERT_RC(__container_map(container, mem, IOVA, NR * PAGE, RW),
		  -ENOMEM);
	ASSERT(klog_has(log, MAP_LINE "(65536) exceeded"));
	ASSERT(!klog_has(log, "RLIMIT_MEMLOCK"));
}

/* To take memory over that is more than the limit is no reason for one. */
TEST_OVER(no_log_line, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = sys_mmap_anon(NR * PAGE);
	int log = klog_open();
	pid_t pid;

	container_map(container, mem, IOVA, NR * PAGE);
	ASSERT_RC(__container_unmap(container, IOVA, NR * PAGE,
				    VFIO_DMA_UNMAP_FLAG_VADDR, NULL),
		  0);
	pid = fork();
	if (!pid) {
		limit_to(MOST * PAGE);
		ASSERT_RC(__container_map(container, mem, IOVA, NR * PAGE,
					  VFIO_DMA_MAP_FLAG_VADDR),
			  -ENOMEM);
		_exit(RESULT_PASS);
	}
	ASSERT(pid > 0);
	child_expect(pid, RESULT_PASS);
	ASSERT(!klog_has(log, "RLIMIT_MEMLOCK"));
}

/* The driver of a device that is software pins at the user's expense. */
TEST_OVER(driver_pins, BACKENDS_LEGACY)
{
	struct sample_setup s;
	char words[128];
	int log;

	/* Who maps decides: the first mapping had no limit. */
	s = sample_set_up(backend, DMA_RW);
	limit_to(4 * PAGE + 100);
	log = klog_open();
	sample_pin(s.fd, SAMPLE_IOVA, 8);
	ASSERT_EQ(sys_vm_locked(getpid()), 8 * PAGE);
	sample_unpin(s.fd, SAMPLE_IOVA, 8);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT(!klog_has(log, "RLIMIT_MEMLOCK"));

	space_unmap(s.space, SAMPLE_IOVA, SAMPLE_NR * PAGE);
	space_map(s.space, s.mem, SAMPLE_IOVA, SAMPLE_NR * PAGE);
	ASSERT(!prctl(PR_SET_NAME, "who pays"));
	ASSERT_RC(__sample_pin(s.fd, SAMPLE_IOVA, 5, SAMPLE_RW), -ENOMEM);
	snprintf(words, sizeof(words),
		 PIN_LINE "(%d) RLIMIT_MEMLOCK (%lu) exceeded", getpid(),
		 4 * PAGE + 100);
	ASSERT(klog_has(log, words));
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	sample_pin(s.fd, SAMPLE_IOVA, 4);
	ASSERT_EQ(sys_vm_locked(getpid()), 4 * PAGE);
	/* The same pages once more cost nothing. */
	sample_pin(s.fd, SAMPLE_IOVA, 4);
	ASSERT_EQ(sys_vm_locked(getpid()), 4 * PAGE);
	ASSERT(!klog_has(log, "RLIMIT_MEMLOCK"));
	sample_tear_down(&s);
}
