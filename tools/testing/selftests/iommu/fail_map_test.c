// SPDX-License-Identifier: GPL-2.0-only
/* Map, copy, unmap and access by the CPU fail at each of their points. */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/udmabuf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "fail.h"
#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA FAIL_IOVA
#define IOVA2 0x20000000ULL
#define SMALL FAIL_SMALL
#define BIG FAIL_BIG

/* Map */

/* Pages that are processed in two batches, without contiguous page frames. */
static void setup_dev_big(struct env *env)
{
	setup_dev_scattered(env);
	env->buf += MIB(2) - env->size / 2;
}

static void setup_dev_hugetlb(struct env *env)
{
	env->size = BIG;
	env->buf = mmap(NULL, BIG, PROT_READ | PROT_WRITE,
			MAP_ANONYMOUS | MAP_PRIVATE | MAP_HUGETLB, -1, 0);
	if (env->buf == MAP_FAILED)
		SKIP("no huge pages");
	memset(env->buf, 1, BIG);
	setup_dev(env);
}

static void setup_dev_read_only(struct env *env)
{
	setup_dev(env);
	ASSERT(!mprotect(env->buf, BIG, PROT_READ));
	env->prot = DMA_READ;
}

SCENARIO(map_without_domain, .call = call_map, .undo = undo_map)
SCENARIO(map, .setup = setup_dev, .call = call_map, .undo = undo_map,
	 .check = check_mock)
SCENARIO(map_big, .setup = setup_dev_big, .call = call_map, .undo = undo_map,
	 .check = check_mock)
SCENARIO(map_thp, .setup = setup_dev_thp, .call = call_map, .undo = undo_map,
	 .check = check_mock)
SCENARIO(map_hugetlb, .setup = setup_dev_hugetlb, .call = call_map,
	 .undo = undo_map, .check = check_mock)
SCENARIO(map_read_only, .setup = setup_dev_read_only, .call = call_map,
	 .undo = undo_map, .check = check_mock)

static int call_map_cold(struct env *env)
{
	cool_buf(env);
	return call_map(env);
}

SCENARIO(map_cold, .setup = setup_dev, .call = call_map_cold, .undo = undo_map,
	 .check = check_mock)

/*
 * Two domains of one address space, so that the second may fail after the
 * first.
 */
static void setup_two_domains(struct env *env)
{
	struct mock_dev dev;

	setup_dev(env);
	env->hwpt = hwpt_alloc(env->fd, env->dev.idev, env->ioas);
	mock_dev(env->fd, env->hwpt, 0, &dev);
	env->size = BIG;
}

static void check_two_domains(struct env *env)
{
	check_mock(env);
	ASSERT_RC(__mock_check_map(env->fd, env->hwpt, env->buf, IOVA,
				   env->size),
		  0);
}

SCENARIO(map_two_domains, .setup = setup_two_domains, .call = call_map,
	 .undo = undo_map, .check = check_two_domains)

static int call_map_anywhere(struct env *env)
{
	return __ioas_map(env->fd, env->ioas, env->buf, env->size, DMA_RW,
			  &env->iova);
}

static void undo_map_anywhere(struct env *env)
{
	ioas_unmap(env->fd, env->ioas, env->iova, env->size);
}

SCENARIO(map_anywhere, .setup = setup_dev, .call = call_map_anywhere,
	 .undo = undo_map_anywhere)

/* Without the privilege, the memlock limit applies. */
static void setup_limited(struct env *env)
{
	setup_dev(env);
	/*
	 * exactly what is mapped: a charge that leaks makes the next map fail
	 */
	sys_set_memlock(env->size);
	sys_drop_ipc_lock();
	/* the privilege is checked when the IOAS is allocated */
	iommufd_destroy(env->fd, env->dev.stdev);
	iommufd_destroy(env->fd, env->ioas);
	env->ioas = ioas_alloc(env->fd);
	setup_dev(env);
}

static void setup_limited_process(struct env *env)
{
	__u64 by_process = 1;
	__u32 ioas = env->ioas;

	iommufd_destroy(env->fd, ioas);
	iommufd_destroy(env->fd, env->ioas2);
	ASSERT_RC(__iommufd_option(env->fd, IOMMU_OPTION_RLIMIT_MODE,
				   IOMMU_OPTION_OP_SET, 0, &by_process),
		  0);
	env->ioas = ioas_alloc(env->fd);
	setup_limited(env);
}

SCENARIO(map_limited, .setup = setup_limited, .call = call_map,
	 .undo = undo_map)
SCENARIO(map_limited_process, .setup = setup_limited_process, .call = call_map,
	 .undo = undo_map)

static int call_map_file(struct env *env)
{
	__u64 iova = IOVA;

	return __ioas_map_file(env->fd, env->ioas, env->file, env->start,
			       env->size, DMA_RW, &iova);
}

static void setup_memfd(struct env *env)
{
	env->file = memfd_create("selftest", MFD_CLOEXEC);
	ASSERT(env->file >= 0 && !ftruncate(env->file, BIG));
	env->size = 16 * PAGE;
	env->start = 3 * PAGE;
	setup_dev(env);
	/* allocate the pages of the file, which stay allocated */
	ASSERT_RC(call_map_file(env), 0);
	undo_map(env);
}

