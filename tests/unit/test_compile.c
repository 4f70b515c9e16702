/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compile/compile.h"
#include "compile/special.h"
#include "model/model.h"
#include "model/random.h"
#include "model/special.h"
#include "egret_reasons.h"
#include "egret_special.h"
#include "egret_subject.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- one policy, compiled --- */

struct run {
	struct diag diag;
	struct policy *policy;
	struct random_names names; /* "a.test 20.0.0.1 20.0.0.2\nb.test 20.0.0.1\n" */
	struct name_addrs name_addrs[RANDOM_MAX_NAMES];
	struct egret_addr system[2];
	struct compiled *compiled;
	int error;
};

static void run_start(struct run *run, const char *text, const char *names)
{
	struct compile_input input = {.generation = 7};

	memset(run, 0, sizeof(*run));
	if (policy_load_text("t.rules", text, strlen(text), NULL, &run->policy, &run->diag)) {
		diag_print(&run->diag, stderr);
		fail_msg("the policy of the test does not parse:\n%s", text);
	}
	diag_clear(&run->diag); /* what the parser warns of is tested with it */
	assert_int_equal(random_names_parse(&run->names, names), 0);
	for (size_t i = 0; i < run->names.count; i++)
		run->name_addrs[i] =
		    (struct name_addrs){run->names.names[i].name, run->names.names[i].addrs, run->names.names[i].count};
	assert_int_equal(addr_parse("10.0.0.10", &run->system[0]), 0);
	assert_int_equal(addr_parse("fd00::10", &run->system[1]), 0);
	input.policy = run->policy;
	input.names = run->name_addrs;
	input.name_count = run->names.count;
	input.system_resolvers = run->system;
	input.system_resolver_count = COUNT(run->system);
	run->error = compile_policy(&input, &run->compiled, &run->diag);
}

static void run_end(struct run *run)
{
	compiled_free(run->compiled);
	policy_free(run->policy);
	diag_clear(&run->diag);
}

/* --- as text --- */

static const char *proto_name(uint8_t l4_proto)
{
	switch (l4_proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	case IPPROTO_ICMP:
		return "icmp";
	}
	return "any";
}

static void dump_port(FILE *out, const struct egret_port *port)
{
	static const char *const actions[] = {"allow", "deny", "skip", "special"};
	static const char *const apps[] = {NULL, "https", "http"};
	bool ported = port->l4_proto != EGRET_L4_ANY && port->l4_proto != IPPROTO_ICMP;

	fprintf(out, " %s %s", actions[port->action], port->app ? apps[port->app] : proto_name(port->l4_proto));
	if (ported)
		fprintf(out, port->lo == port->hi ? ":%u" : ":%u-%u", port->lo, port->hi);
	if (port->private)
		fprintf(out, " private");
	if (port->set != EGRET_SET_ALL)
		fprintf(out, " for %u", port->set);
	fprintf(out, " r%u", port->rule - EGRET_RULE_FIRST + 1);
	if (port->group)
		fprintf(out, " g%u", port->group);
	fputc(';', out);
}

static void dump_dest(FILE *out, const struct compiled *compiled, const char *what, const struct egret_dest *dest)
{
	fprintf(out, "%s%s%s%s:", what, dest->name ? " " : "", dest->name ? compiled->names[dest->name - 1] : "",
		dest->flags & EGRET_DEST_SERVICE ? " (service)" : "");
	for (uint32_t i = 0; i < dest->count; i++)
		dump_port(out, &compiled->ports[dest->first + i]);
	fputc('\n', out);
}

static char *dump(const struct compiled *compiled)
{
	char *text, buf[ADDR_TEXT_SIZE];
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	for (size_t i = 0; i < compiled->addr_count; i++)
		dump_dest(out, compiled, addr_format(&compiled->addrs[i].addr, buf), &compiled->addrs[i].dest);
	for (size_t i = 0; i < compiled->cidr_count; i++) {
		struct cidr cidr = {compiled->cidrs[i].key.addr, (uint8_t)compiled->cidrs[i].key.prefix_len};

		dump_dest(out, compiled, cidr_format(&cidr, buf), &compiled->cidrs[i].dest);
	}
	fclose(out);
	return text;
}

static char *findings(const struct diag *diag)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	diag_print(diag, out);
	fclose(out);
	return text;
}

struct exact_case {
	const char *what, *policy, *names, *expected, *findings;
};

static void expect_exact(const struct exact_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct run run;
		char *got, *told;

		run_start(&run, cases[i].policy, cases[i].names ? cases[i].names : "");
		told = findings(&run.diag);
		if (run.error)
			fail_msg("%s: does not compile:\n%s", cases[i].what, told);
		got = dump(run.compiled);
		if (strcmp(got, cases[i].expected) != 0)
			fail_msg("%s\nexpected:\n%sgot:\n%s", cases[i].what, cases[i].expected, got);
		if (strcmp(told, cases[i].findings ? cases[i].findings : "") != 0)
			fail_msg("%s\nexpected findings:\n%s\ngot:\n%s", cases[i].what,
				 cases[i].findings ? cases[i].findings : "", told);
		free(got);
		free(told);
		run_end(&run);
	}
}

/* --- exact output --- */

