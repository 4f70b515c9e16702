// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What DNS answers taught: reading it, and carrying it over to another policy. */
#include "internal.h"
#include "name_key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../base/clock.h"
#include "../base/text.h"

uint32_t kernel_tick_hz(void)
{
	struct timespec resolution;

	/* The coarse clocks advance once a tick: clock_getres(2). */
	if (clock_getres(CLOCK_MONOTONIC_COARSE, &resolution) || !resolution.tv_nsec)
		return 250;
	return (1000000000 + resolution.tv_nsec / 2) / resolution.tv_nsec;
}

uint64_t kernel_tick_now(void)
{
	uint64_t hz = kernel_tick_hz();
	/* include/linux/jiffies.h, INITIAL_JIFFIES: the count begins five minutes before 2^32. */
	uint64_t first = (uint32_t)(-300 * (int32_t)hz);

	return first + clock_kernel_ns() / (CLOCK_NS_PER_SEC / hz);
}

int64_t kernel_seconds_until(uint64_t tick)
{
	return (int64_t)(tick - kernel_tick_now()) / (int64_t)kernel_tick_hz();
}

struct learned_walk {
	int fd;
	int (*visit)(void *context, const struct egret_learned_key *key, const struct egret_learned *learned);
	void *context;
};

static int visit_learned(void *context, const void *key)
{
	struct learned_walk *walk = context;
	struct egret_learned learned;

	if (bpf_map_lookup_elem(walk->fd, key, &learned))
		return 0;
	return walk->visit(walk->context, key, &learned);
}

int kernel_each_learned(const struct kernel *kernel,
			int (*visit)(void *context, const struct egret_learned_key *key,
				     const struct egret_learned *learned),
			void *context)
{
	struct learned_walk walk = {kernel->maps[MAP_learned], visit, context};
	struct egret_learned_key keys[2];

	return kernel_each_entry(walk.fd, 2 * EGRET_MAX_LEARNED, (void *[]){&keys[0], &keys[1]}, visit_learned, &walk);
}

void kernel_each_seen(const struct kernel *kernel, void (*visit)(void *context, const struct egret_seen *seen),
		      void *context)
{
	struct egret_seen_bucket bucket;

	for (uint32_t i = 0; i < EGRET_SEEN_BUCKETS; i++) {
		if (bpf_map_lookup_elem_flags(kernel->maps[MAP_seen], &i, &bucket, BPF_F_LOCK))
			continue;
		for (size_t j = 0; j < EGRET_SEEN_PLACES; j++) {
			if (bucket.places[j].name)
				visit(context, &bucket.places[j]);
		}
	}
}

int kernel_get_asked(const struct kernel *kernel, uint64_t key, struct egret_asked *ret)
{
	if (bpf_map_lookup_elem(kernel->maps[MAP_asked], &key, ret))
		return -errno;
	text_make_printable(ret->name, sizeof(ret->name));
	return 0;
}

int kernel_get_lesson(const struct kernel *kernel, uint32_t kind, struct egret_counter *ret)
{
	return kernel_sum_over_cpus(kernel->maps[MAP_lessons], kind, ret);
}

uint64_t kernel_name_key(const struct kernel *kernel, const char *text)
{
	struct egret_meta meta;

	return kernel_get_meta(kernel, &meta) ? 0 : name_key(text, meta.hash_keys);
}

/* --- for another policy --- */

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
	return 0; /* gone meanwhile: so it is */
}

/* --- teaching from user space --- */

/* As ring_enter of bpf/learned.h: the subject's oldest makes room. */
static int enter_ring(const struct kernel *kernel, uint64_t subject, const struct egret_learned_key *key)
{
	struct egret_ring_key place = {.subject = subject};
	struct egret_teacher teacher = {};
	struct egret_learned_key before;
	struct egret_learned old;

	bpf_map_lookup_elem(kernel->maps[MAP_teachers], &subject, &teacher);
	place.place = teacher.next++ % EGRET_LEARNED_PER_SUBJECT;
	if (bpf_map_update_elem(kernel->maps[MAP_teachers], &subject, &teacher, BPF_ANY))
		return -errno;
	if (!bpf_map_lookup_elem(kernel->maps[MAP_rings], &place, &before) &&
	    !bpf_map_lookup_elem(kernel->maps[MAP_learned], &before, &old) && old.subject == subject && !old.shared)
		bpf_map_delete_elem(kernel->maps[MAP_learned], &before);
	return bpf_map_update_elem(kernel->maps[MAP_rings], &place, key, BPF_ANY) ? -errno : 0;
}

