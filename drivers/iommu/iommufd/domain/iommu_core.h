/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to the IOMMU core: allocation of domains, attachment, and the conditions
 * under which user space may own a group. Only attach_handle.c uses the symbol
 * namespace IOMMUFD_INTERNAL.
 */
#ifndef IOMMUFD_IOMMU_CORE_H
#define IOMMUFD_IOMMU_CORE_H

#include <linux/types.h>

struct device;
struct fault_sink;
struct iommu_attach_handle;
struct iommu_domain;
struct iommu_group;
struct iommufd_refusal_log;
struct iova_range;
struct iommu_user_data;
struct iopf_group;

/**
 * struct fault_sink_ops - operations of a receiver of page requests
 *
 * Both are called with a lock of the attachment held, so a report and a detach
 * of one attachment exclude each other.
 */
struct fault_sink_ops {
	/**
	 * @report: take over a page request group of the device with the ID
	 * @dev_id, which the receiver responds to and frees. May sleep. The
	 * driver of the IOMMU does not know the group any more.
	 */
	void (*report)(struct fault_sink *sink, struct iopf_group *group,
		       u32 dev_id);
	/**
	 * @detach: respond to all groups of a device, or of all devices if it
	 * is NULL, that were reported through a handle, and free them. No more
	 * are reported until the device is attached again. May sleep.
	 */
	void (*detach)(struct fault_sink *sink,
		       const struct iommu_attach_handle *handle,
		       const struct device *dev);
};

/**
 * struct fault_sink - a receiver of page requests
 */
struct fault_sink {
	/** @ops: its operations */
	const struct fault_sink_ops *ops;
};

/**
 * struct fault_source - a device that may make page requests
 */
struct fault_source {
	/** @dev: the device */
	struct device *dev;
	/** @dev_id: ID of the device for user space */
	u32 dev_id;
	/**
	 * @enabled: number of attachments that deliver page requests. The
	 * caller serializes the functions below for each device.
	 */
	unsigned int enabled;
};

/**
 * struct fault_target - delivery of page requests of an attachment
 */
struct fault_target {
	/** @sink: the receiver; NULL if the domain delivers none */
	struct fault_sink *sink;
	/** @source: the first device; see iommu_core_join() for others */
	struct fault_source *source;
};

void iommu_core_refuse_claim(struct iommufd_refusal_log *log,
			     struct iommu_group *group);
int iommu_core_check_msi(struct iommu_group *group);

struct iommu_domain *iommu_core_domain_alloc(struct device *dev);
struct iommu_domain *
iommu_core_domain_alloc_flags(struct device *dev, u32 flags,
			      const struct iommu_user_data *data);
struct iommu_domain *
iommu_core_domain_alloc_nested(struct device *dev, struct iommu_domain *parent,
			       u32 flags, const struct iommu_user_data *data);
int iommu_core_adopt_nested(struct device *dev, struct iommu_domain *domain);
bool iommu_core_dirty_capable(struct device *dev);
bool iommu_core_enforce_coherency(struct iommu_domain *domain);
bool iommu_core_msi_window(struct device *dev, struct iova_range *window);
int iommu_core_setup_msi(struct iommu_domain *domain,
			 struct iommu_group *group);

void iommu_core_take_faults(struct iommu_domain *domain);

int iommu_core_attach(struct iommu_domain *domain, struct iommu_group *group,
		      const struct fault_target *target);
int iommu_core_replace(struct iommu_domain *domain, struct iommu_group *group,
		       struct fault_sink *sink);
void iommu_core_detach(struct iommu_domain *domain, struct iommu_group *group);

int iommu_core_attach_pasid(struct iommu_domain *domain, u32 pasid,
			    const struct fault_target *target);
int iommu_core_replace_pasid(struct iommu_domain *domain, struct device *dev,
			     u32 pasid, struct fault_sink *sink);
bool iommu_core_has_pasid(struct device *dev, u32 pasid);
void iommu_core_detach_pasid(struct iommu_domain *domain, struct device *dev,
			     u32 pasid);

int iommu_core_join(u32 pasid, struct fault_source *source);
void iommu_core_leave(u32 pasid, struct fault_source *source);

#endif /* IOMMUFD_IOMMU_CORE_H */
