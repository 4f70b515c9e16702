#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Egret at work, in under a minute, on a machine of network namespaces that is
# gone afterwards: an AKS node under the shipped policy, two pods and a CoreDNS
# behind kube-proxy's NAT, and an "internet" with real DNS, TLS and NTP-port
# servers. Nothing leaves the machine. Ends non-zero when anything differs from
# what is expected.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../tests/e2e/lib.sh"
cd "$root" || exit 1

resolver=168.63.129.16 # Azure's DNS, as the node sees it
internet_ports="tcp:22 tcp:25 tcp:1688 tcp:4444 tcp:9000 udp:123 udp:4444 udp:53"
api=demo.hcp.eastus.azmk8s.io
wrong=0

if [ -t 1 ]; then
	bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' plain=$'\e[0m'
else
	bold='' green='' red='' dim='' plain=''
fi

title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
tell() { printf "  %s\n" "$@"; }

# --- the machine --------------------------------------------------------------

names_up() {
	{
		echo "20.1.0.1 $api"
		echo "20.2.0.1 mcr.microsoft.com"
		echo "2603:1000:2::1 mcr.microsoft.com"
		echo "20.2.0.2 management.azure.com"
		echo "20.2.0.3 login.microsoftonline.com"
		echo "20.2.0.4 packages.microsoft.com"
		echo "20.2.0.5 acs-mirror.azureedge.net"
		echo "20.2.0.6 packages.aks.azure.com"
		echo "20.2.0.7 mcr-0001.mcr-msedge.net"
		echo "20.2.0.8 eastus.data.mcr.microsoft.com"
		echo "20.3.0.1 ntp.ubuntu.com"
		echo "20.3.0.2 security.ubuntu.com"
		echo "20.3.0.3 azure.archive.ubuntu.com"
		echo "20.3.0.4 changelogs.ubuntu.com"
		echo "20.3.0.5 snapshot.ubuntu.com"
		echo "20.4.0.1 kms.core.windows.net"
		echo "20.4.0.2 onegetcdn.azureedge.net"
		echo "20.4.0.3 winlayers.blob.core.windows.net"
		echo "20.4.0.3 winlayers.cdn.mscr.io"
		echo "20.4.0.4 go.microsoft.com"
		echo "20.4.0.5 mp.microsoft.com"
		echo "20.4.0.6 www.msftconnecttest.com"
		echo "20.4.0.7 ctldl.windowsupdate.com"
		echo "51.6.6.6 paste.example"
		echo "2603:1000:666::6 paste.example"
		echo "51.6.6.7 mcr.microsoft.com.paste.example"
	} >"$work/hosts"
}

# A certificate for all of them, of an authority that lives as long as the demo.
certificate_up() {
	local names
	names=$(awk '{ print "DNS:" $2 }' "$work/hosts" | sort -u | paste -sd, -)
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=Egret demo" \
		-addext "subjectAltName=$names" -keyout "$work/key.pem" -out "$work/ca.pem" >/dev/null 2>&1 ||
		die "openssl made no certificate"
	cat "$work/key.pem" "$work/ca.pem" >"$work/server.pem"
}

web_up() {
	start "$work/tls.log" - "$id-inet" socat \
		"OPENSSL-LISTEN:443,fork,reuseaddr,pf=ip6,ipv6-v6only=0,cert=$work/server.pem,verify=0" \
		EXEC:"sh $here/http-answer.sh"
	start "$work/http.log" - "$id-inet" socat TCP6-LISTEN:80,fork,reuseaddr,ipv6-v6only=0 \
		EXEC:"sh $here/http-answer.sh"
}

# Names are looked up by DNS alone, at the server that a node and a pod would ask.
resolv_conf_up() {
	echo "nameserver 168.63.129.16" >"$work/resolv.conf"
	echo "nameserver 10.0.0.10" >"$work/resolv.conf.pod"
	echo "hosts: files dns" >"$work/nsswitch.conf"
	mount --bind "$work/resolv.conf" /etc/resolv.conf
	mount --bind "$work/nsswitch.conf" /etc/nsswitch.conf
}

cluster_up() {
	pod_up shop 11
	pod_up coredns 53
	nat_up <<-'NFT'
		table ip kube_proxy {
			map services { type ipv4_addr : ipv4_addr; elements = { 10.0.0.1 : 20.1.0.1, 10.0.0.10 : 10.244.0.53 } }
			chain prerouting { type nat hook prerouting priority -100; dnat to ip daddr map @services; }
			chain output { type nat hook output priority -100; dnat to ip daddr map @services; }
		}
	NFT
	start "$work/coredns.log" "${pod_cgroup[coredns]}" "$id-coredns" dnsmasq \
		--keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --user=root --pid-file= \
		--log-facility=- --server=168.63.129.16
	start "$work/shop.log" "${pod_cgroup[shop]}" "$id-shop" "$probe" serve tcp:8080
	internet ip route add 10.244.0.0/16 via 10.224.0.4
	internet ip route add local 8.8.8.8 dev lo
	eventually pod shop dig +time=1 +tries=1 @10.0.0.10 "$api" || die "CoreDNS does not answer"
}

# --- who tries what -------------------------------------------------------------

# curl as it is, without the caller's proxies and settings.
fetch=(curl -q --noproxy '*' --cacert "$work/ca.pem" --silent --show-error --max-time 8 --output /dev/null
	--write-out 'HTTP %{http_code}')

on_node() { node "$@"; }
in_pod() {
	# shellcheck disable=SC2016
	pod shop unshare --mount --propagation private sh -c \
		'mount --bind "$0" /etc/resolv.conf && exec "$@"' "$work/resolv.conf.pod" "$@"
}
outside() { internet "$@"; }

# attempt allowed|denied WHO TEXT CMD...: WHO does it, and what happened is compared.
attempt() {
	local want=$1 who=$2 text=$3 output code verdict mark
	shift 3
	output=$($who "$@" 2>&1 </dev/null)
	code=$?
	[ $code = 0 ] && verdict=allowed || verdict=denied
	case $output in *timeout* | *"timed out"*) verdict=silence ;; esac
	if [ "$verdict" = "$want" ]; then
		mark="$green✓$plain"
	else
		mark="$red✗$plain" wrong=$((wrong + 1))
	fi
	printf '  %s %-7s %-48s %s%s%s\n' "$mark" "$verdict" "$text" "$dim" "$(sentence "$output")" "$plain"
	[ "$verdict" = "$want" ] || printf '      %sexpected: %s%s\n' "$red" "$want" "$plain"
}

