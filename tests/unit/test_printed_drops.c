// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* drops and suggest: what a person reads, word by word, of an instance without a kernel. */
/* Before cmocka.h, which has a macro of the name fail. */
#include "cli/command.h"
#include "cli/links.h"

#include "view.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include "said.h"

#define RULE_A    EGRET_RULE_FIRST
#define RULE_DENY (EGRET_RULE_FIRST + 1)

#define UID_A "0a1b2c3d-0000-4000-8000-00000000000a"
#define UID_B "0a1b2c3d-0000-4000-8000-00000000000b"
#define UID_C "0a1b2c3d-0000-4000-8000-00000000000c"

enum {
	WEB_A = CGROUP_NOTED + 16,
	WEB_B,
	PROXY,
	APP,
};

/* What `exec` left is tested with `exec`; links are those of `status`. */
void collect_finished(void)
{
}

void links_list(struct layer_links *ret)
{
	*ret = (struct layer_links){};
}

static const struct command drops = {
    .name = "drops",
    .run = command_drops,
    .arguments = "",
    .summary = "",
    .help = "",
    .groups = OPTIONS_INSTANCE | OPTIONS_OUTPUT | OPTIONS_FOLLOW | OPTIONS_SINCE | OPTIONS_WHOM | OPTIONS_ROWS,
};
static const struct command suggest = {
    .name = "suggest",
    .run = command_suggest,
    .arguments = "",
    .summary = "",
    .help = "",
    .groups = OPTIONS_INSTANCE | OPTIONS_OUTPUT | OPTIONS_SINCE | OPTIONS_WHOM | OPTIONS_WILDCARDS,
};

#define WORDS 6
struct call {
	const struct command *command;
	const char *words[WORDS];
};

static void run(void *context)
{
	const struct call *call = context;
	char *words[WORDS + 2] = {"egret"};
	int count = 1;

	for (size_t i = 0; i < WORDS && call->words[i]; i++)
		words[count++] = (char *)call->words[i];
	exit(call->command->run(call->command, count, words));
}

#define SAY(said, command, ...) said_by(run, &(struct call){&(command), {__VA_ARGS__}}, said)

static struct kernel kernel;

/* Two pods of a Deployment, one in the node's network, a service. */
static int begin(void **state)
{
	(void)state;
	unsetenv("COLUMNS");
	unsetenv("NO_COLOR");
	kernel = (struct kernel){
	    .config = {.settings = {{.layers = EGRET_LAYERS_ENFORCE}}},
	    .held = true,
	    .noted = {{UID_A, "shop/web-6d5f9c4b7-x2k9p"},
		      {UID_B, "shop/web-6d5f9c4b7-7bqzc"},
		      {UID_C, "kube-system/kube-proxy-x2k9p"},
		      {"aaaaaaaaaaaa", "app"}},
	    .noted_count = 4,
	};
	set_subject_path(&kernel, WEB_A, "/kubepods/pod" UID_A "/aaaaaaaaaaaa");
	set_subject_path(&kernel, WEB_B, "/kubepods/pod" UID_B "/bbbbbbbbbbbb");
	set_subject_path(&kernel, PROXY, "/kubepods/pod" UID_C "/cccccccccccc");
	set_subject_path(&kernel, APP, "/system.slice/app.service");
	fake_instance = &kernel;
	return 0;
}

struct row {
	uint64_t cgroup_id, packets, name;
	const char *address;
	unsigned int minutes; /* since the last packet, and a half: no second tips it over */
	uint32_t reason;
	uint16_t port;
	bool audited;
};

static void add_row(struct row row)
{
	uint64_t now = clock_kernel_ns(), age_ns = (row.minutes * 60 + 30) * CLOCK_NS_PER_SEC;
	size_t i = kernel.drop_count++;

	kernel.drops[i].key = (struct egret_drop_key){.addr = addr(row.address),
						      .cgroup_id = row.cgroup_id,
						      .port = row.port ? row.port : 443,
						      .l4_proto = IPPROTO_TCP,
						      .reason = row.reason ? row.reason : EGRET_REASON_NO_RULE,
						      .audited = row.audited,
						      .name_key = row.name};
	kernel.drops[i].drop = (struct egret_drop){.packets = row.packets ? row.packets : 1,
						   .first_ns = now - age_ns - 60 * CLOCK_NS_PER_SEC,
						   .last_ns = now - age_ns,
						   .audience = EGRET_AUDIENCE_POD,
						   .pid = 4242,
						   .comm = "curl"};
	kernel.reasons[row.audited][kernel.drops[i].key.reason].packets += kernel.drops[i].drop.packets;
}

#define MORE    "`egret explain NUMBER`: all of that row (#); `egret drops -o wide`: all of each\n"
#define HINT    "`egret suggest`: the lines that would allow them\n" MORE
#define NO_RULE "\nno-rule: no rule allows this destination\n" HINT

/* --- drops --- */

static void nothing_is_said_to_be_nothing(void **state)
{
	struct said said;

	(void)state;
	SAY(&said, drops, NULL);
	assert_says_all(&said, "nothing was denied\n");
	kernel.config.settings[0].audit = 1;
	SAY(&said, drops, NULL);
	assert_says_all(&said, "nothing would have been denied\n");
	SAY(&said, drops, "-ojson");
	assert_says_all(&said, "[]\n");
	SAY(&said, drops, "-ojsonl");
	assert_says_all(&said, "");
}

