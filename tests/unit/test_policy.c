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
#include <sys/stat.h>
#include <unistd.h>

#include "policy/policy.h"
#include "policy/siblings.h"
#include "egret_limits.h"
#include "egret_policy.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One load and what came of it. */
struct run {
	struct diag diag;
	struct policy *policy;
	int error;
};

static struct run load_with(const char *text, const struct policy_options *options)
{
	struct run run = {0};

	run.error = policy_load_text("t.rules", text, strlen(text), options, &run.policy, &run.diag);
	return run;
}

static struct run load(const char *text)
{
	return load_with(text, NULL);
}

static void run_end(struct run *run)
{
	policy_free(run->policy);
	diag_clear(&run->diag);
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

static void expect_clean(const struct run *run)
{
	char *text = findings(&run->diag);

	assert_string_equal(text, "");
	free(text);
	assert_int_equal(run->error, 0);
	assert_non_null(run->policy);
}

static void expect_findings(const struct run *run, const char *expected)
{
	char *text = findings(&run->diag);

	assert_string_equal(text, expected);
	free(text);
}

/* A rule's destinations, ports and class, as people would read them. */
static const char *describe(const struct policy_rule *rule, char *buf, size_t size)
{
	static const char *const whom[] = {
	    [POLICY_FOR_ALL] = "",
	    [POLICY_FOR_HOST] = " for host",
	    [POLICY_FOR_PODS] = " for pods",
	    [POLICY_FOR_HOSTNETWORK] = " for hostnetwork",
	    [POLICY_FOR_PODS_NOT_HOSTNETWORK] = " for pods not hostnetwork",
	    [POLICY_FOR_CGROUP] = " for cgroup ",
	};
	char dest[256], port[24];
	size_t len = (size_t)snprintf(buf, size, "%s%s", rule->audit ? "audit " : "",
				      rule->action == EGRET_ALLOW ? "allow" : "deny");

	for (size_t i = 0; i < rule->dest_count; i++)
		len += (size_t)snprintf(buf + len, size - len, " %s", policy_dest_format(&rule->dests[i], dest));
	for (size_t i = 0; i < rule->port_count; i++)
		len += (size_t)snprintf(buf + len, size - len, " %s", policy_port_format(&rule->ports[i], port));
	snprintf(buf + len, size - len, "%s%s%s", rule->private ? " private" : "", whom[rule->class.kind],
		 rule->class.path ? rule->class.path : "");
	return buf;
}

struct error_case {
	const char *text;
	unsigned int line, column;
	const char *fragment;
};

static void expect_errors(const struct error_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct run run = load(cases[i].text);
		const struct diag_entry *entry = run.diag.entries;

		if (run.diag.count != 1 || entry->line != cases[i].line || entry->column != cases[i].column ||
		    !strstr(entry->text, cases[i].fragment)) {
			print_error("for: %s\nexpected: %u:%u: %s\n", cases[i].text, cases[i].line, cases[i].column,
				    cases[i].fragment);
			diag_print(&run.diag, stderr);
			fail();
		}
		assert_int_equal(entry->severity, DIAG_ERROR);
		assert_string_equal(entry->file, "t.rules");
		assert_int_equal(run.error, -EINVAL);
		assert_null(run.policy);
		run_end(&run);
	}
}

static void audit_lines(void **state)
{
	struct run run = load("audit allow x.y,10.0.0.1 https:443 for pods  # why\n"
			      "audit deny *.z\n"
			      "allow x.y,10.0.0.1 https:443 for pods\n");
	char text[512];

	(void)state;
	expect_clean(&run);
	assert_int_equal(run.policy->rule_count, 3);
	assert_string_equal(describe(&run.policy->rules[0], text, sizeof(text)),
			    "audit allow x.y 10.0.0.1 https:443 for pods");
	assert_string_equal(run.policy->rules[0].text, "audit allow x.y,10.0.0.1 https:443 for pods");
	assert_string_equal(run.policy->rules[0].purpose, "why");
	assert_string_equal(describe(&run.policy->rules[1], text, sizeof(text)), "audit deny *.z any");
	assert_false(run.policy->rules[2].audit);
	run_end(&run);
}

static void audited_subjects(void **state)
{
	struct run run = load("set mode = audit for pods not hostnetwork\nset mode = enforce\n"
			      "set mode = audit for cgroup /a.slice/\nallow x.y any\n");

	(void)state;
	expect_clean(&run);
	assert_false(run.policy->settings.audit);
	assert_int_equal(run.policy->settings.audited_count, 2);
	assert_int_equal(run.policy->settings.audited[0].kind, POLICY_FOR_PODS_NOT_HOSTNETWORK);
	assert_string_equal(run.policy->settings.audited[1].path, "/a.slice");
	run_end(&run);

	run = load("set mode = audit for pods\nset mode = audit for pods\nallow x.y any\n");
	expect_findings(&run, "t.rules:2:12: warning: an earlier line audits the same; remove one\n");
	assert_int_equal(run.policy->settings.audited_count, 1);
	run_end(&run);

	run = load("set mode = audit for pods\nset mode = audit\nallow x.y any\n");
	expect_findings(&run,
			"t.rules:2:5: warning: `set mode = audit` audits everybody, and `set mode = audit for ...` is "
			"there for some; remove one of them\n");
	assert_true(run.policy->settings.audit);
	run_end(&run);
}

