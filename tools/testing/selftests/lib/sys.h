/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls that return -errno, and small helpers for all tests. */
#ifndef SELFTESTS_LIB_SYS_H
#define SELFTESTS_LIB_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../../../../compat/changes.h"

#define KIB(n) ((n) * 1024ULL)
#define MIB(n) ((n) * 1024ULL * 1024)
#define GIB(n) ((n) * 1024ULL * 1024 * 1024)

/* Page size of the kernel; the Makefile sets another one than that of most machines. */
#ifndef PAGE
#define PAGE 4096UL
#endif
/* The same for IOVA arithmetic, which has 64 bits in every program. */
#define IOVA_PAGE ((unsigned long long)PAGE)

/* User address in the first page, which no process maps. */
#define BAD_PTR ((void *)8)

bool sys_is_x86(void);
int __sys_ioctl(int fd, unsigned long cmd, void *arg);
int __sys_ioctl_val(int fd, unsigned long cmd, unsigned long arg);
int __sys_open(const char *path, int flags);
int sys_open(const char *path, int flags);
void sys_close(int fd);

void *sys_zalloc(size_t size);
void *sys_mmap_anon(size_t size);
void *sys_mmap_huge_aligned(size_t size);
void sys_munmap(void *addr, size_t size);

void sys_load_module(const char *path);
int __sys_write_file(const char *path, const char *text);
long long sys_read_number(const char *path, const char *key);
long long sys_vm_locked(pid_t pid);
long long sys_vm_pinned(pid_t pid);
void sys_refresh_stat(void);
long long sys_pins_held(void);
void sys_set_memlock(unsigned long long bytes);
void sys_drop_cap(unsigned int cap);
void sys_drop_ipc_lock(void);
bool sys_kernel_has(int change);

bool sys_is_stuck(pid_t task, const char *function);

int sys_eventfd(void);
void sys_eventfd_wait(int fd);
unsigned long long sys_eventfd_take(int fd);

void fill_pattern(void *buf, size_t size, unsigned int seed);
bool is_pattern(const void *buf, size_t size, unsigned int seed);
bool is_byte(const void *buf, size_t size, unsigned char byte);

#endif
