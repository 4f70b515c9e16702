"use strict";
// Names, paths and processes are called what others chose: they become text here, and never markup.
const EVERY_MS = 10000, PATIENCE_MS = 9000, SHOWN = 100, PARTS = ["status", "drops", "rates", "rules", "learned"];
const byId = (id) => document.getElementById(id);
const had = {}; // what each path said last
let skewMs = 0; // how much the node's clock is before this one's
let timer = 0, asOf = null;

function make(tag, className, ...inside) {
	const element = document.createElement(tag);
	if (className)
		element.className = className;
	element.append(...inside);
	return element;
}

// Only what is another one is written: what is selected stays so, and nothing is read out again.
function say(element, text, className) {
	if (element.textContent !== text)
		element.textContent = text;
	if (className !== undefined && element.className !== className)
		element.className = className;
}

const number = (value) => Number(value).toLocaleString("en");
const many = (count, one, more) => `${number(count)} ${count === 1 ? one : more || one + "s"}`;

function howLong(seconds) {
	for (const [length, unit] of [[86400, "d"], [3600, "h"], [60, "min"]])
		if (seconds >= length)
			return `${Math.floor(seconds / length)} ${unit}`;
	return `${Math.max(0, Math.floor(seconds))} s`;
}
const ago = (time) => time ? `${howLong((Date.now() + skewMs - Date.parse(time)) / 1000)} ago` : "never";
const clock = (time) => new Date(time).toLocaleTimeString("en-GB");

// --- lists: of what each row says, its element is kept, by its key ---

class List {
	constructor(part, rows, about, key, begin, fill) {
		const section = document.querySelector(`[data-part=${part}]`);
		Object.assign(this, {part, rows, about, key, begin, fill, shown: SHOWN, known: new Map()});
		this.body = section.querySelector("ul");
		this.text = section.querySelector(".about");
		this.button = section.querySelector(".more");
		this.button.addEventListener("click", () => {
			const next = this.shown;
			this.shown += SHOWN;
			this.draw();
			// Who goes by keyboard goes on with the first that is new.
			const row = this.body.children[next];
			if (row) {
				row.tabIndex = -1;
				row.focus({preventScroll: true});
			}
		});
	}

	draw() {
		if (!had[this.part])
			return;
		const all = this.rows(had[this.part]), wanted = all.filter(isWanted), some = wanted.slice(0, this.shown);
		const left = wanted.length - some.length;
		say(this.text, this.about(had[this.part], wanted.length, all.length));
		this.place(some.map((row) => this.element(row)));
		this.button.hidden = !left;
		say(this.button, `Show ${Math.min(left, SHOWN)} more of ${number(left)}`);
	}

	element(row) {
		const key = this.key(row);
		let element = this.known.get(key);
		if (!element) {
			element = this.begin(row);
			element.key = key;
			this.known.set(key, element);
		}
		this.fill(element, row);
		return element;
	}

	// What has the focus is never moved, since it would lose it: others are moved around it.
	place(elements) {
		const stay = new Set(elements);
		for (const element of [...this.body.children])
			if (!stay.has(element)) {
				element.remove();
				this.known.delete(element.key);
			}
		elements.forEach((element, i) => {
			while (element.contains(document.activeElement) && this.body.children[i] !== element)
				this.body.append(this.body.children[i]);
			if (this.body.children[i] !== element)
				this.body.insertBefore(element, this.body.children[i] || null);
		});
	}
}

function isWanted(row) {
	const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
	return words.every((word) => row.text.includes(word));
}

// What the filter looks at, once for each row.
function search(row, ...texts) {
	row.text = texts.filter(Boolean).join(" ").toLowerCase();
	return row;
}

// --- denied ---

function copyButton(code) {
	const button = make("button", "", "Copy");
	button.type = "button";
	button.addEventListener("click", async () => {
		try {
			await navigator.clipboard.writeText(code.textContent);
			say(byId("said"), "Copied");
			say(button, "Copied");
		} catch {
			getSelection().selectAllChildren(code);
			say(byId("said"), "Selected: copy it by the keyboard");
			say(button, "Selected");
		}
		setTimeout(() => say(button, "Copy"), 2000);
	});
	return button;
}

