/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The shipped rules against the rows of the lists that they come from,
 * tests/aks-egress-rules.tsv: each row is allowed, what is near to it is not, and no
 * rule is there that no row asks for. Runs from the top of the tree.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <glob.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"
#include "egret_limits.h"
#include "egret_subject.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROWS         "tests/aks-egress-rules.tsv"
#define MAX_ROWS     512

#define LOCATION    "eastus"
#define GUID        "0a1b2c3d"
#define API_SERVER  "198.51.100.7"
#define API_NAME    "mine-0a1b.hcp." LOCATION ".azmk8s.io"
#define SERVICE_TAG "20.38.0.0/20"
#define RESOLVER    "10.9.9.9" /* stands in /etc/resolv.conf */

static const struct policy_define variables[] = {
    {"location", LOCATION}, {"api_server", API_NAME " " API_SERVER}, {"azure_monitor", SERVICE_TAG},
    {"azds_guid", GUID},    {"registry", "contoso fabrikam"},
};

/* --- rows --- */

enum row_column { VERSION, SECTION, CLOUD, DESTINATION, L4, PORT, APP, NEED, PURPOSE, COLUMNS };

struct row {
	char *columns[COLUMNS];
	char file[64];      /* that holds it */
	const char *dest;   /* what to ask for: name, pattern or address; NULL = other rows stand for it */
	char expanded[128]; /* backs dest */
	uint8_t l4_proto;
	uint16_t port;
};

static struct row rows[MAX_ROWS];
static size_t row_count;
static char *table;

/* Which file a section of the list became; where there is one per cloud, with a suffix. */
static const struct section {
	const char *version, *section, *file;
	bool per_cloud;
} sections[] = {
    {"2020", "network", "aks-2020-01/network", false},
    {"2020", "required", NULL, true},
    {"2020", "optional", "aks-2020-01/ubuntu-updates", false},
    {"2020", "gpu", "aks-2020-01/gpu", false},
    {"2020", "monitor", "aks-2020-01/monitor", false},
    {"2020", "devspaces", "aks-2020-01/dev-spaces", false},
    {"2020", "policy", "aks-2020-01/azure-policy", false},
    {"2020", "windows", "aks-2020-01/windows", false},
    {"2026", "required", NULL, true},
    {"2026", "optional", "aks/ubuntu-updates", false},
    {"2026", "gpu", "aks/gpu", false},
    {"2026", "windows", "aks/windows", false},
    {"2026", "workload-identity", "aks/workload-identity", true},
    {"2026", "defender", "aks/defender", true},
    {"2026", "keyvault-csi", "aks/key-vault", true},
    {"2026", "monitor", "aks/monitor", true},
    {"2026", "policy", "aks/azure-policy", true},
    {"2026", "cost-analysis", "aks/cost-analysis", true},
    {"2026", "cluster-extensions", "aks/extensions", true},
};

static const char *suffix(const struct row *row)
{
	if (!strcmp(row->columns[CLOUD], "china"))
		return "-china";
	return !strcmp(row->columns[CLOUD], "gov") ? "-usgov" : "";
}

static const char *cloud_file(const struct row *row)
{
	if (!strcmp(row->columns[CLOUD], "china"))
		return "china";
	return !strcmp(row->columns[CLOUD], "gov") ? "usgov" : "public";
}

/* The network rules of 2026 went where they belong: the floor, the tunnel, the clock. */
static void network_file(struct row *row)
{
	const char *dest = row->columns[DESTINATION];
	bool global = !strcmp(row->columns[CLOUD], "global");

	if (strstr(dest, "(any) |"))
		snprintf(row->file, sizeof(row->file), "rules/aks/legacy-tunnel%s.rules",
			 !strcmp(row->columns[CLOUD], "china") ? "-china" : "");
	else if (strstr(dest, "(or any)"))
		snprintf(row->file, sizeof(row->file), "rules/aks/%s.rules", global ? "ntp" : cloud_file(row));
	else
		snprintf(row->file, sizeof(row->file), "rules/aks/node.rules");
}

