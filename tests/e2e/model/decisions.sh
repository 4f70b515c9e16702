#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What `explain` says against what the kernel decides, in random states with learned addresses. `make test-long`
# tries 100,000.
. "$(dirname "$0")/../lib.sh"
needs_egret
mount_private
succeeds "no disagreement" "$root/build/tests/decisions" "${EGRET_DECISIONS:-20000}"
grep ^note: "$work/output"
finish
