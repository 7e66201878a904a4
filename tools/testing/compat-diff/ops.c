// SPDX-License-Identifier: GPL-2.0-only
/* The table of all operations. */
#include "ops.h"

#include <linux/vfio.h>

#include "container_ops.h"
#include "device_ops.h"
#include "harness.h"
#include "memory_ops.h"
#include "other_ops.h"
#include "world.h"

/* Defaults are the size of the struct, read and write access, and one page. */
const struct op ops[] = {
	{ "open", "fn", 1, { 0, 2 }, op_open },
	{ "close", "f", 1, {}, op_close },
	{ "api", "fn", 1, {}, op_api },
	{ "ext", "fn", 2, {}, op_ext },
	{ "iommu", "fn", 2, {}, op_iommu },
	{ "info", "fnp", 1, { 0, 256 }, op_info },
	{ "map", "fvnnnnp", 4, { 0, 0, 0, 0, 3, 32 }, op_map },
	{ "unmap", "fnnnnpnnp", 3, { 0, 0, 0, 0, 24, 0, 4096, 8 }, op_unmap },
	{ "dirty", "fnnnnnnpp", 2, { 0, 0, 0, 0, 4096, 8, 48 }, op_dirty },
	{ "raw", "fnp", 2, {}, op_raw },

	{ "gopen", "fn", 1, { 0, 2 }, op_gopen },
	{ "status", "fnp", 1, { 0, 8 }, op_status },
	{ "set", "ffp", 2, {}, op_set },
	{ "unset", "f", 1, {}, op_unset },
	{ "getdev", "ffnp", 2, {}, op_getdev },

	{ "dinfo", "fnp", 1, { 0, 64 }, op_dinfo },
	{ "region", "fnnp", 2, { 0, 0, 256 }, op_region },
	{ "irq", "fnnp", 2, { 0, 0, 16 }, op_irq },
	{ "irqs", "fnnnnfnp", 5, { 0, 0, 0, 0, 0, FD_EVENT0, 52 }, op_irqs },
	{ "event", "f", 1, {}, op_event },
	{ "reset", "f", 1, {}, op_reset },
	{ "feature", "fnnp", 2, { 0, 0, 40 }, op_feature },
	{ "hotinfo", "fnp", 1, { 0, 256 }, op_hotinfo },
	{ "hotreset", "fnffnp", 4, { 0, 0, 0, 0, 20 }, op_hotreset },
	{ "cfg", "fnn", 3, {}, op_cfg },
	{ "cfgw", "fnnn", 4, {}, op_cfgw },
	{ "bar", "fnnn", 3, {}, op_bar },
	{ "dma", "fnn", 2, {}, op_dma },
	{ "remove", "ff", 2, {}, op_remove },
	{ "rescan", "f", 1, {}, op_rescan },

	{ "other", "n", 1, {}, op_other },
	{ "cfgwalk", "fnnnn", 5, {}, op_cfgwalk },
	{ "rd", "fnnn", 4, {}, op_rd },
	{ "wr", "fnnn", 4, {}, op_wr },
	{ "touch", "fnn", 3, {}, op_touch },
	{ "ioev", "fnnnf", 5, {}, op_ioev },

	{ "pin", "fnnn", 3, { 0, 0, 0, 3 }, op_pin },
	{ "unpin", "fnn", 3, {}, op_unpin },
	{ "rw", "fnnn", 3, { 0, 0, 0, 0 }, op_rw },
	{ "pins", "f", 1, {}, op_pins },

	{ "locked", "", 0, {}, op_locked },
	{ "munmap", "vn", 2, {}, op_munmap },
	{ "mremap", "vnv", 3, {}, op_mremap },
	{ "newmem", "vn", 2, {}, op_newmem },
	{ "protect", "vnn", 3, {}, op_protect },
	{ "dontneed", "vn", 2, {}, op_dontneed },
	{ "mark", "v", 1, {}, op_mark },
	{ "mlock", "vn", 2, {}, op_mlock },
	{ "limit", "n", 1, {}, op_limit },
	{ "timer", "n", 1, {}, op_timer },

	{ "fork", "", 0, {}, op_fork },
	{ "join", "", 0, {}, op_nothing },
	{ "exec", "", 0, {}, op_exec },
	{ "par", "n", 1, {}, op_par },
	{ "die", "n", 1, {}, op_die },
};

const size_t nr_ops = ARRAY_SIZE(ops);
