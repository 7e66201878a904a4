// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces with many small mappings: unmap all, close, attach another device;
 * and the replacement of the domain of a device.
 */
#include <fcntl.h>
#include <linux/vfio.h>

#include "bench.h"
#include "container.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"

/* The limit of the native container is 65535. */
#define NR_MAPPINGS 60000
#define NR_COUNTED (16 * 1024)

#define FIRST_IOVA GIB(4)
#define STRIDE (2 * PAGE)

static void many_map(struct space *space)
{
	unsigned int nr = bench_counted ? NR_COUNTED : NR_MAPPINGS, i;
	char *memory = bench_few_pages();

	for (i = 0; i < nr; i++)
		space_map(space, memory + i % FEW_PAGES * PAGE,
			  FIRST_IOVA + i * STRIDE, PAGE);
}

static void many_fill(struct bench_run *run)
{
	many_map(run->vdev->space);
}

static void run_unmap_all(struct bench_run *run)
{
	struct space *space = run->vdev->space;
	double start = bench_now();
	__u64 unmapped;
	int ret;

	if (run->backend == BACKEND_IOMMUFD)
		ret = __ioas_unmap(space->fd, space->ioas, 0, ~0ULL, &unmapped);
	else
		ret = __container_unmap(space->fd, 0, 0,
					VFIO_DMA_UNMAP_FLAG_ALL, &unmapped);
	bench_report(run, run->bench->name, bench_now() - start, "us");
	ASSERT_RC(ret, 0);
}

/* Fill an address space of the second device, which @run closes. */
static void close_fill(struct bench_run *run)
{
	struct space *space = space_open(run->backend);

	if (run->backend == BACKEND_IOMMUFD) {
		run->other = vdev_open_in(space, pci_need(TESTDEV_EDU1));
	} else {
		run->other = sys_zalloc(sizeof(*run->other));
		run->other->space = space;
		space_group_fd(space, pci_need(TESTDEV_EDU1));
	}
	many_map(space);
}

/* With iommufd, the time includes the close of the file of the device. */
static void run_close(struct bench_run *run)
{
	double start = bench_now();

	if (run->backend == BACKEND_IOMMUFD)
		vdev_close_with_space(run->other);
	else
		space_close(run->other->space);
	bench_report(run, run->bench->name, bench_now() - start, "us");
	run->other = NULL;
}

/* Bind the second device to the same file of iommufd, without an HWPT. */
static struct vdev *other_bind(struct bench_run *run)
{
	struct vdev *vdev = sys_zalloc(sizeof(*vdev));
	char path[128];

	vdev->space = run->vdev->space;
	vdev->bdf = pci_need(TESTDEV_EDU1);
	pci_cdev_path(vdev->bdf, path, sizeof(path));
	vdev->fd = sys_open(path, O_RDWR);
	ASSERT_RC(__cdev_bind(vdev->fd, vdev->space->fd, &vdev->id), 0);
	return vdev;
}

static void attach_fill(struct bench_run *run)
{
	many_map(run->vdev->space);
	run->other = other_bind(run);
}

/* A new domain receives all mappings. */
static void run_attach(struct bench_run *run)
{
	struct space *space = run->vdev->space;
	double start = bench_now();
	__u32 hwpt = hwpt_alloc(space->fd, run->other->id, space->ioas);

	ASSERT_RC(__cdev_attach(run->other->fd, hwpt, NULL), 0);
	bench_report(run, run->bench->name, bench_now() - start, "us");
}

static void other_close(struct bench_run *run)
{
	vdev_close(run->other);
	run->other = NULL;
}

/* The second group shares the domain of the first one. */
static void run_join(struct bench_run *run)
{
	const char *bdf = pci_need(TESTDEV_EDU1);
	double start = bench_now();

	space_group_fd(run->vdev->space, bdf);
	bench_report(run, run->bench->name, bench_now() - start, "us");
}

static void replace_fill(struct bench_run *run)
{
	space_map(run->vdev->space, bench_memory(MEMORY_THP), FIRST_IOVA,
		  bench_bulk_size);
	run->other = other_bind(run);
}

/* Both domains exist; only the change is measured. */
static void run_replace(struct bench_run *run)
{
	struct space *space = run->vdev->space;
	struct vdev *vdev = run->other;
	__u32 first = hwpt_alloc(space->fd, vdev->id, space->ioas);
	__u32 second = hwpt_alloc(space->fd, vdev->id, space->ioas);
	double start;

	ASSERT_RC(__cdev_attach(vdev->fd, first, NULL), 0);
	start = bench_now();
	ASSERT_RC(__cdev_attach(vdev->fd, second, NULL), 0);
	bench_report(run, run->bench->name, bench_now() - start, "us");
}

#define MANY_BACKENDS (BACKEND_CONTAINER | BACKEND_IOMMUFD)

const struct bench many_benches[] = {
	{ .name = "unmap_all",
	  .backends = MANY_BACKENDS,
	  .reps = 1,
	  .setup = many_fill,
	  .run = run_unmap_all },
	{ .name = "close_many",
	  .backends = MANY_BACKENDS,
	  .reps = 1,
	  .setup = close_fill,
	  .run = run_close },
	{ .name = "attach_many",
	  .backends = BACKEND_IOMMUFD,
	  .reps = 2,
	  .setup = attach_fill,
	  .run = run_attach,
	  .teardown = other_close },
	{ .name = "join_many",
	  .backends = BACKEND_CONTAINER,
	  .reps = 3,
	  .setup = many_fill,
	  .run = run_join },
	{ .name = "replace",
	  .backends = BACKEND_IOMMUFD,
	  .reps = 3,
	  .setup = replace_fill,
	  .run = run_replace,
	  .teardown = other_close },
	{},
};
