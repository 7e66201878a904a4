// SPDX-License-Identifier: GPL-2.0-only
/*
 * Logs of refused calls: notes of the reason during a call, and the last
 * refusal.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/ioctl.h>
#include <linux/iommufd_refusal.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <uapi/linux/iommufd.h>

/**
 * iommufd_refusal_init() - initialize a log
 * @log: the log
 *
 * Context: Any.
 */
void iommufd_refusal_init(struct iommufd_refusal_log *log)
{
	memset(log, 0, sizeof(*log));
	spin_lock_init(&log->lock);
}
EXPORT_SYMBOL_NS_GPL(iommufd_refusal_init, "IOMMUFD_NG");

/**
 * iommufd_refusal_clear() - forget all refusals
 * @log: the log
 *
 * The next user of a device does not see what the last one did.
 *
 * Context: Any but interrupts.
 */
void iommufd_refusal_clear(struct iommufd_refusal_log *log)
{
	spin_lock(&log->lock);
	log->count = 0;
	memset(&log->last, 0, sizeof(log->last));
	spin_unlock(&log->lock);
}
EXPORT_SYMBOL_NS_GPL(iommufd_refusal_clear, "IOMMUFD_NG");

static struct iommufd_refusal_note *
refusal_find_note(struct iommufd_refusal_log *log)
{
	lockdep_assert_held(&log->lock);

	for (size_t i = 0; i < ARRAY_SIZE(log->notes); i++)
		if (log->notes[i].task == current)
			return &log->notes[i];
	return NULL;
}

static struct iommufd_refusal_note *
refusal_new_note(struct iommufd_refusal_log *log)
{
	struct iommufd_refusal_note *note;

	lockdep_assert_held(&log->lock);

	for (size_t i = 0; i < ARRAY_SIZE(log->notes); i++) {
		note = &log->notes[i];
		if (!note->task) {
			log->nr_notes++;
			goto found;
		}
	}
	/* tasks that are no callers leave notes that are never taken */
	note = &log->notes[log->victim++ % ARRAY_SIZE(log->notes)];
found:
	memset(note, 0, sizeof(*note));
	note->task = current;
	return note;
}

static struct iommufd_refusal *refusal_get_note(struct iommufd_refusal_log *log)
{
	struct iommufd_refusal_note *note = refusal_find_note(log);

	return &(note ?: refusal_new_note(log))->refusal;
}

static void refusal_drop_note(struct iommufd_refusal_log *log,
			      struct iommufd_refusal_note *note)
{
	lockdep_assert_held(&log->lock);

	note->task = NULL;
	log->nr_notes--;
}

static void refusal_copy_name(char *to, const char *from)
{
	if (from)
		strscpy(to, from, IOMMUFD_REFUSAL_NAME);
}

/**
 * __iommufd_refuse() - note the reason for which the current call is refused
 * @log: the log
 * @code: the reason
 * @device: name of a device, or NULL
 * @driver: name of a driver or a program, or NULL
 * @args: numbers
 *
 * Callers use iommufd_refuse() and iommufd_refuse_name().
 *
 * Context: Any but interrupts.
 */
noinline __cold void __iommufd_refuse(struct iommufd_refusal_log *log,
				      enum iommufd_refusal_code code,
				      const char *device, const char *driver,
				      const struct iommufd_refusal_args *args)
{
	struct iommufd_refusal *refusal;

	spin_lock(&log->lock);
	refusal = refusal_get_note(log);
	if (refusal->code == REFUSAL_UNSPECIFIED) {
		refusal->code = code;
		refusal->args = *args;
		refusal_copy_name(refusal->device, device);
		refusal_copy_name(refusal->driver, driver);
	}
	spin_unlock(&log->lock);
}
EXPORT_SYMBOL_NS_GPL(__iommufd_refuse, "IOMMUFD_NG");

/**
 * iommufd_refusal_ask() - note what user space asked for in a refused call
 * @log: the log
 * @first: a number, depends on the call
 * @second: another one
 *
 * Context: Any but interrupts.
 */
noinline __cold void iommufd_refusal_ask(struct iommufd_refusal_log *log,
					 u64 first, u64 second)
{
	struct iommufd_refusal *refusal;

	spin_lock(&log->lock);
	refusal = refusal_get_note(log);
	refusal->asked = true;
	refusal->request[0] = first;
	refusal->request[1] = second;
	spin_unlock(&log->lock);
}
EXPORT_SYMBOL_NS_GPL(iommufd_refusal_ask, "IOMMUFD_NG");

