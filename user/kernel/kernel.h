/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One instance in the kernel: its programs, links, maps and pins. The only module
 * that knows libbpf. A struct kernel owns every descriptor of its instance.
 *
 * Two ways to have one: the agent and exec own it (kernel_claim, then kernel_load), everybody
 * else opens what is pinned (kernel_open) and only reads.
 *
 * Pins: BPFFS/egret/INSTANCE/map_NAME and link_NAME.
 */
#ifndef EGRET_KERNEL_H
#define EGRET_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/error.h"
#include "../compile/compile.h"
#include "egret_config.h"
#include "egret_dns.h"
#include "egret_memory.h"
#include "egret_subject.h"

struct kernel;

/* All that must be there before anything is tried; the sentence names what is not. */
int kernel_supported(struct error *error);

/* Is the BPF file system there? -ENODEV, or -EPERM for who may not look. */
int kernel_check_bpffs(struct error *error);
/* Can it be told from here which instances there are, and could nobody but root have moved them?
 * Before a command says that there is none. */
int kernel_check_pins(struct error *error);

enum kernel_claim {
	KERNEL_ANY,   /* a new one, or what is there already */
	KERNEL_FRESH, /* a new one only */
	KERNEL_LEFT,  /* what an `exec` that ended left behind, or a start before it pinned anything */
};
/*
 * Makes the instance the caller's own until kernel_free: nobody else can claim it. Nothing is
 * written to what is pinned. -EBUSY: somebody else holds it, or it is not new.
 */
int kernel_claim(const char *instance, enum kernel_claim how, struct kernel **ret, struct error *error);
/*
 * Loads the programs into a claimed instance; maps that are pinned already are taken over
 * with what they hold, new ones are made and pinned. Nothing is attached, and what runs is
 * not changed before all is known to fit. -EBUSY: it governs another cgroup than @cgroup_fd.
 */
int kernel_load(struct kernel *kernel, int cgroup_fd, struct error *error);
/* A start that failed, at any place behind kernel_claim: what ruled before rules again, with its
 * programs, policy and settings; what the start made goes. */
void kernel_undo(struct kernel *kernel);
/* A start that did not fail: what kernel_undo would need is forgotten. */
int kernel_settle(struct kernel *kernel, struct error *error);
/* Was there nothing of it when it was claimed? */
bool kernel_is_fresh(const struct kernel *kernel);

/* The cgroup that `exec` makes, by its parent's id: paths mean something else in a container. */
struct kernel_exec_note {
	uint64_t parent_id;
	char cgroup_name[80];
};
/* Of a claimed instance, before the cgroup is made: so that whoever comes later can remove it. */
int kernel_note_exec(struct kernel *kernel, const struct kernel_exec_note *note, struct error *error);
/* -ENOENT: no `exec` made it. */
int kernel_get_exec_note(const struct kernel *kernel, struct kernel_exec_note *ret);
/* Did an `exec` make what is pinned under this name? */
bool kernel_is_of_exec(const char *instance);
/* The id of the cgroup that the links are attached to; 0 = to none that still exists, UINT64_MAX = to
 * several, or nobody can tell. */
uint64_t kernel_governed_cgroup(const struct kernel *kernel);
/* Takes down a claimed instance, if it is still the one that was claimed. */
int kernel_take_down(struct kernel *kernel, struct error *error);

/* -ENOENT: no such instance. -ENODEV, -EPERM: nobody can tell from here. */
int kernel_open(const char *instance, struct kernel **ret, struct error *error);
/* Closes everything; what is pinned goes on. Takes NULL. */
void kernel_free(struct kernel *kernel);
/* In a child process: only the parent holds the instance, however long the child lives. It may read on. */
void kernel_leave_to_parent(struct kernel *kernel);

/* Was this instance attached when it was claimed? */
bool kernel_was_running(const struct kernel *kernel);
/* What was found of it that a person should know: another version, other owners; "" = nothing. */
const char *kernel_takeover_note(const struct kernel *kernel);
/* Are its maps new ones, beside those that run? Then connections must be let go on. */
bool kernel_is_side_by_side(const struct kernel *kernel);
/* The generation that the next policy must be compiled for. */
uint32_t kernel_next_generation(const struct kernel *kernel);

/* Fills the idle slot with all of a policy, then switches to it by one store. The
 * old policy rules until then, and after any failure. */
int kernel_load_policy(struct kernel *kernel, const struct compiled *compiled, struct error *error);
/* The id that a rule of the policy that was loaded last (EGRET_RULE_FIRST + its place) has in the
 * kernel: rules keep theirs from policy to policy. */
uint32_t kernel_rule_id(const struct kernel *kernel, uint32_t rule);
/* One address of the running policy. dest->count == 0 and no flags: removes it.
 * -ENOSPC: the tables are full; load the policy anew. */
