// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "asker.h"

#include <unistd.h>

#include "../base/process.h"
#include "../subject/cgroup.h"
#include "../subject/netns_cookie.h"
#include "../subject/tree.h"

/* The agent is in the node's network namespace; without one, whoever looks should be. */
static uint64_t node_netns(const struct kernel *kernel)
{
	struct egret_meta meta;
	uint64_t cookie = 0;

	if (!kernel_get_meta(kernel, &meta)) {
		struct process_id id = {(pid_t)meta.agent_pid, meta.agent_start_ticks, meta.agent_pid_namespace};

		if (process_look(&id) == PROCESS_ALIVE)
			cookie = netns_cookie_of_process(id.pid);
	}
	return cookie ? cookie : netns_cookie_of_self();
}

struct scope_search {
	uint64_t owner, scope;
};

static int take_scope(void *context, const struct kernel_lesson *lesson)
{
	struct scope_search *search = context;

	if (lesson->owner == search->owner)
		search->scope = lesson->scope;
	return 0;
}

/* Of what is in no pod: where its processes are; else where it learned something; else the node's. */
static void find_netns(const struct kernel *kernel, const char *path, pid_t pid, struct asker *ret)
{
	struct scope_search search = {.owner = ret->owner};

	ret->scope = pid ? netns_cookie_of_process(pid) : 0;
	if (!ret->scope && *path)
		ret->scope = netns_cookie_of_cgroup(path);
	if (!ret->scope) {
		kernel_each_lesson(kernel, take_scope, &search);
		ret->scope = search.scope;
	}
	if (!ret->scope)
		ret->scope = node_netns(kernel);
}

/* As subject_settle of bpf/subject.h. @path: "" = it is gone. */
static void settle(const struct kernel *kernel, const char *path, pid_t pid, struct asker *ret)
{
	struct egret_subject subject = {};
	bool known = !kernel_get_subject(kernel, ret->cgroup_id, &subject) ||
		     (ret->parent && !kernel_get_subject(kernel, ret->parent, &subject));

	ret->owner = known && subject.pod ? subject.pod : ret->cgroup_id;
	if (known && subject.flags & EGRET_SUBJECT_POD)
		ret->scope = EGRET_SCOPE_POD | ret->owner;
	else
		find_netns(kernel, path, pid, ret);
}

/* A pod's process that is in the node's network namespace makes sockets there. */
static enum egret_kind kind_of(const struct kernel *kernel, const struct asked_subject *subject)
{
	enum egret_kind kind = asked_kind(subject);
	uint64_t cookie;

	if (kind != EGRET_KIND_POD || subject->kind != ASKED_CGROUP)
		return kind;
	cookie = subject->pid ? netns_cookie_of_process(subject->pid) : netns_cookie_of_cgroup(subject->path);
	return cookie && cookie == node_netns(kernel) ? EGRET_KIND_HOSTNETWORK : kind;
}

static void find_cgroup(const char *path, struct asker *ret)
{
	struct error ignored;
	int fd;

	if (cgroup_open(path, &fd, &ignored))
		return;
	if (cgroup_id(fd, &ret->cgroup_id))
		ret->cgroup_id = 0;
	close(fd);
}

int asker_find(const struct kernel *kernel, const struct asked_subject *subject, struct asker *ret)
{
	bool is_one = subject->kind == ASKED_CGROUP;
	int rc;

	*ret = (struct asker){};
	rc = kernel_audience_of(kernel, is_one ? subject->path : "", kind_of(kernel, subject), &ret->audience);
	if (rc || !is_one)
		return rc;
	find_cgroup(subject->path, ret);
	if (ret->cgroup_id)
		settle(kernel, subject->path, subject->pid, ret);
	return 0;
}

/* Of a cgroup that is gone, as one of its kind that no rule names. */
uint32_t asker_audience(const struct kernel *kernel, const struct denial *denial)
{
	uint32_t audience = kernel_get_audience(kernel, denial->key.cgroup_id), before = denial->drop.audience;

	if (!before)
		return audience;
	if (audience == EGRET_AUDIENCE_UNKNOWN)
		return EGRET_AUDIENCE_OF(0, egret_audience_kind(before));
	/* The table has what counts for sockets in a pod's own network namespace. */
	if (egret_audience_kind(before) == EGRET_KIND_HOSTNETWORK && egret_audience_kind(audience) == EGRET_KIND_POD)
		audience += EGRET_KIND_HOSTNETWORK - EGRET_KIND_POD;
	return audience;
}

void asker_of_denial(const struct kernel *kernel, const struct denial *denial, struct asker *ret)
{
	char path[CGROUP_PATH_SIZE];

	*ret = (struct asker){
	    .cgroup_id = denial->key.cgroup_id,
	    .parent = denial->drop.parent_cgroup_id,
	    .audience = asker_audience(kernel, denial),
	};
	if (cgroup_path_of_id(ret->cgroup_id, path, sizeof(path)))
		path[0] = '\0';
	settle(kernel, path, 0, ret);
}
