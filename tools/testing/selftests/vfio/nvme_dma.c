// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads from an NVMe drive by DMA over one of the backends and writes a pattern
 * to it, so that the host can compare both.
 *
 * Prints "sha256 HEX" of the data read, and the number of interrupts. Byte i of
 * the pattern is the low byte of SEED + i * 7 + i / 256.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "ioas.h"
#include "nvme.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define DRIVER_IOVA 0x10000000ULL
#define DATA_IOVA 0x40000000ULL
#define SHA256_DIGITS 64

/** struct options - the options of the command line */
struct options {
	/** @backend: how the device is reached */
	enum backend backend;
	/** @bdf: PCI address of the drive */
	const char *bdf;
	/** @irq_index: VFIO_PCI_*_IRQ_INDEX of the interrupts to use */
	unsigned int irq_index;
	/** @read_mib: MiB to read from the start of the drive */
	unsigned long read_mib;
	/** @sha256: expected digest of these MiB, or NULL */
	const char *sha256;
	/** @write_offset: offset of the pattern on the drive, in bytes */
	unsigned long long write_offset;
	/** @write_size: length of the pattern in bytes, 0 for none */
	unsigned long long write_size;
	/** @seed: seed of the pattern */
	unsigned long seed;
	/** @map_file: map the data as a file, by the IOAS of the container */
	bool map_file;
};

static void usage(void)
{
	fputs("usage: nvme_dma --bdf BDF [--backend container|symlink|iommufd]\n"
	      "  [--irq msix|msi|intx] [--read-mib N] [--sha256 HEX] [--map-file]\n"
	      "  [--write-pattern OFFSET LENGTH SEED]\n",
	      stderr);
	exit(2);
}

static enum backend options_parse_backend(const char *name)
{
	enum backend backend;

	for (backend = BACKEND_CONTAINER; backend <= BACKEND_IOMMUFD;
	     backend *= 2) {
		if (!strcmp(name, backend_name(backend)))
			return backend;
	}
	usage();
	return BACKEND_NONE;
}

static unsigned int options_parse_irq(const char *name)
{
	if (!strcmp(name, "msix"))
		return VFIO_PCI_MSIX_IRQ_INDEX;
	if (!strcmp(name, "msi"))
		return VFIO_PCI_MSI_IRQ_INDEX;
	if (strcmp(name, "intx"))
		usage();
	return VFIO_PCI_INTX_IRQ_INDEX;
}

static void options_parse(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{ "bdf", required_argument, NULL, 'd' },
		{ "backend", required_argument, NULL, 'b' },
		{ "irq", required_argument, NULL, 'i' },
		{ "read-mib", required_argument, NULL, 'r' },
		{ "sha256", required_argument, NULL, 's' },
		{ "write-pattern", required_argument, NULL, 'w' },
		{ "map-file", no_argument, NULL, 'f' },
		{}
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'd':
			options->bdf = optarg;
			break;
		case 'b':
			options->backend = options_parse_backend(optarg);
			break;
		case 'i':
			options->irq_index = options_parse_irq(optarg);
			break;
		case 'r':
			options->read_mib = strtoul(optarg, NULL, 0);
			break;
		case 's':
			options->sha256 = optarg;
			break;
		case 'w':
			if (optind + 2 > argc)
				usage();
			options->write_offset = strtoull(optarg, NULL, 0);
			options->write_size = strtoull(argv[optind++], NULL, 0);
			options->seed = strtoul(argv[optind++], NULL, 0);
			break;
		case 'f':
			options->map_file = true;
			break;
		default:
			usage();
		}
	}
	if (!options->bdf || optind != argc)
		usage();
}

static void write_all(int fd, const char *buf, size_t size)
{
	ssize_t done;

	while (size) {
		done = write(fd, buf, size);
		if (done < 0)
			FAIL("write: %s", strerror(errno));
		buf += done;
		size -= (size_t)done;
	}
}

