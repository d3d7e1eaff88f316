// How much of each limit is used, with a bar and when it begins anew.

import { amount, moment, number, plural, t } from "../i18n.js";
import { el, newID } from "../dom.js";
import { errorMessage } from "../errors.js";
import { get } from "../api.js";
import { leaveIfUnauthorized } from "../frame.js";
import { relative } from "../console/relative.js";

const SECONDS = 15;

export class LimitsView {
    #isShown = false;
    #timer = 0;
    #isFirst = true;
    #list = el("ul", { class: "limits" });
    #none = el("p", { class: "quiet-text", hidden: true }, t("limits.none"));
    #problem = el("p", { class: "problem", role: "alert", hidden: true });

    constructor() {
        const id = newID("limits");
        this.element = el("section", { class: "card", "aria-labelledby": id },
            el("h2", { id }, t("limits.title")), this.#problem, this.#list, this.#none);
        document.addEventListener("visibilitychange", () => this.#schedule(0));
    }

    shown() {
        this.#isShown = true;
        this.#schedule(0);
    }

    hidden() {
        this.#isShown = false;
        clearTimeout(this.#timer);
    }

    #schedule(seconds) {
        clearTimeout(this.#timer);
        if (this.#isShown && !document.hidden) this.#timer = setTimeout(() => this.#refresh(), seconds * 1000);
    }

    async #refresh() {
        try {
            const { limits, currency } = await get("api/limits", { isQuiet: !this.#isFirst });
            this.#isFirst = false;
            this.#problem.hidden = true;
            this.#list.replaceChildren(...limits.map((limit) => row(limit, currency)));
            this.#none.hidden = limits.length > 0;
        } catch (error) {
            if (leaveIfUnauthorized(error)) return;
            this.#problem.textContent = errorMessage(error);
            this.#problem.hidden = false;
        }
        this.#schedule(SECONDS);
    }
}

/** A limit as a line of words over a bar; the words say all that the bar shows. */
function row(limit, currency) {
    const id = newID("limit");
    const used = limit.used + (limit.reserved ?? 0);
    const share = limit.max > 0 ? Math.min(1, used / limit.max) : 1;
    const look = share >= 1 ? "bad" : share >= 0.8 ? "warm" : "good";
    const shown = (value) => (limit.kind === "cost_per_month" ? amount(value, currency) : number(value));
    const until = limit.resets_at && share > 0
        ? t("limits.resets", { time: moment(limit.resets_at), relative: relative(limit.resets_at) }) : "";
    return el("li", { class: `limit ${look}` },
        el("div", { class: "limit-words" },
            el("span", { id }, t(`limits.kind_${limit.kind}`)),
            el("span", { class: "whose" }, t(`limits.of_${limit.subject?.kind ?? limit.subject}`)),
            el("strong", {}, t("limits.used", { used: shown(used), max: shown(limit.max) }))),
        el("progress", { max: 1, value: share, "aria-labelledby": id }),
        el("p", { class: "quiet-text" }, until));
}
