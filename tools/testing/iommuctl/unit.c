// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: unit UAPI | unit --messages
 *
 * Tests of text, names of ioctls and messages, which need no machine. UAPI is the
 * directory of the headers. With --messages: program and pattern of each message.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ioctls.h"
#include "messages.h"
#include "text.h"

static unsigned int unit_count, unit_failed;

#define CHECK(condition)                                            \
	do {                                                        \
		if (!(condition)) {                                 \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, \
			       #condition);                         \
			unit_bad = true;                            \
		}                                                   \
	} while (0)

static bool unit_bad;

static void unit_clean(struct pool *pool)
{
	static const struct {
		const char *from;
		const char *to;
	} cases[] = {
		{ "plain \\ text", "plain \\ text" },
		{ "a\tb\nc", "a\\x09b\\x0ac" },
		{ "\x1b[2J\x7f", "\\x1b[2J\\x7f" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xc2\x9b", "\\xc2\\x9b" },
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae" },
		{ "\xc0\xaf", "\\xc0\\xaf" },
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
		{ "\xe2\x82", "\\xe2\\x82" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text =
			text_clean(pool, cases[i].from, strlen(cases[i].from));

		CHECK(!strcmp(text, cases[i].to));
	}
	CHECK(!strcmp(text_clean(pool, "a\0b", 3), "a\\x00b"));
}

static void unit_bdf(struct pool *pool)
{
	static const char *const bad[] = { "",	       "01:00",	    "1:00.0",
					   "01:20.0",  "01:00.8",   "01:00.00",
					   "g1:00.0",  "01-00.0",   ":01:00.0",
					   "01:00.0f", "001:01:00." };
	char bdf[BDF_SIZE];
	size_t i;

	(void)pool;
	CHECK(text_bdf("01:1f.7", bdf) == 7 && !strcmp(bdf, "0000:01:1f.7"));
	CHECK(text_bdf("0001:AB:00.0 x", bdf) == 12 &&
	      !strcmp(bdf, "0001:ab:00.0"));
	CHECK(text_bdf("10000:01:00.0", bdf) == 13 &&
	      !strcmp(bdf, "10000:01:00.0"));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(!text_bdf(bad[i], bdf));
}

static void unit_numbers(struct pool *pool)
{
	uint64_t value;

	CHECK(text_parse_size("1", &value) && value == 1);
	CHECK(text_parse_size("8G", &value) && value == 8ULL << 30);
	CHECK(text_parse_size("8GiB", &value) && value == 8ULL << 30);
	CHECK(text_parse_size("16777215T", &value));
	CHECK(!text_parse_size("16777216T", &value));
	CHECK(!text_parse_size("0", &value));
	CHECK(!text_parse_size(" 1", &value));
	CHECK(!text_parse_size("1KK", &value));
	CHECK(text_number("2147483647", 10, INT32_MAX, &value));
	CHECK(!text_number("2147483648", 10, INT32_MAX, &value));
	CHECK(!text_number("-1", 10, UINT64_MAX, &value));
	CHECK(!text_number("1x", 10, UINT64_MAX, &value));
	CHECK(!strcmp(text_size(pool, 0), "0 B"));
	CHECK(!strcmp(text_size(pool, 1536), "1.5 KiB"));
	CHECK(!strcmp(text_size(pool, UINT64_MAX), "16.0 EiB"));
}

static void unit_words(struct pool *pool)
{
	const char *line = "ioas=3 xid=9 id=4 file=\"a b\" last=";

	CHECK(text_word_number(line, "id") == 4);
	CHECK(text_word_number(line, "missing") == 0);
	CHECK(!strcmp(text_word(pool, line, "file"), "a b"));
	CHECK(!strcmp(text_word(pool, line, "last"), ""));
	CHECK(!text_word(pool, line, "as"));
	CHECK(!strcmp(text_word(pool, "x=\"open", "x"), "open"));
}

static void unit_ioctls(const char *uapi, const char *file)
{
	char path[4096], line[512], name[128];
	const struct ioctl_name *entry;
	FILE *header;

	snprintf(path, sizeof(path), "%s/linux/%s", uapi, file);
	header = fopen(path, "r");
	CHECK(header);
	while (header && fgets(line, sizeof(line), header)) {
		if (sscanf(line, "#define %127s", name) != 1 ||
		    (!strstr(line, "_IO(") && !strchr(line, '\\')) ||
		    strchr(name, '(') || strstr(name, "SPAPR") ||
		    strstr(name, "EEH"))
			continue;
		if (!strstr(line, "_IO(") &&
		    (!fgets(line, sizeof(line), header) ||
		     !strstr(line, "_IO(")))
			continue;
		for (entry = ioctl_names; entry->name; entry++) {
			if (!strcmp(entry->name, name))
				break;
		}
		if (!entry->name)
			printf("# no name for %s\n", name);
		CHECK(entry->name);
	}
	if (header)
		fclose(header);
}

static void unit_ioctl_find(struct pool *pool)
{
	(void)pool;
	CHECK(!strcmp(ioctl_find(0x3b71, true), "VFIO_IOMMU_MAP_DMA"));
	CHECK(!strcmp(ioctl_find(0x3b71, false), "VFIO_DEVICE_PCI_HOT_RESET"));
	CHECK(!strcmp(ioctl_find(0x3b85, true), "IOMMU_IOAS_MAP"));
	CHECK(!ioctl_find(0x3bff, true));
}

static void unit_errnos(struct pool *pool)
{
	(void)pool;
	CHECK(errno_find("= -12 (Cannot allocate memory)") == ENOMEM);
	CHECK(errno_find("returned EBUSY.") == EBUSY);
	CHECK(errno_find("XEBUSY EBUSYX") == 0);
	CHECK(errno_find("Error(17)") == EEXIST);
	CHECK(errno_find("error 99999999999999") == 0);
	CHECK(errno_find("") == 0);
}

/* Each pattern, its "*" filled in, is found, and as this message or before it. */
static void unit_messages(struct pool *pool)
{
	const struct message *message, *found;
	char line[512];
	size_t i, len;

	(void)pool;
	for (message = messages; message->program; message++) {
		len = 0;
		if (!strcmp(message->program, "DPDK"))
			len = sprintf(line, "EAL: ");
		for (i = 0; message->pattern[i]; i++)
			len += sprintf(line + len, "%s",
				       message->pattern[i] == '*' ?
					       "some thing" :
					       (char[]){ message->pattern[i],
							 0 });
		found = message_find(line);
		CHECK(found && found <= message);
		CHECK(found && !strcmp(found->program, message->program));
	}
	CHECK(!message_find(""));
	CHECK(!message_find("group 7 is viable"));
}

static void unit_result(const char *name)
{
	unit_count++;
	unit_failed += unit_bad;
	printf("%s %u - unit %s\n", unit_bad ? "not ok" : "ok", unit_count,
	       name);
	unit_bad = false;
}

static void unit_print_messages(void)
{
	const struct message *message;

	for (message = messages; message->program; message++)
		printf("%s\t%s\n", message->program, message->pattern);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(struct pool *pool);
	} tests[] = {
		{ "clean", unit_clean },	   { "bdf", unit_bdf },
		{ "numbers", unit_numbers },	   { "words", unit_words },
		{ "ioctl_find", unit_ioctl_find }, { "errnos", unit_errnos },
		{ "messages", unit_messages },
	};
	struct pool *pool;
	size_t i;

	if (argc != 2) {
		fputs("usage: unit UAPI | unit --messages\n", stderr);
		return 2;
	}
	if (!strcmp(argv[1], "--messages")) {
		unit_print_messages();
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		pool = pool_create();
		tests[i].run(pool);
		pool_destroy(pool);
		unit_result(tests[i].name);
	}
	unit_ioctls(argv[1], "vfio.h");
	unit_ioctls(argv[1], "iommufd.h");
	unit_result("ioctls");
	return unit_failed != 0;
}
