// SPDX-License-Identifier: GPL-2.0-only
/* The two forms of a program. */
#include "program.h"

#include <stdlib.h>
#include <string.h>

#include "harness.h"

static const char *const twist_names[] = {
	[TWIST_NONE] = "none",	       [TWIST_SHORT] = "short",
	[TWIST_MIN] = "min",	       [TWIST_ZERO] = "zero",
	[TWIST_LONG] = "long",	       [TWIST_TAIL] = "tail",
	[TWIST_ENDLESS] = "endless",   [TWIST_FLAG] = "flag",
	[TWIST_RESERVED] = "reserved", [TWIST_RO] = "ro",
	[TWIST_UFFD] = "uffd",	       [TWIST_EDGE] = "edge",
	[TWIST_STRADDLE] = "straddle", [TWIST_HOLE] = "hole",
};

const unsigned int repeat_counts[NR_REPEATS] = { 1, 1, 1, 1, 2, 8, 64, 1024 };

/* The index of the canonical encoding of a count */
static unsigned int repeat_index(unsigned int index)
{
	return repeat_counts[index] == 1 ? 0 : index;
}

/* Bytes that stand for no twist; those above are twists in turn */
#define PLAIN_BYTES 208

/** struct reader - the rest of the bytes of a program */
struct reader {
	/** @at: next byte */
	const unsigned char *at;
	/** @end: end of the bytes */
	const unsigned char *end;
};