function beginDrop() {
	const verdict = make("b"), who = make("b"), where = make("b"), when = make("span", "quiet");
	const why = make("b"), sentence = make("span"), nearest = make("p", "quiet"), code = make("code");
	const copy = copyButton(code), write = make("p", "write", "To allow it: ", code, copy);
	const element = make("li", "", make("p", "head", verdict, who, make("span", "", "to "), where, when),
		make("p", "head", why, sentence), nearest, write);
	element.parts = {verdict, who, where, when, why, sentence, nearest, write, code, copy};
	return element;
}

function fillDrop(element, row) {
	const parts = element.parts, before = row.outdated ? "was " : "";
	say(parts.verdict, row.audited ? "would deny" : before + "denied", row.outdated ? "quiet" : row.audited ? "warn" : "bad");
	say(parts.who, row.who_text || "unknown");
	say(parts.where, row.destination_text || "unknown");
	say(parts.when, `${many(row.packets_total, "packet")}, last ${ago(row.last_time)}` +
		(row.process ? `, by ${row.process}` : ""));
	parts.when.title = row.last_time || "";
	say(parts.why, row.why_text || "");
	say(parts.sentence, row.reason_text || "");
	say(parts.nearest, nearestText(row));
	parts.nearest.hidden = !row.nearest_rule;
	say(parts.code, row.suggestion || "");
	parts.copy.setAttribute("aria-label", `Copy ${row.suggestion}`);
	parts.write.hidden = !row.suggestion || row.passes_now;
}

function nearestText(row) {
	if (!row.nearest_rule)
		return "";
	const place = row.nearest_file ? ` (${row.nearest_file}:${row.nearest_line})` : "";
	return `The nearest rule: ${row.nearest_rule}${place}` + (row.nearest_allows ? `, which allows ${row.nearest_allows}` : "");
}

function aboutDrops(view, count, all) {
	const older = view.left_out_count ? ` ${many(view.left_out_count, "older row")} not shown: egret drops has them.` : "";
	if (!all)
		return "Nothing was denied.";
	if (!count)
		return `None of ${number(all)} fits the filter.${older}`;
	return `${count === all ? "" : `${number(count)} of `}${many(all, "row")}, the newest first.${older}`;
}

// --- rules ---

const isUsed = (row) => row.packets_total > 0 || row.would_deny_packets_count > 0 || Boolean(row.last_time);

function rulesOf(view) {
	return byId("unused").checked ? view.rows.filter((row) => !isUsed(row)) : view.rows;
}

function beginRule() {
	const code = make("code"), purpose = make("span", "quiet"), used = make("p", "quiet");
	const element = make("li", "", make("p", "head", code, purpose), used);
	element.parts = {code, purpose, used};
	return element;
}

// An audit line, and a deny rule in audit, takes away nothing: what it would have is told beside what any did.
function usesOf(row) {
	const when = row.untimed_packets_count ? "last since the agent ended" : `last ${ago(row.last_time)}`;
	const uses = row.packets_total > 0 || row.last_time ? [`${many(row.packets_total, "packet")}, ${when}`] : [];
	if (row.would_deny_packets_count > 0)
		uses.push(`would deny ${many(row.would_deny_packets_count, "packet")}, last ${ago(row.would_deny_last_time)}`);
	return uses;
}

function fillRule(element, row) {
	const place = row.file ? `${row.file}:${row.line}` : "no line of the policy";
	say(element.parts.code, row.rule);
	say(element.parts.purpose, row.purpose || "");
	say(element.parts.used, `${usesOf(row).join("; ") || "not used"}; ${place}`, isUsed(row) ? "quiet" : "warn");
}

function aboutRules(view, count, all) {
	const hidden = view.rules_count - view.rows.filter((row) => row.file).length; // some are no lines
	const text = `${many(view.rules_count, "rule")}, ${number(view.unused_count)} of them not used.`;
	return text + (count < all ? ` ${number(count)} fit the filter.` : "") +
		(hidden ? ` ${number(hidden)} are not shown: egret rules has them.` : "");
}

// --- learned ---

function namesOf(view) {
	const names = new Map();
	for (const row of view.rows) {
		const key = `${row.name} ${row.policy_name}`;
		if (!names.has(key))
			names.set(key, {name: row.name, policy_name: row.policy_name, addresses: new Set(), owners: new Set(), left: 0});
		const name = names.get(key);
		name.addresses.add(row.address);
		name.owners.add(row.subject || row.cgroup_id);
		name.left = Math.max(name.left, row.left_seconds);
	}
	return [...names.values()].sort((a, b) => String(a.name).localeCompare(String(b.name)))
		.map((name) => search(name, name.name, name.policy_name, ...name.addresses, ...[...name.owners].map(String)));
}

