// SPDX-License-Identifier: GPL-2.0-only
/*
 * RLIMIT_MEMLOCK in a container: what is charged, when the limit is checked,
 * and the messages in the log. The same tests run on the kernel's own VFIO.
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
#define MAP_RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)
/* The limit and the size of the memory, in pages. */
#define LIMIT_PAGES 16
#define MEM_PAGES 64

#define MAP_LINE "vfio_pin_pages_remote: RLIMIT_MEMLOCK "
#define PIN_LINE "vfio_pin_page_external: Task who pays "

static void set_limit(unsigned long long bytes)
{
	sys_drop_ipc_lock();
	sys_set_memlock(bytes);
}

static void expect_map(int container, char *mem, int bad, int want)
{
	int ret;

	ASSERT(!mprotect(mem + bad * PAGE, PAGE, PROT_NONE));
	ret = __container_map(container, mem, IOVA, MEM_PAGES * PAGE, MAP_RW);
	ASSERT(!mprotect(mem + bad * PAGE, PAGE, PROT_READ | PROT_WRITE));
	if (ret != want)
		FAIL("with page %d bad it gives %d, want %d", bad, ret, want);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
}

/* Bad memory is -EFAULT, unless the limit is reached below the bad page. */
TEST_OVER(bad_memory_or_too_much, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = sys_mmap_anon(MEM_PAGES * PAGE);

	set_limit(LIMIT_PAGES * PAGE);
	memset(mem, 1, MEM_PAGES * PAGE);
	expect_map(container, mem, 0, -EFAULT);
	expect_map(container, mem, 1, -EFAULT);
	expect_map(container, mem, LIMIT_PAGES - 1, -EFAULT);
	expect_map(container, mem, LIMIT_PAGES, -EFAULT);
	expect_map(container, mem, LIMIT_PAGES + 1, -ENOMEM);
	expect_map(container, mem, MEM_PAGES - 1, -ENOMEM);
	/* Memory that is mapped already counts. */
	container_map(container, mem, IOVA + MEM_PAGES * PAGE, 4 * PAGE);
	ASSERT(!mprotect(mem + (LIMIT_PAGES - 4) * PAGE, PAGE, PROT_NONE));
	ASSERT_RC(__container_map(container, mem, IOVA, MEM_PAGES * PAGE,
				  MAP_RW),
		  -EFAULT);
	ASSERT(!mprotect(mem + (LIMIT_PAGES - 4) * PAGE, PAGE,
			 PROT_READ | PROT_WRITE));
	ASSERT(!mprotect(mem + (LIMIT_PAGES - 3) * PAGE, PAGE, PROT_NONE));
	ASSERT_RC(__container_map(container, mem, IOVA, MEM_PAGES * PAGE,
				  MAP_RW),
		  -ENOMEM);
	ASSERT_EQ(sys_vm_locked(getpid()), 4 * PAGE);
	container_map(container, mem, IOVA, (LIMIT_PAGES - 4) * PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), LIMIT_PAGES * PAGE);
}

TEST_OVER(to_the_page, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = sys_mmap_anon(MEM_PAGES * PAGE);

	/* A fraction of a page does not count. */
	set_limit(LIMIT_PAGES * PAGE + PAGE - 1);
	ASSERT_RC(__container_map(container, mem, IOVA,
				  (LIMIT_PAGES + 1) * PAGE, MAP_RW),
		  -ENOMEM);
	container_map(container, mem, IOVA, LIMIT_PAGES * PAGE);
	ASSERT_RC(__container_map(container, mem, IOVA + MEM_PAGES * PAGE, PAGE,
				  MAP_RW),
		  -ENOMEM);
	container_unmap(container, IOVA, LIMIT_PAGES * PAGE);
	/* A page that is mapped twice counts twice. */
	container_map(container, mem, IOVA, LIMIT_PAGES * PAGE / 2);
	container_map(container, mem, IOVA + MEM_PAGES * PAGE,
		      LIMIT_PAGES * PAGE / 2);
	ASSERT_EQ(sys_vm_locked(getpid()), LIMIT_PAGES * PAGE);
	ASSERT_RC(__container_map(container, mem, IOVA + 2 * MEM_PAGES * PAGE,
				  PAGE, MAP_RW),
		  -ENOMEM);
}

