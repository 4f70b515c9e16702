// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include "base/addr.h"
#include "view/suggestion.h"
#include "egret_family.h"
#include "egret_reasons.h"
#include "policy/policy.h"
#include "egret_subject.h"

#define NO_RULE EGRET_REASON_NO_RULE
#define V4(a, b, c, d)                                                                                                 \
	{                                                                                                              \
		.bytes = { [10] = 0xff, 0xff, a, b, c, d }                                                             \
	}

#define LABEL     "a-label-of-sixty-two-letters-as-nobody-writes-it-but-a-machine."
#define LONG_NAME LABEL LABEL LABEL LABEL "x"

static const struct suggested {
	const char *address, *line;
	struct denied denied;
} cases[] = {
    {"20.1.0.1",
     "allow registry.example https:443",
     {.name = "registry.example", .l4_proto = IPPROTO_TCP, .port = 443, .reason = NO_RULE}},
    {"20.1.0.1",
     "allow registry.example http:80",
     {.name = "registry.example", .l4_proto = IPPROTO_TCP, .port = 80, .reason = NO_RULE}},
    {"203.0.113.9",
     "allow 203.0.113.9 tcp:8080",
     {.name = "", .l4_proto = IPPROTO_TCP, .port = 8080, .reason = NO_RULE}},
    {"203.0.113.9",
     "allow 203.0.113.9 tcp:443",
     {.name = "", .l4_proto = IPPROTO_TCP, .port = 443, .reason = EGRET_REASON_PORT}},
    {"2001:db8::9", "allow 2001:db8::9 tcp:22", {.name = "", .l4_proto = IPPROTO_TCP, .port = 22, .reason = NO_RULE}},
    {"20.1.0.1",
     "allow time.example udp:123",
     {.name = "time.example", .l4_proto = IPPROTO_UDP, .port = 123, .reason = EGRET_REASON_PORT}},
    {"20.1.0.1",
     "allow a.example udp:443",
     {.name = "a.example", .l4_proto = IPPROTO_UDP, .port = 443, .reason = NO_RULE}},
    {"20.1.0.1",
     "allow a.example sctp:3868",
     {.name = "a.example", .l4_proto = IPPROTO_SCTP, .port = 3868, .reason = NO_RULE}},
    {"20.1.0.1",
     "allow a.example icmp",
     {.name = "a.example", .l4_proto = IPPROTO_ICMP, .port = 8 << 8, .reason = NO_RULE}},
    {"2603::1", "allow 2603::1 icmp", {.name = "", .l4_proto = IPPROTO_ICMPV6, .port = 128 << 8, .reason = NO_RULE}},
    {"20.1.0.1", "allow 20.1.0.1 any", {.name = "", .l4_proto = IPPROTO_GRE, .reason = NO_RULE}},
    {"20.1.0.1", "", {.name = "a.example", .l4_proto = IPPROTO_UDP, .reason = NO_RULE}},
    /* DNS: who is asked is trusted, or not at all */
    {"10.0.0.2", "resolver 10.0.0.2", {.name = "", .l4_proto = IPPROTO_UDP, .port = 53, .reason = NO_RULE}},
    {"10.0.0.2",
     "resolver 10.0.0.2",
     {.name = "dns.example", .l4_proto = IPPROTO_TCP, .port = 53, .reason = EGRET_REASON_PORT}},
    {"20.0.0.53",
     "resolver 20.0.0.53 x.example",
     {.name = "x.example", .l4_proto = IPPROTO_UDP, .port = 53, .reason = EGRET_REASON_DNS_NAME}},
    {"20.0.0.53", "", {.name = "", .l4_proto = IPPROTO_UDP, .port = 53, .reason = EGRET_REASON_DNS_NAME}},
    /* what the agent found out */
    {"20.1.0.1",
     "resolver 8.8.8.8  # a guess, or else: allow 20.1.0.1 tcp:443",
     {.name = "",
      .l4_proto = IPPROTO_TCP,
      .port = 443,
      .reason = NO_RULE,
      .cause = EGRET_CAUSE_UNTRUSTED_RESOLVER,
      .server = V4(8, 8, 8, 8)}},
    {"20.1.0.1",
     "allow 20.1.0.1 tcp:443",
     {.name = "a.example", .l4_proto = IPPROTO_TCP, .port = 443, .reason = NO_RULE, .cause = EGRET_CAUSE_NOT_ASKED}},
    {"20.1.0.1",
     "allow a.example https:443",
     {.name = "a.example", .l4_proto = IPPROTO_TCP, .port = 443, .reason = NO_RULE, .cause = EGRET_CAUSE_ALIAS}},
    {"20.1.0.1",
     "set min_ttl = 300",
     {.name = "a.example",
      .l4_proto = IPPROTO_TCP,
      .port = 443,
      .reason = EGRET_REASON_EXPIRED,
      .age_sec = 60,
      .max_ttl_sec = 86400}},
    {"20.1.0.1",
     "set min_ttl = 43200",
     {.name = "a.example",
      .l4_proto = IPPROTO_TCP,
      .port = 443,
      .reason = EGRET_REASON_EXPIRED,
      .age_sec = 43199,
      .max_ttl_sec = 86400}},
    {"20.1.0.1",
     "allow 20.1.0.1 tcp:443",
     {.name = "a.example",
      .l4_proto = IPPROTO_TCP,
      .port = 443,
      .reason = EGRET_REASON_EXPIRED,
      .age_sec = 50,
      .max_ttl_sec = 59}},
    {"20.1.0.1",
     "allow 20.1.0.1 tcp:443",
     {.name = "a.example", .l4_proto = IPPROTO_TCP, .port = 443, .reason = EGRET_REASON_EXPIRED, .max_ttl_sec = 86400}},
    /* for whom */
    {"20.1.0.1",
     "allow a.example https:443 for host",
     {.name = "a.example",
      .l4_proto = IPPROTO_TCP,
      .port = 443,
      .reason = EGRET_REASON_CLASS,
      .audience = EGRET_AUDIENCE_HOST}},
    {"20.1.0.1",
     "allow 20.1.0.1 tcp:443 for pods",
     {.name = "", .l4_proto = IPPROTO_TCP, .port = 443, .reason = EGRET_REASON_CLASS, .audience = EGRET_AUDIENCE_POD}},
    /* a name is too long for a rule, which still may be one */
    {"20.1.0.1",
     "allow 20.1.0.1 tcp:443 for pods  # an address, its name is too long for a rule",
     {.name = LONG_NAME,
      .l4_proto = IPPROTO_TCP,
      .port = 443,
      .reason = EGRET_REASON_CLASS,
      .need = EGRET_NEED_PRIVATE,
      .audience = EGRET_AUDIENCE_POD}},
    {"20.0.0.53",
     "resolver 20.0.0.53 " LONG_NAME,
     {.name = LONG_NAME, .l4_proto = IPPROTO_UDP, .port = 53, .reason = EGRET_REASON_DNS_NAME}},
    /* what a name may not bring in */
    {"10.1.0.4",
     "allow a.example https:443 private  # private: whoever answers for the name may lead it to any private address",
     {.name = "a.example", .l4_proto = IPPROTO_TCP, .port = 443, .reason = NO_RULE, .need = EGRET_NEED_PRIVATE}},
    {"169.254.169.254",
     "allow 169.254.169.254 tcp:80",
     {.name = "a.example", .l4_proto = IPPROTO_TCP, .port = 80, .reason = NO_RULE, .need = EGRET_NEED_ADDRESS}},
    {"10.1.0.4",
     "allow 10.1.0.4 https:443 for host",
     {.name = "a.example",
      .l4_proto = IPPROTO_TCP,
      .port = 443,
      .reason = EGRET_REASON_SPECIAL_ADDRESS,
      .need = EGRET_NEED_PRIVATE,
      .rule_text = "allow a.example https:443 for host"}},
    {"10.1.0.4",
     "allow 10.1.0.4 tcp:443",
     {.name = "a.example",
      .l4_proto = IPPROTO_TCP,
      .port = 443,
      .reason = EGRET_REASON_SPECIAL_ADDRESS,
      .need = EGRET_NEED_PRIVATE,
      .rule_text = "allow a.example ${ports}"}},
    /* names from answers, which are anything */
    {"20.1.0.1",
     "allow 20.1.0.1 tcp:443",
     {.name = "a b.example", .l4_proto = IPPROTO_TCP, .port = 443, .reason = NO_RULE}},
    {"20.1.0.1",
     "allow 20.1.0.1 tcp:443",
     {.name = "a.example\nallow *.x any", .l4_proto = IPPROTO_TCP, .port = 443, .reason = NO_RULE}},
    {"20.1.0.1",
     "allow 20.1.0.1 tcp:443",
     {.name = "*.example", .l4_proto = IPPROTO_TCP, .port = 443, .reason = NO_RULE}},
    /* what a layer denied */
    {"20.6.6.6",
     "allow 20.6.6.6 udp:53  # or take the capability NET_RAW from its container",
     {.name = "", .l4_proto = IPPROTO_UDP, .port = 53, .reason = EGRET_REASON_NOT_A_SOCKET}},
    {"20.6.6.6",
     "allow 20.6.6.6 any  # or `set overlay = DEVICE`, where the node makes this tunnel",
     {.name = "", .l4_proto = IPPROTO_GRE, .reason = EGRET_REASON_TUNNEL}},
    {"20.6.6.6",
     "allow 20.6.6.6 any",
     {.name = "", .l4_proto = IPPROTO_GRE, .reason = EGRET_REASON_TUNNEL, .at_device = true}},
    {"20.6.6.6",
     "allow 20.6.6.6 tcp:443",
     {.name = "", .l4_proto = IPPROTO_TCP, .port = 443, .reason = EGRET_REASON_REWRITTEN}},
    {"20.6.6.6",
     "allow 20.6.6.6 tcp:443",
     {.name = "", .l4_proto = IPPROTO_TCP, .port = 443, .reason = EGRET_REASON_SERVICE_OUTSIDE}},
    {"::", "", {.name = "", .reason = EGRET_REASON_NOT_IP}},
    {"20.6.6.6", "", {.name = "", .l4_proto = IPPROTO_TCP, .port = 443, .reason = EGRET_REASON_UNLOOKED}},
    /* what may not begin */
    {"::",
     "set families = unix inet inet6 netlink packet-listen vsock",
     {.name = "", .reason = EGRET_REASON_FAMILY, .port = 40, .families = 0x30406}},
    {"::",
     "set families = unix inet inet6 netlink packet",
     {.name = "", .reason = EGRET_REASON_FAMILY, .port = 17 + EGRET_FAMILY_SENDS, .families = 0x30406}},
    {"::", "set foreign_sources = all", {.name = "", .reason = EGRET_REASON_OPTION, .port = EGRET_OPTION_IP_FREEBIND}},
    {"::",
     "set foreign_sources = host",
     {.name = "", .reason = EGRET_REASON_OPTION, .port = EGRET_OPTION_IP_FREEBIND, .audience = EGRET_AUDIENCE_HOST}},
    {"::", "", {.name = "", .reason = EGRET_REASON_OPTION, .port = EGRET_OPTION_QDISC_BYPASS}},
    /* who speaks in the name of a resolver */
    {"169.254.20.10",
     "resolver 169.254.20.10 served by hostnetwork  # only if this is your resolver",
     {.name = "", .port = 53, .reason = EGRET_REASON_NOT_SERVER, .audience = EGRET_AUDIENCE_HOSTNETWORK}},
    {"10.244.0.9",
     "resolver 10.244.0.9 served by pods  # only if this is your resolver",
     {.name = "", .port = 53, .reason = EGRET_REASON_NOT_SERVER, .audience = EGRET_AUDIENCE_OF(7, EGRET_KIND_POD)}},
    {"::1", "", {.name = "", .port = 53, .reason = EGRET_REASON_NOT_SERVER, .audience = EGRET_AUDIENCE_UNKNOWN}},
    /* what no line helps */
    {"20.1.0.1", "", {.name = "a.example", .l4_proto = IPPROTO_TCP, .port = 443, .reason = EGRET_REASON_DENY_RULE}},
    {"20.1.0.1", "", {.name = "a.example", .l4_proto = IPPROTO_TCP, .port = 443, .reason = EGRET_REASON_MALFORMED}},
    {"20.1.0.1", "", {.name = "a.example", .l4_proto = IPPROTO_UDP, .port = 53, .reason = EGRET_REASON_FORGED}},
    {"20.1.0.1", "", {.name = "a.example", .l4_proto = IPPROTO_UDP, .port = 53, .reason = EGRET_REASON_FOREIGN_SOURCE}},
    {"20.1.0.1", "", {.name = "a.example", .l4_proto = IPPROTO_TCP, .port = 443, .reason = EGRET_REASON_STALE_AGENT}},
};

static const char *line_of(const struct suggested *suggested, char buf[static SUGGESTION_SIZE])
{
	struct denied denied = suggested->denied;

	if (!denied.rule_text)
		denied.rule_text = "";
	assert_int_equal(addr_parse(suggested->address, &denied.addr), 0);
	return suggestion_line(&denied, buf);
}

static void each_denial_has_its_line(void **state)
{
	char buf[SUGGESTION_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(line_of(&cases[i], buf), cases[i].line);
}

static void each_line_is_one_of_the_language(void **state)
{
	static const struct policy_options options = {};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char buf[SUGGESTION_SIZE];
		const char *line = line_of(&cases[i], buf);
		struct policy *policy = NULL;
		struct diag diag = {};

		assert_int_equal(policy_load_text("line", line, strlen(line), &options, &policy, &diag), 0);
		assert_int_equal(diag.errors, 0);
		diag_clear(&diag);
		policy_free(policy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_denial_has_its_line),
	    cmocka_unit_test(each_line_is_one_of_the_language),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
