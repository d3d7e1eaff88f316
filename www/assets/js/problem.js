// The line on a page that says what went wrong last; hidden while nothing did.

import { el } from "./dom.js";
import { errorMessage } from "./errors.js";
import { leaveIfUnauthorized } from "./frame.js";

export class Problem {
    element = el("p", { class: "problem", role: "alert", hidden: true });

    clear() {
        this.element.hidden = true;
    }

    /** False where the page is left, because the key is no good any more. */
    show(error) {
        if (leaveIfUnauthorized(error)) return false;
        this.element.textContent = errorMessage(error);
        this.element.hidden = false;
        return true;
    }

    /** Runs `action`, and shows what it throws. */
    async watch(action) {
        this.clear();
        try {
            await action();
        } catch (error) {
            this.show(error);
        }
    }
}
