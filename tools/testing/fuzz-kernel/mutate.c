// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutations of programs. A new call is inserted with calls that create the
 * resources it refers to, if no earlier call does.
 */
#include "mutate.h"

#include <string.h>

#include "harness.h"

/* Limit of the calls that are inserted before a new one */
#define MAX_DEPTH 6

static __u64 state;

static unsigned int below(unsigned int limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 16) % limit;
}

static __u64 any_value(enum kind kind)
{
	__u64 value = 0;

	if (below(16))
		return kind_pick(kind, below(NR_PICKS));
	for (unsigned int i = 1 + below(8); i; i--)
		value = value << 8 | below(256);
	return kind_normalize(kind, value);
}

static bool insert_call(struct program *program, unsigned int at,
			const struct call *call)
{
	if (program->nr == MAX_CALLS || at > program->nr)
		return false;
	memmove(&program->call[at + 1], &program->call[at],
		(program->nr - at) * sizeof(*call));
	program->call[at] = *call;
	program->nr++;
	return true;
}

/* Whether one of the calls before @at stores to the slot */
static bool is_created(const struct program *program, unsigned int at,
		       __u64 ref)
{
	for (unsigned int i = 0; i < at; i++) {
		const struct call *call = &program->call[i];

		for (unsigned int k = 0; k < call->op->nr_fields; k++) {
			if (call->op->fields[k].out && call->arg[k] == ref)
				return true;
		}
	}
	return false;
}

/* Find an operation that creates resources of a type; any one in turn. */
static const struct op *find_creator(enum type type, unsigned int *out)
{
	const unsigned int nr = nr_ops();
	unsigned int first = below(nr);

	for (unsigned int i = 0; i < nr; i++) {
		const struct op *op = op_at((first + i) % nr);

		for (*out = 0; *out < op->nr_fields; ++*out) {
			if (op->fields[*out].out &&
			    op->fields[*out].kind == (enum kind)type)
				return op;
		}
	}
	return NULL;
}

static unsigned int create_needed(struct program *program, unsigned int at,
				  struct call call, unsigned int depth);

/* Insert a call that creates what a reference stands for. */
static unsigned int create_one(struct program *program, unsigned int at,
			       __u64 ref, unsigned int depth)
{
	struct call creator = {};
	unsigned int out, before = program->nr;

	creator.op = find_creator(ref_type(ref), &out);
	if (!creator.op)
		return at;
	for (unsigned int k = 0; k < creator.op->nr_fields; k++)
		creator.arg[k] = kind_pick(creator.op->fields[k].kind, 0);
	creator.arg[out] = ref;
	at = create_needed(program, at, creator, depth + 1);
	insert_call(program, at, &creator);
	return at + (program->nr > before);
}

/* Insert what a call needs before @at; returns the new place of the call. */
static unsigned int create_needed(struct program *program, unsigned int at,
				  struct call call, unsigned int depth)
{
	if (depth > MAX_DEPTH)
		return at;
	for (unsigned int k = 0; k < call.op->nr_fields; k++) {
		const struct field *field = &call.op->fields[k];

		if (field->out || field->kind >= NR_REF_KINDS ||
		    !ref_is_slot(call.arg[k]) ||
		    is_created(program, at, call.arg[k]))
			continue;
		at = create_one(program, at, call.arg[k], depth);
	}
	return at > program->nr ? program->nr : at;
}

/* Whether a kind of references includes a type of resource */
static bool is_of_kind(enum kind kind, enum type type)
{
	switch (kind) {
	case KIND_FD:
		return type < NR_FD_TYPES;
	case KIND_PT:
		return type == TYPE_IOAS || type == TYPE_HWPT;
	case KIND_OBJECT:
		return type >= NR_FD_TYPES && type < TYPE_PIN;
	default:
		return (enum kind)type == kind;
	}
}

/* Draw a slot that an earlier call has stored to, if there is one. */
static void use_created(const struct program *program, unsigned int at,
			enum kind kind, __u64 *value)
{
	unsigned int skip = at ? below(at) : 0;

	for (unsigned int i = 0; i < at; i++) {
		const struct call *call = &program->call[(skip + i) % at];

		for (unsigned int k = 0; k < call->op->nr_fields; k++) {
			if (call->op->fields[k].out &&
			    ref_is_slot(call->arg[k]) &&
			    is_of_kind(kind, ref_type(call->arg[k]))) {
				*value = call->arg[k];
				return;
			}
		}
	}
}

static void draw_args(const struct program *program, unsigned int at,
		      struct call *call)
{
	for (unsigned int k = 0; k < call->op->nr_fields; k++) {
		const struct field *field = &call->op->fields[k];

		call->arg[k] = below(3) ? kind_pick(field->kind, 0) :
					  any_value(field->kind);
		if (!field->out && field->kind < NR_REF_KINDS && below(3))
			use_created(program, at, field->kind, &call->arg[k]);
	}
}

static void draw_manner(struct call *call)
{
	call->thread = below(3) ? 0 : below(NR_THREADS);
	call->repeat = below(6) ? 0 : 4 + below(call->thread ? 4 : 3);
	call->twist = call->op->cmd && !below(12) ? below(NR_TWISTS) : 0;
}

static void insert_new(struct program *program)
{
	unsigned int at = program->nr - (below(3) ? 0 : below(program->nr + 1));
	struct call call = { .op = op_at(below(nr_ops())) };

	draw_args(program, at, &call);
	draw_manner(&call);
	if (below(8))
		at = create_needed(program, at, call, 0);
	insert_call(program, at, &call);
}

static void change_arg(struct program *program, unsigned int at)
{
	struct call *call = &program->call[at];
	unsigned int k;

	if (!call->op->nr_fields)
		return;
	k = below(call->op->nr_fields);
	call->arg[k] = any_value(call->op->fields[k].kind);
}

static void move_call(struct program *program, unsigned int at)
{
	struct call call = program->call[at];

	program_remove(program, at, 1);
	insert_call(program, below(program->nr + 1), &call);
}

static void mutate_once(struct program *program)
{
	unsigned int at = program->nr ? below(program->nr) : 0;
	unsigned int what = below(12);

	if (!program->nr || what < 4) {
		insert_new(program);
		return;
	}
	switch (what) {
	case 4:
		program_remove(program, at, 1);
		break;
	case 5:
		program_remove(program, at, 1 + below(8));
		break;
	case 6: {
		struct call copy = program->call[at];

		insert_call(program, below(program->nr + 1), &copy);
		break;
	}
	case 7:
		move_call(program, at);
		break;
	case 8:
		draw_manner(&program->call[at]);
		break;
	case 9:
		program->seed = below(256);
		break;
	default:
		change_arg(program, at);
		break;
	}
}

/**
 * mutate() - change a program
 * @program: the program
 * @seed: decides how
 */
void mutate(struct program *program, unsigned int seed)
{
	state = seed * 0x9e3779b97f4a7c15ULL + 1;
	for (unsigned int i = 1 + below(4); i; i--)
		mutate_once(program);
}

/**
 * mutate_cross() - insert some calls of another program
 * @program: the program
 * @other: the other one
 * @seed: decides which calls
 */
void mutate_cross(struct program *program, const struct program *other,
		  unsigned int seed)
{
	unsigned int at, first, nr;

	state = seed * 0x9e3779b97f4a7c15ULL + 1;
	if (!other->nr)
		return;
	at = below(program->nr + 1);
	first = below(3) ? 0 : below(other->nr);
	nr = 1 + below(other->nr - first);
	for (unsigned int i = 0; i < nr; i++) {
		if (!insert_call(program, at + i, &other->call[first + i]))
			break;
	}
}
