// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A page in headless Chromium, over the pipe of its DevTools protocol: no port is opened, and no package is needed.
import {spawn} from "node:child_process";
import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";

const KEYS = {Tab: 9, Enter: 13, " ": 32};

export class Browser {
	constructor() {
		this.folder = mkdtempSync(join(tmpdir(), "egret-page-"));
		this.process = spawn(process.env.CHROMIUM || "chromium",
			["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
				"--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
				`--user-data-dir=${this.folder}`, "--remote-debugging-pipe", "about:blank"],
			{stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"]});
		this.next = 1;
		this.waiting = new Map();
		this.complaints = []; // of scripts, and of the Content-Security-Policy
		let rest = "";
		this.process.stdio[4].setEncoding("utf8").on("data", (text) => {
			const messages = (rest + text).split("\0");
			rest = messages.pop();
			messages.forEach((message) => this.hear(JSON.parse(message)));
		});
	}

	hear(message) {
		if (message.id) {
			const {resolve, reject} = this.waiting.get(message.id);
			this.waiting.delete(message.id);
			message.error ? reject(new Error(message.error.message)) : resolve(message.result);
		} else if (message.method === "Runtime.exceptionThrown") {
			this.complaints.push(message.params.exceptionDetails.exception?.description || "an exception");
		} else if (message.method === "Log.entryAdded" && message.params.entry.source !== "network") {
			this.complaints.push(message.params.entry.text);
		}
	}

	send(method, params = {}) {
		const id = this.next++;
		this.process.stdio[3].write(JSON.stringify({id, method, params, sessionId: this.session}) + "\0");
		return new Promise((resolve, reject) => this.waiting.set(id, {resolve, reject}));
	}

	async open(url) {
		const {targetId} = await this.send("Target.createTarget", {url: "about:blank"});
		this.session = (await this.send("Target.attachToTarget", {targetId, flatten: true})).sessionId;
		for (const domain of ["Page", "Runtime", "Log"])
			await this.send(`${domain}.enable`);
		await this.send("Page.navigate", {url});
	}

	async look(width, scheme) {
		await this.send("Emulation.setDeviceMetricsOverride", {width, height: 800, deviceScaleFactor: 1, mobile: false});
		await this.send("Emulation.setEmulatedMedia", {features: [{name: "prefers-color-scheme", value: scheme}]});
	}

	// @expression: of what it is a promise is waited for.
	async run(expression) {
		const {result, exceptionDetails} =
			await this.send("Runtime.evaluate", {expression, awaitPromise: true, returnByValue: true, userGesture: true});
		if (exceptionDetails)
			throw new Error(exceptionDetails.exception?.description || exceptionDetails.text);
		return result.value;
	}

	async until(expression) {
		for (let i = 0; i < 300; i++) {
			if (await this.run(expression).catch(() => false))
				return true;
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
		return false;
	}

	async press(key) {
		const code = {key, windowsVirtualKeyCode: KEYS[key], text: key === "Enter" ? "\r" : key === " " ? " " : undefined};
		await this.send("Input.dispatchKeyEvent", {type: code.text ? "keyDown" : "rawKeyDown", ...code});
		await this.send("Input.dispatchKeyEvent", {type: "keyUp", ...code});
	}

	async picture(path) {
		const {data} = await this.send("Page.captureScreenshot", {format: "png"});
		writeFileSync(path, Buffer.from(data, "base64"));
	}

	async close() {
		const ended = new Promise((resolve) => this.process.once("exit", resolve));
		this.session = undefined;
		this.send("Browser.close").catch(() => {});
		await ended;
		rmSync(this.folder, {recursive: true, force: true, maxRetries: 5});
	}
}
