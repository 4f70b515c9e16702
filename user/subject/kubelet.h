/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where kubelets of this machine run. */
#ifndef EGRET_KUBELET_H
#define EGRET_KUBELET_H

/* Visits the cgroup of each: of a unit kubelet.service, and of each process that is called kubelet. Not those of users
 * (user.slice). One of them may come twice. From a container processes of others are not seen. */
void kubelet_each(void (*visit)(void *context, const char *cgroup_path), void *context);

#endif
