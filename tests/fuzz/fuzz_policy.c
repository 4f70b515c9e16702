// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as a rules file: parsed, compiled, judged, and held against the model.
 *
 * The first line may say how it is read: "#1" as a file of the floor, "#2" with a -D
 * on the command line, "#3" both.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "compile/compile.h"
#include "model/model.h"
#include "egret_limits.h"
#include "egret_reasons.h"
#include "egret_subject.h"

#define MAX_NAMES  48
#define MAX_ADDRS  24
#define MAX_GROUPS 4
/* The model loops over everything for each question: larger policies are only compiled. */
#define MODEL_MAX_DESTS 96
#define MODEL_MAX_RULES 32

#define CHECK(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			broken(__LINE__, #condition);                                                                  \
	} while (0)

_Noreturn static void broken(int line, const char *condition)
{
	fprintf(stderr, "fuzz_policy.c:%d: does not hold: %s\n", line, condition);
	abort();
}

/* What the policy is judged in: addresses that its rules meet, and names that have some. */
struct world {
	struct diag diag;
	struct policy *policy;
	struct compiled *compiled;
	struct egret_addr addrs[MAX_ADDRS];
	size_t addr_count;
	struct model_name names[MAX_NAMES];
	struct name_addrs name_addrs[MAX_NAMES];
	size_t name_count;
	struct egret_addr system[2];
};

static void check_findings(const struct diag *diag)
{
	CHECK(diag->count <= diag->errors + diag->warnings);
	for (size_t i = 0; i < diag->count; i++) {
		const struct diag_entry *entry = &diag->entries[i];

		CHECK(entry->file && *entry->file);
		CHECK(entry->text && *entry->text);
		for (const char *c = entry->text; *c; c++)
			CHECK((unsigned char)*c >= ' ' && *c != 0x7f);
	}
}

static void load(struct world *world, const char *text, size_t size)
{
	static const struct policy_define define = {"given", "20.0.0.9 20.4.0.0/16"};
	unsigned int flags = size > 1 && text[0] == '#' && text[1] > '0' && text[1] <= '3' ? text[1] - '0' : 0;
	struct policy_options options = {.defines = &define, .define_count = flags & 2 ? 1 : 0};
	/* Beside a file that is in no folder there is nothing to `use`. */
	const char *name = flags & 1 ? "nowhere/node.rules" : "nowhere/fuzz.rules";
	int rc = policy_load_text(name, text, size, &options, &world->policy, &world->diag);

	check_findings(&world->diag);
	CHECK(rc == 0 || rc == -EINVAL);
	CHECK((rc != 0) == (world->diag.errors > 0));
	CHECK((rc == 0) == (world->policy != NULL));
}

/* What --json cannot carry is left out of it, and nobody is told. */
static bool is_utf8(const char *text)
{
	json_t *string = json_string(text);
	bool good = string;

	json_decref(string);
	return good;
}

static void check_policy(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];

		CHECK(rule->dest_count && rule->port_count && rule->line);
		CHECK(is_utf8(rule->text) && is_utf8(rule->purpose));
		CHECK((rule->class.kind == POLICY_FOR_CGROUP) == (rule->class.path != NULL));
		CHECK(!rule->class.path || is_utf8(rule->class.path));
	}
}

/* --- the world --- */

static void add_addr(struct world *world, const struct egret_addr *addr)
{
	for (size_t i = 0; i < world->addr_count; i++)
		if (addr_equal(&world->addrs[i], addr))
			return;
	if (world->addr_count < MAX_ADDRS)
		world->addrs[world->addr_count++] = *addr;
}

/* Both ends of it: an error in a prefix shows there. */
static void add_cidr(struct world *world, const struct cidr *cidr)
{
	struct egret_addr last = cidr->addr;

	add_addr(world, &cidr->addr);
	for (unsigned int bit = cidr->prefix_len; bit < 128; bit++)
		last.bytes[bit / 8] |= 0x80 >> (bit % 8);
	add_addr(world, &last);
}

static void add_fixed_addrs(struct world *world)
{
	static const char *const texts[] = {"20.0.0.1", "20.0.0.2", "10.0.0.1",       "2603:1000::1",
					    "51.0.0.1", "fe80::1",  "169.254.169.254"};
	struct egret_addr addr;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		CHECK(!addr_parse(texts[i], &addr));
		add_addr(world, &addr);
	}
}

/* FNV-1a, so that names alike have different addresses. */
static uint32_t hash_name(const char *name)
{
	uint32_t hash = 0x811c9dc5;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x01000193;
	return hash ^ hash >> 16;
}

/* None to three addresses in a row, by the name: names share some of them. */
static void add_name(struct world *world, const char *name)
{
	uint32_t hash = hash_name(name);
	size_t first = hash % world->addr_count, count = (hash >> 8) % 4;

	for (size_t i = 0; i < world->name_count; i++)
		if (!strcmp(world->names[i].name, name))
			return;
	if (world->name_count == MAX_NAMES)
		return;
	if (count > world->addr_count - first)
		count = world->addr_count - first;
	world->names[world->name_count] = (struct model_name){name, &world->addrs[first], count};
	world->name_addrs[world->name_count] = (struct name_addrs){name, &world->addrs[first], count};
	world->name_count++;
}

