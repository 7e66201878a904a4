// SPDX-License-Identifier: GPL-2.0-only
/* Devices: their ioctls, regions, and events of the hardware. */
#include <errno.h>
#include <linux/vfio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "mock_pci.h"
#include "op.h"
#include "program.h"
#include "region.h"
#include "resource.h"
#include "sample.h"
#include "sys.h"

#define VFIO ARG(KIND_OF(TYPE_VFIO))
#define IN(type, member, kind) IN_STRUCT(type, member, kind, false)

/* Regions are 2^40 bytes apart in the device file. */
#define REGION_SHIFT 40
#define MAX_TRANSFER 4096
#define MAX_MAP (1UL << 20)

/** struct irqs_request - VFIO_DEVICE_SET_IRQS for two vectors */
struct irqs_request {
	/** @set: the request */
	struct vfio_irq_set set;
	/** @fds: eventfds */
	__s32 fds[2];
};

/** struct reset_info - VFIO_DEVICE_GET_PCI_HOT_RESET_INFO */
struct reset_info {
	/** @info: the request */
	struct vfio_pci_hot_reset_info info;
	/** @devices: devices that share the reset */
	struct vfio_pci_dependent_device devices[8];
};

/** struct reset_request - VFIO_DEVICE_PCI_HOT_RESET */
struct reset_request {
	/** @reset: the request */
	struct vfio_pci_hot_reset reset;
	/** @fds: groups or devices */
	__s32 fds[2];
};

/** struct feature_request - VFIO_DEVICE_FEATURE with data of any kind */
struct feature_request {
	/** @feature: the request */
	struct vfio_device_feature feature;
	/** @data: the data */
	__u64 data[4];
};

/** struct dmabuf_request - VFIO_DEVICE_FEATURE_DMA_BUF for two ranges */
struct dmabuf_request {
	/** @feature: the request */
	struct vfio_device_feature feature;
	/** @dmabuf: region and flags */
	struct vfio_device_feature_dma_buf dmabuf;
	/** @ranges: the ranges */
	struct vfio_region_dma_range ranges[2];
};

static int fd_of(__u64 ref)
{
	int fd = (int)resource_get(ref);

	return resource_is_hidden(fd) ? -1 : fd;
}

static long open_cdev(const struct call *call)
{
	int fd = device_open_cdev(call->arg[1]);

	if (fd >= 0) {
		resource_set_device(call->arg[0], call->arg[1]);
		resource_set(call->arg[0], fd);
	}
	return fd;
}

static long reset(const struct call *call)
{
	return __sys_ioctl_val(fd_of(call->arg[0]), VFIO_DEVICE_RESET, 0);
}

static off_t region_offset(__u64 region, __u64 offset)
{
	return (off_t)(region << REGION_SHIFT |
		       (offset & ((1UL << REGION_SHIFT) - 1)));
}

static long region_pread(const struct call *call)
{
	ssize_t ret = pread(fd_of(call->arg[0]),
			    (void *)region_address(call->arg[3]),
			    call->arg[4] % MAX_TRANSFER,
			    region_offset(call->arg[1], call->arg[2]));

	return ret < 0 ? -errno : ret;
}

/* QEMU takes some registers for a reason to give up, so that BARs are left. */
static bool may_write(__u64 ref, __u64 region)
{
	return region == VFIO_PCI_CONFIG_REGION_INDEX ||
	       device_is_ram(resource_device(ref));
}

static long region_pwrite(const struct call *call)
{
	ssize_t ret;

	if (!may_write(call->arg[0], call->arg[1]))
		return -EPERM;
	ret = pwrite(fd_of(call->arg[0]), (void *)region_address(call->arg[3]),
		     call->arg[4] % MAX_TRANSFER,
		     region_offset(call->arg[1], call->arg[2]));
	return ret < 0 ? -errno : ret;
}

