// The users of the place, or its clients: search, filters, paging, adding, and acts on many at once.

import { addUser } from "./adduserdialog.js";
import { BulkBar } from "./bulkbar.js";
import { checkbox, field } from "../field.js";
import { columns, userRow } from "./userrow.js";
import { el, icon } from "../dom.js";
import { leaveIfUnauthorized } from "../frame.js";
import { number, t } from "../i18n.js";
import { errorMessage } from "../errors.js";
import { UserFilters } from "./userfilters.js";
import { UserList } from "./userlist.js";

const TYPING = 250;

export class UsersView {
    #list;
    #rows = new Map();
    #isClients;
    #owner = null;
    #turn = 0;
    #onShowUsers;
    #filters;
    #search = el("input", { type: "search", autocomplete: "off", spellcheck: false, maxLength: 80 });
    #count = el("p", { class: "count", role: "status" });
    #problem = el("p", { class: "problem", role: "alert", hidden: true });
    #body = el("tbody");
    #empty = el("div", { class: "empty", hidden: true });
    #more = el("button", {
        type: "button", class: "quiet", hidden: true, onclick: () => this.#showMore(),
    }, t("users.more"));
    #chip = el("button", { type: "button", class: "quiet chip", hidden: true, onclick: () => this.ofOwner(null) });
    #all = checkbox(t("users.pick_all"), { onchange: () => this.#pickAll() });
    #bulk = new BulkBar({
        onDone: (done, areGone, problem) => this.#bulkDone(done, areGone, problem),
        onClear: () => {
            this.#showPicked();
            this.#search.focus();
        },
    });

    /** @param onShowUsers Shows the users of a client, given by its id. */
    constructor({ isClients = false, onShowUsers } = {}) {
        this.#isClients = isClients;
        this.#onShowUsers = onShowUsers;
        this.#filters = new UserFilters(isClients, () => this.#reload());
        let timer = 0;
        this.#search.addEventListener("input", () => {
            clearTimeout(timer);
            timer = setTimeout(() => this.#reload(), TYPING);
        });
        const add = el("button", { type: "button", onclick: () => this.#add() },
            icon("plus"), t(isClients ? "users.add_client" : "users.add"));
        this.element = el("div", { class: "users" },
            el("div", { class: "toolbar" },
                field(t(isClients ? "users.search_clients" : "users.search"), this.#search), this.#chip, add),
            this.#filters.element, this.#problem, this.#count, this.#all, this.#bulk.element,
            el("table", { class: "cards" },
                el("caption", { class: "unseen" }, t(isClients ? "console.clients" : "console.users")),
                el("thead", {}, el("tr", {}, columns.map((name, index) => el("th", { scope: "col" },
                    index < columns.length - 1 ? t(name) : el("span", { class: "unseen" }, t(name)))))),
                this.#body),
            this.#empty, this.#more);
        this.#reload();
    }

    /** Shows only the users of the client `owner`; null shows all again. */
    ofOwner(owner) {
        this.#narrow(owner);
        this.#search.focus();
        this.#reload();
    }

    #narrow(owner) {
        this.#search.value = "";
        this.#filters.clear();
        this.#owner = owner;
        this.#chip.hidden = owner === null;
        this.#chip.replaceChildren(el("span", {}, t("users.of_owner", { owner: owner ?? "" })), icon("close"));
        this.#chip.setAttribute("aria-label", t("users.of_owner_end", { owner: owner ?? "" }));
    }

    /** Asks anew, from the first page on. */
    async #reload() {
        const owner = this.#isClients ? "self" : this.#owner;
        const list = new UserList({
            ...this.#filters.members, ...(owner ? { owner } : {}), q: this.#search.value.trim(),
        });
        // What is shown stays until the answer is here.
        if (!await this.#fetch(list)) return;
        this.#list = list;
        this.#bulk.clear();
        this.#fill();
    }

    async #showMore() {
        const last = this.#body.rows.length;
        if (!await this.#fetch(this.#list)) return;
        this.#fill();
        // The button may be gone, and with it the focus.
        this.#body.rows[last]?.querySelector("button")?.focus();
    }

    /** False where it failed, or something else is wanted by now. */
    async #fetch(list) {
        const turn = ++this.#turn;
        try {
            await list.fetch();
            if (turn !== this.#turn) return false;
            this.#problem.hidden = true;
            return true;
        } catch (error) {
            if (!leaveIfUnauthorized(error) && turn === this.#turn) this.#complain(errorMessage(error));
            return false;
        }
    }

    #complain(text) {
        this.#problem.textContent = text;
        this.#problem.hidden = false;
    }

    #fill() {
        const { users, isWhole } = this.#list;
        const rows = users.map((user) => this.#row(user));
        // Rows that are put in again lose the focus.
        const isSame = rows.length === this.#body.rows.length && rows.every((row, at) => row === this.#body.rows[at]);
        if (!isSame) this.#body.replaceChildren(...rows);
        this.#more.hidden = isWhole;
        this.#showPicked();
        this.#sayHowMany();
    }

    /** The same element for the same user, because a menu or a dialog of it may be open. */
    #row(user) {
        const name = rowName(user);
        if (this.#rows.has(name)) {
            this.#rows.get(name).fill(user);
        } else {
            this.#rows.set(name, userRow(user, {
                onChange: (changed, before) => this.#changed(changed, before),
                onPick: (user, isPicked) => {
                    this.#bulk.pick(user, isPicked);
                    this.#showPicked();
                },
                more: (user) => [{
                    label: t("users.show_users"), run: () => this.#onShowUsers(user.user_id),
                    isHidden: user.role !== "client",
                }],
            }));
        }
        return this.#rows.get(name).element;
    }

    #sayHowMany() {
        const { users, total, isWhole } = this.#list;
        this.#count.textContent = users.length === 0 ? ""
            : isWhole ? t("users.count", { count: number(users.length) })
                : t("users.count_of", { count: number(users.length), total: number(total) });
        this.#body.parentElement.hidden = users.length === 0;
        this.#all.hidden = this.#pickable().length === 0;
        this.#empty.hidden = users.length > 0;
        if (users.length > 0) return;
        const text = this.#search.value.trim();
        const sort = this.#isClients ? "clients" : "users";
        const isNarrow = text || this.#filters.isNarrow;
        const said = text ? t("users.no_match", { text }) : t(isNarrow ? "users.none_filtered" : `users.none_${sort}`);
        this.#empty.replaceChildren(
            el("p", {}, said),
            isNarrow ? el("button", { type: "button", class: "quiet", onclick: () => this.#clear() }, t("users.search_end"))
                : el("button", { type: "button", onclick: () => this.#add() }, t(`users.none_${sort}_add`)));
    }

    #clear() {
        this.#search.value = "";
        this.#filters.clear();
        this.#search.focus();
        this.#reload();
    }

    // Picking

    #pickable() {
        return this.#list.users.map((user) => this.#rows.get(rowName(user))).filter((row) => row.pick);
    }

    #pickAll() {
        const isPicked = this.#all.querySelector("input").checked;
        for (const row of this.#pickable()) this.#bulk.pick(row.user(), isPicked);
        this.#showPicked();
    }

    #showPicked() {
        const rows = this.#pickable();
        for (const row of rows) row.pick.checked = this.#bulk.has(row.user());
        const picked = rows.filter((row) => row.pick.checked).length;
        const box = this.#all.querySelector("input");
        box.checked = picked > 0 && picked === rows.length;
        box.indeterminate = picked > 0 && picked < rows.length;
    }

    #bulkDone(done, areGone, problem) {
        for (const result of done) {
            if (areGone) this.#list.remove(result);
            else this.#list.replace(result.user);
        }
        this.#fill();
        if (problem) this.#complain(problem);
        else this.#problem.hidden = true;
        this.#search.focus();
    }

    #changed(changed, before) {
        if (changed) return this.#list.replace(changed);
        this.#bulk.pick(before, false);
        this.#list.remove(before);
        this.#fill();
        this.#search.focus();
    }

    async #add() {
        if (!await addUser({ isClient: this.#isClients })) return;
        // The new one is the first of all.
        this.#narrow(null);
        this.#reload();
    }
}

function rowName(user) {
    return `${user.owner}/${user.user_id}`;
}
