// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a program: hands its calls to its threads, and waits for those of thread
 * 0. A call that blocks is left alone after a while.
 */
#include "exec.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cover.h"
#include "harness.h"
#include "region.h"
#include "resource.h"
#include "trace.h"

/*
 * Time that is left to a call before the next one of its thread is skipped, if it
 * is one that waits for others and if not
 */
#define WAITING_CALL_MS 50
#define CALL_MS 2000
/* Time that calls are repeated for */
#define REPEAT_MS 1000
#define MAX_STRUCT 512

/** struct worker - a thread that makes calls */
struct worker {
	/** @thread: the thread */
	pthread_t thread;
	/** @nr: number of the thread */
	unsigned int nr;
	/** @started: the thread exists */
	bool started;
	/** @call: the call to make */
	const struct call *call;
	/** @todo: counts calls to make */
	sem_t todo;
	/** @idle: 1 if no call is to be made */
	sem_t idle;
	/** @random: state of the delays */
	unsigned int random;
};

static const struct program *running;
static struct worker workers[NR_THREADS];

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* The size that the structure has, as the caller claims */
static __u32 claimed_size(const struct call *call)
{
	size_t size = call->op->size;

	switch (call->twist) {
	case TWIST_SHORT:
		return size - 4;
	case TWIST_MIN:
		return 8;
	case TWIST_ZERO:
		return 0;
	case TWIST_LONG:
	case TWIST_TAIL:
		return size + 8;
	case TWIST_ENDLESS:
		return -1;
	default:
		return size;
	}
}

static enum place place_of(const struct call *call)
{
	switch (call->twist) {
	case TWIST_RO:
		return PLACE_RO;
	case TWIST_UFFD:
		return PLACE_UFFD;
	case TWIST_EDGE:
		return PLACE_EDGE;
	case TWIST_STRADDLE:
		return PLACE_STRADDLE;
	case TWIST_HOLE:
		return PLACE_HOLE;
	default:
		return PLACE_RW;
	}
}

static __u64 value_of(const struct field *field, __u64 arg)
{
	if (field->kind < NR_REF_KINDS)
		return resource_get(arg);
	if (field->kind == KIND_PTR || field->kind == KIND_DATA)
		return region_address(arg);
	return arg;
}

static void fill_struct(const struct call *call, unsigned char *data)
{
	const struct op *op = call->op;
	__u32 size = claimed_size(call);
	__u64 value;

	memset(data, call->twist == TWIST_RESERVED ? 1 : 0, op->size);
	memset(data + op->size, call->twist == TWIST_TAIL ? 1 : 0, 8);
	memcpy(data, &size, sizeof(size));
	for (unsigned int i = 0; op->presets[i].offset; i++)
		memcpy(data + op->presets[i].offset, &op->presets[i].value,
		       sizeof(__u32));
	for (unsigned int i = 0; i < op->nr_fields; i++) {
		const struct field *field = &op->fields[i];

		if (field->out || field->offset >= IS_RESULT)
			continue;
		value = value_of(field, call->arg[i]);
		memcpy(data + field->offset, &value, field->size);
	}
	if (call->twist == TWIST_FLAG)
		data[6] |= 0x80;
}

static void take_results(const struct call *call, unsigned long address,
			 long result)
{
	for (unsigned int i = 0; i < call->op->nr_fields; i++) {
		const struct field *field = &call->op->fields[i];
		__u64 value = 0;

		if (!field->out)
			continue;
		if (field->offset == IS_RESULT)
			value = result;
		else if (!region_read(address + field->offset, &value,
				      field->size))
			continue;
		resource_set(call->arg[i], value);
	}
}

