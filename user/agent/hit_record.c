// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "hit_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../base/hash.h"
#include "../base/state.h"
#include "../kernel/kernel.h"
#include "egret_limits.h"
#include "egret_people.h"

#define HEADING   "egret hits 1"
#define LINE_MAX  80
#define MAX_BYTES ((size_t)(EGRET_MAX_RULES + 1) * LINE_MAX)

#define LOOK_NS (60 * CLOCK_NS_PER_SEC)
/* A hit that is so much younger than what is written is worth a write: people ask for days. */
#define STEP_NS (600 * CLOCK_NS_PER_SEC)
/* So old what is written gets at most. */
#define AGE_NS (3600 * CLOCK_NS_PER_SEC)
/* Traffic that nobody counted for longer than that ends the record: it begins anew, with the last hits of before. */
#define GAP_NS (2 * AGE_NS)

struct kept_hit {
	uint64_t rule; /* hash of what it says */
	uint64_t since_ns, last_ns;
};

struct kept_hits {
	struct kept_hit *all;
	size_t count;
	bool has_gap;
};

static uint64_t hash_of_rule(const struct egret_rule_text *text)
{
	uint64_t hash = hash_bytes(HASH_BEGIN, text->text, strlen(text->text));

	return hash_bytes(hash, (const char *)&text->dests_hash, sizeof(text->dests_hash));
}

/* --- what is kept --- */

static int by_rule(const void *a, const void *b)
{
	const struct kept_hit *left = a, *right = b;

	return (left->rule > right->rule) - (left->rule < right->rule);
}

/* Between the last write and now, as far as this machine ran. */
static bool has_gap(uint64_t written_ns)
{
	uint64_t now = clock_realtime_ns(), up_ns = clock_read_ns(CLOCK_BOOTTIME);
	uint64_t booted_ns = now > up_ns ? now - up_ns : 0, from = written_ns > booted_ns ? written_ns : booted_ns;

	return now > from + GAP_NS;
}

/* A line that is not as it was written is left out. */
static void parse(const char *text, struct kept_hits *ret)
{
	uint64_t written_ns;

	if (sscanf(text, HEADING " %" SCNu64, &written_ns) != 1)
		return;
	ret->has_gap = has_gap(written_ns);
	ret->all = calloc(EGRET_MAX_RULES, sizeof(*ret->all));
	for (text = strchr(text, '\n'); ret->all && text && ret->count < EGRET_MAX_RULES;
	     text = strchr(text + 1, '\n')) {
		struct kept_hit *hit = &ret->all[ret->count];

		if (sscanf(text + 1, "%" SCNx64 " %" SCNu64 " %" SCNu64, &hit->rule, &hit->since_ns, &hit->last_ns) ==
		    3)
			ret->count++;
	}
	if (ret->count)
		qsort(ret->all, ret->count, sizeof(*ret->all), by_rule);
}

static void read_kept(const char *path, const char *instance, struct kept_hits *ret)
{
	struct error ignored;
	int state = path ? state_open(path, false, &ignored) : -1, rc;
	char *bytes;
	size_t len;

	if (state < 0)
		return;
	rc = state_read_hits(state, instance, MAX_BYTES, &bytes, &len);
	close(state);
	if (rc)
		return;
	bytes[len] = '\0'; /* there is room for it: state_read_policy */
	parse(bytes, ret);
	free(bytes);
}

struct recalling {
	struct kernel *kernel;
	const struct kept_hits *kept;
	uint64_t now;
};

static int recall_rule(void *context, uint32_t rule, const struct egret_rule_text *text)
{
	const struct recalling *recalling = context;
	struct kept_hit like = {.rule = hash_of_rule(text)};
	const struct kept_hit *kept =
	    bsearch(&like, recalling->kept->all, recalling->kept->count, sizeof(like), by_rule);
	struct egret_hit hit;

	if (!kept || kernel_get_hit(recalling->kernel, rule, &hit) || hit.since_ns)
		return 0;
	hit.since_ns = recalling->kept->has_gap || kept->since_ns > recalling->now ? recalling->now : kept->since_ns;
	if (!hit.last_ns && kept->last_ns <= recalling->now)
		hit.last_ns = kept->last_ns;
	kernel_set_hit(recalling->kernel, rule, &hit);
	return 0;
}

void hit_record_recall(struct hit_record *record, struct kernel *kernel, const char *state, const char *instance)
{
	struct kept_hits kept = {};
	struct recalling recalling = {kernel, &kept, clock_realtime_ns()};

	read_kept(state, instance, &kept);
	if (kept.count)
		kernel_each_rule(kernel, recall_rule, &recalling);
	free(kept.all);
	*record = (struct hit_record){.recalled = true};
}

/* --- what is written --- */

struct keeping {
	const struct kernel *kernel;
	FILE *out;
	uint64_t hash;
};

static int keep_rule(void *context, uint32_t rule, const struct egret_rule_text *text)
{
	struct keeping *keeping = context;
	uint64_t key = hash_of_rule(text), said[3];
	struct egret_hit hit;

	if (kernel_get_hit(keeping->kernel, rule, &hit) || !hit.since_ns)
		return 0;
	fprintf(keeping->out, "%016" PRIx64 " %llu %llu\n", key, (unsigned long long)hit.since_ns,
		(unsigned long long)hit.last_ns);
	memcpy(said, (uint64_t[]){key, hit.since_ns / STEP_NS, hit.last_ns / STEP_NS}, sizeof(said));
	keeping->hash = hash_bytes(keeping->hash, (const char *)said, sizeof(said));
	return 0;
}

/* Whether it can be written the last good policy tells, which lies beside it (keep.c). */
static int write_kept(const char *path, const char *instance, const char *bytes, size_t len)
{
	struct error ignored;
	int state = state_open(path, false, &ignored), rc;

	if (state < 0)
		return state;
	rc = state_write_hits(state, instance, bytes, len);
	close(state);
	return rc;
}

void hit_record_keep(struct hit_record *record, const struct kernel *kernel, const char *state, const char *instance,
		     bool last)
{
	uint64_t now = clock_realtime_ns(), hour = now / AGE_NS;
	struct keeping keeping = {.kernel = kernel};
	char *bytes = NULL;
	size_t len = 0;

	if (!state || !record->recalled || (!last && clock_now_ns() < record->look_ns))
		return;
	record->look_ns = clock_now_ns() + LOOK_NS;
	keeping.hash = hash_bytes(HASH_BEGIN, (const char *)&hour, sizeof(hour));
	keeping.out = open_memstream(&bytes, &len);
	if (!keeping.out)
		return;
	fprintf(keeping.out, HEADING " %llu\n", (unsigned long long)now);
	kernel_each_rule(kernel, keep_rule, &keeping);
	if (!fclose(keeping.out) && (last || keeping.hash != record->hash) && !write_kept(state, instance, bytes, len))
		record->hash = keeping.hash;
	free(bytes);
}