static void what_names_say_adds_up(void **state)
{
	static const struct exact_case cases[] = {
	    {.what = "exact name and the patterns over it, in the order of the rules",
	     .policy = "resolver system\n"
		       "allow *.test https:443\nallow a.b.test tcp:22\nallow *.b.test tcp:9000\nallow b.test udp:1\n",
	     .names = "a.b.test 20.0.0.1\nb.test 20.0.0.2",
	     .expected = "10.0.0.10: allow udp:53 r5; allow tcp:53 r5;\n"
			 "20.0.0.1 a.b.test: allow https:443 r1 g1; allow tcp:22 r2 g1; allow tcp:9000 r3 g1;\n"
			 "20.0.0.2 b.test: allow https:443 r1 g1; allow udp:1 r4 g1;\n"
			 "fd00::10: allow udp:53 r6; allow tcp:53 r6;\n"},
	    {.what = "a pattern never takes its apex, nor a name that only ends alike",
	     .policy = "resolver 10.0.0.9\nallow *.b.test tcp:1\nallow b.test tcp:2\nallow xb.test tcp:3\n",
	     .names = "b.test 20.0.0.1\nxb.test 20.0.0.2",
	     .expected = "10.0.0.9: allow udp:53 r4; allow tcp:53 r4;\n"
			 "20.0.0.1 b.test: allow tcp:2 r2 g1;\n"
			 "20.0.0.2 xb.test: allow tcp:3 r3 g1;\n"},
	    {.what = "two names of one address keep their ports, each in its group",
	     .policy = "allow a.test tcp:1\nallow b.test tcp:2\n",
	     .names = "b.test 20.0.0.1\na.test 20.0.0.1 2603:1000::1",
	     .expected = "20.0.0.1 a.test: allow tcp:1 r1 g1; allow tcp:2 r2 g2;\n"
			 "2603:1000::1 a.test: allow tcp:1 r1 g1;\n"},
	    {.what = "a name without addresses has no entry; one outside of the policy has none either",
	     .policy = "allow a.test tcp:1\n",
	     .names = "a.test\nz.test 20.0.0.1",
	     .expected = ""},
	    {.what = "IPv4 and its mapped form are one address",
	     .policy = "allow ::ffff:20.0.0.1 tcp:1\nallow 20.0.0.1 tcp:2\n",
	     .expected = "20.0.0.1: allow tcp:1 r1; allow tcp:2 r2;\n"},
	};

	(void)state;
	expect_exact(cases, COUNT(cases));
}

static void a_deny_takes_away(void **state)
{
	static const struct exact_case cases[] = {
	    {.what = "a deny of a CIDR stands before all, whatever the order",
	     .policy = "allow a.test tcp:1\nallow 20.0.0.0/8 tcp:2\ndeny 20.1.0.0/16 tcp:1-9\n",
	     .names = "a.test 20.1.0.1 20.2.0.1",
	     .expected = "20.1.0.1 a.test: deny tcp:1-9 r3;\n"
			 "20.2.0.1 a.test: allow tcp:1 r1 g1; allow tcp:2 r2;\n"
			 "20.0.0.0/8: allow tcp:2 r2;\n"
			 "20.1.0.0/16: deny tcp:1-9 r3;\n"},
	    {.what = "a deny of a name takes away the CIDR's allow for its addresses",
	     .policy = "allow 20.0.0.0/8 any\ndeny a.test\n",
	     .names = "a.test 20.0.0.1",
	     .expected = "20.0.0.1 a.test: deny any r2;\n20.0.0.0/8: allow any r1;\n"},
	    {.what = "an allowed name keeps its ports where a denied name has the address",
	     .policy = "allow a.test tcp:443\ndeny b.test\nallow 20.0.0.0/8 tcp:80\n",
	     .names = "a.test 20.0.0.1\nb.test 20.0.0.1",
	     .expected = "20.0.0.1 a.test: allow tcp:443 r1 g1; deny any r2;\n20.0.0.0/8: allow tcp:80 r3;\n",
	     .findings = "t.rules:2: warning: this deny is no boundary: b.test has 20.0.0.1, and so has a name that "
			 "t.rules:1 allows, which keeps its ports; deny the address itself if this is meant\n"},
	    {.what = "a name's own deny voids that name's allows only",
	     .policy = "resolver 10.0.0.9\nallow *.test tcp:1-9\ndeny a.test tcp:5\nallow b.other tcp:5\n",
	     .names = "a.test 20.0.0.1\nb.other 20.0.0.1",
	     .expected = "10.0.0.9: allow udp:53 r4; allow tcp:53 r4;\n"
			 "20.0.0.1 a.test: skip tcp:5 r2 g1; allow tcp:1-9 r1 g1; allow tcp:5 r3 g2;\n",
	     .findings =
		 "t.rules:3: warning: this deny is no boundary: a.test has 20.0.0.1, and so has a name that t.rules:4 "
		 "allows, which keeps its ports; deny the address itself if this is meant\n"},
	    {.what = "a deny for some classes leaves the others",
	     .policy = "allow 20.0.0.1 tcp:1\ndeny 20.0.0.0/8 tcp:1 for pods\ndeny 20.0.0.1 for cgroup /a.slice\n",
	     .expected = "20.0.0.1: deny tcp:1 for 1 r2; deny any for 2 r3; allow tcp:1 r1;\n"
			 "20.0.0.0/8: deny tcp:1 for 1 r2;\n"},
	};

	(void)state;
	expect_exact(cases, COUNT(cases));
}

static void cidrs_lie_in_each_other(void **state)
{
	static const struct exact_case cases[] = {
	    {.what = "the narrowest holds what all around it say",
	     .policy =
		 "allow 20.0.0.0/8 tcp:1\nallow 20.1.0.0/16 tcp:2\nallow 20.1.1.1 tcp:3\nallow 20.1.0.0/16 udp:4\n",
	     .expected = "20.1.1.1: allow tcp:1 r1; allow tcp:2 r2; allow tcp:3 r3; allow udp:4 r4;\n"
			 "20.0.0.0/8: allow tcp:1 r1;\n"
			 "20.1.0.0/16: allow tcp:1 r1; allow tcp:2 r2; allow udp:4 r4;\n"},
	    {.what = "a hole in an allowed range, and an allowed address in it",
	     .policy = "deny 20.1.0.0/16 tcp:1\nallow 20.0.0.0/8 tcp:1-2\nallow 20.1.1.1 tcp:1\n",
	     .expected = "20.1.1.1: deny tcp:1 r1; allow tcp:1-2 r2;\n"
			 "20.0.0.0/8: allow tcp:1-2 r2;\n"
			 "20.1.0.0/16: deny tcp:1 r1; allow tcp:1-2 r2;\n",
	     .findings = "t.rules:3: warning: this rule changes nothing: t.rules:1 takes away all of it; remove one of "
			 "them\n"},
	    {.what = "neighbours do not mix; all of IPv4 is 0.0.0.0/0",
	     .policy =
		 "allow 20.0.0.0/9 tcp:1\nallow 20.128.0.0/9 tcp:2\nallow 0.0.0.0/0 udp:3\nallow 2000::/3 tcp:4\n",
	     .expected = "0.0.0.0/0: allow udp:3 r3;\n"
			 "20.0.0.0/9: allow tcp:1 r1; allow udp:3 r3;\n"
			 "20.128.0.0/9: allow tcp:2 r2; allow udp:3 r3;\n"
			 "2000::/3: allow tcp:4 r4;\n"},
	    {.what = "service ranges are marked, and all in them",
	     .policy = "set service_ranges = 20.1.0.0/16\nallow 20.0.0.0/8 tcp:1\nallow 20.1.1.1 tcp:2\n",
	     .expected = "20.1.1.1 (service): allow tcp:1 r1; allow tcp:2 r2;\n"
			 "20.0.0.0/8: allow tcp:1 r1;\n"
			 "20.1.0.0/16 (service): allow tcp:1 r1;\n"},
	};

	(void)state;
	expect_exact(cases, COUNT(cases));
}