static long write_config(const struct call *call)
{
	__u32 value = call->arg[2];
	ssize_t ret = pwrite(
		fd_of(call->arg[0]), &value, 1 + call->arg[3] % sizeof(value),
		region_offset(VFIO_PCI_CONFIG_REGION_INDEX, call->arg[1]));

	return ret < 0 ? -errno : ret;
}

static long map_region(const struct call *call)
{
	bool writable = may_write(call->arg[0], call->arg[2]);
	void *at = mmap(NULL, call->arg[4] % (MAX_MAP + 1),
			PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED,
			fd_of(call->arg[0]),
			region_offset(call->arg[2], call->arg[3]));

	if (at == MAP_FAILED)
		return -errno;
	resource_set(call->arg[1], (unsigned long)at);
	return 0;
}

static long open_bus(const struct call *call)
{
	int fd = device_open_bus();

	if (fd >= 0)
		resource_set(call->arg[0], fd);
	return fd;
}

static long device_event(const struct call *call)
{
	device_event_send(call->arg[0], call->arg[1]);
	return 0;
}

#define DMABUF_FIELDS                                                \
	FIELDS(VFIO, OUT(TYPE_DMABUF),                               \
	       IN(dmabuf_request, dmabuf.region_index, KIND_REGION), \
	       IN(dmabuf_request, ranges[0].offset, KIND_OFFSET),    \
	       IN(dmabuf_request, ranges[0].length, KIND_LEN),       \
	       IN(dmabuf_request, dmabuf.nr_ranges, KIND_COUNT),     \
	       IN(dmabuf_request, ranges[1].offset, KIND_OFFSET),    \
	       IN(dmabuf_request, ranges[1].length, KIND_LEN),       \
	       IN(dmabuf_request, dmabuf.open_flags, KIND_NUM))

/* The driver of a sample device reaches the memory of its user. */
#define SAMPLE(text, number)                                    \
	{ .name = text,                                         \
	  .cmd = number,                                        \
	  .size = sizeof(struct vfio_sample_dma),               \
	  FIELDS(VFIO, IN(vfio_sample_dma, iova, KIND_IOVA),    \
		 IN(vfio_sample_dma, count, KIND_COUNT),        \
		 IN(vfio_sample_dma, flags, KIND_SAMPLE_FLAGS), \
		 IN(vfio_sample_dma, data, KIND_PTR)) }