static void wrong_statements(void **state)
{
	static const struct error_case cases[] = {
	    {"alow x.y any\n", 1, 1, "did you mean `allow`?"},
	    {"audit\n", 1, 1, "write `audit allow DEST PORTS`, `audit deny DEST`"},
	    {"audti deny x.y\n", 1, 1, "did you mean `audit`?"},
	    {"audit alow x.y any\n", 1, 7, "did you mean `audit allow`?"},
	    {"audit audit deny x.y\n", 1, 7, "`audit` stands twice"},
	    {"audit resolver 10.0.0.10\n", 1, 7, "and not before `resolver`; write `audit deny DEST`"},
	    {"audit require x.y tcp:443\n", 1, 7, "and not before `require`"},
	    {"audit allow\n", 1, 7, "names no destination"},
	    {"audit allow x.y\n", 1, 16, "say which ports, or `any`"},
	    {"audit deny x.y private\n", 1, 16, "`private` is for `allow`"},
	    {"audit allow x.y tcp:1 private\n", 1, 23, "write `audit allow ADDRESS`"},
	    {"set mode = off for pods\n", 1, 12, "write `set mode = audit for ...`, which lets them pass"},
	    {"set mode = enforce for pods\n", 1, 12, "leave this line out"},
	    {"set mode = adit for pods\n", 1, 12, "write `set mode = audit for ...`"},
	    {"set mode = audit pods\n", 1, 18, "whom it is for, a file says: `set mode = audit for pods`"},
	    {"set mode = audit for\n", 1, 18, "does not say whom; write `for host`"},
	    {"set mode = audit for pod\n", 1, 22, "did you mean `pods`?"},
	    {"set mode = audit for pods host\n", 1, 27, "one line has one `for`; write a line for each"},
	    {"set mode = audit for cgroup x\n", 1, 29, "write it from the root"},
	    {"\n  Deny x.y\n", 2, 3, "did you mean `deny`?"},
	    {"mcr.microsoft.com https:443\n", 1, 1, "a line begins with allow, deny, audit, resolver"},
	    {"allow\n", 1, 1, "names no destination"},
	    {"allow x.y\n", 1, 10, "say which ports, or `any`"},
	    {"allow x.y   # why\n", 1, 10, "say which ports, or `any`"},
	    {"allow x.y for host\n", 1, 11, "say which ports, or `any`"},
	    {"allow x.y any for\n", 1, 15, "does not say whom"},
	    {"allow x.y any for cgroup\n", 1, 15, "does not say whom"},
	    {"allow x.y any for pods hostnetwork\n", 1, 24, "write `for hostnetwork`"},
	    {"allow x.y any for pods not host\n", 1, 24, "only `hostnetwork`"},
	    {"allow x.y any for cgroup /sys/fs/cgroup/unified/a/b\n", 1, 26, "write `/a/b`"},
	    {"allow x.y any for hosts\n", 1, 19, "did you mean `host`?"},
	    {"allow x.y any for everyone\n", 1, 19, "write `for host`, `for pods`, `for hostnetwork` or"},
	    {"allow x.y any for host tcp:1\n", 1, 24, "`tcp:1` is too much"},
	    {"deny x.y tcp:1 private\n", 1, 16, "a deny takes private addresses away as it is"},
	    {"deny x.y private\n", 1, 10, "`private` is for `allow`"},
	    {"allow 10.0.0.1 tcp:1 private\n", 1, 22, "this rule has addresses only"},
	    {"allow 10.0.0.1,fd00::/8 tcp:1 for pods private\n", 1, 40, "this rule has addresses only"},
	    {"allow x.y private\n", 1, 18, "say which ports, or `any`"},
	    {"allow x.y private tcp:1\n", 1, 11, "stands behind the ports; write those first"},
	    {"allow x.y private for host\n", 1, 11, "stands behind the ports; write those first"},
	    {"allow x.y tcp:1 private private\n", 1, 25, "`private` stands twice"},
	    {"allow x.y tcp:1 private for host private\n", 1, 34, "`private` stands twice"},
	    {"allow x.y tcp:1 for private\n", 1, 21, "unknown subject `private`"},
	    {"allow x.y tcp:1 privat\n", 1, 17, "did you mean `private`?"},
	    {"allow x.y any for cgroup a/b\n", 1, 26, "write it from the root"},
	    {"allow x.y any for cgroup /\n", 1, 26, "leave `for cgroup` out"},
	    {"allow x.y any for cgroup /a/../b\n", 1, 26, "`..` part"},
	    {"allow x.y any for cgroup /a//b\n", 1, 26, "empty"},
	    {"allow x.y any for cgroup /sys/fs/cgroup/a.slice\n", 1, 26, "write `/a.slice`"},
	    {"resolver\n", 1, 1, "needs an address, or `system`"},
	    {"resolver 10.0.0.0/24\n", 1, 10, "would trust every pod in it"},
	    {"resolver dns.example\n", 1, 10, "is a name"},
	    {"resolver 10.0.0.10:53\n", 1, 10, "asked on port 53"},
	    {"set mod = audit\n", 1, 5,
	     "no setting is called `mod`, and nothing uses it as a variable; did you mean `mode`?"},
	    {"set mdoe = off\n", 1, 5, "did you mean `mode`?"},
	    {"set MODE = audit\n", 1, 5, "did you mean `mode`?"},
	    {"set dns_name = policy\n", 1, 5, "did you mean `dns_names`?"},
	    {"set dns-names = policy\n", 1, 5, "did you mean `dns_names`?"},
	    {"set intrnal = 10.0.0.0/8\n", 1, 5, "did you mean `internal`?"},
	    {"set on_stael_agnet = floor\n", 1, 5, "did you mean `on_stale_agent`?"},
	    {"set internal = nonsense\n", 1, 16, "`nonsense` is a name; `internal` takes CIDRs"},
	    {"set internal = 10.0.0.0/8,*.x\n", 1, 27, "`internal` takes CIDRs"},
	    {"set internal = 10.0.0.1/8\n", 1, 16, "write `10.0.0.0/8`"},
	    {"set internal = 10.0.0.0/33\n", 1, 24, "is not a prefix length"},
	    {"set layers = enforced\n", 1, 14, "is no value of `layers`; write `enforce`, `audit` or `off`"},
	    {"set layer = audit\n", 1, 5, "did you mean `layers`?"},
	    {"set unlooked = drop\n", 1, 16, "is no value of `unlooked`; write `count` or `deny`"},
	    {"set overlays = vxlan0\n", 1, 5, "did you mean `overlay`?"},
	    {"set overlay = flannel.1,a-name-of-16-let\n", 1, 25, "at most 15 characters"},
	    {"set overlay = *\n", 1, 15, "names every device"},
	    {"set overlay = vx*0\n", 1, 15, "has a `*` before its end"},
	    {"set overlay = vxlan0,,wg0\n", 1, 22, "is no name of a device"},
	    {"set overlay = eth0:1\n", 1, 15, "write one as `ip link` shows it"},
	    {"set overlay = ..\n", 1, 15, "is no name of a device"},
	    {"set overlay = 10.0.0.1\n", 1, 15, "is an address; write the device"},
	    {"set families = inet,vsok unix\n", 1, 21, "unknown family `vsok`; did you mean `vsock`?"},
	    {"set families = inet packet-listens\n", 1, 21, "did you mean `packet-listen`?"},
	    {"set families = INET\n", 1, 16, "unknown family `INET`; did you mean `inet`?"},
	    {"set families = AF_VSOCK\n", 1, 16, "did you mean `vsock`?"},
	    {"set families = unix,ipv4\n", 1, 21, "did you mean `inet`?"},
	    {"set families = ipv6\n", 1, 16, "did you mean `inet6`?"},
	    {"set families = all\n", 1, 16, "no word stands for all; list the families"},
	    {"set families = none\n", 1, 16, "no word stands for none; list the families"},
	    {"set families = unix, inet\n", 1, 21, "remove the comma"},
	    {"set families = contoso.example\n", 1, 16, "takes another name than `families`, which is a setting"},
	    {"set family = inet\n", 1, 5, "did you mean `families`?"},
	    {"set foreign_sources =\n", 1, 21, "has no value; write one behind"},
	    {"set foreign_sources = 10.0.0.1\n", 1, 23, "a variable of your own takes another name"},
	    {"resolver 10.0.0.10 served by host hostnetwork\n", 1, 35, "write a line for each"},
	    {"resolver 10.0.0.10 served by host,pods\n", 1, 30, "write a line for each"},
	    {"resolver 10.0.0.10 served by host and pods\n", 1, 35, "write a line for each"},
	    {"resolver 10.0.0.10 served by /x.service\n", 1, 30, "write `served by cgroup /x.service`"},
	    {"allow x.y any for /x.service\n", 1, 19, "write `for cgroup /x.service`"},
	    {"resolver 10.0.0.10 by host\n", 1, 20, "as in `served by host`"},
	    {"resolver 10.0.0.10 x.y by\n", 1, 24, "as in `served by host`"},
	    {"resolver 10.0.0.10:5353 served by host\n", 1, 10, "on port 53; write `10.0.0.10`"},
	    {"set families = 1\n", 1, 16, "unknown family `1`; write what pods' sockets may be"},
	    {"set families =\n", 1, 14, "has no value"},
	    {"set familys = inet\n", 1, 5, "did you mean `families`?"},
	    {"set families = unix inet netlink\nallow ${families} any\n", 2, 7, "is a setting, not a variable"},
	    {"set foreign_sources = pods\n", 1, 23, "write `none`, `host` or `all`"},
	    {"set foreign_sources = none all\n", 1, 28, "takes one value"},
	    {"set foreign_source = all\n", 1, 5, "did you mean `foreign_sources`?"},
	    {"resolver 10.0.0.10 served\n", 1, 20, "`by` is missing behind `served`"},
	    {"resolver 10.0.0.10 served host\n", 1, 20, "`by` is missing behind `served`"},
	    {"resolver 10.0.0.10 served by\n", 1, 20, "does not say whom; write `served by host`"},
	    {"resolver 10.0.0.10 served by cgroup\n", 1, 20, "does not say whom"},
	    {"resolver 10.0.0.10 served by cgroup x\n", 1, 37, "write it from the root"},
	    {"resolver 10.0.0.10 served by pod\n", 1, 30, "did you mean `pods`?"},
	    {"resolver 10.0.0.10 served by everybody\n", 1, 30, "write `served by host`, `served by pods`"},
	    {"resolver 10.0.0.10 served by pods hostnetwork\n", 1, 35, "write `served by hostnetwork`"},
	    {"resolver 10.0.0.10 served by pods not host\n", 1, 35, "write `served by pods not hostnetwork`"},
	    {"resolver 10.0.0.10 served by pods *.x\n", 1, 35, "a line ends with its `served by`"},
	    {"resolver served by pods\n", 1, 1, "needs an address, or `system`"},
	    {"resolver *.x served by pods\n", 1, 10, "is a name"},
	    {"resolver 10.0.0.10 serve by pods\n", 1, 26, "everybody may ask a resolver"},
	    {"resolver 10.0.0.10 served-by pods\n", 1, 20, "as in `served by pods`"},
	    {"resolver 10.0.0.10 for pods\n", 1, 20, "everybody may ask a resolver"},
	    {"require x.y\n", 1, 1, "takes destinations and a port"},
	    {"require *.x.y tcp:443\n", 1, 9, "is many destinations"},
	    {"require 10.0.0.0/8 tcp:443\n", 1, 9, "is many destinations"},
	    {"require x.y,10.0.0.0/8 tcp:443\n", 1, 13, "is many destinations"},
	    {"require x.y tcp:80 tcp:443\n", 1, 13, "takes one port"},
	    {"set a = x.y 10.0.0.1\nrequire ${a}\n", 2, 9, "is not a port"},
	    {"set a = tcp:443\nrequire ${a}\n", 2, 1, "takes destinations and a port"},
	    {"require x.y tcp:1-2\n", 1, 13, "is not one port"},
	    {"require x.y tcp:1,2\n", 1, 13, "is not one port"},
	    {"require x.y any\n", 1, 13, "is not one port"},
	    {"require x.y icmp\n", 1, 13, "is not one port"},
	    {"use\n", 1, 1, "takes one file"},
	    {"use nowhere/there\n", 1, 5, "no file `nowhere/there`"},
	};

	(void)state;
	expect_errors(cases, COUNT(cases));
}

