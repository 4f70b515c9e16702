/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The nameserver lines of resolv.conf(5), and nothing else of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolver.h"

/* What glibc uses of it: MAXNS of resolv.conf(5). More would be trusted and never asked. */
#define MAX_NAMESERVERS 3

/* A link-local address with its %zone is none that a policy can name: passed over. */
static bool read_line(char *line, struct egret_addr *ret)
{
	char *rest, *keyword = strtok_r(line, " \t\n", &rest);
	const char *value = strtok_r(NULL, " \t\n", &rest);

	return keyword && value && !strcmp(keyword, "nameserver") && !addr_parse(value, ret);
}

int resolver_system_servers(const char *path, struct egret_addr **ret, size_t *ret_count)
{
	FILE *file = fopen(path ? path : RESOLV_CONF, "re");
	struct egret_addr *servers;
	size_t count = 0;
	char line[512];

	if (!file)
		return -errno;
	servers = calloc(MAX_NAMESERVERS, sizeof(*servers));
	while (servers && count < MAX_NAMESERVERS && fgets(line, sizeof(line), file))
		count += read_line(line, &servers[count]);
	fclose(file);
	if (!count) {
		int rc = servers ? -ENOENT : -ENOMEM;

		free(servers);
		return rc;
	}
	*ret = servers;
	*ret_count = count;
	return 0;
}
