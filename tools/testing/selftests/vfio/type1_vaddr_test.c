// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_UPDATE_VADDR: the memory of mappings moves to another address or to
 * another process. The same tests run on the kernel's own VFIO.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "container.h"
#include "edu.h"
#include "harness.h"
#include "pci.h"
#include "sample.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
#define IOVA2 0x20000000ULL
#define SIZE MIB(2)
#define RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)
#define UNMAP_VADDR VFIO_DMA_UNMAP_FLAG_VADDR
#define MAP_VADDR VFIO_DMA_MAP_FLAG_VADDR
#define ALL VFIO_DMA_UNMAP_FLAG_ALL
#define AFTER_EXEC "SELFTEST_AFTER_EXEC"

/* Kernels before 7 took a wrap for any other wrong argument. */
static int wrap_errno(void)
{
	return sys_kernel_before(7, 0) ? -EINVAL : -EOVERFLOW;
}

static int __invalidate(int container, __u64 iova, __u64 size, __u32 flags,
			__u64 *bytes)
{
	return __container_unmap(container, iova, size, flags | UNMAP_VADDR,
				 bytes);
}

static void invalidate(int container, __u64 iova, __u64 size)
{
	__u64 bytes;

	ASSERT_RC(__invalidate(container, iova, size, 0, &bytes), 0);
	ASSERT_EQ(bytes, size);
}

static int __restore(int container, const void *vaddr, __u64 iova, __u64 size)
{
	return __container_map(container, vaddr, iova, size, MAP_VADDR);
}

static void restore(int container, const void *vaddr, __u64 iova, __u64 size)
{
	ASSERT_RC(__restore(container, vaddr, iova, size), 0);
}

/* A container with a type, and a group to keep it. */
static int ready(enum backend backend, unsigned long type)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int container = container_open(backend);
	int group = group_open(bdf);

	ASSERT_RC(__container_extension(container, VFIO_UPDATE_VADDR), 0);
	group_set_container(group, container);
	ASSERT_RC(__container_extension(container, VFIO_UPDATE_VADDR), 0);
	ASSERT_RC(__container_set_iommu(container, type), 0);
	ASSERT_RC(__container_extension(container, VFIO_UPDATE_VADDR), 1);
	return container;
}

static int ready_v2(enum backend backend)
{
	return ready(backend, VFIO_TYPE1v2_IOMMU);
}

TEST_OVER(flags, BACKENDS_LEGACY)
{
	int container = ready_v2(backend);
	char *buf = sys_mmap_anon(2 * PAGE);

	container_map(container, buf, IOVA, PAGE);
	invalidate(container, IOVA, PAGE);
	/* A new mapping, or a new address, but not both. */
	ASSERT_RC(__container_map(container, buf, IOVA, PAGE, MAP_VADDR | RW),
		  -EINVAL);
	ASSERT_RC(__container_map(container, buf, IOVA, PAGE,
				  MAP_VADDR | VFIO_DMA_MAP_FLAG_READ),
		  -EINVAL);
	ASSERT_RC(__container_map(container, buf, IOVA, PAGE,
				  MAP_VADDR | VFIO_DMA_MAP_FLAG_WRITE),
		  -EINVAL);
	ASSERT_RC(__container_map(container, buf, IOVA, PAGE, MAP_VADDR | 8),
		  -EINVAL);
	restore(container, buf, IOVA, PAGE);
	ASSERT_RC(__invalidate(container, IOVA, PAGE, 8, NULL), -EINVAL);
	ASSERT_RC(__invalidate(container, IOVA, PAGE,
			       VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP, NULL),
		  -EINVAL);
	ASSERT_RC(__invalidate(container, 0, 0,
			       VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP | ALL,
			       NULL),
		  -EINVAL);
	/* None of these made it invalid. */
	ASSERT_RC(__restore(container, buf, IOVA, PAGE), -EINVAL);
}

