// SPDX-License-Identifier: GPL-2.0-only
/*
 * Helpers for the structs that drivers exchange with user space: chains of
 * capabilities and interrupt sets. The prototypes are in linux/vfio.h.
 */
#include <linux/align.h>
#include <linux/export.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vfio.h>

/* Return the capability after @cap, or NULL. Offsets count from @origin. */
static struct vfio_info_cap_header *cap_next(void *origin,
					     struct vfio_info_cap_header *cap)
{
	return cap->next ? origin + cap->next : NULL;
}

/**
 * vfio_info_cap_add() - append a zeroed capability to a chain
 * @caps: the chain; {} is an empty one
 * @size: size of the capability in bytes, including its header
 * @id: ID for the header
 * @version: version for the header
 *
 * The call may move the chain, which invalidates the capabilities returned
 * earlier. Offsets count from the start of the chain until
 * vfio_info_cap_shift() adjusts them.
 *
 * Context: May sleep.
 * Return: The new capability, or ERR_PTR(-ENOMEM), which leaves the chain
 * empty.
 */
struct vfio_info_cap_header *vfio_info_cap_add(struct vfio_info_cap *caps,
					       size_t size, u16 id, u16 version)
{
	size_t offset = caps->size;
	struct vfio_info_cap_header *cap, *next;
	void *buf;

	/* Keep the next capability aligned in user memory */
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
 * vfio_info_cap_shift() - adjust the offsets of a finished chain
 * @caps: the chain, not empty
 * @offset: offset of the chain in the user's struct, a multiple of 8
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
 * @cap: the capability to copy; its next offset is ignored
 * @size: size of @cap in bytes
 *
 * Context: May sleep.
 * Return: 0, or -ENOMEM, which leaves the chain empty.
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

/* Return the size of the data for one interrupt of the set, or -EINVAL */
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
 * @num_irqs: number of interrupts of the index
 * @max_irq_type: number of interrupt indexes of the device
 * @data_size: set to the size of the data that follows @hdr in user memory;
 *	NULL if the caller accepts no data
 *
 * Context: Any.
 * Return: 0, or -EINVAL.
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