/* The lesson of this name, or else the one that ends first; free ones ended at 0. */
static struct egret_lesson *lesson_of(struct egret_learned *learned, uint64_t name)
{
	struct egret_lesson *best = &learned->lessons[0];

	for (size_t i = 0; i < EGRET_LEARNED_NAMES; i++) {
		struct egret_lesson *lesson = &learned->lessons[i];

		if (lesson->name == name)
			return lesson;
		if ((int64_t)(lesson->expires_tick - best->expires_tick) < 0)
			best = lesson;
	}
	return best;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) > 0 ? a : b;
}

static int teach(struct kernel *kernel, const struct egret_learned_key *key, uint64_t subject,
		 const struct egret_lesson *lesson)
{
	struct egret_learned learned = {.subject = subject};
	struct egret_lesson *place;
	uint64_t expires_tick;
	int rc;

	if (bpf_map_lookup_elem(kernel->maps[MAP_learned], key, &learned)) {
		rc = enter_ring(kernel, subject, key);
		if (rc)
			return rc;
	}
	if (learned.subject != subject)
		learned.shared = 1;
	place = lesson_of(&learned, lesson->name);
	expires_tick =
	    place->name == lesson->name ? later(place->expires_tick, lesson->expires_tick) : lesson->expires_tick;
	*place = *lesson;
	place->expires_tick = expires_tick;
	return bpf_map_update_elem(kernel->maps[MAP_learned], key, &learned, BPF_ANY) ? -errno : 0;
}

