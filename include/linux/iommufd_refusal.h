/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why calls of user space were refused.
 *
 * The place that refuses a call notes the reason, a code and some numbers, in a
 * log. When the call returns, the note becomes the last refusal of the log, with
 * the errno and the name of the call. Text is made of it only when it is read.
 * Nothing is allocated.
 *
 * A note belongs to the current task. It is dropped if the call succeeds after
 * all.
 */
#ifndef __LINUX_IOMMUFD_REFUSAL_H
#define __LINUX_IOMMUFD_REFUSAL_H

#include <linux/compiler.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct iommufd_ctx;
struct seq_file;

/** IOMMUFD_REFUSAL_NAME - bytes of a name in a refusal, with its NUL */
#define IOMMUFD_REFUSAL_NAME 32

/** IOMMUFD_REFUSAL_ARGS - numbers of a reason */
#define IOMMUFD_REFUSAL_ARGS 4

/** IOMMUFD_REFUSAL_TEXT - bytes that suffice for the text of a refusal */
#define IOMMUFD_REFUSAL_TEXT 256

/**
 * IOMMUFD_REFUSAL_DEVICE - the call was one on the file of a device
 *
 * Some ioctls of a container and of a device have the same number.
 */
#define IOMMUFD_REFUSAL_DEVICE 0x80000000U

/**
 * enum iommufd_refusal_op - calls that are not ioctls
 *
 * Other values are numbers of ioctls, which are larger.
 */
enum iommufd_refusal_op {
	/** @IOMMUFD_REFUSAL_OPEN: open(2) */
	IOMMUFD_REFUSAL_OPEN = 1,
	/** @IOMMUFD_REFUSAL_READ: read(2) */
	IOMMUFD_REFUSAL_READ,
	/** @IOMMUFD_REFUSAL_WRITE: write(2) */
	IOMMUFD_REFUSAL_WRITE,
	/** @IOMMUFD_REFUSAL_MMAP: mmap(2) */
	IOMMUFD_REFUSAL_MMAP,
};

/**
 * enum iommufd_refusal_code - the reason of a refused call
 *
 * Tools may depend on the numbers: new codes are added at the end. The texts are
 * those of refusal_text.c, with the numbers of struct iommufd_refusal_args.
 */
