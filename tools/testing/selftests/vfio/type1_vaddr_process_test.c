// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_UPDATE_VADDR: the memory of mappings moves to another program or
 * process. The same tests run on the kernel's own VFIO.
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
#include "sys.h"
#include "vaddr.h"
#include "vdev.h"

#define MAP_RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)
#define AFTER_EXEC "SELFTEST_AFTER_EXEC"

/* The files that a process needs to take over, in this order. */
enum { FD_CONTAINER, FD_GROUP, FD_DEVICE, FD_FILE, NR_FDS };

static void get_fds(const struct vaddr_guest *guest, int *fds)
{
	fds[FD_CONTAINER] = guest->container;
	fds[FD_GROUP] = guest->edu->vdev->space->groups->fd;
	fds[FD_DEVICE] = guest->edu->vdev->fd;
	fds[FD_FILE] = guest->file;
}

/* Set up the device and the memory in a process that has received the files. */
static struct vaddr_guest take_over(const int *fds)
{
	static struct space space;
	static struct vdev vdev;
	static struct edu edu;
	struct vaddr_guest guest = {
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
	guest.mem = vaddr_map_file(guest.file);
	return guest;
}

/* The second half of through_exec, in the same process. */
static void after_exec(const char *words)
{
	struct vaddr_guest guest;
	int fds[NR_FDS], nr;

	nr = sscanf(words, "%d %d %d %d", &fds[0], &fds[1], &fds[2], &fds[3]);
	ASSERT_EQ(nr, NR_FDS);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), VADDR_SIZE / PAGE);
	guest = take_over(fds);
	/* The engine still has the data that it read before the exec. */
	edu_store(guest.edu, VADDR_IOVA + PAGE, PAGE);
	ASSERT(is_pattern(guest.mem + PAGE, PAGE, 7));
	vaddr_check_dma(&guest, guest.mem, 0, 8);

	sys_drop_ipc_lock();
	sys_set_memlock(VADDR_SIZE - PAGE);
	ASSERT_RC(__vaddr_restore(guest.container, guest.mem, VADDR_IOVA,
				  VADDR_SIZE),
		  -ENOMEM);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	sys_set_memlock(VADDR_SIZE);
	vaddr_restore(guest.container, guest.mem, VADDR_IOVA, VADDR_SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), VADDR_SIZE);
	ASSERT_RC(__container_map(guest.container, guest.mem, VADDR_IOVA2, PAGE,
				  MAP_RW),
		  -ENOMEM);
	vaddr_check_dma(&guest, guest.mem, 2 * PAGE, 9);
	container_unmap(guest.container, VADDR_IOVA, VADDR_SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
	_exit(RESULT_PASS);
}

__attribute__((constructor)) static void check_after_exec(void)
{
	const char *words = getenv(AFTER_EXEC);

	if (words)
		after_exec(words);
}

TEST_OVER(through_exec, BACKENDS_LEGACY)
{
	struct vaddr_guest guest = vaddr_guest_open(backend);
	int fds[NR_FDS], i;
	char words[64];

	fill_pattern(guest.mem, PAGE, 7);
	edu_load(guest.edu, VADDR_IOVA, PAGE);
	vaddr_invalidate(guest.container, VADDR_IOVA, VADDR_SIZE);
	get_fds(&guest, fds);
	for (i = 0; i < NR_FDS; i++)
		ASSERT(!fcntl(fds[i], F_SETFD, 0));
	snprintf(words, sizeof(words), "%d %d %d %d", fds[0], fds[1], fds[2],
		 fds[3]);
	ASSERT(!setenv(AFTER_EXEC, words, 1));
	execl("/proc/self/exe", "after_exec", NULL);
	FAIL("exec: %s", strerror(errno));
}

