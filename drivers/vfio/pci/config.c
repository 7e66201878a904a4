// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config space of an open function: the user's accesses, and the standard
 * header with the BARs and the command register.
 */
#include <linux/bits.h>
#include <linux/interrupt.h>
#include <linux/log2.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>
#include <trace/events/vfio_pci.h>

#include "bar.h"
#include "config.h"

static u32 config_get_bytes(const u8 *from, unsigned int count)
{
	switch (count) {
	case 1:
		return *from;
	case 2:
		return get_unaligned_le16(from);
	default:
		return get_unaligned_le32(from);
	}
}

static void config_put_bytes(u8 *to, unsigned int count, u32 val)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		to[i] = val >> (8 * i);
}

static u32 config_all_bits(unsigned int count)
{
	return GENMASK(8 * count - 1, 0);
}

static int config_hw_read(struct pci_dev *pdev, unsigned int pos,
			  unsigned int count, u32 *val)
{
	u16 word;
	u8 byte;
	int ret;

	switch (count) {
	case 1:
		ret = pci_user_read_config_byte(pdev, pos, &byte);
		*val = byte;
		return ret;
	case 2:
		ret = pci_user_read_config_word(pdev, pos, &word);
		*val = word;
		return ret;
	default:
		return pci_user_read_config_dword(pdev, pos, val);
	}
}

/*
 * Change the bits in @mask. Halves without such bits are left out of the
 * access: writing back what was read would clear write-one-to-clear status bits
 * next to a control register.
 */
static int config_hw_write(struct pci_dev *pdev, unsigned int pos,
			   unsigned int count, u32 val, u32 mask)
{
	u32 old;
	int ret;

	while (count > 1) {
		u32 low = config_all_bits(count / 2);

		if (mask & low && mask & ~low)
			break;
		count /= 2;
		if (mask & low)
			continue;
		pos += count;
		val >>= 8 * count;
		mask >>= 8 * count;
	}

	if (mask != config_all_bits(count)) {
		ret = config_hw_read(pdev, pos, count, &old);
		if (ret)
			return ret;
		val = (val & mask) | (old & ~mask);
	}

	switch (count) {
	case 1:
		return pci_user_write_config_byte(pdev, pos, val);
	case 2:
		return pci_user_write_config_word(pdev, pos, val);
	default:
		return pci_user_write_config_dword(pdev, pos, val);
	}
}

static int config_read_bits(struct vfio_pci_core_device *vdev, unsigned int pos,
			    unsigned int count, u32 *val)
{
	u32 virt = config_get_bytes(vdev->config->perm.virt + pos, count);
	u32 phys = 0;
	int ret;

	if (virt != config_all_bits(count)) {
		ret = config_hw_read(vdev->pdev, pos, count, &phys);
		if (ret)
			return ret;
	}

	*val = (phys & ~virt) |
	       (config_get_bytes(&vdev->vconfig[pos], count) & virt);
	return 0;
}

static int config_write_bits(struct vfio_pci_core_device *vdev,
			     unsigned int pos, unsigned int count, u32 val)
{
	u32 virt = config_get_bytes(vdev->config->perm.virt + pos, count);
	u32 write = config_get_bytes(vdev->config->perm.write + pos, count);
	u32 old = config_get_bytes(&vdev->vconfig[pos], count);
	u32 mask = write & virt;

	config_put_bytes(&vdev->vconfig[pos], count,
			 (old & ~mask) | (val & mask));

	mask = write & ~virt;
	return mask ? config_hw_write(vdev->pdev, pos, count, val, mask) : 0;
}

/* Return whether a reset outside of the PCI core has cleared the BARs */
static bool config_bars_lost(struct vfio_pci_core_device *vdev, u16 new_cmd)
{
	struct pci_dev *pdev = vdev->pdev;
	u16 was = vfio_pci_vconfig_get16(vdev, PCI_COMMAND);
	unsigned int i;
	u16 phys;
	u32 bar;

	if (pci_user_read_config_word(pdev, PCI_COMMAND, &phys))
		return true;
	was &= new_cmd & ~phys;
	if (was & PCI_COMMAND_IO)
		return true;
	if ((was & PCI_COMMAND_MEMORY) && !pdev->no_command_memory)
		return true;

	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		if (!vdev->rbar[i])
			continue;
		if (config_hw_read(pdev, PCI_BASE_ADDRESS_0 + 4 * i, 4, &bar) ||
		    bar != vdev->rbar[i])
			return true;
	}
	return false;
}

