// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects that user space names by a 32 bit ID.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "object.h"

/**
 * object_table_init() - make an empty table
 * @table: the table
 */
void object_table_init(struct object_table *table)
{
	xa_init_flags(&table->objects, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	table->recent = NULL;
	init_waitqueue_head(&table->idle);
}

/* An ID of a published object always has memory for its entry. */
static void object_set_entry(struct iommufd_object *obj, void *entry)
{
	lockdep_assert_held(&obj->table->objects.xa_lock);
	obj->table->recent = NULL;
	__xa_store(&obj->table->objects, obj->id, entry, 0);
}

static void object_tear_down(struct iommufd_object *obj)
{
	struct object_table *table = obj->table;
	u32 id = obj->id;

	obj->ops->destroy(obj);
	xa_erase(&table->objects, id);
}

/**
 * object_table_destroy() - destroy whatever is left, users first
 * @table: the table, which nobody else uses any more
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
 * object_table_empty() - are there no objects at all?
 * @table: the table
 *
 * Return: true where there is none, not even one being made or destroyed, nor
 * an ID that object_tombstone() left.
 */
bool object_table_empty(struct object_table *table)
{
	return xa_empty(&table->objects);
}

/**
 * object_init() - give an object an ID
 * @table: where
 * @obj: a zeroed object
 * @ops: its type
 *
 * The object cannot be reached by its ID yet.
 *
 * Context: May sleep.
 * Return: 0, after which either object_publish() or object_abort() follows, or
 * a negative errno.
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
 * object_publish() - make an object reachable by its ID
 * @obj: the object, completely set up; nothing may fail from here on
 */
void object_publish(struct iommufd_object *obj)
{
	xa_lock(&obj->table->objects);
	object_set_entry(obj, obj);
	xa_unlock(&obj->table->objects);
}

/**
 * object_abort() - give back the ID of an object that was not published
 * @obj: the object, which the caller frees
 */
void object_abort(struct iommufd_object *obj)
{
	WARN_ON(obj->users || atomic_read(&obj->refs));
	xa_erase(&obj->table->objects, obj->id);
}

/**
 * object_get() - take a reference by ID
 * @table: where
 * @id: the ID
 * @ops: the type it must have, NULL for any
 *
 * Return: the object, given back by object_put(), or -ENOENT.
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
 * object_next() - take a reference to the object with the lowest ID
 * @table: where
 * @from: lowest ID to look at
 * @ops: the type it must have
 *
 * To visit all objects of a type begin with ID 0 and go on behind what was found.
 *
 * Return: the object, given back by object_put(), or NULL.
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
 * object_tryget() - take a reference to an object that may be on its way out
 * @obj: the object, whose memory something else keeps from being freed
 *
 * Return: true with a reference, false where it is not published (any more).
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
 * object_get_user() - become a user
 * @obj: the object, to which the caller has a reference or of which it is a
 *	 user already, or which is not published yet
 */
void object_get_user(struct iommufd_object *obj)
{
	xa_lock(&obj->table->objects);
	obj->users++;
	xa_unlock(&obj->table->objects);
}

/**
 * object_tryget_user() - become a user of an object that may be on its way out
 * @obj: the object, whose memory something else keeps from being freed
 *
 * Return: true where the caller is a user, false where the object is not
 * published (any more).
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
 * object_put_user() - stop being a user
 * @obj: the object, which stays
 */
void object_put_user(struct iommufd_object *obj)
{
	xa_lock(&obj->table->objects);
	WARN_ON(!obj->users);
	obj->users--;
	xa_unlock(&obj->table->objects);
}

/* Of what is not published any more; pairs with the last object_put(). */
static bool object_is_idle(const struct iommufd_object *obj)
{
	return !atomic_read_acquire(&obj->refs);
}

/*
 * Second half of destroying: the object was taken out of the table when it had
 * no users, so only those with a reference can become one. Who took it out is
 * the only one to free it, or to put it back: then its users destroy it.
 */
static int object_destroy_unpublished(struct iommufd_object *obj, bool killable)
{
	struct object_table *table = obj->table;
	int ret = 0;

	if (killable)
		ret = wait_event_killable(table->idle, object_is_idle(obj));
	else
		wait_event(table->idle, object_is_idle(obj));

	xa_lock(&table->objects);
	if (ret && obj->condemned) {
		xa_unlock(&table->objects);
		wait_event(table->idle, object_is_idle(obj));
		xa_lock(&table->objects);
		ret = 0;
	}
	if (!ret && obj->users)
		ret = -EBUSY;
	if (ret)
		object_set_entry(obj, obj);
	xa_unlock(&table->objects);
	if (!ret)
		object_tear_down(obj);
	return ret ? -EBUSY : 0;
}

/**
 * object_destroy() - destroy an object on behalf of user space
 * @table: where
 * @id: its ID
 *
 * Waits for requests that are working with the object.
 *
 * Context: May sleep.
 * Return: 0, -ENOENT, -EBUSY where it has users.
 */
int object_destroy(struct object_table *table, u32 id)
{
	struct iommufd_object *obj;
	int ret = 0;

	xa_lock(&table->objects);
	obj = xa_load(&table->objects, id);
	if (!obj)
		ret = -ENOENT;
	else if (obj->users)
		ret = -EBUSY;
	else
		object_set_entry(obj, NULL);
	xa_unlock(&table->objects);
	return ret ?: object_destroy_unpublished(obj, true);
}

/**
 * object_put_user_destroy() - stop being a user, destroy what has none left
 * @obj: the object, published once; may be gone afterwards
 *
 * Context: May sleep; the caller holds no lock that a holder of a reference
 * takes.
 * Return: true where it was destroyed, false where it has other users or
 * somebody else is destroying it.
 */
bool object_put_user_destroy(struct iommufd_object *obj)
{
	struct object_table *table = obj->table;
	bool last;

	xa_lock(&table->objects);
	WARN_ON(!obj->users);
	last = !--obj->users;
	/* who took it out of the table waits, and finds that it has no users */
	if (xa_load(&table->objects, obj->id) != obj)
		last = false;
	if (last)
		object_set_entry(obj, NULL);
	xa_unlock(&table->objects);
	return last && !object_destroy_unpublished(obj, false);
}

/**
 * object_begin_remove() - decide that an object is going to be destroyed
 * @obj: the object, published once, whose memory something else keeps from being
 *	 freed; it never has users
 *
 * Return: true where the caller has to object_tombstone() it, false where somebody
 * else is destroying it and does not give up any more.
 */
bool object_begin_remove(struct iommufd_object *obj)
{
	struct object_table *table = obj->table;
	bool ours;

	xa_lock(&table->objects);
	WARN_ON(obj->users);
	obj->condemned = true;
	ours = xa_load(&table->objects, obj->id) == obj;
	if (ours)
		object_set_entry(obj, NULL);
	xa_unlock(&table->objects);
	return ours;
}

/**
 * object_tombstone() - destroy an object, without its ID being given to another
 * @obj: the object, after object_begin_remove() has returned true
 *
 * User space did not ask for that: what it still thinks to be the ID of this
 * object must not be that of some other one.
 *
 * Context: May sleep; the caller holds no lock that a holder of a reference
 * takes.
 */
void object_tombstone(struct iommufd_object *obj)
{
	wait_event(obj->table->idle, object_is_idle(obj));
	obj->ops->destroy(obj);
}
