// The accounts of the pool, fresh every few seconds while somebody looks.

import { AccountCard } from "./accountcard.js";
import { el } from "../dom.js";
import { get } from "../api.js";
import { leaveIfUnauthorized } from "../frame.js";
import { number, t } from "../i18n.js";
import { errorMessage } from "../errors.js";

const SECONDS = 5;

export class AccountsView {
    #cards = new Map();
    #isShown = false;
    #isFirst = true;
    #timer = 0;
    #list = el("ul", { class: "accounts" });
    #problem = el("p", { class: "problem", role: "alert", hidden: true });
    #count = el("p", { class: "count" });
    #empty = el("div", { class: "empty", hidden: true }, el("p", {}, t("accounts.none")));

    constructor() {
        this.element = el("div", {}, this.#problem, this.#count, this.#list, this.#empty,
            el("p", { class: "quiet-text" }, t("accounts.refresh", { seconds: number(SECONDS) })));
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
            const { accounts } = await get("api/admin/accounts", { isQuiet: !this.#isFirst });
            this.#isFirst = false;
            this.#problem.hidden = true;
            this.#fill(accounts);
        } catch (error) {
            if (leaveIfUnauthorized(error)) return;
            this.#problem.textContent = errorMessage(error);
            this.#problem.hidden = false;
        }
        this.#schedule(SECONDS);
    }

    #fill(rows) {
        for (const row of rows) {
            if (this.#cards.has(row.id)) this.#cards.get(row.id).fill(row);
            else this.#append(row);
        }
        // The settings may name other accounts than before.
        for (const [id, card] of this.#cards) {
            if (rows.some((row) => row.id === id)) continue;
            card.element.remove();
            this.#cards.delete(id);
        }
        this.#empty.hidden = rows.length > 0;
        const counts = ["ready", "resting", "disabled"].map((state) => {
            const count = rows.filter((row) => row.state === state).length;
            return `${t(`accounts.state_${state}`)}: ${number(count)}`;
        });
        this.#count.textContent = rows.length === 0 ? "" : counts.join(" · ");
    }

    #append(row) {
        const card = new AccountCard(row, () => this.#schedule(0));
        this.#cards.set(row.id, card);
        this.#list.append(card.element);
    }
}
