// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs at devices of a network namespace of the test's own, by links and by filters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include "base/addr.h"
#include "base/netlink.h"
#include "compile/compile.h"
#include "egret_reasons.h"
#include "kernel/handle.h"
#include "kernel/hook_side.h"
#include "kernel/instance_layers.h"
#include "kernel/kernel.h"
#include "kernel/layer.h"
#include "kernel/pins.h"

#define DEVICE "egret-unit"

static struct kernel *owner; /* NULL: nothing can be loaded here */
static char instance[32];
static uint32_t device;

static int load(struct kernel **ret)
{
	struct error error;
	int rc = kernel_supported(&error);

	if (!rc)
		rc = kernel_claim(instance, KERNEL_ANY, ret, &error);
	if (!rc)
		rc = kernel_load(*ret, -1, &error);
	if (!rc)
		return 0;
	print_message("note: nothing can be loaded here: %s\n", error.text);
	kernel_free(*ret);
	*ret = NULL;
	return rc;
}

/* One policy, so that there is something to judge by. */
static void rule(struct kernel *kernel)
{
	struct compile_input input = {.generation = kernel_next_generation(kernel)};
	const char *text = "set floor = off\nallow 20.0.0.1 tcp:443\n";
	struct compiled *compiled;
	struct policy *policy;
	struct diag diag = {0};
	struct error error;

	assert_int_equal(policy_load_text("t.rules", text, strlen(text), NULL, &policy, &diag), 0);
	input.policy = policy;
	assert_int_equal(compile_policy(&input, &compiled, &diag), 0);
	assert_int_equal(kernel_load_policy(kernel, compiled, false, NULL, &error), 0);
	diag_clear(&diag);
	compiled_free(compiled);
	policy_free(policy);
}

static int begin(void **state)
{
	(void)state;
	snprintf(instance, sizeof(instance), "unit-devices-%d", getpid());
	if (unshare(CLONE_NEWNET)) {
		print_message("note: no network namespace can be made here (%s)\n", strerror(errno));
		return 0;
	}
	load(&owner);
	return 0;
}

static int end(void **state)
{
	struct error error;
	int rc = owner ? kernel_take_down(owner, &error) : 0;

	(void)state;
	kernel_free(owner);
	return rc || kernel_is_there(instance);
}

static int make_device(void **state)
{
	struct ifinfomsg link = {0};
	struct netlink_question question;
	int info;

	(void)state;
	if (!owner)
		return 0;
	netlink_begin(&question, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &link, sizeof(link));
	netlink_add(&question, IFLA_IFNAME, DEVICE, sizeof(DEVICE));
	info = netlink_nest(&question, IFLA_LINKINFO, NULL, 0);
	netlink_add(&question, IFLA_INFO_KIND, "veth", strlen("veth"));
	netlink_end_nest(&question, info);
	if (netlink_ask(NETLINK_ROUTE, &question, NULL, NULL))
		return -1;
	device = if_nametoindex(DEVICE);
	rule(owner);
	return 0;
}

static void delete_device(void)
{
	struct ifinfomsg link = {.ifi_index = (int)device};
	struct netlink_question question;

	netlink_begin(&question, RTM_DELLINK, 0, &link, sizeof(link));
	netlink_ask(NETLINK_ROUTE, &question, NULL, NULL);
}

static bool lives(void *context, uint32_t ifindex)
{
	char name[IF_NAMESIZE];

	(void)context;
	return if_indextoname(ifindex, name);
}

static int remove_device(void **state)
{
	(void)state;
	if (!owner)
		return 0;
	delete_device();
	return kernel_layer_collect(owner, lives, NULL);
}

static struct device_side side(enum layer_place place)
{
	return (struct device_side){instance, device, place};
}

/* A program of somebody else's, which is named @name. */
static int foreign_program(const char *name)
{
	const struct bpf_insn pass[] = {
	    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1},
	    {.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, name, "GPL", pass, 2, NULL);

	assert_true(fd >= 0);
	return fd;
}

static void foreign_filter(enum bpf_tc_attach_point point, uint32_t handle, const char *name)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)device, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = handle, .priority = 1, .prog_fd = foreign_program(name));

	assert_int_equal(bpf_tc_attach(&hook, &options), 0);
	close(options.prog_fd);
}

static bool has_filter(enum bpf_tc_attach_point point, uint32_t handle)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)device, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = handle, .priority = 1);

	return !bpf_tc_query(&hook, &options);
}