static unsigned int next_byte(struct reader *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static __u64 decode_arg(struct reader *in, enum kind kind)
{
	unsigned int byte = next_byte(in);
	__u64 value = 0;

	if (byte < NR_PICKS)
		return kind_pick(kind, byte);
	for (unsigned int i = 0; i <= byte % 8; i++)
		value |= (__u64)next_byte(in) << 8 * i;
	return kind_normalize(kind, value);
}

static void decode_call(struct reader *in, struct call *call)
{
	unsigned int how;

	memset(call, 0, sizeof(*call));
	call->op = op_at(next_byte(in) % nr_ops());
	how = next_byte(in);
	call->thread = how % NR_THREADS;
	call->repeat = repeat_index(how / NR_THREADS % NR_REPEATS);
	how = next_byte(in);
	if (how >= PLAIN_BYTES && call->op->cmd)
		call->twist = 1 + (how - PLAIN_BYTES) % (NR_TWISTS - 1);
	for (unsigned int i = 0; i < call->op->nr_fields; i++)
		call->arg[i] = decode_arg(in, call->op->fields[i].kind);
}

/**
 * program_decode() - make a program of any bytes
 * @program: the program
 * @data: the bytes
 * @size: their number
 */
void program_decode(struct program *program, const unsigned char *data,
		    size_t size)
{
	struct reader in = { data, data + size };

	program->seed = next_byte(&in);
	program->nr = 0;
	while (in.at < in.end && program->nr < MAX_CALLS)
		decode_call(&in, &program->call[program->nr++]);
}

static size_t encode_arg(unsigned char *to, enum kind kind, __u64 value)
{
	unsigned int byte, nr = 1;

	if (kind_find(kind, value, &byte)) {
		*to = byte;
		return 1;
	}
	while (nr < 8 && value >> 8 * nr)
		nr++;
	*to = NR_PICKS + nr - 1;
	for (unsigned int i = 0; i < nr; i++)
		to[1 + i] = value >> 8 * i;
	return 1 + nr;
}

static size_t encode_call(unsigned char *to, const struct call *call)
{
	unsigned char *at = to;

	*at++ = op_index(call->op);
	*at++ = call->thread + NR_THREADS * call->repeat;
	*at++ = call->twist ? PLAIN_BYTES + call->twist - 1 : 0;
	for (unsigned int i = 0; i < call->op->nr_fields; i++)
		at += encode_arg(at, call->op->fields[i].kind, call->arg[i]);
	return at - to;
}

/**
 * program_encode() - make bytes of a program
 * @program: the program
 * @data: set to the bytes
 * @size: size of @data; calls that do not fit are left out
 *
 * Return: the number of bytes.
 */
size_t program_encode(const struct program *program, unsigned char *data,
		      size_t size)
{
	unsigned char one[MAX_BYTES];
	size_t used = 0, len;

	if (!size)
		return 0;
	data[used++] = program->seed;
	for (unsigned int i = 0; i < program->nr; i++) {
		len = encode_call(one, &program->call[i]);
		if (used + len > size)
			break;
		memcpy(data + used, one, len);
		used += len;
	}
	return used;
}

static void print_call(const struct call *call, FILE *file)
{
	char text[64];

	if (call->thread)
		fprintf(file, "%u: ", call->thread);
	fprintf(file, "%s(", call->op->name);
	for (unsigned int i = 0; i < call->op->nr_fields; i++) {
		kind_print(call->op->fields[i].kind, call->arg[i], text,
			   sizeof(text));
		fprintf(file, "%s%s", i ? "," : "", text);
	}
	fputc(')', file);
	if (repeat_counts[call->repeat] > 1)
		fprintf(file, " *%u", repeat_counts[call->repeat]);
	if (call->twist)
		fprintf(file, " !%s", twist_names[call->twist]);
	fputc('\n', file);
}

void program_print(const struct program *program, FILE *file)
{
	if (program->seed)
		fprintf(file, "seed %u\n", program->seed);
	for (unsigned int i = 0; i < program->nr; i++)
		print_call(&program->call[i], file);
}

/* Parse what follows the arguments: " *8 !ro". */
static bool parse_tail(const char *text, struct call *call)
{
	char word[32];
	int len;

	while (sscanf(text, " %31s%n", word, &len) == 1) {
		unsigned int i = 1;

		text += len;
		if (word[0] == '*') {
			while (i < NR_REPEATS &&
			       (unsigned int)atoi(word + 1) != repeat_counts[i])
				i++;
			if (i == NR_REPEATS)
				return false;
			call->repeat = repeat_index(i);
		} else if (word[0] == '!') {
			while (i < NR_TWISTS &&
			       strcmp(word + 1, twist_names[i]) != 0)
				i++;
			if (i == NR_TWISTS || !call->op->cmd)
				return false;
			call->twist = i;
		} else {
			return false;
		}
	}
	return true;
}

/* Parse the arguments; those left out have their most usual value. */
static const char *parse_args(const char *text, struct call *call)
{
	const struct op *op = call->op;
	unsigned int i = 0;
	size_t len;

	for (unsigned int k = 0; k < op->nr_fields; k++)
		call->arg[k] = kind_pick(op->fields[k].kind, 0);
	while (*text != ')') {
		len = strcspn(text, ",)");
		if (i == op->nr_fields || !text[len] ||
		    !kind_parse(op->fields[i].kind, text, len, &call->arg[i]))
			return NULL;
		i++;
		text += len + (text[len] == ',');
	}
	return text + 1;
}

static bool parse_call(const char *text, struct call *call)
{
	size_t len;

	memset(call, 0, sizeof(*call));
	if (text[0] >= '0' && text[0] < '0' + NR_THREADS && text[1] == ':') {
		call->thread = text[0] - '0';
		text += 2;
		text += strspn(text, " \t");
	}
	len = strcspn(text, "(");
	call->op = op_find(text, len);
	if (!call->op || !text[len])
		return false;
	text = parse_args(text + len + 1, call);
	return text && parse_tail(text, call);
}

/**
 * program_parse_line() - add a line of text to a program
 * @program: the program
 * @line: a call, the seed, a comment, or nothing
 *
 * Return: false if the line is none of these.
 */
bool program_parse_line(struct program *program, const char *line)
{
	line += strspn(line, " \t\n");
	if (!*line || *line == '#')
		return true;
	if (sscanf(line, "seed %u", &program->seed) == 1)
		return program->seed < 256;
	if (program->nr == MAX_CALLS ||
	    !parse_call(line, &program->call[program->nr]))
		return false;
	program->nr++;
	return true;
}

void program_remove(struct program *program, unsigned int first,
		    unsigned int nr)
{
	if (first >= program->nr)
		return;
	if (nr > program->nr - first)
		nr = program->nr - first;
	memmove(&program->call[first], &program->call[first + nr],
		(program->nr - first - nr) * sizeof(program->call[0]));
	program->nr -= nr;
}