int kernel_set_address(struct kernel *kernel, const struct compiled *compiled, const struct egret_addr *addr,
		       const struct egret_dest *dest);
/* Denials that were remembered are judged again: something was added. */
void kernel_forget_denials(struct kernel *kernel);
int kernel_set_subject(struct kernel *kernel, uint64_t cgroup_id, const struct egret_subject *subject);
int kernel_set_name(struct kernel *kernel, uint32_t index, const struct egret_name *name);
/* Class bits of a cgroup; sockets that exist take them over at their next first packet. */
int kernel_set_class(struct kernel *kernel, uint64_t cgroup_id, uint32_t mask);
/* The same for the policy that is to be loaded next, whose bits mean something else: all of its
 * cgroups are forgotten, then told one by one. */
int kernel_forget_next_classes(struct kernel *kernel);
int kernel_set_next_class(struct kernel *kernel, uint64_t cgroup_id, uint32_t mask);

void kernel_set_audit(struct kernel *kernel, bool audit);
/* How long what is learned lives, at least and at most. */
void kernel_set_ttls(struct kernel *kernel, uint32_t min_sec, uint32_t max_sec);
/* From now on in @sec only the floor may pass, unless this is called again; 0 = never. */
void kernel_set_stale(struct kernel *kernel, uint32_t sec);
/* May only names of the policy be asked for? */
void kernel_set_dns_names(struct kernel *kernel, bool policy_only);
void kernel_set_keep_existing(struct kernel *kernel, bool keep);
/* What is denied to this cgroup is not counted: Egret itself tries there. 0 = none. */
void kernel_set_unaccounted(struct kernel *kernel, uint64_t cgroup_id);

/* Attaches all programs to the cgroup, egress last, and pins the links; where they
 * are attached already, the programs are swapped without a gap. All or nothing. */
int kernel_attach(struct kernel *kernel, int cgroup_fd, struct error *error);
/* Promise 12: a socket made in the governed cgroup must be denied @addr, of IPv4, which no
 * rule allows. The test itself is not accounted for. */
int kernel_self_test(struct kernel *kernel, int cgroup_fd, const struct egret_addr *addr, struct error *error);

/* A person's `egret detach`: takes an instance down whoever holds it: links, then pins, then the
 * folder. All else uses kernel_take_down. */
int kernel_detach(const char *instance, struct error *error);
/* Is it attached, and which hooks are? @ret_missing names the first that is not. */
bool kernel_is_attached(const struct kernel *kernel, const char **ret_missing);
/* Are its pins there? Without them what is attached ends with whoever holds it. */
bool kernel_is_pinned(const struct kernel *kernel);
/* Is what is pinned under the instance's name still what was opened, and not another one since? */
bool kernel_is_pinned_here(const struct kernel *kernel);
/* The hash of the rules of an attached instance that may go on without a floor, since they ruled
 * before a node had to have one: release 0.1.0 wrote it as the policy's. 0 = none. */
uint64_t kernel_floorless_rules(const char *instance);
/* Is anything pinned under this name? */
bool kernel_is_there(const char *instance);
/* Does an agent (or an exec) hold it at this moment? */
bool kernel_is_held(const char *instance);
/* Calls @visit for each instance that has pins. */
int kernel_each_instance(void (*visit)(void *context, const char *instance), void *context);

/* --- reading; all of it works when no agent runs --- */

const struct egret_config *kernel_config(const struct kernel *kernel);
int kernel_get_meta(const struct kernel *kernel, struct egret_meta *ret);
int kernel_set_meta(struct kernel *kernel, const struct egret_meta *meta);

/* Sums over the CPUs. */
int kernel_get_counter(const struct kernel *kernel, uint32_t rule, struct egret_counter *ret);
/* Of an enum egret_reason: what was denied, or else what only audit let through. */
int kernel_get_reason(const struct kernel *kernel, uint32_t reason, bool audited, struct egret_counter *ret);
int kernel_get_hit(const struct kernel *kernel, uint32_t rule, struct egret_hit *ret);
int kernel_set_hit(struct kernel *kernel, uint32_t rule, const struct egret_hit *hit);
/* By the id in the kernel. -ENOENT: the policy has no such rule. */
int kernel_get_text(const struct kernel *kernel, uint32_t rule, struct egret_rule_text *ret);
/* All ids of rules are below it. */
uint32_t kernel_rule_limit(const struct kernel *kernel);
/* All rules in the order of the policy. @visit returns 0 to go on. */
int kernel_each_rule(const struct kernel *kernel,
		     int (*visit)(void *context, uint32_t rule, const struct egret_rule_text *text), void *context);
/* -ENOENT: no agent noted it. */
int kernel_get_subject(const struct kernel *kernel, uint64_t cgroup_id, struct egret_subject *ret);
/* -ENOENT: the cgroup itself carries no bits. */
int kernel_get_class(const struct kernel *kernel, uint64_t cgroup_id, uint32_t *ret);
int kernel_get_name(const struct kernel *kernel, uint32_t index, struct egret_name *ret);