static int find_qdisc(void *context, const struct nlmsghdr *message)
{
	const struct tcmsg *qdisc = NLMSG_DATA(message);

	(void)context;
	return qdisc->tcm_ifindex == (int)device && qdisc->tcm_parent == TC_H_INGRESS ? -EEXIST : 0;
}

static bool has_qdisc(void)
{
	struct netlink_question question;
	struct tcmsg all = {0};

	netlink_begin(&question, RTM_GETQDISC, NLM_F_DUMP, &all, sizeof(all));
	return netlink_ask(NETLINK_ROUTE, &question, find_qdisc, NULL) == -EEXIST;
}

static void change_qdisc(uint16_t type, uint16_t flags, const char *kind, uint32_t parent)
{
	struct tcmsg qdisc = {.tcm_ifindex = (int)device, .tcm_parent = parent, .tcm_handle = 0xffff0000};
	struct netlink_question question;

	netlink_begin(&question, type, flags, &qdisc, sizeof(qdisc));
	netlink_add(&question, TCA_KIND, kind, strlen(kind) + 1);
	assert_int_equal(netlink_ask(NETLINK_ROUTE, &question, NULL, NULL), 0);
}

static uint32_t standing(const struct side_way *way, enum layer_place place)
{
	struct device_side at = side(place);
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);
	int fd = way->program(&at);

	if (fd < 0)
		return 0;
	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	close(fd);
	return info.id;
}

static int filter_of(enum layer_place place)
{
	struct device_side at = side(place);

	return side_clsact.put(&at, layers_program(owner, place));
}

static int take_filter(enum layer_place place)
{
	struct device_side at = side(place);

	return side_clsact.take_away(&at);
}

static void skip_without_owner(void)
{
	if (!owner)
		skip();
}

static void a_program_stands_at_one_side_until_it_is_taken_away(void **state)
{
	struct error error;

	(void)state;
	skip_without_owner();
	assert_false(kernel_layer_is_attached(owner, device, LAYER_INGRESS));
	for (int i = 0; i < 2; i++) /* again is no error */
		assert_int_equal(kernel_layer_attach(owner, device, LAYER_INGRESS, &error), 0);
	assert_true(kernel_layer_is_attached(owner, device, LAYER_INGRESS));
	assert_false(kernel_layer_is_attached(owner, device, LAYER_EGRESS));
	assert_int_equal(kernel_layer_attach(owner, device, LAYER_EGRESS, &error), 0);
	assert_int_equal(kernel_layer_detach(owner, device, LAYER_INGRESS), 0);
	assert_false(kernel_layer_is_attached(owner, device, LAYER_INGRESS));
	assert_true(kernel_layer_is_attached(owner, device, LAYER_EGRESS));
	assert_int_equal(kernel_layer_detach(owner, device, LAYER_EGRESS), 0);
	assert_int_equal(kernel_layer_detach(owner, device, LAYER_EGRESS), 0);
	assert_false(has_qdisc());
}

/* include/uapi/linux/bpf.h of 6.6 */
#define TCX_INGRESS ((enum bpf_attach_type)46)

