// Markdown that grows: plain text at once, rendered as fast as the server does it.
//
// What is rendered stands in three parts: blocks that will not change any more, blocks that may, and the text that
// came after them.

import { cuts, isRenderable } from "../bounds.js";
import { el } from "../dom.js";
import { finish, plain, plainNote, rendered, show } from "../markdown.js";
import { firstFormula, openFormula } from "../formulas.js";

/** Between two renderings while a reply comes, in milliseconds. */
const PAUSE = 400;
/** So much text, in UTF-16 units, is rendered again and again before its blocks are settled. */
const STEP = 4096;

export class LiveMarkdown {
    #box;
    #text = "";
    #settled = el("div", { class: "part" });
    #open = el("div", { class: "part" });
    #tail = el("p", { class: "plain tail", dir: "auto" });
    #settledLength = 0;
    #renderedLength = 0;
    #isRendering = false;
    #isFinished = false;
    /** The server refuses what begins at the end of what is settled, however long it grows. */
    #isRefused = false;
    /** Nothing is rendered now, so that nothing is held back either. */
    #isBare = false;

    constructor(box) {
        this.#box = box;
    }

    show(text) {
        if (this.#isFinished) return;
        if (!text.startsWith(this.#text)) this.#forget();
        this.#text = text;
        if (!this.#tail.isConnected) this.#box.replaceChildren(this.#settled, this.#open, this.#tail);
        this.#fillTail();
        this.#render();
    }

    /** The whole text, with colours and formulas. */
    async finish(text) {
        this.#isFinished = true;
        this.#text = text;
        if (!text) return this.#box.replaceChildren();
        const rest = text.slice(this.#renderedLength);
        if (this.#tail.textContent !== rest) this.#tail.textContent = rest;
        if (!this.#tail.isConnected) this.#box.replaceChildren(this.#tail);
        // Laying out a long text once more takes long, too.
        if (!this.#renderedLength && !isRenderable(text) && cuts(text).length === 0) return this.#box.append(plainNote());
        const whole = el("div");
        await show(whole, text, () => this.#text === text);
        if (this.#text === text) this.#box.replaceChildren(...whole.childNodes);
    }

    /** The same, once it comes into sight, as `near` tells. */
    finishWhenNear(text, near) {
        this.#text = text;
        this.#box.replaceChildren(plain(text));
        near(() => show(this.#box, text));
    }

    #forget() {
        this.#settledLength = this.#renderedLength = 0;
        this.#isRefused = this.#isBare = false;
        this.#settled.replaceChildren();
        this.#open.replaceChildren();
    }

    /** The text after what is rendered; a formula waits until it is set. */
    #fillTail() {
        const rest = this.#text.slice(this.#renderedLength);
        const shown = this.#isBare ? rest : rest.slice(0, firstFormula(rest));
        // Text that only grows is not laid out anew.
        const before = this.#tail.firstChild;
        if (before && shown.startsWith(before.data)) before.appendData(shown.slice(before.data.length));
        else this.#tail.textContent = shown;
    }

    async #render() {
        if (this.#isRendering) return;
        this.#isRendering = true;
        const begin = performance.now();
        const text = this.#text;
        const wait = await this.#renderRest(text);
        // A long text takes the server longer and is rendered less often.
        const pause = Math.max(PAUSE, 4 * (performance.now() - begin), wait * 1000);
        setTimeout(() => {
            this.#isRendering = false;
            if (!this.#isFinished && this.#text !== text) this.#render();
        }, pause);
    }

    /** Renders what has come since the last settled block; gives the seconds that the server wants to be left alone. */
    async #renderRest(text) {
        const rest = text.slice(this.#settledLength);
        const cut = rest.length > STEP ? cuts(rest).at(-1) ?? 0 : 0;
        // Nothing but the end of the block helps against what was refused.
        if (this.#isRefused && !cut) return 0;
        const settled = cut ? await this.#nodes(rest.slice(0, cut), this.#isRefused) : null;
        const part = rest.slice(cut, cut + openFormula(rest.slice(cut)));
        const open = await this.#nodes(part, false);
        if (this.#isFinished || !this.#text.startsWith(text)) return 0;
        this.#isBare = !open.nodes;
        if (cut && (settled.nodes || settled.isRefused)) {
            this.#settled.append(...settled.nodes ?? [plain(rest.slice(0, cut))]);
            finish(this.#settled);
            this.#settledLength = this.#renderedLength = text.length - rest.length + cut;
            this.#open.replaceChildren();
        } else if (cut) {
            this.#isBare = true;
            return settled.wait;
        }
        this.#isRefused = open.isRefused;
        if (open.nodes) {
            this.#open.replaceChildren(...open.nodes);
            this.#renderedLength = this.#settledLength + part.length;
        }
        this.#fillTail();
        return open.wait;
    }

    async #nodes(part, isRefused) {
        if (!part.trim()) return { nodes: [], isRefused: false, wait: 0 };
        return isRefused ? { nodes: null, isRefused, wait: 0 } : rendered(part);
    }
}
