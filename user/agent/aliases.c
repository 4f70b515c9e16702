// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "aliases.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"

#define KEPT    32 /* names whose answer is remembered, each for a minute */
#define TARGETS 6  /* of one name: what is behind them is seldom another's */
#define AT_ONCE 8
#define NEXT_NS (500 * CLOCK_NS_PER_MS)
#define WAIT_NS (2 * CLOCK_NS_PER_SEC)
#define KEEP_NS (60 * CLOCK_NS_PER_SEC)
#define WAIT_MS 1500

struct asked_alias {
	char name[EGRET_NAME_SIZE]; /* "" = a free place */
	char targets[TARGETS][EGRET_NAME_SIZE];
	size_t target_count;
	uint64_t asked_ns;
	bool pending;
};

struct aliases {
	struct asked_alias all[KEPT];
	struct resolver *resolver; /* only while something is asked */
	uint64_t full_ns;          /* when all of AT_ONCE may be asked again */
	uint64_t last_owner;
	struct loop *loop;
	struct loop_module asking;
	void (*moved)(void *context);
	void *context;
};

struct aliases *aliases_new(struct loop *loop, void (*moved)(void *context), void *context)
{
	struct aliases *aliases = calloc(1, sizeof(*aliases));

	if (!aliases)
		return NULL;
	aliases->loop = loop;
	aliases->moved = moved;
	aliases->context = context;
	return aliases;
}

static void end_asking(struct aliases *aliases)
{
	loop_module_remove(&aliases->asking);
	resolver_free(aliases->resolver);
	aliases->resolver = NULL;
}

void aliases_free(struct aliases *aliases)
{
	if (!aliases)
		return;
	end_asking(aliases);
	free(aliases);
}

static struct asked_alias *find(struct aliases *aliases, const char *name)
{
	for (size_t i = 0; i < KEPT; i++)
		if (!strcmp(aliases->all[i].name, name))
			return &aliases->all[i];
	return NULL;
}

/* --- what comes back --- */

static void on_alias(void *context, const char *name, const char *target)
{
	struct asked_alias *asked = find(context, name);
	char *copy;

	if (!asked || asked->target_count == TARGETS)
		return;
	copy = asked->targets[asked->target_count++];
	snprintf(copy, EGRET_NAME_SIZE, "%s", target);
	for (; *copy; copy++)
		*copy = (char)tolower((unsigned char)*copy);
}

/* Its round is over, or its time is. */
static bool is_over(struct aliases *aliases, const struct asked_alias *asked)
{
	const struct resolver_name *name = resolver_find(aliases->resolver, asked->name);

	return !name || name->state != RESOLVER_PENDING || clock_now_ns() - asked->asked_ns > WAIT_NS;
}

/* Each name is asked for once, and nobody asks again. */
static void take_answers(struct aliases *aliases)
{
	bool any_left = false, any_over = false;

	for (size_t i = 0; i < KEPT; i++) {
		struct asked_alias *asked = &aliases->all[i];

		if (!asked->pending)
			continue;
		asked->pending = !is_over(aliases, asked);
		any_left |= asked->pending;
		any_over |= !asked->pending;
		if (!asked->pending)
			resolver_remove(aliases->resolver, asked->name);
	}
	if (!any_left)
		end_asking(aliases);
	if (any_over)
		aliases->moved(aliases->context);
}

static void on_name(void *context, const struct resolver_name *name, bool changed)
{
	(void)context;
	(void)name;
	(void)changed;
}

static size_t prepare(void *context, struct pollfd *fds, size_t capacity, int *ret_timeout_ms)
{
	const struct aliases *aliases = context;

	return resolver_poll(aliases->resolver, fds, capacity, ret_timeout_ms);
}

static void process(void *context, const struct pollfd *fds, size_t count)
{
	struct aliases *aliases = context;

	resolver_process(aliases->resolver, fds, count);
	take_answers(aliases);
}

/* --- asking --- */

static bool begin_asking(struct aliases *aliases, const struct edition *ruling, struct resolver_book *book)
{
	struct resolver_options options = {.timeout_ms = WAIT_MS, .tries = 2, .book = book, .alias = on_alias};
	struct zoned_addr *servers;

	if (aliases->resolver)
		return true;
	if (edition_resolvers(ruling, &servers, &options.server_count))
		return false;
	options.servers = servers;
	if (resolver_new(&options, on_name, aliases, &aliases->resolver))
		aliases->resolver = NULL;
	free(servers);
	if (!aliases->resolver)
		return false;
	aliases->asking = (struct loop_module){.prepare = prepare, .process = process, .context = aliases};
	loop_module_add(aliases->loop, &aliases->asking);
	return true;
}

/* Its own, a free one, or that of the one that was asked for first and is answered. NULL: there is none. */
static struct asked_alias *choose_place(struct aliases *aliases, const char *name)
{
	struct asked_alias *oldest = find(aliases, name);

	if (oldest)
		return oldest;

	for (size_t i = 0; i < KEPT; i++) {
		struct asked_alias *asked = &aliases->all[i];

		if (!asked->pending && (!oldest || asked->asked_ns < oldest->asked_ns))
			oldest = asked;
	}
	return oldest;
}

/* A turn is given back each NEXT_NS. */
static bool take_turn(struct aliases *aliases, uint64_t now_ns)
{
	uint64_t from_ns = aliases->full_ns > now_ns ? aliases->full_ns : now_ns;

	if (from_ns + NEXT_NS > now_ns + AT_ONCE * NEXT_NS)
		return false;
	aliases->full_ns = from_ns + NEXT_NS;
	return true;
}

/* Where `dns_names = policy` rules, the question would be denied to the agent, too. */
static bool may_ask(const struct edition *ruling)
{
	return ruling->compiled->name_count && !ruling->policy->settings.dns_names;
}

static enum alias_state begin(struct aliases *aliases, const struct edition *ruling, struct resolver_book *book,
			      uint64_t owner, const char *name)
{
	struct asked_alias *asked = choose_place(aliases, name);
	uint64_t now_ns = clock_now_ns();

	if (!asked || !may_ask(ruling))
		return ALIAS_NONE;
	/* Somebody's flood of names must not tell of another's alias that it is none. */
	if (!take_turn(aliases, now_ns))
		return ALIAS_ASKED;
	aliases->last_owner = owner;
	if (!begin_asking(aliases, ruling, book))
		return ALIAS_NONE;
	*asked = (struct asked_alias){.asked_ns = now_ns, .pending = true};
	snprintf(asked->name, sizeof(asked->name), "%s", name);
	if (!resolver_add(aliases->resolver, name)) {
		resolver_process(aliases->resolver, NULL, 0);
		return ALIAS_ASKED;
	}
	asked->pending = false;
	return ALIAS_NONE;
}

enum alias_state aliases_ask(struct aliases *aliases, const struct edition *ruling, struct resolver_book *book,
			     uint64_t owner, const char *name, char ret[static EGRET_NAME_SIZE])
{
	const struct asked_alias *asked = find(aliases, name);

	if (!asked || clock_now_ns() - asked->asked_ns > KEEP_NS)
		return begin(aliases, ruling, book, owner, name);
	if (asked->pending)
		return ALIAS_ASKED;
	for (size_t i = 0; i < asked->target_count; i++) {
		if (!compiled_name_teacher(ruling->compiled, asked->targets[i]))
			continue;
		snprintf(ret, EGRET_NAME_SIZE, "%s", asked->targets[i]);
		return ALIAS_FOUND;
	}
	return ALIAS_NONE;
}

uint64_t aliases_last_owner(const struct aliases *aliases)
{
	return aliases->last_owner;
}
