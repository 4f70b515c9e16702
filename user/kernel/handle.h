/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a handle of an instance is made of. Who only reads has it const, with a read-only page of
 * the configuration. Private to kernel/.
 */
#ifndef EGRET_KERNEL_HANDLE_H
#define EGRET_KERNEL_HANDLE_H

#include "buckets.h"
#include "hook.h"
#include "kernel.h"
#include "maps.h"
#include "egret_family.h"

struct before;
struct egret_bpf;
struct ring_buffer;
struct wanted_visit;
struct denied_visit;
struct undo;

/* Descriptors are -1 where there is none. */
struct kernel {
	char instance[INSTANCE_SIZE];
	int maps[MAP_COUNT];
	int links[HOOK_COUNT];       /* hook.h */
	struct egret_config *config; /* mapped; of a view a copy */
	bool view;                   /* kernel_view */
	int view_tables[MAP_COUNT];  /* of a view: inner maps, which it cannot get by their ids */

	/* All below: of an owner only. */
	int dir_fd;                                 /* of the pins; holds the lock of whoever claimed it */
	bool attached[HOOK_COUNT];                  /* the program of @skeleton is */
	int sources[EGRET_SOURCE_TRACED];           /* links, source.h */
	char source_lacks[EGRET_SOURCE_TRACED][96]; /* kernel_source_lacks; "" = nothing */
	bool fresh;                                 /* the folder was empty then */
	bool of_exec;                               /* kernel_note_exec was called: exec removes it, with its cgroup */
	struct egret_bpf *skeleton;                 /* NULL before kernel_load */
	bool was_running;
	bool has_tcx;          /* kernel_layer_has_tcx */
	bool side_by_side;     /* instance_takeover.h */
	struct before *before; /* of an earlier version, read_before.h; NULL = nothing is carried over */
	struct undo *undo;     /* instance_undo.h; NULL = nothing to go back to */
	char note[256];        /* what was found at the takeover, for people; "" = nothing to say */
	__u64 hash_keys[6];
	/* Tables of the slot that rules, for changes of single addresses. */
	struct buckets buckets;
	int inner_ports, inner_resolved;
	size_t ports_written, ports_capacity;
	struct ring_buffer *wanted;
	struct wanted_visit *wanted_visit;
	struct ring_buffer *denied;
	struct denied_visit *denied_visit;
};

/* NULL: out of memory. */
struct kernel *handle_new(const char *instance);
/* @protection as of mmap(2). */
int handle_map_config(struct kernel *kernel, int protection, struct error *error);
/* A copy instead: a descriptor that cannot write is not mapped by the kernel (bpf_map_mmap wants VM_SHARED). */
int handle_copy_config(struct kernel *kernel, struct error *error);
/* Closes what any handle may have open; an owner has more (kernel_free). */
void handle_free(struct kernel *kernel);
/* The tables of which a view has the inner maps. Returns how many they are. */
size_t handle_view_tables(const enum kernel_map **ret);
/* The slot of the policy that rules. */
static inline uint32_t handle_slot(const struct kernel *kernel)
{
	return kernel->config->generation & (EGRET_POLICY_SLOTS - 1);
}
/* The inner map of a slot; the caller closes it. */
int handle_slot_fd(const struct kernel *kernel, enum kernel_map table, uint32_t slot);
/* The same of the slot that rules. */
int handle_inner_fd(const struct kernel *kernel, enum kernel_map table);

#endif
