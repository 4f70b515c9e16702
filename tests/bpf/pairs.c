// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * pairs COUNT DEVICE: random policies and packets through the model (tests/model),
 * through what `explain` asks (of files, and of the maps), and through the programs in
 * the kernel by BPF_PROG_TEST_RUN; twice each, so that the second verdict comes out of
 * the socket's cache. Verdict, rule and reason must agree. Ends 1 at the first that does not.
 *
 * DEVICE is not lo: what goes over lo is not judged.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "compile/compile.h"
#include "egret.skel.h"
#include "judge.skel.h"
#include "kernel/kernel.h"
#include "model/model.h"
#include "model/packet.h"
#include "model/random.h"
#include "programs.h"
#include "question.h"
#include "subject/cgroup.h"
#include "world.h"
#include "egret_reasons.h"

#define INSTANCE           "pairs"
#define PACKETS_PER_POLICY 200
#define MAX_COUNTED        64

/* What the counters must have moved by, by rule and by reason. */
struct counts {
	uint64_t rules[MAX_COUNTED], reasons[EGRET_REASON_COUNT], audited[EGRET_REASON_COUNT];
};

struct bench {
	struct kernel *kernel;
	struct egret_bpf *programs;
	struct judge_bpf *judge;
	unsigned int ifindex;
	struct world world;
	struct counts expected, before;
	unsigned long told; /* packets that only an `audit` line let pass */
};