static void each_dest(struct world *world, void (*visit)(struct world *world, const struct policy_dest *dest))
{
	for (size_t r = 0; r < world->policy->rule_count; r++)
		for (size_t d = 0; d < world->policy->rules[r].dest_count; d++)
			visit(world, &world->policy->rules[r].dests[d]);
}

static void take_addrs(struct world *world, const struct policy_dest *dest)
{
	if (dest->kind == POLICY_DEST_CIDR)
		add_cidr(world, &dest->cidr);
}

static void take_name(struct world *world, const struct policy_dest *dest)
{
	if (dest->kind == POLICY_DEST_NAME)
		add_name(world, dest->name);
}

static void make_world(struct world *world)
{
	for (size_t i = 0; i < world->policy->resolver_count; i++)
		if (!world->policy->resolvers[i].system)
			add_addr(world, &world->policy->resolvers[i].server.addr);
	each_dest(world, take_addrs);
	add_fixed_addrs(world);
	CHECK(!addr_parse("10.0.0.10", &world->system[0]) && !addr_parse("fd00::10", &world->system[1]));
	add_name(world, "not.in.the.policy"); /* the compiler must leave it out */
	each_dest(world, take_name);
}

/* --- the compiler's output --- */

static void check_dest(const struct compiled *compiled, const struct egret_dest *dest)
{
	CHECK(dest->count <= EGRET_MAX_PORTS_PER_DEST);
	CHECK((size_t)dest->first + dest->count <= compiled->port_count);
	CHECK(dest->name <= compiled->name_count);
}

static void check_ports(const struct compiled *compiled)
{
	for (size_t i = 0; i < compiled->port_count; i++) {
		const struct egret_port *port = &compiled->ports[i];

		CHECK(port->lo <= port->hi);
		CHECK(port->action <= EGRET_SPECIAL && port->app <= EGRET_APP_HTTP);
		CHECK((port->action != EGRET_SKIP && port->action != EGRET_SPECIAL) || port->group);
		CHECK(port->set < compiled->set_count);
		CHECK(port->rule >= EGRET_RULE_FIRST && port->rule - EGRET_RULE_FIRST < compiled->rule_limit);
	}
}

static void check_rules(const struct compiled *compiled)
{
	CHECK(compiled->rule_count >= compiled->policy->rule_count && compiled->rule_count <= EGRET_MAX_RULES);
	for (size_t i = 0; i < compiled->rule_count; i++) {
		const struct egret_rule_text *text = &compiled->texts[i];

		CHECK((size_t)compiled->rules[i].first + compiled->rules[i].count <= compiled->port_count);
		CHECK(memchr(text->text, '\0', sizeof(text->text)) && text->text[0]);
		CHECK(memchr(text->purpose, '\0', sizeof(text->purpose)));
		CHECK(memchr(text->file, '\0', sizeof(text->file)));
	}
}

static void check_compiled(const struct compiled *compiled)
{
	for (size_t i = 0; i < compiled->addr_count; i++) {
		check_dest(compiled, &compiled->addrs[i].dest);
		CHECK(!i || addr_compare(&compiled->addrs[i - 1].addr, &compiled->addrs[i].addr) < 0);
	}
	for (size_t i = 0; i < compiled->cidr_count; i++) {
		check_dest(compiled, &compiled->cidrs[i].dest);
		CHECK(compiled->cidrs[i].key.prefix_len < 128);
	}
	check_ports(compiled);
	check_rules(compiled);
	CHECK(compiled->cgroup_count <= EGRET_MAX_NAMED_CGROUPS);
	for (size_t i = 0; i < compiled->name_count; i++)
		CHECK(compiled_name_id(compiled, compiled->names[i]) == i + 1);
}

static bool compile(struct world *world)
{
	struct compile_input input = {
	    .policy = world->policy,
	    .names = world->name_addrs,
	    .name_count = world->name_count,
	    .system_resolvers = world->system,
	    .system_resolver_count = 2,
	    .generation = 3,
	};
	int rc = compile_policy(&input, &world->compiled, &world->diag);

	check_findings(&world->diag);
	CHECK(rc == 0 || rc == -EINVAL);
	CHECK((rc != 0) == (world->diag.errors > 0));
	return !rc;
}

/* --- the model --- */

static bool small_enough(const struct policy *policy)
{
	size_t dests = 0;

	for (size_t i = 0; i < policy->rule_count; i++)
		dests += policy->rules[i].dest_count;
	return policy->rule_count <= MODEL_MAX_RULES && dests <= MODEL_MAX_DESTS;
}

