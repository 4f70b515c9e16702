/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of compile/ share. Private to compile/.
 *
 * A scope is a destination as the rules write it: a CIDR (an address is one of
 * 128 bits), a name or a pattern. Scopes lie in each other, and each holds what it
 * and all around it say, so that nobody has to walk further than to the narrowest
 * scope of a destination. That holds because leaving out covered entries before or
 * after lists are merged gives the same list.
 *
 * Functions with a compiler as argument report findings only while it has a diag:
 * that is, in compile_policy, and not in compiled_address.
 */
#ifndef EGRET_COMPILE_INTERNAL_H
#define EGRET_COMPILE_INTERNAL_H

/* A failed insertion leaves hh.tbl NULL instead of ending the process. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "compile.h"
#include "egret_limits.h"

struct scope {
	const uint32_t *refs; /* its own rules (indices, not ids), in their order */
	uint32_t ref_count;
	bool is_cidr;           /* shows no server name: https:N means tcp:N */
	bool exact_name;        /* asked for by name: no pattern stands in for it */
	struct egret_dest dest; /* denies in the order of the rules, then allows */
};

struct cidr_node {
	struct cidr cidr;
	struct cidr_node *around; /* the narrowest one that holds this one, or NULL */
	struct scope scope;
};

struct name_node {
	const char *text;         /* in compiled->names */
	struct name_node *around; /* the narrowest pattern that covers this one, or NULL */
	struct scope scope;
	uint32_t index; /* in compiled->names */
	/* The index of its first rule that allows. Of a name that only `audit` lines allow, it is the first of these,
	 * and EGRET_MAX_RULES more: they do not change whose rule counts. UINT32_MAX = none. */
	uint32_t first_allow;
	bool askable; /* a `resolver` line has it */
	bool done;
	UT_hash_handle hh;
};

/* A list in the making. */
struct list {
	struct egret_port entries[EGRET_MAX_PORTS_PER_DEST];
	size_t count;
	uint32_t over; /* the id of the rule whose entry found no room, 0 = none */
};

/* One address of one name. */
struct addr_name {
	struct egret_addr addr;
	const struct name_node *node;
};

/* All names of one address, sorted by what allows them first. */
struct addr_names {
	const struct addr_name *all;
	size_t count;
	enum egret_need need; /* of the address */
};

struct intern_slot {
	uint32_t hash, first;
	uint16_t count; /* 0 = free */
};

struct compiler {
	struct compiled *out;
	const struct compile_input *input; /* these three: NULL after compile_policy */
	struct diag *diag;
	uint8_t *told; /* what was reported of each rule, TOLD_* */

	struct intern_slot *slots;
	size_t slot_count, slots_used, port_capacity;

	struct cidr_node *cidrs; /* sorted by address, then prefix */
	size_t cidr_count;
	uint32_t *cidr_refs;

	struct name_node *names; /* in the order of appearance */
	size_t name_count;
	uint32_t *name_refs;
	struct name_node *names_by_text;

	uint32_t *scratch;
	size_t scratch_capacity;
};

/* What a destination has of the one around it. */
#define EGRET_DEST_INHERITED (EGRET_DEST_SERVICE | EGRET_DEST_FLOOR | EGRET_DEST_INTERNAL)

/*
 * rule_text.c: how many rules there are, with the resolvers of the `resolver` lines behind those of the policy,
 * and what each says. @texts and out->resolvers are zeroed and have room for all.
 */
void rule_texts_make(struct compiler *compiler, struct egret_rule_text *texts);

/* rule_id.c: the id of each rule that says this, and whether it is the id that it had. -ENOMEM. */
int rule_ids_give(struct compiler *compiler, const struct egret_rule_text *texts);
/* The generation under which its id got this meaning. */
uint32_t rule_born(const struct compiler *compiler, uint32_t index);

