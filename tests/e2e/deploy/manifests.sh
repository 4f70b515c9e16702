#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The manifests in deploy/, without a cluster: they parse, what they mount is there, they ask for the image that `make
# image` makes, and the policy of the sample is one.
. "$(dirname "$0")/../lib.sh"
needs_egret
for tool in yamllint yq; do
	command -v $tool >/dev/null || skip "$tool is not installed"
done
agent=$root/deploy/daemonset.yaml
uninstall=$root/deploy/uninstall.yaml

# of MANIFEST FILTER WHAT: jq's FILTER is true for the objects of the manifest.
of() { json "$2" "$(basename "$1"): $3" yq -s . "$1"; }
pods='map(select(.spec.template) | .spec.template.spec)'
containers="$pods | map(.containers + (.initContainers // [])) | add"

for manifest in "$root"/deploy/*.yaml; do
	succeeds "$(basename "$manifest") is YAML, and no key is there twice" yamllint -d '{rules: {key-duplicates: enable}}' "$manifest"
	of "$manifest" 'map(.kind) | contains(["Namespace", "DaemonSet"])' "a namespace and a DaemonSet"
	of "$manifest" "$pods | map((.volumes | map(.name)) as \$there | [.containers[], .initContainers[]? | .volumeMounts[].name] |
		all(. as \$name | any(\$there[]; . == \$name)) and ((\$there - .) == [])) | all" "mounts and volumes fit"
	of "$manifest" "map(select(.kind == \"DaemonSet\")) | all(.spec.selector.matchLabels as \$want |
		.spec.template.metadata.labels | contains(\$want))" "the selector finds its pods"
	of "$manifest" "$containers | map(select(.name != \"serve\")) | all(.securityContext.privileged)" \
		"what loads and removes programs may do so"
	image=$(make -s -C "$root" -n image | sed -n 's,^deploy/image/build ,,p')
	[ -n "$image" ] || die "make image names no image"
	of "$manifest" "$containers | all(.image == \"$image\")" "the image is what make image makes, $image"
	of "$manifest" "$pods | all(.tolerations == [{\"operator\": \"Exists\"}] and .hostNetwork)" "on every node, in its network"
	expect "$(yq -s "$containers | length" "$manifest")" "$(basename "$manifest"): each image is marked as a line to edit" \
		awk '/EDIT/ { edit = NR } /^ *image: / && NR - edit <= 6 { n++ } END { print n + 0 }' "$manifest"
done

of "$agent" "$pods | all(.hostPID)" "it sees whose processes are behind a device"
agents="$containers | map(select(.args == [\"run\"]))"
of "$agent" "$agents | length == 1" "one agent"
of "$agent" "$agents | all(.readinessProbe.exec.command == [\"/egret\", \"status\", \"--ready\"])" "readiness is egret's"
of "$agent" "$agents | all(.livenessProbe.exec.command == [\"/egret\", \"status\", \"--live\"])" "liveness is egret's"
# An agent gives a sign of life every 10 s, so the last one may be as old as that when it begins to hang.
silent_sec=$(sed -n 's/^#define HEALTH_LIVE_SEC //p' "$root/user/view/health.h")
of "$agent" "$agents | map(.livenessProbe) | all($silent_sec + .periodSeconds * .failureThreshold == 60 and
	.timeoutSeconds < .periodSeconds and .initialDelaySeconds >= 30)" "an agent that hangs is restarted after 60 s"
server="$containers | map(select(.args == [\"serve\"]))"
of "$agent" "$server | length == 1 and all(.securityContext | .privileged != true and .allowPrivilegeEscalation == false and
	.capabilities == {\"drop\": [\"ALL\"], \"add\": [\"BPF\", \"SETUID\", \"SETGID\"]})" "what serves may do next to nothing"
of "$agent" "$server | all(.volumeMounts == [{\"name\": \"bpffs\", \"mountPath\": \"/sys/fs/bpf\", \"readOnly\": true}])" \
	"and sees the pins, to be read"
of "$agent" "$server | all(.livenessProbe.httpGet == {\"path\": \"/healthz\", \"host\": \"127.0.0.1\", \"port\": 9964})" \
	"an agent that hangs is not what it is restarted for"
of "$agent" "$pods | all([.volumes[].hostPath.path] | contains([\"/sys/fs/bpf\", \"/sys/fs/cgroup\", \"/var/lib/egret\"]))" \
	"what must outlive the pod is the host's"
host_paths() { yq -s "$pods | map(.volumes[].hostPath | select(.).path) | map(select(test(\"cgroup|bpf|egret\"))) | sort" "$1"; }
succeeds "uninstall.yaml reaches what the agent left" test "$(host_paths "$agent")" = "$(host_paths "$uninstall")"
of "$uninstall" "$pods | all(.initContainers | all(.args == [\"detach\", \"--all\"]))" "it detaches"
json "map(select(.kind == \"DaemonSet\").metadata.name) | unique | length == 1" \
	"uninstall.yaml takes the place of the agents" yq -s . "$agent" "$uninstall"

# The sample, as a new user gets it.
mkdir "$work/config"
for file in $(yq -r 'select(.kind == "ConfigMap").data | keys[]' "$agent"); do
	yq -r --arg file "$file" 'select(.kind == "ConfigMap").data[$file]' "$agent" >"$work/config/$file"
done
succeeds "the sample's policy has no error and no warning" \
	"$egret" check --strict --rules-path "$root/rules" "$work/config/policy.rules"
for line in 'set mode = audit' 'set internal = ' 'set location = ' 'set api_server = '; do
	expect 1 "the sample has $line" grep -c "^$line" "$work/config/policy.rules"
done
# With the commented lines as well.
sed -i -E 's/^#(set|use) /\1 /' "$work/config/policy.rules"
succeeds "so do the lines that are offered" "$egret" check --strict --rules-path "$root/rules" "$work/config/policy.rules"
shows 'MYREGISTRY\.eastus\.data\.azurecr\.io' "with their variables"
finish
