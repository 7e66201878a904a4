/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Add a fail point to each kernel call by which iommufd.ko allocates, pins,
 * maps, copies, attaches, charges or waits and that may fail.
 *
 * A build for tests includes this before anything else in each file of
 * iommufd.ko. Without an armed point the names keep their meaning. Calls inside
 * the kernel's own headers are not counted a second time.
 */
#ifndef IOMMUFD_MOCK_FAIL_CALLS_H
#define IOMMUFD_MOCK_FAIL_CALLS_H

#include <linux/anon_inodes.h>
#include <linux/dma-buf.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/iommu_internal.h>
#include <linux/memfd.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "fail_point.h"

/*
 * @call: name of the call, @result: its value if it fails, @real: the call
 * itself
 */
#define FAIL_CALL(call, result, real) (fail_point(call) ? (result) : (real))

/* Allocations with __GFP_NOFAIL do not fail. */
#define FAIL_ALLOC(call, gfp, real) \
	(!((gfp) & __GFP_NOFAIL) && fail_point(call) ? NULL : (real))

/* memory */
#undef kmalloc
#define kmalloc(size, gfp) \
	FAIL_ALLOC("kmalloc", gfp, alloc_hooks(kmalloc_noprof(size, gfp)))
#undef kzalloc
#define kzalloc(size, gfp) \
	FAIL_ALLOC("kzalloc", gfp, alloc_hooks(kzalloc_noprof(size, gfp)))
#undef kmalloc_array
#define kmalloc_array(nr, size, gfp)       \
	FAIL_ALLOC("kmalloc_array", (gfp), \
		   alloc_hooks(kmalloc_array_noprof(nr, size, gfp)))
#undef kvmalloc
#define kvmalloc(size, gfp) \
	FAIL_ALLOC("kvmalloc", gfp, alloc_hooks(kvmalloc_noprof(size, gfp)))
#undef kvmalloc_array
#define kvmalloc_array(nr, size, gfp)     \
	FAIL_ALLOC("kvmalloc_array", gfp, \
		   alloc_hooks(kvmalloc_array_noprof(nr, size, gfp)))
#undef kvcalloc
#define kvcalloc(nr, size, gfp) \
	FAIL_ALLOC("kvcalloc", gfp, alloc_hooks(kvcalloc_noprof(nr, size, gfp)))
#undef kmem_cache_zalloc
#define kmem_cache_zalloc(cache, gfp)        \
	FAIL_ALLOC("kmem_cache_zalloc", gfp, \
		   kmem_cache_alloc(cache, (gfp) | __GFP_ZERO))
#undef __get_free_pages
#define __get_free_pages(gfp, order)       \
	FAIL_CALL("__get_free_pages", 0UL, \
		  alloc_hooks(get_free_pages_noprof(gfp, order)))

/* a store without allocation flags replaces an existing entry */
#define xa_alloc(...) FAIL_CALL("xa_alloc", -ENOMEM, xa_alloc(__VA_ARGS__))
#define xa_insert(...) FAIL_CALL("xa_insert", -ENOMEM, xa_insert(__VA_ARGS__))
#define __xa_insert(...) \
	FAIL_CALL("__xa_insert", -ENOMEM, __xa_insert(__VA_ARGS__))
#define xa_store(xa, index, entry, gfp)                        \
	((gfp) && fail_point("xa_store") ? XA_ERROR(-ENOMEM) : \
					   xa_store(xa, index, entry, gfp))

/* files */
#define get_unused_fd_flags(flags) \
	FAIL_CALL("get_unused_fd_flags", -EMFILE, get_unused_fd_flags(flags))
#define anon_inode_getfile(...)                           \
	FAIL_CALL("anon_inode_getfile", ERR_PTR(-ENOMEM), \
		  anon_inode_getfile(__VA_ARGS__))

/* pins */
#define pin_user_pages_fast(...)                  \
	FAIL_CALL("pin_user_pages_fast", -EFAULT, \
		  pin_user_pages_fast(__VA_ARGS__))
