// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plays sequences of calls and prints a line "NAME HASH" for each, or its whole
 * trace. Runs in a guest that has the devices, once with the kernel's own
 * modules and once with ours.
 */
#include <fcntl.h>
#include <getopt.h>
#include <linux/vfio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gen.h"
#include "hardware.h"
#include "harness.h"
#include "memory.h"
#include "script.h"
#include "sys.h"
#include "trace.h"
#include "world.h"

#define NR_WORKERS 2
/* Time limit of a sequence */
#define SECONDS_MAX 60

/** struct options - the command line */
struct options {
	/** @seed: seed of the random sequences */
	__u64 seed;
	/** @from: number of the first sequence */
	__u64 from;
	/** @count: number of random sequences */
	__u64 count;
	/** @play: file of sequences, or NULL for random ones */
	const char *play;
	/** @print: print the calls instead of making them */
	bool print;
	/** @show: print whole traces */
	bool show;
	/** @without: subjects that are left out */
	unsigned int without;
};

static struct options options = { .seed = 1, .count = 1000 };
static struct scripts scripts;
static struct world world;
static __u64 sum_calls;
static __u64 sum_good;

static void usage(void)
{
	fputs("usage: player [--seed N] [--from N] [--count N] [--play FILE]\n"
	      "              [--without SUBJECT]... [--trace | --print]\n"
	      "Subjects are dirty, vaddr, p2p and sample.\n",
	      stderr);
	exit(2);
}

static void parse_options(int argc, char **argv)
{
	static const struct option words[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "from", required_argument, NULL, 'f' },
		{ "count", required_argument, NULL, 'c' },
		{ "play", required_argument, NULL, 'p' },
		{ "without", required_argument, NULL, 'w' },
		{ "trace", no_argument, NULL, 't' },
		{ "print", no_argument, NULL, 'P' },
		{},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", words, NULL)) != -1) {
		switch (c) {
		case 's':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 'f':
			options.from = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			options.count = strtoull(optarg, NULL, 0);
			break;
		case 'p':
			options.play = optarg;
			break;
		case 'w':
			options.without |= subject_named(optarg);
			break;
		case 't':
			options.show = true;
			break;
		case 'P':
			options.print = true;
			break;
		default:
			usage();
		}
	}
}

/* Load the calls of sequence @nr; return its name in @name. */
static void load_sequence(__u64 nr, char *name, size_t size)
{
	if (options.play) {
		snprintf(name, size, "%s", scripts.script[nr].name);
		world.nr_calls = script_parse(&scripts.script[nr], world.call);
	} else {
		snprintf(name, size, "random_%llu", nr);
		world.nr_calls = gen_sequence(options.seed, nr, world.call);
	}
}

/* Check that the groups can be opened again once all files are closed. */
static void trace_aftermath(const struct hardware *hardware)
{
	char path[32];

	for (int i = 0; i < NR_GROUPS; i++) {
		struct vfio_group_status status = { .argsz = sizeof(status) };
		int fd;

		snprintf(path, sizeof(path), "/dev/vfio/%d",
			 hardware->group[i]);
		fd = __sys_open(path, O_RDWR);
		if (fd < 0) {
			trace_add("after: g%d = %d\n", i, fd);
			continue;
		}
		__sys_ioctl(fd, VFIO_GROUP_GET_STATUS, &status);
		trace_add("after: g%d %x\n", i, status.flags);
		close(fd);
	}
}

/* Play the loaded sequence in the process that makes its calls. */
static void play_in_child(const struct hardware *hardware, int trace_fd)
{
	const struct rlimit none = {};

	setrlimit(RLIMIT_CORE, &none);
	alarm(SECONDS_MAX);
	memory_init();
	world_init(&world, hardware, trace_fd);
	world.without = options.without;
	world_play(&world);
	op_find("locked", 6)->run(&world, NULL);
	trace_add("\n");
	_exit(0);
}

static void play_sequence(const struct hardware *hardware, int trace_fd)
{
	int status;
	pid_t pid;

	trace_clear();
	pid = fork();
	if (!pid)
		play_in_child(hardware, trace_fd);
	waitpid(pid, &status, 0);
	trace_add("end: %x\n", status);
	trace_aftermath(hardware);
	sum_calls += trace->nr_calls;
	sum_good += trace->nr_good;
}

static void show_trace(const char *name)
{
	printf("== %s\n", name);
	fwrite(trace->text, 1, trace->len, stdout);
}

/* Return the number of the device x that the sequence selects, -1 if none. */
static int selected_other(void)
{
	for (unsigned int i = 0; i < world.nr_calls; i++) {
		if (!strcmp(world.call[i].op->name, "other"))
			return (int)world.call[i].arg[0];
	}
	return -1;
}

/*
 * Return the worker that plays a sequence. It is always the same for a device
 * x, because a sequence may find state there that earlier ones have left
 * behind.
 */
static unsigned int worker_for(__u64 nr, int other)
{
	if (other < 0)
		return nr % NR_WORKERS;
	return other_owner((unsigned int)other) % NR_WORKERS;
}

/* Play the sequences of a worker. Their order does not depend on the timing. */
static void run_worker(unsigned int worker, const struct hardware *hardware)
{
	__u64 nr_all = options.play ? scripts.nr : options.from + options.count;
	int trace_fd = trace_file();
	unsigned int played = 0;
	int lock, other;
	char name[256];
	char buf[65536];

	setvbuf(stdout, buf, _IOFBF, sizeof(buf));
	trace = trace_open(trace_fd);
	for (__u64 nr = options.from; nr < nr_all; nr++) {
		load_sequence(nr, name, sizeof(name));
		other = selected_other();
		if (worker_for(nr, other) != worker)
			continue;
		lock = other < 0 ? -1 : others_lock();
		play_sequence(hardware, trace_fd);
		if (lock >= 0)
			close(lock);
		if (options.show)
			show_trace(name);
		else
			printf("%s %016llx\n", name, trace_hash());
		/* flush whole lines, because another worker writes as well */
		if (options.show || ++played % 32 == 0)
			fflush(stdout);
	}
	printf("calls %llu %llu\n", sum_calls, sum_good);
	fflush(stdout);
	_exit(0);
}

static void print_all(void)
{
	__u64 nr_all = options.play ? scripts.nr : options.from + options.count;
	char text[256];

	for (__u64 nr = options.from; nr < nr_all; nr++) {
		load_sequence(nr, text, sizeof(text));
		printf("%s:", text);
		for (unsigned int i = 0; i < world.nr_calls; i++) {
			call_print(&world.call[i], text, sizeof(text));
			printf(" %s", text);
		}
		printf("\n");
	}
}

int main(int argc, char **argv)
{
	struct hardware hardware[NR_WORKERS];
	int failed = 0;
	int status;

	if (argc == 3 && !strcmp(argv[1], "--resume"))
		world_resume(atoi(argv[2]));
	parse_options(argc, argv);
	if (options.play)
		scripts_read(&scripts, options.play);
	if (options.print) {
		print_all();
		return 0;
	}
	for (unsigned int i = 0; i < NR_WORKERS; i++)
		hardware_find(&hardware[i], i);
	others_find();
	for (unsigned int i = 0; i < NR_WORKERS; i++) {
		if (!fork())
			run_worker(i, &hardware[i]);
	}
	for (unsigned int i = 0; i < NR_WORKERS; i++) {
		wait(&status);
		failed |= status;
	}
	return failed ? 1 : 0;
}
