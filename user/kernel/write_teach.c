// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Teaching from user space: what programs could not read from a stream, they want the agent to ask. */
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../compile/compile.h"
#include "egret_learn.h"
#include "tick.h"
#include "write_learned.h"
#include "write_settings.h"

/* As ring_enter of bpf/learned.h does it. */
static int enter_ring(const struct kernel *kernel, uint64_t subject, const struct egret_learned_key *key)
{
	struct egret_ring_key place = {.subject = subject};
	struct egret_teacher teacher = {};
	struct egret_learned_key before;
	struct egret_learned old;

	bpf_map_lookup_elem(kernel->maps[MAP_teachers], &subject, &teacher);
	place.place = egret_ring_place(&teacher);
	teacher.next++;
	if (bpf_map_update_elem(kernel->maps[MAP_teachers], &subject, &teacher, BPF_ANY))
		return -errno;
	if (!bpf_map_lookup_elem(kernel->maps[MAP_rings], &place, &before) &&
	    !bpf_map_lookup_elem(kernel->maps[MAP_learned], &before, &old) && egret_goes_with_ring(&old, subject))
		bpf_map_delete_elem(kernel->maps[MAP_learned], &before);
	return bpf_map_update_elem(kernel->maps[MAP_rings], &place, key, BPF_ANY) ? -errno : 0;
}

int learned_teach(struct kernel *kernel, const struct egret_learned_key *key, uint64_t subject,
		  const struct egret_lesson *lesson)
{
	struct egret_learned learned = {.subject = subject};
	struct egret_lesson *place;
	int rc;

	if (bpf_map_lookup_elem(kernel->maps[MAP_learned], key, &learned)) {
		rc = enter_ring(kernel, subject, key);
		if (rc)
			return rc;
	}
	if (learned.subject != subject)
		learned.shared = 1;
	place = egret_lesson_place(learned.lessons, lesson->name, lesson->rule_names, kernel_tick_now());
	egret_lesson_write(place, lesson->name, lesson->rule_names, lesson->suffixes, lesson->expires_tick);
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

/* Do rules deny some ports of the name? */
static bool name_denies(const struct compiled *compiled, const char *name)
{
	uint32_t index = compiled_name_teacher(compiled, name);

	return index && compiled->name_dests[index - 1].flags & EGRET_DEST_DENIES;
}

int kernel_teach(struct kernel *kernel, const struct compiled *compiled, const struct egret_wanted *wanted,
		 const struct egret_addr *addr, uint32_t ttl_sec)
{
	const struct egret_learned_key key = {.addr = *addr, .scope = wanted->scope};
	struct egret_lesson lesson;
	struct egret_asked asked;
	int rc;

	if (kernel_get_asked(kernel, wanted->name, &asked))
		return 0;
	rc = kernel_lesson_of(kernel, asked.name, addr, &lesson);
	if (rc || !lesson.rule_names[handle_slot(kernel)])
		return rc;
	lesson.expires_tick = egret_lesson_ends(ttl_sec, kernel_settings(kernel), kernel_tick_now(), tick_hz());
	rc = learned_teach(kernel, &key, wanted->subject, &lesson);
	if (rc)
		return rc;
	if (name_denies(compiled, asked.name)) /* what allows the address otherwise is judged again, too */
		forget_verdicts(kernel->config);
	else
		kernel_forget_denials(kernel);
	return 0;
}
