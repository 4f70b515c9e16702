// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "layers.h"

#include <errno.h>
#include <string.h>

#include "internal.h"
#include "meta.h"
#include "proof.h"

/* Who takes a qdisc away often adds another one in the next moment, which fails where ours is back already. What comes
 * by meanwhile counts as unlooked. */
#define QDISC_NS (200 * CLOCK_NS_PER_MS)

static bool are_on(const struct agent *agent)
{
	return kernel_settings(agent->kernel)->layers != EGRET_LAYERS_OFF;
}

static bool enforce(const struct agent *agent)
{
	const struct egret_settings *settings = kernel_settings(agent->kernel);

	return settings->layers == EGRET_LAYERS_ENFORCE && !settings->audit;
}

/* Maps of another layout stand beside those that rule, and say nothing yet: what stands at devices is not to be touched
 * before this agent's policy rules. */
static bool are_anothers(const struct agent *agent)
{
	return agent->hold != HOLD_ATTACHED && kernel_is_side_by_side(agent->kernel);
}

/* --- devices --- */

static void lose_sight(struct agent *agent, int rc)
{
	struct layers *layers = &agent->layers;

	loop_fd_remove(&layers->moved);
	device_monitor_free(layers->monitor);
	layers->monitor = NULL;
	layers->watch_error = rc;
}

static void is_settled(void *context);

static void arrange(struct agent *agent)
{
	struct layers *layers = &agent->layers;
	const struct device_table *table = device_monitor_table(layers->monitor);
	int rc;

	if (are_anothers(agent))
		return;
	rc = layer_devices_arrange(&layers->devices, agent->kernel, table, are_on(agent), &layers->failures);
	if (rc) {
		lose_sight(agent, rc);
		return;
	}
	loop_timer_stop(&layers->settled);
	if (layers->failures.due_ns)
		loop_timer_set(agent->loop, &layers->settled, layers->failures.due_ns, is_settled, agent);
	layers_write_overlays(agent);
	layers_await_owners(agent);
}

static void is_settled(void *context)
{
	struct agent *agent = context;

	if (!agent->layers.monitor)
		return;
	arrange(agent);
	layers_tell(agent);
}

static void hear(void *context, enum device_event event, uint32_t ifindex)
{
	struct agent *agent = context;
	struct layer_devices *devices = &agent->layers.devices;

	switch (event) {
	case DEVICE_GONE:
		layer_devices_forget(devices, agent->kernel, ifindex);
		break;
	case DEVICE_CHANGED:
		layer_devices_note_change(devices, ifindex);
		break;
	case DEVICE_STRIPPED:
		layer_devices_doubt(devices, agent->kernel, ifindex, 0);
		break;
	case DEVICE_BARE:
		layer_devices_doubt(devices, agent->kernel, ifindex, QDISC_NS);
		break;
	case DEVICE_INGRESS:
		layer_devices_note_ingress(devices, ifindex);
		break;
	}
}

static void devices_have_moved(void *context)
{
	struct agent *agent = context;
	int rc = device_monitor_take(agent->layers.monitor, hear, agent);

	if (rc)
		lose_sight(agent, rc);
	else
		arrange(agent);
	layers_tell(agent);
}

static void watch(struct agent *agent)
{
	struct layers *layers = &agent->layers;
	int rc = device_monitor_new(&layers->monitor);

	layers->watch_error = rc;
	if (rc)
		return;
	rc = layer_devices_adopt(&layers->devices, agent->kernel, device_monitor_table(layers->monitor));
	if (rc) {
		lose_sight(agent, rc);
		return;
	}
	loop_fd_add(agent->loop, &layers->moved, device_monitor_fd(layers->monitor), devices_have_moved, agent);
}

/* --- proof --- */

static void note_proof(struct agent *agent, enum egret_layer layer, int rc, const struct error *error)
{
	static const struct error none;

	agent->layers.unproved[layer] = rc ? *error : none;
	meta_write_layer(agent->kernel, layer, rc ? EGRET_LAYER_FAILED : EGRET_LAYER_STANDS, rc ? error->text : "");
}