static void find_file(struct row *row)
{
	bool today = !strcmp(row->columns[VERSION], "2026");

	if (today && !strcmp(row->columns[SECTION], "network")) {
		network_file(row);
		return;
	}
	for (size_t i = 0; i < COUNT(sections); i++) {
		const struct section *section = &sections[i];

		if (strcmp(section->version, row->columns[VERSION]) || strcmp(section->section, row->columns[SECTION]))
			continue;
		if (!section->file)
			snprintf(row->file, sizeof(row->file), "rules/aks%s/%s.rules", today ? "" : "-2020-01",
				 cloud_file(row));
		else
			snprintf(row->file, sizeof(row->file), "rules/%s%s.rules", section->file,
				 section->per_cloud ? suffix(row) : "");
		return;
	}
	fail_msg("no file is known for %s %s", row->columns[VERSION], row->columns[SECTION]);
}

static void note(const struct row *row, const char *what)
{
	print_message("note: test_rules: %s %s %s, `%s` %s:%s: %s\n", row->columns[VERSION], row->columns[SECTION],
		      row->columns[CLOUD], row->columns[DESTINATION], row->columns[L4], row->columns[PORT], what);
}

/* A name of the page that is meant with all below it: the row's purpose says so. */
static bool is_meant_as_wildcard(const struct row *row)
{
	const char *wildcard = strstr(row->columns[PURPOSE], "ship *.");

	return wildcard && !strcmp(wildcard + strlen("ship *."), row->columns[DESTINATION]);
}

static void replace(char *text, size_t size, const char *what, const char *with)
{
	char *at = strstr(text, what), rest[128];

	if (!at)
		return;
	snprintf(rest, sizeof(rest), "%s", at + strlen(what));
	snprintf(at, size - (size_t)(at - text), "%s%s", with, rest);
}

static void find_dest(struct row *row)
{
	const char *written = row->columns[DESTINATION];

	row->dest = row->expanded;
	if (!strcmp(written, "*")) {
		note(row, "any address: the rows that name one stand for it");
		row->dest = NULL;
	} else if (strstr(written, "(any) |") || strstr(written, "<api-server")) {
		note(row, "asked for as ${api_server}");
		row->dest = API_SERVER;
	} else if (!strcmp(written, "ntp.ubuntu.com (or any)")) {
		note(row, "the name stands for any address");
		row->dest = "ntp.ubuntu.com";
	} else if (!strcmp(written, "<dns>") || !strcmp(written, "<custom-dns-ip>")) {
		note(row, "asked for as a nameserver of /etc/resolv.conf");
		row->dest = RESOLVER;
	} else if (!strcmp(written, "ServiceTag AzureMonitor")) {
		note(row, "asked for as ${azure_monitor}, whose CIDRs are not shipped");
		snprintf(row->file, sizeof(row->file), "rules/aks/monitor-service-tag.rules");
		row->dest = "20.38.1.1";
	} else {
		snprintf(row->expanded, sizeof(row->expanded), "%s", written);
		if (is_meant_as_wildcard(row))
			note(row, "the names below it are allowed too, as its purpose says");
		replace(row->expanded, sizeof(row->expanded), "<location>", LOCATION);
		replace(row->expanded, sizeof(row->expanded), "<region>", LOCATION);
		replace(row->expanded, sizeof(row->expanded), "<cluster-region-name>", LOCATION);
		replace(row->expanded, sizeof(row->expanded), "<guid>", GUID);
		if (strpbrk(row->expanded, "<>() |"))
			fail_msg("do not know how to ask for `%s`", written);
	}
}

