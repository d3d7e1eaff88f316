// How much of each limit is used, with a bar and when it begins anew.

import { amount, moment, number, t } from "../i18n.js";
import { el, newID } from "../dom.js";
import { Problem } from "../problem.js";
import { Refresher } from "../refresher.js";
import { relative } from "../console/relative.js";

const SECONDS = 15;

export class LimitsView {
    #list = el("ul", { class: "limits" });
    #none = el("p", { class: "quiet-text", hidden: true }, t("limits.none"));
    #problem = new Problem();
    #refresher = new Refresher("api/limits", SECONDS, this.#problem, (answer) => this.#fill(answer));

    constructor() {
        const id = newID("limits");
        this.element = el("section", { class: "card", "aria-labelledby": id },
            el("h2", { id }, t("limits.title")), this.#problem.element, this.#list, this.#none);
    }

    shown() {
        this.#refresher.start();
    }

    hidden() {
        this.#refresher.stop();
    }

    #fill({ limits, currency }) {
        this.#list.replaceChildren(...limits.map((limit) => row(limit, currency)));
        this.#none.hidden = limits.length > 0;
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
