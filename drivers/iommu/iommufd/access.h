/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device that is software, bound to a context: it reaches the memory of an
 * IOAS by the CPU.
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
 * struct access_user - an access as an IOAS knows it
 *
 * While an access moves from one IOAS to another both know it. An IOAS may still
 * be talking to one that left, so it goes with the access only.
 */
struct access_user {
	/** @user: its place in the IOAS */
	struct iopt_user user;
	/** @access: the access */
	struct iommufd_access *access;
};

/**
 * struct iommufd_access - a device that is software
 */
struct iommufd_access {
	/** @obj: the ID; the driver is a user of it */
	struct iommufd_object obj;
	/** @ictx: the context, with a reference */
	struct iommufd_ctx *ictx;
	/** @ops: of the driver */
	const struct iommufd_access_ops *ops;
	/** @data: for @ops */
	void *data;

	/**
	 * @lock: protects the members below; held while memory is pinned, read
	 * or written, but not while @ops are called
	 */
	struct mutex lock;
	/** @ioas: where to pin, read and write; NULL while detached */
	struct iommufd_ioas *ioas;
	/**
	 * @unpin_ioas: where to unpin. It is a user of this one. Differs from
	 * @ioas only while the driver is asked to unpin everything.
	 */
	struct iommufd_ioas *unpin_ioas;
	/** @users: its place in @unpin_ioas, and one for the next IOAS */
	struct access_user users[2];
	/** @current_user: which of @users is that in @unpin_ioas */
	unsigned int current_user;
};

#endif /* IOMMUFD_ACCESS_H */
