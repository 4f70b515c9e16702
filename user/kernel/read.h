/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading an instance. All of it works when no agent runs: what people see comes from what is pinned.
 * What is pinned may be another version's, or meddled with, and names of processes and cgroups are what
 * their users chose: texts are made printable here.
 */
#ifndef EGRET_KERNEL_READ_H
#define EGRET_KERNEL_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "egret_config.h"
#include "egret_dns.h"
#include "egret_drops.h"
#include "egret_memory.h"
#include "egret_people.h"
#include "egret_subject.h"
#include "egret_addr.h"
#include "egret_policy.h"

struct judgement;
struct kernel;
struct rules_before;

/* Is the BPF file system there? -ENODEV, or -EPERM for who may not look. */
int kernel_check_bpffs(struct error *error);
/* Can it be told from here which instances there are, and could nobody but root have moved them?
 * Before a command says that there is none. */
int kernel_check_pins(struct error *error);

/* --- which instances there are, by their names --- */

/* Calls @visit for each instance that has pins. */
int kernel_each_instance(void (*visit)(void *context, const char *instance), void *context);
/* Is anything pinned under this name? */
bool kernel_is_there(const char *instance);
/* Does an agent (or an exec) hold it at this moment? */
bool kernel_is_held(const char *instance);
/* Did an `exec` make what is pinned under this name? */
bool kernel_is_of_exec(const char *instance);
/* What may go on as it ruled under a release that asked for less. */
struct kernel_ruled {
	bool attached;        /* else all is 0 */
	bool of_this_release; /* its pins have today's form */
	bool unlayered;       /* of this release: its layers only audit, since one without layers ruled before */
	/* A hash of the rules that may go on without a floor, since they ruled before a node had to have one: release
	 * 0.1.0 wrote it as the policy's. 0 = none. */
	uint64_t floorless_rules;
};
void kernel_ruled(const char *instance, struct kernel_ruled *ret);

/* --- one of them --- */

/* -ENOENT: no such instance. -ENODEV, -EPERM: nobody can tell from here. */
int kernel_open(const char *instance, const struct kernel **ret, struct error *error);
/*
 * The same for who may read only: the group KERNEL_VIEWERS (kernel_share), with CAP_BPF. It has a copy of the
 * configuration as it was then, and of the policy's tables those that are pinned for it: others are asked for by a
 * number, which the kernel takes from CAP_SYS_ADMIN only, and what asks them says -ENOENT or -EIO. So does what asks
 * any but the texts of rules in the moment when the policy is another one, and its tables are not pinned yet.
 */
#define KERNEL_VIEWERS "egret-view"
int kernel_view(const char *instance, const struct kernel **ret, struct error *error);
bool kernel_is_view(const struct kernel *kernel);
/* The commands of bpf(2) that a view needs: all others make, change, attach or pin. Returns how many they are. */
size_t kernel_view_commands(const int **ret);
/* What kernel_open gave. What is pinned goes on. Takes NULL. */
void kernel_close(const struct kernel *kernel);

/* Is it attached, and which hooks are? @ret_missing names the first that is not. A view cannot tell whether what is
 * pinned outlived its cgroup. */
bool kernel_is_attached(const struct kernel *kernel, const char **ret_missing);
/* Are its pins there? Without them what is attached ends with whoever holds it. */
bool kernel_is_pinned(const struct kernel *kernel);
/* Is what is pinned under the instance's name still what was opened, and not another one since? */
bool kernel_is_pinned_here(const struct kernel *kernel);
/* The id of the cgroup that the hooks are attached to; 0 = to none that still exists, UINT64_MAX = to
 * several, or nobody can tell. */
uint64_t kernel_governed_cgroup(const struct kernel *kernel);

const struct egret_config *kernel_config(const struct kernel *kernel);
/* Of the policy that rules. */
const struct egret_settings *kernel_settings(const struct kernel *kernel);
const struct egret_nat64 *kernel_nat64(const struct kernel *kernel);
int kernel_get_meta(const struct kernel *kernel, struct egret_meta *ret);

/* --- the policy that rules --- */

/* By the id in the kernel. -ENOENT: the policy has no such rule. */
int kernel_get_text(const struct kernel *kernel, uint32_t rule, struct egret_rule_text *ret);
/* Another one when the texts of the policy are; 0 = there are none. */
uint32_t kernel_texts_id(const struct kernel *kernel);
/* All ids of rules are below it. */
uint32_t kernel_rule_limit(const struct kernel *kernel);
/* All rules in the order of the policy. @visit returns 0 to go on. */
int kernel_each_rule(const struct kernel *kernel,
		     int (*visit)(void *context, uint32_t rule, const struct egret_rule_text *text), void *context);
/* The same as compile_policy wants them, for the policy that is to come; *ret is for kernel_free_rules.
 * -EPROTO: they are of a version that none can read. */
