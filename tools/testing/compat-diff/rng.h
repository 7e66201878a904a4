/* SPDX-License-Identifier: GPL-2.0-only */
/* Pseudo-random numbers, which depend on the seed alone. */
#ifndef COMPAT_DIFF_RNG_H
#define COMPAT_DIFF_RNG_H

#include <linux/types.h>

/** struct rng - splitmix64 */
struct rng {
	/** @state: seed, then state */
	__u64 state;
};

static inline __u64 rng_next(struct rng *rng)
{
	__u64 z = rng->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* Return a number from 0 to @n - 1. */
static inline unsigned int rng_below(struct rng *rng, unsigned int n)
{
	return (unsigned int)(rng_next(rng) % n);
}

/* Return true with a probability of @percent. */
static inline int rng_often(struct rng *rng, unsigned int percent)
{
	return rng_below(rng, 100) < percent;
}

#endif
