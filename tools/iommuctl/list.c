// SPDX-License-Identifier: GPL-2.0-only
/* iommuctl list: PCI devices by group, and who holds them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iommuctl.h"
#include "doc.h"
#include "pci.h"
#include "proc.h"
#include "root.h"

struct list {
	struct pool *pool;
	struct pci *pci;
	struct processes *processes;
};

/* The nodes that exist, separated by blanks. */
static char *list_nodes(struct pool *pool, const struct pci *pci,
			const struct pci_device *device)
{
	struct pci_group *group = pci_find_group(pci, device->group);
	char *nodes = NULL, *node;

	if (!device->cdev && !pci_driver_is_vfio(device))
		return NULL;
	if (group) {
		node = pci_group_node(pool, group);
		if (root_exists("%s", node))
			nodes = pool_printf(pool, "/%s", node);
	}
	if (device->cdev && root_exists("%s", device->cdev))
		nodes = text_join(pool, nodes, " ",
				  pool_printf(pool, "/%s", device->cdev));
	return nodes;
}

/*
 * A group is isolated if all of its devices that are not bridges are functions
 * of one device; otherwise they are assigned together.
 */
static const char *list_isolation(const struct pci_group *group)
{
	const struct pci_device *first = NULL;
	size_t i, slot;

	if (group->noiommu)
		return "no IOMMU";
	for (i = 0; i < group->nr_devices; i++) {
		const struct pci_device *device = group->devices[i];

		if (device->bridge)
			continue;
		slot = strcspn(device->bdf, ".");
		if (first && strncmp(first->bdf, device->bdf, slot))
			return "shared";
		if (!first)
			first = device;
	}
	return first ? "isolated" : "bridges only";
}

static void list_text_holders(struct list *list,
			      const struct pci_device *device)
{
	size_t i;

	for (i = 0; i < list->processes->nr; i++) {
		const struct process *process = &list->processes->list[i];
		const char *through = proc_holds(process, device);

		if (through)
			printf("      held by %s through its %s\n",
			       proc_describe(list->pool, process), through);
	}
}

static void list_text_device(struct list *list, const struct pci_device *device)
{
	struct pool *pool = list->pool;
	char *facts, *nodes;

	printf("  %s  %s [%04x:%04x], %s\n", device->bdf, device->name,
	       device->vendor, device->device, device->class_name);
	facts = pool_printf(pool, "driver %s",
			    device->driver ? device->driver : "none");
	if (!device->bridge)
		facts = pool_printf(pool, "%s; reset %s", facts,
				    device->reset ? device->reset : "none");
	if (device->numa >= 0)
		facts = pool_printf(pool, "%s; NUMA node %d", facts,
				    device->numa);
	if (device->physfn)
		facts = pool_printf(pool, "%s; VF of %s", facts,
				    device->physfn);
	if (device->nr_vfs)
		facts = pool_printf(pool, "%s; %d VFs", facts, device->nr_vfs);
	if (device->boot_vga)
		facts = pool_printf(pool, "%s; boot display", facts);
	printf("      %s\n", facts);
	nodes = list_nodes(pool, list->pci, device);
	if (nodes)
		printf("      nodes %s\n", nodes);
	list_text_holders(list, device);
}

static void list_text(struct list *list)
{
	size_t i, j;

	for (i = 0; i < list->pci->nr_groups; i++) {
		const struct pci_group *group = &list->pci->groups[i];

		if (!group->nr_devices)
			continue;
		printf("group %d: %s%s%s\n", group->id, list_isolation(group),
		       group->type ? ", domain " : "",
		       group->type ? group->type : "");
		for (j = 0; j < group->nr_devices; j++)
			list_text_device(list, group->devices[j]);
	}
	for (i = j = 0; i < list->pci->nr_devices; i++) {
		if (pci_find_group(list->pci, list->pci->devices[i].group))
			continue;
		if (!j++)
			puts("no group: no IOMMU translates these devices");
		list_text_device(list, &list->pci->devices[i]);
	}
	for (i = 0; i < list->processes->nr; i++) {
		const struct process *process = &list->processes->list[i];

		for (j = 0; j < process->nr_files; j++) {
			if (process->files[j].kind == PROC_UNBIND &&
			    process->blocked)
				printf("waiting: %s unbinds a device in use (%s)\n",
				       proc_describe(list->pool, process),
				       process->files[j].path);
		}
	}
	if (list->processes->unreadable)
		printf("%zu processes of other users are hidden: run as root\n",
		       list->processes->unreadable);
}

