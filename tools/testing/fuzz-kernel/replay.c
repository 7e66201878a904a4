// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replays programs in a guest, converts them between their forms, and shrinks
 * them. Needs no libFuzzer.
 */
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "corpus.h"
#include "harness.h"
#include "mutate.h"
#include "supervise.h"
#include "trace.h"

/* Exit status: a finding, after which the guest is not to be trusted */
#define STATUS_FINDING 77
/* Exit status of the first guest that shrinks a program which does not fail */
#define STATUS_NO_FINDING 3

/* Programs that --check makes */
#define NR_CHECKED 20000

/** struct options - the command line */
struct options {
	/** @dir: directory for texts, or of encoded programs */
	const char *dir;
	/** @only: name of the program to replay, or NULL for all */
	const char *only;
	/** @times: how often each is replayed */
	unsigned int times;
	/** @trace: print the results of all calls */
	bool trace;
	/** @nr: number of programs */
	unsigned int nr;
};

static struct options options = { .times = 1 };

static void usage(void)
{
	fputs("usage: replay [--dir DIR] [--only NAME] [--times N] [--trace] FILE...\n"
	      "       replay --shrink DIR [--times N]\n"
	      "       replay --encode DIR FILE...\n"
	      "       replay --decode FILE...\n"
	      "       replay --list\n"
	      "       replay --check\n",
	      stderr);
	exit(2);
}

static void run_or_exit(const struct program *program)
{
	struct outcome outcome;

	for (unsigned int i = 0; i < options.times; i++) {
		supervise_run(program, &outcome);
		if (outcome.verdict != VERDICT_GOOD) {
			supervise_report(program, &outcome);
			exit(STATUS_FINDING);
		}
	}
}

static void replay_one(const char *name, const struct program *program,
		       void *unused)
{
	if (options.only && strcmp(options.only, name) != 0)
		return;
	printf("# %s\n", name);
	fflush(stdout);
	run_or_exit(program);
	if (options.trace)
		trace_print(program, stdout);
	printf("ok %u - %s\n", ++options.nr, name);
}

static void encode_one(const char *name, const struct program *program,
		       void *unused)
{
	unsigned char data[MAX_BYTES];
	size_t size = program_encode(program, data, sizeof(data));
	struct program again;
	unsigned char check[MAX_BYTES];
	char path[PATH_MAX];
	FILE *file;

	program_decode(&again, data, size);
	if (program_encode(&again, check, sizeof(check)) != size ||
	    memcmp(data, check, size) != 0)
		FAIL("%s is not the same after encoding", name);
	snprintf(path, sizeof(path), "%s/%s", options.dir, name);
	file = fopen(path, "we");
	ASSERT(file && fwrite(data, size, 1, file) == 1 && !fclose(file));
}

static void decode_file(const char *path)
{
	static struct program program;
	unsigned char data[MAX_BYTES];
	FILE *file = fopen(path, "re");
	const char *name = strrchr(path, '/');
	size_t size;

	ASSERT(file);
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	program_decode(&program, data, size);
	printf("program %.12s\n", name ? name + 1 : path);
	program_print(&program, stdout);
}

static void copy_program(const char *name, const struct program *program,
			 void *to)
{
	memcpy(to, program, sizeof(*program));
}

static void write_text(const char *name, const struct program *program,
		       unsigned int first, unsigned int chunk)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", options.dir, name);
	file = fopen(path, "we");
	ASSERT(file);
	if (program)
		program_print(program, file);
	else
		fprintf(file, "%u %u\n", first, chunk);
	fflush(file);
	fsync(fileno(file));
	fclose(file);
}

static bool read_position(unsigned int *first, unsigned int *chunk)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/position", options.dir);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%u %u", first, chunk) != 2)
		usage();
	fclose(file);
	return true;
}

/* The first of all guests checks that there is something to shrink. */
static void try_best(const struct program *best, unsigned int chunk)
{
	write_text("position", NULL, 0, chunk);
	write_text("candidate", best, 0, 0);
	run_or_exit(best);
	exit(STATUS_NO_FINDING);
}

