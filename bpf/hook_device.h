/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The second look, of the layers device and uplink (egret_device.h): tc programs, at ingress of what leads to
 * somebody's namespace and at egress of what leads out of the node. Their context is a frame, mostly with an Ethernet
 * header, of any socket or none. They answer TC_ACT_UNSPEC to go on, also to the programs of others, and TC_ACT_SHOT to
 * drop.
 */
#ifndef EGRET_BPF_HOOK_DEVICE_H
#define EGRET_BPF_HOOK_DEVICE_H

#include "account.h"
#include "decide.h"
#include "policy.h"
#include "stamp.h"

/* The cgroup that the hooks are attached to, and how deep it lies; 0 = the root, where all are governed. */
const volatile __u64 governed_cgroup = 0;
const volatile __u32 governed_depth = 0;

#endif
