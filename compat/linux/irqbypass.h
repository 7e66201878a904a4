/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From 6.17 on, irq_bypass_register_producer() has the eventfd and the
 * interrupt as arguments. Before, they are members of the producer, and a token
 * of NULL marks a producer that is not registered.
 */
#ifndef _COMPAT_LINUX_IRQBYPASS_H
#define _COMPAT_LINUX_IRQBYPASS_H

#include_next <linux/irqbypass.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
struct eventfd_ctx;

static inline int compat_register_producer(struct irq_bypass_producer *producer,
					   struct eventfd_ctx *eventfd, int irq)
{
	int ret;

	producer->token = eventfd;
	producer->irq = irq;
	ret = irq_bypass_register_producer(producer);
	if (ret)
		producer->token = NULL;
	return ret;
}

#define irq_bypass_register_producer(producer, eventfd, irq) \
	compat_register_producer(producer, eventfd, irq)
#endif

#endif /* _COMPAT_LINUX_IRQBYPASS_H */
