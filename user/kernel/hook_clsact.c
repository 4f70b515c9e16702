// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Programs of devices by filters of a clsact qdisc, for kernels without tcx: of priority 1, which is asked first, with
 * a handle that nobody else takes. Of one priority the newest filter is asked first. An `ingress` qdisc that stands
 * takes the filter of that side as well, and would take one of egress for one of ingress. A filter is Egret's by its
 * handle, its priority and the name of its program; others may take it away, with its qdisc or without.
 *
 * A qdisc that was made here is noted as a link in the instance's folder: it goes with the last of our filters, if
 * nobody else's hang on it then. Of others' nothing is removed.
 */
#include "hook_side.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "../base/hash.h"
#include "../base/netlink.h"
#include "pins.h"

#define PRIORITY    1
#define NOTE_PREFIX "clsact_"

/* Of the instance `node`; it is in the manual, so that people know it in `tc filter show`. */
#define HANDLE_OF_NODE 0xe62e
/* Of all others: the rest is a hash of the name. */
#define HANDLE_PREFIX 0xe6000000U

static const char *const program_names[LAYER_PLACE_COUNT] = {
    [LAYER_INGRESS] = "egret_device",
    [LAYER_EGRESS] = "egret_uplink",
};

uint32_t clsact_handle(const char *instance)
{
	uint64_t hash = hash_bytes(HASH_BEGIN, instance, strlen(instance));

	return strcmp(instance, "node") ? HANDLE_PREFIX | (hash & 0xffffff) : HANDLE_OF_NODE;
}

static enum bpf_tc_attach_point attach_point(enum layer_place place)
{
	return place == LAYER_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS;
}

/* --- which filter stands --- */

static bool is_ours(int program_fd, enum layer_place place)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	return !bpf_obj_get_info_by_fd(program_fd, &info, &len) && !strcmp(info.name, program_names[place]);
}

/* A new descriptor of the program of our handle and priority, whoever's it is. Where there is no qdisc the kernel says
 * -EINVAL. */
static int filters_program(const struct device_side *side, enum layer_place place)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)side->ifindex, .attach_point = attach_point(place));
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = clsact_handle(side->instance), .priority = PRIORITY);
	int rc = bpf_tc_query(&hook, &options), fd;

	if (rc)
		return rc == -EINVAL ? -ENOENT : rc;
	fd = bpf_prog_get_fd_by_id(options.prog_id);
	return fd < 0 ? -errno : fd;
}

static int find_program(const struct device_side *side, enum layer_place place)
{
	int fd = filters_program(side, place);

	if (fd < 0 || is_ours(fd, place))
		return fd;
	close(fd);
	return -EEXIST;
}

