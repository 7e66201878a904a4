// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fault injection for calls of the container and of the device node: each call
 * fails at each of its fail points in iommufd.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "dirty.h"
#include "fail.h"
#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "mock_pci.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA FAIL_IOVA

/* The container, from adding a group to unmapping. */

static void setup_group(struct env *env)
{
	const char *bdf = pci_need(TESTDEV_EDU0);

	env->fd = container_open(BACKEND_CONTAINER);
	env->group = group_open(bdf);
	env->size = FAIL_BIG;
}

static int call_set_container(struct env *env)
{
	return __group_set_container(env->group, env->fd);
}

static void undo_set_container(struct env *env)
{
	ASSERT_RC(__group_unset_container(env->group), 0);
}

SCENARIO_BARE(set_container, .setup = setup_group, .call = call_set_container,
	      .undo = undo_set_container)

static int call_set_iommu(struct env *env)
{
	int ret = call_set_container(env);

	if (ret)
		return ret;
	ret = __container_set_iommu(env->fd, VFIO_TYPE1v2_IOMMU);
	if (ret)
		undo_set_container(env);
	return ret;
}

SCENARIO_BARE(set_iommu, .setup = setup_group, .call = call_set_iommu,
	      .undo = undo_set_container)

static void setup_container(struct env *env)
{
	setup_group(env);
	ASSERT_RC(call_set_iommu(env), 0);
}

static int call_get_ioas(struct env *env)
{
	return __vfio_ioas(env->fd, IOMMU_VFIO_IOAS_GET, &env->ioas);
}

/* Nothing uses the IOAS after the last group has left. */
static void undo_get_ioas(struct env *env)
{
	undo_set_container(env);
	iommufd_destroy(env->fd, env->ioas);
	ASSERT_RC(call_set_iommu(env), 0);
}

SCENARIO_BARE(get_ioas, .setup = setup_container, .call = call_get_ioas,
	      .undo = undo_get_ioas)

static void setup_selected(struct env *env)
{
	setup_group(env);
	env->ioas = ioas_alloc(env->fd);
	ASSERT_RC(__vfio_ioas(env->fd, IOMMU_VFIO_IOAS_SET, &env->ioas), 0);
	ioas_map_fixed(env->fd, env->ioas, env->buf, IOVA, PAGE);
}

SCENARIO_BARE(set_iommu_selected, .setup = setup_selected,
	      .call = call_set_iommu, .undo = undo_set_container)

static int call_container_map(struct env *env)
{
	return __container_map(env->fd, env->buf, IOVA, env->size,
			       VFIO_DMA_MAP_FLAG_READ |
				       VFIO_DMA_MAP_FLAG_WRITE);
}

static void undo_container_map(struct env *env)
{
	container_unmap(env->fd, IOVA, env->size);
}

SCENARIO_BARE(map, .setup = setup_container, .call = call_container_map,
	      .undo = undo_container_map)

static void setup_mapped(struct env *env)
{
	setup_container(env);
	ASSERT_RC(call_container_map(env), 0);
}

static int call_container_unmap(struct env *env)
{
	return __container_unmap(env->fd, IOVA, env->size, 0, NULL);
}

static void undo_container_unmap(struct env *env)
{
	ASSERT_RC(call_container_map(env), 0);
}

static void map_again(struct env *env,
		      const char *point __attribute__((unused)))
{
	int ret = call_container_map(env);

	if (ret != -EEXIST)
		ASSERT_RC(ret, 0);
}

SCENARIO_BARE(unmap, .setup = setup_mapped, .call = call_container_unmap,
	      .undo = undo_container_unmap, .failed = map_again)

/* The log of dirty pages. */

static int call_log_start(struct env *env)
{
	return __log_start(env->fd);
}

static void undo_log_start(struct env *env)
{
	log_stop(env->fd);
}

SCENARIO_BARE(log_begins, .setup = setup_mapped, .call = call_log_start,
	      .undo = undo_log_start)

static void setup_log(struct env *env)
{
	setup_container(env);
	log_start(env->fd);
}

SCENARIO_BARE(map_with_log, .setup = setup_log, .call = call_container_map,
	      .undo = undo_container_map)

static void setup_mapped_log(struct env *env)
{
	setup_mapped(env);
	log_start(env->fd);
}

