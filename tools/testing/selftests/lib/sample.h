/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sample device, an emulated device: its module and the ioctls of its
 * driver. A function that begins with __ returns -errno.
 */
#ifndef SELFTESTS_LIB_SAMPLE_H
#define SELFTESTS_LIB_SAMPLE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "../../modules/vfio_sample/vfio_sample_abi.h"
#include "space.h"

#define SAMPLE_RW (VFIO_SAMPLE_READ | VFIO_SAMPLE_WRITE)

/* Maximum number of pages that a driver may pin at once. */
#define SAMPLE_MAX_PIN 512

/* IOVA and number of the pages that struct sample_setup has mapped. */
#define SAMPLE_IOVA 0x10000000ULL
#define SAMPLE_NR 16

/** struct sample_setup - a device with some memory mapped */
struct sample_setup {
	/** @space: the address space */
	struct space *space;
	/** @fd: the device */
	int fd;
	/** @mem: SAMPLE_NR pages that are mapped at SAMPLE_IOVA */
	char *mem;
};

bool sample_stock(void);
void sample_load(void);
void sample_unload(void);
int sample_group(unsigned int nr);
void sample_cdev_path(unsigned int nr, char *path, size_t size);

int sample_open_in(struct space *space, unsigned int nr);
struct sample_setup sample_set_up(enum backend backend, unsigned int prot);
void sample_tear_down(struct sample_setup *s);

int __sample_pin(int fd, __u64 iova, int nr, unsigned int flags);
void sample_pin(int fd, __u64 iova, int nr);
int __sample_unpin(int fd, __u64 iova, int nr);
void sample_unpin(int fd, __u64 iova, int nr);
void sample_peek(int fd, __u64 iova, void *buf, int size);
void sample_poke(int fd, __u64 iova, const void *buf, int size);
int __sample_rw(int fd, __u64 iova, void *buf, int size, unsigned int flags);
void sample_stats(int fd, struct vfio_sample_stats *stats);
unsigned int sample_pinned(int fd);

#endif
