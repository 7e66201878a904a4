// SPDX-License-Identifier: GPL-2.0-only
/* iommuctl show: contexts and containers with their objects, as a tree. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "areas.h"
#include "doc.h"
#include "iommuctl.h"
#include "proc.h"
#include "text.h"
#include "watch.h"

struct show {
	struct pool *pool;
	const struct options *options;
	size_t processes;
	size_t contexts;
	size_t ioas;
	size_t hwpts;
	size_t devices;
	uint64_t mapped;
	uint64_t pinned;
	/* Contexts that are in the totals. */
	int *seen;
	size_t nr_seen;
};

/* A context that several processes have open counts once. */
static void show_count(struct show *show, const struct fdinfo *info)
{
	int *seen;
	size_t i;

	for (i = 0; i < show->nr_seen; i++) {
		if (show->seen[i] == info->context)
			return;
	}
	seen = pool_add(show->pool, &show->seen, &show->nr_seen, sizeof(*seen));
	*seen = info->context;
	show->contexts++;
	show->ioas += info->nr_ioas;
	show->hwpts += info->nr_hwpts;
	show->devices += info->nr_devices;
	for (i = 0; i < info->nr_ioas; i++) {
		show->mapped += info->ioas[i].mapped;
		show->pinned += info->ioas[i].pinned;
	}
}

static void show_refusals(const struct fdinfo *info)
{
	if (info->refusals)
		printf("    refused %" PRIu64 " calls, the last: %s\n",
		       info->refusals, info->refusal ? info->refusal : "?");
}

static void show_devices(const struct fdinfo *info, unsigned int ioas,
			 unsigned int hwpt, const char *indent)
{
	size_t i;

	for (i = 0; i < info->nr_devices; i++) {
		const struct fdinfo_device *device = &info->devices[i];

		if (device->ioas == ioas && device->hwpt == hwpt)
			printf("%sdevice %u: %s\n", indent, device->id,
			       device->name ? device->name : "?");
	}
}

static void show_hwpts(const struct fdinfo *info, unsigned int ioas)
{
	size_t i;

	for (i = 0; i < info->nr_hwpts; i++) {
		const struct fdinfo_hwpt *hwpt = &info->hwpts[i];

		if (hwpt->ioas != ioas)
			continue;
		printf("      hwpt %u: %s, dirty tracking %s\n", hwpt->id,
		       hwpt->kind ? hwpt->kind : "?",
		       hwpt->dirty ? hwpt->dirty : "?");
		show_devices(info, ioas, hwpt->id, "        ");
	}
	show_devices(info, ioas, 0, "      ");
}

static void show_ioas(struct show *show, const struct fdinfo *info)
{
	struct pool *pool = show->pool;
	size_t i;

	for (i = 0; i < info->nr_ioas; i++) {
		const struct fdinfo_ioas *ioas = &info->ioas[i];

		printf("    ioas %u: %" PRIu64
		       " areas, %s mapped, %s pinned, %" PRIu64 " domains\n",
		       ioas->id, ioas->areas, text_size(pool, ioas->mapped),
		       text_size(pool, ioas->pinned), ioas->domains);
		if (show->options->areas)
			areas_print(info->context, ioas->id, "      ");
		show_hwpts(info, ioas->id);
	}
	show_hwpts(info, 0);
}

static void show_context(struct show *show, const struct proc_file *file)
{
	const struct fdinfo *info = file->info;

	if (!info || info->context < 0) {
		printf("  %s %s: the module reports no details\n",
		       file->kind == PROC_CONTAINER ? "container" : "context",
		       file->path);
		return;
	}
	show_count(show, info);
	printf("  context %d: %s", info->context, file->path);
	if (info->interface && !strcmp(info->interface, "container"))
		printf(", container of type %s, groups %s, %s mappings left",
		       info->container_type ? info->container_type : "?",
		       info->container_groups && *info->container_groups ?
			       info->container_groups :
			       "none",
		       info->mappings_left ? info->mappings_left : "?");
	printf(", charged %s to the %s\n", text_size(show->pool, info->charged),
	       info->accounting ? info->accounting : "?");
	show_ioas(show, info);
	show_refusals(info);
}

static void show_device_file(const struct proc_file *file)
{
	const struct fdinfo *info = file->info;

	printf("  device %s: %s", info && info->device ? info->device : "?",
	       file->path);
	if (info && info->device_context >= 0)
		printf(", context %d, %s", info->device_context,
		       info->device_object ? info->device_object : "");
	putchar('\n');
	if (info)
		show_refusals(info);
}

static void show_process(struct show *show, const struct process *process)
{
	size_t i;

	puts(proc_describe(show->pool, process));
	for (i = 0; i < process->nr_files; i++) {
		const struct proc_file *file = &process->files[i];

		switch (file->kind) {
		case PROC_IOMMU:
		case PROC_CONTAINER:
			show_context(show, file);
			break;
		case PROC_DEVICE:
		case PROC_CDEV:
			show_device_file(file);
			break;
		case PROC_GROUP:
			printf("  group %d: %s\n", file->number, file->path);
			break;
		case PROC_UNBIND:
			printf("  %s: %s\n", file->path,
			       process->blocked ? "waits" : "open");
			break;
		}
	}
}