/* place.c: a rule's index is its place among the rules of the policy; orders are by index, never by id. */
uint32_t rule_index(const struct compiler *compiler, uint32_t id);
const struct egret_rule_text *rule_text(const struct compiler *compiler, uint32_t index);
const struct egret_rule *rule_ports(const struct compiler *compiler, uint32_t index);
struct diag_place rule_place(const struct compiler *compiler, uint32_t index);
struct diag_place policy_place(const struct compiler *compiler);
uint8_t rule_action(const struct compiler *compiler, uint32_t index);
/* What a node needs to live: it may not be denied. */
bool rule_is_floor(const struct compiler *compiler, uint32_t index);
#define TOLD_LIMIT      (1 << 0)
#define TOLD_FLOOR      (1 << 1)
#define TOLD_FLOOR_ADDR (1 << 2)
#define TOLD_SHARED     (1 << 3)
/* Is this the first time that @what (TOLD_*) is to be told of the rule? Once is enough: it may list 100,000
 * destinations. */
bool tell_once(struct compiler *compiler, uint32_t index, uint8_t what);

/* intern.c: 0, -ENOMEM, -E2BIG (this list, or all of them). Sets only first and count. */
int list_intern(struct compiler *compiler, const struct list *list, struct egret_dest *ret);

/* limit.c: what list_intern found too big is told, and compiling goes on (0), or it says -E2BIG. */
int limit_report(struct compiler *compiler, const struct list *list, const char *what);

/* list.c */
bool port_covers(const struct compiler *compiler, const struct egret_port *outer, const struct egret_port *inner);
bool port_overlaps(const struct compiler *compiler, const struct egret_port *a, const struct egret_port *b);
/* Who sees @entry, does he see @earlier, too? An `audit` line is seen where it is asked for: allows and denies apart.
 */
bool port_is_seen_with(const struct egret_port *earlier, const struct egret_port *entry);
void list_add(struct list *list, const struct compiler *compiler, struct egret_port entry);
/* All that @scope and @around say by this action. @around may be NULL. */
void list_add_scope(struct list *list, const struct compiler *compiler, const struct scope *scope,
		    const struct egret_dest *around, uint8_t action);
/* EGRET_DEST_AUDIT, where it is so. */
uint16_t list_flags(const struct list *list);
void list_of_scope(struct list *list, const struct compiler *compiler, const struct scope *scope,
		   const struct egret_dest *around);

/* audience.c */
int audiences_begin(struct compiler *compiler);
/* The set that a rule of the policy is for. -EINVAL, told: over a limit. */
int rule_set(struct compiler *compiler, uint32_t index, uint16_t *ret);
/* Adds a class to the set of a resolver, which is the rule @index. *@set: 0 = it has none yet. -EINVAL, told: over a
 * limit. */
int server_set(struct compiler *compiler, uint32_t index, const struct policy_class *class, uint16_t *set);
/* Whom the policy only audits. */
int audited_compile(struct compiler *compiler);
/* All cgroups are known; before it set_covers and set_overlaps know only of those that are equal. */
void audiences_end(struct compiler *compiler);
bool set_covers(const struct compiled *compiled, uint16_t outer, uint16_t inner);
bool set_overlaps(const struct compiled *compiled, uint16_t one, uint16_t other);

/* served.c */
int served_compile(struct compiler *compiler);
/* Is it denied that others speak in the resolver's name? */
bool served_is_strict(const struct compiled *compiled, size_t resolver);

/* rule.c */
int rules_compile(struct compiler *compiler);

/* name.c */
int names_compile(struct compiler *compiler);
/* resolved.c */
int resolved_compile(struct compiler *compiler);
/* What says something of this exact name; NULL = nothing. */
struct name_node *name_find(const struct compiler *compiler, const char *name);

/* cidr.c */
int cidrs_compile(struct compiler *compiler);
/* The narrowest CIDR that holds the address, which may be the address itself. */
struct cidr_node *cidr_find(const struct compiler *compiler, const struct egret_addr *addr);

/* What this address asks of a name's allows. */
enum egret_need addr_need(const struct compiler *compiler, const struct egret_addr *addr);
/* Has the name allows that meet the need? */
bool name_brings_in(const struct compiler *compiler, const struct name_node *node, enum egret_need need);

/* address.c */
int addresses_compile(struct compiler *compiler);

/* finding.c */
int findings_report(struct compiler *compiler);
/* Only of an address that the name does not bring in. */
void finding_special(struct compiler *compiler, const char *name, const struct name_node *node,
		     const struct egret_addr *addr);
/* @list is that of an address, @names are its names. */
void finding_address(struct compiler *compiler, const struct list *list, const struct addr_names *names);

#endif