/**
 * iommufd_refusal_forget() - drop the note of the current call
 * @log: the log
 *
 * For a caller that does something else after an error.
 *
 * Context: Any but interrupts.
 */
noinline __cold void iommufd_refusal_forget(struct iommufd_refusal_log *log)
{
	struct iommufd_refusal_note *note;

	spin_lock(&log->lock);
	note = refusal_find_note(log);
	if (note)
		refusal_drop_note(log, note);
	spin_unlock(&log->lock);
}
EXPORT_SYMBOL_NS_GPL(iommufd_refusal_forget, "IOMMUFD_NG");

/**
 * iommufd_refusal_move() - copy the note of the current call to another log
 * @from: the log that may have one; keeps it
 * @to: the other log; a reason that was noted there stays
 *
 * Context: Any but interrupts.
 */
noinline __cold void iommufd_refusal_move(struct iommufd_refusal_log *from,
					  struct iommufd_refusal_log *to)
{
	struct iommufd_refusal refusal = {};
	struct iommufd_refusal_note *note;

	spin_lock(&from->lock);
	note = refusal_find_note(from);
	if (note)
		refusal = note->refusal;
	spin_unlock(&from->lock);
	if (refusal.asked)
		iommufd_refusal_ask(to, refusal.request[0], refusal.request[1]);
	if (refusal.code != REFUSAL_UNSPECIFIED)
		__iommufd_refuse(to, refusal.code, refusal.device,
				 refusal.driver, &refusal.args);
}
EXPORT_SYMBOL_NS_GPL(iommufd_refusal_move, "IOMMUFD_NG");

/*
 * Not every negative result refuses something: a task is being killed, an array
 * of user space was too small, a command is not one of ours at all.
 */
static bool refusal_counts(u32 op, long ret)
{
	op &= ~IOMMUFD_REFUSAL_DEVICE;
	if (ret >= 0 || ret == -EINTR || ret == -EMSGSIZE || ret < -MAX_ERRNO)
		return false;
	return op <= IOMMUFD_REFUSAL_MMAP || _IOC_TYPE(op) == IOMMUFD_TYPE;
}

/**
 * iommufd_refusal_finish() - record the result of a call
 * @log: the log
 * @op: the call, see &iommufd_refusal.op
 * @ret: its result
 * @refusal: set to what was recorded
 *
 * Context: Any but interrupts.
 * Return: true if the call was refused, false with nothing recorded.
 */
noinline __cold bool iommufd_refusal_finish(struct iommufd_refusal_log *log,
					    u32 op, long ret,
					    struct iommufd_refusal *refusal)
{
	bool counts = refusal_counts(op, ret);
	struct iommufd_refusal_note *note;

	memset(refusal, 0, sizeof(*refusal));
	spin_lock(&log->lock);
	note = refusal_find_note(log);
	if (note) {
		*refusal = note->refusal;
		refusal_drop_note(log, note);
	}
	refusal->op = op;
	refusal->error = ret;
	if (counts) {
		log->last = *refusal;
		log->count++;
	}
	spin_unlock(&log->lock);
	return counts;
}
EXPORT_SYMBOL_NS_GPL(iommufd_refusal_finish, "IOMMUFD_NG");

/**
 * iommufd_refusal_show() - print how many calls were refused, and the last one
 * @log: the log
 * @m: the file to print to, for fdinfo
 * @prefix: what the keys begin with
 *
 * Context: May sleep.
 */
void iommufd_refusal_show(struct iommufd_refusal_log *log, struct seq_file *m,
			  const char *prefix)
{
	char text[IOMMUFD_REFUSAL_TEXT];
	struct iommufd_refusal last;
	u64 count;

	spin_lock(&log->lock);
	count = log->count;
	last = log->last;
	spin_unlock(&log->lock);
	seq_printf(m, "%s-refusals:\t%llu\n", prefix, count);
	if (!count)
		return;
	iommufd_refusal_text(&last, text, sizeof(text));
	seq_printf(m, "%s-refusal:\t%s\n", prefix, text);
}
EXPORT_SYMBOL_NS_GPL(iommufd_refusal_show, "IOMMUFD_NG");
