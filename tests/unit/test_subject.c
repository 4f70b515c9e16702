// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whose a cgroup is: by its path alone, and by the cgroups of this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "egret_subject.h"
#include "subject/cgroup.h"
#include "subject/tree.h"
#include "subject/connections.h"
#include "subject/netns_pods.h"
#include "subject/pod.h"

#define CONTAINER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID       "0aa1b2c3-1111-2222-3333-444455556666"
#define SLICE_UID "0aa1b2c3_1111_2222_3333_444455556666"

static void a_path_is_below_itself_and_what_is_around_it(void **state)
{
	(void)state;
	assert_true(cgroup_path_is_below("/a/b", "/a"));
	assert_true(cgroup_path_is_below("/a", "/a"));
	assert_true(cgroup_path_is_below("/a", "/a/"));
	assert_true(cgroup_path_is_below("/a", "/"));
	assert_false(cgroup_path_is_below("/ab", "/a"));
	assert_false(cgroup_path_is_below("/", "/a"));
}

static void pods_are_known_by_either_drivers_paths(void **state)
{
	static const struct {
		const char *path, *uid, *container;
	} cases[] = {
	    {"/kubepods/besteffort/pod" UID "/" CONTAINER, UID, "0123456789ab"},
	    {"/kubepods/pod" UID "/" CONTAINER, UID, "0123456789ab"},
	    {"/kubepods/pod" UID, UID, ""},
	    {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" SLICE_UID
	     ".slice/cri-containerd-" CONTAINER ".scope",
	     UID, "0123456789ab"},
	    {"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" SLICE_UID ".slice", UID, ""},
	    /* A container's own cgroups below it. */
	    {"/kubepods/pod" UID "/" CONTAINER "/init.scope", UID, ""},
	};
	struct pod pod;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(pod_of_path(cases[i].path, "/nonexistent", &pod));
		assert_string_equal(pod.uid, cases[i].uid);
		assert_string_equal(pod.container, cases[i].container);
		assert_string_equal(pod.name, "");
	}
}

static void others_are_no_pods(void **state)
{
	static const char *const paths[] = {"/",
					    "/system.slice/podman.service",
					    "/kubepods",
					    "/kubepods.slice",
					    "/kubepods/besteffort",
					    "/user.slice/pod" UID};
	struct pod pod;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_false(pod_of_path(paths[i], "/nonexistent", &pod));
}

/* Names may have underscores in neither part; the log folder is NAMESPACE_POD_UID. */
static void the_log_folder_names_a_pod(void **state)
{
	char logs[] = "/tmp/egret-unit-XXXXXX", entry[256];
	struct pod pod;

	(void)state;
	assert_non_null(mkdtemp(logs));
	snprintf(entry, sizeof(entry), "%s/kube-system_coredns-5d78c_" UID, logs);
	assert_int_equal(mkdir(entry, 0755), 0);
	assert_true(pod_of_path("/kubepods/pod" UID, logs, &pod));
	assert_string_equal(pod.name, "kube-system/coredns-5d78c");
	assert_true(pod_of_path("/kubepods/podffffffff", logs, &pod));
	assert_string_equal(pod.name, "");
	rmdir(entry);
	rmdir(logs);
}