function beginName() {
	const name = make("b"), rule = make("span", "quiet"), what = make("p", "quiet");
	const element = make("li", "", make("p", "head", name, rule), what);
	element.parts = {name, rule, what};
	return element;
}

function fillName(element, row) {
	const some = [...row.addresses].slice(0, 4).join(", "), rest = row.addresses.size - 4;
	say(element.parts.name, row.name || "a name that is forgotten");
	say(element.parts.rule, row.policy_name && row.policy_name !== row.name ? `by ${row.policy_name}` : "");
	say(element.parts.what, `${some}${rest > 0 ? ` and ${rest} more` : ""}; for ${many(row.owners.size, "sender")}, ` +
		`${howLong(row.left)} yet`);
}

function aboutLearned(view, count, all) {
	if (!all)
		return "Nothing is learned and still good.";
	return `${count === all ? "" : `${number(count)} of `}${many(all, "name")}.` +
		(view.more ? ` These are of ${number(view.rows.length)} addresses; there are more: egret learned has them.` : "");
}

// --- the last hour ---

const KINDS = [["denied_packets_count", "denied", "of-denied"], ["would_deny_packets_count", "would deny", "of-would-deny"],
	["allowed_packets_count", "allowed", "of-allowed"]];

function drawChart(figure, intervals, key, word) {
	const svg = figure.querySelector("svg"), counts = intervals.map((interval) => interval[key] || 0);
	const most = Math.max(1, ...counts), total = counts.reduce((sum, count) => sum + count, 0);
	const peak = intervals[counts.indexOf(most)];
	const text = `${word}: ${many(total, "packet")}` +
		(total && peak ? `, most (${number(most)}) in the minute until ${clock(peak.end_time)}` : "");
	say(figure.querySelector("figcaption"), text);
	svg.replaceChildren(...counts.map((count, i) => {
		const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
		const height = count ? Math.max(2, 60 * count / most) : 0;
		bar.setAttribute("x", 10 * (61 - counts.length + i) + 1);
		bar.setAttribute("width", 8);
		bar.setAttribute("y", 60 - height);
		bar.setAttribute("height", height);
		return bar;
	}));
}

function beginChart(className) {
	const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
	svg.setAttribute("viewBox", "0 0 620 60");
	svg.setAttribute("preserveAspectRatio", "none");
	svg.setAttribute("aria-hidden", "true"); // the caption says it
	return make("figure", className, make("figcaption"), svg);
}

function drawRates() {
	const view = had.rates;
	if (!view)
		return;
	const charts = byId("charts"), begin = view.intervals.length && view.intervals[0].begin_time;
	if (!charts.children.length)
		charts.append(...KINDS.map((kind) => beginChart(kind[2])));
	say(byId("rates-about"), begin ? `Packets a minute, since ${clock(begin)}.` : "");
	KINDS.forEach(([key, word], i) => {
		drawChart(charts.children[i], view.intervals, key, word);
		charts.children[i].hidden = key === "would_deny_packets_count" && view.intervals.every((one) => !one[key]);
	});
}

// --- health ---

function drawFacts(facts) {
	const list = byId("facts");
	if (list.children.length !== 2 * facts.length)
		list.replaceChildren(...facts.flatMap(() => [make("dt"), make("dd")]));
	facts.forEach(([name, text], i) => {
		say(list.children[2 * i], name);
		say(list.children[2 * i + 1], text);
	});
}

function drawProblems(health) {
	const problems = health.problems.map((problem) => `${problem.kind}: ${problem.text}`);
	if (health.not_ready && !health.problems.some((problem) => problem.text === health.not_ready.text))
		problems.push(`not ready: ${health.not_ready.text}`);
	const list = byId("problems");
	while (list.children.length > problems.length)
		list.lastChild.remove();
	problems.forEach((text, i) => {
		if (!list.children[i])
			list.append(make("li"));
		say(list.children[i], text, "bad");
	});
	return problems;
}

const MODES = {enforcing: ["enforcing", "good"], auditing: ["only audits: nothing is denied", "warn"]};

function namesText(names) {
	if (!names)
		return "not counted yet";
	return Object.entries(names.state_count).filter(([, count]) => count)
		.map(([state, count]) => `${number(count)} ${state}`).join(", ") || "none";
}

