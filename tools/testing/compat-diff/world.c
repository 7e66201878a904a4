// SPDX-License-Identifier: GPL-2.0-only
/* The process that plays a sequence: its files, its children and threads. */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "trace.h"

#define NR_THREADS_MAX 4
/* Exit status if the program cannot be replaced or resumed */
#define EXIT_NO_EXEC 99
#define EXIT_NO_RESUME 98

int world_fd(const struct world *world, __u64 slot)
{
	return world->fd[slot];
}

void world_close(struct world *world, __u64 slot)
{
	world->fd[slot] = -1;
	if (slot >= FD_DEVICE0 && slot <= FD_DEVICE4)
		world->started[slot - FD_DEVICE0] = false;
}

/* Store a file that was opened. It is closed if the slot is in use. */
void world_keep(struct world *world, __u64 slot, int fd)
{
	if (fd < 0)
		return;
	if (world->fd[slot] >= 0)
		close(fd);
	else
		world->fd[slot] = fd;
}

void world_init(struct world *world, const struct hardware *hardware,
		int trace_fd)
{
	for (int i = 0; i < NR_FDS; i++)
		world->fd[i] = -1;
	memset(world->started, 0, sizeof(world->started));
	world->hardware = *hardware;
	world->trace_fd = trace_fd;
	world->next = 0;
	world->depth = 0;
	world->remover = 0;
	world->fd[FD_EVENT0] = eventfd(0, EFD_NONBLOCK);
	world->fd[FD_EVENT1] = eventfd(0, EFD_NONBLOCK);
	world->fd[FD_NULL] = open("/dev/null", O_RDWR);
}

static void run_call(struct world *world, const struct call *call)
{
	char text[256];

	if (call_subject(call) & world->without)
		return;
	call_print(call, text, sizeof(text));
	trace_add("%s", text);
	call->op->run(world, call);
	trace_add("\n");
}

/* Make the calls up to the end, or in a child up to "join". */
void world_play(struct world *world)
{
	while (world->next < world->nr_calls) {
		const struct call *call = &world->call[world->next++];

		if (!strcmp(call->op->name, "join")) {
			if (world->depth)
				_exit(0);
			continue;
		}
		run_call(world, call);
	}
}

static void skip_to_join(struct world *world)
{
	unsigned int depth = 1;

	while (world->next < world->nr_calls && depth) {
		const char *name = world->call[world->next++].op->name;

		if (!strcmp(name, "fork"))
			depth++;
		else if (!strcmp(name, "join"))
			depth--;
	}
}

/* Wait for a child and add its exit status to the trace. */
static void trace_child(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status))
		trace_add("child ended: %d", WEXITSTATUS(status));
	else
		trace_add("child killed: %d", WTERMSIG(status));
}

/* fork: make the calls up to "join" in a child process */
void op_fork(struct world *world, const struct call *call)
{
	pid_t pid;

	(void)call;
	trace_add("\n");
	pid = fork();
	if (!pid) {
		world->depth++;
		world->remover = 0;
		world_play(world);
		_exit(0);
	}
	skip_to_join(world);
	trace_child(pid);
}

/* join: the end of a child; see world_play() */
void op_nothing(struct world *world, const struct call *call)
{
	(void)world;
	(void)call;
}

/* die(signal): the process kills itself */
void op_die(struct world *world, const struct call *call)
{
	(void)world;
	trace_add(" dies");
	signal((int)call->arg[0], SIG_DFL);
	kill(getpid(), (int)call->arg[0]);
}

/*
 * exec: replace the program, which keeps all files and continues with new
 * memory
 */
void op_exec(struct world *world, const struct call *call)
{
	int state = memfd_create("world", 0);
	char number[16];

	(void)call;
	trace_add("\n");
	if (write(state, world, sizeof(*world)) != sizeof(*world))
		_exit(EXIT_NO_EXEC);
	for (int i = 0; i < NR_FDS; i++) {
		if (world->fd[i] >= 0)
			fcntl(world->fd[i], F_SETFD, 0);
	}
	fcntl(world->trace_fd, F_SETFD, 0);
	snprintf(number, sizeof(number), "%d", state);
	execl("/proc/self/exe", "player", "--resume", number, NULL);
	_exit(EXIT_NO_EXEC);
}

/* Continue after "exec", with the state in @fd. */
void world_resume(int fd)
{
	static struct world world;

	if (pread(fd, &world, sizeof(world), 0) != sizeof(world))
		_exit(EXIT_NO_RESUME);
	close(fd);
	trace = trace_open(world.trace_fd);
	memory_init();
	world_play(&world);
	_exit(0);
}

/** struct racer - a thread that makes one call together with others */
struct racer {
	/** @world: the sequence */
	struct world *world;
	/** @call: the call to make */
	const struct call *call;
	/** @nr: number of the thread, from 1 on */
	unsigned int nr;
	/** @start: barrier that all threads wait at before the call */
	pthread_barrier_t *start;
	/** @trace: results of the call */
	struct trace *trace;
};

static void *racer_run(void *arg)
{
	struct racer *racer = arg;

	trace = racer->trace;
	memory_use_arena(racer->nr);
	pthread_barrier_wait(racer->start);
	run_call(racer->world, racer->call);
	return NULL;
}

static int compare_text(const void *a, const void *b)
{
	const struct racer *x = a;
	const struct racer *y = b;

	return strcmp(x->trace->text, y->trace->text);
}

/*
 * par(n): make the next calls at the same time, each by its own thread. The
 * trace does not show their order.
 */
void op_par(struct world *world, const struct call *call)
{
	unsigned int nr = (unsigned int)call->arg[0];
	struct racer racer[NR_THREADS_MAX];
	pthread_t thread[NR_THREADS_MAX];
	pthread_barrier_t start;

	if (nr > NR_THREADS_MAX || world->next + nr > world->nr_calls)
		return;
	trace_add("\n");
	pthread_barrier_init(&start, NULL, nr);
	for (unsigned int i = 0; i < nr; i++) {
		racer[i].world = world;
		racer[i].call = &world->call[world->next++];
		racer[i].nr = i + 1;
		racer[i].start = &start;
		racer[i].trace = trace_new();
		pthread_create(&thread[i], NULL, racer_run, &racer[i]);
	}
	for (unsigned int i = 0; i < nr; i++)
		pthread_join(thread[i], NULL);
	qsort(racer, nr, sizeof(racer[0]), compare_text);
	for (unsigned int i = 0; i < nr; i++) {
		trace_add("%s", racer[i].trace->text);
		trace->nr_calls += racer[i].trace->nr_calls;
		trace->nr_good += racer[i].trace->nr_good;
		munmap(racer[i].trace, sizeof(*racer[i].trace));
	}
	pthread_barrier_destroy(&start);
}
