// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "write_rule_ids.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../compile/compile.h"
#include "egret_reasons.h"
#include "egret_limits.h"

/* A rule, to be found by what it says. */
struct known {
	const struct egret_rule_text *text;
	uint32_t index;
};

static int compare_texts(const struct egret_rule_text *a, const struct egret_rule_text *b)
{
	int order = strncmp(a->text, b->text, sizeof(a->text));

	if (!order)
		order = strncmp(a->file, b->file, sizeof(a->file));
	return order ? order : (a->dests_hash > b->dests_hash) - (a->dests_hash < b->dests_hash);
}

/* Of several that say the same, the first is the first. */
static int compare_known(const void *left, const void *right)
{
	const struct known *a = left, *b = right;
	int order = compare_texts(a->text, b->text);

	if (!order)
		order = (a->text->position > b->text->position) - (a->text->position < b->text->position);
	return order;
}

static struct known *sort_known(const struct egret_rule_text *texts, size_t count, size_t *ret_count)
{
	struct known *known = calloc(count + 1, sizeof(*known));
	size_t found = 0;

	for (size_t i = 0; known && i < count; i++) {
		if (texts[i].text[0]) /* ids that no rule has */
			known[found++] = (struct known){&texts[i], (uint32_t)i};
	}
	if (found)
		qsort(known, found, sizeof(*known), compare_known);
	*ret_count = found;
	return known;
}

/* All values of a table of the slot that rules; none if none does. */
static int read_table(const struct kernel *kernel, enum kernel_map map, size_t value_size, void **ret,
		      size_t *ret_count)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int fd = handle_inner_fd(kernel, map), rc = 0;
	uint8_t *values;

	*ret = NULL;
	*ret_count = 0;
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.value_size != value_size)
		rc = -EPROTO;
	values = rc ? NULL : calloc(info.max_entries, value_size);
	if (!rc && !values)
		rc = -ENOMEM;
	for (uint32_t i = 0; !rc && i < info.max_entries; i++) {
		if (bpf_map_lookup_elem(fd, &i, values + i * value_size))
			rc = -errno;
	}
	close(fd);
	if (rc) {
		free(values);
		return rc;
	}
	*ret = values;
	*ret_count = info.max_entries;
	return 0;
}

/* Both are sorted the same way. */
static void keep_ids(struct rule_ids *ids, const struct known *old, size_t old_count, const struct known *new,
		     size_t new_count, const struct egret_rule *old_rules)
{
	size_t o = 0, n = 0;

	while (o < old_count && n < new_count) {
		int order = compare_texts(old[o].text, new[n].text);

		if (!order) {
			uint32_t at = new[n].index;

			ids->ids[at] = EGRET_RULE_FIRST + old[o].index;
			ids->borns[at] = old_rules[old[o].index].born;
			ids->kept[at] = true;
		}
		o += order <= 0;
		n += order >= 0;
	}
}

/* First those that the old policy does not use; its own, when nothing else is left. */
static void give_ids(struct rule_ids *ids, const struct egret_rule_text *old, size_t old_count)
{
	static bool taken[EGRET_MAX_RULES];
	bool spare = true;
	size_t next = 0;

	memset(taken, 0, sizeof(taken));
	for (size_t i = 0; i < ids->count; i++) {
		if (ids->kept[i])
			taken[ids->ids[i] - EGRET_RULE_FIRST] = true;
	}
	for (size_t i = 0; i < ids->count; i++) {
		if (ids->kept[i])
			continue;
		while (next < EGRET_MAX_RULES && (taken[next] || (spare && next < old_count && old[next].text[0])))
			next++;
		if (next == EGRET_MAX_RULES) {
			spare = false;
			next = 0;
			i--;
			continue;
		}
		taken[next] = true;
		ids->ids[i] = EGRET_RULE_FIRST + next;
	}
}

static int allocate(struct rule_ids *ids, const struct compiled *compiled)
{
	ids->count = compiled->rule_count;
	ids->ids = calloc(ids->count + 1, sizeof(*ids->ids));
	ids->borns = calloc(ids->count + 1, sizeof(*ids->borns));
	ids->kept = calloc(ids->count + 1, sizeof(*ids->kept));
	if (!ids->ids || !ids->borns || !ids->kept)
		return -ENOMEM;
	for (size_t i = 0; i < ids->count; i++)
		ids->borns[i] = compiled->rules[i].born;
	return 0;
}