#define pin_user_pages_remote(...)                  \
	FAIL_CALL("pin_user_pages_remote", -EFAULT, \
		  pin_user_pages_remote(__VA_ARGS__))
#define memfd_pin_folios(...) \
	FAIL_CALL("memfd_pin_folios", -ENOMEM, memfd_pin_folios(__VA_ARGS__))
#ifdef folio_add_pins /* by compat/, reported under the name it replaces */
#define compat_folio_add_pins(...) \
	FAIL_CALL("folio_add_pins", -ENOMEM, compat_folio_add_pins(__VA_ARGS__))
#else
#define folio_add_pins(...) \
	FAIL_CALL("folio_add_pins", -ENOMEM, folio_add_pins(__VA_ARGS__))
#endif
#define mapping_map_writable(mapping) \
	FAIL_CALL("mapping_map_writable", -EPERM, mapping_map_writable(mapping))
#define follow_pfnmap_start(args) \
	FAIL_CALL("follow_pfnmap_start", -EINVAL, follow_pfnmap_start(args))
#define fixup_user_fault(...) \
	FAIL_CALL("fixup_user_fault", -EFAULT, fixup_user_fault(__VA_ARGS__))
#define dma_buf_dynamic_attach(...)                           \
	FAIL_CALL("dma_buf_dynamic_attach", ERR_PTR(-ENOMEM), \
		  dma_buf_dynamic_attach(__VA_ARGS__))
#define dma_buf_attach(...)                           \
	FAIL_CALL("dma_buf_attach", ERR_PTR(-ENOMEM), \
		  dma_buf_attach(__VA_ARGS__))
#define dma_buf_map_attachment_unlocked(...)                           \
	FAIL_CALL("dma_buf_map_attachment_unlocked", ERR_PTR(-ENOMEM), \
		  dma_buf_map_attachment_unlocked(__VA_ARGS__))
#define dma_buf_pin(attachment) \
	FAIL_CALL("dma_buf_pin", -ENOMEM, dma_buf_pin(attachment))

/* mappings in user space */
#define io_remap_pfn_range(...)                  \
	FAIL_CALL("io_remap_pfn_range", -ENOMEM, \
		  io_remap_pfn_range(__VA_ARGS__))

/* charges: a limit of 0, and a refused charge */
#define task_rlimit(...) FAIL_CALL("task_rlimit", 0UL, task_rlimit(__VA_ARGS__))
#define __account_locked_vm(mm, nr, add, task, unlimited) \
	((add) && fail_point("__account_locked_vm") ?     \
		 -ENOMEM :                                \
		 __account_locked_vm(mm, nr, add, task, unlimited))

/* copies */
#define copy_from_user(to, from, size) \
	FAIL_CALL("copy_from_user", size, copy_from_user(to, from, size))
#define copy_to_user(to, from, size) \
	FAIL_CALL("copy_to_user", size, copy_to_user(to, from, size))
#define copy_struct_from_user(...)                  \
	FAIL_CALL("copy_struct_from_user", -EFAULT, \
		  copy_struct_from_user(__VA_ARGS__))
#ifdef clear_user
/* a macro on arm64, over a function that checks the address as well */
#undef clear_user
#define clear_user(to, size) \
	FAIL_CALL("clear_user", size, __clear_user(to, size))
#else
#define clear_user(to, size) FAIL_CALL("clear_user", size, clear_user(to, size))
#endif
#undef user_access_begin
#define user_access_begin(user, size) \
	FAIL_CALL("user_access_begin", false, (user_access_begin)(user, size))
#define fault_in_readable(at, size) \
	FAIL_CALL("fault_in_readable", size, fault_in_readable(at, size))
#define fault_in_safe_writeable(at, size)          \
	FAIL_CALL("fault_in_safe_writeable", size, \
		  fault_in_safe_writeable(at, size))

#undef get_user
#define get_user(value, from)                                            \
	({                                                               \
		typeof(*(from)) __got;                                   \
		int __left = FAIL_CALL("get_user", 1,                    \
				       (copy_from_user)(&__got, from,    \
							sizeof(__got))); \
		if (!__left)                                             \
			(value) = __got;                                 \
		__left ? -EFAULT : 0;                                    \
	})

