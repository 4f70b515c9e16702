// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Teaching from user space: what programs could not read from a stream, they want the agent to ask. */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../compile/compile.h"
#include "name_key.h"
#include "tick.h"
#include "write_learned.h"

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

int learned_teach(struct kernel *kernel, const struct egret_learned_key *key, uint64_t subject,
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

int wanted_open(struct kernel *kernel)
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
	return kernel_tick_now() + (uint64_t)ttl_sec * tick_hz();
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
	lesson.rule_names[handle_slot(kernel)] = name_key(compiled->names[index - 1], kernel->hash_keys);
	name_suffixes(asked.name, kernel->hash_keys, lesson.suffixes);
	rc = learned_teach(kernel, &key, wanted->subject, &lesson);
	if (!rc)
		kernel_forget_denials(kernel);
	return rc;
}
