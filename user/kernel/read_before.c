// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "read_before.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "../base/text.h"
#include "../compile/compile.h"
#include "egret_before.h"
#include "layout_before.h"
#include "maps.h"
#include "pins.h"
#include "tick.h"

enum before_map {
	BEFORE_META,
	BEFORE_CONFIG,
	BEFORE_TEXTS,
	BEFORE_RULES,
	BEFORE_COUNTERS,
	BEFORE_HITS,
	BEFORE_LEARNED,
	BEFORE_SEEN,
	BEFORE_ASKED,
	BEFORE_SOCKETS,
	BEFORE_MAPS
};

static const struct {
	const char *name;
	uint32_t key_size, value_size;
} shapes[BEFORE_MAPS] = {
    [BEFORE_META] = {"meta", sizeof(uint32_t), 0}, /* by version */
    [BEFORE_CONFIG] = {"config", sizeof(uint32_t), BEFORE_CONFIG_SIZE},
    [BEFORE_TEXTS] = {"texts", sizeof(uint32_t), sizeof(uint32_t)}, /* one inner map a slot */
    [BEFORE_RULES] = {"rules", sizeof(uint32_t), sizeof(uint32_t)},
    [BEFORE_COUNTERS] = {"counters", sizeof(uint32_t), sizeof(struct before_counter)},
    [BEFORE_HITS] = {"hits", sizeof(uint32_t), sizeof(struct before_hit)},
    [BEFORE_LEARNED] = {"learned", sizeof(struct before_learned_key), sizeof(struct before_learned)},
    [BEFORE_SEEN] = {"seen", sizeof(uint32_t), sizeof(struct before_seen_bucket)},
    [BEFORE_ASKED] = {"asked", sizeof(uint64_t), sizeof(struct before_asked)},
    [BEFORE_SOCKETS] = {"sockets", sizeof(int), sizeof(struct egret_before_sock)},
};

struct before {
	int maps[BEFORE_MAPS];
	__u64 hash_keys[BEFORE_HASH_KEYS];
	bool of_0_1;
	uint32_t generation; /* lowest bit = slot of the tables; 0 = no policy */
};

/* --- opening --- */

static bool fits(int fd, enum before_map map, struct bpf_map_info *ret)
{
	__u32 len = sizeof(*ret);

	*ret = (struct bpf_map_info){};
	return fd >= 0 && !bpf_obj_get_info_by_fd(fd, ret, &len) && ret->key_size == shapes[map].key_size &&
	       (!shapes[map].value_size || ret->value_size == shapes[map].value_size);
}

static bool open_maps(struct before *before, const char *instance, uint32_t *ret_meta_size)
{
	struct bpf_map_info info;
	char path[PIN_PATH_SIZE];

	for (int i = 0; i < BEFORE_MAPS; i++) {
		pin_path(path, instance, "map", shapes[i].name);
		before->maps[i] = bpf_obj_get(path);
		if (!fits(before->maps[i], i, &info))
			return false;
		if (i == BEFORE_META)
			*ret_meta_size = info.value_size;
	}
	return true;
}

/* Which version it is of; false: of none that is known. */
static bool read_meta(struct before *before, uint32_t size)
{
	union {
		struct before_meta_0_1 v0_1;
		struct before_meta_5 v5;
		char all[BEFORE_META_5_SIZE];
	} meta = {};
	uint32_t zero = 0;

	if ((size != sizeof(meta.v0_1) && size != sizeof(meta.all)) ||
	    bpf_map_lookup_elem(before->maps[BEFORE_META], &zero, &meta))
		return false;
	before->of_0_1 = size == sizeof(meta.v0_1);
	if (before->of_0_1 && meta.v0_1.abi == BEFORE_ABI_0_1)
		memcpy(before->hash_keys, meta.v0_1.hash_keys, sizeof(before->hash_keys));
	else if (!before->of_0_1 && meta.v5.abi == BEFORE_ABI_5)
		memcpy(before->hash_keys, meta.v5.hash_keys, sizeof(before->hash_keys));
	return before->hash_keys[0];
}

static bool read_config(struct before *before)
{
	uint32_t config[BEFORE_CONFIG_SIZE / sizeof(uint32_t)], zero = 0;

	if (bpf_map_lookup_elem(before->maps[BEFORE_CONFIG], &zero, config))
		return false;
	before->generation = config[0];
	return true;
}

