// Markdown that grows: plain text at once, rendered as fast as the server does it.

import { el } from "../dom.js";
import { finish, rendered } from "../markdown.js";

/** Between two renderings while a reply comes, in milliseconds. */
const PAUSE = 400;

export class LiveMarkdown {
    #box;
    #text = "";
    #isRendering = false;
    #isFinished = false;
    /** Text that came after what is rendered. */
    #tail = el("span", { class: "plain tail" });
    #renderedLength = 0;

    constructor(box) {
        this.#box = box;
    }

    show(text) {
        if (this.#isFinished) return;
        if (!text.startsWith(this.#text)) this.#renderedLength = 0;
        this.#text = text;
        if (!this.#renderedLength) this.#box.replaceChildren(this.#tail);
        this.#tail.textContent = text.slice(this.#renderedLength);
        this.#render();
    }

    /** The whole text, with colours and formulas. */
    async finish(text) {
        this.#isFinished = true;
        this.#text = text;
        if (!text) return this.#box.replaceChildren();
        const nodes = await rendered(text);
        if (nodes) {
            this.#box.replaceChildren(...nodes);
            finish(this.#box);
        } else {
            this.#box.replaceChildren(el("p", { class: "plain" }, text));
        }
    }

    /** The same, once it comes into sight. */
    finishWhenNear(text) {
        this.#box.replaceChildren(el("p", { class: "plain" }, text));
        const watch = new IntersectionObserver(([entry]) => {
            if (!entry.isIntersecting) return;
            watch.disconnect();
            this.finish(text);
        }, { rootMargin: "600px" });
        watch.observe(this.#box);
    }

    async #render() {
        if (this.#isRendering) return;
        this.#isRendering = true;
        const text = this.#text;
        const begin = performance.now();
        const nodes = await rendered(text);
        if (nodes && !this.#isFinished && this.#text.startsWith(text)) {
            this.#renderedLength = text.length;
            this.#tail.textContent = this.#text.slice(text.length);
            this.#box.replaceChildren(...nodes, this.#tail);
        }
        // A long text takes the server longer and is rendered less often.
        const pause = Math.max(PAUSE, 4 * (performance.now() - begin));
        setTimeout(() => {
            this.#isRendering = false;
            if (!this.#isFinished && this.#text !== text) this.#render();
        }, pause);
    }
}
