// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coverage by KCOV: each thread of a program has a buffer, which its parent has
 * opened. KCOV leaves out interrupts. Of what remains, only code of our modules
 * counts, and only each pair of blocks by itself, so that the coverage of a
 * program does not depend on what other threads do.
 */
#include "cover.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "harness.h"
#include "program.h"
#include "resource.h"
#include "trace.h"

#define KCOV_PATH "/sys/kernel/debug/kcov"
#define KCOV_INIT_TRACE _IOR('c', 1, unsigned long)
#define KCOV_ENABLE _IO('c', 100)
#define KCOV_TRACE_PC 0
#define COVER_ENTRIES (64UL << 10)

static const char *const our_modules[] = { "iommufd",	       "vfio",
					   "vfio_iommu_type1", "vfio_pci_core",
					   "vfio_pci",	       "iommufd_mock" };

/** struct range - the code of a module */
struct range {
	/** @start: its address */
	unsigned long start;
	/** @size: bytes */
	unsigned long size;
};

static struct range ranges[ARRAY_SIZE(our_modules)];
static int cover_fds[NR_THREADS];
static unsigned long *cover_pcs[NR_THREADS];

static void find_modules(void)
{
	FILE *file = fopen("/proc/modules", "re");
	unsigned long start, size;
	char name[64];

	ASSERT(file);
	while (fscanf(file, "%63s %lu %*s %*s %*s %lx%*[^\n]", name, &size,
		      &start) == 3) {
		for (size_t i = 0; i < ARRAY_SIZE(our_modules); i++) {
			if (!strcmp(name, our_modules[i]))
				ranges[i] = (struct range){ start, size };
		}
	}
	fclose(file);
}

/**
 * cover_open() - open the buffers of all threads
 *
 * Return: false if the kernel has no KCOV.
 */
bool cover_open(void)
{
	for (unsigned int i = 0; i < NR_THREADS; i++) {
		int fd = open(KCOV_PATH, O_RDWR | O_CLOEXEC);

		if (fd < 0)
			return false;
		cover_fds[i] = resource_hide(fd);
		ASSERT(!ioctl(cover_fds[i], KCOV_INIT_TRACE, COVER_ENTRIES));
		cover_pcs[i] = mmap(NULL, COVER_ENTRIES * sizeof(long),
				    PROT_READ | PROT_WRITE, MAP_SHARED,
				    cover_fds[i], 0);
		ASSERT(cover_pcs[i] != MAP_FAILED);
	}
	find_modules();
	return true;
}

/* Start to record what the calling thread does; ends with the thread. */
void cover_start(unsigned int thread)
{
	if (!cover_pcs[thread])
		return;
	cover_pcs[thread][0] = 0;
	ioctl(cover_fds[thread], KCOV_ENABLE, KCOV_TRACE_PC);
}

/* Return an offset that is the same in each boot, or 0 for code of others. */
static __u64 stable_pc(unsigned long pc)
{
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (pc - ranges[i].start < ranges[i].size)
			return (i + 1) << 24 | (pc - ranges[i].start);
	}
	return 0;
}

/* Count what the calling thread has covered since the last time. */
void cover_collect(unsigned int thread)
{
	unsigned long *pcs = cover_pcs[thread];
	__u64 pc, previous = 0;
	unsigned long nr;

	if (!pcs)
		return;
	nr = __atomic_load_n(&pcs[0], __ATOMIC_RELAXED);
	for (unsigned long i = 1; i <= nr && i < COVER_ENTRIES; i++) {
		pc = stable_pc(pcs[i]);
		if (!pc)
			continue;
		trace_count(pc << 28 ^ previous);
		previous = pc;
	}
	__atomic_store_n(&pcs[0], 0, __ATOMIC_RELAXED);
}