static void setup_hugetlb_memfd(struct env *env)
{
	env->file = memfd_create("selftest", MFD_CLOEXEC | MFD_HUGETLB);
	ASSERT(env->file >= 0 && !ftruncate(env->file, BIG));
	env->buf = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_SHARED,
			env->file, 0);
	if (env->buf == MAP_FAILED)
		SKIP("no huge pages");
	memset(env->buf, 1, BIG);
	env->size = BIG;
	setup_dev(env);
}

static void setup_dmabuf(struct env *env)
{
	struct iommu_test_cmd cmd = {
		.dmabuf_get = { .length = MIB(1), .open_flags = O_RDWR },
	};

	env->file = __mock_op(env->fd, IOMMU_TEST_OP_DMABUF_GET, 0, &cmd);
	ASSERT_OK(env->file);
	env->size = MIB(1);
	setup_dev(env);
}

/* RAM whose addresses another driver provides */
static void setup_udmabuf(struct env *env)
{
	struct udmabuf_create create = {
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.size = MIB(1),
	};
	int node = __sys_open("/dev/udmabuf", O_RDWR);

	if (node == -ENOENT)
		SKIP("no /dev/udmabuf");
	ASSERT(node >= 0);
	create.memfd =
		memfd_create("selftest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ASSERT(!ftruncate(create.memfd, MIB(1)));
	ASSERT(!fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	env->file = ASSERT_OK(__sys_ioctl(node, UDMABUF_CREATE, &create));
	close(node);
	env->size = MIB(1);
	setup_dev(env);
}

SCENARIO(map_file, .setup = setup_memfd, .call = call_map_file,
	 .undo = undo_map)
SCENARIO(map_file_hugetlb, .setup = setup_hugetlb_memfd, .call = call_map_file,
	 .undo = undo_map, .check = check_mock)
SCENARIO(map_dmabuf, .setup = setup_dmabuf, .call = call_map_file,
	 .undo = undo_map)
SCENARIO(map_udmabuf, .setup = setup_udmabuf, .call = call_map_file,
	 .undo = undo_map)

/* A BAR: page frames without struct page. */
static void setup_bar(struct env *env)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU1), BACKEND_IOMMUFD);

	env->buf = vdev_mmap(edu->vdev, 0, NULL);
	env->size = 4 * PAGE;
	setup_dev(env);
}

/* A BAR between RAM, with a second domain, which may fail after the first. */
static void setup_bar_between_ram(struct env *env)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU1), BACKEND_IOMMUFD);
	struct vfio_region_info info;

	vdev_region(edu->vdev, 0, &info);
	env->buf = sys_mmap_anon(8 * PAGE);
	ASSERT(mmap(env->buf + 2 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, edu->vdev->fd,
		    (off_t)info.offset) != MAP_FAILED);
	ASSERT(mmap(env->buf + 5 * PAGE, PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, edu->vdev->fd,
		    (off_t)info.offset) != MAP_FAILED);
	setup_two_domains(env);
	env->size = 8 * PAGE;
}

SCENARIO(map_bar, .setup = setup_bar, .call = call_map, .undo = undo_map)
SCENARIO(map_bar_between_ram, .setup = setup_bar_between_ram, .call = call_map,
	 .undo = undo_map)

/* Copy */

static int call_copy(struct env *env)
{
	return __ioas_copy(env->fd, env->ioas2, IOVA2 + PAGE,
			   env->size - 2 * PAGE, env->ioas, IOVA, DMA_RW);
}

static void undo_copy(struct env *env)
{
	ioas_unmap(env->fd, env->ioas, IOVA, env->size - 2 * PAGE);
}

static void check_copy(struct env *env)
{
	ASSERT_RC(__mock_check_map(env->fd, env->dev.hwpt, env->buf + PAGE,
				   IOVA, env->size - 2 * PAGE),
		  0);
}

static void setup_copy(struct env *env)
{
	setup_dev(env);
	env->size = BIG;
	ioas_map_fixed(env->fd, env->ioas2, env->buf, IOVA2, BIG / 2);
	ioas_map_fixed(env->fd, env->ioas2, env->buf + BIG / 2, IOVA2 + BIG / 2,
		       BIG / 2);
}

static void setup_copy_pinned(struct env *env)
{
	struct mock_dev dev;

	setup_copy(env);
	mock_dev(env->fd, env->ioas2, 0, &dev);
}

SCENARIO(copy, .setup = setup_copy, .call = call_copy, .undo = undo_copy,
	 .check = check_copy)
SCENARIO(copy_pinned, .setup = setup_copy_pinned, .call = call_copy,
	 .undo = undo_copy, .check = check_copy)

/* Unmap: the removal itself cannot fail, only the steps before it. */

static void map_again(struct env *env,
		      const char *point __attribute__((unused)))
{
	int ret = call_map(env);

	if (ret != -EEXIST)
		ASSERT_RC(ret, 0);
}

