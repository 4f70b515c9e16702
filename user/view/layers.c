// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "layers.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../base/text.h"
#include "../kernel/layer.h"
#include "../kernel/source.h"
#include "json.h"

#define BLIND_SIZE 512
/* Of devices without a program, so many are named. */
#define NAMED 3

struct layer_words {
	const char *label, *sees;
};

static const struct layer_words layer_words[] = {
#define LAYER_WORDS(symbol, label, sentence) {label, sentence},
    EGRET_LAYERS(LAYER_WORDS)
#undef LAYER_WORDS
};

static const char *const look_labels[] = {
#define LOOK_LABEL(symbol, label, sentence) label,
    EGRET_LOOKS(LOOK_LABEL)
#undef LOOK_LABEL
};

static const char *const mode_words[] = {
    [EGRET_LAYERS_OFF] = "off",
    [EGRET_LAYERS_AUDIT] = "audit",
    [EGRET_LAYERS_ENFORCE] = "enforce",
};

static const char *const standing_words[] = {
    [EGRET_LAYER_ABSENT] = "absent",
    [EGRET_LAYER_STANDS] = "stands",
    [EGRET_LAYER_FAILED] = "failed",
    [EGRET_LAYER_LACKING] = "lacking",
};

/* Before that the settings say nothing. */
static bool is_loaded(const struct egret_meta *meta)
{
	return meta->version[0];
}

/* A policy that audits has layers that do no more. */
static const char *mode_of_layers(const struct kernel *kernel, const struct egret_meta *meta)
{
	const struct egret_settings *settings = kernel_settings(kernel);
	uint32_t mode = settings->layers;

	if (!is_loaded(meta))
		return "unknown";
	if (mode == EGRET_LAYERS_ENFORCE && settings->audit)
		mode = EGRET_LAYERS_AUDIT;
	return mode <= EGRET_LAYERS_ENFORCE ? mode_words[mode] : "unknown";
}

static const char *standing_word(uint32_t standing)
{
	return standing <= EGRET_LAYER_LACKING ? standing_words[standing] : "unknown";
}

static json_t *layer_to_json(const char *label, const char *mode, const char *standing, const char *why)
{
	json_t *layer = json_object();

	json_set_text(layer, "layer", label);
	json_set_text(layer, "mode", mode);
	json_set_text(layer, "standing", standing);
	json_set_text(layer, "why_text", why);
	json_object_set_new(layer, "devices", json_array());
	json_object_set_new(layer, "looks", json_object());
	json_object_set_new(layer, "programs", json_array());
	return layer;
}

static json_t *hook_to_json(const json_t *status, const struct kernel *kernel, const struct egret_meta *meta)
{
	const char *word = kernel_settings(kernel)->audit ? "audit" : "enforce";
	const char *mode = json_text(status, "mode");
	const char *standing = !strcmp(mode, "not-attached") ? "absent" : "stands";

	if (!strcmp(mode, "not-proven"))
		standing = "failed";
	return layer_to_json("hook", is_loaded(meta) ? word : "unknown", standing,
			     !strcmp(standing, "failed") ? "the self-test has not shown that the policy is enforced"
							 : NULL);
}

/* --- the layer source --- */

static bool source_has(const struct egret_meta *meta, enum egret_source source, enum egret_layer_standing standing)
{
	return meta->sources[source].standing == standing;
}

/* What this kernel lacks leaves the layer standing: it is told beside it. */
static enum egret_layer_standing standing_of_source(const struct egret_meta *meta, const char **ret_why)
{
	bool proved = true;

	*ret_why = NULL;
	for (int source = 0; source < EGRET_SOURCE_COUNT; source++) {
		if (source_has(meta, source, EGRET_LAYER_FAILED)) {
			*ret_why = meta->sources[source].why;
			return EGRET_LAYER_FAILED;
		}
		/* Of what cannot be tried it is said why. */
		proved &= !source_has(meta, source, EGRET_LAYER_ABSENT) || meta->sources[source].why[0];
	}
	return proved ? EGRET_LAYER_STANDS : EGRET_LAYER_ABSENT;
}