/* A CNI's program that ends the look of those behind it must not keep ours from looking. */
static void ours_comes_before_those_that_stood(void **state)
{
	int foreign = foreign_program("cni"), link;
	uint32_t ids[4] = {0}, count = 4, flags = 0;
	struct error error;

	(void)state;
	skip_without_owner();
	if (!kernel_layer_has_tcx(owner)) {
		close(foreign);
		skip();
	}
	link = bpf_link_create(foreign, (int)device, TCX_INGRESS, NULL);
	assert_true(link >= 0);
	assert_int_equal(kernel_layer_attach(owner, device, LAYER_INGRESS, &error), 0);
	assert_int_equal(bpf_prog_query((int)device, TCX_INGRESS, 0, &flags, ids, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(ids[0], standing(&side_tcx, LAYER_INGRESS));
	assert_int_equal(kernel_layer_detach(owner, device, LAYER_INGRESS), 0);
	count = 4;
	assert_int_equal(bpf_prog_query((int)device, TCX_INGRESS, 0, &flags, ids, &count), 0);
	assert_int_equal(count, 1);
	close(link);
	close(foreign);
}

static void a_device_that_is_gone_is_told(void **state)
{
	struct error error;

	(void)state;
	skip_without_owner();
	assert_int_equal(kernel_layer_attach(owner, device + 1000, LAYER_INGRESS, &error), -ENODEV);
	assert_int_equal(kernel_layer_detach(owner, device + 1000, LAYER_INGRESS), 0);
}

static void without_a_policy_nothing_is_attached(void **state)
{
	uint32_t generation;
	struct error error;

	(void)state;
	skip_without_owner();
	generation = owner->config->generation;
	owner->config->generation = 0;
	assert_int_equal(kernel_layer_attach(owner, device, LAYER_INGRESS, &error), -ESTALE);
	owner->config->generation = generation;
	assert_false(kernel_layer_is_attached(owner, device, LAYER_INGRESS));
}

static void a_filter_takes_its_qdisc_along_when_it_is_the_last(void **state)
{
	(void)state;
	skip_without_owner();
	assert_int_equal(filter_of(LAYER_INGRESS), 0);
	assert_int_equal(filter_of(LAYER_INGRESS), 0);
	assert_int_equal(filter_of(LAYER_EGRESS), 0);
	assert_true(kernel_layer_is_attached(owner, device, LAYER_INGRESS));
	assert_true(kernel_layer_is_attached(owner, device, LAYER_EGRESS));
	assert_int_equal(take_filter(LAYER_INGRESS), 0);
	assert_false(kernel_layer_is_attached(owner, device, LAYER_INGRESS));
	assert_true(kernel_layer_is_attached(owner, device, LAYER_EGRESS));
	assert_int_equal(take_filter(LAYER_EGRESS), 0);
	assert_false(has_qdisc());
}

static void filters_of_others_and_their_qdisc_stay(void **state)
{
	(void)state;
	skip_without_owner();
	assert_int_equal(filter_of(LAYER_INGRESS), 0);
	foreign_filter(BPF_TC_EGRESS, 1, "cni");
	assert_int_equal(take_filter(LAYER_INGRESS), 0);
	assert_true(has_filter(BPF_TC_EGRESS, 1));
	change_qdisc(RTM_DELQDISC, 0, "clsact", TC_H_CLSACT);
	/* A qdisc that was there before stays also when it is empty. */
	change_qdisc(RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, "clsact", TC_H_CLSACT);
	assert_int_equal(filter_of(LAYER_INGRESS), 0);
	assert_int_equal(take_filter(LAYER_INGRESS), 0);
	assert_true(has_qdisc());
}

/* As a CNI does that makes its qdisc anew. */
static void a_qdisc_that_was_made_in_place_of_ours_is_not_ours(void **state)
{
	(void)state;
	skip_without_owner();
	assert_int_equal(filter_of(LAYER_INGRESS), 0);
	change_qdisc(RTM_DELQDISC, 0, "clsact", TC_H_CLSACT);
	change_qdisc(RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, "clsact", TC_H_CLSACT);
	assert_false(kernel_layer_is_attached(owner, device, LAYER_INGRESS));
	assert_int_equal(filter_of(LAYER_INGRESS), 0);
	assert_int_equal(take_filter(LAYER_INGRESS), 0);
	assert_true(has_qdisc());
}

/* That of the CNI's bandwidth plugin. What leaves would be looked at as if it came in. */
static void an_ingress_qdisc_takes_a_filter_of_its_own_side_alone(void **state)
{
	(void)state;
	skip_without_owner();
	change_qdisc(RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, "ingress", TC_H_INGRESS);
	assert_int_equal(filter_of(LAYER_INGRESS), 0);
	assert_int_equal(filter_of(LAYER_EGRESS), -EBUSY);
	assert_int_equal(take_filter(LAYER_INGRESS), 0);
	assert_true(has_qdisc());
}

static void a_foreign_program_at_our_handle_is_left_alone(void **state)
{
	uint32_t handle = clsact_handle(instance);

	(void)state;
	skip_without_owner();
	change_qdisc(RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, "clsact", TC_H_CLSACT);
	foreign_filter(BPF_TC_INGRESS, handle, "cni");
	assert_int_equal(filter_of(LAYER_INGRESS), -EEXIST);
	assert_false(kernel_layer_is_attached(owner, device, LAYER_INGRESS));
	assert_int_equal(take_filter(LAYER_INGRESS), -ENOENT);
	assert_true(has_filter(BPF_TC_INGRESS, handle));
}

static int count_one(void *context, uint32_t ifindex, const struct egret_device *of, bool ingress, bool egress)
{
	char *all = context;

	snprintf(all + strlen(all), 256 - strlen(all), "%s %s%s%s|", of->name, ifindex == device ? "it" : "other",
		 ingress ? " in" : "", egress ? " out" : "");
	return 0;
}

static void what_is_left_of_a_device_that_is_gone_is_collected(void **state)
{
	const struct egret_device named = {.flags = EGRET_DEVICE_LEADS_IN, .name = "a"}, lo = {.name = "lo"};
	struct egret_sender sender = {.ifindex = device};
	struct egret_addr addr = {.word_be = {1, 2, 3, 4}};
	char all[256] = "", path[PIN_PATH_SIZE];
	struct error error;
	uint32_t one = 1;

	(void)state;
	skip_without_owner();
	assert_int_equal(kernel_set_device(owner, device, &named), 0);
	assert_int_equal(kernel_set_device(owner, one, &lo), 0);
	bpf_map_update_elem(owner->maps[MAP_device_owners], &device, &sender, BPF_ANY);
	bpf_map_update_elem(owner->maps[MAP_senders], &addr, &sender, BPF_ANY);
	assert_int_equal(kernel_layer_attach(owner, device, LAYER_INGRESS, &error), 0);
	assert_int_equal(kernel_each_device(owner, count_one, all), 0);
	assert_non_null(strstr(all, "a it in|"));
	assert_non_null(strstr(all, "lo other|"));
	delete_device();
	assert_false(kernel_layer_is_attached(owner, device, LAYER_INGRESS));
	assert_int_equal(kernel_layer_collect(owner, lives, NULL), 0);
	pin_path(path, instance, "tcx", "");
	snprintf(path + strlen(path), sizeof(path) - strlen(path), "%u_in", device);
	assert_int_equal(access(path, F_OK), -1);
	*all = '\0';
	assert_int_equal(kernel_each_device(owner, count_one, all), 0);
	assert_string_equal(all, "lo other|");
	assert_int_equal(bpf_map_lookup_elem(owner->maps[MAP_device_owners], &device, &sender), -ENOENT);
	assert_int_equal(bpf_map_lookup_elem(owner->maps[MAP_senders], &addr, &sender), -ENOENT);
	assert_int_equal(kernel_remove_device(owner, one), 0);
}

static void an_owner_that_is_known_stays(void **state)
{
	const uint32_t found = 70001, known = 70002, outside = 70003;
	const struct egret_sender seen = {.cgroup_id = 5, .owner = 5, .ifindex = known};
	struct egret_sender sender;

	(void)state;
	skip_without_owner();
	bpf_map_update_elem(owner->maps[MAP_device_owners], &known, &seen, BPF_ANY);
	assert_false(kernel_knows_owner(owner, found));
	assert_int_equal(kernel_note_owner(owner, found, 7, true), 0);
	assert_int_equal(kernel_note_owner(owner, known, 7, true), 0);
	assert_int_equal(kernel_note_owner(owner, outside, 7, false), 0);
	assert_true(kernel_knows_owner(owner, found));
	assert_int_equal(bpf_map_lookup_elem(owner->maps[MAP_device_owners], &found, &sender), 0);
	assert_int_equal(sender.owner, 7);
	assert_true(sender.scope == (EGRET_SCOPE_POD | 7));
	assert_int_equal(bpf_map_lookup_elem(owner->maps[MAP_device_owners], &known, &sender), 0);
	assert_int_equal(sender.owner, 5);
	assert_int_equal(bpf_map_lookup_elem(owner->maps[MAP_device_owners], &outside, &sender), 0);
	assert_int_equal(sender.owner, 0);
	for (uint32_t device_at = found; device_at <= outside; device_at++)
		assert_int_equal(kernel_remove_device(owner, device_at), 0);
}

static void overlays_take_the_place_of_those_before(void **state)
{
	const struct egret_overlay first[] = {{17, 0, 4789}, {17, 1, 51820}}, second[] = {{17, 0, 4789}, {4, 0, 0}};
	uint32_t value;

	(void)state;
	skip_without_owner();
	assert_int_equal(kernel_set_overlays(owner, first, 2), 0);
	assert_int_equal(kernel_set_overlays(owner, second, 2), 0);
	assert_int_equal(bpf_map_lookup_elem(owner->maps[MAP_overlays], &first[0], &value), 0);
	assert_int_equal(bpf_map_lookup_elem(owner->maps[MAP_overlays], &first[1], &value), -ENOENT);
	assert_int_equal(bpf_map_lookup_elem(owner->maps[MAP_overlays], &second[1], &value), 0);
	assert_int_equal(kernel_set_overlays(owner, NULL, 0), 0);
	assert_int_equal(bpf_map_lookup_elem(owner->maps[MAP_overlays], &second[1], &value), -ENOENT);
}

/* What a second agent of the same instance finds: as the kernel has it at one side, by filter at the other. */
static void a_start_that_fails_puts_back_what_stood(void **state)
{
	uint32_t in, out;
	const struct side_way *way;
	struct kernel *second = NULL;
	struct error error;

	(void)state;
	skip_without_owner();
	way = kernel_layer_has_tcx(owner) ? &side_tcx : &side_clsact;
	assert_int_equal(kernel_layer_attach(owner, device, LAYER_INGRESS, &error), 0);
	assert_int_equal(filter_of(LAYER_EGRESS), 0);
	in = standing(way, LAYER_INGRESS);
	out = standing(&side_clsact, LAYER_EGRESS);
	assert_true(in && out);
	kernel_free(owner);
	owner = NULL;
	assert_int_equal(standing(way, LAYER_INGRESS), in); /* without an agent */
	assert_int_equal(load(&second), 0);
	assert_int_equal(layers_replace(second, &error), 0);
	assert_int_not_equal(standing(way, LAYER_INGRESS), in);
	assert_int_not_equal(standing(&side_clsact, LAYER_EGRESS), out);
	assert_int_equal(kernel_layer_attach(second, 1, LAYER_INGRESS, &error), 0); /* lo, of this namespace */
	kernel_undo(second);
	assert_int_equal(standing(way, LAYER_INGRESS), in);
	assert_int_equal(standing(&side_clsact, LAYER_EGRESS), out);
	assert_false(kernel_layer_is_attached(second, 1, LAYER_INGRESS));
	owner = second;
}

static void what_is_taken_down_leaves_nothing_at_devices(void **state)
{
	struct error error;

	(void)state;
	skip_without_owner();
	assert_int_equal(kernel_layer_attach(owner, device, LAYER_INGRESS, &error), 0);
	assert_int_equal(filter_of(LAYER_EGRESS), 0);
	assert_int_equal(kernel_take_down(owner, &error), 0);
	assert_false(kernel_is_there(instance));
	assert_false(has_qdisc());
	assert_false(kernel_layer_is_attached(owner, device, LAYER_INGRESS));
	/* Whoever holds it still puts nothing back. */
	assert_int_equal(kernel_layer_attach(owner, device, LAYER_INGRESS, &error), -ESTALE);
	kernel_free(owner);
	owner = NULL;
	load(&owner);
}

static void filters_without_pins_are_found_by_detach(void **state)
{
	struct error error;

	(void)state;
	skip_without_owner();
	assert_int_equal(filter_of(LAYER_EGRESS), 0);
	assert_int_equal(kernel_take_down(owner, &error), 0);
	assert_int_equal(kernel_detach(instance, &error), -ENOENT);
	assert_int_equal(filter_of(LAYER_EGRESS), -ENOENT); /* no folder to note the qdisc in: nothing is made */
	change_qdisc(RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, "clsact", TC_H_CLSACT);
	assert_int_equal(filter_of(LAYER_EGRESS), 0);
	assert_int_equal(kernel_detach(instance, &error), 0);
	assert_int_equal(standing(&side_clsact, LAYER_EGRESS), 0);
	kernel_free(owner);
	owner = NULL;
	load(&owner);
}

static void the_kernels_connections_are_found(void **state)
{
	(void)state;
	skip_without_owner();
	if (kernel_find_conntrack(owner) == -ENOENT)
		skip();
	assert_in_range(owner->config->conntrack.status, 8, 1024);
	assert_in_range(owner->config->conntrack.original, 8, 1024);
	assert_int_equal(kernel_find_conntrack(owner), 0);
}

#define CGROUP "egret-unit-devices"

/* Below the mount point of the tests' machine, or of any with cgroups of version 2 alone. */
static const char *const mounts[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};

static int cgroup(void)
{
	char path[128];
	int fd = -1;

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]) && fd < 0; i++) {
		snprintf(path, sizeof(path), "%s/cgroup.procs", mounts[i]);
		if (access(path, F_OK))
			continue;
		snprintf(path, sizeof(path), "%s/" CGROUP, mounts[i]);
		mkdir(path, 0755);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		skip();
	return fd;
}