static void wrong_destinations(void **state)
{
	static const struct error_case cases[] = {
	    {"allow * any\n", 1, 7, "would be every name"},
	    {"allow *. any\n", 1, 7, "would be every name"},
	    {"allow *x.com any\n", 1, 7, "would be names like `evilx.com` too; write `*.x.com`"},
	    {"allow a*.x.com any\n", 1, 8, "a `*` stands for whole labels"},
	    {"allow a.*.com any\n", 1, 9, "a `*` stands for whole labels"},
	    {"allow x.* any\n", 1, 9, "under every top-level domain"},
	    {"allow *.*.x.com any\n", 1, 7, "takes any number of labels already"},
	    {"allow **.x.com any\n", 1, 7, "takes any number of labels already"},
	    {"allow b\xc3\xbc"
	     "cher.example any\n",
	     1, 8, "write its A-label, which begins with xn--"},
	    {"allow *.b\xc3\xbc"
	     "cher.example any\n",
	     1, 10, "A-label"},
	    {"allow\xc2\xa0x.y any\n", 1, 1, "unknown statement"},
	    {"allow x.y\xc2\xa0 any\n", 1, 10, "no-break space"},
	    {"allow a..b any\n", 1, 9, "empty label"},
	    {"allow .a any\n", 1, 7, "empty label"},
	    {"allow a.b.. any\n", 1, 11, "empty label"},
	    {"allow -a.b any\n", 1, 7, "hyphen"},
	    {"allow a.b- any\n", 1, 9, "hyphen"},
	    {"allow a!b any\n", 1, 8, "a character that no name has"},
	    {"allow a.b#c any\n", 1, 10, "a character that no name has"},
	    {"allow 300.1.1.1 any\n", 1, 7, "four numbers from 0 to 255"},
	    {"allow 10.0.0 any\n", 1, 7, "four numbers from 0 to 255"},
	    {"allow 10.0.0.1. any\n", 1, 7, "four numbers from 0 to 255"},
	    {"allow a.1 any\n", 1, 7, "ends in a number"},
	    {"allow *.0.0.10 any\n", 1, 9, "ends in a number"},
	    {"allow https://x.com/a any\n", 1, 7, "not a URL; write `x.com https:443`"},
	    {"allow http://x.com any\n", 1, 7, "not a URL; write `x.com http:80`"},
	    {"allow https://x.com:8443/ any\n", 1, 7, "not a URL; write `x.com https:8443`"},
	    {"allow x.com:443\n", 1, 12, "write `x.com tcp:443`"},
	    {"allow x.com:443 any\n", 1, 12, "write `x.com tcp:443`"},
	    {"allow 10.0.0.1:443 any\n", 1, 15, "write `10.0.0.1 tcp:443`"},
	    {"allow [2001:db8::1]:443 any\n", 1, 7, "write `2001:db8::1 tcp:443`"},
	    {"allow fe80::1%eth0 tcp:443\n", 1, 14, "a rule is for all links; write `fe80::1`"},
	    {"deny fe80::%eth0/64 any\n", 1, 12, "write `fe80::/64`"},
	    {"require fe80::1%eth0 tcp:443\n", 1, 16, "write `fe80::1`"},
	    {"set internal = fe80::%eth0/64\n", 1, 22, "write `fe80::/64`"},
	    {"resolver 2001:db8::1%eth0\n", 1, 21,
	     "only link-local addresses (fe80::/10) have a zone; write `resolver 2001:db8::1`"},
	    {"resolver 10.0.0.10%eth0\n", 1, 19, "write `resolver 10.0.0.10`"},
	    {"resolver fe80::1%\n", 1, 10, "write one like fe80::1%eth0"},
	    {"resolver fe80::1%sixteen-is-a-lot\n", 1, 10, "write one like fe80::1%eth0"},
	    {"resolver fe80::%eth0/64\n", 1, 10, "write one like fe80::1%eth0"},
	    {"resolver dns.example%eth0\n", 1, 10, "write one like fe80::1%eth0"},
	    {"allow tcp:443 any\n", 1, 7, "a port where the destination belongs"},
	    {"allow 2001:db8:::1 any\n", 1, 7, "is not an IPv6 address"},
	    {"allow x.com/path any\n", 1, 12, "a name has no path; write `x.com`"},
	    {"allow 10.1.2.3/8 any\n", 1, 7, "bits set behind its prefix; write `10.0.0.0/8`"},
	    {"allow 10.0.0.0/33 any\n", 1, 15, "write /0 to /32"},
	    {"allow 2001:db8::/129 any\n", 1, 17, "write /0 to /128"},
	    {"allow 10.0/16 any\n", 1, 7, "is not a CIDR"},
	    {"allow ::/0 any\n", 1, 7, "holds all of IPv4 too"},
	    {"allow ::/80 any\n", 1, 7, "holds all of IPv4 too"},
	    {"allow any tcp:443\n", 1, 7, "`any` is no destination"},
	    {"allow a.b,,c.d any\n", 1, 11, "a destination is empty"},
	    {"allow a.b,*,c.d any\n", 1, 11, "would be every name"},
	    {"deny 10.1.2.3/8\n", 1, 6, "write `10.0.0.0/8`"},
	};

	(void)state;
	expect_errors(cases, COUNT(cases));
}

/* Both halves are told: neither is what was meant. */
static void a_list_with_blanks_is_an_error(void **state)
{
	struct run run = load("allow a.b, c.d any\n");

	(void)state;
	assert_int_equal(run.diag.count, 2);
	assert_int_equal(run.diag.entries[0].column, 11);
	assert_non_null(strstr(run.diag.entries[0].text, "write a list as `a,b`, without blanks"));
	assert_int_equal(run.diag.entries[1].column, 12);
	run_end(&run);
}

static void wrong_ports(void **state)
{
	static const struct error_case cases[] = {
	    {"allow x.y tcp\n", 1, 11, "`tcp` needs a port; write `tcp:443`"},
	    {"allow x.y https\n", 1, 11, "write `https:443`"},
	    {"allow x.y http\n", 1, 11, "write `http:80`"},
	    {"allow x.y tcp:\n", 1, 15, "has no number"},
	    {"allow x.y tcp:0\n", 1, 15, "the first one is 1"},
	    {"allow x.y tcp:70000\n", 1, 15, "the last one is 65535"},
	    {"allow x.y udp:99999999999999999999\n", 1, 15, "the last one is 65535"},
	    {"allow x.y tcp:9000-8000\n", 1, 15, "reversed range"},
	    {"allow x.y tcp:80-\n", 1, 18, "has no number"},
	    {"allow x.y tcp:0-80\n", 1, 15, "the first one is 1"},
	    {"allow x.y tcp:80-70000\n", 1, 18, "the last one is 65535"},
	    {"allow x.y tcp:80,0,443\n", 1, 18, "the first one is 1"},
	    {"allow x.y tcp:80,\n", 1, 18, "has no number"},
	    {"allow x.y tcp:http\n", 1, 15, "is not a port number"},
	    {"allow x.y tcp:+80\n", 1, 15, "is not a port number"},
	    {"allow x.y icmp:8\n", 1, 15, "takes no port"},
	    {"allow x.y any:80\n", 1, 14, "takes no port"},
	    {"allow x.y 443\n", 1, 11, "write `tcp:443` or `udp:443`"},
	    {"allow x.y tpc:443\n", 1, 11, "did you mean `tcp`?"},
	    {"allow x.y tcp/443\n", 1, 11, "is not a port"},
	    {"allow a.b c.d tcp:443\n", 1, 11, "several destinations as `a,b`"},
	};

	(void)state;
	expect_errors(cases, COUNT(cases));
}

static void wrong_variables(void **state)
{
	static const struct error_case cases[] = {
	    {"set location = eu\nallow ${locaton}.x any\nallow ${location}.x any\n", 2, 7, "did you mean `location`?"},
	    {"allow a.${nothing}.x any\n", 1, 9, "write `set nothing = VALUE` before this line"},
	    {"allow a.${x any\n", 1, 9, "is not closed"},
	    {"allow a.$x any\n", 1, 9, "a `$` stands alone"},
	    {"allow a.${}.x any\n", 1, 9, "is not the name of a variable"},
	    {"allow a.${min_ttl}.x any\n", 1, 9, "is a setting, not a variable"},
	    {"set l = a b\nuse ${l}/x\n", 2, 1, "`use` takes one file"},
	    {"set l = a b\nallow ${l}.${nothing} any\n", 2, 12, "write `set nothing = VALUE` before this line"},
	    {"set l = a b*\nallow ${l}.x any\n", 2, 7, "whole labels"},
	    {"set x =\n", 1, 7, "has no value"},
	    {"set x\n", 1, 5, "write `set location = eastus`"},
	    {"set x=1\n", 1, 5, "write `set location = eastus`"},
	    {"set\n", 1, 1, "write `set location = eastus`"},
	    {"set 1x = 1\n", 1, 5, "is not a name for a variable"},
	    {"set x = a\nset x = b\nallow ${x}.y any\n", 2, 5, "`x` is set already at t.rules:1"},
	    {"set x = 10.1.2.3/8\nallow ${x} any\n", 2, 7, "write `10.0.0.0/8`"},
	    {"set x = a*\nallow b.${x}.c any\n", 2, 7, "whole labels"},
	    /* What failed once is not told again where it is used. */
	    {"set x = ${y}\nallow ${x} any\n", 1, 9, "unknown variable `y`"},
	    {"set x = ${y}\nallow a.${x} any\n", 1, 9, "unknown variable `y`"},
	    {"set min_ttl = 1d\n", 1, 15, "seconds, or a number with s, m or h"},
	    {"set min_ttl = -1\n", 1, 15, "seconds, or a number with s, m or h"},
	    {"set min_ttl = s\n", 1, 15, "seconds, or a number with s, m or h"},
	    {"set max_ttl = 600000h\n", 1, 15, "at most 2147483647"},
	    {"set max_ttl = 1m 2m\n", 1, 18, "takes one value"},
	    {"set max_ttl = 10m\n", 1, 5, "not below min_ttl (900 s)"},
	    {"set min_ttl = 48h\n", 1, 5, "not below min_ttl (172800 s)"},
	    {"set min_ttl = 0\nset max_ttl = 0\n", 2, 5, "at least 1 s"},
	    {"set existing = kept\n", 1, 16, "write `cut` or `keep`"},
	    {"set mode = on\n", 1, 12, "write `enforce`, `audit` or `off`"},
	    {"set floor = false\n", 1, 13, "write `off` or `on`"},
	    {"set service_ranges = 10.0.0.0/16 x.y\n", 1, 34, "takes CIDRs"},
	    {"set service_ranges = 10.0.0.1/16\n", 1, 22, "write `10.0.0.0/16`"},
	};

	(void)state;
	expect_errors(cases, COUNT(cases));
}

