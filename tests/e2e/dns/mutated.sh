#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Spoiled answers to a governed socket: nothing is learned that c-ares does not find in them under
# the asked name, and all that it finds in the whole ones. `make test-long` sends 50,000.
. "$(dirname "$0")/../lib.sh"
needs_egret
sent=$root/build/tests/answers_sent
[ -x "$sent" ] || skip "build/tests/answers_sent is not built"
bed_up
govern <<'POLICY'
resolver 20.0.0.54
resolver 2603:1000::54
allow *.example  tcp:443
POLICY

servers=(20.0.0.54 2603:1000::54)
for server in "${servers[@]}"; do
	log=$work/sent-${server//:/-}.log
	start "$log" - "$id-inet" "$sent" serve "$server"
	eventually logged "$log" ^ready || die "no server on $server: $(cat "$log")"
done

count=${EGRET_ANSWERS_SENT:-5000}
succeeds "$count answers: what was learned is what c-ares finds" \
	node "$sent" ask "${servers[@]}" "$count" "$egret" learned --json --instance "$instance"
grep ^note: "$work/output"
json '.dns_total.malformed > 0 and .dns_total.mismatch > 0 and .dns_total.stray > 0 and .dns_total.rebinding > 0' \
	"status --json counts what it did not learn" egret_cmd status --json
json '.dns_total.addresses > 1000' "status --json: much was learned" egret_cmd status --json
finish