TEST_OVER(invalidate_errnos, BACKENDS_LEGACY)
{
	int container = ready_v2(backend);
	char *buf = sys_mmap_anon(4 * PAGE);
	__u64 bytes = 0;

	container_map(container, buf, IOVA, 4 * PAGE);
	ASSERT_RC(__invalidate(container, IOVA, 0, 0, NULL), -EINVAL);
	ASSERT_RC(__invalidate(container, IOVA + 1, PAGE, 0, NULL), -EINVAL);
	ASSERT_RC(__invalidate(container, IOVA, PAGE + 1, 0, NULL), -EINVAL);
	ASSERT_RC(__invalidate(container, IOVA, 0, ALL, NULL), -EINVAL);
	ASSERT_RC(__invalidate(container, 0, PAGE, ALL, NULL), -EINVAL);
	ASSERT_RC(__invalidate(container, -IOVA_PAGE, 2 * IOVA_PAGE, 0, NULL),
		  wrap_errno());
	/* Not without what is left of it. */
	ASSERT_RC(__invalidate(container, IOVA, 3 * PAGE, 0, &bytes), -EINVAL);
	ASSERT_EQ(bytes, 3 * PAGE);
	ASSERT_RC(__invalidate(container, IOVA + PAGE, 3 * PAGE, 0, NULL),
		  -EINVAL);
	ASSERT_RC(__invalidate(container, IOVA + PAGE, 8 * PAGE, 0, NULL),
		  -EINVAL);
	ASSERT_RC(__invalidate(container, IOVA + PAGE, PAGE, 0, NULL), -EINVAL);
	/* Nothing there is fine. */
	ASSERT_RC(__invalidate(container, IOVA2, SIZE, 0, &bytes), 0);
	ASSERT_EQ(bytes, 0);
	ASSERT_RC(__restore(container, buf, IOVA, 4 * PAGE), -EINVAL);
	/* More than the mapping is fine, too. */
	ASSERT_RC(__invalidate(container, IOVA - PAGE, 8 * PAGE, 0, &bytes), 0);
	ASSERT_EQ(bytes, 4 * PAGE);
	ASSERT_RC(__invalidate(container, IOVA, 4 * PAGE, 0, &bytes), -EINVAL);
	ASSERT_EQ(bytes, 4 * PAGE);
	restore(container, buf, IOVA, 4 * PAGE);
}

TEST_OVER(restore_errnos, BACKENDS_LEGACY)
{
	int container = ready_v2(backend);
	char *buf = sys_mmap_anon(4 * PAGE);

	container_map(container, buf, IOVA, 2 * PAGE);
	container_map(container, buf + 2 * PAGE, IOVA + 2 * PAGE, 2 * PAGE);
	invalidate(container, IOVA, 4 * PAGE);

	ASSERT_RC(__restore(container, buf, IOVA2, PAGE), -ENOENT);
	ASSERT_RC(__restore(container, buf, IOVA - PAGE, PAGE), -ENOENT);
	ASSERT_RC(__restore(container, buf, IOVA, 0), -EINVAL);
	ASSERT_RC(__restore(container, buf, IOVA, PAGE), -EINVAL);
	ASSERT_RC(__restore(container, buf, IOVA + PAGE, PAGE), -EINVAL);
	ASSERT_RC(__restore(container, buf, IOVA, 3 * PAGE), -EINVAL);
	ASSERT_RC(__restore(container, buf, IOVA, 4 * PAGE), -EINVAL);
	ASSERT_RC(__restore(container, buf, IOVA - PAGE, 3 * PAGE), -EINVAL);
	ASSERT_RC(__restore(container, buf + 1, IOVA, 2 * PAGE), -EINVAL);
	ASSERT_RC(__restore(container, buf, IOVA + 1, 2 * PAGE), -EINVAL);
	ASSERT_RC(__restore(container, buf, IOVA, 2 * PAGE + 1), -EINVAL);
	ASSERT_RC(__restore(container, buf, -IOVA_PAGE, 2 * IOVA_PAGE),
		  wrap_errno());
	if (sizeof(void *) == sizeof(__u64))
		ASSERT_RC(__restore(container, (void *)-PAGE, IOVA, 2 * PAGE),
			  wrap_errno());

	restore(container, buf, IOVA, 2 * PAGE);
	ASSERT_RC(__restore(container, buf, IOVA, 2 * PAGE), -EINVAL);
	restore(container, buf + 2 * PAGE, IOVA + 2 * PAGE, 2 * PAGE);
	ASSERT_RC(__restore(container, buf, IOVA + 2 * PAGE, 2 * PAGE),
		  -EINVAL);
}