static void pods_are_known_at_any_depth(void **state)
{
	static const struct {
		const char *path;
		bool pods;
	} cases[] = {
	    {"/", false},
	    {"/kubepods", true},
	    {"/kubepods.slice/x", true},
	    {"/kubelet.slice/kubelet-kubepods.slice/x", true},
	    {"/a/b/c/d/kubepods/burstable/pod01-23/x/y", true},
	    {"/system.slice/docker-1.scope/kubelet.slice/kubelet-kubepods.slice/x", true},
	    {"/system.slice/containerd.service/kubepods-burstable-pod01.slice:cri-containerd:1", true},
	    {"/system.slice/evil.service/kubepods/pod01", false},
	    {"/user.slice/user-1000.slice/user@1000.service/kubepods/pod01", false},
	    {"/mykubepods/x", false},
	    {"/kubepods2/x", false},
	    {"/kubepod/s", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(tree_path_is_pod(cases[i].path), cases[i].pods);
}

struct found {
	const char *path; /* of the pod's container */
	uint64_t pod;
	bool is_pod;
};

static int note(void *context, const struct tree_cgroup *cgroup)
{
	struct found *found = context;

	if (!strcmp(cgroup->path, found->path)) {
		found->pod = cgroup->pod;
		found->is_pod = cgroup->is_pod;
	}
	return 0;
}

static uint64_t id_of(int parent_fd, const char *name)
{
	struct stat st = {0};

	fstatat(parent_fd, name, &st, 0);
	return st.st_ino;
}

/* A tree below a cgroup of our own; nothing is attached to it. */
static void a_namespace_is_the_pods_that_is_alone_there(void **state)
{
	struct netns_pods pods = {};

	(void)state;
	assert_int_equal(netns_pods_note(&pods, 70, 7, 1), 0); /* two processes of one pod */
	assert_int_equal(netns_pods_note(&pods, 70, 7, 2), 0);
	assert_int_equal(netns_pods_note(&pods, 80, 8, 3), 0); /* two pods, and the first again */
	assert_int_equal(netns_pods_note(&pods, 80, 9, 4), 0);
	assert_int_equal(netns_pods_note(&pods, 80, 8, 5), 0);
	assert_int_equal(netns_pods_note(&pods, 90, 9, 6), 0);
	assert_int_equal(pods.count, 3);
	pods.all[0].nsid = 0;
	pods.all[1].nsid = 1;
	assert_int_equal(netns_pods_of(&pods, 0), 7);
	assert_int_equal(netns_pods_of(&pods, 1), 0);
	/* That of pod 9 has no number here, and neither have others. */
	assert_int_equal(netns_pods_of(&pods, -1), 0);
	assert_int_equal(netns_pods_of(&pods, 2), 0);
	netns_pods_clear(&pods);
}

static void cgroups_are_made_found_and_removed(void **state)
{
	char name[64], path[CGROUP_PATH_SIZE], container[CGROUP_PATH_SIZE];
	struct found found = {.path = container};
	int root_fd, fd, pods_fd, pod_fd, container_fd, again_fd;
	struct error error;
	uint64_t id;

	(void)state;
	snprintf(name, sizeof(name), "egret-unit-%d", getpid());
	if (cgroup_open("/", &root_fd, &error) || cgroup_make(root_fd, name, &fd, &error)) {
		print_message("note: no cgroup can be made here: %s\n", error.text);
		skip();
	}
	assert_true(cgroup_is_root(root_fd));
	assert_false(cgroup_is_root(fd));
	assert_int_equal(cgroup_make(root_fd, name, &again_fd, &error), -EEXIST);
	assert_int_equal(cgroup_id(fd, &id), 0);
	assert_int_equal(cgroup_path_of_id(id, path, sizeof(path)), 0);
	assert_string_equal(path + 1, name);
	assert_int_equal(cgroup_make(fd, "kubepods.slice", &pods_fd, &error), 0);
	assert_int_equal(cgroup_make(pods_fd, "kubepods-pod0a1b.slice", &pod_fd, &error), 0);
	assert_int_equal(cgroup_make(pod_fd, "cri-1.scope", &container_fd, &error), 0);
	snprintf(container, sizeof(container), "%s/kubepods.slice/kubepods-pod0a1b.slice/cri-1.scope", path);
	assert_int_equal(tree_walk(note, &found), 0);
	assert_true(found.is_pod);
	assert_int_equal(found.pod, id_of(pods_fd, "kubepods-pod0a1b.slice"));
	assert_true(cgroup_is_there(container_fd));
	assert_int_equal(cgroup_remove(pod_fd, "cri-1.scope"), 0);
	assert_false(cgroup_is_there(container_fd));
	close(container_fd);
	close(pod_fd);
	close(pods_fd);
	close(fd);
	/* With what is below it. */
	assert_int_equal(cgroup_remove(root_fd, name), 0);
	assert_int_equal(cgroup_path_of_id(id, path, sizeof(path)) < 0, 1);
	assert_int_equal(cgroup_open(name, &fd, &error) < 0, 1);
	assert_non_null(strstr(error.text, name));
	close(root_fd);
}

static void a_connection_is_found_by_its_cookie(void **state)
{
	struct connection all[] = {{.cookie = 3, .port = 30}, {.cookie = 5, .port = 50}, {.cookie = 9, .port = 90}};
	const struct connections connections = {all, 3, 3};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_ptr_equal(connections_with(&connections, all[i].cookie), &all[i]);
	assert_null(connections_with(&connections, 4));
	assert_null(connections_with(&(struct connections){0}, 4));
}

static void a_pods_name_tells_what_made_it(void **state)
{
	static const char *const cases[][2] = {
	    {"shop/web-6d5f9c4b7-x2k9p", "shop/web"}, /* Deployment */
	    {"shop/web-2-6d5f9c4b7-x2k9p", "shop/web-2"},
	    {"kube-system/kube-proxy-x2k9p", "kube-system/kube-proxy"}, /* DaemonSet */
	    {"shop/db-0", "shop/db"},                                   /* StatefulSet */
	    {"shop/db-12345", "shop/db"},
	    {"shop/nightly-29391840-7bqzc", "shop/nightly"},  /* CronJob */
	    {"shop/batch-3-7bqzc", "shop/batch"},             /* Job with an index */
	    {"shop/web", "shop/web"},                         /* of its own */
	    {"shop/web-5bd798-x2k9p", "shop/web"},            /* a short hash */
	    {"shop/web-spdyfrnt-x2k9p", "shop/web-spdyfrnt"}, /* no hash */
	    {"shop/web-front", "shop/web-front"},             /* vowels */
	    {"shop/a.b.c", "shop/a.b.c"},
	    {"shop/x2k9p", "shop/x2k9p"},
	    {"shop/-x2k9p", "shop/-x2k9p"},
	    {"shop/a-0", "shop/a"},
	    {"shop/", "shop/"},
	    {"", ""},
	    {"web-x2k9p", "web"},
	};
	char buf[WORKLOAD_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(pod_workload(cases[i][0], buf), cases[i][1]);
}

static void a_container_has_its_name(void **state)
{
	char folder[] = "/tmp/egret-logs-XXXXXX", command[512], logs[64], name[CONTAINER_NAME_SIZE];
	struct pod pod = {.uid = UID, .name = "shop/web-0", .container = "0123456789ab"};

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(logs, sizeof(logs), "%s/pods", folder);
	snprintf(command, sizeof(command), "mkdir -p %s/shop_web-0_" UID "/app %s/containers", logs, folder);
	assert_int_equal(system(command), 0);
	/* The only one of its pod. */
	assert_true(pod_container_name(&pod, logs, name));
	assert_string_equal(name, "app");
	snprintf(command, sizeof(command), "mkdir %s/shop_web-0_" UID "/proxy", logs);
	assert_int_equal(system(command), 0);
	assert_false(pod_container_name(&pod, logs, name));
	/* By the kubelet's links. */
	snprintf(command, sizeof(command),
		 "cd %s/containers && touch -- web-0_shop_app-ffff%.60s.log web-0_shop_my-proxy-" CONTAINER ".log "
		 "nonsense -.log _-0123456789ab",
		 folder, CONTAINER);
	assert_int_equal(system(command), 0);
	assert_true(pod_container_name(&pod, logs, name));
	assert_string_equal(name, "my-proxy");
	/* What ends at the pod is of no container. */
	pod.container[0] = '\0';
	assert_false(pod_container_name(&pod, logs, name));
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_path_is_below_itself_and_what_is_around_it),
	    cmocka_unit_test(pods_are_known_by_either_drivers_paths),
	    cmocka_unit_test(others_are_no_pods),
	    cmocka_unit_test(the_log_folder_names_a_pod),
	    cmocka_unit_test(pods_are_known_at_any_depth),
	    cmocka_unit_test(a_namespace_is_the_pods_that_is_alone_there),
	    cmocka_unit_test(cgroups_are_made_found_and_removed),
	    cmocka_unit_test(a_connection_is_found_by_its_cookie),
	    cmocka_unit_test(a_pods_name_tells_what_made_it),
	    cmocka_unit_test(a_container_has_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
