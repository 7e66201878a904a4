// SPDX-License-Identifier: GPL-2.0-only
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

/* A file that was opened: it gets the name unless that is taken. */
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

static void run(struct world *world, const struct call *call)
{
	char text[256];

	if (call_subject(call) & world->without)
		return;
	call_print(call, text, sizeof(text));
	trace_add("%s", text);
	call->op->run(world, call);
	trace_add("\n");
}

/* Until the end, or until what a child is to do is done. */
void world_play(struct world *world)
{
	while (world->next < world->nr_calls) {
		const struct call *call = &world->call[world->next++];

		if (!strcmp(call->op->name, "join")) {
			if (world->depth)
				_exit(0);
			continue;
		}
		run(world, call);
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

/* Wait for a child, and say how it ended. */
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

/* A child makes the calls up to "join", with copies of all files and memory. */
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

void op_nothing(struct world *world, const struct call *call)
{
	(void)world;
	(void)call;
}

void op_die(struct world *world, const struct call *call)
{
	(void)world;
	trace_add(" dies");
	signal((int)call->arg[0], SIG_DFL);
	kill(getpid(), (int)call->arg[0]);
}

/*
 * The program replaces itself and goes on with the next call, with all files but
 * with other memory.
 */
void op_exec(struct world *world, const struct call *call)
{
	int keep = memfd_create("world", 0);
	char number[16];

	(void)call;
	trace_add("\n");
	if (write(keep, world, sizeof(*world)) != sizeof(*world))
		_exit(99);
	for (int i = 0; i < NR_FDS; i++) {
		if (world->fd[i] >= 0)
			fcntl(world->fd[i], F_SETFD, 0);
	}
	fcntl(world->trace_fd, F_SETFD, 0);
	snprintf(number, sizeof(number), "%d", keep);
	execl("/proc/self/exe", "player", "--resume", number, NULL);
	_exit(99);
}

/* What the program that was executed does: @fd has the state. */
void world_resume(int fd)
{
	static struct world world;

	if (pread(fd, &world, sizeof(world), 0) != sizeof(world))
		_exit(98);
	close(fd);
	trace = trace_open(world.trace_fd);
	memory_init();
	world_play(&world);
	_exit(0);
}

/** struct racer - a thread that makes one call together with others */
struct racer {
	/** @world: the process */
	struct world *world;
	/** @call: what it is to do */
	const struct call *call;
	/** @nr: of the thread, from 1 on */
	unsigned int nr;
	/** @start: all begin at once */
	pthread_barrier_t *start;
	/** @trace: what came of it */
	struct trace *trace;
};

static void *race(void *arg)
{
	struct racer *racer = arg;

	trace = racer->trace;
	memory_use_arena(racer->nr);
	pthread_barrier_wait(racer->start);
	run(racer->world, racer->call);
	return NULL;
}

static int by_text(const void *a, const void *b)
{
	const struct racer *x = a;
	const struct racer *y = b;

	return strcmp(x->trace->text, y->trace->text);
}

/* The next calls at once, by a thread each; who came first is not told. */
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
		pthread_create(&thread[i], NULL, race, &racer[i]);
	}
	for (unsigned int i = 0; i < nr; i++)
		pthread_join(thread[i], NULL);
	qsort(racer, nr, sizeof(racer[0]), by_text);
	for (unsigned int i = 0; i < nr; i++) {
		trace_add("%s", racer[i].trace->text);
		trace->nr_calls += racer[i].trace->nr_calls;
		trace->nr_good += racer[i].trace->nr_good;
		munmap(racer[i].trace, sizeof(*racer[i].trace));
	}
	pthread_barrier_destroy(&start);
}