static json_t *program_to_json(const struct kernel *kernel, const struct egret_meta *meta, enum egret_source source)
{
	static const char *const words[][2] = {
#define SOURCE_WORDS(symbol, label, where) {label, where},
	    EGRET_SOURCES(SOURCE_WORDS)
#undef SOURCE_WORDS
	};
	const struct egret_layer_state *state = &meta->sources[source];
	struct kernel_source now = {.attached = true};
	json_t *program = json_object();

	if (source < EGRET_SOURCE_TRACED)
		kernel_source_get(kernel, source, &now);
	json_set_text(program, "program", words[source][0]);
	json_set_text(program, "place", words[source][1]);
	json_set_text(program, "standing", standing_word(state->standing));
	json_set_text(program, "why_text", state->why);
	json_set_flag(program, "attached", now.attached);
	json_set_number(program, "missed_total", now.missed);
	return program;
}

static json_t *source_to_json(const struct kernel *kernel, const struct egret_meta *meta)
{
	const char *why, *mode = mode_of_layers(kernel, meta);
	enum egret_layer_standing standing = standing_of_source(meta, &why);
	json_t *layer = layer_to_json("source", mode, standing_word(standing), why);

	for (int source = 0; source < EGRET_SOURCE_COUNT; source++)
		json_array_append_new(json_object_get(layer, "programs"), program_to_json(kernel, meta, source));
	return layer;
}

/* Are PACKET_QDISC_BYPASS and AF_XDP closed, or counted, whoever asks for them? */
static bool source_closes_options(const json_t *source)
{
	const json_t *program = json_array_get(json_object_get(source, "programs"), EGRET_SOURCE_OPTIONS);
	const char *mode = json_text(source, "mode");

	if (!json_flag(program, "attached"))
		return false;
	return !strcmp(mode, "audit") ||
	       (!strcmp(mode, "enforce") && !strcmp(json_text(program, "standing"), "stands"));
}

/* --- devices --- */

/* Returns the packets that nobody judged. */
static uint64_t set_looks(json_t *layer, const struct kernel *kernel, enum egret_layer which)
{
	json_t *looks = json_object_get(layer, "looks");
	struct egret_counter counter;
	uint64_t unjudged = 0;

	for (uint32_t look = 0; look < EGRET_LOOK_COUNT; look++) {
		json_t *row;

		if (kernel_get_look(kernel, which, look, &counter))
			continue;
		row = json_object();
		json_set_number(row, "packets_total", counter.packets);
		json_set_number(row, "bytes_total", counter.bytes);
		json_object_set_new(looks, look_labels[look], row);
		if (egret_look_is_unjudged(look))
			unjudged += counter.packets;
	}
	return unjudged;
}

static void add_device(json_t *layer, uint32_t ifindex, const char *name, const char *attached_as)
{
	json_t *row = json_object();

	json_set_text(row, "name", name);
	json_set_number(row, "ifindex", ifindex);
	json_set_text(row, "attached_as", attached_as);
	json_array_append_new(json_object_get(layer, "devices"), row);
}

/* By enum egret_layer. */
struct device_rows {
	json_t *layers[EGRET_LAYER_COUNT];
	const struct layer_links *links;
	bool is_here; /* the namespace of @links is the one that is governed */
};

static bool is_listed(const struct layer_links *links, uint32_t ifindex, const char *name)
{
	for (size_t i = 0; links && i < links->count; i++)
		if (links->all[i].ifindex == ifindex)
			return !strncmp(links->all[i].name, name, EGRET_DEVICE_NAME_SIZE);
	return false;
}

/* What leaves by a device above an uplink is looked at below it. */
static int visit_device(void *context, uint32_t ifindex, const struct egret_device *device, bool ingress, bool egress)
{
	struct device_rows *rows = context;
	char name[EGRET_DEVICE_NAME_SIZE + 1];

	rows->is_here |= is_listed(rows->links, ifindex, device->name);
	snprintf(name, sizeof(name), "%.*s", EGRET_DEVICE_NAME_SIZE, device->name);
	text_make_printable(name, sizeof(name));
	if (device->flags & EGRET_DEVICE_LEADS_IN)
		add_device(rows->layers[EGRET_LAYER_DEVICE], ifindex, name, ingress ? "ingress" : NULL);
	if (device->flags & EGRET_DEVICE_UPLINK && !(device->flags & EGRET_DEVICE_ABOVE))
		add_device(rows->layers[EGRET_LAYER_UPLINK], ifindex, name, egress ? "egress" : NULL);
	return 0;
}

