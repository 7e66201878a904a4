// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel memory of objects and mappings: what user space can create in any
 * number is charged to the memory control group of the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include "dmabuf.h"
#include "harness.h"
#include "ioas.h"
#include "memcg.h"
#include "mock.h"
#include "sys.h"

#define IOVA 0x10000000ULL
#define NR 10000U
/* Bytes by which the rest of the machine may disturb a measurement. */
#define NOISE KIB(256)

/** struct memcg_env - what the objects are created for */
struct memcg_env {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: ID of an IOAS */
	__u32 ioas;
	/** @other: ID of another IOAS */
	__u32 other;
	/** @dev: a device attached to @ioas */
	struct mock_dev dev;
	/** @access: a mock access of @ioas */
	int access;
	/** @mem: NR pages, only the first of which is present */
	char *mem;
	/** @hwpt: an HWPT of @dev: a nest parent, or one for PASIDs */
	__u32 hwpt;
	/** @file: what is mapped, of a page */
	int file;
};

static void memcg_env_init(struct memcg_env *env)
{
	const struct rlimit files = { 2 * NR, 2 * NR };

	mock_load();
	ASSERT(!setrlimit(RLIMIT_NOFILE, &files));
	env->fd = iommufd_open();
	env->ioas = ioas_alloc(env->fd);
	env->other = ioas_alloc(env->fd);
	env->mem = sys_mmap_anon(NR * PAGE);
	env->mem[0] = 1;
}

/* At most a tenth of the memory that the machine uses more is not charged. */
static void check_charged(struct memcg_env *env,
			  void (*create)(struct memcg_env *env,
					 unsigned int nr))
{
	long long charged, used;
	unsigned int i;

	memcg_enter();
	used = -memcg_kernel_total();
	charged = -memcg_charged();
	for (i = 0; i < NR; i++)
		create(env, i);
	charged += memcg_charged();
	used += memcg_kernel_total();
	test_note("each takes %lld bytes, of which %lld are charged", used / NR,
		  charged / NR);
	if (used - charged > used / 10 + (long long)NOISE)
		FAIL("%lld bytes are not charged", used - charged);
}

static void create_ioas(struct memcg_env *env, unsigned int nr)
{
	(void)nr;
	ioas_alloc(env->fd);
}

TEST(ioas)
{
	struct memcg_env env;

	memcg_env_init(&env);
	check_charged(&env, create_ioas);
}

static void create_mapping(struct memcg_env *env, unsigned int nr)
{
	ioas_map_fixed(env->fd, env->ioas, env->mem, IOVA + nr * IOVA_PAGE,
		       PAGE);
}

TEST(mapping)
{
	struct memcg_env env;

	memcg_env_init(&env);
	check_charged(&env, create_mapping);
}

TEST(mapping_for_a_device)
{
	struct memcg_env env;

	memcg_env_init(&env);
	mock_dev(env.fd, env.ioas, 0, &env.dev);
	check_charged(&env, create_mapping);
}

static void create_copy(struct memcg_env *env, unsigned int nr)
{
	ASSERT_RC(__ioas_copy(env->fd, env->other, IOVA, PAGE, env->ioas,
			      IOVA + nr * IOVA_PAGE, DMA_RW),
		  0);
}

TEST(copy)
{
	struct memcg_env env;

	memcg_env_init(&env);
	mock_dev(env.fd, env.ioas, 0, &env.dev);
	ioas_map_fixed(env.fd, env.other, env.mem, IOVA, PAGE);
	check_charged(&env, create_copy);
}

static void create_hwpt(struct memcg_env *env, unsigned int nr)
{
	(void)nr;
	hwpt_alloc(env->fd, env->dev.idev, env->ioas);
}

TEST(hwpt)
{
	struct memcg_env env;

	memcg_env_init(&env);
	mock_dev(env.fd, env.ioas, 0, &env.dev);
	check_charged(&env, create_hwpt);
}

static void create_fault_queue(struct memcg_env *env, unsigned int nr)
{
	struct iommu_fault_alloc cmd = { .size = sizeof(cmd) };

	(void)nr;
	ASSERT_RC(__sys_ioctl(env->fd, IOMMU_FAULT_QUEUE_ALLOC, &cmd), 0);
}

TEST(fault_queue)
{
	struct memcg_env env;

	memcg_env_init(&env);
	check_charged(&env, create_fault_queue);
}

static void create_access(struct memcg_env *env, unsigned int nr)
{
	(void)nr;
	ASSERT_OK(__mock_access(env->fd, env->ioas, 0));
}

TEST(access)
{
	struct memcg_env env;

	memcg_env_init(&env);
	check_charged(&env, create_access);
}