static bool stands_at(const struct device_side *side, enum layer_place place)
{
	int fd = find_program(side, place);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* --- the qdisc --- */

/* A device has one of them, and it is there or not: whose it is cannot be seen in it. */
static void note_path(char buf[static PIN_PATH_SIZE], const struct device_side *side)
{
	snprintf(buf, PIN_PATH_SIZE, INSTANCES "/%s/" NOTE_PREFIX "%u", side->instance, side->ifindex);
}

bool clsact_is_note(const char *name, uint32_t *ret_ifindex)
{
	char again[32];

	if (sscanf(name, NOTE_PREFIX "%u", ret_ifindex) != 1)
		return false;
	snprintf(again, sizeof(again), NOTE_PREFIX "%u", *ret_ifindex);
	return !strcmp(name, again);
}

/* Qdiscs change while they are listed: then it is done again. To ask for one alone sends it to all who listen, too. */
#define DUMP_TRIES 10

static int dump_qdiscs(netlink_visit visit, void *context)
{
	struct netlink_question question;
	struct tcmsg of_all = {};

	netlink_begin(&question, RTM_GETQDISC, NLM_F_DUMP, &of_all, sizeof(of_all));
	return netlink_ask(NETLINK_ROUTE, &question, visit, context);
}

static int note_device(void *context, const struct nlmsghdr *message)
{
	const struct tcmsg *qdisc = NLMSG_DATA(message);
	struct clsact_devices *devices = context;
	uint32_t *more;

	if (qdisc->tcm_parent != TC_H_INGRESS)
		return 0;
	more = realloc(devices->ifindexes, (devices->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	devices->ifindexes = more;
	more[devices->count++] = (uint32_t)qdisc->tcm_ifindex;
	return 0;
}

int clsact_find_devices(struct clsact_devices *ret)
{
	int rc = -EAGAIN;

	*ret = (struct clsact_devices){};
	for (int tries = 0; rc == -EAGAIN && tries < DUMP_TRIES; tries++) {
		ret->count = 0;
		rc = dump_qdiscs(note_device, ret);
	}
	if (!rc)
		return 0;
	free(ret->ifindexes);
	return rc;
}

/* -EBUSY: the device has a qdisc `ingress`, which can look at nothing that leaves. */
static int refuse_ingress(void *context, const struct nlmsghdr *message)
{
	const struct tcmsg *qdisc = NLMSG_DATA(message);
	char kind[IFNAMSIZ] = "";

	if (qdisc->tcm_ifindex != *(const int *)context || qdisc->tcm_parent != TC_H_INGRESS)
		return 0;
	netlink_read_text(netlink_attrs_of(message, sizeof(*qdisc)), TCA_KIND, kind, sizeof(kind));
	return strcmp(kind, "ingress") ? 0 : -EBUSY;
}

static int check_egress(const struct device_side *side)
{
	int ifindex = (int)side->ifindex, rc = -EAGAIN;

	for (int tries = 0; rc == -EAGAIN && tries < DUMP_TRIES; tries++)
		rc = dump_qdiscs(refuse_ingress, &ifindex);
	return rc;
}

static int make_qdisc(const struct device_side *side)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)side->ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	char path[PIN_PATH_SIZE];
	int rc = bpf_tc_hook_create(&hook);

	note_path(path, side);
	if (rc == -EEXIST) {
		/* None of ours is in it: somebody else made it in the place of ours. */
		if (!stands_at(side, LAYER_INGRESS) && !stands_at(side, LAYER_EGRESS))
			unlink(path);
		return 0;
	}
	if (rc || !symlink("made", path) || errno == EEXIST)
		return rc;
	rc = -errno;
	bpf_tc_hook_destroy(&hook);
	return rc;
}

static int find_filter(void *context, const struct nlmsghdr *message)
{
	(void)context;
	return message->nlmsg_type == RTM_NEWTFILTER ? -EEXIST : 0;
}

static bool is_empty(const struct device_side *side)
{
	static const uint32_t parents[] = {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS};

	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
		struct tcmsg of_side = {.tcm_ifindex = (int)side->ifindex,
					.tcm_parent = TC_H_MAKE(TC_H_CLSACT, parents[i])};
		struct netlink_question question;

		netlink_begin(&question, RTM_GETTFILTER, NLM_F_DUMP, &of_side, sizeof(of_side));
		if (netlink_ask(NETLINK_ROUTE, &question, find_filter, NULL))
			return false;
	}
	return true;
}

static void remove_qdisc(const struct device_side *side)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)side->ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	char path[PIN_PATH_SIZE], text[8];

	note_path(path, side);
	if (readlink(path, text, sizeof(text)) < 0 || !is_empty(side))
		return;
	bpf_tc_hook_destroy(&hook);
	unlink(path);
}

/* --- putting it there, and taking it away --- */

static int put_filter(const struct device_side *side, int program_fd)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)side->ifindex, .attach_point = attach_point(side->place));
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = clsact_handle(side->instance), .priority = PRIORITY,
		    .prog_fd = program_fd, .flags = BPF_TC_F_REPLACE);
	int fd, rc = side->place == LAYER_EGRESS ? check_egress(side) : 0;

	if (rc)
		return rc;
	fd = find_program(side, side->place);
	if (fd >= 0)
		close(fd);
	else
		rc = fd == -ENOENT ? make_qdisc(side) : fd;
	return rc ? rc : bpf_tc_attach(&hook, &options);
}

static int take_filter_away(const struct device_side *side)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)side->ifindex, .attach_point = attach_point(side->place));
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = clsact_handle(side->instance), .priority = PRIORITY);
	int fd = find_program(side, side->place), rc;

	if (fd < 0)
		return fd == -EEXIST ? -ENOENT : fd;
	close(fd);
	rc = bpf_tc_detach(&hook, &options);
	if (!rc)
		remove_qdisc(side);
	return rc;
}

/* --- libbpf prints what the kernel says of a filter or qdisc that is not there, or is already --- */

static int put(const struct device_side *side, int program_fd)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	int rc = put_filter(side, program_fd);

	libbpf_set_print(print);
	return rc;
}

static int program(const struct device_side *side)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	int fd = find_program(side, side->place);

	libbpf_set_print(print);
	return fd == -EEXIST ? -ENOENT : fd;
}

static int take_away(const struct device_side *side)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	int rc = take_filter_away(side);

	libbpf_set_print(print);
	return rc;
}

const struct side_way side_clsact = {.put = put, .program = program, .take_away = take_away};