enum iommufd_refusal_code {
	/** @REFUSAL_UNSPECIFIED: no reason was noted */
	REFUSAL_UNSPECIFIED,
	/** @REFUSAL_OVERLAP: overlaps area args[0]-args[1] */
	REFUSAL_OVERLAP,
	/**
	 * @REFUSAL_RESERVED: reserved by device (args[2] window
	 * args[0]-args[1])
	 */
	REFUSAL_RESERVED,
	/**
	 * @REFUSAL_APERTURE: outside of the aperture of the IOMMU
	 * (args[0]-args[1] is not translated)
	 */
	REFUSAL_APERTURE,
	/** @REFUSAL_ALIGN_IOVA: iova args[0] is not aligned to args[1] */
	REFUSAL_ALIGN_IOVA,
	/**
	 * @REFUSAL_ALIGN_MEMORY: length args[0] or offset args[1] of the
	 * memory is not aligned to args[2]
	 */
	REFUSAL_ALIGN_MEMORY,
	/** @REFUSAL_LENGTH: length args[0] is not possible */
	REFUSAL_LENGTH,
	/** @REFUSAL_WRAP: args[0] with length args[1] exceeds the address space */
	REFUSAL_WRAP,
	/** @REFUSAL_FLAGS: unknown or contradictory flags args[0] */
	REFUSAL_FLAGS,
	/** @REFUSAL_NO_ACCESS: neither read nor write access requested */
	REFUSAL_NO_ACCESS,
	/**
	 * @REFUSAL_NO_IOVA: no free IOVA of args[0] bytes in the ranges that
	 * are allowed
	 */
	REFUSAL_NO_IOVA,
	/**
	 * @REFUSAL_ENTRY_LIMIT: args[0] of args[1] mappings exist
	 * (dma_entry_limit)
	 */
	REFUSAL_ENTRY_LIMIT,
	/** @REFUSAL_MEMLOCK: RLIMIT_MEMLOCK: args[0] of args[1] kB */
	REFUSAL_MEMLOCK,
	/** @REFUSAL_NO_MEMORY: no memory at args[0] that allows args[1] access */
	REFUSAL_NO_MEMORY,
	/**
	 * @REFUSAL_FOREIGN_PFNMAP: memory at args[0] is that of a driver that
	 * does not provide it for DMA (VM_PFNMAP)
	 */
	REFUSAL_FOREIGN_PFNMAP,
	/** @REFUSAL_BAR_DISABLED: BAR args[0] of device is disabled */
	REFUSAL_BAR_DISABLED,
	/** @REFUSAL_PROCESS_EXITED: the process of the memory has exited */
	REFUSAL_PROCESS_EXITED,
	/**
	 * @REFUSAL_READONLY_FILE: the file was not opened for the access, or
	 * is sealed against it
	 */
	REFUSAL_READONLY_FILE,
	/**
	 * @REFUSAL_FILE_KIND: the file is neither shared memory, huge pages
	 * nor a dma-buf
	 */
	REFUSAL_FILE_KIND,
	/**
	 * @REFUSAL_FILE_SIZE: offset args[0] with length args[1] exceeds the
	 * file or dma-buf
	 */
	REFUSAL_FILE_SIZE,
	/** @REFUSAL_NOT_MAPPED: nothing is mapped at args[0] */
	REFUSAL_NOT_MAPPED,
	/** @REFUSAL_COPY_ACCESS: area args[0]-args[1] does not allow the access */
	REFUSAL_COPY_ACCESS,
	/** @REFUSAL_CUTS_AREA: contains only a part of area args[0]-args[1] */
	REFUSAL_CUTS_AREA,
	/** @REFUSAL_LOCKED: area args[0]-args[1] is locked by a hardware queue */
	REFUSAL_LOCKED,
	/**
	 * @REFUSAL_STILL_PINNED: area args[0]-args[1] is pinned by the driver
	 * of an emulated device
	 */
	REFUSAL_STILL_PINNED,
	/** @REFUSAL_NO_OBJECT: no object has ID args[0] */
	REFUSAL_NO_OBJECT,
	/**
	 * @REFUSAL_OBJECT_IN_USE: object args[0] has args[1] users and args[2]
	 * requests
	 */
	REFUSAL_OBJECT_IN_USE,
	/** @REFUSAL_NOT_COHERENT: DMA of device is not coherent */
	REFUSAL_NOT_COHERENT,
	/** @REFUSAL_NO_GROUP: device is in no IOMMU group */
	REFUSAL_NO_GROUP,
	/**
	 * @REFUSAL_UNSAFE_INTERRUPTS: interrupts of group args[0] are not
	 * isolated (no interrupt remapping, see allow_unsafe_interrupts)
	 */
	REFUSAL_UNSAFE_INTERRUPTS,
	/**
	 * @REFUSAL_GROUP_DRIVER: group args[0] is not viable: device is bound
	 * to driver
	 */
	REFUSAL_GROUP_DRIVER,
	/**
	 * @REFUSAL_GROUP_OWNED: group args[0] is in use by another context or
	 * container
	 */
	REFUSAL_GROUP_OWNED,
	/** @REFUSAL_ATTACHED: device is attached */
	REFUSAL_ATTACHED,
	/** @REFUSAL_NOT_ATTACHED: device is not attached */
	REFUSAL_NOT_ATTACHED,
	/**
	 * @REFUSAL_GROUP_HWPT: group args[0] of device is attached to HWPT
	 * args[1]
	 */
	REFUSAL_GROUP_HWPT,
	/** @REFUSAL_HWPT_MISMATCH: HWPT args[0] does not suit device */
	REFUSAL_HWPT_MISMATCH,
	/**
	 * @REFUSAL_RESERVES_MAPPED: device reserves args[0]-args[1], in which
	 * args[2]-args[3] is mapped
	 */
	REFUSAL_RESERVES_MAPPED,
	/**
	 * @REFUSAL_RESERVES_ALLOWED: device reserves args[0]-args[1], of which
	 * IOVA is allowed by IOMMU_IOAS_ALLOW_IOVAS
	 */
	REFUSAL_RESERVES_ALLOWED,
	/**
	 * @REFUSAL_APERTURE_MAPPED: the IOMMU translates args[0]-args[1] only,
	 * but other IOVA is mapped or allowed
	 */
	REFUSAL_APERTURE_MAPPED,
	/** @REFUSAL_NO_TYPE: VFIO_SET_IOMMU has not been called */
	REFUSAL_NO_TYPE,
	/** @REFUSAL_TYPE_SET: VFIO_SET_IOMMU has been called before */
	REFUSAL_TYPE_SET,
	/** @REFUSAL_NO_CONTAINER_GROUP: the container has no group */
	REFUSAL_NO_CONTAINER_GROUP,
	/**
	 * @REFUSAL_UNKNOWN_TYPE: type args[0] is unknown or does not suit the
	 * groups
	 */
	REFUSAL_UNKNOWN_TYPE,
	/**
	 * @REFUSAL_MIXED_NOIOMMU: groups with and without an IOMMU do not
	 * share a container
	 */
	REFUSAL_MIXED_NOIOMMU,
	/** @REFUSAL_CAP_RAWIO: a group without an IOMMU requires CAP_SYS_RAWIO */
	REFUSAL_CAP_RAWIO,
	/** @REFUSAL_OTHER_IOAS: the groups of the container use another IOAS */
	REFUSAL_OTHER_IOAS,
	/** @REFUSAL_NO_IOAS_SELECTED: no IOAS is selected by IOMMU_VFIO_IOAS */
	REFUSAL_NO_IOAS_SELECTED,
	/** @REFUSAL_GROUP_OPEN: group args[0] is open already */
	REFUSAL_GROUP_OPEN,
	/**
	 * @REFUSAL_GROUP_CDEV: args[0] devices of group args[1] are in use by
	 * their device nodes
	 */
	REFUSAL_GROUP_CDEV,
	/** @REFUSAL_GROUP_CONTAINED: group args[0] is in a container already */
	REFUSAL_GROUP_CONTAINED,
	/** @REFUSAL_GROUP_NOT_CONTAINED: group args[0] is in no container */
	REFUSAL_GROUP_NOT_CONTAINED,
	/**
	 * @REFUSAL_GROUP_DEVICES_OPEN: args[0] devices of group args[1] are
	 * open
	 */
	REFUSAL_GROUP_DEVICES_OPEN,
	/**
	 * @REFUSAL_DEVICE_NAME: group args[0] has no device of this name that
	 * is bound to a VFIO driver
	 */
	REFUSAL_DEVICE_NAME,
	/**
	 * @REFUSAL_NOT_BOUND: device is not bound to an iommufd
	 * (VFIO_DEVICE_BIND_IOMMUFD)
	 */
	REFUSAL_NOT_BOUND,
	/** @REFUSAL_BOUND: the file is bound already */
	REFUSAL_BOUND,
	/** @REFUSAL_DEVICE_OPEN: device is in use by another file */
	REFUSAL_DEVICE_OPEN,
	/** @REFUSAL_NOT_IOMMUFD: descriptor args[0] is not a file of iommufd */
	REFUSAL_NOT_IOMMUFD,
	/** @REFUSAL_NO_FEATURE: feature args[0] is not supported */
	REFUSAL_NO_FEATURE,
	/**
	 * @REFUSAL_MEMORY_DISABLED: BAR args[0] of device is disabled (memory
	 * space off, reset or power state)
	 */
	REFUSAL_MEMORY_DISABLED,
	/** @REFUSAL_NO_REGION: device has no region args[0] */
	REFUSAL_NO_REGION,
	/**
	 * @REFUSAL_REGION_RANGE: region args[0] of device has args[1] bytes,
	 * args[3] bytes at args[2] requested
	 */
	REFUSAL_REGION_RANGE,
	/** @REFUSAL_NO_MMAP: region args[0] of device cannot be mapped */
	REFUSAL_NO_MMAP,
	/** @REFUSAL_NO_IRQ: device has no interrupt of index args[0] */
	REFUSAL_NO_IRQ,
	/**
	 * @REFUSAL_IRQ_RANGE: interrupts args[1] to args[2] of index args[0]
	 * requested, device has args[3]
	 */
	REFUSAL_IRQ_RANGE,
	/**
	 * @REFUSAL_IRQ_STATE: interrupts of index args[0] are not set up, or
	 * those of another index are
	 */
	REFUSAL_IRQ_STATE,
	/** @REFUSAL_NO_RESET: device cannot be reset */
	REFUSAL_NO_RESET,
	/**
	 * @REFUSAL_RESET_FOREIGN: the reset affects device, which the caller
	 * does not own
	 */
	REFUSAL_RESET_FOREIGN,
	/**
	 * @REFUSAL_VF_TOKEN: the token of the PF or VF of device does not
	 * match
	 */
	REFUSAL_VF_TOKEN,
	/** @REFUSAL_LOW_POWER: device is in low power */
	REFUSAL_LOW_POWER,
	/** @REFUSAL_PT_KIND: object args[0] is neither an IOAS nor an HWPT */
	REFUSAL_PT_KIND,
	/**
	 * @REFUSAL_HWPT_NO_PASID: HWPT args[0] was not allocated for PASIDs
	 * (IOMMU_HWPT_ALLOC_PASID)
	 */
	REFUSAL_HWPT_NO_PASID,
	/** @REFUSAL_PASID_ATTACHED: PASID args[0] of device is attached */
	REFUSAL_PASID_ATTACHED,
	/** @REFUSAL_PASID_NOT_ATTACHED: PASID args[0] of device is not attached */
	REFUSAL_PASID_NOT_ATTACHED,
	/**
	 * @REFUSAL_PASID_HWPT: PASID args[0] of the group of device is attached
	 * to HWPT args[1]
	 */
	REFUSAL_PASID_HWPT,
	/**
	 * @REFUSAL_NO_NEST_PARENT: HWPT args[0] was not allocated to nest others
	 * in it (IOMMU_HWPT_ALLOC_NEST_PARENT)
	 */
	REFUSAL_NO_NEST_PARENT,
	/**
	 * @REFUSAL_VIOMMU_TYPE: the IOMMU of device has no vIOMMU of type
	 * args[0]
	 */
	REFUSAL_VIOMMU_TYPE,
	/**
	 * @REFUSAL_VIOMMU_OTHER: device is behind another IOMMU than vIOMMU
	 * args[0]
	 */
	REFUSAL_VIOMMU_OTHER,
	/** @REFUSAL_VDEVICE_EXISTS: device has vDEVICE args[0] */
	REFUSAL_VDEVICE_EXISTS,
	/**
	 * @REFUSAL_VIRT_ID: virtual ID args[0] of vIOMMU args[1] is in use
	 */
	REFUSAL_VIRT_ID,
	/**
	 * @REFUSAL_VEVENTQ_EXISTS: vIOMMU args[0] has an event queue of type
	 * args[1]
	 */
	REFUSAL_VEVENTQ_EXISTS,
	/** @NR_REFUSALS: number of codes */
	NR_REFUSALS,
};

