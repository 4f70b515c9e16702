// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "layers.h"

#include <string.h>

#include "../device/overlay.h"
#include "internal.h"

struct overlays {
	struct egret_overlay all[EGRET_MAX_OVERLAYS];
	size_t count;
	bool full;
};

static void add(struct overlays *overlays, const struct egret_overlay *overlay)
{
	for (size_t i = 0; i < overlays->count; i++)
		if (!memcmp(&overlays->all[i], overlay, sizeof(*overlay)))
			return;
	if (overlays->count == EGRET_MAX_OVERLAYS)
		overlays->full = true;
	else
		overlays->all[overlays->count++] = *overlay;
}

/* What is wrong with what @pattern names; NULL = nothing. */
static const char *add_named(struct overlays *overlays, const struct device_table *table, const char *pattern)
{
	const char *fault = "and no such device is there";

	for (size_t i = 0; i < table->count; i++) {
		struct egret_overlay of[DEVICE_MAX_OVERLAYS];
		size_t count;

		if (!device_overlay_names(pattern, table->links[i].name))
			continue;
		count = device_overlays_of(&table->links[i], of);
		for (size_t j = 0; j < count; j++)
			add(overlays, &of[j]);
		fault = count ? NULL : "and what is there is no tunnel, or does not say by which port it sends";
	}
	return fault;
}

static void find_all(struct agent *agent, struct overlays *ret)
{
	const struct policy_settings *settings = &agent->ruling->policy->settings;
	const struct device_table *table = device_monitor_table(agent->layers.monitor);
	struct error *problem = &agent->layers.overlay;

	*ret = (struct overlays){};
	problem->text[0] = '\0';
	for (size_t i = 0; i < settings->overlay_count; i++) {
		const char *fault = add_named(ret, table, settings->overlays[i]);

		if (fault && !*problem->text)
			error_set(problem, 0,
				  "`set overlay` names %s, %s: its outer packets are judged as any others; take it "
				  "out, or wait "
				  "for the CNI",
				  settings->overlays[i], fault);
	}
	if (ret->full)
		error_set(problem, 0,
			  "`set overlay` names devices with more than %d kinds of outer packets: those "
			  "beyond are judged as any others",
			  EGRET_MAX_OVERLAYS);
}

static bool is_named(const struct overlays *overlays, const struct device_link *link)
{
	struct egret_overlay of[DEVICE_MAX_OVERLAYS];
	size_t count = device_overlays_of(link, of), passing = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < overlays->count; j++)
			passing += !memcmp(&of[i], &overlays->all[j], sizeof(of[i]));
	return passing == count;
}

/* Once: whether its peers have rules is not known here. `status` has a line for each. */
static void tell_unnamed(struct agent *agent, const struct overlays *overlays)
{
	const struct device_table *table = device_monitor_table(agent->layers.monitor);
	struct layers *layers = &agent->layers;

	if (kernel_settings(agent->kernel)->layers == EGRET_LAYERS_OFF)
		return;
	for (size_t i = 0; i < table->count && !layers->told_tunnel; i++) {
		if (!table->links[i].up || is_named(overlays, &table->links[i]))
			continue;
		layers->told_tunnel = true;
		progress_warn(&agent->progress,
			      "%s is a tunnel that `set overlay` does not name: its outer packets are judged as the "
			      "node's own and need a rule for its peers; if the cluster uses it, write `set overlay = "
			      "%s`",
			      table->links[i].name, table->links[i].name);
	}
}

void layers_write_overlays(struct agent *agent)
{
	struct layers *layers = &agent->layers;
	size_t size = sizeof(layers->overlays[0]);
	struct overlays now;

	if (!agent->ruling) /* it is not known which ones the policy names that was found in force */
		return;
	find_all(agent, &now);
	tell_unnamed(agent, &now);
	if (layers->overlays_written && now.count == layers->overlay_count &&
	    !memcmp(now.all, layers->overlays, now.count * size))
		return;
	if (kernel_set_overlays(agent->kernel, now.all, now.count))
		return;
	memcpy(layers->overlays, now.all, now.count * size);
	layers->overlay_count = now.count;
	layers->overlays_written = true;
}
