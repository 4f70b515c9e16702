// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * decisions COUNT: random policies, and random answers under them, in several network namespaces at a time. What
 * `explain` says of a first packet (kernel_decide) must be what the programs decide in the kernel, by
 * BPF_PROG_TEST_RUN: verdict, reason and rule. Ends 1 at the first that differs.
 *
 * A second of a lesson's life is one tick, so that lessons end within a test.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/addr.h"
#include "decide.skel.h"
#include "decision.h"
#include "kernel/kernel.h"
#include "model/random.h"
#include "programs.h"
#include "world.h"
#include "egret_reasons.h"

#define INSTANCE          "decisions"
#define STATES_PER_POLICY 200
#define SCOPES            3 /* network namespaces that keep what they learn */
#define OWNERS            2
#define FIRST_FRESH_SCOPE 1000
#define MAX_TTL_SEC       100000
#define LONG_TTL_SEC      5000

struct bench {
	struct kernel *kernel;
	struct decide_bpf *programs;
	struct world world;
	uint64_t fresh_scope; /* in which nothing was learned yet */
	unsigned long allowed, denied, learned_allows, special, ended, told, names;
};

static void die(const char *what)
{
	fprintf(stderr, "decisions: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* However this ends, by a signal too, its pins end with it. */
static void take_bpffs_of_its_own(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL))
		die("a bpffs of its own");
}

static void load_programs(struct bench *bench)
{
	bench->programs = decide_bpf__open();
	if (!bench->programs)
		die("open");
	bench->programs->rodata->ticks_per_sec = 1;
	programs_share_keys(bench->kernel, (void *)bench->programs->rodata->hash_keys);
	programs_share_maps(bench->programs->obj, INSTANCE);
	if (decide_bpf__load(bench->programs))
		die("load");
}

/* --- policies --- */

/* The random language has no floor file and no `set internal`: some of the rules become the floor's, and some
 * addresses internal. */
static void draw_policy(struct bench *bench)
{
	static const char *const ranges[] = {"30.0.0.0/8", "2603:1000:1::/48", "20.0.0.0/14"};
	struct policy *policy;

	world_draw(&bench->world, true);
	policy = bench->world.policy;
	for (size_t i = 0; i < policy->rule_count; i++)
		((struct policy_rule *)policy->rules)[i].floor = !random_below(4);
	if (random_below(2)) {
		policy->settings.internal = malloc(sizeof(*policy->settings.internal)); /* the policy's to free */
		if (!policy->settings.internal || cidr_parse(RANDOM_OF(ranges), policy->settings.internal))
			die("set internal");
		policy->settings.internal_count = 1;
	}
	policy->settings.min_ttl_sec = random_below(3);
	policy->settings.max_ttl_sec = MAX_TTL_SEC;
	world_load(&bench->world, bench->kernel, NULL);
}

/* --- the kernel's side --- */

static size_t put_name(uint8_t *to, const char *name)
{
	size_t at = 0;

	while (*name) {
		size_t len = strcspn(name, ".");

		to[at++] = (uint8_t)len;
		memcpy(to + at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	to[at++] = 0;
	return at;
}

/* An answer of a trusted resolver. */
static void teach(const struct bench *bench, const char *name, const struct egret_addr *addr, uint64_t scope,
		  uint32_t ttl_sec)
{
	struct egret_taught taught = {
	    .addr = *addr, .scope = scope, .owner = 1 + random_below(OWNERS), .ttl_sec = ttl_sec};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = &taught, .data_size_in = sizeof(taught));

	put_name(taught.question + 12, name); /* behind the header, RFC 1035 section 4.1.1 */
	if (bpf_prog_test_run_opts(bpf_program__fd(bench->programs->progs.teach), &options) || options.retval)
		die("BPF_PROG_TEST_RUN of teach");
}

/* Whatever ends between two ticks ends for both sides at the same time. */
static struct judgement ask_programs(const struct bench *bench, const struct kernel_packet *packet, uint64_t *ret_tick)
{
	struct decision decision = {.scope = packet->scope,
				    .audience = packet->audience,
				    .port = packet->port,
				    .l4_proto = packet->l4_proto},
			answer;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = &decision, .data_size_in = sizeof(decision),
		    .data_out = &answer, .data_size_out = sizeof(answer));

	memcpy(decision.halves, &packet->addr, sizeof(decision.halves));
	do {
		options.data_size_out = sizeof(answer);
		if (bpf_prog_test_run_opts(bpf_program__fd(bench->programs->progs.decide), &options) || options.retval)
			die("BPF_PROG_TEST_RUN of decide");
	} while (answer.ticks_taken);
	*ret_tick = answer.tick;
	return (struct judgement){
	    .allow = answer.allow, .told_only = answer.told, .reason = answer.reason, .rule = answer.rule};
}

/* --- both --- */

static void disagree(const struct bench *bench, const char *what, const struct kernel_packet *packet,
		     struct judgement said, struct judgement decided)
{
	char addr[ADDR_TEXT_SIZE];

