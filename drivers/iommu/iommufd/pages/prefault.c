// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in memory of a process by several threads.
 *
 * The workers are threads of the process itself. Each page is therefore
 * allocated as if the process had touched it: by its memory policy, from the
 * nodes of its cpuset, charged to its control groups, as is the time of the
 * processors; and SIGKILL of the process reaches the workers.
 *
 * A worker never waits for user space or for a device: it leaves memory of
 * userfaultfd, and pages that have to be read, to the task that pins. That task
 * waits for a worker only at the end, for at most a huge page.
 */
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/gfp.h>
#include <linux/hugetlb_inline.h>
#include <linux/init.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/overflow.h>
#include <linux/pid.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/sched/prio.h>
#include <linux/sched/signal.h>
#include <linux/sched/stat.h>
#include <linux/sched/task.h>
#include <linux/sched/vhost_task.h>
#include <linux/shmem_fs.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/topology.h>
#include <linux/userfaultfd_k.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "prefault.h"

/* Memory that one thread takes at a time; a huge page must not be split */
#define PREFAULT_CHUNK SZ_2M

/* Small pages between checks if another thread needs mmap_lock */
#define PREFAULT_BATCH 64UL

/*
 * How far the workers are ahead of the task that pins, at most. If the map fails,
 * this much memory was allocated in vain.
 */
#define PREFAULT_WINDOW SZ_128M

/* Memory for which threads are worth being created */
#define PREFAULT_MIN SZ_32M

/* More than this saturate the memory of a node. */
#define PREFAULT_WORKERS_MAX 7U

/* Jiffies after which a worker looks if its processor is idle again */
#define PREFAULT_RETRY 1

/* Jiffies after which the reaper looks if a thread continues */
#define PREFAULT_STOPPED (HZ / 10)

/*
 * Jiffies that the task that pins waits for the threads to exit: others may be
 * stopped, and occupy the workqueue
 */
#define PREFAULT_EXIT HZ

/* Address of a worker that faults nothing in */
#define PREFAULT_NOTHING ULONG_MAX

/**
 * struct prefault_worker - a thread that faults memory in
 */
struct prefault_worker {
	/** @prefault: what it works for */
	struct prefault *prefault;
	/** @task: the thread */
	struct vhost_task *task;
	/** @pid: of the thread, with a reference; NULL until it has run */
	struct pid *pid;
	/** @addr: chunk it faults in, or PREFAULT_NOTHING */
	unsigned long addr;
};

/**
 * struct prefault - a range of memory that is faulted in
 */
struct prefault {
	/** @refs: references of the task that pins, and of @reap */
	refcount_t refs;
	/** @node: node of the task that pins; workers stay there */
	int node;
	/** @lock: protects @next, @limit, @stopped, and the workers' members */
	spinlock_t lock;
	/** @next: address of the next chunk that no thread has taken */
	unsigned long next;
	/** @limit: end of what may be taken now */
	unsigned long limit;
	/** @end: end of the range */
	unsigned long end;
	/** @stopped: nothing may be taken any more */
	bool stopped;
	/** @wait: woken if a change of the members above allows to go on */
	wait_queue_head_t wait;
	/** @reap: waits until the workers have exited */
	struct work_struct reap;
	/** @reaped: the workers have exited */
	struct completion reaped;
	/** @nr_workers: number of @workers that were created */
	unsigned int nr_workers;
	/** @workers: the threads */
	struct prefault_worker workers[];
};

static struct workqueue_struct *prefault_wq;

/**
 * prefault_init() - create the workqueue that waits for threads to exit
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int __init prefault_init(void)
{
	prefault_wq = alloc_workqueue("iommufd_prefault", WQ_UNBOUND, 0);
	return prefault_wq ? 0 : -ENOMEM;
}

/**
 * prefault_exit() - undo prefault_init()
 *
 * Context: May sleep.
 */
void prefault_exit(void)
{
	destroy_workqueue(prefault_wq);
}

/**
 * prefault_is_cold() - test if memory that was pinned had to be faulted in
 * @faults: prefault_count() before it was pinned by the current task
 * @nr_pages: number of pages that were pinned
 *
 * Context: Process context.
 * Return: true if there was a fault for every second huge page, or more.
 */
bool prefault_is_cold(unsigned long faults, unsigned long nr_pages)
{
	return prefault_count() - faults >=
	       max(nr_pages / (2 * PREFAULT_CHUNK / PAGE_SIZE), 1UL);
}

