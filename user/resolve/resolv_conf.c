/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The nameserver lines of resolv.conf(5), and nothing else of it. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolver.h"

/* What glibc uses of it: MAXNS of resolv.conf(5). More would be trusted and never asked. */
#define MAX_NAMESERVERS (RESOLVER_MAX_SYSTEM / 2)

/* As glibc reads it, which passes over a zone that means nothing and takes the address. */
static bool read_line(char *line, struct zoned_addr *ret)
{
	char *rest, *keyword = strtok_r(line, " \t\n", &rest);
	char *value = strtok_r(NULL, " \t\n", &rest);

	if (!keyword || !value || strcmp(keyword, "nameserver"))
		return false;
	if (!zoned_addr_parse(value, ret))
		return true;
	value[strcspn(value, "%")] = '\0';
	return !zoned_addr_parse(value, ret);
}

static size_t read_servers(FILE *file, struct zoned_addr *servers)
{
	size_t count = 0;
	char line[512];

	while (count < MAX_NAMESERVERS && fgets(line, sizeof(line), file))
		count += read_line(line, &servers[count]);
	return count;
}

/* 127.0.0.53, and 127.0.0.54 which passes questions on as they are. */
bool resolver_is_stub(const struct zoned_addr *servers, size_t count)
{
	const struct egret_addr stub = addr_from_v4(htonl(0x7f000035)), proxy = addr_from_v4(htonl(0x7f000036));

	for (size_t i = 0; i < count; i++) {
		if (addr_equal(&servers[i].addr, &stub) || addr_equal(&servers[i].addr, &proxy))
			return true;
	}
	return false;
}

static size_t read_uplink(struct zoned_addr *servers)
{
	FILE *file = fopen(RESOLV_CONF_UPLINK, "re");
	size_t count;

	if (!file)
		return 0;
	count = read_servers(file, servers);
	fclose(file);
	return count;
}

int resolver_system_servers(const char *path, struct zoned_addr **ret, size_t *ret_count)
{
	FILE *file = fopen(path ? path : RESOLV_CONF, "re");
	struct zoned_addr *servers;
	size_t count = 0;

	if (!file)
		return -errno;
	servers = calloc(RESOLVER_MAX_SYSTEM, sizeof(*servers));
	if (servers)
		count = read_servers(file, servers);
	fclose(file);
	if (!count) {
		int rc = servers ? -ENOENT : -ENOMEM;

		free(servers);
		return rc;
	}
	if (!path && resolver_is_stub(servers, count))
		count += read_uplink(servers + count);
	*ret = servers;
	*ret_count = count;
	return 0;
}