static void every_port_form(void **state)
{
	static const struct exact_case cases[] = {
	    {.what = "all kinds, ranges and lists; on addresses there is no server name to check",
	     .policy = "allow 20.0.0.1 https:443 http:80 tcp:1,3-5 udp:7 sctp:9 icmp\nallow 20.0.0.2 any\n",
	     .expected =
		 "20.0.0.1: allow tcp:443 r1; allow tcp:80 r1; allow tcp:1 r1; allow tcp:3-5 r1; allow udp:7 r1;"
		 " allow sctp:9 r1; allow icmp r1;\n"
		 "20.0.0.2: allow any r2;\n"},
	    {.what = "on names they are kept as their own kinds",
	     .policy = "allow a.test https:443 http:80 tcp:22\n",
	     .names = "a.test 20.0.0.1",
	     .expected = "20.0.0.1 a.test: allow https:443 r1 g1; allow http:80 r1 g1; allow tcp:22 r1 g1;\n"},
	    {.what = "tcp:N covers https:N, not the other way round",
	     .policy = "allow a.test tcp:443\nallow a.test https:443\nallow b.test https:443\nallow b.test tcp:443\n",
	     .names = "a.test 20.0.0.1\nb.test 20.0.0.2",
	     .expected = "20.0.0.1 a.test: allow tcp:443 r1 g1;\n"
			 "20.0.0.2 b.test: allow https:443 r3 g1; allow tcp:443 r4 g1;\n",
	     .findings =
		 "t.rules:2: warning: this rule changes nothing: t.rules:1 allows all of it; remove one of them\n"
		 "t.rules:3: warning: this rule changes nothing: t.rules:4 allows all of it; remove one of them\n"},
	    {.what = "a covered entry is left out: ranges, any, sets",
	     .policy = "allow 20.0.0.1 tcp:1-9\nallow 20.0.0.1 tcp:5 udp:5\nallow 20.0.0.2 udp:1 for host\n"
		       "allow 20.0.0.2 udp:1\nallow 20.0.0.2 any\nallow 20.0.0.2 icmp for pods\n",
	     .expected = "20.0.0.1: allow tcp:1-9 r1; allow udp:5 r2;\n"
			 "20.0.0.2: allow udp:1 for 1 r3; allow udp:1 r4; allow any r5;\n",
	     .findings =
		 "t.rules:3: warning: this rule changes nothing: t.rules:4 allows all of it; remove one of them\n"
		 "t.rules:4: warning: this rule changes nothing: t.rules:5 allows all of it; remove one of them\n"
		 "t.rules:6: warning: this rule changes nothing: t.rules:5 allows all of it; remove one of them\n"},
	    {.what = "host, pods and named cgroups each have their set",
	     .policy = "allow 20.0.0.1 tcp:1 for host\nallow 20.0.0.1 tcp:1 for pods\n"
		       "allow 20.0.0.1 tcp:1 for cgroup /a.slice\nallow 20.0.0.1 tcp:1 for cgroup /b.slice\n"
		       "allow 20.0.0.2 tcp:1 for cgroup /a.slice\n",
	     .expected = "20.0.0.1: allow tcp:1 for 1 r1; allow tcp:1 for 2 r2; allow tcp:1 for 3 r3;"
			 " allow tcp:1 for 4 r4;\n"
			 "20.0.0.2: allow tcp:1 for 3 r5;\n"},
	};

	(void)state;
	expect_exact(cases, COUNT(cases));
}

