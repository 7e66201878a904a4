/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Objects that user space names by a 32 bit ID.
 *
 * An object is held in two ways.
 *
 * user		a long-term dependency: an HWPT is a user of its IOAS, an
 *		attached device of its HWPT, a driver of the device it bound.
 * reference	held by a task for the length of one request.
 *
 * IOMMU_DESTROY fails while there is either, and changes nothing. The kernel's
 * own part, for example a driver that unbinds its device, cannot fail: it waits
 * for references. Therefore no task waits for user memory while it has a
 * reference to a device, a vDEVICE, an access or an automatic HWPT (see
 * nofault.h), nor for a lock under which another task may, unless to release
 * the object takes that lock as well.
 *
 * An object can be looked up by its ID from object_publish() until it is
 * destroyed. The ID is taken from object_init() until the object is freed, or
 * even longer, see object_tombstone().
 */
#ifndef IOMMUFD_OBJECT_H
#define IOMMUFD_OBJECT_H

#include <linux/atomic.h>
#include <linux/iommufd.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/xarray.h>

struct iommufd_stats;

/**
 * struct object_ops - a type of object, identified by its address
 */
struct object_ops {
	/** @name: name of the type, for fdinfo and trace events */
	const char *name;
	/**
	 * @destroy: tear down and free the object; cannot fail, may sleep; no
	 * other task can reach the object
	 */
	void (*destroy)(struct iommufd_object *obj);
};

/**
 * struct object_table - the objects of a context, by ID
 */
struct object_table {
	/**
	 * @objects: struct iommufd_object by ID; a zero entry is an ID whose
	 * object is not published yet or is being destroyed, or is a
	 * tombstone. The lock of the xarray protects the members of struct
	 * iommufd_object that change; references are taken under it, and
	 * dropped without it.
	 */
	struct xarray objects;
	/**
	 * @recent: the published object that was looked up last, or NULL; most
	 * programs look up the same one again and again; protected as @objects
	 */
	struct iommufd_object *recent;
	/** @stats: what is observed of the context */
	const struct iommufd_stats *stats;
	/** @idle: woken when the last reference to an object is dropped */
	wait_queue_head_t idle;
};

void object_table_init(struct object_table *table,
		       const struct iommufd_stats *stats);
void object_table_destroy(struct object_table *table);
bool object_table_empty(struct object_table *table);

int object_init(struct object_table *table, struct iommufd_object *obj,
		const struct object_ops *ops);
void object_publish(struct iommufd_object *obj);
void object_abort(struct iommufd_object *obj);
void object_tear_down(struct iommufd_object *obj);

struct iommufd_object *object_get(struct object_table *table, u32 id,
				  const struct object_ops *ops);
struct iommufd_object *object_next(struct object_table *table, u32 from,
				   const struct object_ops *ops);
bool object_visit(struct object_table *table, u32 *id,
		  void (*visit)(struct iommufd_object *obj, void *data),
		  void *data);
bool object_tryget(struct iommufd_object *obj);

void object_get_user(struct iommufd_object *obj);
bool object_tryget_user(struct iommufd_object *obj);
void object_put_user(struct iommufd_object *obj);

int object_destroy(struct object_table *table, u32 id);
bool object_put_user_retire(struct iommufd_object *obj);
void object_destroy_retired(struct iommufd_object *obj);
bool object_begin_remove(struct iommufd_object *obj);
void object_tombstone(struct iommufd_object *obj);

/**
 * object_put() - drop a reference
 * @obj: the object, which may be freed afterwards
 *
 * Context: Any.
 */
static inline void object_put(struct iommufd_object *obj)
{
	struct object_table *table = obj->table;

	/* @obj can be freed from here on; pairs with object_is_idle() */
	if (atomic_dec_and_test(&obj->refs) && wq_has_sleeper(&table->idle))
		wake_up_all(&table->idle);
}

#endif /* IOMMUFD_OBJECT_H */