struct before *before_open(const char *instance)
{
	struct before *before = calloc(1, sizeof(*before));
	uint32_t meta_size = 0;

	if (!before)
		return NULL;
	for (int i = 0; i < BEFORE_MAPS; i++)
		before->maps[i] = -1;
	if (open_maps(before, instance, &meta_size) && read_meta(before, meta_size) && read_config(before))
		return before;
	before_close(before);
	return NULL;
}

void before_close(struct before *before)
{
	if (!before)
		return;
	for (int i = 0; i < BEFORE_MAPS; i++)
		if (before->maps[i] >= 0)
			close(before->maps[i]);
	free(before);
}

const __u64 *before_hash_keys(const struct before *before)
{
	return before->hash_keys;
}

int before_sockets(const struct before *before)
{
	return before->maps[BEFORE_SOCKETS];
}

/* --- rules --- */

uint32_t before_generation(const struct before *before)
{
	return before->generation;
}

/* A table of the policy that rules; -ENOENT: none does. */
static int open_table(const struct before *before, enum before_map map, uint32_t value_size, uint32_t *ret_count)
{
	uint32_t slot = before->generation & 1, id;
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int fd;

	if (!before->generation || bpf_map_lookup_elem(before->maps[map], &slot, &id))
		return -ENOENT;
	fd = bpf_map_get_fd_by_id(id);
	if (fd < 0)
		return -errno;
	if (!bpf_obj_get_info_by_fd(fd, &info, &len) && info.value_size == value_size &&
	    info.max_entries <= EGRET_MAX_RULES) {
		*ret_count = info.max_entries;
		return fd;
	}
	close(fd);
	return -EPROTO;
}

/* Release 0.1.0 had no `private`, which ends the hash since then (hash_dests of compile/rule_text.c). */
static uint32_t dests_hash(const struct before *before, uint32_t hash)
{
	return before->of_0_1 ? hash * 16777619U : hash;
}

static void text_of(const struct before_text *before, struct egret_rule_text *ret)
{
	*ret = (struct egret_rule_text){
	    .line = before->line, .app = before->app, .position = before->position, .dests_hash = before->dests_hash};
	_Static_assert(sizeof(ret->text) == sizeof(before->text) && sizeof(ret->purpose) == sizeof(before->purpose) &&
			   sizeof(ret->file) == sizeof(before->file),
		       "texts are as long as before");
	memcpy(ret->text, before->text, sizeof(ret->text));
	memcpy(ret->purpose, before->purpose, sizeof(ret->purpose));
	memcpy(ret->file, before->file, sizeof(ret->file));
}

static int read_texts(const struct before *before, struct egret_rule_text **ret, uint32_t *ret_count)
{
	int fd = open_table(before, BEFORE_TEXTS, sizeof(struct before_text), ret_count);
	struct before_text text;

	if (fd < 0)
		return fd;
	*ret = calloc(*ret_count + 1, sizeof(**ret));
	for (uint32_t i = 0; *ret && i < *ret_count; i++)
		if (!bpf_map_lookup_elem(fd, &i, &text)) {
			text.dests_hash = dests_hash(before, text.dests_hash);
			text_of(&text, *ret + i);
		}
	close(fd);
	return *ret ? 0 : -ENOMEM;
}

/* As many as there are texts. Only when they were born is of use: their ports are the old policy's. */
static int read_born(const struct before *before, uint32_t text_count, struct egret_rule **ret)
{
	uint32_t count;
	int fd = open_table(before, BEFORE_RULES, sizeof(struct before_rule), &count);
	struct before_rule rule;

	if (fd < 0)
		return fd;
	*ret = calloc(text_count + 1, sizeof(**ret));
	for (uint32_t i = 0; *ret && i < text_count; i++)
		if (!bpf_map_lookup_elem(fd, &i, &rule))
			(*ret)[i].born = rule.born;
	close(fd);
	return *ret ? 0 : -ENOMEM;
}