/* Devices that came while no agent lived: no map has them. */
static void add_unknown(const struct device_rows *rows, const struct kernel *kernel, const struct layer_link *link)
{
	char name[EGRET_DEVICE_NAME_SIZE + 1];
	struct egret_device device;

	if (!kernel_get_device(kernel, link->ifindex, &device))
		return;
	snprintf(name, sizeof(name), "%.*s", EGRET_DEVICE_NAME_SIZE, link->name);
	text_make_printable(name, sizeof(name));
	if (link->ingress)
		add_device(rows->layers[EGRET_LAYER_DEVICE], link->ifindex, name, NULL);
	if (link->egress)
		add_device(rows->layers[EGRET_LAYER_UPLINK], link->ifindex, name, NULL);
}

static void add_unnamed(json_t *names, const struct kernel *kernel, const struct layer_link *link)
{
	for (size_t i = 0; i < link->overlay_count; i++) {
		if (kernel_has_overlay(kernel, &link->overlays[i]))
			continue;
		json_array_append_new(names, json_stringn(link->name, strnlen(link->name, sizeof(link->name))));
		return;
	}
}

static void compare_links(json_t *status, const struct device_rows *rows, const struct kernel *kernel)
{
	const struct layer_links *links = rows->links;
	json_t *unnamed = json_object_get(status, "unnamed_overlays");

	if (!rows->is_here || kernel_settings(kernel)->layers == EGRET_LAYERS_OFF)
		return;
	for (size_t i = 0; i < links->count; i++) {
		add_unknown(rows, kernel, &links->all[i]);
		add_unnamed(unnamed, kernel, &links->all[i]);
	}
}