/* The newest first, each in 80 columns, and what the words under WHY mean. */
static void a_denial_is_a_line(void **state)
{
	struct said said;

	(void)state;
	set_asked(&kernel, 7, "pay.contoso.example");
	set_asked(&kernel, 8, "shopkv.vault.azure.net");
	set_rule(&kernel, RULE_DENY, "deny 51.9.9.9", 35);
	add_row((struct row){APP, 120, 0, "51.9.9.9", 7, EGRET_REASON_DENY_RULE, 22, false});
	kernel.drops[0].key.rule = RULE_DENY;
	add_row((struct row){WEB_A, 3, 7, "20.1.0.1", 5, EGRET_REASON_PORT, 8443, false});
	add_row((struct row){PROXY, 123456, 8, "10.99.0.4", 8, EGRET_REASON_SPECIAL_ADDRESS, 0, false});
	kernel.drops[2].drop.audience = EGRET_AUDIENCE_HOSTNETWORK;
	add_row((struct row){CGROUP_GONE, 2, 0, "2603:1000::7", 9, EGRET_REASON_NO_RULE, 0, false});
	SAY(&said, drops, NULL);
	assert_int_equal(said.code, EXIT_YES);
	assert_says_all(&said, "   #  LAST  COUNT  WHO              DESTINATION             WHY\n"
			       "3703  5m        3  shop/web*:app    pay.co*xample tcp:8443  port\n"
			       "4331  7m      120  app.service      51.9.9.9 tcp:22         deny policy.rules:35\n"
			       " 954  8m     123k  */kube-proxy*    shopkv*ure.net tcp:443  special-address\n"
			       "7442  9m        2  cgroup 922*5154  2603:1000::7 tcp:443    no-rule\n"
			       "\n"
			       "port: rules name this destination, but not this port and protocol\n"
			       "deny (deny-rule): a deny rule takes this destination away\n"
			       "special-address: a rule has the name, but this is an address that a name may not\n"
			       "  bring in; allow the address itself\n"
			       "no-rule: no rule allows this destination\n" HINT);
	/* Where there is room, nothing is cut. */
	setenv("COLUMNS", "120", 1);
	SAY(&said, drops, NULL);
	assert_says(&said, "5m        3  shop/web-6d5f9c4b7-x2k9p:app            pay.contoso.example tcp:8443");
	assert_says(&said, "  kube-system/kube-proxy-x2k9p (hostnet)  shopkv.vault.azure.net tcp:443");
	setenv("COLUMNS", "nonsense", 1);
	SAY(&said, drops, "-otext");
	assert_says(&said, "3703  5m        3  shop/web*:app    pay.co*xample tcp:8443  port\n");
}

/* Ports of the packet's own protocol come first, and without it: "udp:53,443" would be two of udp. */
static void what_a_rule_would_allow_is_short(void **state)
{
	static const struct {
		uint32_t reason;
		uint8_t l4_proto;
		const char *allows, *why;
	} cases[] = {
	    {EGRET_REASON_PORT, IPPROTO_TCP, "https:443 tcp:5432", "port (allowed: 443,5432)"},
	    {EGRET_REASON_PORT, IPPROTO_UDP, "https:443", "port (only https:443)"},
	    {EGRET_REASON_PORT, IPPROTO_TCP, "udp:1-1024 tcp:22", "port (only 22 udp:1-1024)"},
	    {EGRET_REASON_PORT, IPPROTO_UDP, "tcp:53 udp:53,123", "port (only 53,123 tcp:53)"},
	    {EGRET_REASON_PORT, IPPROTO_TCP, "any", "port (allowed: any)"},
	    {EGRET_REASON_PORT, IPPROTO_TCP, "http:80 for host", "port (only 80 for host)"},
	    {EGRET_REASON_CLASS, IPPROTO_TCP, "for host", "for host only p.rules:7"},
	    {EGRET_REASON_CLASS, IPPROTO_TCP, "for cgroup /a.slice/b.service", "for b.service only p.rules:7"},
	    {EGRET_REASON_CLASS, IPPROTO_TCP, "for cgroup /", "for cgroup / only p.rules:7"},
	};
	struct egret_completion completion = {.rule = "allow x", .file = "/etc/p.rules", .line = 7};
	struct said said;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char why[64];

		begin(NULL);
		setenv("COLUMNS", "100", 1);
		add_row((struct row){APP, 1, 0, "20.1.0.1", 2, cases[i].reason, 0, false});
		kernel.drops[0].key.l4_proto = cases[i].l4_proto;
		snprintf(completion.allows, sizeof(completion.allows), "%s", cases[i].allows);
		kernel.completion = completion;
		SAY(&said, drops, NULL);
		snprintf(why, sizeof(why), "  %s\n", cases[i].why);
		assert_says(&said, why);
	}
	snprintf(completion.allows, sizeof(completion.allows), "tcp:443,1-21,23-65535");
	kernel.drops[0].key.reason = EGRET_REASON_PORT;
	kernel.completion = completion;
	setenv("COLUMNS", "66", 1);
	SAY(&said, drops, NULL);
	assert_says(&said, "  port (only 443,1-21*\n");
}

static void no_line_is_wider_than_the_screen(void **state)
{
	static const int widths[] = {50, 60, 80, 100, 200};
	char columns[8];
	struct said said;

	(void)state;
	set_asked(&kernel, 7, "a-very-long-name-that-somebody-chose.and-another-label.westeurope.cloudapp.azure.com");
	set_subject_path(&kernel, APP, "");
	add_row((struct row){WEB_A, 3, 7, "20.1.0.1", 2, EGRET_REASON_PORT, 8443, false});
	add_row((struct row){PROXY, 99999, 7, "2603:1000:aaaa:bbbb:cccc:dddd:eeee:ffff", 2,
			     EGRET_REASON_SPECIAL_ADDRESS, 65535, false});
	add_row((struct row){WEB_B, 99999, 0, "2603:1000:aaaa:bbbb:cccc:dddd:eeee:ffff", 3, 0, 65535, true});
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		snprintf(columns, sizeof(columns), "%d", widths[i]);
		setenv("COLUMNS", columns, 1);
		SAY(&said, drops, NULL);
		for (char *line = strtok(said.text, "\n"); line; line = strtok(NULL, "\n"))
			if ((int)strlen(line) > widths[i] && line[0] != '`')
				fail_msg("%zu columns on a screen of %d: %s", strlen(line), widths[i], line);
	}
}

