// SPDX-License-Identifier: GPL-2.0-only
/* iommuctl why: explain an error line that a program printed. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "assess.h"
#include "doc.h"
#include "ioctls.h"
#include "klog.h"
#include "messages.h"
#include "text.h"

/**
 * struct why - what is known about the line
 * @line: the line
 * @message: the message that it is, or NULL
 * @error: errno in it, 0 if there is none
 * @bdf: address in it, empty if there is none
 * @group: group in it, -1 if there is none
 * @assess: the machine
 * @refusals: refusals that the modules report, by process
 * @nr_refusals: number of these
 * @log: lines of the kernel log
 */
struct why {
	const char *line;
	const struct message *message;
	int error;
	char bdf[BDF_SIZE];
	int group;
	struct assess assess;
	char **refusals;
	size_t nr_refusals;
	struct klog *log;
};

static void why_find_bdf(struct why *why)
{
	const char *at;

	for (at = why->line; *at; at++) {
		if (at > why->line && isxdigit((unsigned char)at[-1]))
			continue;
		if (text_bdf(at, why->bdf))
			return;
	}
	why->bdf[0] = '\0';
}

/* "group 7" and "/dev/vfio/7" name a group, "/dev/vfio/devices/vfio3" a device. */
static void why_find_group(struct why *why)
{
	static const char *const words[] = { "group ", "/dev/vfio/",
					     "/dev/vfio/noiommu-" };
	const char *at;
	size_t i;

	why->group = -1;
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		at = strstr(why->line, words[i]);
		if (at && sscanf(at + strlen(words[i]), "%d", &why->group) == 1)
			return;
	}
	why->group = -1;
}

static bool why_refusal_fits(const struct why *why, const char *refusal)
{
	const char *name = errno_name(why->error);

	if (*why->bdf && strstr(refusal, why->bdf))
		return true;
	return !name || text_starts(refusal, name);
}

static void why_find_refusals(struct why *why)
{
	struct pool *pool = why->assess.findings.pool;
	const struct processes *processes = why->assess.processes;
	size_t i, j;

	for (i = 0; i < processes->nr; i++) {
		const struct process *process = &processes->list[i];

		for (j = 0; j < process->nr_files; j++) {
			const struct fdinfo *info = process->files[j].info;
			char **refusal;

			if (!info || !info->refusal ||
			    !why_refusal_fits(why, info->refusal))
				continue;
			refusal = pool_add(pool, &why->refusals,
					   &why->nr_refusals, sizeof(*refusal));
			*refusal = pool_printf(pool, "%s: %s",
					       proc_describe(pool, process),
					       info->refusal);
		}
	}
}

/* What "check" finds about the device, or about the devices of the group. */
static void why_assess(struct why *why)
{
	const struct pci *pci = why->assess.pci;
	const struct pci_device *device = NULL;
	const struct pci_group *group;
	size_t i;

	if (*why->bdf)
		device = pci_find(pci, why->bdf);
	group = pci_find_group(pci, why->group);
	for (i = 0; !device && group && i < group->nr_devices; i++) {
		if (pci_driver_is_vfio(group->devices[i]))
			device = group->devices[i];
	}
	assess_iommu(&why->assess);
	if (device)
		assess_device(&why->assess, device);
	assess_modules(&why->assess);
}

static void why_text(const struct why *why)
{
	const struct message *message = why->message;
	size_t i;

	if (message) {
		printf("%s: \"%s\"\n  %s\n", message->program, message->pattern,
		       message->meaning);
		if (message->fix)
			printf("  fix: %s\n", message->fix);
	} else {
		puts("This message is not known.");
	}
	if (message_errno(why->error))
		printf("  %s\n", message_errno(why->error));
	for (i = 0; i < why->nr_refusals; i++)
		printf("%s%s\n",
		       i ? "  " : "\nrefused just now, by process:\n  ",
		       why->refusals[i]);
	for (i = 0; i < why->log->nr; i++)
		printf("%s%s\n", i ? "  " : "\nkernel log:\n  ",
		       why->log->lines[i]);
	if (why->log->denied)
		puts("\nThe kernel log cannot be read: run as root.");
	puts("\nthis machine:");
	findings_print(&why->assess.findings, FINDING_NOTE);
	if (!findings_have(&why->assess.findings, FINDING_NO))
		puts("ok       nothing is in the way now");
}

static void why_doc(const struct why *why)
{
	struct json_object *document = doc_new(), *object, *array;
	size_t i;

	object = doc_object(document, "message");
	if (why->message) {
		doc_string(object, "program", why->message->program);
		doc_string(object, "pattern", why->message->pattern);
		doc_string(object, "meaning", why->message->meaning);
		doc_string(object, "fix", why->message->fix);
	}
	doc_string(document, "errno", errno_name(why->error));
	doc_string(document, "errno_meaning", message_errno(why->error));
	doc_string(document, "bdf", *why->bdf ? why->bdf : NULL);
	doc_signed(document, "group", why->group);
	array = doc_array(document, "refusals");
	for (i = 0; i < why->nr_refusals; i++)
		doc_add_string(array, why->refusals[i]);
	array = doc_array(document, "kernel_log");
	for (i = 0; i < why->log->nr; i++)
		doc_add_string(array, why->log->lines[i]);
	findings_doc(&why->assess.findings, document);
	doc_print(document);
}

int cmd_why(const struct options *options)
{
	struct pool *pool = pool_create();
	struct why why = { .line = options->subject };
	int status;

	why.message = message_find(why.line);
	why.error = errno_find(why.line);
	why_find_bdf(&why);
	why_find_group(&why);
	assess_read(&why.assess, pool, false);
	why_find_refusals(&why);
	why.log = klog_read(pool, why.bdf);
	why_assess(&why);
	if (options->json)
		why_doc(&why);
	else
		why_text(&why);
	status = why.message || message_errno(why.error) || why.nr_refusals ?
			 EXIT_YES :
			 EXIT_NO;
	pool_destroy(pool);
	return status;
}