/* Not while something is tried by the policy: both are denied in one cgroup that is not accounted for. */
static bool is_busy(const struct agent *agent)
{
	return trial_runs(&agent->probation.trial) || trial_runs(&agent->candidate.trial);
}

static void forget_proof(struct agent *agent)
{
	struct layers *layers = &agent->layers;

	layers_forget_source(agent);
	memset(layers->unproved, 0, sizeof(layers->unproved));
	for (int layer = 0; layer < EGRET_LAYER_COUNT; layer++)
		meta_write_layer(agent->kernel, layer, EGRET_LAYER_ABSENT, "");
	layers->tried = false;
}

static void prove(struct agent *agent)
{
	struct layers *layers = &agent->layers;
	struct error error;

	if (!enforce(agent)) {
		if (layers->tried)
			forget_proof(agent);
		return;
	}
	if (layers->tried || is_busy(agent))
		return;
	layers->tried = true;
	for (int layer = 0; layer < EGRET_LAYER_COUNT; layer++) {
		int rc =
		    proof_make_layer(agent->kernel, agent->ruling->compiled, agent->options.cgroup_fd, layer, &error);

		if (rc != PROOF_IMPOSSIBLE)
			note_proof(agent, layer, rc, &error);
	}
	layers_prove_source(agent);
}

/* It closes or opens without a word otherwise: a line that is taken out of a policy means another mode than no line
 * that was ever there. */
static void tell_mode(struct agent *agent)
{
	static const char *const words[] = {
	    [EGRET_LAYERS_OFF] = "off", [EGRET_LAYERS_AUDIT] = "audit", [EGRET_LAYERS_ENFORCE] = "enforce"};
	uint32_t now = kernel_settings(agent->kernel)->layers;
	struct layers *layers = &agent->layers;

	if (layers->ruled && now != layers->mode && now <= EGRET_LAYERS_ENFORCE)
		progress_say(&agent->progress, "layers: %s now, %s before", words[now], words[layers->mode]);
	layers->ruled = now <= EGRET_LAYERS_ENFORCE;
	layers->mode = now;
}

/* --- its life --- */

void layers_begin(struct agent *agent)
{
	struct layers *layers = &agent->layers;

	if (!agent->options.layers || layers->monitor)
		return;
	watch(agent);
	if (layers->monitor)
		arrange(agent);
}

void layers_prepare(struct agent *agent)
{
	struct layers *layers = &agent->layers;

	if (layers->monitor && are_on(agent))
		layer_devices_describe(&layers->devices, agent->kernel, device_monitor_table(layers->monitor));
}

void layers_follow(struct agent *agent)
{
	struct layers *layers = &agent->layers;

	if (!agent->options.layers)
		return;
	tell_mode(agent);
	layers_arrange_source(agent, are_on(agent));
	forget_proof(agent);
	if (!layers->monitor)
		watch(agent);
	if (layers->monitor)
		arrange(agent);
	prove(agent);
	kernel_find_conntrack(agent->kernel);
	layers_tell(agent);
}

/* What no event tells: a right that is given late, a module that is loaded, a port of WireGuard that changed. */
void layers_beat(struct agent *agent)
{
	struct layers *layers = &agent->layers;

	if (!agent->options.layers || !agent->ruling)
		return;
	if (!layers->monitor)
		watch(agent);
	if (layers->monitor && layers->failures.count)
		arrange(agent);
	else if (layers->monitor)
		layers_write_overlays(agent);
	prove(agent);
	kernel_find_conntrack(agent->kernel);
	layers_tell(agent);
}

void layers_end(struct agent *agent)
{
	loop_fd_remove(&agent->layers.moved);
	loop_timer_stop(&agent->layers.settled);
	loop_timer_stop(&agent->layers.search_due);
	device_monitor_free(agent->layers.monitor);
	layer_devices_clear(&agent->layers.devices);
	agent->layers = (struct layers){};
}
