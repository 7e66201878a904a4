/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interface of vfio-pci-core.ko for drivers that pass PCI devices to user
 * space: vfio-pci.ko itself, and drivers that extend it.
 *
 * Function names and signatures are those of the kernel's own header. All
 * symbols are exported in the namespace VFIO_PCI_NG.
 */
#ifndef __LINUX_VFIO_PCI_CORE_H
#define __LINUX_VFIO_PCI_CORE_H

#include <linux/err.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

/* The offset of a region in the device file is its index shifted by this. */
#define VFIO_PCI_OFFSET_SHIFT 40
#define VFIO_PCI_OFFSET_TO_INDEX(off) ((u64)(off) >> VFIO_PCI_OFFSET_SHIFT)
#define VFIO_PCI_INDEX_TO_OFFSET(index) ((u64)(index) << VFIO_PCI_OFFSET_SHIFT)
#define VFIO_PCI_OFFSET_MASK ((1ULL << VFIO_PCI_OFFSET_SHIFT) - 1)

struct eventfd_ctx;
struct p2pdma_provider;
struct phys_vec;
struct vfio_pci_config;
struct vfio_pci_config_ops;
struct vfio_pci_core_device;
struct vfio_pci_intx;
struct vfio_pci_region;
struct vfio_pci_sriov;

/**
 * struct vfio_pci_regops - operations of a region that a driver adds
 */
struct vfio_pci_regops {
	/** @rw: read(2) and write(2); @ppos is an offset in the device file */
	ssize_t (*rw)(struct vfio_pci_core_device *vdev, char __user *buf,
		      size_t count, loff_t *ppos, bool iswrite);
	/** @release: free region->data when the device is closed */
	void (*release)(struct vfio_pci_core_device *vdev,
			struct vfio_pci_region *region);
	/** @mmap: mmap(2); optional */
	int (*mmap)(struct vfio_pci_core_device *vdev,
		    struct vfio_pci_region *region, struct vm_area_struct *vma);
	/** @add_capability: add capabilities to the region info; optional */
	int (*add_capability)(struct vfio_pci_core_device *vdev,
			      struct vfio_pci_region *region,
			      struct vfio_info_cap *caps);
};

/**
 * struct vfio_pci_region - a region that a driver adds
 */
struct vfio_pci_region {
	/** @type: VFIO_REGION_TYPE_ */
	u32 type;
	/** @subtype: VFIO_REGION_SUBTYPE_, in the space of @type */
	u32 subtype;
	/** @ops: operations of the region */
	const struct vfio_pci_regops *ops;
	/** @data: for @ops */
	void *data;
	/** @size: bytes */
	size_t size;
	/** @flags: VFIO_REGION_INFO_FLAG_ */
	u32 flags;
};

/**
 * struct vfio_pci_device_ops - operations of a driver on top of vfio-pci-core
 */
struct vfio_pci_device_ops {
	/**
	 * @get_dmabuf_phys: find the memory behind parts of a region, which
	 * other devices access by a dma-buf; vfio_pci_core_get_dmabuf_phys()
	 * for regions of the function. Optional; without it
	 * VFIO_DEVICE_FEATURE_DMA_BUF is not supported.
	 */
	int (*get_dmabuf_phys)(struct vfio_pci_core_device *vdev,
			       struct p2pdma_provider **provider,
			       unsigned int region_index,
			       struct phys_vec *phys_vec,
			       struct vfio_region_dma_range *dma_ranges,
			       size_t nr_ranges);
};

/**
 * struct vfio_pci_core_device - a PCI function that user space can open
 *
 * Members described as "while open" are set up by vfio_pci_core_enable() and
 * torn down by vfio_pci_core_disable(). Both run with the lock of the device's
 * set.
 */
struct vfio_pci_core_device {
	/** @vdev: the device of the vfio core; must be the first member */
	struct vfio_device vdev;
	/** @pdev: the function */
	struct pci_dev *pdev;
	/**
	 * @pci_ops: operations of the driver, set before registering, or NULL
	 */
	const struct vfio_pci_device_ops *pci_ops;
	/**
	 * @memory_lock: held for reading to access or map a BAR, for writing if
	 * the device may stop decoding memory: command register, power state,
	 * reset. Nests inside the config lock and @igate.
	 */
	struct rw_semaphore memory_lock;
	/** @rom_lock: held while the ROM is enabled; outside @memory_lock */
	struct mutex rom_lock;
	/** @igate: serializes interrupt set-up; nests inside the config lock */
	struct mutex igate;
	/** @ioeventfds_lock: protects @ioeventfds; outside @memory_lock */
	struct mutex ioeventfds_lock;
	/**
	 * @irqlock: protects the INTx mask state, also in interrupt context;
	 * nests inside @memory_lock
	 */
	spinlock_t irqlock;
	/** @trigger_lock: protects @err_trigger and @req_trigger */
	spinlock_t trigger_lock;