static void names_bring_in_no_special_addresses(void **state)
{
	static const struct exact_case cases[] = {
	    {.what = "metadata, loopback, private, unspecified: not through a name",
	     .policy = "allow a.test tcp:80\n",
	     .names = "a.test 20.0.0.1 169.254.169.254 127.0.0.1 10.0.0.1 ::1 fe80::1 fd00::1",
	     .expected = "::1 a.test: special tcp:80 r1 g1;\n"
			 "10.0.0.1 a.test: special tcp:80 r1 g1;\n"
			 "20.0.0.1 a.test: allow tcp:80 r1 g1;\n"
			 "127.0.0.1 a.test: special tcp:80 r1 g1;\n"
			 "169.254.169.254 a.test: special tcp:80 r1 g1;\n"
			 "fd00::1 a.test: special tcp:80 r1 g1;\n"
			 "fe80::1 a.test: special tcp:80 r1 g1;\n",
	     .findings =
		 "t.rules:1: warning: this rule names a.test, but 169.254.169.254 is a link-local address, "
		 "which a name may not bring in: add `allow 169.254.169.254 tcp:80`, if it is meant\n"
		 "t.rules:1: warning: this rule names a.test, but 127.0.0.1 is a loopback address, which a name "
		 "may not bring in: add `allow 127.0.0.1 tcp:80`, if it is meant\n"
		 "t.rules:1: warning: this rule names a.test, but 10.0.0.1 is a private address, which a name may "
		 "not bring in: add `allow 10.0.0.1 tcp:80`, or `private` behind the rule's ports\n"
		 "t.rules:1: warning: this rule names a.test, but ::1 is a loopback address, which a name may not "
		 "bring in: add `allow ::1 tcp:80`, if it is meant\n"
		 "t.rules:1: warning: this rule names a.test, but fe80::1 is a link-local address, which a name "
		 "may not bring in: add `allow fe80::1 tcp:80`, if it is meant\n"
		 "t.rules:1: warning: this rule names a.test, but fd00::1 is a private address, which a name may "
		 "not bring in: add `allow fd00::1 tcp:80`, or `private` behind the rule's ports\n"},
	    {.what = "`private` brings in private addresses and nothing else",
	     .policy = "set internal = 10.9.0.0/16 30.0.0.0/8\nallow a.test tcp:80 private\n",
	     .names = "a.test 20.0.0.1 10.9.0.1 172.31.0.1 192.168.0.1 100.127.0.1 fdff::1 30.0.0.1\n"
		      "a.test 172.32.0.1 100.128.0.1 127.0.0.1 169.254.169.254 fe80::1 ff02::1 ::1",
	     .expected = "::1 a.test: special tcp:80 private r1 g1;\n"
			 "10.9.0.1 a.test: allow tcp:80 private r1 g1;\n"
			 "20.0.0.1 a.test: allow tcp:80 private r1 g1;\n"
			 "30.0.0.1 a.test: special tcp:80 private r1 g1;\n"
			 "100.127.0.1 a.test: allow tcp:80 private r1 g1;\n"
			 "100.128.0.1 a.test: allow tcp:80 private r1 g1;\n"
			 "127.0.0.1 a.test: special tcp:80 private r1 g1;\n"
			 "169.254.169.254 a.test: special tcp:80 private r1 g1;\n"
			 "172.31.0.1 a.test: allow tcp:80 private r1 g1;\n"
			 "172.32.0.1 a.test: allow tcp:80 private r1 g1;\n"
			 "192.168.0.1 a.test: allow tcp:80 private r1 g1;\n"
			 "fdff::1 a.test: allow tcp:80 private r1 g1;\n"
			 "fe80::1 a.test: special tcp:80 private r1 g1;\n"
			 "ff02::1 a.test: special tcp:80 private r1 g1;\n"
			 "10.9.0.0/16:\n30.0.0.0/8:\n",
	     .findings =
		 "t.rules:2: warning: this rule names a.test, but 30.0.0.1 is an internal address, which a name may "
		 "not "
		 "bring in: add `allow 30.0.0.1 tcp:80`, if it is meant\n"
		 "t.rules:2: warning: this rule names a.test, but 127.0.0.1 is a loopback address, which a name may "
		 "not "
		 "bring in: add `allow 127.0.0.1 tcp:80`, if it is meant\n"
		 "t.rules:2: warning: this rule names a.test, but 169.254.169.254 is a link-local address, which a "
		 "name "
		 "may not bring in: add `allow 169.254.169.254 tcp:80`, if it is meant\n"
		 "t.rules:2: warning: this rule names a.test, but fe80::1 is a link-local address, which a name may "
		 "not "
		 "bring in: add `allow fe80::1 tcp:80`, if it is meant\n"
		 "t.rules:2: warning: this rule names a.test, but ff02::1 is a multicast address, which a name may not "
		 "bring in: add `allow ff02::1 tcp:80`, if it is meant\n"
		 "t.rules:2: warning: this rule names a.test, but ::1 is a loopback address, which a name may not "
		 "bring "
		 "in: add `allow ::1 tcp:80`, if it is meant\n"},
	    {.what = "it is the rule's, not the name's; one rule for the same ports takes nothing from it",
	     .policy = "allow a.test tcp:80\nallow *.test tcp:80-81 private for pods\nallow a.test udp:1\n",
	     .names = "a.test 10.0.0.1 20.0.0.1",
	     .expected =
		 "10.0.0.1 a.test: allow tcp:80-81 private for 1 r2 g1; special tcp:80 r1 g2;"
		 " special udp:1 r3 g2;\n"
		 "20.0.0.1 a.test: allow tcp:80 r1 g1; allow tcp:80-81 private for 1 r2 g1; allow udp:1 r3 g1;\n",
	     .findings =
		 "t.rules:2: warning: `*.test` is learned from a resolver's answers, and no resolver is trusted "
		 "to teach; write `resolver system` or `resolver ADDRESS`\n"},
	    {.what = "a deny stands over it: of the address, and of the name",
	     .policy = "allow a.test tcp:80-81 private\nallow b.test any private\ndeny 10.0.0.0/8 tcp:80\n"
		       "deny a.test tcp:81\ndeny b.test\nallow 10.0.0.2 udp:1\n",
	     .names = "a.test 10.0.0.1\nb.test 10.0.0.2",
	     .expected = "10.0.0.1 a.test: deny tcp:80 r3; skip tcp:81 r4 g1; allow tcp:80-81 private r1 g1;"
			 " deny tcp:81 r4;\n"
			 "10.0.0.2: deny tcp:80 r3; allow udp:1 r6;\n"
			 "10.0.0.0/8: deny tcp:80 r3;\n",
	     .findings = "t.rules:2: warning: this rule changes nothing: t.rules:5 takes away all of it; remove one of "
			 "them\n"},
	    {.what = "in a list it goes with the names",
	     .policy = "allow a.test,10.0.0.2 tcp:80 private\n",
	     .names = "a.test 10.0.0.1",
	     .expected = "10.0.0.1 a.test: allow tcp:80 private r1 g1;\n10.0.0.2: allow tcp:80 r1;\n"},
	    {.what = "a rule of its own allows the address, on its own ports",
	     .policy = "allow a.test tcp:80\nallow 10.0.0.0/8 tcp:81\n",
	     .names = "a.test 10.0.0.1",
	     .expected = "10.0.0.1 a.test: allow tcp:81 r2; special tcp:80 r1 g1;\n10.0.0.0/8: allow tcp:81 r2;\n",
	     .findings =
		 "t.rules:1: warning: this rule names a.test, but 10.0.0.1 is a private address, which a name may "
		 "not bring in: add `allow 10.0.0.1 tcp:80`, or `private` behind the rule's ports\n"},
	    {.what = "silent where a rule for the address says as much",
	     .policy = "allow a.test https:443\nallow 10.0.0.0/8 any\n",
	     .names = "a.test 10.0.0.1",
	     .expected = "10.0.0.1 a.test: allow any r2;\n10.0.0.0/8: allow any r2;\n"},
	    {.what = "a denied name takes nothing private away, and says so",
	     .policy = "allow 10.0.0.0/8 tcp:80\ndeny a.test\n",
	     .names = "a.test 10.0.0.1",
	     .expected = "10.0.0.0/8: allow tcp:80 r1;\n",
	     .findings =
		 "t.rules:2: warning: a.test resolves to 10.0.0.1, a private address, which names may not bring "
		 "in; deny the address itself if this is meant\n"},
	};

	(void)state;
	expect_exact(cases, COUNT(cases));
}

