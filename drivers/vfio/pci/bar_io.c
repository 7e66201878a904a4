// SPDX-License-Identifier: GPL-2.0-only
/*
 * read(2) and write(2) on BARs and on the expansion ROM.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vgaarb.h>

#include "bar.h"
#include "bar_io.h"

/* Bytes to access at once, with the memory lock held */
#define BOUNCE_SIZE 128

/* The same for the ROM, which has to be mapped and enabled each time */
#define ROM_CHUNK_SIZE SZ_32K

/**
 * struct io_window - I/O memory or ports to read from and write to
 */
struct io_window {
	/** @io: mapping of the window */
	void __iomem *io;
	/** @size: bytes that user space sees */
	u64 size;
	/** @hole_start: start of what reads as ones and ignores writes */
	u64 hole_start;
	/** @hole_end: first byte after the hole */
	u64 hole_end;
	/** @max_width: widest access in bytes */
	unsigned int max_width;
	/** @bar: number of the BAR, or of the ROM region */
	unsigned int bar;
	/** @is_bar: not accessible in D3 or during a reset */
	bool is_bar;
	/** @is_mem: subject to the memory enable bit */
	bool is_mem;
	/** @vga: VGA_RSRC_* of a range that displays share, or 0 */
	unsigned int vga;
};

static void bar_io_read(void __iomem *io, u8 *to, unsigned int width)
{
	switch (width) {
	case 1:
		*to = ioread8(io);
		break;
	case 2:
		put_unaligned_le16(ioread16(io), to);
		break;
	case 4:
		put_unaligned_le32(ioread32(io), to);
		break;
	case 8:
		put_unaligned_le64(ioread64(io), to);
		break;
	}
}

static void bar_io_access(const struct io_window *w, u64 off, u8 *buf,
			  unsigned int width, bool write)
{
	if (write)
		vfio_pci_io_write(w->io + off, buf, width);
	else
		bar_io_read(w->io + off, buf, width);
}

/* Use the widest naturally aligned accesses, as devices expect of memcpy() */
static void bar_io_copy(const struct io_window *w, u64 off, u8 *buf,
			size_t count, bool write)
{
	while (count) {
		unsigned int n = w->max_width;

		while (n > count || off % n)
			n /= 2;

		bar_io_access(w, off, buf, n, write);
		off += n;
		buf += n;
		count -= n;
	}
}

static int bar_io_begin(struct vfio_pci_core_device *vdev,
			const struct io_window *w)
{
	if (w->vga)
		return vga_get_interruptible(vdev->pdev, w->vga);
	if (!w->is_bar)
		return 0;
	down_read(&vdev->memory_lock);
	if (vfio_pci_bar_enabled(vdev, w->is_mem))
		return 0;
	up_read(&vdev->memory_lock);
	vfio_refuse(&vdev->vdev, REFUSAL_MEMORY_DISABLED, w->bar);
	return -EIO;
}

static void bar_io_end(struct vfio_pci_core_device *vdev,
		       const struct io_window *w)
{
	if (w->vga)
		vga_put(vdev->pdev, w->vga);
	else if (w->is_bar)
		up_read(&vdev->memory_lock);
}

/*
 * Do not touch user memory between bar_io_begin() and bar_io_end(). It may be a
 * BAR of the same device, whose fault handler takes the memory lock. A fault
 * may also take as long as user space likes, while other displays wait for the
 * ranges.
 */
static int bar_io_rw_chunk(struct vfio_pci_core_device *vdev,
			   const struct io_window *w, u64 off, char __user *buf,
			   size_t count, bool write)
{
	u8 bounce[BOUNCE_SIZE];
	int ret;

	if (write && copy_from_user(bounce, buf, count))
		return -EFAULT;
	ret = bar_io_begin(vdev, w);
	if (ret)
		return ret;
	bar_io_copy(w, off, bounce, count, write);
	bar_io_end(vdev, w);
	if (!write && copy_to_user(buf, bounce, count))
		return -EFAULT;
	return 0;
}

