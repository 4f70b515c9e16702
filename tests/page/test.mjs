// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// test.mjs URL STATE FOLDER: the page at URL, of an instance of which tests/page/run says what STATE is; pictures go into
// FOLDER. A line "ok" or "FAIL" for each check.
import {readFileSync} from "node:fs";
import {join} from "node:path";
import {Browser} from "./browser.mjs";

const [url, state, folder] = process.argv.slice(2);
const inside = readFileSync(new URL("inside.js", import.meta.url), "utf8");
const browser = new Browser();

function check(what, right, told = "") {
	console.log(right ? `ok   ${state}: ${what}` : `FAIL ${state}: ${what}: ${typeof told === "string" ? told : JSON.stringify(told)}`);
}
const ask = (expression) => browser.run(expression);
const focus = () => ask("nameOf(document.activeElement)");

async function tabTo(pattern) {
	for (let i = 0; i < 60; i++) {
		await browser.press("Tab");
		if (pattern.test(await focus()))
			return true;
	}
	return false;
}

// --- what holds in each state ---

async function looks() {
	for (const width of [320, 768, 1280]) {
		for (const scheme of ["light", "dark"]) {
			await browser.look(width, scheme);
			await browser.picture(join(folder, `${state}-${width}-${scheme}.png`));
			const [ratio, where] = await ask("contrast()");
			check(`contrast at ${width}, ${scheme}: ${ratio.toFixed(1)}`, ratio >= 4.5, where);
		}
		const wide = await ask("overflow()");
		check(`nothing is wider than ${width}`, !wide, wide);
	}
	check("dark is dark", await ask("luminance(background(document.body)) < 0.05"));
	await browser.look(1280, "light");
	check("light is light", await ask("luminance(background(document.body)) > 0.9"));
}

async function sections() {
	check("each part has its heading", (await ask("texts('h2').join()")) === "Denied,Last hour,Rules,Learned names,Health");
	check("all that can be clicked has a name", await ask(
		"[...document.querySelectorAll('button, input, a')].filter(seen).every((element) => nameOf(element).trim())"));
	const outside = await ask("performance.getEntriesByType('resource').map((one) => one.name).filter((name) => !name.startsWith(location.origin))");
	check("nothing comes from elsewhere", !outside.length, outside);
}

// --- states ---

async function empty() {
	check("nothing was denied, it says", (await ask("texts('[data-part=drops] .about')"))[0] === "Nothing was denied.");
	check("nothing is learned, it says", /^Nothing is learned/.test((await ask("texts('[data-part=learned] .about')"))[0]));
	check("the mode", (await ask("texts('#mode')"))[0] === "enforcing", await ask("texts('#mode')"));
	check("of few rules none is left out", !/not shown/.test((await ask("texts('[data-part=rules] .about')"))[0]));
	check("no button has nothing to do", !(await ask("texts('.more').length")));
}

async function denials() {
	const rows = await ask("texts('[data-part=drops] li')");
	const has = (...words) => rows.some((row) => words.every((word) => row.includes(word)));
	check("who, where and why", has("denied", "default/web", "51.0.0.1 tcp:443"), rows);
	check("the line to write", (await ask("texts('[data-part=drops] code')")).includes("allow 51.0.0.1 tcp:443"),
		await ask("texts('[data-part=drops] code')"));
	check("a name, and its line", (await ask("texts('[data-part=drops] code')")).includes("allow denied.example https:443"));
	check("a private address behind a name, by its line",
		(await ask("texts('[data-part=drops] code')")).some((line) => line.startsWith("allow inside.example https:443 private")));
	check("what a process is called is text", has("<b>evil<b>") && !(await ask("document.querySelector('main b b')")), rows);
	check("a rule with its hits", (await ask("texts('[data-part=rules] li')")).some((row) => /^allow good\.example.*[1-9]\d* packets?/.test(row)),
		await ask("texts('[data-part=rules] li')"));
	check("a rule that nothing used", (await ask("texts('[data-part=rules] li')")).some((row) => row.includes("203.0.113.9") && row.includes("not used")));
	check("a learned name", (await ask("texts('[data-part=learned] li')")).some((row) => row.includes("good.example") && row.includes("40.0.0.1")));
	check("rates", /^denied: [1-9]/.test((await ask("texts('figcaption')"))[0]), await ask("texts('figcaption')"));
	await filters();
	await keyboard();
	await refreshes();
}

