/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One round of one name: A and AAAA, and what they change. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/clock.h"
#include "internal.h"

/* Between two questions for a name, however short its TTL is: a server is not asked too often, and each address is
 * still seen before caches forget it. */
#define REFRESH_MIN_SEC 10
/* RFC 2308 section 5 leaves the time of a negative answer to the server; it is not read here. */
#define EMPTY_REFRESH_SEC 60
#define BACKOFF_MIN_MS    1000
#define BACKOFF_MAX_MS    60000

void name_free(struct name *name)
{
	free(name->text);
	free(name->addrs);
	free(name->drop_ns);
	free(name->round.addrs);
	free(name);
}

/* A tenth earlier at most, so that names which came in together do not stay together. */
static uint64_t jitter(struct resolver *resolver, uint64_t delay_ns)
{
	return delay_ns - delay_ns / 1000 * (rand_r(&resolver->random_state) % 100);
}

static uint64_t backoff_ns(const struct name *name)
{
	unsigned int doublings = name->seen.failures - 1;
	uint64_t ms = doublings > 6 ? BACKOFF_MAX_MS : BACKOFF_MIN_MS << doublings;

	return (ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : ms) * CLOCK_NS_PER_MS;
}

static uint64_t refresh_delay_ns(const struct name *name)
{
	const struct resolver_options *options = &name->resolver->options;
	uint32_t floor_sec = options->min_ttl_sec < REFRESH_MIN_SEC ? options->min_ttl_sec : REFRESH_MIN_SEC;
	uint32_t ttl_sec = name->seen.ttl_sec > floor_sec ? name->seen.ttl_sec : floor_sec;

	if (name->seen.failures)
		return backoff_ns(name);
	if (name->seen.state == RESOLVER_EMPTY)
		ttl_sec = EMPTY_REFRESH_SEC;
	return (ttl_sec ? ttl_sec : 1) * CLOCK_NS_PER_SEC;
}

void name_schedule(struct name *name)
{
	if (name->round.open)
		return; /* it is being asked for: finish() comes */
	name->seen.next_ns = name->refresh_ns;
	for (size_t i = 0; i < name->seen.addr_count; i++) {
		if (name->drop_ns[i] && name->drop_ns[i] < name->seen.next_ns)
			name->seen.next_ns = name->drop_ns[i];
	}
	schedule_put(&name->resolver->schedule, name);
}

bool name_drop_expired(struct name *name, uint64_t now_ns)
{
	size_t kept = 0, before = name->seen.addr_count;

	for (size_t i = 0; i < before; i++) {
		if (name->drop_ns[i] && name->drop_ns[i] <= now_ns)
			continue;
		name->addrs[kept] = name->addrs[i];
		name->drop_ns[kept++] = name->drop_ns[i];
	}
	name->seen.addr_count = kept;
	return kept != before;
}

static void tell_alias(void *context, const char *target)
{
	const struct name *name = context;

	name->resolver->options.alias(name->resolver->context, name->text, target);
}

size_t round_add_answer(struct name *name, enum family family, const unsigned char *answer, int len)
{
	struct round *round = &name->round;
	struct answer_addrs found;
	struct egret_addr *addrs;

	found.alias = name->resolver->options.alias ? tell_alias : NULL;
	found.context = name;
	answer_read(answer, (size_t)len, family, &found);
	if (!found.count)
		return 0;
	addrs = reallocarray(round->addrs, round->addr_count + found.count, sizeof(*addrs));
	if (!addrs)
		return 0;
	memcpy(&addrs[round->addr_count], found.addrs, found.count * sizeof(*addrs));
	round->addrs = addrs;
	round->addr_count += found.count;
	round->truncated |= found.count == NAME_MAX_ADDRS;
	if (found.ttl_sec < round->ttl_sec)
		round->ttl_sec = found.ttl_sec;
	return found.count;
}

static int compare(const void *a, const void *b)
{
	return addr_compare(a, b);
}

static size_t sort_unique(struct egret_addr *addrs, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(addrs, count, sizeof(*addrs), compare);
	for (size_t i = 0; i < count; i++) {
		if (!kept || addr_compare(&addrs[kept - 1], &addrs[i]))
			addrs[kept++] = addrs[i];
	}
	return kept;
}