static const struct op ops[] = {
	{ .name = "cdev",
	  .run = open_cdev,
	  FIELDS(OUT(TYPE_VFIO), ARG(KIND_DEVICE)) },
	{ .name = "bind",
	  .cmd = VFIO_DEVICE_BIND_IOMMUFD,
	  .size = offsetof(struct vfio_device_bind_iommufd, token_uuid_ptr),
	  FIELDS(VFIO, IN(vfio_device_bind_iommufd, iommufd, KIND_OF(TYPE_CTX)),
		 IN_STRUCT(vfio_device_bind_iommufd, out_devid,
			   KIND_OF(TYPE_DEV), true)) },
	{ .name = "bind_token",
	  .cmd = VFIO_DEVICE_BIND_IOMMUFD,
	  .size = sizeof(struct vfio_device_bind_iommufd),
	  FIELDS(VFIO, IN(vfio_device_bind_iommufd, iommufd, KIND_OF(TYPE_CTX)),
		 IN_STRUCT(vfio_device_bind_iommufd, out_devid,
			   KIND_OF(TYPE_DEV), true),
		 IN(vfio_device_bind_iommufd, flags, KIND_PERM),
		 IN(vfio_device_bind_iommufd, token_uuid_ptr, KIND_PTR)) },
	{ .name = "attach",
	  .cmd = VFIO_DEVICE_ATTACH_IOMMUFD_PT,
	  .size = offsetof(struct vfio_device_attach_iommufd_pt, pasid),
	  FIELDS(VFIO, IN(vfio_device_attach_iommufd_pt, pt_id, KIND_PT)) },
	{ .name = "attach_pasid",
	  .cmd = VFIO_DEVICE_ATTACH_IOMMUFD_PT,
	  .size = sizeof(struct vfio_device_attach_iommufd_pt),
	  FIELDS(VFIO, IN(vfio_device_attach_iommufd_pt, pt_id, KIND_PT),
		 IN(vfio_device_attach_iommufd_pt, flags, KIND_PERM),
		 IN(vfio_device_attach_iommufd_pt, pasid, KIND_PASID)) },
	{ .name = "detach",
	  .cmd = VFIO_DEVICE_DETACH_IOMMUFD_PT,
	  .size = offsetof(struct vfio_device_detach_iommufd_pt, pasid),
	  FIELDS(VFIO) },
	{ .name = "detach_pasid",
	  .cmd = VFIO_DEVICE_DETACH_IOMMUFD_PT,
	  .size = sizeof(struct vfio_device_detach_iommufd_pt),
	  FIELDS(VFIO, IN(vfio_device_detach_iommufd_pt, flags, KIND_PERM),
		 IN(vfio_device_detach_iommufd_pt, pasid, KIND_PASID)) },
	{ .name = "device_info",
	  .cmd = VFIO_DEVICE_GET_INFO,
	  .size = sizeof(struct vfio_device_info),
	  FIELDS(VFIO) },
	{ .name = "region_info",
	  .cmd = VFIO_DEVICE_GET_REGION_INFO,
	  .size = sizeof(struct vfio_region_info),
	  FIELDS(VFIO, IN(vfio_region_info, index, KIND_REGION)) },
	{ .name = "irq_info",
	  .cmd = VFIO_DEVICE_GET_IRQ_INFO,
	  .size = sizeof(struct vfio_irq_info),
	  FIELDS(VFIO, IN(vfio_irq_info, index, KIND_NUM)) },
	{ .name = "set_irqs",
	  .cmd = VFIO_DEVICE_SET_IRQS,
	  .size = sizeof(struct irqs_request),
	  FIELDS(VFIO, IN(irqs_request, set.flags, KIND_IRQ_FLAGS),
		 IN(irqs_request, set.index, KIND_NUM),
		 IN(irqs_request, set.start, KIND_NUM),
		 IN(irqs_request, set.count, KIND_COUNT),
		 IN(irqs_request, fds[0], KIND_OF(TYPE_EVENT)),
		 IN(irqs_request, fds[1], KIND_OF(TYPE_EVENT))) },
	{ .name = "reset", .run = reset, FIELDS(VFIO) },
	{ .name = "hot_reset_info",
	  .cmd = VFIO_DEVICE_GET_PCI_HOT_RESET_INFO,
	  .size = sizeof(struct reset_info),
	  FIELDS(VFIO) },
	{ .name = "hot_reset",
	  .cmd = VFIO_DEVICE_PCI_HOT_RESET,
	  .size = sizeof(struct reset_request),
	  FIELDS(VFIO, IN(reset_request, reset.count, KIND_NUM),
		 IN(reset_request, fds[0], KIND_OF(TYPE_GROUP)),
		 IN(reset_request, fds[1], KIND_OF(TYPE_GROUP))) },
	{ .name = "ioeventfd",
	  .cmd = VFIO_DEVICE_IOEVENTFD,
	  .size = sizeof(struct vfio_device_ioeventfd),
	  FIELDS(VFIO, IN(vfio_device_ioeventfd, flags, KIND_COUNT),
		 IN(vfio_device_ioeventfd, offset, KIND_OFFSET),
		 IN(vfio_device_ioeventfd, data, KIND_NUM),
		 IN(vfio_device_ioeventfd, fd, KIND_OF(TYPE_EVENT))) },
	{ .name = "feature",
	  .cmd = VFIO_DEVICE_FEATURE,
	  .size = sizeof(struct feature_request),
	  FIELDS(VFIO, IN(feature_request, feature.flags, KIND_FEATURE),
		 IN(feature_request, data[0], KIND_NUM),
		 IN(feature_request, data[1], KIND_LEN),
		 IN(feature_request, data[2], KIND_PAGE_SIZE),
		 IN(feature_request, data[3], KIND_PTR)) },
	/* the same, with data of four and eight bytes */
	{ .name = "feature4",
	  .cmd = VFIO_DEVICE_FEATURE,
	  .size = offsetof(struct feature_request, data) + 4,
	  FIELDS(VFIO, IN(feature_request, feature.flags, KIND_FEATURE)) },
	{ .name = "feature8",
	  .cmd = VFIO_DEVICE_FEATURE,
	  .size = offsetof(struct feature_request, data) + 8,
	  FIELDS(VFIO, IN(feature_request, feature.flags, KIND_FEATURE)) },
	{ .name = "feature0",
	  .cmd = VFIO_DEVICE_FEATURE,
	  .size = offsetof(struct feature_request, data),
	  FIELDS(VFIO, IN(feature_request, feature.flags, KIND_FEATURE)) },
	{ .name = "dmabuf2",
	  .cmd = VFIO_DEVICE_FEATURE,
	  .size = sizeof(struct dmabuf_request),
	  .presets = { { offsetof(struct dmabuf_request, feature.flags),
			 VFIO_DEVICE_FEATURE_GET |
				 VFIO_DEVICE_FEATURE_DMA_BUF } },
	  DMABUF_FIELDS },
	{ .name = "dmabuf",
	  .cmd = VFIO_DEVICE_FEATURE,
	  .size = offsetof(struct dmabuf_request, ranges[1]),
	  .presets = { { offsetof(struct dmabuf_request, feature.flags),
			 VFIO_DEVICE_FEATURE_GET |
				 VFIO_DEVICE_FEATURE_DMA_BUF } },
	  FIELDS(VFIO, OUT(TYPE_DMABUF),
		 IN(dmabuf_request, dmabuf.region_index, KIND_REGION),
		 IN(dmabuf_request, ranges[0].offset, KIND_OFFSET),
		 IN(dmabuf_request, ranges[0].length, KIND_LEN),
		 IN(dmabuf_request, dmabuf.nr_ranges, KIND_COUNT)) },
	{ .name = "region_read",
	  .run = region_pread,
	  FIELDS(VFIO, ARG(KIND_REGION), ARG(KIND_OFFSET), ARG(KIND_PTR),
		 ARG(KIND_COUNT)) },
	{ .name = "region_write",
	  .run = region_pwrite,
	  FIELDS(VFIO, ARG(KIND_REGION), ARG(KIND_OFFSET), ARG(KIND_PTR),
		 ARG(KIND_COUNT)) },
	{ .name = "config",
	  .run = write_config,
	  FIELDS(VFIO, ARG(KIND_OFFSET), ARG(KIND_NUM), ARG(KIND_NUM)) },
	{ .name = "region_map",
	  .run = map_region,
	  FIELDS(VFIO, OUT(TYPE_MAP), ARG(KIND_REGION), ARG(KIND_OFFSET),
		 ARG(KIND_LEN)) },
	{ .name = "bus", .run = open_bus, FIELDS(OUT(TYPE_BUS)) },
	{ .name = "bus_write",
	  .cmd = MOCK_PCI_WRITE,
	  .size = sizeof(struct mock_pci_dma),
	  FIELDS(ARG(KIND_OF(TYPE_BUS)), IN(mock_pci_dma, iova, KIND_IOVA),
		 IN(mock_pci_dma, function, KIND_NUM)) },
	SAMPLE("sample_pin", VFIO_SAMPLE_PIN),
	SAMPLE("sample_unpin", VFIO_SAMPLE_UNPIN),
	SAMPLE("sample_touch", VFIO_SAMPLE_TOUCH),
	SAMPLE("sample_rw", VFIO_SAMPLE_RW),
	{ .name = "device",
	  .run = device_event,
	  FIELDS(ARG(KIND_DEVICE), ARG(KIND_DEVICE_EVENT)) },
};

const struct op_table ops_vfio = { ops, ARRAY_SIZE(ops) };
