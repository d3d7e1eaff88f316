// The accounts of the pool, fresh every few seconds while somebody looks.

import { AccountCard } from "./accountcard.js";
import { el } from "../dom.js";
import { number, t } from "../i18n.js";
import { Problem } from "../problem.js";
import { Refresher } from "../refresher.js";

const SECONDS = 5;

export class AccountsView {
    #cards = new Map();
    #list = el("ul", { class: "accounts" });
    #problem = new Problem();
    #refresher = new Refresher("api/admin/accounts", SECONDS, this.#problem, ({ accounts }) => this.#fill(accounts));
    #count = el("p", { class: "count" });
    #empty = el("div", { class: "empty", hidden: true }, el("p", {}, t("accounts.none")));

    constructor() {
        this.element = el("div", {}, this.#problem.element, this.#count, this.#list, this.#empty,
            el("p", { class: "quiet-text" }, t("accounts.refresh", { seconds: number(SECONDS) })));
    }

    shown() {
        this.#refresher.start();
    }

    hidden() {
        this.#refresher.stop();
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
        const card = new AccountCard(row, () => this.#refresher.soon());
        this.#cards.set(row.id, card);
        this.#list.append(card.element);
    }
}