static void prefault_put(struct prefault *prefault)
{
	if (refcount_dec_and_test(&prefault->refs))
		kfree(prefault);
}

/* Takes the next chunk, and sets @addr to it or to PREFAULT_NOTHING. */
static bool prefault_take(struct prefault *prefault, unsigned long *addr)
{
	bool taken;

	spin_lock(&prefault->lock);
	taken = !prefault->stopped && prefault->next < prefault->limit;
	*addr = taken ? prefault->next : PREFAULT_NOTHING;
	if (taken)
		prefault->next =
			min(ALIGN(*addr + 1, PREFAULT_CHUNK), prefault->end);
	spin_unlock(&prefault->lock);
	return taken;
}

static void prefault_set_stopped(struct prefault *prefault)
{
	scoped_guard(spinlock, &prefault->lock)
		prefault->stopped = true;
	wake_up_all(&prefault->wait);
}

/*
 * Only memory that pinning does not refuse, because a page of another kind might
 * be changed by the fault. Locked: mmap_lock.
 */
static bool prefault_suits(struct vm_area_struct *vma)
{
	if (userfaultfd_armed(vma))
		return false;
	return vma_is_anonymous(vma) || is_vm_hugetlb_page(vma) ||
	       (vma->vm_file && shmem_file(vma->vm_file));
}

/*
 * Faults in pages without waiting for anything but memory, and returns how many,
 * 0 if that is not possible for the first one, or a negative errno if it cannot
 * be pinned at all.
 */
static long prefault_batch(unsigned long addr, unsigned long nr)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	long got = -EFAULT;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	vma = vma_lookup(mm, addr);
	if (vma && prefault_suits(vma)) {
		nr = min(nr, (vma->vm_end - addr) >> PAGE_SHIFT);
		got = get_user_pages_remote(
			mm, addr, nr, FOLL_WRITE | FOLL_NOWAIT, NULL, NULL);
	} else if (vma) {
		got = 0;
	}
	mmap_read_unlock(mm);
	return got;
}

/* The rest of a chunk that cannot be faulted in is left to the task that pins. */
static void prefault_chunk(struct prefault *prefault, unsigned long addr)
{
	unsigned long end = min(ALIGN(addr + 1, PREFAULT_CHUNK), prefault->end);
	/* as for the pin: memory that can stay in place */
	unsigned int flags = memalloc_pin_save();
	long got = 1;

	while (addr < end && got > 0 && !READ_ONCE(prefault->stopped)) {
		got = prefault_batch(addr, min((end - addr) >> PAGE_SHIFT,
					       PREFAULT_BATCH));
		if (got > 0)
			addr += got * PAGE_SIZE;
		cond_resched();
	}
	memalloc_pin_restore(flags);
	if (got < 0)
		prefault_set_stopped(prefault);
}

/*
 * Memory without a policy is allocated on the node of the processor: stay on that
 * of the task that pins. If it fails, so does only this.
 */
static void prefault_stay_on_node(const struct prefault *prefault)
{
	cpumask_var_t mask;

	if (!zalloc_cpumask_var(&mask, GFP_KERNEL))
		return;
	if (cpumask_and(mask, current->cpus_ptr,
			cpumask_of_node(prefault->node)))
		set_cpus_allowed_ptr(current, mask);
	free_cpumask_var(mask);
}

/* Called by the worker, before anything else. */
static void prefault_worker_enter(struct prefault_worker *worker)
{
	struct prefault *prefault = worker->prefault;

	if (worker->pid)
		return;
	scoped_guard(spinlock, &prefault->lock)
		worker->pid = get_pid(task_pid(current));
	wake_up_all(&prefault->wait);
}

static bool prefault_can_take(struct prefault *prefault)
{
	bool ready;

	spin_lock(&prefault->lock);
	ready = prefault->stopped || prefault->next < prefault->limit;
	spin_unlock(&prefault->lock);
	return ready;
}

static void prefault_worker_rest(struct prefault_worker *worker)
{
	struct prefault *prefault = worker->prefault;

	scoped_guard(spinlock, &prefault->lock)
		worker->addr = PREFAULT_NOTHING;
	if (READ_ONCE(prefault->stopped))
		wake_up_all(&prefault->wait);
}

/*
 * The priority makes the worker leave a processor that other tasks need, but not
 * at once, so it does not take memory there, because it might keep mmap_lock.
 */
static void prefault_worker_wait(struct prefault *prefault)
{
	if (!single_task_running())
		wait_event_killable_timeout(prefault->wait,
					    READ_ONCE(prefault->stopped),
					    PREFAULT_RETRY);
	else
		wait_event_killable(prefault->wait,
				    prefault_can_take(prefault));
}