static char *repeat(const char *head, const char *piece, size_t count, const char *tail)
{
	char *text = malloc(strlen(head) + strlen(piece) * count + strlen(tail) + 1), *end;

	assert_non_null(text);
	end = stpcpy(text, head);
	while (count--)
		end = stpcpy(end, piece);
	strcpy(end, tail);
	return text;
}

static void expect_repeated(const char *head, const char *piece, size_t count, const char *tail, unsigned int column,
			    const char *fragment)
{
	char *text = repeat(head, piece, count, tail);
	struct error_case one = {text, 1, column, fragment};

	if (fragment) {
		expect_errors(&one, 1);
	} else {
		struct run run = load(text);

		expect_clean(&run);
		run_end(&run);
	}
	free(text);
}

static void limits_are_named(void **state)
{
	(void)state;
	expect_repeated("allow ", "a", 63, ".b any\n", 0, NULL);
	expect_repeated("allow ", "a", 64, ".b any\n", 7, "more than 63 bytes");
	/* 126 labels of "a." and a last "b" are 253 bytes. */
	expect_repeated("set x = ", "a.", 126, "b\nallow ${x} any\n", 0, NULL);
	expect_repeated("deny ", "a.", 126, "bc\n", 6, "longer than 253 bytes");
	expect_repeated("deny ", "a.", 300, "b\n", 6, "at most 253 bytes");
	expect_repeated("allow x.y", " tcp:1", 41, "\n", 0, NULL);
	expect_repeated("allow x.y tcp:1", ",1", 64, "\n", 144, "65 ports are over the limit of 64");
	expect_repeated("allow ", "aa.b,", 48, "aa.b any\n", 0, NULL);
	expect_repeated("allow ", "aa.b,", 50, "aa.b any\n", 1, "a rule of 264 bytes is over the limit of 255");
	expect_repeated("allow x.y any # ", "c", 255, "\n", 0, NULL);
	expect_repeated("allow x.y any # ", "c", 256, "\n", 16, "256 bytes behind a rule is over the limit of 255");
	expect_repeated("allow x.y any for cgroup /", "c", 256, "\n", 26, "over the limit of 255");
}

static void the_1365th_cgroup_and_the_16385th_rule_are_errors(void **state)
{
	char *text = malloc(1 << 20), *end = text;
	struct run run;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < EGRET_MAX_NAMED_CGROUPS + 2; i++)
		end += sprintf(end, "allow x.y tcp:%d for cgroup /s%d\nallow x.y udp:1%d for cgroup /s%d/\n", i + 1, i,
			       i, i);
	run = load(text);
	assert_int_equal(run.diag.errors, 4);
	assert_int_equal(run.diag.entries[0].line, 2 * EGRET_MAX_NAMED_CGROUPS + 1);
	assert_int_equal(run.diag.entries[0].column, 31);
	assert_non_null(strstr(run.diag.entries[0].text, "more than 1364 different cgroups"));
	run_end(&run);

	end = text;
	for (int i = 0; i < EGRET_MAX_RULES + 10; i++)
		end += sprintf(end, "allow n%d.example tcp:443\n", i);
	run = load(text);
	expect_findings(&run,
			"t.rules:16385:1: error: more than 16384 rules; put destinations with the same ports into "
			"one list\n");
	run_end(&run);
	free(text);
}

static void a_word_grows_to_1024_bytes(void **state)
{
	char *text = repeat("set x = ", "a", 512, "\nallow x.y tcp:443 for cgroup /${x}${x}\n");
	struct run run = load(text);

	(void)state;
	expect_findings(&run, "t.rules:2:30: error: with its variables this word is longer than 1024 bytes; "
			      "make it shorter\n");
	run_end(&run);
	free(text);
}

/* Each variable doubles the one before: 2^40 words, were they ever made. */
static void lists_of_lists_end_at_the_limit(void **state)
{
	char text[4096] = "set v0 = x.y x.y\n", *end = text + strlen(text);
	struct run run;

	(void)state;
	for (int i = 1; i < 40; i++)
		end += sprintf(end, "set v%d = ${v%d} ${v%d}\n", i, i - 1, i - 1);
	strcpy(end, "allow ${v39} any\n");
	run = load(text);
	assert_int_equal(run.error, -EINVAL);
	assert_int_equal(run.diag.errors, 1);
	assert_non_null(strstr(run.diag.entries[0].text, "more than 4194304 words"));
	run_end(&run);
}

static void every_error_of_a_run_is_shown(void **state)
{
	struct run run = load("alow x\n"
			      "allow -x tcp:0 for hots\n"
			      "# fine\n"
			      "deny 10.0.0.1/8,300.1.1.1\n");

	(void)state;
	expect_findings(
	    &run,
	    "t.rules:1:1: error: unknown statement `alow`; did you mean `allow`?\n"
	    "t.rules:2:7: error: `-x` has a label that begins or ends with a hyphen; hyphens stand inside a label\n"
	    "t.rules:2:14: error: `0` is no port that a packet can be sent to; the first one is 1\n"
	    "t.rules:2:20: error: unknown subject `hots`; did you mean `host`?\n"
	    "t.rules:4:6: error: `10.0.0.1/8` has bits set behind its prefix; write `10.0.0.0/8`\n"
	    "t.rules:4:17: error: `300.1.1.1` ends in a number, so it is an address, but not a valid one; "
	    "an IPv4 address has four numbers from 0 to 255\n");
	run_end(&run);
}

static void ten_thousand_errors_are_told(void **state)
{
	char *text = repeat("", "allow ${x}.y any\n", 10000, "");
	struct run run = load(text);

	(void)state;
	assert_int_equal(run.diag.errors, 10000);
	assert_int_equal(run.diag.count, 10000);
	assert_int_equal(run.diag.entries[9999].line, 10000);
	run_end(&run);
	free(text);
}

