// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bed.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "model/special.h"
#include "egret_reasons.h"

struct bed bed;

void note(const char *format, ...)
{
	va_list arguments;

	if (bed.log_len + 2560 > sizeof(bed.log))
		return;
	va_start(arguments, format);
	bed.log_len += (size_t)vsnprintf(bed.log + bed.log_len, 2560, format, arguments);
	va_end(arguments);
}

void die(const char *what)
{
	fprintf(stderr, "sequences: %s: %s\n", what, strerror(errno));
	exit(1);
}

void disagree(const char *format, ...)
{
	va_list arguments;

	if (bed.give_up)
		return;
	va_start(arguments, format);
	fprintf(stderr, "sequences: ");
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\nsteps:\n%s", bed.log);
	world_print(&bed.world);
	memory_print(&bed.memory, now_ms());
	exit(1);
}

void unexpected(uint64_t token)
{
	/* The lowest bit says that the model denied it. */
	if (token & 1)
		disagree("a datagram arrived that the model denied (token %llu)", (unsigned long long)token);
}

/* --- time --- */

int64_t now_ms(void)
{
	return (int64_t)(clock_now_ns() / CLOCK_NS_PER_MS);
}

void clock_take(void)
{
	bed.clock.now_ms = bed.world.model.now_ms = now_ms();
	/* A denial by a name that was learned is remembered by sockets until something is learned, as every
	 * few seconds on a node. */
	if (memory_tell_ends(&bed.memory, bed.clock.now_ms - bed.clock.unsure_ms))
		kernel_forget_denials(bed.kernel);
}

void step_begins(void)
{
	clock_take();
}

void step_ends(void)
{
	if (now_ms() - bed.clock.now_ms > SLOW_MS)
		bed.give_up = true;
}

/* --- subjects --- */

/* What the makers are called in the policies; their cgroups are elsewhere. */
static const char *const paths[MAKERS] = {[MAKER_A] = "/a", [MAKER_POD_B] = "/b"};

static int tell_one(struct kernel *kernel, const struct compiled *compiled, uint32_t generation, int maker, uint64_t id)
{
	bool pod = maker == MAKER_POD || maker == MAKER_POD_B;
	uint32_t audience = compiled_audience_of(compiled, paths[maker] ? paths[maker] : "/nowhere",
						 pod ? EGRET_KIND_POD : EGRET_KIND_HOST);
	int rc = kernel_make_subject(kernel, id, &(struct egret_subject){});

	return rc ? rc : kernel_set_audience(kernel, id, generation, audience);
}

/* Of kernel_load_policy. */
static int tell_makers(struct kernel *kernel, const struct compiled *compiled, uint32_t generation)
{
	int rc = 0;

	for (int i = 0; i < MAKERS && !rc; i++)
		rc = tell_one(kernel, compiled, generation, i, bed.makers[i].cgroup_id);
	return rc;
}

/* Calls are made here, and judged for their caller, too: it passes for the maker of the socket. */
static void call_as(enum maker_kind maker)
{
	if (tell_one(bed.kernel, bed.world.compiled, kernel_settings(bed.kernel)->born, maker, bed.cgroup_id))
		die("the caller's subject");
}

void set_subject(enum maker_kind maker, struct model_packet *packet)
{
	static const char *const a[] = {"/a"}, *const b[] = {"/b"};

	call_as(maker);
	packet->pods = maker == MAKER_POD || maker == MAKER_POD_B;
	packet->host = !packet->pods;
	packet->cgroups = maker == MAKER_A ? a : maker == MAKER_POD_B ? b : NULL;
	packet->cgroup_count = packet->cgroups ? 1 : 0;
}

/* --- destinations --- */

const struct egret_addr loopback = {.bytes = {[15] = 1}};

void draw_destination(struct model_packet *packet, uint8_t l4_proto, bool only_v4)
{
	do {
		addr_parse(random_addr(), &packet->addr);
	} while (addr_equal(&packet->addr, &loopback) || (only_v4 && !addr_is_v4(&packet->addr)));
	packet->l4_proto = l4_proto;
	packet->port = (uint16_t)(1 + random_below(INTERNET_PORTS));
}