static void prefault_worker_run(struct prefault_worker *worker)
{
	struct prefault *prefault = worker->prefault;

	sched_set_normal(current, MAX_NICE);
	prefault_stay_on_node(prefault);
	while (!READ_ONCE(prefault->stopped) &&
	       !fatal_signal_pending(current)) {
		if (single_task_running() &&
		    prefault_take(prefault, &worker->addr)) {
			prefault_chunk(prefault, worker->addr);
			prefault_worker_rest(worker);
		} else {
			prefault_worker_wait(prefault);
		}
	}
}

/*
 * Called with TASK_INTERRUPTIBLE set. After false, the thread sleeps until it is
 * to exit, or stops with its process.
 */
static bool prefault_worker_fn(void *data)
{
	struct prefault_worker *worker = data;

	if (worker->pid && READ_ONCE(worker->prefault->stopped))
		return false;
	__set_current_state(TASK_RUNNING);
	prefault_worker_enter(worker);
	prefault_worker_run(worker);
	return true;
}

/* The thread exits, because its process does. */
static void prefault_worker_killed(void *data)
{
	prefault_worker_enter(data);
}

static bool prefault_worker_is_stopped(const struct prefault_worker *worker)
{
	struct task_struct *task = get_pid_task(worker->pid, PIDTYPE_PID);
	bool stopped;

	if (!task)
		return false;
	stopped = task_is_stopped_or_traced(task) ||
		  READ_ONCE(task->__state) & TASK_FROZEN;
	put_task_struct(task);
	return stopped;
}

/* Idle, because user space decides how long a thread is stopped or frozen. */
static void prefault_reap(struct work_struct *work)
{
	struct prefault *prefault = container_of(work, struct prefault, reap);
	unsigned int i;

	for (i = 0; i < prefault->nr_workers; i++) {
		struct prefault_worker *worker = &prefault->workers[i];

		wait_event_idle(prefault->wait, READ_ONCE(worker->pid));
		while (prefault_worker_is_stopped(worker))
			schedule_timeout_idle(PREFAULT_STOPPED);
		vhost_task_stop(worker->task);
		wait_event_idle(worker->pid->wait_pidfd,
				!pid_has_task(worker->pid, PIDTYPE_PID));
		put_pid(worker->pid);
	}
	complete(&prefault->reaped);
	prefault_put(prefault);
}

static bool prefault_add_worker(struct prefault *prefault)
{
	struct prefault_worker *worker =
		&prefault->workers[prefault->nr_workers];
	struct vhost_task *task;

	worker->prefault = prefault;
	worker->addr = PREFAULT_NOTHING;
	task = vhost_task_create(prefault_worker_fn, prefault_worker_killed,
				 worker, "iommufd-fault");
	if (IS_ERR_OR_NULL(task))
		return false;
	worker->task = task;
	prefault->nr_workers++;
	vhost_task_start(task);
	return true;
}

/* No more than there are processors for, without that of the current task. */
static unsigned int prefault_max_workers(unsigned long nr_pages, int node)
{
	unsigned long nr =
		cpumask_weight_and(current->cpus_ptr, cpumask_of_node(node));

	/* only a thread of user space has threads beside it */
	if (!IS_ENABLED(CONFIG_VHOST_TASK) || !current->mm ||
	    current->flags & (PF_KTHREAD | PF_USER_WORKER))
		return 0;
	if (nr_pages < PREFAULT_MIN / PAGE_SIZE || nr < 2)
		return 0;
	return min(nr - 1, PREFAULT_WORKERS_MAX);
}

/**
 * prefault_start() - start to fault in memory of the current process
 * @start: address, a multiple of PAGE_SIZE
 * @nr_pages: number of pages, which the process may write to
 *
 * Context: May sleep.
 * Return: undone by prefault_stop(), or NULL if no other thread can help, or the
 * memory is too little.
 */
struct prefault *prefault_start(unsigned long start, unsigned long nr_pages)
{
	int node = numa_node_id();
	unsigned int nr = prefault_max_workers(nr_pages, node);
	struct prefault *prefault;

