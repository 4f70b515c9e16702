/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A fake of what an instance's reader asks the system: libbpf's calls on pinned maps and
 * links, and where cgroups are. It stands in front of the real ones when fuzz_pinned is
 * linked, so that a fuzzer says what the maps hold: at thousands of instances a second,
 * with values that no Egret writes, and without touching those of this machine.
 *
 * What it leaves out: eviction, more than one entry for an address or a CIDR (any answers
 * for all), and the second slot, which holds what the first one holds.
 */
#ifndef EGRET_FUZZ_FAKE_H
#define EGRET_FUZZ_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An instance as records of the input: see read_record in fake.c. */
void fake_start(const uint8_t *data, size_t size);
void fake_end(void);

/* Of `drops`, and of `texts` from the first rule on without a hole. */
size_t fake_drops(void);
size_t fake_texts(void);
/* Does each map answer as a healthy one does? Else a view may refuse, or show less. */
bool fake_is_whole(void);

#endif
