// SPDX-License-Identifier: GPL-2.0-only
/* The file of a device: open, BAR and config accesses, interrupts. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "container.h"
#include "edu.h"
#include "feature.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"

/* Operations per measurement, and number of measurements. */
#define BATCH 256
#define BATCHES 8

#define DMA_IOVA GIB(4)

/* A register of the edu device without an effect. */
#define EDU_LIVENESS 0x04

static double min_us(double a, double b)
{
	return a < b ? a : b;
}

static void report_each(const struct bench_run *run, double us, unsigned int nr)
{
	bench_report(run, run->bench->name, us * 1000 / nr, "ns");
}

static void open_other(struct bench_run *run)
{
	run->other = vdev_open_in(run->vdev->space, pci_need(TESTDEV_EDU1));
	vdev_enable(run->other, true);
}

static void close_other(struct bench_run *run)
{
	vdev_close(run->other);
	run->other = NULL;
}

/* The first touch of each page of a BAR */
static void run_bar_fault(struct bench_run *run)
{
	double best = 1e12, start;
	unsigned int batch;
	size_t size, at;
	char *bar;

	for (batch = 0; batch < BATCHES; batch++) {
		bar = vdev_mmap(run->other, VFIO_PCI_BAR0_REGION_INDEX, &size);
		start = bench_now();
		for (at = 0; at < size; at += PAGE)
			mmio_read32(bar, at + EDU_LIVENESS);
		best = min_us(best, bench_now() - start);
		sys_munmap(bar, size);
	}
	report_each(run, best, size / PAGE);
}

typedef ssize_t (*transfer_fn)(int fd, __u32 *value, off_t offset);

static ssize_t read_4(int fd, __u32 *value, off_t offset)
{
	return pread(fd, value, sizeof(*value), offset);
}

static ssize_t write_4(int fd, __u32 *value, off_t offset)
{
	return pwrite(fd, value, sizeof(*value), offset);
}

static void measure_transfer(struct bench_run *run, unsigned int region,
			     unsigned int offset, transfer_fn fn)
{
	struct vfio_region_info info;
	double best = 1e12, start;
	unsigned int batch, i;
	__u32 value = 0;

	vdev_region(run->other, region, &info);
	for (batch = 0; batch < BATCHES; batch++) {
		start = bench_now();
		for (i = 0; i < BATCH; i++)
			ASSERT_EQ(fn(run->other->fd, &value,
				     (off_t)(info.offset + offset)),
				  (ssize_t)sizeof(value));
		best = min_us(best, bench_now() - start);
	}
	report_each(run, best, BATCH);
}

static void run_bar_read(struct bench_run *run)
{
	measure_transfer(run, VFIO_PCI_BAR0_REGION_INDEX, EDU_LIVENESS, read_4);
}

static void run_bar_write(struct bench_run *run)
{
	measure_transfer(run, VFIO_PCI_BAR0_REGION_INDEX, EDU_LIVENESS,
			 write_4);
}

static void run_config_read(struct bench_run *run)
{
	measure_transfer(run, VFIO_PCI_CONFIG_REGION_INDEX, PCI_VENDOR_ID,
			 read_4);
}

/* A call that only looks up a value */
static void run_noop(struct bench_run *run)
{
	const struct space *space = run->vdev->space;
	double best = 1e12, start;
	unsigned int batch, i;
	__u64 value = 0;

	for (batch = 0; batch < BATCHES; batch++) {
		start = bench_now();
		for (i = 0; i < BATCH; i++) {
			if (run->backend == BACKEND_IOMMUFD)
				ASSERT_RC(__iommufd_option(
						  space->fd,
						  IOMMU_OPTION_HUGE_PAGES,
						  IOMMU_OPTION_OP_GET,
						  space->ioas, &value),
					  0);
			else
				ASSERT_EQ(__container_extension(
						  space->fd,
						  VFIO_TYPE1v2_IOMMU),
					  1);
		}
		best = min_us(best, bench_now() - start);
	}
	report_each(run, best, BATCH);
}

/* Route the interrupts of the device to the first processor. */
static void pin_interrupts(const char *bdf)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;
	int ret;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/msi_irqs", bdf);
	dir = opendir(path);
	if (!dir)
		FAIL("%s: %s", path, strerror(errno));
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path),
			 "/proc/irq/%.16s/smp_affinity_list", entry->d_name);
		ret = __sys_write_file(path, "0");
		if (ret)
			FAIL("%s: %s", path, strerror(-ret));
	}
	closedir(dir);
}

/*
 * Measure the time from the write that raises the interrupt to the end of the
 * read. Both run on the processor that is interrupted, so that the wakeup of
 * another processor is not included.
 */
