// Asks the worker for coloured code and formulas; what takes too long stays plain.

import { base } from "./urls.js";

const PATIENCE = 2000;
const LONGEST = 50_000;
let worker = null;
let last = 0;
const waiting = new Map();

/** The HTML of `text` with spans for its colours; null where the language is unknown or it takes too long. */
export function colour(text, language) {
    return ask("code", text, language);
}

/** Formulas that were set: a reply that grows has the same ones again and again. */
const set = new Map();
const MOST_SET = 500;

/** The HTML of a TeX formula as MathML; null where it cannot be set. */
export async function formula(text, isDisplay) {
    const name = `${isDisplay ? "display" : "inline"} ${text}`;
    if (set.has(name)) return set.get(name);
    const html = await ask("formula", text, isDisplay);
    if (set.size >= MOST_SET) set.delete(set.keys().next().value);
    if (html !== null) set.set(name, html);
    return html;
}

function ask(kind, text, detail) {
    if (text.length > LONGEST) return Promise.resolve(null);
    worker ??= start();
    const id = ++last;
    return new Promise((resolve) => {
        waiting.set(id, { resolve, timer: setTimeout(giveUp, PATIENCE) });
        worker.postMessage({ id, kind, text, detail });
    });
}

function start() {
    const address = `${base}assets/js/highlighter-worker.js?lib=${encodeURIComponent(`${base}lib/`)}`;
    const worker = new Worker(address);
    worker.onmessage = ({ data: { id, html } }) => settle(id, html);
    worker.onerror = giveUp;
    return worker;
}

/** A text that hangs the expressions of the library costs all that wait their colours, and nothing else. */
function giveUp() {
    worker?.terminate();
    worker = null;
    for (const id of [...waiting.keys()]) settle(id, null);
}

function settle(id, html) {
    const entry = waiting.get(id);
    if (!entry) return;
    clearTimeout(entry.timer);
    waiting.delete(id);
    entry.resolve(html);
}
