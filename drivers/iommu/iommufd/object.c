// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of objects that user space names by a 32 bit ID: allocation of IDs,
 * lookup, users and references, destruction.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <trace/events/iommufd.h>

#include "object.h"

/**
 * object_table_init() - initialize an empty table
 * @table: the table
 * @stats: what is observed of the context; outlives @table
 */
void object_table_init(struct object_table *table,
		       const struct iommufd_stats *stats)
{
	table->stats = stats;
	xa_init_flags(&table->objects, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	table->recent = NULL;
	init_waitqueue_head(&table->idle);
}

/* Cannot fail: the ID of a published object has memory for its entry. */
static void object_set_entry(struct iommufd_object *obj, void *entry)
{
	lockdep_assert_held(&obj->table->objects.xa_lock);

	obj->table->recent = NULL;
	__xa_store(&obj->table->objects, obj->id, entry, 0);
}

/**
 * object_tear_down() - destroy an object that no other task can reach
 * @obj: the object, completely set up, without users; not published, or not any
 *	 more
 *
 * Context: May sleep.
 */
void object_tear_down(struct iommufd_object *obj)
{
	struct object_table *table = obj->table;
	u32 id = obj->id;

	trace_iommufd_object_destroy(table->stats, id, obj->ops->name);
	obj->ops->destroy(obj);
	xa_erase(&table->objects, id);
}

/**
 * object_table_destroy() - destroy all objects that are left, users first
 * @table: the table; no other task can reach it
 *
 * Context: May sleep.
 */
void object_table_destroy(struct object_table *table)
{
	struct iommufd_object *obj;
	unsigned long id;
	bool progress;

	do {
		progress = false;
		xa_for_each(&table->objects, id, obj) {
			if (obj->users)
				continue;
			object_tear_down(obj);
			progress = true;
		}
	} while (progress);
	id = 0;
	WARN_ON(xa_find(&table->objects, &id, ULONG_MAX, XA_PRESENT));
	xa_destroy(&table->objects);
}

/**
 * object_table_empty() - check that there are no objects
 * @table: the table
 *
 * Return: true if there is none, not even one that is being created or
 * destroyed, or an ID that object_tombstone() left.
 */
bool object_table_empty(struct object_table *table)
{
	return xa_empty(&table->objects);
}

/**
 * object_init() - allocate an ID for an object
 * @table: the table
 * @obj: a zeroed object
 * @ops: its type
 *
 * The object cannot be looked up yet. After success, either object_publish() or
 * object_abort() has to follow.
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int object_init(struct object_table *table, struct iommufd_object *obj,
		const struct object_ops *ops)
{
	obj->table = table;
	obj->ops = ops;
	return xa_alloc(&table->objects, &obj->id, XA_ZERO_ENTRY, xa_limit_31b,
			GFP_KERNEL_ACCOUNT);
}

/**
 * object_publish() - allow lookups of an object by its ID
 * @obj: the object, completely set up; nothing may fail from here on
 */
void object_publish(struct iommufd_object *obj)
{
	trace_iommufd_object_create(obj->table->stats, obj->id, obj->ops->name);
	xa_lock(&obj->table->objects);
	object_set_entry(obj, obj);
	xa_unlock(&obj->table->objects);
}

/**
 * object_abort() - free the ID of an object that was not published
 * @obj: the object, which the caller frees
 */
void object_abort(struct iommufd_object *obj)
{
	WARN_ON(obj->users || atomic_read(&obj->refs));
	xa_erase(&obj->table->objects, obj->id);
}

/**
 * object_get() - look up an object by its ID and take a reference
 * @table: the table
 * @id: the ID
 * @ops: the required type, NULL for any
 *
 * Return: the object, released by object_put(), or ERR_PTR(-ENOENT).
 */
struct iommufd_object *object_get(struct object_table *table, u32 id,
				  const struct object_ops *ops)
{
	struct iommufd_object *obj;

	xa_lock(&table->objects);
	obj = table->recent;
	if (!obj || obj->id != id)
		obj = xa_load(&table->objects, id);
	if (obj && ops && obj->ops != ops)
		obj = NULL;
	if (obj) {
		atomic_inc(&obj->refs);
		table->recent = obj;
	}
	xa_unlock(&table->objects);
	return obj ?: ERR_PTR(-ENOENT);
}

/**
 * object_next() - find the object of a type with the lowest ID
 * @table: the table
 * @from: the lowest ID to consider
 * @ops: the required type
 *
 * To visit all objects of a type, begin with ID 0 and continue after the ID of
 * each object found.
 *
 * Return: the object, released by object_put(), or NULL.
 */
struct iommufd_object *object_next(struct object_table *table, u32 from,
				   const struct object_ops *ops)
{
	struct iommufd_object *obj;
	unsigned long id;

	xa_lock(&table->objects);
	xa_for_each_start(&table->objects, id, obj, from) {
		if (obj->ops != ops)
			continue;
		atomic_inc(&obj->refs);
		break;
	}
	xa_unlock(&table->objects);
	return obj;
}

/**
 * object_visit() - look at the object with the lowest ID, without a reference
 * @table: the table
 * @id: the lowest ID to consider; set to the one after that of the object
 * @visit: called with the object and @data, with the lock of the table held; may
 *	not sleep
 * @data: for @visit
 *
 * A reference would make IOMMU_DESTROY fail meanwhile.
 *
 * Context: Any.
 * Return: true if there was an object.
 */
bool object_visit(struct object_table *table, u32 *id,
		  void (*visit)(struct iommufd_object *obj, void *data),
		  void *data)
{
	struct iommufd_object *obj;
	unsigned long index = *id;

	xa_lock(&table->objects);
	obj = xa_find(&table->objects, &index, ULONG_MAX, XA_PRESENT);
	if (obj) {
		visit(obj, data);
		*id = index + 1;
	}
	xa_unlock(&table->objects);
	return obj;
}

/**
 * object_tryget() - take a reference to an object that may be being destroyed
 * @obj: the object, whose memory the caller keeps from being freed
 *
 * Return: true with a reference, false if the object is not published (any
 * more).
 */
bool object_tryget(struct iommufd_object *obj)
{
	bool alive;

	xa_lock(&obj->table->objects);
	alive = xa_load(&obj->table->objects, obj->id) == obj;
	if (alive)
		atomic_inc(&obj->refs);
	xa_unlock(&obj->table->objects);
	return alive;
}

/**
 * object_get_user() - add a user to an object
 * @obj: the object, of which the caller has a reference or is a user already,
 *	 or which is not published yet
 */
void object_get_user(struct iommufd_object *obj)
{
	xa_lock(&obj->table->objects);
	obj->users++;
	xa_unlock(&obj->table->objects);
}

/**
 * object_tryget_user() - add a user to an object that may be being destroyed
 * @obj: the object, whose memory the caller keeps from being freed
 *
 * Return: true if the user was added, false if the object is not published (any
 * more).
 */
bool object_tryget_user(struct iommufd_object *obj)
{
	bool alive;

	xa_lock(&obj->table->objects);
	alive = xa_load(&obj->table->objects, obj->id) == obj;
	if (alive)
		obj->users++;
	xa_unlock(&obj->table->objects);
	return alive;
}

/**
 * object_put_user() - remove a user from an object
 * @obj: the object, which is not destroyed even if that was the last user
 */
void object_put_user(struct iommufd_object *obj)
{
	xa_lock(&obj->table->objects);
	WARN_ON(!obj->users);
	obj->users--;
	xa_unlock(&obj->table->objects);
}

/* Pairs with the last object_put(). */
static bool object_is_idle(const struct iommufd_object *obj)
{
	return !atomic_read_acquire(&obj->refs);
}

/**
 * object_destroy() - destroy an object on behalf of user space
 * @table: the table
 * @id: its ID
 *
 * Context: May sleep.
 * Return: 0, -ENOENT if there is no such object, -EBUSY with nothing changed if
 * it has users or a request is using it.
 */
int object_destroy(struct object_table *table, u32 id)
{
	struct iommufd_object *obj;
	int ret = 0;

	xa_lock(&table->objects);
	obj = xa_load(&table->objects, id);
	if (!obj)
		ret = -ENOENT;
	else if (obj->users || !object_is_idle(obj))
		ret = -EBUSY;
	else
		object_set_entry(obj, NULL);
	xa_unlock(&table->objects);
	if (!ret)
		object_tear_down(obj);
	return ret;
}

/**
 * object_put_user_retire() - remove a user, unpublish the object after the last
 * @obj: the object, which was published; may be freed afterwards unless the
 *	 result is true
 *
 * Context: Any.
 * Return: true if that was the last user: object_destroy_retired() has to
 * follow.
 */
bool object_put_user_retire(struct iommufd_object *obj)
{
	bool last;

	xa_lock(&obj->table->objects);
	WARN_ON(!obj->users);
	last = !--obj->users;
	if (last)
		object_set_entry(obj, NULL);
	xa_unlock(&obj->table->objects);
	return last;
}

/**
 * object_destroy_retired() - destroy an object that was unpublished
 * @obj: the object, after object_put_user_retire() has returned true; no task
 *	 with a reference adds a user
 *
 * Context: May sleep. Waits for references. The caller holds no lock that a
 * holder of a reference takes.
 */
void object_destroy_retired(struct iommufd_object *obj)
{
	wait_event(obj->table->idle, object_is_idle(obj));
	object_tear_down(obj);
}

/**
 * object_begin_remove() - claim the destruction of an object
 * @obj: the object, which was published, and whose memory the caller keeps from
 *	 being freed; it never has users
 *
 * Return: true if the caller has to call object_tombstone(), false if another
 * task is destroying the object.
 */
bool object_begin_remove(struct iommufd_object *obj)
{
	struct object_table *table = obj->table;
	bool ours;

	xa_lock(&table->objects);
	WARN_ON(obj->users);
	ours = xa_load(&table->objects, obj->id) == obj;
	if (ours)
		object_set_entry(obj, NULL);
	xa_unlock(&table->objects);
	return ours;
}

/**
 * object_tombstone() - destroy an object, but keep its ID from being reused
 * @obj: the object, after object_begin_remove() has returned true
 *
 * User space did not request this and still uses the ID, so the ID must not
 * name another object later.
 *
 * Context: May sleep. Waits for references. The caller holds no lock that a
 * holder of a reference takes.
 */
void object_tombstone(struct iommufd_object *obj)
{
	wait_event(obj->table->idle, object_is_idle(obj));
	trace_iommufd_object_destroy(obj->table->stats, obj->id,
				     obj->ops->name);
	obj->ops->destroy(obj);
}