static void every_form_of_a_rule(void **state)
{
	static const char *const cases[][2] = {
	    {"allow Mcr.Microsoft.COM. https:443", "allow mcr.microsoft.com https:443"},
	    {"allow *.Data.x.y. tcp:443", "allow *.data.x.y tcp:443"},
	    {"allow _dns.x-1.y TCP:22 HTTPS:443", "allow _dns.x-1.y tcp:22 https:443"},
	    {"allow x.y tcp:80,443 udp:1-2,9", "allow x.y tcp:80 tcp:443 udp:1-2 udp:9"},
	    {"allow x.y sctp:3868 http:80,8080-8090", "allow x.y sctp:3868 http:80 http:8080-8090"},
	    {"allow x.y icmp", "allow x.y icmp"},
	    {"allow x.y any", "allow x.y any"},
	    {"allow x.y tcp:1-65535", "allow x.y tcp:1-65535"},
	    {"allow 10.0.0.1 https:443 http:80", "allow 10.0.0.1 tcp:443 tcp:80"},
	    {"allow 10.0.0.1,x.y https:443", "allow 10.0.0.1 x.y https:443"},
	    {"allow ::ffff:10.0.0.0/104 any", "allow 10.0.0.0/8 any"},
	    {"allow 0.0.0.0/0,2000::/3 any", "allow 0.0.0.0/0 2000::/3 any"},
	    {"allow ::/81 any", "allow ::/81 any"},
	    {"allow 2001:DB8::/32 tcp:8000-8999 for cgroup /system.slice/",
	     "allow 2001:db8::/32 tcp:8000-8999 for cgroup /system.slice"},
	    {"allow 169.254.169.254 tcp:80 for host", "allow 169.254.169.254 tcp:80 for host"},
	    {"allow x.y tcp:1 private", "allow x.y tcp:1 private"},
	    {"allow x.y tcp:1 private udp:2 for pods # why", "allow x.y tcp:1 udp:2 private for pods"},
	    {"allow x.y tcp:1 for cgroup /a private", "allow x.y tcp:1 private for cgroup /a"},
	    {"allow 10.0.0.1,x.y https:443 private", "allow 10.0.0.1 x.y https:443 private"},
	    {"allow private tcp:1 private", "allow private tcp:1 private"},
	    {"\tdeny\t10.1.0.0/16\t", "deny 10.1.0.0/16 any"},
	    {"deny x.y for pods", "deny x.y any for pods"},
	    {"deny x.y for hostnetwork", "deny x.y any for hostnetwork"},
	    {"allow x.y tcp:1 for pods not hostnetwork # why", "allow x.y tcp:1 for pods not hostnetwork"},
	    {"allow x.y any for cgroup /1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
	     "allow x.y any for cgroup /1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"},
	    {"deny x.y,*.x.y udp:53", "deny x.y *.x.y udp:53"},
	    {"allow xn--bcher-kva.example any", "allow xn--bcher-kva.example any"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct run run = load(cases[i][0]);
		char text[512];

		expect_clean(&run);
		assert_int_equal(run.policy->rule_count, 1);
		assert_string_equal(describe(&run.policy->rules[0], text, sizeof(text)), cases[i][1]);
		run_end(&run);
	}
}

static void private_is_for_names(void **state)
{
	struct run run = load("allow *.x.y tcp:443 private\n");

	(void)state;
	expect_findings(&run,
			"t.rules:1:21: warning: `private` on a pattern: whoever can answer for a name under it can "
			"point into your network; write the names, if they are known\n");
	assert_true(run.policy->rules[0].private);
	run_end(&run);
	/* The shipped rules say it of a variable, which may hold addresses alone. */
	run = load("set a = 10.0.0.1\nset p = private\nallow ${a} tcp:443 ${p}\n");
	expect_clean(&run);
	assert_true(run.policy->rules[0].private);
	run_end(&run);
}

static void a_rule_keeps_its_text_purpose_and_place(void **state)
{
	struct run run = load("set l = eastus\r\n"
			      "\r\n"
			      "  allow  *.hcp.${l}.azmk8s.io \t tcp:22   for pods   #  API   server #1\t\r\n"
			      "deny x.y#not-a-name.y\r\n"
			      "deny z.y");
	const struct policy_rule *rule;

	(void)state;
	assert_int_equal(run.diag.errors, 1);
	run_end(&run);
	run = load("set l = eastus\r\n"
		   "\r\n"
		   "  allow  *.hcp.${l}.azmk8s.io \t tcp:22   for pods   #  API   server #1\t\r\n"
		   "deny z.y");
	expect_clean(&run);
	assert_int_equal(run.policy->rule_count, 2);
	rule = &run.policy->rules[0];
	assert_string_equal(rule->text, "allow *.hcp.${l}.azmk8s.io tcp:22 for pods");
	assert_string_equal(rule->purpose, "API server #1");
	assert_string_equal(rule->file, "t.rules");
	assert_int_equal(rule->line, 3);
	assert_string_equal(rule->dests[0].name, "hcp.eastus.azmk8s.io");
	assert_false(rule->floor);
	assert_string_equal(run.policy->rules[1].purpose, "");
	assert_int_equal(run.policy->rules[1].line, 4);
	assert_int_equal(run.policy->file_count, 0);
	run_end(&run);
}

static void a_byte_order_mark_is_no_statement(void **state)
{
	struct run run = load("\xef\xbb\xbf"
			      "allow x.y any\n");

	(void)state;
	expect_clean(&run);
	assert_int_equal(run.policy->rule_count, 1);
	run_end(&run);
}

static void a_resolver_has_a_zone(void **state)
{
	struct run run = load("resolver fe80::1%eth0 FE80::2%br-lan.5 febf::3%2\n"
			      "resolver fe80::1\n");
	static const char *const forms[] = {"fe80::1%eth0", "fe80::2%br-lan.5", "febf::3%2", "fe80::1"};
	char text[ZONED_TEXT_SIZE];

	(void)state;
	expect_clean(&run);
	assert_int_equal(run.policy->resolver_count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(zoned_addr_format(&run.policy->resolvers[i].server, text), forms[i]);
	run_end(&run);
}

/* Two interfaces lead to two servers; what is said twice is one. */
static void servers_are_told_apart_by_their_zone(void **state)
{
	struct run run = load("resolver fe80::1%eth0\nresolver system\nresolver fe80::1%eth1 fe80::1%eth0\n");
	const struct zoned_addr system = {.addr = run.policy->resolvers[0].server.addr, .zone = "eth1"};
	struct zoned_addr *servers;
	size_t count;

	(void)state;
	expect_clean(&run);
	assert_int_equal(policy_servers(run.policy, &system, 1, &servers, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(servers[0].zone, "eth0");
	assert_string_equal(servers[1].zone, "eth1");
	free(servers);
	run_end(&run);
}

static void a_resolver_is_served_by_somebody(void **state)
{
	struct run run = load("set whom = pods not hostnetwork\n"
			      "resolver 10.0.0.10,fe80::1%eth0 *.cluster.local served by ${whom}\n"
			      "resolver system served by cgroup /system.slice/\n"
			      "resolver 10.0.0.11\n");
	const struct policy_resolver *resolvers = run.policy->resolvers;

	(void)state;
	expect_clean(&run);
	assert_int_equal(run.policy->resolver_count, 4);
	assert_int_equal(run.policy->askable_count, 1);
	for (size_t i = 0; i < 2; i++) {
		assert_true(resolvers[i].says_served);
		assert_int_equal(resolvers[i].served_by.kind, POLICY_FOR_PODS_NOT_HOSTNETWORK);
	}
	assert_string_equal(resolvers[2].served_by.path, "/system.slice");
	assert_false(resolvers[3].says_served);
	assert_int_equal(resolvers[3].served_by.kind, POLICY_FOR_HOST);
	run_end(&run);
}

static void resolvers_and_requires(void **state)
{
	struct run run = load("set dns = 10.0.0.10 fd00::10\n"
			      "resolver system   # of the node\n"
			      "resolver ${dns}\n"
			      "require Mcr.Microsoft.com tcp:443\n"
			      "require 10.0.0.1 https:443\n");
	const struct policy *policy = run.policy;
	char text[ADDR_TEXT_SIZE];

	(void)state;
	expect_clean(&run);
	assert_int_equal(policy->resolver_count, 3);
	assert_true(policy->resolvers[0].system);
	assert_false(policy->resolvers[1].system);
	assert_string_equal(addr_format(&policy->resolvers[1].server.addr, text), "10.0.0.10");
	assert_string_equal(addr_format(&policy->resolvers[2].server.addr, text), "fd00::10");
	assert_int_equal(policy->resolvers[2].line, 3);
	assert_int_equal(policy->require_count, 2);
	assert_int_equal(policy->requires[0].dests[0].kind, POLICY_DEST_NAME);
	assert_string_equal(policy->requires[0].dests[0].name, "mcr.microsoft.com");
	assert_int_equal(policy->requires[0].port.lo, 443);
	assert_int_equal(policy->requires[1].dests[0].kind, POLICY_DEST_CIDR);
	assert_int_equal(policy->requires[1].port.app, EGRET_APP_NONE);
	assert_int_equal(policy->requires[1].line, 5);
	run_end(&run);
}

static void a_requirement_takes_a_list(void **state)
{
	struct run run = load("set api_server = mine.example 198.51.100.7,2001:db8::7\n"
			      "set port = tcp:443\n"
			      "require ${api_server} other.example ${port}\n"
			      "require a.example,10.0.0.1 https:443\n");
	const struct policy_require *require = run.policy->requires;
	char text[POLICY_REQUIRE_TEXT_SIZE];

	(void)state;
	expect_clean(&run);
	assert_int_equal(run.policy->require_count, 2);
	assert_int_equal(require[0].dest_count, 4);
	assert_string_equal(require[0].dests[0].name, "mine.example");
	assert_int_equal(require[0].dests[1].kind, POLICY_DEST_CIDR);
	assert_int_equal(require[0].dests[2].kind, POLICY_DEST_CIDR);
	assert_string_equal(require[0].dests[3].name, "other.example");
	assert_int_equal(require[0].port.lo, 443);
	assert_string_equal(policy_require_format(&require[0], text), "mine.example or 3 others tcp:443");
	assert_int_equal(require[1].port.app, EGRET_APP_HTTPS);
	assert_string_equal(policy_require_format(&require[1], text), "a.example or 1 other https:443");
	run_end(&run);
}

static void a_requirement_has_a_limit(void **state)
{
	char text[EGRET_MAX_REQUIRED_DESTS * 16 + 64];
	size_t len = (size_t)snprintf(text, sizeof(text), "require");
	struct run run;

	(void)state;
	for (int i = 0; i <= EGRET_MAX_REQUIRED_DESTS; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, " n%d.example", i);
	snprintf(text + len, sizeof(text) - len, " tcp:443\n");
	run = load(text);
	assert_int_equal(run.error, -EINVAL);
	assert_int_equal(run.diag.errors, 1);
	assert_non_null(strstr(run.diag.entries[0].text, "name fewer"));
	run_end(&run);
}

/* Who opens a node adds one line, whatever state the file is in. */
static void off_wins_over_all_else(void **state)
{
	static const char *const texts[] = {
	    "set mode = off\n",
	    "set mode = off",
	    "\xef\xbb\xbfset mode = off\r\n",
	    "set mode = enforce\nallow x.y any\nset mode = off\n",
	    "set mode = off\nset mode = enforce\n",
	    "set m = off\nset mode = ${m}\n",
	    "set mode = audit\nset mode = off # 3 a.m.\n",
	    "alow x.y any\nset mode = off\n",
	    "set mode = off\nuse no/such/file\nallow ${nobody} any\nallow a*.x any\nrequire x.y\n",
	    "set min_ttl = 2h\nset max_ttl = 1h\nset mode = off\n",
	    "# caf\xe9\nset mode = off\n",
	    "\xff\xfe\nset mode = off\nset existing = maybe\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct run run = load(texts[i]);

		assert_int_equal(run.error, 0);
		assert_true(run.policy->settings.off);
		assert_int_equal(run.diag.errors, 0);
		run_end(&run);
	}
}

static void off_must_be_said(void **state)
{
	static const struct error_case cases[] = {
	    {"set mode = Off\n", 1, 12, "write `enforce`, `audit` or `off`"},
	    {"set mode = off audit\n", 1, 16, "remove `audit`"},
	    {"set mode=off\n", 1, 5, "`=` between blanks"},
	    {"set mode off\n", 1, 5, "`=` between blanks"},
	};
	const struct policy_define defines[] = {{"mode", "off"}, {"mode", "enforce"}};
	struct policy_options options = {.defines = &defines[0], .define_count = 1};
	struct run run;

	(void)state;
	expect_errors(cases, COUNT(cases));
	run = load("# set mode = off\nallow x.y any\nset floor = off\n");
	assert_false(run.policy->settings.off);
	run_end(&run);
	run = load_with("set mode = enforce\n", &options);
	assert_true(run.policy->settings.off);
	run_end(&run);
	options.defines = &defines[1];
	run = load_with("set mode = off\n", &options);
	assert_false(run.policy->settings.off);
	run_end(&run);
}

static uint64_t hash_of(const char *text, const struct policy_define *define)
{
	struct policy_options options = {.defines = define, .define_count = define ? 1 : 0};
	struct run run = load_with(text, &options);
	uint64_t hash = run.policy->text_hash;

	run_end(&run);
	return hash;
}

static void another_text_has_another_hash(void **state)
{
	const struct policy_define one = {"x", "1"}, two = {"x", "2"};
	const char *text = "allow x.y any\n";

	(void)state;
	assert_true(hash_of(text, NULL) == hash_of(text, NULL));
	assert_true(hash_of(text, NULL) != hash_of("allow x.y any", NULL));
	assert_true(hash_of(text, NULL) != hash_of("allow x.y any # why\n", NULL));
	assert_true(hash_of(text, NULL) != hash_of(text, &one));
	assert_true(hash_of(text, &one) != hash_of(text, &two));
}

/* `node` is a letter away from `mode`: whether a policy uses it tells which was meant. */
static void a_variable_may_be_near_to_a_setting(void **state)
{
	struct run run = load("set node = 10.0.0.1\n"
			      "set intern = 10.0.0.0/8\n"
			      "set far_from_all = x\n"
			      "allow ${node},x.y tcp:443\n"
			      "deny ${intern}\n");

	(void)state;
	assert_int_equal(run.error, 0);
	expect_findings(&run, "t.rules:3:5: warning: variable `far_from_all` is never used; remove it, or write "
			      "`${far_from_all}`\n");
	run_end(&run);
}

static void settings_have_defaults_and_values(void **state)
{
	struct run run = load("");
	const struct policy_settings *settings = &run.policy->settings;

	(void)state;
	expect_clean(&run);
	assert_int_equal(settings->min_ttl_sec, 900);
	assert_int_equal(settings->max_ttl_sec, 86400);
	assert_true(settings->keep_existing);
	assert_false(settings->audit);
	assert_true(settings->floor);
	assert_int_equal(settings->service_range_count, 0);
	run_end(&run);

	run = load("set min_ttl = 15m\nset max_ttl = 2h\nset existing = cut\nset mode = audit\nset floor = off\n"
		   "set service_ranges = 10.0.0.0/16,10.1.0.0/16 fd00::/108\n");
	settings = &run.policy->settings;
	expect_clean(&run);
	assert_int_equal(settings->min_ttl_sec, 900);
	assert_int_equal(settings->max_ttl_sec, 7200);
	assert_false(settings->keep_existing);
	assert_true(settings->audit);
	assert_false(settings->floor);
	assert_int_equal(settings->service_range_count, 3);
	assert_int_equal(settings->service_ranges[2].prefix_len, 108);
	run_end(&run);

	run = load(
	    "set min_ttl = 90s\nset max_ttl = 2147483647\nset existing = keep\nset mode = enforce\nset floor = on\n");
	settings = &run.policy->settings;
	expect_clean(&run);
	assert_int_equal(settings->min_ttl_sec, 90);
	assert_int_equal(settings->max_ttl_sec, 2147483647);
	assert_true(settings->keep_existing && !settings->audit && settings->floor);
	run_end(&run);
}

static void layers_and_their_like(void **state)
{
	struct run run = load("");
	const struct policy_settings *settings = &run.policy->settings;

	(void)state;
	assert_int_equal(settings->layers, EGRET_LAYERS_ENFORCE);
	assert_false(settings->says_layers || settings->deny_unlooked);
	assert_int_equal(settings->overlay_count, 0);
	run_end(&run);

	run = load("set layers = audit\nset unlooked = deny\n"
		   "set tunnels = wg0 vxlan*\nset overlay = flannel.1,cilium_vxlan_15 ${tunnels} wg0\n");
	settings = &run.policy->settings;
	expect_clean(&run);
	assert_int_equal(settings->layers, EGRET_LAYERS_AUDIT);
	assert_true(settings->says_layers && settings->deny_unlooked);
	assert_int_equal(settings->overlay_count, 4);
	assert_string_equal(settings->overlays[1], "cilium_vxlan_15");
	assert_string_equal(settings->overlays[3], "vxlan*");
	run_end(&run);

	run = load("set layers = off\nset unlooked = count\nset overlay = none\n");
	assert_int_equal(run.policy->settings.layers, EGRET_LAYERS_OFF);
	assert_false(run.policy->settings.deny_unlooked);
	assert_int_equal(run.policy->settings.overlay_count, 0);
	run_end(&run);
}

static uint64_t families(const char *text, size_t warnings)
{
	struct run run = load(text);
	uint64_t families = run.policy->settings.families;

	assert_int_equal(run.diag.count, warnings);
	run_end(&run);
	return families;
}

static void what_may_not_begin(void **state)
{
	const uint64_t usual = egret_family_bit(AF_UNIX) | egret_family_bit(AF_INET) | egret_family_bit(AF_INET6) |
			       egret_family_bit(AF_NETLINK) | egret_family_bit(AF_PACKET);
	struct run run = load("set foreign_sources = none\n");

	(void)state;
	assert_int_equal(run.policy->settings.foreign_sources, EGRET_FOREIGN_NONE);
	run_end(&run);
	run = load("set foreign_sources = all\n");
	assert_int_equal(run.policy->settings.foreign_sources, EGRET_FOREIGN_ALL);
	run_end(&run);
	run = load("");
	assert_int_equal(run.policy->settings.foreign_sources, EGRET_FOREIGN_HOST);
	run_end(&run);

	assert_true(families("", 0) == usual);
	assert_true(families("set families = packet-listen inet,inet6 unix netlink\n", 0) == usual);
	assert_true(families("set more = packet vsock\nset families = unix packet-listen inet netlink ${more}\n", 0) ==
		    (egret_family_bit(AF_UNIX) | egret_family_bit(AF_INET) | egret_family_bit(AF_NETLINK) |
		     egret_family_bit(AF_PACKET) | egret_family_bit(AF_VSOCK) | EGRET_FAMILIES_SEND_FRAMES));
	assert_true(families("set families = unix inet inet6\n", 1) ==
		    (egret_family_bit(AF_UNIX) | egret_family_bit(AF_INET) | egret_family_bit(AF_INET6)));
	run = load("set families = vsock\n");
	assert_non_null(
	    strstr(run.diag.entries[0].text, "`set families = unix inet inet6 netlink packet-listen vsock`"));
	run_end(&run);
	assert_true(families("set families = vsock\n", 1) == egret_family_bit(AF_VSOCK));
}

static void the_65th_overlay_is_an_error(void **state)
{
	char text[1024] = "set overlay =";

	(void)state;
	for (int i = 0; i < 65; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " v%02d", i);
	strcat(text, "\n");
	expect_errors(&(struct error_case){text, 1, 271, "`overlay` has more than 64 devices"}, 1);
	strcpy(strstr(text, " v64"), "\n");
	struct run run = load(text);
	assert_int_equal(run.policy->settings.overlay_count, 64);
	run_end(&run);
}

static void lists_become_destinations_and_ports(void **state)
{
	struct run run = load("set near = 10.0.0.0/8 172.16.0.0/12\n"
			      "set all = ${near} a.b,c.d\n"
			      "set zone = b\n"
			      "set ports = tcp:80,443 udp:53\n"
			      "allow ${all} ${ports} icmp\n"
			      "allow x.${zone},y.${zone}.z any\n");
	char text[512];

	(void)state;
	expect_clean(&run);
	assert_string_equal(describe(&run.policy->rules[0], text, sizeof(text)),
			    "allow 10.0.0.0/8 172.16.0.0/12 a.b c.d tcp:80 tcp:443 udp:53 icmp");
	assert_string_equal(run.policy->rules[0].text, "allow ${all} ${ports} icmp");
	assert_string_equal(describe(&run.policy->rules[1], text, sizeof(text)), "allow x.b y.b.z any");
	run_end(&run);
}

/* `set registry = one two`, for rules that were written for one registry. */
static void a_list_inside_a_word_makes_a_word_of_each_value(void **state)
{
	struct run run = load("set registry = one two,three\n"
			      "set region = north south\n"
			      "set ports = 80 443\n"
			      "allow ${registry}.azurecr.io tcp:${ports}\n"
			      "allow ${registry}.${region}.data.azurecr.io any private\n"
			      "allow *.${region}.z,plain.z any\n"
			      "require ${registry}.azurecr.io tcp:443\n");
	char text[512];

	(void)state;
	expect_clean(&run);
	assert_string_equal(describe(&run.policy->rules[0], text, sizeof(text)),
			    "allow one.azurecr.io two.azurecr.io three.azurecr.io tcp:80 tcp:443");
	assert_string_equal(run.policy->rules[0].text, "allow ${registry}.azurecr.io tcp:${ports}");
	assert_int_equal(run.policy->rules[1].dest_count, 6);
	assert_string_equal(run.policy->rules[1].dests[5].name, "three.south.data.azurecr.io");
	assert_non_null(strstr(describe(&run.policy->rules[2], text, sizeof(text)), "*.north.z plain.z *.south.z"));
	assert_int_equal(run.policy->requires[0].dest_count, 3);
	run_end(&run);
}

/* 2^40 choices, were they ever made. */
static void lists_inside_a_word_end_at_the_limit(void **state)
{
	char text[1024] = "set l = a b\nallow x", *end = text + strlen(text);
	struct run run;

	(void)state;
	for (int i = 0; i < 40; i++)
		end = stpcpy(end, "${l}");
	strcpy(end, ".y any\nallow a.b any\n");
	run = load(text);
	assert_int_equal(run.diag.errors, 1);
	assert_non_null(strstr(run.diag.entries[0].text, "more than 4194304 words"));
	run_end(&run);
}

static void a_hundred_thousand_addresses_fit_one_variable(void **state)
{
	char *text = malloc(4 << 20), *end = stpcpy(text, "set l =");
	char last[256];
	struct run run;

	(void)state;
	for (unsigned int i = 0; i < 100000; i++)
		end += sprintf(end, " 10.%u.%u.%u", i >> 16, (i >> 8) & 255, i & 255);
	strcpy(end, "\nallow ${l} tcp:443\n");
	run = load(text);
	expect_clean(&run);
	assert_int_equal(run.policy->rules[0].dest_count, 100000);
	assert_string_equal(policy_dest_format(&run.policy->rules[0].dests[99999], last), "10.1.134.159");
	run_end(&run);
	free(text);
}

static void defines_win_over_set(void **state)
{
	static const struct policy_define defines[] = {
	    {"where", "westeurope"},
	    {"near", " 10.0.0.0/8  172.16.0.0/12 "},
	    {"min_ttl", "1h"},
	    {"new", "only-here"},
	};
	const struct policy_options options = {.defines = defines, .define_count = COUNT(defines)};
	struct run run = load_with("set where = eastus\nset near = 1.1.1.1\nset min_ttl = 5\n"
				   "allow ${where}.x any\nallow ${near} any\nallow ${new}.x any\n",
				   &options);
	char text[512];

	(void)state;
	expect_clean(&run);
	assert_string_equal(describe(&run.policy->rules[0], text, sizeof(text)), "allow westeurope.x any");
	assert_string_equal(describe(&run.policy->rules[1], text, sizeof(text)), "allow 10.0.0.0/8 172.16.0.0/12 any");
	assert_string_equal(describe(&run.policy->rules[2], text, sizeof(text)), "allow only-here.x any");
	assert_int_equal(run.policy->settings.min_ttl_sec, 3600);
	run_end(&run);
}

static void wrong_defines_are_errors(void **state)
{
	static const struct policy_define defines[] = {
	    {"a b", "x"}, {"empty", " "}, {"twice", "1"}, {"twice", "2"}, {"mode", "of"},
	};
	const struct policy_options options = {.defines = defines, .define_count = COUNT(defines)};
	struct run run = load_with("allow ${twice}.x any\n", &options);

	(void)state;
	expect_findings(&run, "command line: error: -D `a b`: not a name for a variable; use letters, digits, _ and -\n"
			      "command line: error: -D empty has no value; write -D empty=VALUE\n"
			      "command line: error: -D twice is given twice; give it once, a list between quotes\n"
			      "command line: error: `of` is no value of `mode`; write `enforce`, `audit` or `off`\n");
	assert_int_equal(run.error, -EINVAL);
	run_end(&run);
}

static void what_nobody_uses_is_warned_of(void **state)
{
	static const struct policy_define defines[] = {{"locaton", "x"}};
	const struct policy_options options = {.defines = defines, .define_count = 1};
	struct run run =
	    load_with("set location = eastus\nset idle = 1\nset mode = audit\nallow ${location}.x any\n", &options);

	(void)state;
	assert_int_equal(run.error, 0);
	expect_findings(&run, "command line: warning: variable `locaton` is never used; did you mean `location`?\n"
			      "t.rules:2:5: warning: variable `idle` is never used; remove it, or write `${idle}`\n");
	run_end(&run);
}

static void the_same_rule_twice_is_warned_of(void **state)
{
	struct run run = load("allow x.y tcp:443 for host\n"
			      "allow x.y tcp:443 for pods\n"
			      "deny x.y tcp:443 for host\n"
			      "\tallow  x.y   tcp:443 for host # again\n");

	(void)state;
	assert_int_equal(run.error, 0);
	assert_int_equal(run.policy->rule_count, 4);
	expect_findings(&run, "t.rules:4:2: warning: the same rule stands at t.rules:1; remove one\n");
	run_end(&run);
}

static void patterns_match_whole_labels_below(void **state)
{
	static const struct {
		const char *dest, *name;
		bool matches;
	} cases[] = {
	    {"*.contoso.com", "a.contoso.com", true},
	    {"*.contoso.com", "a.b.contoso.com", true},
	    {"*.contoso.com", "contoso.com", false},
	    {"*.contoso.com", "evilcontoso.com", false},
	    {"*.contoso.com", "a.evilcontoso.com", false},
	    {"*.contoso.com", "a.contoso.com.evil.com", false},
	    {"*.contoso.com", ".contoso.com", false},
	    {"*.contoso.com", "com", false},
	    {"*.CONTOSO.com.", "a.contoso.com", true},
	    {"*.azk8s.cn", "x.hcp.chinaeast2.cx.prod.service.azk8s.cn", true},
	    {"contoso.com", "contoso.com", true},
	    {"contoso.com", "a.contoso.com", false},
	    {"10.0.0.1", "contoso.com", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[64];
		struct run run;

		snprintf(text, sizeof(text), "allow %s any\n", cases[i].dest);
		run = load(text);
		expect_clean(&run);
		assert_int_equal(policy_dest_matches_name(&run.policy->rules[0].dests[0], cases[i].name),
				 cases[i].matches);
		run_end(&run);
	}
}

static void names_and_ports_for_other_modules(void **state)
{
	static const char *const wrong[] = {"tcp", "tcp:", "tcp:0", "tcp:80,443", "icmp:1", "80", "", "tcp:9-8", "x:1"};
	static const char *const right[] = {"tcp:443", "https:443", "udp:8000-8999", "icmp",
					    "any",     "sctp:1",    "http:80"};
	struct policy_port port;
	const char *why = NULL;
	char *name = NULL, buf[24];

	(void)state;
	assert_int_equal(policy_name_normalise("WWW.Example.", 12, &name, &why), 0);
	assert_string_equal(name, "www.example");
	free(name);
	name = NULL;
	assert_int_equal(policy_name_normalise("", 0, &name, &why), -EINVAL);
	assert_int_equal(policy_name_normalise(".", 1, &name, &why), -EINVAL);
	assert_int_equal(policy_name_normalise("a b", 3, &name, &why), -EINVAL);
	assert_non_null(why);
	assert_null(name);

	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_int_equal(policy_port_parse(wrong[i], &port), -EINVAL);
	for (size_t i = 0; i < COUNT(right); i++) {
		assert_int_equal(policy_port_parse(right[i], &port), 0);
		assert_string_equal(policy_port_format(&port, buf), right[i]);
	}
	assert_int_equal(policy_port_parse("icmp", &port), 0);
	assert_int_equal(port.l4_proto, IPPROTO_ICMP);
	assert_int_equal(port.lo, 0);
	assert_int_equal(port.hi, 65535);
}

/* Files: each test has a folder of its own, and works in it. */

static int enter_folder(void **state)
{
	char *path = strdup("/tmp/egret-test-policy-XXXXXX");

	if (!path || !mkdtemp(path) || chdir(path)) {
		free(path);
		return -1;
	}
	*state = path;
	return 0;
}

static int leave_folder(void **state)
{
	char command[128];
	int error;

	snprintf(command, sizeof(command), "rm -rf %s", (char *)*state);
	error = chdir("/") || system(command);
	free(*state);
	return error;
}

static void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, strlen(text), out), strlen(text));
	assert_int_equal(fclose(out), 0);
}

static struct run load_files(const char *const *paths, size_t count, const char *rules_path)
{
	const struct policy_options options = {.paths = paths, .path_count = count, .rules_path = rules_path};
	struct run run = {0};

	run.error = policy_load(&options, &run.policy, &run.diag);
	return run;
}

static struct run load_file(const char *path, const char *rules_path)
{
	return load_files(&path, 1, rules_path);
}

static void use_looks_beside_then_beside_main_then_in_the_path(void **state)
{
	static const char *const expected[] = {"main.rules", "aks/node.rules", "aks/near.rules", "common.rules",
					       "path2/far.rules"};
	struct run run;

	(void)state;
	mkdir("aks", 0755);
	mkdir("path1", 0755);
	mkdir("path2", 0755);
	write_file("main.rules", "use aks/node\nallow main.x any\n");
	write_file("aks/node.rules", "use near\nuse common.rules\nuse far\nallow node.x any\n");
	write_file("aks/near.rules", "allow near.x any\n");
	write_file("near.rules", "allow wrong.x any\n");
	write_file("common.rules", "allow common.x any\n");
	write_file("path2/common.rules", "allow wrong.y any\n");
	write_file("path2/far.rules", "allow far.x any\n");

	run = load_file("main.rules", "path1::path2");
	expect_clean(&run);
	assert_int_equal(run.policy->file_count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++)
		assert_string_equal(run.policy->files[i].path, expected[i]);
	assert_int_equal(run.policy->rule_count, 5);
	assert_string_equal(run.policy->rules[0].dests[0].name, "near.x");
	assert_string_equal(run.policy->rules[4].dests[0].name, "main.x");
	run_end(&run);
}

static void the_floor_is_what_node_files_say(void **state)
{
	struct run run;

	(void)state;
	write_file("node.rules", "allow a.x any\n");
	write_file("my-node.rules", "use node\nallow b.x any\n");
	run = load_file("my-node.rules", NULL);
	expect_clean(&run);
	assert_true(run.policy->rules[0].floor);
	assert_string_equal(run.policy->rules[0].file, "node.rules");
	assert_false(run.policy->rules[1].floor);
	run_end(&run);
}

static void a_file_is_read_once(void **state)
{
	static const char *const paths[] = {"main.rules", "./both.rules", "main.rules"};
	struct run run;

	(void)state;
	write_file("main.rules", "use both\nuse other\nuse both.rules\n");
	write_file("other.rules", "use both\n");
	write_file("both.rules", "set v = 1\nallow ${v}.x any\n");
	run = load_files(paths, COUNT(paths), NULL);
	expect_clean(&run);
	assert_int_equal(run.policy->rule_count, 1);
	assert_int_equal(run.policy->file_count, 3);
	run_end(&run);
}

static void variables_reach_used_files_and_defaults_give_way(void **state)
{
	struct run run;
	char text[64];

	(void)state;
	write_file("main.rules", "set location = eu\nset min_ttl = 60\nuse mid\nallow ${other}.y any\n");
	write_file("mid.rules", "use leaf\n");
	write_file("leaf.rules", "set location = us\nset min_ttl = 1h\nset other = fallback\nset idle = 1\n"
				 "allow ${location}.x any\n");
	run = load_file("main.rules", NULL);
	expect_clean(&run);
	assert_string_equal(describe(&run.policy->rules[0], text, sizeof(text)), "allow eu.x any");
	assert_string_equal(describe(&run.policy->rules[1], text, sizeof(text)), "allow fallback.y any");
	assert_int_equal(run.policy->settings.min_ttl_sec, 60);
	run_end(&run);

	write_file("main.rules", "use leaf\nuse twin\nset location = eu\n");
	write_file("twin.rules", "set min_ttl = 2h\n");
	run = load_file("main.rules", NULL);
	expect_findings(&run,
			"twin.rules:1:5: error: `min_ttl` is set already at leaf.rules:2; remove one of the two\n"
			"main.rules:3:5: error: `location` is set already at leaf.rules:1; remove one of the two\n");
	run_end(&run);
}

static void circles_show_their_chain(void **state)
{
	struct run run;

	(void)state;
	write_file("a.rules", "use b\n");
	write_file("b.rules", "\n  use c\n");
	write_file("c.rules", "use b\n");
	run = load_file("a.rules", NULL);
	expect_findings(&run,
			"c.rules:1:5: error: files use each other in a circle: b.rules uses c.rules uses b.rules; "
			"remove one of these `use`\n");
	run_end(&run);
	write_file("self.rules", "use self\n");
	run = load_file("self.rules", NULL);
	expect_findings(&run, "self.rules:1:5: error: files use each other in a circle: self.rules uses self.rules; "
			      "remove one of these `use`\n");
	run_end(&run);
}

static void sixteen_files_deep_is_the_end(void **state)
{
	struct run run;

	(void)state;
	for (int i = 1; i <= 17; i++) {
		char path[32], text[32];

		snprintf(path, sizeof(path), "f%d.rules", i);
		snprintf(text, sizeof(text), "use f%d\n", i + 1);
		write_file(path, i < 17 ? text : "allow x.y any\n");
	}
	run = load_file("f2.rules", NULL);
	expect_clean(&run);
	run_end(&run);
	run = load_file("f1.rules", NULL);
	expect_findings(&run,
			"f16.rules:1:5: error: files use each other more than 16 deep; use `f17` from an outer file\n");
	run_end(&run);
}

static void files_that_cannot_be_read(void **state)
{
	static const char *const paths[] = {"absent.rules", ".", "fifo.rules", "nul.rules", "huge.rules", "good.rules"};
	FILE *out = fopen("nul.rules", "w");
	struct run run;

	(void)state;
	assert_non_null(out);
	fwrite("allow x.y any\nal\0ow", 1, 19, out);
	fclose(out);
	assert_int_equal(mkfifo("fifo.rules", 0600), 0);
	write_file("huge.rules", "");
	assert_int_equal(truncate("huge.rules", 100 << 20), 0);
	write_file("good.rules", "\nuse fifo\n");

	run = load_files(paths, COUNT(paths), NULL);
	assert_int_equal(run.error, -EINVAL);
	expect_findings(
	    &run, "absent.rules: error: cannot be read (No such file or directory); name a rules file that this user "
		  "may read\n"
		  ".: error: is a directory; name a rules file in it\n"
		  "fifo.rules: error: is not a regular file; write the rules to one\n"
		  "nul.rules:2:3: error: the file holds a NUL byte; write it as plain text in UTF-8\n"
		  "huge.rules: error: is larger than 16777216 bytes; split it into several files\n"
		  "good.rules:2:5: error: `fifo.rules` is not a regular file; write the rules to one\n");
	run_end(&run);
}

/* @count names below @domain, each of a line of its own. */
static void add_siblings(char *text, size_t size, const char *domain, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		snprintf(text + strlen(text), size - strlen(text), "allow n%u.%s tcp:443\n", i, domain);
}

static void many_names_below_one_domain_are_found(void **state)
{
	static char text[65536];
	struct siblings found;
	struct run run;

	(void)state;
	text[0] = '\0';
	add_siblings(text, sizeof(text), "list.example", 20);
	add_siblings(text, sizeof(text), "list.example", 20); /* the same once more */
	add_siblings(text, sizeof(text), "few.example", 19);
	add_siblings(text, sizeof(text), "other.list.example", 21);
	add_siblings(text, sizeof(text), "co.uk", 40); /* anybody's */
	add_siblings(text, sizeof(text), "example", 40);
	run = load(text);
	assert_int_equal(run.error, 0);
	assert_int_equal(siblings_find(run.policy, &found), 0);
	assert_string_equal(found.domain, "other.list.example");
	assert_int_equal(found.names, 21);
	assert_int_equal(found.domains, 2);
	assert_int_equal(found.all, 20 + 19 + 21 + 40 + 40);
	policy_free(run.policy);
	diag_clear(&run.diag);

	text[0] = '\0';
	add_siblings(text, sizeof(text), "few.example", 19);
	run = load(text);
	assert_int_equal(siblings_find(run.policy, &found), 0);
	assert_null(found.domain);
	policy_free(run.policy);
	diag_clear(&run.diag);
}

static void a_failed_load_leaves_the_output_alone(void **state)
{
	struct policy *before = (struct policy *)state, *policy = before;
	struct diag diag = {0};

	assert_int_equal(policy_load_text("t", "x", 1, NULL, &policy, &diag), -EINVAL);
	assert_ptr_equal(policy, before);
	/* Findings of an earlier load do not fail the next one. */
	assert_int_equal(policy_load_text("t", "", 0, NULL, &policy, &diag), 0);
	policy_free(policy);
	policy_free(NULL);
	diag_clear(&diag);
}

#define file_test(name) cmocka_unit_test_setup_teardown(name, enter_folder, leave_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(audit_lines),
	    cmocka_unit_test(audited_subjects),
	    cmocka_unit_test(wrong_statements),
	    cmocka_unit_test(wrong_destinations),
	    cmocka_unit_test(a_list_with_blanks_is_an_error),
	    cmocka_unit_test(wrong_ports),
	    cmocka_unit_test(wrong_variables),
	    cmocka_unit_test(limits_are_named),
	    cmocka_unit_test(the_1365th_cgroup_and_the_16385th_rule_are_errors),
	    cmocka_unit_test(a_word_grows_to_1024_bytes),
	    cmocka_unit_test(lists_of_lists_end_at_the_limit),
	    cmocka_unit_test(every_error_of_a_run_is_shown),
	    cmocka_unit_test(ten_thousand_errors_are_told),
	    cmocka_unit_test(every_form_of_a_rule),
	    cmocka_unit_test(private_is_for_names),
	    cmocka_unit_test(a_rule_keeps_its_text_purpose_and_place),
	    cmocka_unit_test(a_byte_order_mark_is_no_statement),
	    cmocka_unit_test(a_resolver_has_a_zone),
	    cmocka_unit_test(servers_are_told_apart_by_their_zone),
	    cmocka_unit_test(a_resolver_is_served_by_somebody),
	    cmocka_unit_test(resolvers_and_requires),
	    cmocka_unit_test(a_requirement_takes_a_list),
	    cmocka_unit_test(a_variable_may_be_near_to_a_setting),
	    cmocka_unit_test(a_requirement_has_a_limit),
	    cmocka_unit_test(off_wins_over_all_else),
	    cmocka_unit_test(off_must_be_said),
	    cmocka_unit_test(another_text_has_another_hash),
	    cmocka_unit_test(settings_have_defaults_and_values),
	    cmocka_unit_test(layers_and_their_like),
	    cmocka_unit_test(what_may_not_begin),
	    cmocka_unit_test(the_65th_overlay_is_an_error),
	    cmocka_unit_test(lists_become_destinations_and_ports),
	    cmocka_unit_test(a_list_inside_a_word_makes_a_word_of_each_value),
	    cmocka_unit_test(lists_inside_a_word_end_at_the_limit),
	    cmocka_unit_test(a_hundred_thousand_addresses_fit_one_variable),
	    cmocka_unit_test(defines_win_over_set),
	    cmocka_unit_test(wrong_defines_are_errors),
	    cmocka_unit_test(what_nobody_uses_is_warned_of),
	    cmocka_unit_test(the_same_rule_twice_is_warned_of),
	    cmocka_unit_test(patterns_match_whole_labels_below),
	    cmocka_unit_test(names_and_ports_for_other_modules),
	    cmocka_unit_test(many_names_below_one_domain_are_found),
	    cmocka_unit_test(a_failed_load_leaves_the_output_alone),
	    file_test(use_looks_beside_then_beside_main_then_in_the_path),
	    file_test(the_floor_is_what_node_files_say),
	    file_test(a_file_is_read_once),
	    file_test(variables_reach_used_files_and_defaults_give_way),
	    file_test(circles_show_their_chain),
	    file_test(sixteen_files_deep_is_the_end),
	    file_test(files_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
