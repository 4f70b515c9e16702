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

struct named {
	const struct policy_rule *rule; /* for a cgroup */
};

/* By path, the first rule of each first. */
static int compare(const void *a, const void *b)
{
	const struct named *left = a, *right = b;
	int order = strcmp(left->rule->class.path, right->rule->class.path);

	return order ? order : (left->rule > right->rule) - (left->rule < right->rule);
}

/* Those of @policy, in that order; malloc'd. */
static struct named *find_named(const struct policy *policy, size_t *ret_count)
{
	struct named *named = calloc(policy->rule_count + 1, sizeof(*named));
	size_t count = 0;

	for (size_t i = 0; named && i < policy->rule_count; i++) {
		if (policy->rules[i].class.path)
			named[count++].rule = &policy->rules[i];
	}
	if (count)
		qsort(named, count, sizeof(*named), compare);
	*ret_count = count;
	return named;
}

/* Calls @visit for the first rule of each path that is no cgroup. */
static void each_absent(const struct policy *policy, void (*visit)(void *context, const struct policy_rule *rule),
			void *context)
{
	size_t count;
	struct named *named = find_named(policy, &count);

	for (size_t i = 0; i < count; i++) {
		if (i && !strcmp(named[i].rule->class.path, named[i - 1].rule->class.path))
			continue;
		if (!is_there(named[i].rule->class.path))
			visit(context, named[i].rule);
	}
	free(named);
}

struct absent {
	char paths[EGRET_ABSENT_SIZE]; /* a line each, as many as there is room for */
	uint32_t count;
};

static void add(void *context, const struct policy_rule *rule)
{
	struct absent *absent = context;
	size_t len = strlen(absent->paths), path_len = strlen(rule->class.path);

	absent->count++;
	if (len + path_len + 2 <= sizeof(absent->paths))
		snprintf(absent->paths + len, sizeof(absent->paths) - len, "%s\n", rule->class.path);
}

void absent_refresh(struct kernel *kernel, const struct policy *policy)
{
	struct absent absent = {};

	each_absent(policy, add, &absent);
	meta_write_absent(kernel, absent.paths, absent.count);
}

static void tell(void *context, const struct policy_rule *rule)
{
	progress_warn(context,
		      "%s:%u: there is no cgroup %s: until it is made, rules for it hold for nobody; where it is no "
		      "service that is stopped, look how it is spelt",
		      rule->file, rule->line, rule->class.path);
}

void absent_tell(struct kernel *kernel, const struct policy *policy, struct progress *progress)
{
	each_absent(policy, tell, progress);
	absent_refresh(kernel, policy);
}