int kernel_each_drop(const struct kernel *kernel,
		     int (*visit)(void *context, const struct egret_drop_key *key, const struct egret_drop *drop),
		     void *context);
/* Takes all rows away; no counter is touched. Returns how many they were. */
int kernel_clear_drops(struct kernel *kernel);
int kernel_each_name(const struct kernel *kernel,
		     int (*visit)(void *context, uint32_t index, const struct egret_name *name), void *context);
/* What DNS answers taught. */
int kernel_each_learned(const struct kernel *kernel,
			int (*visit)(void *context, const struct egret_learned_key *key,
				     const struct egret_learned *learned),
			void *context);
/* What names were last resolved to, with a rule or without. */
void kernel_each_seen(const struct kernel *kernel, void (*visit)(void *context, const struct egret_seen *seen),
		      void *context);
/* A name that was asked for, by its key. -ENOENT: forgotten. */
int kernel_get_asked(const struct kernel *kernel, uint64_t key, struct egret_asked *ret);
int kernel_get_lesson(const struct kernel *kernel, uint32_t kind, struct egret_counter *ret);
/* The key of a name or pattern in this instance. */
uint64_t kernel_name_key(const struct kernel *kernel, const char *text);
/* bpf_jiffies64, as nearly as user space can tell. */
uint64_t kernel_tick_now(void);
/* Seconds until a tick of the programs' clock, less than 0 when it is over; good to a second
 * or so, for people. */
int64_t kernel_seconds_until(uint64_t tick);
/* Forgets what ended: programs only replace a subject's own, and subjects come and go. */
int kernel_sweep_learned(struct kernel *kernel);
/*
 * What programs want the agent to resolve, because the answer could not be read from its
 * stream: kernel_wanted_fd is readable then, and kernel_take_wanted calls @visit for each.
 */
int kernel_wanted_fd(const struct kernel *kernel);
int kernel_take_wanted(struct kernel *kernel, void (*visit)(void *context, const struct egret_wanted *wanted),
		       void *context);
/* An address of the name that was wanted, as if its answer had been read. */
int kernel_teach(struct kernel *kernel, const struct compiled *compiled, const struct egret_wanted *wanted,
		 const struct egret_addr *addr, uint32_t ttl_sec);
void kernel_count_lesson(struct kernel *kernel, uint32_t kind);
int kernel_each_existing(const struct kernel *kernel,
			 int (*visit)(void *context, uint64_t cookie, const struct egret_existing *value),
			 void *context);
/* NULL: it ended. */
int kernel_set_existing(struct kernel *kernel, uint64_t cookie, const struct egret_existing *value);

/* A first packet, and who sends it. */
struct kernel_packet {
	struct egret_addr addr;
	uint8_t l4_proto;
	uint16_t port; /* 0 where the protocol has none */
	uint32_t classes;
	uint64_t scope;                    /* cookie of the network namespace; 0 = nothing was learned there */
	const struct egret_lesson *lesson; /* counts beside what was learned; NULL = none */
	uint64_t now_tick;                 /* kernel_tick_now */
};
/* What the programs would say, read from the maps themselves. */
int kernel_decide(const struct kernel *kernel, const struct kernel_packet *packet, struct judgement *ret);
/* What a trusted answer with @addr for @name would teach by the policy that rules; of rule_names both are 0 where
 * that is nothing. */
int kernel_lesson_of(const struct kernel *kernel, const char *name, const struct egret_addr *addr,
		     struct egret_lesson *ret);

/* Does a name or pattern of the policy speak for it? */
bool kernel_name_has_rule(const struct kernel *kernel, const char *name);

/* egret_dest.name of an address that the agent resolved: an index into `names`; 0 = none. */
uint32_t kernel_addr_name(const struct kernel *kernel, const struct egret_addr *addr);
/* What the running policy makes this address ask of a name. */
int kernel_addr_need(const struct kernel *kernel, const struct egret_addr *addr, enum egret_need *ret);
/* Addresses that the agent resolved, and that @name (an index into `names`) may not bring in by @rule, which
 * would allow it something. */
void kernel_each_special(const struct kernel *kernel,
			 void (*visit)(void *context, const struct egret_addr *addr, uint32_t name, uint32_t rule),
			 void *context);

/* How full a map is, for `status`. */
struct kernel_map_fill {
	const char *name;
	uint32_t entries, max_entries;
	uint64_t memory_bytes; /* as the kernel charges it; 0 = it does not say */
	bool sized_to_policy;  /* made with as much room as the policy needs: it may well be full */
};
#define KERNEL_MAP_FILLS 32
size_t kernel_map_fill(const struct kernel *kernel, struct kernel_map_fill ret[static KERNEL_MAP_FILLS]);

#endif