// What is denied to them passes, and the badge says "enforcing", of the others.
function onlyAudited(audited) {
	return audited ? [["Only audited", `${audited.subjects_text}, since ${audited.since_time}`]] : [];
}

function drawStatus() {
	const view = had.status;
	if (!view)
		return;
	const {health, policy, packets} = view, problems = drawProblems(health);
	const [mode, shade] = MODES[health.mode] || [health.mode, "bad"];
	say(byId("instance"), health.instance || "");
	say(byId("mode"), problems.length ? `${mode}; ${many(problems.length, "problem")}` : mode,
		`badge ${problems.length ? "bad" : shade}`);
	document.title = `Egret: ${mode}`;
	drawFacts([
		["Agent", view.agent_text],
		["Policy", `${many(policy.rules_count, "rule")}, ${many(policy.warnings_count, "warning")}, rules since ` +
			`${policy.loaded_time || "never"}, ${(policy.hash || "").slice(0, 12)}`],
		...onlyAudited(view.only_audited),
		["Packets", `${number(packets.allowed_total)} allowed, ${number(packets.denied_total)} denied, ` +
			`${number(packets.would_deny_total)} would be denied, ${number(packets.unjudged_total)} not judged`],
		["Names", namesText(view.names)],
		["Resolvers", view.resolvers.map((resolver) => `${resolver.address} ${resolver.state}`).join(", ") || "none"],
		["Version", view.version],
	]);
}

// --- all of it ---

const named = (row, ...more) => search(row, row.name, row.address, row.subject, ...more);
const lists = [
	new List("drops", (view) => view.rows, aboutDrops,
		(row) => JSON.stringify([row.audited, row.outdated, row.who_text, row.destination_text, row.reason, row.device,
			row.file, row.line]), beginDrop, fillDrop),
	new List("rules", rulesOf, aboutRules, (row) => String(row.rule_id), beginRule, fillRule),
	new List("learned", namesOf, aboutLearned, (row) => `${row.name} ${row.policy_name}`, beginName, fillName),
];

function take(part, view) {
	had[part] = view;
	if (part === "status")
		skewMs = Date.parse(view.now_time) - Date.now();
	if (part === "drops")
		view.rows.forEach((row) => named(row, row.who_text, row.destination_text, row.why_text, row.process));
	if (part === "rules")
		view.rows.forEach((row) => search(row, row.rule, row.purpose, row.file));
}

function draw() {
	drawStatus();
	drawRates();
	lists.forEach((list) => list.draw());
}

async function ask(part) {
	const reply = await fetch(`/api/${part}`, {signal: AbortSignal.timeout(PATIENCE_MS), credentials: "omit"});
	const view = await reply.json().catch(() => ({}));
	if (!reply.ok)
		throw new Error(view.error_text || `egret serve answers ${reply.status}`);
	take(part, view);
}

function alarm(text) {
	byId("alarm").hidden = !text;
	say(byId("alarm"), text);
}

const isPaused = () => byId("pause").getAttribute("aria-pressed") === "true";

async function refresh() {
	clearTimeout(timer);
	const results = await Promise.allSettled(PARTS.map(ask));
	const failed = results.find((result) => result.status === "rejected");
	if (!failed)
		asOf = Date.now();
	const when = asOf ? `What is below is as of ${clock(asOf)}.` : "";
	const why = failed && (failed.reason instanceof TypeError || failed.reason.name === "TimeoutError"
		? "egret serve does not answer: does kubectl port-forward still run?" : `Nothing can be read: ${failed.reason.message}.`);
	alarm(failed ? `${why} ${when}` : "");
	draw();
	say(byId("as-of"), `${isPaused() ? "paused, " : ""}${asOf ? `as of ${clock(asOf)}` : ""}`);
	clearTimeout(timer);
	if (!isPaused())
		timer = setTimeout(() => document.hidden || refresh(), EVERY_MS);
}

byId("filter").addEventListener("input", () => lists.forEach((list) => list.draw()));
byId("unused").addEventListener("change", () => lists.forEach((list) => list.draw()));
byId("pause").addEventListener("click", () => {
	byId("pause").setAttribute("aria-pressed", String(!isPaused()));
	if (isPaused())
		clearTimeout(timer);
	say(byId("as-of"), `${isPaused() ? "paused, " : ""}${asOf ? `as of ${clock(asOf)}` : ""}`);
	if (!isPaused())
		refresh();
});
document.addEventListener("visibilitychange", () => document.hidden || isPaused() || refresh());
refresh();
