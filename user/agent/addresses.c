// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "addresses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

struct name_entry {
	char *name;
	struct egret_addr *addrs; /* sorted */
	size_t count;
	UT_hash_handle hh;
};

struct addr_entry {
	struct egret_addr addr;
	const char **names; /* sorted, borrowed from the name entries */
	size_t count;
	UT_hash_handle hh;
};

struct addresses {
	struct name_entry *names;
	struct addr_entry *addrs;
};

struct addresses *addresses_new(void)
{
	return calloc(1, sizeof(struct addresses));
}

static void addr_entry_free(struct addresses *addresses, struct addr_entry *entry)
{
	HASH_DEL(addresses->addrs, entry);
	free(entry->names);
	free(entry);
}

void addresses_free(struct addresses *addresses)
{
	struct name_entry *name, *next_name;
	struct addr_entry *addr, *next_addr;

	if (!addresses)
		return;
	HASH_ITER (hh, addresses->addrs, addr, next_addr)
		addr_entry_free(addresses, addr);
	HASH_ITER (hh, addresses->names, name, next_name) {
		HASH_DEL(addresses->names, name);
		free(name->name);
		free(name->addrs);
		free(name);
	}
	free(addresses);
}

static struct name_entry *name_get(struct addresses *addresses, const char *name)
{
	struct name_entry *entry;

	HASH_FIND_STR(addresses->names, name, entry);
	if (entry)
		return entry;
	entry = calloc(1, sizeof(*entry));
	if (entry)
		entry->name = strdup(name);
	if (!entry || !entry->name) {
		free(entry);
		return NULL;
	}
	HASH_ADD_KEYPTR(hh, addresses->names, entry->name, strlen(entry->name), entry);
	return entry;
}

static struct addr_entry *addr_get(struct addresses *addresses, const struct egret_addr *addr)
{
	struct addr_entry *entry;

	HASH_FIND(hh, addresses->addrs, addr, sizeof(*addr), entry);
	if (entry)
		return entry;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->addr = *addr;
	HASH_ADD(hh, addresses->addrs, addr, sizeof(entry->addr), entry);
	return entry;
}

static int add_name(struct addr_entry *entry, const char *name)
{
	const char **names = realloc(entry->names, (entry->count + 1) * sizeof(*names));
	size_t at = 0;

	if (!names)
		return -ENOMEM;
	entry->names = names;
	while (at < entry->count && strcmp(names[at], name) < 0)
		at++;
	memmove(&names[at + 1], &names[at], (entry->count - at) * sizeof(*names));
	names[at] = name;
	entry->count++;
	return 0;
}

static void remove_name(struct addr_entry *entry, const char *name)
{
	for (size_t i = 0; i < entry->count; i++) {
		if (entry->names[i] != name)
			continue;
		memmove(&entry->names[i], &entry->names[i + 1], (entry->count - i - 1) * sizeof(*entry->names));
		entry->count--;
		return;
	}
}

static int by_address(const void *a, const void *b)
{
	return addr_compare(a, b);
}

static bool contains(const struct egret_addr *addrs, size_t count, const struct egret_addr *addr)
{
	return count && bsearch(addr, addrs, count, sizeof(*addrs), by_address);
}

static int gain(struct addresses *addresses, struct name_entry *name, const struct egret_addr *addr,
		addresses_visit visit, void *context)
{
	struct addr_entry *entry = addr_get(addresses, addr);
	int rc;

	if (!entry)
		return -ENOMEM;
	rc = add_name(entry, name->name);
	if (rc)
		return rc;
	return visit ? visit(context, addr, entry->names, entry->count) : 0;
}

static int lose(struct addresses *addresses, struct name_entry *name, const struct egret_addr *addr,
		addresses_visit visit, void *context)
{
	struct addr_entry *entry;
	int rc = 0;

	HASH_FIND(hh, addresses->addrs, addr, sizeof(*addr), entry);
	if (!entry)
		return 0;
	remove_name(entry, name->name);
	if (visit)
		rc = visit(context, addr, entry->names, entry->count);
	if (!entry->count)
		addr_entry_free(addresses, entry);
	return rc;
}

int addresses_set(struct addresses *addresses, const char *name, const struct egret_addr *addrs, size_t count,
		  addresses_visit visit, void *context)
{
	struct name_entry *entry = name_get(addresses, name);
	struct egret_addr *copy, *old;
	size_t old_count;
	int rc = 0;

	copy = calloc(count ? count : 1, sizeof(*copy));
	if (!entry || !copy) {
		free(copy);
		return -ENOMEM;
	}
	if (count)
		memcpy(copy, addrs, count * sizeof(*copy));
	old = entry->addrs;
	old_count = entry->count;
	entry->addrs = copy;
	entry->count = count;
	/* What is new comes in before what is old goes. */
	for (size_t i = 0; i < count && !rc; i++)
		if (!contains(old, old_count, &copy[i]))
			rc = gain(addresses, entry, &copy[i], visit, context);
	for (size_t i = 0; i < old_count && !rc; i++)
		if (!contains(copy, count, &old[i]))
			rc = lose(addresses, entry, &old[i], visit, context);
	free(old);
	return rc;
}

const struct egret_addr *addresses_of(const struct addresses *addresses, const char *name, size_t *ret_count)
{
	const struct name_entry *entry;

	HASH_FIND_STR(addresses->names, name, entry);
	*ret_count = entry ? entry->count : 0;
	return entry ? entry->addrs : NULL;
}

int addresses_list(const struct addresses *addresses, struct name_addrs **ret, size_t *ret_count)
{
	size_t count = HASH_COUNT(addresses->names), i = 0;
	struct name_addrs *list = calloc(count ? count : 1, sizeof(*list));
	struct name_entry *entry, *next;

	if (!list)
		return -ENOMEM;
	HASH_ITER (hh, addresses->names, entry, next)
		list[i++] = (struct name_addrs){entry->name, entry->addrs, entry->count};
	*ret = list;
	*ret_count = count;
	return 0;
}

size_t addresses_count(const struct addresses *addresses)
{
	return HASH_COUNT(addresses->addrs);
}