/* CAP_IPC_LOCK lifts the limit, but memory is charged nevertheless. */
TEST_OVER(capability, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = sys_mmap_anon(MEM_PAGES * PAGE);

	sys_set_memlock(0);
	container_map(container, mem, IOVA, MEM_PAGES * PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), MEM_PAGES * PAGE);
	ASSERT_EQ(sys_vm_pinned(getpid()), 0);
	sys_drop_ipc_lock();
	ASSERT_RC(__container_map(container, mem, IOVA + MEM_PAGES * PAGE, PAGE,
				  MAP_RW),
		  -ENOMEM);
	sys_set_memlock((MEM_PAGES + 1) * PAGE);
	container_map(container, mem, IOVA + MEM_PAGES * PAGE, PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), (MEM_PAGES + 1) * PAGE);
	container_unmap(container, IOVA, (MEM_PAGES + 1) * PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
}

/* Administrators search the log for this message. */
TEST_OVER(log_line, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = sys_mmap_anon(MEM_PAGES * PAGE);
	int log = klog_open();

	set_limit(LIMIT_PAGES * PAGE + 100);
	container_map(container, mem, IOVA, LIMIT_PAGES * PAGE);
	container_unmap(container, IOVA, LIMIT_PAGES * PAGE);
	ASSERT_RC(__container_map(container, NULL, IOVA, MEM_PAGES * PAGE,
				  MAP_RW),
		  -EFAULT);
	ASSERT(!klog_has(log, "RLIMIT_MEMLOCK"));
	ASSERT_RC(__container_map(container, mem, IOVA, MEM_PAGES * PAGE,
				  MAP_RW),
		  -ENOMEM);
	ASSERT(klog_has(log, MAP_LINE "(65536) exceeded"));
	ASSERT(!klog_has(log, "RLIMIT_MEMLOCK"));
}

/* There is no message if a new process fails to take memory over. */
TEST_OVER(no_log_line, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = sys_mmap_anon(MEM_PAGES * PAGE);
	int log = klog_open();
	pid_t pid;

	container_map(container, mem, IOVA, MEM_PAGES * PAGE);
	ASSERT_RC(__container_unmap(container, IOVA, MEM_PAGES * PAGE,
				    VFIO_DMA_UNMAP_FLAG_VADDR, NULL),
		  0);
	pid = fork();
	if (!pid) {
		set_limit(LIMIT_PAGES * PAGE);
		ASSERT_RC(__container_map(container, mem, IOVA,
					  MEM_PAGES * PAGE,
					  VFIO_DMA_MAP_FLAG_VADDR),
			  -ENOMEM);
		_exit(RESULT_PASS);
	}
	ASSERT(pid > 0);
	child_expect(pid, RESULT_PASS);
	ASSERT(!klog_has(log, "RLIMIT_MEMLOCK"));
}

/* Pins of the driver of an emulated device are charged to the user. */
TEST_OVER(driver_pins, BACKENDS_LEGACY)
{
	struct sample_setup s;
	char words[128];
	int log;

	/* The limit is that of the map request: the first mapping had none. */
	s = sample_set_up(backend, DMA_RW);
	set_limit(4 * PAGE + 100);
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
	/* Pages that are pinned again are not charged again. */
	sample_pin(s.fd, SAMPLE_IOVA, 4);
	ASSERT_EQ(sys_vm_locked(getpid()), 4 * PAGE);
	ASSERT(!klog_has(log, "RLIMIT_MEMLOCK"));
	sample_tear_down(&s);
}
