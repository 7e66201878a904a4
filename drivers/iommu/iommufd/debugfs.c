// SPDX-License-Identifier: GPL-2.0-only
/*
 * A list of the areas of each context in debugfs. The format is documented in
 * Documentation/userspace-api/observing.rst; fields are only added.
 *
 * No lock is held between two lines. An area that is mapped while the file is
 * read may be missing, and areas are listed in ascending order, none twice.
 */
#include <linux/cleanup.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/sprintf.h>
#include <linux/string_choices.h>

#include "ctx.h"
#include "debugfs.h"
#include "ioas.h"
#include "iopt/iopt_list.h"
#include "observe/stats.h"
#include "pages/pages.h"
#include "pages/pages_info.h"
#include "vfio_compat/container.h"

static struct dentry *debugfs_root;

/**
 * struct debugfs_walk - position in the list of areas, of one open file
 */
struct debugfs_walk {
	/** @ictx: the context; valid while debugfs calls an op of the file */
	struct iommufd_ctx *ictx;
	/** @ioas: ID of the IOAS, 0 for the container */
	u32 ioas;
	/** @iova: areas of @ioas below it were listed */
	unsigned long iova;
	/** @listed: the current area; valid between start and stop */
	struct iopt_listed listed;
	/** @info: what is printed of it */
	struct pages_info info;
};

/**
 * struct debugfs_find - a search for an IOAS
 */
struct debugfs_find {
	/** @iopt: the I/O address space, or NULL */
	struct iopt *iopt;
	/** @id: its ID */
	u32 id;
};

static void debugfs_visit_ioas(struct iommufd_object *obj, void *data)
{
	struct debugfs_find *find = data;

	find->iopt = NULL;
	if (obj->ops != &ioas_ops)
		return;
	find->iopt = ioas_of(obj)->iopt;
	find->id = obj->id;
}

/* Of its own, that is: that of an IOAS is listed by the ID of the IOAS */
static bool debugfs_has_iopt(struct container *container)
{
	enum container_state state;

	/* pairs with smp_store_release() in container_publish() */
	state = smp_load_acquire(&container->state);
	return (state == CONTAINER_TYPE1 || state == CONTAINER_TYPE1V2) &&
	       !READ_ONCE(container->space.iopt->id);
}

/* Returns the I/O address space with the lowest ID from @from on, or NULL */
static struct iopt *debugfs_find_iopt(struct iommufd_ctx *ictx, u32 from,
				      u32 *id)
{
	struct debugfs_find find = {};
	struct container *container;
	u32 next = from;

	lockdep_assert_held_read(&ictx->stats->walk_rwsem);

	/* pairs with smp_store_release() in container_create() */
	container = smp_load_acquire(&ictx->container);
	if (!from && container && debugfs_has_iopt(container)) {
		*id = 0;
		return container->space.iopt;
	}
	while (object_visit(&ictx->objects, &next, debugfs_visit_ioas, &find)) {
		if (find.iopt) {
			*id = find.id;
			return find.iopt;
		}
		cond_resched();
	}
	return NULL;
}

/* With the lock held, no I/O address space that was found is freed. */
static void *debugfs_walk_find(struct debugfs_walk *walk)
{
	struct iopt *iopt;
	u32 id;

	guard(rwsem_read)(&walk->ictx->stats->walk_rwsem);
	while ((iopt = debugfs_find_iopt(walk->ictx, walk->ioas, &id))) {
		if (id != walk->ioas)
			walk->iova = 0;
		walk->ioas = id;
		if (iopt_list_next(iopt, walk->iova, &walk->listed))
			return walk;
		walk->ioas++;
		walk->iova = 0;
	}
	return NULL;
}

static void debugfs_walk_put(struct debugfs_walk *walk)
{
	if (walk->listed.pages)
		pages_put(walk->listed.pages);
	walk->listed.pages = NULL;
}

static void *debugfs_walk_start(struct seq_file *m, loff_t *pos)
{
	struct debugfs_walk *walk = m->private;

	if (!*pos) {
		walk->ioas = 0;
		walk->iova = 0;
	}
	return debugfs_walk_find(walk);
}

