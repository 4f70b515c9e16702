#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The last policy that was good on a node is kept in the state folder: it stands in for one that is broken or cannot be
# read when a node boots, and names that nobody answers for have the addresses of before. It never stands in for a policy
# that can be read; and one that only audited, that is off or whose requirement failed is never kept.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
dns www.good.example 20.1.0.1
kept=$EGRET_STATE/policy-$instance

# once [ARG...]: as the unit does at boot.
once() {
	in_cgroup - "$id-node" "$egret" run --once --policy "$work/policy.rules" -D place=good --cgroup "$cg" \
		--instance "$instance" "$@"
}
# What a reboot leaves: the state folder.
reboot() { rm -rf "/sys/fs/bpf/egret/$instance"; }
write_good() {
	policy <<-'POLICY'
		resolver 20.0.0.53
		use more
		allow www.${place}.example tcp:443
	POLICY
	policy "$work/more.rules" <<<'allow 20.2.0.1 tcp:443'
}
good_rules() {
	denied node 51.0.0.1 tcp:443
	denied node 20.3.0.1 tcp:443
	passes node 20.2.0.1 tcp:443
	passes node 20.1.0.1 tcp:443
}
is_kept() { [ -e "$kept" ]; }
isnt_kept() { [ ! -e "$kept" ]; }

write_good
agent_start -D place=good
succeeds "what rules is kept" eventually is_kept
stop "$agent" KILL
succeeds "for root alone" test "$(stat -c '%u %a' "$kept")" = "0 600"

# Broken, in each of its files; by another definition; not there at all.
reboot
echo 'allow nonsense' >"$work/more.rules"
succeeds "at boot, with a broken policy" once
shows 'more.rules:1:.*error' "it says what is wrong"
shows 'the last good policy rules, kept at 20' "and what rules"
good_rules
json '.mode == "enforcing" and any(.problems[]; .kind == "policy" and (.text | test("last good policy.*more.rules:1:")))' \
	"status says both" egret_cmd status --json
reboot
rm "$work/policy.rules" "$work/more.rules"
succeeds "with a policy that is not there, and no resolver" eval 'stop "$dns_pid"; once'
shows 'www.good.example: .*; it has the addresses from disk until it is resolved' \
	"it says whose addresses are from disk"
good_rules

# A policy that can be read is better than the one that is kept, whatever it says.
reboot
policy <<<'allow 20.3.0.1 tcp:443'
succeeds "at boot, with another policy that is valid" once
shows 'only audits' "which has not ruled yet"
passes node 51.0.0.1 tcp:443
lacks 'last good policy' "the kept one has no part in it"

# An agent, too, takes the addresses from disk; the first answer takes their place.
reboot
write_good
dns_silent_start() {
	rm -f "$work/agent.log"
	start "$work/agent.log" - "$id-node" "$egret" run --policy "$work/policy.rules" --cgroup "$cg" \
		--instance "$instance" -D place=good
	agent=$started
	eventually agent_settled || eventually agent_settled || die "the agent is not ready: $(cat "$work/agent.log")"
}
dns_silent_start
passes node 20.1.0.1 tcp:443
from_disk='any(.names.failing[]; .name == "www.good.example" and .state == "from-disk" and
	(.answered_time | test("^20..-..-..T..:..:..Z$")) and .addresses_count == 1) and .names.state_count["from-disk"] == 1'
json "$from_disk" "status --json tells where a name's addresses come from, and the time" egret_cmd status --json
egret_cmd status >"$work/output"
shows 'www.good.example.*from disk' "it says so to people"
succeeds "rules" egret_cmd rules -o wide
shows '^1 name above.*from disk' "rules say so, too"
sed -i '/good.example/d' "$work/hosts"
echo "20.1.0.2 www.good.example" >>"$work/hosts"
serve_dns
answered() { [[ "$(try node 20.1.0.2 tcp:443)" == connected* ]]; }
if eventually answered || eventually answered; then passed "an answer comes in"; else failed "an answer comes in"; fi
denied node 20.1.0.1 tcp:443
json '.names.failing == []' "nothing is from disk any more" egret_cmd status --json
# Which is kept, a minute after what was kept before.
is_kept_now() { grep -aq 'www.good.example [0-9]* 20.1.0.2$' "$kept"; }
for _ in 1 2 3 4 5 6 7 8 9; do
	eventually is_kept_now && break
done
succeeds "the new address is kept" is_kept_now
stop "$agent" KILL
# Or when the agent ends before that.
reboot
rm "$kept"
stop "$dns_pid"
dns_silent_start
fails 0 "nothing is known yet" eval '! is_kept_now'
serve_dns
if eventually answered || eventually answered; then passed "it is answered late"; else failed "it is answered late"; fi
stop "$agent"
succeeds "an agent that ends keeps what came in since" is_kept_now

# What others could have written, and what is damaged, is not read.
reboot
cp "$kept" "$work/copy"
echo 'allow nonsense' >"$work/more.rules"
chown 65534 "$kept"
fails 2 "a file of somebody else" once
shows 'is not read.*others than root' "says why"
passes node 51.0.0.1 tcp:443
chown 0 "$kept"
chmod 0666 "$kept"
fails 2 "one that others may write to" once
shows 'is not read.*others than root' "says why"
rm "$kept"
ln -s "$work/copy" "$kept"
fails 2 "a link" once
shows 'is not read.*a link' "says why"
rm "$kept"
head -c -7 "$work/copy" >"$kept"
fails 2 "half a file" once
shows 'is not read: it is damaged' "says why"
chmod 0755 "$EGRET_STATE"
cp "$work/copy" "$kept"
fails 2 "a folder that others may look into" once
shows 'state folder.*is not used' "says why"
chmod 0700 "$EGRET_STATE"
passes node 51.0.0.1 tcp:443
rm "$kept"
fails 2 "nothing kept at all" once
shows 'no policy has been kept' "says so"
passes node 51.0.0.1 tcp:443

# What is not good is not kept, and what somebody opened is not closed again by what was there before.
write_good
printf '%s\n' 'allow 192.0.2.1 tcp:9' 'require 192.0.2.1 tcp:9' >>"$work/policy.rules"
agent_start -D place=good
required() { egret_cmd status --json | jq -e 'any(.problems[]; .kind == "required")'; }
eventually required || failed "the requirement is told"
succeeds "one whose requirement does not answer is not kept" isnt_kept
stop "$agent"
agent_start -D place=good --probation 3s
on_probation() { egret_cmd status --json | jq -e '.mode == "enforcing" and .probation'; }
fell_back() { egret_cmd status --json | jq -e '.mode == "auditing"'; }
eventually fell_back || failed "it goes back to audit: $(cat "$work/agent.log")"
succeeds "nor one that audits after its probation" isnt_kept
write_good
if eventually on_probation && isnt_kept; then passed "nor one on probation"; else failed "nor one on probation"; fi
if eventually is_kept; then passed "but one whose probation is over"; else failed "but one whose probation is over"; fi
sed -i '1iset mode = audit' "$work/policy.rules"
if eventually isnt_kept; then passed "one that audits ends it"; else failed "one that audits ends it"; fi
write_good
eventually is_kept || failed "it is kept again"
echo 'set mode = off' >"$work/policy.rules"
if eventually isnt_kept; then passed "one that is off ends it"; else failed "one that is off ends it"; fi
stop "$agent" KILL
reboot
echo 'allow nonsense' >"$work/policy.rules"
fails 2 "what was switched off stays open, whatever becomes of its file" once
passes node 51.0.0.1 tcp:443
finish