static void special_addresses_are_those_of_the_registries(void **state)
{
	static const char *const special[] = {
	    "0.0.0.0",         "0.255.255.255", "10.0.0.0",     "100.64.0.0",
	    "100.127.255.255", "127.0.0.53",    "169.254.0.1",  "168.63.129.16",
	    "172.16.0.0",      "172.31.9.9",    "192.0.0.8",    "192.0.2.1",
	    "192.88.99.1",     "192.168.77.1",  "198.18.0.1",   "198.19.1.1",
	    "198.51.100.200",  "203.0.113.1",   "224.0.0.1",    "239.1.1.1",
	    "240.0.0.1",       "255.1.1.1",     "::",           "::1",
	    "::ffff:10.0.0.1", "64:ff9b::1",    "64:ff9b:1::1", "100::1",
	    "2001::1",         "2001:db8::1",   "2002::1",      "fc00::1",
	    "fdff::1",         "fe80::1",       "febf::1",      "ff02::1",
	};
	static const char *const public[] = {
	    "1.1.1.1",         "9.255.255.255", "11.0.0.0",        "100.63.255.255",    "100.128.0.0",
	    "126.255.255.255", "128.0.0.0",     "169.253.255.255", "169.255.0.0",       "172.15.255.255",
	    "172.32.0.0",      "191.255.0.1",   "192.0.1.1",       "192.0.3.0",         "192.167.1.1",
	    "192.169.1.1",     "198.17.0.1",    "198.20.0.1",      "223.255.255.255",   "168.63.129.17",
	    "2603:1000::1",    "2001:200::1",   "2001:db9::1",     "2a00:1450:4001::1", "2600::",
	};
	struct egret_addr addr;

	(void)state;
	for (size_t i = 0; i < COUNT(special); i++) {
		assert_int_equal(addr_parse(special[i], &addr), 0);
		if (!egret_addr_is_special(&addr) || !addr_special_kind(&addr))
			fail_msg("%s should count as special", special[i]);
	}
	for (size_t i = 0; i < COUNT(public); i++) {
		assert_int_equal(addr_parse(public[i], &addr), 0);
		if (egret_addr_is_special(&addr))
			fail_msg("%s should not count as special", public[i]);
	}
}

/* Each edge of each range: its last bit, and one bit beyond. */
static void expect_edges(uint64_t high, uint64_t low, uint32_t prefix_len)
{
	for (uint32_t bit = 0; bit < 128; bit++) {
		uint64_t at_high = bit < 64 ? high ^ 1ULL << (63 - bit) : high;
		uint64_t at_low = bit < 64 ? low : low ^ 1ULL << (127 - bit);
		struct egret_addr addr = {.word_be = {htonl((uint32_t)(at_high >> 32)), htonl((uint32_t)at_high),
						      htonl((uint32_t)(at_low >> 32)), htonl((uint32_t)at_low)}};
		char text[ADDR_TEXT_SIZE];

		if (egret_addr_is_special(&addr) != model_is_special(&addr) ||
		    egret_addr_is_private(&addr) != model_is_private(&addr) ||
		    egret_addr_is_special(&addr) != !!addr_special_kind(&addr))
			fail_msg("%s, near a range of %u bits", addr_format(&addr, text), prefix_len);
	}
}

static void special_addresses_are_those_of_the_model(void **state)
{
	(void)state;
#define EXPECT_V4(a, b, c, d, len, private, kind) expect_edges(0, 0xffff00000000 | egret_v4_of(a, b, c, d), 96 + (len));
#define EXPECT_V6(first, second, third, last, len, private, kind)                                                      \
	expect_edges(egret_v6_high_of(first, second, third), last, len);
	EGRET_SPECIAL_V4(EXPECT_V4)
	EGRET_SPECIAL_V6(EXPECT_V6)
}

/* --- rules, ids, entries --- */

static void rules_keep_their_ids_and_texts(void **state)
{
	const struct egret_rule *rule;
	struct run run;

	(void)state;
	run_start(&run,
		  "resolver system\nresolver 10.0.0.10\nallow  a.test   https:443,8443  # why\n"
		  "allow *.b.test tcp:1\nallow a.test udp:1 for cgroup /x.slice\n",
		  "a.test 20.0.0.1");
	assert_int_equal(run.error, 0);
	assert_int_equal(run.compiled->rule_count, 5);
	assert_string_equal(run.compiled->texts[0].text, "allow a.test https:443,8443");
	assert_string_equal(run.compiled->texts[0].purpose, "why");
	assert_string_equal(run.compiled->texts[0].file, "t.rules");
	assert_int_equal(run.compiled->texts[0].line, 3);
	assert_int_equal(run.compiled->texts[0].app, EGRET_APP_HTTPS);
	assert_string_equal(run.compiled->texts[3].text, "resolver system (10.0.0.10)");
	assert_string_equal(run.compiled->texts[4].text, "resolver system (fd00::10)");
	assert_int_equal(run.compiled->resolver_count, 2);
	rule = &run.compiled->rules[0];
	assert_int_equal(rule->born, 7);
	assert_int_equal(rule->count, 2);
	assert_int_equal(run.compiled->ports[rule->first + 1].lo, 8443);
	assert_int_equal(run.compiled->cgroup_count, 1);
	assert_string_equal(run.compiled->cgroups[0], "/x.slice");
	assert_int_equal(run.compiled->name_count, 2);
	assert_int_equal(compiled_name_id(run.compiled, "a.test"), 1);
	assert_int_equal(compiled_name_id(run.compiled, "*.b.test"), 2);
	assert_int_equal(compiled_name_id(run.compiled, "c.b.test"), 0);
	run_end(&run);
}

