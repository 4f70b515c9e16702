// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What tests ask within the page.
"use strict";
const seen = (element) => element.checkVisibility({visibilityProperty: true}) && element.getClientRects().length > 0;
const texts = (selector) => [...document.querySelectorAll(selector)].filter(seen).map((element) => element.textContent);

function overflow() {
	const width = document.documentElement.clientWidth;
	const wide = [...document.body.querySelectorAll("*")].filter((element) => seen(element) &&
		!element.classList.contains("hidden") && element.getBoundingClientRect().right > width + 0.5);
	return document.documentElement.scrollWidth > width ? `${document.documentElement.scrollWidth} > ${width}`
		: wide.map((element) => element.outerHTML.slice(0, 80)).join(" | ");
}

function luminance(color) {
	const [r, g, b] = color.match(/[\d.]+/g).map(Number).map((value) => value / 255)
		.map((value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function background(element) {
	for (let at = element; at; at = at.parentElement) {
		const color = getComputedStyle(at).backgroundColor;
		if (!/, 0\)$/.test(color))
			return color;
	}
	return "rgb(255, 255, 255)";
}

// WCAG 2.2, 1.4.3: the worst of all texts that can be seen, and which one it is.
function contrast() {
	let worst = [21, ""];
	for (const element of document.body.querySelectorAll("*")) {
		const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
		if (!seen(element) || !(own || element.matches("input")))
			continue;
		const [a, b] = [getComputedStyle(element).color, background(element)].map(luminance).sort((x, y) => y - x);
		const ratio = (a + 0.05) / (b + 0.05);
		if (ratio < worst[0])
			worst = [ratio, element.outerHTML.slice(0, 80)];
	}
	return worst;
}

// As a screen reader calls it.
const nameOf = (element) => element.getAttribute("aria-label") || element.labels?.[0]?.textContent || element.textContent;