static int call_log_get(struct env *env)
{
	return __log_get(env->fd, IOVA, env->size / PAGE, env->bitmap);
}

static void check_all_dirty(struct env *env)
{
	ASSERT(is_byte(env->bitmap, env->size / PAGE / 8, 0xff));
	memset(env->bitmap, 0, sizeof(env->bitmap));
}

SCENARIO_BARE(log_get_all, .setup = setup_mapped_log, .call = call_log_get,
	      .check = check_all_dirty)

static int call_log_unmap(struct env *env)
{
	struct log_unmap unmap =
		log_unmap_request(IOVA, env->size / PAGE, env->bitmap);

	return __log_unmap(env->fd, &unmap);
}

SCENARIO_BARE(unmap_with_log, .setup = setup_mapped_log, .call = call_log_unmap,
	      .undo = undo_container_unmap, .failed = map_again,
	      .check = check_all_dirty)

/* Tracking by the IOMMU: after any failure, no dirty page is lost. */
TEST(hardware_log)
{
	struct mock_pci_image image;
	struct fail_report report;
	__u64 word, again;
	struct mock_bus bus;
	unsigned int nth;
	const char *bdf;
	int fd, ret;

	fail_open();
	mock_bus_open(&bus);
	mock_image(&image, 0x1af4, 0x4331, MOCK_CLASS_NETWORK);
	bdf = mock_bus_plug(&bus, &image);
	pci_bind(bdf);
	fd = container_open(BACKEND_CONTAINER);
	group_set_container(group_open(bdf), fd);
	container_set_iommu(fd);
	container_map(fd, sys_mmap_anon(64 * PAGE), IOVA, 64 * PAGE);
	for (nth = 1;; nth++) {
		fail_at(nth);
		ret = __log_start(fd);
		fail_end(&report);
		if (!strcmp(report.failed, "-"))
			break;
		if (ret)
			continue;
		/* If the IOMMU does not track writes, all pages are dirty. */
		ret = __mock_bus_write(&bus, 0, IOVA);
		ASSERT(!ret || ret == -EINVAL);
		log_get(fd, IOVA, 64, &word);
		ASSERT_EQ(word, ret ? ~0ULL : 1);
		log_stop(fd);
	}
	ASSERT_RC(ret, 0);
	test_note("%u points to start", nth - 1);

	for (nth = 1;; nth++) {
		ASSERT_RC(__mock_bus_write(&bus, 0, IOVA + 3 * PAGE), 0);
		ASSERT_RC(__mock_bus_write(&bus, 0, IOVA + 60 * PAGE), 0);
		word = 0;
		again = 0;
		fail_at(nth);
		ret = __log_get(fd, IOVA, 64, &word);
		fail_end(&report);
		if (ret)
			log_get(fd, IOVA, 64, &again);
		ASSERT_EQ(word | again, 1ULL << 3 | 1ULL << 60);
		if (!strcmp(report.failed, "-"))
			break;
		ASSERT(ret);
	}
	ASSERT(nth > 1);
	test_note("%u points to report", nth - 1);
}

/* VFIO_TYPE1_IOMMU can unmap a part of a mapping. */

static void setup_type1(struct env *env)
{
	setup_group(env);
	ASSERT_RC(call_set_container(env), 0);
	ASSERT_RC(__container_set_iommu(env->fd, VFIO_TYPE1_IOMMU), 0);
	ASSERT_RC(call_container_map(env), 0);
}

static int call_unmap_part(struct env *env)
{
	return __container_unmap(env->fd, IOVA + env->size / 4, env->size / 2,
				 0, NULL);
}

static void undo_unmap_part(struct env *env)
{
	__container_unmap(env->fd, IOVA, env->size, 0, NULL);
	ASSERT_RC(call_container_map(env), 0);
}

static void failed_unmap_part(struct env *env,
			      const char *point __attribute__((unused)))
{
	undo_unmap_part(env);
}

SCENARIO_BARE(unmap_part, .setup = setup_type1, .call = call_unmap_part,
	      .undo = undo_unmap_part, .failed = failed_unmap_part)

static int call_get_info(struct env *env)
{
	char data[4096];
	struct vfio_iommu_type1_info *info = (void *)data;

	memset(data, 0, sizeof(data));
	info->argsz = sizeof(data);
	return __sys_ioctl(env->fd, VFIO_IOMMU_GET_INFO, info);
}