static void list_json_process(struct json_object *object,
			      const struct process *process)
{
	doc_signed(object, "pid", process->pid);
	doc_string(object, "command", process->comm);
	doc_string(object, "user", process->user);
	doc_string(object, "unit", process->unit);
	doc_string(object, "vm", process->vm);
}

static void list_json_device(struct list *list, struct json_object *devices,
			     const struct pci_device *device)
{
	struct json_object *object = doc_element(devices), *holders, *holder;
	const char *through;
	size_t i;

	doc_string(object, "bdf", device->bdf);
	doc_string(object, "name", device->name);
	doc_number(object, "vendor", device->vendor);
	doc_number(object, "device", device->device);
	doc_number(object, "class", device->class);
	doc_string(object, "class_name", device->class_name);
	doc_string(object, "driver", device->driver);
	doc_string(object, "driver_override", device->override);
	doc_words(object, "reset", device->reset);
	doc_signed(object, "numa_node", device->numa);
	doc_string(object, "physical_function", device->physfn);
	doc_signed(object, "virtual_functions", device->nr_vfs);
	doc_bool(object, "boot_display", device->boot_vga);
	doc_words(object, "nodes", list_nodes(list->pool, list->pci, device));
	holders = doc_array(object, "holders");
	for (i = 0; i < list->processes->nr; i++) {
		through = proc_holds(&list->processes->list[i], device);
		if (!through)
			continue;
		holder = doc_element(holders);
		list_json_process(holder, &list->processes->list[i]);
		doc_string(holder, "through", through);
	}
}

static void list_json(struct list *list)
{
	struct json_object *document = doc_new(), *groups, *object, *array;
	size_t i, j;

	groups = doc_array(document, "groups");
	for (i = 0; i < list->pci->nr_groups; i++) {
		const struct pci_group *group = &list->pci->groups[i];

		object = doc_element(groups);
		doc_signed(object, "id", group->id);
		doc_string(object, "isolation", list_isolation(group));
		doc_string(object, "domain", group->type);
		array = doc_array(object, "devices");
		for (j = 0; j < group->nr_devices; j++)
			list_json_device(list, array, group->devices[j]);
	}
	array = doc_array(document, "devices_without_group");
	for (i = 0; i < list->pci->nr_devices; i++) {
		if (!pci_find_group(list->pci, list->pci->devices[i].group))
			list_json_device(list, array, &list->pci->devices[i]);
	}
	array = doc_array(document, "waiting");
	for (i = 0; i < list->processes->nr; i++) {
		const struct process *process = &list->processes->list[i];

		for (j = 0; j < process->nr_files; j++) {
			if (process->files[j].kind != PROC_UNBIND ||
			    !process->blocked)
				continue;
			object = doc_element(array);
			list_json_process(object, process);
			doc_string(object, "file", process->files[j].path);
		}
	}
	doc_number(document, "processes_not_visible",
		   list->processes->unreadable);
	doc_print(document);
}

int cmd_list(const struct options *options)
{
	struct list list = { .pool = pool_create() };

	list.pci = pci_read(list.pool);
	list.processes = proc_read(list.pool);
	if (options->json)
		list_json(&list);
	else
		list_text(&list);
	pool_destroy(list.pool);
	return EXIT_YES;
}