#undef put_user
#define put_user(value, to)                                            \
	({                                                             \
		typeof(*(to)) __put = (value);                         \
		FAIL_CALL("put_user", 1,                               \
			  (copy_to_user)(to, &__put, sizeof(__put))) ? \
			-EFAULT :                                      \
			0;                                             \
	})

/* domains */
#define iommu_paging_domain_alloc(dev)                           \
	FAIL_CALL("iommu_paging_domain_alloc", ERR_PTR(-ENOMEM), \
		  iommu_paging_domain_alloc(dev))
#define compat_iommu_alloc_flags(...)                           \
	FAIL_CALL("compat_iommu_alloc_flags", ERR_PTR(-ENOMEM), \
		  compat_iommu_alloc_flags(__VA_ARGS__))
#define compat_iommu_alloc_nested(...)                           \
	FAIL_CALL("compat_iommu_alloc_nested", ERR_PTR(-ENOMEM), \
		  compat_iommu_alloc_nested(__VA_ARGS__))
#define iommu_get_msi_cookie(...)                  \
	FAIL_CALL("iommu_get_msi_cookie", -ENOMEM, \
		  iommu_get_msi_cookie(__VA_ARGS__))
#define iommu_get_group_resv_regions(...)                  \
	FAIL_CALL("iommu_get_group_resv_regions", -ENOMEM, \
		  iommu_get_group_resv_regions(__VA_ARGS__))
#define iommu_map(...) FAIL_CALL("iommu_map", -ENOMEM, iommu_map(__VA_ARGS__))
#define iommu_device_claim_dma_owner(...)                  \
	FAIL_CALL("iommu_device_claim_dma_owner", -ENOMEM, \
		  iommu_device_claim_dma_owner(__VA_ARGS__))
#define iommu_group_claim_dma_owner(...)                  \
	FAIL_CALL("iommu_group_claim_dma_owner", -ENOMEM, \
		  iommu_group_claim_dma_owner(__VA_ARGS__))
#define iommu_attach_group_handle(...)                  \
	FAIL_CALL("iommu_attach_group_handle", -ENOMEM, \
		  iommu_attach_group_handle(__VA_ARGS__))
#define iommu_replace_group_handle(...)                  \
	FAIL_CALL("iommu_replace_group_handle", -ENOMEM, \
		  iommu_replace_group_handle(__VA_ARGS__))
#define iommu_attach_device_pasid(...)                  \
	FAIL_CALL("iommu_attach_device_pasid", -ENOMEM, \
		  iommu_attach_device_pasid(__VA_ARGS__))
#define iommu_replace_device_pasid(...)                  \
	FAIL_CALL("iommu_replace_device_pasid", -ENOMEM, \
		  iommu_replace_device_pasid(__VA_ARGS__))

/*
 * The current task is being killed. mutex_lock_killable() is a function or,
 * with lockdep, a macro that stands for mutex_lock_killable_nested().
 */
#undef mutex_lock_killable
#define mutex_lock_killable(lock)                \
	FAIL_CALL("mutex_lock_killable", -EINTR, \
		  mutex_lock_killable_nested(lock, 0))
#undef down_read_killable
#define down_read_killable(sem) \
	FAIL_CALL("down_read_killable", -EINTR, (down_read_killable)(sem))
#undef down_write_killable
#define down_write_killable(sem) \
	FAIL_CALL("down_write_killable", -EINTR, (down_write_killable)(sem))
#define mmap_read_lock_killable(mm)                  \
	FAIL_CALL("mmap_read_lock_killable", -EINTR, \
		  mmap_read_lock_killable(mm))
#define mmap_write_lock_killable(mm)                  \
	FAIL_CALL("mmap_write_lock_killable", -EINTR, \
		  mmap_write_lock_killable(mm))
#define fatal_signal_pending(task) \
	FAIL_CALL("fatal_signal_pending", true, fatal_signal_pending(task))

#endif /* IOMMUFD_MOCK_FAIL_CALLS_H */
