// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "layers.h"

#include <stdio.h>
#include <string.h>

#include "../base/format.h"
#include "../view/json.h"
#include "egret_device.h"

/* More devices than that are counted. */
#define NAMED 4

/* What is so on every kernel in words that leave the line short; egret(8) has all of it. */
static const char *short_words(const json_t *finding)
{
	const char *kind = json_text(finding, "kind");

	if (!strcmp(kind, "sockets"))
		return strstr(json_text(finding, "text"), "32-bit") ? "AF_XDP, QDISC_BYPASS of 32-bit hostNetwork"
								    : "AF_XDP, QDISC_BYPASS of hostNetwork";
	return !strcmp(kind, "cards") ? "SR-IOV (egret(8))" : json_text(finding, "text");
}

void layers_print_first(const json_t *status)
{
	const json_t *blind = json_object_get(status, "blind"), *finding;
	const json_t *only_audit = json_object_get(status, "layers_only_audit");
	char age[AGE_TEXT_SIZE];
	time_t since;
	size_t index;

	if (json_is_null(json_object_get(status, "unjudged")))
		printf("unjudged packets: not counted; not seen on this kernel: ");
	else
		printf("unjudged packets: %lld; not seen on this kernel: ", json_number(status, "unjudged"));
	json_array_foreach (blind, index, finding)
		printf("%s%s", index ? ", " : "", short_words(finding));
	puts(json_array_size(blind) ? "" : "nothing");
	if (json_time(only_audit, "since_time", &since))
		printf("layers     only audit, upgraded %s: look at `egret drops`, then `set layers = enforce`\n",
		       age_format(since, time(NULL), age));
}

static void print_devices(const json_t *devices)
{
	size_t index, count = json_array_size(devices);
	const json_t *device;

	if (count > NAMED) {
		printf(", %zu devices", count);
		return;
	}
	json_array_foreach (devices, index, device)
		printf("%s %s", index ? "" : ",", json_text(device, "name"));
}

static void print_looks(const json_t *looks)
{
	static const struct {
		const char *label, *sentence;
	} words[] = {
#define LOOK(symbol, label, sentence) {label, sentence},
	    EGRET_LOOKS(LOOK)
#undef LOOK
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		long long packets = json_number(json_object_get(looks, words[i].label), "packets_total");

		if (packets)
			printf("           %lld %s: %s\n", packets, words[i].label, words[i].sentence);
	}
}

/* What `options` would refuse, the hook of setsockopt refuses to all but these. */
static const char *program_words(const json_t *program)
{
	const char *label = json_text(program, "program");

	return !strcmp(label, "options") ? "options of 32-bit programs" : label;
}

/* Those of this standing, on one line, with what is said of the first. */
static void print_not_standing(const json_t *programs, const char *standing, const char *words)
{
	const json_t *program, *first = NULL;
	size_t index;

	json_array_foreach (programs, index, program) {
		if (strcmp(json_text(program, "standing"), standing) != 0 || !*json_text(program, "why_text"))
			continue;
		printf("%s%s", first ? ", " : words, program_words(program));
		first = first ? first : program;
	}
	if (first)
		printf(" (%s)\n", json_text(first, "why_text"));
}

/* Of the layer source. */
static void print_programs(const json_t *programs)
{
	const json_t *program;
	size_t index;

	print_not_standing(programs, "lacking", "           not on this kernel: ");
	print_not_standing(programs, "absent", "           not proved: ");
	json_array_foreach (programs, index, program) {
		long long missed = json_number(program, "missed_total");

		if (missed)
			printf("           %s: %lld calls passed it by, made while another process was within it\n",
			       json_text(program, "program"), missed);
	}
}

static void print_layer(const json_t *layer)
{
	const char *name = json_text(layer, "layer");
	bool has_devices = strcmp(name, "hook") != 0 && strcmp(name, "source") != 0;
	const char *mode = json_text(layer, "mode"), *standing = json_text(layer, "standing");

	printf("%s: %s", name, strcmp(mode, "unknown") != 0 ? mode : "not loaded yet");
	if (!strcmp(standing, "failed"))
		printf(", does not stand: %s", json_text(layer, "why_text"));
	else if (!strcmp(mode, "enforce") && strcmp(standing, "stands") != 0)
		printf(", not proved");
	if (json_array_size(json_object_get(layer, "devices")))
		print_devices(json_object_get(layer, "devices"));
	else if (has_devices && strcmp(mode, "unknown") && strcmp(mode, "off"))
		printf(", no device");
	putchar('\n');
	print_programs(json_object_get(layer, "programs"));
	print_looks(json_object_get(layer, "looks"));
}

/* No PROBLEM: there may be rules for its peers, which nobody can tell from here. */
static void print_unnamed(const json_t *names)
{
	const json_t *name;
	size_t index;

	json_array_foreach (names, index, name)
		printf("overlay    %s is a tunnel that `set overlay` does not name: its outer packets need a rule\n",
		       json_string_value(name));
}

void layers_print(const json_t *status)
{
	const json_t *layers = json_object_get(status, "layers"), *layer;
	size_t index;

	json_array_foreach (layers, index, layer) {
		printf("layer      ");
		print_layer(layer);
	}
	print_unnamed(json_object_get(status, "unnamed_overlays"));
}
