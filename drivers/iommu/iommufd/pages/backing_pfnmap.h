/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages of a backing that are not RAM, and the providers that may revoke
 * them.
 */
#ifndef IOMMUFD_BACKING_PFNMAP_H
#define IOMMUFD_BACKING_PFNMAP_H

struct backing;
struct backing_pfnmap;
struct iommufd_p2p_provider;

int backing_pfnmap_add_provider(struct backing *backing,
				struct iommufd_p2p_provider *provider);
struct iommufd_p2p_provider *
backing_pfnmap_provider(const struct backing_pfnmap *pfnmap, unsigned long pfn,
			unsigned long *nr);
void backing_pfnmap_trim(const struct backing *backing);
void backing_pfnmap_release(struct backing *backing);

#endif /* IOMMUFD_BACKING_PFNMAP_H */