static bool is_family(const struct egret_addr *addr, enum family family)
{
	return addr_is_v4(addr) == (family == FAMILY_A);
}

static uint64_t min_ttl_over_ns(const struct name *name, uint64_t now_ns)
{
	return now_ns + (name->resolver->options.min_ttl_sec * CLOCK_NS_PER_SEC) + 1;
}

/* When an address goes that this round did not name: not for want of an answer, else after min_ttl. */
static uint64_t drop_time(const struct name *name, size_t at, uint64_t now_ns)
{
	for (int family = 0; family < FAMILIES; family++) {
		if (is_family(&name->addrs[at], family) && !name->round.answered[family])
			return name->drop_ns[at];
	}
	if (name->drop_ns[at])
		return name->drop_ns[at];
	return name->seen.from_disk ? now_ns : min_ttl_over_ns(name, now_ns);
}

/* Sorted addresses, and when each of them goes; @drop_ns NULL: none does. */
struct dated {
	const struct egret_addr *addrs;
	const uint64_t *drop_ns;
	size_t count;
};

static struct dated held(const struct name *name)
{
	return (struct dated){name->addrs, name->drop_ns, name->seen.addr_count};
}

/* From now on @name holds @one and @other, which knows better of what both have. -ENOMEM: it holds what it held. */
static int unite(struct name *name, struct dated one, struct dated other)
{
	size_t room = one.count + other.count + 1, count = 0, i = 0, j = 0;
	struct egret_addr *addrs = calloc(room, sizeof(*addrs));
	uint64_t *drop_ns = calloc(room, sizeof(*drop_ns));

	if (!addrs || !drop_ns) {
		free(addrs);
		free(drop_ns);
		return -ENOMEM;
	}
	while (i < one.count || j < other.count) {
		int order = i == one.count ? 1 : j == other.count ? -1 : addr_compare(&one.addrs[i], &other.addrs[j]);
		const struct dated *from = order < 0 ? &one : &other;
		size_t at = order < 0 ? i : j;

		addrs[count] = from->addrs[at];
		drop_ns[count++] = from->drop_ns ? from->drop_ns[at] : 0;
		i += order <= 0;
		j += order >= 0;
	}
	free(name->addrs);
	free(name->drop_ns);
	name->addrs = addrs;
	name->drop_ns = drop_ns;
	name->seen.addrs = addrs;
	name->seen.drop_ns = drop_ns;
	name->seen.addr_count = count;
	return 0;
}

/* What the round named comes to what is held. Where there is no memory for it, the next round tries again. */
static bool take_addresses(struct name *name, uint64_t now_ns)
{
	size_t before = name->seen.addr_count;

	for (size_t i = 0; i < before; i++)
		name->drop_ns[i] = drop_time(name, i, now_ns);
	return !unite(name, held(name), (struct dated){name->round.addrs, NULL, name->round.addr_count}) &&
	       name->seen.addr_count != before;
}

/* The words of RFC 1035 section 4.1.1, which people search for. */
static const char *describe(int ares_status)
{
	switch (ares_status) {
	case ARES_ETIMEOUT:
	case ARES_ECONNREFUSED:
		return "no resolver answered";
	case ARES_ESERVFAIL:
		return "the resolvers answered SERVFAIL";
	case ARES_EREFUSED:
		return "the resolvers answered REFUSED";
	case ARES_ENOTIMP:
		return "the resolvers answered NOTIMP";
	case ARES_EFORMERR:
		return "the resolvers answered FORMERR";
	default:
		return ares_strerror(ares_status);
	}
}

static void note_error(struct name *name, enum family family, int ares_status)
{
	snprintf(name->error, sizeof(name->error), "%s (asked for %s)", describe(ares_status),
		 family == FAMILY_A ? "A" : "AAAA");
}

/* Half an answer is one if it has addresses, since some servers drop every AAAA query; the
 * other half is asked for again soon. */
static void conclude(struct name *name)
{
	struct round *round = &name->round;
	bool whole = round->answered[FAMILY_A] && round->answered[FAMILY_AAAA];

	name->seen.failures = whole ? 0 : name->seen.failures + 1;
	if (!whole && !round->addr_count) {
		name->seen.state = name->seen.answered_ns ? RESOLVER_STALE : RESOLVER_FAILED;
		return;
	}
	if (whole)
		name->error[0] = '\0';
	if (round->truncated)
		snprintf(name->error, sizeof(name->error), "has over %d addresses: the others are not allowed",
			 NAME_MAX_ADDRS);
	name->seen.state = round->addr_count ? RESOLVER_RESOLVED : RESOLVER_EMPTY;
	name->seen.ttl_sec = round->ttl_sec;
	if (round->addr_count)
		name->seen.answered_ns = clock_realtime_ns();
}

