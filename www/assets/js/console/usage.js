// What all people used: sums, a chart, and tables by person, model, group and account.

import { amount, language, number, t } from "../i18n.js";
import { el } from "../dom.js";
import { field, select } from "../field.js";
import { get, send } from "../api.js";
import { Problem } from "../problem.js";
import { me } from "../session.js";
import { save } from "../recall/save.js";
import { stackedBars } from "./chart.js";

const SPANS = [7, 30, 90];
/** So many rows a table has at first; the whole is in the CSV. */
const TOP = 20;
/** So many models have a colour of their own in the chart. */
const MODELS = 7;
const TABLES = ["user", "model", "group", "account"];

/** Accounts are the operator's alone. */
function tables() {
    return TABLES.filter((name) => name !== "account" || me.role === "admin");
}

function currencyOf(rows) {
    return rows.find((row) => row.currency)?.currency;
}

export class UsageView {
    #span = select(
        SPANS.map((days) => [String(days), t("usage.days", { days: number(days) })]),
        { value: "30", onchange: () => this.shown() });
    #problem = new Problem();
    #figures = el("dl", { class: "figures" });
    #canvas = el("canvas", { role: "img" });
    #figure = el("figure", { class: "chart" });
    #tables = el("div", { class: "stack" });
    #chart = null;
    #turn = 0;

    constructor() {
        this.element = el("div", { class: "usage" },
            el("div", { class: "toolbar" }, field(t("usage.span"), this.#span),
                el("button", { type: "button", class: "quiet", onclick: () => this.#export() }, t("usage.csv"))),
            this.#problem.element, this.#figures, this.#figure, this.#tables);
    }

    async shown() {
        const turn = ++this.#turn;
        this.#problem.clear();
        try {
            const [days, ...sums] = await Promise.all(
                ["day,model", ...tables()].map((by) => get(`api/admin/usage?${this.#query(by)}`)));
            if (turn !== this.#turn) return;
            this.#sum(days, sums[0]);
            this.#tables.replaceChildren(...tables().map((name, at) => topTable(name, sums[at])));
            await this.#draw(days.usage);
        } catch (error) {
            if (turn === this.#turn) this.#problem.show(error);
        }
    }

    /** All days that are shown, as `yyyy-mm-dd`, those without use among them. */
    #days() {
        const text = (back) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
        return Array.from({ length: Number(this.#span.value) }, (_, at) => text(Number(this.#span.value) - 1 - at));
    }

    #query(by, more = {}) {
        const days = this.#days();
        return new URLSearchParams({ from: days[0], to: days.at(-1), by, ...more });
    }

    #sum({ usage }, people) {
        const currency = currencyOf(usage);
        const sum = (name) => usage.reduce((total, row) => total + (Number(row[name]) || 0), 0);
        const hasCost = usage.some((row) => row.cost !== null && row.cost !== undefined);
        const figures = [
            [t("usage.requests"), number(sum("requests"))],
            [t("usage.tokens"), number(sum("prompt_tokens") + sum("completion_tokens"))],
            [t("usage.people"), `${number(people.usage.length)}${people.next ? "+" : ""}`],
            ...(hasCost ? [[t("usage.cost"), amount(sum("cost"), currency)]] : []),
        ];
        this.#figures.replaceChildren(...figures.flatMap(([label, value]) => [el("dt", {}, label), el("dd", {}, value)]));
    }

    async #draw(rows) {
        const tokens = (row) => row.prompt_tokens + row.completion_tokens;
        const totals = new Map();
        for (const row of rows) totals.set(row.model, (totals.get(row.model) ?? 0) + tokens(row));
        const models = [...totals].sort(([, one], [, other]) => other - one).map(([model]) => model);
        const [shown, others] = [models.slice(0, MODELS), new Set(models.slice(MODELS))];
        const days = rows.length > 0 ? this.#days() : [];
        const values = (fits) => days.map((day) => rows.filter((row) => row.day === day && fits(row.model))
            .reduce((total, row) => total + tokens(row), 0));
        const series = shown.map((model) => ({
            label: model ?? t("usage.unnamed"), values: values((other) => other === model),
        }));
        if (others.size > 0) series.push({ label: t("usage.others"), values: values((model) => others.has(model)) });
        this.#chart?.destroy();
        this.#canvas = el("canvas", { role: "img", "aria-label": t("usage.chart_models") });
        this.#figure.replaceChildren(
            el("figcaption", {}, t("usage.by_day")), el("div", { class: "canvas" }, this.#canvas),
            el("details", {}, el("summary", {}, t("usage.as_table")), dayTable(days, series)));
        this.#figure.hidden = days.length === 0;
        if (days.length > 0) this.#chart = await stackedBars(this.#canvas, days.map(shortDay), series);
    }

    async #export() {
        await this.#problem.watch(async () => {
            const answer = await send(`api/admin/usage?${this.#query("user,client,group,model,day", { format: "csv" })}`, {});
            save(await answer.text(), "text/csv", "usage.csv");
        });
    }
}

function topTable(name, { usage }) {
    const currency = currencyOf(usage);
    const tokens = (row) => row.prompt_tokens + row.completion_tokens;
    const rows = [...usage].sort((one, other) => tokens(other) - tokens(one)).slice(0, TOP);
    if (rows.length === 0 || (name === "group" && rows.every((row) => !row.group))) return "";
    const hasCost = rows.some((row) => row.cost !== null && row.cost !== undefined);
    const heads = [
        t(`usage.${name}`), t("usage.requests"), t("usage.prompt"), t("usage.completion"), hasCost && t("usage.cost"),
    ];
    return el("table", { class: "numbers" }, el("caption", {}, t(`usage.by_${name}`)),
        el("thead", {}, el("tr", {}, heads.filter(Boolean).map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, rows.map((row) => el("tr", {},
            el("th", { scope: "row", dir: "auto" }, named(row, name)),
            el("td", {}, number(row.requests)), el("td", {}, number(row.prompt_tokens)),
            el("td", {}, number(row.completion_tokens)),
            hasCost && el("td", {}, row.cost === null || row.cost === undefined ? "–" : amount(row.cost, currency))))));
}

function named(row, name) {
    if (name !== "user") return row[name] ?? t("usage.unnamed");
    const person = row.username ?? row.user_id ?? t("usage.unnamed");
    return row.owner && row.owner !== "self" ? `${person} (${row.owner})` : person;
}

function dayTable(days, series) {
    return el("table", { class: "numbers" },
        el("thead", {}, el("tr", {}, [t("usage.day"), ...series.map(({ label }) => label)]
            .map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, days.map((day, at) => el("tr", {}, el("th", { scope: "row" }, shortDay(day)),
            series.map(({ values }) => el("td", {}, number(values[at])))))));
}

function shortDay(day) {
    return new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(day));
}
