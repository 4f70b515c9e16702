// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What was learned, matched anew for another policy. */
#include "write_learned.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "../compile/compile.h"
#include "name_key.h"
#include "tick.h"

/* A name or pattern of the policy that teaches. */
struct rule_key {
	uint64_t key;
	uint16_t flags; /* EGRET_DEST_* */
};

struct matching {
	struct kernel *kernel;
	const struct compiled *compiled;
	uint32_t slot;
	uint64_t now_tick;
	struct rule_key *rule_keys; /* sorted */
	size_t rule_key_count;
	bool deep; /* there are patterns with more labels than a lesson has suffixes */
};

static int compare_keys(const void *left, const void *right)
{
	const struct rule_key *a = left, *b = right;

	return (a->key > b->key) - (a->key < b->key);
}

static const struct rule_key *find_rule_key(const struct matching *matching, uint64_t key)
{
	const struct rule_key wanted = {.key = key};

	return key ? bsearch(&wanted, matching->rule_keys, matching->rule_key_count, sizeof(wanted), compare_keys)
		   : NULL;
}

static size_t label_count(const char *name)
{
	size_t dots = 0;

	for (const char *at = name; *at; at++)
		dots += *at == '.';
	return dots + 1;
}

static int note_rule_keys(struct matching *matching)
{
	const struct compiled *compiled = matching->compiled;

	matching->rule_keys = calloc(compiled->name_count + 1, sizeof(*matching->rule_keys));
	if (!matching->rule_keys)
		return -ENOMEM;
	for (size_t i = 0; i < compiled->name_count; i++) {
		if (!(compiled->name_dests[i].flags & EGRET_DEST_TEACHES))
			continue;
		matching->rule_keys[matching->rule_key_count++] = (struct rule_key){
		    name_key(compiled->names[i], matching->kernel->hash_keys), compiled->name_dests[i].flags};
		matching->deep |= compiled->names[i][0] == '*' && label_count(compiled->names[i]) > EGRET_SUFFIXES + 1;
	}
	qsort(matching->rule_keys, matching->rule_key_count, sizeof(*matching->rule_keys), compare_keys);
	return 0;
}

static bool has_rule_key(const void *policy, uint64_t key)
{
	return find_rule_key(policy, key);
}

/* By its text. Where that is forgotten, nothing speaks for it: a deny could be missed. */
static uint64_t match_text(const struct matching *matching, uint64_t name)
{
	const __u64 *hash_keys = matching->kernel->hash_keys;
	__u64 domains[EGRET_MAX_LABELS];
	struct egret_asked asked;

	if (kernel_get_asked(matching->kernel, name, &asked))
		return 0;
	return name_speaker(name, domains, name_domains(asked.name, hash_keys, domains, EGRET_MAX_LABELS), hash_keys,
			    has_rule_key, matching);
}

/* The key of what speaks for the name now; 0 = nothing does. By keys: its text may be forgotten. */
static uint64_t match_name(const struct matching *matching, uint64_t name, const __u64 suffixes[EGRET_SUFFIXES])
{
	if (!name)
		return 0;
	if (matching->deep && suffixes[EGRET_SUFFIXES - 1] && !find_rule_key(matching, name))
		return match_text(matching, name);
	return name_speaker(name, suffixes, EGRET_SUFFIXES, matching->kernel->hash_keys, has_rule_key, matching);
}

/* The same, but 0 where it may not bring in an address of this need: `private` may have gone, and `set
 * internal` may have grown. */
static uint64_t match_lesson(const struct matching *matching, enum egret_need need, uint64_t name,
			     const __u64 suffixes[EGRET_SUFFIXES])
{
	const struct rule_key *found = find_rule_key(matching, match_name(matching, name, suffixes));

	return found && egret_meets(found->flags, need) ? found->key : 0;
}

static int match_one(void *context, const struct egret_learned_key *key, const struct egret_learned *learned)
{
	const struct matching *matching = context;
	struct egret_learned now = *learned;
	enum egret_need need = compiled_addr_need(matching->compiled, &key->addr);

	for (size_t i = 0; i < EGRET_LEARNED_NAMES; i++) {
		struct egret_lesson *lesson = &now.lessons[i];

		lesson->rule_names[matching->slot] = match_lesson(matching, need, lesson->name, lesson->suffixes);
	}
	if (memcmp(&now, learned, sizeof(now)))
		bpf_map_update_elem(matching->kernel->maps[MAP_learned], key, &now, BPF_EXIST);
	return 0; /* an entry that is gone meanwhile needs no match */
}

/* Teaches an answer that taught nothing under the policy of its time, if a rule has its name now. */
static bool match_seen(const struct matching *matching, const struct egret_seen *seen)
{
	struct egret_lesson lesson = {.name = seen->name, .expires_tick = seen->expires_tick};

	if (!seen->untaught || (int64_t)(seen->expires_tick - matching->now_tick) <= 0)
		return false;
	memcpy(lesson.suffixes, seen->suffixes, sizeof(lesson.suffixes));
	lesson.rule_names[matching->slot] =
	    match_lesson(matching, compiled_addr_need(matching->compiled, &seen->key.addr), seen->name, seen->suffixes);
	return lesson.rule_names[matching->slot] &&
	       !learned_teach(matching->kernel, &seen->key, seen->subject, &lesson);
}

static void match_bucket(const struct matching *matching, uint32_t index)
{
	int fd = matching->kernel->maps[MAP_seen];
	struct egret_seen_bucket bucket;
	bool taught = false;

	if (bpf_map_lookup_elem_flags(fd, &index, &bucket, BPF_F_LOCK))
		return;
	for (size_t i = 0; i < EGRET_SEEN_PLACES; i++) {
		if (!match_seen(matching, &bucket.places[i]))
			continue;
		/* It counts as taught from now on: when newer addresses of the subject push it out, no reload brings it
		 * back. */
		bucket.places[i].untaught = EGRET_UNTAUGHT_NOT;
		taught = true;
	}
	if (taught)
		bpf_map_update_elem(fd, &index, &bucket, BPF_EXIST | BPF_F_LOCK);
}

int learned_match(struct kernel *kernel, const struct compiled *compiled, uint32_t slot)
{
	struct matching matching = {
	    .kernel = kernel, .compiled = compiled, .slot = slot, .now_tick = kernel_tick_now()};
	int rc = note_rule_keys(&matching);

	if (!rc)
		rc = kernel_each_learned(kernel, match_one, &matching);
	for (uint32_t i = 0; i < EGRET_SEEN_BUCKETS && !rc; i++)
		match_bucket(&matching, i);
	free(matching.rule_keys);
	return rc;
}