static void agree(struct judgement got, struct model_verdict wanted)
{
	if (got.allow == wanted.allow && got.reason == wanted.reason && got.rule == wanted.rule)
		return;
	fprintf(stderr, "compiled: allow %d reason %u rule %u; the model: allow %d reason %u rule %u\n", got.allow,
		got.reason, got.rule, wanted.allow, wanted.reason, wanted.rule);
	abort();
}

/* As the agent does it when one address changed its names. */
static struct judgement judge_anew(struct world *world, const struct model_packet *packet, uint32_t audience)
{
	struct compiled *compiled = world->compiled;
	const char *names[MAX_NAMES];
	struct egret_dest dest;
	size_t count = 0;

	for (size_t i = 0; i < world->name_count; i++) {
		const struct model_name *name = &world->names[i];
		size_t a = 0;

		while (a < name->count && !addr_equal(&name->addrs[a], &packet->addr))
			a++;
		if (a < name->count)
			names[count++] = name->name;
	}
	CHECK(!compiled_address(compiled, &packet->addr, names, count, &dest));
	check_dest(compiled, &dest);
	if (!dest.count)
		return compiled_judge_addr(compiled, &packet->addr, packet->l4_proto, packet->port, audience);
	return compiled_judge_dest(compiled, &packet->addr, &dest, packet->l4_proto, packet->port, audience);
}

static void compare(struct world *world, const struct model_packet *packet, uint32_t audience)
{
	struct model model = {.policy = world->policy,
			      .names = world->names,
			      .name_count = world->name_count,
			      .system_resolvers = world->system,
			      .system_resolver_count = 2};
	const struct compiled *compiled = world->compiled;

	for (size_t i = 0; i < world->addr_count; i++) {
		struct model_packet sent = *packet;
		struct model_verdict wanted;

		sent.addr = world->addrs[i];
		wanted = model_judge(&model, &sent);
		agree(compiled_judge_addr(compiled, &sent.addr, sent.l4_proto, sent.port, audience), wanted);
		if (!(i % 4))
			agree(judge_anew(world, &sent, audience), wanted);
	}
	for (size_t i = 0; i < world->name_count && i < 8; i++)
		agree(compiled_judge_name(compiled, world->names[i].name, packet->l4_proto, packet->port, audience),
		      model_judge_name(&model, world->names[i].name, packet));
}

static void compare_subjects(struct world *world, struct model_packet packet)
{
	const struct compiled *compiled = world->compiled;
	const char *groups[MAX_GROUPS], *path = compiled->cgroup_count ? compiled->cgroups[0] : "/nowhere";

	packet.host = true;
	compare(world, &packet, EGRET_AUDIENCE_HOST);
	packet.host = false;
	packet.pods = true;
	packet.cgroups = groups;
	for (uint32_t node = compiled->cgroup_count ? 1 : 0; node && packet.cgroup_count < MAX_GROUPS;
	     node = compiled->around[node])
		groups[packet.cgroup_count++] = compiled->cgroups[node - 1];
	compare(world, &packet, compiled_audience_of(compiled, path, EGRET_KIND_POD));
}

/* Ports at the edges of what the rules say, and one that none is likely to say. */
static void compare_all(struct world *world)
{
	static const struct model_packet always[] = {
	    {.l4_proto = IPPROTO_UDP, .port = 53}, {.l4_proto = IPPROTO_ICMPV6}, {.l4_proto = IPPROTO_GRE}};
	int left = 6;

	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		compare_subjects(world, always[i]);
	for (size_t i = 0; i < world->compiled->port_count && left; i++) {
		const struct egret_port *port = &world->compiled->ports[i];
		struct model_packet packet = {.l4_proto = port->l4_proto, .port = port->hi};

		if (port->l4_proto == EGRET_L4_ANY || port->l4_proto == IPPROTO_ICMP)
			continue;
		left--;
		compare_subjects(world, packet);
		packet.port = port->hi == UINT16_MAX ? port->lo : port->hi + 1;
		compare_subjects(world, packet);
	}
}

/* Where the policy is too large for the model, at least nothing may break. */
static void judge_some(struct world *world)
{
	for (size_t i = 0; i < world->addr_count; i++)
		compiled_judge_addr(world->compiled, &world->addrs[i], IPPROTO_TCP, 443, EGRET_AUDIENCE_HOST);
	for (size_t i = 0; i < world->name_count; i++)
		compiled_judge_name(world->compiled, world->names[i].name, IPPROTO_TCP, 443, EGRET_AUDIENCE_POD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world world = {0};

	load(&world, (const char *)data, size);
	if (world.policy) {
		check_policy(world.policy);
		make_world(&world);
		if (compile(&world)) {
			check_compiled(world.compiled);
			if (small_enough(world.policy))
				compare_all(&world);
			else
				judge_some(&world);
		}
	}
	compiled_free(world.compiled);
	policy_free(world.policy);
	diag_clear(&world.diag);
	return 0;
}