static void config_restore_bars(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	unsigned int i;

	if (pdev->is_virtfn)
		return;

	pci_info_ratelimited(pdev, "%s: reset recovery - restoring BARs\n",
			     __func__);
	for (i = 0; i < PCI_STD_NUM_BARS; i++)
		pci_user_write_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * i,
					    vdev->rbar[i]);
	pci_user_write_config_dword(pdev, PCI_ROM_ADDRESS,
				    vdev->rbar[PCI_STD_NUM_BARS]);
	/* The reset has also enabled a broken INTx */
	if (vdev->nointx)
		pci_intx(pdev, 0);
}

/*
 * The virtual copy keeps the enable bits as the user set them, although they
 * are read from the function, because a reset may have cleared them there.
 */
static int config_write_command(struct vfio_pci_core_device *vdev,
				unsigned int count, u32 val)
{
	const u16 enables = PCI_COMMAND_MEMORY | PCI_COMMAND_IO;
	u16 cmd;
	int ret;

	if (val & PCI_COMMAND_MEMORY)
		down_write(&vdev->memory_lock);
	else
		vfio_pci_lock_and_zap_memory(vdev);

	if (config_bars_lost(vdev, val))
		config_restore_bars(vdev);

	ret = config_write_bits(vdev, PCI_COMMAND, count, val);
	if (!ret) {
		cmd = vfio_pci_vconfig_get16(vdev, PCI_COMMAND) & ~enables;
		vfio_pci_vconfig_set16(vdev, PCI_COMMAND,
				       cmd | (val & enables));
	}
	vfio_pci_unlock_memory(vdev);
	vdev->config_ops->sync_intx(vdev);
	return ret;
}

/*
 * The high byte has no enable bit. The memory lock is held because INTx Disable
 * of the function is read and written back.
 */
static int config_write_command_high(struct vfio_pci_core_device *vdev, u32 val)
{
	int ret;

	scoped_guard(rwsem_write, &vdev->memory_lock)
		ret = config_write_bits(vdev, PCI_COMMAND + 1, 1, val);
	vdev->config_ops->sync_intx(vdev);
	return ret;
}

/**
 * vfio_pci_config_set_master() - enable or disable DMA of the function
 * @vdev: an open device
 * @master: true to enable
 *
 * Context: May sleep. Takes the config and the memory lock.
 */
void vfio_pci_config_set_master(struct vfio_pci_core_device *vdev, bool master)
{
	guard(mutex)(&vdev->config->lock);

	scoped_guard(rwsem_write, &vdev->memory_lock) {
		if (master)
			pci_set_master(vdev->pdev);
		else
			pci_clear_master(vdev->pdev);
	}
	vdev->config_ops->sync_intx(vdev);
}

static void config_update_intx_disable(struct vfio_pci_core_device *vdev)
{
	bool disabled = vfio_pci_vconfig_get16(vdev, PCI_COMMAND) &
			PCI_COMMAND_INTX_DISABLE;

	if (disabled != vdev->virq_disabled)
		vdev->config_ops->set_intx_disabled(vdev, disabled);
}

static int config_run_hooks(struct vfio_pci_core_device *vdev,
			    struct vfio_pci_config_write *w)
{
	struct vfio_pci_config_hook *hook = vdev->config->hooks;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < vdev->config->nr_hooks && !ret; i++, hook++) {
		if (hook->pos < w->pos || hook->pos >= w->pos + w->count)
			continue;
		w->cap = hook->cap;
		ret = hook->written(vdev, w);
	}
	return ret;
}

static int config_write(struct vfio_pci_core_device *vdev, unsigned int pos,
			unsigned int count, u32 val)
{
	struct vfio_pci_config_write w = {
		.pos = pos,
		.count = count,
		.val = val,
	};
	int ret;

	guard(mutex)(&vdev->config->lock);

	if (pos == PCI_COMMAND)
		ret = config_write_command(vdev, count, val);
	else if (pos == PCI_COMMAND + 1)
		ret = config_write_command_high(vdev, val);
	else
		ret = config_write_bits(vdev, pos, count, val);
	trace_vfio_pci_config_write(&vdev->pdev->dev, pos, count, val, ret);
	if (ret)
		return ret;

	if (pos == PCI_COMMAND || pos == PCI_COMMAND + 1)
		config_update_intx_disable(vdev);
	return config_run_hooks(vdev, &w);
}

static int config_read(struct vfio_pci_core_device *vdev, unsigned int pos,
		       unsigned int count, u32 *val)
{
	guard(mutex)(&vdev->config->lock);
	return config_read_bits(vdev, pos, count, val);
}

