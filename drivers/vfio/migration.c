// SPDX-License-Identifier: GPL-2.0-only
/*
 * The features of migration, and the order of its states.
 *
 * A state stands for two things, the activity of a device and the transfer of
 * its data:
 *
 *                       no data       saving            resuming
 *    all             RUNNING       PRE_COPY
 *    no P2P          RUNNING_P2P   PRE_COPY_P2P
 *    nothing         STOP          STOP_COPY         RESUMING
 *
 * A step moves by one line, or by one column within a line.
 */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/uaccess.h>

#include "migration.h"

enum {
	TRANSFER_NONE,
	TRANSFER_SAVING,
	TRANSFER_RESUMING,
	NR_TRANSFERS,
};

enum {
	ACTIVITY_NONE,
	ACTIVITY_NO_P2P,
	ACTIVITY_ALL,
	NR_ACTIVITIES,
};

/**
 * struct mig_position - position of a state in the table above
 */
struct mig_position {
	/** @activity: the line, counted from the bottom */
	u8 activity;
	/** @transfer: the column */
	u8 transfer;
	/** @flags: migration_flags that a device needs to have the state */
	u8 flags;
};

#define MIG_FLAGS_P2P (VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P)
#define MIG_FLAGS_PRE_COPY (VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_PRE_COPY)

static const struct mig_position mig_positions[VFIO_DEVICE_STATE_NR] = {
	[VFIO_DEVICE_STATE_STOP] = { ACTIVITY_NONE, TRANSFER_NONE,
				     VFIO_MIGRATION_STOP_COPY },
	[VFIO_DEVICE_STATE_RUNNING_P2P] = { ACTIVITY_NO_P2P, TRANSFER_NONE,
					    MIG_FLAGS_P2P },
	[VFIO_DEVICE_STATE_RUNNING] = { ACTIVITY_ALL, TRANSFER_NONE,
					VFIO_MIGRATION_STOP_COPY },
	[VFIO_DEVICE_STATE_STOP_COPY] = { ACTIVITY_NONE, TRANSFER_SAVING,
					  VFIO_MIGRATION_STOP_COPY },
	[VFIO_DEVICE_STATE_PRE_COPY_P2P] = { ACTIVITY_NO_P2P, TRANSFER_SAVING,
					     MIG_FLAGS_P2P |
						     MIG_FLAGS_PRE_COPY },
	[VFIO_DEVICE_STATE_PRE_COPY] = { ACTIVITY_ALL, TRANSFER_SAVING,
					 MIG_FLAGS_PRE_COPY },
	[VFIO_DEVICE_STATE_RESUMING] = { ACTIVITY_NONE, TRANSFER_RESUMING,
					 VFIO_MIGRATION_STOP_COPY },
};

/* The states by position; VFIO_DEVICE_STATE_ERROR at vacant positions */
static const u8 mig_states[NR_ACTIVITIES][NR_TRANSFERS] = {
	[ACTIVITY_NONE] = { VFIO_DEVICE_STATE_STOP, VFIO_DEVICE_STATE_STOP_COPY,
			    VFIO_DEVICE_STATE_RESUMING },
	[ACTIVITY_NO_P2P] = { VFIO_DEVICE_STATE_RUNNING_P2P,
			      VFIO_DEVICE_STATE_PRE_COPY_P2P },
	[ACTIVITY_ALL] = { VFIO_DEVICE_STATE_RUNNING,
			   VFIO_DEVICE_STATE_PRE_COPY },
};

/* VFIO_DEVICE_STATE_ERROR is not reached or left by a step */
static bool mig_has_state(const struct vfio_device *device, unsigned int state)
{
	return state != VFIO_DEVICE_STATE_ERROR &&
	       state < VFIO_DEVICE_STATE_NR &&
	       !(mig_positions[state].flags & ~device->migration_flags);
}

/* Return the next step from @cur to @new of a device that has all states */
static unsigned int mig_next_state(unsigned int cur, unsigned int new)
{
	const struct mig_position *to = &mig_positions[new];
	struct mig_position at = mig_positions[cur];

	if (at.transfer == to->transfer) {
		/* STOP_COPY saves the final data: saving cannot continue */
		if (cur == VFIO_DEVICE_STATE_STOP_COPY && cur != new)
			return VFIO_DEVICE_STATE_ERROR;
	} else if (at.transfer != TRANSFER_NONE) {
		at.transfer = TRANSFER_NONE;
		return mig_states[at.activity][at.transfer];
	} else if (at.activity == to->activity) {
		return new;
	}

	if (at.activity < to->activity)
		at.activity++;
	else if (at.activity > to->activity)
		at.activity--;
	return mig_states[at.activity][at.transfer];
}

/**
 * vfio_mig_get_next_state() - get the next step on the way to a state
 * @device: device of a driver with migration ops
 * @cur_fsm: present state
 * @new_fsm: state that the user requests
 * @next_fsm: set to the next state; @new_fsm for the last step
 *
 * States that are not in device->migration_flags are skipped.
 *
 * Context: Any.
 * Return: 0, or -EINVAL if the device does not have @new_fsm or no path leads
 * there.
 */
int vfio_mig_get_next_state(struct vfio_device *device,
			    enum vfio_device_mig_state cur_fsm,
			    enum vfio_device_mig_state new_fsm,
			    enum vfio_device_mig_state *next_fsm)
{
	unsigned int next = cur_fsm;

	if (!mig_has_state(device, new_fsm) ||
	    cur_fsm == VFIO_DEVICE_STATE_ERROR ||
	    WARN_ON(!mig_has_state(device, cur_fsm)))
		return -EINVAL;

	do {
		next = mig_next_state(next, new_fsm);
		if (next == VFIO_DEVICE_STATE_ERROR)
			return -EINVAL;
	} while (!mig_has_state(device, next));

