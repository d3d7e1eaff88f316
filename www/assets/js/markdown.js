// Shows Markdown: the server renders, the page checks, colours and adds copy buttons.

import { colour } from "./ink.js";
import { copyButton } from "./dialog.js";
import { el } from "./dom.js";
import { putFormulas, takeFormulas } from "./formulas.js";
import { post } from "./api.js";
import { safeNodes } from "./safe.js";
import { t } from "./i18n.js";

/** In UTF-16 units; the server takes a little more. */
const LONGEST = 170_000;

/** The nodes of `text`; null where it is too long or cannot be rendered now. */
export async function rendered(text, options = {}) {
    if (text.length > LONGEST) return null;
    try {
        const { text: markdown, found } = takeFormulas(text);
        const { html } = await post("api/render", { markdown }, { isQuiet: true, ...options });
        // In an element, so that a mark that stands alone has a parent to be replaced in.
        const holder = el("div", {}, safeNodes(html));
        putFormulas([holder], found);
        return [...holder.childNodes];
    } catch {
        return null;
    }
}

/** Fills `box` with `text`: at once as it is, then rendered. */
export async function show(box, text) {
    box.replaceChildren(el("p", { class: "plain" }, text));
    const nodes = await rendered(text);
    if (!nodes) return;
    box.replaceChildren(...nodes);
    finish(box);
}

/** Adds to rendered text what it is worth only once: colours, copy buttons, tables that scroll. */
export function finish(box) {
    for (const table of box.querySelectorAll("table")) {
        const frame = el("div", { class: "scroll", tabIndex: 0, role: "group", "aria-label": t("chat.table") });
        table.replaceWith(frame);
        frame.append(table);
    }
    for (const code of box.querySelectorAll("pre > code")) dress(code);
}

async function dress(code) {
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