static void equal_lists_share_their_entries(void **state)
{
	struct run run;

	(void)state;
	run_start(&run, "set all = 20.0.0.1 20.0.0.2 30.0.0.0/8\nallow ${all} tcp:1,2\nallow 20.0.0.3 tcp:1\n", "");
	assert_int_equal(run.error, 0);
	assert_int_equal(run.compiled->addrs[0].dest.first, run.compiled->addrs[1].dest.first);
	assert_int_equal(run.compiled->addrs[0].dest.first, run.compiled->cidrs[0].dest.first);
	assert_int_equal(run.compiled->addrs[0].dest.first, run.compiled->rules[0].first);
	assert_int_equal(run.compiled->port_count, 3);
	run_end(&run);
}

static void the_same_input_gives_the_same_output(void **state)
{
	static const char policy[] =
	    "resolver system\nallow *.t.test tcp:1\nallow a.t.test,b.test tcp:2\ndeny b.test udp:1\n";
	static const char names[] = "a.t.test 20.0.0.2 20.0.0.1\nb.test 20.0.0.2\n";
	struct run one, two;
	char *first, *second;

	(void)state;
	run_start(&one, policy, names);
	run_start(&two, policy, names);
	first = dump(one.compiled);
	second = dump(two.compiled);
	assert_string_equal(first, second);
	assert_int_equal(one.compiled->port_count, two.compiled->port_count);
	assert_memory_equal(one.compiled->ports, two.compiled->ports,
			    one.compiled->port_count * sizeof(*one.compiled->ports));
	free(first);
	free(second);
	run_end(&one);
	run_end(&two);
}

/* --- findings --- */

static void expect_refused(const char *policy, const char *expected)
{
	struct run run;
	char *told;

	run_start(&run, policy, "");
	told = findings(&run.diag);
	if (run.error != -EINVAL || run.compiled || !strstr(told, expected))
		fail_msg("for:\n%.300s\nexpected: %s\ngot (%d):\n%s", policy, expected, run.error, told);
	free(told);
	run_end(&run);
}

static void the_floor_may_not_be_denied(void **state)
{
	static const char denies[] = "resolver 10.0.0.9\ndeny 10.0.0.0/8\n";
	struct run run;

	(void)state;
	expect_refused(denies, "t.rules:2: error: this deny covers what a node needs, `resolver 10.0.0.9` (t.rules:1); "
			       "narrow it, or `set floor = off`\n");
	expect_refused("resolver system\ndeny fd00::/16 udp:1-100\n", "`resolver system (fd00::10)` (t.rules:1)");
	expect_refused("resolver 10.0.0.9\ndeny 10.0.0.9 tcp:53 for cgroup /a\n", "`resolver 10.0.0.9`");

	run_start(&run, "resolver 10.0.0.9\ndeny 10.0.0.0/8 tcp:54\n", "");
	assert_int_equal(run.error, 0);
	run_end(&run);
	run_start(&run, "set floor = off\nresolver 10.0.0.9\ndeny 10.0.0.0/8\n", "");
	assert_int_equal(run.error, 0);
	assert_int_equal(run.diag.count, 0);
	run_end(&run);
}

static void a_pattern_without_a_resolver_is_told(void **state)
{
	static const struct exact_case cases[] = {
	    {.what = "once, at its rule",
	     .policy = "allow a.test tcp:1\nallow *.b.test,*.c.test tcp:1\n",
	     .expected = "",
	     .findings = "t.rules:2: warning: `*.b.test` is learned from a resolver's answers, and no resolver is "
			 "trusted to teach; write `resolver system` or `resolver ADDRESS`\n"},
	};

	(void)state;
	expect_exact(cases, COUNT(cases));
}

static void needless_rules_are_told(void **state)
{
	static const struct exact_case cases[] = {
	    {.what = "one rule, or several, are behind it; an exact name under a pattern is not needless",
	     .policy = "resolver 10.0.0.9\nallow 20.0.0.0/8 tcp:1\nallow 20.0.0.1 tcp:1\n"
		       "allow 20.0.0.0/16 udp:1\nallow 20.0.0.2 tcp:1 udp:1\n"
		       "allow *.a.test tcp:1\nallow x.a.test tcp:1\ndeny 20.9.0.0/16\ndeny 20.9.1.1 tcp:1\n",
	     .expected = "10.0.0.9: allow udp:53 r9; allow tcp:53 r9;\n"
			 "20.0.0.1: allow tcp:1 r1; allow udp:1 r3;\n"
			 "20.0.0.2: allow tcp:1 r1; allow udp:1 r3;\n"
			 "20.9.1.1: deny any r7;\n"
			 "20.0.0.0/8: allow tcp:1 r1;\n"
			 "20.0.0.0/16: allow tcp:1 r1; allow udp:1 r3;\n"
			 "20.9.0.0/16: deny any r7;\n",
	     .findings =
		 "t.rules:3: warning: this rule changes nothing: t.rules:2 allows all of it; remove one of them\n"
		 "t.rules:5: warning: this rule changes nothing: t.rules:2, with others, allows all of it; remove one "
		 "of "
		 "them\n"
		 "t.rules:9: warning: this rule changes nothing: t.rules:8 denies all of it; remove one of them\n"},
	};

	(void)state;
	expect_exact(cases, COUNT(cases));
}

