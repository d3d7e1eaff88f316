// Tells screen readers of a reply in whole sentences, so that they are not interrupted by each piece.

import { el } from "../dom.js";

const PAUSE = 2500;

export class Announcer {
    #waiting = "";
    #timer = 0;

    element = el("div", { class: "unseen", role: "status", "aria-live": "polite" });

    say(text) {
        this.#waiting = "";
        this.element.textContent = text;
    }

    take(text) {
        this.#waiting += text;
        this.#timer ||= setTimeout(() => this.#tell(), PAUSE);
    }

    end(text) {
        clearTimeout(this.#timer);
        this.#timer = 0;
        this.element.textContent = `${this.#waiting} ${text}`.trim();
        this.#waiting = "";
    }

    #tell() {
        this.#timer = 0;
        const end = this.#waiting.search(/[.!?。！？؟…]\s*[^.!?。！？؟…]*$/u);
        if (end < 0) return;
        this.element.textContent = this.#waiting.slice(0, end + 1);
        this.#waiting = this.#waiting.slice(end + 1);
    }
}
