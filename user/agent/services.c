// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/addr.h"
#include "../base/clock.h"
#include "../subject/cgroup.h"
#include "../subject/tree.h"
#include "verdicts.h"

/* A client that lost its connection dials again within minutes: client-go waits 30 s at most. */
#define FORGET_NS  (120 * CLOCK_NS_PER_SEC)
#define MAX_TOLD   3
#define OWNER_SIZE 32

struct service_connection {
	struct verdict verdict;
	char owner[OWNER_SIZE];
	uint64_t seen_ns; /* CLOCK_MONOTONIC of the kernel, when it stood last */
	bool missed;      /* no rule allowed it before */
};

static const struct {
	const char *unit, *owner;
} known[] = {
    {"kubelet.service", "the kubelet"},
    {"k3s.service", "k3s"},
    {"k3s-agent.service", "the k3s agent"},
    {"rke2-server.service", "the rke2 server"},
    {"rke2-agent.service", "the rke2 agent"},
    {"containerd.service", "containerd"},
    {"crio.service", "CRI-O"},
    {"docker.service", "Docker"},
    {"cri-docker.service", "cri-dockerd"},
};

static bool is_slice(const char *part)
{
	const char *dot = strrchr(part, '.');

	return dot && !strcmp(dot, ".slice");
}

/*
 * The service that a cgroup below @governed belongs to. NULL: none of them. Only slices lie above a
 * service of the node; what a user (user@1000.service) or a container calls so is none.
 */
static const char *owner_of(const char *path, const char *governed)
{
	char copy[CGROUP_PATH_SIZE], *save = NULL;

	if (!cgroup_path_is_below(path, governed) || tree_path_is_pod(path))
		return NULL;
	snprintf(copy, sizeof(copy), "%s", path + strlen(governed));
	for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (!strcmp(part, known[i].unit))
				return known[i].owner;
		if (!is_slice(part))
			return NULL;
	}
	return NULL;
}

static struct service_connection *find(const struct services *services, uint64_t cookie)
{
	for (size_t i = 0; i < services->count; i++)
		if (services->all[i].verdict.of.cookie == cookie)
			return &services->all[i];
	return NULL;
}

static struct service_connection *add(struct services *services)
{
	size_t capacity = services->capacity ? 2 * services->capacity : 16;
	struct service_connection *all = services->all;

	if (services->count == services->capacity) {
		all = realloc(all, capacity * sizeof(*all));
		if (!all)
			return NULL;
		services->all = all;
		services->capacity = capacity;
	}
	return &all[services->count++];
}

/* @governed: the path of the governed cgroup. */
static void take(struct services *services, const struct connection *connection, const char *governed, bool look)
{
	struct service_connection *known_one = find(services, connection->cookie);
	char path[CGROUP_PATH_SIZE];
	const char *owner;

	if (!known_one && look && !cgroup_path_of_id(connection->cgroup_id, path, sizeof(path)) &&
	    (owner = owner_of(path, governed)) && (known_one = add(services))) {
		*known_one = (struct service_connection){
		    .verdict = {.of = *connection, .audience = EGRET_AUDIENCE_HOST},
		};
		snprintf(known_one->owner, sizeof(known_one->owner), "%s", owner);
	}
	if (known_one)
		known_one->seen_ns = clock_kernel_ns();
}

static void take_all(struct services *services, int governed_fd, bool look)
{
	char governed[CGROUP_PATH_SIZE];
	struct connections now;

	/* What cannot be listed is not required: the resolvers and `require` lines are, still. */
	if (!connections_find(&now) && !cgroup_path_of_fd(governed_fd, governed, sizeof(governed)))
		for (size_t i = 0; i < now.count; i++)
			take(services, &now.all[i], governed, look);
	connections_clear(&now);
}

void services_find(struct services *ret, int governed_fd)
{
	*ret = (struct services){};
	take_all(ret, governed_fd, true);
}

struct denials {
	const struct service_connection *of;
	const char *governed;
	bool any;
};

