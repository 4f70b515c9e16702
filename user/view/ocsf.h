/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A denial as an event of the Open Cybersecurity Schema Framework, class 4001 (Network Activity), for a SIEM. Names and
 * numbers are those of https://schema.ocsf.io/1.4.0/classes/network_activity with the profiles security_control, host
 * and container.
 */
#ifndef EGRET_VIEW_OCSF_H
#define EGRET_VIEW_OCSF_H

#include <jansson.h>

#include "denials.h"

#define OCSF_VERSION "1.4.0"

/* @row: of denial_to_json. @hostname: of the node. What the schema has no place for is in "unmapped". */
json_t *ocsf_event(const struct denial *denial, const json_t *row, const struct egret_meta *meta, const char *hostname);

#endif
