#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `egret serve`: what it says, that it can change nothing, that nobody can fill it up, and that enforcement does not
# notice when it hangs or is gone.
. "$(dirname "$0")/../lib.sh"
needs_egret
trespass=$root/build/tests/trespass
crowd=$root/build/tests/crowd
[ -x "$trespass" ] && [ -x "$crowd" ] || make -s -C "$root" build/tests/{trespass,crowd} >&2 || die "tests/tools does not build"
command -v setpriv >/dev/null || skip "setpriv is not installed"

viewers=64964
folder=/sys/fs/bpf/egret/$instance
# with_group LINE...: /etc/group, for this test alone.
with_group() {
	{ [ -e "$work/group" ] && umount /etc/group; } 2>/dev/null
	grep -v '^egret-view:' /etc/group >"$work/group"
	printf '%s\n' "$@" >>"$work/group"
	mount --bind "$work/group" /etc/group
}
as_viewer=(setpriv --reuid $viewers --regid $viewers --clear-groups --inh-caps=-all,+bpf --ambient-caps=-all,+bpf)
# serve LISTEN [CMD...]: by a command that makes it somebody else.
serve() {
	local listen=$1
	shift
	: >"$work/serve.log"
	start "$work/serve.log" - "$id-node" "$@" "$egret" serve --instance "$instance" --listen "$listen"
	serve=$started
	eventually logged "$work/serve.log" 'listens on|egret:'
}
get() {
	local url=$1
	shift
	ungoverned curl -sS -m 5 "$@" "http://$url"
}
status_of() {
	local url=$1
	shift
	get "$url" -o /dev/null -w '%{http_code}\n' "$@"
}
# has PATTERN WHAT: a line of /metrics, which are as old as a second.
has() {
	local line=^$1\$
	is_there() { get 127.0.0.1:9964/metrics >"$work/metrics" && grep -qE -- "$line" "$work/metrics"; }
	if eventually is_there; then
		passed "$2: $1"
	else
		failed "$2: no $1 but $(grep -F -- "${1%%[\\ ]*}" "$work/metrics" | head -n 5)"
	fi
}
field() { awk -v field="$1:" '$1 == field { print $2 }' "/proc/$serve/status"; }

bed_up
chmod 700 /sys/fs/bpf # as systemd mounts it
fails 2 "no address" "$egret" serve --listen 9964
fails 2 "no port" "$egret" serve --listen 127.0.0.1:99999
fails 2 "a name" "$egret" serve --listen localhost:9964
with_group
fails 3 "no group" ungoverned "$egret" serve
shows 'groupadd --system egret-view' "it says what to do"

# Of an agent that began when there was no group.
govern <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
POLICY
expect 700 "without the group folders are root's" stat -c %a "$folder"
expect 600 "and maps" stat -c %a "$folder/map_meta"
with_group "egret-view:x:$viewers:"
serve 127.0.0.1:9964,10.224.0.4:9964
has 'egret_up 0' "an instance of before cannot be read"
eventually logged "$work/serve.log" 'start its agent anew' && passed "and it says what to do" || failed "it says nothing"
expect 503 "so it is not ready" status_of 127.0.0.1:9964/readyz
stop "$agent"
agent_again
has 'egret_up 1' "an agent that is started anew lets it be read"

# --- what it may do ---
expect "$viewers" "it runs as an ordinary user" field Uid
expect 0000008000000000 "with CAP_BPF alone" field CapPrm
expect 2 "with a list of system calls" field Seccomp
expect 1 "and gets no others" field NoNewPrivs
expect 710 "it may pass through what systemd mounts for root alone" stat -c %a /sys/fs/bpf
expect 710 "the folder cannot be listed, nor locked" stat -c %a "$folder"
expect 640 "maps can be read" stat -c %a "$folder/map_meta"
expect 600 "links not" stat -c %a "$folder/link_egress"
# shellcheck disable=SC2046
succeeds "who may read can do nothing else" "${as_viewer[@]}" "$trespass" "$folder" $(ls "$folder")
shows 'refused [1-9][0-9]{3}, read [4-7][0-9]' "all was tried"
fails 1 "in another's hands the same would be found" setpriv --reuid 1234 --regid 1234 --clear-groups "$trespass" "$folder" map_meta