static bool bar_io_is_single(const struct io_window *w, u64 off, size_t count)
{
	return count <= w->max_width && is_power_of_2(count) &&
	       !(off & (count - 1)) && off < w->size &&
	       count <= w->size - off &&
	       (off + count <= w->hole_start || off >= w->hole_end);
}

/*
 * With a size known at compile time, the usercopy code does not have to look up
 * the object that contains the buffer, which takes longer than the copy.
 */
static bool bar_io_from_user(u8 *to, const char __user *from,
			     unsigned int width)
{
	switch (width) {
	case 1:
		return !copy_from_user(to, from, 1);
	case 2:
		return !copy_from_user(to, from, 2);
	case 4:
		return !copy_from_user(to, from, 4);
	default:
		return !copy_from_user(to, from, 8);
	}
}

static bool bar_io_to_user(char __user *to, const u8 *from, unsigned int width)
{
	switch (width) {
	case 1:
		return !copy_to_user(to, from, 1);
	case 2:
		return !copy_to_user(to, from, 2);
	case 4:
		return !copy_to_user(to, from, 4);
	default:
		return !copy_to_user(to, from, 8);
	}
}

/* Fast path for registers, without the loop of bar_io_rw() and its buffer */
static ssize_t bar_io_rw_single(struct vfio_pci_core_device *vdev,
				const struct io_window *w, u64 off,
				char __user *buf, size_t count, bool write)
{
	u8 bounce[sizeof(u64)];
	int ret;

	if (write && !bar_io_from_user(bounce, buf, count))
		return -EFAULT;
	ret = bar_io_begin(vdev, w);
	if (ret)
		return ret;
	bar_io_access(w, off, bounce, count, write);
	bar_io_end(vdev, w);
	if (!write && !bar_io_to_user(buf, bounce, count))
		return -EFAULT;
	return count;
}

static int bar_io_fill_ones(char __user *buf, size_t count)
{
	u8 ones[64];

	memset(ones, 0xff, sizeof(ones));
	while (count) {
		size_t n = min(count, sizeof(ones));

		if (copy_to_user(buf, ones, n))
			return -EFAULT;
		buf += n;
		count -= n;
	}
	return 0;
}

static noinline ssize_t bar_io_rw(struct vfio_pci_core_device *vdev,
				  const struct io_window *w, u64 off,
				  char __user *buf, size_t count, bool write)
{
	size_t done = 0;
	int ret = 0;

	if (off >= w->size) {
		vfio_refuse(&vdev->vdev, REFUSAL_REGION_RANGE, w->bar, w->size,
			    off, count);
		return -EINVAL;
	}
	count = min_t(u64, count, w->size - off);

	while (done < count) {
		u64 pos = off + done;
		u64 n = count - done;

		if (pos >= w->hole_start && pos < w->hole_end) {
			n = min(n, w->hole_end - pos);
			if (!write)
				ret = bar_io_fill_ones(buf + done, n);
		} else {
			if (pos < w->hole_start)
				n = min(n, w->hole_start - pos);
			n = min(n, BOUNCE_SIZE - pos % 8);
			ret = bar_io_rw_chunk(vdev, w, pos, buf + done, n,
					      write);
		}
		if (ret)
			return ret;
		done += n;
	}
	return done;
}

/**
 * vfio_pci_core_do_io_rw() - read or write a range for user space
 * @vdev: an open device
 * @test_mem: fail with -EIO if the device does not decode memory
 * @io: mapping of the range
 * @buf: user buffer
 * @off: offset of the first byte in the mapping
 * @count: bytes
 * @x_start: start of what reads as ones and ignores writes
 * @x_end: first byte after that; equal to @x_start if there is none
 * @iswrite: true to write, false to read
 * @max_width: widest access
 *
 * Context: May sleep. Takes the memory lock if @test_mem is set.
 * Return: @count or a negative errno.
 */