static int remove_cgroup(void **state)
{
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		snprintf(path, sizeof(path), "%s/" CGROUP, mounts[i]);
		rmdir(path);
	}
	return 0;
}

static void set_layers(enum egret_layers_mode mode)
{
	for (int slot = 0; slot < EGRET_POLICY_SLOTS; slot++)
		owner->config->settings[slot].layers = mode;
}

/* What a proof leaves: 0 = nothing. */
static int count_devices(void *context, uint32_t ifindex, const struct egret_device *of, bool ingress, bool egress)
{
	int *count = context;

	(void)ifindex, (void)of, (void)ingress, (void)egress;
	++*count;
	return 0;
}

static int count_drop(void *context, const struct egret_drop_key *key, const struct egret_drop *drop)
{
	int *count = context;

	(void)key, (void)drop;
	++*count;
	return 0;
}

static void a_layer_is_proved_by_what_it_must_deny(void **state)
{
	int cgroup_fd = cgroup(), left = 0;
	struct egret_counter counter;
	struct egret_addr forbidden;
	struct error error;

	(void)state;
	skip_without_owner();
	assert_int_equal(addr_parse("203.0.113.1", &forbidden), 0);
	rule(owner);
	set_layers(EGRET_LAYERS_OFF);
	for (int layer = 0; layer < EGRET_LAYER_COUNT; layer++) {
		assert_int_equal(kernel_layer_prove(owner, cgroup_fd, &forbidden, layer, &error), -EIO);
		assert_non_null(strstr(error.text, "let a frame to 203.0.113.1 pass"));
	}
	set_layers(EGRET_LAYERS_ENFORCE);
	for (int layer = 0; layer < EGRET_LAYER_COUNT; layer++)
		assert_int_equal(kernel_layer_prove(owner, cgroup_fd, &forbidden, layer, &error), 0);
	close(cgroup_fd);
	assert_int_equal(kernel_each_device(owner, count_devices, &left), 0);
	assert_int_equal(left, 0);
	assert_int_equal(owner->config->unaccounted_cgroup, 0);
	/* A person reads nothing of a denial that Egret caused. */
	assert_int_equal(kernel_each_drop(owner, count_drop, &left), 0);
	for (int reason = 1; reason < EGRET_REASON_COUNT; reason++) {
		assert_int_equal(kernel_get_reason(owner, reason, false, &counter), 0);
		left += counter.packets != 0;
	}
	assert_int_equal(left, 0);
}