# --- what it says ---
pod_up web 2
denied "pod web" 51.0.0.1 tcp:443
passes node 20.1.0.1 tcp:443
has 'egret_denied_packets_total\{reason="no-rule"\} [1-9][0-9]*' "denials"
has 'egret_workload_denied_packets_total\{namespace="default",workload="web",protocol="tcp",reason="no-rule"\} [1-9][0-9]*' "by workload"
has 'egret_rule_packets_total\{rule=".*policy.rules:2",action="allow"\} [1-9][0-9]*' "by rule"
has 'egret_rule_info\{rule=".*policy.rules:2",text="allow 20.1.0.1 tcp:443"\} 1' "with its text"
expect 0 "which others than this machine are not told" grep -c egret_rule_info <(get 10.224.0.4:9964/metrics)
expect 1 "while all else is" grep -c '^egret_policy_rules 2' <(get 10.224.0.4:9964/metrics)
has 'egret_policy_reloads_total 0' "no reload so far"
expect '200' "ready" status_of 10.224.0.4:9964/readyz
expect '200' "alive" status_of 10.224.0.4:9964/livez
expect 1 "OpenMetrics, for who takes it" grep -cx '# EOF' <(get 127.0.0.1:9964/metrics -H 'Accept: application/openmetrics-text')

# --- the page for people ---
page=127.0.0.1:9964/
asks() { curl_node -D - -o /dev/null "$@"; }
curl_node() { ungoverned curl -sS -m 5 "$@"; }
expect 200 "a page" status_of "$page"
expect 1 "is one file with all that it needs" grep -c 'Learned names' <(get "$page" --compressed)
expect 1 "which may ask nobody else" grep -ic "^content-security-policy: default-src 'none'; script-src 'sha256-" <(asks "http://$page")
expect 1 "and is what it says it is" grep -ic '^x-content-type-options: nosniff' <(asks "http://$page")
expect 0 "it sets no cookie" grep -ic '^set-cookie' <(asks "http://$page")
# By the hash a browser knows the script: of what stands between the tags.
hash_within() { get "$page" --compressed | sed -n "/^<$1>\$/,/^<\/$1>\$/p" | sed '1s/.*//; $d' | openssl dgst -sha256 -binary | base64; }
expect 1 "the script is the one that it names" grep -cF "$(hash_within script)" <(asks "http://$page")
expect 1 "so is the style" grep -cF "$(hash_within style)" <(asks "http://$page")
expect 403 "others than this machine have no page" status_of 10.224.0.4:9964/
expect 403 "nor rows" status_of 10.224.0.4:9964/api/drops
for path in / /api/drops /metrics; do
	expect 403 "nobody is led to $path by a name of his own" status_of "127.0.0.1:9964$path" -H 'Host: rebound.example:9964'
	expect 200 "localhost is none" status_of "127.0.0.1:9964$path" -H 'Host: localhost:1234'
done
# A neighbour whose packets to 127.0.0.1 the node takes, as kube-proxy lets it (CVE-2020-8558).
set_sysctl "$id-node" net.ipv4.conf.all.route_localnet=1
netns_up "$id-near" -
wire "$id-near" 10.225.0.2/16 fd00:e5::2/64 "$id-node" 10.225.0.1/16 fd00:e5::1/64 near
in_cgroup - "$id-near" sh -c 'sysctl -qw net.ipv4.conf.all.route_localnet=1; ip addr del 127.0.0.1/8 dev lo
	ip route add 127.0.0.1 via 10.225.0.1 src 10.225.0.2'
near() { in_cgroup - "$id-near" curl -sS -m 5 -o /dev/null -w '%{http_code}\n' "http://127.0.0.1:9964$1"; }
expect 200 "a neighbour is heard" near /metrics
expect 403 "and told no rows, though he came to the loopback" near /api/drops
expect 405 "nothing can be asked for but what is there" status_of 127.0.0.1:9964/api/drops -X POST
api() { get "127.0.0.1:9964/api/$1"; }
json '[.rows[] | select(.who_text == "default/web:web" and .destination_text == "51.0.0.1 tcp:443" and .reason_text != null
	and .suggestion == "allow 51.0.0.1 tcp:443" and .audited == false)] | length == 1' "who was denied what, and the line to write" api drops
json '.health.mode == "enforcing" and .policy.rules_count == 2 and .packets.denied_total > 0' "how it is" api status
json '.rules_count == 2 and (.rows[] | select(.line == 2) | .packets_total > 0)' "rules with their hits" api rules
denied "pod web" 51.0.0.1 tcp:443
rated() { api rates | jq -e '[.intervals[].denied_packets_count] | add > 0'; }
eventually rated && passed "and the last hour" || failed "no rates: $(api rates)"
json '.rows == [] and .more == false' "nothing is learned yet" api learned

# More rules than have a series.
policy <<-POLICY
	set mode = audit
	resolver 20.0.0.53
	$(for i in {0..1099}; do echo "allow 20.2.$((i / 256)).$((i % 256)) tcp:443"; done)
POLICY
has 'egret_policy_reloads_total 1' "a reload"
has 'egret_policy_rules 1101' "with its rules"
has 'egret_mode\{mode="auditing"\} 1' "and its mode"
has 'egret_rule_packets_total\{rule="other",action="allow"\} 0' "of which the last are one"
expect 1005 "no more than so many" grep -c '^egret_rule_packets_total.*allow' "$work/metrics"
passes node 51.0.0.1 tcp:443
has 'egret_workload_would_deny_packets_total\{namespace="",workload=".*/app.service",protocol="tcp",reason="no-rule"\} [1-9][0-9]*' \
	"what would be denied"
