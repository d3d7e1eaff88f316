// Keeps TeX formulas from Markdown, whose backslashes and underscores mean something else, and sets them afterwards.

import { el } from "./dom.js";
import { formula } from "./highlighter.js";
import { safeNodes } from "./safe.js";

/** Characters of the private use area: no text that means anything has them. */
const [BEGIN, END] = ["\uE000", "\uE001"];

/** Where code or a formula may begin; what comes first decides. */
const BEGINS = /```|~~~|`|\$\$|\\\[|\\\(|\$/g;
const CODE = /`[^`\n]*`/y;
const INLINE = /(?<![\w$\\])\$(?![\s$])([^$\n]*?[^\s$\\])\$(?![\w$])/y;
const ENDS = { "```": "```", "~~~": "~~~", "$$": "$$", "\\[": "\\]", "\\(": "\\)" };

/**
 * Code and formulas of `text` in order: `{begin, end}`, and `tex` and `isDisplay` for a formula, which is `$$…$$`,
 * `\[…\]`, `\(…\)`, or `$…$` without blanks at its ends.
 */
function* parts(text) {
    // What has no end has none further on either: each text is gone through once.
    const endless = new Set();
    BEGINS.lastIndex = 0;
    for (let found = BEGINS.exec(text); found; found = BEGINS.exec(text)) {
        const { 0: sign, index: begin } = found;
        const part = partAt(text, sign, begin, endless);
        BEGINS.lastIndex = part ? part.end : begin + sign.length;
        if (!part) continue;
        const { lastIndex } = BEGINS;
        yield part;
        BEGINS.lastIndex = lastIndex;
    }
}

function partAt(text, sign, begin, endless) {
    if (sign === "`" || sign === "$") {
        const pattern = sign === "`" ? CODE : INLINE;
        pattern.lastIndex = begin;
        const found = pattern.exec(text);
        return found && { begin, end: begin + found[0].length, ...(sign === "$" && { tex: found[1], isDisplay: false }) };
    }
    const isFence = sign === "```" || sign === "~~~";
    if (endless.has(sign) && !isFence) return null;
    // A formula is not empty.
    const inside = begin + sign.length;
    const last = text.indexOf(ENDS[sign], isFence ? inside : inside + 1);
    if (isFence) return { begin, end: last < 0 ? text.length : last + sign.length };
    if (last < 0) {
        endless.add(sign);
        return null;
    }
    return { begin, end: last + ENDS[sign].length, tex: text.slice(inside, last), isDisplay: sign !== "\\(" };
}

/** `text` with a mark for each formula, and the formulas. */
export function takeFormulas(text) {
    const found = [];
    if (text.includes(BEGIN)) return { text, found };
    let marked = "";
    let at = 0;
    for (const { begin, end, tex, isDisplay } of parts(text)) {
        if (tex === undefined) continue;
        marked += `${text.slice(at, begin)}${BEGIN}${found.length}${END}`;
        found.push({ source: text.slice(begin, end), tex, isDisplay });
        at = end;
    }
    return { text: marked + text.slice(at), found };
}

/** The begin of a formula that may still come to its end; `$` counts only in the last line. */
const OPEN = /\$\$|\\\[|\\\(|(?<![\w$\\])\$(?![\s$]|\d[\d.,]*(?:[\s,;:!?)]|$))(?=[^$\n]*$)/g;

/** An open formula that is longer was a stray sign: a price, a variable of a shell. */
const LONGEST_OPEN = 4000;
const LONGEST_OPEN_IN_LINE = 200;

/** Where in `text` a formula begins that has no end yet; the length of `text` if there is none. */
export function openFormula(text) {
    // What is complete cannot be open.
    let at = 0;
    const gaps = [];
    for (const { begin, end } of parts(text)) {
        gaps.push([at, begin]);
        at = end;
    }
    gaps.push([at, text.length]);
    for (const gap of gaps) {
        const isLast = gap === gaps.at(-1);
        for (const { index, 0: sign } of text.slice(...gap).matchAll(OPEN)) {
            const begin = gap[0] + index;
            if (sign === "$" && !isLast) continue;
            if (text.length - begin <= (sign === "$" ? LONGEST_OPEN_IN_LINE : LONGEST_OPEN)) return begin;
        }
    }
    // Half a sign may be the begin of a whole one.
    return at < text.length && /[\\$]$/.test(text) ? text.length - 1 : text.length;
}

/** Where in `text` the first formula begins, open or complete: from there on it is not shown before it is set. */
export function firstFormula(text) {
    for (const { begin, tex } of parts(text)) {
        if (tex !== undefined) return Math.min(begin, openFormula(text.slice(0, begin)));
    }
    return openFormula(text);
}

/** Puts the formulas in the place of their marks in `box`; one that cannot be set stands there as its source. */
export async function putFormulas(box, found) {
    if (!found.length) return;
    const all = await Promise.all(found.map(({ tex, isDisplay }) => formula(tex.trim(), isDisplay)));
    for (const text of textsWithMarks(box)) replaceMarks(text, found, all);
}

function textsWithMarks(box) {
    const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
    const texts = [];
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
        if (text.data.includes(BEGIN)) texts.push(text);
    }
    return texts;
}

function replaceMarks(text, found, all) {
    const parts = text.data.split(/\uE000(\d+)\uE001/);
    text.replaceWith(...parts.map((part, index) => {
        const entry = index % 2 ? found[Number(part)] : undefined;
        return entry ? framed(entry, all[Number(part)]) : part;
    }));
}

function framed({ source, isDisplay }, html) {
    return el("span", { class: isDisplay ? "formula display" : "formula" }, html === null ? source : safeNodes(html));
}
