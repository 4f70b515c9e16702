#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `exec` for real work: `npm ci` from a registry whose packages lie elsewhere, `git clone` over HTTPS and by git's
# own protocol; by a user and by root. With what the list lacks, each denied destination is followed by the line
# to add, and with these lines, and nothing else, the same command works.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../person.sh"
needs_egret
for program in npm node git; do
	command -v $program >/dev/null || skip "no $program"
done
internet_ports="tcp:22 tcp:25 tcp:80 udp:123 udp:9000" # 443 is the registry's
bed_up
person_up
dns registry.npm.example 20.1.0.10 2603:1000::1:10
dns packages.cdn.example 20.1.0.11
dns git.example 20.1.0.12
echo "nameserver $resolver" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
echo "hosts: files dns" >/etc/nsswitch.conf
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=npm.example" -addext \
	"subjectAltName=DNS:registry.npm.example,DNS:packages.cdn.example,DNS:git.example" \
	-keyout "$work/key.pem" -out "$work/ca.pem" >/dev/null 2>&1 || die "openssl made no certificate"
cat "$work/key.pem" "$work/ca.pem" >"$work/server.pem"

# --- what is served: a package, and a repository ---

www=$work/www
mkdir -p "$www/greeting" "$work/package" "$work/app" "$work/source"
echo 'module.exports = () => "hello from a package";' >"$work/package/index.js"
echo '{"name": "greeting", "version": "1.0.0", "main": "index.js"}' >"$work/package/package.json"
tar -C "$work" -czf "$www/greeting-1.0.0.tgz" package
integrity=sha512-$(openssl dgst -sha512 -binary "$www/greeting-1.0.0.tgz" | base64 -w0)
cat >"$www/greeting/index.json" <<JSON
{"name": "greeting", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {"name": "greeting", "version": "1.0.0",
 "dist": {"tarball": "https://packages.cdn.example/greeting-1.0.0.tgz", "integrity": "$integrity"}}}}
JSON
git_here() {
	HOME=$work GIT_CONFIG_NOSYSTEM=1 git -c user.name=n -c user.email=n@example -c init.defaultBranch=main "$@"
}
git_here init -q "$work/source"
echo "from a repository" >"$work/source/README"
git_here -C "$work/source" add README
git_here -C "$work/source" commit -qm "first" || die "git makes no commit"
git_here clone -q --bare "$work/source" "$www/tool.git"
git_here -C "$www/tool.git" update-server-info
start "$work/https.log" - "$id-inet" node "$root/tests/tools/registry.js" "$work/server.pem" 443 "$www"
eventually logged "$work/https.log" ^ready || die "no registry: $(cat "$work/https.log")"
start "$work/gitd.log" - "$id-inet" git daemon --reuseaddr --export-all --base-path="$www" --verbose
eventually logged "$work/gitd.log" "Ready" || die "no git daemon: $(cat "$work/gitd.log")"

# --- the project, and who works on it ---

echo '{"name": "app", "version": "1.0.0", "dependencies": {"greeting": "1.0.0"}}' >"$work/app/package.json"
cat >"$work/app/package-lock.json" <<JSON
{"name": "app", "version": "1.0.0", "lockfileVersion": 3, "packages": {
 "": {"name": "app", "version": "1.0.0", "dependencies": {"greeting": "1.0.0"}},
 "node_modules/greeting": {"version": "1.0.0", "resolved": "https://packages.cdn.example/greeting-1.0.0.tgz",
  "integrity": "$integrity"}}}
JSON
cat >"$work/npmrc" <<NPMRC
registry=https://registry.npm.example/
cafile=$work/ca.pem
cache=$work/home/.npm
audit=false
fund=false
update-notifier=false
fetch-retries=0
NPMRC
cp "$work/npmrc" "$work/home/.npmrc"
printf '[http]\n\tsslCAInfo = %s\n[safe]\n\tdirectory = *\n' "$work/ca.pem" >"$work/home/.gitconfig"
cp -r "$work/app" "$work/home/app"
chown -R 54321:54321 "$work/home"
chmod -R a+rX "$www" "$work/app" "$work/ca.pem"

# as_dev POLICY CMD... / as_root POLICY CMD...: in the project's folder, under that policy.
as_dev() {
	(cd "$work/home/app" && as_user 54321 54321 "$work/egret" exec --policy "$@")
}
as_root() {
	(cd "$work/app" && in_cgroup "$cg/caller" "$id-node" env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$work/home" \
		"$egret" exec --as-root --policy "$@")
}

list() {
	policy "$1"
	chmod 644 "$1"
}
list "$work/complete.rules" <<'POLICY'
resolver 20.0.0.53
allow registry.npm.example  https:443
allow packages.cdn.example  https:443
allow git.example           https:443 tcp:9418
POLICY
list "$work/lacking.rules" <<'POLICY'
resolver 20.0.0.53
allow registry.npm.example  https:443
POLICY

# completed NAME: the list that lacks something, and the lines that the last command was told to add.
completed() {
	{
		cat "$work/lacking.rules"
		sed -n 's/^ *add: //p' "$work/output" | sort -u
	} | list "$work/$1.rules"
	succeeds "$1: the lines to add make a policy" "$egret" check --strict "$work/$1.rules"
}

for who in as_dev as_root; do
	[ $who = as_dev ] && project=$work/home/app || project=$work/app
	as=$who

	succeeds "$as: npm ci" $who "$work/complete.rules" -- npm ci
	lacks egret "$as: and no word of egret's"
	expect hello "$as: the package is there" env node -e "console.log(require('$project/node_modules/greeting')())"
	succeeds "$as: git clone over HTTPS" $who "$work/complete.rules" -- git clone -q https://git.example/tool.git clone
	lacks . "$as: and not a word at all"
	expect from "$as: the files are there" cat "$project/clone/README"
	succeeds "$as: git clone by git's protocol" $who "$work/complete.rules" -- git clone -q git://git.example/tool.git clone2
	fails 128 "$as: git's own exit code for what is not there" \
		$who "$work/complete.rules" -- git clone -q https://git.example/no.git clone3
	lacks '^egret' "$as: and no word of egret's"
	rm -rf "$project/node_modules" "$project/clone" "$project/clone2" "$work/home/.npm"

	fails '1|[2-9]|[1-9][0-9]+' "$as: npm ci under a list that lacks the packages" $who "$work/lacking.rules" -- npm ci
	shows '^  20\.1\.0\.11 tcp:443 \(packages\.cdn\.example\), [0-9]+ packets?: no rule' "$as: what was denied is told"
	shows '^    add: allow packages\.cdn\.example https:443$' "$as: with the line to add"
	completed "npm-$as"
	succeeds "$as: with it npm ci works" $who "$work/npm-$as.rules" -- npm ci
	expect hello "$as: the package is there" env node -e "console.log(require('$project/node_modules/greeting')())"

	fails 128 "$as: git clone under a list without the host" \
		$who "$work/lacking.rules" -- git clone -q https://git.example/tool.git clone
	shows '^    add: allow git\.example https:443$' "$as: the line to add"
	completed "git-$as"
	succeeds "$as: with it the clone works" $who "$work/git-$as.rules" -- git clone -q https://git.example/tool.git clone
	fails 128 "$as: git's protocol under a list without it" \
		$who "$work/git-$as.rules" -- git clone -q git://git.example/tool.git clone2
	shows '^    add: allow git\.example tcp:9418$' "$as: the line to add"
	completed "gitd-$as"
	succeeds "$as: with it that works" $who "$work/gitd-$as.rules" -- git clone -q git://git.example/tool.git clone2
	rm -rf "$work/home/.npm"
done
finish
