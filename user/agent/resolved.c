// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "resolved.h"

#include <stdlib.h>

static bool has(const struct resolver_name *name, const struct egret_addr *addr)
{
	for (size_t i = 0; i < name->addr_count; i++)
		if (addr_equal(&name->addrs[i], addr))
			return true;
	return false;
}

int resolved_note(struct kernel *kernel, const struct resolver_name *name, const struct egret_addr *before,
		  size_t before_count)
{
	int rc = 0;

	for (size_t i = 0; i < before_count && !rc; i++)
		if (!has(name, &before[i]))
			rc = kernel_set_resolved(kernel, name->name, &before[i], NULL);
	for (size_t i = 0; i < name->addr_count && !rc; i++) {
		struct egret_resolved resolved = {name->drop_ns[i], name->answered_ns};

		rc = kernel_set_resolved(kernel, name->name, &name->addrs[i], &resolved);
	}
	return rc;
}

/* The kernel knows names by their keys. */
struct keyed {
	uint64_t key;
	const char *name;
};

struct recalling {
	struct edition *edition;
	struct keyed *names; /* by key */
	size_t count;
};

static int by_key(const void *left, const void *right)
{
	const struct keyed *a = left, *b = right;

	return (a->key > b->key) - (a->key < b->key);
}

static int recall(void *context, const struct egret_resolved_key *key, const struct egret_resolved *resolved)
{
	const struct recalling *recalling = context;
	const struct keyed wanted = {.key = key->name};
	const struct keyed *found =
	    bsearch(&wanted, recalling->names, recalling->count, sizeof(*recalling->names), by_key);

	if (!found)
		return 0; /* the policy of @edition has it no more */
	return resolver_remember(recalling->edition->resolver, found->name, &key->addr, resolved->drop_ns,
				 resolved->answered_ns);
}

struct listing {
	struct recalling *recalling;
	const struct kernel *kernel;
};

static void list(void *context, const struct resolver_name *name)
{
	const struct listing *listing = context;
	struct recalling *recalling = listing->recalling;

	recalling->names[recalling->count++] = (struct keyed){kernel_name_key(listing->kernel, name->name), name->name};
}

void resolved_recall(const struct kernel *kernel, struct edition *edition)
{
	struct recalling recalling = {.edition = edition};

	if (!edition->resolver)
		return;
	recalling.names = calloc(edition->names + 1, sizeof(*recalling.names));
	if (!recalling.names)
		return;
	resolver_each(edition->resolver, list, &(struct listing){&recalling, kernel});
	qsort(recalling.names, recalling.count, sizeof(*recalling.names), by_key);
	kernel_each_resolved(kernel, recall, &recalling);
	free(recalling.names);
}

struct hurrying {
	const struct kernel *kernel;
	struct resolver *resolver;
};

static void hurry(void *context, const struct resolver_name *name)
{
	const struct hurrying *hurrying = context;
	struct egret_asked ignored;

	if (!kernel_get_asked(hurrying->kernel, kernel_name_key(hurrying->kernel, name->name), &ignored))
		resolver_hurry(hurrying->resolver, name->name);
}

void resolved_hurry(const struct kernel *kernel, struct edition *edition)
{
	if (edition->resolver)
		resolver_each(edition->resolver, hurry, &(struct hurrying){kernel, edition->resolver});
}
