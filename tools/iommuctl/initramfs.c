// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel modules in an initramfs: any number of cpio archives as they are,
 * then at most one that is compressed by gzip or zstd.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "initramfs.h"
#include "root.h"
#include "text.h"

#define CPIO_HEADER 110
#define CPIO_NAME_MAX 4096

enum reader_kind {
	READER_PLAIN,
	READER_GZIP,
	READER_ZSTD,
};

struct reader {
	int fd;
	enum reader_kind kind;
	unsigned char in[65536];
	size_t in_pos;
	size_t in_len;
	z_stream gzip;
	ZSTD_DStream *zstd;
};

/* Have at least @want bytes of input at in_pos; false at the end of the file. */
static bool reader_fill(struct reader *reader, size_t want)
{
	ssize_t nr;

	if (reader->in_len - reader->in_pos >= want)
		return true;
	memmove(reader->in, reader->in + reader->in_pos,
		reader->in_len - reader->in_pos);
	reader->in_len -= reader->in_pos;
	reader->in_pos = 0;
	while (reader->in_len < want) {
		nr = read(reader->fd, reader->in + reader->in_len,
			  sizeof(reader->in) - reader->in_len);
		if (nr <= 0)
			return false;
		reader->in_len += nr;
	}
	return true;
}

/* Each produces at least one byte and returns how many, or 0 on an error. */
static size_t reader_plain(struct reader *reader, void *to, size_t len)
{
	size_t nr;

	if (!reader_fill(reader, 1))
		return 0;
	nr = reader->in_len - reader->in_pos;
	if (nr > len)
		nr = len;
	memcpy(to, reader->in + reader->in_pos, nr);
	reader->in_pos += nr;
	return nr;
}

static size_t reader_gzip(struct reader *reader, void *to, size_t len)
{
	int ret;

	reader->gzip.next_out = to;
	reader->gzip.avail_out = len;
	while (reader->gzip.avail_out == len) {
		if (!reader_fill(reader, 1))
			return 0;
		reader->gzip.next_in = reader->in + reader->in_pos;
		reader->gzip.avail_in = reader->in_len - reader->in_pos;
		ret = inflate(&reader->gzip, Z_NO_FLUSH);
		reader->in_pos = reader->in_len - reader->gzip.avail_in;
		if (ret != Z_OK)
			break;
	}
	return len - reader->gzip.avail_out;
}

static size_t reader_zstd(struct reader *reader, void *to, size_t len)
{
	ZSTD_outBuffer out = { to, len, 0 };
	ZSTD_inBuffer in;
	size_t ret;

	while (!out.pos) {
		if (!reader_fill(reader, 1))
			return 0;
		in = (ZSTD_inBuffer){ reader->in, reader->in_len,
				      reader->in_pos };
		ret = ZSTD_decompressStream(reader->zstd, &out, &in);
		reader->in_pos = in.pos;
		if (ZSTD_isError(ret))
			break;
	}
	return out.pos;
}

/* Read exactly @len bytes, to nowhere if @to is NULL. */
static bool reader_get(struct reader *reader, char *to, size_t len)
{
	char sink[65536];
	size_t nr;

	while (len) {
		size_t part = len;

		if (!to && part > sizeof(sink))
			part = sizeof(sink);
		switch (reader->kind) {
		case READER_GZIP:
			nr = reader_gzip(reader, to ? to : sink, part);
			break;
		case READER_ZSTD:
			nr = reader_zstd(reader, to ? to : sink, part);
			break;
		default:
			nr = reader_plain(reader, to ? to : sink, part);
			break;
		}
		if (!nr)
			return false;
		if (to)
			to += nr;
		len -= nr;
	}
	return true;
}

static bool cpio_field(const char *header, unsigned int offset, size_t *value)
{
	char digits[9] = "";
	uint64_t number;

	memcpy(digits, header + offset, 8);
	if (!text_number(digits, 16, UINT32_MAX, &number))
		return false;
	*value = number;
	return true;
}

