// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/handle.h"
#include "subject/cgroup.h"
#include "subject/pod.h"
#include "egret_limits.h"
#include "egret_reasons.h"

#define CPUS        2
#define MAX_ENTRIES 96
#define MAX_VALUE   8192
/* Numbers that no real descriptor has, so that close() does nothing. */
#define FD_MAPS  0x10000000
#define FD_INNER 0x20000000
#define FD_LINKS 0x30000000

struct make {
	enum bpf_map_type type;
	uint32_t max_entries;
};

/* As bpf/maps.h and kernel/ make them, of tables the inner map; arrays are small here. Those that are not
 * named are hashes of 1024. Keys and values are as EGRET_MAPS says. */
static const struct make unusual[MAP_COUNT] = {
    [MAP_addrs] = {BPF_MAP_TYPE_ARRAY, 1 << 20},
    [MAP_cidrs] = {BPF_MAP_TYPE_LPM_TRIE, 16},
    [MAP_ports] = {BPF_MAP_TYPE_ARRAY, 128},
    [MAP_rules] = {BPF_MAP_TYPE_ARRAY, 64},
    [MAP_texts] = {BPF_MAP_TYPE_ARRAY, 64},
    [MAP_lists] = {BPF_MAP_TYPE_HASH, 64},
    [MAP_config] = {BPF_MAP_TYPE_ARRAY, 1},
    [MAP_meta] = {BPF_MAP_TYPE_ARRAY, 1},
    [MAP_hits] = {BPF_MAP_TYPE_ARRAY, 128},
    [MAP_paths] = {BPF_MAP_TYPE_HASH, 64},
    [MAP_sets] = {BPF_MAP_TYPE_ARRAY, 64},
    [MAP_sockets] = {BPF_MAP_TYPE_SK_STORAGE, 0},
    [MAP_counters] = {BPF_MAP_TYPE_PERCPU_ARRAY, 128},
    [MAP_reasons] = {BPF_MAP_TYPE_PERCPU_ARRAY, 2 * EGRET_REASONS_AUDITED},
    [MAP_queries] = {BPF_MAP_TYPE_SK_STORAGE, 0},
    [MAP_streams] = {BPF_MAP_TYPE_SK_STORAGE, 0},
    [MAP_windows] = {BPF_MAP_TYPE_SK_STORAGE, 0},
    [MAP_wanted] = {BPF_MAP_TYPE_RINGBUF, EGRET_WANTED_BYTES},
    [MAP_fill] = {BPF_MAP_TYPE_ARRAY, EGRET_FILLS},
    [MAP_spare] = {BPF_MAP_TYPE_QUEUE, EGRET_MAX_SHARES},
    [MAP_turns] = {BPF_MAP_TYPE_QUEUE, EGRET_MAX_SHARES},
    [MAP_lessons] = {BPF_MAP_TYPE_PERCPU_ARRAY, EGRET_LESSON_COUNT},
    [MAP_late] = {BPF_MAP_TYPE_ARRAY, 1},
    [MAP_epoch] = {BPF_MAP_TYPE_ARRAY, 1},
    [MAP_devices] = {BPF_MAP_TYPE_HASH, EGRET_MAX_DEVICES},
    [MAP_overlays] = {BPF_MAP_TYPE_HASH, EGRET_MAX_OVERLAYS},
    [MAP_device_owners] = {BPF_MAP_TYPE_HASH, EGRET_MAX_DEVICES},
    [MAP_refusals] = {BPF_MAP_TYPE_LRU_HASH, EGRET_MAX_REFUSALS},
    [MAP_completions] = {BPF_MAP_TYPE_HASH, EGRET_MAX_COMPLETIONS},
    [MAP_strangers] = {BPF_MAP_TYPE_LRU_HASH, EGRET_MAX_STRANGERS},
    [MAP_senders] = {BPF_MAP_TYPE_LRU_HASH, EGRET_MAX_SENDERS},
    [MAP_looks] = {BPF_MAP_TYPE_PERCPU_ARRAY, EGRET_LAYER_COUNT *EGRET_LOOKS_OF_LAYER},
};

struct entry {
	int map;
	unsigned char key[64];
	unsigned char *value;
};

static struct fake {
	struct map {
		enum bpf_map_type type;
		uint32_t key_size, value_size, max_entries;
	} maps[MAP_COUNT];
	int broken[MAP_COUNT]; /* errno of each look-up, 0 = none */
	struct entry entries[MAX_ENTRIES];
	size_t count;
	bool dead_links[HOOK_COUNT];
	char cgroup_path[512], instance[128];
	int config_fd;
	bool odd; /* fake_is_whole */
	int sleeps;
} fake = {.config_fd = -1};

