/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Random policies over a small world of names, addresses and ports, so that most of
 * what is drawn meets something. One seed gives one run.
 */
#ifndef EGRET_RANDOM_H
#define EGRET_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "egret_subject.h"
#include "model.h"

/* $EGRET_SEED, or the time; prints it as a note, so that a failure can be had again. */
uint64_t random_start(const char *what, unsigned long count);
uint32_t random_below(uint32_t limit);
#define RANDOM_OF(array) ((array)[random_below(sizeof(array) / sizeof((array)[0]))])

/* Do random rules have `audit` before some of them? Whoever knows what such a line lets pass sets it. */
extern bool random_audit_lines;
/* Rules of every kind, with the floor off. */
void random_policy(char *text, size_t size);
/* One rule more, behind @text. */
void random_rule(char *text, size_t size);
/* Which names of the world have which addresses: "a.x 20.0.0.1 2603:1000::1\n". */
void random_names(char *text, size_t size);
const char *random_name(void);
const char *random_addr(void);
/* Protocol and port. */
void random_port(struct model_packet *packet);

#define RANDOM_MAX_NAMES  16
#define RANDOM_MAX_ADDRS  8
#define RANDOM_MAX_GROUPS 3

/* What random_names wrote, parsed; names point into text. */
struct random_names {
	struct model_name names[RANDOM_MAX_NAMES];
	struct egret_addr addrs[RANDOM_MAX_NAMES][RANDOM_MAX_ADDRS];
	size_t count;
	char text[1024];
};
int random_names_parse(struct random_names *names, const char *text);

/* In the words of include/egret_subject.h. */
struct random_subject {
	const char *path;
	enum egret_kind kind;
};

/* A subject, also in the model's words, into @packet; @cgroups are those that the policy names. */
struct random_subject random_subject(const char *const *cgroups, size_t cgroup_count, struct model_packet *packet,
				     const char *groups[RANDOM_MAX_GROUPS]);

#endif
