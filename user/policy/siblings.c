// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "siblings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "egret_policy.h"

/* Names below one domain from which a pattern is worth a thought; fewer do where all names together are many. */
#define ENOUGH        20
#define ENOUGH_OF_ALL 5
#define MANY          1000

struct text {
	const char *text;
	size_t names;
	UT_hash_handle hh;
};

static struct text *get(struct text **all, const char *text)
{
	struct text *found;

	HASH_FIND_STR(*all, text, found);
	if (found)
		return found;
	found = calloc(1, sizeof(*found));
	if (!found)
		return NULL;
	found->text = text;
	HASH_ADD_KEYPTR(hh, *all, text, strlen(text), found);
	return found;
}

static void clear(struct text **all)
{
	struct text *text, *next;

	HASH_ITER (hh, *all, text, next) {
		HASH_DEL(*all, text);
		free(text);
	}
}

/* Under com, and under co.uk, everybody has names: a pattern over these would open the world. There is no list of such
 * domains here; all of two letters below which one of up to three stands are taken for one. */
bool domain_is_anybodys(const char *domain)
{
	const char *dot = strchr(domain, '.');

	return !dot || (!strchr(dot + 1, '.') && strlen(dot + 1) == 2 && dot - domain <= 3);
}

static int add_name(struct text **domains, struct text **names, const char *text)
{
	struct text *name = get(names, text), *domain;
	const char *dot = strchr(text, '.');

	if (!name)
		return -ENOMEM;
	if (name->names++ || !dot || domain_is_anybodys(dot + 1))
		return 0;
	domain = get(domains, dot + 1);
	if (!domain)
		return -ENOMEM;
	domain->names++;
	return 0;
}

static int add_names(struct text **domains, struct text **names, const struct policy *policy)
{
	int rc = 0;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		for (size_t d = 0; d < rule->dest_count && !rc; d++)
			if (rule->dests[d].kind == POLICY_DEST_NAME)
				rc = add_name(domains, names, rule->dests[d].name);
	}
	return rc;
}

static void choose(const struct text *domains, struct siblings *found)
{
	size_t enough = found->all >= MANY ? ENOUGH_OF_ALL : ENOUGH;

	for (const struct text *domain = domains; domain; domain = domain->hh.next) {
		if (domain->names < enough)
			continue;
		found->domains++;
		if (domain->names <= found->names)
			continue;
		found->domain = domain->text;
		found->names = domain->names;
	}
}

int siblings_find(const struct policy *policy, struct siblings *ret)
{
	struct text *domains = NULL, *names = NULL;
	int rc = add_names(&domains, &names, policy);

	*ret = (struct siblings){.all = HASH_COUNT(names)};
	if (!rc)
		choose(domains, ret);
	clear(&domains);
	clear(&names);
	return rc;
}
