// What was used in a span of days: sums, a bar for each day, and tables with the same figures.

import { amount, number, t } from "../i18n.js";
import { el, newID } from "../dom.js";
import { field, select } from "../field.js";
import { dayBars } from "./daybars.js";
import { get } from "../api.js";
import { Problem } from "../problem.js";

const SPANS = [7, 30, 90];

export class UsageView {
    #span = select(
        SPANS.map((days) => [String(days), t("usage.days", { days: number(days) })]),
        { value: "30", onchange: () => this.shown() });
    #figures = el("dl", { class: "figures" });
    #body = el("div", { class: "stack" });
    #problem = new Problem();

    constructor() {
        const id = newID("usage");
        this.element = el("section", { class: "card", "aria-labelledby": id },
            el("div", { class: "card-head" }, el("h2", { id }, t("usage.title")), field(t("usage.span"), this.#span)),
            this.#problem.element, this.#figures, this.#body);
    }

    async shown() {
        const [from, to] = days(Number(this.#span.value));
        const ask = (by) => get(`api/usage?from=${from}&to=${to}&by=${by}`);
        await this.#problem.watch(async () => {
            const [byDay, byModel, byKey, names] = await Promise.all([ask("day"), ask("model"), ask("key"), keyNames()]);
            for (const row of byKey.usage) row.key = names.get(row.key) ?? row.key;
            this.#fill(byDay, byModel, byKey, from, to);
        });
    }

    #fill(byDay, byModel, byKey, from, to) {
        const sum = (name) => byDay.usage.reduce((total, row) => total + (Number(row[name]) || 0), 0);
        const currency = byDay.usage.find((row) => row.currency)?.currency;
        const hasCost = byDay.usage.some((row) => row.cost !== null && row.cost !== undefined);
        this.#figures.replaceChildren(
            ...figure(t("usage.requests"), number(sum("requests"))),
            ...figure(t("usage.prompt"), number(sum("prompt_tokens"))),
            ...figure(t("usage.completion"), number(sum("completion_tokens"))),
            ...(hasCost ? figure(t("usage.cost"), amount(sum("cost"), currency)) : []));
        this.#body.replaceChildren(
            dayBars(byDay.usage, { from, to }),
            table(t("usage.by_model"), t("usage.model"), byModel.usage, "model", hasCost, currency),
            table(t("usage.by_key"), t("usage.key"), byKey.usage, "key", hasCost, currency));
    }
}

/** The names of one's keys by their ids; none where the key that is used may not list them. */
async function keyNames() {
    try {
        const { keys } = await get("api/keys", { isQuiet: true });
        return new Map(keys.map((key) => [key.id, key.name]));
    } catch {
        return new Map();
    }
}

/** The first and the last day of a span that ends today, in UTC as `yyyy-mm-dd`. */
export function days(count) {
    const text = (back) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
    return [text(count - 1), text(0)];
}

function figure(label, value) {
    return [el("dt", {}, label), el("dd", {}, value)];
}

function table(caption, head, rows, name, hasCost, currency) {
    if (rows.length === 0) return el("p", { class: "quiet-text" }, t("usage.none"));
    const heads = [head, t("usage.requests"), t("usage.prompt"), t("usage.completion"), hasCost && t("usage.cost")];
    return el("table", { class: "numbers" }, el("caption", {}, caption),
        el("thead", {}, el("tr", {}, heads.filter(Boolean).map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, rows.map((row) => el("tr", {},
            el("th", { scope: "row", dir: "auto" }, row[name] ?? t("usage.unnamed")),
            el("td", {}, number(row.requests)), el("td", {}, number(row.prompt_tokens)),
            el("td", {}, number(row.completion_tokens)),
            hasCost && el("td", {}, row.cost === null ? "–" : amount(row.cost, currency))))));
}
