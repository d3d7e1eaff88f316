// What the members of one's own groups used; there is nothing to see for who owns none.

import { amount, number, t } from "../i18n.js";
import { el, newID } from "../dom.js";
import { field, select } from "../field.js";
import { get, send } from "../api.js";
import { days } from "./usage.js";
import { me } from "../session.js";
import { Problem } from "../problem.js";
import { save } from "../recall/save.js";

const SPANS = [7, 30, 90];
/** So many rows are shown; the whole is in the CSV. */
const TOP = 100;

export class GroupUsageView {
    #names = new Map();
    #group = select([], { onchange: () => this.#fetch() });
    #span = select(
        SPANS.map((days) => [String(days), t("usage.days", { days: number(days) })]),
        { value: "30", onchange: () => this.#fetch() });
    #body = el("div", { class: "stack" });
    #problem = new Problem();
    #turn = 0;

    constructor() {
        const id = newID("group-usage");
        this.element = el("section", { class: "card group-usage", "aria-labelledby": id, hidden: true },
            el("div", { class: "card-head" }, el("h2", { id }, t("usage.my_groups"))),
            el("div", { class: "toolbar" }, field(t("usage.group"), this.#group), field(t("usage.span"), this.#span),
                el("button", { type: "button", class: "quiet", onclick: () => this.#export() }, t("usage.csv"))),
            this.#problem.element, this.#body);
    }

    async shown() {
        const groups = await ownGroups();
        this.#names = new Map(groups.map(({ id, name }) => [id, name]));
        this.element.hidden = groups.length === 0;
        if (groups.length === 0) return;
        const chosen = this.#group.value;
        // Admins and clients who name no group are told of more than their groups.
        const all = me.role === "user" && groups.length > 1 ? [["", t("usage.all_groups")]] : [];
        const options = [...all, ...groups.map(({ id, name }) => [id, name])];
        this.#group.replaceChildren(...options.map(([value, label]) => el("option", { value }, label)));
        this.#group.value = options.some(([value]) => value === chosen) ? chosen : options[0][0];
        await this.#fetch();
    }

    #query(by, more = {}) {
        const [from, to] = days(Number(this.#span.value));
        const group = this.#group.value ? { group: this.#group.value } : {};
        return `api/admin/usage?${new URLSearchParams({ from, to, by, ...group, ...more })}`;
    }

    async #fetch() {
        const turn = ++this.#turn;
        try {
            const { usage, next } = await get(this.#query("group,user"));
            if (turn !== this.#turn) return;
            this.#problem.clear();
            this.#body.replaceChildren(...this.#table(usage, next !== null));
        } catch (error) {
            if (turn === this.#turn) this.#problem.show(error);
        }
    }

    #table(usage, hasMore) {
        if (usage.length === 0) return [el("p", { class: "quiet-text" }, t("usage.none"))];
        const tokens = (row) => row.prompt_tokens + row.completion_tokens;
        const rows = [...usage].sort((one, other) => tokens(other) - tokens(one)).slice(0, TOP);
        const hasCost = rows.some((row) => row.cost !== null);
        const isAll = this.#group.value === "";
        const heads = [
            t("usage.user"), isAll && t("usage.group"), t("usage.requests"), t("usage.tokens"),
            hasCost && t("usage.cost"),
        ];
        const table = el("table", { class: "numbers" },
            el("thead", {}, el("tr", {}, heads.filter(Boolean).map((text) => el("th", { scope: "col" }, text)))),
            el("tbody", {}, rows.map((row) => el("tr", {},
                el("th", { scope: "row", dir: "auto" }, row.username ?? row.user_id ?? t("usage.unnamed")),
                isAll && el("td", { dir: "auto" }, this.#names.get(row.group) ?? row.group),
                el("td", {}, number(row.requests)), el("td", {}, number(tokens(row))),
                hasCost && el("td", {}, row.cost === null ? "–" : amount(row.cost, row.currency))))));
        const isCut = hasMore || rows.length < usage.length;
        return [
            table,
            isCut ? el("p", { class: "quiet-text" }, t("usage.shown_first", { count: number(rows.length) })) : "",
        ];
    }

    async #export() {
        await this.#problem.watch(async () => {
            const answer = await send(this.#query("group,user,model,day", { format: "csv" }), {});
            save(await answer.text(), "text/csv", "usage-groups.csv");
        });
    }
}

/** None where the key that is used may not list them. */
async function ownGroups() {
    try {
        const { groups } = await get("api/admin/groups", { isQuiet: true });
        const isMe = (owner) => owner.user_id === me.user_id && owner.owner === me.owner;
        return groups.filter((group) => group.owners.some(isMe));
    } catch {
        return [];
    }
}