/* Was its service denied anything since it ended? A service that starts anew has another cgroup. */
static int note_denial(void *context, const struct egret_drop_key *key, const struct egret_drop *drop)
{
	struct denials *denials = context;
	char path[CGROUP_PATH_SIZE];
	const char *owner;

	if (drop->last_ns <= denials->of->seen_ns || cgroup_path_of_id(key->cgroup_id, path, sizeof(path)))
		return 0;
	owner = owner_of(path, denials->governed);
	denials->any |= owner && !strcmp(owner, denials->of->owner);
	return denials->any;
}

static bool is_forgotten(const struct service_connection *connection, const struct kernel *kernel, int governed_fd)
{
	char governed[CGROUP_PATH_SIZE];
	struct denials denials = {.of = connection, .governed = governed};

	if (clock_kernel_ns() - connection->seen_ns < FORGET_NS ||
	    cgroup_path_of_fd(governed_fd, governed, sizeof(governed)))
		return false;
	kernel_each_drop(kernel, note_denial, &denials);
	return !denials.any;
}

static void judge(struct services *services, const struct kernel *kernel, const struct compiled *compiled)
{
	struct verdict *verdicts = calloc(services->count + 1, sizeof(*verdicts));

	for (size_t i = 0; i < services->count && verdicts; i++)
		verdicts[i] = services->all[i].verdict;
	if (verdicts)
		verdicts_make(kernel, compiled, verdicts, services->count);
	for (size_t i = 0; i < services->count && verdicts; i++)
		services->all[i].verdict = verdicts[i];
	free(verdicts);
}

size_t services_missing(struct services *services, const struct kernel *kernel, const struct compiled *compiled,
			int governed_fd)
{
	bool audits = kernel_settings(kernel)->audit;
	size_t kept = 0;

	if (!services->count && !audits)
		return 0;
	take_all(services, governed_fd, audits);
	judge(services, kernel, compiled);
	for (size_t i = 0; i < services->count; i++) {
		struct service_connection *connection = &services->all[i];

		if (connection->verdict.allowed) {
			services->answered += connection->missed;
			continue;
		}
		if (is_forgotten(connection, kernel, governed_fd))
			continue;
		connection->missed = true;
		services->all[kept++] = *connection;
	}
	services->count = kept;
	return kept;
}

static bool is_told(const struct services *services, size_t index)
{
	const struct verdict *verdict = &services->all[index].verdict;

	for (size_t i = 0; i < index; i++) {
		const struct verdict *before = &services->all[i].verdict;

		if (addr_equal(&before->of.addr, &verdict->of.addr) && before->of.port == verdict->of.port &&
		    !strcmp(services->all[i].owner, services->all[index].owner))
			return true;
	}
	return false;
}

void services_describe(const struct services *services, char *text, size_t size)
{
	char address[ADDR_TEXT_SIZE];
	size_t len = 0, told = 0;

	*text = '\0';
	for (size_t i = 0; i < services->count && len < size; i++) {
		const struct connection *of = &services->all[i].verdict.of;
		bool v4 = addr_is_v4(&of->addr);

		if (is_told(services, i))
			continue;
		if (told++ == MAX_TOLD) {
			snprintf(text + len, size - len, ", and more such");
			return;
		}
		len += (size_t)snprintf(text + len, size - len, "%s%s is connected to %s%s%s:%u, which no rule allows",
					len ? ", " : "", services->all[i].owner, v4 ? "" : "[",
					addr_format(&of->addr, address), v4 ? "" : "]", of->port);
	}
}

void services_keep_allowed(struct services *services, const struct kernel *kernel, const struct compiled *compiled)
{
	size_t kept = 0;

	judge(services, kernel, compiled);
	for (size_t i = 0; i < services->count; i++)
		if (services->all[i].verdict.allowed)
			services->all[kept++] = services->all[i];
	services->count = kept;
}

void services_clear(struct services *services)
{
	free(services->all);
	*services = (struct services){};
}
