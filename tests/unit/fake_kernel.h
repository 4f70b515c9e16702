/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An instance of which a test fills in what its maps hold, for what reads it. Zero-initialise; no memory is owned. */
#ifndef EGRET_FAKE_KERNEL_H
#define EGRET_FAKE_KERNEL_H

#include "egret_reasons.h"
#include "egret_decide.h"
#include "kernel/layer.h"
#include "kernel/read.h"
#include "kernel/source.h"

#define FAKE_MAX   16
#define FAKE_NAMES 32

struct kernel {
	struct egret_config config;
	struct egret_meta meta;
	bool held;
	bool view;         /* as kernel_view gives it */
	uint32_t texts_id; /* 0 = no texts are there for a view */
	uint64_t late_subjects;
	const char *missing_hook; /* NULL = attached */
	/* By id in the kernel; a rule without text is none. */
	struct egret_rule_text texts[EGRET_RULE_FIRST + FAKE_MAX];
	struct egret_counter counters[EGRET_RULE_FIRST + FAKE_MAX];
	struct egret_hit hits[EGRET_RULE_FIRST + FAKE_MAX];
	struct egret_counter reasons[2][EGRET_REASON_COUNT]; /* denied, audited */
	struct egret_counter lessons[EGRET_LESSON_COUNT];
	struct egret_name names[FAKE_NAMES]; /* from 1 on; EGRET_NAME_UNUSED is none */
	struct {
		struct egret_drop_key key;
		struct egret_drop drop;
	} drops[EGRET_MAX_CULPRITS];
	struct {
		uint64_t owner, denied_cgroup;
		bool audited;
		struct egret_others others;
	} others[FAKE_MAX];
	struct egret_existing existing[FAKE_MAX];
	struct kernel_lesson lessons_of[FAKE_MAX];
	struct {
		uint64_t key;
		struct egret_asked asked;
	} asked[FAKE_MAX];
	struct {
		uint64_t cgroup_id;
		struct egret_subject_name subject;
	} subjects[FAKE_MAX];
	/* Of pods by their uid, of containers by their id. */
	struct {
		const char *id, *name;
	} noted[FAKE_MAX];
	struct {
		uint32_t ifindex;
		struct egret_device device;
		bool ingress, egress;
	} devices[FAKE_MAX];
	struct egret_overlay overlay; /* the one that may pass; 0 = none */
	uint64_t device_owner;        /* of any device; 0 = it is not known */
	struct egret_counter looks[EGRET_LAYER_COUNT][EGRET_LOOK_COUNT];
	struct kernel_source sources[EGRET_SOURCE_TRACED];
	bool of_exec;
	struct kernel_map_fill fills[FAKE_MAX];
	struct kernel_socket_memory socket_memory;
	size_t drop_count, others_count, existing_count, lesson_count, asked_count, subject_count, fill_count,
	    device_count, noted_count;
	/* An address that name 1 has and may not bring in, by the rule; 0 = none. */
	struct egret_addr special_addr;
	uint32_t special_rule;
	struct judgement judgement;           /* of any packet */
	struct egret_completion completion;   /* of any row; without a cause and a rule there is none */
	bool (*is_pinned)(unsigned int look); /* who asks again and again; NULL = it is not */
};

/* The one that kernel_open opens and kernel_is_held answers for; instances have no other name here. NULL: there is
 * none. */
extern const struct kernel *fake_instance;

#endif