int name_recall(struct name *name, const struct egret_addr *addrs, size_t count, uint64_t answered_ns)
{
	struct egret_addr *copy = calloc(count + 1, sizeof(*copy));
	uint64_t *drop_ns = calloc(count + 1, sizeof(*drop_ns));

	if (!copy || !drop_ns) {
		free(copy);
		free(drop_ns);
		return -ENOMEM;
	}
	memcpy(copy, addrs, count * sizeof(*copy));
	free(name->addrs);
	free(name->drop_ns);
	name->addrs = copy;
	name->drop_ns = drop_ns;
	name->seen.addrs = copy;
	name->seen.drop_ns = drop_ns;
	name->seen.addr_count = sort_unique(copy, count);
	name->seen.answered_ns = answered_ns;
	name->seen.recalled = true;
	name->seen.from_disk = true;
	return 0;
}

int name_recall_one(struct name *name, const struct egret_addr *addr, uint64_t drop_ns, uint64_t answered_ns)
{
	int rc = unite(name, held(name), (struct dated){addr, &drop_ns, 1});

	if (rc)
		return rc;
	if (answered_ns > name->seen.answered_ns)
		name->seen.answered_ns = answered_ns;
	name->seen.recalled = true;
	return 0;
}

/* When an address goes that only @from was told of: @name may have the answer already that does not name it. */
static uint64_t drop_time_of(const struct name *name, const struct name *from, size_t at, uint64_t now_ns)
{
	bool answered = name->seen.state == RESOLVER_RESOLVED || name->seen.state == RESOLVER_EMPTY;

	if (from->drop_ns[at] || !answered || name->seen.failures || name->seen.recalled)
		return from->drop_ns[at];
	return from->seen.from_disk ? now_ns : min_ttl_over_ns(name, now_ns);
}

int name_merge(struct name *name, const struct name *from, uint64_t now_ns, bool *ret_changed)
{
	size_t before = name->seen.addr_count;
	uint64_t *drop_ns = calloc(from->seen.addr_count + 1, sizeof(*drop_ns));
	int rc;

	if (!drop_ns)
		return -ENOMEM;
	for (size_t i = 0; i < from->seen.addr_count; i++)
		drop_ns[i] = drop_time_of(name, from, i, now_ns);
	rc = unite(name, (struct dated){from->addrs, drop_ns, from->seen.addr_count}, held(name));
	free(drop_ns);
	*ret_changed = name->seen.addr_count != before;
	return rc;
}

/* Once there is an answer, what it does not name goes as any other address does. */
static void end_recall(struct name *name)
{
	if (name->seen.state != RESOLVER_RESOLVED && name->seen.state != RESOLVER_EMPTY)
		return;
	name->seen.recalled = false;
	name->seen.from_disk = false;
}

static void finish(struct name *name)
{
	struct resolver *resolver = name->resolver;
	uint64_t now = clock_now_ns();
	bool changed;

	name->round.addr_count = sort_unique(name->round.addrs, name->round.addr_count);
	conclude(name);
	changed = take_addresses(name, now);
	changed |= name_drop_expired(name, now);
	end_recall(name);
	free(name->round.addrs);
	name->round.addrs = NULL;
	if (!name->ended_once)
		resolver->pending--;
	name->ended_once = true;
	name->refresh_ns = now + jitter(resolver, refresh_delay_ns(name));
	name_schedule(name);
	resolver->notify(resolver->context, &name->seen, changed);
}

void round_question_ended(struct question *question, int ares_status)
{
	struct name *name = question->name;

	name->round.answered[question->family] = ares_status == ARES_SUCCESS || ares_status == ARES_ENODATA;
	if (!name->round.answered[question->family])
		note_error(name, question->family, ares_status);
	if (!--name->round.open)
		finish(name);
}

void round_question_dropped(struct question *question)
{
	struct name *name = question->name;

	if (!--name->round.open && name->removed)
		name_free(name);
}
