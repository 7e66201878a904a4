// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated devices bound to a context: create an access, attach it to an IOAS,
 * pin, read and write memory through it.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "access.h"
#include "ctx.h"
#include "ioas.h"
#include "iopt/iopt_access.h"
#include "lib/range.h"
#include "observe/stats.h"
#include "pages/backing.h"

static struct iommufd_access *access_of_user(struct iopt_user *user)
{
	return container_of(user, struct access_user, user)->access;
}

static bool access_user_get(struct iopt_user *user)
{
	return object_tryget(&access_of_user(user)->obj);
}

static void access_user_put(struct iopt_user *user)
{
	object_put(&access_of_user(user)->obj);
}

static void access_user_unmap(struct iopt_user *user, unsigned long iova,
			      unsigned long length)
{
	struct iommufd_access *access = access_of_user(user);

	access->ops->unmap(access->data, iova, length);
}

static const struct iopt_user_ops access_user_ops = {
	.get = access_user_get,
	.put = access_user_put,
	.unmap = access_user_unmap,
};

static int access_join(struct access_user *user, struct iommufd_ioas *ioas)
{
	int ret = iopt_add_user(ioas->iopt, &user->user);

	if (!ret)
		object_get_user(&ioas->obj);
	return ret;
}

static void access_leave(struct access_user *user, struct iommufd_ioas *ioas)
{
	iopt_remove_user(ioas->iopt, &user->user);
	object_put_user(&ioas->obj);
}

/*
 * Called with @access->ioas NULL, so that the driver cannot pin again what it
 * unpins here.
 */
static void access_unpin_all(struct iommufd_access *access)
{
	lockdep_assert_held(&access->lock);

	if (!access->ops->unmap)
		return;
	mutex_unlock(&access->lock);
	access->ops->unmap(access->data, 0, ULONG_MAX);
	mutex_lock(&access->lock);
}

static int access_change_ioas(struct iommufd_access *access,
			      struct iommufd_ioas *to)
{
	struct access_user *old = &access->users[access->current_user];
	struct access_user *new = &access->users[!access->current_user];
	struct iommufd_ioas *from = access->ioas;
	int ret;

	lockdep_assert_held(&access->lock);

	/* another caller is detaching or moving the access */
	if (from != access->unpin_ioas)
		return -EBUSY;
	if (from == to)
		return 0;
	if (to) {
		ret = access_join(new, to);
		if (ret)
			return ret;
	}
	access->ioas = NULL;
	WRITE_ONCE(access->ioas_id, 0);
	if (from) {
		access_unpin_all(access);
		access_leave(old, from);
	}
	access->current_user = !access->current_user;
	access->unpin_ioas = to;
	access->ioas = to;
	WRITE_ONCE(access->ioas_id, to ? to->obj.id : 0);
	return 0;
}

static int access_change_ioas_id(struct iommufd_access *access, u32 id)
{
	struct iommufd_ioas *ioas = ioas_get(access->ictx, id);
	int ret;

	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	ret = access_change_ioas(access, ioas);
	object_put(&ioas->obj);
	return ret;
}

static bool access_may_pin(const struct iommufd_access *access)
{
	return access->ops->needs_pin_pages && access->ops->unmap;
}

static void access_init_users(struct iommufd_access *access)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(access->users); i++) {
		access->users[i].access = access;
		access->users[i].user.ops = &access_user_ops;
		access->users[i].user.can_pin = access_may_pin(access);
	}
}

static void access_destroy_object(struct iommufd_object *obj)
{
	struct iommufd_access *access =
		container_of(obj, struct iommufd_access, obj);

	scoped_guard(mutex, &access->lock)
		WARN_ON(access_change_ioas(access, NULL));
	mutex_destroy(&access->lock);
	kfree(access);
}

static const struct object_ops access_ops = {
	.name = "access",
	.destroy = access_destroy_object,
};

/**
 * iommufd_access_create() - add an emulated device to a context
 * @ictx: the context
 * @ops: driver callbacks; a driver that pins memory sets
 *	&iommufd_access_ops.needs_pin_pages and provides an unmap op
 * @data: passed to @ops
 * @id: set to the object's ID
 *
 * The device cannot access any memory until it is attached.
 *
 * Context: May sleep.
 * Return: the access, to be freed by iommufd_access_destroy(), or an ERR_PTR.
 */
