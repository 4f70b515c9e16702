/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A policy is put in another one's place somewhere on the way to it, and the agent sees it at once: as git-sync, the
 * kubelet and people with `ln -sfn` do it.
 * Reports: openshift/release#73906, openshift/ci-tools#2805, kubernetes/git-sync#6 (a watch that stays on the folder
 * that a link led to), kubernetes/kubernetes#40123 (a link to a mount), jimmidyson/configmap-reload#190.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/watch.h"
#include "base/clock.h"

/* Much shorter than the time after which the files are looked at without an event. */
#define PATIENCE_NS (10 * CLOCK_NS_PER_SEC)

static char base[64], folder[80];

static int make_folder(void **state)
{
	(void)state;
	snprintf(base, sizeof(base), "/tmp/egret-watch-XXXXXX");
	if (!mkdtemp(base))
		return -1;
	snprintf(folder, sizeof(folder), "%s", base);
	return 0;
}

/* Another one for each case: what one does a moment later does not disturb the next. */
static void next_folder(size_t number)
{
	snprintf(folder, sizeof(folder), "%s/%zu", base, number);
	assert_int_equal(mkdir(folder, 0700), 0);
}

static void run(const char *script)
{
	char command[1024];

	snprintf(command, sizeof(command), "set -e; cd %s; rules() { echo \"allow 20.0.0.$1 tcp:1\"; }; %s", folder,
		 script);
	if (system(command))
		fail_msg("%s", script);
}

static int remove_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "%s", base);
	run("rm -rf \"$PWD\"");
	return 0;
}

static struct watch *watch_policy(const char *name)
{
	char path[128];
	const char *const paths[] = {path};
	const struct policy_options options = {.paths = paths, .path_count = 1};
	struct policy_files files = {};
	struct policy *policy = NULL;
	struct watch *watch = NULL;
	struct diag diag = {};
	struct error error;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!policy_load_watched(&options, &policy, &files, &diag))
		assert_int_equal(policy_files_copy(policy, &files), 0);
	assert_int_equal(watch_new(&files, paths, 1, &watch, &error), 0);
	policy_files_clear(&files);
	policy_free(policy);
	diag_clear(&diag);
	return watch;
}

/* As the agent does: it looks when the descriptor can be read. */
static bool is_seen(struct watch *watch)
{
	uint64_t deadline = clock_now_ns() + PATIENCE_NS;

	while (clock_now_ns() < deadline) {
		struct pollfd fd = {.fd = watch_fd(watch), .events = POLLIN};

		if (poll(&fd, 1, 100) <= 0)
			continue;
		watch_drain(watch);
		if (watch_sees_change(watch))
			return true;
	}
	return false;
}