static int read_rows(void **state)
{
	FILE *in = fopen(ROWS, "r");
	char *rest;
	size_t len = 0;

	(void)state;
	if (!in)
		fail_msg("%s cannot be read; run this from the top of the tree", ROWS);
	assert_true(getdelim(&table, &len, '\0', in) > 0);
	fclose(in);
	rest = table;
	strsep(&rest, "\n"); /* the heads */
	while (rest && *rest) {
		struct row *row = &rows[row_count++];
		char *line = strsep(&rest, "\n");

		assert_true(row_count < MAX_ROWS);
		for (size_t i = 0; i < COLUMNS; i++) {
			row->columns[i] = strsep(&line, "\t");
			assert_non_null(row->columns[i]);
		}
		row->l4_proto = !strcmp(row->columns[L4], "udp") ? IPPROTO_UDP : IPPROTO_TCP;
		row->port = (uint16_t)strtoul(row->columns[PORT], NULL, 10);
		assert_true(row->port);
		find_file(row);
		find_dest(row);
	}
	return 0;
}

static int forget_rows(void **state)
{
	(void)state;
	free(table);
	return 0;
}

/* --- files --- */

struct shipped {
	struct policy *policy;
	struct compiled *compiled;
	bool needs[COUNT(variables)];
};

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

/* Gives each variable that the file asks for, and no other. */
static void load(const char *path, struct shipped *ret)
{
	struct policy_define defines[COUNT(variables)];
	struct policy_options options = {.paths = &path, .path_count = 1, .defines = defines, .rules_path = "rules"};
	struct compile_input input = {.system_resolver_count = 1};
	struct egret_addr resolver;
	struct diag diag = {0};
	char *text = NULL;
	bool more = true;

	memset(ret, 0, sizeof(*ret));
	while (more) {
		more = false;
		diag_clear(&diag);
		if (!policy_load(&options, &ret->policy, &diag))
			break;
		free(text);
		text = findings(&diag);
		for (size_t i = 0; i < COUNT(variables); i++) {
			char wanted[64];

			snprintf(wanted, sizeof(wanted), "unknown variable `%s`", variables[i].name);
			if (ret->needs[i] || !strstr(text, wanted))
				continue;
			defines[options.define_count++] = variables[i];
			ret->needs[i] = more = true;
		}
		if (!more)
			fail_msg("%s does not load:\n%s", path, text);
	}
	free(text);
	assert_int_equal(addr_parse(RESOLVER, &resolver), 0);
	input.policy = ret->policy;
	input.system_resolvers = &resolver;
	assert_int_equal(compile_policy(&input, &ret->compiled, &diag), 0);
	text = findings(&diag);
	/* Most files stand beside node.rules, which has the resolvers. */
	for (char *line = text; *line; line = strchr(line, '\n') + 1) {
		if (!strstr(line, "no resolver is trusted to teach"))
			fail_msg("%s has a finding:\n%s", path, text);
	}
	free(text);
	diag_clear(&diag);
}

static void unload(struct shipped *shipped)
{
	compiled_free(shipped->compiled);
	policy_free(shipped->policy);
}

static bool is_loaded(const struct shipped *shipped, const char *file)
{
	for (size_t i = 0; i < shipped->policy->file_count; i++) {
		const char *path = shipped->policy->files[i].path;
		size_t len = strlen(path), want = strlen(file);

		if (len >= want && !strcmp(path + len - want, file))
			return true;
	}
	return false;
}

static bool allows(const struct shipped *shipped, const char *dest, uint8_t l4_proto, uint16_t port, uint32_t audience)
{
	struct egret_addr addr;

	if (!addr_parse(dest, &addr))
		return compiled_judge_addr(shipped->compiled, &addr, l4_proto, port, audience).allow;
	return compiled_judge_name(shipped->compiled, dest, l4_proto, port, audience).allow;
}

/* --- what the rows say --- */

static bool lies_below(const char *name, const char *base)
{
	size_t len = strlen(name), tail = strlen(base);

	return len > tail + 1 && name[len - tail - 1] == '.' && !strcmp(name + len - tail, base);
}

static bool row_names(const struct row *row, const char *dest)
{
	if (!row->dest)
		return false;
	if (!strncmp(row->dest, "*.", 2))
		return lies_below(dest, row->dest + 2);
	return !strcmp(row->dest, dest) || (is_meant_as_wildcard(row) && lies_below(dest, row->dest));
}

