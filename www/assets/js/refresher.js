// Loads something again and again while somebody looks at it.

import { get } from "./api.js";

export class Refresher {
    #isShown = false;
    #isFirst = true;
    #timer = 0;
    #path;
    #seconds;
    #problem;
    #fill;

    /** Gives `fill` what `path` answers, every so many seconds. */
    constructor(path, seconds, problem, fill) {
        this.#path = path;
        this.#seconds = seconds;
        this.#problem = problem;
        this.#fill = fill;
        document.addEventListener("visibilitychange", () => this.soon());
    }

    start() {
        this.#isShown = true;
        this.soon();
    }

    stop() {
        this.#isShown = false;
        clearTimeout(this.#timer);
    }

    soon() {
        this.#schedule(0);
    }

    #schedule(seconds) {
        clearTimeout(this.#timer);
        if (this.#isShown && !document.hidden) this.#timer = setTimeout(() => this.#refresh(), seconds * 1000);
    }

    async #refresh() {
        try {
            const answer = await get(this.#path, { isQuiet: !this.#isFirst });
            this.#isFirst = false;
            this.#problem.clear();
            this.#fill(answer);
        } catch (error) {
            if (!this.#problem.show(error)) return;
        }
        this.#schedule(this.#seconds);
    }
}
