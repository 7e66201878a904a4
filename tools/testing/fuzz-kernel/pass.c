// SPDX-License-Identifier: GPL-2.0-only
/* Descriptors that are sent through a socket, each with a number. */
#include "pass.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/** union pass_control - a control message with a descriptor */
union pass_control {
	/** @space: its size */
	char space[CMSG_SPACE(sizeof(int))];
	/** @head: its header */
	struct cmsghdr head;
};

/**
 * pass_fd() - send a descriptor
 * @sock: a socket
 * @fd: the descriptor
 * @word: a number that is sent with it
 *
 * Return: 0 or a negative errno.
 */
int pass_fd(int sock, int fd, __u32 word)
{
	union pass_control control = {};
	struct iovec data = { &word, sizeof(word) };
	struct msghdr msg = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/**
 * take_fd() - receive a descriptor
 * @sock: a socket
 * @word: set to the number that was sent with it
 * @ms: time to wait
 *
 * Return: the descriptor, -EBUSY if none arrives in time, -EIO without one.
 */
int take_fd(int sock, __u32 *word, int ms)
{
	struct pollfd poller = { sock, POLLIN, 0 };
	union pass_control control = {};
	struct iovec data = { word, sizeof(*word) };
	struct msghdr msg = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	if (poll(&poller, 1, ms) != 1)
		return -EBUSY;
	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != sizeof(*word) ||
	    msg.msg_controllen < CMSG_LEN(sizeof(fd)))
		return -EIO;
	memcpy(&fd, CMSG_DATA(&control.head), sizeof(fd));
	return fd;
}