int rule_ids_make(const struct kernel *kernel, const struct compiled *compiled, struct rule_ids *ret)
{
	size_t old_count = 0, rules_count = 0, known_old_count, known_new_count;
	struct known *known_old = NULL, *known_new = NULL;
	void *old_texts = NULL, *old_rules = NULL;
	int rc;

	memset(ret, 0, sizeof(*ret));
	rc = allocate(ret, compiled);
	if (!rc)
		rc = read_table(kernel, MAP_texts, sizeof(struct egret_rule_text), &old_texts, &old_count);
	if (!rc)
		rc = read_table(kernel, MAP_rules, sizeof(struct egret_rule), &old_rules, &rules_count);
	if (!rc && rules_count < old_count)
		rc = -EPROTO;
	if (rc)
		goto out;
	known_old = sort_known(old_texts, old_count, &known_old_count);
	known_new = sort_known(compiled->texts, compiled->rule_count, &known_new_count);
	if (!known_old || !known_new) {
		rc = -ENOMEM;
		goto out;
	}
	keep_ids(ret, known_old, known_old_count, known_new, known_new_count, old_rules);
	give_ids(ret, old_texts, old_count);
	for (size_t i = 0; i < ret->count; i++) {
		if (ret->ids[i] - EGRET_RULE_FIRST >= ret->limit)
			ret->limit = ret->ids[i] - EGRET_RULE_FIRST + 1;
	}
out:
	free(known_old);
	free(known_new);
	free(old_texts);
	free(old_rules);
	if (rc)
		rule_ids_free(ret);
	return rc;
}

void rule_ids_free(struct rule_ids *ids)
{
	free(ids->ids);
	free(ids->borns);
	free(ids->kept);
	memset(ids, 0, sizeof(*ids));
}

int rule_ids_apply(const struct rule_ids *ids, const struct compiled *compiled, struct compiled *ret)
{
	struct egret_port *ports = calloc(compiled->port_count + 1, sizeof(*ports));
	struct egret_rule *rules = calloc(ids->limit + 1, sizeof(*rules));
	struct egret_rule_text *texts = calloc(ids->limit + 1, sizeof(*texts));

	if (!ports || !rules || !texts) {
		free(ports);
		free(rules);
		free(texts);
		return -ENOMEM;
	}
	for (size_t i = 0; i < compiled->port_count; i++) {
		ports[i] = compiled->ports[i];
		ports[i].rule = ids->ids[ports[i].rule - EGRET_RULE_FIRST];
	}
	for (size_t i = 0; i < ids->count; i++) {
		size_t at = ids->ids[i] - EGRET_RULE_FIRST;

		rules[at] = compiled->rules[i];
		rules[at].born = ids->borns[i];
		texts[at] = compiled->texts[i];
	}
	*ret = *compiled;
	ret->ports = ports;
	ret->rules = rules;
	ret->texts = texts;
	ret->rule_count = ids->limit;
	return 0;
}

void rule_ids_drop(struct compiled *applied)
{
	free(applied->ports);
	free(applied->rules);
	free(applied->texts);
}

int rule_ids_clear(const struct kernel *kernel, const struct rule_ids *ids)
{
	int cpus = libbpf_num_possible_cpus(), rc = 0;
	struct egret_counter *none = cpus > 0 ? calloc((size_t)cpus, sizeof(*none)) : NULL;
	struct egret_hit never = {};

	if (!none)
		return -ENOMEM;
	for (size_t i = 0; i < ids->count && !rc; i++) {
		uint32_t id = ids->ids[i];

		if (!ids->kept[i] && (bpf_map_update_elem(kernel->maps[MAP_counters], &id, none, BPF_ANY) ||
				      bpf_map_update_elem(kernel->maps[MAP_hits], &id, &never, BPF_ANY)))
			rc = -errno;
	}
	free(none);
	return rc;
}

struct forgetting {
	const struct kernel *kernel;
	bool known[EGRET_RULE_FIRST + EGRET_MAX_RULES];
};

static int forget_denial(void *context, const void *entry)
{
	const struct forgetting *forgetting = context;
	const struct egret_drop_key *key = entry;

	if (key->rule && (key->rule >= EGRET_RULE_FIRST + EGRET_MAX_RULES || !forgetting->known[key->rule]))
		bpf_map_delete_elem(forgetting->kernel->maps[MAP_drops], key);
	return 0;
}

void rule_ids_forget_denials(const struct kernel *kernel, const struct rule_ids *ids)
{
	static struct forgetting forgetting;
	struct egret_drop_key keys[2];

	memset(&forgetting, 0, sizeof(forgetting));
	forgetting.kernel = kernel;
	for (size_t i = 0; i < ids->count; i++)
		forgetting.known[ids->ids[i]] = ids->kept[i];
	map_each_entry(kernel->maps[MAP_drops], 2 * EGRET_MAX_DROPS, (void *[]){&keys[0], &keys[1]}, forget_denial,
		       &forgetting);
}
