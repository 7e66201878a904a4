// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs programs. The text of a program is in a file before it starts, since
 * the guest may not survive it.
 */
#include "supervise.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cover.h"
#include "device.h"
#include "exec.h"
#include "harness.h"
#include "klog.h"
#include "resource.h"
#include "sys.h"
#include "trace.h"

/* Time after which a program is killed, and time for its end after that */
#define PROGRAM_MS 15000
#define END_MS 120000
/* Programs whose text is kept, and after which pins are counted */
#define NR_KEPT 8
#define TEXT_SIZE 16384
#define PINS_EVERY 64
/* Time until the kernel has released all pins */
#define PINS_MS 3000

static const char *work_dir;
static bool count_pins_always;
static unsigned int nr_run;
static int kernel_log;
static int kept_files[NR_KEPT];

/* The strings by which "vm run" knows a complaint, too, relative to this directory */
#define COMPLAINTS "../vm/complaints"
#define NR_COMPLAINTS 64

static char *complaints[NR_COMPLAINTS];
static size_t nr_complaints;

static void complaints_read(void)
{
	FILE *file = fopen(COMPLAINTS, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	ASSERT(file);
	while ((length = getline(&line, &size, file)) > 1) {
		if (line[0] == '#')
			continue;
		ASSERT(nr_complaints < NR_COMPLAINTS);
		line[length - 1] = 0;
		complaints[nr_complaints++] = line;
		line = NULL;
	}
	free(line);
	fclose(file);
	ASSERT(nr_complaints);
}

/*
 * With CONFIG_DEBUG_VM the kernel prints a stack if memory of a userfaultfd is
 * to be pinned without waiting for user space, as a container does.
 */
static bool is_expected(const char *line)
{
	static unsigned int traces;

	if (strstr(line, "FAULT_FLAG_ALLOW_RETRY missing"))
		traces++;
	if (!traces || !strstr(line, "Call Trace:"))
		return false;
	traces--;
	return true;
}

static bool is_complaint(const char *line)
{
	if (is_expected(line))
		return false;
	for (size_t i = 0; i < nr_complaints; i++) {
		if (strstr(line, complaints[i]))
			return true;
	}
	return false;
}

/**
 * supervise_init() - prepare to run programs
 * @dir: directory for texts, or NULL
 * @strict: count pins after each program
 */
void supervise_init(const char *dir, bool strict)
{
	work_dir = dir;
	count_pins_always = strict;
	ASSERT(!prctl(PR_SET_CHILD_SUBREAPER, 1));
	complaints_read();
	kernel_log = resource_hide(klog_open());
	trace_create();
	devices_find();
	if (!cover_open())
		fprintf(stderr, "no KCOV: results of calls count instead\n");
}

static FILE *open_text(const char *name)
{
	char path[PATH_MAX];

	if (!work_dir)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", work_dir, name);
	return fopen(path, "we");
}

static void close_text(FILE *file)
{
	fflush(file);
	fsync(fileno(file));
	fclose(file);
}

static int open_kept(unsigned int nr)
{
	char path[PATH_MAX];

	if (!kept_files[nr]) {
		snprintf(path, sizeof(path), "%s/running.%u", work_dir, nr);
		kept_files[nr] = resource_hide(open(
			path, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT, 0600));
	}
	return kept_files[nr];
}

/* One write, which bypasses all caches: it costs less than all else. */
static void keep_text(const struct program *program)
{
	static char text[TEXT_SIZE] __attribute__((aligned(4096)));
	FILE *file;

	if (!work_dir)
		return;
	memset(text, '\n', sizeof(text));
	file = fmemopen(text, sizeof(text), "r+");
	ASSERT(file);
	fprintf(file, "# program %u\n", nr_run);
	program_print(program, file);
	fputc('\n', file);
	fclose(file);
	text[TEXT_SIZE - 1] = '\n';
	ASSERT_EQ(pwrite(open_kept(nr_run % NR_KEPT), text, sizeof(text), 0),
		  sizeof(text));
}

static void run_in_child(const struct program *program)
{
	const struct rlimit none = {};

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setrlimit(RLIMIT_CORE, &none);
	exec_program(program);
}

/* Wait for a process; returns false if it has not ended in time. */
static bool wait_for(pid_t pid, int ms)
{
	struct pollfd poller = {
		.fd = (int)syscall(SYS_pidfd_open, pid, 0),
		.events = POLLIN,
	};
	int ret;

	ASSERT(poller.fd >= 0);
	do
		ret = poll(&poller, 1, ms);
	while (ret < 0 && errno == EINTR);
	close(poller.fd);
	if (ret != 1)
		return false;
	waitpid(pid, NULL, 0);
	return true;
}

/* Wait for all processes of a group, which were killed. */
static bool wait_for_group(pid_t group, int ms)
{
	while (ms > 0) {
		pid_t pid = waitpid(-group, NULL, WNOHANG);

		if (pid < 0)
			return true;
		if (!pid) {
			usleep(2000);
			ms -= 2;
		}
	}
	return false;
}

static void append_file(struct outcome *outcome, const char *path)
{
	size_t used = strlen(outcome->text);
	FILE *file = fopen(path, "re");

	if (!file)
		return;
	used += fread(outcome->text + used, 1, sizeof(outcome->text) - 1 - used,
		      file);
	outcome->text[used] = '\0';
	fclose(file);
}

/* Report the stacks of all tasks that do not end. */
static void report_hang(struct outcome *outcome, pid_t pid)
{
	char path[300];
	struct dirent *entry;
	DIR *dir;

	outcome->verdict = VERDICT_HANG;
	snprintf(outcome->text, sizeof(outcome->text),
		 "process %d does not end\n", pid);
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/stack", pid,
			 entry->d_name);
		append_file(outcome, path);
	}
	if (dir)
		closedir(dir);
}