/* What a person cannot tell apart is one line; what only audit let through stands apart. */
static void lines_that_are_alike_are_one(void **state)
{
	struct said said;

	(void)state;
	set_asked(&kernel, 7, "cdn.example");
	set_asked(&kernel, 8, "other.example");
	add_row((struct row){WEB_A, 3, 7, "20.1.0.1", 5, 0, 0, false});
	add_row((struct row){WEB_A, 4, 7, "20.1.0.2", 2, 0, 0, false});
	add_row((struct row){WEB_A, 5, 8, "20.1.0.2", 4, 0, 0, false}); /* another name of the same address */
	add_row((struct row){WEB_A, 6, 7, "20.1.0.1", 3, 0, 80, false});
	add_row((struct row){WEB_A, 9, 7, "20.1.0.1", 2, 0, 0, true});
	setenv("COLUMNS", "100", 1);
	SAY(&said, drops, NULL);
	assert_says_all(&said, "   #  LAST  COUNT  WHO                           DESTINATION            WHY\n"
			       "3600  2m        7  shop/web-6d5f9c4b7-x2k9p:app  cdn.example tcp:443    no-rule\n"
			       "5973  3m        6  shop/web-6d5f9c4b7-x2k9p:app  cdn.example tcp:80     no-rule\n"
			       "9105  4m        5  shop/web-6d5f9c4b7-x2k9p:app  other.example tcp:443  no-rule\n"
			       "\n"
			       "would have been denied, and passed:\n"
			       "   #  LAST  COUNT  WHO                           DESTINATION          WHY\n"
			       "8731  2m        9  shop/web-6d5f9c4b7-x2k9p:app  cdn.example tcp:443  no-rule (older)\n"
			       "\nno-rule: no rule allows this destination\n"
			       "(older): another policy, or mode, said so last\n" HINT);
	SAY(&said, drops, "-owide");
	assert_says(&said, "PACKETS  VERDICT     ADDRESS   PORT     NAME ");
	assert_says(&said,
		    "      4  DENIED      20.1.0.2  tcp:443  cdn.example    pod shop/web-6d5f9c4b7-x2k9p container app "
		    "(gone)  curl[4242]  2 min ago  running  no rule allows this destination  -\n");
	assert_says(&said, "      9  WOULD DENY  20.1.0.1  tcp:443  cdn.example ");
}

static void all_pods_of_a_workload_are_one(void **state)
{
	struct said said;
	json_error_t error;
	json_t *rows;

	(void)state;
	add_row((struct row){WEB_A, 3, 0, "20.1.0.1", 5, 0, 0, false});
	add_row((struct row){WEB_B, 4, 0, "20.1.0.1", 2, 0, 0, false});
	add_row((struct row){APP, 5, 0, "20.1.0.1", 3, 0, 0, false});
	SAY(&said, drops, "--by", "workload");
	assert_says_all(&said, "   #  LAST  COUNT  WHO          DESTINATION       WHY\n"
			       " 987  2m        7  shop/web     20.1.0.1 tcp:443  no-rule\n"
			       "4706  3m        5  app.service  20.1.0.1 tcp:443  no-rule\n" NO_RULE);
	SAY(&said, drops, "--by=workload", "-owide");
	assert_says(&said, "      7  DENIED   20.1.0.1  tcp:443  -     shop/web, 2 pods ");
	SAY(&said, drops, "--by=workload", "-ojson");
	rows = json_loads(said.text, 0, &error);
	assert_int_equal(json_array_size(rows), 2);
	for (size_t i = 0; i < 2; i++) {
		const json_t *row = json_array_get(rows, i);
		bool pods = !strcmp(json_text(row, "workload"), "shop/web");

		assert_int_equal(json_number(row, "packets_total"), pods ? 7 : 5);
		assert_int_equal(json_number(row, "pods_count"), pods ? 2 : 0);
		assert_int_equal(json_number(row, "rows_count"), pods ? 2 : 1);
		assert_true(json_is_null(json_object_get(row, "pod")));
	}
	json_decref(rows);
	SAY(&said, drops, "--by=pod");
	assert_int_equal(said.code, EXIT_USAGE);
	assert_says(&said, "--by \"pod\" is nothing to group by; write workload");
}

static long long number_of(size_t i)
{
	json_error_t error;
	long long number;
	struct said said;
	json_t *rows;

	SAY(&said, drops, "-ojson", "--sort=last");
	rows = json_loads(said.text, 0, &error);
	number = json_number(json_array_get(rows, i), "number");
	json_decref(rows);
	return number;
}

/* Neither more packets nor what the agent finds out gives a row another number; another reason is another row. */
static void a_number_stays_with_its_row(void **state)
{
	long long number;

	(void)state;
	set_asked(&kernel, 7, "a.example");
	add_row((struct row){WEB_A, 3, 7, "20.1.0.1", 5, 0, 0, false});
	number = number_of(0);
	assert_in_range(number, 1, 9999);
	add_row((struct row){APP, 5, 0, "20.1.0.1", 1, 0, 0, false});
	assert_int_not_equal(number_of(0), number);
	assert_int_equal(number_of(1), number);
	kernel.drops[0].drop.packets++;
	kernel.drops[0].key.addr = addr("20.1.0.2"); /* of the same name */
	kernel.meta.policy_generation++;
	assert_int_equal(number_of(1), number);
	kernel.drops[0].key.reason = EGRET_REASON_PORT;
	assert_int_not_equal(number_of(1), number);
}