/**
 * struct iommufd_refusal_args - numbers of a reason
 */
struct iommufd_refusal_args {
	/** @arg: they depend on the reason, see refusal_text.c */
	u64 arg[IOMMUFD_REFUSAL_ARGS];
};

/**
 * struct iommufd_refusal - one refused call
 */
struct iommufd_refusal {
	/** @error: negative errno */
	int error;
	/**
	 * @op: number of the ioctl, or enum iommufd_refusal_op; with
	 * IOMMUFD_REFUSAL_DEVICE added for a call on a file of a device
	 */
	u32 op;
	/** @code: the reason */
	enum iommufd_refusal_code code;
	/** @asked: @request is valid */
	bool asked;
	/** @request: what user space asked for, depends on @op */
	u64 request[2];
	/** @args: numbers of the reason */
	struct iommufd_refusal_args args;
	/** @device: name of the device that is the reason, or empty */
	char device[IOMMUFD_REFUSAL_NAME];
	/** @driver: name of a driver or a program, or empty */
	char driver[IOMMUFD_REFUSAL_NAME];
};

/**
 * struct iommufd_refusal_note - a reason noted during a call
 */
struct iommufd_refusal_note {
	/** @task: the task, only compared; NULL if the note is not used */
	const void *task;
	/** @refusal: the reason */
	struct iommufd_refusal refusal;
};