async function filters() {
	await ask("byId('filter').value = 'default/web 51.0.0.1'; byId('filter').dispatchEvent(new Event('input'))");
	const rows = await ask("texts('[data-part=drops] li')");
	check("the filter leaves what has its words", rows.length === 1 && rows[0].includes("51.0.0.1"), rows);
	await ask("byId('filter').value = 'no such'; byId('filter').dispatchEvent(new Event('input'))");
	check("and says where nothing has", /^None of/.test((await ask("texts('[data-part=drops] .about')"))[0]));
	await ask("byId('filter').value = ''; byId('filter').dispatchEvent(new Event('input')); byId('unused').click()");
	check("only unused rules", (await ask("texts('[data-part=rules] li')")).every((row) => row.includes("not used")));
	await ask("byId('unused').click()");
}

async function keyboard() {
	await ask("document.activeElement.blur(); scrollTo(0, 0)");
	await browser.press("Tab");
	check("the first stop leads past all", (await focus()) === "To what was denied", await focus());
	check("and can be seen then", await ask("getComputedStyle(document.activeElement).clipPath === 'none'"));
	check("then come the filter", await tabTo(/^Filter/));
	check("the pause", await tabTo(/^Pause/));
	await browser.press("Enter");
	check("which pauses", await ask("isPaused()"));
	await browser.press(" ");
	check("and goes on", !(await ask("isPaused()")));
	check("and the lines to copy", await tabTo(/^Copy allow/));
	check("where the focus can be seen", await ask("parseFloat(getComputedStyle(document.activeElement).outlineWidth) >= 2"));
	await browser.send("Browser.grantPermissions", {permissions: ["clipboardReadWrite", "clipboardSanitizedWrite"]}).catch(() => {});
	const line = (await focus()).replace(/^Copy /, "");
	await browser.press("Enter");
	check("one is copied", await browser.until("byId('said').textContent === 'Copied'"), await ask("byId('said').textContent"));
	check("as it stands there", (await ask("navigator.clipboard.readText()")) === line);
}

async function refreshes() {
	await ask("globalThis.held = document.activeElement; globalThis.order = texts('[data-part=drops] li').join()");
	await ask("had.drops.rows.reverse(); draw()");
	check("rows in another order", await ask("texts('[data-part=drops] li').join() !== order"));
	check("leave the focus where it is", await ask("document.activeElement === held && held.isConnected"));
	const before = await ask("asOf");
	await ask("refresh()");
	check("so does asking anew", await ask(`asOf > ${before} && document.activeElement === held`));
}

async function many() {
	const about = (await ask("texts('[data-part=drops] .about')"))[0];
	check("it says how many it does not show", /[\d,]+ rows, the newest first\. (9|1\d),\d{3} older rows not shown/.test(about), about);
	check("and draws a hundred", (await ask("document.querySelectorAll('[data-part=drops] li').length")) === 100);
	const took = await ask("(() => { const begin = performance.now(); draw(); return performance.now() - begin; })()");
	check(`once more in ${took.toFixed(0)} ms`, took < 500);
	await ask("document.querySelector('[data-part=drops] .more').focus()");
	await browser.press("Enter");
	check("the button draws more", (await ask("document.querySelectorAll('[data-part=drops] li').length")) === 200);
	check("and the focus goes on with them", await ask("document.activeElement === document.querySelectorAll('[data-part=drops] li')[100]"));
}

async function broken() {
	check("a problem is in the first line", /problem/.test((await ask("texts('#mode')"))[0]), await ask("texts('#mode')"));
	check("and says what", (await ask("texts('#problems li')")).some((text) => text.includes("policy.rules:1")), await ask("texts('#problems li')"));
}

async function audited() {
	check("only audited, it says", /only audits/.test((await ask("texts('#mode')"))[0]));
	check("what would be denied", (await ask("texts('[data-part=drops] li')")).some((row) => row.startsWith("would deny")));
	const rule = (await ask("texts('[data-part=rules] li')")).find((row) => row.startsWith("deny 51.0.0.4"));
	check("a rule that would deny is used", /would deny [1-9]\d* packets?, last/.test(rule) && !/not used/.test(rule), rule);
}

async function one() {
	check("who is only audited, it says", (await ask("texts('#facts')"))[0].includes("Only audited"), await ask("texts('#facts')"));
}

async function gone() {
	check("nothing can be read, it says", await browser.until("/Nothing can be read/.test(byId('alarm').textContent) && seen(byId('alarm'))"),
		await ask("byId('alarm').textContent"));
}

// --- all of it ---

const states = {empty, denials, many, broken, audited, one, gone};
try {
	await browser.open(url);
	await browser.look(1280, "light");
	await browser.until("document.readyState === 'complete' && byId('facts') !== null");
	await ask(inside + "; Object.assign(globalThis, {seen, texts, overflow, contrast, luminance, background, nameOf}); 0");
	await browser.until("texts('#as-of')[0] !== '' || seen(byId('alarm'))");
	await sections();
	await states[state]();
	await looks();
	check("no script, and no policy, complains", !browser.complaints.length, browser.complaints);
} catch (error) {
	check("to the end", false, error.stack);
} finally {
	await browser.close();
}
