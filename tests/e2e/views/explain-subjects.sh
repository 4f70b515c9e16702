#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `explain` knows who has asked for a name and who has not, shows the way, and explains a row of drops by its number:
# never against what the row says.
. "$(dirname "$0")/../lib.sh"
needs_egret
bed_up
pod_up web 11
pod_up shop 12
nat_up </dev/null
dns a.wild.example 20.1.0.9
dns fixed.example 20.1.0.5
dns inside.example 10.99.0.9
echo "nameserver $resolver" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
explain() { ungoverned "$egret" explain --instance "$instance" "$@"; }
number_of() { egret_cmd drops --json | jq --arg address "$1" --arg pod "$2" '.[] | select(.address == $address and .pod == $pod).number'; }
govern <<POLICY
set floor = off
resolver 20.0.0.53
allow *.wild.example tcp:443
allow fixed.example tcp:443,80 for host
allow inside.example tcp:443
POLICY

# --- nobody has asked ---
succeeds "a name that must be learned: nobody has asked" explain a.wild.example tcp:443
shows 'allowed, for who has asked a resolver of the policy' "says that it must be asked for"
shows 'nobody has asked for it so far' "and that nobody has"
fails 1 "one pod has not asked" explain a.wild.example tcp:443 for pod default/web
shows 'denied now: default/web has not asked' "says so"
json '.allowed == false and .must_ask and .learned == []' "in JSON" explain a.wild.example tcp:443 for pod default/web --json

# --- one pod has ---
pod web dig +short +tries=1 @$resolver a.wild.example A >/dev/null
passes "pod web" 20.1.0.9 tcp:443
denied "pod shop" 20.1.0.9 tcp:443
succeeds "who has asked is allowed" explain a.wild.example tcp:443 for pod default/web
shows '20\.1\.0\.9 is from an answer for a\.wild\.example that default/web read, good until [0-9:]+Z' "from which answer, until when"
succeeds "also by its address" explain 20.1.0.9 tcp:443 for pod default/web
fails 1 "who has not is not" explain a.wild.example tcp:443 for pod default/shop
fails 1 "nor by the address" explain 20.1.0.9 tcp:443 for pod default/shop
shows 'but allowed for pod default/web' "who may"
succeeds "without a subject: for whom" explain a.wild.example tcp:443
shows 'default/web has, and reaches 20\.1\.0\.9' "names the pod"
json '.must_ask and .allowed and (.learned | map(.pod) == ["web"])' "in JSON" explain a.wild.example tcp:443 --json
succeeds "the whole way" explain a.wild.example tcp:443 for pod default/web -o wide
shows '\*\.wild\.example is allowed on tcp:443 by .*policy\.rules:3' "by which pattern, of which line"
fails 1 "another port" explain fixed.example tcp:22 for host
shows 'fixed\.example is allowed on tcp:443,80 by .*policy\.rules:4' "which ports are allowed"
shows 'to allow it: allow fixed\.example tcp:22' "the line to write"
fails 1 "an address that a name may not bring in" explain inside.example tcp:22 for host
shows '10\.99\.0\.9 is special, and is not brought in on tcp:443 by .*policy\.rules:5' "says so"
lacks '10\.99\.0\.9 is allowed' "and never that it is allowed"
succeeds "a process, by its number" explain fixed.example tcp:80 for pid $$
fails 2 "a pod without its namespace" explain fixed.example tcp:80 for pod shop
shows 'default/shop runs here, write `for pod default/shop`' "which pod that may be"
fails 2 "no process" explain fixed.example tcp:80 for pid 999999999

# --- a row by its number ---
number=$(number_of 20.1.0.9 shop)
fails 1 "a row by its number" explain "$number"
shows "^row $number: denied, 1 packet" "the row"
shows 'who: default/shop' "whose it is"
shows 'now: still denied, and is allowed once default/shop(:shop)? asks a resolver of the policy for a\.wild\.example' "what would help now"
json '.[0].kernel_reason == .[0].now.reason and .[0].now.must_ask' "the kernel's reason is what explain says now" \
	explain "$number" --json
fails 1 "as drops calls the column" explain "#$number"
shows "^row $number: denied, 1 packet" "the same row"
succeeds "the column of drops has it" egret_cmd drops
shows "^ *$number " "the same number"
pod shop dig +short +tries=1 @$resolver a.wild.example A >/dev/null
succeeds "once it asked, it passes" explain "$number"
shows '^now: allowed' "says so"
fails 4 "a number that no row has" explain 10000
shows 'no row of .egret drops. has the number 10000' "says so"

# --- nobody of /etc/resolv.conf answers: the agent's address of the name stands ---
echo "nameserver 127.0.0.9" >"$work/resolv.conf"
succeeds "an exact name that the agent alone resolved" explain fixed.example tcp:443
shows '^fixed\.example \(20\.1\.0\.5\) tcp:443: allowed' "by its address"
shows 'these are what this node knows of the name' "and says whose it is"
finish
