#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# deploy/prometheus and deploy/grafana: Prometheus takes the rules, they say what their tests expect, and no metric is
# asked for that `egret serve` does not have. docs/metrics.md has each of them.
set -u
root=$(cd "$(dirname "$0")/../../.." && pwd)
cd "$root" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
promtool=$root/build/tests/promtool
failures=0
check() {
	local what=$1
	shift
	if "$@" >"$work/output" 2>&1; then
		echo "ok   $what"
	else
		echo "FAIL $what: $(cat "$work/output")"
		failures=$((failures + 1))
	fi
}

# Families as series_begin and series_single are given them, then as samples are called.
grep -ohE '"egret_[a-z_]+"' user/serve/*.c | tr -d '"' | sort -u >"$work/families"
sed -E 'p; s/$/_total/; p; s/_total$/_info/' "$work/families" >"$work/samples"
not_served() { grep -ohE '\begret_[a-z_]+' "$@" | grep -vE '^egret_(names_rules|serve|view)$' | sort -u | grep -vxFf "$work/samples"; }
none() { [ -z "$("$@")" ] || { "$@"; false; }; }
check "rules and dashboard ask for what is served" none not_served deploy/prometheus/*.yaml deploy/grafana/egret.json
check "docs/metrics.md has no other" none not_served docs/metrics.md
undocumented() { while read -r family; do grep -q "$family" docs/metrics.md || echo "$family"; done <"$work/families"; }
check "and has each" none undocumented

check "the dashboard is JSON, and no panel has another's number" jq -e '[.panels[].id] | length == (unique | length)' deploy/grafana/egret.json
if [ ! -x "$promtool" ]; then
	echo "note: promtool is not there; mk/promtool.sh fetches it"
	exit $((failures > 0))
fi
check "promtool takes the rules" "$promtool" check rules deploy/prometheus/*.rules.yaml
check "they say what is expected" "$promtool" test rules deploy/prometheus/tests.yaml
# What Grafana puts in for its words.
jq -r '"groups: [{name: dashboard, rules: [" + ([.panels[].targets[].expr | gsub("\\$__rate_interval|\\$__range"; "5m") |
	{record: "x", expr: .} | tojson] | unique | join(", ")) + "]}]"' deploy/grafana/egret.json >"$work/dashboard.yaml"
check "and takes what the dashboard asks" "$promtool" check rules "$work/dashboard.yaml"
exit $((failures > 0))
