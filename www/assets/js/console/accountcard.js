// An account with its health and what can be done about it.

import { el, newID } from "../dom.js";
import { moment, number, t } from "../i18n.js";
import { ask } from "../dialog.js";
import { leaveIfUnauthorized } from "../frame.js";
import { post } from "../api.js";
import { relative } from "./relative.js";
import { errorMessage } from "../errors.js";

const looks = { ready: "good", resting: "warm", disabled: "bad" };

/** A card that stays the same element while its numbers change, so that the focus stays, too. */
export class AccountCard {
    #row;
    #onChange;
    #isRunning = false;
    #state = el("span", { class: "badge" });
    #reason = el("p", { class: "reason", hidden: true });
    #facts = el("dl", { class: "facts" });
    #outcome = el("p", { class: "outcome", role: "status" });
    #test = el("button", { type: "button", class: "quiet", onclick: () => this.#act("test") });
    #switch = el("button", { type: "button", class: "quiet", onclick: () => this.#turn() });

    /** @param onChange Is called when something was done, so that sums are counted again. */
    constructor(row, onChange) {
        this.#onChange = onChange;
        const id = newID("account");
        this.element = el("li", { class: "account" },
            el("article", { "aria-labelledby": id },
                el("div", { class: "account-head" }, el("h2", { id }, row.id), this.#state,
                    row.plus && el("span", { class: "badge" }, t("accounts.plus")),
                    el("span", { class: "kind" }, row.kind)),
                this.#reason, this.#facts, this.#outcome,
                el("div", { class: "buttons" }, this.#test, this.#switch)));
        this.#test.textContent = t("accounts.test");
        this.#test.setAttribute("aria-label", t("accounts.test_of", { id: row.id }));
        this.fill(row);
    }

    /** Shows what the server says now. */
    fill(row) {
        this.#row = row;
        this.#state.textContent = t(`accounts.state_${row.state}`);
        this.#state.className = `badge ${looks[row.state] ?? ""}`;
        const until = row.until ? t("accounts.until", { time: moment(row.until), relative: relative(row.until) }) : "";
        this.#reason.textContent = [row.reason, until].filter(Boolean).join(" · ");
        this.#reason.hidden = row.state === "ready";
        this.#switch.textContent = t(row.state === "ready" ? "accounts.disable" : "accounts.enable");
        this.#switch.setAttribute("aria-label",
            t(row.state === "ready" ? "accounts.disable_of" : "accounts.enable_of", { id: row.id }));
        this.#facts.replaceChildren(...facts(row));
    }

    async #turn() {
        const isOff = this.#row.state === "ready";
        if (isOff && !await ask({
            title: t("accounts.disable_title", { id: this.#row.id }), text: t("accounts.disable_text"),
            confirm: t("accounts.disable"), isGrave: true,
        })) return;
        await this.#act(isOff ? "disable" : "enable");
    }

    async #act(action) {
        if (this.#isRunning) return;
        this.#isRunning = true;
        if (action === "test") this.#outcome.textContent = t("accounts.testing");
        try {
            const { account } = await post("api/admin/accounts", { id: this.#row.id, action });
            this.fill(account);
            this.#say(action, account.test);
            this.#onChange();
        } catch (error) {
            if (leaveIfUnauthorized(error)) return;
            this.#outcome.className = "outcome bad";
            this.#outcome.textContent = errorMessage(error);
        } finally {
            this.#isRunning = false;
        }
    }

    #say(action, test) {
        this.#outcome.className = `outcome ${test ? (test.ok ? "good" : "bad") : ""}`;
        this.#outcome.textContent = !test ? t(`accounts.done_${action}`)
            : test.ok ? t("accounts.test_good", { time: number(test.milliseconds) })
            : t("accounts.test_bad", { reason: test.reason });
    }
}

function facts(row) {
    const most = row.max_concurrent === null ? "" : ` / ${number(row.max_concurrent)}`;
    const entries = [
        ["in_flight", number(row.in_flight) + most], ["requests", number(row.requests)], ["errors", number(row.errors)],
        ["failures", number(row.failures)],
        ["models", row.models.join(", ") || t("accounts.models_all")], ["proxy", row.proxy ?? t("accounts.proxy_none")],
        ["changed", row.changed_at ? moment(row.changed_at) : t("accounts.changed_never")],
    ];
    return entries.map(([name, value]) => el("div", { class: name },
        el("dt", {}, t(`accounts.${name}`)), el("dd", {}, value)));
}
