// The fields of a new user, in the console's dialog and on the page of their own.

import { field } from "../field.js";
import { endpoint, me } from "../session.js";
import { el } from "../dom.js";
import { post } from "../api.js";
import { errorMessage } from "../errors.js";
import { t } from "../i18n.js";

/** The fields; `add()` sends them and gives `{user_id, username, api_key}`, or throws after showing why. */
export class UserForm {
    #problem = el("p", { class: "problem", role: "alert", hidden: true });
    #id = el("input", {
        name: "user_id", required: true, maxLength: 128, pattern: "[A-Za-z0-9_.:@\\-]+", autocomplete: "off",
        spellcheck: false, autocapitalize: "off", title: t("adduser.id_hint"),
    });
    #name = el("input", { name: "username", required: true, maxLength: 256, autocomplete: "off" });
    // A client without plus cannot grant it.
    #plus = el("input", { type: "checkbox", name: "plus", disabled: me?.role === "client" && !me.plus });
    #client = el("input", { type: "checkbox", name: "is_client" });

    /**
     * @param isClientOffered Whether the choice of a client is there.
     * @param query Names and ids of a link.
     */
    constructor({ isClientOffered = me?.role === "admin", isClient = false, query = new URLSearchParams() } = {}) {
        this.#id.value = query.get("user_id") ?? query.get("userid") ?? "";
        this.#name.value = query.get("username") ?? "";
        this.#client.checked = isClient;
        this.elements = [
            this.#problem,
            field(t("adduser.id"), this.#id, t("adduser.id_hint")),
            field(t("adduser.name"), this.#name),
            choice(
                this.#plus, t("adduser.plus"), t(this.#plus.disabled ? "adduser.plus_refused" : "adduser.plus_hint")),
            isClientOffered && choice(this.#client, t("adduser.is_client"), t("adduser.is_client_hint")),
        ];
    }

    async add() {
        this.#problem.hidden = true;
        for (const control of [this.#id, this.#name]) control.removeAttribute("aria-invalid");
        const members = {
            user_id: this.#id.value.trim(), username: this.#name.value.trim(), plus: this.#plus.checked,
            is_client: this.#client.checked,
        };
        try {
            return { ...members, ...await post(endpoint("add_user"), members) };
        } catch (error) {
            this.fail(error);
            throw error;
        }
    }

    /** Says what went wrong and goes to the field that is at fault. */
    fail(error) {
        const control = { user_id: this.#id, username: this.#name }[error.parameter];
        this.#problem.textContent = errorMessage(error);
        this.#problem.hidden = false;
        control?.setAttribute("aria-invalid", "true");
        control?.focus();
    }

    clear() {
        for (const control of [this.#id, this.#name]) control.value = "";
        for (const control of [this.#plus, this.#client]) control.checked = false;
        this.#id.focus();
    }
}

function choice(control, label, hint) {
    const id = `${control.name}-hint`;
    control.setAttribute("aria-describedby", id);
    return el("div", { class: "field" },
        el("label", { class: "check" }, control, el("span", {}, label)), el("small", { id }, hint));
}
