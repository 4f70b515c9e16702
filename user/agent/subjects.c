// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "subjects.h"

#include <errno.h>
#include <time.h>

#include "../base/clock.h"
#include "../subject/cgroup.h"
#include "../subject/tree.h"

/* A cgroup gets its subject a moment before anybody can see it (kernel/cgroup/cgroup.c, cgroup_mkdir). */
#define SEEN_WITHIN_MS 1000

/* Where there is no room for it, it stays one that no rule for a subject allows. That must keep no agent from ruling:
 * else whoever may make cgroups could. */
static int make_one(void *context, const struct tree_cgroup *cgroup)
{
	struct kernel *kernel = context;
	const struct egret_subject subject = {
	    .pod = cgroup->pod,
	    .parent = cgroup->parent,
	    .flags = cgroup->is_pod ? EGRET_SUBJECT_POD : 0,
	};
	int rc = kernel_make_subject(kernel, cgroup->id, &subject);

	if (!rc && !cgroup_is_there(cgroup->fd))
		kernel_forget_subject(kernel, cgroup->id);
	return rc == -E2BIG ? 0 : rc;
}

int subjects_make_all(struct kernel *kernel)
{
	return tree_walk(make_one, kernel);
}

struct telling {
	struct kernel *kernel;
	const struct compiled *compiled;
	uint32_t generation;
	size_t unseen; /* that have a subject, and are not to be seen yet */
};

static int tell(const struct telling *telling, uint64_t cgroup_id, const char *path, bool is_pod)
{
	uint32_t audience = compiled_audience_of(telling->compiled, path, is_pod ? EGRET_KIND_POD : EGRET_KIND_HOST);

	return kernel_set_audience(telling->kernel, cgroup_id, telling->generation, audience);
}

static int tell_one(void *context, const struct tree_cgroup *cgroup)
{
	return tell(context, cgroup->id, cgroup->path, cgroup->is_pod);
}

static int tell_late(void *context, uint64_t cgroup_id)
{
	struct telling *telling = context;
	char path[CGROUP_PATH_SIZE];

	if (!cgroup_path_of_id(cgroup_id, path, sizeof(path)))
		return tell(telling, cgroup_id, path, tree_path_is_pod(path));
	telling->unseen++;
	return 0;
}

static void wait_a_moment(void)
{
	struct timespec moment = {.tv_nsec = CLOCK_NS_PER_MS};

	nanosleep(&moment, NULL);
}

int subjects_tell(struct kernel *kernel, const struct compiled *compiled, uint32_t generation)
{
	struct telling telling = {kernel, compiled, generation, 0};
	int rc = tree_walk(tell_one, &telling);

	for (int i = 0; i < SEEN_WITHIN_MS && !rc; i++) {
		telling.unseen = 0;
		rc = kernel_each_untold(kernel, generation, tell_late, &telling);
		if (!telling.unseen)
			break;
		wait_a_moment();
	}
	return rc;
}

int subjects_refresh(struct kernel *kernel, const struct compiled *compiled, uint64_t *late_seen)
{
	const struct egret_config *config = kernel_config(kernel);
	uint64_t late = kernel_late_subjects(kernel);
	int rc;

	if (late == *late_seen)
		return 0;
	rc = subjects_make_all(kernel);
	if (!rc)
		rc = subjects_tell(kernel, compiled,
				   config->settings[config->generation & (EGRET_POLICY_SLOTS - 1)].born);
	if (rc)
		return rc;
	*late_seen = late;
	kernel_judge_anew(kernel);
	return 0;
}
