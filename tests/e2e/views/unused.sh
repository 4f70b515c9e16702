#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Which rules nothing has hit for long, also over a reboot; and no rule is called unused for longer than its hits were
# counted.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
record=$EGRET_STATE/hits-$instance
govern <<'POLICY'
allow 20.1.0.1  tcp:443
allow 20.1.0.2  tcp:443
deny  20.1.0.9
POLICY

# The ids are gone with the maps; the folder of the state stays. The agent has ended.
reboot() {
	rm -rf "/sys/fs/bpf/egret/$instance"
	agent_again "$@"
	eventually recorded
}
recorded() { egret_cmd rules --json | jq -e 'all(.[] | select(.rule_id >= 16); .recorded_since_time != null)'; }
hit_seen() { egret_cmd rules --json | jq -e 'any(.[]; .rule == "allow 20.1.0.1 tcp:443" and .last_hit_time != null)'; }
days_back() { # days_back N [HEADING]: all times of the record, or only that of its last write
	awk -v days="$1" -v heading="${2:-}" '{ at = NR == 1 ? 4 : 2
		for (i = at; i <= NF; i++) if ((NR == 1) == (heading != "") && $i > 0) $i = sprintf("%.0f", $i - days * 86400e9)
		print }' "$record" >"$work/record" && cp "$work/record" "$record"
}

passes node 20.1.0.1 tcp:443
eventually recorded
eventually hit_seen
json 'length == 0' "nothing is unused for a day that was not counted" egret_cmd rules --unused 1d --json
succeeds "rules --unused" egret_cmd rules --unused 1d
shows '^no rule is known to be without a hit since 20' "and it says so"
shows '^2 more rules had no hit, but the record of them does not reach back so far$' "and why"
stop "$agent"
expect 3 "rules in the record" eval 'tail -n +2 "$record" | wc -l'
days_back 100

reboot --audit
json '[.[].rule] == ["allow 20.1.0.1 tcp:443", "allow 20.1.0.2 tcp:443"] and .[0].last_hit_time != null and .[1].last_hit_time == null
	and all(.[]; .unused_since_time | fromdate < now - 99 * 86400)' \
	"over a reboot; not a deny, of which audit counts no hit" egret_cmd rules --unused 90d --json
json '[.[].rule] == []' "nothing for longer than that" egret_cmd rules --unused 101d --json
passes node 20.1.0.2 tcp:443
json '[.[].rule] == ["allow 20.1.0.1 tcp:443"]' "what is hit now is used" egret_cmd rules --unused 90d --json
succeeds "rules --unused" egret_cmd rules --unused 90d
shows '^20[0-9-]{8} +allow 20\.1\.0\.1 tcp:443 +policy\.rules:1$' "when it was hit last"
shows "^hits are recorded since $(date -u -d '100 days ago' +%Y-%m-%d)T[^ ]*; policy of $(date -u +%Y)-" "how far that reaches"

# Days without an agent and without programs: nobody counted, so the record begins anew, with the last hits of before.
stop "$agent"
days_back 100 heading
echo nonsense >>"$record" # what is damaged is left out
if (($(awk '{ print int($1) }' /proc/uptime) > 7300)); then
	reboot
	json '[.[].rule] == []' "after a gap nothing is called unused" egret_cmd rules --unused 1d --json
	json 'any(.[]; .rule == "allow 20.1.0.1 tcp:443" and (.last_hit_time | fromdate < now - 99 * 86400))' "last hits stay" \
		egret_cmd rules --json
fi
for word in 90x -1d ""; do
	fails 2 "--unused ${word@Q}" egret_cmd rules --unused "$word"
done
finish