static void add_blind(json_t *blind, const char *kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add_blind(json_t *blind, const char *kind, const char *format, ...)
{
	char text[BLIND_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	json_array_append_new(blind, json_pack("{s:s, s:s}", "kind", kind, "text", text));
}

/* "veth1, veth2 and 7 more"; "" = all have their program */
static const char *name_bare_devices(const json_t *layer, char buf[static BLIND_SIZE])
{
	size_t i, count = 0, len = 0;
	const json_t *device;

	buf[0] = '\0';
	json_array_foreach (json_object_get(layer, "devices"), i, device) {
		if (*json_text(device, "attached_as") || count++ >= NAMED)
			continue;
		len += snprintf(buf + len, BLIND_SIZE - len, "%s%s", len ? ", " : "", json_text(device, "name"));
	}
	if (count > NAMED)
		snprintf(buf + len, BLIND_SIZE - len, " and %zu more", count - NAMED);
	return buf;
}

static void add_blind_of_layer(json_t *blind, const json_t *layer, const struct layer_words *words)
{
	const char *mode = json_text(layer, "mode"), *standing = json_text(layer, "standing");
	char names[BLIND_SIZE];

	if (!strcmp(mode, "off"))
		add_blind(blind, words->label, "%s (`set layers = off`)", words->sees);
	else if (!strcmp(standing, "failed"))
		add_blind(blind, words->label, "%s (layer %s does not stand)", words->sees, words->label);
	else if (!strcmp(mode, "enforce") && strcmp(standing, "stands") != 0)
		add_blind(blind, words->label, "%s (layer %s is not proved yet)", words->sees, words->label);
	else if (words == &layer_words[EGRET_LAYER_UPLINK] && !json_array_size(json_object_get(layer, "devices")))
		add_blind(blind, words->label, "%s (none was found)", words->sees);
	else if (*name_bare_devices(layer, names))
		add_blind(blind, words->label, "%s (no program at %s)", words->sees, names);
}

static void add_blind_of_source(json_t *blind, const json_t *source)
{
	const char *mode = json_text(source, "mode");

	if (source_closes_options(source))
		return;
	/* The hook of setsockopt refuses them to all but 32-bit programs, which it does not see. */
	add_blind(blind, "sockets", "AF_XDP and PACKET_QDISC_BYPASS of pods on the node's network%s",
		  !strcmp(mode, "enforce") || !strcmp(mode, "audit") ? ", by 32-bit calls" : "");
}

/* No program at a device sees these, on any kernel: the device has no side on the node. */
static void add_blind_of_all(json_t *blind)
{
	add_blind(blind, "cards", "network cards (SR-IOV) that were moved into pods");
}

static void set_only_audit(json_t *status, const struct egret_meta *meta)
{
	json_t *object;
	char text[2 * BLIND_SIZE];

	if (!meta->unlayered_ns) {
		json_object_set_new(status, "layers_only_audit", json_null());
		return;
	}
	object = json_object();
	snprintf(
	    text, sizeof(text),
	    "the layers only audit, since a release without them ruled here before; write `set layers = enforce` in %s "
	    "when `egret drops` shows nothing of theirs that must pass, or `set layers = audit` to leave it so",
	    meta->policy_path);
	json_set_time(object, "since_time", meta->unlayered_ns);
	json_set_text(object, "text", text);
	json_object_set_new(status, "layers_only_audit", object);
}

static void add_device_layers(json_t *status, json_t *layers, json_t *blind, const struct kernel *kernel,
			      const struct egret_meta *meta, const struct layer_links *links)
{
	struct device_rows rows = {.links = links};
	const char *mode = mode_of_layers(kernel, meta);
	bool counted = !strcmp(mode, "audit") || !strcmp(mode, "enforce");
	json_t *source = source_to_json(kernel, meta);
	uint64_t unjudged = 0;

	json_array_append_new(layers, source);
	for (int which = 0; which < EGRET_LAYER_COUNT; which++) {
		const struct egret_layer_state *state = &meta->layers[which];

		rows.layers[which] =
		    layer_to_json(layer_words[which].label, mode, standing_word(state->standing), state->why);
		unjudged += set_looks(rows.layers[which], kernel, which);
		json_array_append_new(layers, rows.layers[which]);
	}
	json_object_set_new(status, "unjudged", counted ? json_integer((json_int_t)unjudged) : json_null());
	kernel_each_device(kernel, visit_device, &rows);
	compare_links(status, &rows, kernel);
	if (json_array_size(blind)) /* everything */
		return;
	for (int which = 0; which < EGRET_LAYER_COUNT; which++)
		add_blind_of_layer(blind, rows.layers[which], &layer_words[which]);
	add_blind_of_source(blind, source);
	add_blind_of_all(blind);
}

void layers_add(json_t *status, const struct kernel *kernel, const char *instance, const struct egret_meta *meta,
		const struct layer_links *links)
{
	json_t *layers = json_array(), *blind = json_array();

	json_object_set_new(status, "unjudged", json_null());
	json_object_set_new(status, "unnamed_overlays", json_array());
	json_array_append_new(layers, hook_to_json(status, kernel, meta));
	if (!is_loaded(meta))
		add_blind(blind, "hook", "everything (nothing is attached yet)");
	else if (!json_flag(status, "attached"))
		add_blind(blind, "hook", "everything (hook %s is not attached)", json_text(status, "missing_hook"));
	if (kernel_is_of_exec(instance))
		add_blind(blind, "exec", "what no socket of the command sends (`exec` has no layers)");
	else
		add_device_layers(status, layers, blind, kernel, meta, links);
	json_object_set_new(status, "blind", blind);
	set_only_audit(status, meta);
	json_object_set_new(status, "layers", layers);
}

void layers_add_none(json_t *status, bool governed)
{
	json_t *blind = json_array();

	json_object_set_new(status, "unjudged", json_null());
	add_blind(blind, "hook",
		  governed ? "what layers do cannot be read (the pins are gone)" : "everything (nothing is governed)");
	json_object_set_new(status, "blind", blind);
	json_object_set_new(status, "layers_only_audit", json_null());
	json_object_set_new(status, "unnamed_overlays", json_array());
	json_object_set_new(status, "layers", json_array());
}
