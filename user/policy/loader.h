/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of policy/ share while rules files are read. Private to policy/.
 *
 * Errors: a function that returns -EINVAL has reported its finding; the load
 * goes on with the next line, so that one run shows all of them. -ENOMEM ends it.
 */
#ifndef EGRET_POLICY_LOADER_H
#define EGRET_POLICY_LOADER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* A failed insertion leaves hh.tbl NULL instead of ending the process. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "arena.h"
#include "policy.h"
#include "egret_limits.h"

/* A piece of a line, not NUL-terminated. */
struct word {
	const char *text;
	size_t len;
	unsigned int column;
	bool expanded; /* came out of a variable: all of it stands at @column */
};

struct words {
	struct word *items;
	size_t count, capacity;
};

struct source_id {
	dev_t dev;
	ino_t ino;
};

/* One rules file. In the arena. */
struct source {
	const char *path;
	const struct source *user; /* the file that uses it, or NULL */
	unsigned int depth;        /* 1 = named by the person */
	bool floor;
	bool hidden;  /* its text is not for everybody's eyes: findings do not quote it */
	bool reading; /* not read to its end yet */
	size_t text;  /* its index in policy->texts */
	struct source_id id;
	UT_hash_handle hh;
};

struct variable {
	const char *name;
	const struct word *values;
	size_t count; /* 0 = its `set` was wrong, and was reported */
	const struct source *source;
	unsigned int line, column;
	bool setting, used;
	UT_hash_handle hh;
};

struct seen_rule {
	const char *text; /* the rule's own */
	const struct source *source;
	unsigned int line;
	UT_hash_handle hh;
};

struct loader {
	const struct policy_options *options;
	struct policy *policy;
	struct diag *diag;
	struct arena arena;

	const struct source *source; /* what is being read: findings stand there */
	unsigned int line;

	struct source *sources;
	struct variable *variables;
	struct seen_rule *seen_rules;
	struct words raw, words; /* of the present line: as written, and without variables */
	const struct word *used; /* by the present line: a file that is to be read next; NULL = none */

	size_t rule_capacity, resolver_capacity, askable_capacity, require_capacity, file_capacity, text_capacity,
	    overlay_capacity, audited_capacity;
	size_t expansions, dests; /* tried so far, for the limits */
	bool too_many_rules;
	const struct source *hidden_told; /* once a file is enough */
	const char *cgroups[EGRET_MAX_NAMED_CGROUPS];
	size_t cgroup_count;
	unsigned int suggestions_left;
};

/* One line with a statement in it. */
struct statement {
	const struct word *words; /* as written, the keyword first */
	size_t count;
	struct word text;    /* from the keyword to the last word */
	struct word comment; /* behind the #; len 0 = none */
};

#define EXCERPT_MAX 64
/* Arguments of "%.*s": a word, cut to what fits a message. */
#define EXCERPT(word) (int)((word)->len < EXCERPT_MAX ? (word)->len : EXCERPT_MAX), (word)->text

/* loader.c */
struct diag_place loader_place(const struct loader *loader, unsigned int column);
#define report(loader, column, ...)                                                                                    \
	((loader)->source && (loader)->source->hidden                                                                  \
	     ? report_hidden(loader)                                                                                   \
	     : diag_add((loader)->diag, DIAG_ERROR, loader_place(loader, column), __VA_ARGS__))
/* A finding in a file whose lines are not quoted. */
void report_hidden(struct loader *loader);
/* Room for @need items; NULL without memory, and @items is as it was. */
void *reserve(void *items, size_t *capacity, size_t need, size_t item_bytes);
int words_add(struct words *words, struct word word);
struct word word_part(const struct word *word, size_t offset, size_t len);
bool word_is(const struct word *word, const char *text);
/* The next part of a list with commas, from *offset on; false at the end. */
bool word_next_item(const struct word *word, size_t *offset, struct word *ret);
/* Each of @words, and each part of one that is a list with commas. The error that counts. */
int each_item(struct loader *loader, const struct word *words, size_t count,
	      int (*take)(struct loader *loader, const struct word *word));
/* The first error counts, but lack of memory before all. */
int worse(int a, int b);