static bool rows_allow(const struct shipped *shipped, const char *dest, uint8_t l4_proto, uint16_t port)
{
	for (size_t i = 0; i < row_count; i++) {
		const struct row *row = &rows[i];

		if (row->l4_proto == l4_proto && row->port == port && row_names(row, dest) &&
		    is_loaded(shipped, row->file))
			return true;
	}
	return false;
}

static size_t asked, near;

static void ask(const struct shipped *shipped, const struct row *row, const char *dest, uint8_t l4_proto, uint16_t port)
{
	static const uint32_t audiences[] = {EGRET_AUDIENCE_HOST, EGRET_AUDIENCE_POD};
	bool expected = rows_allow(shipped, dest, l4_proto, port);

	asked++;
	near += !expected;
	for (size_t i = 0; i < COUNT(audiences); i++) {
		if (allows(shipped, dest, l4_proto, port, audiences[i]) != expected)
			fail_msg("%s: %s %s:%u is %s; by the rows it should be %s (asked because of `%s`)", row->file,
				 dest, l4_proto == IPPROTO_UDP ? "udp" : "tcp", port, expected ? "denied" : "allowed",
				 expected ? "allowed" : "denied", row->columns[DESTINATION]);
	}
}

static void ask_around(const struct shipped *shipped, const struct row *row, const char *dest)
{
	uint8_t other = row->l4_proto == IPPROTO_TCP ? IPPROTO_UDP : IPPROTO_TCP;

	ask(shipped, row, dest, row->l4_proto, row->port);
	ask(shipped, row, dest, row->l4_proto, (uint16_t)(row->port + 1));
	ask(shipped, row, dest, row->l4_proto, (uint16_t)(row->port - 1));
	ask(shipped, row, dest, other, row->port);
}

static void ask_name(const struct shipped *shipped, const struct row *row)
{
	const char *base = row->dest[0] == '*' ? row->dest + 2 : row->dest;
	char name[EGRET_NAME_SIZE];

	ask_around(shipped, row, base); /* of a wildcard, the apex */
	for (const char *const *form = (const char *const[]){"one.%s", "one.two.%s", "x%s", "one.x%s",
							     "%s.evil.example", "one.%s.evil.example", "%sx", NULL};
	     *form; form++) {
		snprintf(name, sizeof(name), *form, base);
		ask_around(shipped, row, name);
	}
}

static void each_row_is_allowed_and_its_near_misses_are_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < row_count; i++) {
		const struct row *row = &rows[i];
		struct shipped shipped;
		struct egret_addr addr;
		const char *example = row->dest;
		char name[EGRET_NAME_SIZE];

		if (!row->dest)
			continue;
		load(row->file, &shipped);
		if (!strncmp(row->dest, "*.", 2)) {
			snprintf(name, sizeof(name), "one.two%s", row->dest + 1);
			example = name;
		}
		/* Not by way of `expected`: this much is certain. */
		if (!allows(&shipped, example, row->l4_proto, row->port, EGRET_AUDIENCE_HOST) ||
		    !allows(&shipped, example, row->l4_proto, row->port, EGRET_AUDIENCE_POD))
			fail_msg("%s does not allow %s %s:%s", row->file, example, row->columns[L4],
				 row->columns[PORT]);
		if (addr_parse(row->dest, &addr))
			ask_name(&shipped, row);
		unload(&shipped);
	}
	print_message("note: test_rules: %zu rows, %zu questions, %zu of them near misses\n", row_count, asked, near);
	assert_true(near > 20 * row_count);
}

static bool port_is_row(const struct policy_port *port, const struct row *row)
{
	return port->l4_proto == row->l4_proto && port->lo == row->port && port->hi == row->port;
}