if [ -x "$root/build/tests/promtool" ]; then
	get 127.0.0.1:9964/metrics >"$work/metrics"
	# Its parser of OpenMetrics is behind what makes blocks of samples with their times.
	get 127.0.0.1:9964/metrics -H 'Accept: application/openmetrics-text' |
		sed '/^#/!s/$/ 1795802400/' >"$work/open-metrics"
	succeeds "nor in OpenMetrics" "$root/build/tests/promtool" tsdb create-blocks-from openmetrics \
		"$work/open-metrics" "$work/blocks"
	succeeds "promtool finds nothing wrong" sh -c "$root/build/tests/promtool check metrics <$work/metrics"
fi
policy <<<'allow nonsense'
has 'egret_policy_in_force 0' "a policy that does not rule"
has 'egret_policy_refused_total [1-9]' "is counted"
has 'egret_problem\{kind="policy"\} 1' "and is a problem"
expect '503' "and not ready" status_of 10.224.0.4:9964/readyz
expect '200' "but alive" status_of 10.224.0.4:9964/livez

# --- who would fill it up ---
say() { ungoverned sh -c "printf '$1' | socat -t2 - TCP:127.0.0.1:9964"; }

expect 400 "garbage is refused" sh -c "echo '$(say 'garbage\r\n\r\n' | head -n 1 | cut -d' ' -f2)'"
expect 431 "so has what does not end" sh -c "echo '$(ungoverned sh -c "{ printf 'GET / HTTP/1.1\r\n'; head -c 5000 /dev/zero | tr '\\\\0' x; } | socat -t2 - TCP:127.0.0.1:9964" | head -n 1 | cut -d' ' -f2)'"
memory() { awk '/^VmRSS:/ { print $2 }' "/proc/$serve/status"; }
before=$(memory)
start "$work/crowd.log" - "$id-node" "$crowd" 127.0.0.1 9964 10000
eventually logged "$work/crowd.log" ^ready
expect 200 "behind ten thousand slow clients all are answered" status_of 127.0.0.1:9964/healthz
expect 200 "and again" status_of 127.0.0.1:9964/metrics
has 'egret_serve_connections ([0-9]|[0-9][0-9]|1[0-2][0-9])' "it has no more connections than places"
[ "$(memory)" -lt $((before + 4096)) ] && passed "nor more memory" || failed "memory grew from $before to $(memory) KiB"

# --- enforcement does not notice ---
dns learned.example 20.1.0.9
dns inside.example 10.224.0.1
policy <<'POLICY'
resolver 20.0.0.53
allow 20.1.0.1 tcp:443
allow *.example tcp:443 for cgroup /nobody
POLICY
has 'egret_mode\{mode="enforcing"\} 1' "it enforces again"
node dig +short +time=2 +tries=1 @$resolver learned.example inside.example >/dev/null
learned() { api learned | jq -e '[.rows[] | select(.name == "learned.example" and .policy_name == "*.example")] | length == 1'; }
eventually learned && passed "what is learned, and by which name" || failed "not learned: $(api learned)"
denied node 10.224.0.1 tcp:443
suggested() { api drops | jq -e --arg line "$("$egret" drops --instance "$instance" --json | jq -r '.[] | select(.name == "inside.example").suggestion')" \
	'[.rows[] | select(.name == "inside.example")] | length == 1 and .[0].suggestion == $line and ($line | length > 0)'; }
eventually suggested && passed "the line is the one of egret drops" || failed "another line: $(api drops | jq -c '[.rows[].suggestion]')"
kill -STOP "$serve"
passes node 20.1.0.1 tcp:443
denied node 51.0.0.2 tcp:443
stop "$serve" KILL
denied node 51.0.0.3 tcp:443

# As an ordinary user from the beginning, which systemd makes it; and of one that closed what people write to.
# shellcheck disable=SC2016
serve 127.0.0.1:9964 "${as_viewer[@]}" sh -c 'exec "$@" <&- >&-' -
has 'egret_denied_packets_total\{reason="no-rule"\} [1-9][0-9]*' "started as that user"
expect /dev/null "nothing of it stands where others write for people" readlink "/proc/$serve/fd/1"
stop "$agent" KILL
has 'egret_agent_live 0' "no agent lives"
expect '503' "so it says" status_of 127.0.0.1:9964/livez
succeeds "taken down" egret_cmd detach
expect 700:root "which is root's alone again" stat -c %a:%G /sys/fs/bpf
has 'egret_up 0' "nothing is left to read"
expect '200' "and it answers on" status_of 127.0.0.1:9964/healthz
stop "$serve"
finish