/**
 * struct iommufd_refusal_log - the last refusal, and calls in progress
 */
struct iommufd_refusal_log {
	/** @lock: protects all members; @nr_notes is read without it */
	spinlock_t lock;
	/** @nr_notes: number of @notes in use */
	unsigned int nr_notes;
	/** @victim: the note to overwrite if all are in use */
	unsigned int victim;
	/** @count: number of refused calls */
	u64 count;
	/** @last: the last refused call, valid if @count is not 0 */
	struct iommufd_refusal last;
	/** @notes: reasons of calls that have not returned yet */
	struct iommufd_refusal_note notes[4];
};

void iommufd_refusal_init(struct iommufd_refusal_log *log);
void iommufd_refusal_clear(struct iommufd_refusal_log *log);

void __iommufd_refuse(struct iommufd_refusal_log *log,
		      enum iommufd_refusal_code code, const char *device,
		      const char *driver,
		      const struct iommufd_refusal_args *args);
void iommufd_refusal_ask(struct iommufd_refusal_log *log, u64 first,
			 u64 second);
void iommufd_refusal_forget(struct iommufd_refusal_log *log);
void iommufd_refusal_move(struct iommufd_refusal_log *from,
			  struct iommufd_refusal_log *to);
bool iommufd_refusal_finish(struct iommufd_refusal_log *log, u32 op, long ret,
			    struct iommufd_refusal *refusal);
