/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The status of an instance of which nothing is seen in the kernel: opened by a person, off, not begun, or without
 * pins. */
#ifndef EGRET_STANDING_H
#define EGRET_STANDING_H

#include <jansson.h>

/*
 * view_health (health.h) of it, layers_add_none (layers.h), and {mark: {user, uid, marked_time, policy_hash}}. mode:
 * off, open, without-pins, starting. NULL: the state folder knows nothing of it.
 */
json_t *view_standing(const char *state_path, const char *instance);

#endif