static void show_doc_objects(struct json_object *object,
			     const struct fdinfo *info)
{
	struct json_object *array, *element;
	size_t i;

	array = doc_array(object, "ioas");
	for (i = 0; i < info->nr_ioas; i++) {
		element = doc_element(array);
		doc_number(element, "id", info->ioas[i].id);
		doc_number(element, "areas", info->ioas[i].areas);
		doc_number(element, "mapped", info->ioas[i].mapped);
		doc_number(element, "pinned", info->ioas[i].pinned);
		doc_number(element, "domains", info->ioas[i].domains);
	}
	array = doc_array(object, "hwpts");
	for (i = 0; i < info->nr_hwpts; i++) {
		element = doc_element(array);
		doc_number(element, "id", info->hwpts[i].id);
		doc_number(element, "ioas", info->hwpts[i].ioas);
		doc_number(element, "devices", info->hwpts[i].devices);
		doc_string(element, "kind", info->hwpts[i].kind);
		doc_string(element, "dirty", info->hwpts[i].dirty);
	}
	array = doc_array(object, "devices");
	for (i = 0; i < info->nr_devices; i++) {
		element = doc_element(array);
		doc_number(element, "id", info->devices[i].id);
		doc_string(element, "bdf", info->devices[i].name);
		doc_number(element, "hwpt", info->devices[i].hwpt);
		doc_number(element, "ioas", info->devices[i].ioas);
	}
}

static void show_doc_info(struct show *show, struct json_object *object,
			  const struct fdinfo *info)
{
	if (info->context >= 0) {
		show_count(show, info);
		doc_signed(object, "context", info->context);
		doc_string(object, "interface", info->interface);
		doc_string(object, "accounting", info->accounting);
		doc_number(object, "charged", info->charged);
		doc_string(object, "objects", info->objects);
		doc_string(object, "container_type", info->container_type);
		doc_words(object, "container_groups", info->container_groups);
		doc_string(object, "mappings_left", info->mappings_left);
		show_doc_objects(object, info);
		if (show->options->areas)
			areas_doc(info->context, doc_array(object, "areas"));
	}
	if (info->device) {
		doc_string(object, "device", info->device);
		doc_string(object, "interface", info->device_interface);
		if (info->device_context >= 0)
			doc_signed(object, "context", info->device_context);
		doc_string(object, "object", info->device_object);
	}
	doc_number(object, "refusals", info->refusals);
	doc_string(object, "refusal", info->refusal);
}

static void show_doc_process(struct show *show, struct json_object *array,
			     const struct process *process)
{
	static const char *const kinds[] = {
		[PROC_IOMMU] = "iommu", [PROC_CONTAINER] = "container",
		[PROC_GROUP] = "group", [PROC_DEVICE] = "device",
		[PROC_CDEV] = "cdev",	[PROC_UNBIND] = "unbind",
	};
	struct json_object *object = doc_element(array), *files, *file;
	size_t i;

	doc_signed(object, "pid", process->pid);
	doc_string(object, "command", process->comm);
	doc_string(object, "user", process->user);
	doc_string(object, "unit", process->unit);
	doc_string(object, "vm", process->vm);
	files = doc_array(object, "files");
	for (i = 0; i < process->nr_files; i++) {
		file = doc_element(files);
		doc_string(file, "kind", kinds[process->files[i].kind]);
		doc_string(file, "path", process->files[i].path);
		doc_signed(file, "fd", process->files[i].fd);
		if (process->files[i].info)
			show_doc_info(show, file, process->files[i].info);
	}
}

static void show_totals(const struct show *show)
{
	printf("total: %zu processes, %zu contexts, %zu IOAS, %zu HWPTs, ",
	       show->processes, show->contexts, show->ioas, show->hwpts);
	printf("%zu devices, %s mapped, %s pinned\n", show->devices,
	       text_size(show->pool, show->mapped),
	       text_size(show->pool, show->pinned));
}

static void show_doc_totals(const struct show *show,
			    struct json_object *document)
{
	struct json_object *object = doc_object(document, "total");

	doc_number(object, "processes", show->processes);
	doc_number(object, "contexts", show->contexts);
	doc_number(object, "ioas", show->ioas);
	doc_number(object, "hwpts", show->hwpts);
	doc_number(object, "devices", show->devices);
	doc_number(object, "mapped", show->mapped);
	doc_number(object, "pinned", show->pinned);
}

/* Return EXIT_NO if the subject holds nothing. */
static int show_once(const struct options *options)
{
	struct show show = { .pool = pool_create(), .options = options };
	struct json_object *document = NULL, *array = NULL;
	struct processes *processes = proc_read(show.pool);
	const char *subject = options->subject;
	int status;
	size_t i;

	if (options->json) {
		document = doc_new();
		array = doc_array(document, "processes");
	}
	for (i = 0; i < processes->nr; i++) {
		if (subject && !proc_matches(&processes->list[i], subject))
			continue;
		show.processes++;
		if (document)
			show_doc_process(&show, array, &processes->list[i]);
		else
			show_process(&show, &processes->list[i]);
	}
	if (document) {
		show_doc_totals(&show, document);
		doc_number(document, "processes_not_visible",
			   processes->unreadable);
		doc_print(document);
	} else {
		show_totals(&show);
		if (processes->unreadable)
			printf("%zu processes of other users are hidden: run as root\n",
			       processes->unreadable);
	}
	status = subject && !show.processes ? EXIT_NO : EXIT_YES;
	if (status)
		fprintf(stderr,
			"iommuctl: no process, VM or unit has a device: %s\n",
			text_clean(show.pool, subject, strlen(subject)));
	pool_destroy(show.pool);
	return status;
}

int cmd_show(const struct options *options)
{
	struct watch *watch;
	int status;

	if (!options->watch)
		return show_once(options);
	watch = watch_start();
	do {
		if (isatty(STDOUT_FILENO))
			fputs("\033[H\033[J", stdout);
		status = show_once(options);
	} while (!fflush(stdout) && watch_wait(watch));
	watch_end(watch);
	return status;
}
