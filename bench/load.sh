#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# 100k addresses loaded, and one changed: bench/load.c, beside nft where it is there.
. "$(dirname "$0")/bed.sh"
nft=$(command -v nft) || say "skip nft: not installed here"
cd "$work"
"$root/build/bench/load" ${nft:+"$nft"}