static void limits_are_errors_with_names(void **state)
{
	char policy[4096];
	size_t len = (size_t)snprintf(policy, sizeof(policy), "set ports =");

	(void)state;
	for (int i = 0; i < EGRET_MAX_PORTS_PER_DEST; i++)
		len += (size_t)snprintf(policy + len, sizeof(policy) - len, " tcp:%d", 2 * i + 1);
	snprintf(policy + len, sizeof(policy) - len, "\nallow a.test ${ports}\nallow *.test udp:1\n");
	expect_refused(policy,
		       "t.rules:3: error: with this rule, a.test has more than 64 different ports from all rules; "
		       "write ranges, or `any`\n");
}

/* --- one address alone --- */

static void one_address_is_worked_out_anew(void **state)
{
	const char *const both[] = {"a.test", "b.test"}, *const one[] = {"b.test"};
	struct egret_addr addr, special;
	struct egret_dest dest;
	struct run run;

	(void)state;
	run_start(&run, "allow a.test tcp:1\nallow b.test tcp:2\nallow 20.0.0.0/8 tcp:3\nallow 30.0.0.1 tcp:4\n",
		  "a.test 20.0.0.1");
	assert_int_equal(run.error, 0);
	assert_int_equal(addr_parse("20.0.0.1", &addr), 0);
	assert_int_equal(addr_parse("169.254.169.254", &special), 0);

	assert_int_equal(compiled_address(run.compiled, &addr, both, 2, &dest), 0);
	assert_int_equal(dest.count, 3);
	assert_int_equal(run.compiled->ports[dest.first + 1].lo, 2);
	assert_int_equal(dest.name, compiled_name_id(run.compiled, "a.test"));
	assert_int_equal(compiled_address(run.compiled, &addr, one, 1, &dest), 0);
	assert_int_equal(dest.count, 2);
	assert_int_equal(dest.name, compiled_name_id(run.compiled, "b.test"));
	assert_int_equal(compiled_address(run.compiled, &addr, NULL, 0, &dest), 0);
	assert_int_equal(dest.count, 0); /* the CIDR stands for it */
	assert_int_equal(compiled_address(run.compiled, &special, both, 2, &dest), 0);
	assert_int_equal(dest.count, 2); /* for people: nothing is allowed */
	assert_int_equal(run.compiled->ports[dest.first].action, EGRET_SPECIAL);
	assert_int_equal(run.compiled->ports[dest.first + 1].action, EGRET_SPECIAL);
	assert_int_equal(addr_parse("30.0.0.1", &addr), 0);
	assert_int_equal(compiled_address(run.compiled, &addr, NULL, 0, &dest), 0);
	assert_int_equal(dest.count, 1); /* its own rule */
	run_end(&run);
}

/* --- against the model --- */

static void disagree(const struct run *run, const char *policy, const char *names, const char *dest,
		     const struct model_packet *packet, struct judgement got, struct model_verdict expected)
{
	char *lists = dump(run->compiled);

	/* Longer than the 1,024 octets that fail_msg() has. */
	fprintf(stderr,
		"policy:\n%snames:\n%slists:\n%s%s proto %u port %u host %d pods %d: allow %d told %d reason %u rule "
		"%u, by the model: allow %d told %d reason %u rule %u\n",
		policy, names, lists, dest, packet->l4_proto, packet->port, packet->host, packet->pods, got.allow,
		got.told_only, got.reason, got.rule, expected.allow, expected.told, expected.reason, expected.rule);
	free(lists);
	fail();
}

static bool agree(struct judgement got, struct model_verdict expected)
{
	return got.allow == expected.allow && got.told_only == expected.told && got.reason == expected.reason &&
	       got.rule == expected.rule;
}

static struct judgement judge_anew(struct run *run, const struct model_packet *packet, uint32_t audience)
{
	const char *names[RANDOM_MAX_NAMES];
	struct egret_dest dest;
	size_t count = 0;

	for (size_t i = 0; i < run->names.count; i++) {
		const struct model_name *name = &run->names.names[i];
		size_t a = 0;

		while (a < name->count && !addr_equal(&name->addrs[a], &packet->addr))
			a++;
		if (a < name->count)
			names[count++] = name->name;
	}
	assert_int_equal(compiled_address(run->compiled, &packet->addr, names, count, &dest), 0);
	if (!dest.count)
		return compiled_judge_addr(run->compiled, &packet->addr, packet->l4_proto, packet->port, audience);
	return compiled_judge_dest(run->compiled, &packet->addr, &dest, packet->l4_proto, packet->port, audience);
}

static void compare(struct run *run, const struct model *model, const char *policy, const char *names)
{
	const char *groups[RANDOM_MAX_GROUPS], *dest = random_addr();
	struct model_packet packet = {0};
	struct model_verdict expected;
	struct judgement got;
	struct random_subject who =
	    random_subject((const char *const *)run->compiled->cgroups, run->compiled->cgroup_count, &packet, groups);
	uint32_t audience = compiled_audience_of(run->compiled, who.path, who.kind);

	random_port(&packet);
	assert_int_equal(addr_parse(dest, &packet.addr), 0);
	expected = model_judge(model, &packet);
	got = compiled_judge_addr(run->compiled, &packet.addr, packet.l4_proto, packet.port, audience);
	if (!agree(got, expected))
		disagree(run, policy, names, dest, &packet, got, expected);
	got = judge_anew(run, &packet, audience);
	if (!agree(got, expected))
		disagree(run, policy, names, "one address alone,", &packet, got, expected);
	dest = random_name();
	expected = model_judge_name(model, dest, &packet);
	got = compiled_judge_name(run->compiled, dest, packet.l4_proto, packet.port, audience);
	if (!agree(got, expected))
		disagree(run, policy, names, dest, &packet, got, expected);
}

static void random_policies_mean_what_the_model_says(void **state)
{
	const int policies = 3000;

	(void)state;
	random_start("test_compile, random policies", policies);
	random_audit_lines = true;
	for (int i = 0; i < policies; i++) {
		char policy[2048], names[1024];
		struct model model;
		struct run run;

		random_policy(policy, sizeof(policy));
		random_names(names, sizeof(names));
		run_start(&run, policy, names);
		assert_int_equal(run.error, 0);
		model = (struct model){.policy = run.policy,
				       .names = run.names.names,
				       .name_count = run.names.count,
				       .system_resolvers = run.system,
				       .system_resolver_count = COUNT(run.system)};
		for (int packet = 0; packet < 30; packet++)
			compare(&run, &model, policy, names);
		run_end(&run);
	}
}

