// Keeps TeX formulas from Markdown, whose backslashes and underscores mean something else, and sets them afterwards.

import { el } from "./dom.js";
import { formula } from "./ink.js";
import { safeNodes } from "./safe.js";

/** Characters of the private use area: no text that means anything has them. */
const [BEGIN, END] = ["\uE000", "\uE001"];

/** Code, which comes first, or a formula: `$$…$$`, `\[…\]`, `\(…\)` or `$…$` without blanks at its ends. */
const PARTS = /(```[\s\S]*?(?:```|$)|~~~[\s\S]*?(?:~~~|$)|`[^`\n]*`)|\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\]|\\\(([\s\S]+?)\\\)|(?<![\w$\\])\$(?![\s$])([^$\n]*?[^\s$\\])\$(?![\w$])/g;

/** `text` with a mark for each formula, and the formulas. */
export function takeFormulas(text) {
    const found = [];
    if (text.includes(BEGIN)) return { text, found };
    const marked = text.replace(PARTS, (whole, code, displayed, bracketed, inline, dollars) => {
        if (code !== undefined) return code;
        const isDisplay = displayed !== undefined || bracketed !== undefined;
        found.push({ source: whole, tex: displayed ?? bracketed ?? inline ?? dollars, isDisplay });
        return `${BEGIN}${found.length - 1}${END}`;
    });
    return { text: marked, found };
}

/** Puts the formulas in the place of their marks: their source now, set as soon as they are. */
export function putFormulas(nodes, found) {
    if (!found.length) return;
    for (const node of nodes) {
        for (const text of textsWithMarks(node)) replaceMarks(text, found);
    }
}

function textsWithMarks(node) {
    const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
    const texts = [];
    for (let text = node.nodeType === Node.TEXT_NODE ? node : walker.nextNode(); text; text = walker.nextNode()) {
        if (text.data.includes(BEGIN)) texts.push(text);
    }
    return texts;
}

function replaceMarks(text, found) {
    const parts = text.data.split(/\uE000(\d+)\uE001/);
    text.replaceWith(...parts.map((part, index) => {
        const entry = index % 2 ? found[Number(part)] : undefined;
        return entry ? placeholder(entry) : part;
    }));
}

function placeholder({ source, tex, isDisplay }) {
    const box = el("span", { class: isDisplay ? "formula display" : "formula" }, source);
    formula(tex.trim(), isDisplay).then((html) => {
        if (html !== null) box.replaceChildren(...safeNodes(html));
    });
    return box;
}
