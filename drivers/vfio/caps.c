// SPDX-License-Identifier: GPL-2.0-only
#include <linux/align.h>
#include <linux/export.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vfio.h>

/* The one after @cap in a chain whose offsets count from @origin, or NULL */
static struct vfio_info_cap_header *cap_next(void *origin,
					     struct vfio_info_cap_header *cap)
{
	return cap->next ? origin + cap->next : NULL;
}

/**
 * vfio_info_cap_add() - append a zeroed capability to a chain
 * @caps: the chain; {} is an empty one
 * @size: bytes of the capability, its header included
 * @id: goes into the header
 * @version: goes into the header
 *
 * Earlier return values are stale after the call. Offsets count from the start
 * of the chain until vfio_info_cap_shift() moves them.
 *
 * Context: Process context, may sleep.
 * Return: The new capability. ERR_PTR(-ENOMEM): the chain is empty again.
 */
struct vfio_info_cap_header *vfio_info_cap_add(struct vfio_info_cap *caps,
					       size_t size, u16 id, u16 version)
{
	size_t offset = caps->size;
	struct vfio_info_cap_header *cap, *next;
	void *buf;

	/* Whatever comes next in user memory must be aligned as well */
	size = ALIGN(size, sizeof(u64));

	buf = krealloc(caps->buf, size_add(offset, size), GFP_KERNEL);
	if (!buf) {
		kfree(caps->buf);
		*caps = (struct vfio_info_cap){};
		return ERR_PTR(-ENOMEM);
	}
	caps->buf = buf;
	caps->size = offset + size;

	if (offset) {
		cap = buf;
		while ((next = cap_next(buf, cap)))
			cap = next;
		cap->next = offset;
	}

	cap = memset(buf + offset, 0, size);
	cap->id = id;
	cap->version = version;
	return cap;
}
EXPORT_SYMBOL_NS_GPL(vfio_info_cap_add, "VFIO_NG");

/**
 * vfio_info_cap_shift() - make room before a finished chain
 * @caps: the chain, not empty
 * @offset: where in the user's struct the chain begins, a multiple of 8
 *
 * Context: Any.
 */
void vfio_info_cap_shift(struct vfio_info_cap *caps, size_t offset)
{
	struct vfio_info_cap_header *cap = caps->buf, *next;

	WARN_ON_ONCE(!IS_ALIGNED(offset, sizeof(u64)));

	while ((next = cap_next(caps->buf, cap))) {
		cap->next += offset;
		cap = next;
	}
}
EXPORT_SYMBOL_NS_GPL(vfio_info_cap_shift, "VFIO_NG");

/**
 * vfio_info_add_capability() - append a copy of a capability to a chain
 * @caps: the chain
 * @cap: what to copy; its id and version count, its next does not
 * @size: bytes at @cap
 *
 * Context: Process context, may sleep.
 * Return: 0, -ENOMEM as for vfio_info_cap_add().
 */
int vfio_info_add_capability(struct vfio_info_cap *caps,
			     struct vfio_info_cap_header *cap, size_t size)
{
	struct vfio_info_cap_header *copy;

	copy = vfio_info_cap_add(caps, size, cap->id, cap->version);
	if (IS_ERR(copy))
		return PTR_ERR(copy);

	memcpy(copy + 1, cap + 1, size - sizeof(*cap));
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_info_add_capability, "VFIO_NG");

/* Bytes of data that one interrupt of the set carries, or -EINVAL */
static int irq_set_data_size(u32 flags)
{
	switch (flags & VFIO_IRQ_SET_DATA_TYPE_MASK) {
	case VFIO_IRQ_SET_DATA_NONE:
		return 0;
	case VFIO_IRQ_SET_DATA_BOOL:
		return sizeof(u8);
	case VFIO_IRQ_SET_DATA_EVENTFD:
		return sizeof(s32);
	default:
		return -EINVAL;
	}
}

/**
 * vfio_set_irqs_validate_and_prepare() - check a VFIO_DEVICE_SET_IRQS request
 * @hdr: the request without its data
 * @num_irqs: interrupts that the index has
 * @max_irq_type: indexes that the device has
 * @data_size: gets the bytes of data that follow in user memory; NULL where
 *             the caller takes no data
 *
 * Context: Any.
 * Return: 0, -EINVAL.
 */
int vfio_set_irqs_validate_and_prepare(struct vfio_irq_set *hdr, int num_irqs,
				       int max_irq_type, size_t *data_size)
{
	const u32 known = VFIO_IRQ_SET_DATA_TYPE_MASK |
			  VFIO_IRQ_SET_ACTION_TYPE_MASK;
	const size_t minsz = offsetofend(struct vfio_irq_set, count);
	size_t bytes;
	u32 end;
	int elem_size;

	if (data_size)
		*data_size = 0;

	if (hdr->argsz < minsz || hdr->index >= max_irq_type ||
	    hdr->flags & ~known)
		return -EINVAL;

	if (check_add_overflow(hdr->start, hdr->count, &end) ||
	    hdr->start >= num_irqs || end > num_irqs)
		return -EINVAL;

	elem_size = irq_set_data_size(hdr->flags);
	if (elem_size <= 0)
		return elem_size;

	bytes = array_size(hdr->count, elem_size);
	if (!data_size || hdr->argsz - minsz < bytes)
		return -EINVAL;

	*data_size = bytes;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_set_irqs_validate_and_prepare, "VFIO_NG");