static bool rule_has_row(const struct policy_dest *dest, const struct policy_port *port, const char *version)
{
	char text[256];

	policy_dest_format(dest, text);
	for (size_t i = 0; i < row_count; i++) {
		const char *wanted = rows[i].dest;

		if (wanted && !strcmp(wanted, text) && port_is_row(port, &rows[i]) &&
		    !strcmp(rows[i].columns[VERSION], version))
			return true;
		if (wanted && is_meant_as_wildcard(&rows[i]) && !strncmp(text, "*.", 2) && !strcmp(text + 2, wanted) &&
		    port_is_row(port, &rows[i]))
			return true;
	}
	return false;
}

/* What these hold, no row does: the floor, names from reports, what is the user's own. */
static bool has_no_rows(const char *path)
{
	return strstr(path, "/node.rules") || strstr(path, "/seen-in-use.rules") ||
	       strstr(path, "/monitor-service-tag.rules") || strstr(path, "/acr") || strstr(path, "/hostnetwork.rules");
}

static void check_rule(const struct policy_rule *rule, const char *version)
{
	for (size_t d = 0; d < rule->dest_count; d++) {
		for (size_t p = 0; p < rule->port_count; p++) {
			char dest[256];

			/* ${api_server}: the rows say "api-server", and find_dest() asks for its address. */
			if (!strcmp(policy_dest_format(&rule->dests[d], dest), API_NAME))
				continue;
			if (!rule_has_row(&rule->dests[d], &rule->ports[p], version))
				fail_msg("%s:%u allows %s on port %u, which no row of %s asks for", rule->file,
					 rule->line, dest, rule->ports[p].lo, version);
		}
	}
}

static void for_each_file(const char *pattern, void (*check)(const char *path))
{
	glob_t found;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++)
		check(found.gl_pathv[i]);
	globfree(&found);
}

static void check_rules_of(const char *path)
{
	struct shipped shipped;

	if (has_no_rows(path))
		return;
	load(path, &shipped);
	for (size_t i = 0; i < shipped.policy->rule_count; i++)
		check_rule(&shipped.policy->rules[i], strstr(path, "aks-2020") ? "2020" : "2026");
	unload(&shipped);
}

static void each_rule_has_its_row(void **state)
{
	(void)state;
	for_each_file("rules/aks*/*.rules", check_rules_of);
}

static void check_closed(const char *path)
{
	static const uint32_t audiences[] = {EGRET_AUDIENCE_HOST, EGRET_AUDIENCE_POD};
	struct shipped shipped;

	load(path, &shipped);
	for (size_t i = 0; i < COUNT(audiences); i++) {
		if (allows(&shipped, "203.0.113.1", IPPROTO_TCP, 443, audiences[i]) ||
		    allows(&shipped, "203.0.113.1", IPPROTO_UDP, 123, audiences[i]) ||
		    allows(&shipped, "2001:db8::1", IPPROTO_TCP, 443, audiences[i]))
			fail_msg("%s allows an address that no list names", path);
	}
	unload(&shipped);
}

static void no_file_opens_the_internet(void **state)
{
	(void)state;
	for_each_file("rules/*/*.rules", check_closed);
}

/* The first lines of each file tell what it needs, and they are right. */
static void check_heads(const char *path)
{
	FILE *in = fopen(path, "r");
	struct shipped shipped;
	char *text = NULL, *needs;
	size_t len = 0;
	bool any = false;

	assert_non_null(in);
	assert_true(getdelim(&text, &len, '\0', in) > 0);
	fclose(in);
	needs = strstr(text, "# Needs: ");
	if (!needs || !strstr(text, "# Source"))
		fail_msg("%s does not say `# Source` and `# Needs`", path);
	load(path, &shipped);
	for (size_t i = 0; i < COUNT(variables); i++) {
		any |= shipped.needs[i];
		if (shipped.needs[i] && !strstr(needs, variables[i].name))
			fail_msg("%s needs ${%s}, and its head does not say so", path, variables[i].name);
	}
	if (any == !strncmp(needs, "# Needs: no variable", 20))
		fail_msg("%s: its head is wrong about needing variables", path);
	unload(&shipped);
	free(text);
}

static void each_file_says_what_it_needs(void **state)
{
	(void)state;
	for_each_file("rules/aks*/*.rules", check_heads);
	for_each_file("rules/linux/*.rules", check_heads);
}

