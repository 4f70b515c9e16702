// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What was known before goes to a new resolver: from the one that asked until now, or from an agent that is gone. */
#include <errno.h>
#include <string.h>

#include "../base/clock.h"
#include "internal.h"

static bool asks_the_same_servers(const struct resolver *one, const struct resolver *other)
{
	if (one->server_count != other->server_count)
		return false;
	for (size_t i = 0; i < one->server_count; i++)
		if (!zoned_addr_equal(&one->servers[i].record->health.server, &other->servers[i].record->health.server))
			return false;
	return true;
}

/* It has addresses, so nobody waits for its first answer. */
static void is_known(struct name *name)
{
	if (!name->ended_once)
		name->resolver->pending--;
	name->ended_once = true;
}

/* It has no answer of its own yet, so what is known of it is what the one before knew. */
static void take_place(struct name *name, const struct name *from, bool same_servers)
{
	if (!name->seen.failures) {
		name->seen.state = from->seen.state;
		name->seen.failures = from->seen.failures;
		memcpy(name->error, from->error, sizeof(name->error));
	} else if (!from->seen.recalled) {
		name->seen.state = RESOLVER_STALE;
	}
	name->seen.ttl_sec = from->seen.ttl_sec;
	name->seen.answered_ns = from->seen.answered_ns;
	name->seen.recalled = from->seen.recalled;
	name->seen.from_disk = from->seen.from_disk;
	is_known(name);
	/* An answer of the same servers is good for as long as it was; one that is under way is asked for again. */
	if (same_servers && from->heap_at != SIZE_MAX)
		name->refresh_ns = from->refresh_ns;
	name_schedule(name);
}

static int inherit(struct name *name, const struct name *from, bool same_servers)
{
	bool answered = name->seen.answered_ns && !name->seen.recalled;
	bool changed = false;
	int rc = name_merge(name, from, clock_now_ns(), &changed);

	if (rc)
		return rc;
	if (!answered && name->seen.state != RESOLVER_EMPTY)
		take_place(name, from, same_servers);
	else
		name_schedule(name); /* some of what it has now goes earlier */
	if (changed)
		name->resolver->notify(name->resolver->context, &name->seen, true);
	return 0;
}

int resolver_inherit(struct resolver *resolver, const struct resolver *from)
{
	bool same_servers = asks_the_same_servers(resolver, from);
	struct name *old, *next, *name;
	int rc = 0;

	HASH_ITER (hh, from->names, old, next) {
		HASH_FIND_STR(resolver->names, old->text, name);
		if (name && old->seen.addr_count && !rc)
			rc = inherit(name, old, same_servers);
	}
	return rc;
}

int resolver_remember(struct resolver *resolver, const char *text, const struct egret_addr *addr, uint64_t drop_ns,
		      uint64_t answered_ns)
{
	struct name *name;
	int rc;

	HASH_FIND_STR(resolver->names, text, name);
	if (!name || name->seen.state == RESOLVER_RESOLVED || name->seen.state == RESOLVER_EMPTY)
		return 0;
	rc = name_recall_one(name, addr, drop_ns, answered_ns);
	if (rc)
		return rc;
	if (!name->ended_once)
		name->refresh_ns += NAME_LATER_NS;
	is_known(name);
	name_schedule(name); /* some of what it has now may go earlier than it is asked */
	resolver->notify(resolver->context, &name->seen, true);
	return 0;
}