# What the program said, short.
sentence() {
	case $1 in
	EPERM*) echo "Operation not permitted, after ${1#* } ms" ;;
	*"curl: (7)"*) sed -n 's/.*Failed to connect .* after \([0-9]*\) ms.*/could not connect, after \1 ms/p' <<<"$1" | head -n 1 ;;
	*"curl: "*) sed -n 's/.*curl: ([0-9]*) //p' <<<"$1" | head -n 1 | cut -c1-70 ;;
	*"not permitted"* | *"no servers could be reached"*) echo "no answer may be asked for" ;;
	*) head -n 1 <<<"$1" | awk '{ print $1, ($2 ~ /^[0-9]+$/ && $1 != "HTTP") ? "in " $2 " ms" : $2 }' ;;
	esac
}

web() { attempt "$1" "$2" "curl $3" "${fetch[@]}" "$3"; }
tcp() { attempt "$1" "$2" "connect to $3, tcp:$4" "$probe" tcp "$5" "$4"; }
udp() { attempt "$1" "$2" "datagram to $3, udp:$4" "$probe" udp-send "$5" "$4"; }

without_egret() {
	title "1. Without Egret"
	tell "A node, a pod called shop, and CoreDNS on 10.0.0.10 behind kube-proxy's NAT." \
		"Everything reaches everything:"
	web allowed in_pod https://paste.example/
	tcp allowed on_node "an unknown address" 4444 51.9.9.9
}

