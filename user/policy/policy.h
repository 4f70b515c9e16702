/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The policy as a model: what the rules files say, after variables and `use`,
 * before any name is resolved. Knows nothing of BPF, DNS or the kernel.
 *
 * A policy owns all its strings and arrays; policy_free takes NULL.
 */
#ifndef EGRET_POLICY_H
#define EGRET_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "../base/addr.h"
#include "../base/diag.h"
#include "egret_device.h"
#include "egret_family.h"
#include "egret_limits.h"
#include "egret_nat64.h"

enum policy_dest_kind {
	POLICY_DEST_CIDR,    /* an address is a /128 of the mapped form */
	POLICY_DEST_NAME,    /* exact */
	POLICY_DEST_PATTERN, /* "*.x": name holds x */
};

struct policy_dest {
	enum policy_dest_kind kind;
	struct cidr cidr;
	char *name; /* lower case, no trailing dot; NULL for a CIDR */
};

struct policy_port {
	uint8_t l4_proto; /* IPPROTO_TCP, _UDP, _SCTP, _ICMP (both families), or EGRET_L4_ANY */
	uint8_t app;      /* enum egret_app: https:N and http:N are TCP */
	uint16_t lo, hi;  /* 0..65535 where the protocol has no ports */
};

enum policy_class_kind {
	POLICY_FOR_ALL,
	POLICY_FOR_HOST,
	POLICY_FOR_PODS,
	POLICY_FOR_HOSTNETWORK,          /* pods' sockets in the node's network namespace */
	POLICY_FOR_PODS_NOT_HOSTNETWORK, /* all other sockets of pods */
	POLICY_FOR_CGROUP,
};

struct policy_class {
	enum policy_class_kind kind;
	char *path; /* POLICY_FOR_CGROUP: absolute below the cgroup root, else NULL */
};

/* One `allow` or `deny` line; a list in the destination gives several dests. */
struct policy_rule {
	uint8_t action; /* EGRET_ALLOW or EGRET_DENY */
	struct policy_dest *dests;
	size_t dest_count;
	struct policy_port *ports; /* a deny without ports has one EGRET_L4_ANY */
	size_t port_count;
	struct policy_class class;
	bool audit;    /* `audit allow`, `audit deny`: what it would change is counted, and nothing else */
	bool private;  /* its names may bring in private addresses */
	bool floor;    /* from a floor file (node.rules): what a node needs to live; never of `audit` */
	char *text;    /* as written, blanks folded to one, without the comment */
	char *purpose; /* the comment behind the rule, or "" */
	char *file;
	unsigned int line;
};

/* `require DEST... PROTO:PORT`: one of the destinations must answer */
struct policy_require {
	struct policy_dest *dests; /* at least one; never a pattern, never wider than one address */
	size_t dest_count;
	struct policy_port port; /* one port */
	char *file;
	unsigned int line;
};

struct policy_resolver {
	bool system;                   /* the nameservers of /etc/resolv.conf, read by resolve/ */
	struct zoned_addr server;      /* else */
	struct policy_class served_by; /* whose sockets may speak in its name; host where the line does not say */
	bool says_served;              /* the line does */
	char *file;
	unsigned int line;
};

/* What was read: another one in its place has another inode, a written one another time. */
struct policy_file {
	char *path;
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
	char *fault; /* of a rules file: how others may change it, and what to do; NULL = in no way */
};

/* A rules file as it was read. */
struct policy_text {
	char **paths; /* by which it was found: more than one where a link leads to it, too */
	size_t path_count;
	char *text;
	size_t len_bytes;
	bool hidden; /* findings do not quote its lines */
};

/* A list of them; all is malloc'd, and so is each path. */
struct policy_files {
	struct policy_file *all;
	size_t count;
};

struct policy_settings {
	uint32_t min_ttl_sec;         /* 900 */
	uint32_t max_ttl_sec;         /* 86400 */
	bool keep_existing;           /* true */
	bool audit;                   /* of everybody; false */
	struct policy_class *audited; /* else of these: `set mode = audit for` */
	size_t audited_count;
	bool off;              /* nothing is governed, whatever else the files say; false */
	bool floor;            /* true */
	bool dns_names;        /* only names of the policy may be asked for; false */
	bool stale_floor;      /* without an agent only the floor passes; false */
	uint32_t stale_sec;    /* how long it may be gone before that; 300 */
	struct cidr *internal; /* no name brings these in */
	size_t internal_count;
	struct cidr *service_ranges;
	size_t service_range_count;
	struct egret_nat64 nat64;      /* 64:ff9b::/96 */
	enum egret_layers_mode layers; /* enforce */
	bool says_layers;              /* the files have it; else the agent may know a reason for audit */
	bool deny_unlooked;            /* false */
	char **overlays;               /* names of devices; one that ends in `*` names all that begin so */
	size_t overlay_count;
	uint64_t families;                          /* of pods' sockets, as egret_settings.families */
	enum egret_foreign_sources foreign_sources; /* host */
};

