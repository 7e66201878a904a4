// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: load start     begin to write memory, by the CPU and by the device
 *        load past N    wait until N more copies have been made
 *        load verify    stop, compare all memory, and print what was done
 *
 * Runs in a nested guest whose edu device is driven by edu_migration.ko. The
 * process that "start" leaves behind fills pages with patterns, lets the device
 * copy them, and also writes pages that the device does not touch. It knows
 * the content that each page must have, so it finds pages that a migration has
 * transferred too early or not at all.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../modules/edu_migration/edu_abi.h"

#define PAGE 4096
#define COPIED 64
#define WRITTEN 2048
#define WORDS (PAGE / sizeof(uint64_t))
/* Pages that the CPU writes between two reads of a register */
#define BURST 32
#define SHARED "/tmp/load"

/* What the process shows, in a file that "past" and "verify" map */
struct shared {
	volatile uint32_t copies;
	volatile uint32_t stop;
	volatile uint32_t done;
	volatile uint32_t bad_copied;
	volatile uint32_t bad_written;
	volatile uint32_t bad_copies;
	volatile uint32_t device_first;
	volatile uint32_t device_count;
	volatile uint32_t failed;
};

static struct shared *shared;
static volatile uint32_t *regs;
static uint64_t *src, *dst, *written;
static uint64_t dst_seed[COPIED], written_seed[WRITTEN], seed = 1;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void fill(uint64_t *page, uint64_t seed)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		page[i] = (seed + i) * 0x9e3779b97f4a7c15ULL;
}

static int differs(const uint64_t *page, uint64_t seed)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		if (page[i] != (seed + i) * 0x9e3779b97f4a7c15ULL)
			return 1;
	return 0;
}

static struct shared *map_shared(int flags)
{
	int fd = open(SHARED, O_RDWR | flags, 0600);
	void *map;

	if (fd < 0 || ftruncate(fd, sizeof(struct shared)))
		die(SHARED);
	map = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
		   MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die(SHARED);
	close(fd);
	return map;
}

static uint64_t *map_pages(size_t nr)
{
	void *map = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (map == MAP_FAILED || mlock(map, nr * PAGE))
		die("memory");
	return map;
}

/* The guest has no IOMMU, so the device uses physical addresses. */
static uint64_t physical(void *page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	if (fd < 0 ||
	    pread(fd, &entry, sizeof(entry),
		  (uintptr_t)page / PAGE * sizeof(entry)) != sizeof(entry))
		die("pagemap");
	close(fd);
	return (entry & ((1ULL << 55) - 1)) * PAGE;
}

static int has_id(const char *dir, const char *name, unsigned int want)
{
	unsigned int found = 0;
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%x", &found) != 1)
		found = 0;
	fclose(file);
	return found == want;
}

/* Enables the device and maps its registers. */
static void open_device(void)
{
	DIR *all = opendir("/sys/bus/pci/devices");
	const uint16_t command = 6; /* memory, bus master */
	struct dirent *entry;
	char dir[256], path[300];
	int fd;

	while (all && (entry = readdir(all))) {
		snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%.200s",
			 entry->d_name);
		if (has_id(dir, "vendor", 0x1234) &&
		    has_id(dir, "device", 0x11e8))
			break;
	}
	if (!all || !entry)
		die("no edu device");
	closedir(all);
	snprintf(path, sizeof(path), "%s/config", dir);
	fd = open(path, O_RDWR);
	if (fd < 0 || pwrite(fd, &command, 2, 4) != 2)
		die(path);
	close(fd);
	snprintf(path, sizeof(path), "%s/resource0", dir);
	fd = open(path, O_RDWR);
	if (fd < 0)
		die(path);
	regs = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    EDU_REGISTERS);
	if (regs == MAP_FAILED)
		die("registers");
	close(fd);
}

#define REG(member) regs[offsetof(struct edu_state, member) / 4]

static void write_address(volatile uint32_t *reg, uint64_t address)
{
	reg[0] = address;
	reg[1] = address >> 32;
}

static void fill_next(uint64_t *pages, uint64_t *seeds, unsigned int at)
{
	seeds[at] = seed += WORDS;
	fill(pages + at * WORDS, seeds[at]);
}

/* Writes without a pause, so that a migration does not end by itself. */
static void write_some(void)
{
	static unsigned int next;
	unsigned int i;

	for (i = 0; i < BURST; i++, next = (next + 1) % WRITTEN)
		fill_next(written, written_seed, next);
}

static void copy(uint64_t *to, uint64_t *from)
{
	write_address(&REG(src), physical(from));
	write_address(&REG(dst), physical(to));
	REG(length) = PAGE;
	REG(status) = EDU_BUSY;
	while (REG(status) == EDU_BUSY)
		write_some();
	if (REG(status) != EDU_IDLE)
		shared->failed++;
	shared->copies++;
}

static void work(void)
{
	unsigned int i, at;

	for (i = 0; i < WRITTEN; i++)
		fill_next(written, written_seed, i);
	for (i = 0; i < COPIED; i++)
		fill_next(dst, dst_seed, i);
	shared->device_first = REG(count);
	while (!shared->stop) {
		at = shared->copies % COPIED;
		dst_seed[at] = seed += WORDS;
		fill(src, dst_seed[at]);
		copy(dst + at * WORDS, src);
		if (differs(dst + at * WORDS, dst_seed[at]))
			shared->bad_copies++;
	}
	for (i = 0; i < COPIED; i++)
		shared->bad_copied += differs(dst + i * WORDS, dst_seed[i]);
	for (i = 0; i < WRITTEN; i++)
		shared->bad_written +=
			differs(written + i * WORDS, written_seed[i]);
	shared->device_count = REG(count) - shared->device_first;
	shared->done = 1;
}

static void start(void)
{
	shared = map_shared(O_CREAT | O_TRUNC);
	open_device();
	src = map_pages(1);
	dst = map_pages(COPIED);
	written = map_pages(WRITTEN);
	if (daemon(0, 0))
		die("daemon");
	/* Locked memory is not inherited. */
	if (mlockall(MCL_CURRENT))
		exit(1);
	work();
	exit(0);
}

/* Waits until *word is at least so much, 120 s at most. */
static int wait_for(volatile uint32_t *word, uint32_t least)
{
	const struct timespec wait = { .tv_nsec = 20000000 };
	unsigned int tries;

	for (tries = 0; tries < 6000; tries++) {
		if (*word >= least)
			return 0;
		nanosleep(&wait, NULL);
	}
	return 1;
}

static int verify(void)
{
	shared->stop = 1;
	if (wait_for(&shared->done, 1))
		return 1;
	printf("copies %u device %u wrong %u %u %u failed %u\n", shared->copies,
	       shared->device_count, shared->bad_copied, shared->bad_written,
	       shared->bad_copies, shared->failed);
	return shared->copies != shared->device_count || shared->bad_copied ||
	       shared->bad_written || shared->bad_copies || shared->failed;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "start"))
		start();
	shared = map_shared(0);
	if (argc == 3 && !strcmp(argv[1], "past"))
		return wait_for(&shared->copies,
				shared->copies + atoi(argv[2]));
	if (argc == 2 && !strcmp(argv[1], "verify"))
		return verify();
	fprintf(stderr, "usage: load start | past N | verify\n");
	return 2;
}