static void create_pin(struct memcg_env *env, unsigned int nr)
{
	__u32 id;

	ASSERT_RC(__access_pin(env->fd, env->access, IOVA + nr * IOVA_PAGE,
			       PAGE, NULL, 0, &id),
		  0);
}

TEST(pin)
{
	struct memcg_env env;

	memcg_env_init(&env);
	memset(env.mem, 1, NR * PAGE);
	ioas_map_fixed(env.fd, env.ioas, env.mem, IOVA, NR * PAGE);
	env.access = (int)ASSERT_OK(__mock_access(
		env.fd, env.ioas, MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES));
	check_charged(&env, create_pin);
}

static void memcg_env_init_nested(struct memcg_env *env)
{
	memcg_env_init(env);
	mock_dev(env->fd, env->ioas, 0, &env->dev);
	ioas_map_fixed(env->fd, env->ioas, env->mem, IOVA, PAGE);
	ASSERT_RC(__hwpt_alloc(env->fd, env->dev.idev, env->ioas,
			       IOMMU_HWPT_ALLOC_NEST_PARENT, &env->hwpt),
		  0);
}

static __u32 memcg_viommu(const struct memcg_env *env)
{
	return mock_viommu(env->fd, env->dev.idev, env->hwpt);
}

static void create_viommu(struct memcg_env *env, unsigned int nr)
{
	(void)nr;
	memcg_viommu(env);
}

TEST(viommu)
{
	struct memcg_env env;

	memcg_env_init_nested(&env);
	check_charged(&env, create_viommu);
}

/* A vIOMMU has one queue of each type. */
static void create_event_queue(struct memcg_env *env, unsigned int nr)
{
	struct iommu_veventq_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = memcg_viommu(env),
		.type = IOMMU_VEVENTQ_TYPE_SELFTEST,
		.veventq_depth = 4,
	};

	(void)nr;
	ASSERT_RC(__sys_ioctl(env->fd, IOMMU_VEVENTQ_ALLOC, &cmd), 0);
}

TEST(viommu_event_queue)
{
	struct memcg_env env;

	memcg_env_init_nested(&env);
	check_charged(&env, create_event_queue);
}

static void create_hw_queue(struct memcg_env *env, unsigned int nr)
{
	struct iommu_hw_queue_alloc cmd = {
		.size = sizeof(cmd),
		.viommu_id = memcg_viommu(env),
		.type = IOMMU_HW_QUEUE_TYPE_SELFTEST,
		.nesting_parent_iova = IOVA,
		.length = PAGE,
	};

	(void)nr;
	ASSERT_RC(__sys_ioctl(env->fd, IOMMU_HW_QUEUE_ALLOC, &cmd), 0);
}

TEST(viommu_hw_queue)
{
	struct memcg_env env;

	memcg_env_init_nested(&env);
	check_charged(&env, create_hw_queue);
}

/* The mock gives one PASID a meaning of its own. */
static void create_attachment(struct memcg_env *env, unsigned int nr)
{
	const __u32 pasid = nr + 1;
	struct iommu_test_cmd cmd = {
		.pasid_attach = {
			.pasid = pasid < IOMMU_TEST_PASID_RESERVED ? pasid :
								     pasid + 1,
			.pt_id = env->hwpt,
		},
	};

	ASSERT_RC(__mock_op(env->fd, IOMMU_TEST_OP_PASID_ATTACH, env->dev.stdev,
			    &cmd),
		  0);
}

TEST(pasid)
{
	struct memcg_env env;

	memcg_env_init(&env);
	mock_dev(env.fd, env.ioas, MOCK_FLAGS_DEVICE_PASID, &env.dev);
	ASSERT_RC(__hwpt_alloc(env.fd, env.dev.idev, env.ioas,
			       IOMMU_HWPT_ALLOC_PASID, &env.hwpt),
		  0);
	ASSERT_RC(__mock_replace(env.fd, env.dev.stdev, env.hwpt), 0);
	check_charged(&env, create_attachment);
}

static void create_file_mapping(struct memcg_env *env, unsigned int nr)
{
	__u64 iova = IOVA + nr * IOVA_PAGE;

	ASSERT_RC(__ioas_map_file(env->fd, env->ioas, env->file, 0, PAGE,
				  DMA_RW, &iova),
		  0);
}

TEST(memfd)
{
	struct memcg_env env;

	memcg_env_init(&env);
	env.file = dmabuf_memfd(PAGE, 0);
	check_charged(&env, create_file_mapping);
}

TEST(dmabuf)
{
	struct memcg_env env;

	memcg_env_init(&env);
	mock_dev(env.fd, env.ioas, 0, &env.dev);
	env.file = mock_dmabuf(env.fd, PAGE, O_RDWR);
	check_charged(&env, create_file_mapping);
}