	*next_fsm = next;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_mig_get_next_state, "VFIO_NG");

/**
 * vfio_migration_valid() - check that a driver sets all migration ops or none
 * @device: the device, before registration
 *
 * Context: Any.
 * Return: False if an op or VFIO_MIGRATION_STOP_COPY is missing.
 */
bool vfio_migration_valid(const struct vfio_device *device)
{
	const struct vfio_migration_ops *ops = device->mig_ops;

	return !ops || (ops->migration_set_state && ops->migration_get_state &&
			ops->migration_get_data_size &&
			(device->migration_flags & VFIO_MIGRATION_STOP_COPY));
}

/**
 * vfio_feature_migration() - handle VFIO_DEVICE_FEATURE_MIGRATION
 * @device: an open device
 * @flags: flags of the request
 * @arg: struct vfio_device_feature_migration
 * @argsz: size of @arg in bytes
 *
 * Context: May sleep.
 * Return: 0, -ENOTTY if the device does not support migration, -EINVAL, or
 * -EFAULT.
 */
int vfio_feature_migration(struct vfio_device *device, u32 flags,
			   void __user *arg, size_t argsz)
{
	struct vfio_device_feature_migration mig = {
		.flags = device->migration_flags,
	};
	int ret;

	if (!device->mig_ops)
		return -ENOTTY;
	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(mig));
	if (ret != 1)
		return ret;
	return copy_to_user(arg, &mig, sizeof(mig)) ? -EFAULT : 0;
}

static int mig_get_state(struct vfio_device *device,
			 struct vfio_device_feature_mig_state __user *arg)
{
	struct vfio_device_feature_mig_state mig = { .data_fd = -1 };
	enum vfio_device_mig_state state;
	int ret;

	ret = device->mig_ops->migration_get_state(device, &state);
	if (ret)
		return ret;
	mig.device_state = state;
	return copy_to_user(arg, &mig, sizeof(mig)) ? -EFAULT : 0;
}

/* The descriptor takes over the reference on @file; on failure it is dropped */
static int mig_install_file(struct file *file, int __user *data_fd)
{
	CLASS(get_unused_fd, fd)(O_CLOEXEC);
	int ret = fd;

	if (fd >= 0)
		ret = put_user(fd, data_fd);
	if (ret < 0) {
		fput(file);
		return ret;
	}
	fd_install(take_fd(fd), file);
	return 0;
}

static int mig_set_state(struct vfio_device *device,
			 struct vfio_device_feature_mig_state __user *arg)
{
	struct vfio_device_feature_mig_state mig;
	struct file *file;

	if (copy_from_user(&mig, arg, sizeof(mig)))
		return -EFAULT;

	/* The next call may change the device, so check the memory before it */
	if (put_user(-1, &arg->data_fd))
		return -EFAULT;

	file = device->mig_ops->migration_set_state(device, mig.device_state);
	if (IS_ERR_OR_NULL(file))
		return PTR_ERR_OR_ZERO(file);
	return mig_install_file(file, &arg->data_fd);
}

/**
 * vfio_feature_mig_state() - handle VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE
 * @device: an open device
 * @flags: flags of the request
 * @arg: struct vfio_device_feature_mig_state
 * @argsz: size of @arg in bytes
 *
 * Context: May sleep.
 * Return: 0; -ENOTTY if the device does not support migration; -EINVAL, also
 * for a state that cannot be reached; -EFAULT; -EMFILE; or an errno of the
 * driver.
 */
int vfio_feature_mig_state(struct vfio_device *device, u32 flags,
			   void __user *arg, size_t argsz)
{
	int ret;

	if (!device->mig_ops)
		return -ENOTTY;
	ret = vfio_check_feature(
		flags, argsz, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET,
		sizeof(struct vfio_device_feature_mig_state));
	if (ret != 1)
		return ret;
	return flags & VFIO_DEVICE_FEATURE_GET ? mig_get_state(device, arg) :
						 mig_set_state(device, arg);
}

/**
 * vfio_feature_mig_data_size() - handle VFIO_DEVICE_FEATURE_MIG_DATA_SIZE
 * @device: an open device
 * @flags: flags of the request
 * @arg: struct vfio_device_feature_mig_data_size
 * @argsz: size of @arg in bytes
 *
 * Context: May sleep.
 * Return: 0, -ENOTTY if the device does not support migration, -EINVAL,
 * -EFAULT, or an errno of the driver.
 */
int vfio_feature_mig_data_size(struct vfio_device *device, u32 flags,
			       void __user *arg, size_t argsz)
{
	struct vfio_device_feature_mig_data_size size = {};
	unsigned long length;
	int ret;

	if (!device->mig_ops)
		return -ENOTTY;
	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(size));
	if (ret != 1)
		return ret;

	ret = device->mig_ops->migration_get_data_size(device, &length);
	if (ret)
		return ret;
	size.stop_copy_length = length;
	return copy_to_user(arg, &size, sizeof(size)) ? -EFAULT : 0;
}

/**
 * vfio_feature_mig_precopy_info() - handle
 * VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2
 * @device: an open device
 * @flags: flags of the request
 * @argsz: size of the data in bytes, which is ignored
 *
 * The setting holds until the device is closed.
 *
 * Context: Process context.
 * Return: 0, or -EINVAL, also if the device does not have PRE_COPY.
 */
int vfio_feature_mig_precopy_info(struct vfio_device *device, u32 flags,
				  size_t argsz)
{
	int ret;

	if (!(device->migration_flags & VFIO_MIGRATION_PRE_COPY))
		return -EINVAL;
	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET, 0);
	if (ret != 1)
		return ret;
	WRITE_ONCE(device->precopy_info_v2, 1);
	return 0;
}
