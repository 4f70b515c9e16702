/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The layers (promise 14) from the agent's side: each device of the agent's network namespace has
 * its program while it is still down, whatever a CNI does to it has its look back, and what does not stand is told.
 * Programs stay when the agent goes; the next one takes up what stands. Nothing here keeps an agent from ruling.
 */
#ifndef EGRET_LAYERS_H
#define EGRET_LAYERS_H

#include <stdbool.h>

#include "../base/loop.h"
#include "../device/monitor.h"
#include "../policy/policy.h"
#include "layer_devices.h"

struct agent;

/* What is told once in the log, of each kind, and is a PROBLEM while it lasts. */
enum layers_trouble {
	LAYERS_UNWATCHED,  /* it is not known which devices there are */
	LAYERS_UNPROVED,   /* a layer was tried, and failed */
	LAYERS_UNLOOKED,   /* a device has no program that it should have */
	LAYERS_UNREADABLE, /* frames of an uplink cannot be read */
	LAYERS_OVERLAY,    /* of a device that `set overlay` names nothing is known */
	LAYERS_IPVS,       /* what IPVS translates nobody judges */
	LAYERS_IPSEC,      /* what is asked inside IPsec nobody sees */
	LAYERS_TROUBLES,
};

struct layers {
	struct device_monitor *monitor; /* NULL: nothing is watched */
	struct loop_fd moved;
	struct loop_timer settled; /* a device that is waited for may be at rest */
	struct loop_timer search_due;
	uint64_t searched_ns; /* CLOCK_MONOTONIC: for owners, the last time; 0 = never */
	struct layer_devices devices;
	struct layer_failures failures;
	struct egret_overlay overlays[EGRET_MAX_OVERLAYS]; /* that may pass now */
	size_t overlay_count;
	bool overlays_written;
	bool tried;                               /* while they enforce: each layer was proved, or failed */
	bool told[LAYERS_TROUBLES];               /* in the log */
	bool ruled;                               /* a policy did, with `mode` */
	uint32_t mode;                            /* enum egret_layers_mode */
	bool told_tunnel;                         /* the same: of one that `set overlay` does not name */
	int watch_error;                          /* negative errno */
	struct error unproved[EGRET_LAYER_COUNT]; /* "" = it was proved, or not tried */
	struct error unproved_source;             /* the same */
	struct error overlay;                     /* what is wrong with `set overlay`; "" = nothing */
	char problem[EGRET_PROBLEM_SIZE];         /* as it was written last */
	bool problem_written;
};

/* Its programs are loaded: what is in force is looked after. */
void layers_begin(struct agent *agent);
/* The tables of the next policy are written, and its programs come next. */
void layers_prepare(struct agent *agent);
/* The policy rules, with its programs. */
void layers_follow(struct agent *agent);
void layers_beat(struct agent *agent);
/* The agent lets go of the instance: what stands, stays. */
void layers_end(struct agent *agent);

/* layer_source.c: what may not begin. Its programs are there, or gone, as the policy says. */
void layers_arrange_source(struct agent *agent, bool on);
void layers_prove_source(struct agent *agent);
void layers_forget_source(struct agent *agent);

/* layer_troubles.c: what keeps layers from looking, in the log where it is new, and for `status`. */
void layers_tell(struct agent *agent);

/* layer_overlays.c: the outer packets of the devices that the policy names may pass. */
void layers_write_overlays(struct agent *agent);

/* layer_owners.c: devices by which no socket of their pod has sent get their owners, too, when it is time. */
void layers_await_owners(struct agent *agent);

#endif
