// What can be done to many users at once: the bar that is there while some are picked.

import { number, t } from "../i18n.js";
import { ask } from "../dialog.js";
import { checkbox } from "../field.js";
import { el } from "../dom.js";
import { endpoint } from "../session.js";
import { errorMessage } from "../errors.js";
import { leaveIfUnauthorized } from "../frame.js";
import { post } from "../api.js";
import { toast } from "../toast.js";

/** So many are sent at a time, that the server answers within seconds. */
const STEP = 100;

export class BulkBar {
    #picked = new Map();
    #isRunning = false;
    #count = el("p", { role: "status" });
    #onDone;
    #onClear;

    /**
     * @param onDone Is told for whom it was done, whether they were removed, and what failed, if something did.
     * @param onClear Is called when nobody is picked any more.
     */
    constructor({ onDone, onClear }) {
        this.#onDone = onDone;
        this.#onClear = onClear;
        const button = (action, label, members = {}) => el("button", {
            type: "button", class: "quiet", onclick: () => this.#run(action, label), ...members,
        }, label);
        this.element = el("div", { class: "bulk", role: "group", "aria-label": t("bulk.label"), hidden: true },
            this.#count,
            button("enable", t("users.enable")), button("disable", t("users.disable")),
            button("set_plus", t("bulk.set_plus")), button("unset_plus", t("bulk.unset_plus")),
            button("remove", t("users.remove"), { class: "quiet grave" }),
            el("button", { type: "button", class: "quiet", onclick: () => this.#end() }, t("bulk.clear")));
    }

    has(user) {
        return this.#picked.has(name(user));
    }

    pick(user, isPicked) {
        if (isPicked) this.#picked.set(name(user), user);
        else this.#picked.delete(name(user));
        this.#show();
    }

    clear() {
        this.#picked.clear();
        this.#show();
    }

    #end() {
        this.clear();
        this.#onClear();
    }

    #show() {
        this.element.hidden = this.#picked.size === 0;
        this.#count.textContent = this.#picked.size ? t("bulk.count", { count: number(this.#picked.size) }) : "";
    }

    async #run(action, label) {
        if (this.#isRunning) return;
        this.#isRunning = true;
        try {
            const users = [...this.#picked.values()];
            const values = await ask({
                title: t("bulk.title", { action: label.replace(/…$/, ""), count: number(users.length) }),
                text: t(action === "remove" ? "bulk.remove_text" : "bulk.text"),
                fields: action === "remove" ? [checkbox(t("users.keep_conversations"), { name: "keep_conversations" })] : [],
                confirm: t("bulk.confirm"), isGrave: action === "remove" || action === "disable",
            });
            if (!values) return;
            await this.#send(action, users, values);
        } catch (error) {
            if (!leaveIfUnauthorized(error)) toast(errorMessage(error));
        } finally {
            this.#isRunning = false;
        }
    }

    async #send(action, users, values) {
        const results = [];
        try {
            for (let start = 0; start < users.length; start += STEP) {
                const named = users.slice(start, start + STEP).map(({ user_id, owner }) => ({ user_id, owner }));
                results.push(...(await post(`${endpoint("users")}/bulk`, { action, users: named, ...values })).results);
            }
        } finally {
            // What was done before a failure is shown, too.
            const done = results.filter((result) => result.status === "success");
            for (const result of done) this.#picked.delete(name(result));
            this.#show();
            const first = results.find((result) => result.status !== "success");
            const problem = first && t("bulk.failed", {
                count: number(results.length - done.length), name: first.user_id, reason: errorMessage(first),
            });
            this.#onDone(done, action === "remove", problem);
            if (done.length) toast(t("bulk.done", { count: number(done.length) }));
        }
    }
}

function name(user) {
    return `${user.owner}/${user.user_id}`;
}