/* Who asks for some is shown those alone. */
static void what_is_asked_for_is_shown(void **state)
{
	static const struct {
		const char *words[2];
		const char *shown; /* last parts of the addresses, in order */
	} cases[] = {
	    {{"--pod=shop/web"}, "134"},
	    {{"--pod=web"}, "134"},
	    {{"--pod=web-*-x2k9p"}, "13"},
	    {{"--pod=shop/web-6d5f9c4b7-7bqzc"}, "4"},
	    {{"--pod=kube-proxy"}, "5"},
	    {{"--pod=other/web"}, ""},
	    {{"--namespace=shop"}, "134"},
	    {{"--namespace=*"}, "1345"}, /* a service is in none */
	    {{"--name=pay.example"}, "2"},
	    {{"--name=*.example"}, "12"},
	    {{"--name=*.EXAMPLE"}, "12"},
	    {{"--name=20.1.0.4"}, "4"},
	    {{"--name=::ffff:20.1.0.4"}, "4"}, /* the same, as IPv6 writes it */
	    {{"--reason=port"}, "3"},
	    {{"--reason=class,port"}, "35"},
	    {{"--since=3m"}, "12"},
	    {{"--since=180", "--namespace=shop"}, "1"},
	    {{"--limit=2"}, "12"},
	    {{"--sort=count", "--limit=2"}, "54"},
	    {{"--sort=who", "--limit=1"}, "2"},
	    {{"--sort=destination", "--limit=3"}, "345"},
	    {{"--sort=why", "--limit=2"}, "51"},
	    {{"--sort=last", "--limit=1"}, "1"},
	};
	struct said said;

	(void)state;
	set_asked(&kernel, 7, "z.example");
	set_asked(&kernel, 8, "pay.example");
	add_row((struct row){WEB_A, 1, 7, "20.1.0.1", 1, 0, 0, false});
	add_row((struct row){APP, 2, 8, "20.1.0.2", 2, 0, 0, false});
	add_row((struct row){WEB_A, 3, 0, "20.1.0.3", 3, EGRET_REASON_PORT, 0, false});
	add_row((struct row){WEB_B, 4, 0, "20.1.0.4", 4, 0, 0, false});
	add_row((struct row){PROXY, 5, 0, "20.1.0.5", 5, EGRET_REASON_CLASS, 0, false});
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char shown[8] = "";

		SAY(&said, drops, "-owide", cases[i].words[0], cases[i].words[1]);
		assert_int_equal(said.code, EXIT_YES);
		for (char *at = said.text; (at = strstr(at, "20.1.0.")); at++)
			shown[strlen(shown)] = at[strlen("20.1.0.")];
		if (strcmp(shown, cases[i].shown) != 0)
			fail_msg("%s %s: %s, not %s", cases[i].words[0], cases[i].words[1] ? cases[i].words[1] : "",
				 shown, cases[i].shown);
	}
	SAY(&said, drops, "--limit=3");
	assert_says(&said, "\n(and 2 more rows than --limit shows)\n");
	SAY(&said, drops, "--pod=nobody");
	assert_says_all(&said, "none of 5 rows fits; `egret drops` shows all\n");
}

static void nonsense_is_refused(void **state)
{
	static const struct {
		const char *words[2], *text;
	} cases[] = {
	    {{"--since=soon"}, "--since \"soon\" is no time; write 90, 15m, 2h, 7d, or 2026-11-28T09:00:00Z"},
	    {{"--since=0"}, "is no time"},
	    {{"--since=2026-11-28"}, "is no time"},
	    {{"--since="}, "is no time"},
	    {{"--sort=age"}, "--sort \"age\" is no column; write last, count, who, destination or why"},
	    {{"--limit=0"}, "--limit \"0\" is no number from 1 to"},
	    {{"-oyaml"}, "--output \"yaml\" is no format; write text, wide, json or jsonl"},
	    {{"--pod="}, "--pod is empty"},
	    {{"--reason=prot"}, "--reason \"prot\" is no reason; there are no-rule, port, class, "},
	    {{"--reason=port,"}, NULL},
	    {{"--reason=,port"}, "--reason \"\" is no reason"},
	    {{"--clear", "--follow"}, "egret: --clear takes rows away and --follow shows new ones; give one of them\n"},
	    {{"--clear", "--pod=web"}, "egret: --clear takes all rows away, and no choice of them; give it alone\n"},
	    {{"--follow", "--since=5m"}, "egret: --follow shows each denial when it happens; leave --since, "},
	    {{"--follow", "--sort=who"}, "egret: --follow shows each"},
	};
	struct said said;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SAY(&said, drops, cases[i].words[0], cases[i].words[1]);
		assert_int_equal(said.code, cases[i].text ? EXIT_USAGE : EXIT_YES);
		assert_says(&said, cases[i].text ? cases[i].text : "nothing was denied");
	}
	SAY(&said, drops, "--since=2020-01-01T00:00:00Z");
	assert_int_equal(said.code, EXIT_YES);
}

