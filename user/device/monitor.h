/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The devices of this namespace as they come and go: a list of them, and a descriptor that can be read when something
 * changed. Nothing is asked for now and then; what was told while nobody could listen is made good by a list anew.
 */
#ifndef EGRET_DEVICE_MONITOR_H
#define EGRET_DEVICE_MONITOR_H

#include <stdint.h>

#include "table.h"

struct device_monitor;

enum device_event {
	DEVICE_CHANGED,  /* it is new, or another one than it was */
	DEVICE_GONE,     /* to another namespace, or for ever. Its number may be given to another device at once */
	DEVICE_STRIPPED, /* a filter was taken away */
	DEVICE_BARE,     /* a qdisc was, with all its filters */
	DEVICE_INGRESS,  /* an `ingress` qdisc was put there */
};

/* 0, or negative errno. */
int device_monitor_new(struct device_monitor **ret);
void device_monitor_free(struct device_monitor *monitor); /* takes NULL */
int device_monitor_fd(const struct device_monitor *monitor);
/* As of the last call. The caller may write `looked` of its links. */
const struct device_table *device_monitor_table(const struct device_monitor *monitor);
/*
 * Takes in what was told, in its order, and calls @hear for each. Where something was lost, all is listed anew: then
 * each device may have been changed and stripped, and is told as that. Negative errno: it is not known what is there.
 */
int device_monitor_take(struct device_monitor *monitor,
			void (*hear)(void *context, enum device_event event, uint32_t ifindex), void *context);

#endif