int main(void)
{
#define AT_A_DEVICE(test) cmocka_unit_test_setup_teardown(test, make_device, remove_device)
	const struct CMUnitTest tests[] = {
	    AT_A_DEVICE(a_program_stands_at_one_side_until_it_is_taken_away),
	    AT_A_DEVICE(ours_comes_before_those_that_stood),
	    AT_A_DEVICE(a_device_that_is_gone_is_told),
	    AT_A_DEVICE(without_a_policy_nothing_is_attached),
	    AT_A_DEVICE(a_filter_takes_its_qdisc_along_when_it_is_the_last),
	    AT_A_DEVICE(filters_of_others_and_their_qdisc_stay),
	    AT_A_DEVICE(a_qdisc_that_was_made_in_place_of_ours_is_not_ours),
	    AT_A_DEVICE(an_ingress_qdisc_takes_a_filter_of_its_own_side_alone),
	    AT_A_DEVICE(a_foreign_program_at_our_handle_is_left_alone),
	    AT_A_DEVICE(what_is_left_of_a_device_that_is_gone_is_collected),
	    AT_A_DEVICE(a_start_that_fails_puts_back_what_stood),
	    AT_A_DEVICE(what_is_taken_down_leaves_nothing_at_devices),
	    AT_A_DEVICE(filters_without_pins_are_found_by_detach),
	    cmocka_unit_test(an_owner_that_is_known_stays),
	    cmocka_unit_test(overlays_take_the_place_of_those_before),
	    cmocka_unit_test_teardown(a_layer_is_proved_by_what_it_must_deny, remove_cgroup),
	    cmocka_unit_test(the_kernels_connections_are_found),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