/* As scripts know it, the worst first, with each value apart besides. */
static void json_has_each_value_apart(void **state)
{
	struct said said;
	json_error_t error;
	json_t *rows, *row;
	char *first;
	time_t then;

	(void)state;
	add_row((struct row){WEB_A, 3, 0, "20.1.0.1", 1, 0, 8443, false});
	add_row((struct row){PROXY, 9, 0, "20.1.0.2", 5, EGRET_REASON_CLASS, 0, false});
	kernel.drops[1].drop.audience = EGRET_AUDIENCE_HOSTNETWORK;
	SAY(&said, drops, "--json");
	rows = json_loads(said.text, 0, &error);
	row = json_array_get(rows, 0);
	assert_string_equal(json_text(row, "address"), "20.1.0.2");
	assert_true(json_flag(row, "hostnetwork"));
	row = json_array_get(rows, 1);
	assert_string_equal(json_text(row, "subject"), "pod shop/web-6d5f9c4b7-x2k9p container aaaaaaaaaaaa");
	assert_string_equal(json_text(row, "namespace"), "shop");
	assert_string_equal(json_text(row, "pod"), "web-6d5f9c4b7-x2k9p");
	assert_string_equal(json_text(row, "container"), "app");
	assert_string_equal(json_text(row, "workload"), "shop/web");
	assert_string_equal(json_text(row, "protocol"), "tcp");
	assert_int_equal(json_number(row, "port_number"), 8443);
	assert_false(json_flag(row, "hostnetwork"));
	assert_true(json_time(row, "first_time", &then) && json_time(row, "last_time", &then));
	json_decref(rows);
	/* A line each; --sort is kept to. */
	SAY(&said, drops, "-ojsonl", "--sort=last");
	first = strtok(said.text, "\n");
	row = json_loads(first, 0, &error);
	assert_string_equal(json_text(row, "address"), "20.1.0.1");
	json_decref(row);
	assert_non_null(strtok(NULL, "\n"));
	assert_null(strtok(NULL, "\n"));
}

/* --- colour --- */

struct terminal {
	struct call call;
	int fd;
};

static void run_there(void *context)
{
	const struct terminal *terminal = context;

	dup2(terminal->fd, STDOUT_FILENO);
	run((void *)&terminal->call);
}

/* What a terminal of that many columns gets. */
static void say_on_terminal(struct call call, int columns, char *buf, size_t size)
{
	struct winsize winsize = {.ws_col = (unsigned short)columns, .ws_row = 24};
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct terminal terminal = {.call = call};
	struct said said;
	ssize_t len;

	assert_true(master >= 0);
	assert_int_equal(grantpt(master) || unlockpt(master), 0);
	terminal.fd = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(terminal.fd >= 0);
	assert_int_equal(ioctl(terminal.fd, TIOCSWINSZ, &winsize), 0);
	said_by(run_there, &terminal, &said);
	len = read(master, buf, size - 1);
	assert_true(len > 0);
	buf[len] = '\0';
	close(terminal.fd);
	close(master);
}

static void colour_is_for_terminals_alone(void **state)
{
	char text[4096];
	struct said said;

	(void)state;
	setenv("TERM", "xterm", 1);
	add_row((struct row){WEB_A, 3, 0, "20.1.0.1", 2, 0, 0, false});
	SAY(&said, drops, NULL);
	assert_says_not(&said, "\033");
	say_on_terminal((struct call){&drops, {NULL}}, 120, text, sizeof(text));
	assert_non_null(
	    strstr(text, "\033[1m#\033[0m  \033[1mLAST\033[0m  \033[1mCOUNT\033[0m  \033[1mWHO\033[0m     "));
	assert_non_null(
	    strstr(text, "  2m        3  shop/web-6d5f9c4b7-x2k9p:app  20.1.0.1 tcp:443  \033[31mno-rule\033[0m"));
	setenv("NO_COLOR", "1", 1);
	say_on_terminal((struct call){&drops, {NULL}}, 120, text, sizeof(text));
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "no-rule"));
	setenv("NO_COLOR", "", 1); /* no-color.org: set to nothing is not set */
	say_on_terminal((struct call){&drops, {NULL}}, 120, text, sizeof(text));
	assert_non_null(strchr(text, '\033'));
	setenv("TERM", "dumb", 1);
	say_on_terminal((struct call){&drops, {NULL}}, 120, text, sizeof(text));
	assert_null(strchr(text, '\033'));
}

/* --- what is not listed; --clear; --follow --- */

/* The list has an end; the totals have none. */
static void what_the_list_lost_is_counted(void **state)
{
	struct said said;

	(void)state;
	add_row((struct row){APP, 3, 0, "51.0.0.1", 0, 0, 0, false});
	kernel.reasons[0][EGRET_REASON_NO_RULE].packets = 10;
	kernel.reasons[1][EGRET_REASON_NO_RULE].packets = 2;
	SAY(&said, drops, "-owide");
	assert_says(&said, "\nand 7 more packets that were denied: cleared, or of subjects that the list has\n"
			   "  no room for any more\n"
			   "and 2 more packets that would have been denied: cleared, or of subjects that the\n"
			   "  list has no room for any more\n");
	SAY(&said, drops, "-owide", "--name=51.0.0.1");
	assert_says_not(&said, "and 7");
	SAY(&said, drops, NULL);
	assert_says_not(&said, "and 7");
	for (unsigned int i = 0; i < EGRET_MAX_CULPRITS / 2; i++)
		add_row((struct row){1000 + i, 1, 0, "51.0.0.1", 0, 0, 0, false});
	SAY(&said, drops, "--limit=1");
	assert_says(&said, "\nand 7 more packets that were denied: cleared,");
	kernel.drop_count = 0;
	SAY(&said, drops, NULL);
	assert_says_all(&said, "no denial is listed since the list was cleared; `egret status` has the totals\n");
}

