/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel shows of open files: fdinfo, debugfs and trace events. */
#ifndef SELFTESTS_LIB_OBSERVE_H
#define SELFTESTS_LIB_OBSERVE_H

#include <stdbool.h>
#include <stddef.h>

/* Enough for any line of fdinfo or debugfs. */
#define OBSERVE_LINE 1024
/* Enough for the name of a device. */
#define OBSERVE_NAME 64

bool fdinfo_line(int fd, const char *key, unsigned int nth,
		 char line[OBSERVE_LINE]);
void fdinfo_need(int fd, const char *key, char line[OBSERVE_LINE]);
unsigned long long fdinfo_number(int fd, const char *key);
unsigned long long fdinfo_field(int fd, const char *key, const char *field);
__attribute__((format(printf, 3, 4))) void
fdinfo_expect(int fd, const char *key, const char *fmt, ...);
void fdinfo_device_name(int fd, unsigned int nth, char name[OBSERVE_NAME]);

char *areas_path(int fd);
char *areas_read(int fd);
bool areas_find(const char *areas, const char *start, char line[OBSERVE_LINE]);
__attribute__((format(printf, 2, 3))) void areas_expect(const char *areas,
							const char *fmt, ...);

void events_begin(const char *const *events);
char *events_take(void);
__attribute__((format(printf, 2, 3))) void events_need(const char *events,
						       const char *fmt, ...);
__attribute__((format(printf, 3, 4))) void
events_expect(const char *events, unsigned int nr, const char *fmt, ...);

#endif