static int call_unmap(struct env *env)
{
	return __ioas_unmap(env->fd, env->ioas, IOVA, env->size, NULL);
}

static void setup_mapped(struct env *env)
{
	setup_dev(env);
	ASSERT_RC(call_map(env), 0);
}

static int call_unmap_all(struct env *env)
{
	return __ioas_unmap(env->fd, env->ioas, 0, UINT64_MAX, NULL);
}

static void undo_unmap(struct env *env)
{
	ASSERT_RC(__mock_check_map(env->fd, env->dev.hwpt, env->buf, IOVA,
				   PAGE),
		  -EINVAL);
	ASSERT_RC(call_map(env), 0);
}

SCENARIO(unmap, .setup = setup_mapped, .call = call_unmap, .undo = undo_unmap,
	 .failed = map_again)
SCENARIO(unmap_all, .setup = setup_mapped, .call = call_unmap_all,
	 .undo = undo_unmap, .failed = map_again)

/* Access by the CPU */

static int call_access(struct env *env)
{
	env->access = __mock_access(env->fd, env->ioas, env->flags);
	return env->access < 0 ? env->access : 0;
}

static void undo_access(struct env *env)
{
	sys_close(env->access);
}

SCENARIO(access_create, .call = call_access, .undo = undo_access)

static void setup_access(struct env *env)
{
	env->size = MIB(1);
	env->flags = MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES;
	ASSERT_RC(call_access(env), 0);
	ASSERT_RC(call_map(env), 0);
}

static void setup_access_dev(struct env *env)
{
	setup_dev(env);
	setup_access(env);
}

static int call_pin(struct env *env)
{
	return __access_pin(env->fd, env->access, IOVA + PAGE,
			    env->size - 2 * PAGE, env->buf + PAGE,
			    MOCK_FLAGS_ACCESS_WRITE, &env->id);
}

static void undo_pin(struct env *env)
{
	ASSERT_RC(__access_unpin(env->fd, env->access, env->id), 0);
}

SCENARIO(access_pin, .setup = setup_access, .call = call_pin, .undo = undo_pin)
SCENARIO(access_pin_mapped, .setup = setup_access_dev, .call = call_pin,
	 .undo = undo_pin)

static int call_rw(struct env *env)
{
	char page[PAGE];
	int ret = __access_rw(env->fd, env->access, IOVA + 1, page, PAGE, 0);

	if (ret)
		return ret;
	return __access_rw(env->fd, env->access, IOVA + 100, page, PAGE,
			   MOCK_ACCESS_RW_WRITE);
}

SCENARIO(access_rw, .setup = setup_access, .call = call_rw)
SCENARIO(access_rw_mapped, .setup = setup_access_dev, .call = call_rw)

static void setup_access_file(struct env *env)
{
	env->file = memfd_create("selftest", MFD_CLOEXEC);
	ASSERT(env->file >= 0 && !ftruncate(env->file, BIG));
	env->size = MIB(1);
	env->flags = MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES;
	ASSERT_RC(call_access(env), 0);
	ASSERT_RC(call_map_file(env), 0);
}

static int call_pin_file(struct env *env)
{
	return __access_pin(env->fd, env->access, IOVA + PAGE,
			    env->size - 2 * PAGE, NULL, MOCK_FLAGS_ACCESS_WRITE,
			    &env->id);
}

SCENARIO(access_pin_file, .setup = setup_access_file, .call = call_pin_file,
	 .undo = undo_pin)
SCENARIO(access_rw_file, .setup = setup_access_file, .call = call_rw)

/* Charge another process, for all mappings or for none. */

static int call_change_process(struct env *env)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return __sys_ioctl(env->fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd);
}

/* A byte in one pipe makes the other process take the charge; it replies. */
static int requests[2], replies[2];

static void charge_on_request(void *arg)
{
	char byte;

	close(requests[1]);
	while (read(requests[0], &byte, 1) == 1) {
		ASSERT_RC(call_change_process(arg), 0);
		ASSERT_EQ(write(replies[1], &byte, 1), 1);
	}
}

static void undo_change_process(struct env *env __attribute__((unused)))
{
	char byte = 0;

	ASSERT_EQ(write(requests[1], &byte, 1), 1);
	ASSERT_EQ(read(replies[0], &byte, 1), 1);
}

static void setup_change_process(struct env *env)
{
	struct mock_dev dev;

	setup_memfd(env);
	ASSERT_RC(call_map_file(env), 0);
	env->iova = IOVA;
	mock_dev(env->fd, env->ioas2, 0, &dev);
	ASSERT_RC(__ioas_map_file(env->fd, env->ioas2, env->file, 0, SMALL,
				  DMA_RW, &env->iova),
		  0);
	ASSERT(!pipe(requests) && !pipe(replies));
	child_start(charge_on_request, env);
	undo_change_process(env);
}

SCENARIO(change_process, .setup = setup_change_process,
	 .call = call_change_process, .undo = undo_change_process)

/* The last test: no reference to the module may be left. */
TEST(unload)
{
	mock_load();
	ASSERT_RC(__mock_unload(), 0);
}
