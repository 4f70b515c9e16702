/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * verify: what this kernel's verifier says of each program, alone: a line with the
 * instructions that it walked (of a million) and the time of the load; of a refusal, the end
 * of its log. The keys are as random as the loader's: the verifier sees them as constants.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <bpf/libbpf.h>

#include "egret.skel.h"

#define LOG_SIZE_BYTES  (256u << 20) /* kernels before 6.4 fail where a log is cut */
#define LOG_LINES_SHOWN 80

enum log_level { LOG_EACH_INSTRUCTION = 1, LOG_STATISTICS = 4 }; /* the latter: 5.2 */

static char *verifier_log;

static int keep_quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static double now_sec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void choose_hash_keys(struct egret_bpf *skeleton)
{
	size_t count = sizeof(skeleton->rodata->hash_keys) / sizeof(skeleton->rodata->hash_keys[0]);

	if (getrandom((void *)skeleton->rodata->hash_keys, sizeof(skeleton->rodata->hash_keys), 0) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		skeleton->rodata->hash_keys[i] |= 1;
}

/* 0, or what the kernel said; -ENOENT: there is no program @name. */
static int load_alone(const char *name, enum log_level level, double *ret_sec)
{
	struct egret_bpf *skeleton = egret_bpf__open();
	struct bpf_program *program, *wanted;
	double start_sec;
	int rc;

	if (!skeleton)
		return -errno;
	choose_hash_keys(skeleton);
	skeleton->rodata->ticks_per_sec = 250;
	wanted = bpf_object__find_program_by_name(skeleton->obj, name);
	bpf_object__for_each_program(program, skeleton->obj) bpf_program__set_autoload(program, program == wanted);
	verifier_log[0] = '\0';
	bpf_program__set_log_level(wanted, level);
	bpf_program__set_log_buf(wanted, verifier_log, LOG_SIZE_BYTES);
	start_sec = now_sec();
	rc = egret_bpf__load(skeleton);
	*ret_sec = now_sec() - start_sec;
	egret_bpf__destroy(skeleton);
	return rc;
}

static const char *last_lines(const char *text, int lines)
{
	const char *from = text + strlen(text);

	while (from > text && lines)
		if (*--from == '\n')
			lines--;
	return from;
}

static int verify(const char *name)
{
	const char *processed;
	double sec;
	int insns = 0, rc = load_alone(name, LOG_STATISTICS, &sec);

	if (rc) {
		rc = load_alone(name, LOG_EACH_INSTRUCTION, &sec);
		printf("FAIL %s: %s\n%s\n", name, strerror(-rc), last_lines(verifier_log, LOG_LINES_SHOWN));
		return rc;
	}
	processed = strstr(verifier_log, "processed ");
	if (processed)
		insns = atoi(processed + strlen("processed "));
	printf("verified %s: %d insns, %.2f s\n", name, insns, sec);
	return 0;
}

int main(void)
{
	struct egret_bpf *skeleton;
	struct bpf_program *program;
	int failed = 0;

	libbpf_set_print(keep_quiet);
	verifier_log = malloc(LOG_SIZE_BYTES);
	skeleton = egret_bpf__open();
	if (!verifier_log || !skeleton)
		return 2;
	bpf_object__for_each_program(program, skeleton->obj) failed |= verify(bpf_program__name(program));
	egret_bpf__destroy(skeleton);
	free(verifier_log);
	return failed ? 1 : 0;
}