/* One that is invalid already spoils it for all of them. */
TEST_OVER(invalidate_rolls_back, BACKENDS_LEGACY)
{
	int container = ready_v2(backend);
	char *buf = sys_mmap_anon(4 * PAGE);
	__u64 bytes;
	int i;

	for (i = 0; i < 4; i++)
		container_map(container, buf + i * PAGE, IOVA + i * PAGE, PAGE);
	invalidate(container, IOVA + 2 * PAGE, PAGE);
	ASSERT_RC(__invalidate(container, IOVA, 4 * PAGE, 0, &bytes), -EINVAL);
	ASSERT_EQ(bytes, 4 * PAGE);
	ASSERT_RC(__invalidate(container, 0, 0, ALL, &bytes), -EINVAL);
	for (i = 0; i < 4; i++)
		ASSERT_RC(__restore(container, buf + i * PAGE, IOVA + i * PAGE,
				    PAGE),
			  i == 2 ? 0 : -EINVAL);
	ASSERT_RC(__invalidate(container, 0, 0, ALL, &bytes), 0);
	ASSERT_EQ(bytes, 4 * PAGE);
	for (i = 0; i < 4; i++)
		restore(container, buf + i * PAGE, IOVA + i * PAGE, PAGE);
	container_unmap(container, IOVA, 4 * PAGE);
	ASSERT_RC(__invalidate(container, 0, 0, ALL, &bytes), 0);
	ASSERT_EQ(bytes, 0);
}

/* The first version goes by the first IOVA of a mapping, as in its unmap. */
TEST_OVER(version_1, BACKENDS_LEGACY)
{
	int container = ready(backend, VFIO_TYPE1_IOMMU);
	char *buf = sys_mmap_anon(4 * PAGE);
	__u64 bytes;

	container_map(container, buf, IOVA, 2 * PAGE);
	container_map(container, buf + 2 * PAGE, IOVA + 2 * PAGE, 2 * PAGE);
	ASSERT_RC(__invalidate(container, IOVA + PAGE, 3 * PAGE, 0, &bytes), 0);
	ASSERT_EQ(bytes, 0);
	ASSERT_RC(__invalidate(container, IOVA, 3 * PAGE, 0, &bytes), 0);
	ASSERT_EQ(bytes, 4 * PAGE);
	ASSERT_RC(__invalidate(container, IOVA, PAGE, 0, &bytes), -EINVAL);
	restore(container, buf, IOVA, 2 * PAGE);
	ASSERT_RC(__invalidate(container, IOVA, 3 * PAGE, 0, &bytes), -EINVAL);
	restore(container, buf + 2 * PAGE, IOVA + 2 * PAGE, 2 * PAGE);
	ASSERT_RC(__restore(container, buf, IOVA, 2 * PAGE), -EINVAL);
	ASSERT_RC(__invalidate(container, 0, 0, ALL, &bytes), 0);
	ASSERT_EQ(bytes, 4 * PAGE);
}

/* What is invalid is mapped nevertheless, and goes as other mappings do. */
TEST_OVER(map_and_unmap_while_invalid, BACKENDS_LEGACY)
{
	int container = ready_v2(backend);
	char *buf = sys_mmap_anon(4 * PAGE);
	unsigned int avail = container_dma_avail(container);

	container_map(container, buf, IOVA, PAGE);
	container_map(container, buf + PAGE, IOVA + PAGE, PAGE);
	invalidate(container, IOVA, 2 * PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), 2 * PAGE);
	ASSERT_EQ(container_dma_avail(container), avail - 2);
	ASSERT_RC(__container_map(container, buf, IOVA, PAGE, RW), -EEXIST);
	container_map(container, buf + 2 * PAGE, IOVA + 2 * PAGE, PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), 3 * PAGE);
	container_unmap(container, IOVA, PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), 2 * PAGE);
	ASSERT_RC(__restore(container, buf, IOVA, PAGE), -ENOENT);
	/* A new mapping at the old place is valid. */
	container_map(container, buf, IOVA, PAGE);
	ASSERT_RC(__restore(container, buf, IOVA, PAGE), -EINVAL);
	ASSERT_RC(__restore(container, buf, IOVA + PAGE, PAGE), 0);
	ASSERT_RC(__container_unmap(container, 0, 0, ALL, NULL), 0);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
}

