// Groups: who is in them, what they may use, until when.

import { ask } from "../dialog.js";
import { checkbox, field, select } from "../field.js";
import { el, icon } from "../dom.js";
import { get, post, request } from "../api.js";
import { limitFields, limitsFrom } from "./limitfields.js";
import { me } from "../session.js";
import { menu } from "../menu.js";
import { moment, t } from "../i18n.js";
import { Problem } from "../problem.js";
import { toast } from "../toast.js";

export class GroupsView {
    #rows = el("tbody");
    #table;
    #empty = el("div", { class: "empty", hidden: true }, el("p", {}, t("groups.none")));
    #problem = new Problem();

    constructor() {
        this.#table = el("table", { class: "cards" },
            el("caption", { class: "unseen" }, t("groups.title")),
            el("thead", {}, el("tr", {},
                ["groups.name", "groups.models", "groups.valid", "groups.cost_center"]
                    .map((word) => el("th", { scope: "col" }, t(word))),
                el("th", {}, el("span", { class: "unseen" }, t("keys.actions"))))),
            this.#rows);
        this.element = el("div", { class: "groups" },
            el("div", { class: "toolbar" }, me.role === "admin" && el("button", {
                type: "button", onclick: () => this.#edit(null),
            }, icon("plus"), t("groups.add"))),
            this.#problem.element, this.#table, this.#empty);
    }

    async shown() {
        await this.#problem.watch(async () => {
            const { groups } = await get("api/admin/groups");
            this.#rows.replaceChildren(...groups.map((group) => this.#row(group)));
            this.#table.hidden = groups.length === 0;
            this.#empty.hidden = groups.length > 0;
        });
    }

    #row(group) {
        const isAdmin = me.role === "admin";
        const trigger = el("button", {
            type: "button", class: "icon-button", "aria-label": t("groups.actions_for", { name: group.name }),
        }, icon("more"));
        const actions = menu(trigger, [
            { label: t("groups.edit"), run: () => this.#edit(group), isHidden: !isAdmin },
            { label: t("groups.add_member"), run: () => this.#member(group, "POST") },
            { label: t("groups.remove_member"), run: () => this.#member(group, "DELETE") },
            { label: t("groups.remove"), run: () => this.#remove(group), isGrave: true, isHidden: !isAdmin },
        ]);
        const cell = (label, ...content) => el("td", { "data-label": t(label) }, ...content);
        const end = group.valid_until ? Date.parse(group.valid_until) : Infinity;
        return el("tr", { class: end <= Date.now() ? "is-out" : "" },
            cell("groups.name", el("strong", { dir: "auto" }, group.name), el("span", { class: "id" }, group.id)),
            cell("groups.models", group.models?.length ? group.models.join(", ") : t("groups.all_models")),
            cell("groups.valid", group.valid_until ? moment(group.valid_until) : t("keys.never_expires")),
            cell("groups.cost_center", group.cost_center ?? "–"),
            el("td", { class: "actions" }, actions));
    }

    async #edit(group) {
        const id = el("input", {
            name: "id", required: true, maxLength: 128, pattern: "[A-Za-z0-9_.:@\\-]+", value: group?.id ?? "",
            disabled: group !== null, autocomplete: "off", spellcheck: false,
        });
        const input = (name, value, members = {}) => el("input", { name, value: value ?? "", autocomplete: "off", ...members });
        const values = await ask({
            title: group ? t("groups.edit_title", { name: group.name }) : t("groups.add"), confirm: t("action.save"),
            fields: [
                field(t("groups.id"), id, t("adduser.id_hint")),
                field(t("groups.name"), input("name", group?.name, { required: true, maxLength: 256 })),
                field(t("groups.kind"), select(
                    [["group", t("groups.kind_group")], ["course", t("groups.kind_course")]],
                    { name: "kind", value: group?.kind ?? "group" })),
                field(t("groups.models"), input("models", group?.models?.join(", ")), t("groups.models_hint")),
                field(t("groups.owners"), input("owners", group?.owners?.join(", ")), t("groups.owners_hint")),
                field(t("groups.cost_center"), input("cost_center", group?.cost_center)),
                field(t("groups.valid"), input("valid_until", group?.valid_until?.slice(0, 10), { type: "date" })),
                checkbox(t("adduser.plus"), { name: "plus", checked: group?.plus ?? false }),
                limitFields(t("groups.limits"), "limits", group?.limits),
                limitFields(t("groups.member_limits"), "member_limits", group?.member_limits),
            ],
        });
        if (!values) return;
        const list = (text) => text.split(",").map((word) => word.trim()).filter(Boolean);
        const members = {
            name: values.name, kind: values.kind, models: list(values.models), owners: list(values.owners),
            cost_center: values.cost_center || null, plus: values.plus,
            valid_until: values.valid_until ? `${values.valid_until}T23:59:59Z` : null,
            limits: limitsFrom(values, "limits"), member_limits: limitsFrom(values, "member_limits"),
        };
        await this.#problem.watch(async () => {
            if (group) await request("PATCH", place(group), members);
            else await post("api/admin/groups", { id: values.id, ...members });
            await this.shown();
        });
    }

    async #member(group, method) {
        const user = el("input", { name: "user_id", required: true, autocomplete: "off", spellcheck: false });
        const owner = el("input", { name: "owner", autocomplete: "off", spellcheck: false });
        const isAdded = method === "POST";
        const values = await ask({
            title: t(isAdded ? "groups.add_member_to" : "groups.remove_member_of", { name: group.name }),
            fields: [
                field(t("adduser.id"), user),
                me.role !== "client" && field(t("groups.member_owner"), owner, t("groups.member_owner_hint")),
            ].filter(Boolean),
            confirm: t(isAdded ? "groups.add_member" : "groups.remove_member"), isGrave: !isAdded,
        });
        if (!values) return;
        await this.#problem.watch(async () => {
            await request(method, `${place(group)}/members`, {
                user_id: values.user_id.trim(), ...(values.owner ? { owner: values.owner.trim() } : {}),
            });
            toast(t(isAdded ? "groups.member_added" : "groups.member_removed", { user: values.user_id, name: group.name }));
        });
    }

    async #remove(group) {
        const values = await ask({
            title: t("groups.remove_title", { name: group.name }), text: t("groups.remove_text"),
            confirm: t("groups.remove"), isGrave: true,
        });
        if (!values) return;
        await this.#problem.watch(async () => {
            // They were asked: its members only leave it.
            await request("DELETE", `${place(group)}?remove_members=true`);
            await this.shown();
        });
    }
}

function place(group) {
    return `api/admin/groups/${encodeURIComponent(group.id)}`;
}
