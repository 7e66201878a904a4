// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that is software, bound to a context.
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
	int ret = iopt_add_user(&ioas->iopt, &user->user);

	if (!ret)
		object_get_user(&ioas->obj);
	return ret;
}

static void access_leave(struct access_user *user, struct iommufd_ioas *ioas)
{
	iopt_remove_user(&ioas->iopt, &user->user);
	object_put_user(&ioas->obj);
}

/* With @access->ioas NULL, so that it does not pin anew what it unpins. */
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

	/* somebody else is in the middle of this */
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
	if (from) {
		access_unpin_all(access);
		access_leave(old, from);
	}
	access->current_user = !access->current_user;
	access->unpin_ioas = to;
	access->ioas = to;
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
		access->users[i].user.pins = access_may_pin(access);
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
	.destroy = access_destroy_object,
};

/**
 * iommufd_access_create() - put a device that is software into a context
 * @ictx: the context
 * @ops: of the driver; to pin memory it takes both
 *	&iommufd_access_ops.needs_pin_pages and an unmap op
 * @data: for @ops
 * @id: set to the object's ID
 *
 * The device can reach no memory until it is attached.
 *
 * Context: May sleep.
 * Return: the access, given back by iommufd_access_destroy(), or an ERR_PTR.
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
 * iommufd_access_destroy() - take a device that is software out of its context
 * @access: the access; gone afterwards
 *
 * If attached, it is detached first. No unmap op is running or will run
 * afterwards.
 *
 * Context: May sleep; the caller holds no lock that its unmap op takes.
 */
void iommufd_access_destroy(struct iommufd_access *access)
{
	struct iommufd_ctx *ictx = access->ictx;

	/* the object's number is in the context, so that goes last */
	WARN_ON(!object_put_user_destroy(&access->obj));
	iommufd_ctx_put(ictx);
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_destroy, "IOMMUFD_NG");

/**
 * iommufd_access_attach() - let a device reach what an IOAS maps
 * @access: the access, not attached
 * @ioas_id: ID of the IOAS
 *
 * Context: May sleep.
 * Return: 0, -EINVAL where it is attached, -ENOENT for an unknown ID,
 * -EADDRINUSE where it pins and something is mapped that does not consist of
 * whole pages, -EINTR where the current process is being killed, another
 * negative errno.
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
 * iommufd_access_replace() - move a device to another IOAS
 * @access: the access, attached
 * @ioas_id: ID of the IOAS
 *
 * Its unmap op is called for all there is, as by iommufd_access_detach().
 *
 * Context: May sleep; the caller holds no lock that its unmap op takes.
 * Return: 0, -ENOENT also where it is not attached, -EBUSY where it is just being
 * detached or moved, or as iommufd_access_attach().
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
 * iommufd_access_detach() - take a device's memory away
 * @access: the access, attached
 *
 * Its unmap op is called for all there is, and must unpin whatever is pinned.
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

/**
 * iommufd_access_pin_pages() - pin the memory behind a range
 * @access: the access
 * @iova: first byte, to begin where a page does
 * @length: bytes
 * @out_pages: room for all pages
 * @flags: IOMMUFD_ACCESS_RW_WRITE or IOMMUFD_ACCESS_RW_READ
 *
 * They stay until iommufd_access_unpin_pages(), which the unmap op must call for
 * whatever it is told.
 *
 * Context: May sleep.
 * Return: 0; -EINVAL for no length, where the range does not show whole pages
 * or is being unmapped, where the memory is none of the CPU's, where the driver
 * cannot unpin; -EOVERFLOW for a range that wraps; -ENOENT where part is not
 * mapped, or it is not attached; -EPERM where a mapping does not allow the
 * access; -EFAULT, -ENOMEM, -EINTR.
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
		ret = iopt_pin(&access->ioas->iopt, &range,
			       write ? IOMMU_WRITE : IOMMU_READ, out_pages);
	mutex_unlock(&access->lock);
	return ret == -ESRCH ? -EFAULT : ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_pin_pages, "IOMMUFD_NG");

/**
 * iommufd_access_unpin_pages() - undo iommufd_access_pin_pages()
 * @access: the access
 * @iova: as it was given there
 * @length: as it was given there
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
		iopt_unpin(&access->unpin_ioas->iopt, &range);
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
 * iommufd_access_rw() - read or write the memory behind a range
 * @access: the access
 * @iova: first byte
 * @data: where to or from
 * @length: bytes
 * @flags: IOMMUFD_ACCESS_RW_WRITE or IOMMUFD_ACCESS_RW_READ, and
 *	IOMMUFD_ACCESS_RW_KTHREAD where the caller is a kernel thread, which is
 *	faster
 *
 * Context: May sleep.
 * Return: 0; -EINVAL for no length, where the range is being unmapped, where the
 * memory is none of the CPU's; -EOVERFLOW for a range that wraps; -ENOENT where
 * part is not mapped, or it is not attached; -EPERM where a mapping does not
 * allow the access. Also -EFAULT, -ENOMEM, -EINTR, with part done possibly.
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
		ret = iopt_rw(&access->ioas->iopt, &range, data,
			      access_copy_flags(flags));
	mutex_unlock(&access->lock);
	return ret == -ESRCH ? -EFAULT : ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_access_rw, "IOMMUFD_NG");