int kernel_read_rules(const struct kernel *kernel, struct rules_before *ret);
void kernel_free_rules(struct rules_before *rules);
/* By egret_dest.name. */
int kernel_get_name(const struct kernel *kernel, uint32_t index, struct egret_name *ret);
int kernel_each_name(const struct kernel *kernel,
		     int (*visit)(void *context, uint32_t index, const struct egret_name *name), void *context);
/* Which names had which addresses when the agent that wrote it was last answered. @visit returns 0 to go on. */
int kernel_each_resolved(const struct kernel *kernel,
			 int (*visit)(void *context, const struct egret_resolved_key *key,
				      const struct egret_resolved *resolved),
			 void *context);
/* What stands for a name in the maps: kernel_each_resolved, kernel_get_asked. */
uint64_t kernel_name_key(const struct kernel *kernel, const char *name);
/* Of a cgroup; EGRET_AUDIENCE_UNKNOWN where it is gone. */
uint32_t kernel_get_audience(const struct kernel *kernel, uint64_t cgroup_id);
/* Is what is denied to it only counted, and passes? */
bool kernel_audits(const struct kernel *kernel, uint32_t audience);
/* What the policy that rules calls a subject with this path, whether there is such a cgroup or not. */
int kernel_audience_of(const struct kernel *kernel, const char *path, enum egret_kind kind, uint32_t *ret);
/* Addresses that the agent resolved, and that @name (an index into `names`) may not bring in by @rule, which
 * would allow it something. */
void kernel_each_special(const struct kernel *kernel,
			 void (*visit)(void *context, const struct egret_addr *addr, uint32_t name, uint32_t rule),
			 void *context);

/* A first packet, and who sends it. */
struct kernel_packet {
	struct egret_addr addr;
	uint8_t l4_proto;
	uint16_t port; /* 0 where the protocol has none */
	uint32_t audience;
	uint64_t scope;   /* as in egret_learned_key; 0 = nothing was learned there */
	const char *name; /* counts beside what was learned; NULL = none */
	bool name_alone;  /* whatever the address is, as long as no rule has it, and each name may bring it in */
	uint32_t now_sec; /* kernel_sec_now */
	uint32_t sees;    /* kernel_decide's own: EGRET_AUDIT_* */
};
/* What the programs would say, read from the maps themselves. */
int kernel_decide(const struct kernel *kernel, const struct kernel_packet *packet, struct judgement *ret);
/* A line of the list of a destination: whose rule it is, for which ports. */
struct kernel_entry {
	uint32_t rule;
	uint8_t action; /* enum egret_action */
	uint8_t l4_proto;
	uint16_t lo, hi;
	bool is_for_it; /* for the audience that was asked about */
};
/* What the policy has for an address (or the narrowest CIDR around it), and for a name (or the narrowest pattern over
 * it). @visit returns 0 to go on. @ret_policy_name: which of its names speaks, an index into `names`; 0 = none. */
int kernel_each_entry_of_addr(const struct kernel *kernel, const struct egret_addr *addr, uint32_t audience,
			      int (*visit)(void *context, const struct kernel_entry *entry), void *context);
int kernel_each_entry_of_name(const struct kernel *kernel, const char *name, uint32_t audience,
			      int (*visit)(void *context, const struct kernel_entry *entry), void *context,
			      uint32_t *ret_policy_name);
/* egret_dest.name of an address that the agent resolved: an index into `names`; 0 = none. */
uint32_t kernel_addr_name(const struct kernel *kernel, const struct egret_addr *addr);
/* What the running policy makes this address ask of a name. */
int kernel_addr_need(const struct kernel *kernel, const struct egret_addr *addr, enum egret_need *ret);
/* Is it a resolver of the running policy, which may be asked for this name? NULL: any name. */
bool kernel_may_ask(const struct kernel *kernel, const struct egret_addr *server, const char *name);

/* --- what traffic brought --- */

/* Sums over the CPUs. */
int kernel_get_counter(const struct kernel *kernel, uint32_t rule, struct egret_counter *ret);
/* The same of all ids below @limit. */
int kernel_read_counters(const struct kernel *kernel, struct egret_counter *ret, uint32_t limit);
/* Of an enum egret_reason: what was denied, or else what only audit let through. */
int kernel_get_reason(const struct kernel *kernel, uint32_t reason, bool audited, struct egret_counter *ret);
int kernel_get_hit(const struct kernel *kernel, uint32_t rule, struct egret_hit *ret);
int kernel_each_drop(const struct kernel *kernel,
		     int (*visit)(void *context, const struct egret_drop_key *key, const struct egret_drop *drop),
		     void *context);
/* What rows that made room for newer ones of their owner had counted: for each owner that has such. */
int kernel_each_others(const struct kernel *kernel,
		       int (*visit)(void *context, uint64_t owner, bool audited, const struct egret_others *others),
		       void *context);
/* A cgroup of that owner to which something was denied, by whose name the owner is known; 0 = none. */
uint64_t kernel_denied_cgroup(const struct kernel *kernel, uint64_t owner);
/* Both at once, each row no more than once, however many rows come and go meanwhile. Processes' names are as they are.
 */
