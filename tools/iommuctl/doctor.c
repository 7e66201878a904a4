// SPDX-License-Identifier: GPL-2.0-only
/* iommuctl doctor: the state of the installation. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "assess.h"
#include "doc.h"
#include "root.h"
#include "text.h"

static const char *doctor_signature(const struct module *module)
{
	if (module->loaded == MODULE_MISSING || module->builtin)
		return "";
	return module->unsigned_module ? ", not signed" :
					 ", signature accepted";
}

static void doctor_print_modules(struct pool *pool,
				 const struct modules *modules)
{
	char *loaded;
	size_t i;

	printf("%-17s %-36s %-13s %s\n", "module", "loaded", "modprobe loads",
	       " initramfs has");
	for (i = 0; i < MODULE_COUNT; i++) {
		const struct module *module = &modules->list[i];

		loaded = pool_printf(pool, "%s%s%s%s%s",
				     module->builtin && module->loaded ?
					     "built in" :
					     module_origin_name(module->loaded),
				     module->version ? " " : "",
				     module->version ? module->version : "",
				     doctor_signature(module), "");
		printf("%-17s %-36s %-14s %s\n", module->name, loaded,
		       module_origin_name(module->disk),
		       modules->initramfs ?
			       module_origin_name(module->initramfs) :
			       "unknown");
	}
}

/* All five are of one origin, or programs meet two halves. */
static void doctor_mixture(struct assess *assess)
{
	struct findings *findings = &assess->findings;
	bool ours = false, native = false;
	struct finding *finding;
	size_t i;

	for (i = 0; i < MODULE_COUNT; i++) {
		ours |= assess->modules->list[i].disk == MODULE_OURS;
		native |= assess->modules->list[i].disk == MODULE_NATIVE;
	}
	if (!ours || !native)
		return;
	finding = finding_add(
		findings, FINDING_NO, "mixture",
		"modprobe would load some modules of iommufd-dkms and some of the kernel");
	finding_meaning(finding,
			"They do not fit each other: symbols are missing.");
	finding_fix(finding, "dkms install iommufd --force; depmod");
}

static void doctor_initramfs(struct assess *assess)
{
	const struct modules *modules = assess->modules;

	if (modules->initramfs_error)
		finding_add(&assess->findings, FINDING_UNKNOWN, "initramfs",
			    "the initramfs of %s could not be read: %s",
			    assess->platform->release,
			    modules->initramfs_error);
	else
		finding_add(&assess->findings, FINDING_OK, "initramfs",
			    "%s was read", modules->initramfs);
}

static void doctor_node(struct assess *assess, const char *path,
			bool world_usual)
{
	struct findings *findings = &assess->findings;
	struct finding *finding;
	struct stat stat;

	if (!root_stat(&stat, path)) {
		finding_add(findings, FINDING_NOTE, "node",
			    "/%s does not exist", path);
		return;
	}
	finding = finding_add(
		findings,
		(stat.st_mode & 2) && !world_usual ? FINDING_NOTE : FINDING_OK,
		"node", "/%s: mode %04o, user %s, group %u", path,
		stat.st_mode & 07777,
		proc_user_name(findings->pool, stat.st_uid), stat.st_gid);
	if (finding->level == FINDING_NOTE)
		finding_meaning(
			finding,
			"Any user may allocate I/O address spaces; devices still need a node of their own.");
}

static void doctor_limits(struct assess *assess)
{
	uint64_t limit;

	if (!platform_memlock(assess->findings.pool, 0, &limit))
		return;
	finding_add(&assess->findings, FINDING_OK, "memlock",
		    "RLIMIT_MEMLOCK of this shell: %s",
		    limit == UINT64_MAX ?
			    "unlimited" :
			    text_size(assess->findings.pool, limit));
}

static void doctor_dkms(struct assess *assess)
{
	struct findings *findings = &assess->findings;
	struct finding *finding;
	const char *dkms = assess->modules->dkms;

	if (!dkms) {
		finding_add(findings, FINDING_NOTE, "dkms",
			    "DKMS does not know iommufd");
		return;
	}
	finding = finding_add(findings,
			      strstr(dkms, " installed for") ? FINDING_OK :
							       FINDING_STEP,
			      "dkms", "DKMS: iommufd %s", dkms);
	if (finding->level == FINDING_STEP)
		finding->fix = pool_printf(
			findings->pool,
			"apt-get install linux-headers-%s; dkms autoinstall -k %s",
			assess->platform->release, assess->platform->release);
}

static void doctor_text(struct assess *assess)
{
	const struct platform *platform = assess->platform;

	printf("kernel %s, lockdown %s\n\n", platform->release,
	       platform->lockdown ? platform->lockdown : "unknown");
	doctor_print_modules(assess->findings.pool, assess->modules);
	putchar('\n');
	findings_print(&assess->findings, FINDING_OK);
}

static void doctor_doc(struct assess *assess)
{
	struct json_object *document = doc_new(), *array, *object;
	const struct platform *platform = assess->platform;
	size_t i;

	doc_string(document, "kernel", platform->release);
	doc_string(document, "lockdown", platform->lockdown);
	doc_string(document, "secure_boot", answer_name(platform->secure_boot));
	doc_string(document, "interrupt_remapping",
		   answer_name(platform->remapping));
	doc_string(document, "initramfs", assess->modules->initramfs);
	array = doc_array(document, "modules");
	for (i = 0; i < MODULE_COUNT; i++) {
		const struct module *module = &assess->modules->list[i];

		object = doc_element(array);
		doc_string(object, "name", module->name);
		doc_string(object, "loaded",
			   module_origin_name(module->loaded));
		doc_bool(object, "builtin", module->builtin && module->loaded);
		doc_string(object, "version", module->version);
		doc_bool(object, "unsigned", module->unsigned_module);
		doc_string(object, "disk", module->disk_path);
		doc_string(object, "initramfs", module->initramfs_path);
	}
	findings_doc(&assess->findings, document);
	doc_print(document);
}

int cmd_doctor(const struct options *options)
{
	struct pool *pool = pool_create();
	struct assess assess;
	int status;

	assess_read(&assess, pool, true);
	assess_iommu(&assess);
	assess_modules(&assess);
	doctor_mixture(&assess);
	doctor_initramfs(&assess);
	assess_secure_boot(&assess);
	doctor_dkms(&assess);
	doctor_node(&assess, "dev/iommu", false);
	doctor_node(&assess, "dev/vfio/vfio", true);
	doctor_limits(&assess);
	if (options->json)
		doctor_doc(&assess);
	else
		doctor_text(&assess);
	status = findings_have(&assess.findings, FINDING_NO) ? EXIT_NO :
							       EXIT_YES;
	pool_destroy(pool);
	return status;
}