	/** @pci_saved_state: while open, config space to restore at close */
	struct pci_saved_state *pci_saved_state;
	/** @pm_save: config space while in D3hot, if D3hot loses it */
	struct pci_saved_state *pm_save;

	/** @config: while open, the handlers of the bits of config space */
	struct vfio_pci_config *config;
	/** @config_ops: callbacks from config space to the layers above */
	const struct vfio_pci_config_ops *config_ops;
	/** @vconfig: while open, virtual config space, little endian */
	u8 *vconfig;

	/** @barmap: while open, the mapping of each BAR, or an ERR_PTR */
	void __iomem *barmap[PCI_STD_NUM_BARS];
	/** @bar_tail: reserves the rest of the page of a small BAR */
	struct resource *bar_tail[PCI_STD_NUM_BARS];
	/** @bar_mmap_supported: while open, BARs that mmap() supports */
	bool bar_mmap_supported[PCI_STD_NUM_BARS];
	/** @rbar: BARs and ROM BAR as set by the host, to repair a reset */
	u32 rbar[PCI_STD_NUM_BARS + 1];

	/** @region: while open, regions that the driver added */
	struct vfio_pci_region *region;
	/** @num_regions: entries in @region */
	unsigned int num_regions;

	/** @intx: INTx in use, or NULL; protected by @igate */
	struct vfio_pci_intx *intx;
	/**
	 * @vectors: MSI and MSI-X vectors with an eventfd; protected by @igate
	 */
	struct xarray vectors;
	/**
	 * @irq_type: VFIO_PCI_*_IRQ_INDEX in use, VFIO_PCI_NUM_IRQS for none;
	 * protected by @igate
	 */
	int irq_type;
	/**
	 * @msi_qmax: log2 of the number of MSI vectors in use; protected by
	 * @igate
	 */
	u8 msi_qmax;
	/** @msix_bar: BAR that holds the MSI-X table, 0xff without MSI-X */
	u8 msix_bar;
	/** @msix_offset: offset of the table in that BAR */
	u32 msix_offset;
	/** @msix_size: bytes of the table */
	u32 msix_size;
	/** @err_trigger: signalled when AER reports an error, or NULL */
	struct eventfd_ctx *err_trigger;
	/**
	 * @req_trigger: signalled when the host wants the device back, or NULL
	 */
	struct eventfd_ctx *req_trigger;

	/** @ioeventfds: eventfds that write to a BAR */
	struct list_head ioeventfds;
	/** @nr_ioeventfds: entries in @ioeventfds, under @ioeventfds_lock */
	unsigned int nr_ioeventfds;
	/** @dmabufs: dma-bufs of BARs; protected by @memory_lock */
	struct list_head dmabufs;
	/**
	 * @p2p_provider: while open, provides the BARs that the user maps to
	 * other devices; protected by @memory_lock
	 */
	struct iommufd_p2p_provider *p2p_provider;
	/**
	 * @p2p_suspended: while closed, @p2p_provider of the last open;
	 * this and the two members below are protected by the set lock
	 */
	struct iommufd_p2p_provider *p2p_suspended;
	/** @p2p_container: container of the last open, or 0 */
	u64 p2p_container;
	/** @p2p_bars: BARs that the provider has, a bit each */
	unsigned int p2p_bars;
	/**
	 * @wakeup_trigger: signalled when the device resumes, which also
	 * ends its low power state, or NULL; protected by @memory_lock
	 */
	struct eventfd_ctx *wakeup_trigger;

	/** @resume_work: runs after the device has resumed */
	struct work_struct resume_work;

	/** @sriov: its virtual functions, or NULL if it cannot have any */
	struct vfio_pci_sriov *sriov;
	/**
	 * @sriov_pf: @sriov of the physical function, if this is a virtual
	 * function; NULL if vfio-pci does not drive the physical function
	 */
	struct vfio_pci_sriov *sriov_pf;