int kernel_each_denial(const struct kernel *kernel,
		       int (*row)(void *context, const struct egret_drop_key *key, const struct egret_drop *drop),
		       int (*others)(void *context, uint64_t owner, bool audited, const struct egret_others *others),
		       void *context);
/* Rows of packets, with whose they are, in the same way. */
int kernel_each_row(const struct kernel *kernel, int (*visit)(void *context, const struct egret_drop_row *row),
		    void *context);
/* Takes all rows away; no counter is touched. Returns how many they were. The one thing that a reader
 * may write: the rows are there for people, and people say when they have read them. */
int kernel_clear_drops(const struct kernel *kernel);
/* How many cgroups began that programs could make no subject of. */
uint64_t kernel_late_subjects(const struct kernel *kernel);
/* A cgroup that something was made in. -ENOENT: none is known. */
int kernel_get_subject(const struct kernel *kernel, uint64_t cgroup_id, struct egret_subject *ret);
/* Where a cgroup was. -ENOENT: no agent noted it. */
int kernel_get_subject_name(const struct kernel *kernel, uint64_t cgroup_id, struct egret_subject_name *ret);
/* What the agent found out about a row. -ENOENT: nothing so far, or it was of an earlier row. @first_ns: of the row. */
int kernel_get_completion(const struct kernel *kernel, const struct egret_drop_key *key, uint64_t first_ns,
			  struct egret_completion *ret);
int kernel_each_completion(const struct kernel *kernel,
			   int (*visit)(void *context, const struct egret_completion *completion), void *context);
/* -ENOENT: nobody but resolvers answered @owner. */
int kernel_get_stranger(const struct kernel *kernel, uint64_t owner, struct egret_stranger *ret);
/* "namespace/pod" of a pod that something was denied to. -ENOENT: no agent noted it. */
int kernel_get_pod_name(const struct kernel *kernel, const struct egret_pod_uid *uid, struct egret_pod_name *ret);
int kernel_each_existing(const struct kernel *kernel,
			 int (*visit)(void *context, uint64_t cookie, const struct egret_existing *value),
			 void *context);

/* --- what DNS answers taught --- */

/* A name of an address. */
struct kernel_lesson {
	struct egret_addr addr;
	uint64_t scope;
	uint64_t owner;
	uint64_t name;        /* key */
	uint64_t last_name;   /* that the address was answered for last in this scope */
	uint32_t policy_name; /* what of the policy that rules speaks for it: an index into `names`; 0 = nothing */
	bool brings_in;       /* and may the name bring in this address? */
	int64_t left_sec;     /* less than 0 when it is over */
	uint32_t ttl_sec;     /* kernel_each_lesson_of: of the name's last answer, as the policy bounds it */
};
/* All that was learned: of the policy's names, and of others. @visit returns 0 to go on. */
int kernel_each_lesson(const struct kernel *kernel, int (*visit)(void *context, const struct kernel_lesson *lesson),
		       void *context);
/* The same of those entries alone that @wants says so of. */
int kernel_each_lesson_of(const struct kernel *kernel,
			  bool (*wants)(void *context, const struct egret_learned_key *key,
					const struct egret_learned *learned),
			  int (*visit)(void *context, const struct kernel_lesson *lesson), void *context);
/* A name that was asked for, by its key. -ENOENT: forgotten. */
int kernel_get_asked(const struct kernel *kernel, uint64_t key, struct egret_asked *ret);
/* An enum egret_lesson_kind. */
int kernel_get_lesson(const struct kernel *kernel, uint32_t kind, struct egret_counter *ret);
/* bpf_jiffies64, as nearly as user space can tell. */
uint64_t kernel_tick_now(void);
/* The same in seconds, as lessons end (egret_sec_of). */
uint32_t kernel_sec_now(void);

/* --- how full the maps are --- */

struct kernel_map_fill {
	const char *name;
	uint32_t entries, max_entries;
	/* As the kernel charges it; before 6.4, of a map that grows, what it could take at most. 0 = it does not say.
	 */
	uint64_t memory_bytes;
	bool sized_to_policy; /* made with as much room as the policy needs: it may well be full */
	bool counted;         /* @entries is known: arrays and the memory of sockets cannot be counted */
};
#define KERNEL_MAP_FILLS 56
size_t kernel_map_fill(const struct kernel *kernel, struct kernel_map_fill ret[static KERNEL_MAP_FILLS]);

/* The kernel does not count what sockets carry with them: that is in no map's memory_bytes. */
struct kernel_socket_memory {
	uint32_t
	    each_bytes; /* what one socket carries that asks by TCP and by UDP; beside that a window (bpf/window.h) */
	uint64_t shared_bytes; /* what all of them share, however many there are: of maps in kernel_map_fill */
};
void kernel_socket_memory(const struct kernel *kernel, struct kernel_socket_memory *ret);

#endif
