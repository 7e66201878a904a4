// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests that access user memory without waiting for it.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/pagemap.h>
#include <linux/uaccess.h>

#include "nofault.h"
#include "ucmd.h"

/* Pages are rarely lost between two tries. -EFAULT may have another cause. */
#define NOFAULT_TRIES 16

/* Memory that cannot be written to may be needed for reading only. */
static bool nofault_fetch(void __user *at, size_t size)
{
	if (fault_in_readable(at, size))
		return false;
	fault_in_safe_writeable(at, size);
	return true;
}

/**
 * nofault_call() - call a function with page faults disabled
 * @ucmd: the request, whose structure the function may write
 * @data_uptr: address of other user memory that the function may read or write
 * @data_len: length of that memory in bytes
 * @fn: the function; if it returns -EFAULT, it has undone what it did and may
 *	be called again
 *
 * Context: May sleep. The caller holds no lock and no reference.
 * Return: the return value of @fn, -EFAULT if user memory cannot be accessed or
 * the current process is being killed.
 */
int nofault_call(struct iommufd_ucmd *ucmd, u64 data_uptr, u32 data_len,
		 int (*fn)(struct iommufd_ucmd *ucmd))
{
	void __user *data = u64_to_user_ptr(data_uptr);
	unsigned int tries = 0;
	int ret;

	do {
		pagefault_disable();
		ret = fn(ucmd);
		pagefault_enable();
	} while (ret == -EFAULT && ++tries < NOFAULT_TRIES &&
		 nofault_fetch(ucmd->ubuffer, ucmd->user_size) &&
		 nofault_fetch(data, data_len));
	return ret;
}