static void metadata_is_for_the_host_alone(void **state)
{
	struct shipped shipped;

	(void)state;
	load("rules/aks/node.rules", &shipped);
	assert_true(allows(&shipped, "169.254.169.254", IPPROTO_TCP, 80, EGRET_AUDIENCE_HOST));
	assert_false(allows(&shipped, "169.254.169.254", IPPROTO_TCP, 80, EGRET_AUDIENCE_POD));
	assert_true(allows(&shipped, "168.63.129.16", IPPROTO_TCP, 80, EGRET_AUDIENCE_HOST));
	assert_true(allows(&shipped, "168.63.129.16", IPPROTO_TCP, 32526, EGRET_AUDIENCE_HOST));
	assert_true(allows(&shipped, "168.63.129.16", IPPROTO_UDP, 67, EGRET_AUDIENCE_HOST));
	assert_false(allows(&shipped, "168.63.129.16", IPPROTO_TCP, 80, EGRET_AUDIENCE_POD));
	assert_false(allows(&shipped, "168.63.129.16", IPPROTO_TCP, 32526, EGRET_AUDIENCE_POD));
	assert_true(allows(&shipped, "168.63.129.16", IPPROTO_UDP, 53, EGRET_AUDIENCE_POD));
	assert_true(allows(&shipped, "ff02::1:2", IPPROTO_UDP, 547, EGRET_AUDIENCE_HOST));
	assert_false(allows(&shipped, "ff02::1:2", IPPROTO_UDP, 547, EGRET_AUDIENCE_POD));
	/* Router solicitation. */
	assert_true(allows(&shipped, "ff02::2", IPPROTO_ICMP, 0, EGRET_AUDIENCE_HOST));
	assert_false(allows(&shipped, "ff02::2", IPPROTO_ICMP, 0, EGRET_AUDIENCE_POD));
	assert_false(allows(&shipped, "ff02::2", IPPROTO_UDP, 547, EGRET_AUDIENCE_HOST));
	assert_true(allows(&shipped, "127.0.0.1", IPPROTO_TCP, 10250, EGRET_AUDIENCE_POD));
	assert_true(allows(&shipped, "10.0.0.1", IPPROTO_TCP, 443, EGRET_AUDIENCE_POD));
	assert_true(allows(&shipped, API_SERVER, IPPROTO_TCP, 443, EGRET_AUDIENCE_POD));
	assert_false(allows(&shipped, API_SERVER, IPPROTO_TCP, 9000, EGRET_AUDIENCE_POD));
	unload(&shipped);
}

static void registries_of_ones_own_in_each_cloud(void **state)
{
	static const char *const clouds[][2] = {{"", "io"}, {"-china", "cn"}, {"-usgov", "us"}};
	static const struct {
		const char *form;
		bool allowed;
	} names[] = {
	    {"contoso.azurecr.%s", true},
	    {"fabrikam.azurecr.%s", true},
	    {"contoso.eastus.data.azurecr.%s", true},
	    {"fabrikam.eastus.geo.azurecr.%s", true},
	    {"other.azurecr.%s", false},
	    {"contoso.westus.data.azurecr.%s", false},
	    {"x.contoso.azurecr.%s", false},
	    {"contoso.azurecr.%s.evil.example", false},
	};

	(void)state;
	for (size_t c = 0; c < COUNT(clouds); c++) {
		char path[64], name[EGRET_NAME_SIZE];
		struct shipped shipped;

		snprintf(path, sizeof(path), "rules/aks/acr%s.rules", clouds[c][0]);
		load(path, &shipped);
		for (size_t i = 0; i < COUNT(names); i++) {
			snprintf(name, sizeof(name), names[i].form, clouds[c][1]);
			if (allows(&shipped, name, IPPROTO_TCP, 443, EGRET_AUDIENCE_HOST) != names[i].allowed)
				fail_msg("%s: %s", path, name);
		}
		unload(&shipped);
	}
}