/** struct guest - an edu device, and memory for it that can be passed on */
struct guest {
	/** @edu: the device */
	struct edu *edu;
	/** @container: where @mem is mapped at IOVA */
	int container;
	/** @file: the memory */
	int file;
	/** @mem: SIZE bytes of it */
	char *mem;
};

static char *map_file(int file)
{
	char *mem =
		mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	ASSERT(mem != MAP_FAILED);
	return mem;
}

static struct guest new_guest(enum backend backend)
{
	struct guest guest;

	guest.edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	guest.container = guest.edu->vdev->space->fd;
	guest.file = memfd_create("selftest", MFD_CLOEXEC);
	ASSERT(guest.file >= 0 && !ftruncate(guest.file, SIZE));
	guest.mem = map_file(guest.file);
	container_map(guest.container, guest.mem, IOVA, SIZE);
	return guest;
}

static void check_dma(struct edu *edu, char *mem, __u64 offset,
		      unsigned int seed)
{
	edu_round_trip(edu, mem + offset, IOVA + offset, seed);
}

/* Devices do not notice, even while the memory has no address at all. */
TEST_OVER(dma_goes_on, BACKENDS_LEGACY)
{
	struct guest guest = new_guest(backend);
	char *other = map_file(guest.file);

	check_dma(guest.edu, guest.mem, 0, 1);
	invalidate(guest.container, IOVA, SIZE);
	check_dma(guest.edu, guest.mem, PAGE, 2);
	sys_munmap(guest.mem, SIZE);
	check_dma(guest.edu, other, SIZE - PAGE, 3);
	ASSERT_EQ(sys_vm_locked(getpid()), SIZE);
	restore(guest.container, other, IOVA, SIZE);
	check_dma(guest.edu, other, 0, 4);
	ASSERT_EQ(sys_vm_locked(getpid()), SIZE);
	ASSERT_EQ(sys_pins_held(), SIZE / PAGE);
	container_unmap(guest.container, IOVA, SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
	edu_close_with_space(guest.edu);
}

TEST_OVER(close_while_invalid, BACKENDS_LEGACY)
{
	struct guest guest = new_guest(backend);

	invalidate(guest.container, IOVA, SIZE);
	edu_close_with_space(guest.edu);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
}

/* A group that comes might need the memory, whose address nobody knows. */
TEST_OVER(attach_while_invalid, BACKENDS_LEGACY)
{
	struct guest guest = new_guest(backend);
	int group = group_open(pci_need(TESTDEV_EDU1));

	invalidate(guest.container, IOVA, SIZE);
	ASSERT_RC(__group_set_container(group, guest.container), -EBUSY);
	ASSERT_EQ(group_flags(group), VFIO_GROUP_FLAGS_VIABLE);
	restore(guest.container, guest.mem, IOVA, SIZE);
	group_set_container(group, guest.container);
	/* One that leaves needs nothing. */
	invalidate(guest.container, IOVA, SIZE);
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_RC(__group_set_container(group, guest.container), -EBUSY);
	container_unmap(guest.container, IOVA, SIZE);
	group_set_container(group, guest.container);
	sys_close(group);
	edu_close_with_space(guest.edu);
}

static int sample_group_open(void)
{
	char path[32];

	sample_load();
	snprintf(path, sizeof(path), "/dev/vfio/%d", sample_group(0));
	return sys_open(path, O_RDWR);
}

/* Software may reach for memory at any time. */
TEST_OVER(not_with_software_devices, BACKENDS_LEGACY)
{
	struct guest guest = new_guest(backend);
	int group = sample_group_open();

	invalidate(guest.container, IOVA, SIZE);
	ASSERT_RC(__group_set_container(group, guest.container), -EBUSY);
	restore(guest.container, guest.mem, IOVA, SIZE);

	group_set_container(group, guest.container);
	ASSERT_RC(__container_extension(guest.container, VFIO_UPDATE_VADDR), 0);
	ASSERT_RC(__invalidate(guest.container, IOVA, SIZE, 0, NULL), -EBUSY);
	ASSERT_RC(__invalidate(guest.container, IOVA, 0, 0, NULL), -EBUSY);
	ASSERT_RC(__invalidate(guest.container, 0, 0, ALL, NULL), -EBUSY);
	ASSERT_RC(__invalidate(guest.container, 1, 1, 0, NULL), -EBUSY);
	ASSERT_RC(__restore(guest.container, guest.mem, IOVA, SIZE), -EINVAL);
	ASSERT_RC(__restore(guest.container, guest.mem, IOVA2, SIZE), -ENOENT);
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_RC(__container_extension(guest.container, VFIO_UPDATE_VADDR), 1);
	invalidate(guest.container, IOVA, SIZE);
	sys_close(group);
	edu_close_with_space(guest.edu);
}

/* What is pinned later is what is found at the new address. */
TEST_OVER(new_address_counts, BACKENDS_LEGACY)
{
	struct guest guest = new_guest(backend);
	struct space *space = guest.edu->vdev->space;
	struct space_group *group = space->groups;
	char *other = sys_mmap_anon(SIZE);
	char page[PAGE];
	int fd;

	fill_pattern(guest.mem, SIZE, 1);
	fill_pattern(other, SIZE, 2);
	invalidate(guest.container, IOVA, SIZE);
	restore(guest.container, other, IOVA, SIZE);
	/* Which it is not as long as the device has the old memory. */
	edu_load(guest.edu, IOVA, PAGE);
	edu_store(guest.edu, IOVA + PAGE, PAGE);
	ASSERT(is_pattern(guest.mem + PAGE, PAGE, 1));

	fd = sample_open_in(space, 0);
	edu_close(guest.edu);
	ASSERT_RC(__group_unset_container(group->fd), 0);
	ASSERT_EQ(sys_pins_held(), 0);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	sys_munmap(guest.mem, SIZE);
	sample_pin(fd, IOVA, 1);
	sample_peek(fd, IOVA, page, PAGE);
	ASSERT(!memcmp(page, other, PAGE));
	ASSERT_EQ(sys_vm_locked(getpid()), PAGE);
	sys_close(fd);
	space_close(space);
}

TEST_OVER(software_devices_alone, BACKENDS_LEGACY)
{
	int container = container_open(backend);
	int group = sample_group_open();

	group_set_container(group, container);
	container_set_iommu(container);
	ASSERT_RC(__container_extension(container, VFIO_UPDATE_VADDR), 0);
	ASSERT_RC(__invalidate(container, IOVA, SIZE, 0, NULL), -EBUSY);
	sys_close(group);
	sys_close(container);
}

/* What a process needs to take over, in this order. */
enum { FD_CONTAINER, FD_GROUP, FD_DEVICE, FD_FILE, NR_FDS };

static void get_fds(const struct guest *guest, int *fds)
{
	fds[FD_CONTAINER] = guest->container;
	fds[FD_GROUP] = guest->edu->vdev->space->groups->fd;
	fds[FD_DEVICE] = guest->edu->vdev->fd;
	fds[FD_FILE] = guest->file;
}

/* The device and the memory as a process has them that was given the files. */
static struct guest take_over(const int *fds)
{
	static struct space space;
	static struct vdev vdev;
	static struct edu edu;
	struct guest guest = {
		.edu = &edu,
		.container = fds[FD_CONTAINER],
		.file = fds[FD_FILE],
	};

	space.backend = BACKEND_CONTAINER;
	space.fd = fds[FD_CONTAINER];
	vdev.space = &space;
	vdev.fd = fds[FD_DEVICE];
	edu.vdev = &vdev;
	edu.regs = vdev_mmap(&vdev, VFIO_PCI_BAR0_REGION_INDEX, NULL);
	guest.mem = map_file(guest.file);
	return guest;
}

/* The second half of the test below, in the same process. */
static void after_exec(const char *words)
{
	struct guest guest;
	int fds[NR_FDS], got;

	got = sscanf(words, "%d %d %d %d", &fds[0], &fds[1], &fds[2], &fds[3]);
	ASSERT_EQ(got, NR_FDS);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), SIZE / PAGE);
	guest = take_over(fds);
	/* The engine still has what it has read before. */
	edu_store(guest.edu, IOVA + PAGE, PAGE);
	ASSERT(is_pattern(guest.mem + PAGE, PAGE, 7));
	check_dma(guest.edu, guest.mem, 0, 8);

	sys_drop_ipc_lock();
	sys_set_memlock(SIZE - PAGE);
	ASSERT_RC(__restore(guest.container, guest.mem, IOVA, SIZE), -ENOMEM);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	sys_set_memlock(SIZE);
	restore(guest.container, guest.mem, IOVA, SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), SIZE);
	ASSERT_RC(__container_map(guest.container, guest.mem, IOVA2, PAGE, RW),
		  -ENOMEM);
	check_dma(guest.edu, guest.mem, 2 * PAGE, 9);
	container_unmap(guest.container, IOVA, SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
	_exit(RESULT_PASS);
}