static long run_ioctl(const struct call *call)
{
	unsigned char data[MAX_STRUCT];
	int fd = (int)resource_get(call->arg[0]);
	void *at;
	long ret;

	if (resource_is_hidden(fd))
		return -EBADF;
	fill_struct(call, data);
	at = region_place(call->thread, place_of(call), data,
			  call->op->size +
				  (call->twist == TWIST_LONG ||
						   call->twist == TWIST_TAIL ?
					   8 :
					   0));
	ret = ioctl(fd, call->op->cmd, at);
	if (ret < 0)
		return -errno;
	take_results(call, (unsigned long)at, ret);
	return ret;
}

static void run_call(const struct call *call)
{
	unsigned int nr = call - running->call;
	long long end = now_ms() + REPEAT_MS;

	for (unsigned int i = 0; i < repeat_counts[call->repeat]; i++) {
		trace_result(call, nr,
			     call->op->cmd ? run_ioctl(call) :
					     call->op->run(call));
		cover_collect(call->thread);
		if (now_ms() > end)
			break;
	}
}

/* Delay a call that runs beside others, in each program by other times. */
static void delay_call(struct worker *worker)
{
	worker->random = worker->random * 1103515245 + 12345;
	switch (worker->random >> 16 & 7) {
	case 0:
		usleep(worker->random >> 20 & 0xff);
		break;
	case 1:
		sched_yield();
		break;
	}
}

static void *worker_main(void *arg)
{
	struct worker *worker = arg;

	cover_start(worker->nr);
	for (;;) {
		while (sem_wait(&worker->todo))
			;
		if (worker->nr)
			delay_call(worker);
		run_call(worker->call);
		sem_post(&worker->idle);
	}
	return NULL;
}

static void worker_start(struct worker *worker)
{
	worker->started = true;
	worker->nr = worker - workers;
	worker->random = running->seed + worker->nr;
	ASSERT(!sem_init(&worker->todo, 0, 0) &&
	       !sem_init(&worker->idle, 0, 1));
	ASSERT(!pthread_create(&worker->thread, NULL, worker_main, worker));
}

/* Wait until the thread makes no call; returns false if that takes too long. */
static bool worker_wait(struct worker *worker)
{
	long ms = worker->call && worker->call->op->waits ? WAITING_CALL_MS :
							    CALL_MS;
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_nsec += ms % 1000 * 1000000;
	end.tv_sec += ms / 1000 + end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	while (sem_timedwait(&worker->idle, &end)) {
		if (errno != EINTR)
			return false;
	}
	return true;
}

static void dispatch(const struct call *call)
{
	struct worker *worker = &workers[call->thread];

	if (!worker->started)
		worker_start(worker);
	if (!worker_wait(worker))
		return;
	worker->call = call;
	sem_post(&worker->todo);
	if (!call->thread && worker_wait(worker))
		sem_post(&worker->idle);
}

/* Wait for the calls of all threads but thread 0, for a while. */
void exec_wait(void)
{
	for (unsigned int i = 1; i < NR_THREADS; i++) {
		if (workers[i].started && worker_wait(&workers[i]))
			sem_post(&workers[i].idle);
	}
}

void exec_signal(unsigned int thread)
{
	if (workers[thread % NR_THREADS].started)
		pthread_kill(workers[thread % NR_THREADS].thread, SIGUSR1);
}

/* In a child process: make the calls of the thread that follow @call. */
void exec_rest(const struct call *call)
{
	const struct call *next;

	for (next = call + 1; next < running->call + running->nr; next++) {
		if (next->thread == call->thread)
			run_call(next);
	}
	_exit(0);
}

static void interrupted(int signal)
{
}

/**
 * exec_program() - run a program and exit
 * @program: the program
 */
void exec_program(const struct program *program)
{
	struct sigaction action = { .sa_handler = interrupted };

	running = program;
	sigaction(SIGUSR1, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	regions_create();
	resources_init();
	for (unsigned int i = 0; i < program->nr; i++)
		dispatch(&program->call[i]);
	exec_wait();
	/* otherwise the kernel closes all, and frees the memory first */
	if (program->seed & 1)
		resources_close(program->seed & 2);
	_exit(0);
}
