// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_UPDATE_VADDR of a container: the calls, and a device with its memory. */
#include "vaddr.h"

#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "pci.h"
#include "vdev.h"

/* Invalidate the addresses of a range; returns 0 or -errno. */
int __vaddr_invalidate(int container, __u64 iova, __u64 size, __u32 flags,
		       __u64 *bytes)
{
	return __container_unmap(container, iova, size,
				 flags | VFIO_DMA_UNMAP_FLAG_VADDR, bytes);
}

/* Invalidate the addresses of a range in which all IOVAs are mapped. */
void vaddr_invalidate(int container, __u64 iova, __u64 size)
{
	__u64 bytes;

	ASSERT_RC(__vaddr_invalidate(container, iova, size, 0, &bytes), 0);
	ASSERT_EQ(bytes, size);
}

/* Set the new address of a mapping; returns 0 or -errno. */
int __vaddr_restore(int container, const void *vaddr, __u64 iova, __u64 size)
{
	return __container_map(container, vaddr, iova, size,
			       VFIO_DMA_MAP_FLAG_VADDR);
}

/* Set the new address of a mapping. */
void vaddr_restore(int container, const void *vaddr, __u64 iova, __u64 size)
{
	ASSERT_RC(__vaddr_restore(container, vaddr, iova, size), 0);
}

/* Map the memory of a guest once more. */
char *vaddr_map_file(int file)
{
	char *mem = mmap(NULL, VADDR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 file, 0);

	ASSERT(mem != MAP_FAILED);
	return mem;
}

/* Open a device and map new memory in its container. */
struct vaddr_guest vaddr_guest_open(enum backend backend)
{
	struct vaddr_guest guest;

	guest.edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	guest.container = guest.edu->vdev->space->fd;
	guest.file = memfd_create("selftest", MFD_CLOEXEC);
	ASSERT(guest.file >= 0 && !ftruncate(guest.file, VADDR_SIZE));
	guest.mem = vaddr_map_file(guest.file);
	container_map(guest.container, guest.mem, VADDR_IOVA, VADDR_SIZE);
	return guest;
}

/* Check DMA with the page at @offset, which the caller has mapped at @mem. */
void vaddr_check_dma(struct vaddr_guest *guest, char *mem, __u64 offset,
		     unsigned int seed)
{
	edu_round_trip(guest->edu, mem + offset, VADDR_IOVA + offset, seed);
}