	fprintf(stderr,
		"decisions: %s: explain says %s, told %d, reason %u, rule %u; the kernel decides %s, told %d, reason "
		"%u, rule "
		"%u\n"
		"  of %s protocol %u port %u audience %u scope %llu\n",
		what, said.allow ? "allow" : "deny", said.told_only, said.reason, said.rule,
		decided.allow ? "allow" : "deny", decided.told_only, decided.reason, decided.rule,
		addr_format(&packet->addr, addr), packet->l4_proto, packet->port, packet->audience,
		(unsigned long long)packet->scope);
	world_print(&bench->world);
	exit(1);
}

/* @explained: as `explain` asks; @packet: as it is sent. */
static struct judgement compare(const struct bench *bench, const char *what, struct kernel_packet *explained,
				const struct kernel_packet *packet)
{
	uint64_t tick;
	struct judgement decided = ask_programs(bench, packet, &tick), said;

	explained->now_sec = (uint32_t)tick; /* as long as ticks_per_sec is 1 */

	if (kernel_decide(bench->kernel, explained, &said))
		die("kernel_decide");
	if (said.allow != decided.allow || said.told_only != decided.told_only || said.reason != decided.reason ||
	    said.rule != decided.rule)
		disagree(bench, what, packet, said, decided);
	return decided;
}

static struct kernel_packet draw_packet(const struct bench *bench)
{
	const struct compiled *compiled = bench->world.compiled;
	const char *groups[RANDOM_MAX_GROUPS];
	struct model_packet packet = {0};
	struct random_subject who =
	    random_subject((const char *const *)compiled->cgroups, compiled->cgroup_count, &packet, groups);

	random_port(&packet);
	if (random_below(2)) { /* which most rules are about */
		packet.l4_proto = IPPROTO_TCP;
		packet.port = (uint16_t)(1 + random_below(3));
	}
	addr_parse(random_addr(), &packet.addr);
	return (struct kernel_packet){.addr = packet.addr,
				      .l4_proto = packet.l4_proto,
				      .port = packet.port,
				      .audience = compiled_audience_of(compiled, who.path, who.kind)};
}

static void learn_something(struct bench *bench)
{
	static const uint32_t ttls[] = {0, 1, 2, 3, LONG_TTL_SEC, LONG_TTL_SEC};
	uint64_t scope = 1 + random_below(SCOPES);
	struct egret_addr addr;

	addr_parse(random_addr(), &addr);
	/* In the first one nothing lasts. */
	teach(bench, random_name(), &addr, scope, scope == 1 ? ttls[random_below(4)] : RANDOM_OF(ttls));
}

/* A packet from where much was learned; or, scope 0, from where nothing can be. */
static void compare_in_scope(struct bench *bench)
{
	struct kernel_packet packet = draw_packet(bench);
	struct judgement decided, listed;
	uint64_t tick;

	packet.scope = random_below(SCOPES + 1);
	decided = compare(bench, "of an address", &packet, &packet);
	packet.scope = 0;
	listed = ask_programs(bench, &packet, &tick);
	bench->allowed += decided.allow;
	bench->denied += !decided.allow;
	bench->learned_allows += decided.allow && !listed.allow;
	bench->special += decided.reason == EGRET_REASON_SPECIAL_ADDRESS;
	bench->ended += decided.reason == EGRET_REASON_EXPIRED;
	bench->told += decided.told_only;
}

/* `explain NAME`: what becomes of a packet to an address of the name that was resolved a moment ago. */
static void compare_of_name(struct bench *bench)
{
	struct kernel_packet packet = draw_packet(bench), explained = packet;
	const char *name = random_name();

	packet.scope = bench->fresh_scope++;
	teach(bench, name, &packet.addr, packet.scope, LONG_TTL_SEC);
	explained.name = name;
	compare(bench, name, &explained, &packet);
	bench->names++;
}

static void run_policy(struct bench *bench)
{
	draw_policy(bench);
	for (int i = 0; i < STATES_PER_POLICY; i++) {
		learn_something(bench);
		if (random_below(2))
			compare_in_scope(bench);
		else
			compare_of_name(bench);
	}
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	static struct bench bench;
	struct error error;

	if (!count) {
		fprintf(stderr, "usage: decisions COUNT\n");
		return 2;
	}
	take_bpffs_of_its_own();
	if (kernel_claim(INSTANCE, KERNEL_ANY, &bench.kernel, &error) || kernel_load(bench.kernel, -1, &error)) {
		fprintf(stderr, "decisions: %s\n", error.text);
		return 1;
	}
	load_programs(&bench);
	bench.fresh_scope = FIRST_FRESH_SCOPE;
	random_start("decisions in random states", count);
	random_audit_lines = true;
	for (unsigned long done = 0; done < count; done += STATES_PER_POLICY)
		run_policy(&bench);
	printf("note: %lu allowed, %lu of them by what was learned; %lu denied, %lu of them as special addresses, %lu "
	       "because an answer was over, %lu that an `audit` line lets pass; %lu names explained\n",
	       bench.allowed, bench.learned_allows, bench.denied, bench.special, bench.ended, bench.told, bench.names);
	world_clear(&bench.world);
	kernel_free(bench.kernel);
	return kernel_detach(INSTANCE, &error) ? 1 : 0;
}