	if (!nr)
		return NULL;
	prefault =
		kzalloc(struct_size(prefault, workers, nr), GFP_KERNEL_ACCOUNT);
	if (!prefault)
		return NULL;
	refcount_set(&prefault->refs, 2);
	spin_lock_init(&prefault->lock);
	init_waitqueue_head(&prefault->wait);
	init_completion(&prefault->reaped);
	INIT_WORK(&prefault->reap, prefault_reap);
	prefault->node = node;
	prefault->next = start;
	prefault->limit = start;
	prefault->end = start + nr_pages * PAGE_SIZE;
	while (prefault->nr_workers < nr && prefault_add_worker(prefault))
		;
	if (prefault->nr_workers)
		return prefault;
	kfree(prefault);
	return NULL;
}

/* Returns true if a worker faults something in below @addr, or if any does */
static bool prefault_is_busy(const struct prefault *prefault,
			     unsigned long addr)
{
	unsigned int i;

	lockdep_assert_held(&prefault->lock);

	for (i = 0; i < prefault->nr_workers; i++) {
		if (prefault->workers[i].addr < addr)
			return true;
	}
	return false;
}

static bool prefault_lags_locked(struct prefault *prefault, unsigned long addr)
{
	lockdep_assert_held(&prefault->lock);

	if (prefault->stopped)
		return false;
	if (prefault_is_busy(prefault, addr))
		return true;
	if (prefault->next >= addr)
		return false;
	if (prefault_is_busy(prefault, PREFAULT_NOTHING))
		return true;
	prefault->next = addr;
	return false;
}

/*
 * Returns true if the workers are not beyond @addr yet. If none is at work, which
 * includes a machine that has no idle processor, the memory below is left to the
 * pin, because it is walked once then.
 */
static bool prefault_lags(struct prefault *prefault, unsigned long addr)
{
	bool lags;

	spin_lock(&prefault->lock);
	lags = prefault_lags_locked(prefault, addr);
	spin_unlock(&prefault->lock);
	return lags;
}

static void prefault_set_limit(struct prefault *prefault, unsigned long addr)
{
	scoped_guard(spinlock, &prefault->lock)
		prefault->limit = prefault->end - addr > PREFAULT_WINDOW ?
					  addr + PREFAULT_WINDOW :
					  prefault->end;
	wake_up_all(&prefault->wait);
}

/**
 * prefault_advance() - prepare to pin the next part of the memory
 * @prefault: of prefault_start()
 * @addr: address up to which the current task pins memory next
 *
 * Lets the workers go on, and faults in memory beside them until none of them is
 * below @addr. It does not wait for them.
 *
 * Context: May sleep. Takes mmap_lock of the current process.
 */
void prefault_advance(struct prefault *prefault, unsigned long addr)
{
	unsigned long chunk;

	addr = min(addr, prefault->end);
	prefault_set_limit(prefault, addr);
	while (!fatal_signal_pending(current) &&
	       prefault_lags(prefault, addr) && prefault_take(prefault, &chunk))
		prefault_chunk(prefault, chunk);
}

static bool prefault_is_idle(struct prefault *prefault)
{
	bool busy;

	spin_lock(&prefault->lock);
	busy = prefault_is_busy(prefault, PREFAULT_NOTHING);
	spin_unlock(&prefault->lock);
	return !busy;
}

/* Lets the workers finish as soon as the current task would in their place. */
static void prefault_boost(struct prefault *prefault)
{
	struct task_struct *task;
	struct pid *pid = NULL;
	unsigned int i;

	for (i = 0; i < prefault->nr_workers; i++) {
		scoped_guard(spinlock, &prefault->lock)
			if (prefault->workers[i].addr != PREFAULT_NOTHING)
				pid = prefault->workers[i].pid;
		task = get_pid_task(pid, PIDTYPE_PID);
		pid = NULL;
		if (!task)
			continue;
		sched_set_normal(task, task_nice(current));
		put_task_struct(task);
	}
}

/**
 * prefault_stop() - undo prefault_start()
 * @prefault: of prefault_start(), or NULL
 *
 * On return no worker accesses memory. The threads have exited, unless the
 * current process has a signal: one that stops the process stops them, too, so
 * that they exit when it continues. If too many of others do not exit, they exit
 * later as well.
 *
 * Context: May sleep.
 */
void prefault_stop(struct prefault *prefault)
{
	if (!prefault)
		return;
	prefault_set_stopped(prefault);
	if (!prefault_is_idle(prefault)) {
		prefault_boost(prefault);
		wait_event(prefault->wait, prefault_is_idle(prefault));
	}
	queue_work(prefault_wq, &prefault->reap);
	wait_for_completion_interruptible_timeout(&prefault->reaped,
						  PREFAULT_EXIT);
	prefault_put(prefault);
}