static void what_made_room_is_a_line(void **state)
{
	struct said said;

	(void)state;
	kernel.others_count = 1;
	kernel.others[0].owner = APP;
	kernel.others[0].others =
	    (struct egret_others){.packets = 90, .rows = 80, .last_ns = clock_kernel_ns() - 150 * CLOCK_NS_PER_SEC};
	SAY(&said, drops, NULL);
	assert_says(&said, "2m       90  app.service  other destinations  80 more destinations\n");
}

static void clear_says_what_counts_on(void **state)
{
	struct said said;

	(void)state;
	add_row((struct row){APP, 3, 0, "51.0.0.1", 0, 0, 0, false});
	SAY(&said, drops, "--clear");
	assert_says_all(&said, "1 row cleared; the totals of `egret status` and the hits of `egret rules` count on\n");
	add_row((struct row){APP, 3, 0, "51.0.0.2", 0, 0, 0, false});
	SAY(&said, drops, "--clear");
	assert_says(&said, "2 rows cleared;");
	SAY(&said, drops, "--clear", "-ojsonl");
	assert_says_all(&said, "{\"cleared_count\":2}\n");
}

static void follow_ends_with_the_instance(void **state)
{
	struct said said;

	(void)state;
	add_row((struct row){APP, 3, 0, "51.0.0.1", 0, 0, 0, false}); /* before: not shown */
	SAY(&said, drops, "--follow");
	assert_says_all(&said, "egret: instance node was taken down, or began anew, so nothing more is shown; if it "
			       "runs, start `egret drops --follow` again\n");
	assert_int_equal(said.code, EXIT_NOT_RUNNING);
}

/* Before each look: a row, what the agent finds out of it, and many of another subject. */
static bool is_followed(unsigned int look)
{
	char address[16];

	switch (look) {
	case 0:
		add_row((struct row){APP, 3, 0, "51.0.0.1", 0, 0, 0, false});
		kernel.drops[0].drop.first_ns = clock_kernel_ns();
		return true;
	case 1:
		kernel.completion.cause = EGRET_CAUSE_ADDRESS_NOT_IN_POLICY;
		return true;
	case 2:
		for (int i = 0; i < 12; i++) {
			snprintf(address, sizeof(address), "51.0.1.%d", i);
			add_row((struct row){WEB_A, 2, 0, address, 0, 0, 0, false});
		}
		add_row((struct row){APP, 1, 0, "51.0.0.2", 0, 0, 0, false});
		return true;
	default:
		return false;
	}
}

static size_t lines_with(const struct said *said, const char *text)
{
	size_t count = 0;

	for (const char *at = said->text; (at = strstr(at, text)); at += strlen(text))
		count++;
	return count;
}

static void follow_waits_for_the_agent_and_shares_its_lines(void **state)
{
	struct said said;

	(void)state;
	kernel.is_pinned = is_followed;
	SAY(&said, drops, "--follow");
	assert_says(&said, "Z DENIED 3: 51.0.0.1 tcp:443 by app.service curl[4242]: no rule has this address, ");
	assert_says_not(&said, "no rule allows");
	assert_int_equal(lines_with(&said, " DENIED 2: "), 8);
	assert_says(&said,
		    "Z DENIED 8: 4 more destinations by shop/web-6d5f9c4b7-x2k9p:app: `egret drops` has the newest "
		    "of them\n");
	assert_says(&said, "Z DENIED 1: 51.0.0.2 tcp:443 by app.service");
	assert_says(&said, "egret: instance node was taken down");
	kernel.drop_count = 0;
	kernel.completion.cause = EGRET_CAUSE_NONE;
	SAY(&said, drops, "--follow", "-ojsonl");
	assert_int_equal(lines_with(&said, "\"new_packets_count\":2"), 12);
}

/* --- suggest --- */

#define READ_THEM "# What was denied; read each line before you add it: whoever asks for it, is it meant?\n"

static void each_line_stands_once_with_who_asked_for_it(void **state)
{
	struct said said;

	(void)state;
	set_asked(&kernel, 7, "pay.example");
	set_asked(&kernel, 8, "vault.example");
	set_rule(&kernel, RULE_DENY, "deny 51.9.9.9", 35);
	add_row((struct row){WEB_A, 3, 7, "20.1.0.1", 2, 0, 0, false});
	add_row((struct row){WEB_B, 4, 7, "20.1.0.2", 2, 0, 0, false});
	add_row((struct row){APP, 1, 7, "20.1.0.1", 2, 0, 0, true});
	add_row((struct row){APP, 5, 0, "20.1.0.9", 2, 0, 8443, false});
	add_row((struct row){WEB_A, 2, 8, "10.99.0.4", 2, 0, 0, false});
	add_row((struct row){WEB_A, 6, 0, "51.9.9.9", 2, EGRET_REASON_DENY_RULE, 0, false});
	kernel.drops[5].key.rule = RULE_DENY;
	add_row((struct row){PROXY, 9, 0, "10.0.0.53", 2, 0, 53, false});
	add_row((struct row){PROXY, 9, 0, "20.1.0.8", 2, EGRET_REASON_CLASS, 22, false});
	kernel.drops[7].drop.audience = EGRET_AUDIENCE_HOSTNETWORK;
	add_row((struct row){APP, 2, 0, "20.1.0.7", 2, 0, 22, true});
	add_row((struct row){WEB_A, 4, 0, "51.9.9.9", 2, EGRET_REASON_DENY_RULE, 0, true});
	kernel.drops[9].key.rule = RULE_DENY;
	SAY(&said, suggest, NULL);
	assert_int_equal(said.code, EXIT_YES);
	assert_says_all(
	    &said, READ_THEM
	    "resolver 10.0.0.53                     # kube-system/kube-proxy, 9 packets\n"
	    "allow pay.example https:443            # shop/web, 7 packets; /system.slice/app.service, 1 packet; 1 "
	    "of them passed, audited\n"
	    "allow vault.example https:443 private  # private: whoever answers for the name may lead it to any "
	    "private address: shop/web, 2 packets\n"
	    "allow 20.1.0.8 tcp:22 for hostnetwork  # an address, no name is known: kube-system/kube-proxy, 9 "
	    "packets\n"
	    "allow 20.1.0.9 tcp:8443                # an address, no name is known: /system.slice/app.service, 5 "
	    "packets\n"
	    "# no line helps 51.9.9.9 tcp:443: a deny rule takes this destination away (deny policy.rules:35): "
	    "shop/web, "
	    "6 packets\n"
	    "# What passed, audited, and would be denied else; read each line before you add it:\n"
	    "allow 20.1.0.7 tcp:22                  # an address, no name is known: /system.slice/app.service, 2 "
	    "packets\n"
	    "# no line helps 51.9.9.9 tcp:443: would be denied: a deny rule takes this destination away (deny "
	    "policy.rules:35 (older)): shop/web, 4 packets\n");
	SAY(&said, suggest, "--pod=shop/web", "--name=pay.*");
	assert_says_all(&said, READ_THEM "allow pay.example https:443  # shop/web, 7 packets\n");
	SAY(&said, suggest, "--since=1m");
	assert_says_all(&said, "# nothing of what was asked for was denied that the policy does not allow by now\n");
}

