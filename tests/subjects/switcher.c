// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Makes one policy after the other rule an instance whose agent is gone, as fast as it goes.
 *
 *	switcher INSTANCE CGROUP TIMES SEED FILE...
 *
 * Each time another one of the rules files, at random; the first is the last, too. It does to an instance what the
 * agent does when it reloads, by the same functions, and without all that takes an agent its time.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "compile/compile.h"
#include "kernel/kernel.h"
#include "policy/policy.h"

#define MAX_POLICIES 16

static _Noreturn void die(const char *what, const char *why)
{
	fprintf(stderr, "switcher: %s: %s\n", what, why);
	exit(1);
}

static struct policy *read_policy(const char *path)
{
	struct policy_options options = {.paths = &path, .path_count = 1};
	struct policy *policy;
	struct diag diag = {0};

	if (policy_load(&options, &policy, &diag)) {
		diag_print(&diag, stderr);
		die(path, "is no policy");
	}
	diag_clear(&diag);
	return policy;
}

/* Compiles @policy for the instance, and makes it rule. */
static void switch_to(struct kernel *kernel, const struct policy *policy)
{
	struct compile_input input = {.policy = policy, .generation = kernel_next_generation(kernel)};
	struct compiled *compiled;
	struct diag diag = {0};
	struct error error;

	if (kernel_read_rules(kernel, &input.before))
		die("the rules", "cannot be read");
	if (compile_policy(&input, &compiled, &diag))
		die("a policy", "does not compile");
	diag_clear(&diag);
	kernel_free_rules(&input.before);
	if (kernel_load_policy(kernel, compiled, policy->settings.audit, NULL, &error))
		die("a policy", error.text);
	compiled_free(compiled);
}

int main(int argc, char **argv)
{
	struct policy *policies[MAX_POLICIES];
	struct kernel *kernel;
	struct error error;
	int count = argc - 5, times, cgroup;
	uint64_t begin_ns;

	if (count < 1 || count > MAX_POLICIES) {
		fprintf(stderr, "usage: switcher INSTANCE CGROUP TIMES SEED FILE...\n");
		return 2;
	}
	times = atoi(argv[3]);
	srand((unsigned)atoi(argv[4]));
	cgroup = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < count; i++)
		policies[i] = read_policy(argv[5 + i]);
	if (kernel_claim(argv[1], KERNEL_ANY, &kernel, &error) || kernel_load(kernel, cgroup, &error))
		die(argv[1], error.text);
	begin_ns = clock_now_ns();
	for (int i = 0; i < times; i++)
		switch_to(kernel, policies[rand() % count]);
	switch_to(kernel, policies[0]);
	printf("switched %d times in %llu ms\n", times, (unsigned long long)(clock_now_ns() - begin_ns) / 1000000);
	kernel_free(kernel);
	for (int i = 0; i < count; i++)
		policy_free(policies[i]);
	return 0;
}