__attribute__((constructor)) static void go_on_after_exec(void)
{
	const char *words = getenv(AFTER_EXEC);

	if (words)
		after_exec(words);
}

TEST_OVER(through_exec, BACKENDS_LEGACY)
{
	struct guest guest = new_guest(backend);
	int fds[NR_FDS], i;
	char words[64];

	fill_pattern(guest.mem, PAGE, 7);
	edu_load(guest.edu, IOVA, PAGE);
	invalidate(guest.container, IOVA, SIZE);
	get_fds(&guest, fds);
	for (i = 0; i < NR_FDS; i++)
		ASSERT(!fcntl(fds[i], F_SETFD, 0));
	snprintf(words, sizeof(words), "%d %d %d %d", fds[0], fds[1], fds[2],
		 fds[3]);
	ASSERT(!setenv(AFTER_EXEC, words, 1));
	execl("/proc/self/exe", "after_exec", NULL);
	FAIL("exec: %s", strerror(errno));
}

/* Room for the files in a message, as the system wants it. */
union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(NR_FDS * sizeof(int))];
};

static void init_message(struct msghdr *message, struct iovec *iov, char *byte,
			 union control *control)
{
	memset(control, 0, sizeof(*control));
	iov->iov_base = byte;
	iov->iov_len = 1;
	message->msg_iov = iov;
	message->msg_iovlen = 1;
	message->msg_control = control;
	message->msg_controllen = sizeof(control->room);
}

