/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which cgroups mean which bits of a class mask: the kubepods cgroups of either
 * driver's shape (`kubepods.slice` of systemd, `kubepods` of cgroupfs), and those
 * that a policy names. Cgroups come and go; whoever owns this asks again.
 */
#ifndef EGRET_CLASSES_H
#define EGRET_CLASSES_H

#include <stddef.h>
#include <stdint.h>

/* Called for each cgroup that carries bits. */
typedef void (*classes_visit)(void *context, uint64_t cgroup_id, uint32_t mask);

/* Looks for kubepods above and below the governed cgroup, and for each of @paths
 * (bit EGRET_CLASS_NAMED_SHIFT + i). A path that does not exist is passed over:
 * returns how many were not there. */
size_t classes_find(const char *governed_path, const char *const *paths, size_t path_count, classes_visit visit,
		    void *context);

/* Bits that a subject at @cgroup_path has, by its path alone: for `explain`. */
uint32_t classes_of_path(const char *cgroup_path, const char *const *paths, size_t path_count);

#endif
