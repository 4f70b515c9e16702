// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The words of the configuration that the programs read with each packet: one store each. */
#include "write_settings.h"

#include "handle.h"
#include "tick.h"

uint32_t kernel_next_generation(const struct kernel *kernel)
{
	uint32_t next = kernel->config->generation + 1;

	return next ? next : EGRET_POLICY_SLOTS; /* 0 means that there is no policy yet */
}

void kernel_forget_denials(struct kernel *kernel)
{
	__atomic_add_fetch(&kernel->config->learned, 1, __ATOMIC_RELEASE);
}

/* The same policy, in the same slot; but every cached verdict is judged again. */
void forget_verdicts(struct egret_config *config)
{
	__atomic_add_fetch(&config->generation, EGRET_POLICY_SLOTS, __ATOMIC_RELEASE);
}

void kernel_set_audit(struct kernel *kernel, bool audit)
{
	__atomic_store_n(&kernel->config->settings[handle_slot(kernel)].audit, audit, __ATOMIC_RELEASE);
}

void kernel_note_alive(struct kernel *kernel)
{
	__atomic_store_n(&kernel->config->alive_tick, kernel_tick_now(), __ATOMIC_RELEASE);
}

void kernel_set_keep_existing(struct kernel *kernel, bool keep)
{
	__atomic_store_n(&kernel->config->keep_existing, keep, __ATOMIC_RELEASE);
}

void kernel_set_unaccounted(struct kernel *kernel, uint64_t cgroup_id)
{
	__atomic_store_n(&kernel->config->unaccounted_cgroup, cgroup_id, __ATOMIC_RELEASE);
}