struct policy {
	struct policy_rule *rules;
	size_t rule_count;
	struct policy_resolver *resolvers;
	size_t resolver_count;
	struct policy_dest *askables; /* names on `resolver` lines: may be asked for, whatever the rules say */
	size_t askable_count;
	struct policy_require *requires;
	size_t require_count;
	struct policy_settings settings;
	struct policy_file
	    *files; /* every file that it stands on, rules in the order of reading: what a reload watches */
	size_t file_count;
	struct policy_text *texts; /* of the rules files among them */
	size_t text_count;
	uint64_t text_hash; /* of all that was read, and of the definitions: another text, another policy */
};

struct policy_define {
	const char *name, *value; /* -D name=value: wins over `set` */
};

struct policy_options {
	const char *const *paths; /* rules files, in order */
	size_t path_count;
	const struct policy_define *defines;
	size_t define_count;
	/* Where `use` looks after the folder of the using file; colon-separated; may be NULL. */
	const char *rules_path;
	/* Not NULL: these are read, by the paths that they have, and nothing from the disk. With the other
	 * options of then, the texts of a policy give that policy once more. */
	const struct policy_text *texts;
	size_t text_count;
};

/*
 * Reads, parses and validates. All findings go to @diag. 0 and a policy if
 * there is no error (warnings may be there); -EINVAL if there is one; -ENOMEM.
 * *ret is untouched on failure. `set mode = off` wins over every error: they become
 * warnings, and the policy holds what could be read.
 */
int policy_load(const struct policy_options *options, struct policy **ret, struct diag *diag);
/* The same. On failure @ret_files, all zero before, has what was read all the same: a better text may be
 * waited for there. */
int policy_load_watched(const struct policy_options *options, struct policy **ret, struct policy_files *ret_files,
			struct diag *diag);
/* Replaces what @ret holds by a copy of what @policy stands on. -ENOMEM. */
int policy_files_copy(const struct policy *policy, struct policy_files *ret);
void policy_files_clear(struct policy_files *files);
/* The same as policy_load for one file that is already in memory; @name stands in messages. */
int policy_load_text(const char *name, const char *text, size_t len_bytes, const struct policy_options *options,
		     struct policy **ret, struct diag *diag);
/*
 * Who is to be asked for the policy's names, each once, in its order: @system stands for `resolver system`, and for
 * a policy that has no resolver. *ret is malloc'd. -ENOMEM.
 */
int policy_servers(const struct policy *policy, const struct zoned_addr *system, size_t system_count,
		   struct zoned_addr **ret, size_t *ret_count);
bool class_is_same(const struct policy_class *a, const struct policy_class *b);
/* Another file that a reload watches, though no rules are in it; before it is read. -ENOMEM. */
int policy_stands_on(struct policy *policy, const char *path);
void policy_free(struct policy *policy);
/* Each setting with its value, as `set` takes it; "" = there is none. -ENOMEM. */
typedef void (*policy_setting_visit)(void *context, const char *name, const char *value, bool is_default);
int policy_each_setting(const struct policy *policy, policy_setting_visit visit, void *context);
/* Warns of rules files that others may change. */
void policy_report_files(const struct policy *policy, struct diag *diag);
/* The first of these; "" = there is none. */
const char *policy_files_fault(const struct policy *policy);
/* Does it allow anything of a node.rules? */
bool policy_has_floor(const struct policy *policy);

/* RFC 1035 names as the policy knows them: lower case, no trailing dot, LDH
 * and underscore labels. *ret is malloc'd. -EINVAL, with the reason in @why. */
int policy_name_normalise(const char *text, size_t len, char **ret, const char **why);
/* Does exact name @name lie under the destination? "*.x" takes one or more whole
 * labels below x, never x. */
bool policy_dest_matches_name(const struct policy_dest *dest, const char *name);

/* "tcp:443", "https:443", "udp:8000-8999", "icmp", "any": one port, no list. -EINVAL. */
int policy_port_parse(const char *text, struct policy_port *ret);
/* Both return @buf. */
const char *policy_port_format(const struct policy_port *port, char buf[static 24]);
const char *policy_dest_format(const struct policy_dest *dest, char buf[static 256]);
/* What stands behind `for`: "host", "pods", "cgroup /PATH"; "" for all. Returns @buf. */
#define POLICY_CLASS_TEXT_SIZE (EGRET_PATH_SIZE + 8)
const char *policy_class_format(const struct policy_class *class, char buf[static POLICY_CLASS_TEXT_SIZE]);
/* "a.example tcp:443", "a.example or 1 other tcp:443": for messages, so short. */
#define POLICY_REQUIRE_TEXT_SIZE 320
const char *policy_require_format(const struct policy_require *require, char buf[static POLICY_REQUIRE_TEXT_SIZE]);

#endif