/* Compute the digest of @buf by sha256sum(1), as a string. */
static void sha256(const void *buf, size_t size, char hex[SHA256_DIGITS + 1])
{
	size_t have = 0;
	ssize_t got;
	int out[2];
	int in[2];
	pid_t pid;

	if (pipe(in) || pipe(out))
		FAIL("pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		FAIL("fork: %s", strerror(errno));
	if (!pid) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		close(in[1]);
		execlp("sha256sum", "sha256sum", NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	write_all(in[1], buf, size);
	close(in[1]);
	while (have < SHA256_DIGITS) {
		got = read(out[0], hex + have, SHA256_DIGITS - have);
		if (got <= 0)
			FAIL("sha256sum gave no sum");
		have += (size_t)got;
	}
	hex[SHA256_DIGITS] = '\0';
	close(out[0]);
	child_expect(pid, 0);
}

/** struct data - memory that is mapped for the drive */
struct data {
	/** @buf: the memory */
	unsigned char *buf;
	/** @size: its length in bytes, whole pages */
	size_t size;
	/** @space: the address space that maps it at DATA_IOVA */
	struct space *space;
	/** @ioas: ID of the IOAS that maps it, 0 for the interface of @space */
	__u32 ioas;
};

/* Map a file in the IOAS behind a container. */
static void data_map_file(struct data *data, int memfd, unsigned int prot)
{
	__u64 iova = DATA_IOVA;

	ASSERT_RC(__vfio_ioas(data->space->fd, IOMMU_VFIO_IOAS_GET,
			      &data->ioas),
		  0);
	ASSERT_RC(__ioas_map_file(data->space->fd, data->ioas, memfd, 0,
				  data->size, prot, &iova),
		  0);
}

static struct data data_map(struct nvme *nvme, const struct options *options,
			    size_t size, unsigned int prot)
{
	struct data data = {
		.size = (size + PAGE - 1) & ~(PAGE - 1),
		.space = nvme->vdev->space,
	};
	int memfd;

	if (!options->map_file) {
		data.buf = sys_mmap_huge_aligned(data.size);
		ASSERT_RC(__space_map(data.space, data.buf, DATA_IOVA,
				      data.size, prot),
			  0);
		return data;
	}
	memfd = (int)ASSERT_OK(memfd_create("data", MFD_CLOEXEC));
	ASSERT(!ftruncate(memfd, (off_t)data.size));
	data.buf = mmap(NULL, data.size, PROT_READ | PROT_WRITE, MAP_SHARED,
			memfd, 0);
	ASSERT(data.buf != MAP_FAILED);
	data_map_file(&data, memfd, prot);
	sys_close(memfd);
	return data;
}

static void data_unmap(struct data *data)
{
	if (data->ioas)
		ioas_unmap(data->space->fd, data->ioas, DATA_IOVA, data->size);
	else
		space_unmap(data->space, DATA_IOVA, data->size);
}

static void drive_read(struct nvme *nvme, const struct options *options)
{
	size_t size = MIB(options->read_mib);
	struct data data = data_map(nvme, options, size, DMA_RW);
	char hex[SHA256_DIGITS + 1];

	nvme_transfer(nvme, false, 0, DATA_IOVA, size);
	data_unmap(&data);
	sha256(data.buf, size, hex);
	printf("read %zu bytes\nsha256 %s\n", size, hex);
	if (options->sha256 && strcasecmp(options->sha256, hex))
		FAIL("want sha256 %s", options->sha256);
	sys_munmap(data.buf, data.size);
}

static void drive_write(struct nvme *nvme, const struct options *options)
{
	size_t size = options->write_size;
	struct data data = data_map(nvme, options, size, DMA_READ);
	size_t i;

	for (i = 0; i < size; i++)
		data.buf[i] = (unsigned char)(options->seed + i * 7 + i / 256);
	nvme_transfer(nvme, true, options->write_offset, DATA_IOVA, size);
	nvme_flush(nvme);
	data_unmap(&data);
	printf("wrote %zu bytes at %llu\n", size, options->write_offset);
	sys_munmap(data.buf, data.size);
}

int main(int argc, char **argv)
{
	struct options options = {
		.backend = BACKEND_CONTAINER,
		.irq_index = VFIO_PCI_MSIX_IRQ_INDEX,
	};
	unsigned long long irqs;
	struct vdev *vdev;
	struct nvme *nvme;

	options_parse(&options, argc, argv);
	if (!pci_exists(options.bdf))
		FAIL("no device %s", options.bdf);
	pci_bind(options.bdf);
	vdev = vdev_open(options.bdf, options.backend);
	nvme = nvme_open(vdev, DRIVER_IOVA, options.irq_index);
	if (options.read_mib)
		drive_read(nvme, &options);
	if (options.write_size)
		drive_write(nvme, &options);
	irqs = nvme->irqs_taken;
	nvme_close(nvme);
	vdev_close_with_space(vdev);
	printf("interrupts %llu\n", irqs);
	if (!irqs)
		FAIL("no interrupt came");
	return 0;
}
