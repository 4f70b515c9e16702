#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Hot sends, round trips and connections under each way to filter: bench/traffic.c in
# its lanes. Prints one JSON object a line; what is skipped, and why, on stderr.
. "$(dirname "$0")/bed.sh"
count=100000
lanes=(none again empty egret lpm)

addresses() {
	awk -v count="$count" 'BEGIN { for (i = 0; i < count; i++) printf "20.%d.%d.%d\n", i / 65536, i / 256 % 256, i % 256 }'
}

# has LANE PROGRAM...
has() {
	local lane=$1 program
	shift
	for program; do
		command -v "$program" >/dev/null && continue
		say "skip $lane: no $program here"
		return 1
	done
	lane_up "$lane"
	lanes+=("$lane")
}

# nft_rules [STATEMENT [FLAGS]]: one before the set is asked; flags of the set.
nft_rules() {
	cat <<-NFT
		table ip bench {
			set allowed { type ipv4_addr; ${2:-} elements = { $(addresses | paste -sd,) } }
			chain out {
				type filter hook output priority 0; policy drop;
				${1:-}
				ip daddr @allowed accept
			}
		}
	NFT
}

# What Egret does for each address: some ports of it, and counted.
nft_port_rules() {
	cat <<-NFT
		table ip bench {
			set allowed {
				type ipv4_addr . inet_proto . inet_service
				elements = { $(addresses | sed 's/.*/& . tcp . 443, & . udp . 123/' | paste -sd,) }
			}
			chain out {
				type filter hook output priority 0; policy drop;
				ip daddr . meta l4proto . th dport @allowed counter accept
			}
		}
	NFT
}

set_up_ipset() {
	{
		echo "create allowed hash:ip maxelem $((count * 2)) hashsize 65536"
		addresses | sed 's/^/add allowed /'
	} | in_netns ipset ipset restore
	in_netns ipset iptables -A OUTPUT -m set --match-set allowed dst -j ACCEPT
	in_netns ipset iptables -P OUTPUT DROP
}

# The address that is sent to is the last of them.
set_up_iptables() {
	{
		echo "*filter"
		echo ":OUTPUT DROP [0:0]"
		for i in $(seq 99); do
			echo "-A OUTPUT -d 20.1.0.$i/32 -j ACCEPT"
		done
		echo "-A OUTPUT -d 20.0.0.3/32 -j ACCEPT"
		echo COMMIT
	} | in_netns iptables iptables-restore
}

for lane in "${lanes[@]}"; do
	lane_up "$lane"
done
if has nft nft; then
	nft_rules | in_netns nft nft -f -
fi
if has nft-ct nft; then
	nft_rules "ct state established accept" | in_netns nft-ct nft -f -
fi
if has nft-cidrs nft; then
	nft_rules "" "flags interval;" | in_netns nft-cidrs nft -f -
fi
if has nft-ports nft; then
	nft_port_rules | in_netns nft-ports nft -f -
fi
if has ipset ipset iptables; then
	set_up_ipset
fi
if has iptables iptables-restore; then
	set_up_iptables
fi
"$root/build/bench/traffic" "$cgroup" "${lanes[@]}"
