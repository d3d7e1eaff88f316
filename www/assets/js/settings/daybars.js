// A bar for each day, drawn as SVG without a script of others, over a table that says the same.

import { el } from "../dom.js";
import { language, number, t } from "../i18n.js";

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, GAP] = [720, 120, 2];

/** @param rows `{day, prompt_tokens, completion_tokens, requests}`; days without a row had no use. */
export function dayBars(rows, { from, to }) {
    const days = between(from, to);
    const known = new Map(rows.map((row) => [row.day, row]));
    const tokens = (day) => (known.get(day)?.prompt_tokens ?? 0) + (known.get(day)?.completion_tokens ?? 0);
    const most = Math.max(1, ...days.map(tokens));
    return el("figure", { class: "days" },
        el("figcaption", {}, t("usage.by_day")),
        drawing(days, tokens, most),
        el("details", {}, el("summary", {}, t("usage.as_table")), table(days.filter((day) => known.has(day)), known)));
}

function drawing(days, tokens, most) {
    const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
    svg.setAttribute("aria-label", t("usage.chart", { most: number(most) }));
    const step = WIDTH / days.length;
    for (const [at, day] of days.entries()) {
        const height = Math.max(tokens(day) > 0 ? 2 : 0, (tokens(day) / most) * HEIGHT);
        const bar = shape("rect", {
            x: at * step + GAP / 2, y: HEIGHT - height, width: Math.max(1, step - GAP), height, rx: 2,
        });
        const title = shape("title", {});
        title.textContent = `${shown(day)}: ${number(tokens(day))}`;
        bar.append(title);
        svg.append(bar);
    }
    return svg;
}

function table(days, known) {
    return el("table", { class: "numbers" },
        el("thead", {}, el("tr", {},
            [t("usage.day"), t("usage.requests"), t("usage.prompt"), t("usage.completion")]
                .map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, days.map((day) => el("tr", {}, el("th", { scope: "row" }, shown(day)),
            ["requests", "prompt_tokens", "completion_tokens"].map((name) => el("td", {}, number(known.get(day)[name])))))));
}

/** All days from the first to the last, as `yyyy-mm-dd`. */
function between(from, to) {
    const days = [];
    for (let at = Date.parse(from); at <= Date.parse(to); at += 86_400_000) {
        days.push(new Date(at).toISOString().slice(0, 10));
    }
    return days;
}

function shown(day) {
    return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(day));
}

function shape(name, members) {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(members)) element.setAttribute(key, value);
    return element;
}