/*
 * Shrink the program DIR/best: leave out some calls, then less at a time. If the
 * kernel does not stand DIR/candidate, the caller makes it the best one and
 * starts another guest, which continues at DIR/position.
 */
static void shrink(void)
{
	static struct program best, candidate;
	unsigned int first = 0, chunk;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/best", options.dir);
	if (!corpus_read(path, copy_program, &best))
		exit(2);
	chunk = best.nr / 2 ?: 1;
	if (!read_position(&first, &chunk))
		try_best(&best, chunk);
	for (; chunk; chunk /= 2) {
		for (; first < best.nr; first += chunk) {
			candidate = best;
			program_remove(&candidate, first, chunk);
			write_text("position", NULL, first, chunk);
			write_text("candidate", &candidate, 0, 0);
			run_or_exit(&candidate);
		}
		first = 0;
	}
}

static void list_ops(void)
{
	char text[64];

	for (unsigned int i = 0; i < nr_ops(); i++) {
		const struct op *op = op_at(i);

		printf("%s(", op->name);
		for (unsigned int k = 0; k < op->nr_fields; k++) {
			kind_print(op->fields[k].kind,
				   kind_pick(op->fields[k].kind, 0), text,
				   sizeof(text));
			printf("%s%s%s", k ? "," : "",
			       op->fields[k].out ? "=" : "", text);
		}
		printf(")\n");
	}
}

static void parse_text(char *text, struct program *program)
{
	char *line;

	memset(program, 0, sizeof(*program));
	while ((line = strsep(&text, "\n"))) {
		if (!program_parse_line(program, line))
			FAIL("not a call: %s", line);
	}
}

/* Check that both forms of programs made at random agree. */
static void check_forms(unsigned int nr)
{
	static struct program program, parsed;
	unsigned char data[MAX_BYTES], again[MAX_BYTES];
	size_t size;
	char *text;
	FILE *file;

	for (unsigned int i = 0; i < nr; i++) {
		if (i % 64 == 0)
			program_decode(&program, (unsigned char *)&i,
				       sizeof(i));
		mutate(&program, i);
		size = program_encode(&program, data, sizeof(data));
		file = open_memstream(&text, &(size_t){ 0 });
		program_print(&program, file);
		fclose(file);
		parse_text(text, &parsed);
		free(text);
		if (program_encode(&parsed, again, sizeof(again)) != size ||
		    memcmp(data, again, size) != 0)
			FAIL("program %u has another text", i);
		program_decode(&program, data, size);
	}
	printf("ok - %u programs at random have two forms\n", nr);
}

int main(int argc, char **argv)
{
	static const struct option words[] = {
		{ "dir", required_argument, NULL, 'd' },
		{ "only", required_argument, NULL, 'o' },
		{ "times", required_argument, NULL, 't' },
		{ "trace", no_argument, NULL, 'T' },
		{ "shrink", required_argument, NULL, 's' },
		{ "encode", required_argument, NULL, 'e' },
		{ "decode", no_argument, NULL, 'D' },
		{ "list", no_argument, NULL, 'l' },
		{ "check", no_argument, NULL, 'c' },
		{},
	};
	int mode = 'r';
	int c;

	while ((c = getopt_long(argc, argv, "", words, NULL)) != -1) {
		if (c == 'o')
			options.only = optarg;
		else if (c == 't')
			options.times = atoi(optarg);
		else if (c == 'T')
			options.trace = true;
		else if (c == 'd')
			options.dir = optarg;
		else if (c == '?')
			usage();
		else
			mode = c;
		if (c == 's' || c == 'e')
			options.dir = optarg;
	}
	if (mode == 'l')
		list_ops();
	if (mode == 'c')
		check_forms(NR_CHECKED);
	if (mode == 'r' || mode == 's')
		supervise_init(options.dir, true);
	if (mode == 's')
		shrink();
	for (; optind < argc; optind++) {
		if (mode == 'D')
			decode_file(argv[optind]);
		else if (!corpus_read(argv[optind],
				      mode == 'e' ? encode_one : replay_one,
				      NULL))
			return 2;
	}
	return 0;
}
