/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands to the QEMU that runs the guest, by the port that vm-args sets up.
 */
#ifndef SELFTESTS_LIB_MONITOR_H
#define SELFTESTS_LIB_MONITOR_H

int monitor_need(void);
void monitor_run(int fd, const char *command, const char *arguments);
void monitor_wait_event(int fd, const char *event);

#endif
