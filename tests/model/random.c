/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "random.h"
#include "egret_subject.h"

static uint64_t state;

bool random_audit_lines;

uint64_t random_start(const char *what, unsigned long count)
{
	const char *given = getenv("EGRET_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

	printf("note: %s: %lu, EGRET_SEED=%llu\n", what, count, (unsigned long long)seed);
	fflush(stdout);
	state = seed * 0x9e3779b97f4a7c15ULL | 1;
	return seed;
}

uint32_t random_below(uint32_t limit)
{
	/* xorshift64: any will do, if a seed gives the same run again */
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 33) % limit;
}

static const char *const all_names[] = {"a.x", "b.x", "c.b.x", "d.c.b.x", "y", "a.y", "e.a.y", "z.z"};
static const char *const all_addrs[] = {
    "20.0.0.1", "20.0.0.2", "20.1.0.1", "30.0.0.1", "10.0.0.1", "169.254.169.254", "2603:1000::1", "2603:1000:1::1",
    "::1", "10.0.0.2", "100.64.0.1", "100.127.255.254", "fd00::1",
    /* NAT64: of the well-known prefix, and of one that a policy may set */
    "64:ff9b::20.0.0.1", "64:ff9b::20.1.0.1", "64:ff9b::30.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254",
    "2603:1000:64::20.0.0.2", "2603:1000:64::100.64.0.1"};

static size_t add_rule(char *text, size_t size)
{
	static const char *const dests[] = {
	    "a.x",
	    "*.x",
	    "*.b.x",
	    "c.b.x",
	    "b.x,y",
	    "*.y",
	    "a.y,*.c.b.x",
	    "20.0.0.1",
	    "20.0.0.0/8",
	    "20.0.0.0/15",
	    "20.1.0.1",
	    "0.0.0.0/0",
	    "10.0.0.0/8",
	    "e.a.y",
	    "2000::/3",
	    "2603:1000::/32",
	    "2603:1000:1::1",
	    "30.0.0.1,y",
	    "169.254.169.254",
	    "::1",
	    "::ffff:20.0.0.2",
	    "z.z,20.0.0.0/9",
	    "64:ff9b::20.0.0.1",
	    "64:ff9b::/96",
	    "64:ff9b::20.0.0.0/112",
	    "2603:1000:64::20.0.0.2",
	};
	static const char *const ports[] = {
	    "tcp:1",  "tcp:1-3", "tcp:2,4", "udp:1",         "udp:1-9", "any",           "icmp",
	    "sctp:1", "https:1", "http:2",  "https:1 tcp:2", "tcp:3",   "tcp:1-4 udp:2",
	};
	static const char *const whom[] = {"",
					   "",
					   "",
					   " for host",
					   " for pods",
					   " for hostnetwork",
					   " for pods not hostnetwork",
					   " for cgroup /a",
					   " for cgroup /a/deep",
					   " for cgroup /b"};
	const char *action = random_below(4) ? "allow" : "deny";
	const char *dest = RANDOM_OF(dests), *port = RANDOM_OF(ports);
	bool named = strpbrk(dest, "xyz") != NULL; /* all names of this world have one of these */

	const char *private = *action == 'a' && named && !random_below(3) ? " private" : "";
	bool audit = random_audit_lines && !*private && !random_below(4);

	if (*action == 'd' && !random_below(3))
		port = "";
	return (size_t)snprintf(text, size, "%s%s %s %s%s%s\n", audit ? "audit " : "", action, dest, port, private,
				RANDOM_OF(whom));
}

void random_policy(char *text, size_t size)
{
	uint32_t rules = 1 + random_below(12);
	static const char *const ttls[] = {"", "set min_ttl = 30\nset max_ttl = 100\n",
					   "set min_ttl = 60\nset max_ttl = 60\n", "set max_ttl = 1000\n"};
	static const char *const ranges[] = {"", "", "set service_ranges = 20.1.0.0/16 10.0.0.0/31\n",
					     "set service_ranges = 30.0.0.0/8 2603:1000:1::/48\n"};
	static const char *const nat64[] = {"", "", "set nat64 = 2603:1000:64::/96\n"};
	size_t len = (size_t)snprintf(text, size, "set floor = off\n%s%s%s", RANDOM_OF(ttls), RANDOM_OF(ranges),
				      RANDOM_OF(nat64));

	if (random_below(2))
		len += (size_t)snprintf(text + len, size - len, "resolver 20.0.0.1\nresolver system\n");
	for (uint32_t i = 0; i < rules; i++)
		len += add_rule(text + len, size - len);
}

void random_rule(char *text, size_t size)
{
	size_t len = strlen(text);

	add_rule(text + len, size - len);
}

const char *random_name(void)
{
	return RANDOM_OF(all_names);
}

const char *random_addr(void)
{
	return RANDOM_OF(all_addrs);
}

void random_names(char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(all_names) / sizeof(all_names[0]); i++) {
		uint32_t addrs = random_below(4);

		if (!random_below(3))
			continue;
		len += (size_t)snprintf(text + len, size - len, "%s", all_names[i]);
		for (uint32_t a = 0; a < addrs; a++)
			len += (size_t)snprintf(text + len, size - len, " %s", random_addr());
		len += (size_t)snprintf(text + len, size - len, "\n");
	}
}

int random_names_parse(struct random_names *names, const char *text)
{
	char *line, *rest = names->text;

	names->count = 0;
	snprintf(names->text, sizeof(names->text), "%s", text);
	while ((line = strsep(&rest, "\n"))) {
		char *name = strsep(&line, " "), *word;
		size_t count = 0;

		if (!*name)
			continue;
		while ((word = strsep(&line, " "))) {
			if (count == RANDOM_MAX_ADDRS || addr_parse(word, &names->addrs[names->count][count++]))
				return -EINVAL;
		}
		names->names[names->count] = (struct model_name){name, names->addrs[names->count], count};
		names->count++;
	}
	return 0;
}

void random_port(struct model_packet *packet)
{
	static const uint8_t protos[] = {IPPROTO_TCP,  IPPROTO_TCP,    IPPROTO_UDP,  IPPROTO_UDP,
					 IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_SCTP, IPPROTO_GRE};
	static const uint16_t ports[] = {1, 2, 3, 4, 5, 53};

	packet->l4_proto = RANDOM_OF(protos);
	packet->port = 0;
	if (packet->l4_proto == IPPROTO_TCP || packet->l4_proto == IPPROTO_UDP || packet->l4_proto == IPPROTO_SCTP)
		packet->port = RANDOM_OF(ports);
}

static bool lies_below(const char *path, const char *above)
{
	size_t len = strlen(above);

	return !strncmp(path, above, len) && (!path[len] || path[len] == '/');
}

struct random_subject random_subject(const char *const *cgroups, size_t cgroup_count, struct model_packet *packet,
				     const char *groups[RANDOM_MAX_GROUPS])
{
	uint32_t at = random_below((uint32_t)cgroup_count + 1);
	struct random_subject ret = {.path = at < cgroup_count ? cgroups[at] : "/nowhere",
				     .kind = (enum egret_kind)random_below(EGRET_KINDS)};

	packet->host = ret.kind == EGRET_KIND_HOST;
	packet->pods = !packet->host;
	packet->hostnetwork = ret.kind == EGRET_KIND_HOSTNETWORK;
	packet->cgroups = groups;
	packet->cgroup_count = 0;
	for (size_t i = 0; i < cgroup_count && packet->cgroup_count < RANDOM_MAX_GROUPS; i++)
		if (lies_below(ret.path, cgroups[i]))
			groups[packet->cgroup_count++] = cgroups[i];
	return ret;
}
