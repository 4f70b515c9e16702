// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "existing.h"

#include <errno.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "../subject/cgroup.h"
#include "../subject/tree.h"
#include "verdicts.h"
#include "egret_limits.h"

/* Cookie by cookie: what stands in the map, and what becomes of it. */
struct entry {
	uint64_t cookie;
	struct egret_existing value;
};

struct entries {
	struct entry *all;
	size_t count, capacity;
};

static int add(void *context, uint64_t cookie, const struct egret_existing *value)
{
	struct entries *entries = context;
	size_t capacity = entries->capacity ? 2 * entries->capacity : 64;
	struct entry *all = entries->all;

	if (entries->count == entries->capacity) {
		all = realloc(all, capacity * sizeof(*all));
		if (!all)
			return -ENOMEM;
		entries->all = all;
		entries->capacity = capacity;
	}
	all[entries->count++] = (struct entry){cookie, *value};
	return 0;
}

static uint32_t audience_of_cgroup(uint64_t id, const struct compiled *compiled)
{
	char path[CGROUP_PATH_SIZE];

	if (cgroup_path_of_id(id, path, sizeof(path)))
		return EGRET_AUDIENCE_HOST;
	return compiled_audience_of(compiled, path, tree_path_is_pod(path) ? EGRET_KIND_POD : EGRET_KIND_HOST);
}

/* Many connections have few owners: an owner whose audience is known is looked for among the connections before. */
static void find_audiences(struct verdict *all, size_t count, const struct compiled *compiled)
{
	for (size_t i = 0; i < count; i++) {
		size_t before = i;

		while (before && all[before - 1].of.cgroup_id != all[i].of.cgroup_id)
			before--;
		all[i].audience = before ? all[before - 1].audience : audience_of_cgroup(all[i].of.cgroup_id, compiled);
	}
}

static void judge(const struct kernel *kernel, const struct compiled *compiled, struct entries *entries,
		  const struct connections *now)
{
	struct verdict *verdicts = calloc(entries->count + 1, sizeof(*verdicts));

	if (!verdicts)
		return;
	for (size_t i = 0; i < entries->count; i++) {
		const struct egret_existing *value = &entries->all[i].value;
		const struct connection *seen = connections_with(now, entries->all[i].cookie);

		verdicts[i].of = (struct connection){.cgroup_id = value->cgroup_id,
						     .scope = seen ? seen->scope : 0,
						     .addr = value->addr,
						     .port = value->port};
	}
	find_audiences(verdicts, entries->count, compiled);
	verdicts_make(kernel, compiled, verdicts, entries->count);
	for (size_t i = 0; i < entries->count; i++) {
		entries->all[i].value.allowed = verdicts[i].allowed;
		entries->all[i].value.reason = verdicts[i].reason;
	}
	free(verdicts);
}

/* What is allowed first: if the map has not room for all, that is what makes way. */
static void write_all(struct kernel *kernel, const struct entries *entries)
{
	for (int denied = 0; denied < 2; denied++)
		for (size_t i = 0; i < entries->count; i++)
			if (entries->all[i].value.allowed != denied)
				kernel_set_existing(kernel, entries->all[i].cookie, &entries->all[i].value);
}

void existing_find(struct connections *ret)
{
	/* Connections that cannot be listed here are noted by the programs when they send. */
	if (connections_find_everywhere(ret))
		connections_clear(ret);
}

static bool is_governed(const struct connection *connection, const char *governed)
{
	char path[CGROUP_PATH_SIZE];

	return !cgroup_path_of_id(connection->cgroup_id, path, sizeof(path)) && cgroup_path_is_below(path, governed);
}

void existing_note(struct kernel *kernel, const struct compiled *compiled, int governed_fd,
		   const struct connections *found)
{
	char governed[CGROUP_PATH_SIZE];
	struct entries entries = {};

	if (cgroup_path_of_fd(governed_fd, governed, sizeof(governed)))
		return;
	for (size_t i = 0; i < found->count && entries.count < EGRET_MAX_EXISTING; i++) {
		const struct connection *connection = &found->all[i];
		struct egret_existing value = {.addr = connection->addr,
					       .cgroup_id = connection->cgroup_id,
					       .seen_ns = clock_kernel_ns(),
					       .port = connection->port,
					       .listed = 1};

		if (is_governed(connection, governed) && add(&entries, connection->cookie, &value))
			break;
	}
	judge(kernel, compiled, &entries, found);
	write_all(kernel, &entries);
	free(entries.all);
}

/* One that was never listed is in a namespace that cannot be seen from here: it goes with its cgroup. */
static bool has_ended(const struct egret_existing *value, const struct connection *seen)
{
	char path[CGROUP_PATH_SIZE];

	return !seen && (value->listed || cgroup_path_of_id(value->cgroup_id, path, sizeof(path)));
}

void existing_refresh(struct kernel *kernel, const struct compiled *compiled)
{
	struct entries entries = {};
	struct connections now = {};
	size_t kept = 0;

	if (kernel_each_existing(kernel, add, &entries) || !entries.count || connections_find_everywhere(&now))
		goto out;
	for (size_t i = 0; i < entries.count; i++) {
		struct entry *entry = &entries.all[i];
		const struct connection *seen = connections_with(&now, entry->cookie);

		if (has_ended(&entry->value, seen)) {
			kernel_set_existing(kernel, entry->cookie, NULL);
			continue;
		}
		entry->value.listed |= seen != NULL;
		entries.all[kept++] = *entry;
	}
	entries.count = kept;
	judge(kernel, compiled, &entries, &now);
	write_all(kernel, &entries);
out:
	connections_clear(&now);
	free(entries.all);
}
