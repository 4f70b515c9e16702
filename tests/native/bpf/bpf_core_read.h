/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* In place of libbpf's header: there is no other kernel to relocate to. */
#ifndef EGRET_NATIVE_CORE_READ_H
#define EGRET_NATIVE_CORE_READ_H

#define bpf_core_enum_value_exists(type, value)     1
#define bpf_core_field_exists(field)                0 /* of struct sock: it is not there */
#define __builtin_preserve_field_info(field, which) (0 * sizeof((void)(field), 0))

#endif