static void die(const char *what)
{
	fprintf(stderr, "pairs: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void load_programs(struct bench *bench)
{
	bench->programs = egret_bpf__open();
	bench->judge = judge_bpf__open();
	if (!bench->programs || !bench->judge)
		die("open");
	programs_share_keys(bench->kernel, (void *)bench->programs->rodata->hash_keys);
	programs_share_keys(bench->kernel, (void *)bench->judge->rodata->hash_keys);
	programs_share_maps(bench->programs->obj, INSTANCE);
	programs_share_maps(bench->judge->obj, INSTANCE);
	if (egret_bpf__load(bench->programs) || judge_bpf__load(bench->judge))
		die("load");
}

static void disagree(const struct world *world, const char *who, const struct packet_bytes *bytes,
		     const struct model_packet *packet, struct judgement got, struct model_verdict expected)
{
	char addr[ADDR_TEXT_SIZE];

	fprintf(stderr,
		"pairs: %s says %s, told %d, reason %u, rule %u; the model says %s, told %d, reason %u, rule %u\n"
		"  of %s protocol %u port %u reason %u host %d pods %d cgroups %zu\n",
		who, got.allow ? "allow" : "deny", got.told_only, got.reason, got.rule,
		expected.allow ? "allow" : "deny", expected.told, expected.reason, expected.rule,
		addr_format(&packet->addr, addr), packet->l4_proto, packet->port, packet->reason, packet->host,
		packet->pods, packet->cgroup_count);
	world_print(world);
	if (bytes) {
		fprintf(stderr, "ethertype %04x:", bytes->ethertype);
		for (size_t i = 0; i < bytes->len; i++)
			fprintf(stderr, " %02x", bytes->bytes[i]);
		fputc('\n', stderr);
	}
	exit(1);
}

static bool agree(struct judgement got, struct model_verdict expected)
{
	return got.allow == expected.allow && got.told_only == expected.told && got.reason == expected.reason &&
	       got.rule == expected.rule;
}

/* The compiled lists, the maps as `explain` reads them, and the kernel's own look-up. */
static void compare_look_ups(struct bench *bench, struct world *world, const struct model_packet *packet,
			     uint32_t audience)
{
	struct model_verdict expected = model_judge(&world->model, packet);
	struct question question = {.audience = audience}, answer;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = &question, .data_size_in = sizeof(question),
		    .data_out = &answer, .data_size_out = sizeof(answer));
	uint8_t l4_proto = packet->l4_proto == IPPROTO_ICMPV6 ? IPPROTO_ICMP : packet->l4_proto;
	const struct kernel_packet sent = {
	    .addr = packet->addr, .l4_proto = packet->l4_proto, .port = packet->port, .audience = audience};
	struct model_verdict in_kernel = expected;
	struct judgement got;

	in_kernel.rule = world_rule_id(world, expected.rule);
	got = compiled_judge_addr(world->compiled, &packet->addr, packet->l4_proto, packet->port, audience);
	if (!agree(got, in_kernel))
		disagree(world, "explain --policy", NULL, packet, got, expected);
	if (kernel_decide(bench->kernel, &sent, &got))
		die("kernel_decide");
	if (!agree(got, in_kernel))
		disagree(world, "explain", NULL, packet, got, expected);
	memcpy(&question.first_half, packet->addr.bytes, 16);
	question.port_key = (uint32_t)l4_proto << 16 | packet->port;
	if (bpf_prog_test_run_opts(bpf_program__fd(bench->judge->progs.judge), &options) || options.retval)
		die("BPF_PROG_TEST_RUN of judge");
	got = (struct judgement){
	    .allow = answer.allow, .told_only = answer.told, .reason = answer.reason, .rule = answer.rule};
	if (!agree(got, in_kernel))
		disagree(world, "the kernel's look-up", NULL, packet, got, expected);
}

/* Only verdicts come back here; rules and reasons are counted, and compared at the end of the policy. */
/* BPF_PROG_TEST_RUN sends from a socket of this process. Of kernel_load_policy. */
static int tell_own(struct kernel *kernel, const struct compiled *compiled, uint32_t generation)
{
	char path[CGROUP_PATH_SIZE];
	struct error error;
	uint64_t id;
	int fd, rc = cgroup_of_self(path, sizeof(path), &error);

	if (!rc)
		rc = cgroup_open(path, &fd, &error);
	if (rc)
		return rc;
	rc = cgroup_id(fd, &id);
	close(fd);
	if (!rc)
		rc = kernel_make_subject(kernel, id, &(struct egret_subject){});
	return rc ? rc
		  : kernel_set_audience(kernel, id, generation,
					compiled_audience_of(compiled, "/nowhere", EGRET_KIND_HOST));
}

/* A packet is sent twice. What only an `audit` line lets pass is counted as what would be denied, and by no rule. */
static void expect_counts(struct counts *counts, struct model_verdict expected)
{
	if (expected.told) {
		counts->audited[expected.reason] += 2;
		counts->rules[EGRET_RULE_AUDITED] += 2;
		return;
	}
	if (expected.allow)
		counts->rules[expected.rule] += 2;
	else
		counts->reasons[expected.reason] += 2;
	if (expected.reason == EGRET_REASON_DENY_RULE)
		counts->rules[expected.rule] += 2;
}

static void compare_packet(struct bench *bench, struct world *world)
{
	uint8_t frame[ETH_HLEN + PACKET_MAX_BYTES] = {0};
	struct __sk_buff context = {.ifindex = bench->ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .ctx_in = &context, .ctx_size_in = sizeof(context),
		    .repeat = 2);
	struct model_packet packet = {.host = true};
	struct model_verdict expected;
	struct packet_bytes bytes;

	packet_random(&bytes);
	packet_read(&bytes, &packet);
	expected = model_judge(&world->model, &packet);
	frame[12] = (uint8_t)(bytes.ethertype >> 8);
	frame[13] = (uint8_t)bytes.ethertype;
	memcpy(frame + ETH_HLEN, bytes.bytes, bytes.len);
	options.data_size_in = ETH_HLEN + bytes.len;
	if (bpf_prog_test_run_opts(bpf_program__fd(bench->programs->progs.egret_egress), &options))
		die("BPF_PROG_TEST_RUN");
	if (options.retval != (expected.allow || expected.told))
		disagree(world, "the program", &bytes, &packet, (struct judgement){.allow = options.retval}, expected);
	expect_counts(&bench->expected, expected);
	bench->told += expected.told;
}

static void read_counts(const struct bench *bench, struct counts *ret)
{
	struct egret_counter counter;

	memset(ret, 0, sizeof(*ret));
	for (uint32_t i = 0; i < EGRET_RULE_FIRST + bench->world.compiled->rule_count; i++) {
		if (kernel_get_counter(bench->kernel, world_rule_id(&bench->world, i), &counter))
			die("counters");
		ret->rules[i] = counter.packets;
	}
	for (uint32_t i = 0; i < 2 * EGRET_REASON_COUNT; i++) {
		if (kernel_get_reason(bench->kernel, i / 2, i & 1, &counter))
			die("reasons");
		*(i & 1 ? &ret->audited[i / 2] : &ret->reasons[i / 2]) = counter.packets;
	}
}

static bool moved_by(const char *what, uint32_t id, uint64_t moved, uint64_t expected)
{
	if (moved == expected)
		return true;
	fprintf(stderr, "pairs: %s %u was counted %llu times; the model says %llu\n", what, id,
		(unsigned long long)moved, (unsigned long long)expected);
	return false;
}

static void compare_counts(const struct bench *bench)
{
	const struct counts *before = &bench->before, *expected = &bench->expected;
	bool equal = true;
	struct counts now;

	read_counts(bench, &now);
	for (uint32_t i = 0; i < MAX_COUNTED; i++)
		equal &= moved_by("rule", i, now.rules[i] - before->rules[i], expected->rules[i]);
	for (uint32_t i = 0; i < EGRET_REASON_COUNT; i++) {
		equal &= moved_by("reason", i, now.reasons[i] - before->reasons[i], expected->reasons[i]);
		equal &= moved_by("audited reason", i, now.audited[i] - before->audited[i], expected->audited[i]);
	}
	if (equal)
		return;
	world_print(&bench->world);
	exit(1);
}

static void run_policy(struct bench *bench, unsigned long packets)
{
	struct world *world = &bench->world;

	world_draw(world, true);
	world_load(world, bench->kernel, tell_own);
	memset(&bench->expected, 0, sizeof(bench->expected));
	read_counts(bench, &bench->before);
	for (unsigned long i = 0; i < packets; i++) {
		const char *groups[RANDOM_MAX_GROUPS];
		struct model_packet packet = {0};
		struct random_subject who;

		compare_packet(bench, world);
		who = random_subject((const char *const *)world->compiled->cgroups, world->compiled->cgroup_count,
				     &packet, groups);
		addr_parse(random_addr(), &packet.addr);
		random_port(&packet);
		compare_look_ups(bench, world, &packet, compiled_audience_of(world->compiled, who.path, who.kind));
	}
	compare_counts(bench);
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
	static struct bench bench;
	struct error error;

	bench.ifindex = argc > 2 ? if_nametoindex(argv[2]) : 0;
	if (!count || !bench.ifindex) {
		fprintf(stderr, "usage: pairs COUNT DEVICE\n");
		return 2;
	}
	if (kernel_claim(INSTANCE, KERNEL_ANY, &bench.kernel, &error) || kernel_load(bench.kernel, -1, &error)) {
		fprintf(stderr, "pairs: %s\n", error.text);
		return 1;
	}
	load_programs(&bench);
	random_start("pairs of a policy and a packet", count);
	random_audit_lines = true;
	for (unsigned long done = 0; done < count; done += PACKETS_PER_POLICY)
		run_policy(&bench, PACKETS_PER_POLICY);
	printf("note: %lu packets passed only by an `audit` line\n", bench.told);
	world_clear(&bench.world);
	kernel_free(bench.kernel);
	return kernel_detach(INSTANCE, &error) ? 1 : 0;
}
