// SPDX-License-Identifier: GPL-2.0-only
/* iommuctl check: whether a device can be assigned on this machine. */
#include <stdio.h>
#include <string.h>

#include "assess.h"
#include "doc.h"
#include "text.h"

static int check_usage(struct pool *pool, const char *what, const char *word)
{
	fprintf(stderr, "iommuctl: %s: %s\n", what,
		text_clean(pool, word, strlen(word)));
	pool_destroy(pool);
	return EXIT_USAGE;
}

static void check_text(const struct assess *assess,
		       const struct pci_device *device)
{
	const struct findings *findings = &assess->findings;

	printf("%s %s [%04x:%04x]\n\n", device->bdf, device->name,
	       device->vendor, device->device);
	findings_print(findings, FINDING_OK);
	putchar('\n');
	if (findings_have(findings, FINDING_NO))
		puts("This device cannot be assigned now, see \"no\" above.");
	else if (findings_have(findings, FINDING_STEP))
		puts("This device can be assigned after the steps above.");
	else
		puts("This device can be assigned.");
}

static void check_doc(const struct assess *assess,
		      const struct pci_device *device)
{
	struct json_object *document = doc_new();

	doc_string(document, "bdf", device->bdf);
	doc_string(document, "name", device->name);
	doc_bool(document, "assignable",
		 !findings_have(&assess->findings, FINDING_NO));
	findings_doc(&assess->findings, document);
	doc_print(document);
}

int cmd_check(const struct options *options)
{
	struct pool *pool = pool_create();
	const struct pci_device *device;
	unsigned int uid, gid;
	struct assess assess;
	char bdf[BDF_SIZE];
	int status;

	if (text_bdf(options->subject, bdf) != strlen(options->subject))
		return check_usage(pool,
				   "not a PCI address, such as 0000:01:00.0",
				   options->subject);
	if (options->user && !proc_find_user(pool, options->user, &uid, &gid))
		return check_usage(pool, "no such user", options->user);
	assess_read(&assess, pool, true);
	device = pci_find(assess.pci, bdf);
	if (!device)
		return check_usage(pool, "no such device", bdf);
	assess_iommu(&assess);
	assess_device(&assess, device);
	assess_modules(&assess);
	assess_secure_boot(&assess);
	assess_nodes(&assess, device, options->user);
	assess_memlock(&assess, options->user, options->memory);
	if (options->json)
		check_doc(&assess, device);
	else
		check_text(&assess, device);
	status = findings_have(&assess.findings, FINDING_NO) ? EXIT_NO :
							       EXIT_YES;
	pool_destroy(pool);
	return status;
}