SCENARIO_BARE(get_info, .setup = setup_mapped, .call = call_get_info)

/* Add a second group to a container with mappings. */

static void setup_second_group(struct env *env)
{
	setup_mapped(env);
	env->group = group_open(pci_need(TESTDEV_EDU1));
}

SCENARIO_BARE(set_second_container, .setup = setup_second_group,
	      .call = call_set_container, .undo = undo_set_container)

/* The ABI of the container on /dev/iommu, which uses an IOAS. */

static void setup_iommufd(struct env *env)
{
	setup_dev(env);
	ASSERT_RC(__vfio_ioas(env->fd, IOMMU_VFIO_IOAS_SET, &env->ioas), 0);
	ASSERT_RC(__container_set_iommu(env->fd, VFIO_TYPE1_IOMMU), 0);
	/* VFIO_TYPE1_IOMMU maps page by page. */
	env->size = 16 * PAGE;
}

SCENARIO(iommufd_map, .setup = setup_iommufd, .call = call_container_map,
	 .undo = undo_container_map, .check = check_mock)

static void setup_iommufd_mapped(struct env *env)
{
	setup_iommufd(env);
	ASSERT_RC(call_container_map(env), 0);
}

SCENARIO(iommufd_unmap, .setup = setup_iommufd_mapped,
	 .call = call_container_unmap, .undo = undo_container_unmap,
	 .failed = map_again)
SCENARIO(iommufd_cut, .setup = setup_iommufd_mapped, .call = call_unmap_part,
	 .undo = undo_unmap_part, .failed = failed_unmap_part)

SCENARIO(iommufd_get_info, .setup = setup_iommufd_mapped, .call = call_get_info)

/* The device node. */

static int call_bind(struct env *env)
{
	char path[64];
	int ret;

	pci_cdev_path(pci_need(TESTDEV_EDU0), path, sizeof(path));
	env->cdev = sys_open(path, O_RDWR);
	ret = __cdev_bind(env->cdev, env->fd, &env->id);
	if (ret)
		sys_close(env->cdev);
	return ret;
}

static void undo_bind(struct env *env)
{
	sys_close(env->cdev);
}

SCENARIO(bind, .call = call_bind, .undo = undo_bind)

static void setup_bound(struct env *env)
{
	env->size = FAIL_BIG;
	ASSERT_RC(call_bind(env), 0);
	ASSERT_RC(call_map(env), 0);
}

static int call_attach(struct env *env)
{
	return __cdev_attach(env->cdev, env->ioas, NULL);
}

static void undo_attach(struct env *env)
{
	ASSERT_RC(__cdev_detach(env->cdev), 0);
}

SCENARIO(attach, .setup = setup_bound, .call = call_attach, .undo = undo_attach)

static void setup_attached(struct env *env)
{
	setup_bound(env);
	ASSERT_RC(__cdev_attach(env->cdev, env->ioas2, NULL), 0);
}

static void undo_replace(struct env *env)
{
	ASSERT_RC(__cdev_attach(env->cdev, env->ioas2, NULL), 0);
}

SCENARIO(replace, .setup = setup_attached, .call = call_attach,
	 .undo = undo_replace)

static void setup_replace_hwpt(struct env *env)
{
	setup_attached(env);
	env->hwpt = hwpt_alloc(env->fd, env->id, env->ioas);
}

static int call_replace_hwpt(struct env *env)
{
	return __cdev_attach(env->cdev, env->hwpt, NULL);
}

SCENARIO(replace_by_hwpt, .setup = setup_replace_hwpt,
	 .call = call_replace_hwpt, .undo = undo_replace)

static int call_hwpt_alloc(struct env *env)
{
	return __hwpt_alloc(env->fd, env->id, env->ioas, 0, &env->hwpt);
}

static void undo_hwpt_alloc(struct env *env)
{
	iommufd_destroy(env->fd, env->hwpt);
}

SCENARIO(alloc_hwpt, .setup = setup_bound, .call = call_hwpt_alloc,
	 .undo = undo_hwpt_alloc)

/* No failed call has left a reference to the mock IOMMU. */
TEST(unload)
{
	mock_load();
	ASSERT_RC(__mock_unload(), 0);
}
