// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The layer source: its programs, what this kernel has no place for, and whether they do what they must. */
#include "layers.h"

#include <stdio.h>

#include "../kernel/source.h"
#include "internal.h"
#include "meta.h"

static const char *const places[] = {
#define PLACE(symbol, label, where) where,
    EGRET_SOURCES(PLACE)
#undef PLACE
};

void layers_arrange_source(struct agent *agent, bool on)
{
	if (on)
		kernel_source_attach(agent->kernel, agent->options.cgroup_fd);
	else
		kernel_source_detach(agent->kernel);
}

/* What is not on this kernel is no problem, unless it was there once: a module or a right that came and went. */
static void note_lack(struct agent *agent, enum egret_source source, const char *why)
{
	if (meta_source_stood(agent->kernel, source)) {
		meta_write_source(agent->kernel, source, EGRET_LAYER_FAILED, why);
		error_set(&agent->layers.unproved_source, 0, "the layer source does not hold at %s, where it did: %s",
			  places[source], why);
	} else {
		meta_write_source(agent->kernel, source, EGRET_LAYER_LACKING, why);
	}
}

void layers_forget_source(struct agent *agent)
{
	agent->layers.unproved_source.text[0] = '\0';
	for (int source = 0; source < EGRET_SOURCE_COUNT; source++) {
		const char *lacks = kernel_source_lacks(agent->kernel, source);

		if (lacks)
			note_lack(agent, source, lacks);
		else
			meta_write_source(agent->kernel, source, EGRET_LAYER_ABSENT, "");
	}
}

/* That it was attached says nothing: a program may be attached where the kernel never calls it. */
static void note_pass(struct agent *agent, enum egret_source source)
{
	static const char why[] = "it let pass what it must refuse";

	if (source < EGRET_SOURCE_TRACED) {
		note_lack(agent, source, why);
		return;
	}
	meta_write_source(agent->kernel, source, EGRET_LAYER_FAILED, why);
	error_set(&agent->layers.unproved_source, 0, "the layer source does not hold at %s: %s", places[source], why);
}

static void note_proof(struct agent *agent, enum egret_source source, const struct source_proof *proof)
{
	switch (proof->outcome[source]) {
	case SOURCE_REFUSED:
		meta_write_source(agent->kernel, source, EGRET_LAYER_STANDS, "");
		return;
	case SOURCE_LET_PASS:
		note_pass(agent, source);
		return;
	case SOURCE_NOT_TRIED:
		meta_write_source(agent->kernel, source, EGRET_LAYER_ABSENT, proof->why[source]);
		return;
	}
}

void layers_prove_source(struct agent *agent)
{
	struct source_proof proof = {};
	struct error error;
	int rc = kernel_source_prove(agent->kernel, agent->options.cgroup_fd, &proof, &error);

	if (rc)
		agent->layers.unproved_source = error;
	for (int source = 0; source < EGRET_SOURCE_COUNT; source++) {
		if (kernel_source_lacks(agent->kernel, source))
			continue;
		if (rc)
			meta_write_source(agent->kernel, source, EGRET_LAYER_FAILED, error.text);
		else
			note_proof(agent, source, &proof);
	}
}
