// SPDX-License-Identifier: GPL-2.0-only
/*
 * Register the counters of modules that are compiled for gcov.
 *
 * The compiler gives each object a constructor that registers its counters with
 * __gcov_init(). A kernel without CONFIG_CONSTRUCTORS, like Debian's, calls no
 * constructors of modules, so they are called from here before the module's own init.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "gcov_initcalls.h"

/* How GCC names the constructors. */
#define GCOV_CONSTRUCTOR "_sub_I_"

static int gcov_module_event(struct notifier_block *nb, unsigned long event,
			     void *data)
{
	const struct mod_kallsyms *symbols;
	struct module *mod = data;
	unsigned int i;

	if (event != MODULE_STATE_COMING)
		return NOTIFY_DONE;
	/* The symbols are replaced only after the module's init has returned. */
	symbols = rcu_dereference_protected(mod->kallsyms, true);
	for (i = 0; i < symbols->num_symtab; i++) {
		const Elf_Sym *symbol = &symbols->symtab[i];
		void (*constructor)(void) = (void *)symbol->st_value;

		if (str_has_prefix(symbols->strtab + symbol->st_name,
				   GCOV_CONSTRUCTOR))
			constructor();
	}
	return NOTIFY_OK;
}

static struct notifier_block gcov_module_nb = {
	.notifier_call = gcov_module_event,
};

/* There is no exit: what was counted outlives the modules that it is of. */
static int __init gcov_main_init(void)
{
	int rc;

	rc = gcov_initcall_gcov_init();
	if (rc)
		return rc;
	rc = gcov_initcall_gcov_fs_init();
	if (rc)
		return rc;
	return register_module_notifier(&gcov_module_nb);
}
module_init(gcov_main_init);

MODULE_DESCRIPTION("Counters of gcov, for coverage of modules under test");
MODULE_LICENSE("GPL");
