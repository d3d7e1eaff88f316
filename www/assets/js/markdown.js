// Shows Markdown: the server renders, the page checks, colours and adds copy buttons.

import { APIError, post } from "./api.js";
import { copyButton } from "./dialog.js";
import { el } from "./dom.js";
import { isRenderable, pieces } from "./bounds.js";
import { colour } from "./highlighter.js";
import { putFormulas, takeFormulas } from "./formulas.js";
import { rest } from "./pace.js";
import { safeNodes } from "./safe.js";
import { t } from "./i18n.js";

/** How many texts this page has rendered at once; the server's time is for everybody. */
const MOST = 2;
/** How often a text is tried again whose rendering the server put off, and how long, in seconds, where it does not say. */
const TRIES = 6;
const PAUSE = 2;

/** In bytes: a long text is rendered in pieces of this size, each of which is put in its place in one go. */
const PIECE = 16_384;

/** Until then the server wants to be left alone, by all texts of this page. */
let notBefore = 0;
let running = 0;
const queue = [];

/** What became of a text: its nodes, or none where it `isRefused` for good or else for now, for `wait` seconds. */
const nothing = (isRefused, wait = 0) => ({ nodes: null, isRefused, wait });

/** Renders `text` once, with its formulas set. */
export async function rendered(text, options = {}) {
    const { text: markdown, found } = takeFormulas(text);
    if (!isRenderable(markdown)) return nothing(true);
    await myTurn();
    try {
        if (Date.now() < notBefore) return nothing(false, (notBefore - Date.now()) / 1000);
        const { html } = await post("api/render", { markdown }, { isQuiet: true, ...options });
        // In an element, so that a mark that stands alone has a parent to be replaced in.
        const holder = el("div", {}, safeNodes(html));
        await putFormulas(holder, found);
        frame(holder);
        return { nodes: [...holder.childNodes], isRefused: false, wait: 0 };
    } catch (error) {
        if (!(error instanceof APIError)) return nothing(true);
        const isForNow = error.status === 429 || error.status === 503;
        if (isForNow) notBefore = Date.now() + (error.retryAfter ?? PAUSE) * 1000;
        // Whatever else the server says to this text it will say again.
        return nothing(error.status >= 400 && !isForNow, isForNow ? error.retryAfter ?? PAUSE : PAUSE);
    } finally {
        running -= 1;
        queue.shift()?.();
    }
}

/** The same, and again later where the server has no time now, as long as `isWanted`. */
export async function renderedInTime(text, isWanted = () => true) {
    for (let left = TRIES; ; left -= 1) {
        const result = await rendered(text);
        if (result.nodes || result.isRefused || left === 0 || !isWanted()) return result;
        await new Promise((resolve) => setTimeout(resolve, Math.min(result.wait, 30) * 1000));
    }
}

function myTurn() {
    running += 1;
    return running <= MOST ? undefined : new Promise((resolve) => queue.push(resolve));
}

/**
 * Fills `box` with `text`: as it is, then rendered, a long text piece by piece.
 *
 * What cannot be rendered stays as it is written, and a line says so.
 */
export async function show(box, text, isWanted = () => true) {
    const isWhole = isRenderable(takeFormulas(text).text);
    const parts = (isWhole ? [text] : pieces(text, PIECE)).map((part) => ({ part, element: plain(part) }));
    box.replaceChildren(...parts.map(({ element }) => element));
    let isPlain = false;
    for (const { part, element } of parts) {
        const { nodes, isRefused } = await renderedInTime(part, isWanted);
        if (!isWanted()) return;
        isPlain ||= isRefused;
        if (!nodes) continue;
        element.replaceWith(...nodes);
        if (parts.length > 1) await rest();
    }
    finish(box);
    if (isPlain) box.append(plainNote());
}

/** Text as it is written. */
export function plain(text) {
    return el("p", { class: "plain", dir: "auto" }, text);
}

/** Says why a reply is not set as the others are. */
export function plainNote() {
    return el("p", { class: "quiet-text plain-note" }, t("chat.plain_note"));
}

/** What rendered text needs from its first showing on: tables that scroll, and the direction of blocks. */
function frame(box) {
    for (const table of box.querySelectorAll("table")) {
        const scroll = el("div", { class: "scroll", tabIndex: 0, role: "group", "aria-label": t("chat.table") });
        table.replaceWith(scroll);
        scroll.append(table);
    }
    // Marks, quotes' lines and columns, too, stand on the side where their text begins. What is inside of them has no
    // direction of its own: its text would not count.
    for (const block of box.querySelectorAll("p, h1, h2, h3, h4, h5, h6, ul, ol, blockquote, table")) {
        if (!block.parentElement.closest("ul, ol, blockquote, table")) block.dir = "auto";
    }
}

/** Adds to rendered text what it is worth only once: colours and copy buttons. */
export function finish(box) {
    for (const code of box.querySelectorAll("pre > code")) {
        if (!code.closest(".code")) decorate(code);
    }
}

async function decorate(code) {
    const language = /language-([\w+#.-]+)/.exec(code.className)?.[1] ?? "";
    const text = code.textContent;
    const frame = el("div", { class: "code" },
        el("div", { class: "code-head" }, el("span", {}, language || t("chat.code")),
            copyButton(() => text, t("action.copy"))));
    const pre = code.parentElement;
    pre.tabIndex = 0;
    pre.replaceWith(frame);
    frame.append(pre);
    const html = language ? await colour(text, language.toLowerCase()) : null;
    if (html !== null) code.replaceChildren(...safeNodes(`<span>${html}</span>`));
}