socklen_t socket_address(const struct model_packet *packet, bool v4, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 in6 = internet_address(&packet->addr, packet->port);
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = in6.sin6_port};

	memcpy(&in.sin_addr, packet->addr.bytes + 12, 4);
	if (v4)
		memcpy(ret, &in, sizeof(in));
	else
		memcpy(ret, &in6, sizeof(in6));
	return v4 ? sizeof(in) : sizeof(in6);
}

const char *destination(const struct model_packet *packet)
{
	static char text[ADDR_TEXT_SIZE + 8];
	char addr[ADDR_TEXT_SIZE];

	snprintf(text, sizeof(text), "%s:%u", addr_format(&packet->addr, addr), packet->port);
	return text;
}

/* --- counters --- */

uint64_t count_of_reason(uint8_t reason, bool audited)
{
	struct egret_counter counter;

	if (kernel_get_reason(bed.kernel, reason, audited, &counter))
		die("counters");
	return counter.packets;
}

/* What ended long ago may be gone, and at once what no rule had. */
static bool may_be_gone(const struct memory_addr *known)
{
	int64_t kept_ms = EGRET_ENDED_KEPT_SEC * bed.clock.one_way_ms / TICKS_ONE_WAY - bed.clock.unsure_ms;

	return known && memory_may_be_gone(known, bed.clock.now_ms - kept_ms, bed.clock.now_ms);
}

/* Of a special address, the name that was last resolved to it may say more; a socket that was denied it
 * before does not ask again. */
static bool reason_is_open(struct model_verdict verdict, const struct model_packet *packet)
{
	const struct memory_addr *known = memory_find(&bed.memory, &packet->addr), *known_v4 = NULL;
	struct egret_addr meant = packet->addr;

	if (verdict.reason == EGRET_REASON_DENY_RULE)
		return false;
	if (model_is_translated(bed.world.policy, &packet->addr, &meant))
		known_v4 = memory_find(&bed.memory, &meant);
	if (may_be_gone(known) || may_be_gone(known_v4))
		return true;
	return model_is_special(&meant) && ((known && known->seen) || (known_v4 && known_v4->seen));
}

uint64_t counted(struct model_verdict verdict, const struct model_packet *packet)
{
	struct egret_counter counter;

	if (!verdict.allow && reason_is_open(verdict, packet))
		return count_of_reason(EGRET_REASON_NO_RULE, verdict.told) +
		       count_of_reason(EGRET_REASON_PORT, verdict.told) +
		       count_of_reason(EGRET_REASON_CLASS, verdict.told) +
		       count_of_reason(EGRET_REASON_SPECIAL_ADDRESS, verdict.told) +
		       count_of_reason(EGRET_REASON_EXPIRED, verdict.told);
	if (!verdict.allow)
		return count_of_reason(verdict.reason, verdict.told);
	if (kernel_get_counter(bed.kernel, world_rule_id(&bed.world, verdict.rule), &counter))
		die("counters");
	return counter.packets;
}

const char *says(struct model_verdict verdict)
{
	static char text[64];

	if (verdict.allow)
		snprintf(text, sizeof(text), "allows, rule %u", verdict.rule);
	else if (verdict.told)
		snprintf(text, sizeof(text), "would deny, reason %u, `audit` rule %u", verdict.reason, verdict.rule);
	else
		snprintf(text, sizeof(text), "denies, reason %u", verdict.reason);
	return text;
}

bool is_unsure(const struct model_packet *packet)
{
	return memory_is_unsure(&bed.memory, &packet->addr, now_ms(), bed.clock.unsure_ms);
}

/* --- the policy --- */

void load_world(void)
{
	world_load(&bed.world, bed.kernel, tell_makers);
	history_switch(&bed.rules, bed.world.policy, ++bed.clock.epoch);
}