void iommufd_refusal_show(struct iommufd_refusal_log *log, struct seq_file *m,
			  const char *prefix);
size_t iommufd_refusal_text(const struct iommufd_refusal *refusal, char *buf,
			    size_t size);

struct iommufd_refusal_log *iommufd_ctx_refusals(struct iommufd_ctx *ictx);
void iommufd_ctx_refused(struct iommufd_ctx *ictx, u32 op, long ret);

/**
 * iommufd_refuse() - note the reason for which the current call is refused
 * @log: the log
 * @code: the reason
 * @...: up to IOMMUFD_REFUSAL_ARGS numbers, see refusal_text.c
 *
 * The first reason that a call notes is kept.
 *
 * Context: Any but interrupts.
 */
#define iommufd_refuse(log, code, ...)          \
	__iommufd_refuse(log, code, NULL, NULL, \
			 &(struct iommufd_refusal_args){ { __VA_ARGS__ } })

/**
 * iommufd_refuse_name() - like iommufd_refuse(), with the names of the culprits
 * @log: the log
 * @code: the reason
 * @device: name of a device, or NULL
 * @driver: name of a driver or a program, or NULL
 * @...: up to IOMMUFD_REFUSAL_ARGS numbers, see refusal_text.c
 *
 * Context: Any but interrupts.
 */
#define iommufd_refuse_name(log, code, device, driver, ...) \
	__iommufd_refuse(log, code, device, driver,         \
			 &(struct iommufd_refusal_args){ { __VA_ARGS__ } })

/**
 * iommufd_refusal_pending() - check if a call has to be finished in the log
 * @log: the log
 * @ret: result of the call
 *
 * Context: Any.
 * Return: true if iommufd_refusal_finish() has to be called.
 */
static inline bool
iommufd_refusal_pending(const struct iommufd_refusal_log *log, long ret)
{
	return unlikely(ret < 0 || READ_ONCE(log->nr_notes));
}

#endif /* __LINUX_IOMMUFD_REFUSAL_H */
