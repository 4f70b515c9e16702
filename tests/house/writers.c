// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which maps programs write to, by the kernel's own verifier: with BPF_F_RDONLY_PROG (5.2) on a map it refuses a
 * program that updates, deletes, or stores through a look-up. Held against EGRET_MAPS. Nothing is attached or pinned.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "egret.skel.h"
#include "egret_abi.h"

#define REFUSAL "write into map forbidden"

enum writer { AGENT, PROGRAMS, BOTH };

static const struct {
	const char *name;
	enum writer writer;
	const char *other;
} table[] = {
#define ROW(map, kind, writer, key, value, other) {#map, writer, other},
    EGRET_MAPS(ROW)
#undef ROW
};
#define MAPS (sizeof(table) / sizeof(table[0]))

/* The most that 5.10 writes: what it says last is what counts. */
static char log_text[UINT32_MAX >> 8];
static int failed;

static void fail(const char *map, const char *why)
{
	printf("FAIL house: writers of `%s`: %s\n", map, why);
	failed++;
}

/* What sockets store and ring buffers are made for programs to write to; and a value with a lock takes no such flag. */
static bool takes_flag(const struct bpf_map *map)
{
	static const char *const locked[] = {"learned", "known", "shares", "drops", "culprits"};
	enum bpf_map_type type = bpf_map__type(map);

	for (size_t i = 0; i < sizeof(locked) / sizeof(locked[0]); i++) {
		if (!strcmp(bpf_map__name(map), locked[i]))
			return false;
	}
	return type != BPF_MAP_TYPE_SK_STORAGE && type != BPF_MAP_TYPE_RINGBUF;
}

/* Of a policy table, those in the slots. */
static void make_read_only(struct bpf_map *map)
{
	struct bpf_map *inner = bpf_map__inner_map(map);

	if (inner)
		map = inner;
	bpf_map__set_map_flags(map, bpf_map__map_flags(map) | BPF_F_RDONLY_PROG);
}

/* Do the programs load when only @name, or (NULL) each map of the agent's, is not theirs to write to? */
static bool loads_without(const char *name)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .kernel_log_buf = log_text, .kernel_log_size = sizeof(log_text));
	struct egret_bpf *object = egret_bpf__open_opts(&options);
	int rc;

	if (!object) {
		perror("open");
		exit(1);
	}
	for (size_t i = 0; i < MAPS; i++) {
		if (name ? !strcmp(table[i].name, name) : table[i].writer == AGENT)
			make_read_only(bpf_object__find_map_by_name(object->obj, table[i].name));
	}
	log_text[0] = '\0';
	rc = egret_bpf__load(object);
	egret_bpf__destroy(object);
	if (rc && !strstr(log_text, REFUSAL)) {
		printf("FAIL house: writers: the programs do not load at all: %s\n%s\n", strerror(-rc), log_text);
		exit(1);
	}
	return !rc;
}

/* Memory of a call or a packet, or of what is under way for a moment, not of an instance: pinned nowhere. */
static const char *const unpinned[] = {"questions_read", "answers_read", "lives", "looking", "services", "fragmented"};

static bool is_listed(const char *name)
{
	for (size_t i = 0; i < MAPS; i++) {
		if (!strcmp(table[i].name, name))
			return true;
	}
	for (size_t i = 0; i < sizeof(unpinned) / sizeof(unpinned[0]); i++) {
		if (!strcmp(unpinned[i], name))
			return true;
	}
	return strchr(name, '.');
}

static void check_list(void)
{
	struct egret_bpf *object = egret_bpf__open();
	struct bpf_map *map;

	if (!object) {
		perror("open");
		exit(1);
	}
	bpf_object__for_each_map(map, object->obj)
	{
		if (!is_listed(bpf_map__name(map)))
			fail(bpf_map__name(map),
			     "it is in bpf/, and EGRET_MAPS in include/egret_abi.h does not have it");
	}
	for (size_t i = 0; i < MAPS; i++) {
		if (!bpf_object__find_map_by_name(object->obj, table[i].name))
			fail(table[i].name, "EGRET_MAPS in include/egret_abi.h has it, and bpf/ does not");
		if ((table[i].writer == BOTH) != (table[i].other[0] != '\0'))
			fail(table[i].name, "what the other one does stands beside BOTH, and only there");
	}
	egret_bpf__destroy(object);
}

static void check_agents(void)
{
	if (loads_without(NULL))
		return;
	for (size_t i = 0; i < MAPS; i++) {
		if (table[i].writer == AGENT && !loads_without(table[i].name))
			fail(table[i].name,
			     "it is the agent's, and a program writes to it; if that is meant, make it BOTH "
			     "in include/egret_abi.h and say why");
	}
}

static void check_programs(void)
{
	struct egret_bpf *object = egret_bpf__open();

	for (size_t i = 0; object && i < MAPS; i++) {
		if (table[i].writer != AGENT && takes_flag(bpf_object__find_map_by_name(object->obj, table[i].name)) &&
		    loads_without(table[i].name))
			fail(table[i].name, "no program writes to it; make it AGENT in include/egret_abi.h");
	}
	egret_bpf__destroy(object);
}

static int be_silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

int main(void)
{
	libbpf_set_print(be_silent);
	check_list();
	if (!failed)
		check_agents();
	if (!failed)
		check_programs();
	if (!failed)
		printf("ok   house: programs write to the maps that include/egret_abi.h says\n");
	return failed ? 1 : 0;
}