ssize_t vfio_pci_core_do_io_rw(struct vfio_pci_core_device *vdev, bool test_mem,
			       void __iomem *io, char __user *buf, loff_t off,
			       size_t count, size_t x_start, size_t x_end,
			       bool iswrite, enum vfio_pci_io_width max_width)
{
	struct io_window w = {
		.io = io,
		.size = off + count,
		.hole_start = x_start,
		.hole_end = x_end,
		.max_width = max_width,
		.is_bar = test_mem,
		.is_mem = test_mem,
	};

	return count ? bar_io_rw(vdev, &w, off, buf, count, iswrite) : 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_do_io_rw, "VFIO_PCI_NG");

/**
 * vfio_pci_vga_range_rw() - read or write a range that displays share
 * @vdev: an open device
 * @io: mapping of the range
 * @size: bytes that are mapped
 * @rsrc: VGA_RSRC_LEGACY_IO or VGA_RSRC_LEGACY_MEM
 * @off: first byte to access
 * @buf: user buffer
 * @count: bytes
 * @write: true to write, false to read
 *
 * Accesses are naturally aligned and at most four bytes wide.
 *
 * Context: May sleep; interruptible while the arbiter waits.
 * Return: Bytes done, fewer than @count at the end; -ERESTARTSYS for a signal;
 * or another negative errno.
 */
ssize_t vfio_pci_vga_range_rw(struct vfio_pci_core_device *vdev,
			      void __iomem *io, u64 size, unsigned int rsrc,
			      u64 off, char __user *buf, size_t count,
			      bool write)
{
	struct io_window w = {
		.io = io,
		.size = size,
		.max_width = 4,
		.vga = rsrc,
	};

	return bar_io_rw(vdev, &w, off, buf, count, write);
}

/**
 * vfio_pci_bar_rw() - read or write a BAR
 * @vdev: an open device
 * @buf: user buffer
 * @count: bytes
 * @ppos: position in the device file, advanced by the bytes done
 * @write: true to write, false to read
 *
 * The MSI-X table reads as ones and ignores writes, because the host owns its
 * content.
 *
 * Context: May sleep. Takes the memory lock.
 * Return: Bytes done, fewer than @count at the end of the BAR; -EIO if the
 * function is in D3 or does not decode memory; or another negative errno.
 */
ssize_t vfio_pci_bar_rw(struct vfio_pci_core_device *vdev, char __user *buf,
			size_t count, loff_t *ppos, bool write)
{
	unsigned int bar = VFIO_PCI_OFFSET_TO_INDEX(*ppos);
	struct io_window w = {
		.io = vdev->barmap[bar],
		.bar = bar,
		.size = pci_resource_len(vdev->pdev, bar),
		.max_width = 8,
		.is_bar = true,
		.is_mem = pci_resource_flags(vdev->pdev, bar) & IORESOURCE_MEM,
	};
	ssize_t ret;
	u64 off;

	if (!pci_resource_start(vdev->pdev, bar)) {
		vfio_refuse(&vdev->vdev, REFUSAL_NO_REGION, bar);
		return -EINVAL;
	}
	if (IS_ERR(w.io))
		return PTR_ERR(w.io);

	if (bar == vdev->msix_bar) {
		w.hole_start = vdev->msix_offset;
		w.hole_end = vdev->msix_offset + vdev->msix_size;
	}

	off = *ppos & VFIO_PCI_OFFSET_MASK;
	if (bar_io_is_single(&w, off, count))
		ret = bar_io_rw_single(vdev, &w, off, buf, count, write);
	else
		ret = bar_io_rw(vdev, &w, off, buf, count, write);
	if (ret > 0)
		*ppos += ret;
	return ret;
}

/**
 * vfio_pci_rom_size() - get the size of the expansion ROM or of its shadow copy
 * @pdev: the function
 *
 * Context: Any.
 * Return: Bytes, a power of two as for a BAR; 0 if there is no ROM.
 */
