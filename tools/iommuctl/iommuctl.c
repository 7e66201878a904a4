// SPDX-License-Identifier: GPL-2.0-only
/* iommuctl: the command line. */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iommuctl.h"
#include "root.h"
#include "text.h"

#ifndef IOMMUCTL_VERSION
#define IOMMUCTL_VERSION "unknown"
#endif

/* Options that a command accepts. */
enum {
	OPTION_JSON = 1,
	OPTION_AREAS = 2,
	OPTION_WATCH = 4,
	OPTION_USER = 8,
	OPTION_MEMORY = 16,
	OPTION_ROOT = 32,
};

enum subject {
	SUBJECT_NONE,
	SUBJECT_OPTIONAL,
	SUBJECT_NEEDED,
};

static const struct command {
	const char *name;
	const char *usage;
	const char *summary;
	int (*run)(const struct options *options);
	enum subject subject;
	unsigned int options;
} commands[] = {
	{ "list", "", "PCI devices by IOMMU group, and who holds them",
	  cmd_list, SUBJECT_NONE, OPTION_JSON | OPTION_ROOT },
	{ "check", " [--user NAME] [--memory SIZE] BDF",
	  "whether a device can be assigned on this machine", cmd_check,
	  SUBJECT_NEEDED,
	  OPTION_JSON | OPTION_USER | OPTION_MEMORY | OPTION_ROOT },
	{ "show", " [--areas] [--watch] [PID|VM|UNIT]",
	  "contexts and containers with their objects", cmd_show,
	  SUBJECT_OPTIONAL,
	  OPTION_JSON | OPTION_AREAS | OPTION_WATCH | OPTION_ROOT },
	{ "trace", " [BDF|PID]", "calls as they happen, decoded", cmd_trace,
	  SUBJECT_OPTIONAL, OPTION_JSON },
	{ "doctor", "", "the state of the installation", cmd_doctor,
	  SUBJECT_NONE, OPTION_JSON | OPTION_ROOT },
	{ "why", " \"LINE\"", "explain an error line of QEMU, DPDK and others",
	  cmd_why, SUBJECT_NEEDED, OPTION_JSON | OPTION_ROOT },
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "areas", no_argument, NULL, OPTION_AREAS },
	{ "watch", no_argument, NULL, OPTION_WATCH },
	{ "user", required_argument, NULL, OPTION_USER },
	{ "memory", required_argument, NULL, OPTION_MEMORY },
	{ "root", required_argument, NULL, OPTION_ROOT },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static void print_usage(void)
{
	size_t i;

	puts("usage: iommuctl COMMAND [--json] [--root DIR] [OPTION...]\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %s%s\n      %s\n", commands[i].name,
		       commands[i].usage, commands[i].summary);
	puts("\nSee iommuctl(8). Exit status: 0 yes, 1 no, 2 usage, 3 cannot tell.");
}

/* Print one line, with what the caller gave made harmless, and exit. */
__attribute__((format(printf, 1, 2))) static int usage_error(const char *format,
							     ...)
{
	struct pool *pool = pool_create();
	va_list args;
	char *text;

	va_start(args, format);
	text = pool_vprintf(pool, format, args);
	va_end(args);
	fprintf(stderr, "iommuctl: %s\n", text_clean(pool, text, strlen(text)));
	pool_destroy(pool);
	return EXIT_USAGE;
}

static const struct command *find_command(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

/* Return EXIT_YES, or the status to exit with. */
static int parse_option(const struct command *command, int option,
			struct options *options, const char **root)
{
	size_t i;

	for (i = 0; long_options[i].name; i++) {
		if (long_options[i].val == option)
			break;
	}
	if (!(command->options & option))
		return usage_error("%s has no option --%s", command->name,
				   long_options[i].name);
	switch (option) {
	case OPTION_JSON:
		options->json = true;
		break;
	case OPTION_AREAS:
		options->areas = true;
		break;
	case OPTION_WATCH:
		options->watch = true;
		break;
	case OPTION_USER:
		options->user = optarg;
		break;
	case OPTION_MEMORY:
		if (!text_parse_size(optarg, &options->memory))
			return usage_error("not a size, such as 8G: %s",
					   optarg);
		break;
	case OPTION_ROOT:
		*root = optarg;
		break;
	}
	return EXIT_YES;
}

static int parse_options(const struct command *command, int argc, char **argv,
			 struct options *options, const char **root)
{
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":hV", long_options, NULL)) !=
	       -1) {
		switch (option) {
		case 'h':
			print_usage();
			exit(EXIT_YES);
		case 'V':
			puts("iommuctl " IOMMUCTL_VERSION);
			exit(EXIT_YES);
		case ':':
			return usage_error("%s needs a value",
					   argv[optind - 1]);
		case '?':
			return usage_error("unknown option: %s",
					   argv[optind - 1]);
		}
		status = parse_option(command, option, options, root);
		if (status)
			return status;
	}
	if (optind < argc)
		options->subject = argv[optind++];
	if (optind < argc)
		return usage_error("one argument too many: %s", argv[optind]);
	if (options->subject && command->subject == SUBJECT_NONE)
		return usage_error("%s takes no argument: %s", command->name,
				   options->subject);
	if (!options->subject && command->subject == SUBJECT_NEEDED)
		return usage_error("usage: iommuctl %s%s", command->name,
				   command->usage);
	if (options->watch && options->json)
		return usage_error("--watch and --json exclude each other");
	return EXIT_YES;
}

int main(int argc, char **argv)
{
	const struct command *command;
	struct options options = {};
	const char *root = "/";
	int status;

	if (argc < 2)
		return usage_error("no command; see iommuctl --help");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		print_usage();
		return EXIT_YES;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("iommuctl " IOMMUCTL_VERSION);
		return EXIT_YES;
	}
	command = find_command(argv[1]);
	if (!command)
		return usage_error("unknown command: %s", argv[1]);
	status = parse_options(command, argc - 1, argv + 1, &options, &root);
	if (status)
		return status;
	if (!root_set(root))
		return usage_error("cannot open %s: %s", root, strerror(errno));
	status = command->run(&options);
	if (fflush(stdout) || ferror(stdout))
		err(EXIT_FAULT, "cannot write");
	return status;
}