/* --- who serves a resolver --- */

static bool may_serve(const struct run *run, const char *resolver, uint32_t audience)
{
	struct egret_audience sets;
	struct egret_addr addr;

	assert_int_equal(addr_parse(resolver, &addr), 0);
	compiled_audience(run->compiled, audience, &sets);
	return egret_set_has(compiled_served_by(run->compiled, &addr), &sets);
}

/* A letter for each audience that may: host, pod, hostnetwork, the unknown one. */
static void expect_served(const char *text, const char *resolver, const char *whom, bool strict)
{
	static const uint32_t audiences[] = {EGRET_AUDIENCE_HOST, EGRET_AUDIENCE_POD, EGRET_AUDIENCE_HOSTNETWORK,
					     EGRET_AUDIENCE_UNKNOWN};
	struct egret_dest dest;
	struct egret_addr addr;
	struct run run;

	run_start(&run, text, "");
	assert_int_equal(run.error, 0);
	for (size_t i = 0; i < COUNT(audiences); i++) {
		if (may_serve(&run, resolver, audiences[i]) != !!strchr(whom, "hpn?"[i]))
			fail_msg("%s of\n%s%s: is not served by %s", resolver, text, resolver, whom);
	}
	assert_int_equal(addr_parse(resolver, &addr), 0);
	assert_int_equal(compiled_address(run.compiled, &addr, NULL, 0, &dest), 0);
	assert_true(dest.flags & EGRET_DEST_RESOLVER);
	assert_int_equal(!!(dest.flags & EGRET_DEST_SERVED), strict);
	run_end(&run);
}

static void a_resolver_is_served_by_its_classes(void **state)
{
	(void)state;
	expect_served("resolver 10.0.0.9\n", "10.0.0.9", "h", false);
	expect_served("resolver 127.0.0.53 ::1\n", "127.0.0.53", "h", true);
	expect_served("resolver 127.0.0.53 ::1\n", "::1", "h", true);
	expect_served("resolver 128.0.0.1\n", "128.0.0.1", "h", false);
	expect_served("resolver 127.0.0.53 served by hostnetwork\n", "127.0.0.53", "n", true);
	expect_served("resolver 10.0.0.9 served by pods\n", "10.0.0.9", "pn", true);
	expect_served("resolver 10.0.0.9 served by pods not hostnetwork\n", "10.0.0.9", "p", true);
	expect_served("resolver 10.0.0.9 served by host\n", "10.0.0.9", "h", true);
	/* Lines add up; one that says nothing adds nobody. */
	expect_served("resolver 10.0.0.9\nresolver 10.0.0.9 served by pods\n", "10.0.0.9", "pn", true);
	expect_served("resolver 10.0.0.9 served by hostnetwork\nresolver 10.0.0.9 served by host\n"
		      "resolver 10.0.0.9 served by hostnetwork\n",
		      "10.0.0.9", "hn", true);
	/* 10.0.0.10 and fd00::10 are the system's. */
	expect_served("resolver system served by hostnetwork\n", "fd00::10", "n", true);
	expect_served("resolver system served by hostnetwork\nresolver 10.0.0.10 served by host\n", "10.0.0.10", "hn",
		      true);
	expect_served("resolver system\nresolver 10.0.0.10 served by pods\n", "fd00::10", "h", false);
	/* Where a rule for the unknown is around. */
	expect_served("resolver 10.0.0.9 served by pods\nallow 10.0.0.0/8 any\nallow 10.0.0.9 udp:53 for pods\n",
		      "10.0.0.9", "pn", true);
}

static void a_resolver_is_served_by_cgroups(void **state)
{
	struct run run;

	(void)state;
	run_start(&run,
		  "resolver 10.0.0.9 served by cgroup /dns.slice\n"
		  "resolver 10.0.0.9 served by cgroup /other.slice\n"
		  "allow 20.0.0.1 any for cgroup /dns.slice/cache.service\n",
		  "");
	assert_int_equal(run.error, 0);
	assert_true(may_serve(&run, "10.0.0.9", compiled_audience_of(run.compiled, "/dns.slice", EGRET_KIND_HOST)));
	assert_true(may_serve(&run, "10.0.0.9",
			      compiled_audience_of(run.compiled, "/dns.slice/cache.service", EGRET_KIND_POD)));
	assert_true(may_serve(&run, "10.0.0.9", compiled_audience_of(run.compiled, "/other.slice/a", EGRET_KIND_HOST)));
	assert_false(may_serve(&run, "10.0.0.9", compiled_audience_of(run.compiled, "/dns.slices", EGRET_KIND_HOST)));
	assert_false(may_serve(&run, "10.0.0.9", EGRET_AUDIENCE_UNKNOWN));
	run_end(&run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_resolver_is_served_by_its_classes),
	    cmocka_unit_test(a_resolver_is_served_by_cgroups),
	    cmocka_unit_test(what_names_say_adds_up),
	    cmocka_unit_test(a_deny_takes_away),
	    cmocka_unit_test(cidrs_lie_in_each_other),
	    cmocka_unit_test(every_port_form),
	    cmocka_unit_test(names_bring_in_no_special_addresses),
	    cmocka_unit_test(special_addresses_are_those_of_the_registries),
	    cmocka_unit_test(special_addresses_are_those_of_the_model),
	    cmocka_unit_test(rules_keep_their_ids_and_texts),
	    cmocka_unit_test(equal_lists_share_their_entries),
	    cmocka_unit_test(the_same_input_gives_the_same_output),
	    cmocka_unit_test(the_floor_may_not_be_denied),
	    cmocka_unit_test(a_pattern_without_a_resolver_is_told),
	    cmocka_unit_test(needless_rules_are_told),
	    cmocka_unit_test(limits_are_errors_with_names),
	    cmocka_unit_test(one_address_is_worked_out_anew),
	    cmocka_unit_test(random_policies_mean_what_the_model_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