static int config_rw_one(struct vfio_pci_core_device *vdev, unsigned int pos,
			 unsigned int count, char __user *buf, bool write)
{
	u8 bytes[4];
	u32 val;
	int ret;

	if (write) {
		if (copy_from_user(bytes, buf, count))
			return -EFAULT;
		return config_write(vdev, pos, count,
				    config_get_bytes(bytes, count));
	}

	ret = config_read(vdev, pos, count, &val);
	if (ret)
		return ret;
	config_put_bytes(bytes, count, val);
	return copy_to_user(buf, bytes, count) ? -EFAULT : 0;
}

/**
 * vfio_pci_config_rw() - read or write config space for the user
 * @vdev: an open device
 * @buf: user's buffer
 * @count: number of bytes
 * @ppos: offset in the device file; advanced on success
 * @write: true to write
 *
 * The access is split into naturally aligned accesses of at most four bytes.
 *
 * Context: May sleep. Takes the config lock.
 * Return: @count, -EFAULT for a bad range or buffer, or an errno of an access.
 */
ssize_t vfio_pci_config_rw(struct vfio_pci_core_device *vdev, char __user *buf,
			   size_t count, loff_t *ppos, bool write)
{
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	unsigned int size = vdev->pdev->cfg_size;
	size_t done = 0;

	if (pos >= size || count > size - pos)
		return -EFAULT;

	while (done < count) {
		unsigned int n = 4;
		int ret;

		while (n > count - done || pos % n)
			n /= 2;

		ret = config_rw_one(vdev, pos, n, buf + done, write);
		if (ret)
			return ret;
		pos += n;
		done += n;
	}

	*ppos += done;
	return done;
}

/**
 * vfio_pci_config_fill() - copy registers of the function to the virtual copy
 * @vdev: a device that is being opened
 * @pos: offset of the first byte
 * @len: number of bytes
 *
 * Context: May sleep. The caller holds dev_set->lock.
 * Return: 0, or a negative errno.
 */
int vfio_pci_config_fill(struct vfio_pci_core_device *vdev, unsigned int pos,
			 unsigned int len)
{
	unsigned int end = pos + len;

	while (pos < end) {
		unsigned int n = 4;
		u32 val;
		int ret;

		while (n > end - pos || pos % n)
			n /= 2;

		ret = config_hw_read(vdev->pdev, pos, n, &val);
		if (ret)
			return ret;
		config_put_bytes(&vdev->vconfig[pos], n, val);
		pos += n;
	}
	return 0;
}

/**
 * vfio_pci_config_add_hook() - call a function after writes to a register
 * @vdev: a device that is being opened
 * @cap: offset of the register's capability
 * @pos: offset of the register
 * @written: see struct vfio_pci_config_hook
 *
 * Context: The caller holds dev_set->lock.
 */
void vfio_pci_config_add_hook(struct vfio_pci_core_device *vdev,
			      unsigned int cap, unsigned int pos,
			      vfio_pci_config_written_t written)
{
	struct vfio_pci_config *config = vdev->config;
	unsigned int i;

	/* A looping list repeats its hooks; no real device has so many */
	for (i = 0; i < config->nr_hooks; i++)
		if (config->hooks[i].pos == pos)
			return;
	if (config->nr_hooks == VFIO_PCI_MAX_HOOKS)
		return;

	config->hooks[config->nr_hooks++] = (struct vfio_pci_config_hook){
		.cap = cap,
		.pos = pos,
		.written = written,
	};
}

static u32 config_bar_type(unsigned long flags)
{
	u32 bits = PCI_BASE_ADDRESS_SPACE_MEMORY;

	if (flags & IORESOURCE_IO)
		return PCI_BASE_ADDRESS_SPACE_IO;
	if (flags & IORESOURCE_PREFETCH)
		bits |= PCI_BASE_ADDRESS_MEM_PREFETCH;
	if (flags & IORESOURCE_MEM_64)
		bits |= PCI_BASE_ADDRESS_MEM_TYPE_64;
	return bits;
}

static void config_init_vbar(struct vfio_pci_core_device *vdev,
			     unsigned int pos, u32 address_bits, u32 fixed_bits)
{
	u32 val = config_get_bytes(&vdev->vconfig[pos], 4) & address_bits;

	config_put_bytes(&vdev->vconfig[pos], 4, val | fixed_bits);
	vfio_pci_perm_set(&vdev->config->perm, pos, 4, ~0, address_bits);
}

/*
 * The address bits of a BAR are the writable bits of a virtual register, which
 * is all that sizing a BAR needs. A BAR that the host left unassigned reads as
 * zero.
 */