	/*
	 * No bit fields, because each of these may change under another lock.
	 */

	/**
	 * @pm_runtime_engaged: in low power, so the user allows it to sleep;
	 * under @memory_lock
	 */
	bool pm_runtime_engaged;
	/** @resume_pending: @resume_work is queued; the device stays in D0 meanwhile */
	bool resume_pending;
	/**
	 * @suspended_open: the last suspend happened while the device was open;
	 * used by the callbacks of runtime power management only
	 */
	bool suspended_open;
	/** @nointxmask: mask INTx at the interrupt controller; set by init */
	bool nointxmask;
	/** @disable_idle_d3: do not suspend while closed; set by init */
	bool disable_idle_d3;
	/** @disable_vga: offer no VGA ranges; set before registering */
	bool disable_vga;
	/** @has_dyn_msix: MSI-X vectors can be added while others are in use */
	bool has_dyn_msix;
	/** @pci_2_3: INTx can be masked in the function itself */
	bool pci_2_3;
	/** @nointx: INTx of the function is broken and stays masked */
	bool nointx;
	/** @virq_disabled: the user set INTx Disable in the command register */
	bool virq_disabled;
	/** @reset_works: the function can be reset on its own */
	bool reset_works;
	/** @needs_pm_restore: D3hot to D0 resets the function */
	bool needs_pm_restore;
	/**
	 * @sriov_active: virtual functions are enabled, so the device must not
	 * be suspended; protected by @memory_lock
	 */
	bool sriov_active;
	/** @needs_reset: closed without a reset; protected by the set's lock */
	bool needs_reset;
};

/**
 * enum vfio_pci_io_width - widest access to I/O memory, in bytes
 */
enum vfio_pci_io_width {
	/** @VFIO_PCI_IO_WIDTH_1: 1 byte */
	VFIO_PCI_IO_WIDTH_1 = 1,
	/** @VFIO_PCI_IO_WIDTH_2: 2 bytes */
	VFIO_PCI_IO_WIDTH_2 = 2,
	/** @VFIO_PCI_IO_WIDTH_4: 4 bytes */
	VFIO_PCI_IO_WIDTH_4 = 4,
	/** @VFIO_PCI_IO_WIDTH_8: 8 bytes */
	VFIO_PCI_IO_WIDTH_8 = 8,
};

extern const struct pci_error_handlers vfio_pci_core_err_handlers;

int vfio_pci_core_init_dev(struct vfio_device *core_vdev);
void vfio_pci_core_release_dev(struct vfio_device *core_vdev);
int vfio_pci_core_register_device(struct vfio_pci_core_device *vdev);
void vfio_pci_core_unregister_device(struct vfio_pci_core_device *vdev);

int vfio_pci_core_enable(struct vfio_pci_core_device *vdev);
void vfio_pci_core_finish_enable(struct vfio_pci_core_device *vdev);
int vfio_pci_core_register_dev_region(struct vfio_pci_core_device *vdev,
				      unsigned int type, unsigned int subtype,
				      const struct vfio_pci_regops *ops,
				      size_t size, u32 flags, void *data);
void vfio_pci_core_disable(struct vfio_pci_core_device *vdev);
void vfio_pci_core_close_device(struct vfio_device *core_vdev);

long vfio_pci_core_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
			 unsigned long arg);
int vfio_pci_core_ioctl_feature(struct vfio_device *device, u32 flags,
				void __user *arg, size_t argsz);
int vfio_pci_ioctl_get_region_info(struct vfio_device *core_vdev,
				   struct vfio_region_info *info,
				   struct vfio_info_cap *caps);
ssize_t vfio_pci_core_read(struct vfio_device *core_vdev, char __user *buf,
			   size_t count, loff_t *ppos);
ssize_t vfio_pci_core_write(struct vfio_device *core_vdev,
			    const char __user *buf, size_t count, loff_t *ppos);
int vfio_pci_core_mmap(struct vfio_device *core_vdev,
		       struct vm_area_struct *vma);
void vfio_pci_core_request(struct vfio_device *core_vdev, unsigned int count);
int vfio_pci_core_match(struct vfio_device *core_vdev, char *buf);
int vfio_pci_core_match_token_uuid(struct vfio_device *core_vdev,
				   const uuid_t *uuid);
