// SPDX-License-Identifier: GPL-2.0-only
/*
 * usage: bench [-r ROUNDS] [-i] [-S SET,...] [-s] SWAP [PATTERN...]
 *
 * Runs every benchmark whose name contains a PATTERN, or all, on the modules of
 * this project, on those of the kernel, and on the kernel's own iommufd in turn,
 * ROUNDS times each, in one process and on the same page frames. Every other round
 * has the reverse order, so that no set gains from caches that another one has
 * filled. "SWAP ours", "SWAP native" and "SWAP in-tree" have to load the modules, and
 * "SWAP floor" the module bench_floor, which each round ends with.
 *
 * Prints a line "SET/BACKEND/NAME VALUE UNIT" for each figure. With -i the
 * clock counts instructions: less memory is used, and slow benchmarks are
 * skipped. -S leaves out all sets but these. -s measures how the cost
 * of this project's modules grows, and nothing else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "pci.h"
#include "sys.h"

static const struct bench *const tables[] = {
	bulk_benches,	 small_benches, footprint_benches, device_benches,
	file_benches,	 bar_benches,	many_benches,	   dirty_log_benches,
	latency_benches, mock_benches,	cold_benches,
};

size_t bench_bulk_size = MIB(512);
bool bench_counted;

/* Return the time in microseconds. */
double bench_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

void bench_report(const struct bench_run *run, const char *name, double value,
		  const char *unit)
{
	printf("%s/%s/%s %.3f %s\n", run->set, backend_name(run->backend), name,
	       value, unit);
	fflush(stdout);
}

static void swap_modules(const char *program, const char *set)
{
	int status;
	pid_t pid;

	/* fork() would share the memory, and pinning would copy it then */
	pid = vfork();
	if (pid < 0)
		FAIL("no new process");
	if (!pid) {
		execl(program, program, set, NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		FAIL("%s %s: status %#x", program, set, status);
}

static struct vdev *open_device(enum backend backend, enum testdev which)
{
	struct space *space = space_open(backend);
	struct vdev *vdev;

	if (backend == BACKEND_IOMMUFD)
		return vdev_open_in(space, pci_need(which));
	vdev = sys_zalloc(sizeof(*vdev));
	vdev->space = space;
	vdev->bdf = pci_need(which);
	vdev->fd = -1;
	space_group_fd(space, vdev->bdf);
	return vdev;
}

static void close_device(struct vdev *vdev)
{
	struct space *space = vdev->space;

	if (vdev->fd >= 0)
		sys_close(vdev->fd);
	free(vdev);
	space_close(space);
}

static void run_once(const struct bench *bench, const char *set,
		     enum backend backend)
{
	struct bench_run run = {
		.bench = bench,
		.set = set,
		.backend = backend,
		.vdev = open_device(backend, TESTDEV_EDU0),
	};

	if (bench->setup)
		bench->setup(&run);
	bench->run(&run);
	if (bench->teardown)
		bench->teardown(&run);
	close_device(run.vdev);
}

/* Return whether a name contains one of the patterns, or there are none. */
bool bench_selected(const char *name, char *const *patterns)
{
	if (!*patterns)
		return true;
	for (; *patterns; patterns++) {
		if (strstr(name, *patterns))
			return true;
	}
	return false;
}

static void run_table(const struct bench *bench, const char *set,
		      enum backend backend, char *const *patterns)
{
	unsigned int i;

	for (; bench->name; bench++) {
		if (!(bench->backends & backend) ||
		    !bench_selected(bench->name, patterns) ||
		    (bench_counted && bench->timed_only) ||
		    (bench->ours_only && strcmp(set, "ours")))
			continue;
		for (i = 0; i < bench->reps; i++)
			run_once(bench, set, backend);
	}
}

static void run_all(const char *set, enum backend backend,
		    char *const *patterns)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		run_table(tables[i], set, backend, patterns);
}

/** struct bench_set - modules to run the benchmarks on, and one way to reach them */
struct bench_set {
	/** @name: argument of SWAP */
	const char *name;
	/** @backend: the interface */
	enum backend backend;
};

static const struct bench_set sets[] = {
	{ "ours", BACKEND_CONTAINER },
	{ "ours", BACKEND_IOMMUFD },
	{ "native", BACKEND_CONTAINER },
	{ "in-tree", BACKEND_IOMMUFD },
};

static void run_round(const char *swap, bool backwards, const char *wanted,
		      char *const *patterns)
{
	const char *loaded = "";
	size_t i, nr = ARRAY_SIZE(sets);

	for (i = 0; i < nr; i++) {
		const struct bench_set *set = &sets[backwards ? nr - 1 - i : i];

		if (!strstr(wanted, set->name))
			continue;
		if (strcmp(loaded, set->name))
			swap_modules(swap, set->name);
		loaded = set->name;
		run_all(set->name, set->backend, patterns);
	}
	if (!strstr(wanted, "floor"))
		return;
	swap_modules(swap, "floor");
	bench_floor(patterns);
}

int main(int argc, char **argv)
{
	unsigned int rounds = 5, round;
	const char *wanted = "ours,native,in-tree,floor";
	bool scale = false;
	const char *swap;
	int option;

	while ((option = getopt(argc, argv, "r:iS:s")) != -1) {
		switch (option) {
		case 'r':
			rounds = atoi(optarg);
			break;
		case 'i':
			bench_counted = true;
			bench_bulk_size = MIB(64);
			break;
		case 'S':
			wanted = optarg;
			break;
		case 's':
			scale = true;
			break;
		default:
			return 2;
		}
	}
	if (optind >= argc) {
		fprintf(stderr,
			"usage: bench [-r N] [-i] [-S SET,...] [-s] SWAP [PATTERN...]\n");
		return 2;
	}
	swap = argv[optind++];
	argv += optind;

	if (scale) {
		swap_modules(swap, "ours");
		bench_scale(argv);
		return 0;
	}
	for (round = 0; round < rounds; round++)
		run_round(swap, round % 2, wanted, argv);
	return 0;
}