struct iommufd_access *
iommufd_access_create(struct iommufd_ctx *ictx,
		      const struct iommufd_access_ops *ops, void *data, u32 *id)
{
	struct iommufd_access *access;
	int ret;

	access = kzalloc_obj(*access, GFP_KERNEL_ACCOUNT);
	if (!access)
		return ERR_PTR(-ENOMEM);
	ret = object_init(&ictx->objects, &access->obj, &access_ops);
	if (ret) {
		kfree(access);
		return ERR_PTR(ret);
	}
	iommufd_ctx_get(ictx);
	access->ictx = ictx;
	access->ops = ops;
	access->data = data;
	mutex_init(&access->lock);
	access_init_users(access);
	object_get_user(&access->obj);
	object_publish(&access->obj);
	*id = access->obj.id;
	return access;
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_create, "IOMMUFD_NG");

/**
 * iommufd_access_destroy() - remove an emulated device from its context
 * @access: the access, freed by this call
 *
 * Detaches the access if it is attached. The unmap op is not running and is not
 * called any more after the return.
 *
 * Context: May sleep; the caller holds no lock that its unmap op takes.
 */
void iommufd_access_destroy(struct iommufd_access *access)
{
	struct iommufd_ctx *ictx = access->ictx;

	if (!WARN_ON(!object_put_user_retire(&access->obj)))
		object_destroy_retired(&access->obj);
	/* last, because the context owns the table of IDs */
	iommufd_ctx_put(ictx);
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_destroy, "IOMMUFD_NG");

/**
 * iommufd_access_attach() - give an emulated device access to an IOAS
 * @access: the access, not attached
 * @ioas_id: ID of the IOAS
 *
 * Context: May sleep.
 * Return: 0, -EINVAL if the access is attached already, -ENOENT for an unknown
 * ID, -EADDRINUSE if the driver pins memory and the IOAS contains a mapping
 * that does not consist of whole pages, -EINTR if the current task is being
 * killed, another negative errno.
 */
int iommufd_access_attach(struct iommufd_access *access, u32 ioas_id)
{
	int ret = -EINVAL;

	if (mutex_lock_killable(&access->lock))
		return -EINTR;
	if (!WARN_ON(access->ioas))
		ret = access_change_ioas_id(access, ioas_id);
	mutex_unlock(&access->lock);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_attach, "IOMMUFD_NG");

/**
 * iommufd_access_replace() - move an emulated device to another IOAS
 * @access: the access, attached
 * @ioas_id: ID of the IOAS
 *
 * Calls the unmap op for the whole range of IOVA, as iommufd_access_detach()
 * does.
 *
 * Context: May sleep; the caller holds no lock that its unmap op takes.
 * Return: 0, -ENOENT also if the access is not attached, -EBUSY if another
 * caller is detaching or moving it, or an error of iommufd_access_attach().
 */
int iommufd_access_replace(struct iommufd_access *access, u32 ioas_id)
{
	int ret = -ENOENT;

	if (mutex_lock_killable(&access->lock))
		return -EINTR;
	if (access->ioas)
		ret = access_change_ioas_id(access, ioas_id);
	mutex_unlock(&access->lock);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_replace, "IOMMUFD_NG");

/**
 * iommufd_access_detach() - detach an emulated device from its IOAS
 * @access: the access, attached
 *
 * Calls the unmap op for the whole range of IOVA; the op must unpin everything
 * that is pinned.
 *
 * Context: May sleep; the caller holds no lock that its unmap op takes.
 */
void iommufd_access_detach(struct iommufd_access *access)
{
	guard(mutex)(&access->lock);
	if (WARN_ON(!access->ioas))
		return;
	WARN_ON(access_change_ioas(access, NULL));
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_detach, "IOMMUFD_NG");

/* The driver's task need not be in a call whose end would drop the note. */
static int access_error(struct iommufd_access *access, int ret)
{
	if (unlikely(ret))
		iommufd_refusal_forget(&access->ictx->stats->refusals);
	return ret == -ESRCH ? -EFAULT : ret;
}

