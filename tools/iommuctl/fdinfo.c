// SPDX-License-Identifier: GPL-2.0-only
/* What the modules report in /proc/PID/fdinfo of their files. */
#include <stdlib.h>
#include <string.h>

#include "fdinfo.h"
#include "root.h"
#include "text.h"

static void fdinfo_add_ioas(struct pool *pool, struct fdinfo *info,
			    const char *value)
{
	struct fdinfo_ioas *ioas;

	ioas = pool_add(pool, &info->ioas, &info->nr_ioas, sizeof(*ioas));
	ioas->id = text_word_number(value, "id");
	ioas->areas = text_word_number(value, "areas");
	ioas->mapped = text_word_number(value, "mapped");
	ioas->pinned = text_word_number(value, "pinned");
	ioas->domains = text_word_number(value, "domains");
}

static void fdinfo_add_hwpt(struct pool *pool, struct fdinfo *info,
			    const char *value)
{
	struct fdinfo_hwpt *hwpt;

	hwpt = pool_add(pool, &info->hwpts, &info->nr_hwpts, sizeof(*hwpt));
	hwpt->id = text_word_number(value, "id");
	hwpt->ioas = text_word_number(value, "ioas");
	hwpt->devices = text_word_number(value, "devices");
	hwpt->kind = text_word(pool, value, "kind");
	hwpt->dirty = text_word(pool, value, "dirty");
}

static void fdinfo_add_device(struct pool *pool, struct fdinfo *info,
			      const char *value)
{
	struct fdinfo_device *device;

	device = pool_add(pool, &info->devices, &info->nr_devices,
			  sizeof(*device));
	device->id = text_word_number(value, "id");
	device->hwpt = text_word_number(value, "hwpt");
	device->ioas = text_word_number(value, "ioas");
	device->name = text_word(pool, value, "name");
}

static int fdinfo_context_number(const char *value)
{
	uint64_t number;

	return text_number(value, 10, INT32_MAX, &number) ? (int)number : -1;
}

/* Lines of the VFIO core of later kernels are understood as well. */
static void fdinfo_vfio_line(struct pool *pool, struct fdinfo *info,
			     const char *key, char *value)
{
	const char *name;

	if (!strcmp(key, "device")) {
		info->device = value;
	} else if (!strcmp(key, "device-syspath")) {
		name = strrchr(value, '/');
		if (!info->device)
			info->device =
				pool_strdup(pool, name ? name + 1 : value);
	} else if (!strcmp(key, "interface")) {
		info->device_interface = value;
	} else if (!strcmp(key, "context")) {
		info->device_context = fdinfo_context_number(value);
	} else if (!strcmp(key, "object")) {
		info->device_object = value;
	} else if (!strcmp(key, "refusals")) {
		info->refusals = strtoull(value, NULL, 10);
	} else if (!strcmp(key, "refusal")) {
		info->refusal = value;
	}
}

static void fdinfo_iommufd_line(struct pool *pool, struct fdinfo *info,
				const char *key, char *value)
{
	if (!strcmp(key, "context"))
		info->context = fdinfo_context_number(value);
	else if (!strcmp(key, "interface"))
		info->interface = value;
	else if (!strcmp(key, "accounting"))
		info->accounting = value;
	else if (!strcmp(key, "charged"))
		info->charged = strtoull(value, NULL, 10) * 1024;
	else if (!strcmp(key, "objects"))
		info->objects = value;
	else if (!strcmp(key, "ioas"))
		fdinfo_add_ioas(pool, info, value);
	else if (!strcmp(key, "hwpt"))
		fdinfo_add_hwpt(pool, info, value);
	else if (!strcmp(key, "device"))
		fdinfo_add_device(pool, info, value);
	else if (!strcmp(key, "refusals"))
		info->refusals = strtoull(value, NULL, 10);
	else if (!strcmp(key, "refusal"))
		info->refusal = value;
}

static void fdinfo_container_line(struct fdinfo *info, const char *key,
				  char *value)
{
	if (!strcmp(key, "type"))
		info->container_type = value;
	else if (!strcmp(key, "groups"))
		info->container_groups = value;
	else if (!strcmp(key, "mappings-left"))
		info->mappings_left = value;
}

static void fdinfo_line(struct pool *pool, struct fdinfo *info, char *line)
{
	char *value = strstr(line, ":\t");

	if (!value)
		return;
	*value = '\0';
	value += 2;
	value = text_clean(pool, value, strlen(value));
	if (text_starts(line, "iommufd-"))
		fdinfo_iommufd_line(pool, info, line + 8, value);
	else if (text_starts(line, "container-"))
		fdinfo_container_line(info, line + 10, value);
	else if (text_starts(line, "vfio-"))
		fdinfo_vfio_line(pool, info, line + 5, value);
}

struct fdinfo *fdinfo_read(struct pool *pool, int pid, int fd)
{
	struct fdinfo *info;
	char *text, *line;
	size_t len;

	text = root_bytes(pool, &len, "proc/%d/fdinfo/%d", pid, fd);
	if (!text)
		return NULL;
	info = pool_alloc(pool, sizeof(*info));
	info->context = -1;
	info->device_context = -1;
	while ((line = strsep(&text, "\n")))
		fdinfo_line(pool, info, line);
	return info;
}
