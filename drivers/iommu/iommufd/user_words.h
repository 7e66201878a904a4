/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small structures of user space, word by word: for requests that are made so
 * often that a call of copy_from_user() shows.
 */
#ifndef IOMMUFD_USER_WORDS_H
#define IOMMUFD_USER_WORDS_H

#include <linux/types.h>
#include <linux/uaccess.h>

/**
 * get_user_words() - read a small structure
 * @to: where it goes
 * @from: user space's; need not be aligned
 * @size: bytes, a multiple of 4
 *
 * Context: May sleep.
 * Return: false where not all of it can be read, with @to undefined.
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
 * @to: user space's; need not be aligned
 * @from: what goes there
 * @size: bytes, a multiple of 4
 *
 * Context: May sleep.
 * Return: false where not all of it can be written.
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
