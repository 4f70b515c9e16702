// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "resolver.h"

/* A person waits: one try a server, and none for long. */
#define TIMEOUT_MS 1000
#define MAX_POLLED 32

static void wait_for_answer(struct resolver *resolver)
{
	struct pollfd fds[MAX_POLLED];
	int timeout_ms;

	resolver_process(resolver, NULL, 0);
	while (resolver_pending(resolver)) {
		size_t count = resolver_poll(resolver, fds, MAX_POLLED, &timeout_ms);

		if (count > MAX_POLLED)
			count = MAX_POLLED;
		if (poll(fds, count, timeout_ms < 0 ? TIMEOUT_MS : timeout_ms) < 0 && errno != EINTR)
			return;
		resolver_process(resolver, fds, count);
	}
}

static int take_addresses(struct resolver *resolver, const char *name, struct egret_addr **ret, size_t *ret_count,
			  struct error *error)
{
	const struct resolver_name *found = resolver_find(resolver, name);
	size_t size;

	if (!found || found->state == RESOLVER_FAILED || found->state == RESOLVER_PENDING)
		return error_set(
		    error, -ETIMEDOUT,
		    "%s cannot be resolved: %s; asked were those of /etc/resolv.conf, an address needs none", name,
		    found && found->error[0] ? found->error : "no resolver answered");
	if (!found->addr_count)
		return error_set(error, -ENODATA,
				 "%s has no address: the resolvers of /etc/resolv.conf know no A and no AAAA of it",
				 name);
	size = found->addr_count * sizeof(**ret);
	*ret = malloc(size);
	if (!*ret)
		return error_set(error, -ENOMEM, "no memory");
	memcpy(*ret, found->addrs, size);
	*ret_count = found->addr_count;
	return 0;
}

static void ignore(void *context, const struct resolver_name *name, bool changed)
{
	(void)context;
	(void)name;
	(void)changed;
}

int lookup_addresses(const char *name, struct egret_addr **ret, size_t *ret_count, struct error *error)
{
	struct resolver_options options = {.timeout_ms = TIMEOUT_MS, .tries = 2};
	struct resolver *resolver = NULL;
	struct zoned_addr *servers = NULL;
	int rc = resolver_system_servers(NULL, &servers, &options.server_count);

	if (rc)
		return error_set(error, rc, "/etc/resolv.conf names no nameserver to ask for %s; give an address",
				 name);
	options.servers = servers;
	rc = resolver_new(&options, ignore, NULL, &resolver);
	if (!rc)
		rc = resolver_add(resolver, name);
	if (rc) {
		error_set(error, rc, "cannot ask for %s: %s", name, strerror(-rc));
	} else {
		wait_for_answer(resolver);
		rc = take_addresses(resolver, name, ret, ret_count, error);
	}
	resolver_free(resolver);
	free(servers);
	return rc;
}

int lookup_each(const struct lookup *lookup, void (*visit)(void *context, const struct resolver_name *name),
		void *context)
{
	struct resolver_options options = {
	    .servers = lookup->servers, .server_count = lookup->server_count, .timeout_ms = TIMEOUT_MS, .tries = 2};
	struct resolver *resolver = NULL;
	int rc = resolver_new(&options, ignore, NULL, &resolver);

	for (size_t i = 0; i < lookup->name_count && !rc; i++) {
		if (lookup->names[i][0] != '*')
			rc = resolver_add(resolver, lookup->names[i]);
	}
	if (!rc)
		wait_for_answer(resolver);
	for (size_t i = 0; i < lookup->name_count && !rc; i++) {
		const struct resolver_name *name = resolver_find(resolver, lookup->names[i]);

		if (name)
			visit(context, name);
	}
	resolver_free(resolver);
	return rc;
}