static void send_fds(int sock, const int *fds)
{
	struct msghdr message = {};
	union control control;
	struct cmsghdr *cmsg;
	struct iovec iov;
	char byte = 0;

	init_message(&message, &iov, &byte, &control);
	cmsg = CMSG_FIRSTHDR(&message);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(NR_FDS * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, NR_FDS * sizeof(int));
	ASSERT(sendmsg(sock, &message, 0) == 1);
}

static void receive_fds(int sock, int *fds)
{
	struct msghdr message = {};
	union control control;
	struct iovec iov;
	char byte;

	init_message(&message, &iov, &byte, &control);
	ASSERT(recvmsg(sock, &message, 0) == 1);
	ASSERT(CMSG_FIRSTHDR(&message));
	memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&message)), NR_FDS * sizeof(int));
}

static void say(int sock)
{
	ASSERT(write(sock, "", 1) == 1);
}

static void hear(int sock)
{
	char byte;

	ASSERT(read(sock, &byte, 1) == 1);
}

/* Another process, which has none of the files but by the socket. */
static void heir(void *arg)
{
	int sock = *(int *)arg;
	struct guest guest;
	int fds[NR_FDS];

	receive_fds(sock, fds);
	sys_drop_ipc_lock();
	sys_set_memlock(SIZE - PAGE);
	guest = take_over(fds);
	check_dma(guest.edu, guest.mem, 0, 10);
	/* What it cannot pay for stays as it was. */
	ASSERT_RC(__restore(guest.container, guest.mem, IOVA, SIZE), -ENOMEM);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_vm_locked(getppid()), SIZE);
	sys_set_memlock(SIZE);
	ASSERT_RC(__restore(guest.container, guest.mem, IOVA, SIZE - PAGE),
		  -EINVAL);
	restore(guest.container, guest.mem, IOVA, SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), SIZE);
	ASSERT_EQ(sys_vm_locked(getppid()), 0);
	ASSERT_RC(__container_map(guest.container, guest.mem, IOVA2, PAGE, RW),
		  -ENOMEM);
	ASSERT_EQ(sys_vm_locked(getpid()), SIZE);
	check_dma(guest.edu, guest.mem, PAGE, 11);
	say(sock);
	hear(sock);
	/* Whoever unmaps it, it was ours. */
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_vm_locked(getppid()), SIZE);
}