/* A policy has each setting once. */
static void settings_are_one_line_each(void **state)
{
	static const uint16_t numbers[] = {40, 17, 17 + EGRET_FAMILY_SENDS, 21};
	static const uint16_t options[] = {EGRET_OPTION_IP_FREEBIND, EGRET_OPTION_IPV6_TRANSPARENT};
	struct said said;

	(void)state;
	kernel.config.settings[0].families = egret_family_bit(EGRET_FAMILY_UNIX) | egret_family_bit(EGRET_FAMILY_INET);
	for (size_t i = 0; i < 4; i++)
		add_row((struct row){WEB_A, 1, 0, "::", 2, EGRET_REASON_FAMILY, numbers[i], false});
	for (size_t i = 0; i < 2; i++)
		add_row((struct row){WEB_A, 1, 0, "::", 2, EGRET_REASON_OPTION, options[i], false});
	kernel.drops[4].drop.audience = EGRET_AUDIENCE_HOST;
	SAY(&said, suggest, NULL);
	assert_says_all(
	    &said, READ_THEM
	    "set families = unix inet packet rds vsock  # in place of the line that sets it now, if there is one: "
	    "shop/web, 4 packets\n"
	    "set foreign_sources = all                  # in place of the line that sets it now, if there is one: "
	    "shop/web, 2 packets\n");
	SAY(&said, drops, "--reason=family");
	assert_says(&said, "2m        1  shop/web-6d5f9c4b7-x2k9p:app  socket vsock   family\n");
	assert_says(&said, "2m        1  shop/web-6d5f9c4b7-x2k9p:app  socket packet  family\n");
}

/* Two lines of which one has what the other has are none that `check --strict` takes. */
static void pods_with_hostnetwork_are_pods(void **state)
{
	struct said said;

	(void)state;
	add_row((struct row){WEB_A, 1, 0, "20.1.0.1", 2, EGRET_REASON_CLASS, 22, false});
	add_row((struct row){PROXY, 2, 0, "20.1.0.1", 2, EGRET_REASON_CLASS, 22, false});
	kernel.drops[1].drop.audience = EGRET_AUDIENCE_HOSTNETWORK;
	add_row((struct row){APP, 4, 0, "20.1.0.1", 2, EGRET_REASON_CLASS, 22, false});
	kernel.drops[2].drop.audience = EGRET_AUDIENCE_HOST;
	SAY(&said, suggest, NULL);
	assert_says_all(
	    &said, READ_THEM
	    "allow 20.1.0.1 tcp:22 for host  # an address, no name is known: /system.slice/app.service, 4 packets\n"
	    "allow 20.1.0.1 tcp:22 for pods  # an address, no name is known: kube-system/kube-proxy, 2 packets; "
	    "shop/web, 1 packet\n");
}

#define LONG_PATH                                                                                                      \
	"/a.slice/a-service-of-which-the-name-goes-on-and-on-so-that-three-of-them-have-no-room-behind-a-rule-"

/* A longer comment than that is an error. */
static void who_asked_has_room_behind_a_rule(void **state)
{
	const char *comment;
	struct said said;

	(void)state;
	set_asked(&kernel, 8, "vault.example");
	for (uint64_t i = 0; i < 4; i++) {
		char path[sizeof(LONG_PATH) + 8];

		snprintf(path, sizeof(path), LONG_PATH "%c", (char)('a' + i));
		set_subject_path(&kernel, 100 + i, path);
		add_row((struct row){100 + i, 9 - i, 8, "10.99.0.4", 2, 0, 0, false});
		add_row((struct row){100 + i, 1, 8, "10.99.0.4", 2, 0, 0, true});
	}
	SAY(&said, suggest, NULL);
	assert_says(&said, "which-the-name-goes-on-and-on-so-that-three-of-them-have-no-room-behind-a-rule-a, 10 "
			   "packets; and 3 more; 4 of them passed, audited\n");
	comment = strstr(said.text, "  # private: ");
	assert_non_null(comment);
	assert_in_range(strcspn(comment + strlen("  # "), "\n"), 150, EGRET_RULE_TEXT_SIZE - 1);
}