static void check_log(struct outcome *outcome)
{
	char line[1024];
	ssize_t len;

	/* a reader that was overtaken gets EPIPE once */
	while ((len = read(kernel_log, line, sizeof(line) - 1)) > 0 ||
	       errno == EPIPE) {
		if (len <= 0)
			continue;
		line[len] = '\0';
		if (outcome->verdict == VERDICT_GOOD && is_complaint(line))
			outcome->verdict = VERDICT_COMPLAINT;
		if (outcome->verdict == VERDICT_COMPLAINT)
			strncat(outcome->text, line,
				sizeof(outcome->text) - 1 -
					strlen(outcome->text));
	}
}

static void check_pins(struct outcome *outcome)
{
	long long held = 0;

	for (int ms = 0; ms < PINS_MS; ms += 20) {
		held = sys_pins_held();
		if (!held)
			return;
		usleep(20000);
	}
	outcome->verdict = VERDICT_PINS;
	snprintf(outcome->text, sizeof(outcome->text),
		 "%lld pages are still pinned\n", held);
}

static bool has_events(const struct program *program)
{
	for (unsigned int i = 0; i < program->nr; i++) {
		const char *name = program->call[i].op->name;

		if (!strcmp(name, "device") || !strcmp(name, "bus"))
			return true;
	}
	return false;
}

/* Wait for the end of all processes, which is the first thing that can fail. */
static bool end_processes(pid_t pid, pid_t events, struct outcome *outcome)
{
	if (!wait_for(pid, PROGRAM_MS)) {
		kill(-pid, SIGKILL);
		if (!wait_for(pid, END_MS)) {
			report_hang(outcome, pid);
			return false;
		}
	}
	kill(-pid, SIGKILL);
	if (!wait_for_group(pid, END_MS)) {
		report_hang(outcome, pid);
		return false;
	}
	if (events && !wait_for(events, END_MS)) {
		report_hang(outcome, events);
		return false;
	}
	return true;
}

/**
 * supervise_run() - run a program
 * @program: the program
 * @outcome: set to its result
 */
void supervise_run(const struct program *program, struct outcome *outcome)
{
	pid_t pid, events = 0;

	memset(outcome, 0, sizeof(*outcome));
	trace_clear();
	nr_run++;
	keep_text(program);
	if (has_events(program))
		events = device_events_start();
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid)
		run_in_child(program);
	setpgid(pid, pid);
	if (events)
		device_events_end();
	if (!end_processes(pid, events, outcome))
		return;
	if (events && !devices_restore()) {
		outcome->verdict = VERDICT_DEVICE;
		strcpy(outcome->text, "a device cannot be bound again\n");
	}
	check_log(outcome);
	if (outcome->verdict == VERDICT_GOOD &&
	    (count_pins_always || nr_run % PINS_EVERY == 0))
		check_pins(outcome);
}

/*
 * The guest cannot end by itself while there is a process that cannot be killed:
 * print what waits, and reboot at once, which ends it.
 */
static void leave_guest(void)
{
	__sys_write_file("/proc/sysrq-trigger", "w");
	sleep(1);
	__sys_write_file("/proc/sysrq-trigger", "b");
}

/**
 * supervise_report() - save a program that the kernel did not stand
 * @program: the program
 * @outcome: its result
 */
void supervise_report(const struct program *program,
		      const struct outcome *outcome)
{
	FILE *file = open_text("finding");
	char line[1024];
	const char *at = outcome->text;

	fprintf(stderr, "%s", outcome->text);
	program_print(program, stderr);
	while (file && sscanf(at, "%1023[^\n]", line) == 1) {
		fprintf(file, "# %s\n", line);
		at += strlen(line);
		at += *at == '\n';
	}
	if (file) {
		program_print(program, file);
		close_text(file);
	}
	if (outcome->verdict == VERDICT_HANG)
		leave_guest();
}