static const struct swap {
	const char *what, *path, *before, *after;
} swaps[] = {
    {"git-sync 3: the link to the worktree", "link/p.rules",
     "mkdir abc def; rules 1 >abc/p.rules; rules 2 >def/p.rules; ln -s abc link", "ln -s def tmp; mv -T tmp link"},
    {"git-sync 4: the link to a worktree in a folder of its own", "link/p.rules",
     "mkdir -p .worktrees/abc .worktrees/def; rules 1 >.worktrees/abc/p.rules; rules 2 >.worktrees/def/p.rules; "
     "ln -s .worktrees/abc link",
     "ln -s .worktrees/def tmp; mv -T tmp link"},
    {"a ConfigMap", "p.rules",
     "mkdir ..1 ..2; rules 1 >..1/p.rules; rules 2 >..2/p.rules; ln -s ..1 ..data; ln -s ..data/p.rules p.rules",
     "ln -s ..2 ..tmp; mv -T ..tmp ..data; rm -r ..1"},
    {"a file that the policy uses, behind a link of its own", "p.rules",
     "mkdir abc def; rules 1 >abc/u.rules; rules 2 >def/u.rules; ln -s abc shared; echo 'use shared/u' >p.rules",
     "ln -sfn def shared"},
    {"the second of three links", "one/p.rules",
     "mkdir -p a/b c/abc c/def; rules 1 >c/abc/p.rules; rules 2 >c/def/p.rules; ln -s a/two one; ln -s b/three a/two; "
     "ln -s ../../c/abc a/b/three; ln -s ../c/def a/other",
     "mv -T a/other a/two"},
    {"the third", "one/p.rules",
     "mkdir -p a/b c/abc c/def; rules 1 >c/abc/p.rules; rules 2 >c/def/p.rules; ln -s a/two one; ln -s b/three a/two; "
     "ln -s ../../c/abc a/b/three",
     "ln -sfn ../../c/def a/b/three"},
    {"an absolute link", "etc/p.rules",
     "mkdir abc def; rules 1 >abc/p.rules; rules 2 >def/p.rules; ln -s \"$PWD/abc\" etc",
     "ln -s \"$PWD/def\" tmp; mv -T tmp etc"},
    {"above a `..`, which goes up from where the link leads", "link/../p.rules",
     "mkdir -p x/abc y/def; rules 1 >x/p.rules; rules 2 >y/p.rules; ln -s x/abc link", "ln -sfn y/def link"},
    {"a link that leads nowhere for a moment", "link/p.rules", "mkdir abc; rules 1 >abc/p.rules; ln -s abc link",
     "ln -sfn def link; (sleep 1; mkdir def; rules 2 >def/p.rules) &"},
    {"a link to itself for a moment", "link/p.rules", "mkdir abc; rules 1 >abc/p.rules; ln -s abc link",
     "ln -sfn link link; (sleep 1; mkdir def; rules 2 >def/p.rules; ln -sfn def link) &"},
    {"a link in the place of a folder", "config/p.rules",
     "mkdir config def; rules 1 >config/p.rules; rules 2 >def/p.rules", "mv config old; ln -s def config"},
    {"a folder in the place of another one", "config/p.rules",
     "mkdir config new; rules 1 >config/p.rules; rules 2 >new/p.rules", "mv config old; mv new config"},
    {"a folder two levels above the file", "a/b/c/p.rules",
     "mkdir -p a/b/c new/c; rules 1 >a/b/c/p.rules; rules 2 >new/c/p.rules", "mv a/b old; mv new a/b"},
    {"a folder that is removed and made again", "a/b/p.rules", "mkdir -p a/b; rules 1 >a/b/p.rules",
     "rm -r a; (sleep 1; mkdir -p a/b; rules 2 >a/b/p.rules) &"},
    {"by another name of the file", "p.rules", "mkdir abc; rules 1 >p.rules; ln p.rules abc/q.rules",
     "rules 22 >abc/q.rules"},
};

static void what_is_put_in_its_place_on_the_way_is_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(swaps) / sizeof(swaps[0]); i++) {
		struct watch *watch;

		next_folder(i);
		run(swaps[i].before);
		watch = watch_policy(swaps[i].path);
		run(swaps[i].after);
		if (!is_seen(watch))
			fail_msg("%s: nothing was seen", swaps[i].what);
		watch_free(watch);
	}
}

/* Each swap brings a new folder, and a watch lives as long as nothing was loaded. */
static void the_next_swap_is_seen_as_well(void **state)
{
	struct watch *watch;

	(void)state;
	run("mkdir a b c; rules 1 >a/p.rules; rules 1 >b/p.rules; rules 1 >c/p.rules; ln -s a link");
	watch = watch_policy("link/p.rules");
	run("ln -sfn b link");
	assert_true(is_seen(watch));
	run("rm -r a; ln -sfn c link");
	assert_true(is_seen(watch));
	run("rules 22 >c/p.rules");
	assert_true(is_seen(watch));
	watch_free(watch);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(what_is_put_in_its_place_on_the_way_is_seen),
	    CASE(the_next_swap_is_seen_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