static void config_init_vbars(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	unsigned int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		unsigned int pos = PCI_BASE_ADDRESS_0 + 4 * bar;
		unsigned long flags = pci_resource_flags(pdev, bar);
		u64 mask = -(u64)pci_resource_len(pdev, bar);

		if (!pci_resource_start(pdev, bar)) {
			config_init_vbar(vdev, pos, 0, 0);
			continue;
		}

		config_init_vbar(vdev, pos, mask, config_bar_type(flags));
		if ((flags & IORESOURCE_MEM_64) && ++bar < PCI_STD_NUM_BARS)
			config_init_vbar(vdev, pos + 4, mask >> 32, 0);
	}
}

static void config_init_vrom(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	u64 len = 0;

	if (pci_resource_start(pdev, PCI_ROM_RESOURCE))
		len = pci_resource_len(pdev, PCI_ROM_RESOURCE);
	else if (pdev->rom && pdev->romlen)
		len = roundup_pow_of_two(pdev->romlen);

	config_init_vbar(vdev, PCI_ROM_ADDRESS,
			 len ? -len | PCI_ROM_ADDRESS_ENABLE : 0, 0);
}

static void config_init_virtfn(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	vfio_pci_vconfig_set16(vdev, PCI_VENDOR_ID, pdev->vendor);
	vfio_pci_vconfig_set16(vdev, PCI_DEVICE_ID, pdev->device);
	/* A VF has no INTx, even if its pin register is set */
	vdev->vconfig[PCI_INTERRUPT_PIN] = 0;
}

static int config_init_header(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	struct vfio_pci_perm *perm = &vdev->config->perm;
	u8 *bars = &vdev->vconfig[PCI_BASE_ADDRESS_0];
	unsigned int i;
	u16 cmd;
	int ret;

	ret = vfio_pci_config_fill(vdev, 0, PCI_STD_HEADER_SIZEOF);
	if (ret)
		return ret;
	vfio_pci_perm_paint(perm, 0, PCI_STD_HEADER_SIZEOF, 0,
			    &vfio_pci_rule_header);

	for (i = 0; i < PCI_STD_NUM_BARS; i++)
		vdev->rbar[i] = config_get_bytes(bars + 4 * i, 4);
	vdev->rbar[i] = config_get_bytes(&vdev->vconfig[PCI_ROM_ADDRESS], 4);
	config_init_vbars(vdev);
	config_init_vrom(vdev);

	if (pdev->is_virtfn)
		config_init_virtfn(vdev);
	if (!pdev->irq || pdev->irq == IRQ_NOTCONNECTED || vdev->nointx)
		vdev->vconfig[PCI_INTERRUPT_PIN] = 0;

	cmd = vfio_pci_vconfig_get16(vdev, PCI_COMMAND);
	cmd &= ~PCI_COMMAND_INTX_DISABLE;
	if (pdev->no_command_memory) {
		/* The function has no enable bit: show one that is set */
		cmd |= PCI_COMMAND_MEMORY;
		perm->virt[PCI_COMMAND] |= PCI_COMMAND_MEMORY;
	}
	vfio_pci_vconfig_set16(vdev, PCI_COMMAND, cmd);
	return 0;
}

/**
 * vfio_pci_config_init() - set up config space and its standard header
 * @vdev: a device that is being opened
 *
 * Context: May sleep. The caller holds dev_set->lock.
 * Return: 0, or a negative errno.
 */
int vfio_pci_config_init(struct vfio_pci_core_device *vdev)
{
	unsigned int size = vdev->pdev->cfg_size;
	int ret = -ENOMEM;

	vdev->config = kzalloc_obj(*vdev->config, GFP_KERNEL_ACCOUNT);
	if (!vdev->config)
		return -ENOMEM;
	mutex_init(&vdev->config->lock);

	vdev->vconfig = kzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!vdev->vconfig)
		goto err;
	ret = vfio_pci_perm_init(&vdev->config->perm, size);
	if (ret)
		goto err;
	ret = config_init_header(vdev);
	if (ret)
		goto err;
	return 0;

err:
	vfio_pci_config_destroy(vdev);
	return ret;
}

/**
 * vfio_pci_config_destroy() - undo vfio_pci_config_init()
 * @vdev: a device that is being closed
 *
 * Context: The caller holds dev_set->lock.
 */
void vfio_pci_config_destroy(struct vfio_pci_core_device *vdev)
{
	vfio_pci_perm_destroy(&vdev->config->perm);
	kfree(vdev->vconfig);
	vdev->vconfig = NULL;
	mutex_destroy(&vdev->config->lock);
	kfree(vdev->config);
	vdev->config = NULL;
}
