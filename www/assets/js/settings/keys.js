// The keys of the person who is signed in: made, shown once, renamed, renewed, revoked.

import { ask } from "../dialog.js";
import { checkbox, field, select } from "../field.js";
import { el, icon, newID } from "../dom.js";
import { get, post, request } from "../api.js";
import { menu } from "../menu.js";
import { moment, t } from "../i18n.js";
import { Problem } from "../problem.js";
import { showSecret } from "../secret.js";
import { snippets } from "./snippets.js";
import { toast } from "../toast.js";

const SCOPES = ["chat", "v1", "recall", "manage"];

export class KeysView {
    #rows = el("tbody");
    #problem = new Problem();

    constructor() {
        const id = newID("keys");
        this.element = el("div", { class: "stack" },
            el("section", { class: "card", "aria-labelledby": id },
                el("div", { class: "card-head" }, el("h2", { id }, t("keys.title")),
                    el("button", { type: "button", onclick: () => this.#add() }, t("keys.add"))),
                el("p", { class: "lead" }, t("keys.lead")),
                this.#problem.element,
                el("table", { class: "cards" },
                    el("thead", {}, el("tr", {},
                        ["keys.name", "keys.ending", "keys.made", "keys.used", "keys.expires", "keys.may"]
                            .map((word) => el("th", { scope: "col" }, t(word))),
                        el("th", {}, el("span", { class: "unseen" }, t("keys.actions"))))),
                    this.#rows)),
            snippets());
    }

    async shown() {
        await this.#problem.watch(async () => {
            const { keys } = await get("api/keys");
            this.#rows.replaceChildren(...keys.map((key) => this.#row(key)));
        });
    }

    #row(key) {
        const actions = menu(
            el("button", {
                type: "button", class: "icon-button", "aria-label": t("keys.actions_for", { name: key.name }),
            }, icon("more")),
            [
                { label: t("keys.rename"), run: () => this.#rename(key) },
                { label: t("keys.renew"), run: () => this.#renew(key) },
                { label: t("keys.revoke"), run: () => this.#revoke(key), isGrave: true },
            ]);
        const state = isOver(key) ? el("span", { class: "badge bad" }, t("keys.is_over")) : null;
        const cell = (label, ...content) => el("td", { "data-label": t(label) }, ...content);
        return el("tr", { class: isOver(key) ? "is-out" : "" },
            cell("keys.name", el("strong", { dir: "auto" }, key.name), el("span", { class: "id" }, key.note ?? "")),
            cell("keys.ending", el("code", {}, `…${key.last_four}`)),
            cell("keys.made", moment(key.created_at)),
            cell("keys.used", key.last_used_at ? moment(key.last_used_at) : t("keys.never")),
            cell("keys.expires", state ?? (key.expires_at ? moment(key.expires_at) : t("keys.never_expires"))),
            cell("keys.may", (key.scopes ?? SCOPES).map((scope) => t(`keys.scope_${scope}`)).join(", ")),
            el("td", { class: "actions" }, actions));
    }

    async #add() {
        const name = el("input", { name: "name", required: true, maxLength: 128, autocomplete: "off" });
        const days = select(
            [["30", t("keys.days_30")], ["90", t("keys.days_90")], ["365", t("keys.days_365")], ["", t("keys.no_end")]],
            { name: "days", value: "90" });
        const values = await ask({
            title: t("keys.add_title"), confirm: t("keys.add"),
            fields: [
                field(t("keys.name"), name, t("keys.name_hint")), field(t("keys.expires"), days),
                el("fieldset", {}, el("legend", {}, t("keys.may")),
                    SCOPES.map((scope) => checkbox(t(`keys.scope_${scope}`), {
                        name: `scope_${scope}`, checked: scope !== "manage",
                    }))),
            ],
        });
        if (!values) return;
        const scopes = SCOPES.filter((scope) => values[`scope_${scope}`]);
        const members = { name: values.name.trim(), scopes };
        if (values.days) members.expires_at = inDays(Number(values.days));
        await this.#problem.watch(async () => this.#show(await post("api/keys", members), t("keys.added", { name: members.name })));
    }

    async #rename(key) {
        const name = el("input", { name: "name", required: true, maxLength: 128, value: key.name });
        const values = await ask({
            title: t("keys.rename_title", { name: key.name }), fields: [field(t("keys.name"), name)],
            confirm: t("action.save"),
        });
        if (!values) return;
        await this.#problem.watch(async () => {
            await request("PATCH", `api/keys/${encodeURIComponent(key.id)}`, { name: values.name.trim() });
            await this.shown();
        });
    }

    async #renew(key) {
        const grace = select(
            [["0", t("keys.grace_none")], ["3600", t("keys.grace_hour")], ["86400", t("keys.grace_day")]],
            { name: "grace", value: "0" });
        const values = await ask({
            title: t("keys.renew_title", { name: key.name }), text: t("keys.renew_text"),
            fields: [field(t("keys.grace"), grace)], confirm: t("keys.renew"),
        });
        if (!values) return;
        await this.#problem.watch(async () => this.#show(
            await post(`api/keys/${encodeURIComponent(key.id)}/rotate`, { grace_seconds: Number(values.grace) }),
            t("keys.renewed", { name: key.name })));
    }

    async #revoke(key) {
        const values = await ask({
            title: t("keys.revoke_title", { name: key.name }), text: t("keys.revoke_text"), confirm: t("keys.revoke"),
            isGrave: true,
        });
        if (!values) return;
        await this.#problem.watch(async () => {
            await request("DELETE", `api/keys/${encodeURIComponent(key.id)}`);
            toast(t("keys.revoked", { name: key.name }));
            await this.shown();
        });
    }

    async #show(answer, title) {
        await showSecret({ title, text: t("adduser.key_once"), secret: answer.api_key });
        await this.shown();
    }
}

function isOver(key) {
    return Boolean(key.expires_at) && Date.parse(key.expires_at) <= Date.now();
}

function inDays(count) {
    return new Date(Date.now() + count * 86_400_000).toISOString().replace(/\.\d+Z$/, "Z");
}
