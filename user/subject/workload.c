// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What made a pod: a name that a controller of Kubernetes gave it tells. */
#include <stdio.h>
#include <string.h>

#include "pod.h"

/* The letters of k8s.io/apimachinery/pkg/util/rand: no vowels, and no 0, 1, 3, which look like some. */
#define RANDOM_LETTERS "bcdfghjklmnpqrstvwxz2456789"
#define RANDOM_LENGTH  5
/* Of a ReplicaSet's pod template: 32 bits in decimal, each digit as SafeEncodeString writes it. One of 43,000 is
 * shorter. */
#define HASH_LETTERS "456789bcdf"
#define HASH_MIN     6
#define HASH_MAX     10
#define NUMBER_MAX   8 /* a CronJob's minutes since 1970 */

/* How much of @name is before its last word, where that is made of @letters and of a length like that; else 0. */
static size_t before_word(const char *name, size_t len, const char *letters, size_t least, size_t most)
{
	size_t word = 0;

	while (word < len && name[len - 1 - word] != '-') {
		if (!strchr(letters, name[len - 1 - word]))
			return 0;
		word++;
	}
	return word >= least && word <= most && word + 1 < len ? len - word - 1 : 0;
}

/* "-x2k9p" of a ReplicaSet, DaemonSet or Job; before it a Deployment's hash, a CronJob's minute, a Job's index. */
static size_t without_random(const char *name, size_t len)
{
	size_t more, rest = before_word(name, len, RANDOM_LETTERS, RANDOM_LENGTH, RANDOM_LENGTH);

	if (!rest)
		return before_word(name, len, "0123456789", 1, RANDOM_LENGTH); /* a StatefulSet's number */
	more = before_word(name, rest, HASH_LETTERS, HASH_MIN, HASH_MAX);
	if (!more)
		more = before_word(name, rest, "0123456789", 1, NUMBER_MAX);
	return more ? more : rest;
}

const char *pod_workload(const char *name, char buf[static WORKLOAD_SIZE])
{
	const char *slash = strchr(name, '/'), *pod = slash ? slash + 1 : name;
	size_t len = without_random(pod, strlen(pod));

	snprintf(buf, WORKLOAD_SIZE, "%.*s", (int)(len ? (size_t)(pod - name) + len : strlen(name)), name);
	return buf;
}
