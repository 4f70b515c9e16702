// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "culprits.h"

#include <stdio.h>

#include "../subject/cgroup.h"
#include "egret_reasons.h"

static int note(void *context, const struct egret_drop_key *key, const struct egret_drop *drop)
{
	struct kernel *kernel = context;
	struct egret_subject_name subject = {};
	char path[CGROUP_PATH_SIZE];

	(void)drop;
	if (!kernel_get_subject_name(kernel, key->cgroup_id, &subject) ||
	    cgroup_path_of_id(key->cgroup_id, path, sizeof(path)))
		return 0;
	snprintf(subject.path, sizeof(subject.path), "%s", path);
	kernel_set_subject_name(kernel, key->cgroup_id, &subject);
	return 0;
}

static uint64_t denied_packets(const struct kernel *kernel)
{
	struct egret_counter counter;
	uint64_t sum = 0;

	for (uint32_t reason = 1; reason < EGRET_REASON_COUNT; reason++)
		for (int audited = 0; audited < 2; audited++)
			if (!kernel_get_reason(kernel, reason, audited, &counter))
				sum += counter.packets;
	return sum;
}

void culprits_refresh(struct culprits *culprits, struct kernel *kernel)
{
	uint64_t denied = denied_packets(kernel);

	if (denied == culprits->denied_packets)
		return;
	culprits->denied_packets = denied;
	kernel_each_drop(kernel, note, kernel);
}