/* An answer that taught nothing under the policy of its time: now it does. */
static bool match_seen(const struct matching *matching, const struct egret_seen *seen)
{
	struct egret_lesson lesson = {.name = seen->name, .expires_tick = seen->expires_tick};

	if (!seen->untaught || (int64_t)(seen->expires_tick - matching->now_tick) <= 0)
		return false;
	memcpy(lesson.suffixes, seen->suffixes, sizeof(lesson.suffixes));
	lesson.rule_names[matching->slot] =
	    match_lesson(matching, compiled_addr_need(matching->compiled, &seen->key.addr), seen->name, seen->suffixes);
	return lesson.rule_names[matching->slot] && !teach(matching->kernel, &seen->key, seen->subject, &lesson);
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
		/* Once: what the subject's newer addresses push out then is not brought back. */
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

/* --- what ended --- */

/* What ended lately may be learned again at this moment. */
#define SWEEP_AFTER_SEC 60

static bool ended_long_ago(const struct egret_learned *learned, uint64_t now_tick)
{
	uint64_t before = now_tick - (uint64_t)SWEEP_AFTER_SEC * kernel_tick_hz();

	for (size_t i = 0; i < EGRET_LEARNED_NAMES; i++) {
		if ((int64_t)(learned->lessons[i].expires_tick - before) > 0)
			return false;
	}
	return true;
}

/* Learned again between the look and the deletion? Then it is put back at once. */
static int sweep_learned(void *context, const struct egret_learned_key *key, const struct egret_learned *learned)
{
	const struct kernel *kernel = context;
	uint64_t now_tick = kernel_tick_now();
	struct egret_learned gone;

	if (!ended_long_ago(learned, now_tick))
		return 0;
	/* BPF_MAP_LOOKUP_AND_DELETE_ELEM of a hash: 5.14. */
	if (!bpf_map_lookup_and_delete_elem(kernel->maps[MAP_learned], key, &gone)) {
		if (!ended_long_ago(&gone, now_tick))
			bpf_map_update_elem(kernel->maps[MAP_learned], key, &gone, BPF_NOEXIST);
	} else if (errno != ENOENT) {
		bpf_map_delete_elem(kernel->maps[MAP_learned], key);
	}
	return 0;
}

/* A place in the ring of a subject whose address went. */
static int sweep_ring(void *context, const void *place)
{
	const struct kernel *kernel = context;
	struct egret_learned_key key;
	struct egret_learned learned;

	if (!bpf_map_lookup_elem(kernel->maps[MAP_rings], place, &key) &&
	    bpf_map_lookup_elem(kernel->maps[MAP_learned], &key, &learned))
		bpf_map_delete_elem(kernel->maps[MAP_rings], place);
	return 0;
}

int kernel_sweep_learned(struct kernel *kernel)
{
	struct egret_ring_key keys[2];
	int rc = kernel_each_learned(kernel, sweep_learned, kernel);

	if (rc)
		return rc;
	return kernel_each_entry(kernel->maps[MAP_rings], 2 * EGRET_MAX_LEARNED, (void *[]){&keys[0], &keys[1]},
				 sweep_ring, kernel);
}

/* --- what programs want to be resolved --- */

int kernel_wanted_fd(const struct kernel *kernel)
{
	return ring_buffer__epoll_fd(kernel->wanted);
}

struct wanted_visit {
	void (*visit)(void *context, const struct egret_wanted *wanted);
	void *context;
};

static int visit_wanted(void *context, void *data, size_t size)
{
	const struct wanted_visit *visit = *(struct wanted_visit *const *)context;

	if (size >= sizeof(struct egret_wanted))
		visit->visit(visit->context, data);
	return 0;
}

int kernel_take_wanted(struct kernel *kernel, void (*visit)(void *context, const struct egret_wanted *wanted),
		       void *context)
{
	struct wanted_visit one = {visit, context};
	int rc;

	kernel->wanted_visit = &one;
	rc = ring_buffer__consume(kernel->wanted);
	kernel->wanted_visit = NULL;
	return rc < 0 ? rc : 0;
}

int kernel_open_wanted(struct kernel *kernel)
{
	kernel->wanted = ring_buffer__new(kernel->maps[MAP_wanted], visit_wanted, &kernel->wanted_visit, NULL);
	return kernel->wanted ? 0 : -errno;
}

static uint64_t expiry_of(const struct kernel *kernel, uint32_t ttl_sec)
{
	if (ttl_sec < kernel->config->min_ttl_sec)
		ttl_sec = kernel->config->min_ttl_sec;
	if (ttl_sec > kernel->config->max_ttl_sec)
		ttl_sec = kernel->config->max_ttl_sec;
	return kernel_tick_now() + (uint64_t)ttl_sec * kernel_tick_hz();
}

int kernel_teach(struct kernel *kernel, const struct compiled *compiled, const struct egret_wanted *wanted,
		 const struct egret_addr *addr, uint32_t ttl_sec)
{
	struct egret_learned_key key = {.addr = *addr, .scope = wanted->scope};
	struct egret_lesson lesson = {.name = wanted->name, .expires_tick = expiry_of(kernel, ttl_sec)};
	struct egret_asked asked;
	uint32_t index;
	int rc;

	if (kernel_get_asked(kernel, wanted->name, &asked))
		return 0;
	index = compiled_name_teacher(compiled, asked.name);
	if (!index || !egret_meets(compiled->name_dests[index - 1].flags, compiled_addr_need(compiled, addr)))
		return 0;
	lesson.rule_names[kernel->config->generation & (EGRET_POLICY_SLOTS - 1)] =
	    name_key(compiled->names[index - 1], kernel->hash_keys);
	name_suffixes(asked.name, kernel->hash_keys, lesson.suffixes);
	rc = teach(kernel, &key, wanted->subject, &lesson);
	if (!rc)
		kernel_forget_denials(kernel);
	return rc;
}

void kernel_count_lesson(struct kernel *kernel, uint32_t kind)
{
	int cpus = libbpf_num_possible_cpus();
	struct egret_counter *counters = cpus > 0 ? calloc((size_t)cpus, sizeof(*counters)) : NULL;

	if (!counters)
		return;
	if (!bpf_map_lookup_elem(kernel->maps[MAP_lessons], &kind, counters)) {
		counters[0].packets++;
		bpf_map_update_elem(kernel->maps[MAP_lessons], &kind, counters, BPF_ANY);
	}
	free(counters);
}