TEST_OVER(to_another_process, BACKENDS_LEGACY)
{
	struct guest guest;
	int fds[NR_FDS];
	char *more;
	int socks[2];
	pid_t pid;

	ASSERT(!socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	pid = child_start(heir, &socks[1]);
	sys_drop_ipc_lock();
	sys_set_memlock(SIZE);
	guest = new_guest(backend);
	more = sys_mmap_anon(SIZE);
	ASSERT_RC(__container_map(guest.container, more, IOVA2, SIZE, RW),
		  -ENOMEM);
	invalidate(guest.container, IOVA, SIZE);
	get_fds(&guest, fds);
	send_fds(socks[0], fds);
	hear(socks[0]);
	/* The limit is free for other memory. */
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	container_map(guest.container, more, IOVA2, SIZE);
	container_unmap(guest.container, IOVA, SIZE);
	say(socks[0]);
	child_expect(pid, RESULT_PASS);
	container_unmap(guest.container, IOVA2, SIZE);
	ASSERT_EQ(sys_pins_held(), 0);
	edu_close_with_space(guest.edu);
}

/** struct owner - a process that hands over and goes */
struct owner {
	/** @backend: how it reaches the device */
	enum backend backend;
	/** @sock: where to hand over */
	int sock;
};

static void owner(void *arg)
{
	const struct owner *owner = arg;
	struct guest guest = new_guest(owner->backend);
	int fds[NR_FDS];

	fill_pattern(guest.mem, PAGE, 12);
	edu_load(guest.edu, IOVA, PAGE);
	invalidate(guest.container, IOVA, SIZE);
	get_fds(&guest, fds);
	send_fds(owner->sock, fds);
}

/* Gives a guest of which the process that made it is gone. */
static struct guest inherited(enum backend backend)
{
	struct owner owned = { .backend = backend };
	int socks[2], fds[NR_FDS];

	ASSERT(!socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	owned.sock = socks[1];
	child_expect(child_start(owner, &owned), RESULT_PASS);
	receive_fds(socks[0], fds);
	ASSERT_EQ(sys_pins_held(), SIZE / PAGE);
	return take_over(fds);
}

TEST_OVER(old_process_is_gone, BACKENDS_LEGACY)
{
	struct guest guest = inherited(backend);

	edu_store(guest.edu, IOVA + PAGE, PAGE);
	ASSERT(is_pattern(guest.mem + PAGE, PAGE, 12));
	restore(guest.container, guest.mem, IOVA, SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), SIZE);
	check_dma(guest.edu, guest.mem, 0, 13);
	container_unmap(guest.container, IOVA, SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
}

TEST_OVER(nobody_takes_over, BACKENDS_LEGACY)
{
	struct guest guest = inherited(backend);

	check_dma(guest.edu, guest.mem, 0, 14);
	container_unmap(guest.container, IOVA, SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
}
