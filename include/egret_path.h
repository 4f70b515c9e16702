/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a cgroup is by its path, read octet by octet and written once: programs read the path that the kernel gives them
 * when a cgroup is made, and user space the paths that it finds. A path begins with a slash and is below the root of
 * the hierarchy.
 *
 * A pod is what lies below a part that begins with "kubepods", or has "-kubepods" (of systemd's slices below another
 * slice), at any depth: kubepods, kubepods.slice, kubelet-kubepods.slice, kubepods-burstable-pod<uid>.slice. What a
 * service is called, or makes below itself, is no pod; but not what a container makes (its .scope),
 * and not what containerd.service makes for the kubelet with another driver: kubepods-...slice:cri-containerd:ID.
 */
#ifndef EGRET_INCLUDE_PATH_H
#define EGRET_INCLUDE_PATH_H

#ifndef EGRET_VMLINUX_H
#include <stdbool.h>
#endif

#include "egret_types.h"

struct egret_path {
	__u64 last;  /* the last eight octets of the part under way */
	__u32 parts; /* so many slashes were seen: the part under way, from 1 */
	__u32 length;
	__u32 flags; /* EGRET_PATH_* */
	__u32 pod;   /* which part is the pod's own, "pod<uid>"; 0 = none */
};

/* Of the path so far. */
#define EGRET_PATH_PODS    (1U << 0)
#define EGRET_PATH_SERVICE (1U << 1) /* below a service, with no container between */
/* Of the part under way. */
#define EGRET_PATH_WORD    (1U << 2) /* "kubepods" was here */
#define EGRET_PATH_COLON   (1U << 3)
#define EGRET_PATH_UID     (1U << 4) /* "pod" and two digits of a uid */
#define EGRET_PATH_MAY_BE  (1U << 5) /* "kubepods" may just have ended */
#define EGRET_PATH_OF_PART (EGRET_PATH_WORD | EGRET_PATH_COLON | EGRET_PATH_UID | EGRET_PATH_MAY_BE)

#define EGRET_PATH_KUBEPODS 0x6b756265706f6473ULL /* "kubepods" */
#define EGRET_PATH_DOT_SERV 0x2e73657276696365ULL /* ".service" */
#define EGRET_PATH_DOT_SCOP 0x2e73636f7065ULL     /* ".scope" */
#define EGRET_PATH_POD      0x706f64ULL           /* "pod" */

EGRET_INLINE void egret_path_begin(struct egret_path *path)
{
	path->last = 0;
	path->parts = path->length = path->flags = path->pod = 0;
}

EGRET_INLINE bool egret_path_is_hex(__u8 octet)
{
	return (octet >= '0' && octet <= '9') || (octet >= 'a' && octet <= 'f');
}

/* A part is over. */
EGRET_INLINE void egret_path_end_part(struct egret_path *path)
{
	__u32 flags = path->flags;

	if (path->last == EGRET_PATH_DOT_SERV)
		flags |= EGRET_PATH_SERVICE;
	if (flags & EGRET_PATH_WORD && (!(flags & EGRET_PATH_SERVICE) || flags & EGRET_PATH_COLON))
		flags |= EGRET_PATH_PODS;
	if (flags & EGRET_PATH_PODS && flags & EGRET_PATH_UID && !path->pod)
		path->pod = path->parts;
	if ((path->last & 0xffffffffffffULL) == EGRET_PATH_DOT_SCOP)
		flags &= ~EGRET_PATH_SERVICE;
	path->flags = flags & ~EGRET_PATH_OF_PART;
	path->last = 0;
	path->length = 0;
}

/* What may stand behind "kubepods". */
EGRET_INLINE bool egret_path_ends_word(__u8 octet)
{
	return !octet || octet == '/' || octet == '.' || octet == '-';
}

/* The next octet; 0 at the end of the path. */
EGRET_INLINE void egret_path_step(struct egret_path *path, __u8 octet)
{
	__u64 before = path->last >> 56;

	if (path->flags & EGRET_PATH_MAY_BE && egret_path_ends_word(octet))
		path->flags |= EGRET_PATH_WORD;
	path->flags &= ~EGRET_PATH_MAY_BE;
	if (!octet || octet == '/') {
		egret_path_end_part(path);
		path->parts += !!octet;
		return;
	}
	if (octet == ':')
		path->flags |= EGRET_PATH_COLON;
	path->last = path->last << 8 | octet;
	path->length++;
	if (path->last == EGRET_PATH_KUBEPODS && (path->length == 8 || before == '-'))
		path->flags |= EGRET_PATH_MAY_BE;
	if ((path->last >> 16 & 0xffffff) == EGRET_PATH_POD && egret_path_is_hex(path->last >> 8) &&
	    egret_path_is_hex(octet))
		path->flags |= EGRET_PATH_UID;
}

#endif
