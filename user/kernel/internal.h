/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of kernel/ share, and nobody else sees. */
#ifndef EGRET_KERNEL_INTERNAL_H
#define EGRET_KERNEL_INTERNAL_H

#include "kernel.h"
#include "egret_abi.h"

#define BPFFS         "/sys/fs/bpf"
#define INSTANCES     BPFFS "/egret"
#define PIN_PATH_SIZE 256

enum kernel_map {
#define KERNEL_MAP_ENUM(map, writer, other) MAP_##map,
	EGRET_MAPS(KERNEL_MAP_ENUM)
#undef KERNEL_MAP_ENUM
	    MAP_COUNT
};

/* X(hook), in the order of attaching: what only remembers comes first, what
 * denies last, so that a socket is never judged without its stamp. */
#define KERNEL_HOOKS(X)                                                                                                \
	X(create)                                                                                                      \
	X(ingress)                                                                                                     \
	X(connect4)                                                                                                    \
	X(connect6)                                                                                                    \
	X(sendmsg4)                                                                                                    \
	X(sendmsg6)                                                                                                    \
	X(egress)

enum kernel_hook {
#define KERNEL_HOOK_ENUM(hook) HOOK_##hook,
	KERNEL_HOOKS(KERNEL_HOOK_ENUM)
#undef KERNEL_HOOK_ENUM
	    HOOK_COUNT
};

/* One table a slot of the policy, or one map for all? */
static inline bool kernel_map_is_table(enum kernel_map map)
{
#define KERNEL_COUNT_TABLE(map, writer, other) +1
	return map < EGRET_TABLES(KERNEL_COUNT_TABLE);
#undef KERNEL_COUNT_TABLE
}

extern const char *const kernel_map_names[MAP_COUNT];
extern const char *const kernel_hook_names[HOOK_COUNT];

struct egret_bpf;
struct ring_buffer;
struct wanted_visit;
struct undo;

/* The table of addresses, buckets.h. */
struct buckets {
	int fd;
	uint32_t shift; /* of egret_bucket_index */
	uint32_t count; /* all of them */
	uint32_t used;  /* places */
};

/* Descriptors are -1 where there is none. */
struct kernel {
	char instance[64];
	int dir_fd;   /* of the pins; holds the lock of whoever claimed it */
	bool fresh;   /* the folder was empty then */
	bool of_exec; /* kernel_note_exec was called: exec removes it, with its cgroup */
	int maps[MAP_COUNT];
	int links[HOOK_COUNT];
	struct egret_bpf *skeleton;  /* NULL in a reader */
	struct egret_config *config; /* mapped */
	bool writable;
	bool was_running;
	bool side_by_side; /* takeover.h */
	struct undo *undo; /* undo.h; NULL = nothing to go back to */
	char note[256];    /* what was found at the takeover, for people; "" = nothing to say */
	__u64 hash_keys[6];
	/* Tables of the slot that rules, for changes of single addresses. */
	struct buckets buckets;
	int inner_ports;
	struct ring_buffer *wanted; /* NULL in a reader */
	struct wanted_visit *wanted_visit;
	size_t ports_written, ports_capacity;
	uint32_t *rule_ids; /* of the policy's rules, in its order: rule_id.h */
};

void instance_pin_path(char buf[static PIN_PATH_SIZE], const char *instance, const char *kind, const char *name);
/* Is this what this version makes? Of tables the outer map, and what stands in it now. */
bool instance_map_fits(int fd, enum kernel_map map);
/* "map_NAME", "link_NAME": removed; a link is cut first, since a holder that still runs has it open. */
int instance_remove_pin(const char *instance, const char *name, struct error *error);
/* Everything that is pinned under the name, whoever made it. */
int instance_remove(const char *instance, struct error *error);
/* The cgroup that a link is attached to; 0 = none any more, or no link. */
uint64_t link_cgroup(int link_fd);
/* A name that can be a folder's, and nothing more. */
int instance_check_name(const char *instance, struct error *error);
struct kernel *kernel_alloc(const char *instance);
int kernel_map_config(struct kernel *kernel, bool writable, struct error *error);
struct egret_target target_of(const struct compiled *compiled, const struct egret_dest *dest);
/* Of a per-CPU map of counters. */
int kernel_sum_over_cpus(int fd, uint32_t index, struct egret_counter *ret);
/*
 * What an instance learned, for the policy of @slot: each name is matched anew. What answers
 * said for names of no rule then, and is good still, is learned now if a rule has it.
 */
int learned_match(struct kernel *kernel, const struct compiled *compiled, uint32_t slot);
int kernel_open_wanted(struct kernel *kernel);
/* Ticks of the kernel's coarse clock in a second. */
uint32_t kernel_tick_hz(void);
/*
 * Walks a map that programs write meanwhile. An entry that goes away takes the walk's
 * place with it, and the kernel starts over: the bound ends that.
 */
int kernel_each_entry(int fd, size_t bound, void *keys[2], int (*visit)(void *context, const void *key), void *context);
/* The inner map of a slot; the caller closes it. */
int kernel_slot_fd(const struct kernel *kernel, enum kernel_map outer, uint32_t slot);
/* The same of the slot that rules. */
int kernel_inner_fd(const struct kernel *kernel, enum kernel_map outer);

#endif