/* Buffer for the files of a message, aligned for its header. */
union control {
	struct cmsghdr header;
	char data[CMSG_SPACE(NR_FDS * sizeof(int))];
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
	message->msg_controllen = sizeof(control->data);
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

static void send_signal(int sock)
{
	ASSERT(write(sock, "", 1) == 1);
}

static void wait_signal(int sock)
{
	char byte;

	ASSERT(read(sock, &byte, 1) == 1);
}

/* A process that receives the files through the socket and takes over. */
static void next_owner(void *arg)
{
	int sock = *(int *)arg;
	struct vaddr_guest guest;
	int fds[NR_FDS];

	receive_fds(sock, fds);
	sys_drop_ipc_lock();
	sys_set_memlock(VADDR_SIZE - PAGE);
	guest = take_over(fds);
	vaddr_check_dma(&guest, guest.mem, 0, 10);
	/* A restore beyond the limit changes no charge. */
	ASSERT_RC(__vaddr_restore(guest.container, guest.mem, VADDR_IOVA,
				  VADDR_SIZE),
		  -ENOMEM);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_vm_locked(getppid()), VADDR_SIZE);
	sys_set_memlock(VADDR_SIZE);
	ASSERT_RC(__vaddr_restore(guest.container, guest.mem, VADDR_IOVA,
				  VADDR_SIZE - PAGE),
		  -EINVAL);
	vaddr_restore(guest.container, guest.mem, VADDR_IOVA, VADDR_SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), VADDR_SIZE);
	ASSERT_EQ(sys_vm_locked(getppid()), 0);
	ASSERT_RC(__container_map(guest.container, guest.mem, VADDR_IOVA2, PAGE,
				  MAP_RW),
		  -ENOMEM);
	ASSERT_EQ(sys_vm_locked(getpid()), VADDR_SIZE);
	vaddr_check_dma(&guest, guest.mem, PAGE, 11);
	send_signal(sock);
	wait_signal(sock);
	/* The unmap by the other process lowers the charge of this one. */
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_vm_locked(getppid()), VADDR_SIZE);
}

TEST_OVER(to_another_process, BACKENDS_LEGACY)
{
	struct vaddr_guest guest;
	int fds[NR_FDS];
	char *more;
	int socks[2];
	pid_t pid;

	ASSERT(!socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	pid = child_start(next_owner, &socks[1]);
	sys_drop_ipc_lock();
	sys_set_memlock(VADDR_SIZE);
	guest = vaddr_guest_open(backend);
	more = sys_mmap_anon(VADDR_SIZE);
	ASSERT_RC(__container_map(guest.container, more, VADDR_IOVA2,
				  VADDR_SIZE, MAP_RW),
		  -ENOMEM);
	vaddr_invalidate(guest.container, VADDR_IOVA, VADDR_SIZE);
	get_fds(&guest, fds);
	send_fds(socks[0], fds);
	wait_signal(socks[0]);
	/* The charge has moved, so other memory fits into the limit. */
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	container_map(guest.container, more, VADDR_IOVA2, VADDR_SIZE);
	container_unmap(guest.container, VADDR_IOVA, VADDR_SIZE);
	send_signal(socks[0]);
	child_expect(pid, RESULT_PASS);
	container_unmap(guest.container, VADDR_IOVA2, VADDR_SIZE);
	ASSERT_EQ(sys_pins_held(), 0);
	edu_close_with_space(guest.edu);
}

/** struct owner - a process that hands the files over and exits */
struct owner {
	/** @backend: backend that it opens the device with */
	enum backend backend;
	/** @sock: socket to send the files to */
	int sock;
};

static void owner_run(void *arg)
{
	const struct owner *owner = arg;
	struct vaddr_guest guest = vaddr_guest_open(owner->backend);
	int fds[NR_FDS];

	fill_pattern(guest.mem, PAGE, 12);
	edu_load(guest.edu, VADDR_IOVA, PAGE);
	vaddr_invalidate(guest.container, VADDR_IOVA, VADDR_SIZE);
	get_fds(&guest, fds);
	send_fds(owner->sock, fds);
}

/* Take over from a process that has exited. */
static struct vaddr_guest take_over_from_exited(enum backend backend)
{
	struct owner owner = { .backend = backend };
	int socks[2], fds[NR_FDS];

	ASSERT(!socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	owner.sock = socks[1];
	child_expect(child_start(owner_run, &owner), RESULT_PASS);
	receive_fds(socks[0], fds);
	ASSERT_EQ(sys_pins_held(), VADDR_SIZE / PAGE);
	return take_over(fds);
}

TEST_OVER(old_process_has_exited, BACKENDS_LEGACY)
{
	struct vaddr_guest guest = take_over_from_exited(backend);

	edu_store(guest.edu, VADDR_IOVA + PAGE, PAGE);
	ASSERT(is_pattern(guest.mem + PAGE, PAGE, 12));
	vaddr_restore(guest.container, guest.mem, VADDR_IOVA, VADDR_SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), VADDR_SIZE);
	vaddr_check_dma(&guest, guest.mem, 0, 13);
	container_unmap(guest.container, VADDR_IOVA, VADDR_SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
}

TEST_OVER(not_restored, BACKENDS_LEGACY)
{
	struct vaddr_guest guest = take_over_from_exited(backend);

	vaddr_check_dma(&guest, guest.mem, 0, 14);
	container_unmap(guest.container, VADDR_IOVA, VADDR_SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
}
