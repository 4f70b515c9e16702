/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Of whom a pod is one of several: the Deployment, DaemonSet, StatefulSet, Job or CronJob behind it, by the name that
 * Kubernetes gives its pods, since no API server is asked. */
#ifndef EGRET_WORKLOAD_H
#define EGRET_WORKLOAD_H

#include "egret_limits.h"

struct workload_name {
	char space[EGRET_POD_NAME_SIZE], name[EGRET_POD_NAME_SIZE];
};

/* @pod: "namespace/pod". "shop/web-5d4f7c9b8c-x2x7z" is shop, web; a pod that stands alone is a workload itself. */
void workload_of_pod(const char *pod, struct workload_name *ret);

#endif
