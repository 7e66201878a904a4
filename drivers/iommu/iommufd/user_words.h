/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copy small structures from and to user space word by word, for requests so
 * frequent that the cost of calling copy_from_user() is measurable.
 */
#ifndef IOMMUFD_USER_WORDS_H
#define IOMMUFD_USER_WORDS_H

#include <linux/types.h>
#include <linux/uaccess.h>

/**
 * get_user_words() - read a small structure
 * @to: destination
 * @from: structure in user space; need not be aligned
 * @size: size in bytes, a multiple of 4
 *
 * Context: May sleep.
 * Return: true, or false with @to undefined if @from cannot be read completely.
 */
static inline bool get_user_words(void *to, const void __user *from,
				  size_t size)
{
	size_t done;

	might_fault();
	if (!user_access_begin(from, size))
		return false;
	for (done = 0; done + sizeof(u64) <= size; done += sizeof(u64))
		unsafe_get_user(*(u64 *)(to + done),
				(const u64 __user *)(from + done), fault);
	if (done < size)
		unsafe_get_user(*(u32 *)(to + done),
				(const u32 __user *)(from + done), fault);
	user_access_end();
	return true;

fault:
	user_access_end();
	return false;
}

/**
 * put_user_words() - write a small structure
 * @to: structure in user space; need not be aligned
 * @from: source
 * @size: size in bytes, a multiple of 4
 *
 * Context: May sleep.
 * Return: true, or false if @to cannot be written completely.
 */
static inline bool put_user_words(void __user *to, const void *from,
				  size_t size)
{
	size_t done;

	might_fault();
	if (!user_access_begin(to, size))
		return false;
	for (done = 0; done + sizeof(u64) <= size; done += sizeof(u64))
		unsafe_put_user(*(const u64 *)(from + done),
				(u64 __user *)(to + done), fault);
	if (done < size)
		unsafe_put_user(*(const u32 *)(from + done),
				(u32 __user *)(to + done), fault);
	user_access_end();
	return true;

fault:
	user_access_end();
	return false;
}

#endif /* IOMMUFD_USER_WORDS_H */
