// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What keeps layers from looking at all that they should. */
#include "layers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../base/addr.h"
#include "../device/ipsec.h"
#include "internal.h"
#include "meta.h"

/* kube-proxy's, in mode ipvs (pkg/proxy/ipvs): it has the addresses of all services. */
#define IPVS_DEVICE "kube-ipvs0"

static const struct egret_settings *settings_of(const struct agent *agent)
{
	return kernel_settings(agent->kernel);
}

static void describe_unwatched(const struct agent *agent, struct error *ret)
{
	int rc = agent->layers.watch_error;

	if (rc && !agent->layers.monitor)
		error_set(ret, 0,
			  "the devices of this node cannot be watched, so what leaves by new ones is not looked at: "
			  "%s%s",
			  strerror(-rc), rc == -EPERM || rc == -EACCES ? "; run it with CAP_NET_ADMIN" : "");
}

static void describe_unproved(const struct agent *agent, struct error *ret)
{
	static const char *const names[] = {
#define NAME(symbol, label, sentence) label,
	    EGRET_LAYERS(NAME)
#undef NAME
	};

	for (int layer = 0; layer < EGRET_LAYER_COUNT && !*ret->text; layer++)
		if (*agent->layers.unproved[layer].text)
			error_set(ret, 0, "the layer %s does not hold: %s", names[layer],
				  agent->layers.unproved[layer].text);
	if (!*ret->text)
		*ret = agent->layers.unproved_source;
}

static void describe_unlooked(const struct agent *agent, struct error *ret)
{
	const struct layer_failures *failures = &agent->layers.failures;
	char more[48] = "";

	if (failures->count > 1)
		snprintf(more, sizeof(more), " and at %zu more", failures->count - 1);
	if (failures->count)
		error_set(ret, 0, "nothing looks at what passes by the device %s%s: %s", failures->name, more,
			  failures->why.text);
}

static void describe_unreadable(const struct agent *agent, struct error *ret)
{
	const char *name = agent->layers.failures.unreadable;

	if (*name)
		error_set(ret, 0, "the uplink %s is neither Ethernet nor plain IP: nothing looks at what leaves by it",
			  name);
}

static bool has_ipvs(const struct device_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (!strcmp(table->links[i].name, IPVS_DEVICE))
			return true;
	return false;
}

/* A call to a service is left to the uplink, which meets the address behind it. */
static void describe_ipvs(const struct agent *agent, struct error *ret)
{
	const struct layers *layers = &agent->layers;
	bool stands = settings_of(agent)->layers == EGRET_LAYERS_ENFORCE && !*layers->unproved[EGRET_LAYER_UPLINK].text;

	if (!settings_of(agent)->audit && !stands && layers->monitor && has_ipvs(device_monitor_table(layers->monitor)))
		error_set(ret, 0,
			  "kube-proxy uses IPVS (" IPVS_DEVICE
			  " is there), and where it sends a packet to a service is "
			  "judged at uplinks only, where no layer stands: `set layers = enforce`");
}

/* Egress meets what IPsec has wrapped, and judges it by where it goes (bpf/ipsec.h); what it says there, nobody reads.
 */
static void describe_ipsec(const struct agent *agent, struct error *ret)
{
	struct egret_addr addrs[EGRET_MAX_RESOLVERS];
	char address[ADDR_TEXT_SIZE];
	struct egret_meta meta;
	size_t first;

	if (kernel_get_meta(agent->kernel, &meta))
		return;
	for (size_t i = 0; i < meta.resolver_count; i++)
		addrs[i] = meta.resolvers[i].addr;
	first = ipsec_first_resolver(addrs, meta.resolver_count);
	if (first < meta.resolver_count)
		error_set(ret, 0,
			  "the resolver %s is reached by an IPsec policy: what this node asks there is not seen, so "
			  "wildcards learn nothing from it, and any name may be asked for; name a resolver that is "
			  "reached without IPsec, or a cache on this node",
			  addr_format(&addrs[first], address));
}

static void describe(const struct agent *agent, enum layers_trouble trouble, struct error *ret)
{
	ret->text[0] = '\0';
	if (settings_of(agent)->layers == EGRET_LAYERS_OFF && trouble != LAYERS_IPVS && trouble != LAYERS_IPSEC)
		return;
	switch (trouble) {
	case LAYERS_UNWATCHED:
		return describe_unwatched(agent, ret);
	case LAYERS_UNPROVED:
		return describe_unproved(agent, ret);
	case LAYERS_UNLOOKED:
		return describe_unlooked(agent, ret);
	case LAYERS_UNREADABLE:
		return describe_unreadable(agent, ret);
	case LAYERS_OVERLAY:
		*ret = agent->layers.overlay;
		return;
	case LAYERS_IPVS:
		return describe_ipvs(agent, ret);
	case LAYERS_IPSEC:
		return describe_ipsec(agent, ret);
	case LAYERS_TROUBLES:
		return;
	}
}

static void append(char problem[EGRET_PROBLEM_SIZE], const char *text)
{
	size_t len = strlen(problem);

	snprintf(problem + len, EGRET_PROBLEM_SIZE - len, "%s%s", len ? "; " : "", text);
}

void layers_tell(struct agent *agent)
{
	struct layers *layers = &agent->layers;
	char problem[EGRET_PROBLEM_SIZE] = "";
	struct error error;

	for (int trouble = 0; trouble < LAYERS_TROUBLES; trouble++) {
		describe(agent, trouble, &error);
		if (*error.text && !layers->told[trouble])
			progress_warn(&agent->progress, "%s", error.text);
		layers->told[trouble] = *error.text;
		if (*error.text)
			append(problem, error.text);
	}
	if (layers->problem_written && !strcmp(problem, layers->problem))
		return;
	layers->problem_written = true;
	memcpy(layers->problem, problem, sizeof(problem));
	meta_write_problem(agent->kernel, EGRET_PROBLEM_LAYERS, problem);
}
