// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "absent.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../subject/cgroup.h"
#include "meta.h"

static bool is_there(const char *path)
{
	struct error ignored;
	int fd;

	if (cgroup_open(path, &fd, &ignored))
		return false;
	close(fd);
	return true;
}

/* By a rule, or by a resolver's `served by`. */
struct named {
	const char *path, *file;
	unsigned int line;
	bool serves;
	size_t order;
};

/* By path, the first line of each first, and rules before resolvers. */
static int compare(const void *a, const void *b)
{
	const struct named *left = a, *right = b;
	int order = strcmp(left->path, right->path);

	return order ? order : (left->order > right->order) - (left->order < right->order);
}

static void add_named(struct named *named, size_t *count, struct named one)
{
	if (!one.path)
		return;
	one.order = *count;
	named[(*count)++] = one;
}

/* Those of @policy, in that order; malloc'd. */
static struct named *find_named(const struct policy *policy, size_t *ret_count)
{
	struct named *named = calloc(policy->rule_count + policy->resolver_count + 1, sizeof(*named));
	size_t count = 0;

	for (size_t i = 0; named && i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		add_named(named, &count, (struct named){rule->class.path, rule->file, rule->line, .serves = false});
	}
	for (size_t i = 0; named && i < policy->resolver_count; i++) {
		const struct policy_resolver *resolver = &policy->resolvers[i];

		add_named(named, &count,
			  (struct named){resolver->served_by.path, resolver->file, resolver->line, .serves = true});
	}
	if (count)
		qsort(named, count, sizeof(*named), compare);
	*ret_count = count;
	return named;
}

/* Calls @visit for the first line of each path that is no cgroup. */
static void each_absent(const struct policy *policy, void (*visit)(void *context, const struct named *named),
			void *context)
{
	size_t count;
	struct named *named = find_named(policy, &count);

	for (size_t i = 0; i < count; i++) {
		if (i && !strcmp(named[i].path, named[i - 1].path))
			continue;
		if (!is_there(named[i].path))
			visit(context, &named[i]);
	}
	free(named);
}

struct absent {
	char paths[EGRET_ABSENT_SIZE]; /* a line each, as many as there is room for */
	uint32_t count;
};

static void add(void *context, const struct named *named)
{
	struct absent *absent = context;
	size_t len = strlen(absent->paths), path_len = strlen(named->path);

	absent->count++;
	if (len + path_len + 2 <= sizeof(absent->paths))
		snprintf(absent->paths + len, sizeof(absent->paths) - len, "%s\n", named->path);
}

void absent_refresh(struct kernel *kernel, const struct policy *policy)
{
	struct absent absent = {};

	each_absent(policy, add, &absent);
	meta_write_absent(kernel, absent.paths, absent.count);
}

static void tell(void *context, const struct named *named)
{
	progress_warn(
	    context,
	    "%s:%u: there is no cgroup %s: until it is made, %s; where it is no service that is stopped, look "
	    "how it is spelt",
	    named->file, named->line, named->path,
	    named->serves ? "nobody serves this resolver" : "rules for it hold for nobody");
}

void absent_tell(struct kernel *kernel, const struct policy *policy, struct progress *progress)
{
	each_absent(policy, tell, progress);
	absent_refresh(kernel, policy);
}
