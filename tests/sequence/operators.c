// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void change_world(void)
{
	if (random_below(3))
		world_change(&bed.world);
	else
		world_draw(&bed.world, false);
	note("  reload\n%s", bed.world.policy_text);
	load_world();
}

/* Often two of them with nothing between: a policy has the slot of the one before the last. */
void step_reload(void)
{
	for (uint32_t count = 1 + random_below(3); count; count--)
		change_world();
	meet_again();
	say_over_all();
}

void agent_start(void)
{
	struct error error;

	if (kernel_claim(INSTANCE, KERNEL_ANY, &bed.kernel, &error) || kernel_load(bed.kernel, -1, &error)) {
		fprintf(stderr, "sequences: %s\n", error.text);
		exit(1);
	}
}

void step_restart(void)
{
	note("  restart\n");
	kernel_free(bed.kernel);
	agent_start();
	load_world();
}

static size_t names_with(const struct egret_addr *addr, const char *names[static RANDOM_MAX_NAMES])
{
	size_t count = 0;

	for (size_t i = 0; i < bed.world.names.count; i++) {
		const struct model_name *name = &bed.world.names.names[i];
		size_t a = 0;

		while (a < name->count && !addr_equal(&name->addrs[a], addr))
			a++;
		if (a < name->count)
			names[count++] = name->name;
	}
	return count;
}

static void lose_address(struct random_names *names, size_t at, const struct egret_addr *addr)
{
	struct model_name *name = &names->names[at];
	size_t kept = 0;

	for (size_t i = 0; i < name->count; i++) {
		if (!addr_equal(&names->addrs[at][i], addr))
			names->addrs[at][kept++] = names->addrs[at][i];
	}
	name->count = kept;
}

/* As the agent does it. */
static void write_address(const struct egret_addr *addr)
{
	const char *with[RANDOM_MAX_NAMES];
	size_t count = names_with(addr, with);
	struct egret_dest dest;
	int rc = compiled_address(bed.world.compiled, addr, with, count, &dest);

	if (!rc)
		rc = kernel_set_address(bed.kernel, bed.world.compiled, addr, &dest);
	if (rc) /* the tables are full: the agent loads them anew */
		load_world();
	else
		kernel_forget_denials(bed.kernel);
}

static size_t place_of_name(const char *text)
{
	size_t at = 0;

	while (at < bed.world.names.count && strcmp(bed.world.names.names[at].name, text))
		at++;
	return at;
}

/* Any name that resolves; often one that is denied, since few are. */
static size_t draw_name(void)
{
	const struct policy *policy = bed.world.policy;
	uint32_t skip = random_below(3);

	for (size_t i = 0; i < policy->rule_count && random_below(4); i++) {
		const struct policy_dest *dest = &policy->rules[i].dests[0];

		if (policy->rules[i].action != EGRET_DENY || dest->kind != POLICY_DEST_NAME || skip--)
			continue;
		if (place_of_name(dest->name) < bed.world.names.count)
			return place_of_name(dest->name);
	}
	return random_below((uint32_t)bed.world.names.count);
}

/* What a resolver's next answer does: one name has one address more, or less. */
void step_resolve(void)
{
	struct model_packet packet = {0};
	struct model_name *name;
	size_t at;

	if (!bed.world.names.count)
		return;
	at = draw_name();
	name = &bed.world.names.names[at];
	draw_destination(&packet, IPPROTO_TCP, false);
	if (name->count && random_below(3))
		packet.addr = name->addrs[random_below((uint32_t)name->count)];
	if (addr_equal(&packet.addr, &loopback)) /* what goes there never leaves */
		return;
	send_from_all(&packet.addr);
	if (random_below(2))
		lose_address(&bed.world.names, at, &packet.addr);
	else if (name->count < RANDOM_MAX_ADDRS)
		bed.world.names.addrs[at][name->count++] = packet.addr;
	note("  resolve %s: %zu addresses, %s\n", name->name, name->count, destination(&packet));
	write_address(&packet.addr);
	send_from_all(&packet.addr);
}

void step_wait(void)
{
	int64_t ms = (random_below(5) ? bed.clock.one_way_ms : bed.clock.both_ways_ms) + 2 * bed.clock.unsure_ms;

	note("  wait %lld ms\n", (long long)ms);
	usleep((useconds_t)ms * 1000);
	for (int i = 0; i < 3; i++)
		step_send();
}

/* A client that polls (NTP), by one socket: its name has other addresses by now, and it was silent for long. */
void step_idle(void)
{
	struct datagram_socket *one = &bed.sockets[random_below(SOCKETS)];
	struct model_packet packet = {.l4_proto = IPPROTO_UDP, .port = (uint16_t)(1 + random_below(INTERNET_PORTS))};
	struct model_name *name;

	if (!bed.world.names.count)
		return;
	name = &bed.world.names.names[draw_name()];
	if (!name->count || addr_equal(&name->addrs[0], &loopback))
		return;
	packet.addr = name->addrs[0];
	socket_open(one, (enum maker_kind)random_below(MAKERS), addr_is_v4(&packet.addr) && random_below(2), 0);
	socket_connect(one, &packet);
	send_to(one, &packet);
	for (size_t i = 0; i < bed.world.names.count; i++)
		lose_address(&bed.world.names, i, &packet.addr);
	note("  no name has %s; the socket is silent\n", destination(&packet));
	write_address(&packet.addr);
	usleep((useconds_t)(bed.clock.both_ways_ms + 2 * bed.clock.unsure_ms) * 1000);
	if (random_below(2))
		receive_from(one, &packet);
	send_to(one, &packet);
}

/* A connection that a rule allowed does not outlive the rule, also if one with its text comes back. */
void step_rule_returns(void)
{
	struct datagram_socket *one = &bed.sockets[random_below(SOCKETS)];
	struct history_flow flow;
	char line[256];
	size_t place;

	if (one->fd < 0 || !one->history.count)
		return;
	flow = one->history.flows[random_below((uint32_t)one->history.count)];
	place = history_place(&bed.rules, &flow.by);
	if (place == bed.rules.count)
		return;
	for (size_t i = 0; i < bed.world.names.count; i++)
		lose_address(&bed.world.names, i, &flow.addr);
	note("  no name has %s; rule %zu goes and comes back\n", addr_format(&flow.addr, line), place);
	world_take_rule(&bed.world, place, line, sizeof(line));
	load_world();
	world_put_rule(&bed.world, place, line);
	load_world();
	meet_again();
	say_over_all();
}