attach() {
	title "2. Egret takes over"
	tell "egret run --policy demo/demo.rules --cgroup $cg"
	tell "The policy is made of the shipped rules for AKS nodes, with this cluster's own values:"
	grep -vE '^(#|$)' "$here/demo.rules" | sed "s/^/      $dim/; s/\$/$plain/"
	tell "Exact names are resolved at once; what is below a wildcard is learned from the answers that" \
		"applications read."
	cp "$here/demo.rules" "$work/policy.rules"
	agent_start --rules-path rules
	sed "s/^/      $dim/; s/\$/$plain/" "$work/agent.log"
}

node_tries() {
	title "3. The node itself: kubelet, containerd, apt, the clock"
	web allowed on_node https://$api/healthz
	tcp allowed on_node "the API server's tunnel" 22 20.1.0.1
	tcp allowed on_node "the API server's tunnel" 9000 20.1.0.1
	web allowed on_node https://mcr.microsoft.com/v2/
	web allowed on_node https://eastus.data.mcr.microsoft.com/
	web allowed on_node https://management.azure.com/
	web allowed on_node http://security.ubuntu.com/
	udp allowed on_node ntp.ubuntu.com 123 20.3.0.1
	tcp allowed on_node kms.core.windows.net 1688 20.4.0.1
	web allowed on_node http://169.254.169.254/metadata
	tell "The same node, where no rule leads - an error at once, not a time-out:"
	web denied on_node https://paste.example/
	web denied on_node https://mcr.microsoft.com.paste.example/
	tcp denied on_node "mcr.microsoft.com, but ssh" 22 20.2.0.1
	tcp denied on_node "paste.example by IPv6" 443 2603:1000:666::6
	udp denied on_node "an unknown address" 4444 51.9.9.9
	attempt denied on_node "DNS to 8.8.8.8" "$probe" udp-send 8.8.8.8 53
	attempt denied on_node "a forged SYN-ACK from a raw socket" "$probe" raw-tcp-synack 51.9.9.9 443
}

pod_tries() {
	title "4. A pod, in its own network namespace, behind NAT"
	attempt allowed in_pod "ask CoreDNS (10.0.0.10) for mcr.microsoft.com" \
		dig +short +time=2 +tries=1 @10.0.0.10 mcr.microsoft.com
	web allowed in_pod https://mcr.microsoft.com/v2/
	web allowed in_pod https://eastus.data.mcr.microsoft.com/
	attempt allowed in_pod "the API server by its ClusterIP 10.0.0.1" "$probe" tcp 10.0.0.1 443
	attempt allowed outside "someone outside uses the pod's server" "$probe" tcp-echo 10.244.0.11 8080
	web denied in_pod https://paste.example/
	attempt denied in_pod "the node's metadata service: not for pods" "$probe" tcp 169.254.169.254 80
	tcp denied in_pod "an unknown address" 4444 51.9.9.9
}

agent_dies() {
	title "5. The agent is killed (SIGKILL)"
	tell "What enforces is in the kernel, pinned; the agent only keeps addresses fresh."
	stop "$agent" KILL
	web denied in_pod https://paste.example/
	web allowed on_node https://mcr.microsoft.com/v2/
	web allowed on_node https://eastus.data.mcr.microsoft.com/
}

views() {
	title "6. What Egret saw (also read from the kernel, with no agent)"
	local view
	for view in rules learned drops; do
		printf '\n  $ egret %s --instance demo\n\n' $view
		egret_cmd $view | sed 's/^/  /'
	done
}

take_down() {
	title "7. Taken down"
	if egret_cmd detach >/dev/null && [ -z "$(bpftool cgroup show "$cg" 2>/dev/null)" ]; then
		printf '  %s✓%s egret detach: no program, map, pin or link is left\n' "$green" "$plain"
	else
		printf '  %s✗%s egret detach left something behind\n' "$red" "$plain"
		wrong=$((wrong + 1))
	fi
	web allowed in_pod https://paste.example/
}

needs_egret
instance=demo-$$
names_up
certificate_up
bed_up
resolv_conf_up
web_up
cluster_up
without_egret
attach
node_tries
pod_tries
agent_dies
views
take_down
if [ $wrong = 0 ]; then
	title "Everything was as expected, in $SECONDS s."
else
	title "$red$wrong steps were not as expected.$plain"
fi
failures=$wrong
exit $((wrong > 0))