int before_read_rules(const struct before *before, struct rules_before *ret)
{
	struct egret_rule_text *texts = NULL;
	struct egret_rule *rules = NULL;
	uint32_t count = 0;
	int rc = read_texts(before, &texts, &count);

	if (!rc)
		rc = read_born(before, count, &rules);
	*ret = (struct rules_before){};
	if (!rc) {
		*ret = (struct rules_before){texts, rules, count};
		return 0;
	}
	free(texts);
	free(rules);
	return rc == -ENOENT ? 0 : rc;
}

int before_get_counts(const struct before *before, uint32_t rule, struct egret_counter *ret, struct egret_hit *ret_hit)
{
	struct before_hit hit;
	int rc;

	_Static_assert(sizeof(*ret) == sizeof(struct before_counter), "what is counted has one form");
	rc = map_sum_over_cpus(before->maps[BEFORE_COUNTERS], rule, ret);
	if (rc)
		return rc;
	if (bpf_map_lookup_elem(before->maps[BEFORE_HITS], &rule, &hit))
		return -errno;
	*ret_hit = (struct egret_hit){.packets = hit.packets, .last_ns = hit.last_ns};
	return 0;
}

/* --- what answers taught --- */

struct taught_walk {
	const struct before *before;
	uint64_t now_tick;
	int (*visit)(void *context, const struct before_taught *taught);
	void *context;
};

static int hand_out(const struct taught_walk *walk, struct before_taught *taught, uint64_t expires_tick)
{
	int64_t left = (int64_t)(expires_tick - walk->now_tick);

	if (!taught->name || left <= 0)
		return 0;
	taught->left_sec = left / tick_hz() < UINT32_MAX ? left / tick_hz() : UINT32_MAX;
	return walk->visit(walk->context, taught);
}

static int visit_learned(void *context, const void *entry)
{
	const struct taught_walk *walk = context;
	const struct before_learned_key *key = entry;
	struct before_learned learned;
	int rc = 0;

	if (bpf_map_lookup_elem(walk->before->maps[BEFORE_LEARNED], key, &learned))
		return 0; /* it went meanwhile */
	for (int i = 0; i < BEFORE_LESSONS && !rc; i++) {
		struct before_taught taught = {.addr = key->addr,
					       .name = learned.lessons[i].name,
					       .scope = key->scope,
					       .subject = learned.subject,
					       .shared = learned.shared};

		rc = hand_out(walk, &taught, learned.lessons[i].expires_tick);
	}
	return rc;
}

static int visit_seen(const struct taught_walk *walk, const struct before_seen *seen)
{
	struct before_taught taught = {
	    .addr = seen->key.addr, .name = seen->name, .scope = seen->key.scope, .subject = seen->subject};

	if (!seen->untaught)
		return 0;
	return hand_out(walk, &taught, seen->expires_tick);
}

static int each_seen(const struct taught_walk *walk)
{
	struct before_seen_bucket bucket;
	int rc = 0;

	for (uint32_t i = 0;
	     !rc && !bpf_map_lookup_elem_flags(walk->before->maps[BEFORE_SEEN], &i, &bucket, BPF_F_LOCK); i++)
		for (int place = 0; place < BEFORE_SEEN_PLACES && !rc; place++)
			rc = visit_seen(walk, &bucket.places[place]);
	return rc;
}

int before_each_taught(const struct before *before, uint64_t now_tick,
		       int (*visit)(void *context, const struct before_taught *taught), void *context)
{
	struct taught_walk walk = {before, now_tick, visit, context};
	struct before_learned_key keys[2];
	int rc;

	/* What no rule has comes first: what rules have is the newest in its subject's share. */
	rc = each_seen(&walk);
	if (!rc)
		rc = map_each_entry(before->maps[BEFORE_LEARNED], 2 * BEFORE_MAX_LEARNED,
				    (void *[]){&keys[0], &keys[1]}, visit_learned, &walk);
	return rc;
}

int before_get_asked(const struct before *before, uint64_t name, struct egret_asked *ret)
{
	struct before_asked asked;

	if (bpf_map_lookup_elem(before->maps[BEFORE_ASKED], &name, &asked))
		return -errno;
	_Static_assert(sizeof(ret->name) == sizeof(asked.name), "names are as long as before");
	memcpy(ret->name, asked.name, sizeof(ret->name));
	text_make_printable(ret->name, sizeof(ret->name));
	return 0;
}
