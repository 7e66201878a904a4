/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accesses: emulated devices bound to a context, which reach the memory of an
 * IOAS through the CPU.
 */
#ifndef IOMMUFD_ACCESS_H
#define IOMMUFD_ACCESS_H

#include <linux/mutex.h>

#include "iopt/iopt.h"
#include "object.h"

struct iommufd_access_ops;
struct iommufd_ctx;
struct iommufd_ioas;

struct iommufd_access;

/**
 * struct access_user - an access as an IOAS sees it
 *
 * While an access moves from one IOAS to another it is a user of both. An IOAS
 * may still call into an access that has left it, so both users are freed with
 * the access.
 */
struct access_user {
	/** @user: entry in the users of the IOAS */
	struct iopt_user user;
	/** @access: the access */
	struct iommufd_access *access;
};

/**
 * struct iommufd_access - an emulated device bound to a context
 */
struct iommufd_access {
	/** @obj: the ID; the driver holds a user count */
	struct iommufd_object obj;
	/** @ictx: the context, with a reference */
	struct iommufd_ctx *ictx;
	/** @ops: driver callbacks */
	const struct iommufd_access_ops *ops;
	/** @data: passed to @ops */
	void *data;

	/**
	 * @lock: protects the members below; held while memory is pinned, read
	 * or written, but not while @ops are called
	 */
	struct mutex lock;
	/** @ioas: IOAS to pin, read and write; NULL while detached */
	struct iommufd_ioas *ioas;
	/** @ioas_id: ID of @ioas, or 0; read without the lock */
	u32 ioas_id;
	/**
	 * @unpin_ioas: IOAS to unpin from, of which the access is a user.
	 * Differs from @ioas only while the driver unpins everything.
	 */
	struct iommufd_ioas *unpin_ioas;
	/**
	 * @users: the user of @unpin_ioas, and a spare one for the next IOAS
	 */
	struct access_user users[2];
	/** @current_user: index in @users of the user of @unpin_ioas */
	unsigned int current_user;
};

#endif /* IOMMUFD_ACCESS_H */