static size_t cpio_padding(size_t len)
{
	return -len & 3;
}

/* Take down a module; its path may begin with "usr/" or "./". */
static void cpio_entry(struct pool *pool, struct initramfs *initramfs,
		       const char *name, const char *release)
{
	const char *below = strstr(name, "lib/modules/");
	char **module;

	if (!below || !strstr(below, ".ko"))
		return;
	below += strlen("lib/modules/");
	if (!text_starts(below, release) || below[strlen(release)] != '/')
		return;
	below += strlen(release) + 1;
	module = pool_add(pool, &initramfs->modules, &initramfs->nr_modules,
			  sizeof(*module));
	*module = text_clean(pool, below, strlen(below));
}

/* Read an archive up to and with its last entry. */
static bool cpio_read(struct pool *pool, struct initramfs *initramfs,
		      struct reader *reader, const char *release)
{
	char header[CPIO_HEADER], name[CPIO_NAME_MAX + 1];
	size_t name_len, size;

	while (reader_get(reader, header, sizeof(header))) {
		if (memcmp(header, "07070", 5) ||
		    !cpio_field(header, 54, &size) ||
		    !cpio_field(header, 94, &name_len) ||
		    name_len > CPIO_NAME_MAX ||
		    !reader_get(reader, name, name_len) ||
		    !reader_get(reader, NULL,
				cpio_padding(sizeof(header) + name_len)))
			return false;
		name[name_len] = '\0';
		if (!strcmp(name, "TRAILER!!!"))
			return true;
		cpio_entry(pool, initramfs, name, release);
		if (!reader_get(reader, NULL, size + cpio_padding(size)))
			return false;
	}
	return false;
}

/* Return why the file is not understood further, NULL at its end. */
static const char *initramfs_parts(struct pool *pool,
				   struct initramfs *initramfs,
				   struct reader *reader, const char *release)
{
	static const char damaged[] = "it is damaged";
	const unsigned char *magic;

	for (;;) {
		/* Zeros fill the space between archives. */
		while (reader_fill(reader, 1) && !reader->in[reader->in_pos])
			reader->in_pos++;
		if (!reader_fill(reader, 6))
			return NULL;
		magic = reader->in + reader->in_pos;
		if (memcmp(magic, "07070", 5))
			break;
		if (!cpio_read(pool, initramfs, reader, release))
			return damaged;
	}
	if (!memcmp(magic, "\x1f\x8b", 2)) {
		if (inflateInit2(&reader->gzip, 16 + MAX_WBITS) != Z_OK)
			return "zlib does not work";
		reader->kind = READER_GZIP;
	} else if (!memcmp(magic, "\x28\xb5\x2f\xfd", 4)) {
		reader->zstd = ZSTD_createDStream();
		if (!reader->zstd)
			return "zstd does not work";
		reader->kind = READER_ZSTD;
	} else {
		return "it is neither plain nor compressed by gzip or zstd";
	}
	return cpio_read(pool, initramfs, reader, release) ? NULL : damaged;
}

struct initramfs *initramfs_read(struct pool *pool, const char *release)
{
	struct initramfs *initramfs = pool_alloc(pool, sizeof(*initramfs));
	struct reader *reader = pool_alloc(pool, sizeof(*reader));
	char *path = pool_printf(pool, "boot/initrd.img-%s", release);

	if (!root_exists("%s", path))
		path = pool_printf(pool, "boot/initramfs-%s.img", release);
	reader->fd = root_open(path, O_RDONLY);
	if (reader->fd < 0) {
		initramfs->error = root_exists("%s", path) ?
					   "only root may read it" :
					   "there is none below /boot";
		return initramfs;
	}
	initramfs->path = pool_printf(pool, "/%s", path);
	initramfs->error = initramfs_parts(pool, initramfs, reader, release);
	if (reader->kind == READER_GZIP)
		inflateEnd(&reader->gzip);
	if (reader->kind == READER_ZSTD)
		ZSTD_freeDStream(reader->zstd);
	close(reader->fd);
	return initramfs;
}