/* --- what the input says --- */

struct input {
	const uint8_t *at;
	size_t left;
};

static size_t take(struct input *input, void *to, size_t len)
{
	len = len < input->left ? len : input->left;
	if (len)
		memcpy(to, input->at, len);
	input->at += len;
	input->left -= len;
	return len;
}

static unsigned int take_byte(struct input *input)
{
	uint8_t byte = 0;

	take(input, &byte, 1);
	return byte;
}

static unsigned int take_short(struct input *input)
{
	unsigned int low = take_byte(input);

	return low | take_byte(input) << 8;
}

/* Of a map that has one for each CPU, all of them. */
static size_t value_size(int map)
{
	return fake.maps[map].value_size * (fake.maps[map].type == BPF_MAP_TYPE_PERCPU_ARRAY ? CPUS : 1);
}

static bool is_array(int map)
{
	return fake.maps[map].type == BPF_MAP_TYPE_ARRAY || fake.maps[map].type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static struct entry *find(int map, const void *key)
{
	/* Buckets are found by a hash, CIDRs by their prefix: here any entry answers. */
	bool any = map == MAP_addrs || map == MAP_cidrs;

	for (size_t i = 0; i < fake.count; i++)
		if (fake.entries[i].map == map && (any || !memcmp(fake.entries[i].key, key, fake.maps[map].key_size)))
			return &fake.entries[i];
	return NULL;
}

static struct entry *find_or_add(int map, const void *key, int fill)
{
	struct entry *entry = find(map, key);

	if (entry || fake.count == MAX_ENTRIES)
		return entry;
	entry = &fake.entries[fake.count++];
	entry->map = map;
	memcpy(entry->key, key, fake.maps[map].key_size);
	/* What is written before a record changes the map's size stays within it. */
	entry->value = malloc(CPUS * MAX_VALUE);
	if (!entry->value)
		abort();
	memset(entry->value, fill, CPUS * MAX_VALUE);
	return entry;
}

/*
 * key, fill, offset (16 bit), length, bytes: they are written over the value at the offset;
 * a new value is made of `fill`. Keys are one byte, that of a drop is written out.
 */
static void read_value(struct input *input, int map)
{
	unsigned char key[64] = {0};
	unsigned int fill, offset, len;
	struct entry *entry;

	take(input, key, map == MAP_drops || map == MAP_flows ? fake.maps[map].key_size : 1);
	fill = take_byte(input);
	offset = take_short(input);
	len = take_byte(input);
	entry = find_or_add(map, key, fill);
	if (entry && value_size(map)) {
		offset %= value_size(map);
		if (len > value_size(map) - offset)
			len = value_size(map) - offset;
		take(input, entry->value + offset, len);
	}
}

static void read_text(struct input *input, char *text, size_t size)
{
	size_t len = take_byte(input);

	text[take(input, text, len < size ? len : size - 1)] = '\0';
}

/* Bytes behind the places of maps: what is wrong with the maps themselves. */
enum record { RECORD_LINK = MAP_COUNT, RECORD_BROKEN, RECORD_SIZE, RECORD_FILL, RECORD_PATH, RECORD_INSTANCE, RECORDS };

static void read_record(struct input *input)
{
	unsigned int record = take_byte(input) % RECORDS, map;

	switch (record) {
	case RECORD_LINK:
		fake.dead_links[take_byte(input) % HOOK_COUNT] = true;
		return;
	case RECORD_BROKEN:
		map = take_byte(input) % MAP_COUNT;
		fake.broken[map] = 1 + take_byte(input) % 40;
		fake.odd = true;
		return;
	case RECORD_SIZE:
		map = take_byte(input) % MAP_COUNT;
		fake.maps[map].value_size = 1 + take_short(input) % MAX_VALUE;
		fake.odd = true;
		return;
	case RECORD_FILL:
		map = take_byte(input) % MAP_COUNT;
		take(input, &fake.maps[map].max_entries, sizeof(fake.maps[map].max_entries));
		fake.odd = true;
		return;
	case RECORD_PATH:
		read_text(input, fake.cgroup_path, sizeof(fake.cgroup_path));
		return;
	case RECORD_INSTANCE:
		read_text(input, fake.instance, sizeof(fake.instance));
		return;
	default:
		read_value(input, record);
	}
}

static void write_config(void)
{
	struct egret_config config = {0};
	const struct entry *entry = find(MAP_config, &(uint32_t){0});

	if (fake.config_fd < 0)
		fake.config_fd = memfd_create("config", MFD_CLOEXEC);
	if (entry)
		memcpy(&config, entry->value, sizeof(config));
	if (pwrite(fake.config_fd, &config, sizeof(config), 0) != sizeof(config))
		abort();
}

void fake_start(const uint8_t *data, size_t size)
{
	struct input input = {data, size};

	for (int i = 0; i < MAP_COUNT; i++) {
		struct make make = unusual[i].type ? unusual[i] : (struct make){BPF_MAP_TYPE_HASH, 1024};

		fake.maps[i] =
		    (struct map){make.type, map_shapes[i].key_size, map_shapes[i].value_size, make.max_entries};
	}
	while (input.left)
		read_record(&input);
	write_config();
}

void fake_end(void)
{
	int config_fd = fake.config_fd;

	for (size_t i = 0; i < fake.count; i++)
		free(fake.entries[i].value);
	memset(&fake, 0, sizeof(fake));
	fake.config_fd = config_fd;
}

size_t fake_drops(void)
{
	size_t count = 0;

	for (size_t i = 0; i < fake.count; i++)
		count += fake.entries[i].map == MAP_drops;
	return count;
}

size_t fake_texts(void)
{
	uint32_t index = 0;
	const struct entry *entry;

	while (index < fake.maps[MAP_texts].max_entries && (entry = find(MAP_texts, &index)) && entry->value[0])
		index++;
	return index;
}

bool fake_is_whole(void)
{
	return !fake.odd;
}

/* --- libbpf --- */

static int fail_with(int error)
{
	errno = error;
	return -error;
}

/* The map behind a descriptor, or -1; @ret_inner: the table itself, not the array of its slots. */
static int map_of(int fd, bool *ret_inner)
{
	int map = fd == fake.config_fd ? MAP_config : fd & 0xff;

	*ret_inner = (fd & 0x70000000) == FD_INNER || (map < MAP_COUNT && !map_is_table((enum kernel_map)map));
	return map < MAP_COUNT ? map : -1;
}

int bpf_obj_get(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	for (int i = 0; i < HOOK_COUNT; i++) {
		size_t len = strlen(hooks[i].kind->pin);

		if (!strncmp(name, hooks[i].kind->pin, len) && name[len] == '_' &&
		    !strcmp(name + len + 1, hooks[i].name))
			return FD_LINKS + i;
	}
	for (int i = 0; i < MAP_COUNT; i++)
		if (!strncmp(name, "map_", 4) && !strcmp(name + 4, map_shapes[i].name))
			return i == MAP_config ? dup(fake.config_fd) : FD_MAPS + i;
	return fail_with(ENOENT);
}

/* A reader's descriptor of the configuration is a copy of the fake's. */
static int map_of_any(int fd, bool *ret_inner)
{
	return map_of(fd < FD_MAPS ? fake.config_fd : fd, ret_inner);
}

static int info_of_link(int hook, struct bpf_link_info *ret)
{
	ret->cgroup.cgroup_id = !fake.dead_links[hook];
	return 0;
}

int bpf_obj_get_info_by_fd(int fd, void *info, __u32 *len)
{
	struct bpf_map_info *ret = info;
	bool inner;
	int map = map_of_any(fd, &inner);

	(void)len;
	if ((fd & 0x70000000) == FD_LINKS)
		return info_of_link(fd & 0xff, info);
	if (map < 0)
		return fail_with(EBADF);
	ret->id = (__u32)map + 1;
	ret->type = inner ? fake.maps[map].type : BPF_MAP_TYPE_ARRAY_OF_MAPS;
	ret->key_size = inner ? fake.maps[map].key_size : sizeof(uint32_t);
	ret->value_size = inner ? fake.maps[map].value_size : sizeof(uint32_t);
	ret->max_entries = inner ? fake.maps[map].max_entries : 2;
	return 0;
}

int bpf_map_get_fd_by_id(__u32 id)
{
	return FD_INNER + id;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	const struct entry *entry;
	bool inner;
	int map = map_of_any(fd, &inner);

	if (map < 0)
		return fail_with(EBADF);
	if (fake.broken[map])
		return fail_with(fake.broken[map]);
	if (!inner) {
		memcpy(value, &(uint32_t){map}, sizeof(uint32_t));
		return 0;
	}
	if (is_array(map) && *(const uint32_t *)key >= fake.maps[map].max_entries)
		return fail_with(ENOENT);
	entry = find(map, key);
	if (!entry && !is_array(map))
		return fail_with(ENOENT);
	if (entry)
		memcpy(value, entry->value, value_size(map));
	else
		memset(value, 0, value_size(map));
	return 0;
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	struct entry *entry;
	bool inner;
	int map = map_of_any(fd, &inner);

	(void)flags;
	if (map < 0 || !inner || fake.broken[map])
		return fail_with(EINVAL);
	entry = find_or_add(map, key, 0);
	if (!entry)
		return fail_with(ENOSPC);
	memcpy(entry->value, value, value_size(map));
	return 0;
}

int bpf_map_get_next_key(int fd, const void *key, void *next_key)
{
	const struct entry *entry;
	bool inner;
	int map = map_of_any(fd, &inner);

	if (map < 0 || fake.broken[map])
		return fail_with(map < 0 ? EBADF : fake.broken[map]);
	entry = key ? find(map, key) : NULL;
	for (size_t i = entry ? entry - fake.entries + 1 : 0; i < fake.count; i++) {
		if (fake.entries[i].map != map)
			continue;
		memcpy(next_key, fake.entries[i].key, fake.maps[map].key_size);
		return 0;
	}
	return fail_with(ENOENT);
}

int libbpf_num_possible_cpus(void)
{
	return CPUS;
}

/* --- the system; the linker leads calls here by --wrap, whose names these are --- */

int __wrap_usleep(unsigned int usec);
int __wrap_cgroup_path_of_id(uint64_t id, char *buf, size_t size);
int __wrap_cgroup_open(const char *path, int *ret_fd, struct error *error);
bool __wrap_pod_of_path(const char *path, const char *logs, struct pod *ret);
bool __real_pod_of_path(const char *path, const char *logs, struct pod *ret);
bool __wrap_kernel_is_held(const char *instance);
int __wrap_kernel_each_instance(void (*visit)(void *context, const char *instance), void *context);
int __wrap_kernel_detach(const char *instance, struct error *error);
int __wrap_kernel_claim(const char *instance, enum kernel_claim how, struct kernel **ret, struct error *error);
int __wrap_kernel_check_pins(struct error *error);
int __wrap_tree_kubepods(int (*visit)(void *context, const char *path), void *context);
void __wrap_kubelet_each(void (*visit)(void *context, const char *cgroup_path), void *context);

/* `drops --follow` sleeps between its looks: meanwhile each denial goes on, and at last the map is gone. */
int __wrap_usleep(unsigned int usec)
{
	(void)usec;
	for (size_t i = 0; i < fake.count; i++)
		if (fake.entries[i].map == MAP_drops)
			fake.entries[i].value[offsetof(struct egret_drop_row, drop.packets)]++;
	if (++fake.sleeps == 2)
		fake.broken[MAP_drops] = EBADF;
	return 0;
}

/* Who may make cgroups chooses their names: any byte but a slash. */
int __wrap_cgroup_path_of_id(uint64_t id, char *buf, size_t size)
{
	if (!fake.cgroup_path[0] || id % 4 == 3)
		return -ENOENT;
	snprintf(buf, size, "/%s", fake.cgroup_path);
	return 0;
}

/* A descriptor in which nothing can be opened or removed. */
int __wrap_cgroup_open(const char *path, int *ret_fd, struct error *error)
{
	if (strlen(path) % 5 == 4)
		return error_set(error, -ENOENT, "there is no cgroup %s", path);
	*ret_fd = dup(fake.config_fd);
	return 0;
}

bool __wrap_pod_of_path(const char *path, const char *logs, struct pod *ret)
{
	return __real_pod_of_path(path, logs ? logs : "nowhere", ret);
}

int __wrap_tree_kubepods(int (*visit)(void *context, const char *path), void *context)
{
	char path[CGROUP_PATH_SIZE];

	if (__wrap_cgroup_path_of_id(0, path, sizeof(path)))
		return 0;
	return visit(context, path);
}

void __wrap_kubelet_each(void (*visit)(void *context, const char *cgroup_path), void *context)
{
	visit(context, "/system.slice/kubelet.service");
}

bool __wrap_kernel_is_held(const char *instance)
{
	return strlen(instance) % 2;
}

int __wrap_kernel_each_instance(void (*visit)(void *context, const char *instance), void *context)
{
	visit(context, "exec-2147483646"); /* no process has this id */
	if (fake.instance[0])
		visit(context, fake.instance);
	return 0;
}

int __wrap_kernel_detach(const char *instance, struct error *error)
{
	return strlen(instance) % 2 ? 0 : error_set(error, -ENOENT, "no instance %s", instance);
}

/* What there is to collect is folders, which the fake has none of. */
int __wrap_kernel_claim(const char *instance, enum kernel_claim how, struct kernel **ret, struct error *error)
{
	(void)how;
	(void)ret;
	return error_set(error, -EBUSY, "instance %s is held", instance);
}

int __wrap_kernel_check_pins(struct error *error)
{
	(void)error;
	return 0;
}