/* nearest.c: which known word was meant? */
struct nearest {
	struct loader *loader;
	const struct word *word;
	unsigned int most; /* letters apart; 0 = the longer the word, the more */
	const char *best;  /* NULL = none is near */
	unsigned int distance;
};
void nearest_try(struct nearest *nearest, const char *candidate);

/* line.c */
int line_split(struct loader *loader, const char *text, size_t len, struct statement *ret);

/* statement.c */
int statement_parse(struct loader *loader, const struct statement *statement);

/* variable.c */
int variable_define(struct loader *loader, const struct policy_define *define);
int variable_set(struct loader *loader, const struct statement *statement);
/* Puts @words, without variables, into loader->words. */
int variable_expand(struct loader *loader, const struct word *words, size_t count);
void variable_report_unused(struct loader *loader);

/* setting.c */
extern const struct policy_settings setting_defaults;
bool setting_is_known(const char *name);
/* The setting that a slip may have missed; NULL = none is near. */
const char *setting_meant(struct loader *loader, const char *name);
/* `${name}` stands for its values, too. */
bool setting_is_variable(const char *name);
bool setting_takes_one(const char *name);
int setting_apply(struct loader *loader, const struct variable *setting);
/* It is set already, which was reported. `off` holds all the same: who opens a node in haste adds
 * a line, and does not look for the one that is there. */
void setting_apply_again(struct loader *loader, const char *name, const struct words *values);
void setting_check(struct loader *loader);

/* class.c: whom the words behind `for` and `served by` say */
struct class_words {
	const struct word *words; /* behind @lead */
	size_t count;
	unsigned int column; /* of @lead */
	const char *lead;
	const char *before; /* what can stand before it, for messages */
};
int class_parse(struct loader *loader, const struct class_words *said, struct policy_class *ret);

/* resolver.c */
int resolver_parse(struct loader *loader, const struct statement *statement);

/* family.c: `set families` */
int families_apply(struct loader *loader, const struct variable *setting);
void families_write(const struct policy_settings *values, FILE *out);

/* audited.c: `set mode = audit for WHOM` */
/* Is it that, and not the mode of all? */
bool audited_is_said(const struct word *setting, const struct words *values);
int audited_parse(struct loader *loader, const struct words *values);
/* After all files: do the lines agree with the mode of all? */
void audited_check(struct loader *loader);
void audited_clear(struct policy_settings *settings);

/* overlay.c */
int overlay_add(struct loader *loader, const struct word *word);

/* foreign.c */
struct way_finding {
	char fault[2 * PATH_MAX + 128]; /* how others may change the file, and what to do; "" = in no way */
	bool by_link;                   /* a symbolic link is on the way */
};
void way_look(const char *path, struct way_finding *ret);

/* text.c: what was read */
/* Adds to policy->texts. -ENOMEM. */
int text_keep(struct loader *loader, const char *path, const char *text, size_t len, bool hidden);
/* The file policy->texts[@index] was found by this path, too. -ENOMEM. */
int text_found_by(struct loader *loader, size_t index, const char *path);
/* Of options->texts; NULL: none of them has that path. */
const struct policy_text *text_find(const struct policy_options *options, const char *path);
void text_clear(struct policy_text *text);

/* source.c */
int source_read_main(struct loader *loader, const char *path);
int source_read_text(struct loader *loader, const char *name, const char *text, size_t len);

/* rule.c */
int rule_parse(struct loader *loader, const struct statement *statement, uint8_t action);
/* `audit allow`, `audit deny` */
int rule_parse_audit(struct loader *loader, const struct statement *statement);
void rule_clear(struct policy_rule *rule);

/* require.c */
int require_parse(struct loader *loader, const struct statement *statement);
void require_clear(struct policy_require *require);

/* dest.c */
int dest_parse(struct loader *loader, const struct word *word, struct policy_dest *ret);
/* `::/0` and its like: holds all of IPv4 in its mapped form. */
bool cidr_swallows_v4(const struct cidr *cidr);

/* port.c */
struct port_list {
	struct policy_port *items;
	size_t count, capacity;
};
int port_list_parse(struct loader *loader, const struct word *word, struct port_list *list);

/* name.c: what is wrong with it, and where; NULL = nothing */
const char *name_fault(const char *text, size_t len, size_t *ret_offset);

#endif