static void run_irq(struct bench_run *run)
{
	struct edu edu = {
		.vdev = run->other,
		.regs = vdev_mmap(run->other, VFIO_PCI_BAR0_REGION_INDEX, NULL),
	};
	double best = 1e12, sum, start;
	cpu_set_t first, all;
	unsigned int batch, i;
	eventfd_t count;
	int fd;

	fd = eventfd(0, EFD_CLOEXEC);
	if (fd < 0)
		FAIL("eventfd: %s", strerror(errno));
	vdev_irq_enable(run->other, VFIO_PCI_MSI_IRQ_INDEX, 0, &fd, 1);
	pin_interrupts(run->other->bdf);
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	ASSERT(!sched_getaffinity(0, sizeof(all), &all));
	ASSERT(!sched_setaffinity(0, sizeof(first), &first));
	for (batch = 0; batch < BATCHES; batch++) {
		for (i = 0, sum = 0; i < BATCH; i++) {
			start = bench_now();
			edu_raise(&edu, 1);
			ASSERT_RC(eventfd_read(fd, &count), 0);
			sum += bench_now() - start;
			edu_ack(&edu, 1);
		}
		best = min_us(best, sum);
	}
	report_each(run, best, BATCH);
	ASSERT(!sched_setaffinity(0, sizeof(all), &all));
	vdev_irq_disable(run->other, VFIO_PCI_MSI_IRQ_INDEX);
	sys_munmap((void *)edu.regs, MIB(1));
	sys_close(fd);
}

/** struct opened - the files of a device that is ready to do DMA */
struct opened {
	/** @iommu: the container, or /dev/iommu */
	int iommu;
	/** @group: the group's file, -1 if it is not used */
	int group;
	/** @device: the device's own file */
	int device;
};

static void open_iommufd(struct opened *opened, struct space *space,
			 const char *path)
{
	__u32 id;

	opened->iommu = sys_open("/dev/iommu", O_RDWR);
	space->fd = opened->iommu;
	space->ioas = ioas_alloc(space->fd);
	opened->group = -1;
	opened->device = sys_open(path, O_RDWR);
	ASSERT_RC(__cdev_bind(opened->device, opened->iommu, &id), 0);
	ASSERT_RC(__cdev_attach(opened->device, space->ioas, NULL), 0);
}

static void open_container(struct opened *opened, struct space *space,
			   const char *path, const char *bdf)
{
	opened->iommu = sys_open("/dev/vfio/vfio", O_RDWR);
	space->fd = opened->iommu;
	opened->group = sys_open(path, O_RDWR);
	ASSERT_RC(__sys_ioctl(opened->group, VFIO_GROUP_SET_CONTAINER,
			      &opened->iommu),
		  0);
	ASSERT_RC(__sys_ioctl_val(opened->iommu, VFIO_SET_IOMMU,
				  VFIO_TYPE1v2_IOMMU),
		  0);
	opened->device = ASSERT_OK(__sys_ioctl(
		opened->group, VFIO_GROUP_GET_DEVICE_FD, (void *)bdf));
}

/* Measure from no open file to a device that can do DMA to a page. */
static void run_open(struct bench_run *run)
{
	const char *bdf = pci_need(TESTDEV_EDU1);
	struct space space = { .backend = run->backend };
	struct opened opened;
	struct vdev vdev;
	char path[128];
	double start;

	if (run->backend == BACKEND_IOMMUFD)
		pci_cdev_path(bdf, path, sizeof(path));
	else
		snprintf(path, sizeof(path), "/dev/vfio/%d", pci_group(bdf));

	/* do not measure the runtime suspend after the previous close */
	wait_runtime_status(bdf, "suspended");
	start = bench_now();
	if (run->backend == BACKEND_IOMMUFD)
		open_iommufd(&opened, &space, path);
	else
		open_container(&opened, &space, path, bdf);
	vdev = (struct vdev){ .space = &space, .fd = opened.device };
	space_map(&space, bench_few_pages(), DMA_IOVA, PAGE);
	vdev_enable(&vdev, true);
	bench_report(run, run->bench->name, bench_now() - start, "us");

	sys_close(opened.device);
	if (opened.group >= 0)
		sys_close(opened.group);
	sys_close(opened.iommu);
}

#define DEVICE_BACKENDS (BACKEND_CONTAINER | BACKEND_IOMMUFD)
#define DEVICE(_name, _run)                  \
	{                                    \
		.name = "device_" _name,     \
		.backends = DEVICE_BACKENDS, \
		.reps = 1,                   \
		.setup = open_other,         \
		.run = _run,                 \
		.teardown = close_other,     \
	}

const struct bench device_benches[] = {
	DEVICE("bar_fault", run_bar_fault),
	DEVICE("bar_read", run_bar_read),
	DEVICE("bar_write", run_bar_write),
	DEVICE("config_read", run_config_read),
	DEVICE("irq", run_irq),
	{ .name = "noop_container",
	  .backends = BACKEND_CONTAINER,
	  .reps = 1,
	  .run = run_noop },
	{ .name = "noop_iommufd",
	  .backends = BACKEND_IOMMUFD,
	  .reps = 1,
	  .run = run_noop },
	{ .name = "device_open",
	  .backends = DEVICE_BACKENDS,
	  .reps = 5,
	  .run = run_open },
	{},
};
