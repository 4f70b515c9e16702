// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "policies.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "policy/policy.h"
#include "report.h"

static FILE *begin(struct bench_policy *ret)
{
	FILE *text;

	*ret = (struct bench_policy){0};
	text = open_memstream(&ret->text, &ret->text_len);
	if (!text)
		die("open_memstream");
	fputs("set many =", text);
	return text;
}

static void end(FILE *text)
{
	fprintf(text, "\nallow ${many} tcp:%d udp:%d\n", POLICY_TCP_PORT, POLICY_UDP_PORT);
	fprintf(text, "allow 51.0.0.0/8 tcp:%d udp:%d\n", POLICY_TCP_PORT, POLICY_UDP_PORT);
	if (fclose(text))
		die("policy text");
}

void policy_of_addresses(struct bench_policy *ret, size_t count)
{
	FILE *text = begin(ret);

	for (size_t i = 0; i < count; i++) {
		uint32_t addr = POLICY_FIRST + i;

		fprintf(text, " %u.%u.%u.%u", addr >> 24, addr >> 16 & 0xff, addr >> 8 & 0xff, addr & 0xff);
	}
	end(text);
}

const char *policy_name(size_t n, char buf[static 32])
{
	snprintf(buf, 32, "n%zu.bench.example", n);
	return buf;
}

void policy_of_names(struct bench_policy *ret, size_t names, size_t each)
{
	FILE *text = begin(ret);
	char name[32];

	ret->names = calloc(names, sizeof(*ret->names));
	ret->addrs = calloc(names * each, sizeof(*ret->addrs));
	if (!ret->names || !ret->addrs)
		die("calloc");
	ret->name_count = names;
	for (size_t i = 0; i < names * each; i++)
		ret->addrs[i] = addr_from_v4(htonl(POLICY_FIRST + i));
	for (size_t i = 0; i < names; i++) {
		fprintf(text, " %s", policy_name(i, name));
		ret->names[i] = (struct name_addrs){strdup(name), &ret->addrs[i * each], each};
	}
	end(text);
}

void policy_of_patterns(struct bench_policy *ret, size_t count)
{
	FILE *text = begin(ret);
	char name[32];

	for (size_t i = 0; i < count; i++)
		fprintf(text, " *.%s", policy_name(i, name));
	fprintf(text, "\nresolver %u.%u.%u.%u", POLICY_RESOLVER >> 24, POLICY_RESOLVER >> 16 & 0xff,
		POLICY_RESOLVER >> 8 & 0xff, POLICY_RESOLVER & 0xff);
	end(text);
}

static void refuse(const struct diag *diag)
{
	diag_print(diag, stderr);
	errno = EINVAL;
	die("policy");
}

void policy_read(struct bench_policy *policy)
{
	struct diag diag = {};

	if (policy_load_text("bench", policy->text, policy->text_len, NULL, &policy->policy, &diag))
		refuse(&diag);
	diag_clear(&diag);
}

void policy_compile(struct bench_policy *policy, const struct kernel *kernel)
{
	struct compile_input input = {.policy = policy->policy,
				      .names = policy->names,
				      .name_count = policy->name_count,
				      .generation = kernel_next_generation(kernel)};
	struct diag diag = {};

	if (compile_policy(&input, &policy->compiled, &diag))
		refuse(&diag);
	diag_clear(&diag);
}

void policy_install(const struct bench_policy *policy, struct kernel *kernel)
{
	struct error error;

	if (!kernel_load_policy(kernel, policy->compiled, false, NULL, &error))
		return;
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, error.text);
	exit(1);
}

void policy_drop_compiled(struct bench_policy *policy)
{
	compiled_free(policy->compiled);
	policy->compiled = NULL;
}

void policy_drop_read(struct bench_policy *policy)
{
	policy_drop_compiled(policy);
	policy_free(policy->policy);
	policy->policy = NULL;
}

void policy_drop(struct bench_policy *policy)
{
	policy_drop_read(policy);
	for (size_t i = 0; i < policy->name_count; i++)
		free((char *)policy->names[i].name);
	free(policy->names);
	free(policy->addrs);
	free(policy->text);
}

/* Takes @policy, of which there is only the text. */
static struct kernel *instance_of(const char *instance, struct bench_policy *policy)
{
	struct kernel *kernel;
	struct error error;

	if (kernel_claim(instance, KERNEL_ANY, &kernel, &error) || kernel_load(kernel, -1, &error)) {
		fprintf(stderr, "%s: %s\n", program_invocation_short_name, error.text);
		exit(1);
	}
	policy_read(policy);
	policy_compile(policy, kernel);
	policy_install(policy, kernel);
	policy_drop(policy);
	return kernel;
}

struct kernel *instance_of_addresses(const char *instance, size_t count)
{
	struct bench_policy policy;

	policy_of_addresses(&policy, count);
	return instance_of(instance, &policy);
}

struct kernel *instance_of_patterns(const char *instance, size_t count)
{
	struct bench_policy policy;

	policy_of_patterns(&policy, count);
	return instance_of(instance, &policy);
}