/* What another policy denied is told while it would be denied still. */
static void what_passes_by_now_is_left_out(void **state)
{
	struct said said;

	(void)state;
	add_row((struct row){APP, 3, 0, "20.1.0.1", 2, 0, 0, false});
	kernel.meta.policy_generation = 2;
	SAY(&said, suggest, NULL);
	assert_says(&said, "\nallow 20.1.0.1 tcp:443 ");
	kernel.judgement.allow = true;
	SAY(&said, suggest, NULL);
	assert_says_all(&said, "# nothing was denied that the policy does not allow by now\n");
	SAY(&said, drops, NULL);
	assert_says_all(&said, "   #  LAST  COUNT  WHO          DESTINATION       WHY\n"
			       "8283  2m        3  app.service  20.1.0.1 tcp:443  no-rule (passes now)\n"
			       "\n"
			       "no-rule: no rule allows this destination\n"
			       "(passes now): another policy said so, and the one that rules allows it\n" MORE);
}

static void a_wildcard_is_written_when_it_is_asked_for(void **state)
{
	static const char *const names[] = {
	    "a.blob.core.windows.net", "b.blob.core.windows.net", "www.a.co.uk", "a.co.uk", "b.co.uk", "c.windows.net"};
	struct said said;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char address[16];

		snprintf(address, sizeof(address), "20.1.0.%zu", i);
		set_asked(&kernel, i + 1, names[i]);
		add_row((struct row){WEB_A, i + 1, i + 1, address, 0, 0, 0, false});
	}
	SAY(&said, suggest, NULL);
	assert_says_not(&said, "*");
	SAY(&said, suggest, "--wildcards");
	assert_says_all(
	    &said, READ_THEM
	    "allow a.co.uk https:443                  # shop/web, 4 packets\n"
	    "allow b.co.uk https:443                  # shop/web, 5 packets\n"
	    "allow c.windows.net https:443            # shop/web, 6 packets\n"
	    "allow www.a.co.uk https:443              # shop/web, 3 packets\n"
	    "allow *.blob.core.windows.net https:443  # all names below it, whoever has them, for 2 that were "
	    "denied: shop/web, 3 packets\n");
	kernel.drops[0].key.audited = 1;
	SAY(&said, suggest, "--wildcards");
	assert_says(&said, "for 2 that were or would be denied: shop/web, 3 packets; 1 of them passed, audited\n");
	kernel.drops[1].key.audited = 1;
	SAY(&said, suggest, "--wildcards");
	assert_says(&said, "for 2 that would be denied: shop/web, 3 packets\n");
}

/* Whatever is said is a policy. */
static void what_is_said_is_a_policy(void **state)
{
	static const struct policy_options options = {};
	struct policy *policy = NULL;
	struct diag diag = {};
	struct said said;

	(void)state;
	set_asked(&kernel, 7, "a b#c allow *.x any"); /* no line end: the kernel's reader takes it out */
	set_asked(&kernel, 8, "vault.example");
	set_subject_path(&kernel, CGROUP_GONE, "/a # b\nallow 0.0.0.0/0 any");
	for (uint32_t reason = EGRET_REASON_NONE + 1; reason < EGRET_REASON_COUNT; reason++) {
		kernel.drop_count = 0;
		add_row((struct row){CGROUP_GONE, 1, 7, "20.1.0.1", 0, reason, 0, false});
		add_row((struct row){CGROUP_GONE, 1, 8, "10.1.0.1", 0, reason, 0, false});
		add_row((struct row){CGROUP_GONE, 1, 0, "20.1.0.1", 0, reason, 53, false});
		SAY(&said, suggest, "--wildcards");
		assert_int_equal(policy_load_text("said", said.text, strlen(said.text), &options, &policy, &diag), 0);
		if (diag.errors)
			fail_msg("reason %u: no policy: %s", reason, said.text);
		assert_null(strstr(said.text, "\nallow 0.0.0.0/0"));
		assert_null(strstr(said.text, "\nallow *.x"));
		policy_free(policy);
		diag_clear(&diag);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(nothing_is_said_to_be_nothing, begin),
	    cmocka_unit_test_setup(a_denial_is_a_line, begin),
	    cmocka_unit_test_setup(what_a_rule_would_allow_is_short, begin),
	    cmocka_unit_test_setup(no_line_is_wider_than_the_screen, begin),
	    cmocka_unit_test_setup(lines_that_are_alike_are_one, begin),
	    cmocka_unit_test_setup(all_pods_of_a_workload_are_one, begin),
	    cmocka_unit_test_setup(a_number_stays_with_its_row, begin),
	    cmocka_unit_test_setup(what_is_asked_for_is_shown, begin),
	    cmocka_unit_test_setup(nonsense_is_refused, begin),
	    cmocka_unit_test_setup(json_has_each_value_apart, begin),
	    cmocka_unit_test_setup(colour_is_for_terminals_alone, begin),
	    cmocka_unit_test_setup(what_the_list_lost_is_counted, begin),
	    cmocka_unit_test_setup(what_made_room_is_a_line, begin),
	    cmocka_unit_test_setup(clear_says_what_counts_on, begin),
	    cmocka_unit_test_setup(follow_ends_with_the_instance, begin),
	    cmocka_unit_test_setup(follow_waits_for_the_agent_and_shares_its_lines, begin),
	    cmocka_unit_test_setup(each_line_stands_once_with_who_asked_for_it, begin),
	    cmocka_unit_test_setup(settings_are_one_line_each, begin),
	    cmocka_unit_test_setup(pods_with_hostnetwork_are_pods, begin),
	    cmocka_unit_test_setup(who_asked_has_room_behind_a_rule, begin),
	    cmocka_unit_test_setup(what_passes_by_now_is_left_out, begin),
	    cmocka_unit_test_setup(a_wildcard_is_written_when_it_is_asked_for, begin),
	    cmocka_unit_test_setup(what_is_said_is_a_policy, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