int vfio_pci_core_sriov_configure(struct vfio_pci_core_device *vdev,
				  int nr_virtfn);
pci_ers_result_t vfio_pci_core_aer_err_detected(struct pci_dev *pdev,
						pci_channel_state_t state);

bool __vfio_pci_memory_enabled(struct vfio_pci_core_device *vdev);
vm_fault_t vfio_pci_vmf_insert_pfn(struct vfio_pci_core_device *vdev,
				   struct vm_fault *vmf, unsigned long pfn,
				   unsigned int order);
ssize_t vfio_pci_core_do_io_rw(struct vfio_pci_core_device *vdev, bool test_mem,
			       void __iomem *io, char __user *buf, loff_t off,
			       size_t count, size_t x_start, size_t x_end,
			       bool iswrite, enum vfio_pci_io_width max_width);
bool vfio_pci_core_range_intersect_range(loff_t buf_start, size_t buf_cnt,
					 loff_t reg_start, size_t reg_cnt,
					 loff_t *buf_offset,
					 size_t *intersect_count,
					 size_t *register_offset);

int vfio_pci_core_fill_phys_vec(struct phys_vec *phys_vec,
				struct vfio_region_dma_range *dma_ranges,
				size_t nr_ranges, phys_addr_t start,
				phys_addr_t len);
int vfio_pci_core_get_dmabuf_phys(struct vfio_pci_core_device *vdev,
				  struct p2pdma_provider **provider,
				  unsigned int region_index,
				  struct phys_vec *phys_vec,
				  struct vfio_region_dma_range *dma_ranges,
				  size_t nr_ranges);

int vfio_pci_core_iowrite8(struct vfio_pci_core_device *vdev, bool test_mem,
			   u8 val, void __iomem *io);
int vfio_pci_core_iowrite16(struct vfio_pci_core_device *vdev, bool test_mem,
			    u16 val, void __iomem *io);
int vfio_pci_core_iowrite32(struct vfio_pci_core_device *vdev, bool test_mem,
			    u32 val, void __iomem *io);
int vfio_pci_core_iowrite64(struct vfio_pci_core_device *vdev, bool test_mem,
			    u64 val, void __iomem *io);
int vfio_pci_core_ioread8(struct vfio_pci_core_device *vdev, bool test_mem,
			  u8 *val, void __iomem *io);
int vfio_pci_core_ioread16(struct vfio_pci_core_device *vdev, bool test_mem,
			   u16 *val, void __iomem *io);
int vfio_pci_core_ioread32(struct vfio_pci_core_device *vdev, bool test_mem,
			   u32 *val, void __iomem *io);
int vfio_pci_core_ioread64(struct vfio_pci_core_device *vdev, bool test_mem,
			   u64 *val, void __iomem *io);

/**
 * is_aligned_for_order() - check if a fault can be filled with a larger page
 * @vma: the mapping
 * @addr: address, aligned to @order
 * @pfn: page frame of that address
 * @order: log2 of the number of pages
 *
 * Context: Any.
 * Return: False if the pages exceed the mapping or are not aligned.
 */
static inline bool is_aligned_for_order(struct vm_area_struct *vma,
					unsigned long addr, unsigned long pfn,
					unsigned int order)
{
	return !order || (addr >= vma->vm_start &&
			  addr + (PAGE_SIZE << order) <= vma->vm_end &&
			  IS_ALIGNED(pfn, 1UL << order));
}

/**
 * vfio_pci_core_get_iomap() - get the mapping of a BAR
 * @vdev: a device, after vfio_pci_core_enable()
 * @bar: index of the BAR
 *
 * Context: Any, until vfio_pci_core_disable().
 * Return: The mapping, or an ERR_PTR() if the BAR does not exist or could not
 * be reserved or mapped.
 */
static inline void __iomem *
vfio_pci_core_get_iomap(struct vfio_pci_core_device *vdev, unsigned int bar)
{
	if (WARN_ON_ONCE(bar >= PCI_STD_NUM_BARS))
		return IOMEM_ERR_PTR(-EINVAL);
	if (WARN_ON_ONCE(!vdev->barmap[bar]))
		return IOMEM_ERR_PTR(-ENODEV);
	return vdev->barmap[bar];
}

#endif /* __LINUX_VFIO_PCI_CORE_H */