u64 vfio_pci_rom_size(struct pci_dev *pdev)
{
	if (pci_resource_start(pdev, PCI_ROM_RESOURCE))
		return pci_resource_len(pdev, PCI_ROM_RESOURCE);
	if (pdev->rom && pdev->romlen)
		return roundup_pow_of_two(pdev->romlen);
	return 0;
}

/*
 * Mapping enables the ROM and searches for the image, so the function must
 * decode memory and must not be in a reset. Otherwise no image is visible,
 * except for the copy that firmware has made of the ROM of a display.
 */
static void __iomem *bar_io_map_rom(struct vfio_pci_core_device *vdev,
				    bool shadow, size_t *image)
{
	struct pci_dev *pdev = vdev->pdev;
	bool in_ram = pci_resource_flags(pdev, PCI_ROM_RESOURCE) &
		      IORESOURCE_ROM_SHADOW;

	lockdep_assert_held(&vdev->memory_lock);

	if (shadow) {
		*image = pdev->romlen;
		return ioremap(pdev->rom, pdev->romlen) ?:
							  IOMEM_ERR_PTR(-ENOMEM);
	}
	if (!__vfio_pci_memory_enabled(vdev))
		return IOMEM_ERR_PTR(in_ram ? -EIO : -ENOMEM);
	return pci_map_rom(pdev, image) ?: IOMEM_ERR_PTR(-ENOMEM);
}

/* Fill @to with bytes of the ROM, and with ones behind its image */
static int bar_io_read_rom(struct vfio_pci_core_device *vdev, u64 off, u8 *to,
			   size_t count)
{
	bool shadow = !pci_resource_start(vdev->pdev, PCI_ROM_RESOURCE);
	struct io_window w = { .max_width = 4 };
	size_t image;

	memset(to, 0xff, count);

	/* Unmapping disables the ROM for all of its readers */
	guard(mutex)(&vdev->rom_lock);
	guard(rwsem_read)(&vdev->memory_lock);

	w.io = bar_io_map_rom(vdev, shadow, &image);
	if (IS_ERR(w.io))
		return PTR_ERR(w.io);
	if (off < image)
		bar_io_copy(&w, off, to, min_t(u64, count, image - off), false);
	if (shadow)
		iounmap(w.io);
	else
		pci_unmap_rom(vdev->pdev, w.io);
	return 0;
}

/**
 * vfio_pci_rom_read() - read the expansion ROM
 * @vdev: an open device
 * @buf: user buffer
 * @count: bytes
 * @ppos: position in the device file, advanced by the bytes done
 *
 * Bytes after the image read as ones. Accesses are at most four bytes wide,
 * because some devices report an error for wider ones. No lock is held while
 * user memory is written.
 *
 * Context: May sleep. Takes the ROM lock and the memory lock.
 * Return: Bytes done or a negative errno, as vfio_pci_bar_rw(); -ENOMEM if no
 * image is visible.
 */
ssize_t vfio_pci_rom_read(struct vfio_pci_core_device *vdev, char __user *buf,
			  size_t count, loff_t *ppos)
{
	u64 size = vfio_pci_rom_size(vdev->pdev);
	u64 off = *ppos & VFIO_PCI_OFFSET_MASK;
	size_t done, n;
	int ret;

	if (off >= size)
		return -EINVAL;
	count = min_t(u64, count, size - off);

	u8 *chunk __free(kvfree) =
		kvmalloc(min(count, ROM_CHUNK_SIZE), GFP_KERNEL_ACCOUNT);
	if (!chunk)
		return -ENOMEM;

	for (done = 0; done < count; done += n) {
		n = min(count - done, ROM_CHUNK_SIZE);
		ret = bar_io_read_rom(vdev, off + done, chunk, n);
		if (ret)
			return ret;
		if (copy_to_user(buf + done, chunk, n))
			return -EFAULT;
	}

	*ppos += count;
	return count;
}