static void *debugfs_walk_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct debugfs_walk *walk = v;

	debugfs_walk_put(walk);
	++*pos;
	walk->iova = walk->listed.range.last + 1;
	if (!walk->iova)
		walk->ioas++;
	return debugfs_walk_find(walk);
}

static void debugfs_walk_stop(struct seq_file *m, void *v)
{
	debugfs_walk_put(m->private);
}

static void debugfs_show_info(struct seq_file *m, const struct pages_info *info)
{
	seq_printf(m, " kind=%s", info->kind);
	if (info->thp >= 0)
		seq_printf(m, " thp=%d", info->thp);
	if (info->file) {
		seq_puts(m, " file=\"");
		seq_escape(m, info->file, " \t\n\\\"");
		seq_putc(m, '"');
	}
	if (*info->exporter) {
		seq_puts(m, " exporter=\"");
		seq_escape(m, info->exporter, " \t\n\\\"");
		seq_putc(m, '"');
	}
}

static int debugfs_walk_show(struct seq_file *m, void *v)
{
	struct debugfs_walk *walk = v;
	const struct iopt_listed *listed = &walk->listed;
	struct pages_info *info = &walk->info;
	int ret;

	ret = pages_describe(listed->pages, listed->offset,
			     iova_range_length(&listed->range), info);
	if (ret)
		return ret;
	seq_printf(m, "ioas=%u iova=%#lx length=%#lx prot=%s%s", walk->ioas,
		   listed->range.first, iova_range_length(&listed->range),
		   listed->prot & IOMMU_READ ? "r" : "",
		   listed->prot & IOMMU_WRITE ? "w" : "");
	debugfs_show_info(m, info);
	seq_printf(m, " pinned=%s owner=%d/", str_yes_no(listed->pinned),
		   info->pid);
	seq_escape(m, info->comm, " \t\n\\");
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations debugfs_areas_ops = {
	.start = debugfs_walk_start,
	.next = debugfs_walk_next,
	.stop = debugfs_walk_stop,
	.show = debugfs_walk_show,
};

static int debugfs_areas_open(struct inode *inode, struct file *file)
{
	struct debugfs_walk *walk;

	walk = __seq_open_private(file, &debugfs_areas_ops, sizeof(*walk));
	if (!walk)
		return -ENOMEM;
	walk->ictx = inode->i_private;
	return 0;
}

/* debugfs keeps the file from being removed while one of these runs. */
static const struct file_operations debugfs_areas_fops = {
	.owner = THIS_MODULE,
	.open = debugfs_areas_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

/**
 * iommufd_debugfs_add() - create the files of a context
 * @ictx: the context
 *
 * The context works without them, so errors are ignored.
 *
 * Context: May sleep.
 */
void iommufd_debugfs_add(struct iommufd_ctx *ictx)
{
	char name[24];

	snprintf(name, sizeof(name), "%llu", ictx->stats->id);
	ictx->debugfs = debugfs_create_dir(name, debugfs_root);
	debugfs_create_file("areas", 0400, ictx->debugfs, ictx,
			    &debugfs_areas_fops);
}

/**
 * iommufd_debugfs_remove() - undo iommufd_debugfs_add()
 * @ictx: the context
 *
 * Context: May sleep. Waits for readers; files that are open return -EIO from
 * then on.
 */
void iommufd_debugfs_remove(struct iommufd_ctx *ictx)
{
	debugfs_remove(ictx->debugfs);
}

/**
 * iommufd_debugfs_init() - create the directory of iommufd
 *
 * Context: May sleep. At module load.
 */
void iommufd_debugfs_init(void)
{
	debugfs_root = debugfs_create_dir("iommufd", NULL);
}

/**
 * iommufd_debugfs_exit() - undo iommufd_debugfs_init()
 *
 * Context: May sleep. At module unload, when no context is left.
 */
void iommufd_debugfs_exit(void)
{
	debugfs_remove(debugfs_root);
}