/**
 * iommufd_access_pin_pages() - pin the memory mapped to a range
 * @access: the access
 * @iova: first byte; the memory must begin at a page boundary
 * @length: bytes
 * @out_pages: array large enough for all pages
 * @flags: IOMMUFD_ACCESS_RW_WRITE or IOMMUFD_ACCESS_RW_READ
 *
 * The pages stay pinned until iommufd_access_unpin_pages(), which the unmap op
 * must call for each range it is given.
 *
 * Context: May sleep.
 * Return: 0; -EINVAL if the length is 0, the range is not mapped to whole pages
 * or is being unmapped, the memory is not RAM, or the driver cannot unpin;
 * -EOVERFLOW if the range wraps; -ENOENT if part of it is not mapped, or the
 * access is not attached; -EPERM if a mapping does not allow the access;
 * -EFAULT, -ENOMEM, -EINTR.
 */
int iommufd_access_pin_pages(struct iommufd_access *access, unsigned long iova,
			     unsigned long length, struct page **out_pages,
			     unsigned int flags)
{
	bool write = flags & IOMMUFD_ACCESS_RW_WRITE;
	struct iova_range range;
	int ret;

	if (WARN_ON(!access_may_pin(access)))
		return -EINVAL;
	ret = iova_range_from_user(iova, length, &range);
	if (ret)
		return ret;
	if (mutex_lock_killable(&access->lock))
		return -EINTR;
	ret = -ENOENT;
	if (access->ioas)
		ret = iopt_pin(access->ioas->iopt, &range,
			       write ? IOMMU_WRITE : IOMMU_READ, out_pages);
	mutex_unlock(&access->lock);
	return access_error(access, ret);
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_pin_pages, "IOMMUFD_NG");

/**
 * iommufd_access_unpin_pages() - undo iommufd_access_pin_pages()
 * @access: the access
 * @iova: same as for iommufd_access_pin_pages()
 * @length: same as for iommufd_access_pin_pages()
 *
 * Context: May sleep.
 */
void iommufd_access_unpin_pages(struct iommufd_access *access,
				unsigned long iova, unsigned long length)
{
	struct iova_range range;

	if (WARN_ON(iova_range_from_user(iova, length, &range)))
		return;
	guard(mutex)(&access->lock);
	if (!WARN_ON(!access->unpin_ioas))
		iopt_unpin(access->unpin_ioas->iopt, &range);
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_unpin_pages, "IOMMUFD_NG");

static unsigned int access_copy_flags(unsigned int flags)
{
	unsigned int ret = 0;

	if (flags & IOMMUFD_ACCESS_RW_WRITE)
		ret |= BACKING_WRITE;
	if (flags & IOMMUFD_ACCESS_RW_KTHREAD)
		ret |= BACKING_KTHREAD;
	if (flags & __IOMMUFD_ACCESS_RW_SLOW_PATH)
		ret |= BACKING_SLOW;
	return ret;
}

/**
 * iommufd_access_rw() - read or write the memory mapped to a range
 * @access: the access
 * @iova: first byte
 * @data: kernel buffer to copy from or to
 * @length: bytes
 * @flags: IOMMUFD_ACCESS_RW_WRITE or IOMMUFD_ACCESS_RW_READ; a kernel thread
 *	may add IOMMUFD_ACCESS_RW_KTHREAD, which is faster
 *
 * Context: May sleep.
 * Return: 0; -EINVAL if the length is 0, the range is being unmapped, or the
 * memory is not RAM; -EOVERFLOW if the range wraps; -ENOENT if part of it is
 * not mapped, or the access is not attached; -EPERM if a mapping does not allow
 * the access; -EFAULT, -ENOMEM, -EINTR. After an error part of the data may
 * have been copied.
 */
int iommufd_access_rw(struct iommufd_access *access, unsigned long iova,
		      void *data, size_t length, unsigned int flags)
{
	struct iova_range range;
	int ret;

	ret = iova_range_from_user(iova, length, &range);
	if (ret)
		return ret;
	if (mutex_lock_killable(&access->lock))
		return -EINTR;
	ret = -ENOENT;
	if (access->ioas)
		ret = iopt_rw(access->ioas->iopt, &range, data,
			      access_copy_flags(flags));
	mutex_unlock(&access->lock);
	return access_error(access, ret);
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_rw, "IOMMUFD_NG");

/**
 * iommufd_access_ioas_id() - get the IOAS that an access is attached to
 * @access: the access, which may be attached or detached meanwhile
 *
 * Context: Any.
 * Return: ID of the IOAS, or 0.
 */
u32 iommufd_access_ioas_id(const struct iommufd_access *access)
{
	return READ_ONCE(access->ioas_id);
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_ioas_id, "IOMMUFD_NG");