/* As AKS's own restriction does, which drops what is forwarded. */
static void pods_on_the_nodes_network_have_the_metadata_service(void **state)
{
	static const uint32_t others[] = {EGRET_AUDIENCE_POD, EGRET_AUDIENCE_HOST, EGRET_AUDIENCE_UNKNOWN};
	struct shipped shipped;

	(void)state;
	load("rules/aks/hostnetwork.rules", &shipped);
	assert_true(allows(&shipped, "169.254.169.254", IPPROTO_TCP, 80, EGRET_AUDIENCE_HOSTNETWORK));
	assert_true(allows(&shipped, "168.63.129.16", IPPROTO_TCP, 80, EGRET_AUDIENCE_HOSTNETWORK));
	assert_true(allows(&shipped, "168.63.129.16", IPPROTO_TCP, 32526, EGRET_AUDIENCE_HOSTNETWORK));
	assert_false(allows(&shipped, "169.254.169.254", IPPROTO_TCP, 443, EGRET_AUDIENCE_HOSTNETWORK));
	for (size_t i = 0; i < COUNT(others); i++) {
		assert_false(allows(&shipped, "169.254.169.254", IPPROTO_TCP, 80, others[i]));
		assert_false(allows(&shipped, "168.63.129.16", IPPROTO_TCP, 80, others[i]));
	}
	assert_false(policy_has_floor(shipped.policy)); /* a node may do without, and deny it */
	unload(&shipped);
}

static void the_floor_of_linux_lets_a_node_live(void **state)
{
	static const struct {
		const char *dest;
		uint8_t l4_proto;
		uint16_t port;
	} host[] = {
	    {"255.255.255.255", IPPROTO_UDP, 67}, {"192.168.1.1", IPPROTO_UDP, 67},
	    {"169.254.169.254", IPPROTO_UDP, 67}, {"ff02::1:2", IPPROTO_UDP, 547},
	    {"ff02::2", IPPROTO_ICMP, 0},         {"ntp.ubuntu.com", IPPROTO_UDP, 123},
	    {"pool.ntp.org", IPPROTO_UDP, 123},   {"0.debian.pool.ntp.org", IPPROTO_UDP, 123},
	};
	struct shipped shipped;

	(void)state;
	load("rules/linux/node.rules", &shipped);
	assert_true(policy_has_floor(shipped.policy));
	for (size_t i = 0; i < COUNT(host); i++) {
		assert_true(allows(&shipped, host[i].dest, host[i].l4_proto, host[i].port, EGRET_AUDIENCE_HOST));
		assert_false(allows(&shipped, host[i].dest, host[i].l4_proto, host[i].port, EGRET_AUDIENCE_POD));
		assert_false(allows(&shipped, host[i].dest, IPPROTO_TCP, 443, EGRET_AUDIENCE_HOST));
	}
	assert_true(allows(&shipped, RESOLVER, IPPROTO_UDP, 53, EGRET_AUDIENCE_HOST));
	assert_true(allows(&shipped, "127.0.0.1", IPPROTO_TCP, 6443, EGRET_AUDIENCE_HOST));
	assert_false(allows(&shipped, "192.168.1.1", IPPROTO_UDP, 68, EGRET_AUDIENCE_HOST));
	assert_false(allows(&shipped, "8.8.8.8", IPPROTO_UDP, 67, EGRET_AUDIENCE_HOST));
	unload(&shipped);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_row_is_allowed_and_its_near_misses_are_not),
	    cmocka_unit_test(each_rule_has_its_row),
	    cmocka_unit_test(no_file_opens_the_internet),
	    cmocka_unit_test(each_file_says_what_it_needs),
	    cmocka_unit_test(metadata_is_for_the_host_alone),
	    cmocka_unit_test(registries_of_ones_own_in_each_cloud),
	    cmocka_unit_test(pods_on_the_nodes_network_have_the_metadata_service),
	    cmocka_unit_test(the_floor_of_linux_lets_a_node_live),
	};

	return cmocka_run_group_tests(tests, read_rows, forget_rows);
}
