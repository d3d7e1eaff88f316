// The users of the place, or its clients: search, paging, adding.

import { PagedTable } from "./pagedtable.js";
import { addUser } from "./adduserdialog.js";
import { columns, userRow } from "./userrow.js";
import { el, icon } from "../dom.js";
import { field } from "../field.js";
import { leaveIfUnauthorized } from "../frame.js";
import { number, t } from "../i18n.js";
import { errorMessage } from "../errors.js";

const STEP = 50;
const TYPING = 250;

export class UsersView {
    #table;
    #rows = new Map();
    #isClients;
    #owner = null;
    #shown = STEP;
    #turn = 0;
    #onShowUsers;
    #search = el("input", { type: "search", autocomplete: "off", spellcheck: false });
    #count = el("p", { class: "count", role: "status" });
    #problem = el("p", { class: "problem", role: "alert", hidden: true });
    #body = el("tbody");
    #empty = el("div", { class: "empty", hidden: true });
    #more = el("button", {
        type: "button", class: "quiet", hidden: true, onclick: () => this.#showMore(),
    }, t("users.more"));
    #chip = el("button", { type: "button", class: "quiet chip", hidden: true, onclick: () => this.ofOwner(null) });

    /** @param onShowUsers Shows the users of a client, given by its id. */
    constructor({ isClients = false, onShowUsers } = {}) {
        this.#isClients = isClients;
        this.#onShowUsers = onShowUsers;
        let timer = 0;
        this.#search.addEventListener("input", () => {
            clearTimeout(timer);
            timer = setTimeout(() => this.#restart(), TYPING);
        });
        const add = el("button", { type: "button", onclick: () => this.#add() },
            icon("plus"), t(isClients ? "users.add_client" : "users.add"));
        this.element = el("div", { class: "users" },
            el("div", { class: "toolbar" },
                field(t(isClients ? "users.search_clients" : "users.search"), this.#search), this.#chip, add),
            this.#problem, this.#count,
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
        this.#owner = owner;
        this.#chip.hidden = owner === null;
        this.#chip.replaceChildren(el("span", {}, t("users.of_owner", { owner: owner ?? "" })), icon("close"));
        this.#chip.setAttribute("aria-label", t("users.of_owner_end", { owner: owner ?? "" }));
    }

    #reload() {
        const owner = this.#isClients ? { owner: "self" } : this.#owner ? { owner: this.#owner } : {};
        this.#table = new PagedTable((user) => (user.role === "client") === this.#isClients, owner);
        this.#restart();
    }

    #restart() {
        this.#shown = STEP;
        this.#show();
    }

    async #showMore() {
        const last = this.#body.rows.length;
        this.#shown += STEP;
        await this.#show();
        // The button may be gone, and with it the focus.
        this.#body.rows[last]?.querySelector("button")?.focus();
    }

    async #show() {
        const turn = ++this.#turn;
        this.#problem.hidden = true;
        try {
            // One more than is shown tells whether there is more.
            await this.#table.reach(this.#shown + 1, this.#search.value, () => turn === this.#turn);
        } catch (error) {
            if (leaveIfUnauthorized(error) || turn !== this.#turn) return;
            this.#problem.textContent = errorMessage(error);
            this.#problem.hidden = false;
        }
        if (turn === this.#turn) this.#fill();
    }

    #fill() {
        const found = this.#table.found(this.#search.value);
        const users = found.slice(0, this.#shown);
        const rows = users.map((user) => this.#row(user));
        // Rows that are put in again lose the focus.
        const isSame = rows.length === this.#body.rows.length && rows.every((row, at) => row === this.#body.rows[at]);
        if (!isSame) this.#body.replaceChildren(...rows);
        this.#more.hidden = found.length <= this.#shown && this.#table.isWhole;
        this.#sayHowMany(found.length, users.length);
    }

    /** The same element for the same user, because a menu or a dialog of it may be open. */
    #row(user) {
        const name = `${user.owner}/${user.user_id}`;
        if (this.#rows.has(name)) {
            this.#rows.get(name).fill(user);
        } else {
            this.#rows.set(name, userRow(user, {
                onChange: (changed, before) => this.#changed(changed, before),
                more: (user) => [{
                    label: t("users.show_users"), run: () => this.#onShowUsers(user.user_id),
                    isHidden: user.role !== "client",
                }],
            }));
        }
        return this.#rows.get(name).element;
    }

    #sayHowMany(found, shown) {
        const isAll = this.#table.isWhole && found <= shown;
        this.#count.textContent = found === 0 ? ""
            : t(isAll ? "users.count" : "users.count_more", { count: number(shown) });
        this.#body.parentElement.hidden = found === 0;
        this.#empty.hidden = found > 0 || !this.#problem.hidden;
        if (found > 0) return;
        const text = this.#search.value.trim();
        const sort = this.#isClients ? "clients" : "users";
        this.#empty.replaceChildren(
            el("p", {}, text ? t("users.no_match", { text }) : t(`users.none_${sort}`)),
            text ? el("button", { type: "button", class: "quiet", onclick: () => this.#clear() }, t("users.search_end"))
                : el("button", { type: "button", onclick: () => this.#add() }, t(`users.none_${sort}_add`)));
    }

    #clear() {
        this.#search.value = "";
        this.#search.focus();
        this.#restart();
    }

    #changed(changed, before) {
        if (changed) return this.#table.replace(changed);
        this.#table.remove(before);
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
